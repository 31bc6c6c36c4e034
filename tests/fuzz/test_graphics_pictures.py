"""The graphics pipeline of a client from end to end, without a session: what three servers sent, spoiled on its way or
in its messages, is inflated, read and drawn.  Pixels or `RemoteProtocolError`, and within the limits.
"""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.captures.messages import load
from tests.fuzz.mutation import mutate
from trio_rdp.channels.rdpgfx import Confirmed, GraphicsClient, decode_messages
from trio_rdp.channels.rdpgfx.drawing import WireToSurface1Pdu, WireToSurface2Pdu
from trio_rdp.codecs import avc
from trio_rdp.codecs.zgfx import Compressor, Decompressor
from trio_rdp.graphics.costs import memory_of
from trio_rdp.graphics.decoded_image import DecodedImage
from trio_rdp.graphics.jobs import ResetPipeline
from trio_rdp.graphics.pipeline.costs import PipelineCosts
from trio_rdp.graphics.pipeline.jobs import EndPipelineFrame
from trio_rdp.graphics.pipeline.limits import PipelineLimits
from trio_rdp.wire.errors import DecodeError, RemoteProtocolError

NAMES = ("grd-progressive", *(("shadow-avc420", "shadow-avc444") if avc.is_available() else ()))
MESSAGE = 1 << 24
LIMITS = PipelineLimits(
    surface_bytes=1 << 25, surfaces=16, shown=8, context_pixels=1 << 22, desktop_side=2048, desktop_pixels=1 << 22
)


@functools.cache
def transmissions(name: str) -> tuple[bytes, ...]:
    """What a server sent first, compressed."""
    return tuple(load(f"gfx-xfreerdp-{name}.s2c")[:12])


@functools.cache
def inflated(name: str) -> tuple[bytes, ...]:
    """The same, inflated."""
    inflate = Decompressor().decompress
    return tuple(inflate(one) for one in transmissions(name))


def spoiled_on_its_way(source: random.Random, name: str) -> list[bytes]:
    """Some transmissions are changed, lost, doubled or swapped; the first one is whole."""
    found = list(transmissions(name))
    for _ in range(source.randint(1, 3)):
        disturb(source, found, lambda one: mutate(source, one, source.choice(found)))
    return found


def spoiled_in_its_messages(source: random.Random, name: str) -> list[bytes]:
    """So are some messages, or what is in bitmaps, of which each is sent by itself then."""
    found = [pdu.encode() for one in inflated(name) for pdu in decode_messages(one)]
    for _ in range(source.randint(1, 4)):
        disturb(source, found, lambda one: change(source, one))
    compress = Compressor().compress
    return [compress(one) for one in found]


def change(source: random.Random, message: bytes) -> bytes:
    """Change a message so that its lengths are right, and often only the bitmap in it."""
    try:
        (pdu,) = decode_messages(message)
    except DecodeError:
        return mutate(source, message, message)
    if isinstance(pdu, WireToSurface1Pdu | WireToSurface2Pdu) and source.random() < 0.7:
        head = pdu.bitmap_data[:400] if source.random() < 0.7 else pdu.bitmap_data
        return replace(pdu, bitmap_data=mutate(source, head, head[::-1]) + pdu.bitmap_data[len(head) :]).encode()
    body = mutate(source, message[8:], message)
    return message[:4] + (len(body) + 8).to_bytes(4, "little") + body


def disturb(source: random.Random, found: list[bytes], spoil: Callable[[bytes], bytes]) -> None:
    at, other = (source.randrange(1, len(found)) for _ in range(2))
    match source.randrange(6):
        case 0 if len(found) > 2:
            del found[at]
        case 1:
            found.insert(other, found[at])
        case 2:
            found[at], found[other] = found[other], found[at]
        case _:
            found[at] = spoil(found[at])


def show(messages: list[bytes]) -> int:
    """Draw what came, as a session does; gives how many frames were shown."""
    client = GraphicsClient(h264=True, max_message=MESSAGE, max_commands=4096, max_frames=16)
    client.start()
    image, costs, frames = DecodedImage(64, 48), PipelineCosts(64, 48), 0
    for message in messages:
        data = client.inflate(message)
        assert len(data) <= MESSAGE
        waiting = 0
        for event in client.receive(data, 0.0):
            if isinstance(event, Confirmed):
                image.apply(ResetPipeline(replace(LIMITS, cache_bytes=1 << 22, cache_slots=event.cache_slots)))
                costs.begin({})
                continue
            waiting += memory_of(event)
            assert costs.count(event) >= 0
            damage = image.apply(event)
            assert all(image.bounds.contains(rect) for rect in damage)
            if isinstance(event, EndPipelineFrame):
                frames += 1
                client.acknowledge(event.frame_id, 0, 0.0)
        assert waiting <= 100 * MESSAGE
        surfaces = image.surfaces
        assert surfaces.bytes <= LIMITS.surface_bytes
        assert surfaces.cache.bytes <= 1 << 22
        assert image.width * image.height <= LIMITS.desktop_pixels
        assert image.pixels.shape == (image.height, image.width, 4)
        assert (image.pixels[:1, :, 3] == 255).all()
    return frames


WAYS = {"on its way": spoiled_on_its_way, "in its messages": spoiled_in_its_messages}


def attack(source: random.Random, way: str, what: str) -> None:
    name = source.choice(NAMES)
    messages = WAYS[way](source, name)
    try:
        show(messages)
    except RemoteProtocolError:
        pass
    except Exception as exc:
        raise AssertionError(f"{name}, {what}: {[one.hex() for one in messages]}") from exc


@pytest.mark.parametrize("name", NAMES)
def test_what_real_servers_sent(name: str) -> None:
    assert show(list(transmissions(name))) > 0


@pytest.mark.parametrize("way", WAYS)
def test_a_few_spoiled_ones(way: str) -> None:
    source = random.Random(f"pictures {way}")
    for number in range(12):
        attack(source, way, f"example {number}")


@pytest.mark.fuzz
@pytest.mark.parametrize("way", WAYS)
def test_search(way: str, fuzz_seconds: float) -> None:
    number = random.SystemRandom().randrange(2**32)
    source = random.Random(number)
    deadline = time.monotonic() + fuzz_seconds
    while time.monotonic() < deadline:
        attack(source, way, f"random seed {number}")
