from __future__ import annotations

import io
import struct
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from trio_rdp.channels.cliprdr import DibImage
from trio_rdp.faces.clipboard.images import ClipboardImage, has_pillow, is_png
from trio_rdp.wire.errors import DecodeError, EncodeError


@st.composite
def pictures(draw: st.DrawFn) -> ClipboardImage:
    width, height = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    return ClipboardImage(width, height, draw(st.randoms(use_true_random=False)).randbytes(4 * width * height))


@given(pictures())
def test_there_and_back(picture: ClipboardImage) -> None:
    assert ClipboardImage.from_pillow(picture.to_pillow()) == picture
    assert ClipboardImage.from_png(picture.to_png()) == picture
    assert ClipboardImage.of(picture.to_png()) == ClipboardImage.of(picture.to_pillow()) == picture
    assert ClipboardImage.of(DibImage(picture.width, picture.height, picture.pixels)) == picture
    assert ClipboardImage.decode(picture.encode_v5()) == picture


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "LA", "CMYK", "I;16"])
def test_pillows_of_any_mode(mode: str) -> None:
    picture = ClipboardImage.from_pillow(Image.new(mode, (3, 2)))
    assert (picture.width, picture.height, len(picture.pixels)) == (3, 2, 24)


def test_channels_are_where_they_belong() -> None:
    picture = ClipboardImage.from_pillow(Image.new("RGBA", (1, 1), (1, 2, 3, 4)))
    assert picture.pixels == bytes([3, 2, 1, 4])
    assert Image.open(io.BytesIO(picture.to_png())).getpixel((0, 0)) == (1, 2, 3, 4)


def test_invisible_pictures_are_opaque() -> None:
    blank = ClipboardImage(2, 1, bytes([1, 2, 3, 0, 4, 5, 6, 0]))
    assert blank.opaque_if_blank().pixels == bytes([1, 2, 3, 255, 4, 5, 6, 255])
    seen = ClipboardImage(2, 1, bytes([1, 2, 3, 0, 4, 5, 6, 1]))
    assert seen.opaque_if_blank() is seen


def test_what_is_no_png() -> None:
    good = ClipboardImage(20, 20, bytes(1600)).to_png()
    assert is_png(good)
    jpeg = io.BytesIO()
    Image.new("RGB", (4, 4)).save(jpeg, "JPEG")
    for bad in (b"", b"x", good[:20], good[:60], jpeg.getvalue()):
        with pytest.raises(DecodeError):
            ClipboardImage.from_png(bad)


@pytest.mark.parametrize("size", [(32_768, 1), (32_767, 32_767), (8192, 4096), (0x7FFFFFFF, 0x7FFFFFFF)])
def test_huge_pictures_are_refused_before_they_are_decoded(size: tuple[int, int]) -> None:
    good = ClipboardImage(1, 1, bytes(4)).to_png()
    import zlib

    header = b"IHDR" + struct.pack(">II", *size) + good[24:29]
    huge = good[:12] + header + struct.pack(">I", zlib.crc32(header)) + good[33:]
    with pytest.raises(DecodeError):
        ClipboardImage.from_png(huge)


def test_pictures_that_cannot_be() -> None:
    with pytest.raises(EncodeError):
        ClipboardImage(0, 1, b"").to_png()
    with pytest.raises(EncodeError):
        ClipboardImage.from_pillow(Image.new("1", (32_768, 1)))
    with pytest.raises(EncodeError):
        ClipboardImage.of(DibImage(2, 2, b""))


def test_without_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = ClipboardImage(1, 1, b"\1\2\3\4")
    assert has_pillow()
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert not has_pillow()
    assert is_png(picture.to_png())
    for call in (picture.to_pillow, lambda: ClipboardImage.from_png(b"")):
        with pytest.raises(RuntimeError, match="trio-rdp\\[image\\]"):
            call()
