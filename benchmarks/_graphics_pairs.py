"""Pairs of a server and a client that show contents: ours, and freerdp-shadow with xfreerdp.

freerdp-shadow shares a display on which a process of its own plays; X servers and that process are not counted.  Ours
plays in the server's own process, which tells how much of its time that took.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import _graphics_marks as marks
import numpy as np
from _frames import HEIGHT, WIDTH
from _graphics_contents import Content, make_content
from _graphics_figures import Figures, latencies, psnr, shown
from _graphics_play import replay
from _graphics_system import bytes_sent, resident_bytes
from _graphics_x11 import SharedScreen
from connect import ROOT, cpu_seconds

if TYPE_CHECKING:
    from _graphics_figures import Seen
    from numpy.typing import NDArray

__all__ = ["Client", "Server", "own_client", "own_server", "run", "shadow_server", "xfreerdp_client"]

HERE = Path(__file__).parent
SETTLE, REST = 0.7, 2.0  # seconds before and after; what was lossy is to be exact a second after it stands still
PATIENCE = 20.0


class Talk:
    """A process that answers a line with a line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.pid = process.pid
        self._to, self._from = process.stdin, process.stdout

    def say(self, order: dict[str, Any] | None) -> None:
        self._to.write((json.dumps(order) if order is not None else "") + "\n")
        self._to.flush()

    def hear(self) -> Any:
        line = self._from.readline()
        if not line:
            raise RuntimeError("a process of the benchmark ended")
        return json.loads(line)

    def ask(self, order: dict[str, Any]) -> Any:
        self.say(order)
        return self.hear()


class Server:
    """A server, by its port and its process, and who plays on its desktop."""

    def __init__(self, name: str, port: int, pid: int, player: Talk) -> None:
        self.name = name
        self.port = port
        self.pid = pid
        self.player = player


class Client(Protocol):
    """Somebody who looks at a client's picture."""

    name: str
    pid: int

    def watch(self, places: list[tuple[int, int]]) -> None:
        """Note from now on what the marks at these places say."""

    def last(self) -> list[int]:
        """What they say now."""

    def keep(self) -> None:
        """Keep the picture."""

    def tell(self) -> tuple[list[Seen], list[NDArray[np.uint8]], dict[str, Any]]:
        """What was seen since `watch`, the pictures that were kept, and what else there is to say."""


@contextlib.contextmanager
def own_server(folder: Path) -> Iterator[Server]:
    with _process("_graphics_server.py", folder) as talk:
        yield Server("trio_rdp", talk.hear(), talk.pid, talk)


@contextlib.contextmanager
def shadow_server(folder: Path) -> Iterator[Server]:
    """freerdp-shadow, on a display on which contents are played."""
    _find_peers()
    from tests.interop.display import xvfb
    from tests.interop.shadow import shadow

    with (
        xvfb(folder, width=WIDTH, height=HEIGHT) as display,
        shadow(folder, display) as server,
        _process("_graphics_x11.py", folder, env=display.env) as talk,
    ):
        yield Server("freerdp-shadow", server.port, server.process.pid, talk)


@contextlib.contextmanager
def own_client(port: int, folder: Path) -> Iterator[Client]:
    with _process("_graphics_client.py", port) as talk:
        yield _OwnClient(talk, folder / "kept.npy")


@contextlib.contextmanager
def xfreerdp_client(port: int, folder: Path) -> Iterator[Client]:
    """xfreerdp with its default choice of graphics, on a display that is watched."""
    _find_peers()
    from tests.interop.display import xvfb
    from tests.interop.processes import launch, wait_for_sync

    command = ["xfreerdp", f"/v:127.0.0.1:{port}", "/cert:ignore", "/u:ada", "/p:", "/sec:tls", "/f", "-decorations"]
    command += [f"/size:{WIDTH}x{HEIGHT}"]
    with (
        xvfb(folder, width=WIDTH, height=HEIGHT) as display,
        launch("xfreerdp", command, folder, env=display.env) as process,
    ):
        wait_for_sync(lambda: "Local framebuffer format" in process.log, "xfreerdp connects", process)
        client = _Watched(display.name, process.pid)
        try:
            yield client
        finally:
            client.close()


class _OwnClient:
    name = "trio_rdp"

    def __init__(self, talk: Talk, path: Path) -> None:
        self.pid = talk.pid
        self._talk = talk
        self._path = path

    def watch(self, places: list[tuple[int, int]]) -> None:
        self._talk.ask({"watch": places})

    def last(self) -> list[int]:
        found: list[int] = self._talk.ask({"last": True})["last"]
        return found

    def keep(self) -> None:
        self._talk.ask({"keep": True})

    def tell(self) -> tuple[list[Seen], list[NDArray[np.uint8]], dict[str, Any]]:
        told = self._talk.ask({"tell": str(self._path)})
        seen = [[(when, number) for when, number in one] for one in told.pop("seen")]
        return seen, list(np.load(self._path)), told


class _Watched:
    """A client on an X display, which a thread looks at."""

    name = "xfreerdp"

    def __init__(self, display: str, pid: int) -> None:
        self.pid = pid
        self._places: list[tuple[int, int]] = []
        self._seen: list[Seen] = []
        self._kept: list[NDArray[np.uint8]] = []
        self._orders: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._is_open = True
        self._screen = SharedScreen(display)
        self._small = self._screen.shared_image(marks.WIDTH, marks.HEIGHT)
        self._whole = self._screen.shared_image(WIDTH, HEIGHT)
        self._thread = threading.Thread(target=self._screen.watch, args=(self._look,), kwargs={"least": 0.005})
        self._thread.start()

    def watch(self, places: list[tuple[int, int]]) -> None:
        def begin() -> None:
            self._places, self._seen = places, [[] for _ in places]

        self._order(begin)

    def last(self) -> list[int]:
        return [seen[-1][1] if seen else -1 for seen in self._seen]

    def keep(self) -> None:
        self._order(lambda: self._kept.append(self._screen.look(self._whole).copy()))

    def tell(self) -> tuple[list[Seen], list[NDArray[np.uint8]], dict[str, Any]]:
        kept, self._kept = self._kept, []
        return self._seen, kept, {}

    def close(self) -> None:
        self._is_open = False
        self._thread.join(PATIENCE)

    def _order(self, work: Callable[[], None]) -> None:
        """Have something done in the thread whose connection to the display it is."""
        done = threading.Event()

        def do() -> None:
            work()
            done.set()

        self._orders.put(do)
        if not done.wait(PATIENCE):
            raise RuntimeError("the display of xfreerdp is not looked at any more")

    def _look(self) -> bool:
        while not self._orders.empty():
            self._orders.get()()
        for seen, place in zip(self._seen, self._places, strict=True):
            number = marks.read(self._screen.look(self._small, *place))
            if not seen or seen[-1][1] != number:
                seen.append((time.monotonic(), number))
        return self._is_open


def run(
    server: Server,
    client: Client,
    name: str,
    folder: Path,
    *,
    first: int,
    seconds: float,
    warm_up: float = 0.0,
    on_start: Callable[[], None] = lambda: None,
) -> Figures:
    """Play a content and look at it; the numbers of its steps are those behind `first`.

    Latencies count from `warm_up` seconds after the beginning on.
    """
    content = make_content(name, folder)
    server.player.ask({"content": name, "first": first, "seconds": seconds})
    client.watch([track.mark for track in content.tracks])
    _wait(lambda: all(number == first for number in client.last()), PATIENCE, f"{server.name}: {name} is not shown")
    time.sleep(SETTLE)
    on_start()
    memory = _Memory(server.pid, warm_up)
    before = _spent(server, client)
    server.player.say(None)
    began = time.monotonic()
    for moment in (0.35, 0.6, 0.85):
        time.sleep(max(began + moment * seconds - time.monotonic(), 0))
        client.keep()
    told = server.player.hear()
    until = time.monotonic()
    after = _spent(server, client)
    last = [len(times) for times in told["times"]]
    end = [first + count for count in last]
    with contextlib.suppress(TimeoutError):
        _wait(lambda: client.last() == end, PATIENCE, "")
    time.sleep(REST)
    rest = _spent(server, client)
    client.keep()
    seen, pictures, aside = client.tell()
    return Figures(
        seconds=until - began,
        steps=last[0],
        frames=shown(seen[0], first, until),
        latencies=tuple(
            latencies(times, one, first, began + warm_up) for times, one in zip(told["times"], seen, strict=True)
        ),
        bytes_moving=after[0] - before[0],
        bytes_rest=rest[0] - after[0],
        server_cpu=after[1] - before[1] - (told["drawing"] if server.pid == server.player.pid else 0.0),
        client_cpu=after[2] - before[2] - aside.get("aside", 0.0),
        psnr_moving=_moving(content, first, pictures[:-1]),
        psnr_rest=psnr(pictures[-1], replay(content, first, last), content.area),
        server_growth=memory.growth(),
        server_pause=told.get("pause"),
        client_pause=aside.get("pause"),
        codec_seconds=sum(told["codecs"].values()) if "codecs" in told else None,
    )


def _moving(content: Content, first: int, pictures: list[NDArray[np.uint8]]) -> float | None:
    """The quality of what was seen while it moved, the middle of some pictures; their marks say what they should be."""
    if len(content.tracks) > 1:
        return None
    x, y = content.tracks[0].mark
    found = []
    for picture in pictures:
        index = marks.read(picture[y : y + marks.HEIGHT, x : x + marks.WIDTH]) - first
        if 0 <= index < 10_000:
            found.append(psnr(picture, replay(content, first, [index]), content.area))
    return sorted(found)[len(found) // 2] if found else None


def _spent(server: Server, client: Client) -> tuple[int, float, float]:
    """Bytes on the wire, and processor seconds of both, until now."""
    return bytes_sent(server.port), cpu_seconds(server.pid), cpu_seconds(client.pid)


class _Memory:
    """Looks how much a process takes, ten times a second."""

    def __init__(self, pid: int, warm_up: float) -> None:
        """What is taken within `warm_up` seconds is what a content needs, such as the encoders of its films."""
        self._pid = pid
        self._first = self._most = resident_bytes(pid)
        self._until = time.monotonic() + warm_up
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def growth(self) -> int:
        """Stop, and give what it took at the most beyond what it had first."""
        self._stop.set()
        self._thread.join()
        return self._most - self._first

    def _look(self) -> None:
        while not self._stop.wait(0.1):
            with contextlib.suppress(OSError):
                self._most = max(self._most, resident_bytes(self._pid))
                if time.monotonic() < self._until:
                    self._first = self._most


def _wait(done: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.05)


@contextlib.contextmanager
def _process(script: str, *arguments: object, env: dict[str, str] | None = None) -> Iterator[Talk]:
    command = [sys.executable, str(HERE / script), *map(str, arguments)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **(env or {})}
    )
    assert process.stdin is not None
    try:
        yield Talk(process)
    finally:
        with contextlib.suppress(OSError):
            process.stdin.close()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _find_peers() -> None:
    """Let the tests' way of starting peers be imported."""
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
