"""Paths and patterns of servers: nothing leaves the root, and patterns match as those of Windows do."""

from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.channels.rdpdr.client_names import (
    COMPONENT_LIMIT,
    NameRefused,
    is_lendable,
    matches_pattern,
    split_path,
    split_pattern,
)
from trio_rdp.channels.rdpdr.header import NtStatus


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("", ()),
        ("\\", ()),
        ("\\a", ("a",)),
        ("\\a\\b.txt", ("a", "b.txt")),
        ("a\\b", ("a", "b")),
        ("\\a\\", ("a",)),
        ("\\\\a\\\\b", ("a", "b")),
        ("\\.hidden", (".hidden",)),
        ("\\conx", ("conx",)),
        ("/d/a.txt", ("d", "a.txt")),
        ("/etc\\passwd", ("etc", "passwd")),
    ],
)
def test_paths(path: str, names: tuple[str, ...]) -> None:
    assert split_path(path) == names


@pytest.mark.parametrize(
    "path",
    [
        "\\..",
        "\\..\\etc\\passwd",
        "\\a\\..\\..\\b",
        "\\.",
        "/..",
        "\\a/../b",
        "\\C:\\x",
        "\\a:stream",
        "\\a*",
        "\\\x01",
        "\\" + "x" * (COMPONENT_LIMIT + 1),
    ],
)
def test_paths_that_no_file_has(path: str) -> None:
    with pytest.raises(NameRefused) as caught:
        split_path(path)
    assert caught.value.status == NtStatus.OBJECT_NAME_INVALID


@pytest.mark.parametrize("name", ["CON", "con", "Prn", "aux", "NUL", "LPT1", "com9", "CLOCK$"])
def test_devices_are_denied(name: str) -> None:
    for path in (f"\\{name}", f"\\a\\{name}"):
        with pytest.raises(NameRefused) as caught:
            split_path(path)
        assert caught.value.status == NtStatus.ACCESS_DENIED


@given(st.text())
def test_no_path_leaves_the_root(path: str) -> None:
    try:
        names = split_path(path)
    except NameRefused:
        return
    assert all(is_lendable(name) and "/" not in name and name not in ("", ".", "..") for name in names)


def test_directories_and_their_patterns() -> None:
    assert split_pattern("\\*") == ((), "*")
    assert split_pattern("\\a\\b\\*.txt") == (("a", "b"), "*.txt")
    assert split_pattern("\\a\\") == (("a",), "*")
    assert split_pattern("") == ((), "*")
    with pytest.raises(NameRefused):
        split_pattern("\\..\\*")
    with pytest.raises(NameRefused):
        split_pattern("\\" + "*" * 256)


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("*", "", True),
        ("*", "anything", True),
        ("*.txt", "a.TXT", True),
        ("*.txt", "a.txt.bak", False),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("", "", True),
        ("", "a", False),
        ("a", "", False),
        ("*.*", "README", False),
        ("*a*b*", "xxaxxbxx", True),
        ("*a*b*", "xxbxxaxx", False),
        # What Windows makes of *.* and of ?s in patterns of DOS programs.
        ("<", "a.b.c", False),
        ("<.c", "a.b.c", True),
        ("<.b", "a.b.c", False),
        ("<", "README", True),
        ('<"*', "README", True),
        ('<"*', "a.txt", True),
        ('a"', "a", True),
        ('a"', "a.", True),
        ('a"b', "ab", False),
        (">>>>>>>>.>>>", "a.txt", True),
        (">>>.txt", "abcd.txt", False),
        ("a>", "a", True),
        (">", ".", False),
    ],
)
def test_patterns(pattern: str, name: str, matches: bool) -> None:
    assert matches_pattern(pattern, name) is matches


@given(st.text("ab.*?", max_size=8), st.text("ab.", max_size=8))
def test_stars_and_question_marks_are_those_of_everywhere(pattern: str, name: str) -> None:
    assert matches_pattern(pattern, name) == fnmatch.fnmatchcase(name, pattern)


@given(st.text('ab.*?<>"', max_size=12), st.text("ab.", max_size=12))
def test_any_pattern_says_yes_or_no(pattern: str, name: str) -> None:
    assert matches_pattern(pattern, name) in (True, False)


def test_a_hostile_pattern_takes_no_longer_than_others() -> None:
    assert not matches_pattern("*a" * 127, "a" * 126 + "b")
