"""`ChannelBuffer`: how much waits in a channel for its reader, and what happens when that is full."""

from __future__ import annotations

import enum
from dataclasses import dataclass

__all__ = ["ChannelBuffer", "WhenFull"]


class WhenFull(enum.Enum):
    """What becomes of a message that finds no room in a channel's buffer."""

    FAIL = "fail"
    """The channel is closed with a reason, so that one forgotten reader never holds up a session: the default."""
    DROP_OLDEST = "drop_oldest"
    """The messages that wait longest are dropped, and counted: for what is live."""
    WAIT = "wait"
    """Reading stops until there is room: the whole connection waits, pictures and input too, at most `Limits.stall`."""


@dataclass(frozen=True, slots=True)
class ChannelBuffer:
    """How many messages, and bytes of them, wait for a channel's reader; a single larger one is let in when none waits.

    `Limits.channel_messages` and `Limits.channel_bytes` are the defaults.
    """

    messages: int
    bytes: int
    when_full: WhenFull = WhenFull.FAIL
