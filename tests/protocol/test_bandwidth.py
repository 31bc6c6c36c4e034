from __future__ import annotations

import pytest

from trio_rdp.pdu.autodetect import BandwidthMeasureResults
from trio_rdp.protocol.bandwidth import BandwidthMeter, kilobits_per_second


def results(number: int, milliseconds: int = 100, size: int = 100_000) -> BandwidthMeasureResults:
    return BandwidthMeasureResults(sequence_number=number, time_delta=milliseconds, byte_count=size)


def test_one_question_at_a_time() -> None:
    meter = BandwidthMeter()
    marks = meter.ask(5.0)
    assert marks is not None
    assert marks[0].sequence_number == marks[1].sequence_number == 1
    assert meter.ask(6.0) is None
    assert not meter.is_answered_by(results(7))
    assert meter.is_answered_by(results(1))
    assert not meter.is_answered_by(results(1))
    assert meter.ask(6.0) is not None


def test_an_answer_that_never_comes() -> None:
    meter = BandwidthMeter()
    assert meter.ask(0.0) is not None
    assert meter.ask(9.9) is None
    assert meter.ask(10.0) is not None
    assert not meter.is_answered_by(results(1))
    assert meter.is_answered_by(results(2))


@pytest.mark.parametrize(
    ("milliseconds", "size", "found"),
    [(100, 12_500, 1000.0), (0, 100_000, None), (10, 100_000, None), (500, 100, None)],
)
def test_what_results_say(milliseconds: int, size: int, found: float | None) -> None:
    assert kilobits_per_second(results(1, milliseconds, size)) == found
