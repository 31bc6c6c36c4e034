from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.pdu.input import (
    ExtendedMouseEvent,
    ExtendedPointerFlags,
    InputEvent,
    InputEventData,
    InputEventType,
    KeyboardEvent,
    KeyboardFlags,
    MouseEvent,
    PointerFlags,
    QoeTimestampEvent,
    RelativeMouseEvent,
    RelativePointerFlags,
    SlowPathInputEvent,
    SynchronizeEvent,
    ToggleFlags,
    UnicodeKeyboardEvent,
    UnknownInputEvent,
    UnusedEvent,
)
from trio_rdp.wire.errors import EncodeError, Truncated

EVERY_EVENT: list[tuple[str, InputEvent]] = [
    # messageType, then the event's six bytes
    ("0400 00c1 1d00 0000", KeyboardEvent(keyboard_flags=KeyboardFlags(0xC100), key_code=0x1D)),
    ("0500 0080 ac20 0000", UnicodeKeyboardEvent(keyboard_flags=KeyboardFlags.RELEASE, unicode_code=0x20AC)),
    ("0180 0090 3900 4a00", MouseEvent(pointer_flags=PointerFlags(0x9000), x_pos=57, y_pos=74)),
    ("0280 0180 7200 0b00", ExtendedMouseEvent(pointer_flags=ExtendedPointerFlags(0x8001), x_pos=114, y_pos=11)),
    ("0480 0008 b100 79ff", RelativeMouseEvent(pointer_flags=RelativePointerFlags.MOVE, x_delta=177, y_delta=-135)),
    ("0000 0000 0600 0000", SynchronizeEvent(toggle_flags=ToggleFlags.NUM_LOCK | ToggleFlags.CAPS_LOCK)),
    ("0200 0000 0000 0000", UnusedEvent()),
    (
        "7777 0102 0304 0506",
        UnknownInputEvent(message_type=InputEventType(0x7777), slow_path_input_data=b"\1\2\3\4\5\6"),
    ),
]


@pytest.mark.parametrize(("raw", "event"), EVERY_EVENT, ids=[type(event).__name__ for _, event in EVERY_EVENT])
def test_every_event_in_its_envelope(raw: str, event: InputEvent) -> None:
    encoded = bytes.fromhex("04030201" + raw)
    same(encoded, SlowPathInputEvent(event_time=0x01020304, event=event))
    every_truncation_raises(SlowPathInputEvent, encoded)


def test_input_event_data_counts_its_events() -> None:
    raw = bytes.fromhex("0800 0000" + "".join("00000000" + event for event, _ in EVERY_EVENT))
    same(raw, InputEventData(slow_path_input_events=[SlowPathInputEvent(event=event) for _, event in EVERY_EVENT]))
    every_truncation_raises(InputEventData, raw)


def test_pads_are_ignored_and_written_as_zeros() -> None:
    data = InputEventData.decode(bytes.fromhex("0100 ffff 00000000 0400 0000 1e00 ffff"))
    assert data.encode() == bytes.fromhex("0100 0000 00000000 0400 0000 1e00 0000")


def test_a_count_that_no_pdu_could_hold_is_refused_before_a_list_is_built() -> None:
    with pytest.raises(Truncated, match="65535 events need 786420 bytes, 12 left"):
        InputEventData.decode(bytes.fromhex("ffff 0000") + bytes(12))


def test_a_qoe_timestamp_has_no_slow_path_form() -> None:
    same(b"\1\0\0\0", QoeTimestampEvent(timestamp=1))
    with pytest.raises(EncodeError, match="QoeTimestampEvent has no slow-path form"):
        SlowPathInputEvent(event=QoeTimestampEvent(timestamp=1)).encode()


@pytest.mark.parametrize(
    ("rotation", "horizontal", "flags"),
    [(120, False, 0x0278), (-120, False, 0x0388), (120, True, 0x0478), (-1, True, 0x05FF), (-256, False, 0x0300)],
)
def test_the_wheel_turns_both_ways(rotation: int, horizontal: bool, flags: int) -> None:
    built = PointerFlags.wheel(rotation, horizontal=horizontal)
    assert built == flags
    assert built.wheel_rotation == rotation


@pytest.mark.parametrize("rotation", [256, -257])
def test_a_rotation_beyond_nine_bits_is_refused(rotation: int) -> None:
    with pytest.raises(EncodeError, match="does not fit"):
        PointerFlags.wheel(rotation)


def test_values_beyond_their_fields_are_refused() -> None:
    with pytest.raises(EncodeError):
        InputEventData(slow_path_input_events=[SlowPathInputEvent(event=KeyboardEvent(key_code=0x10000))]).encode()


@given(st.binary(max_size=80))
def test_any_bytes_give_a_value_or_a_decode_error(raw: bytes) -> None:
    value_or_error(InputEventData, raw)
    value_or_error(SlowPathInputEvent, raw)
