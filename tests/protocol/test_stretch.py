"""`Stretch`: what it takes, and what it leaves to a closer look."""

from __future__ import annotations

from trio_rdp.channels.dynamic.data import DvcData, DvcDataFirst
from trio_rdp.channels.dynamic.reassembly import Reassembler
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
