"""Cutting PDUs out of a stream: megabytes per second of `FrameBuffer`, and of `Framed` on top of it.

The peer is aardwolf's TPKTPacketizer, measured in the same run when it can be imported (`pip install aardwolf`).
"""

from __future__ import annotations

import asyncio
import functools
import importlib
from collections.abc import Callable

import trio
from report import Report, best_seconds

from trio_rdp.framed import Framed, StreamEnded
from trio_rdp.protocol.framing import FrameBuffer

KIB, MIB = 1 << 10, 1 << 20
GOAL = 500.0  # MB/s


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
    report.finish()


if __name__ == "__main__":
    main()
