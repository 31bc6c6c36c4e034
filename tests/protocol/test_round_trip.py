"""Continuous measurement of the round trip: averages, what is answered to nothing, and what is never answered."""

from __future__ import annotations

import pytest

from trio_rdp.pdu.autodetect import BandwidthMeasureResults, RttMeasureResponse
from trio_rdp.protocol.network_detection import NetworkCharacteristics
from trio_rdp.protocol.round_trip import RoundTripMeter
from trio_rdp.wire.errors import DecodeError


def _answer(number: int) -> bytes:
    return RttMeasureResponse(sequence_number=number).encode()


def test_measurements_are_averaged() -> None:
    meter = RoundTripMeter(NetworkCharacteristics(40.0, 40.0, 1000.0))
    first, second = meter.ask(1.0), meter.ask(2.0)
    assert first.sequence_number != second.sequence_number
    assert meter.read(_answer(second.sequence_number), 2.024)
    assert meter.read(_answer(first.sequence_number), 2.024)
    found = meter.characteristics
    assert found.base_rtt == pytest.approx(24)
    assert found.average_rtt == pytest.approx(38 + (1024 - 38) / 8)
    assert found.bandwidth == 1000.0


def test_answers_to_nothing() -> None:
    meter = RoundTripMeter(NetworkCharacteristics())
    asked = meter.ask(1.0)
    assert not meter.read(_answer(asked.sequence_number + 1), 2.0)
    assert not meter.read(BandwidthMeasureResults(sequence_number=1, time_delta=1, byte_count=1).encode(), 2.0)
    assert not meter.read(bytes.fromhex("0601 0100 ff00"), 2.0)  # a response of a type that nobody knows
    assert meter.characteristics == NetworkCharacteristics()
    assert meter.read(_answer(asked.sequence_number), 1.5)
    assert not meter.read(_answer(asked.sequence_number), 1.5)
    with pytest.raises(DecodeError):
        meter.read(b"\x06", 2.0)


def test_a_session_without_a_clock_measures_nothing() -> None:
    meter = RoundTripMeter(NetworkCharacteristics())
    assert not meter.read(_answer(meter.ask(1.0).sequence_number), None)
    assert meter.characteristics == NetworkCharacteristics()


def test_questions_that_nobody_answers_are_given_up() -> None:
    meter = RoundTripMeter(NetworkCharacteristics())
    asked = [meter.ask(float(at)).sequence_number for at in range(70_000)]
    given_up, waiting = asked[-17], asked[-16:]
    assert not meter.read(_answer(given_up), 70_000.0)
    assert all(meter.read(_answer(number), 70_000.0) for number in waiting)
