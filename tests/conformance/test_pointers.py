"""The shared vectors of regions and of pointer shapes."""

from __future__ import annotations

import pytest

from tests.shared import Case, cases
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.region import Region


@pytest.mark.parametrize("case", cases("region"))
def test_region(case: Case) -> None:
    region = Region()
    for operation in case.params["operations"]:
        {"union": region.add, "intersect": region.intersect}[operation["op"]](Rect.from_edges(*operation["rect"]))
    assert region.rects == [Rect.from_edges(*edges) for edges in case.expected["rectangles"]]
    assert region.extents == Rect.from_edges(*case.expected["extents"])
    assert region.area == case.expected["area"]
