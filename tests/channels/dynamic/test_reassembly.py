from __future__ import annotations

import pytest

from trio_rdp.channels.dynamic.data import DataPdu, DvcData, DvcDataCompressed, DvcDataFirst, DvcDataFirstCompressed
from trio_rdp.channels.dynamic.reassembly import Reassembler
from trio_rdp.channels.joiner import MESSAGE_LIMIT
from trio_rdp.channels.pending import PENDING_LIMIT, PendingBytes
from trio_rdp.codecs import zgfx
from trio_rdp.wire.errors import InvalidField, RemoteProtocolError


def _first(length: int, data: bytes) -> DvcDataFirst:
    return DvcDataFirst(channel_id=3, length=length, data=data)


def _data(data: bytes) -> DvcData:
    return DvcData(channel_id=3, data=data)


def test_the_documents_own_message() -> None:
    """[MS-RDPEDYC] 4.3.1 and 4.3.2: 3,195 bytes in three blocks."""
    reassembler = Reassembler()
    assert reassembler.feed(_first(3195, b"q" * 1596)) is None
    assert reassembler.pending == 1596
    assert reassembler.feed(_data(b"q" * 1598)) is None
    assert reassembler.feed(_data(b"q")) == b"q" * 3195
    assert reassembler.pending == 0


def test_the_documents_own_compressed_message() -> None:
    """[MS-RDPEDYC] 4.3.3 and 4.3.4; the last block has no descriptor there."""
    reassembler = Reassembler()
    assert reassembler.feed(DvcDataFirstCompressed.decode(bytes.fromhex("64 03 7b0c e02638c43ff47401"))) is None
    assert reassembler.pending == 1595
    assert reassembler.feed(DvcDataCompressed.decode(bytes.fromhex("70 03 e026887fe8f402"))) is None
    assert reassembler.pending == 1595 + 1597
    assert reassembler.feed(DvcDataCompressed.decode(bytes.fromhex("70 03 06717171"))) == b"q" * 3195


def test_blocks_of_both_sorts_mix() -> None:
    """An uncompressed block leaves the history alone."""
    compressor, reassembler = zgfx.Compressor(zgfx.Kind.RDP8_LITE), Reassembler()
    one = DvcDataFirstCompressed(channel_id=3, length=1210, data=compressor.compress(b"abc" * 200))
    two = DvcDataCompressed(channel_id=3, data=compressor.compress(b"abc" * 200))
    assert [reassembler.feed(one), reassembler.feed(_data(b"0123456789"))] == [None, None]
    assert reassembler.feed(two) == b"abc" * 200 + b"0123456789" + b"abc" * 200
    single = DvcDataCompressed(channel_id=3, data=compressor.compress(b"abc" * 100))
    assert reassembler.feed(single) == b"abc" * 100


def test_messages_of_one_pdu() -> None:
    reassembler = Reassembler()
    assert reassembler.feed(_data(b"hello")) == b"hello"
    assert reassembler.feed(_data(b"")) == b""
    assert reassembler.feed(_first(5, b"hello")) == b"hello"
    assert reassembler.feed(_first(0, b"")) == b""
    assert reassembler.feed(_first(3, b"")) is None
    assert reassembler.feed(_data(b"")) is None
    assert reassembler.feed(_data(b"abc")) == b"abc"


def test_a_first_block_begins_anew() -> None:
    pending_bytes = PendingBytes()
    reassembler = Reassembler(pending_bytes=pending_bytes)
    assert reassembler.feed(_first(9, b"lost")) is None
    assert reassembler.feed(_first(6, b"abc")) is None
    assert pending_bytes.held == reassembler.pending == 3
    assert reassembler.feed(_data(b"def")) == b"abcdef"
    assert pending_bytes.held == 0


@pytest.mark.parametrize(
    ("fed", "why"),
    [
        ([_first(11, b"")], "a channel message of 11 bytes exceeds 10"),
        ([_data(b"x" * 11)], "11 bytes of a channel message, more than 10"),
        ([_first(3, b"abcd")], "4 bytes of a channel message that declares 3"),
        ([_first(3, b"ab"), _data(b"cd")], "4 bytes of a channel message that declares 3"),
        ([DvcDataCompressed(channel_id=3, data=b"\xe0\x06" + b"x" * 11)], "more data than"),
        ([_first(3, b"ab"), DvcDataCompressed(channel_id=3, data=b"\xe0\x06xy")], "more data than"),
        ([DvcDataCompressed(channel_id=3, data=b"")], "ends inside"),
        ([DvcDataCompressed(channel_id=3, data=b"\xe0\x26\x88\x7f\xe8\xf4\x02")], "RDP_SEGMENTED_DATA"),
        ([DvcDataCompressed(channel_id=3, data=b"\xe0\x04x")], "does not exist"),
    ],
)
def test_what_breaks_the_protocol(fed: list[DataPdu], why: str) -> None:
    pending_bytes = PendingBytes()
    reassembler = Reassembler(10, pending_bytes)
    for pdu in fed[:-1]:
        assert reassembler.feed(pdu) is None
    with pytest.raises(RemoteProtocolError, match=why):
        reassembler.feed(fed[-1])
    assert pending_bytes.held == reassembler.pending == 0


def test_all_channels_share_a_limit() -> None:
    pending_bytes = PendingBytes(10)
    one, two = Reassembler(pending_bytes=pending_bytes), Reassembler(pending_bytes=pending_bytes)
    assert one.feed(_first(100, b"123456")) is None
    assert two.feed(_first(100, b"1234")) is None
    # What is whole waits for nothing, and counts for nothing.
    assert Reassembler(pending_bytes=pending_bytes).feed(_data(b"x" * 50)) == b"x" * 50
    with pytest.raises(RemoteProtocolError, match="unfinished channel messages exceed 10 bytes"):
        one.feed(_data(b"7"))
    assert pending_bytes.held == two.pending == 4
    two.close()
    two.close()
    assert pending_bytes.held == 0


def test_closing_forgets_the_history() -> None:
    compressor, reassembler = zgfx.Compressor(zgfx.Kind.RDP8_LITE), Reassembler()
    first, second = (compressor.compress(b"some words to remember " * 20) for _ in range(2))
    assert reassembler.feed(DvcDataCompressed(channel_id=3, data=first)) is not None
    reassembler.close()
    with pytest.raises(InvalidField):
        reassembler.feed(DvcDataCompressed(channel_id=3, data=second))


def test_the_limits_unless_told_otherwise() -> None:
    assert Reassembler().limit == MESSAGE_LIMIT == 16 << 20
    assert PendingBytes().limit == PENDING_LIMIT == 64 << 20


def test_blocks_are_added_without_their_headers() -> None:
    pending_bytes = PendingBytes(8)
    reassembler = Reassembler(pending_bytes=pending_bytes)
    assert not reassembler.extend(b"no message")
    assert reassembler.feed(DvcDataFirst(channel_id=1, length=10, data=b"abc")) is None
    assert reassembler.extend(memoryview(b"defg"))
    assert not reassembler.extend(b"hij")  # its end is for `feed`
    assert pending_bytes.held == 7
    assert reassembler.feed(DvcData(channel_id=1, data=b"hij")) == b"abcdefghij"
    reassembler.feed(DvcDataFirst(channel_id=1, length=20, data=b"abc"))
    assert not reassembler.extend(b"sixsix")  # beyond the limit
    with pytest.raises(RemoteProtocolError, match="unfinished channel messages exceed 8 bytes"):
        reassembler.feed(DvcData(channel_id=1, data=b"sixsix"))
    assert (reassembler.pending, pending_bytes.held) == (0, 0)
