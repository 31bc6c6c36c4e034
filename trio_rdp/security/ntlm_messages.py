"""The three NTLM messages, [MS-NLMP] 2.2.1, and the AV pairs in them.

Nothing is interpreted that the exchange does not need: target information and responses stay bytes, because proofs are
made over them as they were sent.
"""

from __future__ import annotations

import datetime
import struct
from typing import Self

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "SIGNATURE",
    "AuthenticateMessage",
    "AvId",
    "ChallengeMessage",
    "NegotiateFlags",
    "NegotiateMessage",
    "decode_av_pairs",
    "encode_av_pairs",
    "filetime",
    "message_type",
    "without_mic",
]

SIGNATURE = b"NTLMSSP\0"
NEGOTIATE, CHALLENGE, AUTHENTICATE = 1, 2, 3

NO_VERSION = bytes(8)
_MAX_AV_PAIRS = 64  # ten kinds are defined, and none is sent twice
EPOCH = datetime.datetime(1601, 1, 1, tzinfo=datetime.UTC)


class NegotiateFlags(Flags):
    """NEGOTIATE, [MS-NLMP] 2.2.2.5."""

    UNICODE = Flag(0x00000001)
    OEM = Flag(0x00000002)
    REQUEST_TARGET = Flag(0x00000004)
    SIGN = Flag(0x00000010)
    SEAL = Flag(0x00000020)
    DATAGRAM = Flag(0x00000040)
    LM_KEY = Flag(0x00000080)
    NTLM = Flag(0x00000200)
    ANONYMOUS = Flag(0x00000800)
    OEM_DOMAIN_SUPPLIED = Flag(0x00001000)
    OEM_WORKSTATION_SUPPLIED = Flag(0x00002000)
    ALWAYS_SIGN = Flag(0x00008000)
    TARGET_TYPE_DOMAIN = Flag(0x00010000)
    TARGET_TYPE_SERVER = Flag(0x00020000)
    EXTENDED_SESSIONSECURITY = Flag(0x00080000)
    IDENTIFY = Flag(0x00100000)
    REQUEST_NON_NT_SESSION_KEY = Flag(0x00400000)
    TARGET_INFO = Flag(0x00800000)
    VERSION = Flag(0x02000000)
    KEY_128 = Flag(0x20000000)
    KEY_EXCH = Flag(0x40000000)
    KEY_56 = Flag(0x80000000)


class AvId(OpenEnum):
    """What an AV pair tells, [MS-NLMP] 2.2.2.1."""

    EOL = 0
    NB_COMPUTER_NAME = 1
    NB_DOMAIN_NAME = 2
    DNS_COMPUTER_NAME = 3
    DNS_DOMAIN_NAME = 4
    DNS_TREE_NAME = 5
    FLAGS = 6
    TIMESTAMP = 7
    SINGLE_HOST = 8
    TARGET_NAME = 9
    CHANNEL_BINDINGS = 10


def message_type(token: bytes) -> int | None:
    """Which NTLM message a token is (1, 2 or 3); None when it is none."""
    if not token.startswith(SIGNATURE) or len(token) < 12:
        return None
    return int.from_bytes(token[8:12], "little")


def decode_av_pairs(data: bytes) -> list[tuple[AvId, bytes]]:
    """Read AV pairs up to MsvAvEOL (or the end of the bytes), in order and with unknown ones."""
    src = Cursor(data)
    pairs: list[tuple[AvId, bytes]] = []
    while src.remaining:
        av_id, value = AvId(src.u16()), src.take(src.u16())
        if av_id == AvId.EOL:
            break
        if len(pairs) == _MAX_AV_PAIRS:
            raise InvalidField(f"more than {_MAX_AV_PAIRS} AV pairs", field="TargetInfo", offset=src.pos)
        pairs.append((av_id, value))
    return pairs


def encode_av_pairs(pairs: list[tuple[AvId, bytes]]) -> bytes:
    """Write AV pairs and the MsvAvEOL that ends them."""
    return b"".join(struct.pack("<HH", av_id, len(value)) + value for av_id, value in (*pairs, (AvId.EOL, b"")))


def filetime(when: datetime.datetime) -> bytes:
    """A FILETIME: tenths of microseconds since 1601, of a time with a zone."""
    return struct.pack("<Q", (when - EPOCH) // datetime.timedelta(microseconds=1) * 10)


def _encode_text(text: str, flags: NegotiateFlags) -> bytes:
    # Which code page OEM means is anybody's guess; Latin-1 keeps every byte as it is.
    try:
        if NegotiateFlags.UNICODE in flags:
            return text.encode("utf-16-le", "surrogatepass")
        return text.encode("latin-1")
    except UnicodeEncodeError:
        raise EncodeError("a name that the OEM character set cannot hold") from None


def _decode_text(raw: bytes, flags: NegotiateFlags) -> str:
    if NegotiateFlags.UNICODE not in flags:
        return raw.decode("latin-1")
    if len(raw) % 2:
        raise InvalidField(f"a UTF-16 string of {len(raw)} bytes")
    return raw.decode("utf-16-le", "surrogatepass")


class _Payload:
    """Reads the fields that name a piece of the message's payload, and knows where the payload begins."""

    def __init__(self, src: Cursor, expected_type: int) -> None:
        # Offsets count from the message's own first byte.
        self.src = Cursor(src.rest())
        if self.src.take(len(SIGNATURE)) != SIGNATURE:
            raise InvalidField("no NTLM message", field="Signature", offset=0)
        found = self.src.u32()
        if found != expected_type:
            raise InvalidField(f"type {found} where {expected_type} belongs", field="MessageType", offset=8)
        self.start = self.src.end

    def field(self) -> bytes:
        """Read Len, MaxLen and BufferOffset, and take what they point at."""
        length, _, offset = self.src.u16(), self.src.u16(), self.src.u32()
        if not length:
            return b""
        if offset + length > self.src.end:
            raise Truncated(f"{length} bytes at {offset} of {self.src.end}", offset=self.src.pos)
        self.start = min(self.start, offset)
        return self.src.buf[offset : offset + length]


class _Fields:
    """Lays out a message: its fixed part, whose size is known beforehand, and the payload behind it."""

    def __init__(self, number: int, header_size: int) -> None:
        self.header = bytearray(SIGNATURE + struct.pack("<I", number))
        self.payload = bytearray()
        self.header_size = header_size

    def field(self, value: bytes) -> None:
        offset = self.header_size + len(self.payload)
        self.header += struct.pack("<HHI", len(value), len(value), offset)
        self.payload += value

    def finish(self) -> bytes:
        assert len(self.header) == self.header_size
        return bytes(self.header + self.payload)


@pdu
class NegotiateMessage(Pdu):
    """NEGOTIATE_MESSAGE, [MS-NLMP] 2.2.1.1."""

    negotiate_flags: NegotiateFlags
    domain_name: str = ""
    workstation: str = ""
    version: bytes = NO_VERSION

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        payload = _Payload(src, NEGOTIATE)
        flags = NegotiateFlags(payload.src.u32())
        names = {NegotiateFlags.OEM_DOMAIN_SUPPLIED: b"", NegotiateFlags.OEM_WORKSTATION_SUPPLIED: b""}
        if payload.src.remaining >= 16:  # old clients stop behind the flags
            for flag in names:
                if flag in flags:
                    names[flag] = payload.field()
                else:
                    payload.src.skip(8)
        domain, workstation = names.values()
        version = NO_VERSION
        if NegotiateFlags.VERSION in flags and payload.src.remaining >= 8:
            version = payload.src.take(8)
        oem = NegotiateFlags(0)  # both names are always in the OEM character set
        return cls(
            negotiate_flags=flags,
            domain_name=_decode_text(domain, oem),
            workstation=_decode_text(workstation, oem),
            version=version,
        )

    def encode_into(self, dst: bytearray) -> None:
        fields = _Fields(NEGOTIATE, 40)
        fields.header += struct.pack("<I", self.negotiate_flags)
        for name in (self.domain_name, self.workstation):
            fields.field(_encode_text(name, NegotiateFlags(0)))
        fields.header += self.version
        dst += fields.finish()


@pdu
class ChallengeMessage(Pdu):
    """CHALLENGE_MESSAGE, [MS-NLMP] 2.2.1.2."""

    target_name: str = ""
    negotiate_flags: NegotiateFlags
    server_challenge: bytes
    target_info: bytes = b""
    version: bytes = NO_VERSION

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        payload = _Payload(src, CHALLENGE)
        target_name = payload.field()
        flags = NegotiateFlags(payload.src.u32())
        challenge = payload.src.take(8)
        target_info = b""
        if payload.src.remaining >= 16:  # before Windows 2000 it ended here
            payload.src.skip(8)
            target_info = payload.field()
        version = NO_VERSION
        if NegotiateFlags.VERSION in flags and min(payload.start, payload.src.end) >= 56:
            version = payload.src.take(8)
        return cls(
            target_name=_decode_text(target_name, flags),
            negotiate_flags=flags,
            server_challenge=challenge,
            target_info=target_info,
            version=version,
        )

    def encode_into(self, dst: bytearray) -> None:
        fields = _Fields(CHALLENGE, 56)
        fields.field(_encode_text(self.target_name, self.negotiate_flags))
        fields.header += struct.pack("<I8s8x", self.negotiate_flags, self.server_challenge)
        fields.field(self.target_info)
        fields.header += self.version
        dst += fields.finish()


@pdu
class AuthenticateMessage(Pdu):
    """AUTHENTICATE_MESSAGE, [MS-NLMP] 2.2.1.3.

    `mic` is None where the message has no room for one; whether it must hold is said by the AV pairs inside the NT
    response.  `repr` shows no proof of the password, because a proof can be attacked offline.
    """

    lm_challenge_response: bytes = b""
    nt_challenge_response: bytes = b""
    domain_name: str = ""
    user_name: str = ""
    workstation: str = ""
    encrypted_random_session_key: bytes = b""
    negotiate_flags: NegotiateFlags
    version: bytes = NO_VERSION
    mic: bytes | None = None

    def __repr__(self) -> str:
        return f"AuthenticateMessage(domain_name={self.domain_name!r}, user_name={self.user_name!r}, ...)"

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        payload = _Payload(src, AUTHENTICATE)
        lm_response, nt_response, domain, user, workstation, session_key = (payload.field() for _ in range(6))
        flags = NegotiateFlags(payload.src.u32())
        mic_offset = _mic_offset(payload.start)
        version = payload.src.buf[64:72] if payload.start >= 72 and mic_offset != 64 else NO_VERSION
        return cls(
            lm_challenge_response=lm_response,
            nt_challenge_response=nt_response,
            domain_name=_decode_text(domain, flags),
            user_name=_decode_text(user, flags),
            workstation=_decode_text(workstation, flags),
            encrypted_random_session_key=session_key,
            negotiate_flags=flags,
            version=version,
            mic=None if mic_offset is None else payload.src.buf[mic_offset : mic_offset + 16],
        )

    def encode_into(self, dst: bytearray) -> None:
        fields = _Fields(AUTHENTICATE, 72 if self.mic is None else 88)
        flags = self.negotiate_flags
        fields.field(self.lm_challenge_response)
        fields.field(self.nt_challenge_response)
        for name in (self.domain_name, self.user_name, self.workstation):
            fields.field(_encode_text(name, flags))
        fields.field(self.encrypted_random_session_key)
        fields.header += struct.pack("<I", flags) + self.version + (self.mic or b"")
        dst += fields.finish()


def _mic_offset(payload_start: int) -> int | None:
    """Where the MIC lies: behind the version, or in its place in messages of clients that leave the version out."""
    if payload_start >= 88:
        return 72
    return 64 if payload_start >= 80 else None


def without_mic(message: bytes) -> bytes:
    """An AUTHENTICATE_MESSAGE's own bytes with zeros for its MIC, over which the MIC is computed."""
    payload = _Payload(Cursor(message), AUTHENTICATE)
    for _ in range(6):
        payload.field()
    offset = _mic_offset(payload.start)
    return message if offset is None else message[:offset] + bytes(16) + message[offset + 16 :]
