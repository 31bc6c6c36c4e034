from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.channels.joiner import MESSAGE_LIMIT
from trio_rdp.channels.pending import PendingBytes
from trio_rdp.channels.static import Dechunker, chunks, continues, flow_control
from trio_rdp.pdu.channel import ChannelFlags, ChannelHeader
from trio_rdp.wire.errors import LocalProtocolError, RemoteProtocolError, Truncated

FIRST, LAST, SHOW = ChannelFlags.FIRST, ChannelFlags.LAST, ChannelFlags.SHOW_PROTOCOL


def _chunk(length: int, flags: int, data: bytes = b"") -> bytes:
    return ChannelHeader(length=length, flags=ChannelFlags(flags)).encode() + data


def test_the_documents_own_example_of_chunking() -> None:
    """[MS-RDPBCGR] 3.1.5.2.2.1: 2,062 bytes in chunks of 1,000; the flag that 3.1.5.2.1 asks for comes with them."""
    message = bytes(range(206)) * 10 + b"xx"
    cut = list(chunks(message, 1000))
    assert [ChannelHeader.decode(chunk) for chunk in cut] == [
        ChannelHeader(length=2062, flags=FIRST | SHOW),
        ChannelHeader(length=2062, flags=SHOW),
        ChannelHeader(length=2062, flags=LAST | SHOW),
    ]
    assert [len(chunk) - 8 for chunk in cut] == [1000, 1000, 62]
    dechunker = Dechunker()
    assert [dechunker.feed(chunk) for chunk in cut] == [None, None, message]


def test_a_message_of_one_chunk() -> None:
    assert list(chunks(b"hello")) == [_chunk(5, FIRST | LAST, b"hello")]
    assert list(chunks(b"")) == [_chunk(0, FIRST | LAST)]
    assert list(chunks(b"hello", show_protocol=True)) == [_chunk(5, FIRST | LAST | SHOW, b"hello")]
    assert [len(chunk) for chunk in chunks(bytes(1600))] == [1608]
    assert [len(chunk) for chunk in chunks(bytes(1601))] == [1608, 9]
    assert Dechunker().feed(_chunk(0, FIRST | LAST)) == b""


def test_a_chunk_size_of_nothing_is_refused() -> None:
    with pytest.raises(LocalProtocolError, match="a chunk size of 0"):
        list(chunks(b"hello", 0))


def test_a_chunk_of_no_sequence_is_a_message() -> None:
    assert Dechunker().feed(_chunk(3, 0, b"abc")) == b"abc"


def test_a_first_chunk_begins_anew() -> None:
    dechunker = Dechunker()
    assert dechunker.feed(_chunk(9, FIRST, b"lost")) is None
    assert dechunker.pending == 4
    assert dechunker.feed(_chunk(6, FIRST, b"abc")) is None
    assert dechunker.pending == 3
    assert dechunker.feed(_chunk(6, LAST, b"def")) == b"abcdef"
    assert dechunker.pending == 0
    assert dechunker.feed(_chunk(9, FIRST, b"lost")) is None
    assert dechunker.feed(_chunk(1, FIRST | LAST, b"x")) == b"x"
    assert dechunker.pending == 0


def test_suspend_and_resume_carry_nothing() -> None:
    dechunker = Dechunker()
    assert dechunker.feed(_chunk(4, FIRST, b"ab")) is None
    assert dechunker.feed(_chunk(0, ChannelFlags.SUSPEND)) is None
    assert dechunker.feed(_chunk(0, ChannelFlags.RESUME)) is None
    assert dechunker.feed(_chunk(4, LAST, b"cd")) == b"abcd"


def test_flags_that_say_nothing_here_are_ignored() -> None:
    flags = FIRST | LAST | ChannelFlags.SHADOW_PERSISTENT | ChannelFlags.FLUSHED | 0x80000000
    assert Dechunker().feed(_chunk(1, flags, b"x")) == b"x"


@pytest.mark.parametrize(
    ("fed", "why"),
    [
        ([_chunk(1, FIRST | LAST | ChannelFlags.COMPRESSED, b"x")], "a compressed channel chunk"),
        ([_chunk(1, LAST, b"x")], "has no first one"),
        ([_chunk(2, FIRST | LAST, b"x")], "1 bytes of a channel message that declares 2"),
        ([_chunk(1, FIRST | LAST, b"xy")], "2 bytes of a channel message that declares 1"),
        ([_chunk(1, FIRST, b"xy")], "2 bytes of a channel message that declares 1"),
        ([_chunk(3, FIRST, b"xy"), _chunk(3, 0, b"xy")], "4 bytes of a channel message that declares 3"),
        ([_chunk(5, FIRST, b"xy"), _chunk(5, LAST, b"xy")], "4 bytes of a channel message that declares 5"),
        ([_chunk(101, FIRST, b"xy")], "a channel message of 101 bytes exceeds 100"),
        ([_chunk(0xFFFFFFFF, FIRST)], "a channel message of 4294967295 bytes exceeds 100"),
    ],
)
def test_what_breaks_the_protocol(fed: list[bytes], why: str) -> None:
    dechunker = Dechunker(limit=100)
    for chunk in fed[:-1]:
        assert dechunker.feed(chunk) is None
    with pytest.raises(RemoteProtocolError, match=why):
        dechunker.feed(fed[-1])
    assert dechunker.pending == 0


def test_a_header_that_is_not_whole() -> None:
    with pytest.raises(Truncated):
        Dechunker().feed(bytes(7))


def test_the_default_limit() -> None:
    assert Dechunker().feed(_chunk(MESSAGE_LIMIT, FIRST)) is None
    with pytest.raises(RemoteProtocolError):
        Dechunker().feed(_chunk(MESSAGE_LIMIT + 1, FIRST))


@given(st.binary(max_size=200), st.integers(1, 70))
def test_what_is_cut_is_joined(message: bytes, size: int) -> None:
    dechunker = Dechunker()
    *before, last = [dechunker.feed(chunk) for chunk in chunks(message, size)]
    assert not any(before)
    assert last == message


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 0x7F), st.binary(max_size=30)), max_size=20))
def test_whatever_comes_memory_is_bounded(fed: list[tuple[int, int, bytes]]) -> None:
    dechunker = Dechunker(limit=32)
    for length, flags, data in fed:
        try:
            message = dechunker.feed(_chunk(length, flags, data))
        except RemoteProtocolError:
            continue
        assert message is None or len(message) <= 32
        assert dechunker.pending <= 32


def test_unfinished_messages_of_all_channels_share_a_limit() -> None:
    pending_bytes = PendingBytes(10)
    one, other = Dechunker(pending_bytes=pending_bytes), Dechunker(pending_bytes=pending_bytes)
    assert one.feed(_chunk(20, FIRST, b"sixsix")) is None
    with pytest.raises(RemoteProtocolError, match="unfinished channel messages exceed 10 bytes"):
        other.feed(_chunk(20, FIRST, b"sixsix"))
    assert (one.pending, other.pending, pending_bytes.held) == (6, 0, 6)
    one.drop()
    assert pending_bytes.held == 0


def test_chunks_are_added_without_their_headers() -> None:
    dechunker = Dechunker()
    assert not dechunker.extend(b"no message")
    dechunker.feed(_chunk(10, FIRST, b"abc"))
    assert dechunker.extend(memoryview(b"defg"))
    assert not dechunker.extend(b"hij")  # its end is for `feed`
    assert dechunker.feed(_chunk(10, LAST, b"hij")) == b"abcdefghij"
    tight = Dechunker(pending_bytes=PendingBytes(5))
    tight.feed(_chunk(20, FIRST, b"abc"))
    assert not tight.extend(b"def")  # beyond the limit
    with pytest.raises(RemoteProtocolError):
        tight.feed(_chunk(20, 0, b"def"))
    assert tight.pending == 0


def test_an_empty_chunk_says_nothing_of_the_next_ones() -> None:
    dechunker = Dechunker()
    dechunker.feed(_chunk(10, FIRST, b"abc"))
    for chunk, size in ((_chunk(10, 0, b"de"), 2), (_chunk(10, 0), None)):
        assert dechunker.feed(chunk) is None
        assert continues(dechunker, chunk) == (None if size is None else (dechunker, size))


@pytest.mark.parametrize(
    "chunk", [b"short", _chunk(2, ChannelFlags.COMPRESSED, b"no"), _chunk(99, 0, b"large"), _chunk(10, LAST, b"less")]
)
def test_what_breaks_a_channel_leaves_the_bytes_of_others_free(chunk: bytes) -> None:
    pending_bytes = PendingBytes()
    dechunker = Dechunker(50, pending_bytes)
    dechunker.feed(_chunk(10, FIRST, b"abc"))
    with pytest.raises(RemoteProtocolError):
        dechunker.feed(chunk)
    assert (dechunker.pending, pending_bytes.held) == (0, 0)


def test_flow_control() -> None:
    assert flow_control(_chunk(0, ChannelFlags.SUSPEND | FIRST | LAST)) is True
    assert flow_control(_chunk(0, ChannelFlags.RESUME)) is False
    assert flow_control(_chunk(3, FIRST | LAST, b"abc")) is None
    assert flow_control(b"short") is None
