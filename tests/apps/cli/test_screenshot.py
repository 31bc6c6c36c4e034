from __future__ import annotations

from pathlib import Path

import pytest
import trio
from click.testing import CliRunner
from PIL import Image

from tests.apps.cli.running import ACCOUNT, PIN, command, desktop_server, parsed, process
from tests.identities import identity
from trio_rdp.apps.cli.command import command as group
from trio_rdp.protocol.config import Security

USER = ("-u", ACCOUNT.username)
QUICK = ("--timeout", "60", "--settle", "0.1")


async def test_a_picture_of_the_desktop(tmp_path: Path) -> None:
    async with desktop_server() as address:
        arguments = ("screenshot", address, *USER, *PIN, *QUICK, "--size", "400x300", "-o", "d.png", "--password-stdin")
        finished = await process(tmp_path, *arguments, stdin=ACCOUNT.password.encode() + b"\n")
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout == b"d.png\n"
    assert finished.stderr == b""
    with Image.open(tmp_path / "d.png") as picture:
        assert picture.size == (400, 300)
        assert len(picture.convert("RGB").getcolors(1 << 20) or ()) > 100


async def test_json_and_the_variable(tmp_path: Path) -> None:
    async with desktop_server(Security.TLS) as address:
        arguments = ("screenshot", address, *USER, *PIN, *QUICK, "--json")
        finished = await command(tmp_path, *arguments, TRIO_RDP_PASSWORD=ACCOUNT.password)
    assert finished.returncode == 0, finished.stderr
    taken = parsed(finished)
    assert (taken["width"], taken["height"]) == (1280, 800)
    assert taken["fingerprint"] == identity().fingerprint
    assert taken["codecs"]
    assert (tmp_path / taken["picture"]).exists()


@pytest.mark.parametrize("is_wanted", [True, False])
async def test_the_graphics_pipeline(tmp_path: Path, is_wanted: bool) -> None:
    option = "--graphics-pipeline" if is_wanted else "--no-graphics-pipeline"
    async with desktop_server(Security.TLS) as address:
        arguments = ("screenshot", address, *USER, *PIN, *QUICK, "-p", ACCOUNT.password, option, "--json")
        finished = await command(tmp_path, *arguments)
    assert finished.returncode == 0, finished.stderr
    taken = parsed(finished)
    assert taken["graphics_pipeline"] == ("10.7" if is_wanted else None)
    assert not {"avc420", "avc444"} & set(taken["codecs"])


async def test_trust_on_first_use_remembers(tmp_path: Path) -> None:
    async with desktop_server() as address:
        arguments = ("screenshot", address, *USER, "-p", ACCOUNT.password, *QUICK)
        assert (await command(tmp_path, *arguments, "--certificate-policy", "tofu")).returncode == 0
        assert (await command(tmp_path, *arguments)).returncode == 0


@pytest.mark.parametrize("security", [Security.NLA, Security.TLS])
async def test_a_wrong_password_is_exit_code_5(tmp_path: Path, security: Security) -> None:
    async with desktop_server(security) as address:
        finished = await command(tmp_path, "screenshot", address, *USER, *PIN, *QUICK, "-p", "wrong")
    assert finished.returncode == 5, finished.stderr
    assert not (tmp_path / "screenshot.png").exists()


async def test_a_refused_certificate_is_exit_code_4_and_says_its_fingerprint(tmp_path: Path) -> None:
    async with desktop_server() as address:
        finished = await command(tmp_path, "screenshot", address, *USER, *QUICK, "-p", ACCOUNT.password)
    assert finished.returncode == 4
    assert identity().fingerprint.encode() in finished.stderr


async def test_security_that_the_server_does_not_have_is_exit_code_4(tmp_path: Path) -> None:
    async with desktop_server() as address:
        arguments = ("screenshot", address, *USER, *PIN, *QUICK, "-p", "x", "--security", "tls", "--json")
        finished = await command(tmp_path, *arguments)
    assert finished.returncode == 4
    assert parsed(finished)["error"]["type"] == "NegotiationFailed"


async def test_nobody_there_is_exit_code_3(tmp_path: Path) -> None:
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listener.socket.getsockname()[1]
    await listener.aclose()
    finished = await command(tmp_path, "screenshot", f"127.0.0.1:{port}", *USER, "-p", "x")
    assert finished.returncode == 3


async def test_a_peer_that_closes_is_exit_code_6_and_one_that_is_silent_7(tmp_path: Path) -> None:
    async def close(stream: trio.SocketStream) -> None:
        await stream.receive_some(1000)
        await stream.aclose()

    async def be_silent(stream: trio.SocketStream) -> None:
        await trio.sleep_forever()

    for behaviour, code in ((close, 6), (be_silent, 7)):
        async with trio.open_nursery() as nursery:
            listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
            nursery.start_soon(trio.serve_listeners, behaviour, listeners)
            address = f"127.0.0.1:{listeners[0].socket.getsockname()[1]}"
            finished = await command(tmp_path, "screenshot", address, *USER, "-p", "x", "--timeout", "0.5")
            assert finished.returncode == code, finished.stderr
            nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["pc", "-u", "ada"],
        ["pc", "--security", "nla"],
        ["pc", "-u", "ada", "-p", "x", "-o", "picture.unknown"],
        ["pc", "-u", "ada", "-p", "x", "-o", "no/such/folder/a.png"],
        ["pc", "-u", "ada", "-p", "x", "--size", "1x1"],
        ["pc", "-u", "ada", "-p", "x", "--timeout", "0"],
        ["pc", "-u", "ada", "-p", "x", "--certificate-policy", "maybe"],
    ],
)
def test_wrong_usage(arguments: list[str]) -> None:
    result = CliRunner(env={"TRIO_RDP_PASSWORD": None}).invoke(group, ["screenshot", *arguments])
    assert result.exit_code == 2, result.output
