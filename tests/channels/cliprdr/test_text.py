from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.channels.cliprdr.text import (
    HtmlClip,
    decode_text,
    decode_unicode_text,
    encode_text,
    encode_unicode_text,
)
from trio_rdp.wire.errors import DecodeError, EncodeError, InvalidField, Truncated


def test_unicode_text() -> None:
    raw = b"h\0i\0\x03\x26\0\0"
    assert decode_unicode_text(raw) == "hi\u2603"
    assert encode_unicode_text("hi\u2603") == raw
    assert decode_unicode_text(raw + b"behind") == "hi\u2603"
    assert decode_unicode_text(b"") == ""
    assert decode_unicode_text(b"h\0i\0!") == "hi"
    assert decode_unicode_text(b"\0\xd8") == "\ud800"
    with pytest.raises(EncodeError, match="null character"):
        encode_unicode_text("a\0b")


def test_text() -> None:
    assert decode_text(b"caf\xe9\0behind") == "café"
    assert encode_text("café \u2603") == b"caf\xe9 ?\0"
    assert decode_text(b"\x81") == "\ufffd"
    assert decode_text("ж".encode("cp1251"), "cp1251") == "ж"
    with pytest.raises(EncodeError, match="null character"):
        encode_text("a\0b")


@given(st.text(st.characters(exclude_characters="\0")))
def test_any_text(text: str) -> None:
    assert decode_unicode_text(encode_unicode_text(text)) == text


HTML = (
    b"Version:0.9\r\n"
    b"StartHTML:0000000105\r\n"
    b"EndHTML:0000000175\r\n"
    b"StartFragment:0000000139\r\n"
    b"EndFragment:0000000141\r\n"
    b"<html><body>\r\n<!--StartFragment-->\xc3\xbc<!--EndFragment-->\r\n</body></html>"
)


def test_html() -> None:
    clip = HtmlClip.of("ü")
    assert clip.encode() == HTML
    assert HtmlClip.decode(HTML) == clip
    assert HtmlClip.decode(HTML + b"\0") == clip


def test_html_of_a_page() -> None:
    clip = HtmlClip.of("<b>x</b>", "https://example.com/ü")
    raw = clip.encode()
    assert b"\r\nSourceURL:https://example.com/\xc3\xbc\r\n<html>" in raw
    assert HtmlClip.decode(raw) == clip


def test_the_marked_fragment_is_meant() -> None:
    clip = HtmlClip.of("body")  # which is also an element's name
    raw = clip.encode()
    assert int(raw[raw.index(b"StartFragment:") + 14 :][:10]) == raw.index(b"body<!--End")
    bare = HtmlClip("x", "<p>x</p>")
    assert HtmlClip.decode(bare.encode()) == bare


def test_html_without_context() -> None:
    header = b"Version:1.0\nStartHTML:-1\nEndHTML:-1\nStartFragment:%03d\nEndFragment:%03d\n"
    start = len(header % (0, 0))
    text = b"Version: a text that\nEndHTML: looks like a header\n"
    raw = header % (start, start + len(text)) + text
    assert HtmlClip.decode(raw) == HtmlClip(text.decode(), text.decode())


def test_malformed_html() -> None:
    with pytest.raises(InvalidField, match="no header"):
        HtmlClip.decode(b"<html></html>")
    with pytest.raises(InvalidField, match="no fragment"):
        HtmlClip.decode(b"Version:0.9\r\nStartFragment:5\r\n")
    with pytest.raises(InvalidField, match="HTML from 139 to 138"):
        HtmlClip.decode(HTML.replace(b"EndFragment:0000000141", b"EndFragment:0000000138"))
    with pytest.raises(Truncated, match="HTML up to 176 in 175 bytes"):
        HtmlClip.decode(HTML.replace(b"0000000175", b"0000000176"))
    for number in (b"99999999999", b"1e9", b"", b"-2", "\u0661".encode(), b"9" * 10_000):
        with pytest.raises(InvalidField, match="StartHTML of"):
            HtmlClip.decode(HTML.replace(b"0000000105", number))


def test_html_that_cannot_be_written() -> None:
    with pytest.raises(EncodeError, match="not in the HTML"):
        HtmlClip("x", "<p></p>").encode()
    with pytest.raises(EncodeError, match="more than one line"):
        HtmlClip.of("x", "https://example.com\r\nEndHTML:1").encode()
    with pytest.raises(EncodeError, match="surrogate"):
        HtmlClip.of("\ud800").encode()


@given(st.text(max_size=50))
def test_any_fragment(fragment: str) -> None:
    clip = HtmlClip.of(fragment)
    assert HtmlClip.decode(clip.encode()) == clip


@given(st.integers(0, len(HTML)), st.binary(max_size=8), st.integers(0, 8))
def test_any_html(at: int, inserted: bytes, removed: int) -> None:
    try:
        clip = HtmlClip.decode(HTML[:at] + inserted + HTML[at + removed :])
    except DecodeError:
        return
    assert isinstance(clip.fragment, str)
