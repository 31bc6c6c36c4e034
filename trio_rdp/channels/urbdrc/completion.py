"""How requests ended, [MS-RDPEUSB] 2.2.7 and 2.2.10."""

from __future__ import annotations

import struct
from typing import Annotated, ClassVar, TypeAlias

from trio_rdp.channels.urbdrc.header import BUFFER_LIMIT, UrbdrcRequest
from trio_rdp.channels.urbdrc.isochronous import ErrorCount, IsoPacketDescriptor, IsoPackets
from trio_rdp.channels.urbdrc.urb import (
    INTERFACES_LIMIT,
    PIPES_LIMIT,
    AnyTsUrb,
    UrbGetCurrentFrameNumber,
    UrbIsochTransfer,
    UrbSelectConfiguration,
    UrbSelectInterface,
)
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError
from trio_rdp.wire.fields import U8, U16, U32, Codec, Counted, Pad, Prefixed, Rest, u8, u32
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "AnyUrbResult",
    "InterfaceInformationResult",
    "IoControlCompletion",
    "PipeInformationResult",
    "TsUrbResult",
    "UnmatchedUrbResult",
    "UrbCompletion",
    "UrbCompletionNoData",
    "UrbGetCurrentFrameNumberResult",
    "UrbIsochTransferResult",
    "UrbResult",
    "UrbSelectConfigurationResult",
    "UrbSelectInterfaceResult",
    "decode_urb_result",
]

_INTERFACE = struct.Struct("<HBBBBBxII")
_PIPE_SIZE = 20
_RESULT_LIMIT = 0xFFFF
_buffer = Prefixed(u32, limit=BUFFER_LIMIT)


@pdu
class _ResultHeader(Pdu):
    """TS_URB_RESULT_HEADER, [MS-RDPEUSB] 2.2.10.1.1, with room for the size."""

    usbd_status: Annotated[int, Pad(4), u32] = 0


class TsUrbResult(_ResultHeader):
    """The base of all TS_URB_RESULT structures; each begins with TS_URB_RESULT_HEADER, [MS-RDPEUSB] 2.2.10.1.1.

    The status is USBD_STATUS of Windows.  None says what was asked: `decode_urb_result` needs the request.
    """

    __slots__ = ()

    def encode(self) -> bytes:
        """The structure's bytes, header and all."""
        data = bytearray(super().encode())
        if len(data) > _RESULT_LIMIT:
            raise EncodeError(f"{type(self).__name__}: {len(data)} bytes exceed {_RESULT_LIMIT}")
        struct.pack_into("<H", data, 0, len(data))
        return bytes(data)


@pdu
class UrbResult(TsUrbResult):
    """The result of whatever returns no more than a status, and perhaps data beside the result."""


@pdu
class UnmatchedUrbResult(TsUrbResult):
    """A result of which only the header was read."""

    data: Annotated[bytes, Rest()] = b""


@pdu
class PipeInformationResult(Pdu):
    """TS_USBD_PIPE_INFORMATION_RESULT, [MS-RDPEUSB] 2.2.10.1.3."""

    maximum_packet_size: U16
    endpoint_address: U8
    interval: U8 = 0
    pipe_type: U32
    pipe_handle: U32
    maximum_transfer_size: U32 = 0
    pipe_flags: U32 = 0


@pdu
class InterfaceInformationResult(Pdu):
    """TS_USBD_INTERFACE_INFORMATION_RESULT, [MS-RDPEUSB] 2.2.10.1.2; `class_` is Class."""

    interface_number: Annotated[int, Pad(2), u8]
    alternate_setting: U8 = 0
    class_: U8 = 0
    sub_class: U8 = 0
    protocol: Annotated[int, u8, Pad(1)] = 0
    interface_handle: U32 = 0
    pipes: Annotated[list[PipeInformationResult], Counted(u32, limit=PIPES_LIMIT)]

    def encode_into(self, dst: bytearray) -> None:
        if len(self.pipes) > PIPES_LIMIT:
            raise EncodeError(f"{len(self.pipes)} pipes exceed {PIPES_LIMIT}")
        dst += _INTERFACE.pack(
            _INTERFACE.size + len(self.pipes) * _PIPE_SIZE,
            self.interface_number,
            self.alternate_setting,
            self.class_,
            self.sub_class,
            self.protocol,
            self.interface_handle,
            len(self.pipes),
        )
        for pipe in self.pipes:
            pipe.encode_into(dst)


@pdu
class UrbSelectConfigurationResult(TsUrbResult):
    """TS_URB_SELECT_CONFIGURATION_RESULT, [MS-RDPEUSB] 2.2.10.2."""

    configuration_handle: U32
    interface: Annotated[list[InterfaceInformationResult], Counted(u32, limit=INTERFACES_LIMIT)]


@pdu
class UrbSelectInterfaceResult(TsUrbResult):
    """TS_URB_SELECT_INTERFACE_RESULT, [MS-RDPEUSB] 2.2.10.3."""

    interface: InterfaceInformationResult


@pdu
class UrbGetCurrentFrameNumberResult(TsUrbResult):
    """TS_URB_GET_CURRENT_FRAME_NUMBER_RESULT, [MS-RDPEUSB] 2.2.10.4: a frame is a millisecond."""

    frame_number: U32


@pdu
class UrbIsochTransferResult(TsUrbResult):
    """TS_URB_ISOCH_TRANSFER_RESULT, [MS-RDPEUSB] 2.2.10.5; what packets with errors hold is not among the data."""

    start_frame: U32 = 0
    error_count: Annotated[int, ErrorCount()] = 0
    iso_packet: Annotated[list[IsoPacketDescriptor], IsoPackets()]


AnyUrbResult: TypeAlias = (
    UnmatchedUrbResult
    | UrbResult
    | UrbSelectConfigurationResult
    | UrbSelectInterfaceResult
    | UrbGetCurrentFrameNumberResult
    | UrbIsochTransferResult
)

_RESULTS: dict[type[AnyTsUrb], type[AnyUrbResult]] = {
    UrbSelectConfiguration: UrbSelectConfigurationResult,
    UrbSelectInterface: UrbSelectInterfaceResult,
    UrbGetCurrentFrameNumber: UrbGetCurrentFrameNumberResult,
    UrbIsochTransfer: UrbIsochTransferResult,
}


def decode_urb_result(result: UnmatchedUrbResult, urb: AnyTsUrb) -> AnyUrbResult:
    """Decode the rest of the result of `urb`; raises `DecodeError`.

    One that has no more than a status is a `UrbResult`, as where the request failed.
    """
    known = _RESULTS.get(type(urb), UrbResult) if result.data else UrbResult
    return known.decode(result.encode())


class _SizedResult(Codec):
    """A TS_URB_RESULT behind its size."""

    def decode_from(self, src: Cursor) -> UnmatchedUrbResult:
        return UnmatchedUrbResult.decode(src.take(src.u32()))

    def encode_into(self, dst: bytearray, value: AnyUrbResult) -> None:
        raw = value.encode()
        u32.encode_into(dst, len(raw))
        dst += raw


@pdu
class IoControlCompletion(UrbdrcRequest):
    """IO Control Completion (IOCONTROL_COMPLETION), [MS-RDPEUSB] 2.2.7.1.

    Where the buffer was too small, `information` is the size that it needs.
    """

    function_id: ClassVar[int] = 0x00000100

    request_id: U32
    h_result: U32 = 0
    information: U32 = 0
    output_buffer: Annotated[bytes, _buffer] = b""


@pdu
class UrbCompletion(UrbdrcRequest):
    """URB Completion (URB_COMPLETION), [MS-RDPEUSB] 2.2.7.2: data from the device."""

    function_id: ClassVar[int] = 0x00000101

    request_id: U32
    ts_urb_result: Annotated[AnyUrbResult, _SizedResult()]
    h_result: U32 = 0
    output_buffer: Annotated[bytes, _buffer] = b""


@pdu
class UrbCompletionNoData(UrbdrcRequest):
    """URB Completion No Data (URB_COMPLETION_NO_DATA), [MS-RDPEUSB] 2.2.7.3.

    `output_buffer_size` is how much of a Transfer Out Request went to the device, 0 for a Transfer In Request.
    """

    function_id: ClassVar[int] = 0x00000102

    request_id: U32
    ts_urb_result: Annotated[AnyUrbResult, _SizedResult()]
    h_result: U32 = 0
    output_buffer_size: U32 = 0
