"""`ActiveStage`: a client's session after the connection sequence, sans-I/O; frames in, events and bytes out.

It inflates bulk compression in wire order and never decodes pixels: graphics come out as ordered paint jobs.  Either
side may say anything at any time, so this is `match` on the PDU; the only sequence in it is a reactivation.
"""

from __future__ import annotations

from collections.abc import Iterable

from trio_rdp.channels.pending import PendingBytes
from trio_rdp.channels.static import Dechunker, chunks, continues, flow_control
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.jobs import (
    DrawSurfaceBits,
    EndFrame,
    PaintJob,
    ResetCodecs,
    jobs_from_bitmap_update,
    jobs_from_palette_update,
    jobs_from_surface_commands,
)
from trio_rdp.pdu import mcs
from trio_rdp.pdu.altsec_orders import decode_altsec_orders
from trio_rdp.pdu.bitmap import BitmapUpdate
from trio_rdp.pdu.capabilities_basic import InputFlags
from trio_rdp.pdu.display_updates import InclusiveRectangle, RefreshRect, SuppressOutput
from trio_rdp.pdu.error_info import ErrorInfo
from trio_rdp.pdu.fastpath import decode_updates, unframe
from trio_rdp.pdu.fastpath_input import FastPathInput
from trio_rdp.pdu.input import InputEvent, InputEventData, SlowPathInputEvent
from trio_rdp.pdu.orders import OrdersUpdate
from trio_rdp.pdu.palette import PaletteUpdate
from trio_rdp.pdu.pointer import (
    CachedPointerUpdate,
    ColorPointerUpdate,
    LargePointerUpdate,
    NewPointerUpdate,
    PointerPositionUpdate,
    ServerPointerUpdate,
    SystemPointerUpdate,
    UnknownPointerUpdate,
)
from trio_rdp.pdu.share import CompressionFlags, PduType, PduType2, ShareControlHeader, ShareDataHeader, decode_shares
from trio_rdp.pdu.surface import FrameAcknowledge, SurfaceCommands
from trio_rdp.pdu.update import GraphicsUpdate as WireGraphicsUpdate
from trio_rdp.pdu.update import SynchronizeUpdate, Update, decode_update
from trio_rdp.pdu.windowing import WindowOrder
from trio_rdp.protocol.activation import Activation, ConnectionActivationSequence
from trio_rdp.protocol.channel_frames import ChannelFrames
from trio_rdp.protocol.client_capabilities import offered_codecs
from trio_rdp.protocol.client_connector import ConnectionResult
from trio_rdp.protocol.config import CompressionType, DesktopSize
from trio_rdp.protocol.envelopes import SERVER_CHANNEL_ID, Envelopes, disconnect, open_frame
from trio_rdp.protocol.fragments import FragmentAssembler
from trio_rdp.protocol.framing import Action
from trio_rdp.protocol.handshake import Conversation
from trio_rdp.protocol.ignored import Ignored
from trio_rdp.protocol.inbox import ClientInbox, disconnect_reason, redirected
from trio_rdp.protocol.inflation import Inflater, InflationStatistics
from trio_rdp.protocol.session_events import (
    Activated,
    ActiveStageOutput,
    ChannelData,
    ChannelFailed,
    ChannelsSuspended,
    DeactivateAll,
    GraphicsUpdate,
    PointerUpdate,
    ResponseFrame,
    Terminate,
    WindowOrders,
)
from trio_rdp.protocol.session_info import read_session_pdu
from trio_rdp.protocol.static_channels import channel_definitions, showing_protocol
from trio_rdp.wire.errors import LocalProtocolError, RemoteProtocolError

__all__ = ["ActiveStage"]

_EVENTS_PER_PDU = 15  # what the fast path's header counts without another byte
_OF_ACTIVATION = (PduType2.SYNCHRONIZE, PduType2.CONTROL, PduType2.FONT_MAP)
_CLEAN_ENDS = frozenset(
    {
        ErrorInfo.RPC_INITIATED_DISCONNECT,
        ErrorInfo.RPC_INITIATED_LOGOFF,
        ErrorInfo.RPC_INITIATED_DISCONNECT_BY_USER,
        ErrorInfo.LOGOFF_BY_USER,
    }
)


class ActiveStage:
    """One client session.

    `process` takes whole frames, as `Framed.read_pdu` cuts them, and raises `RemoteProtocolError` when the server
    breaks the protocol; the session is over then.  What a server may send and nobody here knows is counted in `ignored`
    and logged at debug level.  `acknowledge_frames=False` leaves frame acknowledgements to the driver, who then calls
    `acknowledge_frame` for each.
    """

    def __init__(self, result: ConnectionResult, *, acknowledge_frames: bool = True) -> None:
        self.result = result
        self.activation: Activation = result.activation
        self.ignored: Ignored = result.inbox.ignored
        self.frames_received: int = 0
        self._limits = result.config.limits
        self._acknowledge_frames = acknowledge_frames
        self._envelopes = result.envelopes
        self._inbox: ClientInbox = result.inbox
        self.pending_bytes: PendingBytes = PendingBytes(self._limits.channel_pending)
        """What unfinished messages of channels hold: the driver's dynamic ones too."""
        self._names = {channel_id: name for name, channel_id in result.static_channels.items()}
        self._dechunkers = {
            channel_id: Dechunker(self._limits.channel_message, self.pending_bytes) for channel_id in self._names
        }
        self._show_protocol = showing_protocol(channel_definitions(result.config))
        self._offered_codecs = {0, *offered_codecs(result.config)}
        self._inflater = Inflater()
        self._fragments = FragmentAssembler(self._limits.update_size)
        self._reactivation: ConnectionActivationSequence | None = None
        self._held: list[ActiveStageOutput] = []
        self._held_bytes = 0
        self._is_started = False
        self._continued: tuple[Dechunker, int] | None = None

    @property
    def is_active(self) -> bool:
        """Whether there is a share, that is, whether no reactivation is under way."""
        return self._reactivation is None

    @property
    def inflated(self) -> dict[CompressionType, InflationStatistics]:
        """What the server has compressed, by the type of compression."""
        return self._inflater.statistics()

    def start(self) -> list[ActiveStageOutput]:
        """What happened already while the connection was made; `process` does this by itself at its first call."""
        if self._is_started:
            return []
        self._is_started = True
        outputs: list[ActiveStageOutput] = []
        early, self.result.conversation.early = self.result.conversation.early, []
        for frame in early:
            outputs += self._process(Action.X224 if frame[0] & 3 == 3 else Action.FAST_PATH, frame, None)
        return outputs

    @property
    def is_measuring(self) -> bool:
        """Whether the server measures the bandwidth, for which all frames have to be processed."""
        return self._inbox.network.is_measuring

    def take_continued(self) -> tuple[Dechunker, int] | None:
        """If the last frame was a chunk from within a message: who joins it, and how many bytes of the frame it has.

        For a driver in haste: see `Stretch`.
        """
        continued, self._continued = self._continued, None
        return None if self._inbox.network.is_measuring else continued

    def process(self, action: Action, payload: bytes, *, now: float | None = None) -> list[ActiveStageOutput]:
        """Take one frame; `now` is a monotonic time in seconds, which network measurements need."""
        if not self._is_started:
            return self.start() + self._process(action, payload, now)
        return self._process(action, payload, now)

    def _process(self, action: Action, frame: bytes, now: float | None) -> list[ActiveStageOutput]:
        outputs: list[ActiveStageOutput] = []
        self.frames_received += 1
        self._inbox.network.count(len(frame))
        if action is Action.FAST_PATH:
            self._receive_fast_path(frame, outputs)
            return outputs
        pdu = open_frame(frame)
        if isinstance(pdu, mcs.SendDataIndication):
            self._receive_data(pdu, outputs, now)
        elif isinstance(pdu, mcs.DisconnectProviderUltimatum):
            code = self._inbox.error_info
            # An error info says why; the reason of an ultimatum only says who, and not every server means it.
            is_clean = code in _CLEAN_ENDS if code else pdu.reason != mcs.Reason.DOMAIN_DISCONNECTED
            outputs.append(Terminate(disconnect_reason(pdu.reason, code), is_clean))
        else:
            self.ignored.note(type(pdu).__name__)
        return outputs

    # Graphics.

    def _receive_fast_path(self, frame: bytes, outputs: list[ActiveStageOutput]) -> None:
        _, start, end = unframe(frame)
        size = 0
        for update in decode_updates(frame, start, end):
            if update.compression_flags:
                update.update_data = self._inflater.inflate(update.compression_flags, update.update_data)
                # A frame of 32 KiB holds thousands of updates, each of which may inflate to 64 KiB.
                size += len(update.update_data)
                if size > self._limits.update_size:
                    raise RemoteProtocolError(f"a frame of {len(frame)} bytes inflates to {size}")
            data = self._fragments.push(update)
            if data is not None:
                self._draw(decode_update(update.update_code, data), len(data), outputs)

    def _draw(self, update: Update, size: int, outputs: list[ActiveStageOutput]) -> None:
        target = outputs
        if self._reactivation is not None:
            target = self._held
            self._held_bytes += size
            if len(self._held) >= self._limits.early_events or self._held_bytes > self._limits.early_bytes:
                raise RemoteProtocolError("the server paints without end before it has reactivated")
        match update:
            case BitmapUpdate():
                self._add_jobs(jobs_from_bitmap_update(update), target)
            case SurfaceCommands():
                self._add_jobs(jobs_from_surface_commands(update), target)
            case PaletteUpdate():
                self._add_jobs(jobs_from_palette_update(update), target)
            case SynchronizeUpdate():
                pass  # an artifact of T.128 that says nothing ([MS-RDPBCGR] 2.2.9.1.1.3.1.3)
            case (
                SystemPointerUpdate()
                | PointerPositionUpdate()
                | ColorPointerUpdate()
                | NewPointerUpdate()
                | CachedPointerUpdate()
                | LargePointerUpdate()
            ):
                if self.result.enable_server_pointer:
                    target.append(PointerUpdate(update))
            case OrdersUpdate() if self.activation.remote_programs is not None:
                self._take_orders(update, target)
            case _:
                # Drawing orders come from xrdp 0.9.21 at 8 bpp although none was offered; they are empty.
                self.ignored.note(type(update).__name__)

    def _take_orders(self, update: OrdersUpdate, outputs: list[ActiveStageOutput]) -> None:
        """Give the orders of windows; others were not offered, and who does not know one cannot read on behind it."""
        orders, left = decode_altsec_orders(update)
        windows = tuple(order for order in orders if isinstance(order, WindowOrder))
        if windows:
            outputs.append(WindowOrders(windows))
        if others := len(orders) - len(windows) + left:
            self.ignored.note("drawing order", others)

    def _add_jobs(self, jobs: Iterable[PaintJob], outputs: list[ActiveStageOutput]) -> None:
        for job in jobs:
            if isinstance(job, DrawSurfaceBits) and job.codec_id not in self._offered_codecs:
                raise RemoteProtocolError(f"surface bits of codec {job.codec_id}, which was not offered")
            outputs.append(GraphicsUpdate(job))
            if self.is_active:
                self._acknowledge(job, outputs)

    def _acknowledge(self, job: PaintJob, outputs: list[ActiveStageOutput]) -> None:
        if self._acknowledge_frames and isinstance(job, EndFrame) and (answer := self.acknowledge_frame(job.frame_id)):
            outputs.append(ResponseFrame(answer))

    # Slow path and channels.

    def _receive_data(self, pdu: mcs.SendDataIndication, outputs: list[ActiveStageOutput], now: float | None) -> None:
        channel_id = pdu.channel_id
        if channel_id == self.result.io_channel_id:
            for share in decode_shares(pdu.user_data):
                self._receive_share(share, outputs)
        elif channel_id in self._names:
            self._receive_channel(channel_id, pdu.user_data, outputs)
        elif channel_id == self.result.message_channel_id:
            conversation = self.result.conversation
            conversation.now = now
            self._inbox.handle_message(pdu.user_data)
            self._drain(conversation, outputs)
        else:
            self.ignored.note("data on a channel that was not joined")

    def _drain(self, conversation: Conversation, outputs: list[ActiveStageOutput]) -> None:
        """Give what the inbox answered and noted."""
        if conversation.answers:
            outputs.append(ResponseFrame(bytes(conversation.answers)))
            conversation.answers.clear()
        outputs += conversation.events  # type: ignore[arg-type]
        conversation.events = []

    def _receive_channel(self, channel_id: int, raw: bytes, outputs: list[ActiveStageOutput]) -> None:
        chunk = self._inflater.inflate_chunk(raw)  # also for a channel that has failed, as there is one history
        if (asked := flow_control(chunk)) is not None:
            outputs.append(ChannelsSuspended(asked))
            return
        dechunker = self._dechunkers.get(channel_id)
        if dechunker is None:
            self.ignored.note(f"data on the failed channel {self._names[channel_id]}")
            return
        try:
            message = dechunker.feed(chunk)
        except RemoteProtocolError as exc:
            del self._dechunkers[channel_id]
            outputs.append(ChannelFailed(self._names[channel_id], str(exc)))
            return
        if message is None:
            self._continued = continues(dechunker, raw)
        else:
            outputs.append(ChannelData(self._names[channel_id], message))

    def _receive_share(self, share: ShareControlHeader | ShareDataHeader, outputs: list[ActiveStageOutput]) -> None:
        if isinstance(share, ShareDataHeader):
            self._receive_share_data(share, outputs)
        elif share.pdu_type == PduType.DEACTIVATE_ALL:
            self._begin_reactivation(outputs)
        elif share.pdu_type == PduType.DEMAND_ACTIVE:
            # Some servers open the next share without closing the last one.
            self._begin_reactivation(outputs)
            self._step_reactivation(share, outputs)
        elif share.pdu_type == PduType.SERVER_REDIRECTION:
            outputs.append(Terminate(redirected(), is_clean=False))
        else:
            self.ignored.note(f"share PDU {share.pdu_type.name}")

    def _receive_share_data(self, share: ShareDataHeader, outputs: list[ActiveStageOutput]) -> None:
        payload = share.payload = self._inflater.inflate(int(share.compressed_type), share.payload)
        share.compressed_type = CompressionFlags(0)
        kind = share.pdu_type2
        if kind == PduType2.UPDATE:
            self._draw(WireGraphicsUpdate.decode(payload).update, len(payload), outputs)
        elif kind == PduType2.POINTER:
            pointer = ServerPointerUpdate.decode(payload).pointer_attribute_data
            if isinstance(pointer, UnknownPointerUpdate):
                self.ignored.note("pointer update")
            else:
                self._draw(pointer, len(payload), outputs)
        elif kind in _OF_ACTIVATION:
            if self._reactivation is not None:
                self._step_reactivation(share, outputs)
        else:
            events = read_session_pdu(kind, payload, self._inbox)
            if events is None:
                self.ignored.note(f"share data PDU {kind.name}")
            else:
                outputs += events

    # Reactivation, [MS-RDPBCGR] 1.3.1.3.

    def _begin_reactivation(self, outputs: list[ActiveStageOutput]) -> None:
        if self._reactivation is not None:
            return
        self._fragments.reset()
        self._reactivation = ConnectionActivationSequence(
            self.result.config, self._inbox, self._envelopes, Conversation(self._limits)
        )
        outputs.append(DeactivateAll())

    def _step_reactivation(self, share: ShareControlHeader | ShareDataHeader, outputs: list[ActiveStageOutput]) -> None:
        sequence = self._reactivation
        assert sequence is not None
        server = Envelopes(True, SERVER_CHANNEL_ID, self.result.io_channel_id)
        answer = sequence.step(server.wrap(self.result.io_channel_id, share.encode()))
        while not sequence.state.is_terminal and sequence.next_pdu_hint is None:
            answer += sequence.step()
        if answer:
            outputs.append(ResponseFrame(answer))
        if sequence.state.is_terminal:
            self._reactivation = None
            self.activation = sequence.result
            held, self._held, self._held_bytes = self._held, [], 0
            outputs += [Activated(self.activation), GraphicsUpdate(ResetCodecs())]
            for output in held:
                outputs.append(output)
                if isinstance(output, GraphicsUpdate):
                    self._acknowledge(output.job, outputs)

    # What the client sends.

    def encode_input(self, events: Iterable[InputEvent]) -> list[bytes]:
        """Frames of input events, on the fast path where the server has one; none while there is no share."""
        if not self.is_active:
            return []
        batch = list(events)
        groups = [batch[at : at + _EVENTS_PER_PDU] for at in range(0, len(batch), _EVENTS_PER_PDU)]
        if self.activation.input_flags & (InputFlags.FASTPATH_INPUT | InputFlags.FASTPATH_INPUT2):
            return [FastPathInput(fp_input_events=group).encode() for group in groups]
        return [
            self._envelopes.share_data(
                PduType2.INPUT,
                InputEventData(slow_path_input_events=[SlowPathInputEvent(event=event) for event in group]).encode(),
            )
            for group in groups
        ]

    def encode_channel(self, name: str, message: bytes) -> list[bytes]:
        """Frames of one message on a static channel; raises `LocalProtocolError` for a channel that was not joined."""
        channel_id = self._channel_id(name)
        pieces = chunks(message, self.activation.channel_chunk_size, show_protocol=name in self._show_protocol)
        return [self._envelopes.wrap(channel_id, chunk) for chunk in pieces]

    def channel_frames(self, name: str) -> ChannelFrames:
        """What makes the frames of a static channel when they are written; raises as `encode_channel` does.

        It is good until the next reactivation.
        """
        size, show = self.activation.channel_chunk_size, name in self._show_protocol
        return ChannelFrames(self._envelopes, self._channel_id(name), size, show_protocol=show)

    def _channel_id(self, name: str) -> int:
        channel_id = self.result.static_channels.get(name)
        if channel_id is None:
            raise LocalProtocolError(f"the server did not give the channel {name!r}")
        return channel_id

    def refresh_rect(self, rects: Iterable[Rect]) -> bytes:
        """Ask the server to paint areas again; raises `LocalProtocolError` where it does not do that."""
        if not self.activation.refresh_rect_support:
            raise LocalProtocolError("the server does not repaint on request")
        areas = [InclusiveRectangle(left=r.left, top=r.top, right=r.right - 1, bottom=r.bottom - 1) for r in rects]
        return self._envelopes.share_data(PduType2.REFRESH_RECT, RefreshRect(areas_to_refresh=areas).encode())

    def suppress_output(self, suppress: bool, size: DesktopSize | None = None) -> bytes:
        """Tell the server to stop painting, or to go on; raises `LocalProtocolError` where it does not do that.

        `size` is the desktop's where that is not the share's any more, as the graphics pipeline has resized it.
        """
        if not self.activation.suppress_output_support:
            raise LocalProtocolError("the server does not stop painting on request")
        size = size or self.activation.desktop_size
        whole = InclusiveRectangle(left=0, top=0, right=size.width - 1, bottom=size.height - 1)
        pdu = SuppressOutput(desktop_rect=None if suppress else whole)
        return self._envelopes.share_data(PduType2.SUPPRESS_OUTPUT, pdu.encode())

    def acknowledge_frame(self, frame_id: int) -> bytes:
        """Tell the server that a frame is on the screen ([MS-RDPRFX] 2.2.3.1).

        Empty where the server has not announced "the server's ability to receive and process" that (2.2.1.3; FreeRDP
        2.11, GNOME 43, weston 10 and xrdp 0.9.21 do), and while there is no share, as the next one counts anew.
        """
        if not (self.is_active and self.activation.frame_acknowledge_support):
            return b""
        return self._envelopes.share_data(PduType2.FRAME_ACKNOWLEDGE, FrameAcknowledge(frame_id=frame_id).encode())

    def request_shutdown(self) -> bytes:
        """Ask the server to end the session; it does, or denies it because a user is logged on."""
        return self._envelopes.share_data(PduType2.SHUTDOWN_REQUEST, b"")

    def disconnect(self) -> bytes:
        """Say goodbye: the last thing that is sent."""
        return disconnect(mcs.Reason.USER_REQUESTED)
