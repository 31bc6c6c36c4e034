r"""Paths on a client's drive: `"reports/2026.txt"` here, `"\reports\2026.txt"` on the wire."""

from __future__ import annotations

from pathlib import PurePath

__all__ = ["DrivePath", "is_safe_name", "to_pattern", "to_text", "to_wire"]

_LONGEST_NAME = 255

DrivePath = str | PurePath
"""A path from the root of a drive, with slashes or backslashes, and with or without one at its beginning."""


def to_wire(path: DrivePath) -> str:
    """The path that a request carries; raises `ValueError` for what names nothing."""
    if not isinstance(path, str | PurePath):
        raise TypeError(f"{path!r} is no path")
    parts = [part for part in str(path).replace("\\", "/").split("/") if part not in ("", ".")]
    if ".." in parts:
        raise ValueError(f"a drive has no '..': {str(path)!r}")
    if "\0" in str(path):
        raise ValueError("embedded null character")
    return "\\" + "\\".join(parts)


def to_pattern(path: DrivePath, pattern: str) -> str:
    """The path that lists what fits a pattern in a directory; raises `ValueError` where the directory is a pattern."""
    directory = to_wire(path)
    if any(character in directory for character in "*?"):
        raise ValueError(f"{str(path)!r} is a pattern, not a directory")
    if not pattern or any(character in pattern for character in "/\\\0"):
        raise ValueError(f"{pattern!r} is no pattern for names")
    return f"{directory.rstrip(chr(92))}\\{pattern}"


def to_text(wire_path: str) -> str:
    """The path that a peer names, as users write it."""
    return wire_path.replace("\\", "/").strip("/")


def is_safe_name(name: str) -> bool:
    """Whether a name in a listing is one: it stays in its directory, and is no longer than file systems have them."""
    if name in ("", ".", "..") or len(name) > _LONGEST_NAME:
        return False
    return not any(character in name for character in "/\\\0")
