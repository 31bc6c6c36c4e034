"""`TouchClient`: a client that sends touches and pens, [MS-RDPEI] 3.3."""

from __future__ import annotations

import contextlib
import enum
from collections.abc import Iterator, Sequence

from trio_rdp.channels.rdpei.base import HEADER_SIZE, ContactFlags
from trio_rdp.channels.rdpei.contacts import STAY, Contact, ContactState, ContactTable, check_details
from trio_rdp.channels.rdpei.control import (
    CsReady,
    CsReadyFlags,
    DismissHoveringTouchContact,
    ProtocolVersion,
    ResumeInput,
    ScReady,
    SupportedFeatures,
    SuspendInput,
)
from trio_rdp.channels.rdpei.messages import decode_rdpei
from trio_rdp.channels.rdpei.pen import PenContact, PenEvent, PenFrame
from trio_rdp.channels.rdpei.touch import TouchContact, TouchEvent, TouchFrame
from trio_rdp.wire.errors import LocalProtocolError, ProtocolError

__all__ = ["MAX_PENS", "TouchClient", "TouchClientState", "has_consistent_length"]

MAX_PENS = 4
"""Pens of a client and a server that agreed on several, [MS-RDPEI] 2.2.3.1."""

_VERSIONS = sorted(ProtocolVersion)
_LEAVE = {ContactState.HOVERING: ContactFlags.UPDATE, ContactState.ENGAGED: ContactFlags.UP}


class TouchClientState(enum.Enum):
    """How far a client is."""

    WAITING = enum.auto()
    """For the server to say that it is ready."""
    RUNNING = enum.auto()
    SUSPENDED = enum.auto()
    """The server wants no input now."""


class TouchClient:
    """Answers the server, and makes frames of what contacts do; times are seconds of any one clock.

    A frame always has all active contacts: those that one does not name stay where they are.
    """

    def __init__(self, max_contacts: int, *, show_visuals: bool = False) -> None:
        self._flags = CsReadyFlags.SHOW_TOUCH_VISUALS if show_visuals else CsReadyFlags(0)
        self._state = TouchClientState.WAITING
        self._version = ProtocolVersion.V100
        self._fingers = ContactTable(max_contacts)
        self._pens = ContactTable(0)
        self._last_touch: float | None = None
        self._last_pen: float | None = None

    @property
    def state(self) -> TouchClientState:
        """How far this is."""
        return self._state

    @property
    def version(self) -> ProtocolVersion:
        """What both sides can do, once they are ready."""
        return self._version

    @property
    def max_contacts(self) -> int:
        """How many fingers there may be at once."""
        return self._fingers.limit

    @property
    def max_pens(self) -> int:
        """How many pens there may be at once: none, one or four, as the server can do."""
        return self._pens.limit

    @property
    def contacts(self) -> dict[int, Contact]:
        """The fingers that hover or touch, by contact id."""
        return {one: self._fingers[one] for one in self._fingers}

    @property
    def pens(self) -> dict[int, Contact]:
        """The pens that hover or touch, by device id."""
        return {one: self._pens[one] for one in self._pens}

    def receive(self, message: bytes) -> list[bytes]:
        """Take a message of the server; gives the messages to send for it.

        What is not expected is passed over, as 3.1.5.1 wants it.  Raises `DecodeError` for what makes no sense.
        """
        if not has_consistent_length(message):
            return []
        match decode_rdpei(message), self._state:
            case ScReady() as ready, TouchClientState.WAITING:
                return [self._answer(ready).encode()]
            case SuspendInput(), TouchClientState.RUNNING:
                self._state = TouchClientState.SUSPENDED
            case ResumeInput(), TouchClientState.SUSPENDED:
                self._state = TouchClientState.RUNNING
        return []

    def touch(self, contacts: Sequence[TouchContact], *, now: float) -> bytes:
        """The message that says what fingers do at one moment.

        Raises `LocalProtocolError` where the server takes no input now, or [MS-RDPEI] does not allow this.
        """
        self._check_running()
        whole = [*contacts, *_still_touching(self._fingers, contacts)]
        _take(self._fingers, [(one.contact_id, one.contact_flags, one.x, one.y) for one in whole], whole)
        frame = TouchFrame(frame_offset=_offset(self._last_touch, now), contacts=whole)
        message = TouchEvent(frames=[frame]).encode()
        self._last_touch = now
        return message

    def pen(self, contacts: Sequence[PenContact], *, now: float) -> bytes:
        """The message that says what pens do at one moment; raises as `touch` does, also where there can be no pen."""
        self._check_running()
        if not self._pens.limit:
            raise LocalProtocolError(f"the server takes no pens: it has version {self._version:#x}")
        if any(one.device_id for one in contacts) and self._pens.limit == 1:
            raise LocalProtocolError("the server takes one pen only, device 0")
        whole = [*contacts, *_still_writing(self._pens, contacts)]
        _take(self._pens, [(one.device_id, one.contact_flags, one.x, one.y) for one in whole], whole)
        frame = PenFrame(frame_offset=_offset(self._last_pen, now), contacts=whole)
        message = PenEvent(frames=[frame]).encode()
        self._last_pen = now
        return message

    def leave(self, contact_ids: Sequence[int], *, now: float, is_canceled: bool = False) -> bytes:
        """The message that takes fingers away from where they are; what they did does not count if `is_canceled`."""
        self._check_running()
        if len(contact_ids) == 1 and self._fingers.state(contact_ids[0]) is ContactState.HOVERING:
            return self.dismiss(contact_ids[0])
        leaving = _leaving(self._fingers, contact_ids, is_canceled)
        return self.touch(
            [TouchContact(contact_id=one, x=at.x, y=at.y, contact_flags=flags) for one, at, flags in leaving], now=now
        )

    def leave_pen(self, device_id: int, *, now: float, is_canceled: bool = False) -> bytes:
        """The message that takes a pen away from where it is; what it did does not count if `is_canceled`."""
        self._check_running()
        leaving = _leaving(self._pens, [device_id], is_canceled)
        return self.pen(
            [PenContact(device_id=one, x=at.x, y=at.y, contact_flags=flags) for one, at, flags in leaving], now=now
        )

    def dismiss(self, contact_id: int) -> bytes:
        """The message that takes a hovering finger away; raises `LocalProtocolError` where it does not hover."""
        self._check_running()
        state = self._fingers.state(contact_id)
        if state is not ContactState.HOVERING:
            raise LocalProtocolError(f"contact {contact_id} is {state.value}, and only hovering ones can be dismissed")
        self._fingers.remove(contact_id)
        return DismissHoveringTouchContact(contact_id=contact_id).encode()

    def free_contacts(self, count: int) -> list[int]:
        """Ids for new fingers; raises `LocalProtocolError` where there may not be so many."""
        if len(self._fingers) + count > self._fingers.limit:
            raise LocalProtocolError(f"{len(self._fingers)} fingers of {self._fingers.limit} are in use")
        return [one for one in range(self._fingers.limit) if one not in self.contacts][:count]

    @contextlib.contextmanager
    def tentative(self) -> Iterator[None]:
        """Take back what a block changed when it raises, as its message was not sent then."""
        kept = self._fingers.copy(), self._pens.copy(), self._last_touch, self._last_pen
        try:
            yield
        except BaseException:
            self._fingers, self._pens, self._last_touch, self._last_pen = kept
            raise

    def _answer(self, ready: ScReady) -> CsReady:
        known = [version for version in _VERSIONS if version <= ready.protocol_version]
        self._version = known[-1] if known else ProtocolVersion.V100
        self._state = TouchClientState.RUNNING
        flags = self._flags
        if self._version >= ProtocolVersion.V200:
            self._pens = ContactTable(1)
        features = ready.supported_features or SupportedFeatures(0)
        if self._version >= ProtocolVersion.V300 and SupportedFeatures.MULTIPEN_INJECTION_SUPPORTED in features:
            self._pens = ContactTable(MAX_PENS)
            flags |= CsReadyFlags.ENABLE_MULTIPEN_INJECTION
        return CsReady(flags=flags, protocol_version=self._version, max_touch_contacts=self._fingers.limit)

    def _check_running(self) -> None:
        match self._state:
            case TouchClientState.WAITING:
                raise LocalProtocolError("the server is not ready for touches and pens")
            case TouchClientState.SUSPENDED:
                raise LocalProtocolError("the server has suspended touches and pens")


def has_consistent_length(message: bytes) -> bool:
    """Whether the header's length is that of the message, which "SHOULD be ignored" otherwise (3.1.5.1)."""
    return len(message) >= HEADER_SIZE and int.from_bytes(message[2:HEADER_SIZE], "little") == len(message)


def _take(
    table: ContactTable,
    changes: list[tuple[int, ContactFlags, int, int]],
    contacts: Sequence[TouchContact | PenContact],
) -> None:
    try:
        for one in contacts:
            check_details(one)
            one.encode()
        steps = table.copy().take_frame(changes)
    except LocalProtocolError:
        raise
    except ProtocolError as exc:
        raise LocalProtocolError(str(exc)) from None
    for (_, _, x, y), (_, contact) in zip(changes, steps, strict=True):
        if (x, y) != (contact.x, contact.y):
            raise LocalProtocolError(f"a contact is lifted where it is, at ({contact.x}, {contact.y})")
    table.take_frame(changes)


def _leaving(table: ContactTable, ids: Sequence[int], is_canceled: bool) -> Iterator[tuple[int, Contact, ContactFlags]]:
    canceled = ContactFlags.CANCELED if is_canceled else ContactFlags(0)
    for one in ids:
        if one not in table:
            raise LocalProtocolError(f"contact {one} is out of range")
        yield one, table[one], _LEAVE[table[one].state] | canceled


def _still_touching(table: ContactTable, named: Sequence[TouchContact]) -> Iterator[TouchContact]:
    known = {one.contact_id for one in named}
    for one in table:
        if one not in known:
            contact = table[one]
            yield TouchContact(contact_id=one, x=contact.x, y=contact.y, contact_flags=STAY[contact.state])


def _still_writing(table: ContactTable, named: Sequence[PenContact]) -> Iterator[PenContact]:
    known = {one.device_id for one in named}
    for one in table:
        if one not in known:
            contact = table[one]
            yield PenContact(device_id=one, x=contact.x, y=contact.y, contact_flags=STAY[contact.state])


def _offset(last: float | None, now: float) -> int:
    """Microseconds since the last frame; 0 for the first."""
    return 0 if last is None else max(0, round((now - last) * 1e6))
