"""The codecs against every shared vector of their kinds, with both forms of every kernel."""

from __future__ import annotations

import pytest

from tests.codecs.twins import FORMS, use
from tests.shared import Case, cases
from trio_rdp.codecs import interleaved_rle, pixels, planar
from trio_rdp.codecs.plain.pixels import pack_row, unpack_row
from trio_rdp.codecs.view import View


@pytest.fixture(params=FORMS, autouse=True)
def form(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    use(request.param, monkeypatch, interleaved_rle, pixels, planar)


def flip(rows: bytes | bytearray, pitch: int) -> bytes:
    """Turn a bitmap upside down."""
    return b"".join(rows[start : start + pitch] for start in range(len(rows) - pitch, -1, -pitch))


@pytest.mark.parametrize("case", cases("interleaved-rle-decode"))
def test_interleaved_rle_decode(case: Case) -> None:
    width, height, bits = case.params["width"], case.params["height"], case.params["bpp"]
    expected = case.file("expected")
    assert interleaved_rle.decompress(case.input, width, height, bits) == expected

    palette = bytes(value for index in range(256) for value in (index, index * 3 & 0xFF, 255 - index, 0))
    surface = bytearray(width * height * 4)
    interleaved_rle.decompress_into(
        case.input, View(surface, width * 4, 0, 0, width, height), width, height, bits, palette
    )
    assert surface == unpack_row(flip(expected, len(expected) // height), bits, palette)

    if "expected_converted" in case.params:
        # What FreeRDP draws; it expands five and six bits with another rounding, by four at most.
        converted = case.file("expected_converted")
        order = case.params["expected_converted"]["pixel_format"].removeprefix("PIXEL_FORMAT_")
        tolerance = 0 if bits == 24 else 4
        for channel, name in enumerate("BGR"):
            theirs = converted[order.index(name) :: 4]
            assert max(abs(a - b) for a, b in zip(theirs, surface[channel::4], strict=True)) <= tolerance


@pytest.mark.parametrize("case", cases("interleaved-rle-roundtrip"))
def test_interleaved_rle_roundtrip(case: Case) -> None:
    width, height, bits = case.params["width"], case.params["height"], case.params["bpp"]
    native = case.input
    surface = unpack_row(flip(native, len(native) // height), bits)
    stream = interleaved_rle.compress(View(surface, width * 4, 0, 0, width, height), bits)
    assert interleaved_rle.decompress(stream, width, height, bits) == native
    assert len(stream) < len(native)


@pytest.mark.parametrize("case", cases("planar-decode"))
def test_planar_decode(case: Case) -> None:
    width, height = case.params["width"], case.params["height"]
    assert case.input[0] == case.params["header"]
    out = planar.decompress(case.input, width, height)
    tolerance = case.params.get("max_abs_diff", 0)
    expected = case.file("expected")
    if case.params.get("expected_pixel_format") == "RGB24":
        pairs = [(out[2 - channel :: 4], expected[channel::3]) for channel in range(3)]
    else:
        pairs = [(out, expected)]
    for ours, theirs in pairs:
        assert max(abs(a - b) for a, b in zip(ours, theirs, strict=True)) <= tolerance


@pytest.mark.parametrize("case", cases("planar-plane-rle"))
def test_planar_plane_rle(case: Case) -> None:
    width, height = case.params["width"], case.params["height"]
    plane = planar.decompress_plane(case.input, width, height)
    assert plane == case.file("expected")
    assert planar.decompress_plane(planar.compress_plane(plane, width, height), width, height) == plane


@pytest.mark.parametrize("case", cases("planar-encode-roundtrip"))
def test_planar_encode_roundtrip(case: Case) -> None:
    width, height = case.params["width"], case.params["height"]
    data = case.input
    if "RGBX32" in case.params["pixel_format"]:
        surface = unpack_row(data, 32)
        surface[0::4], surface[2::4] = data[2::4], data[0::4]
    else:
        surface = unpack_row(data, 16)
    stream = planar.compress(View(surface, width * 4, 0, 0, width, height), top_down=True)
    assert planar.decompress(stream, width, height) == surface
    assert len(stream) <= len(case.file("reference_encoding")) * 1.1


@pytest.mark.parametrize("case", cases("color-pixel-format"))
def test_color_pixel_format(case: Case) -> None:
    count = len(case.expected["rgb"])
    surface = bytearray(4 * count)
    # Padded to the row's multiple of four bytes.
    data = case.input + bytes(-len(case.input) % 4)
    pixels.draw_raw(data, View(surface, 4 * count, 0, 0, count, 1), count, 1, case.params["bpp"])
    for number, colour in enumerate(case.expected["rgb"]):
        ours = surface[4 * number : 4 * number + 3][::-1]
        assert max(abs(a - b) for a, b in zip(ours, colour, strict=True)) <= case.params["max_abs_diff"]
    assert pack_row(bytes(surface), case.params["bpp"]) == case.input
