"""Network characteristics detection, [MS-RDPBCGR] 2.2.14: the server's requests and the client's responses.

They travel on the message channel, and from 2.2.14.1.2 on also in the tunnels of [MS-RDPEMT].
"""

from __future__ import annotations

import struct
from typing import ClassVar, Self, TypeVar

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "AutoDetectRequest",
    "AutoDetectResponse",
    "BandwidthMeasurePayload",
    "BandwidthMeasureResults",
    "BandwidthMeasureStart",
    "BandwidthMeasureStop",
    "NetworkCharacteristicsResult",
    "NetworkCharacteristicsSync",
    "RequestType",
    "ResponseType",
    "RttMeasureRequest",
    "RttMeasureResponse",
    "UnknownAutoDetect",
    "decode_request",
    "decode_response",
]

TYPE_ID_AUTODETECT_REQUEST = 0x00
TYPE_ID_AUTODETECT_RESPONSE = 0x01

_HEADER = struct.Struct("<BBHH")

_T = TypeVar("_T", bound=Pdu)


class RequestType(OpenEnum):
    """What a request asks, and on which road: while connecting, later, or over a lossy UDP transport."""

    RTT = 0x0001
    RTT_CONNECT_TIME = 0x1001
    BANDWIDTH_START = 0x0014
    BANDWIDTH_START_LOSSY = 0x0114
    BANDWIDTH_START_CONNECT_TIME = 0x1014
    BANDWIDTH_PAYLOAD = 0x0002
    BANDWIDTH_STOP = 0x0429
    BANDWIDTH_STOP_LOSSY = 0x0629
    BANDWIDTH_STOP_CONNECT_TIME = 0x002B
    RESULT_BASE_RTT = 0x0840
    RESULT_BANDWIDTH = 0x0880
    RESULT_ALL = 0x08C0


class ResponseType(OpenEnum):
    """What a response answers."""

    RTT = 0x0000
    BANDWIDTH_RESULTS_CONNECT_TIME = 0x0003
    BANDWIDTH_RESULTS = 0x000B
    NETWORK_CHARACTERISTICS_SYNC = 0x0018


class AutoDetectRequest(Pdu):
    """The base of all requests; `request_types` are those of the class."""

    __slots__ = ()

    request_types: ClassVar[frozenset[RequestType]]


class AutoDetectResponse(Pdu):
    """The base of all responses; `response_types` are those of the class."""

    __slots__ = ()

    response_types: ClassVar[frozenset[ResponseType]]


@pdu
class RttMeasureRequest(AutoDetectRequest):
    """RTT Measure Request (RDP_RTT_REQUEST), [MS-RDPBCGR] 2.2.14.1.1."""

    request_types: ClassVar[frozenset[RequestType]] = frozenset({RequestType.RTT, RequestType.RTT_CONNECT_TIME})

    sequence_number: int
    request_type: RequestType = RequestType.RTT

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        sequence_number, request_type = _decode_request_header(cls, src)
        return cls(sequence_number=sequence_number, request_type=request_type)

    def encode_into(self, dst: bytearray) -> None:
        _encode_request_header(dst, self.sequence_number, self.request_type, 0)


@pdu
class BandwidthMeasureStart(AutoDetectRequest):
    """Bandwidth Measure Start (RDP_BW_START), [MS-RDPBCGR] 2.2.14.1.2."""

    request_types: ClassVar[frozenset[RequestType]] = frozenset(
        {RequestType.BANDWIDTH_START, RequestType.BANDWIDTH_START_LOSSY, RequestType.BANDWIDTH_START_CONNECT_TIME}
    )

    sequence_number: int
    request_type: RequestType = RequestType.BANDWIDTH_START

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        sequence_number, request_type = _decode_request_header(cls, src)
        return cls(sequence_number=sequence_number, request_type=request_type)

    def encode_into(self, dst: bytearray) -> None:
        _encode_request_header(dst, self.sequence_number, self.request_type, 0)


@pdu
class BandwidthMeasurePayload(AutoDetectRequest):
    """Bandwidth Measure Payload (RDP_BW_PAYLOAD), [MS-RDPBCGR] 2.2.14.1.3."""

    request_types: ClassVar[frozenset[RequestType]] = frozenset({RequestType.BANDWIDTH_PAYLOAD})

    sequence_number: int
    payload: bytes

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        sequence_number, _ = _decode_request_header(cls, src)
        return cls(sequence_number=sequence_number, payload=src.take(src.u16()))

    def encode_into(self, dst: bytearray) -> None:
        _encode_request_header(dst, self.sequence_number, RequestType.BANDWIDTH_PAYLOAD, 2)
        dst += struct.pack("<H", len(self.payload))
        dst += self.payload


@pdu
class BandwidthMeasureStop(AutoDetectRequest):
    """Bandwidth Measure Stop (RDP_BW_STOP), [MS-RDPBCGR] 2.2.14.1.4; only while connecting it brings a last payload."""

    request_types: ClassVar[frozenset[RequestType]] = frozenset(
        {RequestType.BANDWIDTH_STOP, RequestType.BANDWIDTH_STOP_LOSSY, RequestType.BANDWIDTH_STOP_CONNECT_TIME}
    )

    sequence_number: int
    request_type: RequestType = RequestType.BANDWIDTH_STOP
    payload: bytes = b""

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        sequence_number, request_type = _decode_request_header(cls, src)
        payload = src.take(src.u16()) if request_type == RequestType.BANDWIDTH_STOP_CONNECT_TIME else b""
        return cls(sequence_number=sequence_number, request_type=request_type, payload=payload)

    def encode_into(self, dst: bytearray) -> None:
        brings_payload = self.request_type == RequestType.BANDWIDTH_STOP_CONNECT_TIME
        if self.payload and not brings_payload:
            raise EncodeError(f"{self.request_type!r} brings no payload")
        _encode_request_header(dst, self.sequence_number, self.request_type, 2 if brings_payload else 0)
        if brings_payload:
            dst += struct.pack("<H", len(self.payload))
            dst += self.payload


@pdu
class NetworkCharacteristicsResult(AutoDetectRequest):
    """Network Characteristics Result (RDP_NETCHAR_RESULTS), [MS-RDPBCGR] 2.2.14.1.5.

    Times are in milliseconds, the bandwidth in kilobits per second; which of the first two are there, the request type
    says, and it follows from them.
    """

    request_types: ClassVar[frozenset[RequestType]] = frozenset(
        {RequestType.RESULT_BASE_RTT, RequestType.RESULT_BANDWIDTH, RequestType.RESULT_ALL}
    )

    sequence_number: int
    base_rtt: int | None = None
    bandwidth: int | None = None
    average_rtt: int

    @property
    def request_type(self) -> RequestType:
        """The request type that says which fields are there."""
        if self.bandwidth is None:
            return RequestType.RESULT_BASE_RTT
        return RequestType.RESULT_BANDWIDTH if self.base_rtt is None else RequestType.RESULT_ALL

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        sequence_number, request_type = _decode_request_header(cls, src)
        return cls(
            sequence_number=sequence_number,
            base_rtt=None if request_type == RequestType.RESULT_BANDWIDTH else src.u32(),
            bandwidth=None if request_type == RequestType.RESULT_BASE_RTT else src.u32(),
            average_rtt=src.u32(),
        )

    def encode_into(self, dst: bytearray) -> None:
        values = [value for value in (self.base_rtt, self.bandwidth, self.average_rtt) if value is not None]
        if len(values) < 2:
            raise EncodeError("a network characteristics result needs a base RTT or a bandwidth")
        _encode_request_header(dst, self.sequence_number, self.request_type, 4 * len(values))
        dst += struct.pack(f"<{len(values)}I", *values)


@pdu
class RttMeasureResponse(AutoDetectResponse):
    """RTT Measure Response (RDP_RTT_RESPONSE), [MS-RDPBCGR] 2.2.14.2.1."""

    response_types: ClassVar[frozenset[ResponseType]] = frozenset({ResponseType.RTT})

    sequence_number: int

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        return cls(sequence_number=_decode_response_header(cls, src)[0])

    def encode_into(self, dst: bytearray) -> None:
        _encode_response_header(dst, self.sequence_number, ResponseType.RTT, 0)


@pdu
class BandwidthMeasureResults(AutoDetectResponse):
    """Bandwidth Measure Results (RDP_BW_RESULTS), [MS-RDPBCGR] 2.2.14.2.2; the time is in milliseconds."""

    response_types: ClassVar[frozenset[ResponseType]] = frozenset(
        {ResponseType.BANDWIDTH_RESULTS, ResponseType.BANDWIDTH_RESULTS_CONNECT_TIME}
    )

    sequence_number: int
    response_type: ResponseType = ResponseType.BANDWIDTH_RESULTS
    time_delta: int
    byte_count: int

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        sequence_number, response_type = _decode_response_header(cls, src)
        return cls(
            sequence_number=sequence_number, response_type=response_type, time_delta=src.u32(), byte_count=src.u32()
        )

    def encode_into(self, dst: bytearray) -> None:
        _encode_response_header(dst, self.sequence_number, self.response_type, 8)
        dst += struct.pack("<II", self.time_delta, self.byte_count)


@pdu
class NetworkCharacteristicsSync(AutoDetectResponse):
    """Network Characteristics Sync (RDP_NETCHAR_SYNC), [MS-RDPBCGR] 2.2.14.2.3.

    A reconnecting client tells what was detected before: kilobits per second, and milliseconds.
    """

    response_types: ClassVar[frozenset[ResponseType]] = frozenset({ResponseType.NETWORK_CHARACTERISTICS_SYNC})

    sequence_number: int
    bandwidth: int
    rtt: int

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        sequence_number, _ = _decode_response_header(cls, src)
        return cls(sequence_number=sequence_number, bandwidth=src.u32(), rtt=src.u32())

    def encode_into(self, dst: bytearray) -> None:
        _encode_response_header(dst, self.sequence_number, ResponseType.NETWORK_CHARACTERISTICS_SYNC, 8)
        dst += struct.pack("<II", self.bandwidth, self.rtt)


@pdu
class UnknownAutoDetect(Pdu):
    """A request or response of a type that is not known here, kept as it came."""

    header_type_id: int
    sequence_number: int
    type: int
    data: bytes = b""

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        header_type_id, sequence_number, kind = _decode_header(src)
        return cls(header_type_id=header_type_id, sequence_number=sequence_number, type=kind, data=src.rest())

    def encode_into(self, dst: bytearray) -> None:
        dst += _HEADER.pack(_HEADER.size, self.header_type_id, self.sequence_number, self.type)
        dst += self.data


_REQUESTS: dict[int, type[AutoDetectRequest]] = {
    request_type: cls
    for cls in (
        RttMeasureRequest,
        BandwidthMeasureStart,
        BandwidthMeasurePayload,
        BandwidthMeasureStop,
        NetworkCharacteristicsResult,
    )
    for request_type in cls.request_types
}
_RESPONSES: dict[int, type[AutoDetectResponse]] = {
    response_type: cls
    for cls in (RttMeasureResponse, BandwidthMeasureResults, NetworkCharacteristicsSync)
    for response_type in cls.response_types
}


def decode_request(data: bytes) -> AutoDetectRequest | UnknownAutoDetect:
    """Decode what a server asks; raises `DecodeError`, but keeps a request of an unknown type."""
    return _dispatch(_REQUESTS, TYPE_ID_AUTODETECT_REQUEST, data)


def decode_response(data: bytes) -> AutoDetectResponse | UnknownAutoDetect:
    """Decode what a client answers; raises `DecodeError`, but keeps a response of an unknown type."""
    return _dispatch(_RESPONSES, TYPE_ID_AUTODETECT_RESPONSE, data)


def _dispatch(classes: dict[int, type[_T]], header_type_id: int, data: bytes) -> _T | UnknownAutoDetect:
    unknown = UnknownAutoDetect.decode(data)
    if unknown.header_type_id != header_type_id:
        raise InvalidField(f"header type {unknown.header_type_id:#x}", pdu="UnknownAutoDetect", offset=1)
    known = classes.get(unknown.type)
    return unknown if known is None else known.decode(data)


def _decode_header(src: Cursor) -> tuple[int, int, int]:
    start = src.pos
    header_length, header_type_id, sequence_number, kind = _HEADER.unpack(src.take(_HEADER.size))
    if header_length < _HEADER.size:
        raise InvalidField(f"header of {header_length} bytes", field="header_length", offset=start)
    return header_type_id, sequence_number, kind


def _decode_request_header(cls: type[AutoDetectRequest], src: Cursor) -> tuple[int, RequestType]:
    header_type_id, sequence_number, kind = _decode_header(src)
    request_type = RequestType(kind)
    if header_type_id != TYPE_ID_AUTODETECT_REQUEST or request_type not in cls.request_types:
        raise InvalidField(f"header {header_type_id:#x}, request {kind:#x}", pdu=cls.__name__, offset=src.pos)
    return sequence_number, request_type


def _decode_response_header(cls: type[AutoDetectResponse], src: Cursor) -> tuple[int, ResponseType]:
    header_type_id, sequence_number, kind = _decode_header(src)
    response_type = ResponseType(kind)
    if header_type_id != TYPE_ID_AUTODETECT_RESPONSE or response_type not in cls.response_types:
        raise InvalidField(f"header {header_type_id:#x}, response {kind:#x}", pdu=cls.__name__, offset=src.pos)
    return sequence_number, response_type


def _encode_request_header(dst: bytearray, sequence_number: int, request_type: int, size: int) -> None:
    dst += _HEADER.pack(_HEADER.size + size, TYPE_ID_AUTODETECT_REQUEST, sequence_number, request_type)


def _encode_response_header(dst: bytearray, sequence_number: int, response_type: int, size: int) -> None:
    dst += _HEADER.pack(_HEADER.size + size, TYPE_ID_AUTODETECT_RESPONSE, sequence_number, response_type)
