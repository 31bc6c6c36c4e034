"""What is seen of five contents through a whole session, 1920x1080 over TLS on loopback, and at what cost.

Text that is typed, a page that is scrolled, a window that is dragged, a film in a window and on the whole screen, and
noise.  Of each: pictures a second that the client shows, bytes on the wire, processor time of both sides, how long a
change at the server takes until the client shows it, and how like the server's picture it is, while it moves (the
middle of three looks) and two seconds after it stands still (99 dB where it is the same).  Each step draws its number
into the picture, by which the client's picture is known again.  Beside our server and client, freerdp-shadow and
xfreerdp with their default choice (AVC444) show the same steps, by turns with ours; X servers and drawing are nobody's
cost.  xfreerdp's picture is known when it is on its display, ours when `session.screen` has it.

Then a client that reads at 1 Mbit/s: how long a typed character takes, alone and beside a film, and what the server's
memory does.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from _graphics_contents import NAMES
from _graphics_figures import Figures
from _graphics_pairs import Client, Server, own_client, own_server, run, shadow_server, xfreerdp_client
from _graphics_rows import add_rows, add_slow_rows
from _graphics_system import slow_relay
from _graphics_tables import graphics_tables
from _graphics_video import make_film
from report import Report

QUICK = ("typing", "scrolling", "drag", "video", "noise")
RATE = 125_000  # bytes a second: 1 Mbit/s
WARM_UP = 4.0  # seconds in which a server may find out how slow its client is
PEERS = ("xfreerdp", "freerdp-shadow-cli", "Xvfb")


@dataclass
class Pair:
    """A server and a client that are connected, and the number of the last step that they have shown."""

    server: Server
    client: Client
    first: int = field(default=1)

    def run(self, name: str, folder: Path, seconds: float) -> Figures:
        self._signal(signal.SIGCONT)
        try:
            figures = run(self.server, self.client, name, folder, first=self.first, seconds=seconds)
        finally:
            self._signal(signal.SIGSTOP)
        self.first += figures.steps + 1
        return figures

    def close(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        """Stop both while it is another pair's turn: a freerdp-shadow that waits takes a tenth of a processor."""
        for pid in (self.server.pid, self.client.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


@contextlib.contextmanager
def pair(server: str, client: str, folder: Path) -> Iterator[Pair]:
    """Connect ours ("own") or FreeRDP's."""
    serving = own_server(folder) if server == "own" else shadow_server(folder)
    with serving as one:
        looking = own_client(one.port, folder) if client == "own" else xfreerdp_client(one.port, folder)
        with looking as other, contextlib.closing(Pair(one, other)) as both:
            yield both


def slow(kind: str, name: str, folder: Path, seconds: float) -> Figures:
    """The same behind a relay that reads slowly once the content begins."""
    serving = own_server(folder) if kind == "own" else shadow_server(folder)
    with serving as server, slow_relay(server.port) as relay:
        looking = own_client(relay.port, folder) if kind == "own" else xfreerdp_client(relay.port, folder)
        with looking as client:

            def start() -> None:
                relay.rate = RATE

            return run(server, client, name, folder, first=1, seconds=seconds, warm_up=WARM_UP, on_start=start)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--content", action="append", choices=NAMES[:-1], help="measure this one; may be repeated")
    parser.add_argument("--slow", choices=("yes", "no", "only"), default="yes", help="the client at 1 Mbit/s")
    parser.add_argument("--cross", action="store_true", help="xfreerdp at our server and our client at freerdp-shadow")
    required = os.environ.get("TRIO_RDP_REQUIRE_PEERS") == "1"
    parser.add_argument(
        "--peers",
        choices=("auto", "required", "none"),
        default="required" if required else "auto",
        help="FreeRDP beside ours: where it is installed, or fail without it, or not at all",
    )


def measure(report: Report, folder: Path, *, with_peers: bool) -> None:
    """Every content with every pair, by turns."""
    names = report.options.content or (QUICK if report.quick else NAMES[:-1])
    seconds = 2.0 if report.quick else 8.0
    kinds = [("own", "own")]
    if with_peers:
        kinds.append(("shadow", "xfreerdp"))
    if with_peers and report.options.cross:
        kinds += [("own", "xfreerdp"), ("shadow", "own")]
    with contextlib.ExitStack() as stack:
        pairs = [stack.enter_context(pair(*kind, folder)) for kind in kinds]
        for name in names:
            add_rows(
                report, name, [(one.server.name, one.client.name, one.run(name, folder, seconds)) for one in pairs]
            )


def measure_slow(report: Report, folder: Path, *, with_peers: bool) -> None:
    seconds = 8.0 if report.quick else 20.0
    for name in ("both",) if report.quick else ("typing", "both"):
        ours = slow("own", name, folder, seconds)
        theirs = slow("shadow", name, folder, seconds) if with_peers and not report.quick else None
        add_slow_rows(report, name, ours, theirs)


def main() -> None:
    title = "graphics: contents of 1080p from server to client over TLS"
    report = Report(title, options=add_options, markdown=graphics_tables)
    missing = [name for name in PEERS if shutil.which(name) is None]
    if missing and report.options.peers == "required":
        raise SystemExit(f"not installed: {', '.join(missing)}")
    with_peers = report.options.peers != "none" and not missing
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_film(folder)
        if report.options.slow != "only":
            measure(report, folder, with_peers=with_peers)
        if report.options.slow != "no":
            measure_slow(report, folder, with_peers=with_peers)
    if missing:
        report.add("FreeRDP", None, "", peer=f"not measured: {', '.join(missing)} not installed")
    report.finish()


if __name__ == "__main__":
    main()
