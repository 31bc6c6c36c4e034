from __future__ import annotations

import logging
import os
import subprocess
import sys
from types import ModuleType

import pytest

from tests.codecs.twins import runs
from trio_rdp.codecs import kernels


def run(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    return done.stdout + done.stderr


SHOW = "import logging; logging.basicConfig(level='INFO'); from trio_rdp.codecs import features; print(features())"


def test_the_environment_chooses_the_twins() -> None:
    out = run(SHOW, TRIO_RDP_PURE="1")
    assert str(dict.fromkeys(kernels.NAMES, "plain")) in out
    assert out.count("the plain Python kernel") == len(kernels.NAMES)


def test_the_environment_chooses_what_runs_on_any_processor() -> None:
    assert "avx2" not in run(SHOW, TRIO_RDP_AVX2="0", TRIO_RDP_PURE="0")


def test_the_best_that_was_built_runs() -> None:
    best = {
        name: next(form for form in ("avx2", "baseline", "plain") if runs(form) and kernels.find(name, form))
        for name in kernels.NAMES
    }
    assert str(best) in run(SHOW, TRIO_RDP_PURE="0", TRIO_RDP_AVX2="1")


def test_what_was_not_built_is_said_once(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def find(name: str, form: kernels.Form) -> ModuleType | None:
        return None

    monkeypatch.setattr(kernels, "find", find)
    with caplog.at_level(logging.INFO, "trio_rdp.codecs"):
        chosen = kernels.choose("planar", pure=False, avx2=True)
    assert [(record.levelname, "planar" in record.message) for record in caplog.records] == [("WARNING", True)]
    assert kernels.form_of(chosen) == "plain"


def test_a_kernel_that_does_not_exist_is_not_found() -> None:
    assert kernels.find("no_such_kernel", "baseline") is None
    assert kernels.find("no_such_kernel", "avx2") is None
    with pytest.raises(AttributeError):
        _ = kernels.no_such_kernel  # type: ignore[attr-defined]


def test_importing_loads_neither_cython_nor_numpy() -> None:
    out = run(
        "import sys, trio_rdp.codecs.planar, trio_rdp.codecs.compare; print({'Cython', 'numpy'} & set(sys.modules))"
    )
    assert "set()" in out


@pytest.mark.parametrize("first", ["baseline", "avx2"])
def test_a_form_is_what_was_asked_for_whichever_came_first(first: str) -> None:
    # In a process of its own, for here some forms are loaded already.
    out = run(
        "from trio_rdp.codecs import kernels\n"
        f"order = sorted(('baseline', 'avx2'), key=lambda form: form != {first!r})\n"
        "for name in kernels.NAMES:\n"
        "    for form in order * 2:\n"
        "        module = kernels.find(name, form)\n"
        "        file = '' if module is None else module.__file__\n"
        "        if file and (kernels.form_of(module) != form or ('avx2' in file) != (form == 'avx2')):\n"
        "            print('WRONG', form, file)\n"
        "print('done')"
    )
    assert "WRONG" not in out
    assert "done" in out


@pytest.mark.parametrize("name", kernels.NAMES)
@pytest.mark.parametrize("form", ["baseline", "avx2"])
def test_the_forms_have_the_same_functions(name: str, form: kernels.Form) -> None:
    compiled = kernels.find(name, form)
    if compiled is None:
        pytest.skip("the kernel is not compiled so")
    plain = kernels.find(name, "plain")
    only_plain = {"pack_row", "unpack_row", "palette_of", "keys"}
    assert plain is not None
    functions = {name for name in plain.__all__ if not name.isupper()}
    assert functions - only_plain <= set(vars(compiled))
