"""What is offered, made into the data of clipboard formats, and pictures made of such data."""

from __future__ import annotations

from collections.abc import Callable

import trio

from trio_rdp.channels.cliprdr import HTML_FORMAT, DibImage, HtmlClip, StandardFormat, encode_unicode_text
from trio_rdp.faces.clipboard.contents import PNG_FORMATS, FormatKey
from trio_rdp.faces.clipboard.images import ClipboardImage, ImageSource, has_pillow, is_png
from trio_rdp.faces.clipboard.offering import Render, Value, render
from trio_rdp.wire.errors import LocalProtocolError

__all__ = ["Constant", "decode_image", "render_html", "render_image", "render_text"]


class Constant:
    """Data that are there, or that a function makes."""

    def __init__(self, value: Value[bytes]) -> None:
        if not callable(value):
            memoryview(value)  # raises what no bytes can be made of
        self._value = value

    async def __call__(self) -> bytes:
        return bytes(await render(self._value))


def render_text(value: Value[str] | None) -> dict[FormatKey, Render]:
    """Text, with the line ends of Windows; raises `EncodeError` at once for what is there and cannot be."""
    if value is None:
        return {}

    async def make() -> bytes:
        return _encode_lines(await render(value))

    data = None if callable(value) else _encode_lines(value)  # so that a mistake is told now
    return {StandardFormat.UNICODETEXT: make if data is None else Constant(data)}


def _encode_lines(text: str) -> bytes:
    if not isinstance(text, str):
        raise TypeError(f"text is a string, not {type(text).__name__}")
    return encode_unicode_text(text.replace("\r\n", "\n").replace("\n", "\r\n"))


def render_html(value: Value[str | HtmlClip] | None) -> dict[FormatKey, Render]:
    """HTML; raises `EncodeError` at once for what is there and cannot be."""
    if value is None:
        return {}

    async def make() -> bytes:
        return _encode_html(await render(value))

    data = None if callable(value) else _encode_html(value)
    return {HTML_FORMAT: make if data is None else Constant(data)}


def _encode_html(html: str | HtmlClip) -> bytes:
    if not isinstance(html, str | HtmlClip):
        raise TypeError(f"HTML is a string or an HtmlClip, not {type(html).__name__}")
    return (HtmlClip.of(html) if isinstance(html, str) else html).encode()


async def render_image(value: Value[ImageSource] | None) -> dict[FormatKey, Render]:
    """A picture, in all formats that programs read; those of Windows need Pillow where it is a PNG file."""
    if value is None:
        return {}
    if isinstance(value, bytes):
        if not is_png(value):
            raise LocalProtocolError("the bytes of a picture are no PNG file")
    elif not callable(value):
        value = await trio.to_thread.run_sync(ClipboardImage.of, value)  # Pillow's may change

    chosen: Value[ImageSource] = value

    def make(encode: Callable[[ClipboardImage], bytes]) -> Render:
        async def encoded() -> bytes:
            source: ImageSource = await render(chosen)
            return await trio.to_thread.run_sync(lambda: encode(ClipboardImage.of(source)))

        return encoded

    async def make_png() -> bytes:
        source: ImageSource = await render(chosen)
        if isinstance(source, bytes) and is_png(source):
            return source
        return await trio.to_thread.run_sync(lambda: ClipboardImage.of(source).to_png())

    renders: dict[FormatKey, Render] = dict.fromkeys(PNG_FORMATS, make_png)
    if not isinstance(value, bytes) or has_pillow():
        renders |= {StandardFormat.DIBV5: make(DibImage.encode_v5), StandardFormat.DIB: make(_encode_dib)}
    return renders


def _encode_dib(image: DibImage) -> bytes:
    # xrdp 0.9.21 puts the header of a file before it, of 14 bytes, and takes as many away behind.
    return image.encode() + bytes(14)


def decode_image(data: bytes) -> ClipboardImage:
    """Read a picture from a PNG file or from CF_DIB and its kin; raises `DecodeError`."""
    return ClipboardImage.from_png(data) if is_png(data) else ClipboardImage.decode(data).opaque_if_blank()
