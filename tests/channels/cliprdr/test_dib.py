from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.channels.cliprdr.dib import PIXELS_LIMIT, SIDE_LIMIT, DibImage
from trio_rdp.wire.errors import DecodeError, EncodeError, InvalidField, Truncated


def dib(
    width: int,
    height: int,
    bit_count: int,
    pixels: str,
    *,
    kind: int = 0,
    between: str = "",
    used: int = 0,
    size: int = 40,
) -> bytes:
    """A header of 40 bytes, the rest of it, masks and palette (`between`), and the pixels."""
    header = struct.pack("<IiiHHIIiiII", size, width, height, 1, bit_count, kind, 0, 0, 0, used, 0)
    return header + bytes.fromhex(between) + bytes.fromhex(pixels)


def colors(image: DibImage) -> str:
    return image.pixels.hex(" ", 4)


def test_32_bits() -> None:
    image = DibImage.decode(dib(2, 2, 32, "01020300 04050607 08090a00 0b0c0d00"))
    assert (image.width, image.height) == (2, 2)
    assert (
        colors(image) == "08090aff 0b0c0dff 010203ff 040506ff"
    )  # the bottom row came first, and the rest is not alpha


def test_top_row_first() -> None:
    assert colors(DibImage.decode(dib(1, -2, 32, "01020300 04050600"))) == "010203ff 040506ff"


def test_24_bits_with_padded_rows() -> None:
    image = DibImage.decode(dib(1, 2, 24, "010203ee 040506ee"))
    assert colors(image) == "040506ff 010203ff"


def test_16_bits() -> None:
    # 555: red, green, blue, white; two pixels a row
    image = DibImage.decode(dib(2, -2, 16, "007c e003 1f00 ff7f"))
    assert colors(image) == "0000ffff 00ff00ff ff0000ff ffffffff"
    # 565, by masks
    image = DibImage.decode(dib(2, -1, 16, "00f8 1084", kind=3, between="00f80000 e0070000 1f000000"))
    assert colors(image) == "0000ffff 848284ff"


def test_alpha_by_masks() -> None:
    masks = "0000ff00 00ff0000 ff000000 000000ff"
    assert colors(DibImage.decode(dib(1, 1, 32, "01020380", kind=6, between=masks))) == "01020380"
    assert colors(DibImage.decode(dib(1, 1, 32, "01020380", kind=3, between=masks[:26]))) == "010203ff"
    # A header of version 3 holds the same four; red and blue may be the other way round.
    turned = "ff000000 00ff0000 0000ff00 000000ff"
    assert colors(DibImage.decode(dib(1, 1, 32, "01020380", kind=3, between=turned, size=56))) == "03020180"
    # One bit of alpha beside 555.
    masks = "007c0000 e0030000 1f000000 00800000"
    assert colors(DibImage.decode(dib(2, 1, 16, "0080 0000", kind=3, between=masks, size=56))) == "000000ff 00000000"


def test_masks_of_ten_bits() -> None:
    image = DibImage.decode(dib(1, 1, 32, "ffffff3f", kind=3, between="0000f03f 00fc0f00 ff030000"))
    assert colors(image) == "ffffffff"


def test_palettes() -> None:
    palette = "00000000 ff000000 00ff0000 0000ff00"  # black, blue, green, red
    image = DibImage.decode(dib(3, 1, 8, "03010200", between=palette, used=4))
    assert colors(image) == "0000ffff ff0000ff 00ff00ff"
    image = DibImage.decode(dib(3, 1, 4, "12300000", between=palette, used=4))
    assert colors(image) == "ff0000ff 00ff00ff 0000ffff"
    image = DibImage.decode(dib(3, 1, 1, "a0000000", between=palette[:18]))
    assert colors(image) == "ff0000ff 000000ff ff0000ff"
    # What the palette does not have is black.
    assert colors(DibImage.decode(dib(1, 1, 8, "ff000000", between=palette, used=4))) == "000000ff"


def test_a_palette_that_is_a_hint() -> None:
    assert colors(DibImage.decode(dib(1, 1, 32, "01020300", between="aaaaaaaa", used=1))) == "010203ff"


def test_encoding() -> None:
    image = DibImage(1, 2, bytes.fromhex("01020380 040506ff"))
    assert image.encode() == struct.pack("<IiiHHIIiiII", 40, 1, 2, 1, 32, 0, 8, 0, 0, 0, 0) + bytes.fromhex(
        "04050600 01020300"
    )
    raw = image.encode_v5()
    assert len(raw) == 124 + 8
    assert raw[40:60] == bytes.fromhex("0000ff00 00ff0000 ff000000 000000ff") + b"BGRs"
    assert DibImage.decode(raw) == image


def test_pictures_that_cannot_be_written() -> None:
    for image in (DibImage(0, 1, b""), DibImage(1, -1, b""), DibImage(SIDE_LIMIT + 1, 1, bytes(4 * SIDE_LIMIT + 4))):
        with pytest.raises(EncodeError, match="a picture of"):
            image.encode()
    with pytest.raises(EncodeError, match="3 bytes for 1 by 1 pixels"):
        DibImage(1, 1, b"abc").encode_v5()


def test_limits() -> None:
    for width, height in ((0, 1), (1, 0), (-1, 1), (SIDE_LIMIT + 1, 1), (1, -SIDE_LIMIT - 1), (1, -(2**31))):
        with pytest.raises(InvalidField, match=f"a picture of {width} by {height}"):
            DibImage.decode(dib(width, height, 1, "", between="00" * 8))
    assert PIXELS_LIMIT < 4096 * 4097
    with pytest.raises(InvalidField, match="4096 by 4097"):
        DibImage.decode(dib(4096, 4097, 1, ""))
    with pytest.raises(Truncated, match="needs 67108864 bytes, 4 left"):
        DibImage.decode(dib(4096, 4096, 32, "00000000"))
    with pytest.raises(Truncated):
        DibImage.decode(dib(1, 1, 8, "00000000", used=2**32 - 1))


def test_what_is_not_read() -> None:
    for bit_count, kind in ((8, 1), (4, 2), (0, 5), (0, 4), (24, 3), (2, 0), (64, 0), (32, 77)):
        with pytest.raises(InvalidField, match=f"{bit_count} bits a pixel"):
            DibImage.decode(dib(1, 1, bit_count, "00000000", kind=kind))
    with pytest.raises(InvalidField, match="a bitmap header of 12 bytes"):
        DibImage.decode(dib(1, 1, 24, "00000000", size=12))
    for masks in ("00000000 00ff0000 ff000000", "0500ff00 00ff0000 ff000000"):
        with pytest.raises(InvalidField, match="mask"):
            DibImage.decode(dib(1, 1, 32, "00000000", kind=3, between=masks))
    with pytest.raises(InvalidField, match="mask 0xff0000"):
        DibImage.decode(dib(1, 1, 16, "00000000", kind=3, between="0000ff00 00ff0000 ff000000"))


@pytest.mark.parametrize("bit_count", [1, 4, 8, 16, 24, 32])
def test_truncations(bit_count: int) -> None:
    raw = dib(5, 3, bit_count, "00" * 60, between="00" * 4 * (2**bit_count if bit_count <= 8 else 0))
    needed = len(raw) - 60 + (5 * bit_count + 31) // 32 * 12
    DibImage.decode(raw[:needed])
    for size in (*range(60), needed - 1):
        with pytest.raises(Truncated):
            DibImage.decode(raw[: min(size, needed - 1)])


@given(st.integers(1, 9), st.integers(1, 9))
def test_round_trips(width: int, height: int) -> None:
    image = DibImage(width, height, bytes(number * 37 % 251 for number in range(4 * width * height)))
    assert DibImage.decode(image.encode_v5()) == image
    opaque = bytearray(image.pixels)
    opaque[3::4] = b"\xff" * (width * height)
    assert DibImage.decode(image.encode()) == DibImage(width, height, bytes(opaque))


@given(
    st.sampled_from([40, 52, 56, 108, 124]),
    st.integers(-1, 9),
    st.integers(-9, 9),
    st.sampled_from([1, 4, 8, 16, 24, 32]),
    st.integers(0, 6),
    st.integers(0, 3),
    st.binary(max_size=300),
)
def test_any_bytes(size: int, width: int, height: int, bit_count: int, kind: int, used: int, rest: bytes) -> None:
    raw = dib(width, height, bit_count, rest.hex(), kind=kind, used=used, size=size)
    try:
        image = DibImage.decode(raw)
    except DecodeError:
        return
    assert len(image.pixels) == 4 * image.width * image.height
    assert DibImage.decode(image.encode_v5()) == image
