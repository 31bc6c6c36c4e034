"""`TouchServer`: a server that takes touches and pens, [MS-RDPEI] 3.2."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from trio_rdp.channels.rdpei.client import MAX_PENS, has_consistent_length
from trio_rdp.channels.rdpei.contacts import Contact, ContactAction, ContactState, ContactTable, check_details
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
from trio_rdp.channels.rdpei.events import PenInput, PenPoint, PointerInput, TouchInput, TouchPoint
from trio_rdp.channels.rdpei.messages import decode_rdpei
from trio_rdp.channels.rdpei.pen import PenContact, PenEvent, PenFlags, PenFrame
from trio_rdp.channels.rdpei.touch import TouchContact, TouchEvent, TouchFrame
from trio_rdp.wire.errors import LocalProtocolError, ProtocolError

__all__ = ["TouchServer", "TouchServerState"]


class TouchServerState(enum.Enum):
    """How far a server is."""

    STARTING = enum.auto()
    """Nothing was sent."""
    WAITING = enum.auto()
    """For the client to say that it is ready."""
    RUNNING = enum.auto()


@dataclass(slots=True)
class _Transaction:
    """The fingers, or the pens, of a client."""

    table: ContactTable
    time: int = 0
    is_first: bool = True
    is_ignored: bool = False
    faults: int = 0

    def advance(self, frame_offset: int) -> None:
        """Let time go on, in microseconds; it starts with the first frame."""
        self.time += 0 if self.is_first else frame_offset
        self.is_first = False

    def cancel(self) -> dict[int, Contact]:
        """Pass over what comes until something begins, and give the contacts that were there."""
        self.faults += 1
        self.is_ignored = True
        return self.table.clear()


class TouchServer:
    """Checks what contacts do, and gives an event for each frame.

    A contact that does what it cannot cancels all of its kind, and frames of that kind are passed over until one
    begins anew (3.2.5.3, 3.2.5.7): the client is not to blame for its fingers.
    """

    def __init__(self, version: ProtocolVersion = ProtocolVersion.V300) -> None:
        self._offered = version
        self._version = version
        self._state = TouchServerState.STARTING
        self._is_suspended = False
        self._has_times = True
        self._fingers = _Transaction(ContactTable(0))
        self._pens = _Transaction(ContactTable(0))
        self._passed_over = 0

    @property
    def state(self) -> TouchServerState:
        """How far this is."""
        return self._state

    @property
    def is_suspended(self) -> bool:
        """Whether the client was asked to send nothing."""
        return self._is_suspended

    @property
    def version(self) -> ProtocolVersion:
        """What both sides can do, once they are ready."""
        return self._version

    @property
    def max_contacts(self) -> int:
        """How many fingers the client may send at once; 0 until it has said so."""
        return self._fingers.table.limit

    @property
    def max_pens(self) -> int:
        """How many pens the client may send at once."""
        return self._pens.table.limit

    @property
    def passed_over(self) -> int:
        """How many messages and frames were passed over, because they were not expected."""
        return self._passed_over

    @property
    def faults(self) -> int:
        """How often contacts did what they cannot."""
        return self._fingers.faults + self._pens.faults

    def start(self) -> bytes:
        """The first message: this server is ready."""
        if self._state is not TouchServerState.STARTING:
            raise LocalProtocolError(f"a {self._state.name} server cannot start")
        self._state = TouchServerState.WAITING
        features = None
        if self._offered >= ProtocolVersion.V300:
            features = SupportedFeatures.MULTIPEN_INJECTION_SUPPORTED
        return ScReady(protocol_version=self._offered, supported_features=features).encode()

    def suspend(self) -> bytes:
        """The message that asks the client to send nothing; what is on its way still comes."""
        self._check(suspended=False)
        self._is_suspended = True
        return SuspendInput().encode()

    def resume(self) -> bytes:
        """The message that asks the client to go on."""
        self._check(suspended=True)
        self._is_suspended = False
        return ResumeInput().encode()

    def receive(self, message: bytes) -> list[PointerInput]:
        """Take a message of the client; gives an event for each frame.

        What is not expected is passed over, as 3.1.5.1 wants it.  Raises `DecodeError` for what makes no sense.
        """
        if not has_consistent_length(message):
            self._passed_over += 1
            return []
        match decode_rdpei(message), self._state:
            case CsReady() as ready, TouchServerState.WAITING:
                self._begin(ready)
                return []
            case TouchEvent(frames=frames), TouchServerState.RUNNING:
                touches = map(self._take_touches, frames)
                return [event for event in touches if event is not None]
            case PenEvent(frames=pen_frames), TouchServerState.RUNNING if self.max_pens:
                pens = map(self._take_pens, pen_frames)
                return [event for event in pens if event is not None]
            case DismissHoveringTouchContact(contact_id=contact_id), TouchServerState.RUNNING:
                return self._dismiss(contact_id)
        self._passed_over += 1
        return []

    def _begin(self, ready: CsReady) -> None:
        self._state = TouchServerState.RUNNING
        self._version = min(self._offered, ready.protocol_version)
        self._has_times = CsReadyFlags.DISABLE_TIMESTAMP_INJECTION not in ready.flags
        self._fingers.table = ContactTable(ready.max_touch_contacts)
        pens = int(self._version >= ProtocolVersion.V200)
        if self._version >= ProtocolVersion.V300 and CsReadyFlags.ENABLE_MULTIPEN_INJECTION in ready.flags:
            pens = MAX_PENS
        self._pens.table = ContactTable(pens)

    def _take_touches(self, frame: TouchFrame) -> TouchInput | None:
        transaction = self._fingers
        transaction.advance(frame.frame_offset)
        if not frame.contacts or not self._is_expected(transaction, frame.contacts):
            self._passed_over += 1
            return None
        try:
            for one in frame.contacts:
                check_details(one)
            steps = transaction.table.take_frame(
                (one.contact_id, one.contact_flags, one.x, one.y) for one in frame.contacts
            )
        except ProtocolError as exc:
            lost = (_lost_finger(one, contact) for one, contact in transaction.cancel().items())
            return TouchInput(self._time(transaction), tuple(lost), str(exc))
        points = (_finger(one, action, contact) for one, (action, contact) in zip(frame.contacts, steps, strict=True))
        return TouchInput(self._time(transaction), tuple(points))

    def _take_pens(self, frame: PenFrame) -> PenInput | None:
        transaction = self._pens
        transaction.advance(frame.frame_offset)
        if not frame.contacts or not self._is_expected(transaction, frame.contacts):
            self._passed_over += 1
            return None
        try:
            for one in frame.contacts:
                check_details(one)
            if self.max_pens == 1 and any(one.device_id for one in frame.contacts):
                raise ProtocolError("several pens were not agreed on, and this is not device 0")
            steps = transaction.table.take_frame(
                (one.device_id, one.contact_flags, one.x, one.y) for one in frame.contacts
            )
        except ProtocolError as exc:
            lost = (_lost_pen(one, contact) for one, contact in transaction.cancel().items())
            return PenInput(self._time(transaction), tuple(lost), str(exc))
        points = (_pen(one, action, contact) for one, (action, contact) in zip(frame.contacts, steps, strict=True))
        return PenInput(self._time(transaction), tuple(points))

    def _is_expected(self, transaction: _Transaction, contacts: Sequence[TouchContact | PenContact]) -> bool:
        """Whether a frame is to be looked at: after a fault only one in which every contact begins."""
        if transaction.is_ignored:
            begins = ContactTable(len(contacts))
            try:
                begins.take_frame((at, one.contact_flags, 0, 0) for at, one in enumerate(contacts))
            except ProtocolError:
                return False
            transaction.is_ignored = False
        return True

    def _dismiss(self, contact_id: int) -> list[PointerInput]:
        table = self._fingers.table
        if table.state(contact_id) is not ContactState.HOVERING:
            return []
        contact = table[contact_id]
        table.remove(contact_id)
        gone = ContactState.OUT_OF_RANGE
        point = TouchPoint(contact_id=contact_id, x=contact.x, y=contact.y, action=ContactAction.LEAVE, state=gone)
        return [TouchInput(self._time(self._fingers), (point,))]

    def _time(self, transaction: _Transaction) -> float | None:
        return transaction.time / 1e6 if self._has_times else None

    def _check(self, *, suspended: bool) -> None:
        if self._state is not TouchServerState.RUNNING:
            raise LocalProtocolError("the client is not ready for touches and pens")
        if self._is_suspended is not suspended:
            raise LocalProtocolError(f"touches and pens are {'not ' * suspended}suspended")


def _finger(one: TouchContact, action: ContactAction, contact: Contact) -> TouchPoint:
    bounds = None
    if one.contact_rect_left is not None:
        found = (one.contact_rect_left, one.contact_rect_top, one.contact_rect_right, one.contact_rect_bottom)
        bounds = (found[0], found[1] or 0, found[2] or 0, found[3] or 0)
    return TouchPoint(
        contact_id=one.contact_id,
        x=contact.x,
        y=contact.y,
        action=action,
        state=contact.state,
        bounds=bounds,
        orientation=one.orientation or 0,
        pressure=one.pressure,
    )


def _pen(one: PenContact, action: ContactAction, contact: Contact) -> PenPoint:
    flags = one.pen_flags or PenFlags(0)
    tilt = None if one.tilt_x is None and one.tilt_y is None else (one.tilt_x or 0, one.tilt_y or 0)
    return PenPoint(
        device_id=one.device_id,
        x=contact.x,
        y=contact.y,
        action=action,
        state=contact.state,
        is_barrel_pressed=PenFlags.BARREL_PRESSED in flags,
        is_eraser_pressed=PenFlags.ERASER_PRESSED in flags,
        is_inverted=PenFlags.INVERTED in flags,
        pressure=one.pressure,
        rotation=one.rotation,
        tilt=tilt,
    )


def _lost_finger(contact_id: int, contact: Contact) -> TouchPoint:
    gone = ContactState.OUT_OF_RANGE
    return TouchPoint(contact_id=contact_id, x=contact.x, y=contact.y, action=ContactAction.CANCEL, state=gone)


def _lost_pen(device_id: int, contact: Contact) -> PenPoint:
    gone = ContactState.OUT_OF_RANGE
    return PenPoint(device_id=device_id, x=contact.x, y=contact.y, action=ContactAction.CANCEL, state=gone)
