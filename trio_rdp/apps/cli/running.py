"""What all subcommands share: how they run, how they speak, and the exit codes they end with."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from typing import NoReturn, TypeVar

import click
import trio
from rich.console import Console

from trio_rdp.pdu.x224 import NegotiationFailureCode
from trio_rdp.wire.errors import (
    AuthenticationFailed,
    CertificateRejected,
    ConnectFailed,
    DeadlineExceeded,
    LocalProtocolError,
    NegotiationFailed,
    RdpError,
    SessionClosed,
)

__all__ = ["EXIT_CODES", "Output", "exit_code", "fail", "run", "say_json"]

EXIT_CODES = {
    0: "ok",
    2: "wrong usage",
    3: "cannot connect (serve: cannot listen)",
    4: "negotiation or certificate refused",
    5: "authentication failed",
    6: "ended by the peer",
    7: "timed out",
    130: "interrupted (Ctrl-C)",
}

T = TypeVar("T")

_INTERRUPTED = 130  # as a shell counts what SIGINT ended


def exit_code(exc: Exception) -> int:
    """The exit code that an error ends the command with."""
    match exc:
        case ConnectFailed():
            return 3
        case AuthenticationFailed():
            return 5
        case SessionClosed(__cause__=DeadlineExceeded()) | DeadlineExceeded():
            return 7
        case SessionClosed():
            return 6
        case LocalProtocolError() | OSError():
            return 2  # of files: what the network refuses is a ConnectFailed
        case _:
            # What is left of the tree is all about connecting: refusals, licences, and peers that speak no RDP.
            return 4


class Output:
    """Where a subcommand speaks: results on stdout, as text or as JSON; progress on stderr, on a terminal only."""

    def __init__(self, *, is_json: bool) -> None:
        self.is_json = is_json
        self.console: Console = Console()
        self.errors: Console = Console(stderr=True)

    @property
    def shows_progress(self) -> bool:
        """Whether somebody looks at progress."""
        return not self.is_json and sys.stderr.isatty()

    @contextlib.contextmanager
    def status(self, text: str) -> Iterator[None]:
        """Show a spinner while something takes its time."""
        if self.shows_progress:
            with self.errors.status(text):
                yield
        else:
            yield


def say_json(value: object) -> None:
    """Write one line of JSON to stdout, at once."""
    click.echo(json.dumps(value, ensure_ascii=False))
    sys.stdout.flush()


def fail(output: Output, exc: Exception) -> NoReturn:
    """Say what went wrong, and what to do about it where that is known, and exit."""
    code = exit_code(exc)
    if output.is_json:
        error = {"type": type(exc).__name__, "message": _text(exc), "exit_code": code}
        if isinstance(exc, CertificateRejected):
            error["fingerprint"] = exc.fingerprint
        say_json({"error": error})
    else:
        click.echo(f"trio-rdp: {_text(exc)}", err=True)
        if isinstance(exc, CertificateRejected) and exc.fingerprint:
            click.echo(
                "If this is the right server: --certificate-policy tofu trusts and remembers it,\n"
                f"--certificate-policy pin:{exc.fingerprint} trusts it this once.",
                err=True,
            )
        if isinstance(exc, NegotiationFailed) and exc.code == NegotiationFailureCode.HYBRID_REQUIRED_BY_SERVER:
            click.echo("A login is needed: give a user with -u, and --security auto or nla.", err=True)
    sys.exit(code)


def run(work: Callable[[], Awaitable[T]], output: Output, *, timeout: float | None = None) -> T:
    """Run an async function to its end, or exit with what it failed with; `timeout` is in seconds."""

    async def bounded() -> T:
        if timeout is None:
            return await work()
        with trio.move_on_after(timeout):
            return await work()
        raise DeadlineExceeded("timeout", timeout)

    try:
        return trio.run(bounded, strict_exception_groups=True)
    except (RdpError, OSError) as exc:
        fail(output, exc)
    except ExceptionGroup as group:
        errors, others = group.split((RdpError, OSError))
        if errors is None or others is not None:
            raise
        # Several clients may fail at once, and the first says enough.
        fail(output, _first(errors))
    except BaseExceptionGroup as group:
        if group.split(KeyboardInterrupt)[1] is not None:
            raise
        sys.exit(_INTERRUPTED)
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


def _first(group: ExceptionGroup[Exception]) -> Exception:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, ExceptionGroup) else first


def _text(exc: Exception) -> str:
    if isinstance(exc, OSError) and exc.strerror and exc.filename:
        return f"{exc.filename}: {exc.strerror}"
    return str(exc)
