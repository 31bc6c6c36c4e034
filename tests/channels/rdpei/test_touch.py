from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.channels.rdpei.base import MAX_CONTACTS, MAX_FRAMES, ContactFlags
from trio_rdp.channels.rdpei.touch import TouchContact, TouchEvent, TouchFrame
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated

ENGAGED = ContactFlags.UPDATE | ContactFlags.INRANGE | ContactFlags.INCONTACT

EVENT = bytes.fromhex(
    "0300"  # eventId: EVENTID_TOUCH
    "2a000000"  # pduLength: 42
    "4140"  # encodeTime: 0x140 ms
    "02"  # frameCount
    "01"  # contactCount
    "00"  # frameOffset
    "05"  # contactId
    "00"  # fieldsPresent
    "4064"  # x: 100
    "6064"  # y: -100
    "19"  # contactFlags: DOWN | INRANGE | INCONTACT
    "02"  # contactCount
    "212c"  # frameOffset: 300 microseconds
    "00"  # contactId
    "07"  # fieldsPresent: CONTACTRECT | ORIENTATION | PRESSURE
    "03"  # x
    "24"  # y: -4
    "1a"  # contactFlags: UPDATE | INRANGE | INCONTACT
    "45"  # contactRectLeft: -5
    "c050"  # contactRectTop: -80
    "05"  # contactRectRight
    "8050"  # contactRectBottom: 80
    "4167"  # orientation: 359
    "4400"  # pressure: 1024
    "01"  # contactId
    "04"  # fieldsPresent: PRESSURE
    "00"  # x
    "00"  # y
    "24"  # contactFlags: UP | CANCELED
    "00"  # pressure
)


def contact(contact_id: int = 0, **optional: int) -> TouchContact:
    return TouchContact(contact_id=contact_id, x=1, y=2, contact_flags=ENGAGED, **optional)


def test_event() -> None:
    down = ContactFlags.DOWN | ContactFlags.INRANGE | ContactFlags.INCONTACT
    same(
        EVENT,
        TouchEvent(
            encode_time=0x140,
            frames=[
                TouchFrame(contacts=[TouchContact(contact_id=5, x=100, y=-100, contact_flags=down)]),
                TouchFrame(
                    frame_offset=300,
                    contacts=[
                        TouchContact(
                            contact_id=0,
                            x=3,
                            y=-4,
                            contact_flags=ENGAGED,
                            contact_rect_left=-5,
                            contact_rect_top=-80,
                            contact_rect_right=5,
                            contact_rect_bottom=80,
                            orientation=359,
                            pressure=1024,
                        ),
                        TouchContact(
                            contact_id=1,
                            x=0,
                            y=0,
                            contact_flags=ContactFlags.UP | ContactFlags.CANCELED,
                            pressure=0,
                        ),
                    ],
                ),
            ],
        ),
    )
    every_truncation_raises(TouchEvent, EVENT)


def test_every_shorter_length_is_truncated() -> None:
    for size in range(6, len(EVENT)):
        with pytest.raises(Truncated):
            TouchEvent.decode(EVENT[:2] + size.to_bytes(4, "little") + EVENT[6:])


def test_a_field_that_is_not_known_ends_the_message() -> None:
    with pytest.raises(InvalidField, match="fields 0x8"):
        TouchContact.decode(bytes.fromhex("00 08 00 00 00 00"))


def test_a_rectangle_has_four_bounds() -> None:
    with pytest.raises(EncodeError, match="with 1 of its 4 bounds"):
        contact(contact_rect_top=1).encode()
    with pytest.raises(EncodeError, match="with 3 of its 4 bounds"):
        contact(contact_rect_left=0, contact_rect_top=1, contact_rect_right=2).encode()


def test_what_does_not_fit() -> None:
    for wrong in (contact(256), contact(-1), contact(orientation=-1), contact(pressure=1 << 30)):
        with pytest.raises(EncodeError):
            TouchEvent(frames=[TouchFrame(contacts=[wrong])]).encode()


def test_limits() -> None:
    full = TouchEvent(frames=[TouchFrame(contacts=[contact(at) for at in range(MAX_CONTACTS)])])
    assert TouchEvent.decode(full.encode()) == full
    many = TouchEvent(frames=[TouchFrame(contacts=[])] * MAX_FRAMES)
    assert TouchEvent.decode(many.encode()) == many
    with pytest.raises(EncodeError, match="257 items exceed 256"):
        TouchFrame(contacts=[contact()] * (MAX_CONTACTS + 1)).encode()
    with pytest.raises(EncodeError, match="1025 items exceed 1024"):
        TouchEvent(frames=[TouchFrame(contacts=[])] * (MAX_FRAMES + 1)).encode()
    with pytest.raises(InvalidField, match="257 items exceed 256"):
        TouchFrame.decode(bytes.fromhex("8101 00") + bytes(5 * 257))
    with pytest.raises(InvalidField, match="1025 items exceed 1024"):
        TouchEvent.decode(bytes.fromhex("0300 09080000 00 8401") + bytes(2 * 1025))
    with pytest.raises(Truncated, match="needs 1280 bytes"):
        TouchFrame.decode(bytes.fromhex("8100 00") + bytes(5))


@given(st.binary(max_size=60))
def test_any_bytes(raw: bytes) -> None:
    value_or_error(TouchEvent, b"\3\0" + (6 + len(raw)).to_bytes(4, "little") + raw)
    value_or_error(TouchEvent, raw)
