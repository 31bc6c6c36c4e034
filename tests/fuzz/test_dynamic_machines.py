"""Managers of dynamic channels hear nonsense: events or `RemoteProtocolError`, and no more memory than allowed."""

from __future__ import annotations

import random
import time

import pytest

from tests.fuzz.mutation import mutate
from trio_rdp.channels.dynamic import SoftSyncRequest, fragments
from trio_rdp.channels.dynamic.client import DynamicClient
from trio_rdp.channels.dynamic.initializing import DvcCapabilitiesResponse
from trio_rdp.channels.dynamic.multiplexer import Answer, CreationRequested, Message
from trio_rdp.channels.dynamic.opening import CreationStatus, DvcCreateResponse
from trio_rdp.channels.dynamic.server import DynamicServer
from trio_rdp.channels.pending import PendingBytes
from trio_rdp.codecs import zgfx
from trio_rdp.wire.errors import RemoteProtocolError

CHANNELS, MESSAGE, PENDING = 8, 1 << 16, 1 << 17


def said_by_server() -> list[bytes]:
    server = DynamicServer()
    said = [server.start()]
    server.receive(DvcCapabilitiesResponse(version=3).encode())
    for name in ("one", "two", "three"):
        channel_id, data = server.open(name)
        said.append(data)
        server.receive(DvcCreateResponse(channel_id=channel_id).encode())
        said += fragments(channel_id, bytes(5000))
        said += fragments(channel_id, b"text " * 1000, zgfx.Compressor(zgfx.Kind.RDP8_LITE))
    return [*said, SoftSyncRequest(soft_sync_channel_lists=[]).encode(), server.close(1)]


def said_by_client() -> list[bytes]:
    return [
        DvcCapabilitiesResponse(version=3).encode(),
        *(DvcCreateResponse(channel_id=at).encode() for at in range(1, 4)),
        DvcCreateResponse(channel_id=4, creation_status=CreationStatus.NOT_FOUND).encode(),
        *(pdu for at in range(1, 4) for pdu in fragments(at, bytes(5000))),
        *fragments(2, b"text " * 1000, zgfx.Compressor(zgfx.Kind.RDP8_LITE)),
    ]


def check(machine: DynamicClient | DynamicServer, pending: PendingBytes, message: bytes) -> bool:
    """Let a machine hear a message; False when that was its end."""
    try:
        events = machine.receive(message)
    except RemoteProtocolError:
        return False
    for event in events:
        match event:
            case CreationRequested(channel_id=channel_id) if isinstance(machine, DynamicClient):
                assert machine.accept(channel_id)
            case Message(message=whole):
                assert len(whole) <= MESSAGE
            case Answer(data=data):
                assert len(data) < 64
    assert len(machine) <= CHANNELS
    assert 0 <= pending.held <= PENDING
    return True


def converse(source: random.Random, to_client: list[bytes], to_server: list[bytes]) -> None:
    for kind, corpus in ((DynamicClient, to_client), (DynamicServer, to_server)):
        pending = PendingBytes(PENDING)
        machine = kind(max_channels=CHANNELS, max_message=MESSAGE, pending_bytes=pending)
        if isinstance(machine, DynamicServer):
            machine.receive(to_server[0])
            for at in range(source.randint(0, CHANNELS)):
                machine.open(f"channel {at}")
        messages = list(corpus)
        for _ in range(source.randint(1, 6)):
            at = source.randrange(len(messages))
            messages[at] = (
                mutate(source, messages[at], source.choice(corpus)) if source.random() < 0.7 else source.choice(corpus)
            )
        for message in messages:
            if not check(machine, pending, message):
                break
        for channel_id in range(70_000 if source.random() < 0.001 else 10):
            machine.close(channel_id)
        if all(machine.get(at) is None for at in range(10)) and not len(machine):
            assert pending.held == 0


def test_a_few_conversations() -> None:
    source, to_client, to_server = random.Random(4), said_by_server(), said_by_client()
    for _ in range(200):
        converse(source, to_client, to_server)


@pytest.mark.fuzz
def test_many_conversations(fuzz_seconds: float) -> None:
    source, to_client, to_server = random.Random(), said_by_server(), said_by_client()
    until = time.monotonic() + fuzz_seconds
    while time.monotonic() < until:
        seed = source.getrandbits(64)
        try:
            converse(random.Random(seed), to_client, to_server)
        except Exception as exc:
            exc.add_note(f"seed {seed}")
            raise
