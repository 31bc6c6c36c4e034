"""`TouchServer`: ladders with `TouchClient`, and with clients whose contacts do what they cannot."""

from __future__ import annotations

import pytest

from trio_rdp.channels.rdpei import (
    ContactFlags,
    CsReady,
    CsReadyFlags,
    DismissHoveringTouchContact,
    PenContact,
    PenEvent,
    PenFlags,
    PenFrame,
    ProtocolVersion,
    ResumeInput,
    ScReady,
    SupportedFeatures,
    SuspendInput,
    TouchContact,
    TouchEvent,
    TouchFrame,
)
from trio_rdp.channels.rdpei.client import TouchClient, TouchClientState
from trio_rdp.channels.rdpei.contacts import ContactAction, ContactState
from trio_rdp.channels.rdpei.events import PenInput, PenPoint, PointerInput, TouchInput, TouchPoint
from trio_rdp.channels.rdpei.server import TouchServer, TouchServerState
from trio_rdp.wire.errors import DecodeError, LocalProtocolError

DOWN, MOVE, UP, HOVER = ContactFlags(0x19), ContactFlags(0x1A), ContactFlags(0x04), ContactFlags(0x0A)
LEAVE = ContactFlags(0x02)
OUT, HOVERING, ENGAGED = ContactState.OUT_OF_RANGE, ContactState.HOVERING, ContactState.ENGAGED


def finger(contact_id: int, flags: ContactFlags, x: int = 5, y: int = 6) -> TouchContact:
    return TouchContact(contact_id=contact_id, x=x, y=y, contact_flags=flags)


def pen(device_id: int, flags: ContactFlags, x: int = 5, y: int = 6) -> PenContact:
    return PenContact(device_id=device_id, x=x, y=y, contact_flags=flags)


def touches(*frames: list[TouchContact]) -> bytes:
    return TouchEvent(frames=[TouchFrame(contacts=frame) for frame in frames]).encode()


def pens(*frames: list[PenContact]) -> bytes:
    return PenEvent(frames=[PenFrame(contacts=frame) for frame in frames]).encode()


def point(contact_id: int, action: ContactAction, state: ContactState, x: int = 5, y: int = 6) -> TouchPoint:
    return TouchPoint(contact_id=contact_id, x=x, y=y, action=action, state=state)


def running(version: ProtocolVersion = ProtocolVersion.V300, *, flags: int = 4, max_contacts: int = 10) -> TouchServer:
    server = TouchServer()
    server.start()
    ready = CsReady(flags=CsReadyFlags(flags), protocol_version=version, max_touch_contacts=max_contacts)
    assert server.receive(ready.encode()) == []
    assert server.state is TouchServerState.RUNNING
    return server


def paired(version: ProtocolVersion = ProtocolVersion.V300) -> tuple[TouchClient, TouchServer]:
    client, server = TouchClient(10), TouchServer(version)
    (answer,) = client.receive(server.start())
    assert server.receive(answer) == []
    assert (client.version, client.max_pens) == (server.version, server.max_pens)
    return client, server


def actions(events: list[PointerInput]) -> list[list[ContactAction]]:
    return [[one.action for one in event.points] for event in events]


@pytest.mark.parametrize("version", ProtocolVersion)
def test_getting_ready(version: ProtocolVersion) -> None:
    server = TouchServer(version)
    message = ScReady.decode(server.start())
    assert message.protocol_version == version
    features = SupportedFeatures.MULTIPEN_INJECTION_SUPPORTED if version == ProtocolVersion.V300 else None
    assert message.supported_features == features
    assert server.state is TouchServerState.WAITING
    assert (server.max_contacts, server.max_pens) == (0, 0)
    with pytest.raises(LocalProtocolError, match="WAITING"):
        server.start()


def test_a_client_of_each_version() -> None:
    for version, flags, expected in (
        (ProtocolVersion.V100, 0, 0),
        (ProtocolVersion.V200, 4, 1),
        (ProtocolVersion.V300, 0, 1),
        (ProtocolVersion.V300, 4, 4),
        (ProtocolVersion(0x00050000), 4, 4),
    ):
        server = running(version, flags=flags)
        assert server.max_pens == expected
        assert server.version == min(version, ProtocolVersion.V300)
        assert server.max_contacts == 10


@pytest.mark.parametrize("version", [ProtocolVersion.V200, ProtocolVersion.V300])
def test_everything_that_a_finger_and_a_pen_can_do(version: ProtocolVersion) -> None:
    client, server = paired(version)
    events: list[PointerInput] = []
    for at, flags in enumerate((HOVER, HOVER, DOWN, MOVE, ContactFlags(0x0C), LEAVE)):
        events += server.receive(client.touch([finger(3, flags)], now=100 + at / 4))
        events += server.receive(client.pen([pen(0, flags)], now=200 + at / 8))
    done = [ContactAction.HOVER, ContactAction.HOVER, ContactAction.DOWN, ContactAction.MOVE]
    done += [ContactAction.UP, ContactAction.LEAVE]
    assert actions(events[::2]) == actions(events[1::2]) == [[action] for action in done]
    assert [event.time for event in events[::2]] == [0, 0.25, 0.5, 0.75, 1, 1.25]
    assert [event.time for event in events[1::2]] == [0, 0.125, 0.25, 0.375, 0.5, 0.625]
    assert server.faults == server.passed_over == 0


def test_details() -> None:
    client, server = paired()
    contact = TouchContact(
        contact_id=1,
        x=-5,
        y=70_000,
        contact_flags=DOWN,
        contact_rect_left=-4,
        contact_rect_top=-3,
        contact_rect_right=4,
        contact_rect_bottom=3,
        orientation=45,
        pressure=1024,
    )
    expected = TouchPoint(
        contact_id=1,
        x=-5,
        y=70_000,
        action=ContactAction.DOWN,
        state=ENGAGED,
        bounds=(-4, -3, 4, 3),
        orientation=45,
        pressure=1024,
    )
    assert server.receive(client.touch([contact], now=0)) == [TouchInput(0.0, (expected,))]
    stylus = PenContact(
        device_id=2, x=1, y=2, contact_flags=HOVER, pen_flags=PenFlags(5), pressure=7, rotation=359, tilt_x=-90
    )
    expected_pen = PenPoint(
        device_id=2,
        x=1,
        y=2,
        action=ContactAction.HOVER,
        state=HOVERING,
        is_barrel_pressed=True,
        is_inverted=True,
        pressure=7,
        rotation=359,
        tilt=(-90, 0),
    )
    assert server.receive(client.pen([stylus], now=0)) == [PenInput(0.0, (expected_pen,))]


def test_several_frames_at_once() -> None:
    frames = [TouchFrame(frame_offset=offset, contacts=[finger(0, flags)]) for offset, flags in ((9, DOWN), (1000, UP))]
    events = running().receive(TouchEvent(encode_time=1, frames=frames).encode())
    assert events == [
        TouchInput(0.0, (point(0, ContactAction.DOWN, ENGAGED),)),
        TouchInput(0.001, (point(0, ContactAction.UP, OUT),)),
    ]


def test_a_client_without_times() -> None:
    (event,) = running(flags=2).receive(touches([finger(0, DOWN)]))
    assert event.time is None


@pytest.mark.parametrize(
    ("frame", "fault"),
    [
        ([finger(0, MOVE, 9, 9), finger(1, UP)], "contact 1 is out of range and cannot be"),
        ([finger(0, DOWN)], "contact 0 is engaged"),
        ([finger(0, ContactFlags(0x3F))], "contact 0 is engaged"),
        ([finger(0, MOVE), finger(0, MOVE)], "twice"),
        ([finger(one, DOWN) for one in range(1, 11)], "11 contacts at once, of which there may be 10"),
        ([TouchContact(contact_id=0, x=0, y=0, contact_flags=MOVE, pressure=1025)], "pressure 1025"),
        ([TouchContact(contact_id=0, x=0, y=0, contact_flags=MOVE, orientation=360)], "orientation 360"),
    ],
)
def test_a_fault_cancels_all_fingers_until_some_begin_anew(frame: list[TouchContact], fault: str) -> None:
    server = running()
    server.receive(touches([finger(0, DOWN)]))
    (event,) = server.receive(touches(frame))
    assert event.points == (point(0, ContactAction.CANCEL, OUT),)
    assert event.fault is not None
    assert fault in event.fault
    assert server.faults == 1
    # The rest of that gesture is passed over, also where another finger begins in it.
    assert server.receive(touches([finger(0, MOVE)], [finger(0, MOVE), finger(1, DOWN)], [finger(0, UP)])) == []
    assert server.passed_over == 3
    assert server.receive(pens([pen(0, HOVER)])) != []
    assert actions(server.receive(touches([finger(0, DOWN), finger(1, HOVER)]))) == [
        [ContactAction.DOWN, ContactAction.HOVER]
    ]


@pytest.mark.parametrize(
    ("contact", "fault"),
    [
        (pen(0, UP), "contact 0 is hovering"),
        (PenContact(x=0, y=0, contact_flags=HOVER, pressure=1025), "pressure"),
        (PenContact(x=0, y=0, contact_flags=HOVER, rotation=360), "rotation"),
        (PenContact(x=0, y=0, contact_flags=HOVER, tilt_x=91), "tilt_x"),
        (PenContact(x=0, y=0, contact_flags=HOVER, tilt_y=-91), "tilt_y"),
    ],
)
def test_a_fault_of_a_pen(contact: PenContact, fault: str) -> None:
    server = running()
    server.receive(pens([pen(0, HOVER)]))
    (event,) = server.receive(pens([contact]))
    assert isinstance(event, PenInput)
    assert [(one.device_id, one.action, one.state) for one in event.points] == [(0, ContactAction.CANCEL, OUT)]
    assert fault in str(event.fault)
    assert server.receive(pens([pen(0, MOVE)])) == []
    assert server.receive(touches([finger(0, DOWN)])) != []
    assert actions(server.receive(pens([pen(0, DOWN)]))) == [[ContactAction.DOWN]]


def test_another_pen_than_was_agreed_on() -> None:
    (event,) = running(ProtocolVersion.V200).receive(pens([pen(1, HOVER)]))
    assert (event.points, event.fault) == ((), "several pens were not agreed on, and this is not device 0")
    five = running().receive(pens([pen(one, HOVER) for one in range(5)]))
    assert "5 contacts at once" in str(five[0].fault)
    server = running(ProtocolVersion.V101)
    assert server.receive(pens([pen(0, HOVER)])) == []
    assert server.passed_over == 1


def test_dismissing() -> None:
    server = running()
    server.receive(touches([finger(0, HOVER), finger(1, DOWN)]))
    gone = DismissHoveringTouchContact(contact_id=0).encode()
    assert server.receive(gone) == [TouchInput(0.0, (point(0, ContactAction.LEAVE, OUT),))]
    for one in (0, 1, 2):  # gone, on the surface, never there
        assert server.receive(DismissHoveringTouchContact(contact_id=one).encode()) == []
    assert actions(server.receive(touches([finger(1, MOVE)]))) == [[ContactAction.MOVE]]


def test_suspending() -> None:
    client, server = paired()
    with pytest.raises(LocalProtocolError, match="not suspended"):
        server.resume()
    message = server.suspend()
    assert SuspendInput.decode(message)
    assert server.is_suspended
    late = client.touch([finger(0, DOWN)], now=0)
    client.receive(message)
    assert client.state is TouchClientState.SUSPENDED
    assert actions(server.receive(late)) == [[ContactAction.DOWN]]
    with pytest.raises(LocalProtocolError, match="are suspended"):
        server.suspend()
    message = server.resume()
    assert ResumeInput.decode(message)
    client.receive(message)
    assert actions(server.receive(client.touch([finger(0, UP)], now=0))) == [[ContactAction.UP]]
    with pytest.raises(LocalProtocolError, match="the client is not ready"):
        TouchServer().suspend()


def test_what_is_not_expected_is_passed_over() -> None:
    server = TouchServer()
    server.start()
    messages = [touches([finger(0, DOWN)]), pens([pen(0, HOVER)]), DismissHoveringTouchContact(contact_id=0).encode()]
    for message in messages:
        assert server.receive(message) == []
    server.receive(CsReady(max_touch_contacts=3).encode())
    unexpected = [CsReady(max_touch_contacts=9).encode(), ScReady().encode(), SuspendInput().encode()]
    unexpected += [touches([]), b"", b"\x03", touches([finger(0, DOWN)]) + b"\0", b"\x77\0\x07\0\0\0x"]
    for message in unexpected:
        assert server.receive(message) == []
    assert server.max_contacts == 3
    assert server.passed_over == len(messages) + len(unexpected)
    assert server.receive(touches()) == []


def test_nonsense() -> None:
    with pytest.raises(DecodeError):
        running().receive(bytes.fromhex("0300 08000000 00ff"))


def test_clocks_that_run_wild() -> None:
    server = running()
    latest = 0.0
    for _ in range(100):
        frame = TouchFrame(frame_offset=(1 << 61) - 1, contacts=[finger(0, HOVER)])
        (event,) = server.receive(TouchEvent(frames=[frame]).encode())
        assert event.time is not None
        assert event.time >= latest
        latest = event.time
