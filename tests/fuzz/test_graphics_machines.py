"""Both machines of the graphics pipeline hear nonsense: events or `RemoteProtocolError`, and no more memory than their
bounds allow.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest

from tests.captures.messages import load
from tests.channels.rdpgfx.pipeline_jobs import DRAWING, SETUP, drawn
from tests.fuzz.mutation import mutate
from trio_rdp.channels.rdpgfx import (
    SUSPEND_FRAME_ACKNOWLEDGEMENT,
    CacheImportReplyPdu,
    CacheOffered,
    CapabilitySet,
    CapabilityVersion,
    CapsConfirmPdu,
    ClientState,
    Confirmed,
    FrameAcknowledgePdu,
    GraphicsClient,
    GraphicsServer,
    QoeFrameAcknowledgePdu,
    Reply,
    WireToSurface1Pdu,
    WireToSurface2Pdu,
    decode_messages,
)
from trio_rdp.channels.rdpgfx.translation import message_of
from trio_rdp.codecs.zgfx import Compressor, Decompressor
from trio_rdp.graphics.pipeline.jobs import EndPipelineFrame, FillSurface, ImportCached
from trio_rdp.wire.errors import RemoteProtocolError

MESSAGE, COMMANDS, FRAMES = 1 << 18, 64, 8
CONFIRM = CapsConfirmPdu(caps_set=CapabilitySet.of(CapabilityVersion.VERSION_107)).encode()


def recorded() -> list[bytes]:
    """What three servers said, inflated, with the beginnings of their bitmaps."""
    found: list[bytes] = []
    for name in ("grd-progressive", "shadow-avc420", "shadow-avc444"):
        inflate = Decompressor().decompress
        for transmission in load(f"gfx-xfreerdp-{name}.s2c"):
            pdus = decode_messages(inflate(transmission))
            for pdu in pdus:
                if isinstance(pdu, WireToSurface1Pdu | WireToSurface2Pdu):
                    pdu.bitmap_data = pdu.bitmap_data[:64]
            found.append(b"".join(pdu.encode() for pdu in pdus))
    return found


def server_messages() -> list[bytes]:
    """The confirmation, one of every other kind that a server sends, and what real ones sent."""
    jobs = (*SETUP, *DRAWING, *drawn(1, *DRAWING), *drawn(2))
    reply = CacheImportReplyPdu(cache_slots=[1, 2]).encode()
    several = b"".join(message_of(job).encode() for job in jobs)
    return [CONFIRM, *(message_of(job).encode() for job in jobs), reply, several, *recorded()]


def segments() -> list[bytes]:
    """A server's messages as they travel, none of which needs those before it."""
    messages = [Compressor().compress(one) for one in server_messages()]
    return [*messages, Compressor().compress(bytes(100_000)), *load("gfx-xfreerdp-grd-progressive.s2c")[1:4]]


def client_messages() -> list[bytes]:
    """What a client says: first what it can do, then one of every other kind."""
    client = GraphicsClient(h264=True)
    first = client.start()
    client.receive(CONFIRM, 0.0)
    return [
        first,
        client.offer_cache([(1, 4), (2, 8)]),
        client.reset(),
        FrameAcknowledgePdu(queue_depth=100, frame_id=3, total_frames_decoded=1).encode(),
        FrameAcknowledgePdu(frame_id=1, total_frames_decoded=1).encode(),
        FrameAcknowledgePdu(queue_depth=SUSPEND_FRAME_ACKNOWLEDGEMENT, frame_id=2, total_frames_decoded=1).encode(),
        QoeFrameAcknowledgePdu(frame_id=3, timestamp=5, time_diff_se=6, time_diff_edr=7).encode(),
        *(one for name in ("grd-progressive", "shadow-avc444") for one in load(f"gfx-xfreerdp-{name}.c2s")),
    ]


def _client() -> GraphicsClient:
    client = GraphicsClient(h264=True, max_message=MESSAGE, max_commands=COMMANDS, max_frames=FRAMES)
    client.start()
    return client


def _show(client: GraphicsClient, inflated: bytes, heard: int) -> None:
    """Do with what came what a client does."""
    events = client.receive(inflated, float(heard))
    assert len(events) <= COMMANDS
    assert sum(len(one.rects) for one in events if isinstance(one, FillSurface)) <= COMMANDS
    assert client.unacknowledged <= FRAMES
    for event in events:
        match event:
            case Confirmed():
                client.offer_cache([(1, 4), (2, 8)])
            case EndPipelineFrame(frame_id=frame_id):
                for message in client.acknowledge(frame_id, heard, float(heard)):
                    assert decode_messages(message)
            case ImportCached(slots=slots):
                assert len(slots) <= 2


def read_as_client(messages: list[bytes]) -> int:
    """Hear messages that are inflated."""
    client, heard = _client(), 0
    for message in messages:
        _show(client, message, heard)
        heard += 1
        if heard % 7 == 0 and client.confirmed is not None and client.confirmed.can_reset:
            client.reset()
            _show(client, message + CONFIRM, heard)
    return heard


def inflate_as_client(messages: list[bytes]) -> int:
    """Hear what travels; after nonsense that can be inflated, more may come."""
    client, heard = _client(), 0
    for message in messages:
        inflated = client.inflate(message)
        assert len(inflated) <= MESSAGE
        heard += 1
        if client.state is ClientState.ADVERTISED:
            _show(client, inflated, 0)
    return heard


def hear_as_server(messages: list[bytes]) -> int:
    """Hear a client while frames are sent to it."""
    server, heard = GraphicsServer(max_frames=FRAMES, max_strays=8, max_messages=16), 0
    for message in messages:
        for event in server.receive(message):
            match event:
                case Reply(message=confirmation):
                    assert decode_messages(Decompressor().decompress(confirmation))
                case CacheOffered(entries=entries):
                    slots = tuple((number + 1, key) for number, (key, _) in enumerate(entries[:5]))
                    server.encode([ImportCached(slots)])
        heard += 1
        for _ in range(3 if server.confirmed is not None else 0):
            server.encode(drawn(server.new_frame_id()))
        assert len(server.unacknowledged) <= (FRAMES if server.acknowledges else 0)
    return heard


TARGETS: dict[str, tuple[Callable[[list[bytes]], int], Callable[[], list[bytes]]]] = {
    "client": (read_as_client, server_messages),
    "inflating": (inflate_as_client, segments),
    "server": (hear_as_server, client_messages),
}


def spoil(source: random.Random, messages: list[bytes]) -> list[bytes]:
    """Messages in any order and number, some of them changed."""
    found = [source.choice(messages) for _ in range(source.randint(1, 20))]
    found.insert(0, messages[0])
    return [one if source.random() < 0.8 else change(source, one, source.choice(messages)) for one in found]


def change(source: random.Random, message: bytes, other: bytes) -> bytes:
    """Change a message, mostly behind its header, and mostly so that its length is right."""
    if source.random() < 0.2:
        return mutate(source, message, other)
    found = message[:8] + mutate(source, message[8:], other)
    return found[:4] + len(found).to_bytes(4, "little") + found[8:] if source.random() < 0.8 else found


def examine(name: str, source: random.Random, kinds: list[bytes], what: str) -> None:
    hear, _ = TARGETS[name]
    messages = spoil(source, kinds)
    try:
        hear(messages)
    except RemoteProtocolError:
        pass
    except Exception as exc:
        raise AssertionError(f"{name}: {what}, {messages}") from exc


@pytest.mark.parametrize("name", TARGETS)
def test_good_messages_are_all_heard(name: str) -> None:
    hear, kinds = TARGETS[name]
    assert hear(kinds()) == len(kinds())


@pytest.mark.parametrize("name", TARGETS)
def test_spoiled_messages(name: str) -> None:
    source = random.Random(f"graphics pipeline: {name}")
    kinds = TARGETS[name][1]()
    for number in range(300):
        examine(name, source, kinds, f"example {number}")


@pytest.mark.fuzz
@pytest.mark.parametrize("name", TARGETS)
def test_search(name: str, fuzz_seconds: float) -> None:
    number = random.SystemRandom().randrange(2**32)
    source = random.Random(number)
    kinds = TARGETS[name][1]()
    deadline = time.monotonic() + fuzz_seconds
    while time.monotonic() < deadline:
        examine(name, source, kinds, f"random seed {number}")
