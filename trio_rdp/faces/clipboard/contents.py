"""`ClipboardContents`: which formats the peer offers, and which of them are text, HTML, pictures, files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from trio_rdp.channels.cliprdr import FILE_GROUP_DESCRIPTOR, HTML_FORMAT, ClipboardFormat, StandardFormat

__all__ = [
    "DROP_EFFECT",
    "HTML_FORMATS",
    "IMAGE_FORMATS",
    "PNG_FORMATS",
    "TEXT_FORMATS",
    "ClipboardContents",
    "FormatKey",
    "check_key",
]

FormatKey: TypeAlias = int | str
"""A format by its name, or by its id where it has none."""

PNG_FORMATS: tuple[FormatKey, ...] = ("PNG", "image/png")
"""The names under which programs of Windows, and of other systems, offer a PNG file."""

TEXT_FORMATS: tuple[FormatKey, ...] = (StandardFormat.UNICODETEXT, StandardFormat.TEXT, StandardFormat.OEMTEXT)
HTML_FORMATS: tuple[FormatKey, ...] = (HTML_FORMAT,)
IMAGE_FORMATS: tuple[FormatKey, ...] = (*PNG_FORMATS, StandardFormat.DIBV5, StandardFormat.DIB)

DROP_EFFECT = "Preferred DropEffect"
"""The name under which Windows programs say whether files are copied (1) or moved (2)."""


def check_key(key: FormatKey) -> FormatKey:
    """The number or name of a format; raises `TypeError` or `ValueError` for what is none."""
    if not isinstance(key, int | str):
        raise TypeError(f"{key!r} is no number or name of a format")
    if not key or (isinstance(key, int) and not 0 < key < 1 << 32):
        raise ValueError(f"no format is {key!r}")
    return key


@dataclass(frozen=True, slots=True)
class ClipboardContents:
    """What a clipboard offers; nothing where it is empty, or where what is on it comes from here."""

    formats: tuple[ClipboardFormat, ...] = ()

    def __contains__(self, key: FormatKey) -> bool:
        return self.find((key,)) is not None

    def find(self, keys: Iterable[FormatKey]) -> int | None:
        """The id of the first of these formats that is there; names are the same in any case, as in Windows."""
        by_name = {item.format_name.casefold(): item.format_id for item in reversed(self.formats) if item.format_name}
        ids = {item.format_id for item in self.formats if not item.format_name}
        for key in keys:
            if isinstance(key, str):
                if (found := by_name.get(key.casefold())) is not None:
                    return found
            elif key in ids:
                return int(key)
        return None

    @property
    def has_text(self) -> bool:
        """Whether there is text."""
        return self.find(TEXT_FORMATS) is not None

    @property
    def has_html(self) -> bool:
        """Whether there is HTML."""
        return self.find(HTML_FORMATS) is not None

    @property
    def has_image(self) -> bool:
        """Whether there is a picture in a format that can be read here."""
        return self.find(IMAGE_FORMATS) is not None

    @property
    def has_files(self) -> bool:
        """Whether there are files."""
        return FILE_GROUP_DESCRIPTOR in self
