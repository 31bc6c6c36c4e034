r"""Which names of a peer's file list may become files here.

A list names its files by relative paths with backslashes, `folder\file.txt` ([MS-RDPECLIP] 3.1.1.2).  A hostile one
names what lies outside of where the user pastes, or what is no file at all.  The rules are those of Windows on every
system, so that what was accepted on one may be copied to another.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from trio_rdp.wire.errors import InvalidField

__all__ = ["NAME_LIMIT", "safe_path"]

NAME_LIMIT = 255
"""The most UTF-16 units in one component of a path, as NTFS has it."""

_FORBIDDEN = frozenset('<>:"|?*\x7f') | {chr(code) for code in range(32)}

_DEVICES = frozenset(
    ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$"]
    + [f"{port}{digit}" for port in ("COM", "LPT") for digit in "0123456789¹²³"]
)


def safe_path(file_name: str) -> PurePosixPath:
    """Make a path of a File Descriptor's name that stays inside the directory which it is joined to.

    It is relative, and no component of it is empty, `.`, `..`, a device of Windows (with whatever suffix), a stream or
    drive (`:`), longer than `NAME_LIMIT`, ended by a dot or space (Windows drops them, which would make `..` of `.. `),
    or written with characters that Windows forbids.  Raises `InvalidField`, which says why.
    Symbolic links, and files that are there already, are for who opens the file.
    """
    components = file_name.replace("\\", "/").split("/")
    for component in components:
        reason = _fault(component)
        if reason:
            raise InvalidField(f"{reason} in {file_name!r}", pdu="FileDescriptor", field="file_name")
    return PurePosixPath(*components)


def _fault(component: str) -> str:
    """What is wrong with one component; empty if nothing is."""
    if not component:
        return "an absolute path or an empty name"
    if component in (".", ".."):
        return "a relative directory"
    if component[-1] in ". ":
        return "a dot or space at the end"
    if not _FORBIDDEN.isdisjoint(component):
        return "a forbidden character"
    if any("\ud800" <= character <= "\udfff" for character in component):
        return "half of a surrogate pair"
    if len(component.encode("utf-16-le")) > 2 * NAME_LIMIT:
        return "a name that is too long"
    if component.partition(".")[0].rstrip(" ").upper() in _DEVICES:
        return "a device"
    return ""
