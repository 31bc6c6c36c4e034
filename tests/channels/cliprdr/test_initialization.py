from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.channels.cliprdr.initialization import (
    CAPABILITY_SETS_LIMIT,
    Capabilities,
    CapabilityVersion,
    GeneralCapability,
    GeneralFlags,
    MonitorReady,
    TemporaryDirectory,
    UnknownCapabilitySet,
)
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated

CAPABILITIES = bytes.fromhex(  # 4.1.1
    "0700"  # msgType = CB_CLIP_CAPS
    "0000"  # msgFlags
    "10000000"  # dataLen = 16
    "0100"  # cCapabilitiesSets
    "0000"  # pad1
    "0100"  # capabilitySetType = CB_CAPSTYPE_GENERAL
    "0c00"  # lengthCapability = 12
    "02000000"  # version = CB_CAPS_VERSION_2
    "0e000000"  # long names, streams, no paths
)

DIRECTORY = "C:\\DOCUME~1\\ELTONS~1.NTD\\LOCALS~1\\Temp\\cdepotslhrdp_1\\_TSABD.tmp"


def test_capabilities() -> None:
    flags = (
        GeneralFlags.USE_LONG_FORMAT_NAMES | GeneralFlags.STREAM_FILECLIP_ENABLED | GeneralFlags.FILECLIP_NO_FILE_PATHS
    )
    general = GeneralCapability(version=CapabilityVersion.VERSION_2, general_flags=flags)
    pdu = Capabilities(capability_sets=[general])
    same(CAPABILITIES, pdu)
    same(CAPABILITIES[12:], general)
    every_truncation_raises(Capabilities, CAPABILITIES)
    every_truncation_raises(GeneralCapability, CAPABILITIES[12:])
    assert pdu.general_flags == flags


def test_an_unknown_set_is_kept() -> None:
    raw = bytes.fromhex("0700 0000 16000000 0200 0000 7700 0600 abcd 0100 0c00 01000000 10000000")
    unknown = UnknownCapabilitySet(capability_set_type=0x77, capability_data=b"\xab\xcd")
    general = GeneralCapability(version=CapabilityVersion.VERSION_1, general_flags=GeneralFlags.CAN_LOCK_CLIPDATA)
    pdu = Capabilities(capability_sets=[unknown, general])
    same(raw, pdu)
    assert pdu.general_flags == GeneralFlags.CAN_LOCK_CLIPDATA
    every_truncation_raises(UnknownCapabilitySet, raw[12:18])


def test_without_sets_nothing_is_supported() -> None:
    pdu = Capabilities.decode(bytes.fromhex("0700 0000 04000000 0000 0000"))
    assert pdu == Capabilities()
    assert pdu.general_flags == 0


def test_a_longer_set_is_read_as_far_as_it_is_known() -> None:
    raw = bytes.fromhex("0100 0e00 02000000 20000000 ffff")
    assert GeneralCapability.decode(raw).general_flags == GeneralFlags.HUGE_FILE_SUPPORT_ENABLED


def test_malformed_sets() -> None:
    with pytest.raises(InvalidField, match="a capability set of 3 bytes"):
        Capabilities.decode(bytes.fromhex("0700 0000 08000000 0100 0000 0100 0300"))
    with pytest.raises(Truncated):
        Capabilities.decode(bytes.fromhex("0700 0000 08000000 0100 0000 0100 0400"))
    with pytest.raises(Truncated):
        Capabilities.decode(bytes.fromhex("0700 0000 04000000 0100 0000"))
    with pytest.raises(InvalidField, match="type 0x2"):
        GeneralCapability.decode(bytes.fromhex("0200 0c00 02000000 0e000000"))
    with pytest.raises(EncodeError):
        UnknownCapabilitySet(capability_set_type=7, capability_data=bytes(0xFFFC)).encode()


def test_the_limit_of_sets() -> None:
    most = Capabilities(capability_sets=[GeneralCapability()] * CAPABILITY_SETS_LIMIT)
    assert Capabilities.decode(most.encode()) == most
    with pytest.raises(InvalidField, match="17 capability sets exceed 16"):
        Capabilities.decode(bytes.fromhex("0700 0000 04000000 1100 0000"))
    with pytest.raises(EncodeError, match="17 capability sets exceed 16"):
        Capabilities(capability_sets=[GeneralCapability()] * 17).encode()


def test_monitor_ready() -> None:
    raw = bytes.fromhex("0100 0000 00000000")  # 4.1.2
    same(raw, MonitorReady())
    every_truncation_raises(MonitorReady, raw)


def test_temporary_directory() -> None:
    # 4.1.4: msgType, msgFlags, dataLen = 520, wszTempDir
    raw = bytes.fromhex("0600 0000 08020000") + DIRECTORY.encode("utf-16-le").ljust(520, b"\0")
    same(raw, TemporaryDirectory(wsz_temp_dir=DIRECTORY))
    every_truncation_raises(TemporaryDirectory, raw)
    with pytest.raises(EncodeError, match="260 UTF-16 units do not fit 259"):
        TemporaryDirectory(wsz_temp_dir="x" * 260).encode()
    with pytest.raises(EncodeError, match="null character"):
        TemporaryDirectory(wsz_temp_dir="x\0y").encode()


@given(st.sampled_from([Capabilities, MonitorReady]), st.binary(max_size=60))
def test_any_bytes(cls: type[Capabilities | MonitorReady], data: bytes) -> None:
    raw = cls.msg_type.to_bytes(2, "little") + b"\0\0" + len(data).to_bytes(4, "little") + data
    value_or_error(cls, raw)
    value_or_error(GeneralCapability, data)
    value_or_error(UnknownCapabilitySet, data)


@given(st.binary(min_size=520, max_size=520))
def test_any_directory(data: bytes) -> None:
    assert value_or_error(TemporaryDirectory, bytes.fromhex("0600 0000 08020000") + data) is not None
