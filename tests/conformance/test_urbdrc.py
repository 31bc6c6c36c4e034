"""The shared vectors of redirected USB devices and of USB descriptors."""

from __future__ import annotations

import pytest

from tests.shared import Case, cases
from trio_rdp.channels.urbdrc import (
    Configuration,
    ConfigurationDescriptor,
    SetupPacket,
    StringDescriptor,
    UsbDeviceCapabilities,
)
from trio_rdp.wire.errors import DecodeError

_CAPABILITIES = {
    "supported_usb_ver": "supported_usb_version",
    "usb_bus_iface_ver": "usb_bus_interface_version",
    "usbdi_ver": "usbdi_version",
    "device_speed": "device_is_high_speed",
}


@pytest.mark.parametrize("case", cases("urbdrc-pdu"))
def test_urbdrc_pdu(case: Case) -> None:
    checks = {check["path"]: check["value"] for check in case.expected["checks"]}
    if case.expected["type"] == "UsbConfigDesc":
        descriptor = ConfigurationDescriptor.decode(case.input)
        assert checks == {"total_length": descriptor.total_length, "trailing.is_empty()": not descriptor.extra}
        assert descriptor.encode() == case.input
        return
    assert case.expected["type"] == "UsbDeviceCaps"
    capabilities = UsbDeviceCapabilities.decode(case.input)
    assert checks.keys() == _CAPABILITIES.keys()
    for path, value in checks.items():
        assert getattr(capabilities, _CAPABILITIES[path]) == value["value"], path
    assert capabilities.encode() == case.input


@pytest.mark.parametrize("case", cases("usb-descriptor"))
def test_usb_descriptor(case: Case) -> None:
    kind = case.expected["type"]
    if case.expected.get("invalid"):
        with pytest.raises(DecodeError):
            _settings(case.input) if kind == "ConfigurationDescriptorSet" else SetupPacket.decode(case.input)
        return
    checks = {check["path"]: check["value"] for check in case.expected["checks"]}
    if kind == "ConfigurationDescriptorSet":
        assert checks.pop("validate().as_set().interfaces().count()") == len(_settings(case.input))
        has_endpoint = any(setting for setting in _settings(case.input))
        assert checks == {"validate().as_set().interface(..).endpoint(..).is_some()": has_endpoint}
        assert Configuration.decode(case.input).encode() == case.input
        return
    assert kind == "StringDescriptor"
    string = StringDescriptor.decode(case.input)
    assert checks == {"code_units()": string.language_ids, "trailing_byte()": None}
    assert string.encode() == case.input


def _settings(raw: bytes) -> list[int]:
    """How many endpoints each alternate setting has; a configuration that only its settings show to be wrong raises."""
    configuration = Configuration.decode(raw)
    return [len(setting.endpoints) for setting in configuration.settings()]
