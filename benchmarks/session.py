"""Full-screen video through a whole session, 1920x1080 over TLS on loopback: frames a second, and what a frame costs.

Server and client are processes of their own; each frame differs from the one before in every tile.  "Outside" is the
part of a process's time that is neither its kernels' nor TLS's.  The kernels of `trio_rdp.codecs` are timed call by
call: codecs, bulk compression, and what compares and copies pixels, which has a row of its own.  TLS is measured
beside: encrypting (or decrypting) as many bytes with Python's `ssl` alone.  FreeRDP's pair, freerdp-shadow with
xfreerdp, does the same with the codecs that it has; its frames are counted by a mark that changes on the client's
display.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _frames import HEIGHT, WIDTH
from _speed_tables import session_tables
from _verdicts import judge
from _x11 import Screen
from connect import ROOT, cpu_seconds
from report import Report

from trio_rdp.transport import TlsIdentity

HERE = Path(__file__).parent
CODECS = ("AUTO", "REMOTEFX", "NSCODEC", "QOI", "QOIZ", "PLANAR", "RAW")
NO_GFX = "FreeRDP_SupportGraphicsPipeline:FALSE"
FREERDP = {
    "REMOTEFX": ["/rfx", f"/tune:{NO_GFX}"],
    "NSCODEC": ["/nsc", f"/tune:{NO_GFX},FreeRDP_RemoteFxCodec:FALSE"],
    "PLANAR": [f"/tune:{NO_GFX},FreeRDP_RemoteFxCodec:FALSE,FreeRDP_NSCodec:FALSE"],
}
SHARE_GOAL = 0.15


@dataclass(frozen=True)
class Shares:
    """Of a process's time: what is neither the kernels' nor TLS's, and what is spent comparing and copying pixels."""

    outside: float
    looking: float


@dataclass(frozen=True)
class Result:
    """Frames a second, and of each process the processor seconds a frame; -1 where they are not known."""

    rate: float
    server: float
    client: float
    size: float = 0.0
    server_shares: Shares | None = None
    client_shares: Shares | None = None


def own(codec: str, name: str, seconds: float, tls: tuple[float, float]) -> Result:
    """Our server and our client."""
    command = [sys.executable, str(HERE / "_frame_server.py"), codec, name]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            port = server.stdout.readline().strip()
            arguments = [sys.executable, str(HERE / "_frame_client.py"), port, str(seconds), codec]
            client = json.loads(subprocess.run(arguments, check=True, capture_output=True, text=True).stdout)
        finally:
            server.stdin.close()
        told = json.loads(server.stdout.read())
    size = told["bytes"] / told["frames"]
    server_cpu, client_cpu = told["cpu"] / told["frames"], client["cpu"] / client["frames"]
    encrypting, decrypting = tls
    return Result(
        client["frames"] / client["seconds"],
        server_cpu,
        client_cpu,
        size,
        shares(told, size * encrypting),
        shares(client, size * decrypting),
    )


def shares(told: dict[str, Any], tls: float) -> Shares:
    """How a process spent its time, by what it told; `tls` is in seconds a frame."""
    kernels: dict[str, float] = told["kernels"]
    inside = sum(kernels.values()) + tls * told["frames"]
    looking = kernels.get("compare", 0.0) + kernels.get("pixels", 0.0)
    return Shares(1 - inside / told["cpu"], looking / told["cpu"])


def freerdp(codec: str, name: str, seconds: float, folder: Path) -> Result:
    """freerdp-shadow on a display on which pictures are drawn by turns, and xfreerdp on another."""
    sys.path.insert(0, str(ROOT))
    from tests.interop.display import xvfb
    from tests.interop.shadow import shadow
    from tests.interop.xfreerdp import xfreerdp

    size = {"width": WIDTH, "height": HEIGHT}
    with xvfb(folder, **size) as source, xvfb(folder, **size) as target, shadow(folder, source) as server:
        painter = subprocess.Popen(
            [sys.executable, str(HERE / "_x11.py"), name], stdin=subprocess.PIPE, env={**os.environ, **source.env}
        )
        assert painter.stdin is not None

        async def watch() -> Result:
            flags = ["+fonts", "/f", "-decorations", *FREERDP[codec]]
            async with xfreerdp(target, server.port, *flags, security="tls", size=(WIDTH, HEIGHT)) as client:
                await client.wait_connected()
                before: list[float] = []

                def start() -> None:
                    before[:] = [cpu_seconds(server.process.pid), cpu_seconds(client.process.pid)]

                frames, taken = await trio_run_sync(lambda: count_frames(target.name, seconds, start))
                after = [cpu_seconds(server.process.pid), cpu_seconds(client.process.pid)]
                server_cpu, client_cpu = (late - early for late, early in zip(after, before, strict=True))
                return Result(frames / taken, server_cpu / max(frames, 1), client_cpu / max(frames, 1))

        import trio
        from trio.to_thread import run_sync as trio_run_sync

        try:
            return trio.run(watch)
        finally:
            painter.stdin.close()
            painter.wait()


def count_frames(display: str, seconds: float, start: Callable[[], None]) -> tuple[int, float]:
    """How often the mark changes, from its second change on, and in how many seconds."""
    screen, last, changes, started = Screen(display), -1, 0, 0.0
    deadline = time.perf_counter() + seconds + 20
    while time.perf_counter() < deadline:
        value = screen.pixel(4, 4)
        if value != last:
            last, changes = value, changes + 1
            if changes == 3:
                started = time.perf_counter()
                deadline = started + seconds
                start()
        time.sleep(0.001)
    return changes - 3, time.perf_counter() - started


def tls_seconds() -> tuple[float, float]:
    """Seconds a byte to encrypt, and to decrypt: Python's `ssl` without a socket, in pieces of 64 KiB."""
    identity = TlsIdentity.self_signed(["localhost"])
    client_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client_context.check_hostname, client_context.verify_mode = False, ssl.CERT_NONE
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(to_client, to_server)
    server = identity.make_acceptor().wrap_bio(to_server, to_client, server_side=True)
    pending = [client, server]
    while pending:
        for side in list(pending):
            try:
                side.do_handshake()
                pending.remove(side)
            except ssl.SSLWantReadError:
                pass
    piece, buffer = bytes(65536), bytearray(65536)
    encrypting = decrypting = float("inf")
    for _ in range(200):
        started = time.process_time()
        server.write(piece)
        between = time.process_time()
        left = len(piece)
        while left:
            left -= client.read(len(buffer), buffer)  # type: ignore[operator]
        encrypting = min(encrypting, between - started)
        decrypting = min(decrypting, time.process_time() - between)
    return encrypting / len(piece), decrypting / len(piece)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--codec", action="append", choices=CODECS, help="measure this one; may be repeated")


def main() -> None:
    report = Report(
        "session: full-screen 1080p from server to client over TLS",
        options=add_options,
        markdown=lambda rows: session_tables({"": rows}),
    )
    seconds = 3.0 if report.quick else 10.0
    tls = tls_seconds()
    missing = [name for name in ("xfreerdp", "freerdp-shadow-cli", "Xvfb") if shutil.which(name) is None]
    for codec in report.options.codec or CODECS:
        for name in ("desktop",) if report.quick else ("desktop", "photo"):
            ours = own(codec, name, seconds, tls)
            theirs = None
            if codec in FREERDP and not missing:
                with tempfile.TemporaryDirectory() as folder:
                    theirs = freerdp(codec, name, seconds, Path(folder))
            add_rows(report, f"{codec}, {name}", ours, theirs)
    report.finish()


def add_rows(report: Report, title: str, ours: Result, theirs: Result | None) -> None:
    peer = "freerdp-shadow to xfreerdp" if theirs else ""
    report.add(f"{title}: frames", ours.rate, "1/s", peer=peer, peer_value=theirs.rate if theirs else None)
    for side, mine, yours in (
        ("server", ours.server, theirs.server if theirs else None),
        ("client", ours.client, theirs.client if theirs else None),
    ):
        peer_value = yours * 1000 if yours else None
        report.add(
            f"{title}: CPU a frame, {side}", mine * 1000, "ms", peer=peer, peer_value=peer_value, less_is_better=True
        )
    for side, spent in (("server", ours.server_shares), ("client", ours.client_shares)):
        if spent is not None:
            outside, goal = 100 * spent.outside, 100 * SHARE_GOAL
            verdict = judge(outside, goal, less_is_better=True)
            report.add(f"{title}: outside codecs and TLS, {side}", outside, "%", goal=goal, verdict=verdict)
            report.add(f"{title}: comparing and copying pixels, {side}", 100 * spent.looking, "%")
    report.add(f"{title}: bytes a frame", ours.size, "B")


if __name__ == "__main__":
    main()
