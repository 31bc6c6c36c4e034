from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.channels.rdpei.base import MAX_CONTACTS, MAX_FRAMES, ContactFlags
from trio_rdp.channels.rdpei.pen import PenContact, PenEvent, PenFlags, PenFrame
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated

EVENT = bytes.fromhex(
    "0800"  # eventId: EVENTID_PEN
    "22000000"  # pduLength: 34
    "0a"  # encodeTime: 10 ms
    "02"  # frameCount
    "01"  # contactCount
    "00"  # frameOffset
    "00"  # deviceId
    "00"  # fieldsPresent
    "457f"  # x: 1407
    "6050"  # y: -80
    "0a"  # contactFlags: UPDATE | INRANGE
    "01"  # contactCount
    "23e8"  # frameOffset: 1000 microseconds
    "03"  # deviceId
    "1f"  # fieldsPresent: all
    "01"  # x
    "02"  # y
    "1a"  # contactFlags: UPDATE | INRANGE | INCONTACT
    "05"  # penFlags: BARREL_PRESSED | INVERTED
    "4400"  # pressure: 1024
    "8167"  # rotation: 359
    "c05a"  # tiltX: -90
    "805a"  # tiltY: 90
)


def contact(**optional: int) -> PenContact:
    pen_flags = optional.pop("pen_flags", None)
    flags = None if pen_flags is None else PenFlags(pen_flags)
    return PenContact(x=1, y=2, contact_flags=ContactFlags.UPDATE, pen_flags=flags, **optional)


def test_event() -> None:
    hovering = ContactFlags.UPDATE | ContactFlags.INRANGE
    same(
        EVENT,
        PenEvent(
            encode_time=10,
            frames=[
                PenFrame(contacts=[PenContact(x=1407, y=-80, contact_flags=hovering)]),
                PenFrame(
                    frame_offset=1000,
                    contacts=[
                        PenContact(
                            device_id=3,
                            x=1,
                            y=2,
                            contact_flags=hovering | ContactFlags.INCONTACT,
                            pen_flags=PenFlags.BARREL_PRESSED | PenFlags.INVERTED,
                            pressure=1024,
                            rotation=359,
                            tilt_x=-90,
                            tilt_y=90,
                        )
                    ],
                ),
            ],
        ),
    )
    every_truncation_raises(PenEvent, EVENT)


def test_every_shorter_length_is_truncated() -> None:
    for size in range(6, len(EVENT)):
        with pytest.raises(Truncated):
            PenEvent.decode(EVENT[:2] + size.to_bytes(4, "little") + EVENT[6:])


@pytest.mark.parametrize(
    ("fields_present", "name"),
    [(0x01, "pen_flags"), (0x02, "pressure"), (0x04, "rotation"), (0x08, "tilt_x"), (0x10, "tilt_y")],
)
def test_each_field_alone(fields_present: int, name: str) -> None:
    same(bytes([0, fields_present, 1, 2, 2, 6]), contact(**{name: 6}))


def test_a_field_that_is_not_known_ends_the_message() -> None:
    with pytest.raises(InvalidField, match="fields 0x20"):
        PenContact.decode(bytes.fromhex("00 20 00 00 00 00"))


def test_what_does_not_fit() -> None:
    for wrong in (
        PenContact(device_id=256, x=0, y=0, contact_flags=ContactFlags.UP),
        contact(rotation=-1),
        contact(tilt_x=0x4000),
        contact(pressure=-1),
    ):
        with pytest.raises(EncodeError):
            PenEvent(frames=[PenFrame(contacts=[wrong])]).encode()


def test_limits() -> None:
    full = PenFrame(contacts=[contact()] * MAX_CONTACTS)
    assert PenFrame.decode(full.encode()) == full
    with pytest.raises(EncodeError, match="257 items exceed 256"):
        PenFrame(contacts=[contact()] * (MAX_CONTACTS + 1)).encode()
    with pytest.raises(EncodeError, match="1025 items exceed 1024"):
        PenEvent(frames=[PenFrame(contacts=[])] * (MAX_FRAMES + 1)).encode()
    with pytest.raises(InvalidField, match="257 items exceed 256"):
        PenFrame.decode(bytes.fromhex("8101 00") + bytes(5 * 257))


@given(st.binary(max_size=60))
def test_any_bytes(raw: bytes) -> None:
    value_or_error(PenEvent, b"\x08\0" + (6 + len(raw)).to_bytes(4, "little") + raw)
    value_or_error(PenEvent, raw)
