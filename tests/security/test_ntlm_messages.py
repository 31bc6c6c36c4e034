from __future__ import annotations

import contextlib
import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.security.ntlm_messages import (
    AuthenticateMessage,
    AvId,
    ChallengeMessage,
    NegotiateFlags,
    NegotiateMessage,
    decode_av_pairs,
    encode_av_pairs,
    filetime,
    message_type,
    without_mic,
)
from trio_rdp.wire.errors import DecodeError, EncodeError, InvalidField, Truncated
from trio_rdp.wire.pdu import Pdu

UNICODE = NegotiateFlags.UNICODE
VERSION = bytes.fromhex("0a0063450000000f")  # 10.0, build 17763, revision 15

# [MS-NLMP] 4.2.4.3, the CHALLENGE_MESSAGE.
CHALLENGE = bytes.fromhex(
    "4e544c4d53535000"  # Signature
    "02000000"  # MessageType
    "0c000c0038000000"  # TargetNameFields: 12 bytes at 56
    "33828ae2"  # NegotiateFlags
    "0123456789abcdef"  # ServerChallenge
    "0000000000000000"  # Reserved
    "2400240044000000"  # TargetInfoFields: 36 bytes at 68
    "060070170000000f"  # Version: 6.0, build 6000
    "530065007200760065007200"  # TargetName: Server
    "02000c0044006f006d00610069006e00"  # MsvAvNbDomainName: Domain
    "01000c00530065007200760065007200"  # MsvAvNbComputerName: Server
    "00000000"
)


def test_the_documents_challenge() -> None:
    message = ChallengeMessage.decode(CHALLENGE)
    assert message.target_name == "Server"
    assert message.negotiate_flags == 0xE28A8233
    assert message.server_challenge.hex() == "0123456789abcdef"
    assert decode_av_pairs(message.target_info) == [
        (AvId.NB_DOMAIN_NAME, "Domain".encode("utf-16-le")),
        (AvId.NB_COMPUTER_NAME, "Server".encode("utf-16-le")),
    ]
    assert message.encode() == CHALLENGE
    assert message_type(CHALLENGE) == 2


def test_a_challenge_of_an_old_server_ends_early() -> None:
    message = ChallengeMessage.decode(CHALLENGE[:12] + bytes(8) + CHALLENGE[20:32])
    assert message.target_info == b""
    assert message.target_name == ""


def test_a_negotiate_message_may_end_behind_its_flags() -> None:
    short = b"NTLMSSP\0\x01\0\0\0\x07\x82\x08\xa2"
    message = NegotiateMessage.decode(short)
    assert message.negotiate_flags == 0xA2088207
    assert message.domain_name == message.workstation == ""


def test_names_in_a_negotiate_message_are_oem() -> None:
    flags = UNICODE | NegotiateFlags.OEM_DOMAIN_SUPPLIED | NegotiateFlags.VERSION
    message = NegotiateMessage(negotiate_flags=flags, domain_name="LÄB", version=VERSION)
    assert b"L\xc4B" in message.encode()
    assert NegotiateMessage.decode(message.encode()) == message
    # A name that no flag announces is none.
    message.negotiate_flags = UNICODE
    assert NegotiateMessage.decode(message.encode()).domain_name == ""
    with pytest.raises(EncodeError, match="OEM"):
        NegotiateMessage(negotiate_flags=UNICODE, domain_name="\u65e5").encode()


def answer(**fields: object) -> AuthenticateMessage:
    message = AuthenticateMessage(negotiate_flags=UNICODE, user_name="jürgen", nt_challenge_response=b"proof" * 10)
    for name, value in fields.items():
        setattr(message, name, value)
    return message


def test_an_answer_with_and_without_its_mic() -> None:
    for mic in (None, b"m" * 16):
        message = answer(mic=mic, version=VERSION, domain_name="LAB", encrypted_random_session_key=b"k" * 16)
        assert AuthenticateMessage.decode(message.encode()) == message


def test_the_mic_is_zeroed_where_it_lies() -> None:
    raw = answer(mic=b"m" * 16).encode()
    assert without_mic(raw) == raw.replace(b"m" * 16, bytes(16))
    # Clients that leave the version out have it 8 bytes earlier; offsets move with it.
    earlier = bytearray(raw[:64] + raw[72:])
    for position in range(16, 64, 8):
        earlier[position] -= 8
    assert AuthenticateMessage.decode(bytes(earlier)).mic == b"m" * 16
    assert without_mic(bytes(earlier)) == bytes(earlier).replace(b"m" * 16, bytes(16))
    plain = answer().encode()
    assert without_mic(plain) == plain


def test_no_proof_is_shown() -> None:
    assert "proof" not in repr(answer())
    assert "jürgen" in repr(answer())


@pytest.mark.parametrize(
    "message",
    [
        ChallengeMessage.decode(CHALLENGE),
        NegotiateMessage(negotiate_flags=UNICODE | NegotiateFlags.OEM_DOMAIN_SUPPLIED, domain_name="LAB"),
        answer(mic=b"m" * 16, domain_name="LAB"),
    ],
    ids=lambda message: type(message).__name__,
)
def test_truncations(message: Pdu) -> None:
    whole = message.encode()
    for length in range(len(whole)):
        with contextlib.suppress(Truncated):
            type(message).decode(whole[:length])
    with pytest.raises(Truncated):
        type(message).decode(whole[:11])


def test_other_messages_are_refused() -> None:
    with pytest.raises(InvalidField, match="type 2 where 3"):
        AuthenticateMessage.decode(CHALLENGE)
    with pytest.raises(InvalidField, match="no NTLM message"):
        ChallengeMessage.decode(b"x" * 60)
    assert message_type(b"NTLMSSP\0") is None
    assert message_type(b"x" * 20) is None


def test_av_pairs() -> None:
    assert decode_av_pairs(b"") == []
    assert decode_av_pairs(bytes.fromhex("ff00010041")) == [(AvId(255), b"A")]  # unknown, and no MsvAvEOL
    with pytest.raises(Truncated):
        decode_av_pairs(bytes.fromhex("0100050041"))
    with pytest.raises(InvalidField, match="more than 64"):
        decode_av_pairs(bytes.fromhex("01000000") * 65)


@given(st.sampled_from([NegotiateMessage, ChallengeMessage, AuthenticateMessage]), st.binary(max_size=120))
def test_any_bytes(cls: type[Pdu], data: bytes) -> None:
    number = [NegotiateMessage, ChallengeMessage, AuthenticateMessage].index(cls) + 1
    try:
        message = cls.decode(b"NTLMSSP\0" + bytes((number, 0, 0, 0)) + data)
    except DecodeError:
        return
    assert cls.decode(message.encode()) == message


def test_lists_and_times_are_written() -> None:
    pairs = [(AvId.NB_COMPUTER_NAME, b"X\0"), (AvId(77), b"")]
    assert encode_av_pairs(pairs).hex() == "010002005800" + "4d000000" + "00000000"
    assert decode_av_pairs(encode_av_pairs(pairs) + b"what follows is ignored") == pairs
    assert filetime(datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)).hex() == "00803ed5deb19d01"


def test_texts_of_an_odd_size_are_refused() -> None:
    odd = bytearray(answer(domain_name="LAB").encode())
    odd[28] = 5  # DomainNameLen
    with pytest.raises(InvalidField, match="5 bytes"):
        AuthenticateMessage.decode(bytes(odd))
