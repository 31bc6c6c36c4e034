from __future__ import annotations

import struct
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.codecs.twins import twins
from trio_rdp.codecs import color
from trio_rdp.codecs.color import Yuv
from trio_rdp.codecs.view import View


@pytest.fixture(params=twins("color"), autouse=True)
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module: ModuleType = request.param
    monkeypatch.setattr(color, "kernel", module)
    return module


def noise(width: int, height: int, seed: int = 1) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 4), np.uint8)


def samples(planes: Yuv) -> list[list[int]]:
    return [list(bytes(plane)) for plane in planes[:3]]


# Red, green, blue and Y, U, V by BT.709 at full range.
KNOWN = [
    ((0, 0, 0), (0, 128, 128)),
    ((255, 255, 255), (255, 128, 128)),
    ((128, 128, 128), (128, 128, 128)),
    ((255, 0, 0), (54, 99, 255)),
    ((0, 255, 0), (182, 30, 12)),
    ((0, 0, 255), (18, 255, 116)),
]


@pytest.mark.parametrize(("rgb", "yuv"), KNOWN)
@pytest.mark.parametrize("half", [False, True])
def test_known_colours(rgb: tuple[int, int, int], yuv: tuple[int, int, int], half: bool) -> None:
    picture = np.empty((2, 2, 4), np.uint8)
    picture[:] = (*rgb[::-1], 7)
    planes = Yuv.blank(2, 2, half=half)
    color.split_yuv(View.of(picture), planes)
    for plane, expected in zip(samples(planes), yuv, strict=True):
        assert all(abs(value - expected) <= 1 for value in plane)
    out = np.zeros_like(picture)
    color.draw_yuv(planes, View.of(out))
    assert (out[..., 3] == 255).all()
    assert np.abs(out[..., 2::-1].astype(int) - rgb).max() <= 2


def test_every_colour_comes_back_within_two() -> None:
    steps = np.arange(0, 256, 5, dtype=np.uint8)
    picture = np.full((steps.size, steps.size * steps.size, 4), 255, np.uint8)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")
    for channel, values in enumerate((blue, green, red)):
        picture[..., channel] = values.reshape(steps.size, -1)
    planes = Yuv.blank(picture.shape[1], picture.shape[0], half=False)
    color.split_yuv(View.of(picture), planes)
    out = np.zeros_like(picture)
    color.draw_yuv(planes, View.of(out))
    assert np.abs(out.astype(int) - picture).max() <= 2


def test_a_chroma_sample_is_that_of_four_pixels() -> None:
    picture = np.zeros((2, 2, 4), np.uint8)
    picture[0, 0, 0] = 255
    planes = Yuv.blank(2, 2, half=True)
    color.split_yuv(View.of(picture), planes)
    alone = np.full((1, 1, 4), 64, np.uint8) * np.array([1, 0, 0, 0], np.uint8)
    one = Yuv.blank(1, 1, half=False)
    color.split_yuv(View.of(alone), one)
    assert samples(planes)[1:] == samples(one)[1:]


def test_planes_beyond_the_picture_repeat_its_edge() -> None:
    picture = noise(5, 3)
    planes = Yuv.blank(16, 16, half=True)
    color.split_yuv(View.of(picture), planes)
    padded = np.pad(picture, ((0, 13), (0, 11), (0, 0)), "edge")
    expected = Yuv.blank(16, 16, half=True)
    color.split_yuv(View.of(padded), expected)
    assert samples(planes) == samples(expected)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(st.data())
def test_any_rectangles_split(data: Any) -> None:
    width, height = data.draw(st.integers(1, 50)), data.draw(st.integers(1, 20))
    half = data.draw(st.booleans())
    before, picture = noise(width, height), noise(width, height, 2)
    columns, rows = width + width % 2 + 2 * data.draw(st.integers(0, 3)), height + height % 2 + 4
    edges = st.tuples(*(st.integers(-3, 60) for _ in range(4)))
    rects = data.draw(st.lists(edges, max_size=3))
    changed = before.copy()
    for left, top, right, bottom in rects:
        if max(left, 0) < right and max(top, 0) < bottom:
            # Chroma is that of four, so that these are taken whole.
            part = slice(max(top, 0) & ~1, bottom + 1 & ~1), slice(max(left, 0) & ~1, right + 1 & ~1)
            changed[part] = picture[part]
    planes, expected = (Yuv.blank(columns, rows, half=half) for _ in range(2))
    color.split_yuv(View.of(before), planes)
    surface = np.zeros((height + 2, width + 3, 4), np.uint8)
    surface[1 : 1 + height, 2 : 2 + width] = changed
    color.split_yuv(View.of(surface, 2, 1, width, height), planes, rects)
    color.split_yuv(View.of(changed), expected)
    assert samples(planes) == samples(expected)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(st.data())
def test_any_rectangles_of_any_picture(data: Any) -> None:
    width, height = data.draw(st.integers(1, 70)), data.draw(st.integers(1, 20))
    half, means = data.draw(st.booleans()), data.draw(st.booleans())
    planes = Yuv.blank(width, height, half=half)
    source = np.random.default_rng(data.draw(st.integers(0, 99)))
    for plane in planes[:3]:
        plane[:] = source.bytes(len(plane))
    whole = np.zeros((height, width, 4), np.uint8)
    color.draw_yuv(planes, View.of(whole), means=means)
    edges = st.tuples(*(st.integers(-3, 80) for _ in range(4)))
    rects = data.draw(st.lists(edges, max_size=4))
    room, tall = data.draw(st.integers(1, 80)), data.draw(st.integers(1, 25))
    surface = np.full((tall + 3, room + 2, 4), 9, np.uint8)
    expected = surface.copy()
    for left, top, right, bottom in rects:
        part = slice(max(top, 0), min(bottom, height, tall)), slice(max(left, 0), min(right, width, room))
        if part[0].start < part[0].stop and part[1].start < part[1].stop:
            expected[2 : 2 + tall, 1 : 1 + room][part] = whole[part]
    color.draw_yuv(planes, View.of(surface, 1, 2, room, tall), rects, means=means)
    assert np.array_equal(surface, expected)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("size", [(16, 16), (48, 32)])
def test_views_come_together_again(version: int, size: tuple[int, int]) -> None:
    width, height = size
    full, main = Yuv.blank(width, height, half=False), Yuv.blank(width, height, half=True)
    auxiliary = Yuv.blank(width, height, half=True)
    # Smooth, but for a few edges.
    y, x = np.mgrid[:height, :width]
    full.u[:] = (x * 5 + y * 3).astype(np.uint8).tobytes()
    full.v[:] = np.where((x // 7 + y // 5) % 2, 250, 3).astype(np.uint8).tobytes()
    color.separate(full, main, auxiliary, version)
    u, v = bytearray(width * height), bytearray(width * height)
    color.combine(main, auxiliary, u, v, version)
    for ours, theirs in ((u, full.u), (v, full.v)):
        one, two = (np.frombuffer(plane, np.uint8).reshape(height, width).astype(int) for plane in (ours, theirs))
        difference = np.abs(one - two)
        # Exact but for the samples in whose place the mean of four stands.
        assert not difference[:, 1::2].any()
        assert not difference[1::2].any()


def test_a_sample_follows_from_the_mean_of_four() -> None:
    # Means of 60 and of 140 among samples of 100, 20 and so on: what makes them so, clamped, or less than 30 from them.
    cases = {(60, 20, 20, 40): 160, (140, 200, 200, 200): 0, (100, 90, 90, 95): 100, (100, 90, 90, 90): 130}
    for (mean, right, below, across), value in cases.items():
        pictures = []
        for first, means in ((mean, True), (value, False)):
            chroma = bytearray((first, right, below, across))
            planes = Yuv(bytearray(b"\x80" * 4), chroma, chroma, 2, 2, 2, 2, False)
            surface = bytearray(16)
            color.draw_yuv(planes, View.whole(surface, 2, 2), means=means)
            pictures.append(surface)
        assert pictures[0] == pictures[1]


@pytest.mark.parametrize("version", [1, 2])
def test_where_samples_stand_in_the_auxiliary_view(version: int) -> None:
    width, height = 16, 16
    full, main = Yuv.blank(width, height, half=False), Yuv.blank(width, height, half=True)
    auxiliary = Yuv.blank(width, height, half=True)
    full.u[3 * 16 + 5], full.v[3 * 16 + 5] = 100, 101  # an odd column in an odd row
    full.u[2 * 16 + 7], full.v[2 * 16 + 7] = 102, 103  # an odd column in an even row
    full.u[5 * 16 + 8], full.v[5 * 16 + 8] = 104, 105  # an even column in an odd row, a fourth one
    full.u[5 * 16 + 6], full.v[5 * 16 + 6] = 106, 107  # and the other kind of even column
    color.separate(full, main, auxiliary, version)
    found = {
        value: (name, number % stride, number // stride)
        for name, plane, stride in (("y", auxiliary.y, 16), ("u", auxiliary.u, 8), ("v", auxiliary.v, 8))
        for number, value in enumerate(plane)
        if value
    }
    if version == 1:
        expected = {
            100: ("y", 5, 1), 101: ("y", 5, 9), 102: ("u", 3, 1), 103: ("v", 3, 1),
            104: ("y", 8, 2), 105: ("y", 8, 10), 106: ("y", 6, 2), 107: ("y", 6, 10),
        }  # fmt: skip
    else:
        expected = {
            100: ("y", 2, 3), 101: ("y", 10, 3), 102: ("y", 3, 2), 103: ("y", 11, 2),
            104: ("u", 2, 2), 105: ("u", 6, 2), 106: ("v", 1, 2), 107: ("v", 5, 2),
        }  # fmt: skip
    assert found == expected
    assert main.u[1 * 8 + 2] == 25
    assert main.u[1 * 8 + 3] == 26  # the mean of 102 and three zeros, rounded


def test_only_some_rows_are_combined() -> None:
    planes = Yuv.blank(16, 32, half=True)
    planes.y[:] = b"\7" * 512
    u, v = bytearray(512), bytearray(512)
    color.combine(planes, planes, u, v, 2, (17, 20))
    assert [bool(any(u[16 * row : 16 * row + 16])) for row in range(32)] == [row in range(16, 20) for row in range(32)]


def test_ycbcr_comes_back_within_two() -> None:
    picture = noise(67, 9)
    y, cb, cr = color.split_ycbcr(View.of(picture, 2, 1, 64, 8))
    out = np.zeros((8, 64, 4), np.uint8)
    color.draw_ycbcr(y, cb, cr, View.of(out))
    assert np.abs(out[..., :3].astype(int) - picture[1:9, 2:66, :3]).max() <= 2
    assert (out[..., 3] == 255).all()


def test_ycbcr_is_clamped() -> None:
    # Luma beyond white and below black, in 32nds and less 128.
    out = bytearray(8)
    color.draw_ycbcr(struct.pack("<2h", 6000, -6000), bytes(4), bytes(4), View.whole(out, 2, 1))
    assert out == b"\xff\xff\xff\xff\0\0\0\xff"


def test_what_does_not_fit_is_refused() -> None:
    planes = Yuv.blank(4, 4, half=True)
    with pytest.raises(ValueError, match="surface"):
        color.draw_yuv(planes, View(bytearray(60), 16, 0, 0, 4, 4))
    with pytest.raises(ValueError, match="too small"):
        color.draw_yuv(planes._replace(u=bytearray(3)), View(bytearray(64), 16, 0, 0, 4, 4))
    with pytest.raises(ValueError, match="as large"):
        color.split_yuv(View(bytes(100), 20, 0, 0, 5, 4), planes)
    with pytest.raises(ValueError, match="even"):
        color.split_yuv(View(bytes(100), 20, 0, 0, 5, 5), Yuv.blank(5, 5, half=True))
    with pytest.raises(ValueError, match="surface"):
        color.split_yuv(View(bytes(60), 16, 0, 0, 4, 4), planes)
    with pytest.raises(ValueError, match="macroblocks"):
        color.combine(planes, planes, bytearray(16), bytearray(16), 1)
    large = Yuv.blank(16, 16, half=True)
    full = Yuv.blank(16, 16, half=False)
    for wrong in (0, 3):
        with pytest.raises(ValueError, match="versions"):
            color.combine(large, large, bytearray(256), bytearray(256), wrong)
    with pytest.raises(ValueError, match="one size"):
        color.combine(large, planes, bytearray(256), bytearray(256), 1)
    with pytest.raises(ValueError, match="rows"):
        color.combine(large, large, bytearray(256), bytearray(256), 1, (0, 17))
    with pytest.raises(ValueError, match="too small"):
        color.combine(large, large, bytearray(255), bytearray(256), 1)
    with pytest.raises(ValueError, match=r"4:4:4"):
        color.separate(large, large, large, 1)
    with pytest.raises(ValueError, match="versions"):
        color.separate(full, large, large, 3)
    with pytest.raises(ValueError, match="too small"):
        color.draw_ycbcr(bytes(7), bytes(8), bytes(8), View(bytearray(16), 8, 0, 0, 2, 2))
    with pytest.raises(ValueError, match="surface"):
        color.split_ycbcr(View(bytes(16), 8, 1, 0, 2, 2))
