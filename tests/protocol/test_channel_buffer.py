"""`ChannelBuffer`: what it says; what becomes of messages is tested with `Inflow`."""

from __future__ import annotations

import dataclasses

import pytest

from trio_rdp.protocol.channel_buffer import ChannelBuffer, WhenFull


def test_a_full_buffer_fails_its_channel_unless_told_otherwise() -> None:
    buffer = ChannelBuffer(messages=3, bytes=100)
    assert buffer.when_full is WhenFull.FAIL
    with pytest.raises(dataclasses.FrozenInstanceError):
        buffer.messages = 4  # type: ignore[misc]
