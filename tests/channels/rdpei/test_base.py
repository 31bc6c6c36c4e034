from __future__ import annotations

import pytest

from tests.pdu.laws import same
from trio_rdp.channels.rdpei.base import (
    MAX_CONTACTS,
    MAX_FRAMES,
    ContactFlags,
    EventId,
    UnknownRdpeiPdu,
    fields_present,
    read_count,
    read_fields_present,
    read_items,
    write_count,
    write_items,
)
from trio_rdp.channels.rdpei.control import DismissHoveringTouchContact, ResumeInput, SuspendInput
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated


def test_header() -> None:
    raw = bytes.fromhex(
        "0600"  # eventId: EVENTID_DISMISS_HOVERING_TOUCH_CONTACT
        "07000000"  # pduLength
        "03"  # contactId
    )
    same(raw, DismissHoveringTouchContact(contact_id=3))
    assert DismissHoveringTouchContact.event_id is EventId.DISMISS_HOVERING_TOUCH_CONTACT


def test_header_errors() -> None:
    with pytest.raises(InvalidField, match=r"SuspendInput.event_id: event 0x5 instead of 0x4"):
        SuspendInput.decode(ResumeInput().encode())
    with pytest.raises(InvalidField, match="a message of 5 bytes") as caught:
        SuspendInput.decode(bytes.fromhex("0400 05000000"))
    assert (caught.value.pdu, caught.value.field) == ("SuspendInput", "pdu_length")
    with pytest.raises(Truncated):
        SuspendInput.decode(bytes.fromhex("0400 07000000"))
    with pytest.raises(Truncated):  # a length that ends before the message does
        DismissHoveringTouchContact.decode(bytes.fromhex("0600 06000000 03"))
    with pytest.raises(EncodeError, match="DismissHoveringTouchContact"):
        DismissHoveringTouchContact(contact_id=256).encode()


def test_unknown_messages() -> None:
    same(bytes.fromhex("0700 08000000 aabb"), UnknownRdpeiPdu(event_id=7, data=b"\xaa\xbb"))
    with pytest.raises(InvalidField, match="a message of 0 bytes"):
        UnknownRdpeiPdu.decode(bytes(6))
    with pytest.raises(EncodeError, match="UnknownRdpeiPdu"):
        UnknownRdpeiPdu(event_id=0x10000).encode()


def test_fields_present() -> None:
    assert fields_present(None, 0, None, 5) == 0b1010
    assert read_fields_present(Cursor(b"\x05"), 0x07) == 5
    with pytest.raises(InvalidField, match="fields 0x8, known are 0x7"):
        read_fields_present(Cursor(b"\x08"), 0x07)


@pytest.mark.parametrize("limit", [MAX_FRAMES, MAX_CONTACTS])
def test_counts(limit: int) -> None:
    dst = bytearray()
    write_count(dst, limit, limit)
    assert read_count(Cursor(bytes(dst)), limit) == limit
    with pytest.raises(InvalidField, match=f"{limit} items exceed {limit - 1}"):
        read_count(Cursor(bytes(dst)), limit - 1)
    with pytest.raises(EncodeError, match=f"{limit + 1} items exceed {limit}"):
        write_count(dst, limit + 1, limit)


def test_items() -> None:
    dst = bytearray()
    items = [DismissHoveringTouchContact(contact_id=at) for at in range(3)]
    write_items(dst, items)
    assert dst == b"\0\1\2"
    assert read_items(Cursor(bytes(dst)), DismissHoveringTouchContact, 3, 1) == items
    src = Cursor(bytes(dst))
    with pytest.raises(Truncated, match="needs 4 bytes, 3 left"):
        read_items(src, DismissHoveringTouchContact, 4, 1)
    assert src.pos == 0


def test_contact_flags() -> None:
    engaged = ContactFlags.DOWN | ContactFlags.INRANGE | ContactFlags.INCONTACT
    assert (engaged, repr(engaged)) == (0x19, "ContactFlags(DOWN|INRANGE|INCONTACT)")
