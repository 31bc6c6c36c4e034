from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.shared import capture, captures
from trio_rdp.protocol.framing import (
    RDP_HINT,
    TPKT_MINIMUM,
    TS_REQUEST_HINT,
    TS_REQUEST_LIMIT,
    X224_HINT,
    Action,
    FixedSizeHint,
    FrameBuffer,
    PduHint,
    TsRequestHint,
)
from trio_rdp.wire.errors import InvalidField, RemoteProtocolError


def tpkt(size: int, fill: int = 0xAA) -> bytes:
    return b"\x03\x00" + size.to_bytes(2, "big") + bytes([fill]) * (size - 4)


def fast_path(size: int, first: int = 0x00, *, long: bool | None = None) -> bytes:
    if long is None:
        long = size >= 0x80
    header = bytes([first, 0x80 | size >> 8, size & 0xFF]) if long else bytes([first, size])
    return header + b"\xbb" * (size - len(header))


def size_of(hint: PduHint, data: bytes) -> tuple[Action | None, int] | None:
    return hint.find_size(data, 0, len(data))


class TestHints:
    def test_tpkt(self) -> None:
        assert size_of(X224_HINT, b"\x03\x00\x00\x07") == (Action.X224, 7)
        assert size_of(X224_HINT, b"\x03\x55\xff\xff") == (Action.X224, 65_535)  # the second byte is reserved

    @pytest.mark.parametrize("hint", [X224_HINT, RDP_HINT])
    def test_tpkt_needs_four_bytes(self, hint: PduHint) -> None:
        for count in range(4):
            assert size_of(hint, b"\x03\x00\x00\x07"[:count]) is None

    @pytest.mark.parametrize("hint", [X224_HINT, RDP_HINT])
    @pytest.mark.parametrize("size", range(TPKT_MINIMUM))
    def test_tpkt_too_short(self, hint: PduHint, size: int) -> None:
        with pytest.raises(InvalidField, match=f"TPKT.length: {size} bytes, needs 7"):
            size_of(hint, bytes([3, 0, 0, size]))

    def test_x224_refuses_other_first_bytes(self) -> None:
        for first in set(range(256)) - {3}:
            with pytest.raises(InvalidField, match=r"TPKT\.version"):
                size_of(X224_HINT, bytes([first]))

    def test_rdp_knows_two_actions(self) -> None:
        for first in range(256):
            data = bytes([first, 0, 0, 9])
            if first == 3:
                assert size_of(RDP_HINT, data) == (Action.X224, 9)
            elif first & 3:
                with pytest.raises(InvalidField, match=r"TPKT\.version"):
                    size_of(RDP_HINT, data)
            else:  # the events' number and the encryption flags do not matter here
                assert size_of(RDP_HINT, bytes([first, 9])) == (Action.FAST_PATH, 9)

    def test_fast_path_lengths(self) -> None:
        assert size_of(RDP_HINT, b"") is None
        assert size_of(RDP_HINT, b"\x00") is None
        assert size_of(RDP_HINT, b"\x00\x02") == (Action.FAST_PATH, 2)
        assert size_of(RDP_HINT, b"\x00\x7f") == (Action.FAST_PATH, 127)
        assert size_of(RDP_HINT, b"\x00\x80") is None
        assert size_of(RDP_HINT, b"\x00\x80\x03") == (Action.FAST_PATH, 3)  # the long form of a short length
        assert size_of(RDP_HINT, b"\x00\xff\xff") == (Action.FAST_PATH, 32_767)

    @pytest.mark.parametrize("data", [b"\x00\x00", b"\x00\x01", b"\x00\x80\x00", b"\x00\x80\x02"])
    def test_fast_path_too_short(self, data: bytes) -> None:
        with pytest.raises(InvalidField, match=r"fast-path.length: [012] bytes, needs [23]"):
            size_of(RDP_HINT, data)

    @pytest.mark.parametrize(
        ("data", "size"),
        [
            (b"\x30\x00", 2),
            (b"\x30\x7f", 129),
            (b"\x30\x81\x80", 131),
            (b"\x30\x82\x01\x00", 260),
            (b"\x30\x83\x00\x01\x00", 261),  # not DER, but it says clearly what it means
            (b"\x30\x82\xff\xfc", 65_536),
        ],
    )
    def test_ts_request(self, data: bytes, size: int) -> None:
        assert size_of(TS_REQUEST_HINT, data) == (None, size)
        for count in range(len(data)):
            assert size_of(TS_REQUEST_HINT, data[:count]) is None

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (b"\x03", "first byte 0x03, expected 0x30"),
            (b"\x30\x80", "length of 0 octets"),
            (b"\x30\x85", "length of 5 octets"),
            (b"\x30\xff", "length of 127 octets"),
            (b"\x30\x82\xff\xfd", "65537 bytes exceed 65536"),
            (b"\x30\x84\xff\xff\xff\xff", "4294967301 bytes exceed 65536"),
        ],
    )
    def test_ts_request_that_cannot_be(self, data: bytes, message: str) -> None:
        with pytest.raises(InvalidField, match=message):
            size_of(TS_REQUEST_HINT, data)

    def test_ts_request_limit(self) -> None:
        assert TS_REQUEST_HINT.limit == TS_REQUEST_LIMIT
        assert size_of(TsRequestHint(limit=10), b"\x30\x08") == (None, 10)
        with pytest.raises(InvalidField, match="11 bytes exceed 10"):
            size_of(TsRequestHint(limit=10), b"\x30\x09")

    def test_fixed_size(self) -> None:
        assert size_of(FixedSizeHint(4), b"") == (None, 4)
        with pytest.raises(ValueError, match="a PDU of 0 bytes"):
            FixedSizeHint(0)

    def test_hints_start_where_they_are_told(self) -> None:
        data = b"\xff" + tpkt(9) + b"\xff"
        assert X224_HINT.find_size(data, 1, 10) == (Action.X224, 9)
        assert X224_HINT.find_size(memoryview(data), 1, 4) is None


PDUS = [
    tpkt(11),
    fast_path(2),
    fast_path(3),
    fast_path(5, 0xC4),
    fast_path(127),
    fast_path(4, long=True),
    fast_path(3, long=True),
    tpkt(7),
    fast_path(128),
    tpkt(1200),
    fast_path(300, 0x80),
    fast_path(2),
]
EXPECTED = [(Action.X224 if pdu[0] == 3 else Action.FAST_PATH, pdu) for pdu in PDUS]


def drain(frames: FrameBuffer) -> list[tuple[Action, bytes]]:
    pdus = []
    while (pdu := frames.next_pdu()) is not None:
        pdus.append(pdu)
    return pdus


class TestFrameBuffer:
    def test_whole(self) -> None:
        frames = FrameBuffer(b"".join(PDUS))
        assert len(frames) == sum(map(len, PDUS))
        assert drain(frames) == EXPECTED
        assert len(frames) == 0

    def test_one_byte_at_a_time(self) -> None:
        frames = FrameBuffer()
        found = []
        for byte in b"".join(PDUS):
            frames.receive_data(bytes([byte]))
            found += drain(frames)
        assert found == EXPECTED

    @given(st.data())
    def test_any_pieces_and_any_calls(self, data: st.DataObject) -> None:
        pdus = data.draw(st.lists(st.sampled_from(PDUS)))
        stream = b"".join(pdus)
        cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=20)))
        frames = FrameBuffer()
        found: list[tuple[Action, bytes]] = []
        for start, stop in zip([0, *cuts], [*cuts, len(stream)], strict=True):
            frames.receive_data(stream[start:stop])
            match data.draw(st.integers(0, 4)):
                case 0:
                    assert frames.peek() == stream[sum(len(pdu) for _, pdu in found) : stop]
                case 1:
                    found += frames.next_pdus(data.draw(st.integers(1, 3)))
                case 2 if (pdu := frames.next_by_hint(RDP_HINT)) is not None:
                    found.append((Action.X224 if pdu[0] == 3 else Action.FAST_PATH, pdu))
                case 3:
                    assert frames.take_exact(100_000) is None
                case _:
                    pass
        found += drain(frames)
        assert [pdu for _, pdu in found] == pdus

    @given(st.lists(st.binary(max_size=40)))
    def test_whatever_the_bytes(self, pieces: list[bytes]) -> None:
        found, error, rest = self.cut(pieces, 1)
        for limit in (2, 3, 256):
            assert self.cut(pieces, limit) == (found, error, rest)
        assert b"".join(found) + rest == b"".join(pieces)

    def cut(self, pieces: list[bytes], limit: int) -> tuple[list[bytes], str, bytes]:
        frames = FrameBuffer()
        for piece in pieces:
            frames.receive_data(piece)
        found: list[bytes] = []
        try:
            while pdus := frames.next_pdus(limit):
                found += [pdu for _, pdu in pdus]
        except RemoteProtocolError as exc:
            with pytest.raises(RemoteProtocolError):
                frames.next_pdus()
            return found, str(exc), frames.peek()
        return found, "", frames.peek()

    def test_limit(self) -> None:
        frames = FrameBuffer(tpkt(8) * 5)
        assert len(frames.next_pdus(3)) == 3
        assert len(frames.next_pdus(3)) == 2
        assert frames.next_pdus(3) == []
        with pytest.raises(ValueError, match="a limit of 0 PDUs"):
            frames.next_pdus(0)

    def test_error_behind_whole_pdus(self) -> None:
        frames = FrameBuffer(tpkt(8) * 2 + b"\x02\x00\x00\x00")
        assert len(frames.next_pdus()) == 2
        for _ in range(2):
            with pytest.raises(InvalidField, match="first byte 0x02"):
                frames.next_pdus()
        assert frames.peek() == b"\x02\x00\x00\x00"

    def test_error_as_soon_as_the_header_is_there(self) -> None:
        frames = FrameBuffer(b"\x03\x00\x00")
        assert frames.next_pdu() is None
        frames.receive_data(b"\x01")
        with pytest.raises(InvalidField):
            frames.next_pdu()

    def test_mixed_kinds(self) -> None:
        request = b"\x30\x82\x01\x00" + bytes(256)
        frames = FrameBuffer()
        for byte in tpkt(19) + request + b"\0\0\0\1" + tpkt(8):
            assert frames.next_by_hint(FixedSizeHint(500)) is None
            frames.receive_data(bytes([byte]))
        assert frames.next_by_hint(X224_HINT) == tpkt(19)
        assert frames.next_by_hint(TS_REQUEST_HINT) == request
        assert frames.next_by_hint(TS_REQUEST_HINT if frames.peek()[0] == 0x30 else FixedSizeHint(4)) == b"\0\0\0\1"
        assert frames.take_exact(0) == b""
        assert frames.take_exact(9) is None
        assert frames.next_pdu() == (Action.X224, tpkt(8))

    def test_leftover(self) -> None:
        frames = FrameBuffer(b"ab")
        frames.receive_data(bytearray(b"c"))
        frames.receive_data(memoryview(b"d"))
        frames.receive_data(b"")
        assert frames.peek() == b"abcd"
        assert frames.take_leftover() == b"abcd"
        assert len(frames) == 0
        assert frames.take_leftover() == b""

    def test_a_piece_is_let_go_when_its_tail_waits(self) -> None:
        frames = FrameBuffer()
        frames.receive_data(tpkt(1000) * 1000 + tpkt(1000)[:10])
        assert len(frames.next_pdus(2000)) == 1000
        assert frames.next_pdus() == []
        assert frames._data == tpkt(1000)[:10]

    def test_linear_in_tiny_pieces(self) -> None:
        # Bytes copied, not seconds: how often the waiting PDU is joined.
        joins = []

        class Counting(FrameBuffer):
            __slots__ = ()

            def _join(self, data: bytes | bytearray | memoryview) -> None:
                joins.append(len(self) + len(data))
                super()._join(data)

        frames = Counting()
        stream = tpkt(65_535) * 2
        count = 0
        for byte in stream:
            frames.receive_data(bytes([byte]))
            count += len(frames.next_pdus())
        assert count == 2
        assert sum(joins) < 1.1 * len(stream)

    def test_fed_without_being_asked(self) -> None:
        joins = []

        class Counting(FrameBuffer):
            __slots__ = ()

            def _join(self, data: bytes | bytearray | memoryview) -> None:
                joins.append(len(self) + len(data))
                super()._join(data)

        frames = Counting()
        for _ in range(1000):
            frames.receive_data(tpkt(1000)[:900])
            frames.receive_data(tpkt(1000)[900:])
        assert len(frames.next_pdus(2000)) == 1000
        assert joins == [1_000_000]


@pytest.mark.parametrize("name", captures())
def test_captures(name: str) -> None:
    for stream in capture(name)[:2]:
        cut = []
        for size in (1, 1400, 16_384, len(stream)):
            frames, pdus = FrameBuffer(), []
            connected = False
            for start in range(0, len(stream), size):
                frames.receive_data(stream[start : start + size])
                while True:
                    # 0x30 starts a TSRequest before MCS only: a fast-path input of 12 events starts with it too.
                    is_request = not connected and frames.peek()[:1] == b"\x30"
                    pdu = frames.next_by_hint(TS_REQUEST_HINT if is_request else RDP_HINT)
                    if pdu is None:
                        break
                    pdus.append(pdu)
                    connected = connected or pdu[5:6] == b"\xf0"
            assert frames.peek() == b""
            cut.append(pdus)
        assert all(pdus == cut[0] for pdus in cut)
