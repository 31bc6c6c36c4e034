"""A client's manager of dynamic channels, step by step."""

from __future__ import annotations

import pytest

from trio_rdp.channels.dynamic.client import DynamicClient
from trio_rdp.channels.dynamic.initializing import DvcCapabilitiesRequest, DvcCapabilitiesResponse
from trio_rdp.channels.dynamic.multiplexer import Answer, Closed, CreationRequested, Message, Ready
from trio_rdp.channels.dynamic.opening import CreationStatus, DvcClose, DvcCreateRequest, DvcCreateResponse
from trio_rdp.channels.dynamic.soft_sync import SoftSyncRequest, SoftSyncResponse
from trio_rdp.wire.errors import DecodeError


def ready(version: int = 3, **options: int) -> DynamicClient:
    client = DynamicClient(**options)  # type: ignore[arg-type]
    client.receive(DvcCapabilitiesRequest(version=version).encode())
    return client


def asked(client: DynamicClient, channel_id: int, name: str = "echo") -> list[object]:
    return list(client.receive(DvcCreateRequest(channel_id=channel_id, channel_name=name, pri=2).encode()))


@pytest.mark.parametrize(("theirs", "agreed"), [(0, 1), (1, 1), (2, 2), (3, 3), (9, 3)])
def test_the_version_is_the_lesser(theirs: int, agreed: int) -> None:
    client = DynamicClient()
    charges = (0, 0, 0, 0) if theirs < 2 else (936, 3276, 9362, 21845)
    asks = DvcCapabilitiesRequest(
        version=theirs,
        priority_charge0=charges[0],
        priority_charge1=charges[1],
        priority_charge2=charges[2],
        priority_charge3=charges[3],
    )
    assert client.receive(asks.encode()) == [
        Answer(DvcCapabilitiesResponse(version=agreed).encode()),
        Ready(agreed, charges),
    ]
    assert client.version == agreed


def test_a_channel_is_accepted() -> None:
    client = ready()
    assert asked(client, 5) == [CreationRequested(5, "echo", 2)]
    # Data may not come before the answer.
    assert client.receive(b"\x30\x05early") == []
    assert client.accept(5) == DvcCreateResponse(channel_id=5).encode()
    assert client.receive(b"\x30\x05hello") == [Message(5, b"hello")]


def test_a_channel_is_refused() -> None:
    client = ready()
    asked(client, 5)
    refusal = DvcCreateResponse(channel_id=5, creation_status=CreationStatus.NOT_FOUND)
    assert client.refuse(5) == refusal.encode()
    assert client.get(5) is None
    assert asked(client, 5) == [CreationRequested(5, "echo", 2)]


def test_the_server_closes() -> None:
    client = ready()
    asked(client, 5)
    client.accept(5)
    close = DvcClose(channel_id=5).encode()
    assert client.receive(close) == [Answer(close), Closed(5)]
    assert client.receive(close) == []  # "the client MUST ignore the PDU and SHOULD NOT respond"


def test_a_channel_in_the_place_of_another() -> None:
    client = ready()
    asked(client, 5, "old")
    client.accept(5)
    assert asked(client, 5, "new") == [
        Closed(5, "the server opened another channel in its place"),
        CreationRequested(5, "new", 2),
    ]


def test_a_server_that_never_asks_for_the_version() -> None:
    client = DynamicClient()
    assert asked(client, 5) == [
        Answer(DvcCapabilitiesResponse(version=1).encode()),
        Ready(1),
        CreationRequested(5, "echo", 2),
    ]


def test_ten_thousand_channels_meet_a_limit() -> None:
    client = ready(max_channels=3)
    opened = 0
    for channel_id in range(10_000):
        for event in asked(client, channel_id):
            if isinstance(event, CreationRequested):
                client.accept(channel_id)
                opened += 1
            else:
                refusal = DvcCreateResponse(channel_id=channel_id, creation_status=CreationStatus.NO_MEMORY)
                assert event == Answer(refusal.encode())
    assert opened == len(client) == 3


def test_nothing_moves_to_a_tunnel() -> None:
    request = SoftSyncRequest(soft_sync_channel_lists=[])
    assert ready().receive(request.encode()) == [Answer(SoftSyncResponse(tunnels_to_switch=[]).encode())]


def test_what_it_does_not_know() -> None:
    ignored: list[str] = []
    assert DynamicClient(ignored=ignored.append).receive(b"\xf0what") == []
    assert ignored == ["unknown PDU of dynamic channels"]
    with pytest.raises(DecodeError):
        DynamicClient().receive(b"")
