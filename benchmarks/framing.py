"""Cutting PDUs out of a stream: megabytes per second of `FrameBuffer`, and of `Framed` on top of it; and writing them.

The peer of reading is aardwolf's TPKTPacketizer, measured in the same run when it can be imported (`pip install
aardwolf`); that of our writer is writing PDU by PDU, over TLS on loopback too.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import trio
from report import Report, best_seconds

from trio_rdp.framed import Framed, StreamEnded
from trio_rdp.protocol.framing import FrameBuffer
from trio_rdp.protocol.limits import Limits
from trio_rdp.transport import TlsIdentity
from trio_rdp.writer import Writer

KIB, MIB = 1 << 10, 1 << 20
GOAL = 500.0  # MB/s
WRITER_GOAL = 200.0
PDUS, PDU_SIZE = 1000, 1400


def tpkt(size: int) -> bytes:
    return b"\x03\x00" + size.to_bytes(2, "big") + b"\x02\xf0\x80" + bytes(size - 7)


def fast_path(size: int) -> bytes:
    return b"\x00" + (0x8000 | size).to_bytes(2, "big") + bytes(size - 3)


def bursts(pdu: bytes, burst: int, total: int) -> tuple[list[bytes], int]:
    """A stream of one PDU over and over, in bursts that mostly end inside one, and the number of its PDUs."""
    count = total // len(pdu)
    stream = pdu * count
    return [stream[start : start + burst] for start in range(0, len(stream), burst)], count


def frame_buffer(pieces: list[bytes], count: int) -> None:
    frames = FrameBuffer()
    found = 0
    for piece in pieces:
        frames.receive_data(piece)
        while pdus := frames.next_pdus():
            found += len(pdus)
    assert found == count


class Given(trio.abc.Stream):
    """A stream that has everything already, so that it costs a checkpoint a read and nothing else."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = iter(pieces)

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        await trio.lowlevel.checkpoint()
        return next(self.pieces, b"")

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await trio.lowlevel.checkpoint()

    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()


def framed(pieces: list[bytes], count: int) -> None:
    async def read() -> None:
        framed = Framed(Given(pieces))
        found = 0
        try:
            while True:
                found += len(await framed.read_pdus())
        except StreamEnded:
            assert found == count

    trio.run(read)


def find_aardwolf() -> tuple[str, Callable[[list[bytes], int], None] | None]:
    try:
        # By its name, because type checkers should not want it installed.
        packetizer_class = importlib.import_module("aardwolf.network.tpkt").TPKTPacketizer
    except ImportError as exc:
        return f"aardwolf: not measured ({exc})", None

    def run(pieces: list[bytes], count: int) -> None:
        async def read() -> None:
            packetizer = packetizer_class()
            found = 0
            for piece in pieces:
                async for _ in packetizer.data_in(piece):
                    found += 1
            assert found == count

        asyncio.run(read())

    return "aardwolf", run


@contextlib.asynccontextmanager
async def tls_pair() -> AsyncIterator[tuple[trio.SSLStream[trio.SocketStream], trio.SSLStream[trio.SocketStream]]]:
    """A client's and a server's end of TLS over loopback."""
    server_context = TlsIdentity.self_signed(["localhost"]).make_acceptor()
    client_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client_context.check_hostname = False
    client_context.verify_mode = ssl.CERT_NONE
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with listener:
        plain = await trio.open_tcp_stream("127.0.0.1", listener.socket.getsockname()[1])
        client = trio.SSLStream(plain, client_context)
        server = trio.SSLStream(await listener.accept(), server_context, server_side=True)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(client.do_handshake)
        nursery.start_soon(server.do_handshake)
    try:
        yield client, server
    finally:
        await trio.aclose_forcefully(client)
        await trio.aclose_forcefully(server)


async def write_rates(seconds: float) -> tuple[float, float]:
    """MB/s of a thousand PDUs, until they are read at the other end: through our writer, and one at a time."""
    pdus = [fast_path(PDU_SIZE)] * PDUS
    total = PDUS * PDU_SIZE
    async with tls_pair() as (client, server), trio.open_nursery() as nursery:
        writer = Writer(server, Limits())

        async def one_at_a_time() -> None:
            for pdu in pdus:
                await server.send_all(pdu)

        async def queued() -> None:
            await writer.graphics.put(pdus)

        async def best(send: Callable[[], Awaitable[object]]) -> float:
            shortest, stop = float("inf"), time.perf_counter() + seconds
            while time.perf_counter() < stop:
                started = time.perf_counter()
                nursery.start_soon(send)
                left = total
                while left:
                    left -= len(await client.receive_some(64 * KIB))
                shortest = min(shortest, time.perf_counter() - started)
            return total / shortest / 1e6

        alone = await best(one_at_a_time)
        await trio.sleep(0.05)
        nursery.start_soon(writer.run)
        ours = await best(queued)
        nursery.cancel_scope.cancel()
    return ours, alone


def main() -> None:
    report = Report("framing: PDUs cut out of a stream")
    seconds = 0.3 if report.quick else 2.0
    peer, aardwolf = find_aardwolf()
    cases = [
        ("1.2 KB PDUs in 64 KiB bursts", tpkt(1200), 64 * KIB, None),
        ("1.2 KB PDUs in 16 MiB bursts", tpkt(1200), 16 * MIB, GOAL),
        ("largest TPKT PDUs in 64 KiB bursts", tpkt(65_535), 64 * KIB, GOAL),
        ("largest TPKT PDUs in 16 MiB bursts", tpkt(65_535), 16 * MIB, GOAL),
        ("largest fast-path PDUs in 64 KiB bursts", fast_path(32_767), 64 * KIB, GOAL),
        ("largest fast-path PDUs in 16 MiB bursts", fast_path(32_767), 16 * MIB, GOAL),
    ]
    for name, pdu, burst, goal in cases:
        pieces, count = bursts(pdu, burst, 16 * MIB)
        size = sum(map(len, pieces)) / 1e6
        value = size / best_seconds(functools.partial(frame_buffer, pieces, count), seconds)
        peer_name, peer_value = peer, None
        if aardwolf is not None:
            # It is quadratic in the burst: once is enough, and when in a hurry, a quarter of it, which flatters it.
            big = burst > MIB
            if big and report.quick:
                pieces, count = bursts(pdu, burst, 4 * MIB)
                size = sum(map(len, pieces)) / 1e6
                peer_name = f"{peer} (4 MiB bursts)"
            work = functools.partial(aardwolf, pieces, count)
            peer_value = size / best_seconds(work, 0 if big else seconds, least=1)
        report.add(name, value, "MB/s", peer=peer_name, peer_value=peer_value, goal=goal)
    for name, pdu, burst, _ in cases[::2]:
        pieces, count = bursts(pdu, burst, 16 * MIB)
        value = sum(map(len, pieces)) / 1e6 / best_seconds(functools.partial(framed, pieces, count), seconds)
        report.add(f"Framed.read_pdus, {name}", value, "MB/s", goal=None if pdu == cases[0][1] else GOAL)
    ours, alone = trio.run(write_rates, seconds)
    name = f"Writer over TLS, {PDUS} queued PDUs of {PDU_SIZE / 1000:g} KB"
    report.add(name, ours, "MB/s", peer="one at a time", peer_value=alone, goal=WRITER_GOAL)
    report.finish()


if __name__ == "__main__":
    main()
