"""Location, [MS-RDPEL] 2.2: where on earth the client is.

`encode` gives a whole message and `decode` takes one; `decode_from` and `encode_into` are of what follows the header.
"""

from __future__ import annotations

import math
import struct
from typing import Annotated, ClassVar, Self, TypeAlias

from trio_rdp.channels.rdpei.integers import FOUR_BYTE_SIGNED
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import DecodeError, EncodeError, InvalidField
from trio_rdp.wire.fields import U32, Codec, u8, u32
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "CHANNEL_NAME",
    "FOUR_BYTE_FLOAT",
    "BaseLocation3d",
    "ClientReady",
    "FourByteFloat",
    "Location2dDelta",
    "Location3dDelta",
    "LocationFromClient",
    "LocationFromServer",
    "LocationPdu",
    "LocationPduType",
    "LocationSource",
    "ProtocolVersion",
    "ServerReady",
    "UnknownLocation",
    "decode_location_from_client",
    "decode_location_from_server",
]

CHANNEL_NAME = "Microsoft::Windows::RDS::Location"
"""The dynamic channel's name."""

_HEADER = struct.Struct("<HI")
_LARGEST_EXPONENT = 7


class LocationPduType(OpenEnum):
    """What a message is (PDUTYPE_*)."""

    SERVER_READY = 0x0001
    CLIENT_READY = 0x0002
    BASE_LOCATION3D = 0x0003
    LOCATION2D_DELTA = 0x0004
    LOCATION3D_DELTA = 0x0005


class ProtocolVersion(OpenEnum):
    """Versions of the protocol (RDPLOCATION_PROTOCOL_VERSION_*); the first knows no more than position and altitude."""

    V100 = 0x00010000
    V200 = 0x00020000


class LocationSource(OpenEnum):
    """How a position was found (LOCATIONSOURCE_*)."""

    IP = 0x00
    WIFI = 0x01
    CELL = 0x02
    GNSS = 0x03


class FourByteFloat(Codec):
    """A decimal number (FOUR_BYTE_FLOAT), [MS-RDPEL] 2.2.1.2: up to 26 bits, divided by a power of ten up to 10^7.

    A number that has no such form is rounded to as many digits as fit.
    """

    largest: int = 0x3FFFFFF

    def decode_from(self, src: Cursor) -> float:
        size = (src.peek_u8() >> 6) + 1
        number = int.from_bytes(src.take(size), "big")
        bits = 8 * size
        exponent = number >> (bits - 6) & 7
        value: float = (number & (1 << (bits - 6)) - 1) / 10**exponent
        return -value if number >> (bits - 3) & 1 else value

    def encode_into(self, dst: bytearray, value: float) -> None:
        mantissa, exponent = self._scaled(abs(value))
        size = 1
        while mantissa >> (8 * size - 6):
            size += 1
        head = (size - 1) << 6 | (value < 0) << 5 | exponent << 2
        dst += (head << (8 * size - 8) | mantissa).to_bytes(size, "big")

    def _scaled(self, magnitude: float) -> tuple[int, int]:
        """The shortest digits that give the number, or the closest that fit."""
        if not math.isfinite(magnitude) or round(magnitude) > self.largest:
            raise EncodeError(f"{magnitude} does not fit {self.largest:#x}")
        best = (round(magnitude), 0)
        for exponent in range(1, _LARGEST_EXPONENT + 1):
            mantissa = round(magnitude * 10**exponent)
            if best[0] / 10 ** best[1] == magnitude or mantissa > self.largest:
                break
            best = (mantissa, exponent)
        return best


FOUR_BYTE_FLOAT: FourByteFloat = FourByteFloat()
"""FOUR_BYTE_FLOAT, [MS-RDPEL] 2.2.1.2."""


class LocationPdu(Pdu):
    """The base of all messages: what comes behind the header (RDPLOCATION_HEADER), [MS-RDPEL] 2.2.1.3."""

    __slots__ = ()

    pdu_type: ClassVar[LocationPduType]

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Decode one whole message; bytes behind its length are ignored."""
        try:
            pdu_type, body = _decode_header(Cursor(data))
            if pdu_type != cls.pdu_type:
                raise InvalidField(f"type {pdu_type:#x}, not {int(cls.pdu_type):#x}", field="pdu_type", offset=0)
            return cls.decode_from(body)
        except DecodeError as exc:
            exc.pdu = exc.pdu or cls.__name__
            raise

    def encode(self) -> bytes:
        """The whole message, with its header."""
        body = super().encode()
        return _HEADER.pack(self.pdu_type, _HEADER.size + len(body)) + body


@pdu
class ServerReady(LocationPdu):
    """RDPLOCATION_SERVER_READY_PDU, [MS-RDPEL] 2.2.2.1."""

    pdu_type: ClassVar[LocationPduType] = LocationPduType.SERVER_READY

    protocol_version: Annotated[ProtocolVersion, u32] = ProtocolVersion.V200
    flags: U32 | None = None


@pdu
class ClientReady(LocationPdu):
    """RDPLOCATION_CLIENT_READY_PDU, [MS-RDPEL] 2.2.2.2."""

    pdu_type: ClassVar[LocationPduType] = LocationPduType.CLIENT_READY

    protocol_version: Annotated[ProtocolVersion, u32] = ProtocolVersion.V200
    flags: U32 | None = None


@pdu
class BaseLocation3d(LocationPdu):
    """RDPLOCATION_BASE_LOCATION3D_PDU, [MS-RDPEL] 2.2.2.3: a position in degrees, and its altitude in meters.

    Version 2.0.0 has `speed` in meters per second, `heading` in degrees, `horizontal_accuracy` in meters and `source`:
    all four, or none.
    """

    pdu_type: ClassVar[LocationPduType] = LocationPduType.BASE_LOCATION3D

    latitude: Annotated[float, FOUR_BYTE_FLOAT]
    longitude: Annotated[float, FOUR_BYTE_FLOAT]
    altitude: Annotated[int, FOUR_BYTE_SIGNED] = 0
    speed: Annotated[float | None, FOUR_BYTE_FLOAT] = None
    heading: Annotated[float | None, FOUR_BYTE_FLOAT] = None
    horizontal_accuracy: Annotated[float | None, FOUR_BYTE_FLOAT] = None
    source: Annotated[LocationSource | None, u8] = None


@pdu
class Location2dDelta(LocationPdu):
    """RDPLOCATION_LOCATION2D_DELTA_PDU, [MS-RDPEL] 2.2.2.4: by how much each value was larger before.

    What is new is what was there less the delta.  The last two are of version 2.0.0: both, or none.
    """

    pdu_type: ClassVar[LocationPduType] = LocationPduType.LOCATION2D_DELTA

    latitude_delta: Annotated[float, FOUR_BYTE_FLOAT]
    longitude_delta: Annotated[float, FOUR_BYTE_FLOAT]
    speed_delta: Annotated[float | None, FOUR_BYTE_FLOAT] = None
    heading_delta: Annotated[float | None, FOUR_BYTE_FLOAT] = None


@pdu
class Location3dDelta(LocationPdu):
    """RDPLOCATION_LOCATION3D_DELTA_PDU, [MS-RDPEL] 2.2.2.5: the same, with the altitude."""

    pdu_type: ClassVar[LocationPduType] = LocationPduType.LOCATION3D_DELTA

    latitude_delta: Annotated[float, FOUR_BYTE_FLOAT]
    longitude_delta: Annotated[float, FOUR_BYTE_FLOAT]
    altitude_delta: Annotated[int, FOUR_BYTE_SIGNED]
    speed_delta: Annotated[float | None, FOUR_BYTE_FLOAT] = None
    heading_delta: Annotated[float | None, FOUR_BYTE_FLOAT] = None


@pdu
class UnknownLocation(Pdu):
    """A message of a type that the document does not name, kept as it came."""

    pdu_type: LocationPduType
    data: bytes = b""

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        pdu_type, body = _decode_header(src)
        return cls(pdu_type=LocationPduType(pdu_type), data=body.rest())

    def encode_into(self, dst: bytearray) -> None:
        dst += _HEADER.pack(self.pdu_type, _HEADER.size + len(self.data))
        dst += self.data


LocationFromServer: TypeAlias = ServerReady | UnknownLocation
LocationFromClient: TypeAlias = ClientReady | BaseLocation3d | Location2dDelta | Location3dDelta | UnknownLocation

_FROM_CLIENT: dict[int, type[ClientReady | BaseLocation3d | Location2dDelta | Location3dDelta]] = {
    cls.pdu_type: cls for cls in (ClientReady, BaseLocation3d, Location2dDelta, Location3dDelta)
}


def decode_location_from_server(data: bytes) -> LocationFromServer:
    """Decode what a server sent; raises `DecodeError`, for a client's message too, but keeps one of an unknown type."""
    unknown = UnknownLocation.decode(data)
    return ServerReady.decode(data) if unknown.pdu_type.is_known else unknown


def decode_location_from_client(data: bytes) -> LocationFromClient:
    """Decode what a client sent; raises `DecodeError`, for a server's message too, but keeps one of an unknown type."""
    unknown = UnknownLocation.decode(data)
    if not unknown.pdu_type.is_known:
        return unknown
    return _FROM_CLIENT.get(unknown.pdu_type, ClientReady).decode(data)


def _decode_header(src: Cursor) -> tuple[int, Cursor]:
    start = src.pos
    pdu_type, length = _HEADER.unpack(src.take(_HEADER.size))
    if length < _HEADER.size:
        raise InvalidField(f"a length of {length} bytes", field="pdu_length", offset=start + 2)
    return pdu_type, src.sub(length - _HEADER.size)
