from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.telemetry import Telemetry, TelemetryId, UnknownTelemetry, decode_telemetry
from trio_rdp.wire.errors import DecodeError, EncodeError, InvalidField, Truncated

METRICS = bytes.fromhex(
    "01"  # Id
    "12"  # Length, header included
    "e8030000"  # PromptForCredentialsMillis
    "88130000"  # PromptForCredentialsDoneMillis
    "58170000"  # GraphicsChannelOpenedMillis
    "70170000"  # FirstGraphicsReceivedMillis
)


def test_metrics() -> None:
    pdu = Telemetry(
        prompt_for_credentials_millis=1000,
        prompt_for_credentials_done_millis=5000,
        graphics_channel_opened_millis=5976,
        first_graphics_received_millis=6000,
    )
    same(METRICS, pdu)
    assert decode_telemetry(METRICS) == pdu
    every_truncation_raises(Telemetry, METRICS)
    assert decode_telemetry(METRICS + b"more") == pdu
    # Newer clients may append fields.
    assert decode_telemetry(b"\x01\x14" + METRICS[2:] + b"\0\0") == pdu


def test_unknown_messages_are_kept() -> None:
    raw = bytes.fromhex("02 04 aabb")
    unknown = UnknownTelemetry(id=TelemetryId(2), data=b"\xaa\xbb")
    same(raw, unknown)
    assert decode_telemetry(raw) == unknown
    every_truncation_raises(UnknownTelemetry, raw)
    with pytest.raises(InvalidField, match=r"Telemetry.id: id 0x2"):
        Telemetry.decode(raw)


def test_errors() -> None:
    with pytest.raises(InvalidField, match="a length of 1 bytes"):
        decode_telemetry(b"\x01\x01" + METRICS[2:])
    with pytest.raises(Truncated):  # a length that ends before the message does
        decode_telemetry(b"\x01\x11" + METRICS[2:])
    with pytest.raises(EncodeError, match="UnknownTelemetry"):
        UnknownTelemetry(id=TelemetryId(2), data=bytes(254)).encode()


@given(st.integers(0, 2), st.integers(0, 30), st.binary(max_size=32))
def test_any_bytes(kind: int, length: int, rest: bytes) -> None:
    try:
        pdu = decode_telemetry(bytes((kind, length)) + rest)
    except DecodeError:
        return
    assert decode_telemetry(pdu.encode()) == pdu
