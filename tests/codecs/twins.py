"""Both forms of a kernel, as parameters of tests: the plain twin, and the compiled one where it was built."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from trio_rdp.codecs import kernels


def twins(name: str) -> list[Any]:
    compiled = kernels.find_compiled(name)
    skip = [] if compiled else [pytest.mark.skip(reason="the kernel is not compiled")]
    return [pytest.param(kernels.find_plain(name), id="plain"), pytest.param(compiled, id="compiled", marks=skip)]


def pair(name: str) -> tuple[ModuleType, ModuleType]:
    """The plain and the compiled form, to be compared; skips where there is only one."""
    compiled = kernels.find_compiled(name)
    if compiled is None:
        pytest.skip("the kernel is not compiled")
    return kernels.find_plain(name), compiled
