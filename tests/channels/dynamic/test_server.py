"""A server's manager of dynamic channels, step by step."""

from __future__ import annotations

import pytest

from trio_rdp.channels.dynamic.initializing import DvcCapabilitiesRequest, DvcCapabilitiesResponse
from trio_rdp.channels.dynamic.messages import decode_server_pdu
from trio_rdp.channels.dynamic.multiplexer import Closed, Message, Opened, Ready, Refused
from trio_rdp.channels.dynamic.opening import CreationStatus, DvcClose, DvcCreateRequest, DvcCreateResponse
from trio_rdp.channels.dynamic.server import CHARGES, DynamicServer
from trio_rdp.wire.errors import LocalProtocolError, RemoteProtocolError


def ready(version: int = 3, **options: int) -> DynamicServer:
    server = DynamicServer(**options)  # type: ignore[arg-type]
    server.receive(DvcCapabilitiesResponse(version=version).encode())
    return server


def test_it_asks_for_the_version() -> None:
    asks = decode_server_pdu(DynamicServer().start())
    assert isinstance(asks, DvcCapabilitiesRequest)
    assert (asks.version, asks.priority_charge0, asks.priority_charge3) == (3, 936, 21845)


@pytest.mark.parametrize(("theirs", "agreed"), [(1, 1), (2, 2), (3, 3), (7, 3)])
def test_the_version_is_the_lesser(theirs: int, agreed: int) -> None:
    server = DynamicServer()
    answer = DvcCapabilitiesResponse(version=theirs).encode()
    assert server.receive(answer) == [Ready(agreed, CHARGES if agreed > 1 else (0, 0, 0, 0))]
    assert server.receive(answer) == []  # it stays as it is
    _, data = server.open("echo", priority=2)
    asks = decode_server_pdu(data)
    assert isinstance(asks, DvcCreateRequest)
    assert asks.pri == (2 if agreed > 1 else 0)


def test_there_is_no_version_0() -> None:
    with pytest.raises(RemoteProtocolError, match="version 0"):
        DynamicServer().receive(DvcCapabilitiesResponse(version=0).encode())


def test_a_channel_is_accepted() -> None:
    server = ready()
    channel_id, data = server.open("echo")
    assert decode_server_pdu(data) == DvcCreateRequest(channel_id=channel_id, channel_name="echo")
    answer = DvcCreateResponse(channel_id=channel_id).encode()
    assert server.receive(answer) == [Opened(channel_id)]
    assert server.receive(answer) == []
    assert server.receive(bytes([0x30, channel_id]) + b"hi") == [Message(channel_id, b"hi")]
    assert server.receive(DvcClose(channel_id=channel_id).encode()) == [Closed(channel_id)]
    assert server.receive(DvcClose(channel_id=channel_id).encode()) == []


def test_a_channel_is_refused() -> None:
    server = ready()
    channel_id, _ = server.open("echo")
    answer = DvcCreateResponse(channel_id=channel_id, creation_status=CreationStatus.NOT_FOUND)
    assert server.receive(answer.encode()) == [Refused(channel_id, CreationStatus.NOT_FOUND)]
    assert server.get(channel_id) is None


def test_an_answer_that_comes_too_late() -> None:
    ignored: list[str] = []
    server = DynamicServer(ignored=ignored.append)
    server.receive(DvcCapabilitiesResponse(version=3).encode())
    channel_id, _ = server.open("echo")
    assert server.close(channel_id) == DvcClose(channel_id=channel_id).encode()
    assert server.receive(DvcCreateResponse(channel_id=channel_id).encode()) == []
    assert ignored == ["an answer about a dynamic channel that nobody asked for"]


def test_ids_are_not_used_again_soon_nor_twice() -> None:
    server = ready()
    first, _ = server.open("one")
    second, _ = server.open("two")
    server.close(first)
    third, _ = server.open("three")
    assert len({first, second, third}) == 3
    server._last_id = 0xFFFF
    fourth, _ = server.open("four")
    assert fourth not in (second, third)


def test_what_cannot_be_opened() -> None:
    with pytest.raises(LocalProtocolError, match="has not said yet"):
        DynamicServer().open("echo")
    server = ready(max_channels=1)
    with pytest.raises(LocalProtocolError, match="priority class 4"):
        server.open("echo", priority=4)
    with pytest.raises(LocalProtocolError, match="not ANSI"):
        server.open("\u20ac")
    server.open("echo")
    with pytest.raises(LocalProtocolError, match="1 dynamic channels are open"):
        server.open("echo")
