"""`GraphicsHost`: a server's ear on the graphics pipeline's channel; what it sends there is the display's business."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from trio_rdp.channels.rdpgfx.events import Confirmed, Reply
from trio_rdp.channels.rdpgfx.server import GraphicsServer, GraphicsServerEvent
from trio_rdp.faces.channel_face import ChannelFace
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.protocol.limits import Limits

__all__ = ["GRAPHICS_CHANNEL_NAME", "ConfirmedHandler", "GraphicsHost"]

GRAPHICS_CHANNEL_NAME = "Microsoft::Windows::RDS::Graphics"

ConfirmedHandler: TypeAlias = Callable[[MessageChannel, GraphicsServer, Confirmed, bytes], None]
"""Gets the channel, the machine that makes its messages, what was agreed, and the message that says so."""


class GraphicsHost(ChannelFace):
    """Tells of what the client says, as it comes ([MS-RDPEGFX] 3.2.5); none of the functions may wait.

    `on_confirmed` gets the message that is to be sent before all others; it is called again when the client begins
    anew, for which nothing holds of what was sent before.  `on_event` gets the rest: acknowledgements and offers of
    bitmaps.  `on_closed` is called when there is no channel any more, or will be none; a client that breaks a rule, or
    goes beyond one of the `limits`, has it closed.
    """

    def __init__(
        self,
        limits: Limits,
        on_confirmed: ConfirmedHandler,
        on_event: Callable[[GraphicsServerEvent], None],
        on_closed: Callable[[], None],
    ) -> None:
        super().__init__(GRAPHICS_CHANNEL_NAME)
        self._limits = limits
        self._on_confirmed = on_confirmed
        self._on_event = on_event
        self._on_closed = on_closed

    async def _work(self, channel: MessageChannel) -> None:
        machine = GraphicsServer(
            max_frames=self._limits.pipeline_unacknowledged,
            max_strays=self._limits.pipeline_strays,
            max_messages=self._limits.pipeline_answers,
            max_offers=self._limits.pipeline_offers,
            max_resets=self._limits.pipeline_resets,
        )
        opening = b""
        while True:
            for event in machine.receive(await channel.receive()):
                match event:
                    case Reply(message=message):
                        opening = message
                    case Confirmed():
                        self._on_confirmed(channel, machine, event, opening)
                    case _:
                        self._on_event(event)

    def _ended(self) -> None:
        self._on_closed()
