"""Dynamic channels against every shared vector of their kinds, and the captured sessions' share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conformance.test_session_control import _send_data
from tests.shared import Case, capture, captures, cases
from trio_rdp.channels.disp import DISP_CHANNEL_NAME, DisplayControlCapabilities, decode_disp_from_server
from trio_rdp.channels.dynamic import (
    ClientPdu,
    CreationStatus,
    DataPdu,
    DvcCapabilitiesRequest,
    DvcCapabilitiesResponse,
    DvcClose,
    DvcCreateRequest,
    DvcCreateResponse,
    DvcData,
    DvcDataFirst,
    Reassembler,
    ServerPdu,
    SoftSyncRequest,
    SoftSyncResponse,
    TunnelType,
    decode_client_pdu,
    decode_server_pdu,
)
from trio_rdp.channels.static import Dechunker
from trio_rdp.codecs import zgfx
from trio_rdp.wire.errors import DecodeError, RemoteProtocolError

_NAMES = {"priority": "pri", "total_length": "length"}


def _decode(case: Case, kind: str) -> ServerPdu | ClientPdu:
    client = kind.startswith("DrdynvcClientPdu") or kind == "DYNVC_CREATE_RSP"
    return decode_client_pdu(case.input) if client else decode_server_pdu(case.input)


def _check_built(case: Case, expected: dict[str, Any]) -> None:
    kinds = {
        "DYNVC_CAPS": DvcCapabilitiesRequest,
        "DYNVC_CREATE_REQ": DvcCreateRequest,
        "DYNVC_CREATE_RSP": DvcCreateResponse,
        "DYNVC_DATA_FIRST": DvcDataFirst,
        "DYNVC_DATA": DvcData,
        "DYNVC_CLOSE": DvcClose,
    }
    pdu = _decode(case, expected["pdu"])
    assert type(pdu) is kinds[expected["pdu"]]
    for name, value in expected.items():
        if name != "pdu":
            assert getattr(pdu, _NAMES.get(name, name)) == (bytes.fromhex(value) if name == "data" else value), name
    assert pdu.encode() == case.input
    if isinstance(pdu, DvcCapabilitiesRequest):  # of version 1, which a client answers with the same bytes
        assert decode_client_pdu(case.input) == DvcCapabilitiesResponse(version=expected["version"])


def _tunnels(expected: list[dict[str, Any]]) -> list[TunnelType]:
    return [TunnelType(tunnel["value"]) for tunnel in expected]


@pytest.mark.parametrize("case", cases("drdynvc-pdu"))
def test_drdynvc_pdu(case: Case) -> None:
    expected = case.expected
    if "pdu" in expected:
        _check_built(case, expected)
        return
    if expected.get("invalid"):
        with pytest.raises(DecodeError):
            _decode(case, expected["type"])
        return
    pdu = _decode(case, expected["type"])
    if isinstance(pdu, SoftSyncRequest):
        lists = expected["fields"]["value"]["channel_lists"]
        assert [each.tunnel_type for each in pdu.soft_sync_channel_lists] == _tunnels(
            [each["tunnel_type"] for each in lists]
        )
        assert [each.list_of_dvc_ids for each in pdu.soft_sync_channel_lists] == [each["channel_ids"] for each in lists]
        assert pdu.flags == case.input[6]
    else:
        assert isinstance(pdu, SoftSyncResponse)
        (tunnels,) = (
            [expected["fields"]["value"]["tunnels_to_switch"]]
            if "fields" in expected
            else [check["value"] for check in expected["checks"]]
        )
        assert pdu.tunnels_to_switch == _tunnels(tunnels)
    assert pdu.encode() == case.input


@pytest.mark.parametrize("case", cases("drdynvc-reassembly"))
def test_drdynvc_reassembly(case: Case) -> None:
    reassembler, count = Reassembler(), case.params["fragments"]
    for number in range(count):
        pdu = decode_server_pdu(case.file(f"input_{number}"))
        assert isinstance(pdu, DataPdu)
        assert pdu.channel_id == case.params["channel_id"]
        message = reassembler.feed(pdu)
        assert message == (case.file("expected") if number == count - 1 else None)


@pytest.mark.parametrize("case", cases("robustness"))
def test_robustness(case: Case) -> None:
    reassembler = Reassembler()
    for decode in (decode_server_pdu, decode_client_pdu):
        for start in range(min(len(case.input), 64)):
            try:
                pdu = decode(case.input[start:])
                assert decode(pdu.encode()) == pdu
                if isinstance(pdu, DataPdu):
                    reassembler.feed(pdu)
            except RemoteProtocolError:
                continue


_GRAPHICS = "Microsoft::Windows::RDS::Graphics"


def _messages(stream: bytes, channel: int) -> Iterator[bytes]:
    dechunker = Dechunker()
    for each, data in _send_data(stream):
        if each == channel:
            message = dechunker.feed(data)
            assert message is not None
            yield message


def _channel_of_requests(server: bytes) -> int | None:
    """The static channel on which a server begins with capabilities, if there is one."""
    for channel, data in _send_data(server):
        if channel != 1003 and len(data) in (12, 20) and data[8:10] == b"\x50\0":
            return channel
    return None


@pytest.mark.parametrize("name", captures())
def test_captures(name: str) -> None:
    """All PDUs are known and encode to the same bytes; what is joined from them means something."""
    client, server, _ = capture(name)
    channel = _channel_of_requests(server)
    if channel is None:
        assert "gfx" not in name
        return
    names: dict[int, str] = {}
    reassemblers: dict[int, Reassembler] = {}
    graphics = zgfx.Decompressor()
    for raw in _messages(server, channel):
        pdu = decode_server_pdu(raw)
        assert pdu.encode() == raw
        match pdu:
            case DvcCreateRequest():
                names[pdu.channel_id], reassemblers[pdu.channel_id] = pdu.channel_name, Reassembler()
            case DvcData() | DvcDataFirst():
                message = reassemblers[pdu.channel_id].feed(pdu)
                if message is not None and names[pdu.channel_id] == _GRAPHICS:
                    assert graphics.decompress(message)
                elif message is not None and names[pdu.channel_id] == DISP_CHANNEL_NAME:
                    assert isinstance(decode_disp_from_server(message), DisplayControlCapabilities)
            case _:
                assert isinstance(pdu, DvcCapabilitiesRequest)
    answers = [decode_client_pdu(raw) for raw in _messages(client, channel)]
    assert [answer.encode() for answer in answers] == list(_messages(client, channel))
    assert isinstance(answers[0], DvcCapabilitiesResponse)
    statuses = {pdu.channel_id: pdu.creation_status for pdu in answers if isinstance(pdu, DvcCreateResponse)}
    assert statuses.keys() == names.keys()
    for number, channel_name in names.items():
        served = channel_name in (_GRAPHICS, DISP_CHANNEL_NAME)
        assert statuses[number] == (CreationStatus.OK if served else CreationStatus.UNSUCCESSFUL)
    assert not any(reassembler.pending for reassembler in reassemblers.values())
