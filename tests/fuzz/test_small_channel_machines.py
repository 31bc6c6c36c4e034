"""Echo, display control, touch and advanced mouse hear nonsense, by hand and under their faces.

Events or `RemoteProtocolError`, and what a handler is told of contacts and monitors always holds together.
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import trio
import trio.testing

from tests.fuzz.mutation import mutate
from trio_rdp.advanced_mouse import AdvancedMouse, AdvancedMouseHost
from trio_rdp.channels.ainput import AinputFlags, AinputMouse, AinputVersion
from trio_rdp.channels.ainput_client import AinputClient
from trio_rdp.channels.ainput_server import AinputServer
from trio_rdp.channels.disp import (
    DisplayControlCapabilities,
    DisplayControlMonitor,
    DisplayControlMonitorLayout,
    MonitorFlags,
)
from trio_rdp.channels.disp_client import DisplayControlClient
from trio_rdp.channels.disp_server import DisplayControlServer, LayoutRequested
from trio_rdp.channels.echo_server import EchoServer
from trio_rdp.channels.monitor_layout import bounding_size, find_fault, find_ignored
from trio_rdp.channels.rdpei import (
    ContactFlags,
    CsReady,
    CsReadyFlags,
    DismissHoveringTouchContact,
    PenContact,
    PenEvent,
    PenFrame,
    ResumeInput,
    ScReady,
    SupportedFeatures,
    SuspendInput,
    TouchContact,
    TouchEvent,
    TouchFrame,
)
from trio_rdp.channels.rdpei.client import TouchClient
from trio_rdp.channels.rdpei.contacts import ContactAction, ContactState
from trio_rdp.channels.rdpei.events import PointerInput, TouchPoint
from trio_rdp.channels.rdpei.server import TouchServer
from trio_rdp.faces.channel_face import ChannelFace
from trio_rdp.faces.display_control import DisplayControl, DisplayControlHost
from trio_rdp.faces.echo import Echo, EchoReplier
from trio_rdp.faces.touch.stream import TouchStream
from trio_rdp.faces.touch.touch import Touch
from trio_rdp.input_stream import InputStream
from trio_rdp.level import Ending
from trio_rdp.protocol.config import Monitor
from trio_rdp.protocol.limits import Limits
from trio_rdp.testing import channel_pair
from trio_rdp.wire.errors import RemoteProtocolError

LIMITS = Limits(echo_requests=4, touch_points=64)
COMBINATIONS = [ContactFlags(value) for value in (0x04, 0x24, 0x02, 0x22, 0x19, 0x1A, 0x0C, 0x0A)]


def touches() -> list[bytes]:
    """Frames of every kind; many of them fit together by chance."""
    ids, features = (0, 1, 255), SupportedFeatures.MULTIPEN_INJECTION_SUPPORTED
    fingers = [
        [TouchContact(contact_id=one, x=one, y=-one, contact_flags=flags)]
        for one, flags in itertools.product(ids, COMBINATIONS)
    ]
    pens = [
        [PenContact(device_id=one, x=one, y=7, contact_flags=flags, pressure=5, tilt_x=-90)]
        for one, flags in itertools.product(ids, COMBINATIONS)
    ]
    both = [fingers[index][0] for index in (4, 12)]
    both[0].contact_rect_left = both[0].contact_rect_top = -3
    both[0].contact_rect_right = both[0].contact_rect_bottom = 3
    return [
        *(TouchEvent(frames=[TouchFrame(frame_offset=9, contacts=frame)]).encode() for frame in fingers),
        *(PenEvent(frames=[PenFrame(contacts=frame)]).encode() for frame in pens),
        TouchEvent(frames=[TouchFrame(contacts=both), TouchFrame(contacts=fingers[5])]).encode(),
        DismissHoveringTouchContact(contact_id=0).encode(),
        CsReady(flags=CsReadyFlags.ENABLE_MULTIPEN_INJECTION, max_touch_contacts=2).encode(),
        ScReady(supported_features=features).encode(),
        SuspendInput().encode(),
        ResumeInput().encode(),
    ]


def layouts() -> list[bytes]:
    one = DisplayControlMonitor(flags=MonitorFlags.PRIMARY, width=800, height=600, physical_width=300)
    two = DisplayControlMonitor(left=800, top=-10, width=640, height=480)
    return [
        DisplayControlMonitorLayout(monitors=[one]).encode(),
        DisplayControlMonitorLayout(monitors=[one, two]).encode(),
        DisplayControlCapabilities(
            max_num_monitors=16, max_monitor_area_factor_a=4096, max_monitor_area_factor_b=2048
        ).encode(),
    ]


def mice() -> list[bytes]:
    flags = [AinputFlags(value) for value in (0x4, 0x1, 0x14, 0x1008, 0x1000, 0x320C, 0x300)]
    return [
        *(AinputMouse(time=1 << 63, flags=one, x=-5, y=1 << 20).encode() for one in flags),
        AinputVersion().encode(),
    ]


class Machine:
    """A machine, what it hears when all is well, and what must hold of its events."""

    def __init__(
        self, receive: Callable[[bytes], Any], first: bytes | None = None, check: Callable[[Any], None] = lambda _: None
    ) -> None:
        self.receive = receive
        self.check = check
        if first is not None:
            receive(first)

    def hear(self, messages: list[bytes]) -> None:
        for message in messages:
            try:
                events = self.receive(message)
            except RemoteProtocolError:
                return
            self.check(events)


def echo_server() -> Machine:
    server = EchoServer(4)
    for payload in (b"a", b"bb", b"a"):
        server.request(payload, now=0)
    return Machine(lambda message: server.receive(message, now=1))


def disp_server() -> Machine:
    def check(events: list[object]) -> None:
        for event in events:
            if isinstance(event, LayoutRequested):
                assert find_fault(event.monitors, 16) is find_ignored(event.monitors) is None
                assert max(bounding_size(event.monitors)) <= 8192

    return Machine(DisplayControlServer(16, 8192, 8192 * 4320).receive, check=check)


def touch_server() -> Machine:
    server = TouchServer()
    server.start()
    states: dict[tuple[bool, int], ContactState] = {}

    def check(events: list[PointerInput]) -> None:
        for event in events:
            for point in event.points:
                is_finger = isinstance(point, TouchPoint)
                key = is_finger, point.contact_id if isinstance(point, TouchPoint) else point.device_id
                before = states.pop(key, ContactState.OUT_OF_RANGE)
                if point.state is not ContactState.OUT_OF_RANGE:
                    states[key] = point.state
                if point.action in (ContactAction.MOVE, ContactAction.UP):
                    assert before is ContactState.ENGAGED
                if point.action in (ContactAction.LEAVE, ContactAction.CANCEL):
                    assert before is not ContactState.OUT_OF_RANGE
                assert (point.state is ContactState.ENGAGED) == (
                    point.action in (ContactAction.DOWN, ContactAction.MOVE)
                )
            assert sum(is_finger for is_finger, _ in states) <= 3
            assert sum(not is_finger for is_finger, _ in states) <= 4

    ready = CsReady(flags=CsReadyFlags.ENABLE_MULTIPEN_INJECTION, max_touch_contacts=3)
    return Machine(server.receive, ready.encode(), check)


def touch_client() -> Machine:
    return Machine(TouchClient(10).receive)


MACHINES: dict[str, tuple[Callable[[], Machine], list[bytes]]] = {
    "echo server": (echo_server, [b"a", b"bb", b"ccc"]),
    "disp client": (lambda: Machine(DisplayControlClient().receive), layouts()),
    "disp server": (disp_server, layouts()),
    "touch client": (touch_client, touches()),
    "touch server": (touch_server, touches()),
    "mouse client": (lambda: Machine(AinputClient().receive), mice()),
    "mouse server": (lambda: Machine(AinputServer().receive), mice()),
}


async def on_layout(monitors: tuple[Monitor, ...]) -> None:
    assert monitors


FACES: dict[str, tuple[Callable[[], ChannelFace], list[bytes]]] = {
    "echo replier": (lambda: EchoReplier(LIMITS), [b"a", b"bb"]),
    "echo": (lambda: Echo(LIMITS), [b"a", b"bb"]),
    "display control": (lambda: DisplayControl(LIMITS), layouts()),
    "display control host": (lambda: DisplayControlHost(LIMITS, on_layout), layouts()),
    "touch": (lambda: Touch(LIMITS), touches()),
    "touch stream": (lambda: TouchStream(LIMITS), touches()),
    "advanced mouse": (lambda: AdvancedMouse(LIMITS), mice()),
    "advanced mouse host": (lambda: AdvancedMouseHost(LIMITS, InputStream(32, Ending()).deliver), mice()),
}


def conversation(source: random.Random, seeds: list[bytes]) -> Iterator[bytes]:
    """Messages in any order, some of them spoiled."""
    for _ in range(source.randint(1, 30)):
        message = source.choice(seeds)
        if source.random() < 0.2:
            message = mutate(source, message, source.choice(seeds))
        yield message


@pytest.mark.parametrize("name", MACHINES)
def test_machines(name: str) -> None:
    source = random.Random(name)
    make, seeds = MACHINES[name]
    for _ in range(300):
        make().hear(list(conversation(source, seeds)))


@pytest.mark.parametrize("name", MACHINES)
def test_every_message_cut_at_every_byte(name: str) -> None:
    make, seeds = MACHINES[name]
    for message in seeds:
        for size in range(len(message)):
            make().hear([message[:size]])


async def hear(face: ChannelFace, messages: list[bytes], caplog: pytest.LogCaptureFixture) -> None:
    ours, theirs = channel_pair(messages=64)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(face.run, ours)
        for message in messages:
            try:
                await theirs.send(message)
            except trio.BrokenResourceError:
                break
        await trio.testing.wait_all_tasks_blocked()
        await theirs.aclose()
    assert not face.is_open
    # Only a mistake of ours is an error.
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.mark.parametrize("name", FACES)
async def test_faces(name: str, caplog: pytest.LogCaptureFixture) -> None:
    source = random.Random(name)
    make, seeds = FACES[name]
    for _ in range(40):
        await hear(make(), list(conversation(source, seeds)), caplog)


@pytest.mark.fuzz
def test_search(fuzz_seconds: float) -> None:
    number = random.SystemRandom().randrange(2**32)
    source = random.Random(number)
    deadline = time.monotonic() + fuzz_seconds
    while time.monotonic() < deadline:
        name = source.choice(list(MACHINES))
        make, seeds = MACHINES[name]
        messages = list(conversation(source, seeds))
        try:
            make().hear(messages)
        except Exception as exc:
            raise AssertionError(f"{name}: random seed {number}: {messages}") from exc
