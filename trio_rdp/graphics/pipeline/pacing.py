"""How fast a server may send frames, and how good: `FramePacer`, from what the client acknowledges, and when.

A line that is given more than it carries fills the buffers on its way, which hold seconds of it; whatever changes then
is seen when those are through.  So what is on its way is bounded three times: in frames, by the round trip and the
time that a frame takes; in bytes, by the bandwidth; and a single frame by what the line carries in a fraction of a
second.  Times are seconds of a monotonic clock, bandwidths bytes per second.
"""

from __future__ import annotations

import math
from typing import Final

__all__ = ["MOST_FRAMES", "FramePacer"]

MOST_FRAMES: Final = 8
"""Frames that wait for their acknowledgement at most, however long the line is: what they change is seen at once."""

_FEWEST_FRAMES: Final = 2  # one is drawn while the next one is made
_FRAME_SECONDS: Final = 1 / 60  # nobody sees more
_QUEUED_SECONDS: Final = 0.1
"""What may be on its way beyond what the line itself holds."""
_FRAME_SHARE: Final = 0.2
"""The seconds of the line that one frame may take: with what is before it, a change is seen within 0.3 s."""
_LEAST_BYTES: Final = 0x1000
_FIRST_BYTES: Final = 0x8000
"""Bytes on their way before anything is known of the line: a part of a first picture, which tells that."""
_SLACK: Final = 0.1
"""Seconds that a frame may be late before the line counts as slower than it was, and nothing else is sent."""
_SHALLOW: Final = 1_024
"""A queue of less is none: IronRDP's client (2026) counts frames there, of which there are always one or two."""
_DEEP: Final = 0x100000
"""Bytes that wait to be decoded at the client, from which on it gets one frame at a time."""

_MEMORY: Final = 10.0  # seconds for which the shortest round trip counts
_SMALL: Final = 4_096  # bytes of a frame that says nothing of the bandwidth
_LARGE: Final = 0x4000  # and of one that says nothing of the line's length
_SMOOTHING: Final = 0.25
_LASTING: Final = 0.2  # seconds that show how slow a line is, and not that the client did something else
_LEAST_BANDWIDTH: Final = 1_000.0
_MOST_LATE: Final = 32  # frames that were given up, of which an acknowledgement still tells something

_PERIOD: Final = 0.5  # seconds between two steps to better quality
_LOWEST: Final = 10
_BETTER: Final = 8  # percent a step
_WORSE: Final = 0.75


class _Flight:
    """A frame on its way."""

    __slots__ = ("bytes", "carried", "carried_at", "due", "is_part", "sent")

    def __init__(self, size: int, sent: float, carried: int, carried_at: float, due: float, is_part: bool) -> None:
        self.bytes = size
        self.sent = sent
        self.due = due  # when it should have been acknowledged
        self.is_part = is_part
        self.carried = carried  # bytes that were acknowledged before it was sent
        self.carried_at = carried_at


class FramePacer:
    """Counts what is on its way to one client, and says whether the next frame may go and what it may cost.

    `round_trip` and `bandwidth` are what was measured of the line before, if anything was.
    """

    def __init__(self, *, round_trip: float | None = None, bandwidth: float | None = None) -> None:
        self.acknowledged: int = 0
        """Frames that the client has acknowledged."""
        self.strange: int = 0
        """Acknowledgements for frames that did not wait for one."""
        self.late: int = 0
        """Frames that were given up waiting for."""
        self.queue_depth: int = 0
        """Bytes that the client has said wait to be decoded there."""
        self.is_suspended: bool = False
        """Whether the client sends no acknowledgements."""
        self.percent: int = 100
        """How good the pictures may be."""
        self.bandwidth: float | None = bandwidth
        self._flying: dict[int, _Flight] = {}
        self._late: dict[int, _Flight] = {}
        self._bytes = 0
        self._carried = 0
        self._carried_at = 0.0
        self._line_trip = round_trip
        self._last_rate = math.inf
        self._trips: list[tuple[float, float]] = []  # the shortest of two periods, and when each began
        self._frame_seconds = _FRAME_SECONDS
        self._since = 0.0
        self._sent_since = 0
        self._was_slow = False
        self._is_last = False

    # What happens.

    def measured(self, *, round_trip: float | None = None, bandwidth: float | None = None) -> None:
        """Take what was measured of the line in other ways."""
        if round_trip is not None:
            self._line_trip = round_trip
        if bandwidth is not None and bandwidth > 0:
            self._learn_bandwidth(bandwidth)

    def sent(self, frame_id: int, size: int, now: float, took: float = 0.0, *, is_part: bool = False) -> None:
        """A frame of `size` bytes is on its way; looking, encoding and queueing `took` so long.

        `is_part` says that another one of the same picture follows, so that the two count as one.
        """
        self._frame_seconds += _SMOOTHING * (max(took, _FRAME_SECONDS) - self._frame_seconds)
        self._judge(size, now)
        if self.is_suspended:
            return
        if not self._flying:
            self._carried_at = now
        self._bytes += size
        due = math.inf
        if self.bandwidth is not None:
            due = now + (self.round_trip or 0.0) + self._frame_seconds + self._bytes / self.bandwidth + _SLACK
        self._flying[frame_id] = _Flight(size, now, self._carried, self._carried_at, due, is_part)

    def acknowledge(self, frame_id: int, queue_depth: int, now: float) -> bool:
        """The client shows a frame, and with it those before; False for one that did not wait for that."""
        self.queue_depth = queue_depth
        if frame_id not in self._flying:
            return self._acknowledge_late(frame_id, now)
        # INVARIANT: frames stand in the order in which they were sent.
        for flight in self._late.values():
            self._carried += flight.bytes
        self.acknowledged += len(self._late)
        self._late.clear()
        for earlier in list(self._flying):
            flight = self._flying.pop(earlier)
            self._bytes -= flight.bytes
            self._carried += flight.bytes
            self.acknowledged += 1
            if earlier == frame_id:
                self._learn(flight, now)
                break
        self._carried_at = now
        return True

    def _acknowledge_late(self, frame_id: int, now: float) -> bool:
        flight = self._late.pop(frame_id, None)
        if flight is None:
            self.strange += 1
            return False
        self._carried += flight.bytes
        self.acknowledged += 1
        self._learn(flight, now)
        self._carried_at = now
        return True

    def suspend(self) -> None:
        """The client sends no acknowledgements from now on ([MS-RDPEGFX] 3.3.5.12); what waits for one is forgotten."""
        self.is_suspended = True
        self.queue_depth = 0
        self._forget()

    def let_go(self) -> None:
        """Bound nothing any more: what comes now is the last picture."""
        self._is_last = True

    def resume(self) -> None:
        """The client acknowledges again, from the next frame on."""
        self.is_suspended = False

    def give_up(self, now: float, seconds: float) -> int:
        """Wait no longer for frames that were sent `seconds` ago or before; gives how many those were.

        So a client that forgets one is slow and not stuck.
        """
        overdue = [number for number, flight in self._flying.items() if flight.sent + seconds <= now]
        for number in overdue:
            flight = self._late[number] = self._flying.pop(number)
            self._bytes -= flight.bytes
            if self.bandwidth is not None and flight.bytes >= _SMALL and seconds > 0:
                # It was too much, if the client did not just forget to say.
                self.bandwidth = max(min(self.bandwidth, flight.bytes / seconds), _LEAST_BANDWIDTH)
        while len(self._late) > _MOST_LATE:
            del self._late[next(iter(self._late))]
        self.late += len(overdue)
        return len(overdue)

    def _forget(self) -> None:
        self._flying.clear()
        self._late.clear()
        self._bytes = 0

    # What follows from it.

    @property
    def unacknowledged(self) -> int:
        """Frames that wait for their acknowledgement."""
        return len(self._flying)

    @property
    def oldest(self) -> float | None:
        """When the frame was sent that waits longest; None where none waits."""
        return next((flight.sent for flight in self._flying.values()), None)

    @property
    def round_trip(self) -> float | None:
        """The shortest time of late from a frame to its acknowledgement, or what else was measured."""
        known = [trip for trip, _ in self._trips]
        if self._line_trip is not None:
            known.append(self._line_trip)
        return min(known, default=None)

    @property
    def most_frames(self) -> int:
        """How many frames may wait for their acknowledgement."""
        if self.queue_depth >= _DEEP:
            return 1
        if self.queue_depth >= _SHALLOW:
            return _FEWEST_FRAMES
        frames = 1 + math.ceil((self.round_trip or 0.0) / self._frame_seconds)
        return min(max(frames, _FEWEST_FRAMES), MOST_FRAMES)

    @property
    def most_bytes(self) -> float:
        """How many bytes may wait for their acknowledgement; there is always room for one frame."""
        if self.bandwidth is None:
            return _FIRST_BYTES
        return max(_LEAST_BYTES, self.bandwidth * ((self.round_trip or 0.0) + _QUEUED_SECONDS))

    @property
    def frame_bytes(self) -> float:
        """How many bytes one frame should have at most; what is more had better go in several."""
        if self._is_last:
            return math.inf
        if self.bandwidth is None:
            return _FIRST_BYTES
        return max(_LEAST_BYTES, self.bandwidth * _FRAME_SHARE)

    @property
    def is_ahead(self) -> bool:
        """Whether an acknowledgement has to come before the next frame."""
        if not self._flying or self._is_last:
            return False
        pictures = sum(not flight.is_part for flight in self._flying.values())
        return pictures >= self.most_frames or self._bytes >= self.most_bytes

    def is_ahead_at(self, now: float) -> bool:
        """Whether `is_ahead`, or a frame is late: then the line is slower than it was, and what is more only waits."""
        return self.is_ahead or (not self._is_last and any(flight.due <= now for flight in self._flying.values()))

    def _learn(self, flight: _Flight, now: float) -> None:
        """See what a frame's way says of the line."""
        trip = max(now - flight.sent, 0.0)
        # A large frame takes the line for a while by itself: its way says nothing of the line's length.
        if flight.bytes > _LARGE and self.round_trip is not None:
            pass
        elif not self._trips or self._trips[-1][1] + _MEMORY / 2 <= now:
            self._trips = [*self._trips[-1:], (trip, now)]
        else:
            best, began = self._trips[-1]
            self._trips[-1] = (min(best, trip), began)
        carried = self._carried - flight.carried
        seconds = max(now - flight.carried_at, 0.0005)
        # On its way were all bytes that were acknowledged since; the line was busy with them but for its own length.
        rate = carried / max(seconds - (self.round_trip or 0.0) / 2, 0.0005)
        if carried < _SMALL:
            rate = carried / seconds  # at least: of so few, its length is most
            is_measured = self.bandwidth is not None and rate > self.bandwidth
        else:
            is_long = trip > 2 * (self.round_trip or 0.0) + 0.02
            is_measured = is_long or self.bandwidth is None or rate > self.bandwidth
        if is_measured:
            self._learn_bandwidth(rate, is_certain=seconds >= _LASTING)

    def _learn_bandwidth(self, rate: float, *, is_certain: bool = False) -> None:
        known, last, self._last_rate = self.bandwidth, self._last_rate, rate
        rate = max(rate, _LEAST_BANDWIDTH)
        if known is None:
            self.bandwidth = rate
        elif rate < known / 2 and (is_certain or last < known / 2):
            # A line that got slow has what was sent at its old rate on its way: each frame more makes that worse.
            self.bandwidth = rate if is_certain else max(rate, last)
        else:
            self.bandwidth = known + _SMOOTHING * (rate - known)

    def _judge(self, size: int, now: float) -> None:
        """Lower the quality when frames take the line for long, or fill it; raise it again, slowly, when not."""
        self._sent_since += size
        if self.bandwidth is None:
            return
        if size > self.bandwidth * _FRAME_SHARE / 2:
            self._was_slow = True
        period = now - self._since
        if period < _PERIOD:
            return
        is_full = self._sent_since > 0.7 * self.bandwidth * min(period, 2 * _PERIOD)
        if self._was_slow or is_full:
            self.percent = max(_LOWEST, int(self.percent * _WORSE))
        elif self._sent_since < 0.4 * self.bandwidth * period:
            self.percent = min(100, self.percent + _BETTER)
        self._since, self._sent_since, self._was_slow = now, 0, False
