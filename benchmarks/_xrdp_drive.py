"""How fast a program in a session of xrdp copies files from and to a drive: with our client, and with rdesktop.

xfreerdp is no peer here, as its drives never appear in xrdp 0.9.21.
"""

from __future__ import annotations

import os
import secrets
import shutil
import sys
import tempfile
import time
from pathlib import Path

import trio
from connect import ROOT

from trio_rdp.client import open_session
from trio_rdp.faces.devices.directory_files import DirectoryFileSystem
from trio_rdp.protocol.config import ClientConfig, Security

__all__ = ["copies", "missing"]

NEEDED = ("Xorg", "Xvfb", "fusermount3", "rdesktop", "xrdp", "xrdp-chansrv")
PATIENCE = 20.0  # seconds until the drive is there


def missing() -> str:
    """Why this cannot be measured here; empty where it can."""
    absent = [name for name in NEEDED if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") is None]
    if absent:
        return f"not measured: {', '.join(absent)} not installed"
    return "" if os.geteuid() == 0 else "not measured: xrdp needs root"


def copies(size: int) -> dict[str, dict[str, float]]:
    """Bytes a second by client, of "from" and "to" the drive."""
    sys.path.insert(0, str(ROOT))
    from tests.interop.display import xorg, xvfb
    from tests.interop.rdesktop import rdesktop
    from tests.interop.xrdp import chansrv, xrdp

    async def ours(port: int, share: Path, mount: Path) -> dict[str, float]:
        config = ClientConfig(security=Security.TLS, certificate_policy="insecure", enable_devices=True)
        async with open_session("127.0.0.1", port, username="alice", password="", config=config) as session:
            session.devices.add_drive("share", DirectoryFileSystem(share))
            return await copy(mount / "share", size)

    async def theirs(port: int, share: Path, mount: Path) -> dict[str, float]:
        with xvfb(share.parent) as display:
            async with rdesktop(display, port, "-r", f"disk:share={share}"):
                return await copy(mount / "share", size)

    found = {}
    with tempfile.TemporaryDirectory() as name, xorg(Path(name)) as desktop:
        for client, run in (("ours", ours), ("rdesktop", theirs)):
            folder = Path(name) / client
            share = folder / "shared"
            share.mkdir(parents=True)
            (share / "copy.bin").write_bytes(secrets.token_bytes(size))
            with chansrv(desktop, folder), xrdp(folder, desktop, chansrv=True) as server:
                found[client] = trio.run(run, server.port, share, folder / "thinclient_drives")
    return found


async def copy(drive: Path, size: int) -> dict[str, float]:
    deadline = time.perf_counter() + PATIENCE
    while not await trio.to_thread.run_sync((drive / "copy.bin").exists):
        if time.perf_counter() > deadline:
            raise TimeoutError(f"{drive} does not appear")
        await trio.sleep(0.05)
    rates = {}
    for way, source, target in (("from", drive / "copy.bin", "/dev/null"), ("to", "/dev/zero", drive / "new.bin")):
        command = ["dd", f"if={source}", f"of={target}", "bs=1M", f"count={size >> 20}"]
        started = time.perf_counter()
        await trio.run_process(command, capture_stderr=True)
        rates[way] = size / (time.perf_counter() - started)
    return rates
