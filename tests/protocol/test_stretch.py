"""`Stretch`: what it takes, and what it leaves to a closer look."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.channels.dynamic.data import DvcData, DvcDataFirst
from trio_rdp.channels.dynamic.reassembly import Reassembler
from trio_rdp.channels.pending import PendingBytes
from trio_rdp.channels.static import Dechunker, chunks, continues
from trio_rdp.protocol.stretch import Stretch


def test_frames_of_one_message() -> None:
    reassembler = Reassembler()
    reassembler.feed(DvcDataFirst(channel_id=1, length=20, data=b"1234"))
    reassembler.feed(DvcData(channel_id=1, data=b"5678"))
    stretch = Stretch(b"head5678", 4, reassembler)
    assert stretch.take(b"headabcd")
    assert stretch.take(b"headefgh")
    assert not stretch.take(b"HEADabcd")
    assert not stretch.take(b"headabcde")
    assert not stretch.take(b"headijkl")  # the end of the message
    assert reassembler.feed(DvcData(channel_id=1, data=b"ijkl")) == b"12345678abcdefghijkl"
    assert not stretch.take(b"headabcd")  # between messages


def test_chunks_of_static_channels() -> None:
    dechunker = Dechunker()
    first, second, third, last = chunks(bytes(range(100)) * 4, 100)
    assert continues(dechunker, first) is None
    assert dechunker.feed(first) is None
    assert continues(dechunker, first) is None
    assert dechunker.feed(second) is None
    found = continues(dechunker, second)
    assert found == (dechunker, 100)
    stretch = Stretch(b"envelope" + second, found[1], found[0])
    assert stretch.take(b"envelope" + third)
    assert not stretch.take(b"envelope" + last)
    assert dechunker.feed(last) == bytes(range(100)) * 4


def stretched(total: int, *, limit: int = 1 << 20) -> tuple[Reassembler, Stretch]:
    """A message of which eight bytes are there, and what knows its frames: "head" and four bytes."""
    reassembler = Reassembler(pending_bytes=PendingBytes(limit))
    reassembler.feed(DvcDataFirst(channel_id=1, length=total, data=b"1234"))
    reassembler.feed(DvcData(channel_id=1, data=b"5678"))
    return reassembler, Stretch(b"head5678", 4, reassembler)


@pytest.mark.parametrize(
    ("total", "data", "taken"),
    [
        (100, b"headabcdheadefgh", 2),
        (100, b"headabcdheadef", 1),
        (100, b"headabcdHEADefghheadijkl", 1),
        (100, b"other", 0),
        (100, b"", 0),
        (16, b"headabcdheadefghheadijkl", 1),  # the second would end the message
        (17, b"headabcdheadefghheadijkl", 2),
        (9, b"headabcd", 0),
    ],
)
def test_many_frames_at_once(total: int, data: bytes, taken: int) -> None:
    reassembler, stretch = stretched(total)
    buffered = b"before" + data + b"headbehind"
    assert stretch.take_all(buffered, 6, 6 + len(data)) == 6 + 8 * taken
    assert stretch.count == taken
    assert reassembler.pending == 8 + 4 * taken


def test_no_limit_is_passed() -> None:
    reassembler, stretch = stretched(100, limit=14)
    assert stretch.take_all(b"headabcdheadefgh", 0, 16) == 8
    assert reassembler.pending == 12
    reassembler.close()
    assert stretch.take_all(b"headabcd", 0, 8) == 0


@given(st.integers(1, 40), st.integers(8, 200), st.data())
def test_it_is_what_comes_frame_by_frame(frames: int, total: int, data: st.DataObject) -> None:
    stream = b"".join(
        data.draw(st.sampled_from([b"headabcd", b"headefgh", b"otherframe"]), label="frame") for _ in range(frames)
    )
    one, by_one = stretched(total)
    other, at_once = stretched(total)
    at = 0
    while by_one.take(stream[at : at + 8]):
        at += 8
    assert at_once.take_all(stream, 0, len(stream)) == at
    assert one.pending == other.pending
