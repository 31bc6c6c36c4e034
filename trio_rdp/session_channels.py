"""`SessionChannels`: all channels of one session, and where what comes on them goes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from trio_rdp.channel import StaticChannel
from trio_rdp.channels.dynamic.messages import DRDYNVC_CHANNEL_NAME
from trio_rdp.dynamic_channels import DynamicChannels
from trio_rdp.faces.channel_face import ChannelFace
from trio_rdp.inflow import ChannelStatistics, Inflow
from trio_rdp.level import Ending
from trio_rdp.pdu.gcc_client import ChannelDefinition
from trio_rdp.protocol.channel_buffer import ChannelBuffer
from trio_rdp.protocol.channel_frames import ChannelFrames
from trio_rdp.protocol.limits import Limits
from trio_rdp.protocol.static_channels import share_of
from trio_rdp.protocol.stretch import Sink, Stretch
from trio_rdp.wire.errors import SessionClosed
from trio_rdp.writer import Writer

__all__ = ["SessionChannels"]

_log = logging.getLogger(__name__)


class SessionChannels:
    """The static channels by name, the dynamic ones inside one of them, and the faces that work on either."""

    def __init__(self, writer: Writer, limits: Limits, ending: Ending) -> None:
        self.dynamic: DynamicChannels | None = None
        self.faces: list[ChannelFace] = []
        self._writer = writer
        self._limits = limits
        self._ending = ending
        self._static: dict[str, StaticChannel] = {}
        self._crowded: Inflow | None = None
        self._last = b""  # the last message with a PDU of dynamic channels

    def add_static(
        self, definitions: Iterable[ChannelDefinition], joined: Iterable[str], frames: Callable[[str], ChannelFrames]
    ) -> None:
        """Make the static channels that were joined, but for the one that dynamic channels travel in."""
        options = {one.name: one.options for one in definitions}
        for name in joined:
            if name.lower() != DRDYNVC_CHANNEL_NAME:
                lane = self._writer.channel(name)
                lane.share = share_of(options[name])
                buffer = ChannelBuffer(self._limits.channel_messages, self._limits.channel_bytes)
                self._static[name] = StaticChannel(Inflow(name, buffer, self._ending), lane, frames)

    def find(self, name: str) -> StaticChannel | None:
        """A static channel by its name, which knows no case."""
        found = self._static.get(name)
        if found is None:
            found = next((one for own, one in self._static.items() if own.lower() == name.lower()), None)
        return found

    def deliver(self, name: str, message: bytes) -> None:
        """Take a message that came on a static channel."""
        channel = self._static.get(name)
        if channel is not None:
            channel.deliver(message)
            if channel.inflow.is_crowded:
                self._crowded = channel.inflow
        elif self.dynamic is not None:
            self.dynamic.receive(message)
            self._last = message
            self._crowded = self.dynamic.take_crowded() or self._crowded

    def find_stretch(self, frame: bytes, continued: tuple[Sink, int] | None) -> Stretch | None:
        """What frames like this one can be taken with, if it was a block from within a message.

        `continued` is what the stage says of static channels.
        """
        message, self._last = self._last, b""
        if continued is None and message and self.dynamic is not None and frame.endswith(message):
            continued = self.dynamic.take_continued()
        return None if continued is None else Stretch(frame, continued[1], continued[0])

    def take_crowded(self) -> Inflow | None:
        """A channel whose reader should have a turn before more is read."""
        crowded, self._crowded = self._crowded, None
        return crowded

    def fail(self, name: str, reason: str) -> None:
        """Give a static channel up, or all dynamic ones, because what came on it makes no sense."""
        channel = self._static.get(name)
        if channel is not None:
            _log.warning("channel %s is given up: %s", name, reason)
            channel.fail(reason)
        elif self.dynamic is not None:
            self.dynamic.fail(reason)

    def wake(self) -> None:
        """Let everybody look at how the session ended."""
        for channel in self._static.values():
            channel.inflow.wake()
        if self.dynamic is not None:
            self.dynamic.wake()
        for face in self.faces:
            face.session_ended(self._ending.error or SessionClosed("the session was left"))

    def statistics(self) -> tuple[ChannelStatistics, ...]:
        """What waits in each channel, and what went through."""
        dynamic = () if self.dynamic is None else self.dynamic.statistics()
        return (*(channel.statistics() for channel in self._static.values()), *dynamic)
