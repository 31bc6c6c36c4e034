"""Managers of dynamic channels hear nonsense: events or `RemoteProtocolError`, and no more memory than allowed."""

from __future__ import annotations

import random
import struct
import time

import pytest

from tests.fuzz.mutation import mutate
from trio_rdp.channels.dynamic import SoftSyncRequest, fragments
from trio_rdp.channels.dynamic.client import DynamicClient
from trio_rdp.channels.dynamic.data import DvcData, DvcDataFirst
from trio_rdp.channels.dynamic.initializing import DvcCapabilitiesResponse
from trio_rdp.channels.dynamic.multiplexer import Answer, CreationRequested, Message
from trio_rdp.channels.dynamic.opening import CreationStatus, DvcCreateResponse
from trio_rdp.channels.dynamic.server import DynamicServer
from trio_rdp.channels.pending import PendingBytes
from trio_rdp.channels.static import Dechunker, chunks, continues
from trio_rdp.codecs import zgfx
from trio_rdp.protocol.framing import FrameBuffer
from trio_rdp.protocol.stretch import Sink, Stretch
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


class Joined:
    """What static and dynamic channels make of frames, which a `Stretch` may take together."""

    def __init__(self, is_hasty: bool) -> None:
        self.client = DynamicClient(max_message=MESSAGE, pending_bytes=PendingBytes(PENDING))
        self.dechunker = Dechunker(MESSAGE, PendingBytes(PENDING))
        self.messages: list[object] = []
        self.is_hasty = is_hasty
        self._stretch: Stretch | None = None
        self._frames = FrameBuffer()

    def receive(self, data: bytes) -> None:
        self._frames.receive_data(data)
        while True:
            if self._stretch is not None:
                self._frames.take_stretch(self._stretch)
            found = self._frames.next_pdus(3)
            if not found:
                break
            for _, frame in found:
                if self._stretch is None or not self._stretch.take(frame):
                    self._take(frame)

    def _take(self, frame: bytes) -> None:
        self._stretch = None
        continued: tuple[Sink, int] | None = None
        kind, pdu = frame[4], frame[5:]
        try:
            if kind:
                self.messages += [one for one in [self.dechunker.feed(pdu)] if one is not None]
                continued = continues(self.dechunker, pdu)
            else:
                events = self.client.receive(pdu)
                for event in events:
                    if isinstance(event, CreationRequested):
                        self.client.accept(event.channel_id)
                self.messages += events
                continued = self.client.take_continued()
        except RemoteProtocolError as exc:
            self.messages.append(str(exc))
        if continued is not None and self.is_hasty:
            self._stretch = Stretch(frame, continued[1], continued[0])


def haste(source: random.Random) -> None:
    """Frames that are taken together mean what they mean one by one."""
    server = DynamicServer()
    server.receive(DvcCapabilitiesResponse(version=3).encode())
    pdus = [b"\0" + server.open(name)[1] for name in ("one", "two")]
    for _ in range(source.randint(1, 4)):
        size, step = source.randrange(1, 3000), source.choice((1, 3, 50, 1000))
        at, message = source.randint(1, 2), source.randbytes(size)
        if source.random() < 0.5:
            blocks = [message[begin : begin + step] for begin in range(0, size, step)]
            said = [b"\0" + DvcData(channel_id=at, data=block).encode() for block in blocks]
            said[0] = b"\0" + DvcDataFirst(channel_id=at, length=size, data=blocks[0]).encode()
        else:
            said = [b"\1" + chunk for chunk in chunks(message, step)]
        for _ in range(source.choice((0, 0, 1, 3))):
            where = source.randrange(len(said))
            other = source.choice((said[where][:1] + said[where][1:3], said[where][:9], source.choice(said)))
            said[where : where + source.randint(0, 1)] = [other] * source.choice((1, 2, 5))
        pdus += said
    stream = b"".join(struct.pack(">BxH", 3, 4 + len(pdu)) + pdu for pdu in pdus)
    slow, hasty = Joined(is_hasty=False), Joined(is_hasty=True)
    slow.receive(stream)
    at = 0
    while at < len(stream):
        size = source.randint(1, 4000)
        hasty.receive(stream[at : at + size])
        at += size
    assert hasty.messages == slow.messages
    assert hasty.dechunker.pending == slow.dechunker.pending


def test_haste() -> None:
    source = random.Random(5)
    for _ in range(300):
        haste(source)


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
            haste(random.Random(seed))
        except Exception as exc:
            exc.add_note(f"seed {seed}")
            raise
