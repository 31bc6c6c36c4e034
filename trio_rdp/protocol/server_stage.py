"""`ServerStage`: a server's session after the connection sequence, sans-I/O; frames in, events and bytes out.

Either side may say anything at any time, so this is `match` on the PDU; the only sequence in it is a reactivation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from trio_rdp.channels.pending import PendingBytes
from trio_rdp.channels.static import Dechunker, chunks, continues
from trio_rdp.graphics.geometry import Rect
from trio_rdp.pdu import mcs
from trio_rdp.pdu.activation import DeactivateAll
from trio_rdp.pdu.autodetect import BandwidthMeasureResults, decode_response
from trio_rdp.pdu.channel import ChannelFlags, ChannelHeader
from trio_rdp.pdu.display_updates import RefreshRect, SuppressOutput
from trio_rdp.pdu.error_info import ErrorInfo, SetErrorInfo
from trio_rdp.pdu.fastpath_input import FastPathInput
from trio_rdp.pdu.gcc_client import ClientEarlyCapabilityFlags
from trio_rdp.pdu.heartbeat import Heartbeat
from trio_rdp.pdu.input import InputEvent, InputEventData
from trio_rdp.pdu.security import SecurityFlags
from trio_rdp.pdu.session_info import LogonInfo, LogonInfoVersion1, LogonInfoVersion2, PlainNotify, SaveSessionInfo
from trio_rdp.pdu.share import CompressionFlags, PduType, PduType2, ShareControlHeader, ShareDataHeader, decode_shares
from trio_rdp.pdu.shutdown import ShutdownRequestDenied
from trio_rdp.pdu.surface import FrameAcknowledge
from trio_rdp.pdu.update import Update
from trio_rdp.protocol.bandwidth import BandwidthMeter, kilobits_per_second
from trio_rdp.protocol.channel_frames import ChannelFrames
from trio_rdp.protocol.config import DesktopSize, Monitor
from trio_rdp.protocol.deflation import CompressionStatistics, Deflater, Outgoing, agreed_compression
from trio_rdp.protocol.envelopes import Envelopes, disconnect, open_frame
from trio_rdp.protocol.framing import Action
from trio_rdp.protocol.handshake import Conversation
from trio_rdp.protocol.ignored import Ignored
from trio_rdp.protocol.input_reader import InputReader
from trio_rdp.protocol.network_detection import NetworkCharacteristics
from trio_rdp.protocol.round_trip import RoundTripMeter
from trio_rdp.protocol.server_acceptor import AcceptedConnection
from trio_rdp.protocol.server_activation import (
    ServerActivation,
    ServerActivationSequence,
    ShareOffer,
    encode_monitor_layout,
)
from trio_rdp.protocol.server_capabilities import ClientCapabilities
from trio_rdp.protocol.server_events import (
    ChannelData,
    ChannelFailed,
    FrameAcknowledged,
    InputReceived,
    OutputSuppressed,
    Reactivated,
    RefreshRequested,
    ResponseFrame,
    ServerStageOutput,
    ShutdownRequested,
    Terminate,
)
from trio_rdp.protocol.server_inbox import OF_ACTIVATION, disconnect_reason, is_security_header
from trio_rdp.protocol.server_output import UpdateEncoder
from trio_rdp.protocol.static_channels import showing_protocol
from trio_rdp.wire.errors import LocalProtocolError, RemoteProtocolError, SessionClosed

__all__ = ["ServerStage"]

_COMPRESSION = CompressionFlags.COMPRESSED | CompressionFlags.AT_FRONT | CompressionFlags.FLUSHED


class ServerStage:
    """One client's session, on the server.

    `process` takes whole frames, as `Framed.read_pdu` cuts them, and raises `RemoteProtocolError` when the client
    breaks the protocol; the session is over then.  What a client may send and nobody here knows is counted in `ignored`
    and logged at debug level.  All other methods give bytes that are to be written in the order of the calls.
    """

    def __init__(self, accepted: AcceptedConnection) -> None:
        self.accepted = accepted
        self.activation: ServerActivation = accepted.activation
        self.ignored: Ignored = accepted.ignored
        self.frames_received: int = 0
        self.showing: DesktopSize | None = None
        """The size of the client's desktop where that is not the share's, as the graphics pipeline may resize it."""
        self._limits = accepted.config.limits
        self._envelopes = accepted.envelopes
        self._client = Envelopes(False, accepted.user_channel_id, accepted.io_channel_id)
        self._inbox = accepted.inbox
        self.pending_bytes: PendingBytes = PendingBytes(self._limits.channel_pending)
        """What unfinished messages of channels hold: the driver's dynamic ones too."""
        self._names = {channel_id: name for name, channel_id in accepted.static_channels.items()}
        self._dechunkers = {
            channel_id: Dechunker(self._limits.channel_message, self.pending_bytes) for channel_id in self._names
        }
        self._show_protocol = showing_protocol(accepted.settings.client.channels)
        self._reader = InputReader()
        self._meter = RoundTripMeter(accepted.network)
        self._bandwidth = BandwidthMeter()
        kind = agreed_compression(accepted.client_info.flags, accepted.config.compression_type)
        self._deflater = Deflater(kind)
        self._encoder = self._make_encoder()
        self._reactivation: ServerActivationSequence | None = None
        self._is_started = False
        self._continued: tuple[Dechunker, int] | None = None

    @property
    def is_active(self) -> bool:
        """Whether there is a share, that is, whether no reactivation is under way."""
        return self._reactivation is None

    @property
    def desktop_size(self) -> DesktopSize:
        """The desktop's size; that of before while a reactivation is under way."""
        return self.activation.desktop_size

    @property
    def capabilities(self) -> ClientCapabilities:
        """What the client can do."""
        return self.activation.capabilities

    @property
    def network(self) -> NetworkCharacteristics:
        """What was measured of the line, while connecting and since."""
        return self._meter.characteristics

    @property
    def max_update_size(self) -> int:
        """Bytes that the data of one update may have."""
        return self._encoder.max_update_size

    @property
    def best_update_size(self) -> int:
        """Bytes that the data of one update may have and still be compressed."""
        return self._encoder.best_update_size

    def start(self) -> list[ServerStageOutput]:
        """What happened already while the connection was made; `process` does this by itself at its first call."""
        if self._is_started:
            return []
        self._is_started = True
        outputs: list[ServerStageOutput] = []
        early, self.accepted.conversation.early = self.accepted.conversation.early, []
        for frame in early:
            outputs += self._process(Action.X224 if frame[0] & 3 == 3 else Action.FAST_PATH, frame, None)
        for share in self._inbox.take_shares():
            self._receive_share(share, outputs)
        return outputs

    def take_continued(self) -> tuple[Dechunker, int] | None:
        """If the last frame was a chunk from within a message: who joins it, and how many bytes of the frame it has.

        For a driver in haste: see `Stretch`.
        """
        continued, self._continued = self._continued, None
        return continued

    def process(self, action: Action, frame: bytes, *, now: float | None = None) -> list[ServerStageOutput]:
        """Take one frame; `now` is a monotonic time in seconds, which network measurements need."""
        if not self._is_started:
            return self.start() + self._process(action, frame, now)
        return self._process(action, frame, now)

    def _process(self, action: Action, frame: bytes, now: float | None) -> list[ServerStageOutput]:
        outputs: list[ServerStageOutput] = []
        self.frames_received += 1
        if action is Action.FAST_PATH:
            self._read_input(FastPathInput.decode(frame).fp_input_events, outputs)
            return outputs
        try:
            pdu = open_frame(frame)
        except SessionClosed as exc:
            return [Terminate(exc, is_clean=True)]
        if isinstance(pdu, mcs.SendDataRequest):
            self._receive_data(pdu, outputs, now)
        elif isinstance(pdu, mcs.DisconnectProviderUltimatum):
            is_clean = pdu.reason != mcs.Reason.DOMAIN_DISCONNECTED
            outputs.append(Terminate(disconnect_reason(pdu.reason), is_clean))
        else:
            self.ignored.note(type(pdu).__name__)
        return outputs

    # What the client sends.

    def _receive_data(self, pdu: mcs.SendDataRequest, outputs: list[ServerStageOutput], now: float | None) -> None:
        channel_id, payload = pdu.channel_id, pdu.user_data
        if channel_id == self.accepted.io_channel_id:
            if is_security_header(payload):
                self.ignored.note("licensing PDU")
                return
            for share in decode_shares(payload):
                self._receive_share(share, outputs)
        elif channel_id in self._names:
            self._receive_channel(channel_id, payload, outputs)
        elif channel_id == self.accepted.message_channel_id:
            response = self._inbox.read_message(payload)
            if response is not None and not (self._meter.read(response, now) or self._read_bandwidth(response)):
                self.ignored.note("auto-detect response")
        else:
            self.ignored.note(f"data on channel {channel_id}")

    def _receive_channel(self, channel_id: int, chunk: bytes, outputs: list[ServerStageOutput]) -> None:
        name = self._names[channel_id]
        dechunker = self._dechunkers.get(channel_id)
        if dechunker is None:
            self.ignored.note(f"data on the failed channel {name}")
            return
        try:
            message = dechunker.feed(chunk)
        except RemoteProtocolError as exc:
            del self._dechunkers[channel_id]
            outputs.append(ChannelFailed(name, str(exc)))
            return
        if message is None:
            self._continued = continues(dechunker, chunk)
        else:
            outputs.append(ChannelData(name, message))

    def _receive_share(self, share: ShareControlHeader | ShareDataHeader, outputs: list[ServerStageOutput]) -> None:
        if isinstance(share, ShareControlHeader):
            if share.pdu_type == PduType.CONFIRM_ACTIVE and self._reactivation is not None:
                self._step_reactivation(share, outputs)
            else:
                self.ignored.note(f"share PDU {share.pdu_type.name}")
        elif share.compressed_type & _COMPRESSION:
            self.ignored.note("compressed share data PDU")  # there is no compressor in this direction
        elif share.pdu_type2 in OF_ACTIVATION and self._reactivation is not None:
            self._step_reactivation(share, outputs)
        else:
            self._receive_share_data(share.pdu_type2, share.payload, outputs)

    def _receive_share_data(self, kind: PduType2, payload: bytes, outputs: list[ServerStageOutput]) -> None:
        match kind:
            case PduType2.INPUT:
                events = InputEventData.decode(payload).slow_path_input_events
                self._read_input((one.event for one in events), outputs)
            case PduType2.REFRESH_RECT:
                rects = self._areas(RefreshRect.decode(payload))
                if rects:
                    outputs.append(RefreshRequested(rects))
            case PduType2.SUPPRESS_OUTPUT:
                outputs.append(OutputSuppressed(not SuppressOutput.decode(payload).allow_display_updates))
            case PduType2.FRAME_ACKNOWLEDGE:
                outputs.append(FrameAcknowledged(FrameAcknowledge.decode(payload).frame_id))
            case PduType2.SHUTDOWN_REQUEST:
                # "It MUST send the Shutdown Request Denied PDU if a logged-on user account is associated with the
                # session" (3.3.5.4.1).  mstsc then says goodbye by itself, where a lost connection would alarm its
                # user; xfreerdp 2 and rdesktop never ask.
                denied = ShutdownRequestDenied().encode()
                outputs.append(ResponseFrame(self._envelopes.share_data(PduType2.SHUTDOWN_DENIED, denied)))
                outputs.append(ShutdownRequested())
            case _:
                self.ignored.note(f"share data PDU {kind.name}")

    def _read_input(self, events: Iterable[InputEvent], outputs: list[ServerStageOutput]) -> None:
        unknown = self._reader.unknown
        found = self._reader.read(events)
        if found:
            outputs.append(InputReceived(tuple(found)))
        if self._reader.unknown > unknown:
            self.ignored.note("input event", self._reader.unknown - unknown)

    def _areas(self, refresh: RefreshRect) -> tuple[Rect, ...]:
        size = self.showing or self.desktop_size
        desktop = Rect(0, 0, size.width, size.height)
        areas = (
            Rect.from_edges(area.left, area.top, area.right + 1, area.bottom + 1).intersect(desktop)
            for area in refresh.areas_to_refresh
        )
        return tuple(area for area in areas if not area.is_empty)

    # Reactivation, [MS-RDPBCGR] 1.3.1.3.

    def deactivate(self, desktop_size: DesktopSize, *, monitors: tuple[Monitor, ...] = ()) -> bytes:
        """Close the share and open one of another size; `process` gives `Reactivated` once the client is there.

        Until then nothing may be painted.  Input and channels go on.  Raises `LocalProtocolError` for a size that
        cannot be, for a client that does not resize, and while a reactivation is under way.
        """
        self._require_active("deactivate")
        self._check_resize(desktop_size)
        offer = ShareOffer(
            self.accepted.settings,
            self.accepted.user_channel_id,
            desktop_size,
            self.activation.color_depth,
            monitors,
            remote_programs=self.capabilities.remote_programs is not None,
        )
        farewell = DeactivateAll(share_id=self._envelopes.share_id).encode()
        data = self._envelopes.share_control(PduType.DEACTIVATE_ALL, farewell)
        sequence = self._reactivation = ServerActivationSequence(
            self.accepted.config, offer, self._inbox, self._envelopes, Conversation(self._limits)
        )
        return data + _speak(sequence)

    def _step_reactivation(self, share: ShareControlHeader | ShareDataHeader, outputs: list[ServerStageOutput]) -> None:
        sequence = self._reactivation
        assert sequence is not None
        answer = sequence.step(self._client.wrap(self.accepted.io_channel_id, share.encode())) + _speak(sequence)
        if answer:
            outputs.append(ResponseFrame(answer))
        if sequence.state.is_terminal:
            self._reactivation = None
            self.activation = sequence.result
            self._deflater.reset()
            self._encoder = self._make_encoder()
            self.showing = None
            outputs.append(Reactivated(self.desktop_size, self.capabilities))

    def check_size(self, size: DesktopSize) -> None:
        """Raise `LocalProtocolError` for a size that no desktop can have."""
        limits = self._limits
        too_large = max(size.width, size.height) > limits.desktop_side
        if too_large or size.width * size.height > limits.desktop_pixels or min(size.width, size.height) < 1:
            raise LocalProtocolError(f"a desktop of {size.width}x{size.height} pixels")

    def _check_resize(self, size: DesktopSize) -> None:
        self.check_size(size)
        if size != self.desktop_size and not self.capabilities.desktop_resize:
            raise LocalProtocolError("the client does not resize its desktop")

    def _require_active(self, what: str) -> None:
        if not self.is_active:
            raise LocalProtocolError(f"{what} is not possible while a reactivation is under way")

    # What the server sends.

    def _make_encoder(self) -> UpdateEncoder:
        return UpdateEncoder(self._envelopes, self.capabilities, self.accepted.config.max_request_size, self._deflater)

    def encode_update(self, update: Update) -> list[bytes]:
        """Frames of an update, uncompressed.

        Raises `LocalProtocolError` while there is no share, and for one that is too large.
        """
        self._require_active("an update")
        return self._encoder.encode(update)

    def prepare_update(self, update: Update, *, is_dense: bool = False) -> Outgoing:
        """Frames of an update that are compressed, unless it `is_dense`, when they are committed; raises the same.

        What was prepared before a reactivation must not be committed any more.
        """
        self._require_active("an update")
        return self._encoder.prepare(update, is_dense=is_dense)

    def encode_channel(self, name: str, message: bytes) -> list[bytes]:
        """Frames of one message on a static channel, uncompressed.

        Raises `LocalProtocolError` for a channel that is not there.
        """
        channel_id, size = self._channel_id(name), self.capabilities.channel_chunk_size
        pieces = chunks(message, size, show_protocol=name in self._show_protocol)
        return [self._envelopes.wrap(channel_id, chunk) for chunk in pieces]

    def suspend_channels(self, suspend: bool) -> bytes:
        """Ask the client to send nothing more on static channels, or to go on ([MS-RDPBCGR] 2.2.6.1.1).

        Raises `LocalProtocolError` where there are no channels.
        """
        if not self._names:
            raise LocalProtocolError("there are no static channels between this client and this server")
        flags = ChannelFlags(ChannelFlags.SUSPEND if suspend else ChannelFlags.RESUME)
        return self._envelopes.wrap(next(iter(self._names)), ChannelHeader(length=0, flags=flags).encode())

    def channel_frames(self, name: str) -> ChannelFrames:
        """What makes the frames of a static channel when they are written, compressed where the client takes that.

        Raises as `encode_channel` does.  It is good until the next reactivation.
        """
        deflates = self.capabilities.takes_compressed_channels and self._deflater.kind is not None
        return ChannelFrames(
            self._envelopes,
            self._channel_id(name),
            self.capabilities.channel_chunk_size,
            show_protocol=name in self._show_protocol,
            deflate=self._deflater.deflate_chunk if deflates else None,
        )

    def _channel_id(self, name: str) -> int:
        channel_id = self.accepted.static_channels.get(name)
        if channel_id is None:
            raise LocalProtocolError(f"there is no channel {name!r} between this client and this server")
        return channel_id

    @property
    def compression(self) -> CompressionStatistics:
        """What was compressed, and to how much."""
        return self._deflater.statistics()

    def set_error_info(self, code: ErrorInfo) -> bytes:
        """Say why the connection is about to end; nothing for a client that does not want to know."""
        if ClientEarlyCapabilityFlags.SUPPORT_ERRINFO_PDU not in self.accepted.settings.client_flags:
            return b""
        return self._envelopes.share_data(PduType2.SET_ERROR_INFO, SetErrorInfo(error_info=code).encode())

    def disconnect(self, reason: mcs.Reason = mcs.Reason.PROVIDER_INITIATED) -> bytes:
        """The last message; `Reason.USER_REQUESTED` where the session's own user ended it."""
        return disconnect(reason)

    def save_session_info(self, info: LogonInfo | None = None) -> bytes:
        """Tell the client that its user has logged on, or what else `info` says."""
        return self._envelopes.share_data(
            PduType2.SAVE_SESSION_INFO, SaveSessionInfo(info_data=info or PlainNotify()).encode()
        )

    def logon_notification(self, domain: str, user_name: str) -> bytes:
        """Tell the client who has logged on, in the form that it can read."""
        info = LogonInfoVersion2 if self.capabilities.long_credentials else LogonInfoVersion1
        return self.save_session_info(info(domain=domain, user_name=user_name))

    def monitor_layout(self, monitors: Iterable[Monitor]) -> bytes:
        """Tell the client the session's monitors; nothing for a client that does not want to know."""
        if ClientEarlyCapabilityFlags.SUPPORT_MONITOR_LAYOUT_PDU not in self.accepted.settings.client_flags:
            return b""
        return encode_monitor_layout(self._envelopes, monitors)

    @property
    def can_measure_rtt(self) -> bool:
        """Whether the client answers `measure_rtt`."""
        return self._has_message_channel(ClientEarlyCapabilityFlags.SUPPORT_NETCHAR_AUTODETECT)

    @property
    def can_heartbeat(self) -> bool:
        """Whether the client listens for `heartbeat`."""
        return self._has_message_channel(ClientEarlyCapabilityFlags.SUPPORT_HEARTBEAT_PDU)

    def measure_rtt(self, now: float) -> bytes:
        """Ask for an answer by which `network` is kept up to date; `now` is a monotonic time in seconds.

        Raises `LocalProtocolError` for a client that does not answer.
        """
        if not self.can_measure_rtt:
            raise LocalProtocolError("the client does not measure round trips")
        return self._send_message(SecurityFlags.AUTODETECT_REQ, self._meter.ask(now).encode())

    def measure_bandwidth(self, now: float) -> tuple[bytes, bytes] | None:
        """Give what to send before and behind a picture, so that the client measures how fast it comes.

        None for a client that does not, and while an answer may still come.  `network` has the result.
        """
        marks = self._bandwidth.ask(now) if self.can_measure_rtt else None
        if marks is None:
            return None
        start, stop = (self._send_message(SecurityFlags.AUTODETECT_REQ, mark.encode()) for mark in marks)
        return start, stop

    def tell_network(self) -> bytes:
        """Tell the client what was measured of the line; nothing where nothing was, and to one that does not ask."""
        told = self.network.told(0) if self.can_measure_rtt else None
        return b"" if told is None else self._send_message(SecurityFlags.AUTODETECT_REQ, told.encode())

    def _read_bandwidth(self, data: bytes) -> bool:
        results = decode_response(data)
        if not isinstance(results, BandwidthMeasureResults) or not self._bandwidth.is_answered_by(results):
            return False
        found = kilobits_per_second(results)
        if found is not None:
            self._meter.characteristics = replace(self._meter.characteristics, bandwidth=found)
        return True

    def heartbeat(self, period: int, *, warn_after: int = 3, reconnect_after: int = 3) -> bytes:
        """Tell the client that the server lives and that it will do so every `period` seconds.

        After `warn_after` missed ones the client warns its user, after `reconnect_after` more it reconnects.  Raises
        `LocalProtocolError` for a client that does not listen.
        """
        if not self.can_heartbeat:
            raise LocalProtocolError("the client does not listen for heartbeats")
        beat = Heartbeat(period=period, count1=warn_after, count2=reconnect_after)
        return self._send_message(SecurityFlags.HEARTBEAT, beat.encode())

    def _has_message_channel(self, flag: int) -> bool:
        return self.accepted.message_channel_id is not None and flag in self.accepted.settings.client_flags

    def _send_message(self, flags: SecurityFlags, body: bytes) -> bytes:
        channel_id = self.accepted.message_channel_id
        assert channel_id is not None
        return self._envelopes.secured(channel_id, flags, body)


def _speak(sequence: ServerActivationSequence) -> bytes:
    """All that a sequence has to say before it is the client's turn."""
    data = b""
    while not sequence.state.is_terminal and sequence.next_pdu_hint is None:
        data += sequence.step()
    return data
