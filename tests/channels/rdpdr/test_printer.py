"""Printers, byte by byte after [MS-RDPEPC] 4.1."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.channels.rdpdr.devices import DEVICE_DATA_LIMIT, DeviceListAnnounce, DeviceType
from trio_rdp.channels.rdpdr.printer import (
    AddPrinterCacheData,
    DeletePrinterCacheData,
    PrinterCacheEvent,
    PrinterDeviceData,
    PrinterFlags,
    PrinterSetXpsMode,
    RenamePrinterCacheData,
    UnknownPrinterCacheData,
    UpdatePrinterCacheData,
)
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.pdu import Pdu

APOLLO = "Apollo P-1200\0".encode("utf-16-le")
CANON = "Canon Bubble-Jet BJ-30\0".encode("utf-16-le")
BROTHER = "Brother DCP-1000 USB\0".encode("utf-16-le")
RENAMED = "Brother DCP-1000 USB (renamed)\0".encode("utf-16-le")

ANNOUNCE = (
    bytes.fromhex(
        "7244 4144 03000000"  # PAKID_CORE_DEVICELIST_ANNOUNCE, DeviceCount
        "04000000 04000000 50524e3400000000"  # RDPDR_DTYP_PRINT, DeviceId, PreferredDosName
        "50000000"  # DeviceDataLength
        "10000000 00000000"  # RDPDR_PRINTER_ANNOUNCE_FLAG_XPSFORMAT, CodePage
        "00000000 1c000000 1c000000 00000000"  # PnpNameLen, DriverNameLen, PrinterNameLen, CachedFieldsLen
    )
    + APOLLO * 2
    + bytes.fromhex("04000000 03000000 50524e3300000000 74000000 12000000 00000000 00000000 2e000000 2e000000 00000000")
    + CANON * 2
    + bytes.fromhex("02000000 02000000 4c50543100000000 00000000")
)
ADD = (
    bytes.fromhex(
        "5250 4350 01000000"  # RDPDR_CTYP_PRN, PAKID_PRN_CACHE_DATA, RDPDR_ADD_PRINTER_EVENT
        "434f4d3200000000"  # PortDosName; in the document, ":" stands behind its terminator
        "00000000 2a000000 2a000000 00000000"
    )
    + BROTHER * 2
)
UPDATE = bytes.fromhex("5250 4350 02000000 2a000000 04000000") + BROTHER + b"\x48\0\0\0"
DELETE = bytes.fromhex("5250 4350 03000000 2a000000") + BROTHER
RENAME = bytes.fromhex("5250 4350 04000000 2a000000 3e000000") + BROTHER + RENAMED


def test_the_documents_announcement() -> None:
    announce = DeviceListAnnounce.decode(ANNOUNCE)
    assert announce.encode() == ANNOUNCE
    apollo, canon, port = announce.device_list
    assert [device.device_type for device in announce.device_list] == [
        DeviceType.PRINT,
        DeviceType.PRINT,
        DeviceType.PARALLEL,
    ]
    assert [device.preferred_dos_name for device in announce.device_list] == ["PRN4", "PRN3", "LPT1"]
    assert port.device_data == b""
    same(
        apollo.device_data,
        PrinterDeviceData(flags=PrinterFlags.XPS_FORMAT, driver_name="Apollo P-1200", printer_name="Apollo P-1200"),
    )
    same(
        canon.device_data,
        PrinterDeviceData(
            flags=PrinterFlags.DEFAULT_PRINTER | PrinterFlags.XPS_FORMAT,
            driver_name="Canon Bubble-Jet BJ-30",
            printer_name="Canon Bubble-Jet BJ-30",
        ),
    )
    every_truncation_raises(PrinterDeviceData, canon.device_data)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (bytes.fromhex("5250 4355 01000000 f85bfa7f"), PrinterSetXpsMode(printer_id=1, flags=0x7FFA5BF8)),
        (
            ADD,
            AddPrinterCacheData(
                port_dos_name="COM2", driver_name="Brother DCP-1000 USB", printer_name="Brother DCP-1000 USB"
            ),
        ),
        (
            UPDATE,
            UpdatePrinterCacheData(
                printer_name="Brother DCP-1000 USB", cached_printer_config_data=bytes.fromhex("48000000")
            ),
        ),
        (DELETE, DeletePrinterCacheData(printer_name="Brother DCP-1000 USB")),
        (
            RENAME,
            RenamePrinterCacheData(
                old_printer_name="Brother DCP-1000 USB", new_printer_name="Brother DCP-1000 USB (renamed)"
            ),
        ),
    ],
)
def test_the_documents_messages(raw: bytes, value: Pdu) -> None:
    same(raw, value)
    every_truncation_raises(type(value), raw)


def test_a_driver_name_of_bytes() -> None:
    value = PrinterDeviceData(
        flags=PrinterFlags.ASCII,
        pnp_name="p",
        driver_name="MS Publisher Imagesetter",
        printer_name="Lp\u00e9",
        cached_printer_config_data=b"\1\2",
    )
    raw = value.encode()
    assert b"MS Publisher Imagesetter\0" in raw
    same(raw, value)
    value.driver_name = "\u20ac"
    with pytest.raises(EncodeError, match="Unicode"):
        value.encode()
    value.driver_name = "x" * 65_536
    with pytest.raises(EncodeError, match="exceeds"):
        value.encode()
    with pytest.raises(InvalidField, match="exceeds"):
        PrinterDeviceData.decode(bytes.fromhex("01000000 00000000 00000000 ffffff7f 00000000 00000000"))


def test_configurations_have_a_limit_both_ways() -> None:
    with pytest.raises(InvalidField, match="configuration"):
        PrinterDeviceData.decode(bytes(20) + b"\xff\xff\xff\x7f")
    with pytest.raises(EncodeError, match="configuration"):
        UpdatePrinterCacheData(printer_name="x", cached_printer_config_data=bytes(DEVICE_DATA_LIMIT + 1)).encode()


def test_an_unknown_event_is_kept() -> None:
    raw = bytes.fromhex("5250 4350 09000000 abcd")
    same(raw, UnknownPrinterCacheData(event_id=PrinterCacheEvent(9), data=b"\xab\xcd"))
    every_truncation_raises(UnknownPrinterCacheData, raw[:8])
    with pytest.raises(InvalidField, match="event 0x9"):
        DeletePrinterCacheData.decode(raw)


@given(st.binary(max_size=16), st.binary(max_size=16))
def test_any_bytes_give_a_value_or_an_error(lengths: bytes, data: bytes) -> None:
    value_or_error(PrinterDeviceData, lengths.ljust(24, b"\0") + data)
    for event, cls in enumerate(
        (AddPrinterCacheData, UpdatePrinterCacheData, DeletePrinterCacheData, RenamePrinterCacheData), 1
    ):
        value_or_error(cls, bytes.fromhex("5250 4350") + bytes([event, 0, 0, 0]) + lengths + data)
