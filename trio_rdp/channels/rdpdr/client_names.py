"""Names that a server asks a drive for: paths, patterns, and the names that a client must never open."""

from __future__ import annotations

from trio_rdp.channels.rdpdr.header import NtStatus

__all__ = ["NameRefused", "is_lendable", "matches_pattern", "split_path", "split_pattern"]

COMPONENT_LIMIT = 255
"""The most characters of one name, as of NTFS, ext4 and APFS."""

_FORBIDDEN = frozenset('<>:"|?*/\\')
_DEVICES = frozenset(
    ["prn", "aux", "nul", "con", "clock$", *(f"{name}{number}" for name in ("lpt", "com") for number in range(1, 10))]
)


class NameRefused(Exception):
    """A path that no file can have here; `status` is the answer."""

    def __init__(self, status: NtStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


def is_lendable(name: str) -> bool:
    """Whether a file's name can be told to a server, and asked for by it."""
    return (
        0 < len(name) <= COMPONENT_LIMIT
        and name not in (".", "..")
        and not any(char in _FORBIDDEN or char < " " for char in name)
    )


def split_path(path: str) -> tuple[str, ...]:
    """The names of a path of a server, from the drive's root down; raises `NameRefused`.

    What comes back can be joined without leaving the root.  Stream names (`file:stream`) are refused, as file systems
    without streams do, and so is a device's name: "If the Path field of this request is equal to any of the strings
    described below, the request MUST be completed with STATUS_ACCESS_DENIED", [MS-RDPEFS] 3.2.5.2.3.
    """
    # xrdp 0.9.21 opens files with slashes, and asks for everything else with backslashes.
    names = tuple(name for name in path.replace("/", "\\").split("\\") if name)
    for name in names:
        if name.casefold() in _DEVICES:
            raise NameRefused(NtStatus.ACCESS_DENIED, f"{name!r} is a device")
        if not is_lendable(name):
            raise NameRefused(NtStatus.OBJECT_NAME_INVALID, f"{name!r} is no name of a file")
    return names


def split_pattern(path: str) -> tuple[tuple[str, ...], str]:
    """The directory and the pattern of a directory query; raises `NameRefused`."""
    directory, _, pattern = path.rpartition("\\")
    if len(pattern) > COMPONENT_LIMIT:
        raise NameRefused(NtStatus.OBJECT_NAME_INVALID, f"a pattern of {len(pattern)} characters")
    return split_path(directory), pattern or "*"


def matches_pattern(pattern: str, name: str) -> bool:
    """Whether a name fits a pattern of Windows, in time proportional to the product of their lengths.

    `*` and `?` are what they are everywhere.  Windows turns those of DOS programs into others: `<` is a `*` that does
    not pass the last dot, `>` a `?` that may stand for nothing before a dot or the end, `"` a dot that may be missing
    at the end.
    """
    if pattern == "*":
        return True
    pattern, name = pattern.casefold(), name.casefold()
    last_dot = name.rfind(".")
    places = _reachable({0}, pattern, name[:1])
    for at, char in enumerate(name):
        beyond: set[int] = set()
        for place in places:
            wanted = pattern[place : place + 1]
            if wanted == "*" or (wanted == "<" and at != last_dot):
                beyond.add(place)
            elif wanted == char or wanted == "?" or (wanted == ">" and char != ".") or (wanted == '"' and char == "."):
                beyond.add(place + 1)
        if not beyond:
            return False
        places = _reachable(beyond, pattern, name[at + 1 : at + 2])
    return len(pattern) in places


def _reachable(places: set[int], pattern: str, following: str) -> set[int]:
    """The places in a pattern that can be got to without a character; `following` is the next one, or empty."""
    found = set(places)
    for place in places:
        while place < len(pattern):
            wanted = pattern[place]
            if wanted not in "*<" and not (wanted == ">" and following in ("", ".")) and (wanted + following) != '"':
                break
            place += 1
            if place in found:
                break
            found.add(place)
    return found
