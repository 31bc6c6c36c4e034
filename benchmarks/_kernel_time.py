"""How much processor time the codecs' kernels take in this process, by kernel.

Importing it has every kernel timed, in the faces that are imported already too.
Each call is timed by its thread's own clock, so that it counts neither what it waited for nor what others did.  What
the timing itself takes, about a microsecond a call, is outside.
"""

from __future__ import annotations

import functools
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from types import ModuleType
from typing import Any

from trio_rdp.codecs import kernels

__all__ = ["seconds", "since"]

# INVARIANT: only the thread itself adds to what has its number.
_seconds: defaultdict[tuple[int, str], float] = defaultdict(float)
_local = threading.local()


def _measure() -> None:
    """Have every kernel timed, and zstd."""
    for name in kernels.NAMES:
        original = getattr(kernels, name)
        timed = ModuleType(original.__name__)
        for member, value in vars(original).items():
            is_function = callable(value) and not isinstance(value, type) and not member.startswith("_")
            setattr(timed, member, _timed(name, value) if is_function else value)
        for module in list(sys.modules.values()):
            if module.__name__.startswith("trio_rdp."):
                for attribute in [key for key, value in vars(module).items() if value is original]:
                    setattr(module, attribute, timed)
    from trio_rdp.codecs import qoiz

    for owner, method in ((qoiz.Encoder, "encode_all"), (qoiz.Decoder, "inflate")):
        setattr(owner, method, _timed("qoiz", getattr(owner, method)))


def _timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    clock, number = time.thread_time, threading.get_ident

    @functools.wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        if getattr(_local, "is_inside", False):
            return function(*args, **options)
        _local.is_inside = True
        started = clock()
        try:
            return function(*args, **options)
        finally:
            _seconds[number(), name] += clock() - started
            _local.is_inside = False

    return call


def seconds() -> dict[str, float]:
    """Processor seconds up to now, by kernel."""
    total: dict[str, float] = {}
    for (_, name), taken in list(_seconds.items()):
        total[name] = total.get(name, 0.0) + taken
    return total


def since(before: dict[str, float]) -> dict[str, float]:
    """Processor seconds since `before`, which `seconds` gave then."""
    return {name: taken - before.get(name, 0.0) for name, taken in seconds().items()}


_measure()
