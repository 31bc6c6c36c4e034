"""`TouchClient`: getting ready, frames, and what a server may ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from trio_rdp.channels.rdpei import (
    ContactFlags,
    CsReady,
    CsReadyFlags,
    DismissHoveringTouchContact,
    PenContact,
    PenEvent,
    ProtocolVersion,
    ResumeInput,
    ScReady,
    SupportedFeatures,
    SuspendInput,
    TouchContact,
    TouchEvent,
)
from trio_rdp.channels.rdpei.client import TouchClient, TouchClientState, has_consistent_length
from trio_rdp.channels.rdpei.contacts import Contact, ContactState
from trio_rdp.wire.errors import DecodeError, EncodeError, LocalProtocolError

DOWN, MOVE, UP, HOVER = ContactFlags(0x19), ContactFlags(0x1A), ContactFlags(0x04), ContactFlags(0x0A)
MULTIPEN = SupportedFeatures.MULTIPEN_INJECTION_SUPPORTED


def finger(contact_id: int, flags: ContactFlags, x: int = 5, y: int = 6) -> TouchContact:
    return TouchContact(contact_id=contact_id, x=x, y=y, contact_flags=flags)


def states(contacts: Mapping[int, Contact]) -> dict[int, ContactState]:
    return {one: contact.state for one, contact in contacts.items()}


def pen(device_id: int, flags: ContactFlags, x: int = 5, y: int = 6) -> PenContact:
    return PenContact(device_id=device_id, x=x, y=y, contact_flags=flags)


def ready(
    version: int = 0x00030000, features: SupportedFeatures | None = MULTIPEN, *, max_contacts: int = 10
) -> TouchClient:
    client = TouchClient(max_contacts)
    client.receive(ScReady(protocol_version=ProtocolVersion(version), supported_features=features).encode())
    return client


@pytest.mark.parametrize(
    ("version", "features", "answered", "flags", "pens"),
    [
        (ProtocolVersion.V100, None, ProtocolVersion.V100, 0, 0),
        (ProtocolVersion.V101, None, ProtocolVersion.V101, 0, 0),
        (ProtocolVersion.V200, None, ProtocolVersion.V200, 0, 1),
        (ProtocolVersion.V200, MULTIPEN, ProtocolVersion.V200, 0, 1),
        (ProtocolVersion.V300, None, ProtocolVersion.V300, 0, 1),
        (ProtocolVersion.V300, MULTIPEN, ProtocolVersion.V300, 4, 4),
        (ProtocolVersion(0x00010005), None, ProtocolVersion.V101, 0, 0),
        (ProtocolVersion(0x00040000), MULTIPEN, ProtocolVersion.V300, 4, 4),
        (ProtocolVersion(0), None, ProtocolVersion.V100, 0, 0),
    ],
)
def test_versions(
    version: ProtocolVersion, features: SupportedFeatures | None, answered: ProtocolVersion, flags: int, pens: int
) -> None:
    client = TouchClient(10)
    (answer,) = client.receive(ScReady(protocol_version=version, supported_features=features).encode())
    assert CsReady.decode(answer) == CsReady(
        flags=CsReadyFlags(flags), protocol_version=answered, max_touch_contacts=10
    )
    assert client.state is TouchClientState.RUNNING
    assert client.version == answered
    assert (client.max_contacts, client.max_pens) == (10, pens)


def test_visuals() -> None:
    (answer,) = TouchClient(1, show_visuals=True).receive(ScReady(protocol_version=ProtocolVersion.V100).encode())
    assert CsReady.decode(answer).flags == CsReadyFlags.SHOW_TOUCH_VISUALS


def test_a_tap() -> None:
    client = ready()
    down = TouchEvent.decode(client.touch([finger(0, DOWN)], now=100.0))
    assert states(client.contacts) == {0: ContactState.ENGAGED}
    up = TouchEvent.decode(client.touch([finger(0, UP)], now=100.25))
    assert client.contacts == {}
    assert [frame.contacts for frame in down.frames + up.frames] == [[finger(0, DOWN)], [finger(0, UP)]]
    assert [frame.frame_offset for frame in down.frames + up.frames] == [0, 250_000]


def test_a_frame_has_all_contacts() -> None:
    client = ready()
    client.touch([finger(0, DOWN, 1, 1), finger(1, HOVER, 2, 2)], now=0)
    event = TouchEvent.decode(client.touch([finger(2, DOWN, 3, 3)], now=1))
    assert event.frames[0].contacts == [finger(2, DOWN, 3, 3), finger(0, MOVE, 1, 1), finger(1, HOVER, 2, 2)]
    event = TouchEvent.decode(client.touch([finger(0, UP, 1, 1)], now=2))
    assert event.frames[0].contacts == [finger(0, UP, 1, 1), finger(1, HOVER, 2, 2), finger(2, MOVE, 3, 3)]


def test_pens() -> None:
    client = ready()
    client.pen([pen(0, HOVER, 1, 1)], now=3)
    event = PenEvent.decode(client.pen([pen(3, DOWN, 2, 2)], now=4.5))
    assert event.frames[0].frame_offset == 1_500_000
    assert event.frames[0].contacts == [pen(3, DOWN, 2, 2), pen(0, HOVER, 1, 1)]
    assert states(client.pens) == {0: ContactState.HOVERING, 3: ContactState.ENGAGED}
    assert client.contacts == {}


def test_pens_that_the_server_does_not_take() -> None:
    with pytest.raises(LocalProtocolError, match="takes no pens: it has version 0x10001"):
        ready(0x00010001).pen([pen(0, HOVER)], now=0)
    one = ready(0x00020000)
    one.pen([pen(0, HOVER)], now=0)
    with pytest.raises(LocalProtocolError, match="one pen only"):
        one.pen([pen(1, HOVER)], now=0)
    several = ready()
    several.pen([pen(at, HOVER) for at in range(4)], now=0)
    with pytest.raises(LocalProtocolError, match="5 contacts at once"):
        several.pen([pen(4, HOVER)], now=0)


def test_what_contacts_cannot_do() -> None:
    client = ready(max_contacts=2)
    for wrong in ([finger(0, MOVE)], [finger(0, UP)], [finger(0, ContactFlags(0))], [finger(0, DOWN)] * 2):
        with pytest.raises(LocalProtocolError, match="contact 0"):
            client.touch(wrong, now=0)
    client.touch([finger(0, DOWN, 1, 1)], now=0)
    with pytest.raises(LocalProtocolError, match=r"lifted where it is, at \(1, 1\)"):
        client.touch([finger(0, UP, 2, 1)], now=0)
    with pytest.raises(LocalProtocolError, match="3 contacts at once"):
        client.touch([finger(1, DOWN), finger(2, DOWN)], now=0)
    with pytest.raises(LocalProtocolError, match="pressure 2000"):
        client.touch([TouchContact(contact_id=0, x=1, y=1, contact_flags=MOVE, pressure=2000)], now=0)
    for too_large in (
        finger(0, MOVE, 1 << 29),
        finger(256, DOWN),
        TouchContact(contact_id=0, x=1, y=1, contact_flags=MOVE, contact_rect_left=1),
    ):
        with pytest.raises(EncodeError):
            client.touch([too_large], now=0)
    assert states(client.contacts) == {0: ContactState.ENGAGED}
    client.touch([finger(0, MOVE, 2, 1)], now=0)


def test_ids_for_new_fingers() -> None:
    client = ready(max_contacts=3)
    client.touch([finger(1, DOWN)], now=0)
    assert client.free_contacts(2) == [0, 2]
    with pytest.raises(LocalProtocolError, match="1 fingers of 3 are in use"):
        client.free_contacts(3)


def test_dismissing() -> None:
    client = ready()
    client.touch([finger(0, HOVER), finger(1, DOWN)], now=0)
    assert DismissHoveringTouchContact.decode(client.dismiss(0)).contact_id == 0
    assert states(client.contacts) == {1: ContactState.ENGAGED}
    for one in (0, 1):
        with pytest.raises(LocalProtocolError, match="only hovering ones"):
            client.dismiss(one)


def test_leaving() -> None:
    client = ready()
    client.touch([finger(0, HOVER), finger(1, DOWN), finger(2, DOWN), finger(3, DOWN)], now=0)
    assert DismissHoveringTouchContact.decode(client.leave([0], now=0)).contact_id == 0
    event = TouchEvent.decode(client.leave([1], now=0))
    assert event.frames[0].contacts == [finger(1, UP), finger(2, MOVE), finger(3, MOVE)]
    event = TouchEvent.decode(client.leave([2, 3], now=0, is_canceled=True))
    assert event.frames[0].contacts == [finger(2, UP | 0x20), finger(3, UP | 0x20)]
    assert client.contacts == {}
    with pytest.raises(LocalProtocolError, match="contact 3 is out of range"):
        client.leave([3], now=0)


@pytest.mark.parametrize(("flags", "is_canceled", "left"), [(HOVER, False, 2), (HOVER, True, 0x22), (DOWN, True, 0x24)])
def test_a_pen_that_leaves(flags: ContactFlags, is_canceled: bool, left: int) -> None:
    client = ready()
    client.pen([pen(1, flags, 8, 9)], now=0)
    event = PenEvent.decode(client.leave_pen(1, now=0, is_canceled=is_canceled))
    assert event.frames[0].contacts == [pen(1, ContactFlags(left), 8, 9)]
    assert client.pens == {}


def test_what_was_not_sent_did_not_happen() -> None:
    client = ready()
    client.touch([finger(0, DOWN)], now=1)

    def fail() -> None:
        with client.tentative():
            client.touch([finger(0, UP)], now=2)
            client.pen([pen(0, HOVER)], now=2)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert states(client.contacts) == {0: ContactState.ENGAGED}
    assert client.pens == {}
    with client.tentative():
        event = TouchEvent.decode(client.touch([finger(0, UP)], now=3))
    assert event.frames[0].frame_offset == 2_000_000
    assert client.contacts == {}


def test_suspended() -> None:
    client = ready()
    client.touch([finger(0, DOWN)], now=0)
    for _ in range(2):
        assert client.receive(SuspendInput().encode()) == []
        assert client.state is TouchClientState.SUSPENDED
    sends: list[Callable[[], bytes]] = [
        lambda: client.touch([finger(0, UP)], now=0),
        lambda: client.pen([pen(0, HOVER)], now=0),
        lambda: client.dismiss(0),
    ]
    for send in sends:
        with pytest.raises(LocalProtocolError, match="has suspended"):
            send()
    for _ in range(2):
        assert client.receive(ResumeInput().encode()) == []
        assert client.state is TouchClientState.RUNNING
    client.touch([finger(0, UP)], now=0)


def test_nothing_before_the_server_is_ready() -> None:
    client = TouchClient(10)
    with pytest.raises(LocalProtocolError, match="not ready"):
        client.touch([finger(0, DOWN)], now=0)
    for message in (SuspendInput(), ResumeInput()):
        assert client.receive(message.encode()) == []
        assert client.state is TouchClientState.WAITING


def test_what_is_not_expected_is_passed_over() -> None:
    client = ready()
    for message in (ScReady(), CsReady(max_touch_contacts=1), TouchEvent(frames=[]), PenEvent(frames=[])):
        assert client.receive(message.encode()) == []
    for raw in (b"", b"\x05", bytes.fromhex("0400 07000000"), bytes.fromhex("0400 06000000 00"), b"\x77\0\x07\0\0\0x"):
        assert client.receive(raw) == []
    assert client.state is TouchClientState.RUNNING


def test_nonsense() -> None:
    with pytest.raises(DecodeError):
        TouchClient(10).receive(bytes.fromhex("0100 09000000 000000"))


def test_lengths() -> None:
    assert has_consistent_length(SuspendInput().encode())
    assert not has_consistent_length(SuspendInput().encode() + b"\0")
    assert not has_consistent_length(b"")
