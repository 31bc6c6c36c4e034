"""What sound flows through: chunks, the queue that drops, the pace and the outbox."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import trio
import trio.testing

from trio_rdp.codecs.audio import PcmFormat
from trio_rdp.faces.audio.flow import AudioChunk, Outbox, Pace, SoundQueue
from trio_rdp.testing import channel_pair

PHONE = PcmFormat(8000, 1)


def chunk(seconds: float = 0.1, number: int = 0) -> AudioChunk:
    return AudioChunk(bytes(2 * round(8000 * seconds)), PHONE, number)


def test_chunks() -> None:
    piece = AudioChunk(b"\1\0\2\0\xff\xff\0\x80", PcmFormat(44_100, 2), 5)
    samples = piece.samples()
    assert samples.tolist() == [[1, 2], [-1, -32768]]
    assert samples.dtype == np.int16
    assert not samples.flags.writeable
    assert chunk(0.25).seconds == pytest.approx(0.25)
    with pytest.raises(dataclasses.FrozenInstanceError):
        piece.timestamp = 1  # type: ignore[misc]


def test_nobody_listens() -> None:
    queue = SoundQueue(1.0)
    done: list[int] = []
    queue.put(chunk(), lambda: done.append(1))
    assert done == [1]
    assert (queue.received, queue.dropped, queue.seconds) == (1, 1, 0.0)
    assert queue.get() is None
    queue.put(chunk(number=7), lambda: done.append(2))
    assert done == [1]
    found = queue.get()
    assert found is not None
    assert found.timestamp == 7
    assert done == [1, 2]


def test_the_oldest_is_dropped() -> None:
    queue = SoundQueue(1.0)
    queue.get()
    done: list[int] = []
    for number in range(25):
        queue.put(chunk(number=number), lambda number=number: done.append(number))  # type: ignore[misc]
        assert queue.seconds <= 1.0001
    assert done == list(range(15))
    assert (queue.received, queue.dropped) == (25, 15)
    assert queue.peak_seconds == pytest.approx(1.0)
    found = queue.get()
    assert found is not None
    assert found.timestamp == 15


def test_a_chunk_beyond_the_limit_stands_alone() -> None:
    queue = SoundQueue(0.5)
    queue.get()
    queue.put(chunk(0.1))
    queue.put(chunk(2.0, 1))
    found = queue.get()
    assert found is not None
    assert found.timestamp == 1
    assert queue.seconds == 0.0


def test_chunks_of_nothing_are_bounded() -> None:
    queue = SoundQueue(1.0)
    queue.get()
    for _ in range(1000):
        queue.put(chunk(0))
    assert queue.dropped == 1000 - 256


async def test_waiting(nursery: trio.Nursery) -> None:
    queue = SoundQueue(1.0)
    queue.get()
    heard = []

    async def listen() -> None:
        await queue.wait()
        heard.append(queue.get())

    nursery.start_soon(listen)
    await trio.testing.wait_all_tasks_blocked()
    queue.put(chunk())
    await trio.testing.wait_all_tasks_blocked()
    assert heard == [chunk()]


def test_pace() -> None:
    pace = Pace(0.2)
    assert pace.ready_at(0.1) <= 100
    pace.let_through(0.1, 100)
    pace.let_through(0.1, 100)
    assert pace.ahead(100) == pytest.approx(0.2)
    assert pace.ready_at(0.1) == pytest.approx(100.1)
    assert pace.ahead(100.15) == pytest.approx(0.05)
    # Who is late has lost nothing, and gained nothing.
    assert pace.ahead(200) == 0
    pace.let_through(0.1, 200)
    assert pace.ahead(200) == pytest.approx(0.1)
    # More than the lead goes when nothing is ahead.
    assert pace.ready_at(5) == pytest.approx(200.1)


async def test_outbox(nursery: trio.Nursery) -> None:
    ours, theirs = channel_pair(messages=1)
    outbox = Outbox(ours, 4)
    emptied: list[bool] = []
    outbox.put(b"1", b"2")
    nursery.start_soon(outbox.run, lambda: emptied.append(outbox.is_empty))
    await trio.testing.wait_all_tasks_blocked()
    assert not outbox.is_empty
    outbox.put(b"3", b"4", b"5")
    assert [await theirs.receive() for _ in range(5)] == [b"1", b"2", b"3", b"4", b"5"]
    await trio.testing.wait_all_tasks_blocked()
    assert outbox.is_empty
    assert emptied
    assert all(emptied)
    await theirs.aclose()
    outbox.put(b"6")  # its task ends then, and says nothing
    await trio.testing.wait_all_tasks_blocked()
    assert not nursery.child_tasks


async def test_a_peer_that_does_not_read(caplog: pytest.LogCaptureFixture) -> None:
    ours, _ = channel_pair("sound", messages=1)
    outbox = Outbox(ours, 4)
    for number in range(5):
        outbox.put(bytes([number]))
    assert "channel sound is given up: 4 answers wait" in caplog.text
    with pytest.raises(trio.BrokenResourceError, match="4 answers wait"):
        await ours.receive()
