from __future__ import annotations

import logging
import os
import subprocess
import sys
from types import ModuleType

import pytest

from trio_rdp.codecs import kernels


def run(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    return done.stdout + done.stderr


SHOW = "import logging; logging.basicConfig(level='INFO'); from trio_rdp.codecs import kernels; "
SHOW += "print(sorted(kernels.compiled_kernels().items()))"


def test_the_environment_chooses_the_twins() -> None:
    out = run(SHOW, TRIO_RDP_PURE="1")
    assert "True" not in out
    assert out.count("the plain Python kernels run") == 1


def test_what_was_built_runs() -> None:
    out = run(SHOW, TRIO_RDP_PURE="0")
    built = sorted((name, kernels.find_compiled(name) is not None) for name in kernels.NAMES)
    assert str(built) in out


def test_what_was_not_built_is_said_once(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def find(name: str) -> ModuleType | None:
        return None

    monkeypatch.setattr(kernels, "find_compiled", find)
    with caplog.at_level(logging.INFO, "trio_rdp.codecs"):
        chosen = kernels.choose(pure=False)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert all(name in caplog.text for name in kernels.NAMES)
    assert not any(map(kernels.is_compiled, chosen.values()))


def test_a_kernel_that_does_not_exist_is_not_found() -> None:
    assert kernels.find_compiled("no_such_kernel") is None


def test_importing_loads_neither_cython_nor_numpy() -> None:
    out = run(
        "import sys, trio_rdp.codecs.planar, trio_rdp.codecs.compare; print({'Cython', 'numpy'} & set(sys.modules))"
    )
    assert "set()" in out


@pytest.mark.parametrize("name", kernels.NAMES)
def test_both_forms_have_the_same_functions(name: str) -> None:
    compiled = kernels.find_compiled(name)
    if compiled is None:
        pytest.skip("the kernel is not compiled")
    plain = kernels.find_plain(name)
    only_plain = {"pack_row", "unpack_row", "keys", "MULTIPLIERS", "MAX_TILE", "FORMATS"}
    assert set(plain.__all__) - only_plain <= set(vars(compiled))
