"""What one more idle session takes of memory, on each side: kilobytes of private pages, over dozens of sessions.

Framebuffers and compression histories are made at first use, and these sessions paint nothing, so neither is in it.
The server is a process of its own; so is FreeRDP's, whose sessions have their framebuffers and encoders from the start.
"""

from __future__ import annotations

import gc
import os
import shutil
import sys
import tempfile
from pathlib import Path

import trio
from connect import HOST, ROOT, Account, own_server
from report import Report

from trio_rdp.client import open_session
from trio_rdp.protocol.config import ClientConfig, Security

GOAL = 200.0  # kB
KB = 1000


def private_bytes(pid: int) -> int:
    """The pages of a process that are its alone."""
    found = 0
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        name, _, value = line.partition(":")
        if name in ("Private_Clean", "Private_Dirty"):
            found += int(value.split()[0]) * 1024
    return found


async def one_more(account: Account, pid: int, security: Security, first: int, count: int) -> tuple[float, float]:
    """Open some sessions, then `count` more; gives the kilobytes that each of those took: in this process, in `pid`."""
    config = ClientConfig(security=security, certificate_policy="insecure", username=account.username)

    async def hold(task_status: trio.TaskStatus[None]) -> None:
        async with open_session(HOST, account.port, password=account.password, config=config):
            task_status.started()
            await trio.sleep_forever()

    async def look() -> tuple[int, int]:
        await trio.sleep(1)
        gc.collect()
        return private_bytes(os.getpid()), private_bytes(pid)

    async with trio.open_nursery() as nursery:
        for _ in range(first):
            await nursery.start(hold)
        client, server = await look()
        for _ in range(count):
            await nursery.start(hold)
        more_client, more_server = await look()
        nursery.cancel_scope.cancel()
    return (more_client - client) / count / KB, (more_server - server) / count / KB


def shadow_session(quick: bool) -> tuple[str, float | None]:
    """The same of freerdp-shadow, with NLA; and who was measured, or why not."""
    missing = [name for name in ("freerdp-shadow-cli", "Xvfb") if shutil.which(name) is None]
    if missing:
        return f"not measured: {', '.join(missing)} not installed", None
    sys.path.insert(0, str(ROOT))
    from tests.interop.display import xvfb
    from tests.interop.shadow import shadow

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with xvfb(folder) as display, shadow(folder, display, "nla") as peer:
            account = Account(peer.port, "alice", "Secret1!")
            _, server = trio.run(one_more, account, peer.process.pid, Security.NLA, 2, 3 if quick else 8)
    return "freerdp-shadow, with its framebuffer", server


def main() -> None:
    report = Report("idle: memory of one more session that does nothing, without framebuffers")
    first, count = (10, 40) if report.quick else (20, 100)
    with own_server() as (account, pid):
        client, server = trio.run(one_more, account, pid, Security.NLA, first, count)
    peer, peer_value = shadow_session(report.quick)
    report.add(
        "one more session, client",
        client,
        "kB",
        peer="not measured: FreeRDP's client is a process a session",
        goal=GOAL,
        less_is_better=True,
    )
    report.add(
        "one more session, server", server, "kB", peer=peer, peer_value=peer_value, goal=GOAL, less_is_better=True
    )
    report.finish()


if __name__ == "__main__":
    main()
