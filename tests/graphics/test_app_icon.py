from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.graphics.app_icon import MAX_SIDE, AppIcon
from trio_rdp.pdu.window_icons import IconInfo
from trio_rdp.wire.errors import DecodeError, InvalidField

BLUE, GREEN, RED = [255, 0, 0], [0, 255, 0], [0, 0, 255]


def icon(bpp: int, width: int, height: int, *, mask: str = "", colors: str = "", palette: str = "") -> AppIcon:
    info = IconInfo(
        cache_entry=0,
        cache_id=0,
        bpp=bpp,
        width=width,
        height=height,
        bits_mask=bytes.fromhex(mask),
        bits_color=bytes.fromhex(colors),
        color_table=bytes.fromhex(palette),
    )
    return AppIcon.of(info)


@given(st.integers(1, 70), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_pixels_come_back(width: int, height: int, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 4), np.uint8)
    pixels[0, 0, 3] = 1
    made = AppIcon.from_pixels(pixels)
    wire = IconInfo.decode(made.info.encode())
    assert AppIcon.of(wire) == made
    assert np.array_equal(AppIcon.of(wire).pixels, pixels)
    assert made.size == len(made.mask) + len(made.colors)
    assert len(made.mask) == height * ((width + 31) // 32 * 4)


def test_bottom_up_with_a_mask() -> None:
    # two rows of one pixel, the lower one transparent; rows have four bytes
    found = icon(24, 1, 2, mask="80000000 00000000", colors="ff000000 0000ff00").pixels
    assert found.tolist() == [[[0, 0, 255, 255]], [[255, 0, 0, 0]]]


def test_a_picture_of_32_bits_without_alpha_has_its_mask() -> None:
    found = icon(32, 2, 1, mask="40000000", colors="ff000000 00ff0000").pixels
    assert found.tolist() == [[[*BLUE, 255], [*GREEN, 0]]]
    assert icon(32, 1, 1, colors="00ff0080").pixels.tolist() == [[[*GREEN, 0x80]]]


@pytest.mark.parametrize(
    ("bpp", "colors", "palette"),
    [
        (1, "40000000", "ff000000 00ff0000"),
        (4, "01000000", "ff000000 00ff0000"),
        (8, "00010000", "ff000000 00ff0000"),
        (16, "1f00e003", ""),
        (24, "ff000000 ff000000", ""),
    ],
)
def test_depths(bpp: int, colors: str, palette: str) -> None:
    assert icon(bpp, 2, 1, colors=colors, palette=palette).pixels.tolist() == [[[*BLUE, 255], [*GREEN, 255]]]


def test_a_table_that_is_short() -> None:
    assert icon(8, 2, 1, colors="0001", palette="0000ff00 12").pixels.tolist() == [[[*RED, 255], [0, 0, 0, 255]]]


def test_an_icon_of_nothing_is_black() -> None:
    assert icon(32, 1, 1).pixels.tolist() == [[[0, 0, 0, 255]]]
    assert icon(32, 1, 1, mask="80").pixels.tolist() == [[[0, 0, 0, 0]]]


def test_what_is_no_icon() -> None:
    for bpp, width, height in ((2, 1, 1), (32, 0, 1), (32, 1, 0), (32, MAX_SIDE + 1, 1), (32, 1, MAX_SIDE + 1)):
        with pytest.raises(InvalidField, match="an icon of"):
            icon(bpp, width, height)
    with pytest.raises(InvalidField, match="1 bytes for 1x2 pixels of 1 bits"):
        icon(32, 1, 2, mask="00")
    with pytest.raises(InvalidField, match="7 bytes for 1x2 pixels of 32 bits"):
        icon(32, 1, 2, colors="00" * 7)
    for shape in ((1, 1), (1, 1, 3), (0, 1, 4), (1, MAX_SIDE + 1, 4)):
        with pytest.raises(ValueError, match="an icon"):
            AppIcon.from_pixels(np.zeros(shape, np.uint8))
    with pytest.raises(ValueError, match="float64"):
        AppIcon.from_pixels(np.zeros((1, 1, 4)))  # type: ignore[arg-type]


@given(
    st.sampled_from([1, 2, 4, 8, 16, 24, 32]),
    st.integers(0, 20),
    st.integers(0, 20),
    st.binary(max_size=200),
    st.binary(max_size=600),
    st.binary(max_size=40),
)
def test_whatever_the_bytes(bpp: int, width: int, height: int, mask: bytes, colors: bytes, palette: bytes) -> None:
    try:
        found = icon(bpp, width, height, mask=mask.hex(), colors=colors.hex(), palette=palette.hex())
    except DecodeError:
        return
    assert found.pixels.shape == (height, width, 4)


def test_files(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image")
    icon(32, 1, 1, colors="00ff0080").save(tmp_path / "icon.png")
    assert image.open(tmp_path / "icon.png").getpixel((0, 0)) == (0, 255, 0, 0x80)
