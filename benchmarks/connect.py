"""Complete logins over TLS and NLA: how many a second, and what one costs each side in processor time.

The floor is what `ssl` and pyspnego take for the same certificate and login (`_floor.py`).  FreeRDP's programs, where
they are installed, are measured in the same run: its client and ours against its server and ours.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import trio
from _floor import Floor, measure_floor
from _login_server import handler
from report import Report

from trio_rdp.client import open_session
from trio_rdp.protocol.config import ClientConfig, Credentials, Security, ServerConfig
from trio_rdp.server import serve
from trio_rdp.transport import TlsIdentity

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
TICKS = os.sysconf("SC_CLK_TCK")
REACH = 2.0  # times the floor, for both ends together; 2.5 was the first step
AT_ONCE = 8
CLOSED_PORT = 9
GRAPHICS = "/tune:FreeRDP_SupportGraphicsPipeline:FALSE,FreeRDP_RemoteFxCodec:FALSE"


@dataclass(frozen=True)
class Account:
    """Where to log in, and as whom."""

    port: int
    username: str
    password: str


@dataclass(frozen=True)
class Cost:
    """One login: seconds until it stands, and processor milliseconds of both sides."""

    seconds: float
    client: float
    server: float


def cpu_seconds(pid: int) -> float:
    """What a process and its children, ended ones too, have taken so far; the system counts in hundredths."""
    ticks = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(entry.name) == pid or int(fields[2]) == pid:  # itself, or of the group that it leads
                    ticks += sum(map(int, fields[11:15]))
    return ticks / TICKS


@contextlib.contextmanager
def own_server() -> Iterator[tuple[Account, int]]:
    """Our server, in its own process: where it is, and its process id."""
    command = [sys.executable, str(Path(__file__).with_name("_login_server.py"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Account(int(process.stdout.readline()), "ada", "secret"), process.pid
        finally:
            process.stdin.close()


async def log_in(account: Account, security: Security) -> float:
    """Log in and leave; gives the seconds until the session stood."""
    config = ClientConfig(security=security, certificate_policy="insecure")
    started = time.perf_counter()
    async with open_session(HOST, account.port, username=account.username, password=account.password, config=config):
        return time.perf_counter() - started


def own_logins(
    account: Account, pid: int, count: int, *, at_once: int = 1, security: Security = Security.NLA, tries: int = 3
) -> tuple[Cost, float]:
    """What a login of ours costs on average, in the best of some tries; and logins per second."""

    async def some(share: int, waits: list[float]) -> None:
        waits += [await log_in(account, security) for _ in range(share)]

    async def run(share: int) -> list[float]:
        waits: list[float] = []
        async with trio.open_nursery() as nursery:
            for _ in range(at_once):
                nursery.start_soon(some, share, waits)
        return waits

    costs, rates = [], []
    trio.run(run, 2)  # imports, contexts
    for _ in range(tries):
        server, client, started = cpu_seconds(pid), time.process_time(), time.perf_counter()
        waits = trio.run(run, max(count // at_once, 1))
        rates.append(len(waits) / (time.perf_counter() - started))
        client = (time.process_time() - client) / len(waits) * 1000
        time.sleep(0.1)  # the server's own farewell
        server = (cpu_seconds(pid) - server) / len(waits) * 1000
        costs.append(Cost(statistics.median(waits), client, server))
    best = Cost(*(min(getattr(cost, name) for cost in costs) for name in ("seconds", "client", "server")))
    return best, max(rates)


def in_one_process(identity: TlsIdentity, count: int, tries: int) -> float:
    """Milliseconds of processor time that a login takes both ends, in one process and one thread as the floor is."""

    async def run(logins: int) -> float:
        async with trio.open_nursery() as nursery:
            config = ServerConfig(security=Security.NLA)
            accounts = Credentials("ada", "secret")
            start = functools.partial(serve, handler, 0, config=config, credentials=accounts, identity=identity)
            listeners = await nursery.start(start)
            account = Account(listeners[0].socket.getsockname()[1], "ada", "secret")
            started = time.process_time()
            for _ in range(logins):
                await log_in(account, Security.NLA)
            taken = time.process_time() - started
            nursery.cancel_scope.cancel()
        return taken / logins * 1000

    trio.run(run, 3)
    return min(trio.run(run, count) for _ in range(tries))


def own_rows(report: Report, floor: Floor, identity: TlsIdentity) -> Cost:
    """Our client against our server."""
    count, tries = (60, 3) if report.quick else (200, 8)
    both = in_one_process(identity, count, tries)
    with own_server() as (account, pid):
        alone, one_by_one = own_logins(account, pid, count, tries=tries)
        _, at_once = own_logins(account, pid, count, at_once=AT_ONCE, tries=tries)
    name = "ssl + pyspnego"
    report.add("logins, one after the other", one_by_one, "1/s", peer=f"{name}, no I/O", peer_value=1000 / floor.both)
    report.add(f"logins, {AT_ONCE} at once", at_once, "1/s", peer=f"{name}, no I/O", peer_value=1000 / floor.both)
    rows = [
        ("CPU a login, both ends in one process", both, floor.both, REACH * floor.both),
        ("CPU a login, client process", alone.client, floor.client, None),
        ("CPU a login, server process", alone.server, floor.server, None),
        ("CPU a login, both processes", alone.client + alone.server, floor.both, REACH * floor.both),
    ]
    for row, value, peer, goal in rows:
        report.add(row, value, "ms", peer=name, peer_value=peer, goal=goal, less_is_better=True)
    return alone


def freerdp_login(account: Account, server: int, display: dict[str, str], folder: Path) -> Cost:
    """Let xfreerdp log in, and leave at once."""
    command = ["xfreerdp", f"/v:{HOST}:{account.port}", f"/u:{account.username}", f"/p:{account.password}"]
    command += ["/cert:ignore", "/sec:nla", GRAPHICS, "/size:1024x768", "+auth-only"]
    before, started = cpu_seconds(server), time.perf_counter()
    process = subprocess.Popen(
        command,
        env={**os.environ, **display, "HOME": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - started
    time.sleep(0.3)  # the server's own farewell
    cpu = (usage.ru_utime + usage.ru_stime) * 1000
    if process.returncode and account.port != CLOSED_PORT:
        raise RuntimeError(f"xfreerdp ended with {process.returncode}")
    return Cost(seconds, cpu, (cpu_seconds(server) - before) * 1000)


def several(measure: Callable[[], Cost], times: int) -> Cost:
    """The middle of the times taken, because xfreerdp's are a matter of luck, and the least processor time."""
    costs = []
    for _ in range(times):
        with contextlib.suppress(RuntimeError):
            costs.append(measure())
    if not costs:
        raise RuntimeError("no login succeeded")
    seconds = statistics.median(cost.seconds for cost in costs)
    return Cost(seconds, min(cost.client for cost in costs), min(cost.server for cost in costs))


def freerdp_rows(report: Report) -> None:
    """FreeRDP's client and ours, against FreeRDP's server and ours.

    xfreerdp 2.11 sleeps 100 ms whenever an answer is not there at once, that is, in each of about ten round trips at a
    server that takes longer than some 50 us; so its own time says little.  It also spends 0.3 s before it connects.
    """
    sys.path.insert(0, str(ROOT))
    from tests.interop.display import xvfb
    from tests.interop.shadow import shadow

    times = 3 if report.quick else 9
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with xvfb(folder) as display, shadow(folder, display, "nla") as peer, own_server() as (account, pid):
            alice = Account(peer.port, "alice", "Secret1!")
            theirs = several(lambda: freerdp_login(alice, peer.process.pid, display.env, folder), times)
            with_ours = several(lambda: freerdp_login(account, pid, display.env, folder), times)
            nobody = Account(CLOSED_PORT, "x", "x")
            start_up = several(lambda: freerdp_login(nobody, pid, display.env, folder), times)
            ours, _ = own_logins(alice, peer.process.pid, 3 if report.quick else 10, tries=2)
    over = theirs.client - start_up.client
    shadow_name, both_name = "freerdp-shadow", "xfreerdp to freerdp-shadow"
    report.add(
        "xfreerdp to our server, whole run", with_ours.seconds * 1000, "ms", peer=both_name,
        peer_value=theirs.seconds * 1000, goal=theirs.seconds * 1000, less_is_better=True,
    )  # fmt: skip
    report.add(
        "CPU of our server, xfreerdp logs in", with_ours.server, "ms", peer=shadow_name, peer_value=theirs.server,
        goal=theirs.server, less_is_better=True,
    )  # fmt: skip
    report.add(
        "our client to freerdp-shadow, to log in", ours.seconds * 1000, "ms", peer="xfreerdp, less its start-up",
        peer_value=(theirs.seconds - start_up.seconds) * 1000, goal=(theirs.seconds - start_up.seconds) * 1000,
        less_is_better=True,
    )  # fmt: skip
    report.add(
        "CPU of our client, at freerdp-shadow", ours.client, "ms", peer="xfreerdp, less its start-up", peer_value=over,
        goal=over, less_is_better=True,
    )  # fmt: skip


def xrdp_rows(report: Report, own: Cost) -> None:
    """What a login costs xrdp's server, which knows no NLA; ours pays for NLA in this comparison."""
    sys.path.insert(0, str(ROOT))
    from tests.interop.xrdp import xrdp

    with tempfile.TemporaryDirectory() as name, xrdp(Path(name), None, security="tls") as peer:
        account = Account(peer.port, "ada", "secret")
        cost, _ = own_logins(account, peer.process.pid, 10, security=Security.TLS, tries=2)
    report.add(
        "CPU of our server with NLA, our client", own.server, "ms", peer="xrdp with TLS, our client",
        peer_value=cost.server, less_is_better=True,
    )  # fmt: skip


def main() -> None:
    report = Report("connect: logins with TLS and NLA (reach: both ends at most 2 times the floor)")
    identity = TlsIdentity.self_signed(["localhost"])
    floor = measure_floor(identity, rounds=4 if report.quick else 15)
    own = own_rows(report, floor, identity)
    missing = [name for name in ("xfreerdp", "freerdp-shadow-cli", "Xvfb") if shutil.which(name) is None]
    if missing:
        report.add("FreeRDP", None, "ms", peer=f"not measured: {', '.join(missing)} not installed")
    else:
        freerdp_rows(report)
    if shutil.which("xrdp") is None or os.geteuid() != 0:
        report.add("xrdp", None, "ms", peer="not measured: xrdp is not installed, or this is not root")
    else:
        xrdp_rows(report, own)
    report.finish()


if __name__ == "__main__":
    main()
