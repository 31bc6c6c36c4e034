from __future__ import annotations

import logging
import struct
from dataclasses import replace

import pytest

from tests.graphics.paint_jobs import draw_surface_bits
from tests.protocol.scripted_server import (
    FIRST,
    IO,
    MESSAGE,
    SECOND,
    SHARE_ID,
    autodetect,
    bare_demand,
    channel,
    connected,
    control,
    cooperate,
    data,
    deactivate_all,
    demand,
    domain,
    end_of_frame,
    error_info,
    fast,
    finalization,
    font_map,
    frames,
    granted,
    heartbeat,
    multitransport,
    opened,
    shared,
    synchronize,
    ultimatum,
    unsecured,
    up_to_finalization,
)
from tests.protocol.told_client import PALETTE, PIXEL, config, painted, slow, stage
from trio_rdp.channels.static import chunks
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.jobs import BeginFrame, Compression, DrawBitmaps, EndFrame, ResetCodecs, SetPalette
from trio_rdp.pdu import mcs, tpkt
from trio_rdp.pdu.activation import ConfirmActive
from trio_rdp.pdu.autodetect import (
    BandwidthMeasureResults,
    BandwidthMeasureStart,
    BandwidthMeasureStop,
    decode_response,
)
from trio_rdp.pdu.bitmap import BitmapUpdate
from trio_rdp.pdu.capabilities_basic import InputFlags
from trio_rdp.pdu.channel import ChannelFlags
from trio_rdp.pdu.display_updates import InclusiveRectangle, RefreshRect, SuppressOutput
from trio_rdp.pdu.error_info import ErrorInfo
from trio_rdp.pdu.fastpath import FastPathOutput, FastPathUpdate, Fragmentation, UpdateCode
from trio_rdp.pdu.fastpath_input import FastPathInput
from trio_rdp.pdu.input import InputEventData, KeyboardEvent
from trio_rdp.pdu.multitransport import InitiateMultitransportResponse
from trio_rdp.pdu.pointer import (
    CachedPointerUpdate,
    Point,
    PointerMessageType,
    PointerPositionUpdate,
    ServerPointerUpdate,
    UnknownPointerUpdate,
)
from trio_rdp.pdu.security import SecurityFlags
from trio_rdp.pdu.share import CompressionFlags, PduType, PduType2, ShareControlHeader, ShareDataHeader
from trio_rdp.pdu.surface import (
    ExtendedBitmapData,
    FrameAcknowledge,
    FrameAction,
    FrameMarkerCommand,
    SetSurfaceBitsCommand,
    SurfaceCommands,
)
from trio_rdp.pdu.update import GraphicsUpdate as WireGraphicsUpdate
from trio_rdp.pdu.x224 import DisconnectRequest
from trio_rdp.protocol.active_stage import ActiveStage
from trio_rdp.protocol.client_connector import ClientConnector
from trio_rdp.protocol.config import BitmapCodec, CompressionType, DesktopSize
from trio_rdp.protocol.events import ErrorInfoReceived, HeartbeatReceived, MultitransportDeclined
from trio_rdp.protocol.framing import Action
from trio_rdp.protocol.inbox import redirected
from trio_rdp.protocol.session_events import (
    Activated,
    ChannelData,
    ChannelFailed,
    DeactivateAll,
    GraphicsUpdate,
    PointerUpdate,
    ResponseFrame,
    ShutdownDenied,
    Terminate,
)
from trio_rdp.wire.errors import DecodeError, EncodeError, LocalProtocolError, RemoteProtocolError, SessionClosed


class TestGraphics:
    def test_bitmaps_on_both_paths(self) -> None:
        active = stage()
        by_fast_path = active.process(Action.FAST_PATH, fast(UpdateCode.BITMAP, _fast_body(PIXEL)))
        by_slow_path = slow(active, data(PduType2.UPDATE, WireGraphicsUpdate(update=PIXEL).encode()))
        assert by_fast_path == by_slow_path
        (job,) = painted(by_fast_path)
        assert job == DrawBitmaps(PIXEL.rectangles, Compression.RAW, 32)
        assert active.frames_received == 2

    def test_palettes(self) -> None:
        active = stage()
        outputs = slow(active, data(PduType2.UPDATE, WireGraphicsUpdate(update=PALETTE).encode()))
        assert painted(outputs) == [SetPalette(bytes(768))]

    def test_frames_are_acknowledged(self) -> None:
        bits = ExtendedBitmapData(bpp=32, width=1, height=1, bitmap_data=b"\1\2\3\0")
        commands = SurfaceCommands(
            surface_commands=[
                FrameMarkerCommand(frame_action=FrameAction.BEGIN, frame_id=5),
                SetSurfaceBitsCommand(dest_left=3, dest_top=4, dest_right=4, dest_bottom=5, bitmap_data=bits),
                FrameMarkerCommand(frame_action=FrameAction.END, frame_id=5),
            ]
        )
        frame = fast(UpdateCode.SURFCMDS, commands.encode())
        outputs = stage().process(Action.FAST_PATH, frame)
        assert painted(outputs) == [
            BeginFrame(5),
            draw_surface_bits(Rect(3, 4, 1, 1), 1, 1, 32, 0, b"\1\2\3\0"),
            EndFrame(5),
        ]
        answer = outputs[-1]
        assert isinstance(answer, ResponseFrame)
        header = shared(answer.data)
        assert isinstance(header, ShareDataHeader)
        assert header.pdu_type2 == PduType2.FRAME_ACKNOWLEDGE
        assert FrameAcknowledge.decode(header.payload).frame_id == 5
        patient = ActiveStage(connected(config()).result, acknowledge_frames=False)
        assert not any(isinstance(one, ResponseFrame) for one in patient.process(Action.FAST_PATH, frame))
        assert patient.acknowledge_frame(5) == answer.data

    def test_but_only_to_servers_that_say_so(self) -> None:
        active = stage(bare_demand())
        assert active.process(Action.FAST_PATH, end_of_frame(6)) == [GraphicsUpdate(EndFrame(6))]
        assert active.acknowledge_frame(6) == b""

    def test_pointers_on_both_paths(self) -> None:
        active = stage()
        cached = CachedPointerUpdate(cache_index=3)
        assert active.process(Action.FAST_PATH, fast(UpdateCode.CACHED, cached.encode())) == [PointerUpdate(cached)]
        moved = PointerPositionUpdate(position=Point(x_pos=7, y_pos=8))
        frame = data(PduType2.POINTER, ServerPointerUpdate(pointer_attribute_data=moved).encode())
        assert slow(active, frame) == [PointerUpdate(moved)]
        unknown = UnknownPointerUpdate(message_type=PointerMessageType(0x77))
        frame = data(PduType2.POINTER, ServerPointerUpdate(pointer_attribute_data=unknown).encode())
        assert slow(active, frame) == []
        assert active.ignored["pointer update"] == 1

    def test_pointers_that_nobody_wants(self) -> None:
        active = ActiveStage(connected(replace(config(), enable_server_pointer=False)).result)
        cached = CachedPointerUpdate(cache_index=3)
        assert active.process(Action.FAST_PATH, fast(UpdateCode.CACHED, cached.encode())) == []
        frame = data(PduType2.POINTER, ServerPointerUpdate(pointer_attribute_data=cached).encode())
        assert slow(active, frame) == []
        assert not active.ignored

    def test_what_says_nothing(self) -> None:
        active = stage()
        assert active.process(Action.FAST_PATH, fast(UpdateCode.SYNCHRONIZE, b"")) == []
        assert not active.ignored
        assert active.process(Action.FAST_PATH, fast(UpdateCode.ORDERS, b"\0\0")) == []
        assert active.process(Action.FAST_PATH, fast(UpdateCode(0xD), b"?")) == []
        assert sum(active.ignored.values()) == 2

    def test_fragments_are_joined(self) -> None:
        active = stage()
        body = _fast_body(PIXEL)
        assert active.process(Action.FAST_PATH, fast(UpdateCode.BITMAP, body[:5], Fragmentation.FIRST)) == []
        assert active.process(Action.FAST_PATH, fast(UpdateCode.BITMAP, body[5:9], Fragmentation.NEXT)) == []
        assert len(active.process(Action.FAST_PATH, fast(UpdateCode.BITMAP, body[9:], Fragmentation.LAST))) == 1

    def test_fragments_are_limited(self) -> None:
        active = stage(update_size=100)
        active.process(Action.FAST_PATH, fast(UpdateCode.BITMAP, bytes(80), Fragmentation.FIRST))
        with pytest.raises(RemoteProtocolError, match="101 bytes, more than 100"):
            active.process(Action.FAST_PATH, fast(UpdateCode.BITMAP, bytes(21), Fragmentation.NEXT))

    def test_compressors_that_do_not_exist(self) -> None:
        with pytest.raises(RemoteProtocolError, match="compression type 7"):
            stage().process(Action.FAST_PATH, fast(UpdateCode.BITMAP, b"abc", compression=0x27))
        with pytest.raises(RemoteProtocolError, match="compression type 7"):
            slow(stage(), data(PduType2.UPDATE, b"abc", 0x27))

    def test_codecs_that_were_not_offered(self) -> None:
        bits = ExtendedBitmapData(bpp=32, codec_id=3, width=1, height=1, bitmap_data=b"?")
        draw = SetSurfaceBitsCommand(dest_left=0, dest_top=0, dest_right=1, dest_bottom=1, bitmap_data=bits)
        frame = fast(UpdateCode.SURFCMDS, SurfaceCommands(surface_commands=[draw]).encode())
        willing = ActiveStage(connected(replace(config(), codecs=(BitmapCodec.REMOTEFX,))).result)
        assert len(willing.process(Action.FAST_PATH, frame)) == 1
        for codecs in ((), (BitmapCodec.NSCODEC,)):
            unwilling = ActiveStage(connected(replace(config(), codecs=codecs)).result)
            with pytest.raises(RemoteProtocolError, match="codec 3, which was not offered"):
                unwilling.process(Action.FAST_PATH, frame)

    def test_one_history_serves_all_paths(self) -> None:
        active = stage()
        body = _fast_body(PIXEL)
        # Literals below 0x80 stand for themselves, the other ones are 10 and seven bits.
        flushed = _literals(body)
        (job,) = painted(active.process(Action.FAST_PATH, fast(UpdateCode.BITMAP, flushed, compression=0xE0 | 1)))
        slow_body = _literals(WireGraphicsUpdate(update=PIXEL).encode())
        assert painted(slow(active, data(PduType2.UPDATE, slow_body, 0x21))) == [job]
        compressed = ChannelFlags.FIRST | ChannelFlags.LAST | ChannelFlags.COMPRESSED | 0x10000
        chunk = struct.pack("<II", 5, compressed) + _literals(b"sound")
        assert slow(active, channel(SECOND, chunk)) == [ChannelData("rdpsnd", b"sound")]
        assert active.inflated[CompressionType.K64].packets == 3
        assert (
            active.inflated[CompressionType.K64].bytes == len(body) + len(WireGraphicsUpdate(update=PIXEL).encode()) + 5
        )

    def test_compressed_bytes_without_meaning(self) -> None:
        with pytest.raises(DecodeError):
            stage().process(Action.FAST_PATH, fast(UpdateCode.BITMAP, b"\xff" * 8, compression=0x21))

    def test_a_small_frame_does_not_inflate_without_end(self) -> None:
        active = stage(update_size=10)
        updates = [
            FastPathUpdate(
                update_code=UpdateCode.SYNCHRONIZE, compression_flags=CompressionFlags(0x21), update_data=b"abcdef"
            )
            for _ in range(2)
        ]
        with pytest.raises(RemoteProtocolError, match="inflates to 12"):
            active.process(Action.FAST_PATH, FastPathOutput(fp_output_updates=updates).encode())

    def test_bytes_without_meaning(self) -> None:
        for frame in (b"\x00\x05\x01\x09\x00", b"\x80\x04\x00\x00", b"\x00"):
            with pytest.raises(DecodeError):
                stage().process(Action.FAST_PATH, frame)


def _fast_body(update: BitmapUpdate) -> bytes:
    """Both paths have the update's type in front of a bitmap update."""
    return WireGraphicsUpdate(update=update).encode()


def _literals(body: bytes) -> bytes:
    """MPPC without a single match."""
    bits = "".join(f"0{one:07b}" if one < 0x80 else f"10{one & 0x7F:07b}" for one in body)
    padding = -len(bits) % 8
    return int(bits + "0" * padding, 2).to_bytes((len(bits) + padding) // 8, "big")


class TestChannels:
    def test_messages_are_joined(self) -> None:
        active = stage()
        first, second = chunks(b"x" * 2000, 1600)
        assert slow(active, channel(FIRST, first)) == []
        assert slow(active, channel(SECOND, next(iter(chunks(b"sound"))))) == [ChannelData("rdpsnd", b"sound")]
        assert slow(active, channel(FIRST, second)) == [ChannelData("cliprdr", b"x" * 2000)]

    def test_a_channel_fails_alone(self) -> None:
        active = stage()
        bad = struct.pack("<II", 5, ChannelFlags.LAST) + b"abcde"
        (failed,) = slow(active, channel(FIRST, bad))
        assert isinstance(failed, ChannelFailed)
        assert failed.name == "cliprdr"
        good = next(iter(chunks(b"fine")))
        assert slow(active, channel(FIRST, good)) == []
        assert active.ignored == {"data on the failed channel cliprdr": 1}
        assert slow(active, channel(SECOND, good)) == [ChannelData("rdpsnd", b"fine")]

    def test_messages_are_limited(self) -> None:
        active = stage(channel_message=10)
        (failed,) = slow(active, channel(FIRST, next(iter(chunks(bytes(11))))))
        assert isinstance(failed, ChannelFailed)
        assert "exceeds 10" in failed.reason

    def test_a_failed_channel_keeps_the_history_whole(self) -> None:
        active = stage()
        slow(active, channel(FIRST, struct.pack("<II", 5, ChannelFlags.LAST) + b"abcde"))
        ends = ChannelFlags.FIRST | ChannelFlags.LAST | ChannelFlags.COMPRESSED
        assert slow(active, channel(FIRST, struct.pack("<II", 3, ends) + b"abc")) == []
        # MPPC with 8 KiB: 1111, the offset 3, and 0 for a match of three bytes.
        match = struct.pack("<II", 3, ends) + bytes([0b11110000, 0b11000000])
        assert slow(active, channel(SECOND, match)) == [ChannelData("rdpsnd", b"abc")]

    def test_channels_that_nobody_joined(self, caplog: pytest.LogCaptureFixture) -> None:
        active = stage()
        with caplog.at_level(logging.DEBUG, "trio_rdp"):
            assert slow(active, channel(4711, b"?")) == []
        assert active.ignored == {"data on a channel that was not joined": 1}
        assert "not joined" in caplog.text

    def test_sending(self) -> None:
        active = stage()
        sent = [opened(frame) for frame in active.encode_channel("rdpsnd", bytes(2000))]
        assert [pdu.channel_id for pdu in sent] == [SECOND, SECOND]
        assert [pdu.user_data for pdu in sent] == list(chunks(bytes(2000), 1600))
        with pytest.raises(LocalProtocolError, match="'rdpdr'"):
            active.encode_channel("rdpdr", b"")


class TestMessageChannel:
    def test_the_network_is_measured(self) -> None:
        active = stage()
        start, stop = BandwidthMeasureStart(sequence_number=1), BandwidthMeasureStop(sequence_number=2)
        assert slow(active, autodetect(start), now=5.0) == []
        load, last = channel(4711, bytes(1000)), autodetect(stop)
        slow(active, load)
        (answer,) = slow(active, last, now=6.0)
        assert isinstance(answer, ResponseFrame)
        results = decode_response(unsecured(answer.data, SecurityFlags.AUTODETECT_RSP))
        assert isinstance(results, BandwidthMeasureResults)
        assert (results.time_delta, results.byte_count) == (1000, len(load) + len(last))

    def test_heartbeats_and_transports(self) -> None:
        active = stage()
        assert slow(active, heartbeat(30, 1, 2)) == [HeartbeatReceived(30, 1, 2)]
        answer, event = slow(active, multitransport(3))
        assert isinstance(answer, ResponseFrame)
        declined = InitiateMultitransportResponse.decode(unsecured(answer.data, SecurityFlags.TRANSPORT_RSP))
        assert declined.request_id == 3
        assert event == MultitransportDeclined(3)

    def test_unknown_messages_are_counted(self) -> None:
        active = stage()
        assert slow(active, channel(MESSAGE, bytes(8))) == []
        assert active.ignored == {"message channel PDU of an unknown kind": 1}


class TestShares:
    def test_what_the_server_tells(self) -> None:
        active = stage()
        assert slow(active, data(PduType2.SHUTDOWN_DENIED, b"")) == [ShutdownDenied()]
        assert slow(active, data(PduType2(0x99), b"?")) == []
        assert slow(active, control(PduType(0xB), b"?")) == []
        assert slow(active, synchronize()) == []  # left over from finalization
        assert slow(active, domain(mcs.AttachUserConfirm())) == []
        assert active.ignored == {
            "share data PDU UNKNOWN_0x99": 1,
            "share PDU UNKNOWN_0xb": 1,
            "AttachUserConfirm": 1,
        }

    def test_two_in_one_message(self) -> None:
        active = stage()
        denied = ShareDataHeader(pdu_type2=PduType2.SHUTDOWN_DENIED, share_id=SHARE_ID).encode()
        assert slow(active, channel(IO, denied + denied)) == [ShutdownDenied(), ShutdownDenied()]

    def test_a_redirection_is_not_followed(self) -> None:
        (end,) = slow(stage(), control(PduType.SERVER_REDIRECTION, bytes(32)))
        assert isinstance(end, Terminate)
        assert not end.is_clean
        assert str(end.reason) == str(redirected())  # in the words of a redirection while connecting

    @pytest.mark.parametrize("frame", [channel(IO, b"\1"), domain(mcs.AttachUserConfirm())[:-1]])
    def test_bytes_without_meaning(self, frame: bytes) -> None:
        with pytest.raises(DecodeError):
            slow(stage(), frame)


class TestEnds:
    @pytest.mark.parametrize(
        ("code", "reason", "is_clean"),
        [
            (None, mcs.Reason.USER_REQUESTED, True),
            (None, mcs.Reason.DOMAIN_DISCONNECTED, False),
            (ErrorInfo.NONE, mcs.Reason.USER_REQUESTED, True),
            (ErrorInfo.NONE, mcs.Reason.DOMAIN_DISCONNECTED, False),
            (ErrorInfo.LOGOFF_BY_USER, mcs.Reason.USER_REQUESTED, True),
            (ErrorInfo.LOGOFF_BY_USER, mcs.Reason.DOMAIN_DISCONNECTED, True),
            (ErrorInfo.RPC_INITIATED_DISCONNECT, mcs.Reason.PROVIDER_INITIATED, True),
            (ErrorInfo.IDLE_TIMEOUT, mcs.Reason.USER_REQUESTED, False),
            (ErrorInfo.IDLE_TIMEOUT, mcs.Reason.DOMAIN_DISCONNECTED, False),
        ],
    )
    def test_the_server_disconnects(self, code: ErrorInfo | None, reason: mcs.Reason, is_clean: bool) -> None:
        active = stage()
        if code is not None:
            assert slow(active, error_info(code)) == [ErrorInfoReceived(code)]
        (end,) = slow(active, ultimatum(reason))
        assert isinstance(end, Terminate)
        assert end.is_clean == is_clean
        assert end.reason.code == (code or None)

    def test_the_transport_disconnects(self) -> None:
        with pytest.raises(SessionClosed, match=r"X\.224"):
            slow(stage(), tpkt.wrap(DisconnectRequest().encode()))

    def test_saying_goodbye(self) -> None:
        active = stage()
        header = shared(active.request_shutdown())
        assert isinstance(header, ShareDataHeader)
        assert header.pdu_type2 == PduType2.SHUTDOWN_REQUEST
        assert active.disconnect() == ultimatum(mcs.Reason.USER_REQUESTED)


class TestStart:
    def test_what_came_early_is_first(self) -> None:
        connector = ClientConnector(config())
        up_to_finalization(connector)
        early = [
            channel(FIRST, next(iter(chunks(b"early")))),
            fast(UpdateCode.BITMAP, _fast_body(PIXEL)),
            data(PduType2.SHUTDOWN_DENIED, b""),
        ]
        for frame in [*early, *finalization()]:
            connector.step(frame)
        active = ActiveStage(connector.result)
        outputs = slow(active, data(PduType2(0x99), b"?"))
        assert outputs[0] == ChannelData("cliprdr", b"early")
        assert painted(outputs) != []
        assert outputs[2:] == [ShutdownDenied()]
        assert active.start() == []


class TestReactivation:
    def test_the_whole_ladder(self) -> None:
        active = stage()
        pixel = fast(UpdateCode.BITMAP, _fast_body(PIXEL))
        assert slow(active, deactivate_all()) == [DeactivateAll()]
        assert not active.is_active
        assert active.encode_input([KeyboardEvent(key_code=1)]) == []
        # Channels go on meanwhile.
        assert slow(active, channel(FIRST, next(iter(chunks(b"on"))))) == [ChannelData("cliprdr", b"on")]
        (answer,) = slow(active, demand(1920, 1080, share_id=SHARE_ID + 1))
        assert isinstance(answer, ResponseFrame)
        confirm, *said = map(shared, frames(answer.data))
        assert isinstance(confirm, ShareControlHeader)
        assert ConfirmActive.decode(confirm.payload).share_id == SHARE_ID + 1
        assert [one.pdu_type2 for one in said if isinstance(one, ShareDataHeader)] == [
            PduType2.SYNCHRONIZE,
            PduType2.CONTROL,
            PduType2.CONTROL,
            PduType2.FONT_LIST,
        ]
        for frame in (synchronize(), cooperate(), granted()):
            assert slow(active, frame) == []
        assert active.process(Action.FAST_PATH, pixel) == []  # too early, so it is held
        activated, reset, held = slow(active, font_map())
        assert reset == GraphicsUpdate(ResetCodecs())  # the server's encoders begin anew
        assert isinstance(activated, Activated)
        assert activated.activation.desktop_size == DesktopSize(1920, 1080)
        assert isinstance(held, GraphicsUpdate)
        assert active.is_active
        assert active.activation is activated.activation
        header = shared(active.request_shutdown())
        assert isinstance(header, ShareDataHeader)
        assert header.share_id == SHARE_ID + 1

    def test_frames_are_acknowledged_when_there_is_a_share_again(self) -> None:
        active = stage()
        slow(active, deactivate_all())
        assert active.acknowledge_frame(6) == b""
        slow(active, demand(share_id=SHARE_ID + 1))
        assert active.acknowledge_frame(6) == b""
        assert active.process(Action.FAST_PATH, end_of_frame(7)) == []
        _, _, ended, answer = slow(active, font_map())
        assert (ended, answer) == (GraphicsUpdate(EndFrame(7)), ResponseFrame(active.acknowledge_frame(7)))
        header = shared(active.acknowledge_frame(7))
        assert isinstance(header, ShareDataHeader)
        assert (header.pdu_type2, header.share_id) == (PduType2.FRAME_ACKNOWLEDGE, SHARE_ID + 1)

    def test_a_share_without_a_deactivation(self) -> None:
        active = stage()
        closed, answer = slow(active, demand(640, 480))
        assert isinstance(closed, DeactivateAll)
        assert isinstance(answer, ResponseFrame)
        activated, reset = slow(active, font_map())
        assert reset == GraphicsUpdate(ResetCodecs())
        assert isinstance(activated, Activated)

    def test_two_deactivations_are_one(self) -> None:
        active = stage()
        slow(active, deactivate_all())
        assert slow(active, deactivate_all()) == []
        slow(active, demand())
        assert slow(active, deactivate_all()) == []  # while finalizing: another share follows
        (answer,) = slow(active, demand(800, 600))
        assert isinstance(answer, ResponseFrame)
        activated, reset = slow(active, font_map())
        assert reset == GraphicsUpdate(ResetCodecs())
        assert isinstance(activated, Activated)
        assert activated.activation.desktop_size == DesktopSize(800, 600)

    def test_half_an_update_is_forgotten(self) -> None:
        active = stage()
        active.process(Action.FAST_PATH, fast(UpdateCode.BITMAP, b"abc", Fragmentation.FIRST))
        slow(active, demand())
        slow(active, font_map())
        assert len(active.process(Action.FAST_PATH, fast(UpdateCode.BITMAP, _fast_body(PIXEL)))) == 1

    @pytest.mark.parametrize("limits", [{"early_events": 3}, {"early_bytes": 80}])
    def test_what_is_held_is_limited(self, limits: dict[str, int]) -> None:
        active = stage(**limits)
        slow(active, deactivate_all())
        pixel = fast(UpdateCode.BITMAP, _fast_body(PIXEL))
        for _ in range(3):
            assert active.process(Action.FAST_PATH, pixel) == []
        with pytest.raises(RemoteProtocolError, match="paints without end"):
            active.process(Action.FAST_PATH, pixel)

    def test_what_is_held_counts_anew_each_time(self) -> None:
        active = stage(early_bytes=80)
        pixel = fast(UpdateCode.BITMAP, _fast_body(PIXEL))
        for _ in range(3):
            slow(active, demand())
            active.process(Action.FAST_PATH, pixel)
            active.process(Action.FAST_PATH, pixel)
            assert len(slow(active, font_map())) == 4

    def test_a_desktop_beyond_the_limits(self) -> None:
        active = stage(desktop_side=1500)
        with pytest.raises(RemoteProtocolError, match="1920x1080"):
            slow(active, demand(1920, 1080))


class TestInput:
    def keys(self, count: int) -> list[KeyboardEvent]:
        return [KeyboardEvent(key_code=code) for code in range(count)]

    def test_the_fast_path(self) -> None:
        sent = [FastPathInput.decode(frame).fp_input_events for frame in stage().encode_input(self.keys(20))]
        assert [len(group) for group in sent] == [15, 5]
        assert [event for group in sent for event in group] == self.keys(20)
        assert stage().encode_input([]) == []

    def test_the_slow_path(self) -> None:
        active = stage(demand(input_flags=InputFlags.SCANCODES))
        headers = [shared(frame) for frame in active.encode_input(self.keys(20))]
        events = []
        for header in headers:
            assert isinstance(header, ShareDataHeader)
            assert header.pdu_type2 == PduType2.INPUT
            events += [item.event for item in InputEventData.decode(header.payload).slow_path_input_events]
        assert events == self.keys(20)

    def test_repainting(self) -> None:
        header = shared(stage().refresh_rect([Rect(10, 20, 30, 40)]))
        assert isinstance(header, ShareDataHeader)
        assert RefreshRect.decode(header.payload).areas_to_refresh == [
            InclusiveRectangle(left=10, top=20, right=39, bottom=59)
        ]
        with pytest.raises(EncodeError):
            stage().refresh_rect([Rect(0, 0, 1, 1)] * 256)

    def test_suppressing_output(self) -> None:
        active = stage()
        for suppress in (True, False):
            header = shared(active.suppress_output(suppress))
            assert isinstance(header, ShareDataHeader)
            whole = InclusiveRectangle(left=0, top=0, right=1023, bottom=767)
            assert SuppressOutput.decode(header.payload).desktop_rect == (None if suppress else whole)
        header = shared(active.suppress_output(False, DesktopSize(800, 600)))
        assert isinstance(header, ShareDataHeader)
        whole = InclusiveRectangle(left=0, top=0, right=799, bottom=599)
        assert SuppressOutput.decode(header.payload).desktop_rect == whole

    def test_servers_that_can_do_neither(self) -> None:
        active = stage(bare_demand())
        with pytest.raises(LocalProtocolError, match="does not repaint"):
            active.refresh_rect([])
        with pytest.raises(LocalProtocolError, match="does not stop painting"):
            active.suppress_output(True)
