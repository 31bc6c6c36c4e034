"""`trio-rdp screenshot`: log in to a server, wait until its desktop is there, and keep a picture of it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click
import trio
from PIL import Image

from trio_rdp.apps.cli.options import (
    ADDRESS,
    POLICY,
    SIZE,
    Address,
    find_password,
    is_json,
    json_option,
    password_options,
    security_option,
    timeout_option,
)
from trio_rdp.apps.cli.running import Output, run, say_json
from trio_rdp.client import open_session
from trio_rdp.protocol.config import BitmapCodec, ClientConfig, DesktopSize, Security
from trio_rdp.security.certificate import fingerprint

__all__ = ["screenshot"]

_SECURITY = {"auto": Security.AUTO, "nla": Security.NLA, "tls": Security.TLS, "none": Security.NONE}

_PATIENCE = 10


@click.command()
@click.argument("address", type=ADDRESS, metavar="HOST[:PORT]")
@click.option("-u", "--user", metavar="USER", help="Who logs in; without it, the server's login window is shown.")
@click.option("-d", "--domain", default="", metavar="DOMAIN", help="The user's domain, if there is one.")
@password_options
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    default=Path("screenshot.png"),
    show_default=True,
    metavar="OUT.png",
    help="The picture's file; the suffix says the format.",
)
@click.option("--size", type=SIZE, default="1280x800", show_default=True, help="The desktop's size to ask for.")
@security_option(_SECURITY, "auto", "How the connection may be protected; auto takes NLA or TLS, whichever is better.")
@click.option(
    "--certificate-policy",
    type=POLICY,
    default="ca",
    show_default=True,
    help="Which certificates to trust: a CA's, the first one seen (and from then on that one), a pinned one, or any.",
)
@click.option(
    "--settle",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="How long the picture must not have changed.",
)
@click.option(
    "--graphics-pipeline/--no-graphics-pipeline",
    default=True,
    show_default=True,
    help="Whether the server may draw by the graphics pipeline; GNOME's knows nothing else.",
)
@timeout_option(60)
@json_option
def screenshot(
    address: Address,
    user: str | None,
    domain: str,
    password: str | None,
    password_stdin: bool,
    output: Path,
    size: DesktopSize,
    security: str,
    certificate_policy: str,
    settle: float,
    graphics_pipeline: bool,
    timeout: float,
    as_json: bool,
) -> None:
    """Log in to a server and keep a picture of its desktop.

    A desktop that never rests (a clock with seconds, a video) is taken as it is after ten times --settle,
    or half of --timeout, whichever comes first.

    \b
    Examples:
      trio-rdp screenshot pc.example -u ada -d LAB -o desktop.png
      pass show pc | trio-rdp screenshot pc.example:3390 -u ada --password-stdin
      trio-rdp screenshot 10.0.0.7 -u ada --certificate-policy tofu --size 1920x1080
    """
    out = Output(is_json=is_json(as_json))
    _check_file(output)
    offered = _SECURITY[security]
    if user is None:
        if security == "nla":
            raise click.UsageError("NLA needs a user: give -u.")
        # NLA logs in before there is a window to show.
        offered = offered & ~Security.NLA
        password = ""
    config = ClientConfig(
        username=user or "",
        password=find_password(password, password_stdin, user or ""),
        domain=domain,
        security=offered,
        certificate_policy=certificate_policy,
        desktop_size=size,
        autologon=user is not None,
        # The picture as it is: what a lossy codec saves is sent once.
        codecs=(BitmapCodec.QOIZ, BitmapCodec.QOI),
        enable_graphics_pipeline=graphics_pipeline,
        enable_h264=False,
    )
    with out.status(f"looking at {address}"):
        taken = run(
            partial(_take, address, config, output, settle, min(_PATIENCE * settle, timeout / 2)), out, timeout=timeout
        )
    if out.is_json:
        say_json(taken)
    else:
        click.echo(output)


def _check_file(output: Path) -> None:
    if output.suffix.lower() not in Image.registered_extensions():
        raise click.UsageError(
            f"-o {output}: no picture format is called {output.suffix or 'that'}; .png always works."
        )
    if not output.parent.is_dir():
        raise click.UsageError(f"-o {output}: there is no folder {output.parent}.")


async def _take(
    address: Address, config: ClientConfig, output: Path, settle: float, patience: float
) -> dict[str, object]:
    start = trio.current_time()
    async with open_session(address.host, address.port, config=config) as session:
        connected = trio.current_time() - start
        while not session.screen.is_painted:
            await session.screen.wait_changed()
        with trio.move_on_after(patience):
            await session.screen.wait_settled(settle)
        await trio.to_thread.run_sync(session.screen.save, output)
        return {
            "picture": str(output),
            "width": session.screen.width,
            "height": session.screen.height,
            "connect_seconds": round(connected, 3),
            "codecs": sorted(codec.value for codec in session.statistics().codecs),
            "graphics_pipeline": None if session.graphics.version is None else str(session.graphics.version),
            "fingerprint": None if session.certificate is None else fingerprint(session.certificate),
        }
