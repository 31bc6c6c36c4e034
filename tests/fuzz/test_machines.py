"""Both machines and both sessions hear conversations that were spoiled: a value or an `RdpError`, soon, and bounded."""

from __future__ import annotations

import random
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.fuzz.conversations import Script, hear_as_client, hear_as_server, own_scripts, session_streams
from tests.fuzz.machines import disturb
from trio_rdp.protocol.framing import RDP_HINT, TS_REQUEST_HINT, TS_REQUEST_LIMIT, X224_HINT, FrameBuffer
from trio_rdp.wire.errors import DecodeError, RdpError

LONGEST = 20.0  # seconds for one conversation, which takes milliseconds
MOST_MEMORY = 64 << 20

Hear = Callable[[Script], int]
ROLES: dict[str, Hear] = {"client": hear_as_client, "server": hear_as_server}


def scripts_for(role: str) -> list[Script]:
    """What this role hears."""
    clients, servers = own_scripts()
    return servers if role == "client" else clients


def examine(role: str, script: Script, spoiled: Script, what: str) -> None:
    started = time.monotonic()
    try:
        ROLES[role](spoiled)
    except RdpError:
        pass
    except Exception as exc:
        raise AssertionError(f"{role}: {what}, {spoiled}") from exc
    assert time.monotonic() - started < LONGEST, f"{role} hangs: {what}, {spoiled}"


def spoil_either(source: random.Random, script: Script, others: list[bytes]) -> Script:
    """Spoil the connection, or the session behind a good connection."""
    if source.random() < 0.5:
        return replace(script, connecting=tuple(disturb(source, script.connecting, others)))
    session = list(script.session)
    if others and source.random() < 0.5:
        at = source.randrange(len(others))
        session[-1:-1] = others[at : at + source.randint(1, 20)]
    return replace(script, session=tuple(disturb(source, session, others)))


@pytest.mark.parametrize("role", ROLES)
def test_good_conversations_are_heard_to_the_end(role: str) -> None:
    for script in scripts_for(role):
        assert ROLES[role](script) >= 8


@pytest.mark.parametrize("role", ROLES)
def test_spoiled_conversations(role: str) -> None:
    source = random.Random(f"machines of a {role}")
    scripts = scripts_for(role)
    others = [message for script in scripts for message in script.connecting + script.session]
    for number in range(400):
        script = source.choice(scripts)
        examine(role, script, spoil_either(source, script, others), f"example {number}")


@pytest.mark.parametrize("role", ROLES)
def test_every_message_cut_at_every_byte(role: str) -> None:
    script = scripts_for(role)[0]
    for index, message in enumerate(script.connecting):
        for size in range(0, len(message), max(1, len(message) // 40)):
            cut = (*script.connecting[:index], message[:size], *script.connecting[index + 1 :])
            examine(role, script, replace(script, connecting=cut), f"message {index} cut to {size} bytes")


@pytest.mark.parametrize("role", ROLES)
def test_memory_is_bounded_whatever_is_said_for_long(role: str) -> None:
    source = random.Random(7)
    script = scripts_for(role)[0]
    session = list(script.session[:-1])
    ignorable = [message for message in session if not _ends(role, script, message)] * 2000
    source.shuffle(ignorable)
    assert len(ignorable) >= 10_000
    tracemalloc.start()
    try:
        examine(role, script, replace(script, session=tuple(ignorable)), "many messages")
        assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("role", ROLES)
def test_a_connection_cannot_go_on_for_ever(role: str) -> None:
    script = scripts_for(role)[0]
    for index, message in enumerate(script.connecting):
        endless = (*script.connecting[:index], *[message] * 2000, *script.connecting[index:])
        examine(role, script, replace(script, connecting=endless), f"message {index} without end")


@pytest.mark.parametrize("seed", range(40))
def test_framing(seed: int) -> None:
    """Random and spoiled bytes in pieces of any size: PDUs or a `DecodeError`, and no byte is kept twice."""
    source = random.Random(seed)
    script = source.choice(scripts_for("client"))
    stream = b"".join(disturb(source, script.connecting + script.session, list(script.session)))
    whole, error = _cut(FrameBuffer(stream))
    buffer = FrameBuffer()
    pieces: list[bytes] = []
    failed = None
    at = 0
    while at < len(stream) and failed is None:
        size = source.choice((1, 2, 7, 100, 5000))
        buffer.receive_data(stream[at : at + size])
        at += size
        found, failed = _cut(buffer)
        pieces += found
        assert len(buffer) <= 65_535 + 5000
    assert pieces == whole
    assert (failed is None) == (error is None)


@pytest.mark.parametrize("seed", range(40))
def test_hints(seed: int) -> None:
    source = random.Random(seed)
    for _ in range(500):
        data = source.choice((b"\x03\0", b"\x30", b"\0", b"")) + source.randbytes(source.randint(0, 8))
        for hint in (RDP_HINT, X224_HINT, TS_REQUEST_HINT):
            try:
                found = hint.find_size(data, 0, len(data))
            except DecodeError:
                continue
            assert found is None or 2 <= found[1] <= max(TS_REQUEST_LIMIT, 65_535)


@pytest.mark.fuzz
@pytest.mark.parametrize("role", ROLES)
def test_search(role: str, fuzz_seconds: float) -> None:
    number = random.SystemRandom().randrange(2**32)
    source = random.Random(number)
    scripts = scripts_for(role)
    others = [message for script in scripts for message in script.connecting + script.session]
    others += session_streams(of_client=role == "server")
    deadline = time.monotonic() + fuzz_seconds
    while time.monotonic() < deadline:
        script = source.choice(scripts)
        examine(role, script, spoil_either(source, script, others), f"random seed {number}")


def _cut(buffer: FrameBuffer) -> tuple[list[bytes], DecodeError | None]:
    found = []
    try:
        while (pdu := buffer.next_pdu()) is not None:
            found.append(pdu[1])
    except DecodeError as exc:
        return found, exc
    return found, None


def _ends(role: str, script: Script, message: bytes) -> bool:
    """Whether a message ends the session if it comes often."""
    try:
        ROLES[role](replace(script, session=(message,) * 100))
    except RdpError:
        return True
    return False
