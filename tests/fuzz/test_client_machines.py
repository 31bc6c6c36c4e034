"""The client's connector and session against servers that lose, double, swap, cut and change their messages."""

from __future__ import annotations

import functools
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.machines import disturb, feed_connector, feed_stage
from tests.protocol.replay import Recording, recording
from tests.shared import capture_names
from trio_rdp.protocol.states import ClientConnectorState

# One of each kind of graphics and road; the others say the same.
NAMES = (
    "rdesktop-xrdp-tls-8",
    "shadow-rdp-bitmap16",
    "shadow-rdp-rfx",
    "weston-tls-nsc",
    "xfreerdp-xrdp-channels",
    "xrdp-tls-vnc-16-slowpath",
    "xrdp-tls-vnc-32",
    "xrdp-tls-vnc-8",
)
SESSION_MESSAGES = 40  # of the beginning of a session, so that an example takes milliseconds

needs_captures = pytest.mark.skipif(not capture_names(), reason="needs the captures")


@functools.cache
def recordings() -> list[Recording]:
    return [recording(name) for name in NAMES]


@functools.cache
def foreign() -> list[bytes]:
    """Messages of all servers, out of their place."""
    found = [frame for played in recordings() for frame in played.connecting]
    return found + [frame for played in recordings() for _, frame in played.session[:SESSION_MESSAGES]]


def one_session(source: random.Random) -> None:
    played = source.choice(recordings())
    if source.random() < 0.5:
        feed_connector(played, disturb(source, played.connecting, foreign()))
    else:
        messages = [frame for _, frame in played.session[:SESSION_MESSAGES]]
        feed_stage(played, disturb(source, messages, foreign()))


@needs_captures
def test_undisturbed_all_is_well() -> None:
    for played in recordings():
        assert feed_connector(played, played.connecting).state is ClientConnectorState.CONNECTED
        feed_stage(played, [frame for _, frame in played.session[:SESSION_MESSAGES]])


@needs_captures
@given(st.integers(0, 2**32 - 1))
def test_a_result_or_an_rdp_error(number: int) -> None:
    one_session(random.Random(number))


@needs_captures
@given(st.integers(0, len(NAMES) - 1), st.data())
def test_a_connection_cut_anywhere(which: int, data: st.DataObject) -> None:
    played = recordings()[which]
    at = data.draw(st.integers(0, len(played.connecting) - 1))
    size = data.draw(st.integers(1, len(played.connecting[at])))
    feed_connector(played, [*played.connecting[:at], played.connecting[at][:size]])


@needs_captures
@given(st.integers(0, len(NAMES) - 1), st.lists(st.binary(min_size=1, max_size=100), max_size=5))
def test_random_bytes(which: int, noise: list[bytes]) -> None:
    played = recordings()[which]
    feed_connector(played, noise)
    feed_stage(played, noise)


@pytest.mark.fuzz
@needs_captures
def test_for_as_long_as_there_is_time(fuzz_seconds: float) -> None:
    numbers = random.SystemRandom()
    deadline = time.monotonic() + fuzz_seconds
    while time.monotonic() < deadline:
        number = numbers.randrange(2**32)
        try:
            one_session(random.Random(number))
        except Exception as exc:
            raise AssertionError(f"one_session(random.Random({number}))") from exc
