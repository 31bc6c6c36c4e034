"""Continuous measurement of the round trip, [MS-RDPBCGR] 2.2.14.1.1: the server asks in the session."""

from __future__ import annotations

from dataclasses import replace

from trio_rdp.pdu.autodetect import RttMeasureRequest, RttMeasureResponse, UnknownAutoDetect, decode_response
from trio_rdp.protocol.network_detection import NetworkCharacteristics

__all__ = ["RoundTripMeter"]

_MOST_UNANSWERED = 16
_WEIGHT = 1 / 8  # of a new measurement in the average, as in TCP (RFC 6298)


class RoundTripMeter:
    """Asks, and keeps what it learns in `characteristics`, which begin with what was measured while connecting."""

    def __init__(self, characteristics: NetworkCharacteristics) -> None:
        self.characteristics: NetworkCharacteristics = characteristics
        self._number = 0
        self._asked: dict[int, float] = {}

    def ask(self, now: float) -> RttMeasureRequest:
        """The next question, which is sent at `now`, a monotonic time in seconds.

        Of more than 16 that wait for their answer the oldest are given up.
        """
        self._number = self._number + 1 & 0xFFFF
        self._asked[self._number] = now
        if len(self._asked) > _MOST_UNANSWERED:
            del self._asked[next(iter(self._asked))]
        return RttMeasureRequest(sequence_number=self._number)

    def read(self, data: bytes, now: float | None) -> bool:
        """Take an auto-detect response; False for one that answers no question of ours.  Raises `DecodeError`."""
        response = decode_response(data)
        if isinstance(response, UnknownAutoDetect) or not isinstance(response, RttMeasureResponse):
            return False
        asked = self._asked.pop(response.sequence_number, None)
        if asked is None or now is None:
            return False
        rtt = max(now - asked, 0.0) * 1000
        before = self.characteristics
        average = rtt if before.average_rtt is None else before.average_rtt + (rtt - before.average_rtt) * _WEIGHT
        base = rtt if before.base_rtt is None else min(before.base_rtt, rtt)
        self.characteristics = replace(before, base_rtt=base, average_rtt=average)
        return True
