from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.channels.dynamic.data import DvcData, DvcDataCompressed, DvcDataFirst, DvcDataFirstCompressed
from trio_rdp.channels.dynamic.header import UnknownDynamicPdu
from trio_rdp.channels.dynamic.initializing import DvcCapabilitiesRequest, DvcCapabilitiesResponse
from trio_rdp.channels.dynamic.messages import DRDYNVC_CHANNEL_NAME, decode_client_pdu, decode_server_pdu
from trio_rdp.channels.dynamic.opening import DvcClose, DvcCreateRequest, DvcCreateResponse
from trio_rdp.channels.dynamic.soft_sync import SoftSyncRequest, SoftSyncResponse
from trio_rdp.wire.errors import DecodeError, Truncated
from trio_rdp.wire.pdu import Pdu

EITHER: list[Pdu] = [
    DvcDataFirst(channel_id=1, length=9, data=b"x"),
    DvcData(channel_id=1, data=b"x"),
    DvcDataFirstCompressed(channel_id=1, length=9, data=b"x"),
    DvcDataCompressed(channel_id=1, data=b"x"),
    DvcClose(channel_id=1),
    UnknownDynamicPdu(cmd=0xF, sp=1, cb_id=2, data=b"x"),
]
SERVER: list[Pdu] = [
    DvcCapabilitiesRequest(version=3),
    DvcCreateRequest(channel_id=1, channel_name="a"),
    SoftSyncRequest(soft_sync_channel_lists=[]),
]
CLIENT: list[Pdu] = [
    DvcCapabilitiesResponse(version=3),
    DvcCreateResponse(channel_id=1),
    SoftSyncResponse(tunnels_to_switch=[]),
]


def test_each_direction_has_its_own() -> None:
    for pdu in SERVER + EITHER:
        assert decode_server_pdu(pdu.encode()) == pdu
    for pdu in CLIENT + EITHER:
        assert decode_client_pdu(pdu.encode()) == pdu


def test_what_is_not_of_this_direction_is_kept() -> None:
    for pdu, other in ((decode_server_pdu, CLIENT[2]), (decode_client_pdu, SERVER[2])):
        kept = pdu(other.encode())
        assert isinstance(kept, UnknownDynamicPdu)
        assert kept.encode() == other.encode()


def test_nothing_is_truncated() -> None:
    for decode in (decode_server_pdu, decode_client_pdu):
        with pytest.raises(Truncated):
            decode(b"")


def test_the_channels_name() -> None:
    assert DRDYNVC_CHANNEL_NAME == "drdynvc"


@given(st.integers(0, 255), st.binary(max_size=30))
def test_any_bytes(first: int, rest: bytes) -> None:
    for decode in (decode_server_pdu, decode_client_pdu):
        try:
            pdu = decode(bytes([first]) + rest)
        except DecodeError:
            continue
        assert decode(pdu.encode()) == pdu
