"""The structures of serial ports, byte by byte."""

from __future__ import annotations

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.rdpdr import serial
from trio_rdp.wire.pdu import Pdu

EXAMPLES: list[tuple[str, Pdu]] = [
    ("00c20100", serial.SerialBaudRate(baud_rate=115200)),
    (
        "020208",
        serial.SerialLineControl(stop_bits=serial.StopBits.TWO, parity=serial.Parity.EVEN, word_length=8),
    ),
    (
        "ffffffff 00000000 00000000 01000000 02000000",
        serial.SerialTimeouts(
            read_interval_timeout=0xFFFFFFFF, write_total_timeout_multiplier=1, write_total_timeout_constant=2
        ),
    ),
    ("010203041113", serial.SerialChars(eof_char=1, error_char=2, break_char=3, event_char=4)),
    (
        "01000000 40000000 ffffffff 00080000",
        serial.SerialHandflow(control_handshake=1, flow_replace=0x40, xon_limit=-1, xoff_limit=2048),
    ),
    ("00100000 00080000", serial.SerialQueueSize(in_size=4096, out_size=2048)),
    (
        "00000000 00000000 05000000 00000000 00 01 0000",
        serial.SerialStatus(amount_in_in_queue=5, wait_for_immediate=True),
    ),
    (
        "01000000 02000000 00000000 00000000 00000000 00000000",
        serial.SerialPerfStats(received_count=1, transmitted_count=2),
    ),
]


@pytest.mark.parametrize(("raw", "value"), EXAMPLES, ids=lambda one: type(one).__name__)
def test_structures(raw: str, value: Pdu) -> None:
    same(bytes.fromhex(raw), value)
    every_truncation_raises(type(value), bytes.fromhex(raw))


def test_properties() -> None:
    raw = serial.SerialProperties(max_rx_queue=4096).encode()
    assert len(raw) == 64  # as packet_length says
    assert raw[:8] == bytes.fromhex("4000 0200 01000000")
    assert raw[12:20] == bytes.fromhex("00000000 00100000")
    assert serial.SerialProperties.decode(raw) == serial.SerialProperties(max_rx_queue=4096)


def test_flags() -> None:
    assert serial.SerialEvents.RXCHAR in serial.SerialEvents(0x401)
    assert serial.Purge.RXCLEAR | serial.Purge.TXCLEAR == 12
    assert serial.ModemStatus(0xB0) == serial.ModemStatus.CTS | serial.ModemStatus.DSR | serial.ModemStatus.DCD
