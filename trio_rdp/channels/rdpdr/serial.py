"""What the buffers of control requests to serial ports hold: the structures of Windows' serial driver (ntddser.h).

[MS-RDPESP] 2.2.2.6 names the codes and leaves the buffers to that header.
"""

from __future__ import annotations

from typing import Annotated

from trio_rdp.wire.fields import U8, U16, U32, Fixed, Pad, u8, u32
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "ModemStatus",
    "Parity",
    "Purge",
    "SerialBaudRate",
    "SerialChars",
    "SerialEvents",
    "SerialHandflow",
    "SerialLineControl",
    "SerialPerfStats",
    "SerialProperties",
    "SerialQueueSize",
    "SerialStatus",
    "SerialTimeouts",
    "StopBits",
]

_I32 = Fixed("i")
_BOOLEAN = Fixed("?")


class StopBits(OpenEnum):
    """How many bits end a character."""

    ONE = 0
    ONE_AND_A_HALF = 1
    TWO = 2


class Parity(OpenEnum):
    """The bit that makes the number of ones odd, or even, or is always the same."""

    NONE = 0
    ODD = 1
    EVEN = 2
    MARK = 3
    SPACE = 4


class SerialEvents(Flags):
    """What a server waits for (SERIAL_EV_*)."""

    RXCHAR = Flag(0x0001)
    RXFLAG = Flag(0x0002)
    TXEMPTY = Flag(0x0004)
    CTS = Flag(0x0008)
    DSR = Flag(0x0010)
    RLSD = Flag(0x0020)
    BREAK = Flag(0x0040)
    ERR = Flag(0x0080)
    RING = Flag(0x0100)
    PERR = Flag(0x0200)
    RX80FULL = Flag(0x0400)


class Purge(Flags):
    """What is thrown away (SERIAL_PURGE_*)."""

    TXABORT = Flag(0x00000001)
    RXABORT = Flag(0x00000002)
    TXCLEAR = Flag(0x00000004)
    RXCLEAR = Flag(0x00000008)


class ModemStatus(Flags):
    """The lines that the other side controls (SERIAL_MSR_*)."""

    CTS = Flag(0x10)
    DSR = Flag(0x20)
    RING = Flag(0x40)
    DCD = Flag(0x80)


@pdu
class SerialBaudRate(Pdu):
    """SERIAL_BAUD_RATE."""

    baud_rate: U32


@pdu
class SerialLineControl(Pdu):
    """SERIAL_LINE_CONTROL."""

    stop_bits: Annotated[StopBits, u8] = StopBits.ONE
    parity: Annotated[Parity, u8] = Parity.NONE
    word_length: U8 = 8


@pdu
class SerialTimeouts(Pdu):
    """SERIAL_TIMEOUTS, in milliseconds; 0xFFFFFFFF has meanings of its own."""

    read_interval_timeout: U32 = 0
    read_total_timeout_multiplier: U32 = 0
    read_total_timeout_constant: U32 = 0
    write_total_timeout_multiplier: U32 = 0
    write_total_timeout_constant: U32 = 0


@pdu
class SerialChars(Pdu):
    """SERIAL_CHARS."""

    eof_char: U8 = 0
    error_char: U8 = 0
    break_char: U8 = 0
    event_char: U8 = 0
    xon_char: U8 = 0x11
    xoff_char: U8 = 0x13


@pdu
class SerialHandflow(Pdu):
    """SERIAL_HANDFLOW."""

    control_handshake: U32 = 0
    flow_replace: U32 = 0
    xon_limit: Annotated[int, _I32] = 0
    xoff_limit: Annotated[int, _I32] = 0


@pdu
class SerialQueueSize(Pdu):
    """SERIAL_QUEUE_SIZE."""

    in_size: U32
    out_size: U32


@pdu
class SerialStatus(Pdu):
    """SERIAL_STATUS, with the two bytes that the compiler adds."""

    errors: U32 = 0
    hold_reasons: U32 = 0
    amount_in_in_queue: U32 = 0
    amount_in_out_queue: U32 = 0
    eof_received: Annotated[bool, _BOOLEAN] = False
    wait_for_immediate: Annotated[bool, _BOOLEAN, Pad(2)] = False


@pdu
class SerialPerfStats(Pdu):
    """SERIALPERF_STATS."""

    received_count: U32 = 0
    transmitted_count: U32 = 0
    frame_error_count: U32 = 0
    serial_overrun_error_count: U32 = 0
    buffer_overrun_error_count: U32 = 0
    parity_error_count: U32 = 0


@pdu
class SerialProperties(Pdu):
    """SERIAL_COMMPROP, with its one character and the two bytes that the compiler adds."""

    packet_length: U16 = 64
    packet_version: U16 = 2
    service_mask: U32 = 0x00000001
    max_tx_queue: Annotated[int, Pad(4), u32] = 0
    max_rx_queue: U32 = 0
    max_baud: U32 = 0x10000000
    prov_sub_type: U32 = 0x00000001
    prov_capabilities: U32 = 0
    settable_params: U32 = 0
    settable_baud: U32 = 0
    settable_data: U16 = 0
    settable_stop_parity: U16 = 0
    current_tx_queue: U32 = 0
    current_rx_queue: U32 = 0
    prov_spec1: U32 = 0
    prov_spec2: Annotated[int, u32, Pad(4)] = 0
