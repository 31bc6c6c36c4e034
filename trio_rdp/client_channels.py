"""`ClientChannels`: the channels of a client's session, those of its user and the built-in ones.

A built-in channel is a `ChannelFace`, made before the session runs: `_use` gives it a static channel, and `_answer` the
dynamic ones of a name.  What the configuration does not ask for is a face without a channel, which says so when used.
"""

from __future__ import annotations

from functools import partial

from trio_rdp.advanced_mouse import AdvancedMouse
from trio_rdp.channel import StaticChannel
from trio_rdp.channels.ainput import AINPUT_CHANNEL_NAME
from trio_rdp.channels.audin import CHANNEL_NAME as AUDIN_CHANNEL_NAME
from trio_rdp.channels.cliprdr import CLIPRDR_CHANNEL_NAME
from trio_rdp.channels.disp import DISP_CHANNEL_NAME
from trio_rdp.channels.dynamic.messages import DRDYNVC_CHANNEL_NAME
from trio_rdp.channels.echo import ECHO_CHANNEL_NAME
from trio_rdp.channels.rail import CHANNEL_NAME as RAIL_CHANNEL_NAME
from trio_rdp.channels.rdpdr import CHANNEL_NAME as RDPDR_CHANNEL_NAME
from trio_rdp.channels.rdpei import CHANNEL_NAME as RDPEI_CHANNEL_NAME
from trio_rdp.channels.rdpsnd import CHANNEL_NAME as RDPSND_CHANNEL_NAME
from trio_rdp.channels.rdpsnd import DYNAMIC_CHANNEL_NAME as RDPSND_DYNAMIC_CHANNEL_NAME
from trio_rdp.channels.rdpsnd import LOSSY_DYNAMIC_CHANNEL_NAME
from trio_rdp.dynamic_channel import DynamicChannelListener
from trio_rdp.dynamic_channels import ClientDynamicChannels
from trio_rdp.faces.audio.microphone import Microphone
from trio_rdp.faces.audio.playback import AudioPlayback
from trio_rdp.faces.channel_face import ChannelFace
from trio_rdp.faces.clipboard.clipboard import Clipboard
from trio_rdp.faces.devices.devices import Devices
from trio_rdp.faces.display_control import DisplayControl
from trio_rdp.faces.echo import EchoReplier
from trio_rdp.faces.remote_apps.apps import RemoteApps
from trio_rdp.faces.touch.touch import Touch
from trio_rdp.framed import Framed
from trio_rdp.protocol.active_stage import ActiveStage
from trio_rdp.protocol.channel_buffer import ChannelBuffer
from trio_rdp.protocol.channel_frames import ChannelFrames
from trio_rdp.protocol.client_connector import ConnectionResult
from trio_rdp.protocol.static_channels import channel_definitions
from trio_rdp.session import Supervised
from trio_rdp.wire.errors import ChannelClosed, LocalProtocolError, SessionClosed

__all__ = ["ClientChannels"]


class ClientChannels(Supervised):
    """What a client's session does with channels."""

    def __init__(self, framed: Framed, result: ConnectionResult) -> None:
        config = result.config
        super().__init__(framed, config.limits)
        self._stage = ActiveStage(result, acknowledge_frames=False)
        self._channels.add_static(channel_definitions(config), result.static_channels, self._stage.channel_frames)
        names = {name.lower(): name for name in result.static_channels}
        self._dynamic_name = names.get(DRDYNVC_CHANNEL_NAME)
        self._dynamics = self._channels.dynamic = ClientDynamicChannels(
            self._writer,
            self._dynamic_frames,
            config.limits,
            self._ending,
            is_there=self._dynamic_name is not None,
            pending_bytes=self._stage.pending_bytes,
            ignored=self._stage.ignored.note,
        )
        self.echo: EchoReplier = EchoReplier(config.limits)
        """Answers the server's echoes, and counts them."""
        self._answer(self.echo, ECHO_CHANNEL_NAME)
        self.display_control: DisplayControl = DisplayControl(config.limits)
        """Asks the server for other monitors; `resize` follows that through."""
        self._answer(self.display_control, DISP_CHANNEL_NAME)
        self.touch: Touch = Touch(config.limits)
        """Fingers and pens; needs `enable_touch`."""
        self._answer(self.touch, RDPEI_CHANNEL_NAME, wanted=config.enable_touch)
        self.advanced_mouse: AdvancedMouse = AdvancedMouse(config.limits)
        """The mouse on a channel of its own; needs `enable_advanced_mouse`, and then `mouse` uses it."""
        self._answer(self.advanced_mouse, AINPUT_CHANNEL_NAME, wanted=config.enable_advanced_mouse)
        self.clipboard: Clipboard = Clipboard(config.limits, is_server=False)
        """What is shared with the server by copying and pasting; needs `enable_clipboard`."""
        if config.enable_clipboard:
            self._use(self.clipboard, CLIPRDR_CHANNEL_NAME, self.clipboard.buffer)
        else:
            self.clipboard.unavailable("enable_clipboard asks for it")
        self.audio: AudioPlayback = AudioPlayback(
            config.limits, accept=config.audio_formats, quality=config.audio_quality
        )
        """The server's sound; needs `enable_audio_playback`."""
        self._hear(self.audio, is_wanted=config.enable_audio_playback)
        self.microphone: Microphone = Microphone(config.limits)
        """What the server may record; needs `enable_audio_capture`."""
        self._answer(self.microphone, AUDIN_CHANNEL_NAME, wanted=config.enable_audio_capture)
        self.devices: Devices = Devices(config.limits, client_name=config.client_name)
        """What is lent to the server: drives, printers and smart cards; needs `enable_devices`."""
        if config.enable_devices:
            self._use(self.devices, RDPDR_CHANNEL_NAME, self.devices.buffer)
        else:
            self.devices.unavailable("enable_devices asks for it")
        activation = result.activation
        self.remote_apps: RemoteApps = RemoteApps(config.limits, activation.remote_programs, activation.desktop_size)
        """The programs that the server shows one by one; needs `enable_remote_apps`."""
        if not config.enable_remote_apps:
            self.remote_apps.unavailable("enable_remote_apps asks for it")
        elif activation.remote_programs is None:
            self.remote_apps.unavailable("the server shows no single programs")
        else:
            self._use(self.remote_apps, RAIL_CHANNEL_NAME)

    # For users.

    def channel(self, name: str, *, buffer: ChannelBuffer | None = None) -> StaticChannel:
        """A static channel by its name; `buffer` replaces what waits for its reader at most, and what then.

        Raises `LocalProtocolError` when it was not asked for, or refused.
        """
        channel = self._channels.find(name)
        if channel is None:
            raise LocalProtocolError(f"there is no static channel {name!r}; static_channels asks for them")
        if buffer is not None:
            channel.inflow.buffer = buffer
        return channel

    def listen(
        self, name: str, *, buffer: ChannelBuffer | None = None, compress: bool = False
    ) -> DynamicChannelListener:
        """Accept dynamic channels of a name, which the server opens at any time, until the listener is closed.

        `buffer` bounds what waits in each of them for its reader.  With `compress` what is sent is compressed, where
        the server reads that.  Raises `LocalProtocolError` when somebody listens to the name, or there are no dynamic
        channels, and `SessionClosed` at the end.
        """
        return self._dynamics.listen(name, buffer, compress)

    # For the built-in channels.

    def _hear(self, audio: AudioPlayback, *, is_wanted: bool) -> None:
        """Let the server play over the static channel, or over the dynamic ones that it opens for that."""
        if not is_wanted:
            self._channels.faces.append(audio)
            audio.unavailable("enable_audio_playback asks for it")
            return
        if self._channels.find(RDPSND_CHANNEL_NAME) is not None or self._dynamics.failure is not None:
            self._use(audio, RDPSND_CHANNEL_NAME)
        if self._dynamics.failure is None:
            self._answer(audio, RDPSND_DYNAMIC_CHANNEL_NAME)
            self._answer(audio, LOSSY_DYNAMIC_CHANNEL_NAME)

    def _dynamic_frames(self) -> ChannelFrames:
        assert self._dynamic_name is not None
        return self._stage.channel_frames(self._dynamic_name)

    def _answer(
        self, face: ChannelFace, name: str, buffer: ChannelBuffer | None = None, *, wanted: bool = True
    ) -> None:
        """Let a face work on the dynamic channels of a name, one after the other."""
        self._channels.faces.append(face)
        if not wanted:
            face.unavailable("it was not asked for")
        elif self._dynamics.failure is not None:
            face.unavailable(self._dynamics.failure)
        else:
            self._spawn(partial(self._serve_face, face, self._dynamics.listen(name, buffer, compress=False)))

    async def _serve_face(self, face: ChannelFace, listener: DynamicChannelListener) -> None:
        while True:
            try:
                channel = await listener.accept()
            except ChannelClosed as exc:
                face.unavailable(exc.reason)
                return
            except SessionClosed:
                return  # the face hears of it from the session
            await face.run(channel)
