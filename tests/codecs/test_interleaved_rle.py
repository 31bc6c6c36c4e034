from __future__ import annotations

import random
import threading
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.codecs import whole_updates
from tests.codecs.pictures import BGRX, gradient, noise, solid, text
from tests.codecs.twins import twins
from trio_rdp.codecs import interleaved_rle
from trio_rdp.codecs.kernels import form_of
from trio_rdp.codecs.view import View
from trio_rdp.wire.errors import DecodeError, InvalidField, Truncated

PALETTE = bytes(value for index in range(256) for value in (index, 255 - index, index ^ 0x55, 0))


@pytest.fixture(params=twins("interleaved_rle"), autouse=True)
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module: ModuleType = request.param
    monkeypatch.setattr(interleaved_rle, "kernel", module)
    return module


def decode8(stream: str, width: int, height: int) -> list[int]:
    return list(interleaved_rle.decompress(bytes.fromhex(stream), width, height, 8))


@pytest.mark.parametrize(
    ("stream", "width", "pixels"),
    [
        ("63 07", 4, [7, 7, 7, 0]),  # color run of 3; what the stream leaves is black
        ("84 01020304", 4, [1, 2, 3, 4]),  # color image
        ("e2 0509", 4, [5, 9, 5, 9]),  # dithered run: two pairs
        ("c2 11 22", 4, [0x11] * 4),  # set foreground, run of 2, then 2 more in that colour
        ("f3 0400 08", 4, [8, 8, 8, 8]),  # MEGA_MEGA color run
        ("fd fe fd", 3, [0xFF, 0, 0xFF]),  # white, black, white
        ("f9", 8, [255, 255, 0, 0, 0, 0, 0, 0]),  # special image 3
        ("fa", 8, [255, 0, 255, 0, 0, 0, 0, 0]),  # special image 5
        ("40 03 05", 4, [255, 0, 255, 0]),  # image of 3 + 1 pixels
        ("d0 03 66 05", 4, [0x66, 0, 0x66, 0]),  # the same in another foreground
        ("01 01 02", 4, [0, 255, 255, 0]),  # back-to-back background runs on the first row: a foreground pixel between
    ],
)
def test_orders_of_the_first_row(stream: str, width: int, pixels: list[int]) -> None:
    assert decode8(stream, width, 1) == pixels


@pytest.mark.parametrize(
    ("stream", "rows"),
    [
        ("84 01020304 04", [[1, 2, 3, 4], [1, 2, 3, 4]]),  # background: as above
        ("84 01020304 24", [[1, 2, 3, 4], [254, 253, 252, 251]]),  # foreground: above xor white
        ("84 01020304 40 03 0a", [[1, 2, 3, 4], [1, 253, 3, 251]]),  # image: xor where a bit is set
        ("84 01020304 01 03", [[1, 2, 3, 4], [1, 253, 3, 4]]),  # the inserted foreground pixel counts
        # "If the first run is on the first scanline, and the second run is on the second scanline, then a one-pixel
        # foreground run MUST NOT be written": both runs are black.
        ("04 04", [[0, 0, 0, 0], [0, 0, 0, 0]]),
    ],
)
def test_orders_below_the_first_row(stream: str, rows: list[list[int]]) -> None:
    assert decode8(stream, 4, 2) == rows[0] + rows[1]


def test_a_run_longer_than_a_row_repeats_rows() -> None:
    # 00 00: a background run of 32 pixels; the last of the 36 is left black.
    assert decode8("83 010203 00 00", 3, 12) == [*([1, 2, 3] * 12)[:35], 0]


@pytest.mark.parametrize(("bits", "white"), [(15, "ff7f"), (16, "ffff"), (24, "ffffff")])
def test_white_by_depth(bits: int, white: str) -> None:
    assert interleaved_rle.decompress(b"\xfd", 1, 1, bits) == bytes.fromhex(white)


@pytest.mark.parametrize("stream", ["80", "60", "61", "84 01", "f0", "f000", "c1", "d1", "41", "e1 01", "d1 05"])
def test_a_stream_that_ends_inside_an_order(stream: str) -> None:
    with pytest.raises(Truncated):
        decode8(stream, 64, 64)


@pytest.mark.parametrize("stream", ["05", "25", "65 00", "85 0102030405", "e3 0102", "f9", "f1 ffff"])
def test_an_order_that_runs_past_the_end(stream: str) -> None:
    with pytest.raises(InvalidField):
        decode8(stream, 2, 2)


@pytest.mark.parametrize("stream", ["f5 0100", "fb", "fc", "ff"])
def test_orders_that_do_not_exist(stream: str) -> None:
    with pytest.raises(InvalidField):
        decode8(stream, 2, 2)


def test_bytes_behind_the_last_pixel_are_ignored() -> None:
    assert decode8("84 01020304 0000ff", 4, 1) == [1, 2, 3, 4]


def test_drawing_is_clipped_and_upside_down() -> None:
    # Two rows of three pixels, bottom first; two by two are visible, at (1, 1) of a surface with longer rows.
    surface = bytearray(b"\xaa" * (20 * 4))
    interleaved_rle.decompress_into(b"\x86\1\2\3\4\5\6", View(surface, 20, 1, 1, 2, 2), 3, 2, 8, PALETTE)
    drawn = [PALETTE[4 * index : 4 * index + 3] + b"\xff" for index in (4, 5, 1, 2)]
    rows = [surface[start : start + 20] for start in range(0, 80, 20)]
    untouched = b"\xaa" * 20
    assert rows[0] == rows[3] == untouched
    assert rows[1] == b"\xaa" * 4 + drawn[0] + drawn[1] + b"\xaa" * 8
    assert rows[2] == b"\xaa" * 4 + drawn[2] + drawn[3] + b"\xaa" * 8


def test_nothing_is_drawn_when_decoding_fails() -> None:
    surface = bytearray(64)
    with pytest.raises(DecodeError):
        interleaved_rle.decompress_into(b"\x61\xff\xff\x85", View(surface, 16, 0, 0, 4, 4), 4, 4, 16)
    assert surface == bytes(64)


@pytest.mark.parametrize(
    ("x", "y", "stride", "size"), [(1, 0, 16, 64), (0, 1, 16, 64), (-1, 0, 16, 64), (0, 0, 12, 64), (0, 0, 16, 63)]
)
def test_a_place_outside_the_surface_is_refused(x: int, y: int, stride: int, size: int) -> None:
    with pytest.raises(ValueError, match=r"surface|negative"):
        interleaved_rle.decompress_into(b"\x70\0", View(bytearray(size), stride, x, y, 4, 4), 4, 4, 16)


def test_what_cannot_be_asked_for() -> None:
    with pytest.raises(ValueError, match="32 bits"):
        interleaved_rle.decompress(b"", 1, 1, 32)
    with pytest.raises(ValueError, match="palette"):
        interleaved_rle.decompress_into(b"", View(bytearray(4), 4, 0, 0, 1, 1), 1, 1, 8)
    with pytest.raises(ValueError, match="palette"):
        interleaved_rle.decompress_into(b"", View(bytearray(4), 4, 0, 0, 1, 1), 1, 1, 8, bytes(1023))
    with pytest.raises(DecodeError):
        interleaved_rle.decompress(b"\xf0\xff\xff", 65535, 65535, 16)


def pictures() -> list[tuple[int, int, bytes]]:
    """BGRX pictures that make the encoder use each of its orders."""
    source = random.Random(5)
    dots = bytes(source.choice((0, 0, 0, 0xF8)) for _ in range(32 * 16))
    noise = source.randbytes(17 * 9 * 4)
    stripes = b"".join(bytes((value, value, value, 255)) for value in (0x10, 0xF0) * 20 for _ in (1,)) * 8
    text = bytearray()
    for y in range(24):
        for x in range(40):
            ink = (x * 7 + y * 3) % 11 == 0 or (12 <= y < 16 and x % 3 == 0)
            text += b"\x00\x00\x00\xff" if ink else b"\xf8\xfc\xf8\xff"
    return [
        (32, 16, b"".join(bytes((dot, dot, dot, 255)) for dot in dots)),
        (17, 9, noise),
        (40, 8, stripes),
        (40, 24, bytes(text)),
        (600, 300, b"\x08\x04\x10\xff" * 180000),
        (1, 1, b"\xff\xff\xff\xff"),
        (300, 2, bytes(4) * 300 + noise[:1200].ljust(1200, b"\3")),
    ]


@pytest.mark.parametrize(
    ("bits", "more", "stream"),
    [
        (8, 0, "c0 04 ff"),
        (8, 1, "34 14"),  # a byte follows the run, which is a pixel
        (16, 0, "c0 04 ffff"),
        (16, 1, "c0 04 ffff 14"),
        (16, 2, "34 00 08"),
        (24, 0, "c0 04 ffffff"),
        (24, 2, "c0 04 ffffff 00 08"),
        (24, 19, "34 f0 7c01"),
    ],
)
def test_a_pixel_follows_each_foreground_run(bits: int, more: int, stream: str) -> None:
    """IronRDP asks for one behind each such run, whether it reads one or not, and draws no bitmap without."""
    row = np.random.default_rng(3).integers(0, 256, (1, 20, 1 if bits == 8 else 4), np.uint8)
    picture = np.concatenate([*[~row] * (more + 1), row])
    view = View(picture.tobytes(), picture[0].size, 0, 0, 20, more + 2)
    wide = bits // 8
    assert interleaved_rle.compress(view, bits)[1 + 20 * wide :] == bytes.fromhex(stream)


@pytest.mark.parametrize("bits", [15, 16, 24])
@pytest.mark.parametrize("number", range(7))
def test_encoding_loses_nothing_but_low_bits(number: int, bits: int) -> None:
    width, height, picture = pictures()[number]
    stride = 4 * width
    stream = interleaved_rle.compress(View(picture, stride, 0, 0, width, height), bits)
    once = bytearray(len(picture))
    interleaved_rle.decompress_into(stream, View(once, stride, 0, 0, width, height), width, height, bits)
    keep = {24: (0xFF, 0xFF, 0xFF), 16: (0xF8, 0xFC, 0xF8), 15: (0xF8, 0xF8, 0xF8)}[bits]
    for channel, mask in enumerate(keep):
        assert [v & mask for v in once[channel::4]] == [v & mask for v in picture[channel::4]]
    assert set(once[3::4]) == {255}
    # What has lost its low bits once encodes to the same bytes again.
    assert interleaved_rle.compress(View(once, stride, 0, 0, width, height), bits) == stream


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(
    st.tuples(st.integers(1, 200), st.integers(1, 200)),
    st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)),
    st.sampled_from((8, 15, 16, 24)),
    st.sampled_from((text, gradient, noise, solid)),
)
def test_round_trips_at_any_size_and_place(
    size: tuple[int, int], place: tuple[int, int, int], bits: int, make: Callable[[int, int], BGRX]
) -> None:
    (width, height), (x, y, more) = size, place
    if form_of(vars(interleaved_rle)["kernel"]) == "plain":
        width, height = min(width, 30), min(height, 20)
    surface = make(width + x + more, height + y + 1)
    inside = surface[y : y + height, x : x + width]
    if bits == 8:
        # One byte to a pixel, and a stride that need not be even.
        indices = np.ascontiguousarray(surface[..., 0])
        stream = interleaved_rle.compress(View(indices, indices.shape[1], x, y, width, height), 8)
        assert interleaved_rle.decompress(stream, width, height, 8) == inside[::-1, :, 0].tobytes()
        return
    stream = interleaved_rle.compress(View.of(surface, x, y, width, height), bits)
    assert len(stream) <= width * height * ((bits + 7) // 8) * 1.1 + 8
    out = np.zeros_like(surface)
    interleaved_rle.decompress_into(stream, View.of(out, x, y, width, height), width, height, bits)
    mask = {24: (255, 255, 255), 16: (0xF8, 0xFC, 0xF8), 15: (0xF8, 0xF8, 0xF8)}[bits]
    drawn = out[y : y + height, x : x + width]
    assert not ((drawn[..., :3] ^ inside[..., :3]) & np.array(mask, np.uint8)).any()
    assert (drawn[..., 3] == 255).all()
    drawn[:] = 0
    assert not out.any()


def at(bits: int) -> Any:
    """The codec at one depth, as if it had no other."""
    palette = PALETTE if bits == 8 else None
    decompress_into = interleaved_rle.decompress_into
    return SimpleNamespace(
        compress=lambda view: interleaved_rle.compress(view, bits),
        compress_all=lambda view, rects: interleaved_rle.compress_all(view, rects, bits),
        decompress_into=lambda data, view, *size: decompress_into(data, view, size[0], size[1], bits, palette),
        decompress_all=lambda data, places, view: interleaved_rle.decompress_all(data, places, view, bits, palette),
    )


@pytest.mark.parametrize("bits", [8, 15, 16, 24])
def test_many_at_once_are_drawn_as_one_by_one(bits: int) -> None:
    def encode(view: View) -> bytes:
        # Of noise in few colours, so that there are orders of all kinds.
        few = np.asarray(view.surface) & np.uint8(0x80)
        stride = view.stride if bits > 8 else view.stride // 4
        return interleaved_rle.compress(view._replace(surface=few[:: 1 if bits > 8 else 4].copy(), stride=stride), bits)

    whole_updates.decodes_as_one_by_one(at(bits), encode)


def test_of_many_those_before_the_faulty_one_are_drawn() -> None:
    faults = [("80", Truncated), ("62 010203", InvalidField), ("f5", InvalidField)]
    whole_updates.draws_those_before_the_faulty_one(at(24), [(bytes.fromhex(data), error) for data, error in faults])


@pytest.mark.parametrize("bits", [8, 15, 16, 24])
def test_many_at_once_are_encoded_as_one_by_one(kernel: ModuleType, bits: int) -> None:
    if bits > 8:
        whole_updates.encodes_as_one_by_one(at(bits))
        if form_of(kernel) != "plain":
            whole_updates.encodes_more_than_is_kept_at_once(at(bits))
        return
    indices = View(np.ascontiguousarray(text(70, 60)[..., 0]), 70, 3, 2, 61, 51)
    rects = [(0, 0, 61, 51), (60, 50, 1, 1), (7, 3, 20, 30)]
    expected = [interleaved_rle.compress(indices.part(*rect), 8) for rect in rects]
    assert interleaved_rle.compress_all(indices, rects, 8) == expected


def test_many_at_once_in_places_that_cannot_be(kernel: ModuleType) -> None:
    whole_updates.refuses_places_that_cannot_be(at(16))
    whole_updates.refuses_rectangles_that_cannot_be(at(16))
    whole_updates.refuses_tables_that_cannot_be(kernel, (16, None), (16,))  # type: ignore[arg-type]


def test_many_at_once_of_depths_that_do_not_exist() -> None:
    view = View(bytearray(4), 4, 0, 0, 1, 1)
    for depth in (4, 32):
        with pytest.raises(ValueError, match=f"{depth} bits"):
            interleaved_rle.decompress_all([], [], view, depth)
        with pytest.raises(ValueError, match=f"{depth} bits"):
            interleaved_rle.compress_all(view, [], depth)
    for palette in (None, bytes(1023)):
        with pytest.raises(ValueError, match="palette"):
            interleaved_rle.decompress_all([], [], view, 8, palette)


def test_palette_indices_are_encoded_as_they_are() -> None:
    indices = bytes((x // 3 * y) & 0xFF for y in range(20) for x in range(32))
    stream = interleaved_rle.compress(View(indices, 32, 4, 2, 25, 17), 8)
    back = interleaved_rle.decompress(stream, 25, 17, 8)
    rows = [indices[(2 + y) * 32 + 4 :][:25] for y in reversed(range(17))]
    assert back == b"".join(rows)


def test_flat_pictures_become_small() -> None:
    stream = interleaved_rle.compress(View(b"\x08\x04\x10\xff" * 4096, 256, 0, 0, 64, 64), 16)
    assert len(stream) <= 8


def test_a_rectangle_outside_the_surface_is_not_encoded() -> None:
    with pytest.raises(ValueError, match="surface"):
        interleaved_rle.compress(View(bytes(64), 16, 1, 0, 4, 4), 16)
    with pytest.raises(ValueError, match="pixels"):
        interleaved_rle.compress(View(bytes(64), 16, 0, 0, 0, 4), 16)


def test_threads_can_share_a_surface() -> None:
    stream = interleaved_rle.compress(View(b"\1\2\3\xff" * 4096, 256, 0, 0, 64, 64), 24)
    surface = bytearray(128 * 4 * 64)
    draw = interleaved_rle.decompress_into
    views = [View(surface, 512, x, 0, 64, 64) for x in (0, 64)]
    threads = [threading.Thread(target=draw, args=(stream, view, 64, 64, 24)) for view in views]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert surface == b"\1\2\3\xff" * (128 * 64)
