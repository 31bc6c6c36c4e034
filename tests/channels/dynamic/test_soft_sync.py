from __future__ import annotations

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.dynamic.soft_sync import (
    MAX_TUNNELS,
    SoftSyncChannelList,
    SoftSyncFlags,
    SoftSyncRequest,
    SoftSyncResponse,
    TunnelType,
)
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated

RAW = bytes.fromhex(
    "80 00"  # Cmd 8, Pad
    "1c000000"  # Length, itself included
    "0300"  # Flags
    "0200"  # NumberOfTunnels
    "01000000 0200 03000000 2c010000"  # TunnelType, NumberOfDVCs, ListOfDVCIds
    "03000000 0000"
)


def test_a_request() -> None:
    lists = [
        SoftSyncChannelList(tunnel_type=TunnelType.UDPFECR, list_of_dvc_ids=[3, 300]),
        SoftSyncChannelList(tunnel_type=TunnelType.UDPFECL, list_of_dvc_ids=[]),
    ]
    same(RAW, SoftSyncRequest(soft_sync_channel_lists=lists))
    every_truncation_raises(SoftSyncRequest, RAW)
    assert SoftSyncRequest.decode(RAW + b"more") == SoftSyncRequest.decode(RAW)
    plain = SoftSyncRequest(flags=SoftSyncFlags.TCP_FLUSHED, soft_sync_channel_lists=[])
    same(bytes.fromhex("80 00 08000000 0100 0000"), plain)


def test_requests_that_contradict_themselves() -> None:
    for length, why in ((7, "a length of 7"), (0x1D, "bytes behind the lists")):
        with pytest.raises(InvalidField, match=why):
            SoftSyncRequest.decode(RAW[:2] + length.to_bytes(4, "little") + RAW[6:] + b"\0")
    with pytest.raises(Truncated):
        SoftSyncRequest.decode(RAW[:2] + b"\x1b" + RAW[3:])
    with pytest.raises(InvalidField, match="65535 tunnels exceed 16"):
        SoftSyncRequest.decode(bytes.fromhex("80 00 08000000 0100 ffff"))


def test_a_response() -> None:
    raw = bytes.fromhex("90 00 02000000 01000000 7f000000")
    response = SoftSyncResponse(tunnels_to_switch=[TunnelType.UDPFECR, TunnelType(0x7F)])
    same(raw, response)
    every_truncation_raises(SoftSyncResponse, raw)
    with pytest.raises(InvalidField, match="exceed 16"):
        SoftSyncResponse.decode(bytes.fromhex("90 00 ffffffff"))


def test_too_many_tunnels_are_not_encoded() -> None:
    one = SoftSyncChannelList(tunnel_type=TunnelType.UDPFECR, list_of_dvc_ids=[])
    with pytest.raises(EncodeError, match="17 tunnels exceed 16"):
        SoftSyncRequest(soft_sync_channel_lists=[one] * (MAX_TUNNELS + 1)).encode()
    with pytest.raises(EncodeError, match="exceed 16"):
        SoftSyncResponse(tunnels_to_switch=[TunnelType.UDPFECR] * (MAX_TUNNELS + 1)).encode()
