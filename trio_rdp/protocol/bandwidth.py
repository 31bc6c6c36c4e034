"""Continuous measurement of the bandwidth, [MS-RDPBCGR] 1.3.8 and 2.2.14: the client counts what lies between marks."""

from __future__ import annotations

from typing import Final

from trio_rdp.pdu.autodetect import BandwidthMeasureResults, BandwidthMeasureStart, BandwidthMeasureStop

__all__ = ["BandwidthMeter", "kilobits_per_second"]

_LEAST_BYTES: Final = 4_096
_LEAST_MILLISECONDS: Final = 20
"""What came in less time came nearly at once: the client's clock counts milliseconds, and it does other things too."""

_PATIENCE: Final = 10.0  # seconds for an answer, before it is asked again


class BandwidthMeter:
    """Asks at most one question at a time; times are seconds of a monotonic clock."""

    def __init__(self) -> None:
        self._number = 0
        self._asked: float | None = None

    @property
    def asked(self) -> float | None:
        """When the question was asked that waits for its answer."""
        return self._asked

    def ask(self, now: float) -> tuple[BandwidthMeasureStart, BandwidthMeasureStop] | None:
        """Give the marks to put around a picture; None while an answer may still come."""
        if self._asked is not None and now - self._asked < _PATIENCE:
            return None
        self._asked = now
        self._number = self._number + 1 & 0xFFFF
        return (
            BandwidthMeasureStart(sequence_number=self._number),
            BandwidthMeasureStop(sequence_number=self._number),
        )

    def is_answered_by(self, results: BandwidthMeasureResults) -> bool:
        """Whether these are the results of the last question; there is another one then."""
        if self._asked is None or results.sequence_number != self._number:
            return False
        self._asked = None
        return True


def kilobits_per_second(results: BandwidthMeasureResults) -> float | None:
    """What a client's results say; None where they say nothing, as there was too little to measure."""
    if results.byte_count < _LEAST_BYTES or results.time_delta < _LEAST_MILLISECONDS:
        return None
    return results.byte_count * 8 / results.time_delta
