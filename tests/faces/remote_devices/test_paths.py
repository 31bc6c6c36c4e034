"""Paths on a client's drive."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.faces.remote_devices.paths import DrivePath, is_safe_name, to_pattern, to_text, to_wire


@pytest.mark.parametrize(
    ("path", "wire"),
    [
        ("", "\\"),
        (".", "\\"),
        ("/", "\\"),
        ("a", "\\a"),
        ("/a/b/", "\\a\\b"),
        ("a\\.\\b", "\\a\\b"),
        ("a//b c.txt", "\\a\\b c.txt"),
        (PurePosixPath("a/b"), "\\a\\b"),
        (PureWindowsPath("a\\b"), "\\a\\b"),
        ("..a/b..", "\\..a\\b.."),
    ],
)
def test_on_the_wire(path: DrivePath, wire: str) -> None:
    assert to_wire(path) == wire


@pytest.mark.parametrize("path", ["..", "a/..", "..\\a", "a\0"])
def test_what_names_nothing(path: str) -> None:
    with pytest.raises(ValueError, match=r"null|has no"):
        to_wire(path)


def test_patterns() -> None:
    assert to_pattern("", "*") == "\\*"
    assert to_pattern("a/b", "*.txt") == "\\a\\b\\*.txt"


@given(st.text())
def test_a_path_stays_what_it_is(path: str) -> None:
    try:
        wire = to_wire(path)
    except ValueError:
        return
    assert to_wire(to_text(wire)) == wire
    assert ".." not in wire.split("\\")


def test_safe_names() -> None:
    assert is_safe_name("a b..c")
    assert is_safe_name("x" * 255)
    assert not any(map(is_safe_name, ["", ".", "..", "a/b", "a\\b", "a\0", "x" * 256]))


@pytest.mark.parametrize("path", [None, 5, b"name"])
def test_what_is_no_path(path: object) -> None:
    with pytest.raises(TypeError, match="no path"):
        to_wire(path)  # type: ignore[arg-type]
