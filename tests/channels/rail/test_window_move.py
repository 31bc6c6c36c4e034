from __future__ import annotations

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.rail.window_move import (
    MinMaxInfo,
    MoveSizeEnd,
    MoveSizeStart,
    MoveSizeType,
    WindowMove,
    WindowSnap,
    decode_local_move_size,
)
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated
from trio_rdp.wire.pdu import Pdu

START = "0900 1000 94000100 0100 0800 2c05 e903"

# orderType, orderLength, WindowId, and the other fields: the captures of [MS-RDPERP] 4.6, then others
MESSAGES: list[tuple[str, Pdu]] = [
    (
        "0800 1000 20000200 0903 0001 db05 8801",  # Left, Top, Right, Bottom
        WindowMove(window_id=0x20020, left=777, top=256, right=1499, bottom=392),
    ),
    (
        START,  # IsMoveSizeStart, MoveSizeType, PosX, PosY
        MoveSizeStart(window_id=0x10094, move_size_type=MoveSizeType.BOTTOMRIGHT, pos_x=1324, pos_y=1001),
    ),
    (
        # MaxWidth, MaxHeight, MaxPosX, MaxPosY, MinTrackWidth, MinTrackHeight, MaxTrackWidth, MaxTrackHeight
        "0a00 1800 94000100 4806 b804 0000 0000 7000 1b00 4c06 bc04",
        MinMaxInfo(
            window_id=0x10094,
            max_width=1608,
            max_height=1208,
            max_pos_x=0,
            max_pos_y=0,
            min_track_width=112,
            min_track_height=27,
            max_track_width=1612,
            max_track_height=1212,
        ),
    ),
    (
        "0900 1000 94000100 0000 0900 f8ff 0a00",  # IsMoveSizeStart, MoveSizeType, TopLeftX, TopLeftY
        MoveSizeEnd(window_id=0x10094, move_size_type=MoveSizeType.MOVE, top_left_x=-8, top_left_y=10),
    ),
    (
        "1700 1000 20000200 f8ff f8ff 8007 3804",
        WindowSnap(window_id=0x20020, left=-8, top=-8, right=1920, bottom=1080),
    ),
]


@pytest.mark.parametrize(("raw", "message"), MESSAGES)
def test_messages(raw: str, message: Pdu) -> None:
    same(bytes.fromhex(raw), message)
    every_truncation_raises(type(message), bytes.fromhex(raw))


def test_start_and_end_are_told_apart() -> None:
    for raw, message in (MESSAGES[1], MESSAGES[3]):
        assert decode_local_move_size(bytes.fromhex(raw)) == message
        for size in range(len(message.encode())):
            with pytest.raises(Truncated):
                decode_local_move_size(bytes.fromhex(raw)[:size])
    with pytest.raises(InvalidField, match="the start of a move"):
        MoveSizeEnd.decode(bytes.fromhex(START))
    with pytest.raises(InvalidField, match="the end of a move"):
        MoveSizeStart.decode(bytes.fromhex(MESSAGES[3][0]))


def test_any_number_but_zero_is_a_start() -> None:
    raw = bytes.fromhex(START.replace("0100 0800", "0080 0800"))
    assert decode_local_move_size(raw).encode() == bytes.fromhex(START)


def test_what_does_not_fit() -> None:
    with pytest.raises(EncodeError, match="MoveSizeEnd"):
        MoveSizeEnd(window_id=0, move_size_type=MoveSizeType.MOVE, top_left_x=0x8000, top_left_y=0).encode()
