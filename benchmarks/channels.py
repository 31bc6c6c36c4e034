"""Channels over TLS on loopback, our client in this process and our server in another.

Throughput of a dynamic channel in both directions, beside `trio.SSLStream` alone with the same two processes; messages
and round trips a second; how long a key press takes while a long message goes the same way, beside how long it takes
else; and the memory of one more open channel.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import secrets
import ssl
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import trio
from _verdicts import judge
from _xrdp_drive import copies, missing
from idle import private_bytes
from report import Report

from trio_rdp.client import Session, open_session
from trio_rdp.dynamic_channel import DynamicChannel, DynamicChannelListener
from trio_rdp.faces.devices.memory_files import MemoryFileSystem
from trio_rdp.protocol.channel_buffer import ChannelBuffer, WhenFull
from trio_rdp.protocol.config import ClientConfig, Security
from trio_rdp.protocol.keys import Key

HERE = Path(__file__).parent
HOST = "127.0.0.1"
MB = 1_000_000
SHARE_GOAL, SPEED_GOAL = 0.35, 200.0
LATENCY_GOAL, MEMORY_GOAL = 5.0, 20.0
PATIENT = ChannelBuffer(64, 1 << 24, WhenFull.WAIT)
SMALL = 100
CONFIG = ClientConfig(security=Security.TLS, certificate_policy="insecure", enable_clipboard=True, enable_devices=True)


@contextlib.contextmanager
def process(script: str, *arguments: object) -> Iterator[tuple[int, int]]:
    """Run a script that prints its port; gives that, and its process."""
    command = [sys.executable, str(HERE / script), *map(str, arguments)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        try:
            yield int(running.stdout.readline()), running.pid
        finally:
            running.stdin.close()


async def tls_alone(port: int, total: int) -> float:
    """Bytes a second that `trio.SSLStream` brings."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    stream = await trio.open_tcp_stream(HOST, port)
    async with trio.SSLStream(stream, context, https_compatible=True) as tls:
        await tls.do_handshake()
        started, received = time.perf_counter(), 0
        while received < total:
            received += len(await tls.receive_some(65_536))
        rate = received / (time.perf_counter() - started)
        await tls.send_all(b"x")
    return rate


class Bench:
    """A session, and the channels on which the server is told what to do: two things at a time."""

    def __init__(self, session: Session, controls: list[DynamicChannel], bulk: DynamicChannelListener) -> None:
        self.session = session
        self._controls = controls
        self._bulk = bulk

    @contextlib.asynccontextmanager
    async def work(self, name: str, **arguments: int) -> AsyncIterator[list[Any]]:
        """Let the server do something meanwhile; the list has its answer afterwards."""
        answer: list[Any] = []
        control = self._controls.pop()
        await control.send(json.dumps([name, arguments]).encode())
        yield answer
        answer.append(json.loads(await control.receive()))
        self._controls.append(control)

    async def download(self, size: int, count: int) -> float:
        """Bytes a second from the server."""
        async with self.work("send", size=size, count=count), await self._bulk.accept() as channel:
            await channel.receive()
            started = time.perf_counter()
            for _ in range(count - 1):
                await channel.receive()
            seconds = time.perf_counter() - started
            await channel.send(b"done")
        return size * (count - 1) / seconds

    async def upload(self, size: int, count: int) -> float:
        """Bytes a second to the server."""
        message = secrets.token_bytes(size)
        async with self.work("take", count=count), await self._bulk.accept() as channel:
            started = time.perf_counter()
            for _ in range(count):
                await channel.send(message)
            await channel.receive()
            seconds = time.perf_counter() - started
        return size * count / seconds

    async def round_trips(self, count: int) -> float:
        """Small messages there and back, one at a time: how many a second."""
        async with self.work("answer", count=count), await self._bulk.accept() as channel:
            started = time.perf_counter()
            for _ in range(count):
                await channel.send(bytes(SMALL))
                await channel.receive()
            seconds = time.perf_counter() - started
            await channel.send(b"done")
        return count / seconds

    async def keys(self, count: int) -> list[float]:
        """Milliseconds from a key press here until the server's handler has it."""
        pressed = []
        async with self.work("note_keys", count=count) as answer:
            for _ in range(count):
                pressed.append(time.monotonic())
                await self.session.keyboard.press(Key.A)
                await trio.sleep(0.01)
        return [1000 * (seen - sent) for sent, seen in zip(pressed, answer[0], strict=True)]

    async def keys_meanwhile(self, count: int, size: int) -> list[float]:
        """The same, while long messages go the same way as fast as they can."""
        message = secrets.token_bytes(size)
        async with self.work("take", count=1 << 30), await self._bulk.accept() as channel:

            async def copy() -> None:
                while True:
                    await channel.send(message)

            async with trio.open_nursery() as nursery:
                nursery.start_soon(copy)
                await trio.sleep(0.2)
                found = await self.keys(count)
                nursery.cancel_scope.cancel()
        return found

    async def more_channels(self, count: int) -> None:
        """Have the server open channels that stay."""
        async with self.work("open_many", count=count):
            pass


@contextlib.asynccontextmanager
async def bench() -> AsyncIterator[tuple[Bench, int]]:
    """A session, and the server's process."""
    password = os.environ["TRIO_RDP_PASSWORD"] = secrets.token_urlsafe()
    with process("_channel_server.py") as (port, pid):
        async with open_session(HOST, port, username="ada", password=password, config=CONFIG) as session:
            controls, bulk = session.listen("control"), session.listen("bulk", buffer=PATIENT)
            yield Bench(session, [await controls.accept() for _ in range(2)], bulk), pid


def p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100)[98]


async def measure(report: Report, floor: float) -> None:
    total = 100 * MB if report.quick else 400 * MB
    async with bench() as (one, _):
        for size in (65_536, 1 << 20, 10 << 20):
            for name, rate in (
                ("to the client", await one.download(size, max(total // size, 3))),
                ("to the server", await one.upload(size, max(total // size, 3))),
            ):
                verdict = judge(min(rate / floor / SHARE_GOAL, rate / MB / SPEED_GOAL), 1.0)
                report.add(
                    f"bulk, messages of {size >> 10} KiB, {name}",
                    rate / MB,
                    "MB/s",
                    peer="trio.SSLStream alone",
                    peer_value=floor / MB,
                    goal=max(SHARE_GOAL * floor / MB, SPEED_GOAL),
                    verdict=verdict,
                )
        count = 10_000 if report.quick else 50_000
        report.add(f"messages of {SMALL} bytes", await one.download(SMALL, count) / SMALL, "1/s")
        report.add(f"round trips of {SMALL} bytes", await one.round_trips(count // 5), "1/s")
        count = 300 if report.quick else 2000
        idle, busy = p99(await one.keys(count)), p99(await one.keys_meanwhile(count, 10 << 20))
        report.add("a key press, p99", idle, "ms")
        added = busy - idle
        verdict = judge(added, LATENCY_GOAL, less_is_better=True)
        report.add("added while 10 MiB messages go the same way", added, "ms", goal=LATENCY_GOAL, verdict=verdict)
    await measure_files(report, floor)
    await measure_memory(report)


async def measure_files(report: Report, floor: float) -> None:
    """Copy a file by the clipboard, and from and to a drive of the client, all in memory."""
    size = (64 if report.quick else 256) << 20
    async with bench() as (one, _):
        async with one.work("offer_file", size=size):
            pass
        (file,) = await one.session.clipboard.read_files()
        started, received = time.perf_counter(), 0
        async with file.open() as stream:
            while data := await stream.receive_some():
                received += len(data)
        rates = {"a file by the clipboard": received / (time.perf_counter() - started)}
        files = MemoryFileSystem({"copy.bin": secrets.token_bytes(size)}, capacity=3 * size)
        drive = one.session.devices.add_drive("bench", files)
        async with one.work("read_drive") as answer:
            pass
        rates["a file from a drive of the client"] = size / answer[0]
        async with one.work("write_drive", size=size) as answer:
            pass
        rates["a file to a drive of the client"] = size / answer[0]
        drive.remove()
    for name, rate in rates.items():
        report.add(name, rate / MB, "MB/s", peer="trio.SSLStream alone", peer_value=floor / MB)


def measure_xrdp(report: Report) -> None:
    """Copy a file in a session of xrdp, from and to a drive of its client."""
    if reason := missing():
        report.add("a file from a drive in a session of xrdp", None, "MB/s", peer=reason)
        return
    found = copies((8 if report.quick else 64) << 20)
    for way in ("from", "to"):
        ours, theirs = found["ours"][way] / MB, found["rdesktop"][way] / MB
        report.add(f"a file {way} a drive in a session of xrdp", ours, "MB/s", peer="rdesktop", peer_value=theirs)


async def measure_memory(report: Report) -> None:
    async with bench() as (one, pid):
        idle = one.session.listen("idle")
        held: list[DynamicChannel] = []

        async def look() -> tuple[int, int]:
            await trio.sleep(0.5)
            gc.collect()
            return private_bytes(os.getpid()), private_bytes(pid)

        async def keep() -> None:
            while True:
                held.append(await idle.accept())

        async with trio.open_nursery() as nursery:
            nursery.start_soon(keep)
            await one.more_channels(50)
            before = await look()
            await one.more_channels(150)
            after = await look()
            nursery.cancel_scope.cancel()
        for side, was, became in zip(("client", "server"), before, after, strict=True):
            size = (became - was) / 150 / 1000
            verdict = judge(size, MEMORY_GOAL, less_is_better=True)
            report.add(f"one more open channel, {side}", size, "kB", goal=MEMORY_GOAL, verdict=verdict)


def main() -> None:
    report = Report("channels: dynamic channels over TLS on loopback")
    total = 200 * MB if report.quick else 800 * MB
    with process("_tls_server.py", total, 65_536) as (port, _):
        floor = trio.run(tls_alone, port, total // 65_536 * 65_536)
    report.add("trio.SSLStream alone", floor / MB, "MB/s")
    trio.run(measure, report, floor)
    measure_xrdp(report)
    report.finish()


if __name__ == "__main__":
    main()
