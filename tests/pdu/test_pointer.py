from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.pdu.pointer import (
    CachedPointerUpdate,
    ColorPointerUpdate,
    LargePointerUpdate,
    NewPointerUpdate,
    Point,
    PointerMessageType,
    PointerPositionUpdate,
    PointerUpdate,
    ServerPointerUpdate,
    SystemPointerType,
    SystemPointerUpdate,
    UnknownPointerUpdate,
)
from trio_rdp.wire.errors import EncodeError

COLOR = (
    "0100"  # cacheIndex
    "0200 0300"  # hotSpot
    "0300"  # width
    "0100"  # height
    "0200"  # lengthAndMask
    "0a00"  # lengthXorMask
    "000102030405060708 00"  # xorMaskData: 3 pixels of 3 bytes, padded to 2
    "e000"  # andMaskData
)
COLOR_POINTER = ColorPointerUpdate(
    cache_index=1,
    hot_spot=Point(x_pos=2, y_pos=3),
    width=3,
    height=1,
    xor_mask_data=bytes(range(9)) + b"\0",
    and_mask_data=b"\xe0\0",
)
EVERY_UPDATE: list[tuple[str, str, PointerUpdate | UnknownPointerUpdate]] = [
    ("0100", "007f0000", SystemPointerUpdate(system_pointer_type=SystemPointerType.DEFAULT)),
    ("0300", "ab026f01", PointerPositionUpdate(position=Point(x_pos=683, y_pos=367))),
    ("0600", COLOR, COLOR_POINTER),
    ("0700", "0500", CachedPointerUpdate(cache_index=5)),
    ("0800", "1800" + COLOR, NewPointerUpdate(xor_bpp=24, color_ptr_attr=COLOR_POINTER)),
]


@pytest.mark.parametrize(("kind", "body", "update"), EVERY_UPDATE, ids=[kind for kind, _, _ in EVERY_UPDATE])
def test_every_update_alone_and_on_the_slow_path(
    kind: str, body: str, update: PointerUpdate | UnknownPointerUpdate
) -> None:
    same(bytes.fromhex(body), update)
    every_truncation_raises(type(update), bytes.fromhex(body))
    raw = bytes.fromhex(kind + "0000" + body)
    same(raw, ServerPointerUpdate(pointer_attribute_data=update))
    every_truncation_raises(ServerPointerUpdate, raw)


def test_an_unknown_slow_path_update_is_kept() -> None:
    unknown = UnknownPointerUpdate(message_type=PointerMessageType(0x99), pointer_attribute_data=b"what")
    same(b"\x99\0\0\0what", ServerPointerUpdate(pointer_attribute_data=unknown))
    same(b"\x99\0what", unknown)


def test_an_unknown_system_pointer_is_kept() -> None:
    update = SystemPointerUpdate.decode(b"\x05\0\0\0")
    assert update.system_pointer_type == 5
    assert not update.system_pointer_type.is_known
    same(b"\x05\0\0\0", update)


def test_the_optional_pad_is_ignored() -> None:
    """xrdp 0.9.21 and FreeRDP 2.11.7 send it."""
    raw = bytes.fromhex(COLOR)
    assert ColorPointerUpdate.decode(raw + b"\0") == COLOR_POINTER
    assert NewPointerUpdate.decode(b"\x18\0" + raw + b"\0").encode() == b"\x18\0" + raw


def test_a_large_pointer() -> None:
    raw = bytes.fromhex(
        "2000"  # xorBpp
        "0100"  # cacheIndex
        "0200 0300"  # hotSpot
        "0100"  # width
        "0100"  # height
        "02000000"  # lengthAndMask
        "04000000"  # lengthXorMask
        "aabbccdd"  # xorMaskData
        "8000"  # andMaskData
    )
    pointer = LargePointerUpdate(
        xor_bpp=32,
        cache_index=1,
        hot_spot=Point(x_pos=2, y_pos=3),
        width=1,
        height=1,
        xor_mask_data=b"\xaa\xbb\xcc\xdd",
        and_mask_data=b"\x80\0",
    )
    same(raw, pointer)
    every_truncation_raises(LargePointerUpdate, raw)
    with pytest.raises(EncodeError, match="LargePointerUpdate has no slow-path form"):
        ServerPointerUpdate(pointer_attribute_data=pointer).encode()


def test_a_mask_beyond_its_length_field_does_not_fit() -> None:
    COLOR_POINTER.encode()
    with pytest.raises(EncodeError):
        ColorPointerUpdate(
            cache_index=0, hot_spot=Point(x_pos=0, y_pos=0), width=1, height=1, xor_mask_data=bytes(0x10000)
        ).encode()


@given(st.binary(max_size=60))
def test_any_bytes_give_a_value_or_a_decode_error(raw: bytes) -> None:
    for cls in (ColorPointerUpdate, NewPointerUpdate, LargePointerUpdate, ServerPointerUpdate, Point):
        value_or_error(cls, raw)
    for kind in PointerMessageType:
        value_or_error(ServerPointerUpdate, bytes((kind, 0, 0, 0)) + raw)
