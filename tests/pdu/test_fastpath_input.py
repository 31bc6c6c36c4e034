from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.pdu.fastpath import FastPathFlags, FastPathHeader
from trio_rdp.pdu.fastpath_input import MAX_EVENTS, FastPathEventCode, FastPathInput, decode_events
from trio_rdp.pdu.input import (
    ExtendedMouseEvent,
    ExtendedPointerFlags,
    InputEvent,
    KeyboardEvent,
    KeyboardFlags,
    MouseEvent,
    PointerFlags,
    QoeTimestampEvent,
    RelativeMouseEvent,
    RelativePointerFlags,
    SynchronizeEvent,
    ToggleFlags,
    UnicodeKeyboardEvent,
    UnusedEvent,
)
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated

EVERY_EVENT: list[tuple[str, InputEvent]] = [
    ("01 1d", KeyboardEvent(keyboard_flags=KeyboardFlags.RELEASE, key_code=0x1D)),
    ("02 4b", KeyboardEvent(keyboard_flags=KeyboardFlags.EXTENDED, key_code=0x4B)),
    ("05 1d", KeyboardEvent(keyboard_flags=KeyboardFlags.EXTENDED1 | KeyboardFlags.RELEASE, key_code=0x1D)),
    ("20 0008 ab02 6f01", MouseEvent(pointer_flags=PointerFlags.MOVE, x_pos=683, y_pos=367)),
    ("40 0180 f804 2002", ExtendedMouseEvent(pointer_flags=ExtendedPointerFlags(0x8001), x_pos=1272, y_pos=544)),
    ("6b", SynchronizeEvent(toggle_flags=ToggleFlags(0x0B))),
    ("81 ac20", UnicodeKeyboardEvent(keyboard_flags=KeyboardFlags.RELEASE, unicode_code=0x20AC)),
    ("a0 0090 3f00 adff", RelativeMouseEvent(pointer_flags=RelativePointerFlags(0x9000), x_delta=63, y_delta=-83)),
    ("c0 04030201", QoeTimestampEvent(timestamp=0x01020304)),
]


def test_the_documents_own_example() -> None:
    """[MS-RDPBCGR] 4.7: what a Microsoft RDP 5.1 client sent, encrypted."""
    raw = bytes.fromhex(
        "c4"  # fpInputHeader: action 0, numEvents 1, flags 3
        "11"  # length1 = 17 bytes
        "30356b5bb534c847"  # dataSignature
        "26185e760ede28"  # encrypted fpInputEvents
    )
    header = FastPathHeader.decode(raw)
    assert header == FastPathHeader(
        flags=FastPathFlags.SECURE_CHECKSUM | FastPathFlags.ENCRYPTED, number_events=1, length=17
    )
    assert header.encode() == raw[:2]
    with pytest.raises(InvalidField, match="an encrypted PDU"):
        FastPathInput.decode(raw)

    decrypted = bytes.fromhex(
        "20"  # eventHeader: eventFlags 0, eventCode 1 (FASTPATH_INPUT_EVENT_MOUSE)
        "0008"  # pointerFlags = PTRFLAGS_MOVE
        "ab02"  # xPos = 683
        "6f01"  # yPos = 367
    )
    move = MouseEvent(pointer_flags=PointerFlags.MOVE, x_pos=683, y_pos=367)
    assert decode_events(decrypted, header.number_events) == [move]
    same(b"\x04\x09" + decrypted, FastPathInput(fp_input_events=[move]))


@pytest.mark.parametrize(("raw", "event"), EVERY_EVENT, ids=[raw for raw, _ in EVERY_EVENT])
def test_every_event_alone(raw: str, event: InputEvent) -> None:
    payload = bytes.fromhex(raw)
    encoded = bytes((0x04, len(payload) + 2)) + payload
    same(encoded, FastPathInput(fp_input_events=[event]))
    every_truncation_raises(FastPathInput, encoded)
    for size in range(len(payload)):  # the same, where the header admits that the event is not whole
        with pytest.raises(Truncated):
            FastPathInput.decode(bytes((0x04, size + 2)) + payload[:size])


def test_up_to_fifteen_events_are_counted_in_the_header() -> None:
    events: list[InputEvent] = [KeyboardEvent(key_code=code) for code in range(15)]
    raw = FastPathInput(fp_input_events=events).encode()
    assert raw[:4] == bytes((15 << 2, 32, 0, 0))
    same(raw, FastPathInput(fp_input_events=events))


def test_more_events_have_a_count_of_their_own_and_a_long_length() -> None:
    events: list[InputEvent] = [KeyboardEvent(key_code=code) for code in range(255)]
    raw = FastPathInput(fp_input_events=events).encode()
    assert raw[:5] == bytes((0, 0x82, 0x02, 255, 0))  # 3 of header, 1 of count, 510 of events
    same(raw, FastPathInput(fp_input_events=events))
    with pytest.raises(EncodeError, match=f"256 events exceed {MAX_EVENTS}"):
        FastPathInput(fp_input_events=[*events, events[0]]).encode()


def test_no_event_at_all() -> None:
    same(b"\0\3\0", FastPathInput(fp_input_events=[]))
    with pytest.raises(Truncated, match="numEvents"):
        FastPathInput.decode(b"\0\2")


def test_twelve_events_look_like_der() -> None:
    """0x30 starts a TSRequest too, and a PDU of twelve events: only the phase tells them apart."""
    raw = FastPathInput(fp_input_events=[KeyboardEvent(key_code=1)] * 12).encode()
    assert raw[0] == 0x30
    assert len(FastPathInput.decode(raw).fp_input_events) == 12


def test_an_event_of_no_known_length_ends_the_pdu() -> None:
    with pytest.raises(InvalidField, match="event code 7 is unknown"):
        FastPathInput.decode(b"\x04\x05\xe0\0\0")
    assert not FastPathEventCode(7).is_known


def test_what_the_fast_path_cannot_say() -> None:
    with pytest.raises(EncodeError, match="UnusedEvent has no fast-path form"):
        FastPathInput(fp_input_events=[UnusedEvent()]).encode()
    with pytest.raises(EncodeError):
        FastPathInput(fp_input_events=[KeyboardEvent(key_code=0x100)]).encode()
    down = KeyboardEvent(keyboard_flags=KeyboardFlags.DOWN, key_code=1)
    assert FastPathInput(fp_input_events=[down]).encode() == b"\x04\x04\x00\x01"


def test_bytes_behind_the_pdu_are_another_pdu() -> None:
    assert FastPathInput.decode(b"\x04\x03\x6b\xff\xff") == FastPathInput(
        fp_input_events=[SynchronizeEvent(toggle_flags=ToggleFlags(0x0B))]
    )


@given(st.binary(max_size=60))
def test_any_bytes_give_a_value_or_a_decode_error(raw: bytes) -> None:
    value_or_error(FastPathInput, raw)
    value_or_error(FastPathInput, bytes((len(raw) % 16 << 2, 0x80, len(raw) + 3)) + raw)
