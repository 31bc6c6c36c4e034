"""What a TLS+NLA login cannot cost less than: the `ssl` module's handshake, and pyspnego's NTLM exchange.

Both ends of each run in one thread, over memory and without any I/O; contexts are made once, as ours are.
"""

from __future__ import annotations

import os
import ssl
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import spnego

from trio_rdp.transport import TlsIdentity

__all__ = ["Floor", "measure_floor"]

_MESSAGE = bytes(270)  # as much as CredSSP seals


class Floor:
    """Milliseconds of processor time that one login takes at least."""

    def __init__(self, client: float, server: float) -> None:
        self.client = client
        self.server = server
        self.both = client + server


class _Stopwatch:
    """Adds up the time that each of two sides takes."""

    def __init__(self) -> None:
        self.seconds = {"client": 0.0, "server": 0.0}

    def __call__(self, side: str, call: Callable[..., Any], *arguments: Any) -> Any:
        started = time.thread_time()
        try:
            return call(*arguments)
        finally:
            self.seconds[side] += time.thread_time() - started


def measure_floor(identity: TlsIdentity, *, rounds: int, logins: int = 40) -> Floor:
    """Take the shortest of `rounds` averages over `logins`."""
    client_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client_context.check_hostname = False
    client_context.verify_mode = ssl.CERT_NONE
    server_context = identity.make_acceptor()
    with tempfile.TemporaryDirectory() as folder:
        users = Path(folder) / "users"
        users.write_text("LAB:ada:secret\n")
        os.environ["NTLM_USER_FILE"] = str(users)
        client, server = float("inf"), float("inf")
        for _ in range(rounds):
            watch = _Stopwatch()
            for _ in range(logins):
                _tls(watch, client_context, server_context)
                _ntlm(watch)
            client = min(client, watch.seconds["client"] / logins * 1000)
            server = min(server, watch.seconds["server"] / logins * 1000)
        del os.environ["NTLM_USER_FILE"]
    return Floor(client, server)


def _tls(watch: _Stopwatch, client_context: ssl.SSLContext, server_context: ssl.SSLContext) -> None:
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = watch("client", client_context.wrap_bio, to_client, to_server)
    server = watch("server", server_context.wrap_bio, to_server, to_client, True)
    waiting = [("client", client), ("server", server)]
    while waiting:
        side, end = waiting.pop(0)
        try:
            watch(side, end.do_handshake)
        except ssl.SSLWantReadError:
            waiting.append((side, end))


def _ntlm(watch: _Stopwatch) -> None:
    client = watch("client", lambda: spnego.client("LAB\\ada", "secret", protocol="ntlm"))
    server = watch("server", lambda: spnego.server(protocol="ntlm"))
    token = None
    while not server.complete:
        token = watch("client", client.step, token)
        token = watch("server", server.step, token)
    watch("server", server.unwrap, watch("client", client.wrap, _MESSAGE).data)
    watch("client", client.unwrap, watch("server", server.wrap, _MESSAGE).data)
