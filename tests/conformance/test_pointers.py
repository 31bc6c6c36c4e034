"""The shared vectors of regions and of pointer shapes."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from tests.shared import Case, cases
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pointer_shape import decode_masks
from trio_rdp.graphics.region import Region


@pytest.mark.parametrize("case", cases("region"))
def test_region(case: Case) -> None:
    region = Region()
    for operation in case.params["operations"]:
        {"union": region.add, "intersect": region.intersect}[operation["op"]](Rect.from_edges(*operation["rect"]))
    assert region.rects == [Rect.from_edges(*edges) for edges in case.expected["rectangles"]]
    assert region.extents == Rect.from_edges(*case.expected["extents"])
    assert region.area == case.expected["area"]


@pytest.mark.parametrize("case", cases("pointer-decode"))
def test_pointer(case: Case) -> None:
    width, height, depth = case.params["width"], case.params["height"], case.params["xor_bpp"]
    xor_mask, and_mask = case.file("xor_mask"), case.file("and_mask")
    hotspot = tuple(case.params.get("hot_spot", (0, 0)))
    shape = decode_masks(xor_mask, and_mask, width, height, depth, hotspot=hotspot)
    found = shape.pixels.astype(int)
    tolerance = case.params.get("max_abs_diff", 0)
    if "pixels" in case.params:
        with Image.open(io.BytesIO(case.file("expected"))) as picture:
            expected = np.array(picture).astype(int)[..., [2, 1, 0, 3]]
        assert expected[..., [2, 1, 0, 3]].reshape(-1, 4).tolist() == case.params["pixels"]
        tolerance = 1  # this reference's white is 254
    else:
        expected = np.frombuffer(case.file("expected"), np.uint8).reshape(height, width, 4).astype(int)
    inverted = np.zeros((height, width), bool)
    if depth in (1, 16):
        # With its AND bits cleared, a shape shows what the XOR mask alone says.
        opaque = decode_masks(xor_mask, b"", width, height, depth).pixels
        screen = np.unpackbits(np.frombuffer(and_mask, np.uint8).reshape(height, -1), axis=1)[:, :width] == 1
        inverted = (screen if depth == 1 else screen[::-1]) & (opaque == 255).all(axis=2)
    difference = np.abs(found - expected)
    difference[(expected[..., 3] == 0) & (found[..., 3] == 0)] = 0
    assert difference[~inverted].max() <= tolerance
    # Pixels that invert the screen are each implementation's choice: ours are an opaque black or white.
    assert (found[inverted][:, 3] == 255).all()
    assert set(found[inverted][:, :3].ravel().tolist()) <= {0, 255}
    if "pixels" not in case.params:
        assert (expected[inverted][:, 3] == 255).all()
    assert shape.hotspot == hotspot
