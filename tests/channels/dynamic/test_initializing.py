from __future__ import annotations

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.dynamic.initializing import DvcCapabilitiesRequest, DvcCapabilitiesResponse
from trio_rdp.wire.errors import EncodeError, InvalidField

REQUEST = DvcCapabilitiesRequest(
    version=2, priority_charge0=13107, priority_charge1=4369, priority_charge2=2621, priority_charge3=1191
)


def test_the_documents_own_request() -> None:
    """[MS-RDPEDYC] 4.1.1."""
    raw = bytes.fromhex(
        "58"  # cbId 0, Sp 2 (left random), Cmd 5
        "00"  # Pad
        "0200"  # Version
        "3333 1111 3d0a a704"  # PriorityCharge0 to 3
    )
    assert DvcCapabilitiesRequest.decode(raw) == REQUEST
    same(b"\x50" + raw[1:], REQUEST)
    every_truncation_raises(DvcCapabilitiesRequest, raw)


def test_the_documents_own_response() -> None:
    """[MS-RDPEDYC] 4.1.2."""
    raw = bytes.fromhex(
        "50"  # cbId 0, Sp 0, Cmd 5
        "00"  # Pad
        "0200"  # Version
    )
    same(raw, DvcCapabilitiesResponse(version=2))
    every_truncation_raises(DvcCapabilitiesResponse, raw)


def test_versions() -> None:
    same(bytes.fromhex("50000100"), DvcCapabilitiesRequest(version=1))
    same(bytes.fromhex("500003000000000000000000"), DvcCapabilitiesRequest(version=3))
    same(bytes.fromhex("500004000100000000000000"), DvcCapabilitiesRequest(version=4, priority_charge0=1))
    same(bytes.fromhex("50000300"), DvcCapabilitiesResponse(version=3))
    every_truncation_raises(DvcCapabilitiesRequest, bytes.fromhex("50000100"))


def test_version_1_has_no_charges() -> None:
    with pytest.raises(EncodeError, match="version 1 has no priority charges"):
        DvcCapabilitiesRequest(version=1, priority_charge3=1).encode()


def test_values_that_do_not_fit() -> None:
    with pytest.raises(EncodeError):
        DvcCapabilitiesRequest(version=2, priority_charge0=0x10000).encode()
    with pytest.raises(EncodeError):
        DvcCapabilitiesResponse(version=0x10000).encode()


def test_other_commands_are_refused() -> None:
    for cls in (DvcCapabilitiesRequest, DvcCapabilitiesResponse):
        with pytest.raises(InvalidField, match="command 0x1"):
            cls.decode(bytes.fromhex("10000100"))
