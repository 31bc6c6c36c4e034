"""The rows of `graphics.py`: what was measured of ours beside the peer's, and what it is held to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from _graphics_figures import Figures
from _verdicts import judge
from report import Report

__all__ = ["add_rows", "add_slow_rows"]

FRAME = 1000 / 60  # ms
SLOW_LATENCY = 300.0  # ms; the few bytes of a character take next to nothing, even then
GROWTH = 16.0  # MB: some frames in queues and in the codecs, but nothing that goes on

Pairs = list[tuple[str, str, Figures]]
"""Server, client, and what they did; ours first, then the peer's, then the others."""


@dataclass(frozen=True)
class Measure:
    """A row; the peer's figure is its goal with the contents that are named."""

    name: str
    unit: str
    of: Callable[[Figures], float | None]
    less_is_better: bool = True
    held: tuple[str, ...] = ()


ECONOMICAL = ("typing", "scrolling", "drag")
MEASURES = (
    Measure("frames", "1/s", lambda one: one.frames / one.seconds, less_is_better=False, held=("video", "film")),
    Measure("bytes", "kB/s", lambda one: one.bytes_moving / one.seconds / 1000, held=ECONOMICAL),
    Measure("bytes after it stands still", "kB", lambda one: one.bytes_rest / 1000),
    Measure("CPU, server", "ms/s", lambda one: 1000 * one.server_cpu / one.seconds, held=ECONOMICAL),
    Measure("CPU, client", "ms/s", lambda one: 1000 * one.client_cpu / one.seconds),
    Measure("CPU a frame, server", "ms", lambda one: 1000 * one.server_cpu / max(one.frames, 1)),
    Measure("CPU a frame, client", "ms", lambda one: 1000 * one.client_cpu / max(one.frames, 1)),
    Measure("latency, median", "ms", lambda one: 1000 * one.latencies[0].median),
    Measure("latency, p99", "ms", lambda one: 1000 * one.latencies[0].p99),
    Measure("quality moving", "dB", lambda one: one.psnr_moving, less_is_better=False, held=ECONOMICAL),
    Measure("quality at rest", "dB", lambda one: one.psnr_rest, less_is_better=False, held=ECONOMICAL),
)
SLOW_MEASURES = (
    Measure("latency of a character, median", "ms", lambda one: 1000 * one.latencies[-1].median),
    Measure("latency of a character, p99", "ms", lambda one: 1000 * one.latencies[-1].p99),
    Measure("frames", "1/s", lambda one: one.frames / one.seconds, less_is_better=False),
    Measure("bytes", "kB/s", lambda one: one.bytes_moving / one.seconds / 1000),
    Measure("memory of the server, growth", "MB", lambda one: one.server_growth / 1e6),
)


def add_rows(report: Report, name: str, pairs: Pairs) -> None:
    """The rows of one content."""
    (_, _, ours), *others = pairs
    theirs = others[0][2] if others else None
    peer = f"{others[0][0]} to {others[0][1]}" if others else ""
    goals: dict[str, float] = {}
    if name == "typing" and ours.codec_seconds is not None:
        goals["latency, median"] = FRAME + 1000 * ours.codec_seconds / max(ours.frames, 1)
    for measure in MEASURES:
        if theirs is not None and name in measure.held:
            goals[measure.name] = measure.of(theirs) or 0.0
        _add(report, name, measure, ours, theirs, peer, goals.get(measure.name))
    if unseen := sum(one.unseen for one in ours.latencies):
        report.add(f"{name}: changes never seen", unseen, "", goal=0.0, verdict=judge(unseen, 0, less_is_better=True))
    for side, pause in (("server", ours.server_pause), ("client", ours.client_pause)):
        if pause is not None:
            report.add(f"{name}: longest pause of the loop, {side}", 1000 * pause, "ms")
    for server, client, figures in others[1:]:
        for measure in MEASURES:
            _add(report, f"{name}, {client} at {server}", measure, figures, theirs, peer, None)


def add_slow_rows(report: Report, name: str, ours: Figures, theirs: Figures | None) -> None:
    """The rows of a client that reads at 1 Mbit/s; the last track of the content is what is typed."""
    what = {"typing": "1 Mbit/s, typing", "both": "1 Mbit/s, typing beside a film"}[name]
    peer = "freerdp-shadow to xfreerdp" if theirs else ""
    goals = {"latency of a character, median": SLOW_LATENCY, "memory of the server, growth": GROWTH}
    for measure in SLOW_MEASURES:
        _add(report, what, measure, ours, theirs, peer, goals.get(measure.name))
    unseen = sum(one.unseen for one in ours.latencies)
    report.add(f"{what}: changes never seen", unseen, "", goal=0.0, verdict=judge(unseen, 0, less_is_better=True))


def _add(
    report: Report,
    name: str,
    measure: Measure,
    ours: Figures,
    theirs: Figures | None,
    peer: str,
    goal: float | None,
) -> None:
    value, less = measure.of(ours), measure.less_is_better
    report.add(
        f"{name}: {measure.name}",
        value,
        measure.unit,
        peer=peer,
        peer_value=measure.of(theirs) if theirs else None,
        goal=goal,
        less_is_better=less,
        verdict=judge(value, goal, less_is_better=less),
    )
