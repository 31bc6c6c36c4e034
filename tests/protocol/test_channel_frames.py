"""`ChannelFrames` and `Run`: what is made in one pass is what is made frame by frame."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.channels.dynamic.data import DvcData, DvcDataCompressed, DvcDataFirst, DvcDataFirstCompressed
from trio_rdp.channels.dynamic.fragmentation import fragments
from trio_rdp.channels.dynamic.messages import decode_client_pdu
from trio_rdp.channels.dynamic.reassembly import Reassembler
from trio_rdp.channels.static import Dechunker, chunks
from trio_rdp.pdu.mcs import SendDataRequest
from trio_rdp.protocol import channel_frames
from trio_rdp.protocol.channel_frames import ChannelFrames, Run
from trio_rdp.protocol.deflation import Outgoing
from trio_rdp.protocol.envelopes import Envelopes, open_frame
from trio_rdp.protocol.framing import FrameBuffer
from trio_rdp.wire.errors import LocalProtocolError

ENVELOPES = Envelopes(False, 1007)
CHANNEL = 1004
SIZES = [0, 1, 1589, 1590, 1591, 1600, 1601, 3180, 3181, 50_000]


def frames(
    *, chunk_size: int = 1600, show_protocol: bool = False, deflate: Callable[[bytes], bytes] | None = None
) -> ChannelFrames:
    return ChannelFrames(ENVELOPES, CHANNEL, chunk_size, show_protocol=show_protocol, deflate=deflate)


def written(item: bytes | Outgoing | Run, room: int = 1 << 20, most: int | None = None) -> bytes:
    if isinstance(item, Outgoing):
        return bytes(item.commit())
    if isinstance(item, bytes):
        return item
    data = b""
    while len(item):
        before = len(item)
        taken, count = item.take(room, most)
        assert len(item) < before
        assert count
        assert most is None or count <= most
        data += taken
    return data


def payloads(data: bytes) -> list[bytes]:
    """What stands in the envelopes, all of which must be right."""
    buffer, found = FrameBuffer(data), []
    while (frame := buffer.next_pdu()) is not None:
        pdu = open_frame(frame[1])
        assert isinstance(pdu, SendDataRequest)
        assert (pdu.initiator, pdu.channel_id) == (1007, CHANNEL)
        assert ENVELOPES.wrap(CHANNEL, pdu.user_data) == frame[1]
        found.append(pdu.user_data)
    assert len(buffer) == 0
    return found


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("show_protocol", [False, True])
@pytest.mark.parametrize("room", [1, 5_000, 1 << 20])
@pytest.mark.parametrize("most", [None, 1, 3])
def test_messages_of_static_channels(size: int, show_protocol: bool, room: int, most: int | None) -> None:
    message = bytes(range(256)) * (size // 256) + bytes(size % 256)
    item = frames(show_protocol=show_protocol).message(message)
    assert payloads(written(item, room, most)) == list(chunks(message, 1600, show_protocol=show_protocol))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channel_id", [1, 0x1234, 0x12345])
@pytest.mark.parametrize("room", [1, 5_000, 1 << 20])
def test_messages_of_dynamic_channels(size: int, channel_id: int, room: int) -> None:
    message = bytes(range(256)) * (size // 256) + bytes(size % 256)
    pdus = list(fragments(channel_id, message))
    expected = [chunk for pdu in pdus for chunk in chunks(pdu)]
    assert payloads(written(frames().dynamic(channel_id, message), room)) == expected
    assert payloads(written(frames().dynamic(channel_id, message), room, 2)) == expected


@given(st.binary(max_size=9000), st.integers(1, 9000), st.integers(1, 4), st.integers(1600, 3000))
def test_however_it_is_taken(message: bytes, room: int, most: int, chunk_size: int) -> None:
    dechunker, reassembler = Dechunker(), Reassembler()
    got = [
        dechunker.feed(chunk) for chunk in payloads(written(frames(chunk_size=chunk_size).message(message), room, most))
    ]
    assert got[-1] == message
    for chunk in payloads(written(frames().dynamic(7, message), room, most)):
        pdu = decode_client_pdu(chunk[8:])
        assert isinstance(pdu, (DvcData, DvcDataFirst, DvcDataCompressed, DvcDataFirstCompressed))
        last = reassembler.feed(pdu)
    assert last == message


def test_a_run_says_what_is_left() -> None:
    run = frames().message(bytes(5000))
    assert isinstance(run, Run)
    assert len(run) == 5000
    assert run.take(1 << 20, 2)[1] == 2
    assert len(run) == 5000 - 3200
    assert run.take(10)[1] == 1
    assert run.take(10)[1] == 1
    assert len(run) == 0


def test_what_is_sealed_is_sealed_in_the_order_of_the_wire() -> None:
    seen: list[bytes] = []

    def deflate(chunk: bytes) -> bytes:
        seen.append(chunk)
        return chunk[:8] + chunk[8:][::-1]

    sealed = frames(deflate=deflate)
    first, run = sealed.message(b"first"), sealed.message(bytes(2000) + b"second")
    assert not seen
    data = written(first) + written(run)
    assert seen == [*chunks(b"first"), *chunks(bytes(2000) + b"second")]
    assert payloads(data) == [chunk[:8] + chunk[8:][::-1] for chunk in seen]
    seen.clear()
    written(sealed.dynamic(1, bytes(4000)))
    assert seen == [chunk for pdu in fragments(1, bytes(4000)) for chunk in chunks(pdu)]


def test_pdus() -> None:
    assert payloads(written(frames(show_protocol=True).pdu(b"pdu"))) == list(chunks(b"pdu", show_protocol=True))
    sealed = frames(deflate=lambda chunk: chunk[:8] + b"smaller")
    assert payloads(sealed.bare_pdu(b"pdu")) == list(chunks(b"pdu"))
    item = sealed.lazy_pdu(100, lambda: b"made")
    assert len(item) == 100
    assert payloads(written(item)) == [next(iter(chunks(b"made")))[:8] + b"smaller"]
    assert payloads(written(frames().lazy_pdu(100, lambda: b"made"))) == list(chunks(b"made"))


def test_what_32_bits_cannot_declare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_frames, "_LARGEST", 10)
    for make in (frames().message, lambda message: frames().dynamic(1, message)):
        with pytest.raises(LocalProtocolError, match="a channel message of 11 bytes"):
            make(bytes(11))
