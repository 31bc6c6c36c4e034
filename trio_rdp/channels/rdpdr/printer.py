"""Printers: how they are announced, what servers ask clients to remember of them, and XPS mode, [MS-RDPEPC] 2.2.

Jobs come as create, write and close requests like those of any device.
"""

from __future__ import annotations

import struct
from typing import Any, ClassVar, Self

from trio_rdp.channels.rdpdr.devices import DEVICE_DATA_LIMIT
from trio_rdp.channels.rdpdr.header import Component, PacketId, RdpdrPdu
from trio_rdp.channels.rdpdr.text import NAME_LIMIT, DosName, encode_latin1, encode_utf16, take_utf16
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "AddPrinterCacheData",
    "DeletePrinterCacheData",
    "PrinterCacheData",
    "PrinterCacheEvent",
    "PrinterDeviceData",
    "PrinterFlags",
    "PrinterSetXpsMode",
    "RenamePrinterCacheData",
    "UnknownPrinterCacheData",
    "UpdatePrinterCacheData",
]

_ANNOUNCE = struct.Struct("<6I")
_XPS = struct.Struct("<II")
_EVENT = struct.Struct("<I")
_LENGTH = struct.Struct("<I")
_LENGTHS = struct.Struct("<II")
_ADD_LENGTHS = struct.Struct("<4I")
_PORT_NAME = DosName()


class PrinterFlags(Flags):
    """The properties of a printer (RDPDR_PRINTER_ANNOUNCE_FLAG_*)."""

    ASCII = Flag(0x00000001)
    DEFAULT_PRINTER = Flag(0x00000002)
    NETWORK_PRINTER = Flag(0x00000004)
    TS_PRINTER = Flag(0x00000008)
    XPS_FORMAT = Flag(0x00000010)


class PrinterCacheEvent(OpenEnum):
    """What happened to a printer on the server (SERVER_PRINTER_CACHE_EVENT), [MS-RDPEPC] 2.2.1.1."""

    ADD = 1
    UPDATE = 2
    DELETE = 3
    RENAME = 4


@pdu
class PrinterDeviceData(Pdu):
    """The device data of an announced printer (DR_PRN_DEVICE_ANNOUNCE), [MS-RDPEPC] 2.2.2.1."""

    flags: PrinterFlags = PrinterFlags(0)
    code_page: int = 0
    pnp_name: str = ""
    driver_name: str
    printer_name: str
    cached_printer_config_data: bytes = b""

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        raw_flags, code_page, pnp_size, driver_size, printer_size, cached_size = _ANNOUNCE.unpack(
            src.take(_ANNOUNCE.size)
        )
        flags = PrinterFlags(raw_flags)
        return cls(
            flags=flags,
            code_page=code_page,
            pnp_name=take_utf16(src, pnp_size),
            driver_name=_take_driver_name(src, driver_size, flags),
            printer_name=take_utf16(src, printer_size),
            cached_printer_config_data=_take_config(src, cached_size),
        )

    def encode_into(self, dst: bytearray) -> None:
        pnp = encode_utf16(self.pnp_name, terminated=True)
        if PrinterFlags.ASCII in self.flags:
            driver = encode_latin1(self.driver_name) + b"\0"
            if len(driver) > NAME_LIMIT:
                raise EncodeError(f"a name of {len(driver)} bytes exceeds {NAME_LIMIT}")
        else:
            driver = encode_utf16(self.driver_name, terminated=True)
        printer = encode_utf16(self.printer_name, terminated=True)
        config = _checked_config(self.cached_printer_config_data)
        dst += _ANNOUNCE.pack(self.flags, self.code_page, len(pnp), len(driver), len(printer), len(config))
        dst += pnp + driver + printer + config


@pdu
class PrinterSetXpsMode(RdpdrPdu):
    """Server Printer Set XPS Mode (DR_PRN_USING_XPS), [MS-RDPEPC] 2.2.2.2: jobs are XPS from here on."""

    component: ClassVar[Component] = Component.PRINTER
    packet_id: ClassVar[PacketId] = PacketId.PRINTER_USING_XPS

    printer_id: int
    flags: int = 0

    @classmethod
    def _decode_body(cls, src: Cursor) -> Self:
        printer_id, flags = _XPS.unpack(src.take(_XPS.size))
        return cls(printer_id=printer_id, flags=flags)

    def _encode_body(self, dst: bytearray) -> None:
        dst += _XPS.pack(self.printer_id, self.flags)


class PrinterCacheData(RdpdrPdu):
    """The base of what servers ask to remember of printers, [MS-RDPEPC] 2.2.2.3 to 2.2.2.6."""

    __slots__ = ()

    component: ClassVar[Component] = Component.PRINTER
    packet_id: ClassVar[PacketId] = PacketId.PRINTER_CACHE_DATA
    event_id: ClassVar[PrinterCacheEvent]

    @classmethod
    def _decode_body(cls, src: Cursor) -> Self:
        start = src.pos
        event_id = src.u32()
        if event_id != cls.event_id:
            raise InvalidField(f"event {event_id:#x}", pdu=cls.__name__, offset=start)
        return cls(**cls._decode_event(src))

    def _encode_body(self, dst: bytearray) -> None:
        dst += _EVENT.pack(self.event_id)
        self._encode_event(dst)

    @classmethod
    def _decode_event(cls, src: Cursor) -> dict[str, Any]:
        """The fields behind the event, by name."""
        raise NotImplementedError

    def _encode_event(self, dst: bytearray) -> None:
        raise NotImplementedError


@pdu
class AddPrinterCacheData(PrinterCacheData):
    """Add Printer Cachedata (DR_PRN_ADD_CACHEDATA), [MS-RDPEPC] 2.2.2.3."""

    event_id: ClassVar[PrinterCacheEvent] = PrinterCacheEvent.ADD

    port_dos_name: str
    pnp_name: str = ""
    driver_name: str
    printer_name: str
    cached_printer_config_data: bytes = b""

    @classmethod
    def _decode_event(cls, src: Cursor) -> dict[str, Any]:
        port_dos_name = _PORT_NAME.decode_from(src)
        pnp_size, driver_size, printer_size, cached_size = _ADD_LENGTHS.unpack(src.take(_ADD_LENGTHS.size))
        return {
            "port_dos_name": port_dos_name,
            "pnp_name": take_utf16(src, pnp_size),
            "driver_name": take_utf16(src, driver_size),
            "printer_name": take_utf16(src, printer_size),
            "cached_printer_config_data": _take_config(src, cached_size),
        }

    def _encode_event(self, dst: bytearray) -> None:
        pnp = encode_utf16(self.pnp_name, terminated=True)
        driver = encode_utf16(self.driver_name, terminated=True)
        printer = encode_utf16(self.printer_name, terminated=True)
        config = _checked_config(self.cached_printer_config_data)
        _PORT_NAME.encode_into(dst, self.port_dos_name)
        dst += _ADD_LENGTHS.pack(len(pnp), len(driver), len(printer), len(config))
        dst += pnp + driver + printer + config


@pdu
class UpdatePrinterCacheData(PrinterCacheData):
    """Update Printer Cachedata (DR_PRN_UPDATE_CACHEDATA), [MS-RDPEPC] 2.2.2.4."""

    event_id: ClassVar[PrinterCacheEvent] = PrinterCacheEvent.UPDATE

    printer_name: str
    cached_printer_config_data: bytes

    @classmethod
    def _decode_event(cls, src: Cursor) -> dict[str, Any]:
        printer_size, cached_size = _LENGTHS.unpack(src.take(_LENGTHS.size))
        return {
            "printer_name": take_utf16(src, printer_size),
            "cached_printer_config_data": _take_config(src, cached_size),
        }

    def _encode_event(self, dst: bytearray) -> None:
        printer = encode_utf16(self.printer_name, terminated=True)
        config = _checked_config(self.cached_printer_config_data)
        dst += _LENGTHS.pack(len(printer), len(config))
        dst += printer + config


@pdu
class DeletePrinterCacheData(PrinterCacheData):
    """Delete Printer Cachedata (DR_PRN_DELETE_CACHEDATA), [MS-RDPEPC] 2.2.2.5."""

    event_id: ClassVar[PrinterCacheEvent] = PrinterCacheEvent.DELETE

    printer_name: str

    @classmethod
    def _decode_event(cls, src: Cursor) -> dict[str, Any]:
        return {"printer_name": take_utf16(src, src.u32())}

    def _encode_event(self, dst: bytearray) -> None:
        printer = encode_utf16(self.printer_name, terminated=True)
        dst += _LENGTH.pack(len(printer))
        dst += printer


@pdu
class RenamePrinterCacheData(PrinterCacheData):
    """Rename Printer Cachedata (DR_PRN_RENAME_CACHEDATA), [MS-RDPEPC] 2.2.2.6."""

    event_id: ClassVar[PrinterCacheEvent] = PrinterCacheEvent.RENAME

    old_printer_name: str
    new_printer_name: str

    @classmethod
    def _decode_event(cls, src: Cursor) -> dict[str, Any]:
        old_size, new_size = _LENGTHS.unpack(src.take(_LENGTHS.size))
        return {"old_printer_name": take_utf16(src, old_size), "new_printer_name": take_utf16(src, new_size)}

    def _encode_event(self, dst: bytearray) -> None:
        old = encode_utf16(self.old_printer_name, terminated=True)
        new = encode_utf16(self.new_printer_name, terminated=True)
        dst += _LENGTHS.pack(len(old), len(new))
        dst += old + new


@pdu
class UnknownPrinterCacheData(RdpdrPdu):
    """An event that is not known here, kept as it came."""

    component: ClassVar[Component] = Component.PRINTER
    packet_id: ClassVar[PacketId] = PacketId.PRINTER_CACHE_DATA

    event_id: PrinterCacheEvent
    data: bytes = b""

    @classmethod
    def _decode_body(cls, src: Cursor) -> Self:
        return cls(event_id=PrinterCacheEvent(src.u32()), data=src.rest())

    def _encode_body(self, dst: bytearray) -> None:
        dst += _EVENT.pack(self.event_id)
        dst += self.data


def _take_driver_name(src: Cursor, size: int, flags: PrinterFlags) -> str:
    if PrinterFlags.ASCII not in flags:
        return take_utf16(src, size)
    if size > NAME_LIMIT:
        raise InvalidField(f"a name of {size} bytes exceeds {NAME_LIMIT}", offset=src.pos)
    return src.take(size).partition(b"\0")[0].decode("latin-1")


def _take_config(src: Cursor, size: int) -> bytes:
    if size > DEVICE_DATA_LIMIT:
        raise InvalidField(f"a configuration of {size} bytes exceeds {DEVICE_DATA_LIMIT}", offset=src.pos)
    return src.take(size)


def _checked_config(data: bytes) -> bytes:
    if len(data) > DEVICE_DATA_LIMIT:
        raise EncodeError(f"a configuration of {len(data)} bytes exceeds {DEVICE_DATA_LIMIT}")
    return data
