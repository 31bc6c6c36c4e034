"""The server's session: what a client may say in it, and what the server says, heard by the client's session."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.protocol.pairs import CLIENT, SERVER, active_client, connect, pump
from trio_rdp.channels.static import chunks
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.jobs import DrawBitmaps
from trio_rdp.pdu import input as wire
from trio_rdp.pdu import mcs
from trio_rdp.pdu.autodetect import NetworkCharacteristicsSync
from trio_rdp.pdu.bitmap import BitmapData, BitmapUpdate
from trio_rdp.pdu.display_updates import InclusiveRectangle, RefreshRect
from trio_rdp.pdu.error_info import ErrorInfo
from trio_rdp.pdu.fastpath_input import FastPathInput
from trio_rdp.pdu.finalization import Control, ControlAction
from trio_rdp.pdu.gcc_client import ClientEarlyCapabilityFlags
from trio_rdp.pdu.licensing import valid_client
from trio_rdp.pdu.mcs import ErectDomainRequest
from trio_rdp.pdu.pointer import SystemPointerType, SystemPointerUpdate
from trio_rdp.pdu.security import SecurityFlags
from trio_rdp.pdu.session_info import LogonInfoVersion1, LogonInfoVersion2, PlainNotify
from trio_rdp.pdu.share import CompressionFlags, PduType, PduType2, ShareDataHeader
from trio_rdp.pdu.shutdown import ShutdownRequest
from trio_rdp.pdu.surface import FrameAcknowledge
from trio_rdp.pdu.tpkt import wrap
from trio_rdp.pdu.x224 import DisconnectRequest, wrap_data
from trio_rdp.protocol import basic_settings
from trio_rdp.protocol.active_stage import ActiveStage
from trio_rdp.protocol.config import DesktopSize, Monitor
from trio_rdp.protocol.envelopes import disconnect
from trio_rdp.protocol.framing import Action, FrameBuffer
from trio_rdp.protocol.input_events import KeyPressed, MouseMoved
from trio_rdp.protocol.keys import Key
from trio_rdp.protocol.limits import Limits
from trio_rdp.protocol.server_events import (
    ChannelData,
    ChannelFailed,
    FrameAcknowledged,
    InputReceived,
    OutputSuppressed,
    Reactivated,
    RefreshRequested,
    ResponseFrame,
    ShutdownRequested,
    Terminate,
)
from trio_rdp.protocol.server_stage import ServerStage
from trio_rdp.protocol.session_events import (
    Activated,
    DeactivateAll,
    ErrorInfoReceived,
    GraphicsUpdate,
    HeartbeatReceived,
    LoggedOn,
    MonitorLayoutReceived,
    PointerUpdate,
    ShutdownDenied,
)
from trio_rdp.wire.errors import DecodeError, EncodeError, LocalProtocolError, RdpError

KEYS = (
    wire.KeyboardEvent(key_code=Key.A.value),
    wire.MouseEvent(pointer_flags=wire.PointerFlags.MOVE, x_pos=5, y_pos=6),
)
SEEN = InputReceived((KeyPressed(Key.A, Key.A.value), MouseMoved(5, 6)))


def sessions(**changes: Any) -> tuple[ActiveStage, ServerStage]:
    """Both sessions, with the channel `cliprdr` between them; `changes` are fields of the client's configuration."""
    names = ("cliprdr", "other")
    result, accepted = connect(CLIENT, replace(SERVER, static_channels=("cliprdr",)), static_channels=names, **changes)
    return active_client(result), ServerStage(accepted)


def bitmap_update(size: int) -> BitmapUpdate:
    """An update whose data has at least `size` bytes."""
    one = BitmapData(
        dest_left=0,
        dest_top=0,
        dest_right=63,
        dest_bottom=63,
        width=64,
        height=64,
        bits_per_pixel=32,
        bitmap_data_stream=bytes(range(256)) * 64,
    )
    return BitmapUpdate(rectangles=[one] * (size // 16_384 + 1))


class TestWhatTheClientSends:
    def test_input_on_the_fast_path(self) -> None:
        client, server = sessions()
        assert pump(server, b"".join(client.encode_input(KEYS))) == ([SEEN], b"")

    def test_input_on_the_slow_path(self) -> None:
        client, server = sessions()
        events = [wire.SlowPathInputEvent(event=event) for event in KEYS]
        data = wire.InputEventData(slow_path_input_events=events).encode()
        frame = client._envelopes.share_data(PduType2.INPUT, data)
        assert pump(server, frame) == ([SEEN], b"")

    def test_input_that_nobody_knows_is_counted(self) -> None:
        _, server = sessions()
        assert pump(server, FastPathInput(fp_input_events=[wire.QoeTimestampEvent(timestamp=1)]).encode()) == ([], b"")
        assert server.ignored == {"input event": 1}

    def test_channel_messages(self) -> None:
        client, server = sessions()
        for message in (b"", b"short", bytes(range(256)) * 40):
            frames = b"".join(client.encode_channel("cliprdr", message))
            assert pump(server, frames) == ([ChannelData("cliprdr", message)], b"")

    def test_a_channel_that_the_server_does_not_serve(self) -> None:
        client, server = sessions()
        assert pump(server, b"".join(client.encode_channel("other", b"data"))) == ([], b"")
        assert server.ignored == {f"data on channel {client.result.static_channels['other']}": 1}

    def test_a_broken_channel_is_lost_alone(self) -> None:
        client, server = sessions()
        channel_id = client.result.static_channels["cliprdr"]
        broken = client._envelopes.wrap(channel_id, b"\xff\xff\xff\xff\x03\0\0\0")
        ((failed,), _) = pump(server, broken)
        assert isinstance(failed, ChannelFailed)
        assert failed.name == "cliprdr"
        assert "4294967295 bytes" in failed.reason
        assert pump(server, b"".join(client.encode_channel("cliprdr", b"again"))) == ([], b"")
        assert server.ignored == {"data on the failed channel cliprdr": 1}
        assert pump(server, b"".join(client.encode_input(KEYS))) == ([SEEN], b"")

    def test_refresh_is_cut_to_the_desktop(self) -> None:
        client, server = sessions()
        refresh = client.refresh_rect([Rect(10, 20, 30, 40), Rect(1270, 790, 100, 100), Rect(5000, 0, 10, 10)])
        assert pump(server, refresh) == ([RefreshRequested((Rect(10, 20, 30, 40), Rect(1270, 790, 10, 10)))], b"")
        inside_out = RefreshRect(areas_to_refresh=[InclusiveRectangle(left=9, top=9, right=3, bottom=3)])
        assert pump(server, client._envelopes.share_data(PduType2.REFRESH_RECT, inside_out.encode())) == ([], b"")

    def test_suppression(self) -> None:
        client, server = sessions()
        assert pump(server, client.suppress_output(True)) == ([OutputSuppressed(True)], b"")
        assert pump(server, client.suppress_output(False)) == ([OutputSuppressed(False)], b"")

    def test_acknowledged_frames(self) -> None:
        client, server = sessions()
        frame = client._envelopes.share_data(PduType2.FRAME_ACKNOWLEDGE, FrameAcknowledge(frame_id=7).encode())
        assert pump(server, frame) == ([FrameAcknowledged(7)], b"")

    def test_a_user_who_closes_the_window(self) -> None:
        client, server = sessions()
        outputs, owed = pump(
            server, client._envelopes.share_data(PduType2.SHUTDOWN_REQUEST, ShutdownRequest().encode())
        )
        assert outputs == [ShutdownRequested()]
        assert pump(client, owed) == ([ShutdownDenied()], b"")

    @pytest.mark.parametrize(
        ("reason", "is_clean"), [(mcs.Reason.USER_REQUESTED, True), (mcs.Reason.DOMAIN_DISCONNECTED, False)]
    )
    def test_disconnection(self, reason: mcs.Reason, is_clean: bool) -> None:
        _, server = sessions()
        ((end,), _) = pump(server, disconnect(reason))
        assert isinstance(end, Terminate)
        assert end.is_clean is is_clean
        assert "client disconnected" in end.reason.reason

    def test_an_x224_disconnect_request(self) -> None:
        _, server = sessions()
        ((end,), _) = pump(server, wrap(DisconnectRequest().encode()))
        assert isinstance(end, Terminate)
        assert end.is_clean

    def test_what_says_nothing_is_counted(self) -> None:
        client, server = sessions()
        envelopes = client._envelopes
        io, message = client.result.io_channel_id, client.result.message_channel_id
        assert message is not None
        compressed = ShareDataHeader(
            pdu_type2=PduType2.INPUT, share_id=0, compressed_type=CompressionFlags.COMPRESSED, payload=b"??"
        )
        cooperate = Control(action=ControlAction.COOPERATE).encode()
        sync = NetworkCharacteristicsSync(sequence_number=1, bandwidth=1, rtt=1).encode()
        for frame in (
            envelopes.secured(io, SecurityFlags.LICENSE_PKT, valid_client().encode()),
            envelopes.share_data(PduType2.ARC_STATUS, b"1234"),
            envelopes.share_data(PduType2(0xEE), b""),
            envelopes.share_data(PduType2.CONTROL, cooperate),
            envelopes.share_control(PduType.CONFIRM_ACTIVE, b""),
            envelopes.wrap(io, compressed.encode()),
            envelopes.wrap(4711, b"data"),
            envelopes.secured(message, SecurityFlags.TRANSPORT_RSP, b""),
            envelopes.secured(message, SecurityFlags.AUTODETECT_RSP, sync),
            wrap_data(ErectDomainRequest().encode()),
        ):
            assert pump(server, frame) == ([], b"")
        assert sum(server.ignored.values()) == 10
        assert server.ignored["share data PDU UNKNOWN_0xee"] == 1
        assert server.frames_received == 10

    @pytest.mark.parametrize(
        "frame",
        [
            b"\x04\x03\xe0",  # an event of a code that nobody has
            b"\x84\x04\0\x1e",  # encrypted input
            wrap_data(b"\xff\xff"),
            wrap_data(b""),
        ],
    )
    def test_what_breaks_the_protocol(self, frame: bytes) -> None:
        _, server = sessions()
        with pytest.raises(DecodeError):
            pump(server, frame)

    def test_early_frames_come_first(self) -> None:
        result, accepted = connect(CLIENT, replace(SERVER, static_channels=("cliprdr",)), static_channels=("cliprdr",))
        client = active_client(result)
        accepted.conversation.keep(b"".join(client.encode_channel("cliprdr", b"early")))
        accepted.conversation.keep(b"".join(client.encode_input(KEYS[:1])))
        server = ServerStage(accepted)
        outputs, _ = pump(server, client.suppress_output(True))
        assert outputs == [ChannelData("cliprdr", b"early"), InputReceived(SEEN.events[:1]), OutputSuppressed(True)]
        assert server.start() == []

    def test_what_came_in_one_message_with_the_font_list(self) -> None:
        result, accepted = connect()
        events = [wire.SlowPathInputEvent(event=event) for event in KEYS]
        data = wire.InputEventData(slow_path_input_events=events).encode()
        share = ShareDataHeader(pdu_type2=PduType2.INPUT, share_id=result.share_id, payload=data)
        accepted.inbox._shares.append(share)
        assert ServerStage(accepted).start() == [SEEN]

    def test_the_names_of_what_is_ignored_are_bounded(self) -> None:
        client, server = sessions()
        for channel_id in range(2000, 3000):
            pump(server, client._envelopes.wrap(channel_id, b"data"))
        assert len(server.ignored) == 257
        assert sum(server.ignored.values()) == 1000


class TestWhatTheServerSends:
    def test_updates_are_drawn(self) -> None:
        client, server = sessions()
        update = bitmap_update(100_000)
        frames = server.encode_update(update)
        assert len(frames) == 8
        assert max(map(len, frames)) <= 0x3FFF
        outputs, owed = pump(client, b"".join(frames))
        assert not owed
        (drawn,) = outputs
        assert isinstance(drawn, GraphicsUpdate)
        assert isinstance(drawn.job, DrawBitmaps)
        assert drawn.job.bitmaps == update.rectangles

    def test_pointers(self) -> None:
        client, server = sessions()
        hidden = SystemPointerUpdate(system_pointer_type=SystemPointerType.NULL)
        assert pump(client, b"".join(server.encode_update(hidden))) == ([PointerUpdate(hidden)], b"")

    def test_an_update_beyond_what_the_client_takes(self) -> None:
        _, server = sessions(limits=Limits(update_size=50_000))
        assert server.max_update_size == 50_000
        assert server.encode_update(bitmap_update(20_000))
        with pytest.raises(EncodeError, match="exceeds 50000"):
            server.encode_update(bitmap_update(50_000))

    def test_channel_messages(self) -> None:
        client, server = sessions()
        message = bytes(range(256)) * 40
        frames = server.encode_channel("cliprdr", message)
        assert len(frames) == len(list(chunks(message)))
        assert pump(client, b"".join(frames)) == ([ChannelData("cliprdr", message)], b"")
        with pytest.raises(LocalProtocolError, match="'other'"):
            server.encode_channel("other", b"")

    def test_the_end(self) -> None:
        client, server = sessions()
        last_words = server.set_error_info(ErrorInfo.LOGOFF_BY_USER) + server.disconnect(mcs.Reason.USER_REQUESTED)
        (error, end), _ = pump(client, last_words)
        assert error == ErrorInfoReceived(ErrorInfo.LOGOFF_BY_USER)
        assert isinstance(end, Terminate)
        assert end.is_clean
        assert end.reason.code == ErrorInfo.LOGOFF_BY_USER

    def test_logon_notification(self) -> None:
        client, server = sessions()
        assert pump(client, server.save_session_info()) == ([LoggedOn(PlainNotify())], b"")
        info = LogonInfoVersion2(domain="LAB", user_name="ada", session_id=3)
        assert pump(client, server.save_session_info(info)) == ([LoggedOn(info)], b"")

    @pytest.mark.parametrize(("is_long", "form"), [(True, LogonInfoVersion2), (False, LogonInfoVersion1)])
    def test_the_logon_that_the_client_can_read(
        self, is_long: bool, form: type[LogonInfoVersion1 | LogonInfoVersion2]
    ) -> None:
        client, server = sessions()
        capabilities = replace(server.capabilities, long_credentials=is_long)
        server.activation = replace(server.activation, capabilities=capabilities)
        told = LoggedOn(form(domain="LAB", user_name="ada"))
        assert pump(client, server.logon_notification("LAB", "ada")) == ([told], b"")

    def test_monitor_layout(self) -> None:
        client, server = sessions()
        monitors = (Monitor(width=640, height=480, is_primary=True), Monitor(left=-100, top=7, width=100, height=50))
        assert pump(client, server.monitor_layout(monitors)) == ([MonitorLayoutReceived(monitors)], b"")

    def test_heartbeats(self) -> None:
        client, server = sessions()
        assert server.can_heartbeat
        beat = server.heartbeat(5, warn_after=2, reconnect_after=9)
        assert pump(client, beat) == ([HeartbeatReceived(5, 2, 9)], b"")

    def test_round_trips_are_measured(self) -> None:
        client, server = sessions()
        assert server.can_measure_rtt
        assert server.network.average_rtt is None
        for start, end in ((10.0, 10.08), (20.0, 20.16)):
            _, owed = pump(client, server.measure_rtt(start))
            assert pump(server, owed, now=end) == ([], b"")
        assert server.network.base_rtt == pytest.approx(80)
        assert server.network.average_rtt == pytest.approx(90)

    def test_a_client_that_can_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(basic_settings, "_EARLY_CAPABILITIES", ClientEarlyCapabilityFlags(0))
        client, server = sessions()
        assert server.set_error_info(ErrorInfo.SERVER_SHUTDOWN) == b""
        assert server.monitor_layout(()) == b""
        assert not server.can_heartbeat
        with pytest.raises(LocalProtocolError, match="heartbeats"):
            server.heartbeat(5)
        with pytest.raises(LocalProtocolError, match="round trips"):
            server.measure_rtt(1.0)
        assert pump(client, server.disconnect())[0]


class TestReactivation:
    def test_a_new_size(self) -> None:
        client, server = sessions()
        size = DesktopSize(1400, 900)
        share_id = server.accepted.envelopes.share_id
        data = server.deactivate(size)
        assert not server.is_active
        with pytest.raises(LocalProtocolError, match="reactivation"):
            server.encode_update(bitmap_update(1))
        with pytest.raises(LocalProtocolError, match="reactivation"):
            server.deactivate(size)
        outputs, owed = pump(client, data)
        assert outputs == [DeactivateAll(), MonitorLayoutReceived((Monitor(width=1400, height=900, is_primary=True),))]
        outputs, owed = pump(server, owed)
        assert outputs == [Reactivated(size, server.capabilities)]
        assert server.is_active
        assert server.desktop_size == size
        assert server.accepted.envelopes.share_id != share_id
        outputs, owed = pump(client, owed)
        assert owed == b""
        (activated,) = [one for one in outputs if isinstance(one, Activated)]
        assert activated.activation.desktop_size == size
        assert activated.activation.share_id == server.accepted.envelopes.share_id
        assert pump(client, b"".join(server.encode_update(bitmap_update(1))))[0]

    def test_remote_programs_stay(self) -> None:
        wanting = replace(CLIENT, enable_remote_apps=True)
        result, accepted = connect(wanting)
        client, server = active_client(result), ServerStage(accepted)
        assert client.activation.remote_programs is not None
        agreed = server.capabilities.remote_programs
        assert agreed is not None
        _, owed = pump(client, server.deactivate(DesktopSize(800, 600)))
        _, owed = pump(server, owed)
        pump(client, owed)
        assert server.capabilities.remote_programs == agreed
        assert client.activation.remote_programs == agreed

    def test_input_and_channels_go_on(self) -> None:
        client, server = sessions()
        before = b"".join(client.encode_input(KEYS)) + b"".join(client.encode_channel("cliprdr", b"up"))
        data = server.deactivate(DesktopSize(800, 600))
        data += b"".join(server.encode_channel("cliprdr", b"down"))
        assert pump(server, before) == ([SEEN, ChannelData("cliprdr", b"up")], b"")
        outputs, owed = pump(client, data)
        assert ChannelData("cliprdr", b"down") in outputs
        assert pump(server, client.suppress_output(True)) == ([OutputSuppressed(True)], b"")
        outputs, _ = pump(server, owed)
        assert [type(one) for one in outputs] == [Reactivated]

    def test_one_after_another(self) -> None:
        client, server = sessions()
        for width in range(640, 660):
            _, owed = pump(client, server.deactivate(DesktopSize(width, 480)))
            _, owed = pump(server, owed)
            pump(client, owed)
            assert client.activation.desktop_size == server.desktop_size == DesktopSize(width, 480)

    @pytest.mark.parametrize("size", [DesktopSize(0, 100), DesktopSize(9000, 100), DesktopSize(8192, 8192)])
    def test_sizes_that_cannot_be(self, size: DesktopSize) -> None:
        _, server = sessions()
        with pytest.raises(LocalProtocolError, match="desktop of"):
            server.deactivate(size)
        assert server.is_active

    def test_a_client_that_does_not_resize(self) -> None:
        _, server = sessions()
        rigid = replace(server.capabilities, desktop_resize=False)
        server.activation = replace(server.activation, capabilities=rigid)
        with pytest.raises(LocalProtocolError, match="resize"):
            server.deactivate(DesktopSize(640, 480))
        assert server.deactivate(server.desktop_size)


def test_hostile_frames_raise_nothing_but_the_librarys_errors() -> None:
    """Every one-byte change of what a client says in a session."""
    client, server = sessions()
    io = client.result.io_channel_id
    frames = [
        *client.encode_input(KEYS),
        *client.encode_channel("cliprdr", b"data"),
        client.refresh_rect([Rect(0, 0, 5, 5)]),
        client.suppress_output(False),
        client._envelopes.share_data(PduType2.FRAME_ACKNOWLEDGE, FrameAcknowledge(frame_id=7).encode()),
        client._envelopes.wrap(io, b"\0\x80\0\0"),
    ]
    for frame in frames:
        for at in range(len(frame)):
            for change in (0x01, 0x10, 0x80, 0xFF):
                changed = bytearray(frame)
                changed[at] ^= change
                data = bytes(changed)
                try:
                    outputs = server.process(_action(data), data)
                except RdpError:
                    continue
                assert all(not isinstance(one, ResponseFrame) or one.data for one in outputs)


def test_hostile_answers_to_a_reactivation() -> None:
    client, server = sessions()
    _, owed = pump(client, server.deactivate(DesktopSize(800, 600)))
    for at in range(0, len(owed), 3):
        _, fresh = sessions()
        fresh.deactivate(DesktopSize(800, 600))
        bad = owed[:at] + bytes((owed[at] ^ 0x81,)) + owed[at + 1 :]
        buffer = FrameBuffer(bad)
        try:
            while (pdu := buffer.next_pdu()) is not None:
                fresh.process(*pdu)
        except RdpError:
            continue


def _action(frame: bytes) -> Action:
    return Action.FAST_PATH if frame[0] & 3 == 0 else Action.X224
