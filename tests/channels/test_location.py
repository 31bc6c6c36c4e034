from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.location import (
    FOUR_BYTE_FLOAT,
    BaseLocation3d,
    ClientReady,
    Location2dDelta,
    Location3dDelta,
    LocationPduType,
    LocationSource,
    ProtocolVersion,
    ServerReady,
    UnknownLocation,
    decode_location_from_client,
    decode_location_from_server,
)
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import DecodeError, EncodeError, InvalidField, Truncated

SERVER_READY = bytes.fromhex(
    "0100"  # pduType
    "0e000000"  # pduLength, header included
    "00000200"  # protocolVersion
    "00000000"  # flags
)
BASE = bytes.fromhex(
    "0300"  # pduType
    "17000000"  # pduLength
    "dad6a19a"  # latitude: 4 bytes, positive, exponent 6, 47620506
    "f4bab0b0"  # longitude: 4 bytes, negative, exponent 5, 12234928
    "4038"  # altitude: 2 bytes, positive, 56
    "440f"  # speed: 2 bytes, positive, exponent 1, 15
    "405a"  # heading: 2 bytes, positive, exponent 0, 90
    "4064"  # horizontalAccuracy: 100
    "03"  # source: LOCATIONSOURCE_GNSS
)
DELTA_2D = bytes.fromhex("0400080000000d2d")  # 0.001 and -0.001
DELTA_3D = bytes.fromhex("05000b0000000d2d220100")  # and -2 meters, 1 m/s, 0 degrees


def float_bytes(value: float) -> str:
    dst = bytearray()
    FOUR_BYTE_FLOAT.encode_into(dst, value)
    return dst.hex()


def float_of(raw: str) -> float:
    src = Cursor(bytes.fromhex(raw))
    value = FOUR_BYTE_FLOAT.decode_from(src)
    assert src.remaining == 0
    return value


def test_ready() -> None:
    pdu = ServerReady(protocol_version=ProtocolVersion.V200, flags=0)
    same(SERVER_READY, pdu)
    assert decode_location_from_server(SERVER_READY) == pdu
    short = b"\x02\0\x0a\0\0\0\0\0\x01\0"
    same(short, ClientReady(protocol_version=ProtocolVersion.V100))
    assert decode_location_from_client(short) == ClientReady(protocol_version=ProtocolVersion.V100)
    every_truncation_raises(ServerReady, SERVER_READY)


def test_a_base_location() -> None:
    pdu = BaseLocation3d(
        latitude=47.620506,
        longitude=-122.34928,
        altitude=56,
        speed=1.5,
        heading=90,
        horizontal_accuracy=100,
        source=LocationSource.GNSS,
    )
    same(BASE, pdu)
    assert decode_location_from_client(BASE) == pdu
    every_truncation_raises(BaseLocation3d, BASE)
    first_version = BASE[:2] + b"\x10" + BASE[3:16]
    same(first_version, BaseLocation3d(latitude=47.620506, longitude=-122.34928, altitude=56))


def test_deltas() -> None:
    flat = Location2dDelta(latitude_delta=0.1, longitude_delta=-0.1)
    assert flat.encode() == bytes.fromhex("0400 08000000 05 25")
    assert decode_location_from_client(flat.encode()) == flat
    assert Location2dDelta.decode(DELTA_2D) == Location2dDelta(latitude_delta=0.001, longitude_delta=-0.001)
    deep = Location3dDelta(
        latitude_delta=0.001, longitude_delta=-0.001, altitude_delta=-2, speed_delta=1.0, heading_delta=0.0
    )
    same(DELTA_3D, deep)
    assert decode_location_from_client(DELTA_3D) == deep
    every_truncation_raises(Location3dDelta, DELTA_3D)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("00", 0.0),
        ("03", 3.0),
        ("23", -3.0),
        ("1d", 1e-7),
        ("4004", 4.0),
        ("43ff", 1023.0),
        ("800400", 1024.0),
        ("83ffff", 262143.0),
        ("c0040000", 262144.0),
        ("c3ffffff", 67108863.0),
        ("e3ffffff", -67108863.0),
    ],
)
def test_floats(raw: str, value: float) -> None:
    assert float_of(raw) == value
    assert float_bytes(value) == raw


def test_floats_that_are_longer_than_necessary() -> None:
    assert float_of("c0000003") == float_of("8c0bb8") == 3.0
    assert float_of("20") == 0.0


def test_floats_are_rounded_to_what_fits() -> None:
    assert float_of(float_bytes(math.pi)) == 3.1415927
    assert float_of(float_bytes(122.3492775)) == 122.34928
    assert float_of(float_bytes(1e-9)) == 0.0


@pytest.mark.parametrize("value", [67108864.0, -67108864.0, math.inf, math.nan])
def test_floats_that_do_not_fit(value: float) -> None:
    with pytest.raises(EncodeError, match="does not fit 0x3ffffff"):
        float_bytes(value)


@given(st.binary(min_size=4, max_size=4))
def test_any_float_survives_encoding(raw: bytes) -> None:
    value = FOUR_BYTE_FLOAT.decode_from(Cursor(raw))
    assert float_of(float_bytes(value)) == value


@given(st.floats(-180, 180))
def test_any_angle_is_precise(value: float) -> None:
    assert abs(float_of(float_bytes(value)) - value) <= 0.000005


def test_unknown_types_are_kept() -> None:
    raw = bytes.fromhex("0600 08000000 aabb")
    unknown = UnknownLocation(pdu_type=LocationPduType(6), data=b"\xaa\xbb")
    same(raw, unknown)
    assert decode_location_from_server(raw) == decode_location_from_client(raw) == unknown
    every_truncation_raises(UnknownLocation, raw)


def test_directions_are_not_mixed() -> None:
    with pytest.raises(InvalidField, match="type 0x3, not 0x1"):
        decode_location_from_server(BASE)
    with pytest.raises(InvalidField, match=r"ClientReady\.pdu_type: type 0x1, not 0x2"):
        decode_location_from_client(SERVER_READY)


def test_lengths_that_are_wrong() -> None:
    with pytest.raises(InvalidField, match="a length of 5 bytes"):
        decode_location_from_server(b"\x01\0\x05" + SERVER_READY[3:])
    with pytest.raises(Truncated):
        decode_location_from_server(b"\x01\0\x0f" + SERVER_READY[3:])
    assert decode_location_from_server(SERVER_READY + b"more") == decode_location_from_server(SERVER_READY)


@given(st.integers(0, 6), st.integers(0, 40), st.binary(max_size=40))
def test_any_bytes(kind: int, length: int, rest: bytes) -> None:
    raw = kind.to_bytes(2, "little") + length.to_bytes(4, "little") + rest
    for decode in (decode_location_from_server, decode_location_from_client):
        try:
            pdu = decode(raw)
        except DecodeError:
            continue
        assert decode(pdu.encode()) == pdu
