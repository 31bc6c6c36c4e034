"""The rows of `codecs.py`, whose own name is that of a module of Python's: what it imports must not meet it."""

from __future__ import annotations

import argparse
import functools
import gc
import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from _bars import RECORDED
from _codec_pairs import FAMILIES as CLASSIC_FAMILIES
from _codec_pairs import Pair, remote_fx_in_threads
from _frames import HEIGHT, WIDTH, frame
from _freerdp import Call, FreeRdp, use_one_thread
from _pipeline_pairs import PIPELINE_FAMILIES
from _speed_tables import codec_tables
from _verdicts import Aim, codec_verdict, judge
from report import Report

from trio_rdp.codecs import features

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["main"]

FAMILIES = CLASSIC_FAMILIES | PIPELINE_FAMILIES
GOAL, BASELINE_GOAL, THREADS_GOAL = 1.5, 1.2, 1.8
FIRST_FRAMES = 2  # of each codec, when in a hurry


def main() -> None:
    build = "AVX2" if "avx2" in features().values() else "baseline"
    report = Report(
        "codecs: MB/s of what is uncompressed, one thread",
        options=add_options,
        markdown=lambda rows: codec_tables({build: rows}),
    )
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
    factor = GOAL if build == "AVX2" else BASELINE_GOAL
    unused = set(RECORDED)
    for name in wanted:
        family, frames = FAMILIES[name]
        for picture in frames[:FIRST_FRAMES] if report.quick else frames:
            for pair in family(peer, picture):
                add_row(report, pair, reason, overhead, factor)
                unused.discard((pair.codec, pair.frame))
    if "remotefx" in wanted:
        add_thread_rows(report, processors)
    report.finish()
    if unused and not report.quick and not report.options.codec:
        raise SystemExit(f"recorded of a peer, but of no row: {sorted(unused)}")


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--codec", action="append", choices=sorted(FAMILIES), help="measure this one; may be repeated")


def add_row(report: Report, pair: Pair, peer: str, overhead: float, factor: float) -> None:
    theirs = pair.peer or pair.yardstick
    is_copy = pair.aim is Aim.COPY or (theirs is None and pair.pixels)
    calls = [pair.ours, *([theirs] if theirs else []), *([copy_frame] if is_copy else [])]
    seconds = by_turns(calls, 0.25 if report.quick else 1.0)
    value = pair.size / seconds[0] / 1e6
    of_a_copy = pair.copies * value * seconds[-1] * 1e6 / frame("desktop").nbytes if is_copy else None
    peer_value = None
    if theirs is not None:
        size = pair.size if pair.peer else WIDTH * HEIGHT * 4  # a yardstick decodes a frame
        peer_value = size / (seconds[1] - overhead * pair.peer_calls) / 1e6
    elif peer.startswith("libfreerdp 2"):
        peer = ""  # it does not have this codec
    recorded = RECORDED.get((pair.codec, pair.frame))
    if recorded is not None and peer_value is not None:
        peer = f"{recorded.peer}, recorded" + (", scaled" if pair.yardstick else "")
        peer_value *= recorded.best / recorded.libfreerdp
    compressed = pair.our_bytes / pair.peer_bytes if pair.our_bytes and pair.peer_bytes else None
    goal, verdict = codec_verdict(
        value, peer_value, factor, aim=pair.aim, frame=pair.frame, of_a_copy=of_a_copy, size=compressed
    )
    report.add(
        f"{pair.codec}, {pair.frame}",
        value,
        "MB/s",
        peer=peer,
        peer_value=peer_value,
        goal=goal,
        columns={
            "ns/px": seconds[0] / pair.pixels * 1e9 if pair.pixels else None,
            "of a copy": of_a_copy,
            "bytes": pair.our_bytes,
            "peer's bytes": pair.peer_bytes,
            "size": compressed,
        },
        verdict=verdict,
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

            alone, together = by_turns([one, two], 0.5 if report.quick else 2.0)
            times = alone / together
            name = f"RemoteFX {direction}, two threads"
            report.add(name, times, "times one", goal=THREADS_GOAL, verdict=judge(times, THREADS_GOAL))


@functools.cache
def copy_target() -> NDArray[np.uint8]:
    return np.empty_like(frame("desktop"))


def copy_frame() -> None:
    np.copyto(copy_target(), frame("desktop"))


def by_turns(calls: list[Call], seconds: float) -> list[float]:
    """The shortest time of each call; they take turns, so that what else the machine does hits all of them."""
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
    return best
