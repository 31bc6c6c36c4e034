"""`MessageChannel`: both kinds of channels keep to Trio's interface."""

from __future__ import annotations

import trio

from trio_rdp.channel import StaticChannel
from trio_rdp.faces.message_channel import MessageChannel


def test_a_channel_is_trios() -> None:
    assert issubclass(MessageChannel, trio.abc.Channel)
    assert issubclass(StaticChannel, MessageChannel)
