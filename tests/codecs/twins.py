"""Both forms of a kernel, as parameters of tests: the plain twin, and the compiled one where it was built.

With `TRIO_RDP_REQUIRE_KERNELS=1`, as in continuous integration, a kernel that was not built is a failure.
"""

from __future__ import annotations

import os
from types import ModuleType
from typing import Any

import pytest

from trio_rdp.codecs import kernels

REQUIRED = os.environ.get("TRIO_RDP_REQUIRE_KERNELS") == "1"


def find_compiled(name: str) -> ModuleType | None:
    compiled = kernels.find_compiled(name)
    if compiled is None and REQUIRED:
        raise RuntimeError(f"the kernel {name} is not compiled, and TRIO_RDP_REQUIRE_KERNELS is set")
    return compiled


def twins(name: str) -> list[Any]:
    compiled = find_compiled(name)
    skip = [] if compiled else [pytest.mark.skip(reason="the kernel is not compiled")]
    return [pytest.param(kernels.find_plain(name), id="plain"), pytest.param(compiled, id="compiled", marks=skip)]


def pair(name: str) -> tuple[ModuleType, ModuleType]:
    """The plain and the compiled form, to be compared; skips where there is only one."""
    compiled = find_compiled(name)
    if compiled is None:
        pytest.skip("the kernel is not compiled")
    return kernels.find_plain(name), compiled
