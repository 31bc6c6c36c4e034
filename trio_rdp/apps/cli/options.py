"""The options and arguments that several subcommands take."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from trio_rdp.protocol.config import DesktopSize, Security
from trio_rdp.transport import CertificatePolicy

__all__ = [
    "ADDRESS",
    "POLICY",
    "SIZE",
    "Address",
    "find_password",
    "is_json",
    "json_option",
    "password_options",
    "security_option",
    "timeout_option",
]

_DEFAULT_PORT = 3389
_PASSWORD_VARIABLE = "TRIO_RDP_PASSWORD"  # noqa: S105

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens."""

    host: str
    port: int = _DEFAULT_PORT

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class _AddressType(click.ParamType[Address]):
    name = "HOST[:PORT]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Address:
        if isinstance(value, Address):
            return value
        bracketed = re.fullmatch(r"\[([^]]+)\](?::(\d+))?", value)
        # An IPv6 address without brackets has no port.
        plain = re.fullmatch(r"([^:]+)(?::(\d+))?", value) or re.fullmatch(r"([0-9A-Fa-f:.%\w]*:[^:]*:.*)()", value)
        found = bracketed or plain
        if found is None:
            self.fail(f"{value!r} is not a host, host:port or [address]:port", param, ctx)
        port = int(found[2] or _DEFAULT_PORT)
        if not 0 < port < 65536:
            self.fail(f"{port} is not a port", param, ctx)
        return Address(found[1], port)


class _SizeType(click.ParamType[DesktopSize]):
    name = "WxH"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> DesktopSize:
        if isinstance(value, DesktopSize):
            return value
        found = re.fullmatch(r"(\d{1,5})[xX](\d{1,5})", value)
        if found is None:
            self.fail(f"{value!r} is not a size such as 1280x800", param, ctx)
        size = DesktopSize(int(found[1]), int(found[2]))
        if not (200 <= size.width <= 8192 and 200 <= size.height <= 8192):
            self.fail("a desktop has 200x200 to 8192x8192 pixels", param, ctx)
        return size


class _PolicyType(click.ParamType[str]):
    name = "ca|tofu|pin:SHA256|insecure"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            CertificatePolicy.parse(value)
        except ValueError as exc:
            self.fail(str(exc), param, ctx)
        return str(value)


ADDRESS = _AddressType()
SIZE = _SizeType()
POLICY = _PolicyType()


def json_option(function: F) -> F:
    """Add `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for machines, and no progress.")(function)


def is_json(as_json: bool) -> bool:
    """Whether `--json` was given, before or behind the subcommand."""
    root = click.get_current_context().find_root()
    return as_json or bool(root.params.get("as_json"))


def timeout_option(default: float) -> Callable[[F], F]:
    """Add `--timeout`."""
    return click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True),
        default=default,
        show_default=True,
        metavar="SECONDS",
        help="Give up, with exit code 7, when it all takes longer.",
    )


def security_option(choices: dict[str, Security], default: str, text: str) -> Callable[[F], F]:
    """Add `--security`."""
    return click.option("--security", type=click.Choice(list(choices)), default=default, show_default=True, help=text)


def password_options(function: F) -> F:
    """Add `-p` and `--password-stdin`."""
    function = click.option(
        "--password-stdin", is_flag=True, help="Read the password from the first line of standard input."
    )(function)
    return click.option(
        "-p",
        "--password",
        metavar="TEXT",
        help=f"The password; everybody on this machine can see it in the list of processes. {_PASSWORD_VARIABLE}, "
        "--password-stdin or the prompt hide it.",
    )(function)


def find_password(password: str | None, password_stdin: bool, user: str) -> str:
    """The password: from `-p` or `--password-stdin`, from the environment, or from a prompt on a terminal."""
    if password is not None and password_stdin:
        raise click.UsageError("-p and --password-stdin exclude each other.")
    if password is not None:
        return password
    if password_stdin:
        line = sys.stdin.readline()
        if not line:
            raise click.UsageError("--password-stdin: standard input is empty.")
        return line.rstrip("\r\n")
    if (found := os.environ.get(_PASSWORD_VARIABLE)) is not None:
        return found
    if sys.stdin.isatty():
        return str(click.prompt(f"Password of {user}", hide_input=True, err=True, default="", show_default=False))
    raise click.UsageError(f"no password for {user}: give --password-stdin, set {_PASSWORD_VARIABLE}, or use -p.")
