"""A server to try the command on, and the command, in a thread or as a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import trio
from click.testing import CliRunner

from tests.identities import identity
from trio_rdp.apps.cli.command import command as group
from trio_rdp.apps.desktop import show_desktop
from trio_rdp.protocol.config import Credentials, Security, ServerConfig
from trio_rdp.server import serve

__all__ = ["ACCOUNT", "PIN", "Finished", "command", "desktop_server", "environment", "parsed", "process"]

ACCOUNT = Credentials("ada", "Secret1!")
PIN = ("--certificate-policy", f"pin:{identity().fingerprint}")

Finished = subprocess.CompletedProcess[bytes]


@asynccontextmanager
async def desktop_server(security: Security = Security.NLA) -> AsyncIterator[str]:
    """A server of the demo desktop; gives its address."""
    async with trio.open_nursery() as nursery:
        config = ServerConfig(security=security)
        start = partial(serve, show_desktop, 0, config=config, credentials=ACCOUNT, identity=identity())
        listeners = await nursery.start(start)
        yield f"127.0.0.1:{listeners[0].socket.getsockname()[1]}"
        nursery.cancel_scope.cancel()


def environment(folder: Path, **more: str) -> dict[str, str]:
    """The environment of a process that keeps what it stores in a folder, and knows no password."""
    kept = {name: value for name, value in os.environ.items() if name != "TRIO_RDP_PASSWORD"}
    return {**kept, "XDG_DATA_HOME": str(folder), "HOME": str(folder), **more}


async def command(folder: Path, *arguments: str, stdin: bytes = b"", **more: str) -> Finished:
    """Run the command in a folder, to its end, in a thread: for what a process of its own would show no more."""
    variables = {"TRIO_RDP_PASSWORD": None, "XDG_DATA_HOME": str(folder), "HOME": str(folder), **more}
    invoke = partial(CliRunner(env=variables).invoke, group, arguments, input=stdin, prog_name="trio-rdp")
    with contextlib.chdir(folder):
        done = await trio.to_thread.run_sync(invoke)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Finished(arguments, done.exit_code, done.stdout_bytes, done.stderr_bytes)


async def process(folder: Path, *arguments: str, stdin: bytes = b"") -> Finished:
    """Run the command in a folder, to its end, as its user does."""
    line = [sys.executable, "-m", "trio_rdp", *arguments]
    with trio.fail_after(60):
        return await trio.run_process(
            line,
            stdin=stdin,
            capture_stdout=True,
            capture_stderr=True,
            check=False,
            cwd=folder,
            env=environment(folder, PYTHONPATH=str(Path(__file__).parents[3])),
        )


def parsed(finished: Finished) -> Any:
    """The one line of JSON that a command wrote."""
    return json.loads(finished.stdout)
