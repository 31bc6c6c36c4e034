"""Colour conversion against every shared vector, with every form of the kernel."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.codecs.twins import FORMS, use
from tests.shared import Case, cases
from trio_rdp.codecs import color
from trio_rdp.codecs.color import Yuv
from trio_rdp.codecs.view import View


@pytest.fixture(params=FORMS, autouse=True)
def form(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    use(request.param, monkeypatch, color)


def difference(picture: NDArray[np.uint8], case: Case) -> int:
    expected = np.frombuffer(case.file("expected"), np.uint8).reshape(*picture.shape[:2], 3)
    return int(np.abs(picture[..., 2::-1].astype(int) - expected).max())


@pytest.mark.parametrize("case", cases("color-ycbcr-to-rgb"))
def test_ycbcr(case: Case) -> None:
    picture = np.zeros((case.params["height"], case.params["width"], 4), np.uint8)
    color.draw_ycbcr(case.file("y"), case.file("cb"), case.file("cr"), View.of(picture))
    assert difference(picture, case) <= case.params["max_abs_diff"]


@pytest.mark.parametrize("case", cases("color-yuv-to-rgb"))
def test_yuv(case: Case) -> None:
    width, height = case.params["width"], case.params["height"]
    half = case.params["sampling"] == "4:2:0"
    columns = width // 2 if half else width
    y, u, v = (bytearray(case.file(name)) for name in "yuv")
    picture = np.zeros((height, width, 4), np.uint8)
    # FreeRDP takes 4:4:4 for a picture that was combined, with means of four in it.
    color.draw_yuv(Yuv(y, u, v, width, columns, width, height, half), View.of(picture), means=not half)
    assert difference(picture, case) <= case.params["max_abs_diff"]


@pytest.mark.parametrize("case", cases("color-avc444-combine"))
def test_avc444(case: Case) -> None:
    width, height, version = case.params["width"], case.params["height"], case.params["version"]
    main, auxiliary = Yuv.blank(width, height, half=True), Yuv.blank(width, height, half=True)
    for name, planes in (("main", main), ("aux", auxiliary)):
        for letter, plane in zip("yuv", planes[:3], strict=True):
            plane[:] = case.file(f"{name}_{letter}")
    u, v = bytearray(width * height), bytearray(width * height)
    color.combine(main, auxiliary, u, v, version)
    for ours, name in ((main.y, "y"), (u, "u"), (v, "v")):
        expected = np.frombuffer(case.file(f"expected_{name}"), np.uint8).astype(int)
        assert np.abs(np.frombuffer(ours, np.uint8) - expected).max() <= case.params["max_abs_diff"]

    # And the other way: the views that FreeRDP made of the picture, from the picture.
    source = np.frombuffer(case.file("source_rgb"), np.uint8).reshape(height, width, 3)
    picture = np.full((height, width, 4), 255, np.uint8)
    picture[..., :3] = source[..., ::-1]
    full = Yuv.blank(width, height, half=False)
    color.split_yuv(View.of(picture), full)
    ours_main, ours_auxiliary = Yuv.blank(width, height, half=True), Yuv.blank(width, height, half=True)
    color.separate(full, ours_main, ours_auxiliary, version)
    views = ((ours_main._replace(y=full.y), main), (ours_auxiliary, auxiliary))
    for one, two in views:
        for ours, theirs in zip(one[:3], two[:3], strict=True):
            gap = np.abs(np.frombuffer(ours, np.uint8).astype(int) - np.frombuffer(theirs, np.uint8))
            assert gap.max() <= 3
