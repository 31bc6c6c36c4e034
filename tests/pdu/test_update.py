from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.pdu.bitmap import BitmapUpdate
from trio_rdp.pdu.fastpath import UpdateCode
from trio_rdp.pdu.orders import OrdersUpdate
from trio_rdp.pdu.palette import PaletteUpdate
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
from trio_rdp.pdu.surface import FrameAction, FrameMarkerCommand, SurfaceCommands
from trio_rdp.pdu.update import (
    GraphicsUpdate,
    SynchronizeUpdate,
    UnknownUpdate,
    Update,
    UpdateType,
    decode_update,
    encode_update,
)
from trio_rdp.wire.errors import DecodeError, EncodeError, Truncated

POINT = Point(x_pos=1, y_pos=2)
COLOR = ColorPointerUpdate(cache_index=0, hot_spot=POINT, width=0, height=0)


@pytest.mark.parametrize(
    ("raw", "graphics"),
    [
        ("0000 0000 0200 0000 aabb", GraphicsUpdate(update=OrdersUpdate(number_orders=2, order_data=b"\xaa\xbb"))),
        ("0100 0000", GraphicsUpdate(update=BitmapUpdate(rectangles=[]))),
        ("0200 0000 01000000 ff8000", GraphicsUpdate(update=PaletteUpdate(palette_entries=b"\xff\x80\0"))),
        ("0300 0000", GraphicsUpdate(update=SynchronizeUpdate())),
        ("0900 aabb", GraphicsUpdate(update=UnknownUpdate(update_type=UpdateType(9), update_data=b"\xaa\xbb"))),
    ],
)
def test_every_slow_path_update(raw: str, graphics: GraphicsUpdate) -> None:
    same(bytes.fromhex(raw), graphics)


@pytest.mark.parametrize("raw", ["0000 0000 0200 0000", "0100 0000", "0200 0000 01000000 ff8000"])
def test_slow_path_truncations(raw: str) -> None:
    every_truncation_raises(GraphicsUpdate, bytes.fromhex(raw))


def test_a_synchronize_update_may_lack_its_pad() -> None:
    for raw in (b"\3\0", b"\3\0\0"):
        assert GraphicsUpdate.decode(raw) == GraphicsUpdate(update=SynchronizeUpdate())
    with pytest.raises(Truncated):
        GraphicsUpdate.decode(b"\3")


@pytest.mark.parametrize(
    ("code", "update"),
    [
        (UpdateCode.ORDERS, OrdersUpdate(number_orders=1, order_data=b"o")),
        (UpdateCode.BITMAP, BitmapUpdate(rectangles=[])),
        (UpdateCode.PALETTE, PaletteUpdate(palette_entries=b"")),
        (UpdateCode.SYNCHRONIZE, SynchronizeUpdate()),
        (
            UpdateCode.SURFCMDS,
            SurfaceCommands(surface_commands=[FrameMarkerCommand(frame_action=FrameAction.END, frame_id=1)]),
        ),
        (UpdateCode.PTR_NULL, SystemPointerUpdate(system_pointer_type=SystemPointerType.NULL)),
        (UpdateCode.PTR_DEFAULT, SystemPointerUpdate(system_pointer_type=SystemPointerType.DEFAULT)),
        (UpdateCode.PTR_POSITION, PointerPositionUpdate(position=POINT)),
        (UpdateCode.COLOR, COLOR),
        (UpdateCode.CACHED, CachedPointerUpdate(cache_index=3)),
        (UpdateCode.POINTER, NewPointerUpdate(xor_bpp=32, color_ptr_attr=COLOR)),
        (
            UpdateCode.LARGE_POINTER,
            LargePointerUpdate(xor_bpp=32, cache_index=0, hot_spot=POINT, width=0, height=0),
        ),
        (UpdateCode(13), UnknownUpdate(update_type=UpdateType(13), update_data=b"what")),
    ],
)
def test_every_fast_path_update(code: UpdateCode, update: Update) -> None:
    encoded_code, data = encode_update(update)
    assert encoded_code == code
    assert decode_update(code, data) == update


def test_what_has_no_fast_path_form() -> None:
    with pytest.raises(EncodeError, match="system pointer 0x5"):
        encode_update(SystemPointerUpdate(system_pointer_type=SystemPointerType(5)))
    with pytest.raises(EncodeError, match="update code 0x10"):
        encode_update(UnknownUpdate(update_type=UpdateType(16)))


def test_hidden_and_default_pointers_need_no_data() -> None:
    assert decode_update(UpdateCode.PTR_NULL, b"ignored") == SystemPointerUpdate(
        system_pointer_type=SystemPointerType.NULL
    )


@given(st.integers(0, 15), st.binary(max_size=60))
def test_any_bytes_give_a_value_or_a_decode_error(kind: int, raw: bytes) -> None:
    value_or_error(GraphicsUpdate, bytes((kind, 0)) + raw)
    try:
        update = decode_update(kind, raw)
    except DecodeError:
        return
    code, data = encode_update(update)
    assert code == kind
    assert decode_update(code, data) == update
