from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.channels.urbdrc.descriptors import (
    DESCRIPTORS_LIMIT,
    Configuration,
    ConfigurationAttributes,
    ConfigurationDescriptor,
    DescriptorType,
    DeviceDescriptor,
    EndpointDescriptor,
    InterfaceDescriptor,
    OsStringDescriptor,
    SetupPacket,
    StringDescriptor,
    TransferType,
    UnknownDescriptor,
    decode_descriptor,
)
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated

DEVICE = bytes.fromhex(
    "12"  # bLength
    "01"  # bDescriptorType
    "0002"  # bcdUSB
    "ef 02 01"  # bDeviceClass, bDeviceSubClass, bDeviceProtocol
    "40"  # bMaxPacketSize0
    "3412 7856"  # idVendor, idProduct
    "0001"  # bcdDevice
    "01 02 03"  # iManufacturer, iProduct, iSerialNumber
    "01"  # bNumConfigurations
)
HEADSET = bytes.fromhex(
    "09 02 3c00 02 01 00 80 32"  # configuration of 60 bytes, 2 interfaces, value 1, no string, 100 mA
    "09 04 00 00 00 01 01 00 00"  # interface 0, audio control
    "08 24 01 0001 08 00 00"  # a class-specific one
    "09 04 01 00 00 01 02 00 00"  # interface 1, setting 0 without endpoints
    "09 04 01 01 01 01 02 00 00"  # interface 1, setting 1
    "09 05 01 09 c000 01 00 00"  # endpoint 1 out, isochronous, 192 bytes, with two more bytes
    "07 25 01 01 00 00 00"  # a class-specific one
)


def configuration(text: str, interfaces: int = 1) -> Configuration:
    raw = bytes.fromhex(text)
    return Configuration.decode(bytes((9, 2, 9 + len(raw), 0, interfaces, 1, 0, 0x80, 50)) + raw)


def test_devices() -> None:
    device = DeviceDescriptor(
        device_class=0xEF,
        device_sub_class=2,
        device_protocol=1,
        vendor=0x1234,
        product=0x5678,
        device=0x0100,
        manufacturer_string=1,
        product_string=2,
        serial_number_string=3,
    )
    same(DEVICE, device)
    assert decode_descriptor(DEVICE + b"more") == device
    every_truncation_raises(DeviceDescriptor, DEVICE)


def test_a_configuration() -> None:
    headset = Configuration.decode(HEADSET)
    same(HEADSET, headset)
    assert headset.descriptor.attributes == ConfigurationAttributes.RESERVED
    assert headset.descriptor.max_power == 50
    control, silent, playing = headset.settings()
    assert [type(other) for other in control.others] == [UnknownDescriptor]
    assert (silent.descriptor.interface_number, silent.descriptor.alternate_setting, silent.endpoints) == (1, 0, [])
    (endpoint,) = playing.endpoints
    assert (endpoint.number, endpoint.is_in, endpoint.transfer_type) == (1, False, TransferType.ISOCHRONOUS)
    assert (endpoint.max_packet_size, endpoint.packets_in_microframe, endpoint.extra) == (192, 1, b"\0\0")
    assert [other.encode() for other in playing.others] == [HEADSET[-7:]]
    every_truncation_raises(Configuration, HEADSET)


def test_a_header_is_a_descriptor_by_itself() -> None:
    raw = HEADSET[:9]
    same(raw, ConfigurationDescriptor(total_length=60, num_interfaces=2, max_power=50))
    with pytest.raises(Truncated):
        Configuration.decode(raw)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("07058102000200", "an endpoint before any interface"),
        ("09040000 01 00000000", "0 endpoints of 1"),
        ("09040000 00 00000000 07058102000200", "1 endpoints of 0"),
        ("09040000 00 00000000 09040000 00 00000000", "an alternate setting that comes twice"),
        ("09040001 00 00000000", "an interface without its setting 0"),
        ("09040000 00 00000000 09040100 00 00000000", "2 interfaces of 1"),
        ("", "0 interfaces of 1"),
        ("09040000 02 00000000 07058102000200 07058102000200", "an endpoint that comes twice"),
        ("09040000 01 00000000 07058002000200", "endpoint 0"),
        ("09040000 01 00000000 07058103401801", "4 packets in a microframe"),
    ],
)
def test_settings_that_cannot_be(text: str, reason: str) -> None:
    wrong = configuration(text)
    with pytest.raises(InvalidField, match=reason):
        wrong.settings()
    assert Configuration.decode(wrong.encode()) == wrong


def test_what_stands_before_the_first_interface_is_of_none() -> None:
    (setting,) = configuration("080b 0001 01020000 09040000 00 00000000").settings()
    assert setting.others == []


def test_strings() -> None:
    raw = bytes.fromhex("06 03 6100 6200")
    same(raw, StringDescriptor(string="ab"))
    assert decode_descriptor(raw) == StringDescriptor(string="ab")
    assert StringDescriptor.decode(bytes.fromhex("06 03 0904 0704")).language_ids == [0x409, 0x407]
    with pytest.raises(InvalidField, match="a UTF-16 string of 3 bytes"):
        StringDescriptor.decode(bytes.fromhex("05 03 6100 62"))
    with pytest.raises(EncodeError, match="a descriptor of 256 bytes exceeds 255"):
        StringDescriptor(string="a" * 127).encode()


def test_the_os_string() -> None:
    raw = bytes.fromhex("12 03 4d005300460054003100300030002100")[:16] + b"\x21\0"
    same(raw, OsStringDescriptor(ms_vendor_code=0x21))
    every_truncation_raises(OsStringDescriptor, raw)
    with pytest.raises(InvalidField, match=r"OsStringDescriptor\.signature"):
        OsStringDescriptor.decode(raw[:2] + b"N" + raw[3:])


def test_setup_packets() -> None:
    raw = bytes.fromhex("80 06 ee03 0000 1200")
    same(raw, SetupPacket(request_type=0x80, request=6, value=0x03EE, length=18))
    every_truncation_raises(SetupPacket, raw)
    with pytest.raises(InvalidField, match="9 bytes, not 8"):
        SetupPacket.decode(raw + b"\0")


def test_unknown_descriptors() -> None:
    raw = bytes.fromhex("04 24 aabb")
    same(raw, UnknownDescriptor(descriptor_type=DescriptorType(0x24), data=b"\xaa\xbb"))
    assert decode_descriptor(raw) == UnknownDescriptor.decode(raw)
    with pytest.raises(InvalidField, match="a descriptor of 1 bytes"):
        decode_descriptor(b"\x01\x24")
    with pytest.raises(InvalidField, match=r"InterfaceDescriptor\.descriptor_type: type 36, not 4"):
        InterfaceDescriptor.decode(raw)


def test_lengths_of_configurations() -> None:
    with pytest.raises(InvalidField, match="a total length of 8 bytes"):
        Configuration.decode(HEADSET[:2] + b"\x08" + HEADSET[3:])
    with pytest.raises(InvalidField, match="a descriptor of 0 bytes"):
        Configuration.decode(HEADSET[:9] + bytes(51))
    many = b"\x02\x24" * (DESCRIPTORS_LIMIT + 1)
    with pytest.raises(InvalidField, match="more than 4096 descriptors"):
        Configuration.decode(HEADSET[:2] + (9 + len(many)).to_bytes(2, "little") + HEADSET[4:9] + many)
    # A descriptor of several ends with the configuration, not behind it.
    with pytest.raises(Truncated):
        Configuration.decode(HEADSET[:2] + b"\x0d" + HEADSET[3:])
    longer = bytes((10, 2, 10, 0, 0, 1, 0, 0x80, 50, 7))
    assert Configuration.decode(longer).descriptor.extra == b"\x07"


@given(st.integers(0, 40), st.integers(0, 12), st.binary(max_size=40))
def test_any_bytes(size: int, kind: int, rest: bytes) -> None:
    raw = bytes((size, kind)) + rest
    for cls in (DeviceDescriptor, ConfigurationDescriptor, InterfaceDescriptor, EndpointDescriptor, StringDescriptor):
        value_or_error(cls, raw)
    value_or_error(UnknownDescriptor, raw)
    value_or_error(Configuration, HEADSET[:9] + raw)
