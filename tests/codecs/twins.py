"""The forms of a kernel, as parameters of tests: the plain twin, and the compiled ones where they were built.

With `TRIO_RDP_REQUIRE_KERNELS=1`, as in continuous integration, a kernel that was not built is a failure.
"""

from __future__ import annotations

import os
from types import ModuleType
from typing import Any

import pytest

from trio_rdp.codecs import kernels

FORMS: tuple[kernels.Form, ...] = ("plain", "baseline", "avx2")
REQUIRED = os.environ.get("TRIO_RDP_REQUIRE_KERNELS") == "1"


def find(name: str, form: kernels.Form) -> ModuleType | None:
    module = kernels.find(name, form)
    if module is None and form == "baseline" and REQUIRED:
        raise RuntimeError(f"the kernel {name} is not compiled, and TRIO_RDP_REQUIRE_KERNELS is set")
    return module


def runs(form: kernels.Form) -> bool:
    """Whether a form runs on this processor."""
    cpu = kernels.find("cpu", "baseline")
    return form != "avx2" or (cpu is not None and cpu.has_avx2())


def twins(name: str) -> list[Any]:
    """All forms of a kernel; those that were not built are skipped, and that one is not built for AVX2 is no loss."""
    parameters: list[Any] = []
    for form in FORMS:
        module = find(name, form) if runs(form) else None
        if module is None and form == "avx2":
            continue
        skip = [] if module else [pytest.mark.skip(reason="the kernel is not compiled")]
        parameters.append(pytest.param(module, id=form, marks=skip))
    return parameters


def pair(name: str) -> tuple[ModuleType, ModuleType]:
    """The plain and the best compiled form, to be compared; skips where there is only one."""
    compiled = (find(name, "avx2") if runs("avx2") else None) or find(name, "baseline")
    if compiled is None:
        pytest.skip("the kernel is not compiled")
    plain = find(name, "plain")
    assert plain is not None
    return plain, compiled


def use(form: kernels.Form, monkeypatch: pytest.MonkeyPatch, *faces: ModuleType) -> None:
    """Let codecs, the modules with the public faces, run on one form of their kernels; skips where it is not there."""
    for face in faces:
        name = face.kernel.__name__.rpartition(".")[2]
        kernel = find(name, form) if runs(form) else None
        if kernel is None and form == "avx2":
            kernel = find(name, "baseline")  # not a hot one
        if kernel is None:
            pytest.skip("the kernel is not compiled")
        monkeypatch.setattr(face, "kernel", kernel)
