"""How both sides begin, byte by byte after [MS-RDPEFS] 4.3 to 4.7."""

from __future__ import annotations

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.rdpdr.initialization import (
    ClientAnnounceReply,
    ClientName,
    ServerAnnounce,
    ServerClientIdConfirm,
    UserLoggedOn,
)
from trio_rdp.channels.rdpdr.text import NAME_LIMIT
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.pdu import Pdu

ANNOUNCE = bytes.fromhex(
    "7244 6e49"  # RDPDR_CTYP_CORE, PAKID_CORE_SERVER_ANNOUNCE
    "0100 0c00"  # version 1.12
    "01000000"  # ClientId
)
REPLY = bytes.fromhex("7244 4343 0100 0c00 01000000")  # both of PAKID_CORE_CLIENTID_CONFIRM
NAME = bytes.fromhex(
    "7244 4e43"  # PAKID_CORE_CLIENT_NAME
    "01000000"  # UnicodeFlag
    "00000000"  # CodePage
    "1e000000"  # ComputerNameLen
    "54005300440045005600 2d00 530045004c00460048004f0053005400 0000"
)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (ANNOUNCE, ServerAnnounce(version_major=1, version_minor=12, client_id=1)),
        (REPLY, ClientAnnounceReply(version_major=1, version_minor=12, client_id=1)),
        (REPLY, ServerClientIdConfirm(version_major=1, version_minor=12, client_id=1)),
        (NAME, ClientName(computer_name="TSDEV-SELFHOST")),
        (bytes.fromhex("7244 4c55"), UserLoggedOn()),
    ],
)
def test_the_documents_examples(raw: bytes, value: Pdu) -> None:
    same(raw, value)
    every_truncation_raises(type(value), raw)


def test_a_name_of_bytes() -> None:
    raw = bytes.fromhex("7244 4e43 00000000 00000000 03000000 766d00")
    same(raw, ClientName(unicode_flag=False, computer_name="vm"))


def test_only_the_lowest_bit_of_the_unicode_flag_counts() -> None:
    raw = bytearray(NAME)
    raw[4:8] = b"\xff\xff\xff\xff"
    assert ClientName.decode(bytes(raw)) == ClientName(computer_name="TSDEV-SELFHOST")


def test_xfreerdp_sends_two_terminators() -> None:
    raw = bytes.fromhex("7244 4e43 01000000 00000000 08000000 76006d00 0000 0000")
    assert ClientName.decode(raw).computer_name == "vm"


def test_an_empty_name_still_has_its_terminator() -> None:
    assert ClientName(computer_name="").encode().hex() == "72444e430100000000000000020000000000"
    assert ClientName(computer_name="", unicode_flag=False).encode().hex() == "72444e4300000000000000000100000000"


@pytest.mark.parametrize("flag", ["00000000", "01000000"])
def test_a_long_name_is_refused_before_it_is_there(flag: str) -> None:
    with pytest.raises(InvalidField, match="exceeds"):
        ClientName.decode(bytes.fromhex(f"7244 4e43 {flag} 00000000 ffffff7f"))


def test_a_name_that_is_too_long_does_not_encode() -> None:
    with pytest.raises(EncodeError, match="exceeds"):
        ClientName(computer_name="n" * NAME_LIMIT, unicode_flag=False).encode()
