"""`ServerChannels`: the channels of a server's session, those of its handler and the built-in ones.

A built-in channel is a `ChannelFace`, made when it is first asked for: `_use` gives it a static channel, and `_open`
has the client open a dynamic one.  Nothing is said to a client on channels that its handler does not use.
"""

from __future__ import annotations

import math
from functools import partial

from trio_rdp.admission import Admitted
from trio_rdp.advanced_mouse import AdvancedMouseHost
from trio_rdp.channel import StaticChannel
from trio_rdp.channels.ainput import AINPUT_CHANNEL_NAME
from trio_rdp.channels.audin import CHANNEL_NAME as AUDIN_CHANNEL_NAME
from trio_rdp.channels.cliprdr import CLIPRDR_CHANNEL_NAME
from trio_rdp.channels.disp import DISP_CHANNEL_NAME
from trio_rdp.channels.dynamic.messages import DRDYNVC_CHANNEL_NAME
from trio_rdp.channels.echo import ECHO_CHANNEL_NAME
from trio_rdp.channels.rdpdr import CHANNEL_NAME as RDPDR_CHANNEL_NAME
from trio_rdp.channels.rdpei import CHANNEL_NAME as RDPEI_CHANNEL_NAME
from trio_rdp.channels.rdpgfx.capabilities import CapabilityVersion as GraphicsVersion
from trio_rdp.channels.rdpgfx.events import Confirmed
from trio_rdp.channels.rdpgfx.server import GraphicsServer
from trio_rdp.channels.rdpsnd import CHANNEL_NAME as RDPSND_CHANNEL_NAME
from trio_rdp.channels.rdpsnd import DYNAMIC_CHANNEL_NAME as RDPSND_DYNAMIC_CHANNEL_NAME
from trio_rdp.display import Display
from trio_rdp.dynamic_channel import DynamicChannel
from trio_rdp.dynamic_channels import ServerDynamicChannels
from trio_rdp.encoding import load_h264
from trio_rdp.faces.audio.input import AudioInput
from trio_rdp.faces.audio.output import AudioOutput
from trio_rdp.faces.channel_face import ChannelFace
from trio_rdp.faces.clipboard.clipboard import Clipboard
from trio_rdp.faces.display_control import DisplayControlHost, LayoutHandler
from trio_rdp.faces.echo import Echo
from trio_rdp.faces.graphics_host import GRAPHICS_CHANNEL_NAME, GraphicsHost
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.faces.remote_devices.devices import RemoteDevices
from trio_rdp.faces.touch.stream import TouchStream
from trio_rdp.graphics_sender import PipelineLink
from trio_rdp.input_stream import InputStream
from trio_rdp.pdu.gcc_client import ClientEarlyCapabilityFlags
from trio_rdp.protocol.channel_buffer import ChannelBuffer
from trio_rdp.protocol.channel_frames import ChannelFrames
from trio_rdp.protocol.config import Monitor
from trio_rdp.protocol.input_events import MonitorLayoutChanged
from trio_rdp.protocol.server_capabilities import allowed_desktop_size
from trio_rdp.protocol.server_graphics import pipeline_codecs
from trio_rdp.protocol.server_stage import ServerStage
from trio_rdp.session import Supervised
from trio_rdp.wire.errors import ChannelClosed, LocalProtocolError, RequestRefused, SessionClosed

__all__ = ["ServerChannels"]

_MEASURE_PERIOD = 1.0  # seconds between two measurements of the line while pictures go over it


class ServerChannels(Supervised):
    """What a server's session does with channels."""

    display: Display
    input: InputStream

    def __init__(self, admitted: Admitted) -> None:
        accepted = admitted.connection
        limits = accepted.config.limits
        super().__init__(admitted.framed, limits)
        self._stage = ServerStage(accepted)
        self._channels.add_static(
            accepted.settings.client.channels, accepted.static_channels, self._stage.channel_frames
        )
        names = {name.lower(): name for name in accepted.static_channels}
        self._dynamic_name = names.get(DRDYNVC_CHANNEL_NAME)
        self._dynamics = self._channels.dynamic = ServerDynamicChannels(
            self._writer,
            self._dynamic_frames,
            limits,
            self._ending,
            is_there=self._dynamic_name is not None,
            pending_bytes=self._stage.pending_bytes,
            ignored=self._stage.ignored.note,
        )
        self._config = accepted.config
        self._measured = -math.inf
        self._echo: Echo | None = None
        self._display_control: DisplayControlHost | None = None
        self._touch: TouchStream | None = None
        self._advanced_mouse: AdvancedMouseHost | None = None
        self._clipboard: Clipboard | None = None
        self._devices: RemoteDevices | None = None
        self._audio: AudioOutput | None = None
        self._microphone: AudioInput | None = None

    # For users.

    def channel(self, name: str, *, buffer: ChannelBuffer | None = None) -> StaticChannel:
        """A static channel by its name; `buffer` replaces what waits for its reader at most, and what then.

        Raises `LocalProtocolError` when one side did not ask for it.
        """
        channel = self._channels.find(name)
        if channel is None:
            raise LocalProtocolError(f"there is no static channel {name!r}; both sides have to name it")
        if buffer is not None:
            channel.inflow.buffer = buffer
        return channel

    async def open_channel(
        self, name: str, *, priority: int = 0, buffer: ChannelBuffer | None = None, compress: bool = False
    ) -> DynamicChannel:
        """Open a dynamic channel, of which there may be many with one name, when the client has said that it can.

        `priority` is its class: 0, the first, to 3.  `buffer` bounds what waits for its reader.  With `compress` what
        is sent is compressed, where the client reads that.  Raises `RequestRefused` where nobody at the client listens
        to the name, `LocalProtocolError` where it takes no dynamic channels, and `SessionClosed`.  Cancelling takes it
        back.
        """
        return await self._dynamics.open(name, priority, buffer, compress)

    def suspend_channels(self, suspend: bool = True) -> None:
        """Ask the client to send nothing on its channels, the dynamic ones too, or to go on; input is no channel.

        Raises `LocalProtocolError` where there are no channels, and `SessionClosed`.
        """
        self._writer.send_control(self._stage.suspend_channels(suspend))

    @property
    def echo(self) -> Echo:
        """Measures round trips through the client."""
        if self._echo is None:
            self._echo = Echo(self._limits)
            self._open(self._echo, ECHO_CHANNEL_NAME)
        return self._echo

    @property
    def clipboard(self) -> Clipboard:
        """What is shared with the client by copying and pasting."""
        if self._clipboard is None:
            self._clipboard = Clipboard(self._limits, is_server=True)
            self._use(self._clipboard, CLIPRDR_CHANNEL_NAME, self._clipboard.buffer)
        return self._clipboard

    @property
    def devices(self) -> RemoteDevices:
        """What the client redirects: its drives as file systems, its printers, smart cards and ports."""
        if self._devices is None:
            self._devices = RemoteDevices(self._limits)
            self._use(self._devices, RDPDR_CHANNEL_NAME, self._devices.buffer)
        return self._devices

    @property
    def audio(self) -> AudioOutput:
        """What the client plays: one stream of sound at a time."""
        if self._audio is None:
            self._audio = AudioOutput(self._limits, formats=self._config.audio_formats)
            if self._channels.find(RDPSND_CHANNEL_NAME) is not None:
                self._use(self._audio, RDPSND_CHANNEL_NAME)
            else:
                self._open(self._audio, RDPSND_DYNAMIC_CHANNEL_NAME)
        return self._audio

    @property
    def microphone(self) -> AudioInput:
        """What the client's microphone hears; the client is asked for it with each recording."""
        if self._microphone is None:
            face = AudioInput(self._limits, lambda: self._reopen(face), formats=self._config.audio_formats)
            self._microphone = face
            self._channels.faces.append(face)
            if self._ending.is_over:
                face.session_ended(self._ending.error or SessionClosed("the session was left"))
        return self._microphone

    def accept_layouts(self, on_layout: LayoutHandler | None = None) -> DisplayControlHost:
        """Let the client ask for other monitors, or another size of its window, from now on.

        `on_layout` gets each layout, and may `display.resize`.  Without it the display takes the layout's size, as far
        as the configuration allows it, and then `input` gets a `MonitorLayoutChanged`.  `monitors` tells of the latest
        in any case.  Raises `LocalProtocolError` when it was called before.
        """
        if self._display_control is not None:
            raise LocalProtocolError("layouts are accepted already")
        host = DisplayControlHost(self._limits, on_layout or self._follow_layout)
        self._display_control = host
        self._open(host, DISP_CHANNEL_NAME)
        return host

    @property
    def touch(self) -> TouchStream:
        """What the client's fingers and pens do."""
        if self._touch is None:
            self._touch = TouchStream(self._limits)
            self._open(self._touch, RDPEI_CHANNEL_NAME)
        return self._touch

    @property
    def advanced_mouse(self) -> AdvancedMouseHost:
        """Lets FreeRDP's clients use a channel of its own for the mouse; `input` gets the same events as ever."""
        if self._advanced_mouse is None:
            self._advanced_mouse = AdvancedMouseHost(self._limits, self.input.deliver)
            self._open(self._advanced_mouse, AINPUT_CHANNEL_NAME)
        return self._advanced_mouse

    # The graphics pipeline, which needs no handler to ask for it.

    def _open_graphics(self) -> None:
        """Have a client that knows the graphics pipeline open it, where the configuration allows it."""
        flag = ClientEarlyCapabilityFlags.SUPPORT_DYNVC_GFX_PROTOCOL
        can = flag in self._stage.accepted.settings.client_flags and self._dynamic_name is not None
        if not (can and self._config.enable_graphics_pipeline and self._stage.activation.color_depth == 32):
            return
        if not pipeline_codecs(self._config.codecs, None):
            return
        if self._stage.capabilities.remote_programs is not None:
            return  # in a program's window xfreerdp 3.15 shows surfaces of that window only, and none of the desktop
        display = self.display
        host = GraphicsHost(self._limits, self._graphics_confirmed, display.pipeline_said, display.pipeline_closed)
        display.expect_pipeline()
        self._open(host, GRAPHICS_CHANNEL_NAME)

    def _graphics_confirmed(
        self, channel: MessageChannel, machine: GraphicsServer, confirmed: Confirmed, opening: bytes
    ) -> None:
        assert isinstance(channel, DynamicChannel)
        link = PipelineLink(
            version=confirmed.version,
            opening=opening,
            codecs=pipeline_codecs(self._config.codecs, confirmed),
            takes_h264=confirmed.takes_avc420,
            mixes_avc=confirmed.mixes_avc,
            takes_avc444v2=confirmed.takes_avc444v2,
            # IronRDP's client (2026), which knows 8 and 8.1, has one for all.
            one_decoder=confirmed.version < GraphicsVersion.VERSION_10,
            cache_bytes=confirmed.cache_bytes,
            cache_slots=confirmed.cache_slots,
            encode=partial(machine.encode, epoch=machine.epoch),
            items=channel.items,
            measure=self._measure_line,
        )
        if any(codec.is_h264 for codec in link.codecs):
            self._spawn(load_h264)
        round_trip, bandwidth = self._line()
        self.display.pipeline_opened(link, round_trip=round_trip, bandwidth=bandwidth)

    def _measure_line(self, now: float) -> tuple[bytes, bytes] | None:
        """Measure the line while pictures go over it: the round trip at once, the bandwidth with the next picture."""
        if not self._stage.can_measure_rtt or now < self._measured + _MEASURE_PERIOD:
            return None
        self._measured = now
        self._writer.send_control(self._stage.measure_rtt(now))
        return self._stage.measure_bandwidth(now)

    def _line(self) -> tuple[float | None, float | None]:
        """The round trip in seconds, and the bandwidth in bytes a second, as far as they are known."""
        known = self._stage.network
        return (
            None if known.base_rtt is None else known.base_rtt / 1000,
            None if known.bandwidth is None else known.bandwidth * 125,
        )

    # For the built-in channels.

    async def _follow_layout(self, monitors: tuple[Monitor, ...]) -> None:
        width = max(one.left + one.width for one in monitors) - min(one.left for one in monitors)
        height = max(one.top + one.height for one in monitors) - min(one.top for one in monitors)
        size = allowed_desktop_size(self._config, width, height)
        await self.display.resize(size.width, size.height)
        self.input.deliver(MonitorLayoutChanged(monitors))

    def _dynamic_frames(self) -> ChannelFrames:
        assert self._dynamic_name is not None
        return self._stage.channel_frames(self._dynamic_name)

    def _open(self, face: ChannelFace, name: str, buffer: ChannelBuffer | None = None, *, priority: int = 0) -> None:
        """Have the client open a channel for a face to work on."""
        self._channels.faces.append(face)
        if self._ending.is_over:
            face.session_ended(self._ending.error or SessionClosed("the session was left"))
        else:
            self._spawn(partial(self._open_and_run, face, name, buffer, priority))

    def _reopen(self, face: ChannelFace) -> None:
        """Have the client open a microphone's channel, which there is one of for each recording."""
        self._spawn(partial(self._open_and_run, face, AUDIN_CHANNEL_NAME, None, 0))

    async def _open_and_run(self, face: ChannelFace, name: str, buffer: ChannelBuffer | None, priority: int) -> None:
        try:
            channel = await self._dynamics.open(name, priority, buffer, compress=False)
        except (RequestRefused, LocalProtocolError, ChannelClosed) as exc:
            face.unavailable(str(exc))
        else:
            await face.run(channel)
