from __future__ import annotations

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.rdpgfx.capabilities import (
    MAX_CAPABILITY_SETS,
    CapabilityFlags,
    CapabilitySet,
    CapabilityVersion,
    CapsAdvertisePdu,
    CapsConfirmPdu,
)
from trio_rdp.wire.errors import EncodeError, InvalidField

ADVERTISE = bytes.fromhex(
    "12000000 36000000"  # header
    "0300"  # capsSetCount
    "04000800 04000000 01000000"  # version 8, capsDataLength, flags
    "00010a00 10000000" + "00" * 16 +  # version 10.1, capsDataLength, reserved
    "00080a00 00000000"  # a version that the document does not name
)  # fmt: skip
CONFIRM = bytes.fromhex(
    "13000000 14000000"  # header
    "01070a00 04000000 c2000000"  # version 10.7, capsDataLength, flags
)


def test_what_a_client_advertises() -> None:
    old = CapabilitySet.of(CapabilityVersion.VERSION_8, CapabilityFlags.THINCLIENT)
    middle = CapabilitySet.of(CapabilityVersion.VERSION_101)
    unknown = CapabilitySet(version=CapabilityVersion(0x000A0800), caps_data=b"")
    same(ADVERTISE, CapsAdvertisePdu(caps_sets=[old, middle, unknown]))
    every_truncation_raises(CapsAdvertisePdu, ADVERTISE)
    assert [one.is_known for one in (old, middle, unknown)] == [True, True, False]
    assert [one.flags for one in (old, middle, unknown)] == [CapabilityFlags.THINCLIENT, 0, 0]


def test_what_a_server_confirms() -> None:
    flags = CapabilityFlags.SMALL_CACHE | CapabilityFlags.AVC_THINCLIENT | CapabilityFlags.SCALEDMAP_DISABLE
    same(CONFIRM, CapsConfirmPdu(caps_set=CapabilitySet.of(CapabilityVersion.VERSION_107, flags)))
    every_truncation_raises(CapsConfirmPdu, CONFIRM)


@pytest.mark.parametrize("version", list(CapabilityVersion))
def test_every_version(version: CapabilityVersion) -> None:
    made = CapabilitySet.of(version)
    assert made.is_known
    assert len(made.caps_data) == (16 if version == CapabilityVersion.VERSION_101 else 4)
    assert not CapabilitySet(version=version, caps_data=made.caps_data[1:]).is_known
    assert CapabilitySet.decode(made.encode()) == made


def test_later_versions_are_larger_numbers() -> None:
    assert list(CapabilityVersion) == sorted(CapabilityVersion)


def test_versions_are_written_as_people_write_them() -> None:
    written = ["8", "8.1", "10", "10.1", "10.2", "10.3", "10.4", "10.5", "10.6", "10.7"]
    assert [str(version) for version in CapabilityVersion] == written
    version = CapabilityVersion.VERSION_107
    assert f"{version}, {version:>6}, {version:<6s}, {version:#x}" == "10.7,   10.7, 10.7  , 0xa0701"
    assert repr(version) == "<CapabilityVersion.VERSION_107: 657153>"
    assert version == 0x000A0701 > CapabilityVersion.VERSION_81
    assert hash(version) == hash(0x000A0701)
    assert str(CapabilityVersion(0x000B0000)) == "UNKNOWN_0xb0000"


def test_version_101_has_no_flags() -> None:
    with pytest.raises(EncodeError, match="no flags"):
        CapabilitySet.of(CapabilityVersion.VERSION_101, CapabilityFlags.SMALL_CACHE)


def test_hostile_sizes() -> None:
    one = CapabilitySet(version=CapabilityVersion.VERSION_8, caps_data=b"")
    raw = CapsAdvertisePdu(caps_sets=[one] * MAX_CAPABILITY_SETS).encode()
    assert len(CapsAdvertisePdu.decode(raw).caps_sets) == MAX_CAPABILITY_SETS
    more = raw[:4] + (len(raw) + 8).to_bytes(4, "little") + b"\x41\0" + raw[10:] + bytes(8)
    with pytest.raises(InvalidField):
        CapsAdvertisePdu.decode(more)
    with pytest.raises(InvalidField):
        CapabilitySet.decode(b"\4\0\x08\0" + (1025).to_bytes(4, "little") + bytes(1025))
