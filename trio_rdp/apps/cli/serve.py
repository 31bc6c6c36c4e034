"""`trio-rdp serve`: the demo desktop for whoever logs in."""

from __future__ import annotations

import secrets
import signal
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import click
import trio

from trio_rdp.apps.cli.options import (
    SIZE,
    find_password,
    is_json,
    json_option,
    password_options,
    security_option,
)
from trio_rdp.apps.cli.running import Output, run, say_json
from trio_rdp.apps.desktop import show_desktop
from trio_rdp.protocol.config import DesktopSize, Security, ServerConfig
from trio_rdp.protocol.limits import Limits
from trio_rdp.server import ServerSession
from trio_rdp.server import serve as serve_sessions
from trio_rdp.transport import TlsIdentity

__all__ = ["serve"]

_SECURITY = {
    "nla": Security.NLA,
    "tls": Security.TLS,
    "none": Security.NONE,
    "any": Security.NLA | Security.TLS | Security.NONE,
}
_GUEST = "guest"


@click.command()
@click.option("--bind", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="The address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=3389, show_default=True, help="0 takes a free one.")
@click.option("--user", metavar="U", help="Who may log in.")
@password_options
@click.option(
    "--users",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Who may log in: a line user:password each; # begins a comment.",
)
@click.option("--cert", type=click.Path(exists=True, dir_okay=False), metavar="PEM", help="The certificate.")
@click.option("--key", type=click.Path(exists=True, dir_okay=False), metavar="PEM", help="Its private key.")
@security_option(_SECURITY, "nla", "How connections are protected; any takes the best that the client has.")
@click.option("--size", type=SIZE, help="The desktop's size; by default the client chooses.")
@click.option("--max-sessions", type=click.IntRange(min=1), default=64, show_default=True, help="Clients at a time.")
@json_option
def serve(
    bind: str,
    port: int,
    user: str | None,
    password: str | None,
    password_stdin: bool,
    users: Path | None,
    cert: str | None,
    key: str | None,
    security: str,
    size: DesktopSize | None,
    max_sessions: int,
    as_json: bool,
) -> None:
    """Show the demo desktop to whoever logs in, until Ctrl-C, of which every client is told.

    Without --user and --users a password is made and printed.  Without --cert a self-signed certificate is made once
    and kept; clients compare its fingerprint, which is printed.

    \b
    Examples:
      trio-rdp serve
      trio-rdp serve --user ada --port 3390 --bind 0.0.0.0
      trio-rdp serve --users accounts.txt --cert server.pem --key server.key
      xfreerdp /v:127.0.0.1:3389 /u:ada            (a client to try it with)
    """
    out = Output(is_json=is_json(as_json))
    if key is not None and cert is None:
        raise click.UsageError("--key needs --cert.")
    accounts = _accounts(user, password, password_stdin, users)
    is_made = not accounts and security != "none"
    if is_made:
        accounts = {_GUEST: secrets.token_urlsafe(9)}
    protections = _SECURITY[security]
    with out.status("making or loading the certificate"):
        identity = _identity(cert, key) if protections & (Security.TLS | Security.NLA) else None
    config = ServerConfig(security=protections, desktop_size=size, limits=Limits(sessions=max_sessions))
    service = _Service(out, config, accounts, identity, is_made=is_made)
    run(partial(service.run, bind, port), out)


def _accounts(user: str | None, password: str | None, password_stdin: bool, users: Path | None) -> dict[str, str]:
    accounts: dict[str, str] = {}
    if users is not None:
        accounts.update(_read_users(users))
    if user is not None:
        accounts[user] = find_password(password, password_stdin, user)
    elif password is not None or password_stdin:
        raise click.UsageError("a password needs --user.")
    return accounts


def _read_users(file: Path) -> dict[str, str]:
    accounts: dict[str, str] = {}
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise click.UsageError(f"--users {file}: {exc}") from exc
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, colon, secret = line.partition(":")
        if not colon or not name.strip():
            raise click.UsageError(f"--users {file}, line {number}: not user:password.")
        accounts[name.strip()] = secret
    if not accounts:
        raise click.UsageError(f"--users {file}: nobody in it.")
    return accounts


def _identity(cert: str | None, key: str | None) -> TlsIdentity:
    try:
        return TlsIdentity.kept() if cert is None else TlsIdentity.init_from_paths(cert, key)
    except (OSError, ValueError) as exc:
        raise click.UsageError(f"the certificate cannot be used: {exc}") from exc


class _Service:
    """One run of `serve`, and what it says."""

    def __init__(
        self,
        out: Output,
        config: ServerConfig,
        accounts: dict[str, str],
        identity: TlsIdentity | None,
        *,
        is_made: bool,
    ) -> None:
        self._out = out
        self._config = config
        self._accounts = accounts
        self._identity = identity
        self._is_made = is_made
        self._clients = 0

    async def run(self, bind: str, port: int) -> None:
        with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async with trio.open_nursery() as nursery:
                listeners = await nursery.start(
                    partial(
                        serve_sessions,
                        self._handle,
                        port,
                        host=bind,
                        config=self._config,
                        credentials=self._accounts or None,
                        identity=self._identity,
                        on_handler_error=self._report,
                    )
                )
                self._announce(listeners)
                async for _ in signals:
                    break
                told = self._clients
                nursery.cancel_scope.cancel()
        self._say("closed", {"clients": told}, f"closed; {told} client{'' if told == 1 else 's'} told")

    def _announce(self, listeners: list[trio.SocketListener]) -> None:
        addresses = [_address(listener) for listener in listeners]
        user, password = next(iter(self._accounts.items())) if self._is_made else (None, None)
        fingerprint = None if self._identity is None else self._identity.fingerprint
        if self._out.is_json:
            facts = {"addresses": addresses, "fingerprint": fingerprint, "user": user, "password": password}
            say_json({"event": "listening", **facts})
            return
        for address in addresses:
            click.echo(f"listening on {address}")
        if fingerprint is not None:
            click.echo(f"certificate SHA-256 {fingerprint}")
        if self._is_made:
            click.echo(f"user {user}, password {password}")
        elif not self._accounts:
            click.echo("anyone may enter: there are no users")
        if Security.NONE in self._config.security:
            click.echo("nothing hides what goes over a connection without protection, passwords included")
        click.echo("Ctrl-C ends it")

    async def _handle(self, session: ServerSession) -> None:
        who = {"user": session.username, "address": session.client_address, "client": session.client_name}
        size = f"{session.size.width}x{session.size.height}"
        name = f"{session.username or 'somebody'} from {session.client_address} ({session.client_name})"
        self._clients += 1
        self._say("connected", {**who, "size": size}, f"{name}: connected, {size}")
        try:
            await show_desktop(session)
        finally:
            self._clients -= 1
            self._say("disconnected", who, f"{name}: disconnected")

    def _report(self, session: ServerSession, exc: Exception) -> None:
        self._say("failed", {"user": session.username, "error": repr(exc)}, f"{session.username}: {exc!r}")

    def _say(self, event: str, facts: Mapping[str, object], text: str) -> None:
        if self._out.is_json:
            say_json({"event": event, **facts})
        else:
            click.echo(text)


def _address(listener: trio.SocketListener) -> str:
    host, port = listener.socket.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
