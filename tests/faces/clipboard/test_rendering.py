from __future__ import annotations

import sys

import pytest

from trio_rdp.channels.cliprdr import DibImage, HtmlClip, decode_unicode_text
from trio_rdp.faces.clipboard.images import ClipboardImage
from trio_rdp.faces.clipboard.rendering import Constant, decode_image, render_html, render_image, render_text
from trio_rdp.wire.errors import DecodeError, EncodeError, LocalProtocolError

PICTURE = ClipboardImage(1, 2, bytes([1, 2, 3, 4, 5, 6, 7, 8]))


async def test_text_has_the_line_ends_of_windows() -> None:
    for value in ("a\nb\r\nc", lambda: "a\nb\r\nc"):
        assert decode_unicode_text(await render_text(value)[13]()) == "a\r\nb\r\nc"
    assert render_text(None) == {}
    with pytest.raises(EncodeError):
        render_text("\0")


async def test_html() -> None:
    for value in ("<b>", HtmlClip.of("<b>"), lambda: "<b>", lambda: HtmlClip.of("<b>")):
        assert HtmlClip.decode(await render_html(value)["HTML Format"]()).fragment == "<b>"
    assert render_html(None) == {}


async def test_pictures() -> None:
    assert await render_image(None) == {}
    for value in (PICTURE, DibImage(1, 2, PICTURE.pixels), PICTURE.to_pillow(), PICTURE.to_png(), lambda: PICTURE):
        renders = await render_image(value)
        assert list(renders) == ["PNG", "image/png", 17, 8]
        assert decode_image(await renders["PNG"]()) == PICTURE
        assert decode_image(await renders[17]()) == PICTURE
        assert decode_image(await renders[8]()).pixels == bytes([1, 2, 3, 255, 5, 6, 7, 255])
    png = PICTURE.to_png()
    assert await (await render_image(png))["image/png"]() is png


async def test_a_png_file_without_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert list(await render_image(PICTURE.to_png())) == ["PNG", "image/png"]
    assert len(await render_image(PICTURE)) == 4


async def test_bytes_that_are_no_picture() -> None:
    with pytest.raises(LocalProtocolError, match="no PNG"):
        await render_image(b"GIF89a")
    with pytest.raises(DecodeError):
        decode_image(b"GIF89a")


async def test_other_data() -> None:
    assert await Constant(b"x")() == b"x"
    assert await Constant(lambda: b"y")() == b"y"
