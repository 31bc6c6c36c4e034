"""Security headers, [MS-RDPBCGR] 2.2.8.1.1.2, and the Security Exchange PDU, 2.2.1.10; not encryption itself."""

from __future__ import annotations

import struct
from typing import Annotated

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.fields import U16, Prefixed, Raw, u16, u32
from trio_rdp.wire.numbers import Flag, Flags
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "BasicSecurityHeader",
    "FipsSecurityHeader",
    "NonFipsSecurityHeader",
    "SecurityExchange",
    "SecurityFlags",
]

MAX_ENCRYPTED_RANDOM = 2048 + 8
"""The random is encrypted with the server's RSA key, for which 16,384 bits are more than anybody has."""


class SecurityFlags(Flags):
    """The flags of every security header."""

    EXCHANGE_PKT = Flag(0x0001)
    TRANSPORT_REQ = Flag(0x0002)
    TRANSPORT_RSP = Flag(0x0004)
    ENCRYPT = Flag(0x0008)
    RESET_SEQNO = Flag(0x0010)
    IGNORE_SEQNO = Flag(0x0020)
    INFO_PKT = Flag(0x0040)
    LICENSE_PKT = Flag(0x0080)
    LICENSE_ENCRYPT_CS = Flag(0x0200)
    LICENSE_ENCRYPT_SC = Flag(0x0200)
    REDIRECTION_PKT = Flag(0x0400)
    SECURE_CHECKSUM = Flag(0x0800)
    AUTODETECT_REQ = Flag(0x1000)
    AUTODETECT_RSP = Flag(0x2000)
    HEARTBEAT = Flag(0x4000)
    FLAGSHI_VALID = Flag(0x8000)


@pdu
class BasicSecurityHeader(Pdu):
    """Basic Security Header (TS_SECURITY_HEADER), [MS-RDPBCGR] 2.2.8.1.1.2.1.

    `flags_hi` means something only with FLAGSHI_VALID, and even then nothing that the document knows.
    """

    flags: Annotated[SecurityFlags, u16]
    flags_hi: U16 = 0


@pdu
class NonFipsSecurityHeader(Pdu):
    """Non-FIPS Security Header (TS_SECURITY_HEADER1), [MS-RDPBCGR] 2.2.8.1.1.2.2."""

    flags: Annotated[SecurityFlags, u16]
    flags_hi: U16 = 0
    data_signature: Annotated[bytes, Raw(8)]


_FIPS = struct.Struct("<HHHBB8s")
_FIPS_VERSION = 1


@pdu
class FipsSecurityHeader(Pdu):
    """FIPS Security Header (TS_SECURITY_HEADER2), [MS-RDPBCGR] 2.2.8.1.1.2.3.

    `padlen` is how many bytes were added to the data so that 3DES could encrypt it.
    """

    flags: SecurityFlags
    flags_hi: int = 0
    version: int = _FIPS_VERSION
    padlen: int
    data_signature: bytes

    @classmethod
    def decode_from(cls, src: Cursor) -> FipsSecurityHeader:
        start = src.pos
        flags, flags_hi, length, version, padlen, signature = _FIPS.unpack(src.take(_FIPS.size))
        if length != _FIPS.size:
            raise InvalidField(f"length {length} instead of {_FIPS.size}", pdu=cls.__name__, offset=start + 4)
        return cls(
            flags=SecurityFlags(flags), flags_hi=flags_hi, version=version, padlen=padlen, data_signature=signature
        )

    def encode_into(self, dst: bytearray) -> None:
        if len(self.data_signature) != 8:
            raise EncodeError(f"a signature of {len(self.data_signature)} bytes instead of 8")
        try:
            dst += _FIPS.pack(self.flags, self.flags_hi, _FIPS.size, self.version, self.padlen, self.data_signature)
        except struct.error as exc:
            raise EncodeError(f"{type(self).__name__}: {exc}") from None


@pdu
class SecurityExchange(Pdu):
    """Security Exchange PDU Data (TS_SECURITY_PACKET), [MS-RDPBCGR] 2.2.1.10.1, behind its basic security header.

    `encrypted_client_random` keeps the eight bytes of padding that the length counts (4.1.9: "always present").
    """

    encrypted_client_random: Annotated[bytes, Prefixed(u32, limit=MAX_ENCRYPTED_RANDOM)]
