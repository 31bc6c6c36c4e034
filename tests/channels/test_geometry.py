from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.channels.geometry import (
    GEOMETRY_BUFFER_LIMIT,
    GeometryRectangle,
    GeometryType,
    GeometryUpdateType,
    MappedGeometry,
    RegionData,
    decode_geometry,
)
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated

# [MS-RDPEGT] 4.1.1
REGION = bytes.fromhex(
    "20000000"  # rdh.dwSize
    "01000000"  # rdh.iType: RDH_RECTANGLES
    "01000000"  # rdh.nCount
    "00000000"  # rdh.nRgnSize
    "0000000000000000e0010000f4000000"  # rdh.rcBound
    "0000000000000000e0010000f4000000"  # Buffer[0]
)
# [MS-RDPEGT] 4.1, whose explanation of TopLevelTop and TopLevelBottom does not agree with its bytes
UPDATE = (
    bytes.fromhex(
        "78000000"  # cbGeometryData: 120 of 121 bytes
        "01000000"  # Version
        "22020400ba7a0080"  # MappingId
        "01000000"  # UpdateType: GEOMETRY_UPDATE
        "00000000"  # Flags
        "e201030000000000"  # TopLevelId
        "100000008a000000f00100007e010000"  # Left, Top, Right, Bottom
        "230100007200000078040000ca020000"  # TopLevelLeft, Top, Right, Bottom
        "02000000"  # GeometryType
        "30000000"  # cbGeometryBuffer
    )
    + REGION
    + b"\0"  # Reserved
)
# [MS-RDPEGT] 4.2
CLEAR = bytes.fromhex(
    "48000000"  # cbGeometryData: 72 of 73 bytes
    "01000000"  # Version
    "22020400ba7a0080"  # MappingId
    "02000000"  # UpdateType: GEOMETRY_CLEAR
) + bytes(53)


def test_the_documents_update() -> None:
    pdu = MappedGeometry(
        mapping_id=0x80007ABA00040222,
        top_level_id=0x301E2,
        left=16,
        top=138,
        right=496,
        bottom=382,
        top_level_left=291,
        top_level_top=114,
        top_level_right=1144,
        top_level_bottom=714,
        geometry_type=GeometryType.REGION,
        geometry_buffer=REGION,
    )
    same(UPDATE, pdu)
    assert decode_geometry(UPDATE) == pdu
    every_truncation_raises(MappedGeometry, UPDATE[:-1])
    whole = GeometryRectangle(left=0, top=0, right=480, bottom=244)
    assert pdu.region() == RegionData(bound=whole, rectangles=[whole])
    same(REGION, RegionData(bound=whole, rectangles=[whole]))
    every_truncation_raises(RegionData, REGION)


def test_the_documents_clearing() -> None:
    pdu = MappedGeometry(mapping_id=0x80007ABA00040222, update_type=GeometryUpdateType.CLEAR)
    same(CLEAR, pdu)
    assert pdu.region() is None
    # "Only the MappingId, Version, and cbGeometryData fields are valid", so that the others may as well be missing.
    assert decode_geometry(b"\x18" + CLEAR[1:24]) == pdu
    with pytest.raises(Truncated):
        decode_geometry(b"\x18" + UPDATE[1:24])


def test_the_reserved_byte_may_be_missing_or_counted() -> None:
    assert decode_geometry(UPDATE[:-1]) == decode_geometry(UPDATE) == decode_geometry(b"\x79" + UPDATE[1:])


def test_unknown_values_are_kept() -> None:
    raw = UPDATE[:16] + b"\x07" + UPDATE[17:64] + b"\x09" + UPDATE[65:]
    pdu = decode_geometry(raw)
    assert not pdu.update_type.is_known
    assert not pdu.geometry_type.is_known
    assert pdu.region() is None
    same(raw, pdu)


def test_errors() -> None:
    with pytest.raises(InvalidField, match="a length of 23 bytes"):
        decode_geometry(b"\x17" + UPDATE[1:])
    with pytest.raises(Truncated):
        decode_geometry(b"\x7a" + UPDATE[1:])
    with pytest.raises(InvalidField, match="65537 bytes exceed 65536"):
        decode_geometry(UPDATE[:68] + b"\x01\0\x01\0" + UPDATE[72:])
    with pytest.raises(EncodeError, match="65537 bytes exceed 65536"):
        MappedGeometry(mapping_id=1, geometry_buffer=bytes(GEOMETRY_BUFFER_LIMIT + 1)).encode()
    with pytest.raises(EncodeError, match="MappedGeometry"):
        MappedGeometry(mapping_id=-1).encode()
    for wrong in (b"\x21" + REGION[1:], REGION[:4] + b"\x02" + REGION[5:]):
        with pytest.raises(InvalidField, match="a region of type"):
            RegionData.decode(wrong)
    with pytest.raises(Truncated):  # many rectangles that are not there
        RegionData.decode(REGION[:8] + b"\xff\xff\xff\xff" + REGION[12:])


@given(st.integers(0, 130), st.binary(max_size=130))
def test_any_bytes(length: int, rest: bytes) -> None:
    value_or_error(MappedGeometry, length.to_bytes(4, "little") + rest)
    value_or_error(RegionData, b"\x20\0\0\0\x01\0\0\0" + rest)
