from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.channels.cliprdr.file_names import NAME_LIMIT, safe_path
from trio_rdp.wire.errors import InvalidField


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("file.txt", "file.txt"),
        ("folder\\file.txt", "folder/file.txt"),
        ("folder/deeper/file.txt", "folder/deeper/file.txt"),
        (".profile", ".profile"),
        ("..file", "..file"),
        ("a..b", "a..b"),
        (" leading", " leading"),
        ("Grüße ☃ 漢字 \U0001f4cb.pdf", "Grüße ☃ 漢字 \U0001f4cb.pdf"),
        ("console.log", "console.log"),
        ("com10", "com10"),
        ("auxiliary", "auxiliary"),
        ("null", "null"),
        ("my.con", "my.con"),
        ("~", "~"),
        ("$HOME", "$HOME"),
        ("-rf", "-rf"),
        ("x" * NAME_LIMIT, "x" * NAME_LIMIT),
    ],
)
def test_good_names(name: str, path: str) -> None:
    assert safe_path(name) == PurePosixPath(path)


@pytest.mark.parametrize(
    ("reason", "names"),
    [
        (
            "an absolute path or an empty name",
            ["", "\\", "/", "/etc/passwd", "\\windows\\win.ini", "a\\", "a/", "a//b"],
        ),
        (
            "an absolute path or an empty name",
            ["\\\\server\\share\\file", "\\\\?\\C:\\x", "\\\\.\\pipe\\x", "//server/x"],
        ),
        ("a relative directory", [".", "..", "..\\x", "../x", "a\\..\\b", "a/../../b", "a\\.\\b", "a/.."]),
        ("a dot or space at the end", ["a.", "a ", "...", ".. ", ".. \\x", ". .\\x", " ", "a \\b", "a./b", "nul."]),
        ("a forbidden character", ["C:\\x", "c:x", "c:", "file.txt:stream", "file::$DATA", "a\\C:\\b"]),
        (
            "a forbidden character",
            ["a<b", "a>b", 'a"b', "a|b", "a?b", "a*b", "a\nb", "a\0b", "\x1b[2J", "a\x7fb", "a\tb"],
        ),
        ("half of a surrogate pair", ["a\ud800", "\udfff.txt", "x\\\udc80"]),
        ("a name that is too long", ["x" * 256, "\U0001f4cb" * 128]),
        ("a device", ["CON", "con", "Nul", "nul.txt", "NUL.tar.gz", "aux", "prn.pdf", "folder\\con", "con\\file"]),
        ("a device", ["COM1", "com9.txt", "com0", "LPT1", "lpt¹", "COM³.x", "conin$", "CONOUT$", "clock$", "nul .txt"]),
    ],
)
def test_bad_names(reason: str, names: list[str]) -> None:
    for name in names:
        with pytest.raises(InvalidField, match=reason) as caught:
            safe_path(name)
        assert caught.value.field == "file_name"


# What hostile names are made of.
PIECES = st.sampled_from(
    ["..", ".", "\\", "/", ":", " ", "C", "con", "nul", "a", "\0", "\u2025", "\uff0f", "~", "%", "\ud800"]
)


@given(st.lists(PIECES, max_size=8).map("".join) | st.text(max_size=20))
def test_whatever_passes_stays_inside(name: str) -> None:
    try:
        path = safe_path(name)
    except InvalidField:
        return
    windows = PureWindowsPath("d:\\base") / str(path)
    for inside, base in (
        (PurePosixPath("/base") / path, PurePosixPath("/base")),
        (windows, PureWindowsPath("d:\\base")),
    ):
        assert inside != base
        assert inside.is_relative_to(base)
        assert ".." not in inside.parts
    assert not PureWindowsPath(str(path)).is_reserved()
    assert not PureWindowsPath(str(path)).drive
    str(path).encode()
