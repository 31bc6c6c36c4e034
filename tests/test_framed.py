from __future__ import annotations

import random
import ssl

import pytest
import trio
import trio.testing

from tests.identities import identity
from tests.shared import capture, capture_names
from trio_rdp.channels.dynamic.data import DvcDataFirst
from trio_rdp.channels.dynamic.reassembly import Reassembler
from trio_rdp.framed import Framed, StreamEnded
from trio_rdp.protocol.framing import RDP_HINT, TS_REQUEST_HINT, X224_HINT, Action
from trio_rdp.protocol.stretch import Stretch
from trio_rdp.wire.errors import LocalProtocolError, RemoteProtocolError, SessionClosed

TPKT = b"\x03\x00\x00\x0b" + bytes(range(7))
FAST_PATH = b"\x00\x07hello"
REQUEST = b"\x30\x05abcde"


class Pieces(trio.abc.Stream):
    """Gives `data` in pieces of one size, gives way before each, then ends."""

    def __init__(self, data: bytes, size: int = 65_536) -> None:
        self.data = data
        self.size = size
        self.sent = bytearray()
        self.broken: Exception | None = None
        self.closed = False

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        await trio.lowlevel.checkpoint()
        if self.broken is not None:
            raise trio.BrokenResourceError from self.broken
        piece, self.data = self.data[: self.size], self.data[self.size :]
        return piece

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await trio.lowlevel.checkpoint()
        if self.broken is not None:
            raise trio.BrokenResourceError from self.broken
        self.sent += data

    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()

    async def aclose(self) -> None:
        self.closed = True
        await trio.lowlevel.checkpoint()


async def test_every_reader() -> None:
    framed = Framed(Pieces(TPKT + REQUEST + b"\0\0\0\1" + FAST_PATH + TPKT * 2, size=3))
    assert await framed.read_by_hint(X224_HINT) == TPKT
    assert await framed.read_by_hint(TS_REQUEST_HINT) == REQUEST
    assert await framed.read_exact(4) == b"\0\0\0\1"
    assert await framed.read_exact(0) == b""
    assert await framed.read_pdu() == (Action.FAST_PATH, FAST_PATH)
    assert await framed.read_pdu() == (Action.X224, TPKT)
    assert await framed.read_pdus() == [(Action.X224, TPKT)]


async def test_batches() -> None:
    framed = Framed(Pieces(TPKT * 5 + FAST_PATH[:3]), leftover=FAST_PATH)
    assert await framed.read_pdus() == [(Action.FAST_PATH, FAST_PATH)]  # what is there already, without reading
    assert await framed.read_pdus(limit=3) == [(Action.X224, TPKT)] * 3
    assert await framed.read_pdus(limit=3) == [(Action.X224, TPKT)] * 2
    assert framed.peek() == FAST_PATH[:3]


async def test_readers_always_checkpoint() -> None:
    framed = Framed(Pieces(b""), leftover=TPKT * 4)
    with trio.testing.assert_checkpoints():
        await framed.read_pdu()
    with trio.testing.assert_checkpoints():
        await framed.read_pdus(1)
    with trio.testing.assert_checkpoints():
        await framed.read_by_hint(X224_HINT)
    with trio.testing.assert_checkpoints():
        await framed.read_exact(11)
    for _ in range(2):
        with trio.testing.assert_checkpoints(), pytest.raises(StreamEnded):
            await framed.read_pdu()


@pytest.mark.parametrize(("data", "partial"), [(TPKT, 0), (TPKT + TPKT[:-1], 10), (TPKT + b"\x03", 1)])
async def test_end(data: bytes, partial: int) -> None:
    framed = Framed(Pieces(data))
    await framed.read_pdu()
    for _ in range(2):
        with pytest.raises(StreamEnded, match="in the middle of a PDU" if partial else "between two PDUs") as caught:
            await framed.read_pdu()
        assert caught.value.partial == partial
    assert framed.peek() == data[len(TPKT) :]


async def test_error_comes_after_the_whole_pdus() -> None:
    framed = Framed(Pieces(TPKT * 2 + b"GET / HTTP/1.1"))
    assert len(await framed.read_pdus()) == 2
    with pytest.raises(RemoteProtocolError, match="first byte 0x47"):
        await framed.read_pdus()


async def test_broken_stream() -> None:
    stream = Pieces(b"")
    stream.broken = ConnectionResetError(104, "Connection reset by peer")
    framed = Framed(stream)
    with pytest.raises(SessionClosed, match=r"^lost the connection: Connection reset by peer$"):
        await framed.read_pdu()
    with pytest.raises(SessionClosed, match=r"^lost the connection: Connection reset by peer$"):
        await framed.write_all(TPKT)
    stream.broken = ssl.SSLError(1, "bad record mac")
    with pytest.raises(SessionClosed, match="bad record mac") as caught:
        await framed.read_pdu()
    assert not isinstance(caught.value, StreamEnded)


async def test_write_all_and_close() -> None:
    stream = Pieces(b"")
    framed = Framed(stream)
    await framed.write_all(TPKT)
    await framed.write_all(bytearray(FAST_PATH))
    assert stream.sent == TPKT + FAST_PATH
    with trio.testing.assert_checkpoints():
        await framed.aclose()
    assert stream.closed


async def test_inner() -> None:
    stream = Pieces(TPKT * 2)
    framed = Framed(stream)
    assert framed.into_inner_no_leftover() is stream
    framed = Framed(stream)
    await framed.read_pdu()
    assert framed.get_inner() == (stream, TPKT)
    assert framed.stream is stream
    with pytest.raises(LocalProtocolError, match="11 bytes were read ahead"):
        framed.into_inner_no_leftover()
    assert framed.into_inner() == (stream, TPKT)
    for use in (framed.get_inner, framed.into_inner, framed.into_inner_no_leftover):
        with pytest.raises(LocalProtocolError, match="taken out"):
            use()
    with pytest.raises(LocalProtocolError, match="taken out"):
        await framed.read_pdu()
    with pytest.raises(LocalProtocolError, match="taken out"):
        await framed.write_all(b"")
    await framed.aclose()
    assert not stream.closed


def conversation() -> list[bytes]:
    """PDUs of every form of header, and, where there are captures, all that a real client sent."""
    own = [TPKT, FAST_PATH, TPKT, b"\x00\x02", b"\x00\x80\x84" + bytes(129), TPKT]
    if "shadow-rdp-bitmap16" not in capture_names():
        return own * 20
    stream, pdus = capture("shadow-rdp-bitmap16")[0], []
    while stream:
        size = int.from_bytes(stream[2:4] if stream[0] == 3 else stream[1:3], "big") & 0x7FFF
        if stream[0] != 3 and stream[1] < 0x80:
            size = stream[1]
        pdus.append(stream[:size])
        stream = stream[size:]
    return own + pdus


async def read_conversation(framed: Framed, pdus: list[bytes], found: list[bytes]) -> None:
    """Append what comes to `found`, by every reader in turn."""
    while len(found) < len(pdus):
        match len(found) % 4:
            case 0:
                found.append(await framed.read_by_hint(RDP_HINT))
            case 1:
                found.append((await framed.read_pdu())[1])
            case 2:
                found.append(await framed.read_exact(len(pdus[len(found)])))
            case _:
                found += [pdu for _, pdu in await framed.read_pdus(2)]


class CancelAt(trio.abc.Instrument):
    """Cancels a scope when the task that made it gives way for the `count`th time."""

    def __init__(self, scope: trio.CancelScope, count: int) -> None:
        self.scope = scope
        self.count = count
        self.task = trio.lowlevel.current_task()

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        if task is self.task:
            self.count -= 1
            if self.count == 0:
                self.scope.cancel()


@pytest.mark.parametrize("size", [1400, 40, 7])
async def test_cancelled_at_every_checkpoint(size: int) -> None:
    pdus = conversation()
    count = 0
    cancelled = True
    while cancelled:
        count += 1
        framed = Framed(Pieces(b"".join(pdus), size))
        found: list[bytes] = []
        with trio.CancelScope() as scope:
            instrument = CancelAt(scope, count)
            trio.lowlevel.add_instrument(instrument)
            try:
                await read_conversation(framed, pdus, found)
            finally:
                trio.lowlevel.remove_instrument(instrument)
        cancelled = scope.cancelled_caught
        await read_conversation(framed, pdus, found)
        assert found == pdus
    assert count > len(b"".join(pdus)) // size


async def test_cancelled_again_and_again() -> None:
    pdus = conversation()
    framed = Framed(Pieces(b"".join(pdus), 5))
    found: list[bytes] = []
    attempts = 0
    while len(found) < len(pdus):
        attempts += 1
        with trio.CancelScope() as scope:
            # Two steps at a time: one to be cancelled, one that lets the stream move at all.
            instrument = CancelAt(scope, 2)
            trio.lowlevel.add_instrument(instrument)
            try:
                await read_conversation(framed, pdus, found)
            finally:
                trio.lowlevel.remove_instrument(instrument)
    assert found == pdus
    assert attempts > len(pdus)


@pytest.mark.parametrize("seed", range(4))
async def test_cancelled_inside_tls_records(seed: int) -> None:
    # The transport gives pieces that cut records anywhere; the client's reads are cancelled at random moments.
    pdus = conversation()
    choose = random.Random(seed)
    client_end, server_end = trio.testing.memory_stream_pair()

    async def server() -> None:
        stream = trio.SSLStream(server_end, identity().make_acceptor(), server_side=True, https_compatible=True)
        for start in range(0, len(b"".join(pdus)), 333):
            await stream.send_all(b"".join(pdus)[start : start + 333])
            await trio.lowlevel.checkpoint()

    class Cut(Pieces):
        async def receive_some(self, max_bytes: int | None = None) -> bytes:
            return bytes(await client_end.receive_some(choose.randint(1, 300)))

        async def send_all(self, data: bytes | bytearray | memoryview) -> None:
            await client_end.send_all(data)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(server)
            stream = trio.SSLStream(Cut(b""), context, https_compatible=True)
            await stream.do_handshake()
            framed = Framed(stream)
            found: list[bytes] = []
            cancelled = 0
            while len(found) < len(pdus):
                with trio.CancelScope() as scope:
                    instrument = CancelAt(scope, choose.randint(1, 12))
                    trio.lowlevel.add_instrument(instrument)
                    try:
                        await read_conversation(framed, pdus, found)
                    finally:
                        trio.lowlevel.remove_instrument(instrument)
                cancelled += scope.cancelled_caught
            assert found == pdus
            assert cancelled > 10


async def test_end_of_tls_without_close_notify() -> None:
    client_end, server_end = trio.testing.memory_stream_pair()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE

    async def server() -> None:
        stream = trio.SSLStream(server_end, identity().make_acceptor(), server_side=True, https_compatible=True)
        await stream.send_all(TPKT + b"\x03")
        await server_end.aclose()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(server)
        framed = Framed(trio.SSLStream(client_end, context, https_compatible=True))
        assert await framed.read_pdu() == (Action.X224, TPKT)
        for _ in range(2):
            with pytest.raises(StreamEnded) as caught:
                await framed.read_pdu()
            assert caught.value.partial == 1


async def test_what_has_come_is_taken_without_waiting() -> None:
    framed = Framed(Pieces(TPKT + FAST_PATH + TPKT + FAST_PATH[:3]))
    assert framed.read_pdus_nowait() == []
    assert await framed.read_pdu() == (Action.X224, TPKT)
    assert framed.read_pdus_nowait() == [(Action.FAST_PATH, FAST_PATH), (Action.X224, TPKT)]
    assert framed.read_pdus_nowait() == []
    assert framed.peek() == FAST_PATH[:3]


async def test_frames_that_are_like_those_before_are_not_given() -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    reassembler = Reassembler()
    reassembler.feed(DvcDataFirst(channel_id=1, length=100, data=b"1234"))
    alike = b"\x03\0\0\x0chead"
    stretch = Stretch(alike + b"5678", 4, reassembler)
    framed = Framed(ours)
    other = b"\x03\0\0\x09other"
    await theirs.send_all(alike + b"5678" + alike + b"ab")
    async with trio.open_nursery() as nursery:

        async def say_the_rest() -> None:
            await trio.testing.wait_all_tasks_blocked()
            await theirs.send_all(b"cd" + alike + b"efgh" + other + alike + b"ijkl")

        nursery.start_soon(say_the_rest)
        assert await framed.read_pdus(stretch=stretch) == [(Action.X224, other), (Action.X224, alike + b"ijkl")]
    assert stretch.count == 3
    assert reassembler.pending == 16
