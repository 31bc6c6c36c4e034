from __future__ import annotations

import pytest

from trio_rdp.pdu import mcs, tpkt
from trio_rdp.pdu.security import SecurityFlags
from trio_rdp.pdu.share import PduType, PduType2, ShareControlHeader, ShareDataHeader, StreamId
from trio_rdp.pdu.x224 import ConnectionConfirm, DisconnectRequest
from trio_rdp.protocol.envelopes import Envelopes, disconnect, open_frame, split_security_header
from trio_rdp.wire.errors import DecodeError, InvalidField, RemoteProtocolError, SessionClosed

CLIENT = Envelopes(False, 1007, 1003, 1006, 0x103EA)
SERVER = Envelopes(True)


def test_each_side_has_its_own_data_pdu() -> None:
    assert open_frame(CLIENT.wrap(1004, b"abc")) == mcs.SendDataRequest(
        initiator=1007, channel_id=1004, user_data=b"abc"
    )
    assert open_frame(SERVER.wrap(1004, b"abc")) == mcs.SendDataIndication(
        initiator=1002, channel_id=1004, user_data=b"abc"
    )


def test_a_security_header() -> None:
    frame = CLIENT.secured(1003, SecurityFlags.INFO_PKT, b"info")
    assert frame == (
        b"\x03\x00\x00\x16"  # TPKT, 22 bytes
        b"\x02\xf0\x80"  # X.224 Data
        b"\x64\x00\x06\x03\xeb\x70\x08"  # Send Data Request, user 1007, channel 1003, 8 bytes
        b"\x40\x00\x00\x00"  # SEC_INFO_PKT
        b"info"
    )
    pdu = open_frame(frame)
    assert isinstance(pdu, mcs.SendDataRequest)
    assert split_security_header(pdu.user_data) == (SecurityFlags.INFO_PKT, b"info")


def test_the_high_half_of_the_flags_says_nothing() -> None:
    assert split_security_header(b"\x80\x00\xaa\xbbrest") == (SecurityFlags.LICENSE_PKT, b"rest")
    with pytest.raises(RemoteProtocolError, match="3 bytes has no security header"):
        split_security_header(b"\x80\x00\x00")


def test_share_headers() -> None:
    control = open_frame(CLIENT.share_control(PduType.CONFIRM_ACTIVE, b"sets"))
    assert isinstance(control, mcs.SendDataRequest)
    assert control.channel_id == 1003
    assert ShareControlHeader.decode(control.user_data) == ShareControlHeader(
        pdu_type=PduType.CONFIRM_ACTIVE, pdu_source=1007, payload=b"sets"
    )
    data = open_frame(SERVER.share_data(PduType2.FONT_MAP, b"map", stream_id=StreamId.HIGH))
    assert isinstance(data, mcs.SendDataIndication)
    assert ShareDataHeader.decode(data.user_data) == ShareDataHeader(
        pdu_type2=PduType2.FONT_MAP, share_id=0, pdu_source=1002, stream_id=StreamId.HIGH, payload=b"map"
    )


def test_disconnecting() -> None:
    frame = disconnect(mcs.Reason.USER_REQUESTED)
    assert frame == b"\x03\x00\x00\x09\x02\xf0\x80\x21\x80"
    assert open_frame(frame) == mcs.DisconnectProviderUltimatum(reason=mcs.Reason.USER_REQUESTED)


def test_frames_that_are_something_else() -> None:
    with pytest.raises(SessionClosed, match=r"X\.224 Disconnect Request"):
        open_frame(tpkt.wrap(DisconnectRequest().encode()))
    with pytest.raises(InvalidField, match="TPDU code"):
        open_frame(tpkt.wrap(ConnectionConfirm().encode()))
    for frame in (b"", b"\x03\x00\x00\x07", b"\x03\x00\x00\x07\x02\xf0\x80", b"\x03\x00\x00\x08\x02\xf0\x80\xff"):
        with pytest.raises(DecodeError):
            open_frame(frame)
