"""`ContactTable`: which contacts there are, and what each may do next, [MS-RDPEI] 3.1.1.1, for both sides."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from trio_rdp.channels.rdpei.base import ContactFlags
from trio_rdp.channels.rdpei.pen import PenContact
from trio_rdp.channels.rdpei.touch import TouchContact
from trio_rdp.wire.errors import ProtocolError

__all__ = ["ENGAGE", "LIFT", "STAY", "Contact", "ContactAction", "ContactState", "ContactTable", "check_details"]


class ContactState(enum.Enum):
    """Where a contact is."""

    OUT_OF_RANGE = "out of range"
    HOVERING = "hovering"
    """Near enough to be seen."""
    ENGAGED = "engaged"
    """On the surface."""


class ContactAction(enum.Enum):
    """What a contact did."""

    DOWN = "down"
    MOVE = "move"
    """Still on the surface, perhaps at the same place."""
    UP = "up"
    """It left the surface, and hovers or is gone."""
    HOVER = "hover"
    """It came into range, or is still there."""
    LEAVE = "leave"
    """It hovered, and is gone."""
    CANCEL = "cancel"
    """It is gone, and what it did does not count."""


_D, _U, _UP = ContactFlags.DOWN, ContactFlags.UPDATE, ContactFlags.UP
_RANGE, _TOUCH, _CANCELED = ContactFlags.INRANGE, ContactFlags.INCONTACT, ContactFlags.CANCELED

ENGAGE = _D | _RANGE | _TOUCH
"""The flags of a contact that comes down."""
LIFT = _UP | _RANGE
"""The flags of a contact that leaves the surface and hovers."""
STAY = {ContactState.HOVERING: _U | _RANGE, ContactState.ENGAGED: _U | _RANGE | _TOUCH}
"""The flags of a contact whose state stays as it is."""

_APPROACH = {
    ENGAGE: (ContactAction.DOWN, ContactState.ENGAGED),
    STAY[ContactState.HOVERING]: (ContactAction.HOVER, ContactState.HOVERING),
}
_TRANSITIONS: dict[ContactState, dict[ContactFlags, tuple[ContactAction, ContactState]]] = {
    ContactState.OUT_OF_RANGE: _APPROACH,
    ContactState.HOVERING: _APPROACH
    | {
        _U: (ContactAction.LEAVE, ContactState.OUT_OF_RANGE),
        _U | _CANCELED: (ContactAction.CANCEL, ContactState.OUT_OF_RANGE),
    },
    ContactState.ENGAGED: {
        STAY[ContactState.ENGAGED]: (ContactAction.MOVE, ContactState.ENGAGED),
        LIFT: (ContactAction.UP, ContactState.HOVERING),
        _UP: (ContactAction.UP, ContactState.OUT_OF_RANGE),
        _UP | _CANCELED: (ContactAction.CANCEL, ContactState.OUT_OF_RANGE),
    },
}

_MAX_PRESSURE = 1024
_MAX_ANGLE = 359
_MAX_TILT = 90


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact that is in range or on the surface, and where."""

    state: ContactState
    x: int
    y: int


class ContactTable:
    """The contacts that are in range or on the surface, by id; at most `limit` of them."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._contacts: dict[int, Contact] = {}

    def __len__(self) -> int:
        return len(self._contacts)

    def __iter__(self) -> Iterator[int]:
        return iter(self._contacts)

    def __getitem__(self, contact_id: int) -> Contact:
        return self._contacts[contact_id]

    def state(self, contact_id: int) -> ContactState:
        """Where a contact is."""
        found = self._contacts.get(contact_id)
        return ContactState.OUT_OF_RANGE if found is None else found.state

    def copy(self) -> ContactTable:
        """Another table with the same contacts."""
        found = ContactTable(self.limit)
        found._contacts = dict(self._contacts)
        return found

    def clear(self) -> dict[int, Contact]:
        """Forget all contacts, and give them."""
        found, self._contacts = self._contacts, {}
        return found

    def remove(self, contact_id: int) -> None:
        """Forget a contact that is out of range now."""
        del self._contacts[contact_id]

    def take_frame(self, changes: Iterable[tuple[int, ContactFlags, int, int]]) -> list[tuple[ContactAction, Contact]]:
        """Take what one frame says of contacts: id, flags, x and y of each.

        Gives what each did and where it is then.  Raises `ProtocolError` with the reason, and changes nothing, where
        the document does not allow that.
        """
        after = dict(self._contacts)
        steps = []
        seen = set()
        for contact_id, flags, x, y in changes:
            if contact_id in seen:
                raise ProtocolError(f"contact {contact_id} is twice in a frame")
            seen.add(contact_id)
            before = after.get(contact_id)
            action, contact = _step(contact_id, before, flags, x, y)
            if contact.state is ContactState.OUT_OF_RANGE:
                after.pop(contact_id, None)
            else:
                after[contact_id] = contact
            steps.append((action, contact))
        if len(after) > self.limit:
            raise ProtocolError(f"{len(after)} contacts at once, of which there may be {self.limit}")
        self._contacts = after
        return steps


def _step(
    contact_id: int, before: Contact | None, flags: ContactFlags, x: int, y: int
) -> tuple[ContactAction, Contact]:
    state = ContactState.OUT_OF_RANGE if before is None else before.state
    found = _TRANSITIONS[state].get(flags)
    if found is None:
        raise ProtocolError(f"contact {contact_id} is {state.value} and cannot be {flags!r} next")
    action, state = found
    if before is not None and before.state is ContactState.ENGAGED and action is not ContactAction.MOVE:
        # "the contact position cannot change"; FreeRDP 2 lifts it elsewhere if it moved straight across or down.
        x, y = before.x, before.y
    return action, Contact(state, x, y)


def check_details(contact: TouchContact | PenContact) -> None:
    """Raise `ProtocolError` for a pressure, an angle or a tilt that the document does not allow."""
    _check("pressure", contact.pressure, 0, _MAX_PRESSURE)
    match contact:
        case TouchContact():
            _check("orientation", contact.orientation, 0, _MAX_ANGLE)
        case PenContact():
            _check("rotation", contact.rotation, 0, _MAX_ANGLE)
            _check("tilt_x", contact.tilt_x, -_MAX_TILT, _MAX_TILT)
            _check("tilt_y", contact.tilt_y, -_MAX_TILT, _MAX_TILT)


def _check(name: str, value: int | None, least: int, most: int) -> None:
    if value is not None and not least <= value <= most:
        raise ProtocolError(f"{name} {value} is not {least} to {most}")
