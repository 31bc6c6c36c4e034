"""What USB devices say of themselves: the standard descriptors and requests of USB 2.0, 9.3 to 9.6.

Devices are sloppy: only lengths are insisted on when a descriptor is read; `Configuration.settings` checks the rest.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Self, TypeAlias

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import DecodeError, EncodeError, InvalidField
from trio_rdp.wire.fields import U8, U16, Rest, u8
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "DESCRIPTORS_LIMIT",
    "AnyDescriptor",
    "Configuration",
    "ConfigurationAttributes",
    "ConfigurationDescriptor",
    "DescriptorType",
    "DeviceDescriptor",
    "EndpointDescriptor",
    "InterfaceDescriptor",
    "InterfaceSetting",
    "OsStringDescriptor",
    "SetupPacket",
    "StringDescriptor",
    "TransferType",
    "UnknownDescriptor",
    "UsbDescriptor",
    "decode_descriptor",
]

DESCRIPTORS_LIMIT = 4096
"""The most descriptors of a configuration, which has 16 bits for its length."""

_HEADER = struct.Struct("<BB")
_DIRECTION_IN = 0x80
_ENDPOINT_NUMBER = 0x0F
_TRANSFER_TYPE = 0x03
_OS_SIGNATURE = "MSFT100".encode("utf-16-le")


class DescriptorType(OpenEnum):
    """What a descriptor is (bDescriptorType)."""

    DEVICE = 1
    CONFIGURATION = 2
    STRING = 3
    INTERFACE = 4
    ENDPOINT = 5
    DEVICE_QUALIFIER = 6
    OTHER_SPEED_CONFIGURATION = 7
    INTERFACE_POWER = 8
    OTG = 9
    DEBUG = 10
    INTERFACE_ASSOCIATION = 11
    BOS = 15
    DEVICE_CAPABILITY = 16
    SUPERSPEED_ENDPOINT_COMPANION = 48


class ConfigurationAttributes(Flags):
    """How a configuration gets its power (bmAttributes); the highest bit is always set."""

    REMOTE_WAKEUP = Flag(0x20)
    SELF_POWERED = Flag(0x40)
    RESERVED = Flag(0x80)


class TransferType(OpenEnum):
    """How an endpoint moves data."""

    CONTROL = 0
    ISOCHRONOUS = 1
    BULK = 2
    INTERRUPT = 3


@pdu
class SetupPacket(Pdu):
    """Setup data of a control transfer, USB 2.0, 9.3: exactly 8 bytes."""

    request_type: U8
    request: U8
    value: U16 = 0
    index: U16 = 0
    length: U16 = 0

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Decode all of `data`."""
        src = Cursor(data)
        packet = cls.decode_from(src)
        if src.remaining:
            raise InvalidField(f"{len(data)} bytes, not 8", pdu=cls.__name__)
        return packet


class UsbDescriptor(Pdu):
    """The base of descriptors: what stands behind length and type.

    `decode` and `encode` take and give the whole descriptor; what is behind the standard fields is kept as `extra`.
    """

    __slots__ = ()

    descriptor_type: ClassVar[DescriptorType]

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Decode one descriptor; bytes behind its length are ignored."""
        try:
            kind, body = _take_descriptor(Cursor(data))
            if kind != cls.descriptor_type:
                raise InvalidField(f"type {kind}, not {int(cls.descriptor_type)}", field="descriptor_type", offset=1)
            return cls.decode_from(body)
        except DecodeError as exc:
            exc.pdu = exc.pdu or cls.__name__
            raise

    def encode(self) -> bytes:
        """The whole descriptor."""
        return _with_header(self.descriptor_type, super().encode())


@pdu
class DeviceDescriptor(UsbDescriptor):
    """Device descriptor, USB 2.0, 9.6.1; strings are named by their index, 0 is none."""

    descriptor_type: ClassVar[DescriptorType] = DescriptorType.DEVICE

    usb: U16 = 0x0200
    device_class: U8 = 0
    device_sub_class: U8 = 0
    device_protocol: U8 = 0
    max_packet_size0: U8 = 64
    vendor: U16
    product: U16
    device: U16 = 0
    manufacturer_string: U8 = 0
    product_string: U8 = 0
    serial_number_string: U8 = 0
    num_configurations: U8 = 1
    extra: Annotated[bytes, Rest()] = b""


@pdu
class ConfigurationDescriptor(UsbDescriptor):
    """Configuration descriptor, USB 2.0, 9.6.3; `total_length` is that of all descriptors that belong to it."""

    descriptor_type: ClassVar[DescriptorType] = DescriptorType.CONFIGURATION

    total_length: U16
    num_interfaces: U8
    configuration_value: U8 = 1
    configuration_string: U8 = 0
    attributes: Annotated[ConfigurationAttributes, u8] = ConfigurationAttributes.RESERVED
    max_power: U8 = 0
    extra: Annotated[bytes, Rest()] = b""


@pdu
class InterfaceDescriptor(UsbDescriptor):
    """Interface descriptor, USB 2.0, 9.6.5."""

    descriptor_type: ClassVar[DescriptorType] = DescriptorType.INTERFACE

    interface_number: U8
    alternate_setting: U8 = 0
    num_endpoints: U8
    interface_class: U8 = 0
    interface_sub_class: U8 = 0
    interface_protocol: U8 = 0
    interface_string: U8 = 0
    extra: Annotated[bytes, Rest()] = b""


@pdu
class EndpointDescriptor(UsbDescriptor):
    """Endpoint descriptor, USB 2.0, 9.6.6; those of audio devices have two more bytes."""

    descriptor_type: ClassVar[DescriptorType] = DescriptorType.ENDPOINT

    endpoint_address: U8
    attributes: U8
    max_packet_size: U16
    interval: U8 = 0
    extra: Annotated[bytes, Rest()] = b""

    @property
    def number(self) -> int:
        """The endpoint's number, without the direction."""
        return self.endpoint_address & _ENDPOINT_NUMBER

    @property
    def is_in(self) -> bool:
        """Whether data come from the device."""
        return bool(self.endpoint_address & _DIRECTION_IN)

    @property
    def transfer_type(self) -> TransferType:
        """How data move."""
        return TransferType(self.attributes & _TRANSFER_TYPE)

    @property
    def packets_in_microframe(self) -> int:
        """How many packets a microframe of a fast device may have; 4 is reserved."""
        return (self.max_packet_size >> 11 & 3) + 1


@pdu
class StringDescriptor(UsbDescriptor):
    """String descriptor, USB 2.0, 9.6.7; that of index 0 has a language id in the place of each UTF-16 unit."""

    descriptor_type: ClassVar[DescriptorType] = DescriptorType.STRING

    string: str = ""

    @property
    def language_ids(self) -> list[int]:
        """The units as numbers."""
        raw = self.string.encode("utf-16-le", "surrogatepass")
        return [unit for (unit,) in struct.iter_unpack("<H", raw)]

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        raw = src.rest()
        if len(raw) % 2:
            raise InvalidField(f"a UTF-16 string of {len(raw)} bytes", field="string", offset=src.pos)
        return cls(string=raw.decode("utf-16-le", "surrogatepass"))

    def encode_into(self, dst: bytearray) -> None:
        dst += self.string.encode("utf-16-le", "surrogatepass")


@pdu
class OsStringDescriptor(UsbDescriptor):
    """OS string descriptor, [MS-RDPEUSB] 3.3.5.3.9: the string of index 0xEE, where a device has one for Windows.

    `ms_vendor_code` is the request that gets the feature descriptors.
    """

    descriptor_type: ClassVar[DescriptorType] = DescriptorType.STRING

    ms_vendor_code: int

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        start = src.pos
        signature = src.take(len(_OS_SIGNATURE))
        if signature != _OS_SIGNATURE:
            raise InvalidField(f"signature {signature.hex()}", field="signature", offset=start)
        ms_vendor_code = src.u8()
        src.skip(1)
        return cls(ms_vendor_code=ms_vendor_code)

    def encode_into(self, dst: bytearray) -> None:
        dst += _OS_SIGNATURE
        dst += struct.pack("<Bx", self.ms_vendor_code)


@pdu
class UnknownDescriptor(Pdu):
    """A descriptor of a class, of a vendor, or of a later USB, kept as it came."""

    descriptor_type: DescriptorType
    data: bytes = b""

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        kind, body = _take_descriptor(src)
        return cls(descriptor_type=DescriptorType(kind), data=body.rest())

    def encode_into(self, dst: bytearray) -> None:
        dst += _with_header(self.descriptor_type, self.data)


AnyDescriptor: TypeAlias = (
    UnknownDescriptor
    | DeviceDescriptor
    | ConfigurationDescriptor
    | InterfaceDescriptor
    | EndpointDescriptor
    | StringDescriptor
)

_KnownDescriptor: TypeAlias = (
    DeviceDescriptor | ConfigurationDescriptor | InterfaceDescriptor | EndpointDescriptor | StringDescriptor
)
_CLASSES: dict[int, type[_KnownDescriptor]] = {
    cls.descriptor_type: cls
    for cls in (DeviceDescriptor, ConfigurationDescriptor, InterfaceDescriptor, EndpointDescriptor, StringDescriptor)
}


def decode_descriptor(data: bytes) -> AnyDescriptor:
    """Decode the first descriptor of `data`; raises `DecodeError`, but keeps one of an unknown type."""
    unknown = UnknownDescriptor.decode(data)
    known = _CLASSES.get(unknown.descriptor_type)
    return unknown if known is None else known.decode(data)


@dataclass(frozen=True)
class InterfaceSetting:
    """An alternate setting of an interface: its descriptor, its endpoints, and whatever else stood between them."""

    descriptor: InterfaceDescriptor
    endpoints: list[EndpointDescriptor] = field(default_factory=list)
    others: list[AnyDescriptor] = field(default_factory=list)


@pdu
class Configuration(Pdu):
    """A configuration descriptor, and the descriptors that belong to it, in their order."""

    descriptor: ConfigurationDescriptor
    descriptors: list[AnyDescriptor]

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        start = src.pos
        descriptor = ConfigurationDescriptor.decode(src.buf[start : src.end])
        src.skip(src.buf[start])
        if descriptor.total_length < src.pos - start:
            reason = f"a total length of {descriptor.total_length} bytes"
            raise InvalidField(reason, field="total_length", offset=start + 2)
        body = src.sub(descriptor.total_length - (src.pos - start))
        descriptors: list[AnyDescriptor] = []
        while body.remaining:
            if len(descriptors) == DESCRIPTORS_LIMIT:
                raise InvalidField(f"more than {DESCRIPTORS_LIMIT} descriptors", offset=body.pos)
            size = body.peek_u8()
            descriptors.append(decode_descriptor(body.take(max(size, 2))))
        return cls(descriptor=descriptor, descriptors=descriptors)

    def encode_into(self, dst: bytearray) -> None:
        dst += self.descriptor.encode()
        for descriptor in self.descriptors:
            dst += descriptor.encode()

    def settings(self) -> list[InterfaceSetting]:
        """The alternate settings of all interfaces, in the device's order.

        Raises `InvalidField` where they are not as USB 2.0, 9.6, has them: numbers that do not agree, an endpoint
        without an interface, a setting that comes twice, an interface without a first setting, or an endpoint that
        cannot be.
        """
        found: list[InterfaceSetting] = []
        for descriptor in self.descriptors:
            if isinstance(descriptor, InterfaceDescriptor):
                found.append(InterfaceSetting(descriptor))
            elif isinstance(descriptor, EndpointDescriptor):
                if not found:
                    raise InvalidField("an endpoint before any interface", pdu="Configuration")
                found[-1].endpoints.append(descriptor)
            elif found:
                found[-1].others.append(descriptor)
        self._check(found)
        return found

    def _check(self, settings: list[InterfaceSetting]) -> None:
        keys = [(setting.descriptor.interface_number, setting.descriptor.alternate_setting) for setting in settings]
        numbers = {number for number, _ in keys}
        if len(set(keys)) != len(keys):
            raise InvalidField("an alternate setting that comes twice", pdu="Configuration")
        if {number for number, alternate in keys if not alternate} != numbers:
            raise InvalidField("an interface without its setting 0", pdu="Configuration")
        if len(numbers) != self.descriptor.num_interfaces:
            reason = f"{len(numbers)} interfaces of {self.descriptor.num_interfaces}"
            raise InvalidField(reason, pdu="Configuration", field="num_interfaces")
        for setting in settings:
            _check_endpoints(setting)


def _check_endpoints(setting: InterfaceSetting) -> None:
    addresses = [endpoint.endpoint_address for endpoint in setting.endpoints]
    if len(addresses) != setting.descriptor.num_endpoints:
        reason = f"{len(addresses)} endpoints of {setting.descriptor.num_endpoints}"
        raise InvalidField(reason, pdu="InterfaceDescriptor", field="num_endpoints")
    if len(set(addresses)) != len(addresses):
        raise InvalidField("an endpoint that comes twice", pdu="InterfaceDescriptor")
    for endpoint in setting.endpoints:
        if not endpoint.number:
            raise InvalidField("endpoint 0, which has no descriptor", pdu="EndpointDescriptor")
        if endpoint.packets_in_microframe > 3:
            reason = f"{endpoint.packets_in_microframe} packets in a microframe"
            raise InvalidField(reason, pdu="EndpointDescriptor", field="max_packet_size")


def _take_descriptor(src: Cursor) -> tuple[int, Cursor]:
    start = src.pos
    size, kind = _HEADER.unpack(src.take(_HEADER.size))
    if size < _HEADER.size:
        raise InvalidField(f"a descriptor of {size} bytes", field="length", offset=start)
    return kind, src.sub(size - _HEADER.size)


def _with_header(kind: int, body: bytes) -> bytes:
    size = _HEADER.size + len(body)
    if size > 0xFF:
        raise EncodeError(f"a descriptor of {size} bytes exceeds 255")
    return _HEADER.pack(size, kind) + body
