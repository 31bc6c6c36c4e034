from __future__ import annotations

import random
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.codecs import whole_updates
from tests.codecs.pictures import BGRX, gradient, noise, psnr, solid, text
from tests.codecs.twins import twins
from trio_rdp.codecs import planar
from trio_rdp.codecs.kernels import form_of
from trio_rdp.codecs.view import View
from trio_rdp.wire.errors import DecodeError, InvalidField, Truncated


@pytest.fixture(params=twins("planar"), autouse=True)
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module: ModuleType = request.param
    monkeypatch.setattr(planar, "kernel", module)
    return module


def test_the_documents_example() -> None:
    # [MS-RDPEGDI] 3.1.9.2.1 and 3.1.9.2.3: six by three samples.
    rows = [255, 255, 255, 255, 254, 253], [254, 192, 132, 96, 75, 25], [253, 140, 62, 14, 135, 193]
    plane = bytes(value for row in rows for value in row)
    stream = bytes.fromhex(
        "13 ff"  # one raw value and a run of three
        "20 fe fd"  # two raw values
        "60 01 7d f5 c2 9a 38"  # the second row: deltas
        "60 01 67 8b a3 78 af"
    )
    assert planar.decompress_plane(stream, 6, 3) == plane
    assert planar.compress_plane(plane, 6, 3) == stream


def test_extra_long_runs() -> None:
    # [MS-RDPEGDI] 3.1.9.2.2: the letter A a hundred times.
    stream = bytes.fromhex("1f 41 f2 52")
    assert planar.decompress_plane(stream, 100, 1) == b"A" * 100
    assert planar.compress_plane(b"A" * 100, 100, 1) == stream


@pytest.mark.parametrize("width", [1, 2, 3, 15, 16, 17, 31, 32, 33, 47, 48, 49, 50, 51, 94, 95, 96, 97, 200])
@pytest.mark.parametrize("first", [0, 9])
def test_runs_of_every_length(width: int, first: int) -> None:
    plane = bytes((first,)) * width + bytes((first,)) * (width - 1) + b"\5" + bytes(range(width))
    assert planar.decompress_plane(planar.compress_plane(plane, width, 3), width, 3) == plane


@pytest.mark.parametrize(
    ("stream", "error"),
    [
        ("", Truncated),
        ("30", Truncated),
        ("30 40 0102", Truncated),
        ("30 00", InvalidField),  # "the controlByte field MUST contain a nonzero value"
        ("30 05", InvalidField),  # a run of five in a row of four
        ("30 f1", InvalidField),
        ("08", InvalidField),  # chroma subsampling needs a colour loss level
        ("20 0102030405", Truncated),
        ("10 04 04 04", Truncated),
    ],
)
def test_streams_that_cannot_be(stream: str, error: type[DecodeError]) -> None:
    with pytest.raises(error):
        planar.decompress(bytes.fromhex(stream), 4, 1)


def test_raw_planes_with_and_without_alpha_and_pad() -> None:
    # Header, alpha, red, green, blue, pad.
    assert planar.decompress(bytes.fromhex("00 80 10 20 30 00"), 1, 1) == bytes.fromhex("30 20 10 80")
    assert planar.decompress(bytes.fromhex("20 10 20 30"), 1, 1) == bytes.fromhex("30 20 10 ff")


def test_luma_and_chroma_without_alpha_swap_red_and_blue() -> None:
    # CLL 1: Y = 100, Co = 2 * 20, Cg = 2 * -10: R = 100 + 20 + 10, G = 90, B = 100 - 20 + 10, and then R and B change
    # places as Microsoft's servers need it; with an alpha plane they do not.
    stream = bytes((0x21, 100, 20, 256 - 10, 0))
    assert planar.decompress(stream, 1, 1) == bytes((130, 90, 90, 255))
    stream = bytes((0x01, 7, 100, 20, 256 - 10, 0))
    assert planar.decompress(stream, 1, 1) == bytes((90, 90, 130, 7))


def test_colours_are_clamped() -> None:
    assert planar.decompress(bytes((0x01, 7, 250, 20, 20)), 1, 1) == bytes((210, 255, 250, 7))
    assert planar.decompress(bytes((0x01, 7, 5, 236, 20)), 1, 1) == bytes((5, 25, 0, 7))


def test_chroma_samples_spread_over_two_by_two_pixels() -> None:
    # Three by three pixels have two by two samples of each chroma.
    stream = bytes((0x29,)) + bytes((50,)) * 9 + bytes((1, 2, 3, 4)) + bytes(4)
    out = planar.decompress(stream, 3, 3)
    assert [value - 50 for value in out[0::4]] == [1, 1, 2, 1, 1, 2, 3, 3, 4]


def test_the_order_of_rows_and_alpha_are_the_callers() -> None:
    stream = bytes((0x00, 0x40, 0x80, 1, 2, 3, 4, 5, 6))  # one by two pixels, raw, with alpha
    surface = bytearray(8)
    planar.decompress_into(stream, View(surface, 4, 0, 0, 1, 2), 1, 2)
    assert surface == bytes((6, 4, 2, 255, 5, 3, 1, 255))
    planar.decompress_into(stream, View(surface, 4, 0, 0, 1, 2), 1, 2, top_down=True, keep_alpha=True)
    assert surface == bytes((5, 3, 1, 0x40, 6, 4, 2, 0x80))


def test_drawing_is_clipped() -> None:
    picture = bytes(range(4 * 4 * 4))
    stream = planar.compress(View(picture, 16, 0, 0, 4, 4))
    surface = bytearray(16 * 3)
    planar.decompress_into(stream, View(surface, 16, 1, 1, 2, 1), 4, 4)
    expected = bytearray(16 * 3)
    expected[20:28] = bytes((0, 1, 2, 255, 4, 5, 6, 255))
    assert surface == expected


def test_nothing_is_drawn_when_decoding_fails() -> None:
    surface = bytearray(4 * 4)
    with pytest.raises(DecodeError):
        planar.decompress_into(b"\x30\x04\x04", View(surface, 16, 0, 0, 4, 1), 4, 1)
    assert surface == bytes(16)


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("top_down", [False, True])
@pytest.mark.parametrize(("x", "y", "width", "height"), [(0, 0, 70, 66), (3, 5, 1, 1), (69, 65, 1, 1), (7, 0, 33, 2)])
def test_encoding_loses_nothing(x: int, y: int, width: int, height: int, alpha: bool, top_down: bool) -> None:
    source = random.Random(8)
    values = bytes(source.choice((0, 0, 0, 0, 128, source.randrange(256))) for _ in range(70 * 66 * 4))
    stream = planar.compress(View(values, 280, x, y, width, height), alpha=alpha, top_down=top_down)
    assert stream[0] == (0x10 if alpha else 0x30)
    out = bytearray(len(values))
    planar.decompress_into(
        stream, View(out, 280, x, y, width, height), width, height, top_down=top_down, keep_alpha=alpha
    )
    for row in range(y, y + height):
        part = slice(row * 280 + x * 4, row * 280 + (x + width) * 4)
        expected = bytearray(values[part])
        if not alpha:
            expected[3::4] = b"\xff" * width
        assert out[part] == expected


def within(level: int) -> int:
    """How far a colour may come back from where it was."""
    return 3 << (level - 1)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(st.data())
def test_every_option_comes_back(data: Any) -> None:
    width, height = data.draw(st.integers(1, 200)), data.draw(st.integers(1, 200))
    if form_of(vars(planar)["kernel"]) == "plain":
        width, height = min(width, 20), min(height, 12)
    x, y, more = data.draw(st.integers(0, 3)), data.draw(st.integers(0, 2)), data.draw(st.integers(0, 3))
    level = data.draw(st.integers(0, 7))
    alpha, top_down, run_length = (data.draw(st.booleans()) for _ in range(3))
    columns = x + width + more
    picture = data.draw(st.sampled_from((text, gradient, noise, solid)))(columns, y + height)
    stream = planar.compress(
        View.of(picture, x, y, width, height),
        alpha=alpha,
        top_down=top_down,
        run_length=run_length,
        color_loss_level=level,
    )
    assert stream[0] == (0x10 if run_length else 0) | (0 if alpha else 0x20) | level
    if not run_length:
        assert len(stream) == width * height * (4 if alpha else 3) + 2
    out = np.zeros_like(picture)
    target = View.of(out, x, y, width, height)
    planar.decompress_into(stream, target, width, height, top_down=top_down, keep_alpha=True)
    error = np.abs(out[y:, x : x + width].astype(int) - picture[y:, x : x + width])
    assert error[..., :3].max() <= (within(level) if level else 0)
    if alpha:
        assert not error[..., 3].any()


@pytest.mark.parametrize("level", range(1, 8))
@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize(("width", "height"), [(1, 1), (2, 3), (7, 6), (33, 18)])
def test_subsampled_chroma_comes_back(level: int, alpha: bool, width: int, height: int) -> None:
    y, x = np.mgrid[:height, :width]
    picture = np.stack([100 + x, 90 + y, 140 - x, x * 7 % 256], axis=2).astype(np.uint8)
    stream = planar.compress(View.of(picture), alpha=alpha, color_loss_level=level, subsampling=True)
    assert stream[0] & 0x0F == 8 | level
    out = np.zeros_like(picture)
    planar.decompress_into(stream, View.of(out), width, height, keep_alpha=True)
    error = np.abs(out.astype(int) - picture)
    # Four neighbours differ by one in each channel.
    assert error[..., :3].max() <= within(level) + 2
    assert not alpha or not error[..., 3].any()


# How near each level comes, in decibels: half a decibel less than what is reached.  One colour alone loses more or less
# than the rest, as it happens to be rounded.
PSNR: dict[Callable[[int, int], BGRX], tuple[float, ...]] = {
    text: (52.4, 51.0, 45.9, 39.4, 38.0, 32.7, 26.5),
    gradient: (53.5, 49.4, 43.9, 38.0, 32.1, 26.1, 19.8),
    noise: (53.6, 49.3, 43.9, 38.1, 31.8, 26.1, 20.0),
    solid: (99.0, 99.0, 39.4, 39.4, 39.4, 39.4, 15.9),
}
# The same with chroma in fours: what has edges in its colours loses by that more than by levels.
SUBSAMPLED_PSNR: dict[Callable[[int, int], BGRX], tuple[float, ...]] = {
    text: (26.1, 26.1, 26.1, 26.3, 26.0, 24.3, 22.9),
    gradient: (49.4, 46.8, 43.1, 37.8, 32.0, 26.1, 19.8),
    noise: (13.0, 13.0, 13.0, 13.0, 13.0, 12.8, 12.3),
    solid: PSNR[solid],
}


@pytest.mark.parametrize("subsampling", [False, True])
@pytest.mark.parametrize("level", range(1, 8))
@pytest.mark.parametrize("make", PSNR)
def test_quality_falls_with_the_level(make: Callable[[int, int], BGRX], level: int, subsampling: bool) -> None:
    least = (SUBSAMPLED_PSNR if subsampling else PSNR)[make][level - 1]
    plain = form_of(vars(planar)["kernel"]) == "plain"
    for width, height in ((33, 18), (64, 64)) if plain else ((33, 18), (64, 64), (97, 63), (200, 200)):
        picture = make(width, height)
        for alpha in (False, True):
            stream = planar.compress(
                View.of(picture), alpha=alpha, color_loss_level=level, subsampling=subsampling, top_down=True
            )
            out = np.zeros_like(picture)
            planar.decompress_into(stream, View.of(out), width, height, top_down=True)
            assert psnr(out, picture) >= least


@pytest.mark.parametrize("options", [{}, {"top_down": True}, {"keep_alpha": True}])
def test_many_at_once_are_drawn_as_one_by_one(options: dict[str, bool]) -> None:
    def encode(view: View) -> bytes:
        return planar.compress(view, alpha=True, color_loss_level=view.height % 4, run_length=view.width > 9)

    whole_updates.decodes_as_one_by_one(planar, encode, **options)


def test_of_many_those_before_the_faulty_one_are_drawn() -> None:
    faults = [("", Truncated), ("20 01 02", Truncated), ("30 00", InvalidField), ("30 23 01", InvalidField)]
    whole_updates.draws_those_before_the_faulty_one(planar, [(bytes.fromhex(data), error) for data, error in faults])


@pytest.mark.parametrize(
    "options",
    [{}, {"alpha": True, "run_length": False}, {"color_loss_level": 2, "subsampling": True, "top_down": True}],
)
def test_many_at_once_are_encoded_as_one_by_one(kernel: ModuleType, options: dict[str, int]) -> None:
    whole_updates.encodes_as_one_by_one(planar, **options)
    if form_of(kernel) != "plain":
        whole_updates.encodes_more_than_is_kept_at_once(planar, **options)


def test_many_at_once_in_places_that_cannot_be(kernel: ModuleType) -> None:
    whole_updates.refuses_places_that_cannot_be(planar)
    whole_updates.refuses_rectangles_that_cannot_be(planar)
    whole_updates.refuses_tables_that_cannot_be(kernel, (False, False), (False, False, True, 0, False))


def test_levels_that_do_not_exist() -> None:
    picture = View(bytes(16), 8, 0, 0, 2, 2)
    for level in (-1, 8):
        with pytest.raises(ValueError, match="level"):
            planar.compress(picture, color_loss_level=level)
        with pytest.raises(ValueError, match="level"):
            planar.compress_all(picture, [], color_loss_level=level)
    with pytest.raises(ValueError, match="subsampling"):
        planar.compress(picture, subsampling=True)


def test_noise_grows_by_a_twelfth() -> None:
    noise = random.Random(3).randbytes(64 * 64 * 4)
    assert len(planar.compress(View(noise, 256, 0, 0, 64, 64))) < 64 * 64 * 3 * 13 / 12


def test_places_outside_are_refused() -> None:
    with pytest.raises(ValueError, match="surface"):
        planar.decompress_into(b"\x20\1\2\3", View(bytearray(4), 4, 1, 0, 1, 1), 1, 1)
    with pytest.raises(ValueError, match="surface"):
        planar.compress(View(bytes(16), 8, 1, 1, 2, 2))
    with pytest.raises(ValueError, match="plane"):
        planar.compress_plane(bytes(5), 2, 3)
    with pytest.raises(DecodeError):
        planar.decompress(b"\x30", 65535, 65535)
    with pytest.raises(DecodeError):
        planar.decompress_plane(b"", 0, 1)
