from __future__ import annotations

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.rail.initialization import (
    ClientInformation,
    ClientStatusFlags,
    Handshake,
    HandshakeEx,
    HandshakeExFlags,
)
from trio_rdp.wire.pdu import Pdu

# orderType, orderLength, and the fields
MESSAGES: list[tuple[str, Pdu]] = [
    ("0500 0800 71170000", Handshake(build_number=0x1771)),  # [MS-RDPERP] 4.2.1
    ("0b00 0800 01000000", ClientInformation(flags=ClientStatusFlags.ALLOWLOCALMOVESIZE)),  # 4.2.2
    ("0b00 0800 f7060000", ClientInformation(flags=ClientStatusFlags(0x6F7))),  # every flag
    (
        "1300 0c00 614a0000 7f000000",  # buildNumber, railHandshakeFlags
        HandshakeEx(build_number=19041, rail_handshake_flags=HandshakeExFlags(0x7F)),
    ),
    (
        "1300 0c00 614a0000 03000000",
        HandshakeEx(
            build_number=19041,
            rail_handshake_flags=HandshakeExFlags.HIDEF | HandshakeExFlags.EXTENDED_SPI_SUPPORTED,
        ),
    ),
]


@pytest.mark.parametrize(("raw", "message"), MESSAGES)
def test_messages(raw: str, message: Pdu) -> None:
    same(bytes.fromhex(raw), message)
    every_truncation_raises(type(message), bytes.fromhex(raw))


def test_every_flag_has_a_name() -> None:
    assert "0x" not in repr(ClientStatusFlags(0x6F7))
    assert "0x" not in repr(HandshakeExFlags(0x7F))


def test_flags_without_a_name_are_kept() -> None:
    raw = bytes.fromhex("0b00 0800 08000080")
    same(raw, ClientInformation(flags=ClientStatusFlags(0x80000008)))
