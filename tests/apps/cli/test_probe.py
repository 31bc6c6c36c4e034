from __future__ import annotations

from pathlib import Path

import trio

from tests.apps.cli.running import command, desktop_server, parsed
from tests.identities import identity
from trio_rdp.protocol.config import Security


async def test_it_shows_what_the_server_tells(tmp_path: Path) -> None:
    async with desktop_server(Security.NLA | Security.TLS) as address:
        finished = await command(tmp_path, "probe", address)
    assert finished.returncode == 0, finished.stderr
    shown = finished.stdout.decode()
    assert "yes TLS\n" in shown
    assert "yes NLA (TLS and CredSSP)\n" in shown
    assert "no  no protection" in shown
    assert identity().fingerprint in shown
    assert "TRIO-RDP" in shown


async def test_json(tmp_path: Path) -> None:
    async with desktop_server() as address:
        finished = await command(tmp_path, "probe", address, "--json")
    facts = parsed(finished)
    assert {name: answer["offered"] for name, answer in facts["protocols"].items()} == {
        "rdp": False,
        "tls": False,
        "nla": True,
        "nla-ex": True,
    }
    assert facts["certificate"]["sha256"] == identity().fingerprint
    assert facts["ntlm"]["netbios_computer_name"] == "TRIO-RDP"


async def test_what_is_no_rdp_server_is_exit_code_4(tmp_path: Path) -> None:
    async def answer(stream: trio.SocketStream) -> None:
        await stream.receive_some(1000)
        await stream.send_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await stream.aclose()

    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, answer, listeners)
        finished = await command(tmp_path, "probe", f"127.0.0.1:{listeners[0].socket.getsockname()[1]}")
        assert finished.returncode == 4
        nursery.cancel_scope.cancel()
