"""Display control, [MS-RDPEDISP] 2.2: what the server can show, and the monitors that the client asks for."""

from __future__ import annotations

import struct
from typing import Annotated, ClassVar, Self, TypeAlias

from trio_rdp.pdu.display_updates import MAX_MONITORS
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.fields import I32, U32, u32
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "DISP_CHANNEL_NAME",
    "MAX_MONITORS",
    "DispFromClient",
    "DispFromServer",
    "DisplayControlCapabilities",
    "DisplayControlMonitor",
    "DisplayControlMonitorLayout",
    "DisplayControlPdu",
    "DisplayControlType",
    "MonitorFlags",
    "Orientation",
    "UnknownDisplayControl",
    "decode_disp_from_client",
    "decode_disp_from_server",
]

DISP_CHANNEL_NAME = "Microsoft::Windows::RDS::DisplayControl"

_HEADER = struct.Struct("<II")
_CAPABILITIES = struct.Struct("<III")
_LAYOUT = struct.Struct("<II")
_MONITOR_SIZE = 40


class DisplayControlType(OpenEnum):
    """The type of a PDU (DISPLAYCONTROL_PDU_TYPE_*)."""

    MONITOR_LAYOUT = 0x00000002
    CAPS = 0x00000005


class MonitorFlags(Flags):
    """What a monitor is (DISPLAYCONTROL_MONITOR_*)."""

    PRIMARY = Flag(0x00000001)


class Orientation(OpenEnum):
    """How a desktop is turned, in degrees clockwise (ORIENTATION_*); other values MUST be ignored."""

    LANDSCAPE = 0
    PORTRAIT = 90
    LANDSCAPE_FLIPPED = 180
    PORTRAIT_FLIPPED = 270


class DisplayControlPdu(Pdu):
    """The base of all PDUs behind a DISPLAYCONTROL_HEADER (2.2.1.1); `type` is that of the class."""

    __slots__ = ()

    type: ClassVar[DisplayControlType]


@pdu
class DisplayControlCapabilities(DisplayControlPdu):
    """DISPLAYCONTROL_CAPS_PDU, [MS-RDPEDISP] 2.2.2.1: what a monitor layout must keep to."""

    type: ClassVar[DisplayControlType] = DisplayControlType.CAPS

    max_num_monitors: int
    max_monitor_area_factor_a: int
    max_monitor_area_factor_b: int

    @property
    def max_monitor_area(self) -> int:
        """The most square pixels of a layout; with 32 bits a factor, this has up to 96."""
        return self.max_num_monitors * self.max_monitor_area_factor_a * self.max_monitor_area_factor_b

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        body = _decode_header(src, cls.type)
        number, factor_a, factor_b = _CAPABILITIES.unpack(body.take(_CAPABILITIES.size))
        _check_end(body)
        return cls(max_num_monitors=number, max_monitor_area_factor_a=factor_a, max_monitor_area_factor_b=factor_b)

    def encode_into(self, dst: bytearray) -> None:
        dst += _HEADER.pack(self.type, _HEADER.size + _CAPABILITIES.size)
        dst += _CAPABILITIES.pack(self.max_num_monitors, self.max_monitor_area_factor_a, self.max_monitor_area_factor_b)


@pdu
class DisplayControlMonitor(Pdu):
    """DISPLAYCONTROL_MONITOR_LAYOUT, [MS-RDPEDISP] 2.2.2.2.1: one monitor, kept as it came.

    `left` and `top` are relative to the primary monitor's; sizes are in pixels, physical ones in millimeters, scale
    factors in percent.
    """

    flags: Annotated[MonitorFlags, u32] = MonitorFlags(0)
    left: I32 = 0
    top: I32 = 0
    width: U32
    height: U32
    physical_width: U32 = 0
    physical_height: U32 = 0
    orientation: Annotated[Orientation, u32] = Orientation.LANDSCAPE
    desktop_scale_factor: U32 = 100
    device_scale_factor: U32 = 100


@pdu
class DisplayControlMonitorLayout(DisplayControlPdu):
    """DISPLAYCONTROL_MONITOR_LAYOUT_PDU, [MS-RDPEDISP] 2.2.2.2: all monitors that the client wants."""

    type: ClassVar[DisplayControlType] = DisplayControlType.MONITOR_LAYOUT

    monitors: list[DisplayControlMonitor]

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        body = _decode_header(src, cls.type)
        size, count = _LAYOUT.unpack(body.take(_LAYOUT.size))
        if size != _MONITOR_SIZE:
            raise InvalidField(f"monitors of {size} bytes", field="monitor_layout_size", offset=body.pos)
        if count > MAX_MONITORS:
            raise InvalidField(f"{count} monitors exceed {MAX_MONITORS}", field="num_monitors", offset=body.pos)
        monitors = [DisplayControlMonitor.decode_from(body) for _ in range(count)]
        _check_end(body)
        return cls(monitors=monitors)

    def encode_into(self, dst: bytearray) -> None:
        count = len(self.monitors)
        if count > MAX_MONITORS:
            raise EncodeError(f"{count} monitors exceed {MAX_MONITORS}")
        dst += _HEADER.pack(self.type, _HEADER.size + _LAYOUT.size + count * _MONITOR_SIZE)
        dst += _LAYOUT.pack(_MONITOR_SIZE, count)
        for monitor in self.monitors:
            monitor.encode_into(dst)


@pdu
class UnknownDisplayControl(Pdu):
    """A PDU of a type that the document does not name, kept as it came."""

    type: DisplayControlType
    data: bytes = b""

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        kind, body = _decode_any_header(src)
        return cls(type=DisplayControlType(kind), data=body.rest())

    def encode_into(self, dst: bytearray) -> None:
        dst += _HEADER.pack(self.type, _HEADER.size + len(self.data))
        dst += self.data


DispFromServer: TypeAlias = DisplayControlCapabilities | UnknownDisplayControl
DispFromClient: TypeAlias = DisplayControlMonitorLayout | UnknownDisplayControl


def decode_disp_from_server(data: bytes) -> DispFromServer:
    """Decode what a server sent; raises `DecodeError`, for a client's PDU too, but keeps one of an unknown type."""
    unknown = UnknownDisplayControl.decode(data)
    return DisplayControlCapabilities.decode(data) if unknown.type.is_known else unknown


def decode_disp_from_client(data: bytes) -> DispFromClient:
    """Decode what a client sent; raises `DecodeError`, for a server's PDU too, but keeps one of an unknown type."""
    unknown = UnknownDisplayControl.decode(data)
    return DisplayControlMonitorLayout.decode(data) if unknown.type.is_known else unknown


def _decode_any_header(src: Cursor) -> tuple[int, Cursor]:
    start = src.pos
    kind, length = _HEADER.unpack(src.take(_HEADER.size))
    if length < _HEADER.size:
        raise InvalidField(f"a length of {length} bytes", field="length", offset=start + 4)
    return kind, src.sub(length - _HEADER.size)


def _decode_header(src: Cursor, expected: DisplayControlType) -> Cursor:
    start = src.pos
    kind, body = _decode_any_header(src)
    if kind != expected:
        raise InvalidField(f"type {kind:#x}, not {int(expected):#x}", field="type", offset=start)
    return body


def _check_end(body: Cursor) -> None:
    if body.remaining:
        raise InvalidField(f"{body.remaining} bytes more than the layout has", field="length", offset=body.pos)
