from __future__ import annotations

import pytest

from trio_rdp.channels.ainput import AinputFlags, AinputMouse, AinputVersion
from trio_rdp.channels.ainput_client import AinputClient
from trio_rdp.channels.ainput_server import AinputServer, MouseAction
from trio_rdp.wire.errors import DecodeError

FLAGS = AinputFlags


def read(flags: int, x: int = 0, y: int = 0, *, time: int = 1500, server: AinputServer | None = None) -> MouseAction:
    (action,) = (server or AinputServer()).receive(AinputMouse(time=time, flags=FLAGS(flags), x=x, y=y).encode())
    return action


def test_a_client_moves_its_mouse() -> None:
    client, server = AinputClient(), AinputServer()
    client.receive(server.start())
    assert client.version == (1, 0)
    assert server.receive(client.mouse(FLAGS.MOVE, 3, 4, now=1.5)) == [MouseAction(1.5, position=(3, 4))]


def test_what_a_mouse_does() -> None:
    left, both = (FLAGS.BUTTON1,), (FLAGS.BUTTON2, FLAGS.XBUTTON1)
    assert read(FLAGS.MOVE, -5, 1 << 30) == MouseAction(1.5, position=(-5, 1 << 30))
    assert read(FLAGS.BUTTON1 | FLAGS.DOWN, 5, 6) == MouseAction(1.5, position=(5, 6), buttons=left, is_down=True)
    assert read(FLAGS.BUTTON1 | FLAGS.MOVE, 5, 6) == MouseAction(1.5, position=(5, 6), buttons=left)
    assert read(FLAGS.BUTTON2 | FLAGS.XBUTTON1, 5, 6) == MouseAction(1.5, position=(5, 6), buttons=both)
    assert read(FLAGS.REL | FLAGS.MOVE, -5, 6) == MouseAction(1.5, movement=(-5, 6))
    assert read(FLAGS.REL | FLAGS.BUTTON1 | FLAGS.DOWN) == MouseAction(1.5, buttons=left, is_down=True)
    assert read(FLAGS.MOVE | FLAGS.HAVE_REL, 5, 6) == MouseAction(1.5, position=(5, 6))


def test_wheels() -> None:
    server = AinputServer()
    assert read(FLAGS.WHEEL, 0, 120 << 16, server=server) == MouseAction(1.5, wheel=(0, 120))
    assert read(FLAGS.WHEEL, -120 << 16, 0, server=server) == MouseAction(1.5, wheel=(-120, 0))


def test_parts_of_a_wheels_unit_add_up() -> None:
    server = AinputServer()
    part = AinputMouse(time=0, flags=FLAGS.WHEEL, x=0, y=-0x9000).encode()
    turned = [action.wheel for _ in range(8) for action in server.receive(part)]
    assert turned == [(0, -1)] * 4
    assert server.passed_over == 4
    assert server.receive(AinputMouse(time=0, flags=FLAGS.WHEEL, x=0, y=0x8000).encode()) == []


def test_what_says_nothing_is_passed_over() -> None:
    server = AinputServer()
    for message in (
        AinputMouse(time=0, flags=FLAGS(0), x=5, y=5),
        AinputMouse(time=0, flags=FLAGS.REL | FLAGS.MOVE, x=0, y=0),
        AinputVersion(),
    ):
        assert server.receive(message.encode()) == []
    assert server.receive(b"\x09\x00abc") == []
    assert server.passed_over == 4


@pytest.mark.parametrize("message", [b"", b"\x02", b"\x02\x00abc"])
def test_nonsense(message: bytes) -> None:
    with pytest.raises(DecodeError):
        AinputServer().receive(message)
