"""What is asked of a USB device, as Windows' drivers ask it, [MS-RDPEUSB] 2.2.9."""

from __future__ import annotations

import struct
from typing import Annotated, ClassVar, Self, TypeAlias

from trio_rdp.channels.urbdrc.descriptors import SetupPacket
from trio_rdp.channels.urbdrc.isochronous import ErrorCount, IsoPacketDescriptor, IsoPackets
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import DecodeError, EncodeError, InvalidField
from trio_rdp.wire.fields import U8, U16, U32, Codec, Counted, Fixed, Pad, Rest, u8, u16, u32
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "INTERFACES_LIMIT",
    "PIPES_LIMIT",
    "AnyTsUrb",
    "InterfaceInformation",
    "PipeInformation",
    "SizedUrb",
    "TransferFlags",
    "TsUrb",
    "UnknownUrb",
    "UrbBulkOrInterruptTransfer",
    "UrbControlDescriptorRequest",
    "UrbControlFeatureRequest",
    "UrbControlGetConfigurationRequest",
    "UrbControlGetInterfaceRequest",
    "UrbControlGetStatusRequest",
    "UrbControlTransfer",
    "UrbControlTransferEx",
    "UrbControlVendorOrClassRequest",
    "UrbFunction",
    "UrbGetCurrentFrameNumber",
    "UrbIsochTransfer",
    "UrbOsFeatureDescriptorRequest",
    "UrbPipeRequest",
    "UrbSelectConfiguration",
    "UrbSelectInterface",
    "decode_urb",
]

PIPES_LIMIT = 255
"""The most pipes of an interface: an interface descriptor counts endpoints in 8 bits."""

INTERFACES_LIMIT = 255
"""The most interfaces of a configuration, whose descriptor counts them in 8 bits."""

_HEADER = struct.Struct("<HH")
_INTERFACE = struct.Struct("<HHBB2xI")
_PIPE_SIZE = 12
_URB_LIMIT = 0xFFFF


class UrbFunction(OpenEnum):
    """What is asked (URB_FUNCTION_* of Windows)."""

    SELECT_CONFIGURATION = 0x0000
    SELECT_INTERFACE = 0x0001
    ABORT_PIPE = 0x0002
    GET_CURRENT_FRAME_NUMBER = 0x0007
    CONTROL_TRANSFER = 0x0008
    BULK_OR_INTERRUPT_TRANSFER = 0x0009
    ISOCH_TRANSFER = 0x000A
    GET_DESCRIPTOR_FROM_DEVICE = 0x000B
    SET_DESCRIPTOR_TO_DEVICE = 0x000C
    SET_FEATURE_TO_DEVICE = 0x000D
    SET_FEATURE_TO_INTERFACE = 0x000E
    SET_FEATURE_TO_ENDPOINT = 0x000F
    CLEAR_FEATURE_TO_DEVICE = 0x0010
    CLEAR_FEATURE_TO_INTERFACE = 0x0011
    CLEAR_FEATURE_TO_ENDPOINT = 0x0012
    GET_STATUS_FROM_DEVICE = 0x0013
    GET_STATUS_FROM_INTERFACE = 0x0014
    GET_STATUS_FROM_ENDPOINT = 0x0015
    VENDOR_DEVICE = 0x0017
    VENDOR_INTERFACE = 0x0018
    VENDOR_ENDPOINT = 0x0019
    CLASS_DEVICE = 0x001A
    CLASS_INTERFACE = 0x001B
    CLASS_ENDPOINT = 0x001C
    SYNC_RESET_PIPE_AND_CLEAR_STALL = 0x001E
    CLASS_OTHER = 0x001F
    VENDOR_OTHER = 0x0020
    GET_STATUS_FROM_OTHER = 0x0021
    CLEAR_FEATURE_TO_OTHER = 0x0022
    SET_FEATURE_TO_OTHER = 0x0023
    GET_DESCRIPTOR_FROM_ENDPOINT = 0x0024
    SET_DESCRIPTOR_TO_ENDPOINT = 0x0025
    GET_CONFIGURATION = 0x0026
    GET_INTERFACE = 0x0027
    GET_DESCRIPTOR_FROM_INTERFACE = 0x0028
    SET_DESCRIPTOR_TO_INTERFACE = 0x0029
    GET_MS_FEATURE_DESCRIPTOR = 0x002A
    SYNC_RESET_PIPE = 0x0030
    SYNC_CLEAR_STALL = 0x0031
    CONTROL_TRANSFER_EX = 0x0032


class TransferFlags(Flags):
    """How data go (USBD_* of Windows)."""

    TRANSFER_DIRECTION_IN = Flag(0x00000001)
    SHORT_TRANSFER_OK = Flag(0x00000002)
    START_ISO_TRANSFER_ASAP = Flag(0x00000004)
    DEFAULT_PIPE_TRANSFER = Flag(0x00000008)


class _RequestId(Codec):
    """The lower 31 bits of a number whose highest is NoAck; it stops before the byte that they share."""

    def decode_from(self, src: Cursor) -> int:
        value = src.u32()
        src.pos -= 1
        return value & 0x7FFFFFFF

    def encode_into(self, dst: bytearray, value: int) -> None:
        if value > 0x7FFFFFFF:
            raise EncodeError(f"request {value:#x} exceeds 0x7fffffff")
        u32.encode_into(dst, value)


class _NoAck(Codec):
    """The highest bit of the byte where `_RequestId` stopped."""

    def decode_from(self, src: Cursor) -> bool:
        return bool(src.u8() & 0x80)

    def encode_into(self, dst: bytearray, value: bool) -> None:
        if value:
            dst[-1] |= 0x80


@pdu
class _UrbHeader(Pdu):
    """TS_URB_HEADER, [MS-RDPEUSB] 2.2.9.1.1, with room for the size."""

    urb_function: Annotated[UrbFunction, Pad(2), u16]
    request_id: Annotated[int, _RequestId()]
    no_ack: Annotated[bool, _NoAck()] = False


class TsUrb(_UrbHeader):
    """The base of all TS_URB structures; each begins with TS_URB_HEADER, [MS-RDPEUSB] 2.2.9.1.1.

    With `no_ack`, an isochronous transfer to the device is not answered.
    """

    __slots__ = ()

    functions: ClassVar[tuple[UrbFunction, ...]] = ()

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Decode one whole structure; its size is that of `data`, whatever it says itself."""
        try:
            _, function = _HEADER.unpack(Cursor(data).take(_HEADER.size))
            if cls.functions and function not in cls.functions:
                raise InvalidField(f"function {function:#x}", field="urb_function", offset=2)
            return cls.decode_from(Cursor(data))
        except DecodeError as exc:
            exc.pdu = exc.pdu or cls.__name__
            raise

    def encode(self) -> bytes:
        """The structure's bytes, header and all."""
        data = bytearray(super().encode())
        if len(data) > _URB_LIMIT:
            raise EncodeError(f"{type(self).__name__}: {len(data)} bytes exceed {_URB_LIMIT}")
        struct.pack_into("<H", data, 0, len(data))
        return bytes(data)


@pdu
class PipeInformation(Pdu):
    """TS_USBD_PIPE_INFORMATION, [MS-RDPEUSB] 2.2.9.1.3; the maximum transfer size is ignored by Windows."""

    maximum_packet_size: Annotated[int, u16, Pad(2)]
    maximum_transfer_size: U32
    pipe_flags: U32 = 0


@pdu
class InterfaceInformation(Pdu):
    """TS_USBD_INTERFACE_INFORMATION, [MS-RDPEUSB] 2.2.9.1.2."""

    number_of_pipes_expected: Annotated[int, Pad(2), u16]
    interface_number: U8
    alternate_setting: Annotated[int, u8, Pad(2)] = 0
    pipes: Annotated[list[PipeInformation], Counted(u32, limit=PIPES_LIMIT)]

    def encode_into(self, dst: bytearray) -> None:
        if len(self.pipes) > PIPES_LIMIT:
            raise EncodeError(f"{len(self.pipes)} pipes exceed {PIPES_LIMIT}")
        dst += _INTERFACE.pack(
            _INTERFACE.size + len(self.pipes) * _PIPE_SIZE,
            self.number_of_pipes_expected,
            self.interface_number,
            self.alternate_setting,
            len(self.pipes),
        )
        for pipe in self.pipes:
            pipe.encode_into(dst)


@pdu
class UrbSelectConfiguration(TsUrb):
    """TS_URB_SELECT_CONFIGURATION, [MS-RDPEUSB] 2.2.9.2.

    The descriptor is there where its flag is not 0; it may have no more than its own nine bytes.
    """

    functions: ClassVar[tuple[UrbFunction, ...]] = (UrbFunction.SELECT_CONFIGURATION,)

    urb_function: Annotated[UrbFunction, Pad(2), u16] = UrbFunction.SELECT_CONFIGURATION
    configuration_descriptor_is_valid: Annotated[int, u8, Pad(3)] = 0
    interfaces: Annotated[list[InterfaceInformation], Counted(u32, limit=INTERFACES_LIMIT)]
    configuration_descriptor: Annotated[bytes, Rest()] = b""


@pdu
class UrbSelectInterface(TsUrb):
    """TS_URB_SELECT_INTERFACE, [MS-RDPEUSB] 2.2.9.3."""

    functions: ClassVar[tuple[UrbFunction, ...]] = (UrbFunction.SELECT_INTERFACE,)

    urb_function: Annotated[UrbFunction, Pad(2), u16] = UrbFunction.SELECT_INTERFACE
    configuration_handle: U32
    interface: InterfaceInformation


@pdu
class UrbPipeRequest(TsUrb):
    """TS_URB_PIPE_REQUEST, [MS-RDPEUSB] 2.2.9.4."""

    functions: ClassVar[tuple[UrbFunction, ...]] = (
        UrbFunction.ABORT_PIPE,
        UrbFunction.SYNC_RESET_PIPE_AND_CLEAR_STALL,
        UrbFunction.SYNC_RESET_PIPE,
        UrbFunction.SYNC_CLEAR_STALL,
    )

    pipe_handle: U32


@pdu
class UrbGetCurrentFrameNumber(TsUrb):
    """TS_URB_GET_CURRENT_FRAME_NUMBER, [MS-RDPEUSB] 2.2.9.5."""

    functions: ClassVar[tuple[UrbFunction, ...]] = (UrbFunction.GET_CURRENT_FRAME_NUMBER,)

    urb_function: Annotated[UrbFunction, Pad(2), u16] = UrbFunction.GET_CURRENT_FRAME_NUMBER


@pdu
class UrbControlTransfer(TsUrb):
    """TS_URB_CONTROL_TRANSFER, [MS-RDPEUSB] 2.2.9.6."""

    functions: ClassVar[tuple[UrbFunction, ...]] = (UrbFunction.CONTROL_TRANSFER,)

    urb_function: Annotated[UrbFunction, Pad(2), u16] = UrbFunction.CONTROL_TRANSFER
    pipe_handle: U32
    transfer_flags: Annotated[TransferFlags, u32]
    setup_packet: SetupPacket


@pdu
class UrbBulkOrInterruptTransfer(TsUrb):
    """TS_URB_BULK_OR_INTERRUPT_TRANSFER, [MS-RDPEUSB] 2.2.9.7."""

    functions: ClassVar[tuple[UrbFunction, ...]] = (UrbFunction.BULK_OR_INTERRUPT_TRANSFER,)

    urb_function: Annotated[UrbFunction, Pad(2), u16] = UrbFunction.BULK_OR_INTERRUPT_TRANSFER
    pipe_handle: U32
    transfer_flags: Annotated[TransferFlags, u32]


@pdu
class UrbIsochTransfer(TsUrb):
    """TS_URB_ISOCH_TRANSFER, [MS-RDPEUSB] 2.2.9.8."""

    functions: ClassVar[tuple[UrbFunction, ...]] = (UrbFunction.ISOCH_TRANSFER,)

    urb_function: Annotated[UrbFunction, Pad(2), u16] = UrbFunction.ISOCH_TRANSFER
    pipe_handle: U32
    transfer_flags: Annotated[TransferFlags, u32]
    start_frame: U32 = 0
    error_count: Annotated[int, ErrorCount()] = 0
    iso_packet: Annotated[list[IsoPacketDescriptor], IsoPackets()]


@pdu
class UrbControlDescriptorRequest(TsUrb):
    """TS_URB_CONTROL_DESCRIPTOR_REQUEST, [MS-RDPEUSB] 2.2.9.9."""

    functions: ClassVar[tuple[UrbFunction, ...]] = (
        UrbFunction.GET_DESCRIPTOR_FROM_DEVICE,
        UrbFunction.GET_DESCRIPTOR_FROM_ENDPOINT,
        UrbFunction.GET_DESCRIPTOR_FROM_INTERFACE,
        UrbFunction.SET_DESCRIPTOR_TO_DEVICE,
        UrbFunction.SET_DESCRIPTOR_TO_ENDPOINT,
        UrbFunction.SET_DESCRIPTOR_TO_INTERFACE,
    )

    index: U8
    descriptor_type: U8
    language_id: U16 = 0


@pdu
class UrbControlFeatureRequest(TsUrb):
    """TS_URB_CONTROL_FEATURE_REQUEST, [MS-RDPEUSB] 2.2.9.10."""

    functions: ClassVar[tuple[UrbFunction, ...]] = (
        UrbFunction.SET_FEATURE_TO_DEVICE,
        UrbFunction.SET_FEATURE_TO_INTERFACE,
        UrbFunction.SET_FEATURE_TO_ENDPOINT,
        UrbFunction.SET_FEATURE_TO_OTHER,
        UrbFunction.CLEAR_FEATURE_TO_DEVICE,
        UrbFunction.CLEAR_FEATURE_TO_INTERFACE,
        UrbFunction.CLEAR_FEATURE_TO_ENDPOINT,
        UrbFunction.CLEAR_FEATURE_TO_OTHER,
    )

    feature_selector: U16
    index: U16 = 0


@pdu
class UrbControlGetStatusRequest(TsUrb):
    """TS_URB_CONTROL_GET_STATUS_REQUEST, [MS-RDPEUSB] 2.2.9.11."""

    functions: ClassVar[tuple[UrbFunction, ...]] = (
        UrbFunction.GET_STATUS_FROM_DEVICE,
        UrbFunction.GET_STATUS_FROM_INTERFACE,
        UrbFunction.GET_STATUS_FROM_ENDPOINT,
        UrbFunction.GET_STATUS_FROM_OTHER,
    )

    index: Annotated[int, u16, Pad(2)] = 0


@pdu
class UrbControlVendorOrClassRequest(TsUrb):
    """TS_URB_CONTROL_VENDOR_OR_CLASS_REQUEST, [MS-RDPEUSB] 2.2.9.12."""

    functions: ClassVar[tuple[UrbFunction, ...]] = (
        UrbFunction.VENDOR_DEVICE,
        UrbFunction.VENDOR_INTERFACE,
        UrbFunction.VENDOR_ENDPOINT,
        UrbFunction.VENDOR_OTHER,
        UrbFunction.CLASS_DEVICE,
        UrbFunction.CLASS_INTERFACE,
        UrbFunction.CLASS_ENDPOINT,
        UrbFunction.CLASS_OTHER,
    )

    transfer_flags: Annotated[TransferFlags, u32]
    request_type_reserved_bits: U8 = 0
    request: U8
    value: U16 = 0
    index: Annotated[int, u16, Pad(2)] = 0


@pdu
class UrbControlGetConfigurationRequest(TsUrb):
    """TS_URB_CONTROL_GET_CONFIGURATION_REQUEST, [MS-RDPEUSB] 2.2.9.13."""

    functions: ClassVar[tuple[UrbFunction, ...]] = (UrbFunction.GET_CONFIGURATION,)

    urb_function: Annotated[UrbFunction, Pad(2), u16] = UrbFunction.GET_CONFIGURATION


@pdu
class UrbControlGetInterfaceRequest(TsUrb):
    """TS_URB_CONTROL_GET_INTERFACE_REQUEST, [MS-RDPEUSB] 2.2.9.14."""

    functions: ClassVar[tuple[UrbFunction, ...]] = (UrbFunction.GET_INTERFACE,)

    urb_function: Annotated[UrbFunction, Pad(2), u16] = UrbFunction.GET_INTERFACE
    interface: Annotated[int, u16, Pad(2)]


def _check_recipient(value: int) -> int:
    if value > 0x1F:
        raise EncodeError(f"recipient {value:#x} exceeds 0x1f")
    return value


_recipient = Fixed("B", decoder=lambda value: value & 0x1F, encoder=_check_recipient)


@pdu
class UrbOsFeatureDescriptorRequest(TsUrb):
    """TS_URB_OS_FEATURE_DESCRIPTOR_REQUEST, [MS-RDPEUSB] 2.2.9.15."""

    functions: ClassVar[tuple[UrbFunction, ...]] = (UrbFunction.GET_MS_FEATURE_DESCRIPTOR,)

    urb_function: Annotated[UrbFunction, Pad(2), u16] = UrbFunction.GET_MS_FEATURE_DESCRIPTOR
    recipient: Annotated[int, _recipient] = 0
    interface_number: U8 = 0
    ms_page_index: U8 = 0
    ms_feature_descriptor_index: Annotated[int, u16, Pad(3)]


@pdu
class UrbControlTransferEx(TsUrb):
    """TS_URB_CONTROL_TRANSFER_EX, [MS-RDPEUSB] 2.2.9.16; the timeout is in milliseconds, 0 is none."""

    functions: ClassVar[tuple[UrbFunction, ...]] = (UrbFunction.CONTROL_TRANSFER_EX,)

    urb_function: Annotated[UrbFunction, Pad(2), u16] = UrbFunction.CONTROL_TRANSFER_EX
    pipe_handle: U32
    transfer_flags: Annotated[TransferFlags, u32]
    timeout: U32 = 0
    setup_packet: SetupPacket


@pdu
class UnknownUrb(TsUrb):
    """A structure of a function that the document does not describe, kept as it came."""

    data: Annotated[bytes, Rest()] = b""


AnyTsUrb: TypeAlias = (
    UrbSelectConfiguration
    | UrbSelectInterface
    | UrbPipeRequest
    | UrbGetCurrentFrameNumber
    | UrbControlTransfer
    | UrbBulkOrInterruptTransfer
    | UrbIsochTransfer
    | UrbControlDescriptorRequest
    | UrbControlFeatureRequest
    | UrbControlGetStatusRequest
    | UrbControlVendorOrClassRequest
    | UrbControlGetConfigurationRequest
    | UrbControlGetInterfaceRequest
    | UrbOsFeatureDescriptorRequest
    | UrbControlTransferEx
    | UnknownUrb
)

_CLASSES: dict[int, type[AnyTsUrb]] = {
    function: cls
    for cls in (
        UrbSelectConfiguration,
        UrbSelectInterface,
        UrbPipeRequest,
        UrbGetCurrentFrameNumber,
        UrbControlTransfer,
        UrbBulkOrInterruptTransfer,
        UrbIsochTransfer,
        UrbControlDescriptorRequest,
        UrbControlFeatureRequest,
        UrbControlGetStatusRequest,
        UrbControlVendorOrClassRequest,
        UrbControlGetConfigurationRequest,
        UrbControlGetInterfaceRequest,
        UrbOsFeatureDescriptorRequest,
        UrbControlTransferEx,
    )
    for function in cls.functions
}


def decode_urb(data: bytes) -> AnyTsUrb:
    """Decode one TS_URB; raises `DecodeError`, but keeps one of an unknown function."""
    unknown = UnknownUrb.decode(data)
    known = _CLASSES.get(unknown.urb_function)
    return unknown if known is None else known.decode(data)


class SizedUrb(Codec):
    """A TS_URB behind its size."""

    def decode_from(self, src: Cursor) -> AnyTsUrb:
        return decode_urb(src.take(src.u32()))

    def encode_into(self, dst: bytearray, value: AnyTsUrb) -> None:
        raw = value.encode()
        u32.encode_into(dst, len(raw))
        dst += raw
