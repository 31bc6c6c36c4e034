"""`ContactTable`: each transition that [MS-RDPEI] 3.1.1.1 has, and none that it has not."""

from __future__ import annotations

import pytest

from trio_rdp.channels.rdpei.base import ContactFlags
from trio_rdp.channels.rdpei.contacts import Contact, ContactAction, ContactState, ContactTable, check_details
from trio_rdp.channels.rdpei.pen import PenContact
from trio_rdp.channels.rdpei.touch import TouchContact
from trio_rdp.wire.errors import ProtocolError

DOWN = ContactFlags(0x19)
MOVE = ContactFlags(0x1A)
HOVER = ContactFlags(0x0A)
LIFT_TO_HOVER = ContactFlags(0x0C)
UP = ContactFlags(0x04)
LEAVE = ContactFlags(0x02)
CANCEL_UP = ContactFlags(0x24)
CANCEL_HOVER = ContactFlags(0x22)
COMBINATIONS = (DOWN, MOVE, HOVER, LIFT_TO_HOVER, UP, LEAVE, CANCEL_UP, CANCEL_HOVER)

OUT, HOVERING, ENGAGED = ContactState.OUT_OF_RANGE, ContactState.HOVERING, ContactState.ENGAGED
ALLOWED = {
    (OUT, DOWN): (ContactAction.DOWN, ENGAGED),
    (OUT, HOVER): (ContactAction.HOVER, HOVERING),
    (HOVERING, DOWN): (ContactAction.DOWN, ENGAGED),
    (HOVERING, HOVER): (ContactAction.HOVER, HOVERING),
    (HOVERING, LEAVE): (ContactAction.LEAVE, OUT),
    (HOVERING, CANCEL_HOVER): (ContactAction.CANCEL, OUT),
    (ENGAGED, MOVE): (ContactAction.MOVE, ENGAGED),
    (ENGAGED, LIFT_TO_HOVER): (ContactAction.UP, HOVERING),
    (ENGAGED, UP): (ContactAction.UP, OUT),
    (ENGAGED, CANCEL_UP): (ContactAction.CANCEL, OUT),
}


def table_in(state: ContactState) -> ContactTable:
    table = ContactTable(4)
    if state is not OUT:
        table.take_frame([(7, DOWN if state is ENGAGED else HOVER, 10, 20)])
    assert table.state(7) is state
    return table


@pytest.mark.parametrize("state", ContactState)
@pytest.mark.parametrize("flags", [*COMBINATIONS, *(ContactFlags(value) for value in range(0x41))])
def test_every_state_and_every_combination_of_flags(state: ContactState, flags: ContactFlags) -> None:
    table = table_in(state)
    expected = ALLOWED.get((state, flags))
    if expected is None:
        with pytest.raises(ProtocolError, match=f"contact 7 is {state.value} and cannot be"):
            table.take_frame([(7, flags, 10, 20)])
        assert table.state(7) is state
    else:
        action, after = expected
        assert table.take_frame([(7, flags, 10, 20)]) == [(action, Contact(after, 10, 20))]
        assert table.state(7) is after
        assert len(table) == (after is not OUT)


@pytest.mark.parametrize(("flags", "at"), [(MOVE, (1, 2)), (UP, (10, 20)), (LIFT_TO_HOVER, (10, 20))])
def test_a_contact_is_lifted_where_it_was(flags: ContactFlags, at: tuple[int, int]) -> None:
    ((_, contact),) = table_in(ENGAGED).take_frame([(7, flags, 1, 2)])
    assert (contact.x, contact.y) == at


def test_a_hovering_contact_may_come_down_elsewhere() -> None:
    assert table_in(HOVERING).take_frame([(7, DOWN, 1, 2)]) == [(ContactAction.DOWN, Contact(ENGAGED, 1, 2))]


def test_a_frame_counts_whole_or_not_at_all() -> None:
    table = table_in(ENGAGED)
    for second in ((7, MOVE, 5, 5), (8, MOVE, 5, 5)):
        with pytest.raises(ProtocolError):
            table.take_frame([(7, MOVE, 11, 21), second])
        assert table[7] == Contact(ENGAGED, 10, 20)
        assert list(table) == [7]


def test_no_more_than_so_many() -> None:
    table = ContactTable(2)
    table.take_frame([(0, DOWN, 0, 0), (1, HOVER, 0, 0)])
    with pytest.raises(ProtocolError, match="3 contacts at once, of which there may be 2"):
        table.take_frame([(2, DOWN, 0, 0)])
    table.take_frame([(0, UP, 0, 0), (2, DOWN, 0, 0)])
    assert list(table) == [1, 2]


def test_copies_and_forgetting() -> None:
    table = table_in(HOVERING)
    copy = table.copy()
    assert table.clear() == {7: Contact(HOVERING, 10, 20)}
    assert len(table) == 0
    assert (len(copy), copy.limit) == (1, 4)
    copy.remove(7)
    assert copy.state(7) is OUT


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("pressure", (0, 1024), (1025,)),
        ("rotation", (0, 359), (360,)),
        ("tilt_x", (-90, 90), (-91, 91)),
        ("tilt_y", (-90, 90), (-91, 91)),
    ],
)
def test_details_of_pens(name: str, good: tuple[int, ...], bad: tuple[int, ...]) -> None:
    for value in (None, *good):
        check_details(PenContact(x=0, y=0, contact_flags=HOVER, **{name: value}))  # type: ignore[arg-type]
    for value in bad:
        with pytest.raises(ProtocolError, match=f"{name} {value} is not"):
            check_details(PenContact(x=0, y=0, contact_flags=HOVER, **{name: value}))  # type: ignore[arg-type]


def test_details_of_fingers() -> None:
    check_details(TouchContact(contact_id=0, x=0, y=0, contact_flags=DOWN, orientation=359, pressure=1024))
    with pytest.raises(ProtocolError, match="orientation 360 is not 0 to 359"):
        check_details(TouchContact(contact_id=0, x=0, y=0, contact_flags=DOWN, orientation=360))
    with pytest.raises(ProtocolError, match="pressure 1025 is not 0 to 1024"):
        check_details(TouchContact(contact_id=0, x=0, y=0, contact_flags=DOWN, pressure=1025))
