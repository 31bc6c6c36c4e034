"""The shared vectors of device redirection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.shared import Case, cases
from trio_rdp.channels import rdpdr
from trio_rdp.channels.rdpdr.header import Component, PacketId
from trio_rdp.wire.pdu import Pdu

# Where the vectors have other names than the document's fields.
_NAMES = {
    "capabilities": "capability_message",
    "devices": "device_list",
    "protocol_minor": "protocol_minor_version",
    "type": "capability_type",
}
# The vectors' "data", by class.
_DATA = {rdpdr.WriteRequest: "write_data", rdpdr.ReadResponse: "read_data"}

_SERVER, _CLIENT = True, False
_MESSAGES: dict[str, tuple[bool, type[Pdu]]] = {
    "DR_CORE_SERVER_ANNOUNCE_REQ": (_SERVER, rdpdr.ServerAnnounce),
    "DR_CORE_CLIENT_ANNOUNCE_RSP (client announce reply)": (_CLIENT, rdpdr.ClientAnnounceReply),
    "DR_CORE_SERVER_CLIENTID_CONFIRM": (_SERVER, rdpdr.ServerClientIdConfirm),
    "DR_CORE_USER_LOGGEDON": (_SERVER, rdpdr.UserLoggedOn),
    "DR_CORE_CAPABILITY (server)": (_SERVER, rdpdr.CoreCapabilityRequest),
    "DR_CORE_CAPABILITY (client)": (_CLIENT, rdpdr.CoreCapabilityResponse),
    "DR_CORE_DEVICELIST_ANNOUNCE_REQ": (_CLIENT, rdpdr.DeviceListAnnounce),
    "DR_DEVICELIST_REMOVE": (_CLIENT, rdpdr.DeviceListRemove),
}
_REQUESTS: dict[tuple[int, int], type[rdpdr.DeviceIoRequest]] = {
    (2, 0): rdpdr.CloseRequest,
    (3, 0): rdpdr.ReadRequest,
    (4, 0): rdpdr.WriteRequest,
    (5, 0): rdpdr.QueryInformationRequest,
    (10, 0): rdpdr.QueryVolumeInformationRequest,
    (12, 1): rdpdr.QueryDirectoryRequest,
    (14, 0): rdpdr.ControlRequest,
}
_IO: dict[str, Any] = {"device_id": 1, "file_id": 1, "completion_id": 1}
_ANSWERED: dict[str, rdpdr.DeviceIoRequest] = {
    "create": rdpdr.CreateRequest(**_IO, desired_access=rdpdr.DesiredAccess(1), shared_access=rdpdr.SharedAccess(1)),
    "read": rdpdr.ReadRequest(**_IO, length=1),
    "write": rdpdr.WriteRequest(**_IO, write_data=b""),
}


def _check(pdu: Pdu, expected: dict[str, Any]) -> None:
    """Compare every field that the vector spells out."""
    for name, value in expected.items():
        if name == "pdu":
            continue
        if name == "length" and isinstance(pdu, rdpdr.WriteRequest):
            assert len(pdu.write_data) == value
            continue
        ours = getattr(pdu, _DATA[type(pdu)] if name == "data" else _NAMES.get(name, name))
        if isinstance(value, list) and value and isinstance(value[0], dict):
            assert len(ours) == len(value)
            for inner, fields in zip(ours, value, strict=True):
                _check(inner, fields)
        elif isinstance(ours, bytes):
            assert ours == bytes.fromhex(value), name
        else:
            assert ours == value, name


def _whole_message(raw: bytes, expected: dict[str, Any]) -> Pdu:
    kind = expected["pdu"]
    if kind == "DR_DEVICE_IOREQUEST":
        pdu: Pdu = rdpdr.decode_rdpdr(raw, from_server=True)
        assert type(pdu) is _REQUESTS[expected["major_function"], expected["minor_function"]]
    elif kind.startswith("DR_DEVICE_IOCOMPLETION"):
        response = rdpdr.decode_rdpdr(raw, from_server=False)
        assert isinstance(response, rdpdr.UnmatchedResponse)
        pdu = rdpdr.decode_answer(response, _ANSWERED[kind.partition("(")[2].rstrip(")")])
    else:
        from_server, cls = _MESSAGES[kind]
        pdu = rdpdr.decode_rdpdr(raw, from_server=from_server)
        assert type(pdu) is cls
    return pdu


def _general_capability_set(raw: bytes) -> None:
    pdu = rdpdr.GeneralCapabilitySet.decode(raw)
    assert pdu.version == 1
    assert pdu.special_type_device_cap == 0
    assert pdu.encode() == raw


def _cache_data_of_the_core(raw: bytes) -> None:
    """Cache data are the printing component's: those of another are kept and do nothing."""
    pdu = rdpdr.decode_rdpdr(raw, from_server=True)
    assert pdu == rdpdr.UnknownRdpdr(
        component=Component.CORE, packet_id=PacketId.PRINTER_CACHE_DATA, data=bytes.fromhex("01020304")
    )
    assert pdu.encode() == raw


_EXTRACTED: dict[str, Callable[[bytes], None]] = {
    "CapabilityMessage": _general_capability_set,
    "SharedHeader": _cache_data_of_the_core,
}


@pytest.mark.parametrize("case", cases("rdpdr-pdu"))
def test_rdpdr_pdu(case: Case) -> None:
    expected, raw = case.expected, case.input
    if "type" in expected:
        _EXTRACTED[expected["type"]](raw)
        return
    pdu = _whole_message(raw, expected)
    _check(pdu, expected)
    assert pdu.encode() == raw
