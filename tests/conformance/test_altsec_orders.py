"""The shared vectors of alternate secondary drawing orders."""

from __future__ import annotations

import pytest

from tests.shared import Case, cases
from trio_rdp.pdu.altsec_orders import CreateOffscreenBitmap, FrameMarker, SwitchSurface, decode_altsec_order
from trio_rdp.wire.cursor import Cursor


@pytest.mark.parametrize("case", cases("drawing-order-altsec"))
def test_drawing_order_altsec(case: Case) -> None:
    src, encoded = Cursor(case.input), bytearray()
    for expected in case.expected["orders"]:
        order = decode_altsec_order(src)
        assert type(order).__name__ == expected["order"]
        match order:
            case CreateOffscreenBitmap():
                assert order.offscreen_bitmap_id == expected["id"]
                assert (order.cx, order.cy) == (expected["cx"], expected["cy"])
                assert order.delete_list == expected["deleteList"]
            case SwitchSurface():
                assert order.bitmap_id == expected["bitmapId"]
            case FrameMarker():
                assert order.action == expected["action"]
        order.encode_into(encoded)
    assert src.remaining == 0
    assert encoded == case.input
