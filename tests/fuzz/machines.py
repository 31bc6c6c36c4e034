"""What a broken or hostile server may do to a client's machines, and what must hold whatever it does."""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tests.fuzz.mutation import mutate
from tests.protocol.replay import Recording, connect
from trio_rdp.graphics.decoded_image import DecodedImage
from trio_rdp.graphics.jobs import DrawBitmaps, DrawSurfaceBits
from trio_rdp.pdu.tpkt import HEADER_SIZE
from trio_rdp.protocol.active_stage import ActiveStage
from trio_rdp.protocol.client_connector import ClientConnector
from trio_rdp.protocol.framing import RDP_HINT, Action
from trio_rdp.protocol.limits import Limits
from trio_rdp.protocol.session_events import Activated, ActiveStageOutput, GraphicsUpdate
from trio_rdp.wire.errors import RdpError

__all__ = ["LIMITS", "disturb", "feed_connector", "feed_stage", "weight"]

LIMITS = Limits(
    desktop_side=4096,
    desktop_pixels=2048 * 2048,
    update_size=1 << 20,
    channel_message=1 << 20,
    early_events=64,
    early_bytes=1 << 18,
    connection_steps=256,
)


def _reframed(message: bytes) -> bytes:
    """The message with a length that is right, so that its inside is looked at."""
    if message[:1] == b"\x03" and len(message) > HEADER_SIZE:
        return message[:2] + len(message).to_bytes(2, "big") + message[HEADER_SIZE:]
    return message


def disturb(source: random.Random, messages: Sequence[bytes], others: Sequence[bytes]) -> list[bytes]:
    """Messages that are lost, doubled, swapped, foreign, cut or changed, as many of each as chance will have."""
    found = list(messages)
    for _ in range(source.randint(1, 4)):
        at = source.randrange(len(found)) if found else 0
        match source.randrange(8):
            case 0 if found:
                del found[at]
            case 1 if found:
                found[at:at] = [found[at]] * source.choice((1, 2, 70))
            case 2 if found:
                other = source.randrange(len(found))
                found[at], found[other] = found[other], found[at]
            case 3:
                found.insert(at, source.choice(others))
            case 4:
                found.insert(at, source.randbytes(source.randint(1, 64)))
            case _ if found:
                changed = mutate(source, found[at], source.choice(others))
                found[at] = _reframed(changed) if source.random() < 0.8 else changed
    return [message for message in found if message]


def feed_connector(played: Recording, messages: Sequence[bytes]) -> ClientConnector:
    """Give a client what a server says; whatever it is, there is a result, an `RdpError` or silence."""
    connector = ClientConnector(replace(played.config, limits=LIMITS))
    waiting = iter(messages)
    steps = 0
    try:
        while not connector.state.is_terminal:
            steps += 1
            assert steps < 10_000, "the connector goes on without end"
            if connector.should_perform_security_upgrade:
                connector.mark_security_upgrade_as_done()
            elif connector.should_perform_credssp:
                connector.mark_credssp_as_done()
            elif connector.next_pdu_hint is None:
                connector.step(now=float(steps))
            else:
                message = next(waiting, None)
                if message is None:
                    break
                connector.step(message, now=float(steps))
        if connector.state.is_terminal:
            _ = connector.result
    except RdpError:
        assert connector.state.is_terminal
    assert weight(connector._conversation.early) <= 2 * LIMITS.early_bytes
    assert len(connector._conversation.events) <= LIMITS.early_events
    return connector


@dataclass
class _Picture:
    """What the outputs paint, without remembering more than one picture."""

    image: DecodedImage

    def take(self, outputs: list[ActiveStageOutput]) -> None:
        for output in outputs:
            match output:
                case GraphicsUpdate(job):
                    self.image.apply(job)
                case Activated(activation):
                    self.image = DecodedImage(activation.desktop_size.width, activation.desktop_size.height)


def feed_stage(played: Recording, messages: Sequence[bytes]) -> ActiveStage:
    """Give a client's session what a server says; whatever it is, there are outputs or an `RdpError`."""
    connected = connect(replace(played, config=replace(played.config, limits=LIMITS)))
    stage = ActiveStage(connected.result)
    size = stage.result.desktop_size
    shown = _Picture(DecodedImage(size.width, size.height))
    try:
        shown.take(stage.start())
        for message in messages:
            found = RDP_HINT.find_size(message, 0, len(message))
            action = Action.X224 if found is None or found[0] is None else found[0]
            outputs = stage.process(action, message, now=1.0)
            # One message paints at most what an update may hold, and some words around it.
            assert weight(outputs) <= 4 * LIMITS.update_size + 65_536
            shown.take(outputs)
    except RdpError:
        pass
    assert weight(stage._held) <= 4 * LIMITS.early_bytes + 65_536
    assert stage._fragments.pending <= LIMITS.update_size
    assert len(stage.ignored) < 400
    return stage


def weight(things: Sequence[Any]) -> int:
    """About how many bytes a list holds on to."""
    total = 0
    for thing in things:
        match thing:
            case bytes():
                total += len(thing)
            case GraphicsUpdate(DrawBitmaps(size=size) | DrawSurfaceBits(size=size)):
                total += size
            case _:
                total += sys.getsizeof(thing)
    return total
