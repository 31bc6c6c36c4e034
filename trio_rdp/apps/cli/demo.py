"""`trio-rdp demo`: a server and its clients in one process, with a picture per client and a table."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import click
from rich.box import SIMPLE_HEAD
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from trio_rdp.apps.cli.options import is_json, json_option
from trio_rdp.apps.cli.running import Output, run, say_json
from trio_rdp.apps.demo import ClientResult, DemoResult, Graphics, run_demo
from trio_rdp.display_statistics import DisplayStatistics

__all__ = ["demo"]

_MILLISECONDS = 1000


@click.command()
@click.option("--clients", type=click.IntRange(1, 64), default=3, show_default=True, help="How many log in at once.")
@click.option(
    "--seconds",
    type=click.FloatRange(0.5, 3600),
    default=5.0,
    show_default=True,
    help="How long they type and move; it all ends within ten seconds more.",
)
@click.option(
    "--output",
    type=click.Path(file_okay=False, writable=True, path_type=Path),
    default=Path("trio-rdp-demo"),
    show_default=True,
    metavar="DIR",
    help="The folder for the pictures, a PNG per client.",
)
@click.option(
    "--graphics",
    type=click.Choice([one.value for one in Graphics]),
    default=Graphics.AUTO.value,
    show_default=True,
    help="How pictures travel: by content, all in one codec of the graphics pipeline, or without the pipeline.",
)
@json_option
def demo(clients: int, seconds: float, output: Path, graphics: str, as_json: bool) -> None:
    """See it work: a server on this machine, and clients that log in at once, type and move.

    The server listens on the loopback, with TLS and NLA and a certificate made for this run, which the clients pin.
    Each client gets a desktop of its own.  The latency is the time from a key to the picture that shows it.

    \b
    Examples:
      trio-rdp demo
      trio-rdp demo --clients 8 --seconds 20 --output pictures
      trio-rdp demo --graphics h264
      trio-rdp demo --json
    """
    out = Output(is_json=is_json(as_json))
    with _progress(out) as tell:
        result = run(partial(run_demo, clients, seconds, output, graphics=Graphics(graphics), tell=tell), out)
    if out.is_json:
        say_json({"seconds": result.seconds, "fingerprint": result.fingerprint, "clients": _rows(result)})
        return
    out.console.print(_table(result))
    out.console.print(_graphics_table(result))
    for client in result.clients:
        click.echo(client.picture)


@contextlib.contextmanager
def _progress(out: Output) -> Iterator[Callable[[str, float], object] | None]:
    if not out.shows_progress:
        yield None
        return
    with Progress(TextColumn("{task.description}"), BarColumn(), console=out.errors, transient=True) as progress:
        task = progress.add_task("starting", total=1.0)
        yield lambda phase, share: progress.update(task, description=phase, completed=share)


def _rows(result: DemoResult) -> list[dict[str, object]]:
    return [
        {
            "username": client.username,
            "connect_ms": round(client.connect_seconds * _MILLISECONDS, 1),
            "frames": client.frames,
            "bytes": client.bytes_received,
            "frames_per_second": round(client.frames_per_second, 1),
            "latency_ms": None if client.latency is None else round(client.latency * _MILLISECONDS, 1),
            "latency_samples": len(client.latencies),
            "picture": str(client.picture),
            "graphics": _graphics(client.display),
        }
        for client in result.clients
    ]


def _table(result: DemoResult) -> Table:
    title = f"{len(result.clients)} clients of one server, {result.seconds:g} s"
    table = Table(title=title if len(result.clients) > 1 else f"one client, {result.seconds:g} s")
    table.add_column("client")
    for column in ("connect ms", "frames", "MB", "frames/s", "key to picture ms"):
        table.add_column(column, justify="right")
    for client in result.clients:
        table.add_row(*_cells(client))
    return table


def _cells(client: ClientResult) -> tuple[str, ...]:
    return (
        client.username,
        f"{client.connect_seconds * _MILLISECONDS:.0f}",
        str(client.frames),
        f"{client.bytes_received / 1e6:.1f}",
        f"{client.frames_per_second:.1f}",
        "-" if client.latency is None else f"{client.latency * _MILLISECONDS:.1f}",
    )


def _graphics(display: DisplayStatistics) -> dict[str, object]:
    """What the server's display has counted, with times in milliseconds."""
    found: dict[str, object] = {
        "version": None,
        "drawn": display.frames,
        "late_acknowledgements": display.late_acknowledgements,
        "codecs": {
            codec.value: {"tiles": one.tiles, "bytes": one.bytes, "ms": round(one.seconds * _MILLISECONDS, 1)}
            for codec, one in display.codecs.items()
        },
    }
    if (pipeline := display.pipeline) is not None:
        trip = pipeline.round_trip
        found |= {
            "version": None if pipeline.version is None else str(pipeline.version),
            "frames": pipeline.frames,
            "acknowledged": pipeline.acknowledged,
            "merged": pipeline.merged,
            "refinements": pipeline.refinements,
            "copies": pipeline.copies,
            "fills": pipeline.fills,
            "cache_hits": pipeline.cache_hits,
            "round_trip_ms": None if trip is None else round(trip * _MILLISECONDS, 1),
            "queue_depth": pipeline.queue_depth,
        }
    return found


def _graphics_table(result: DemoResult) -> Table:
    """How the pictures travelled: the pipeline's frames, and each codec's share."""
    title = "graphics pipeline: frames acknowledged, merged; codecs"
    units = "trip, ms: milliseconds; queue: bytes; MB: before bulk compression"
    # As narrow as a terminal of 80 columns.
    table = Table(title=title, caption=units, box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for column in ("client", "version", "acked", "merged", "trip", "queue", "codec", "MB", "ms"):
        table.add_column(column, justify="left" if column in ("client", "codec") else "right", no_wrap=True)
    for client in result.clients:
        lead = _lead(client)
        for codec, one in sorted(client.display.codecs.items(), key=lambda item: -item[1].bytes):
            row = (codec.value, f"{one.bytes / 1e6:.2f}", f"{one.seconds * _MILLISECONDS:.0f}")
            table.add_row(*lead, *row)
            lead = ("",) * len(lead)
    return table


def _lead(client: ClientResult) -> tuple[str, ...]:
    """The cells before those of the codecs."""
    pipeline = client.display.pipeline
    if pipeline is None:
        return client.username, "none", "-", "-", "-", "-"
    trip = "-" if pipeline.round_trip is None else f"{pipeline.round_trip * _MILLISECONDS:.1f}"
    acked = f"{pipeline.acknowledged}/{pipeline.frames}"
    version = "none" if pipeline.version is None else str(pipeline.version)
    return client.username, version, acked, str(pipeline.merged), trip, str(pipeline.queue_depth)
