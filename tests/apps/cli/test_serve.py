from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import trio
from click.testing import CliRunner

from tests.apps.cli.running import environment
from trio_rdp.apps.cli.command import command as group
from trio_rdp.client import open_session
from trio_rdp.protocol.config import ClientConfig, DesktopSize, Security
from trio_rdp.wire.errors import AuthenticationFailed

ROOT = Path(__file__).parents[3]


class Serving:
    """A running `serve`, and what it has printed."""

    def __init__(self, process: trio.Process) -> None:
        self.process = process
        self.printed = ""

    async def wait_printed(self, pattern: str) -> re.Match[str]:
        assert self.process.stdout is not None
        while (found := re.search(pattern, self.printed)) is None:
            data = await self.process.stdout.receive_some()
            assert data, f"ended without {pattern!r}: {self.printed}"
            self.printed += data.decode()
        return found

    async def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        assert self.process.stdout is not None
        async for data in self.process.stdout:
            self.printed += data.decode()
        return await self.process.wait()


@asynccontextmanager
async def serving(folder: Path, *arguments: str, **more: str) -> AsyncIterator[Serving]:
    line = [sys.executable, "-m", "trio_rdp", "serve", "--port", "0", *arguments]
    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            start = partial(
                trio.run_process,
                line,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
                cwd=folder,
                env=environment(folder, PYTHONPATH=str(ROOT), **more),
            )
            process = await nursery.start(start)
            yield Serving(process)
            nursery.cancel_scope.cancel()


def client_config(username: str, password: str, policy: str, security: Security = Security.AUTO) -> ClientConfig:
    return ClientConfig(
        username=username,
        password=password,
        certificate_policy=policy,
        security=security,
        desktop_size=DesktopSize(320, 240),
    )


async def test_a_made_password_lets_in_and_ctrl_c_tells_every_client(tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        text = r"^listening on 127\.0\.0\.1:(\d+)\ncertificate SHA-256 (\w{64})\nuser (\S+), password (\S+)\n"
        port, pin, user, password = (await server.wait_printed(text)).groups()
        async with open_session("127.0.0.1", int(port), config=client_config(user, password, f"pin:{pin}")) as session:
            while not session.screen.is_painted:
                await session.screen.wait_changed()
            assert (session.screen.width, session.screen.height) == (320, 240)
            assert await server.interrupt() == 0
            # A clean end: told by the server, not a connection that was cut.
            await session.wait_closed()
        assert "connected, 320x240" in server.printed
        assert server.printed.endswith("closed; 1 client told\n")


async def test_users_from_a_file_and_a_size_of_the_servers_own(tmp_path: Path) -> None:
    users = tmp_path / "users"
    users.write_text("# who may\n\nada:Secret1!\ngrace:with:colons\n", "utf-8")
    async with serving(tmp_path, "--users", str(users), "--size", "400x200", "--security", "any", "--json") as server:
        await server.wait_printed("\n")
        facts = json.loads(server.printed.splitlines()[0])
        assert facts["event"] == "listening"
        assert facts["password"] is None
        port, policy = int(facts["addresses"][0].rpartition(":")[2]), f"pin:{facts['fingerprint']}"
        for security in (Security.NLA, Security.TLS, Security.NONE):
            config = client_config("grace", "with:colons", policy, security)
            async with open_session("127.0.0.1", port, config=config) as session:
                assert (session.screen.width, session.screen.height) == (400, 200)
        with pytest.raises(AuthenticationFailed):
            async with open_session("127.0.0.1", port, config=client_config("ada", "wrong", policy)):
                pass
        assert await server.interrupt() == 0
        events = [json.loads(line)["event"] for line in server.printed.splitlines()]
        assert events == ["listening", *["connected", "disconnected"] * 3, "closed"]


async def test_without_protection_and_users_anyone_may_enter(tmp_path: Path) -> None:
    async with serving(tmp_path, "--security", "none") as server:
        port = (await server.wait_printed(r"^listening on 127\.0\.0\.1:(\d+)\nanyone may enter"))[1]
        config = client_config("somebody", "", "ca", Security.NONE)
        async with open_session("127.0.0.1", int(port), config=config) as session:
            while not session.screen.is_painted:
                await session.screen.wait_changed()
        assert await server.interrupt() == 0
        assert "certificate" not in server.printed


async def test_a_port_that_is_taken_is_exit_code_3(tmp_path: Path) -> None:
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with listener:
        port = listener.socket.getsockname()[1]
        async with serving(tmp_path, "--security", "none", "--port", str(port)) as server:
            await server.wait_printed("cannot")
            assert await server.process.wait() == 3


@pytest.mark.parametrize(
    "arguments",
    [
        ["--user", "ada"],
        ["-p", "x"],
        ["--key", __file__],
        ["--cert", __file__],
        ["--users", "no-such-file"],
        ["--security", "rdp"],
        ["--port", "70000"],
        ["--max-sessions", "0"],
    ],
)
def test_wrong_usage(arguments: list[str]) -> None:
    result = CliRunner(env={"TRIO_RDP_PASSWORD": None}).invoke(group, ["serve", *arguments])
    assert result.exit_code == 2, result.output


@pytest.mark.parametrize("text", ["", "# nobody\n", "ada\n", ":secret\n", "\xff"])
def test_wrong_files_of_users(tmp_path: Path, text: str) -> None:
    users = tmp_path / "users"
    users.write_bytes(text.encode("latin-1"))
    result = CliRunner().invoke(group, ["serve", "--users", str(users)])
    assert result.exit_code == 2, result.output
    assert str(users) in result.output
