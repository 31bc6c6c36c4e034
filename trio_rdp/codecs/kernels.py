"""The one place that chooses each kernel's form: compiled for this processor, compiled for any, or plain Python.

`from trio_rdp.codecs.kernels import planar` gives the best form there is.  A kernel is looked for when it is first
asked for, and that a plain twin stands in is said once through `logging`.  In the environment, `TRIO_RDP_PURE=1`
chooses the twins all the same, and `TRIO_RDP_AVX2=0` the kernels that run on any processor.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

__all__ = ["NAMES", "Form", "choose", "features", "find", "form_of"]

Form: TypeAlias = Literal["avx2", "baseline", "plain"]

NAMES: Final = (
    "alpha",
    "clearcodec",
    "clearcodec_encoder",
    "color",
    "compare",
    "interleaved_rle",
    "motion",
    "mppc",
    "ncrush",
    "nscodec",
    "pixels",
    "planar",
    "progressive",
    "progressive_encode",
    "qoi",
    "rfx",
    "xcrush",
    "zgfx",
)

_PLACES: Final = {
    "avx2": "trio_rdp.codecs.compiled.avx2",
    "baseline": "trio_rdp.codecs.compiled",
    "plain": "trio_rdp.codecs.plain",
}
_log = logging.getLogger("trio_rdp.codecs")


def find(name: str, form: Form) -> ModuleType | None:
    """Import one form of a kernel; None when it was not built, or was built for another Python."""
    wanted = f"{_PLACES[form]}.{name}"
    # Both compiled forms come of one C file, and Cython enters a module under the name in that file too: without this,
    # whoever asks for the baseline form after the other was loaded is given the other.
    if getattr(sys.modules.get(wanted), "__name__", wanted) != wanted:
        del sys.modules[wanted]
    try:
        return importlib.import_module(wanted)
    except ModuleNotFoundError as exc:
        if exc.name is not None and exc.name.startswith("trio_rdp."):
            return None
        raise
    except ImportError:
        if form == "plain":
            raise
        return None


def form_of(module: ModuleType) -> Form:
    """Say which form of a kernel a module is."""
    place = module.__name__.rpartition(".")[0]
    return next(form for form in ("avx2", "baseline", "plain") if _PLACES[form] == place)


def choose(name: str, *, pure: bool, avx2: bool) -> ModuleType:
    """Give the best form of a kernel that was built and is allowed; the plain one is always there."""
    forms: list[Form] = [] if pure else ["avx2", "baseline"] if avx2 else ["baseline"]
    for form in forms:
        module = find(name, form)
        if module is not None:
            return module
    if pure:
        _log.info("TRIO_RDP_PURE is set: the plain Python kernel %s runs", name)
    else:
        _log.warning("not compiled, much slower in plain Python: %s", name)
    return importlib.import_module(f"{_PLACES['plain']}.{name}")


def features() -> dict[str, Form]:
    """Say of each kernel in which form it runs in this process."""
    return {name: form_of(_load(name)) for name in NAMES}


def _is_set(variable: str, default: str) -> bool:
    return os.environ.get(variable, default) not in ("", "0")


def _processor_has_avx2() -> bool:
    cpu = find("cpu", "baseline")
    return cpu is not None and bool(cpu.has_avx2())


_pure = _is_set("TRIO_RDP_PURE", "0")
_avx2 = not _pure and _is_set("TRIO_RDP_AVX2", "1") and _processor_has_avx2()


def _load(name: str) -> ModuleType:
    module = globals().get(name)
    if module is None:
        module = globals()[name] = choose(name, pure=_pure, avx2=_avx2)
    assert isinstance(module, ModuleType)
    return module


if TYPE_CHECKING:
    from trio_rdp.codecs.plain import alpha as alpha
    from trio_rdp.codecs.plain import clearcodec as clearcodec
    from trio_rdp.codecs.plain import clearcodec_encoder as clearcodec_encoder
    from trio_rdp.codecs.plain import color as color
    from trio_rdp.codecs.plain import compare as compare
    from trio_rdp.codecs.plain import interleaved_rle as interleaved_rle
    from trio_rdp.codecs.plain import motion as motion
    from trio_rdp.codecs.plain import mppc as mppc
    from trio_rdp.codecs.plain import ncrush as ncrush
    from trio_rdp.codecs.plain import nscodec as nscodec
    from trio_rdp.codecs.plain import pixels as pixels
    from trio_rdp.codecs.plain import planar as planar
    from trio_rdp.codecs.plain import progressive as progressive
    from trio_rdp.codecs.plain import progressive_encode as progressive_encode
    from trio_rdp.codecs.plain import qoi as qoi
    from trio_rdp.codecs.plain import rfx as rfx
    from trio_rdp.codecs.plain import xcrush as xcrush
    from trio_rdp.codecs.plain import zgfx as zgfx
else:

    def __getattr__(name: str) -> ModuleType:
        if name in NAMES:
            return _load(name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
