"""Processes of peers: started in groups of their own, ended by those groups' ids only, their output kept for messages.

Starting and ending are plain calls, so that fixtures of any scope can use them; whatever a test awaits while its own
side of a session must run is async.
"""

from __future__ import annotations

import atexit
import contextlib
import itertools
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest
import trio

__all__ = [
    "PATIENCE",
    "LaunchFailed",
    "Process",
    "free_port",
    "installed",
    "launch",
    "launched",
    "listening",
    "need",
    "noted",
    "numbered",
    "start",
    "wait_for",
    "wait_for_answer",
    "wait_for_sync",
]

_T = TypeVar("_T")

PATIENCE = 20.0  # seconds; a peer that needs more is stuck, even on a busy machine
REQUIRED = os.environ.get("TRIO_RDP_REQUIRE_PEERS") == "1"

# What Wayland's clients say of every message, where a test needs some of them.
_WAYLAND_DEBUG = re.compile(r"^\[ *\d+\.\d+\] .*\n", re.MULTILINE)

_running: set[Process] = set()
_numbers = itertools.count()
_ports: Iterator[int] = iter(())


class LaunchFailed(Exception):
    """A peer did not get ready; the message ends with its log."""


class Process:
    """A running program, its log, and the group that it and its children are in."""

    def __init__(self, name: str, popen: subprocess.Popen[bytes], log_path: Path) -> None:
        self.name = name
        self.popen = popen
        self.log_path = log_path
        _running.add(self)

    @property
    def pid(self) -> int:
        return self.popen.pid

    @property
    def returncode(self) -> int | None:
        """The exit code, once it ended (a signal's number plus 128, as shells say it)."""
        code = self.popen.poll()
        return 128 - code if code is not None and code < 0 else code

    @property
    def alive(self) -> bool:
        return self.popen.poll() is None

    @property
    def log(self) -> str:
        """What it wrote so far, to standard output and error."""
        return self.log_path.read_text(errors="replace")

    def describe(self) -> str:
        state = "running" if self.alive else f"ended with {self.returncode}"
        log = _WAYLAND_DEBUG.sub("", self.log)
        return f"{self.name} (pid {self.pid}, {state}):\n{log[-4000:]}"

    def stop(self) -> None:
        """End the whole group: politely, then not."""
        for number, patience in ((signal.SIGTERM, 3.0), (signal.SIGKILL, PATIENCE)):
            self._signal(number)
            deadline = time.monotonic() + patience
            while time.monotonic() < deadline and self._group_lives():
                time.sleep(0.01)
            if not self._group_lives():
                break
        if self.popen.stdin is not None:
            with contextlib.suppress(OSError):
                self.popen.stdin.close()
        self.popen.wait(timeout=PATIENCE)
        _running.discard(self)

    async def wait(self, seconds: float = PATIENCE) -> int:
        """Wait for it to end by itself; gives its exit code."""
        return await wait_for(lambda: self.returncode, f"{self.name} ends", seconds, self)

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def _group_lives(self) -> bool:
        """Is anything of the group left?  Its children may outlive it; zombies of others do not count."""
        self.popen.poll()
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    state, _parent, group = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
                    if int(group) == self.pid and state not in "ZX":
                        return True
        return False


def start(
    name: str,
    command: Sequence[str | Path],
    folder: Path,
    *,
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    pass_fds: Sequence[int] = (),
) -> Process:
    """Start a command; whoever calls this calls `stop`.

    Its home and its run-time files are in `folder`, so that it neither finds nor leaves anything of a user's; so is
    its log.  `stdin` is written and the pipe kept open; without it, standard input is empty.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    log_path = numbered(folder, name, ".log")
    clean = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY")}
    home = {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder), "XDG_CONFIG_HOME": str(folder / ".config")}
    with log_path.open("wb") as log:
        # Line buffers: what a program says just before it is killed is what a failure's message is about.
        popen = subprocess.Popen(
            ["stdbuf", "-oL", "-eL", *map(str, command)],
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**clean, **home, "PATH": _path(), "LC_ALL": "C.UTF-8", **(env or {})},
            cwd=folder,
            start_new_session=True,
            pass_fds=pass_fds,
        )
    if stdin is not None:
        assert popen.stdin is not None
        popen.stdin.write(stdin)
        popen.stdin.flush()
    return Process(name, popen, log_path)


@contextlib.contextmanager
def launch(name: str, command: Sequence[str | Path], folder: Path, **options: Any) -> Iterator[Process]:
    """Run a command, as `start` does, until the block is left; what goes wrong there is told with its log."""
    process = start(name, command, folder, **options)
    try:
        with noted(process.describe):
            yield process
    finally:
        process.stop()


@contextlib.asynccontextmanager
async def launched(name: str, command: Sequence[str | Path], folder: Path, **options: Any) -> AsyncIterator[Process]:
    """As `launch`, for a test whose own sessions go on while the process ends, which takes a moment."""
    process = start(name, command, folder, **options)
    try:
        with noted(process.describe):
            yield process
    finally:
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(process.stop)


def numbered(folder: Path, name: str, suffix: str = "") -> Path:
    """A path in the folder that this run has not given before."""
    return folder / f"{name}-{next(_numbers)}{suffix}"


@atexit.register
def _stop_all() -> None:
    for process in list(_running):
        process.stop()


@contextlib.contextmanager
def noted(say: Callable[[], str]) -> Iterator[None]:
    """Add what `say` gives, as the state of a process, to what is raised in the block, unless its message has it."""
    try:
        yield
    except (Exception, pytest.fail.Exception) as exc:
        note = say()
        if note.partition("\n")[0] not in "\n".join([str(exc), *getattr(exc, "__notes__", ())]):
            exc.add_note(note)
        raise


async def wait_for(
    ready: Callable[[], _T | None], what: str | Callable[[], str], seconds: float = PATIENCE, *processes: Process
) -> _T:
    """Ask until the answer is neither None nor false, and give it; fails with the processes' logs when time is up.

    `what` is waited for; as a function it is called when that has not come, and says what there is instead, too.
    """

    async def answer() -> _T | None:
        return ready()

    return await wait_for_answer(answer, what, seconds, *processes)


async def wait_for_answer(
    ready: Callable[[], Awaitable[_T | None]],
    what: str | Callable[[], str],
    seconds: float = PATIENCE,
    *processes: Process,
) -> _T:
    """As `wait_for`, where asking takes a while."""
    deadline = trio.current_time() + seconds
    while True:
        answer = await ready()
        if answer is not None and answer is not False:
            return answer
        _fail_if(trio.current_time() > deadline, seconds, what, processes)
        await trio.sleep(0.02)


def wait_for_sync(
    ready: Callable[[], _T | None], what: str | Callable[[], str], *processes: Process, seconds: float = PATIENCE
) -> _T:
    """As `wait_for`, for starting; it also fails at once when a process ends."""
    deadline = time.monotonic() + seconds
    while True:
        answer = ready()
        if answer is not None and answer is not False:
            return answer
        _fail_if(not all(process.alive for process in processes), 0, what, processes)
        _fail_if(time.monotonic() > deadline, seconds, what, processes)
        time.sleep(0.02)


def _fail_if(failed: bool, seconds: float, what: str | Callable[[], str], processes: Sequence[Process]) -> None:
    if failed:
        said = what if isinstance(what, str) else what()
        message = f"not in {seconds:g} s: {said}" if seconds else f"ended before: {said}"
        raise LaunchFailed("\n".join([message, *(process.describe() for process in processes)]))


def need(*programs: str) -> None:
    """Skip the test where a peer is not installed; fail where it must be, as in continuous integration."""
    missing = [program for program in programs if not installed(program)]
    if missing and REQUIRED:
        pytest.fail(f"not installed: {', '.join(missing)} (TRIO_RDP_REQUIRE_PEERS is set)", pytrace=False)
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}; see .ci/packages.txt")


def installed(program: str) -> bool:
    """Is it on PATH, or where Debian has servers?"""
    return shutil.which(program, path=_path()) is not None


def _path() -> str:
    return os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin"


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on now, not given before, and that the system gives to nobody else.

    It is not one of those that connections get, as far as the system leaves others: a busy machine may make one before
    a peer listens.
    """
    global _ports
    while True:
        port = next(_ports, None)
        if port is None:
            lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
            candidates = range(10_000, lowest if lowest > 20_000 else 32_768)
            _ports = iter(random.sample(candidates, len(candidates)))
            continue
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def listening(port: int) -> bool:
    """Does anybody listen on this port of 127.0.0.1?  Looked up, for some servers take a stray connection badly."""
    wanted = f"0100007F:{port:04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any(row[1] in (wanted, f"00000000:{port:04X}") and row[3] == "0A" for row in rows)
