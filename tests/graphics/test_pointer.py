from __future__ import annotations

import numpy as np
import pytest

from trio_rdp.graphics.pointer import PointerCache, PointerKind, PointerState, decode_pointer
from trio_rdp.graphics.pointer_shape import PointerShape
from trio_rdp.pdu.pointer import (
    CachedPointerUpdate,
    ColorPointerUpdate,
    LargePointerUpdate,
    NewPointerUpdate,
    Point,
    PointerPositionUpdate,
    SystemPointerType,
    SystemPointerUpdate,
)
from trio_rdp.wire.errors import DecodeError, InvalidField

HIDE = SystemPointerUpdate(system_pointer_type=SystemPointerType.NULL)
DEFAULT = SystemPointerUpdate(system_pointer_type=SystemPointerType.DEFAULT)


def pixel(color: bytes, index: int = 0, side: int = 1) -> ColorPointerUpdate:
    """A pointer of one opaque pixel of 24 bits."""
    return ColorPointerUpdate(
        cache_index=index,
        hot_spot=Point(x_pos=0, y_pos=0),
        width=side,
        height=side,
        xor_mask_data=color.ljust(4, b"\0"),
        and_mask_data=b"\0\0",
    )


def kind(state: PointerState) -> PointerKind:
    """Ask anew: a type checker believes that a kind once looked at stays."""
    return state.kind


def test_at_first_the_default() -> None:
    state = PointerState()
    assert (state.kind, state.shape, state.position) == (PointerKind.DEFAULT, None, None)


def test_hidden_default_and_shape() -> None:
    state = PointerState()
    state.apply(pixel(b"\1\2\3"))
    assert kind(state) is PointerKind.SHAPE
    assert state.shape is not None
    assert state.shape.pixels.tolist() == [[[1, 2, 3, 255]]]
    state.apply(HIDE)
    assert kind(state) is PointerKind.HIDDEN
    assert not state.shape
    state.apply(DEFAULT)
    assert kind(state) is PointerKind.DEFAULT


def test_unknown_system_pointers_are_the_default() -> None:
    state = PointerState()
    state.apply(HIDE)
    state.apply(SystemPointerUpdate(system_pointer_type=SystemPointerType(0x7F01)))
    assert state.kind is PointerKind.DEFAULT


def test_position() -> None:
    state = PointerState()
    state.apply(HIDE)
    state.apply(PointerPositionUpdate(position=Point(x_pos=7, y_pos=65535)))
    assert (state.kind, state.position) == (PointerKind.HIDDEN, (7, 65535))


def test_every_kind_of_shape_goes_to_the_cache() -> None:
    state = PointerState(4)
    state.apply(pixel(b"\1\1\1", 0))
    state.apply(NewPointerUpdate(xor_bpp=32, color_ptr_attr=pixel(b"\2\2\2\xff", 1)))
    state.apply(
        LargePointerUpdate(
            xor_bpp=24,
            cache_index=3,
            hot_spot=Point(x_pos=0, y_pos=0),
            width=1,
            height=1,
            xor_mask_data=b"\3\3\3\0",
            and_mask_data=b"\0\0",
        )
    )
    for index, color in ((0, 1), (1, 2), (3, 3)):
        state.apply(CachedPointerUpdate(cache_index=index))
        assert state.shape is not None
        assert state.shape.pixels.tolist() == [[[color] * 3 + [255]]]


@pytest.mark.parametrize("index", [1, 4, 65535])
def test_what_is_not_cached(index: int) -> None:
    state = PointerState(4)
    state.apply(pixel(b"\1\1\1", 0))
    before = state.shape
    with pytest.raises(InvalidField, match="cache"):
        state.apply(CachedPointerUpdate(cache_index=index))
    assert state.shape is before


def test_a_place_that_the_cache_does_not_have() -> None:
    state = PointerState(4)
    with pytest.raises(InvalidField, match="place 4 of a pointer cache of 4"):
        state.apply(pixel(b"\1\1\1", 4))
    assert state.kind is PointerKind.DEFAULT


def test_the_cache_is_bounded() -> None:
    cache = PointerCache(3)
    for i in range(9):
        cache.store(i % 3, PointerShape(np.zeros((1, 1, 4), np.uint8)))
    assert len(cache) == 3


def test_bad_shapes() -> None:
    state = PointerState()
    with pytest.raises(DecodeError):
        state.apply(pixel(b"\1\1\1", side=9))
    assert state.kind is PointerKind.DEFAULT


def test_a_shape_without_pixels_hides_the_pointer() -> None:
    state = PointerState()
    state.apply(pixel(b"", side=0))
    assert (state.kind, state.shape) == (PointerKind.HIDDEN, None)


def test_palette() -> None:
    state = PointerState()
    state.palette = np.zeros((256, 4), np.uint8)
    state.palette[5] = (50, 60, 70, 0)
    state.apply(NewPointerUpdate(xor_bpp=8, color_ptr_attr=pixel(b"\5")))
    assert state.shape is not None
    assert state.shape.pixels.tolist() == [[[50, 60, 70, 255]]]


def test_reset() -> None:
    state = PointerState()
    state.apply(pixel(b"\1\1\1"))
    state.reset()
    assert state.kind is PointerKind.DEFAULT
    with pytest.raises(InvalidField):
        state.apply(CachedPointerUpdate(cache_index=0))


def test_hotspot() -> None:
    update = pixel(b"\1\1\1")
    update.hot_spot = Point(x_pos=9, y_pos=9)
    assert decode_pointer(update).hotspot == (0, 0)
