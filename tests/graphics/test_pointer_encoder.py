from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.graphics.pointer import PointerKind, PointerState, decode_pointer
from trio_rdp.graphics.pointer_encoder import MAX_CACHED, PointerEncoder
from trio_rdp.graphics.pointer_shape import PointerShape
from trio_rdp.pdu.pointer import CachedPointerUpdate, ColorPointerUpdate, LargePointerUpdate, NewPointerUpdate


def shape(side: int, color: int = 200, hotspot: tuple[int, int] = (0, 0)) -> PointerShape:
    return PointerShape(np.full((side, side, 4), color, np.uint8), hotspot)


def test_a_client_without_new_pointers_gets_24_bits() -> None:
    update = PointerEncoder(color_cache_size=20, cache_size=0).encode(shape(16))
    assert isinstance(update, ColorPointerUpdate)
    found = decode_pointer(update).pixels
    assert (found[..., :3] == 200).all()
    assert (found[..., 3] == 255).all()


def test_a_client_with_new_pointers_gets_alpha() -> None:
    update = PointerEncoder(color_cache_size=20, cache_size=20).encode(shape(16, hotspot=(3, 4)))
    assert isinstance(update, NewPointerUpdate)
    assert update.xor_bpp == 32
    assert decode_pointer(update) == shape(16, hotspot=(3, 4))


@pytest.mark.parametrize(
    ("large_96", "large_384", "side", "kind", "sent"),
    [
        (False, False, 32, NewPointerUpdate, 32),
        (False, False, 64, NewPointerUpdate, 32),
        (True, False, 96, NewPointerUpdate, 96),
        (True, False, 97, NewPointerUpdate, 96),
        (True, True, 96, NewPointerUpdate, 96),
        (True, True, 97, LargePointerUpdate, 97),
        (True, True, 384, LargePointerUpdate, 384),
        (False, True, 33, LargePointerUpdate, 33),
    ],
)
def test_sizes(large_96: bool, large_384: bool, side: int, kind: type, sent: int) -> None:
    encoder = PointerEncoder(color_cache_size=20, cache_size=20, large_96=large_96, large_384=large_384)
    update = encoder.encode(shape(side))
    assert type(update) is kind
    assert isinstance(update, NewPointerUpdate | LargePointerUpdate)
    assert decode_pointer(update) == shape(sent)
    update.encode()  # every length fits its field


def test_a_client_without_new_pointers_has_no_large_ones() -> None:
    encoder = PointerEncoder(color_cache_size=20, cache_size=0, large_96=True, large_384=True)
    assert encoder.max_side == 96


def test_known_shapes_are_not_sent_again() -> None:
    encoder = PointerEncoder(color_cache_size=5, cache_size=2)
    assert isinstance(encoder.encode(shape(8, 1)), NewPointerUpdate)
    assert isinstance(encoder.encode(shape(8, 2)), NewPointerUpdate)
    assert encoder.encode(shape(8, 1)) == CachedPointerUpdate(cache_index=0)
    # The third takes the place of the one that was not used for longest.
    update = encoder.encode(shape(8, 3))
    assert isinstance(update, NewPointerUpdate)
    assert update.color_ptr_attr.cache_index == 1
    assert encoder.encode(shape(8, 1)) == CachedPointerUpdate(cache_index=0)
    assert isinstance(encoder.encode(shape(8, 2)), NewPointerUpdate)


def test_forget() -> None:
    encoder = PointerEncoder(color_cache_size=5, cache_size=2)
    encoder.encode(shape(8))
    encoder.forget()
    assert isinstance(encoder.encode(shape(8)), NewPointerUpdate)


def test_no_cache_at_all() -> None:
    encoder = PointerEncoder(color_cache_size=0, cache_size=0)
    for _ in range(2):
        update = encoder.encode(shape(8))
        assert isinstance(update, ColorPointerUpdate)
        assert update.cache_index == 0


def test_what_is_remembered_is_bounded() -> None:
    encoder = PointerEncoder(color_cache_size=65535, cache_size=65535)
    for i in range(200):
        update = encoder.encode(PointerShape(np.full((1, 1, 4), i, np.uint8)))
        assert isinstance(update, NewPointerUpdate)
        assert update.color_ptr_attr.cache_index < MAX_CACHED


@given(st.lists(st.integers(1, 9), max_size=30), st.integers(1, 4))
def test_a_client_sees_what_the_server_showed(colors: list[int], size: int) -> None:
    encoder, state = PointerEncoder(color_cache_size=size, cache_size=size), PointerState(size)
    for color in colors:
        state.apply(encoder.encode(shape(4, color)))
        assert (state.kind, state.shape) == (PointerKind.SHAPE, shape(4, color))
