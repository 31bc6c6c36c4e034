"""The rows of `codecs.py`, whose own name is that of a module of Python's: what it imports must not meet it."""

from __future__ import annotations

import argparse
import functools
import gc
import os
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from _bars import RECORDED
from _codec_pairs import FAMILIES as CLASSIC_FAMILIES
from _codec_pairs import Pair, remote_fx_in_threads
from _frames import frame
from _freerdp import Call, FreeRdp, use_one_thread
from _pipeline_pairs import PIPELINE_FAMILIES
from report import Report, best_seconds

from trio_rdp.codecs import features

__all__ = ["main"]

FAMILIES = CLASSIC_FAMILIES | PIPELINE_FAMILIES
GOAL, BASELINE_GOAL = 1.5, 1.2
FIRST_FRAMES = 2  # of each codec, when in a hurry


def main() -> None:
    report = Report("codecs: MB/s of what is uncompressed, one thread", options=add_options)
    wanted = report.options.codec or list(FAMILIES)
    processors = os.sched_getaffinity(0)
    threads = use_one_thread()
    try:
        peer = FreeRdp()
    except OSError as exc:
        peer, reason = None, f"libfreerdp2: not measured ({exc})"
    else:
        reason = f"libfreerdp 2, {threads}"
    overhead = peer.call_seconds() if peer else 0.0
    goal = GOAL if "avx2" in features().values() else BASELINE_GOAL
    for name in wanted:
        family, frames = FAMILIES[name]
        for picture in frames[:FIRST_FRAMES] if report.quick else frames:
            for pair in family(peer, picture):
                add_row(report, pair, reason, overhead, goal)
    if "remotefx" in wanted:
        add_thread_rows(report, processors)
    report.finish()


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--codec", action="append", choices=sorted(FAMILIES), help="measure this one; may be repeated")


def add_row(report: Report, pair: Pair, peer: str, overhead: float, goal: float) -> None:
    ours, theirs = by_turns(pair, 0.25 if report.quick else 1.0)
    value, copying = pair.size / ours / 1e6, copy_rate()
    peer_value = None
    if theirs is None and peer.startswith("libfreerdp 2"):
        peer = ""  # it does not have this codec
    if theirs is not None:
        peer_value = pair.size / (theirs - overhead * pair.peer_calls) / 1e6
    recorded = RECORDED.get((pair.codec, pair.frame))
    if recorded is not None and recorded.libfreerdp is not None and peer_value is not None:
        peer, peer_value = f"{recorded.peer}, recorded", peer_value * recorded.best / recorded.libfreerdp
    report.add(
        f"{pair.codec}, {pair.frame}",
        value,
        "MB/s",
        peer=peer,
        peer_value=peer_value,
        goal=goal * peer_value if peer_value else None,
        columns={
            "ns/px": ours / pair.pixels * 1e9 if pair.pixels else None,
            "of a copy": value / copying if theirs is None and pair.pixels else None,
            "bytes": pair.our_bytes,
            "FreeRDP's bytes": pair.peer_bytes,
            "size": pair.our_bytes / pair.peer_bytes if pair.our_bytes and pair.peer_bytes else None,
        },
    )


def add_thread_rows(report: Report, processors: set[int]) -> None:
    """How much faster two threads are than one, for a whole RemoteFX frame."""
    if len(processors) < 2:
        report.add("RemoteFX, two threads", None, "times", peer="not measured: there is one processor")
        return
    os.sched_setaffinity(0, processors)
    calls = remote_fx_in_threads("desktop")
    with ThreadPoolExecutor(2) as pool:
        for direction, (one, halves) in calls.items():

            def two(halves: list[Call] = halves) -> None:
                list(pool.map(lambda half: half(), halves))

            alone, together = by_turns(Pair("", "", one, two), 0.5 if report.quick else 2.0)
            assert together is not None
            report.add(f"RemoteFX {direction}, two threads", alone / together, "times one", goal=1.8)


@functools.cache
def copy_rate() -> float:
    """MB/s at which this processor copies a frame."""
    pixels = frame("desktop")
    target = np.empty_like(pixels)
    return pixels.nbytes / best_seconds(lambda: np.copyto(target, pixels), 0.2) / 1e6


def by_turns(pair: Pair, seconds: float) -> tuple[float, float | None]:
    """The shortest time of each side; they take turns, so that what else the machine does hits both."""
    calls = [pair.ours] + ([pair.peer] if pair.peer else [])
    best = [float("inf")] * len(calls)
    stop, rounds = time.perf_counter() + seconds * len(calls), 0
    gc.collect()
    gc.disable()
    try:
        while rounds < 3 or time.perf_counter() < stop:
            for number, call in enumerate(calls):
                started = time.perf_counter()
                call()
                best[number] = min(best[number], time.perf_counter() - started)
            rounds += 1
    finally:
        gc.enable()
    return best[0], best[1] if len(best) > 1 else None
