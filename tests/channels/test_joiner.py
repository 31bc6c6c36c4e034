"""`Joiner`: what both kinds of channels do with a message's pieces; each kind tests what it makes of it."""

from __future__ import annotations

import pytest

from trio_rdp.channels.joiner import Joiner
from trio_rdp.channels.pending import PendingBytes
from trio_rdp.wire.errors import RemoteProtocolError


def test_pieces_become_a_message() -> None:
    pending_bytes = PendingBytes(100)
    joiner = Joiner(pending_bytes=pending_bytes)
    assert (joiner.pending, joiner.room) == (0, 0)
    joiner._begin(10)
    assert joiner._add(b"abc", False) is None
    assert (joiner.pending, joiner.room, pending_bytes.held) == (3, 6, 3)
    assert joiner.extend(memoryview(b"defg"))
    assert not joiner.extend(b"hij")
    assert joiner._add(b"hij", True) == b"abcdefghij"
    assert (joiner.pending, joiner.room, pending_bytes.held) == (0, 0, 0)


def test_another_message_begins() -> None:
    pending_bytes = PendingBytes(100)
    joiner = Joiner(pending_bytes=pending_bytes)
    joiner._begin(10)
    joiner._add(b"abc", False)
    joiner._begin(4)
    assert (joiner.pending, pending_bytes.held) == (0, 0)
    assert joiner._add(b"abcd", True) == b"abcd"


def test_what_channels_share_is_a_limit() -> None:
    pending_bytes = PendingBytes(5)
    joiner = Joiner(pending_bytes=pending_bytes)
    joiner._begin(10)
    joiner._add(b"abc", False)
    assert joiner.room == 2
    assert not joiner.extend(b"def")
    with pytest.raises(RemoteProtocolError, match="exceed 5 bytes"):
        joiner._add(b"def", False)
    assert (joiner.pending, pending_bytes.held) == (0, 0)
