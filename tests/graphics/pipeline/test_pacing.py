"""What goes on its way over lines of every kind, simulated: nothing here waits."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.graphics.pipeline.pacing import MOST_FRAMES, FramePacer


class Line:
    """A line of so many bytes a second and so long, behind which a client shows at once what has come."""

    def __init__(self, bandwidth: float, round_trip: float) -> None:
        self.bandwidth, self.round_trip = bandwidth, round_trip
        self.free_at = 0.0
        self.answers: list[tuple[float, int]] = []

    def send(self, frame_id: int, size: int, now: float) -> None:
        self.free_at = max(self.free_at, now) + size / self.bandwidth
        self.answers.append((self.free_at + self.round_trip, frame_id))

    def waits(self, now: float) -> float:
        """Seconds until something that is sent now begins to leave."""
        return max(0.0, self.free_at - now)


def run(pacer: FramePacer, line: Line, seconds: float, cost: float) -> tuple[int, float]:
    """Send frames of `cost` bytes at the best quality as fast as the pacer lets; how many, and the longest wait."""
    now, frame_id, waited = 0.0, 0, 0.0
    while now < seconds:
        while line.answers and line.answers[0][0] <= now:
            when, number = line.answers.pop(0)
            assert pacer.acknowledge(number, 0, when)
        if not pacer.is_ahead:
            size = int(min(cost * pacer.percent / 100, pacer.frame_bytes))
            if now > seconds / 2:
                waited = max(waited, line.waits(now))
            line.send(frame_id, size, now)
            pacer.sent(frame_id, size, now, 0.005)
            frame_id += 1
        now += 0.005
    return frame_id, waited


@pytest.mark.parametrize("round_trip", [0.001, 0.05, 0.3])
@pytest.mark.parametrize("bandwidth", [30e3, 125e3, 1.25e6, 125e6])
@pytest.mark.parametrize("cost", [2_000, 60_000, 2_000_000])
def test_nothing_piles_up_and_the_line_is_used(bandwidth: float, round_trip: float, cost: float) -> None:
    pacer, line = FramePacer(round_trip=round_trip), Line(bandwidth, round_trip)
    frames, waited = run(pacer, line, 30, cost)
    # A change is on its way within 300 ms, whatever is sent (a least frame takes longer on the slowest line).
    assert waited <= max(0.3, 2.2 * 0x4000 / bandwidth)
    assert frames >= 30
    assert pacer.unacknowledged <= pacer.most_frames <= MOST_FRAMES


def test_a_slow_line_gets_worse_pictures_and_better_ones_again() -> None:
    pacer, line = FramePacer(round_trip=0.01), Line(125e3, 0.01)
    run(pacer, line, 20, 500_000)
    assert pacer.percent == 10
    assert pacer.bandwidth == pytest.approx(125e3, rel=0.3)
    line.bandwidth = 50e6
    for number in range(1000, 1400):
        now = 21 + number / 20
        pacer.sent(number, 3_000, now)
        pacer.acknowledge(number, 0, now + 0.01)
    assert pacer.percent == 100


def test_a_long_line_has_more_frames_on_its_way() -> None:
    short, long = FramePacer(round_trip=0.001), FramePacer(round_trip=0.08)
    assert (short.most_frames, long.most_frames) == (2, 6)
    assert FramePacer(round_trip=5.0).most_frames == MOST_FRAMES


def test_a_client_that_is_behind_gets_fewer() -> None:
    pacer = FramePacer(round_trip=0.08)
    pacer.sent(1, 100, 0.0)
    pacer.acknowledge(1, 100_000, 0.1)
    assert pacer.most_frames == 2
    pacer.sent(2, 100, 0.2)
    pacer.acknowledge(2, 3 << 20, 0.3)
    assert pacer.most_frames == 1
    assert pacer.queue_depth == 3 << 20


def test_a_queue_that_is_counted_in_frames() -> None:
    pacer = FramePacer(round_trip=0.08)
    pacer.sent(1, 100, 0.0)
    pacer.acknowledge(1, 2, 0.1)  # as IronRDP's client says it
    assert pacer.most_frames == 6


def test_a_line_that_gets_slow_gets_nothing_more_until_it_has_carried_what_it_has() -> None:
    pacer = FramePacer(round_trip=0.002, bandwidth=17e6)
    pacer.sent(1, 90_000, 0.0)
    assert not pacer.is_ahead_at(0.05)
    assert pacer.is_ahead_at(0.2)
    assert not pacer.is_ahead
    pacer.acknowledge(1, 0, 0.7)
    assert pacer.bandwidth == pytest.approx(90_000 / 0.7, rel=0.05)
    assert pacer.frame_bytes < 30_000
    assert not pacer.is_ahead_at(0.7)


def test_one_pause_of_a_client_is_no_slow_line() -> None:
    pacer = FramePacer(round_trip=0.002, bandwidth=10e6)
    for number in range(20):
        pacer.sent(number, 60_000, number * 0.1)
        pacer.acknowledge(number, 0, number * 0.1 + (0.09 if number == 10 else 0.008))
    assert (pacer.bandwidth or 0) > 5e6


def test_what_is_given_up_was_too_much() -> None:
    pacer = FramePacer(round_trip=0.01, bandwidth=1e6)
    pacer.sent(1, 200_000, 0.0)
    pacer.give_up(2.0, 2.0)
    assert pacer.bandwidth == 100_000
    # It was shown after all, which tells how slow the line is.
    assert pacer.acknowledge(1, 0, 5.0)
    assert (pacer.acknowledged, pacer.strange, pacer.late) == (1, 0, 1)
    assert pacer.bandwidth == pytest.approx(40_000, rel=0.1)
    assert not pacer.acknowledge(1, 0, 5.1)
    # The next one is acknowledged, and with it what was given up before.
    pacer.sent(2, 10, 6.0)
    pacer.give_up(8.0, 2.0)
    pacer.sent(3, 10, 8.0)
    pacer.acknowledge(3, 0, 8.1)
    assert (pacer.acknowledged, pacer.late) == (3, 2)


def test_frames_that_are_forgotten_are_not_kept() -> None:
    pacer = FramePacer()
    for number in range(1000):
        pacer.sent(number, 10, float(number))
        pacer.give_up(number + 0.5, 0.5)
    assert (len(pacer._late), pacer.late) == (32, 1000)


def test_two_frames_of_one_picture_count_as_one() -> None:
    pacer = FramePacer(bandwidth=1e6)
    for number in range(0, 4, 2):
        assert not pacer.is_ahead
        pacer.sent(number, 100, 0.0, is_part=True)
        pacer.sent(number + 1, 100, 0.0)
    assert pacer.is_ahead
    assert pacer.unacknowledged == 4


def test_suspended_and_resumed() -> None:
    pacer = FramePacer()
    for number in range(2):
        pacer.sent(number, 100, 0.0)
    assert pacer.is_ahead
    pacer.suspend()
    assert not pacer.is_ahead
    for number in range(2, 100):
        pacer.sent(number, 1 << 20, 1.0)
    assert (pacer.unacknowledged, pacer.is_ahead, pacer.is_suspended) == (0, False, True)
    pacer.resume()
    pacer.sent(100, 10, 2.0)
    assert pacer.unacknowledged == 1
    assert pacer.acknowledge(100, 0, 2.1)


def test_one_acknowledgement_is_also_for_those_before() -> None:
    pacer = FramePacer(round_trip=1.0)
    for number in range(5):
        pacer.sent(number, 100, 0.0)
    assert pacer.acknowledge(3, 0, 0.5)
    assert (pacer.acknowledged, pacer.unacknowledged, pacer.oldest) == (4, 1, 0.0)
    assert not pacer.acknowledge(3, 0, 0.6)
    assert not pacer.acknowledge(77, 0, 0.6)
    assert pacer.strange == 2


def test_given_up_when_late() -> None:
    pacer = FramePacer()
    pacer.sent(1, 100, 0.0)
    pacer.sent(2, 100, 1.0)
    assert pacer.give_up(1.9, 2.0) == 0
    assert pacer.give_up(2.0, 2.0) == 1
    assert (pacer.late, pacer.unacknowledged, pacer.oldest) == (1, 1, 1.0)


def test_the_last_picture_is_not_held_up() -> None:
    pacer = FramePacer(bandwidth=1000.0)
    pacer.sent(1, 1 << 20, 0.0)
    assert pacer.is_ahead
    pacer.let_go()
    assert not pacer.is_ahead
    assert pacer.frame_bytes == math.inf


def test_what_else_was_measured() -> None:
    pacer = FramePacer()
    assert pacer.frame_bytes == pacer.most_bytes == 0x8000
    pacer.measured(round_trip=0.04, bandwidth=1e6)
    assert (pacer.round_trip, pacer.bandwidth) == (0.04, 1e6)
    pacer.measured(bandwidth=0.0)
    assert pacer.bandwidth == 1e6


@given(st.lists(st.tuples(st.sampled_from("saxgu"), st.integers(0, 20), st.integers(0, 1 << 32))))
def test_whatever_a_client_says(steps: list[tuple[str, int, int]]) -> None:
    pacer, now = FramePacer(), 0.0
    for what, number, size in steps:
        match what:
            case "s":
                pacer.sent(number + 1000 * int(now * 10), size, now, 0.01)
            case "a":
                pacer.acknowledge(number, size & 0xFFFFFFFF, now)
            case "x":
                pacer.suspend()
            case "g":
                pacer.give_up(now, 1.0)
            case _:
                pacer.resume()
        now += number / 100
        assert 1 <= pacer.most_frames <= MOST_FRAMES
        assert 10 <= pacer.percent <= 100
        assert pacer.frame_bytes > 0
        assert pacer.bandwidth is None or 0 <= pacer.bandwidth < math.inf
        if not pacer.unacknowledged:
            assert not pacer.is_ahead
