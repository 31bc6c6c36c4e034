from __future__ import annotations

import ast
import dataclasses
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

import trio_rdp
from trio_rdp.graphics.pipeline.limits import PipelineLimits
from trio_rdp.protocol.limits import Limits


@pytest.mark.parametrize("kind", [Limits, PipelineLimits])
def test_every_limit_is_positive_and_can_be_chosen(kind: type[Limits] | type[PipelineLimits]) -> None:
    for field in dataclasses.fields(kind):
        default = getattr(kind(), field.name)
        if isinstance(default, PipelineLimits):
            continue
        assert default > 0
        assert type(default).__name__ == field.type
        chosen = kind(**{field.name: default * 2})
        assert getattr(chosen, field.name) == default * 2


def test_limits_are_frozen_and_by_keyword() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Limits().early_bytes = 1  # type: ignore[misc]
    with pytest.raises(TypeError):
        Limits(1.0)  # type: ignore[call-arg]


@pytest.mark.parametrize("kind", [Limits, PipelineLimits])
def test_every_limit_says_what_it_bounds(kind: type[Limits] | type[PipelineLimits]) -> None:
    lines = inspect.getsource(kind).splitlines()
    for field in dataclasses.fields(kind):
        at = next(at for at, line in enumerate(lines) if line.startswith(f"    {field.name}: "))
        assert lines[at + 1].startswith('    """'), field.name


def limits_read() -> Iterator[str]:
    """The fields that the package takes from something called limits."""
    package = Path(trio_rdp.__file__).parent
    for path in package.rglob("*.py"):
        if path.name == "limits.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                holder = node.value
                name = holder.id if isinstance(holder, ast.Name) else getattr(holder, "attr", "")
                if name in ("limits", "_limits"):
                    yield node.attr


def test_every_limit_is_read_somewhere() -> None:
    fields = {field.name for kind in (Limits, PipelineLimits) for field in dataclasses.fields(kind)}
    assert fields == set(limits_read())
