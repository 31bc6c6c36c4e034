"""Text and HTML as Windows programs lay them on a clipboard: CF_UNICODETEXT, CF_TEXT and "HTML Format".

Line ends are left as they are; Windows programs write and want CR LF.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated

__all__ = ["HtmlClip", "decode_text", "decode_unicode_text", "encode_text", "encode_unicode_text"]

_HEADER_LIMIT = 65_536
"""Where at the latest the header of HTML ends; the longest part of it is an address."""

# A name, and what stands behind it in its line; what is no such line is the HTML.
_LINE = re.compile(rb"([A-Za-z]{1,32}):([^\r\n]*)(?:\r\n|\r|\n)")
_OFFSET = re.compile(rb"\s*(-1|\d{1,10})\s*")

_BEFORE = "<html><body>\r\n<!--StartFragment-->"
_BEHIND = "<!--EndFragment-->\r\n</body></html>"


def decode_unicode_text(data: bytes) -> str:
    """Read CF_UNICODETEXT up to its terminator, or to the end of the data where a peer sends none."""
    # An odd byte at the end is no character; half of a surrogate pair is kept.
    return data[: len(data) & ~1].decode("utf-16-le", "surrogatepass").partition("\0")[0]


def encode_unicode_text(text: str) -> bytes:
    """Write CF_UNICODETEXT with its terminator; raises `EncodeError` for a text with a null character."""
    _check_null(text)
    return (text + "\0").encode("utf-16-le", "surrogatepass")


def decode_text(data: bytes, encoding: str = "cp1252") -> str:
    """Read CF_TEXT in a code page of one byte a character (or UTF-8); what it does not know becomes U+FFFD."""
    return data.partition(b"\0")[0].decode(encoding, "replace")


def encode_text(text: str, encoding: str = "cp1252") -> bytes:
    """Write CF_TEXT; what the code page cannot write becomes a question mark, as in Windows.

    Raises `EncodeError` for a text with a null character.
    """
    _check_null(text)
    return text.encode(encoding, "replace") + b"\0"


@dataclass(frozen=True, slots=True)
class HtmlClip:
    """What "HTML Format" holds: the `fragment` that was copied, the whole `html` around it, and whence it came."""

    fragment: str
    html: str
    source_url: str = ""

    @classmethod
    def of(cls, fragment: str, source_url: str = "") -> Self:
        """Put the least that is needed around a fragment."""
        return cls(fragment, f"{_BEFORE}{fragment}{_BEHIND}", source_url)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read "HTML Format"; its offsets count bytes of UTF-8 from the start of the header.

        Where a peer gives no context (offsets of -1, or none), `html` is the fragment.  Raises `DecodeError`.
        """
        fields = _read_header(data)
        outer_start, outer_end = _offset(fields, b"StartHTML"), _offset(fields, b"EndHTML")
        start, end = _offset(fields, b"StartFragment"), _offset(fields, b"EndFragment")
        if start is None or end is None:
            raise InvalidField("no fragment", pdu="HtmlClip")
        fragment = _slice(data, start, end)
        html = fragment if outer_start is None or outer_end is None else _slice(data, outer_start, outer_end)
        return cls(fragment, html, fields.get(b"SourceURL", b"").decode("utf-8", "replace").strip())

    def encode(self) -> bytes:
        """Write "HTML Format"; raises `EncodeError` if the fragment is not in the HTML, or the address not one line."""
        if re.search(r"[\r\n\0]", self.source_url):
            raise EncodeError(f"a source address of more than one line: {self.source_url!r}")
        # The markers tell which, where the fragment's text is there more than once.
        marker = "<!--StartFragment-->"
        before, found, _ = self.html.partition(marker + self.fragment)
        before = before + marker if found else self.html.partition(self.fragment)[0]
        if not found and self.fragment not in self.html:
            raise EncodeError("the fragment is not in the HTML")
        html, fragment = _utf8(self.html), _utf8(self.fragment)
        source = b"SourceURL:" + _utf8(self.source_url) + b"\r\n" if self.source_url else b""
        start = len(_header(0, 0, 0, 0)) + len(source)
        inner = start + len(_utf8(before))
        return _header(start, start + len(html), inner, inner + len(fragment)) + source + html


def _check_null(text: str) -> None:
    if "\0" in text:
        raise EncodeError("a null character inside a null-terminated string")


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise EncodeError("half of a surrogate pair") from None


def _header(start: int, end: int, fragment_start: int, fragment_end: int) -> bytes:
    return (
        f"Version:0.9\r\nStartHTML:{start:010d}\r\nEndHTML:{end:010d}\r\n"
        f"StartFragment:{fragment_start:010d}\r\nEndFragment:{fragment_end:010d}\r\n"
    ).encode()


def _read_header(data: bytes) -> dict[bytes, bytes]:
    """The header's fields; of two with one name the first, as text behind the header may look like more of it."""
    fields: dict[bytes, bytes] = {}
    pos = 0
    while match := _LINE.match(data, pos, _HEADER_LIMIT):
        fields.setdefault(match[1], match[2])
        pos = match.end()
    if b"Version" not in fields:
        raise InvalidField("no header of HTML", pdu="HtmlClip", offset=0)
    return fields


def _offset(fields: dict[bytes, bytes], name: bytes) -> int | None:
    raw = fields.get(name)
    if raw is None:
        return None
    match = _OFFSET.fullmatch(raw)
    if match is None:
        raise InvalidField(f"{name.decode()} of {raw[:20]!r}", pdu="HtmlClip")
    value = int(match[1])
    return None if value < 0 else value


def _slice(data: bytes, start: int, end: int) -> str:
    if start > end:
        raise InvalidField(f"HTML from {start} to {end}", pdu="HtmlClip")
    if end > len(data):
        raise Truncated(f"HTML up to {end} in {len(data)} bytes", pdu="HtmlClip", offset=len(data))
    return data[start:end].decode("utf-8", "replace")
