"""Whether a row meets its goal: what is asked of each kind of work, and what is exempt."""

from __future__ import annotations

import enum

__all__ = ["BELOW", "MEETS", "Aim", "codec_verdict", "falls_short", "judge"]

MEETS, BELOW = "meets its goal", "below its goal"
FRAMES_WITHOUT_GOAL = ("solid", "scroll", "noise")
LARGEST = 1.02  # times the peer's compressed bytes
FAST_COPY = 8000.0  # MB/s: half a nanosecond for a pixel of four bytes
SHARE_OF_COPY = 0.8


class Aim(enum.Enum):
    """What is asked of a codec."""

    FASTER = "so many times as fast as the fastest peer"
    PARITY = "as fast as a peer that calls the same library"
    COPY = "the same, or below half a nanosecond a pixel to be nearly as fast as copying"


def judge(value: float | None, goal: float | None, *, less_is_better: bool = False) -> str:
    """The verdict on a figure that has a goal; nothing where it has none."""
    if value is None or goal is None:
        return ""
    return MEETS if (value <= goal if less_is_better else value >= goal) else BELOW


def falls_short(verdict: str) -> bool:
    return verdict.startswith(("below", "size"))


def codec_verdict(
    value: float,
    peer_value: float | None,
    factor: float,
    *,
    aim: Aim = Aim.FASTER,
    frame: str = "desktop",
    of_a_copy: float | None = None,
    size: float | None = None,
) -> tuple[float | None, str]:
    """The goal in MB/s and the verdict: `factor` times the peer, and hardly more bytes than it.

    `of_a_copy` is our speed by that of copying memory, `size` our compressed bytes by the peer's.  Frames without a
    goal are measured by the same, and do not fall short.
    """
    if aim is Aim.PARITY:
        factor = 1.0
    goal = None if peer_value is None else factor * peer_value
    if aim is Aim.PARITY and goal is None:
        return None, "exempt: the same library on both sides"
    if aim is Aim.COPY and value >= FAST_COPY and of_a_copy is not None and (goal is None or value < goal):
        return _copy_verdict(value, of_a_copy)
    if goal is None:
        return None, "no peer"
    faults = [BELOW] if value < goal else []
    if size is not None and size > LARGEST:
        faults.append(f"size > {LARGEST}")
    if not faults:
        return goal, MEETS
    if frame in FRAMES_WITHOUT_GOAL:
        reason = ", ".join(f"below {factor:.3g} times" if fault is BELOW else fault for fault in faults)
        return goal, f"no goal for this frame: {reason}"
    return goal, ", ".join(faults)


def _copy_verdict(value: float, of_a_copy: float) -> tuple[float, str]:
    """What takes less than half a nanosecond a pixel is measured by the machine."""
    is_fast = of_a_copy >= SHARE_OF_COPY
    verdict = "exempt: below 0.5 ns a pixel" if is_fast else f"below {SHARE_OF_COPY} of a copy's speed"
    return SHARE_OF_COPY * value / of_a_copy, verdict
