from __future__ import annotations

import pytest

from trio_rdp.channels.ainput import AinputFlags, AinputMouse, AinputVersion, UnknownAinput
from trio_rdp.channels.ainput_client import AinputClient
from trio_rdp.wire.errors import DecodeError, EncodeError, LocalProtocolError, RemoteProtocolError


def test_messages_wait_for_the_version() -> None:
    client = AinputClient()
    assert client.version is None
    with pytest.raises(LocalProtocolError, match="has not said its version"):
        client.mouse(AinputFlags.MOVE, 1, 2, now=0)
    client.receive(AinputVersion().encode())
    assert client.version == (1, 0)
    message = AinputMouse.decode(client.mouse(AinputFlags.MOVE, 1, -2, now=12.3456))
    assert message == AinputMouse(time=12346, flags=AinputFlags.MOVE, x=1, y=-2)


@pytest.mark.parametrize("version", [(0, 0), (1, 1), (2, 0), (0xFFFFFFFF, 0)])
def test_other_versions(version: tuple[int, int]) -> None:
    client = AinputClient()
    with pytest.raises(RemoteProtocolError, match=rf"version {version[0]}\.{version[1]} of advanced input"):
        client.receive(AinputVersion(major=version[0], minor=version[1]).encode())
    assert client.version is None


def test_what_is_not_expected_is_passed_over() -> None:
    client = AinputClient()
    client.receive(AinputMouse(time=0, flags=AinputFlags.MOVE, x=0, y=0).encode())
    client.receive(b"\x09\x00abc")
    assert UnknownAinput.decode(b"\x09\x00abc").type == 9
    assert client.version is None


def test_what_makes_no_sense() -> None:
    client = AinputClient()
    with pytest.raises(DecodeError):
        client.receive(b"\x01\x00\x01")
    client.receive(AinputVersion().encode())
    with pytest.raises(EncodeError):
        client.mouse(AinputFlags.MOVE, 1 << 31, 0, now=0)
