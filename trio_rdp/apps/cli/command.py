"""The `trio-rdp` command: its subcommands, and `--version`."""

from __future__ import annotations

import importlib
import importlib.metadata
import platform

import click

from trio_rdp.apps.cli.options import json_option
from trio_rdp.apps.cli.running import EXIT_CODES, say_json
from trio_rdp.codecs import features

__all__ = ["command"]

_LIBRARIES = ("trio", "cryptography", "pyspnego", "numpy", "pillow")
_EPILOG = "\b\nExit codes:\n" + "\n".join(f"  {code}  {meaning}" for code, meaning in EXIT_CODES.items())


_COMMANDS = ("demo", "screenshot", "serve", "probe")


class _Commands(click.Group):
    """Imports a subcommand when it is asked for: a probe need not load what draws a desktop."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        found = getattr(importlib.import_module(f"trio_rdp.apps.cli.{cmd_name}"), cmd_name)
        assert isinstance(found, click.Command)
        return found


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
    name="trio-rdp",
)
@click.option("--version", is_flag=True, help="Show versions, and which kernels are compiled.")
@json_option
@click.pass_context
def command(context: click.Context, version: bool, as_json: bool) -> None:
    """Remote desktops over RDP, in Python on Trio.

    \b
    Examples:
      trio-rdp demo                            see it work: a server, three clients
      trio-rdp screenshot pc.example -u ada    keep a picture of a desktop
      trio-rdp serve --port 3390               a desktop for whoever logs in
      trio-rdp probe pc.example                what a server offers, without a login

    Each command has its own --help.  Passwords come from --password-stdin, from the variable TRIO_RDP_PASSWORD, from a
    prompt on a terminal, or from -p.
    """
    if version:
        _show_version(as_json)
    elif context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        context.exit(2)
    else:
        return
    context.exit(0)


_FORMS = {
    "avx2": "kernels compiled for AVX2",
    "baseline": "kernels compiled for any processor",
    "plain": "kernels in plain Python, much slower",
}


def _show_version(as_json: bool) -> None:
    libraries = {name: importlib.metadata.version(name) for name in _LIBRARIES}
    own = importlib.metadata.version("trio-rdp")
    kernels = features()
    if as_json:
        say_json({"version": own, "python": platform.python_version(), "libraries": libraries, "kernels": kernels})
        return
    click.echo(f"trio-rdp {own}")
    click.echo(
        f"Python {platform.python_version()}, " + ", ".join(f"{name} {text}" for name, text in libraries.items())
    )
    for form, text in _FORMS.items():
        names = [name for name, chosen in kernels.items() if chosen == form]
        if names:
            click.echo(f"{text}: {', '.join(names)}")
