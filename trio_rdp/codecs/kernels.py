"""The one place that chooses between the compiled kernels and their plain Python twins.

The compiled ones run when they were built.  `TRIO_RDP_PURE=1` in the environment chooses the twins all the same.  The
choice is made once, at import, and is said once through `logging` when it fell on the twins.
"""

from __future__ import annotations

import importlib
import logging
import os
from types import ModuleType
from typing import TYPE_CHECKING, Final

__all__ = ["NAMES", "compare", "compiled_kernels", "interleaved_rle", "mppc", "pixels", "planar"]

NAMES: Final = ("compare", "interleaved_rle", "mppc", "pixels", "planar")

_log = logging.getLogger("trio_rdp.codecs")


def find_compiled(name: str) -> ModuleType | None:
    """Import one compiled kernel; None when it was not built, or was built for another Python."""
    try:
        return importlib.import_module(f"trio_rdp.codecs.compiled.{name}")
    except ImportError:
        return None


def find_plain(name: str) -> ModuleType:
    """Import the plain twin of one kernel."""
    return importlib.import_module(f"trio_rdp.codecs.plain.{name}")


def choose(*, pure: bool) -> dict[str, ModuleType]:
    """Give every kernel's module; `pure` asks for the twins, which also stand in for what was not built."""
    chosen = {name: (None if pure else find_compiled(name)) or find_plain(name) for name in NAMES}
    missing = [name for name, module in chosen.items() if not is_compiled(module)]
    if pure:
        _log.info("TRIO_RDP_PURE is set: the plain Python kernels run")
    elif missing:
        _log.warning("not compiled, much slower in plain Python: %s", ", ".join(missing))
    return chosen


def is_compiled(module: ModuleType) -> bool:
    """Whether a kernel's module is a compiled one."""
    return ".compiled." in module.__name__


def compiled_kernels() -> dict[str, bool]:
    """Say of each kernel whether its compiled form runs in this process."""
    return {name: is_compiled(module) for name, module in _chosen.items()}


_chosen = choose(pure=os.environ.get("TRIO_RDP_PURE", "0") not in ("", "0"))

if TYPE_CHECKING:
    from trio_rdp.codecs.plain import compare, interleaved_rle, mppc, pixels, planar
else:
    compare, interleaved_rle, mppc, pixels, planar = (_chosen[name] for name in NAMES)
