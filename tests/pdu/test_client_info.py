from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu import connection_example
from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.pdu.client_info import (
    MAX_CLIENT_TEXT,
    AddressFamily,
    ClientInfo,
    CompressionType,
    ExtendedInfoPacket,
    InfoFlags,
    PerformanceFlags,
    SystemTime,
    TimeZoneInformation,
)
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated

PACIFIC = TimeZoneInformation(
    bias=480,
    standard_name="Pacific Standard Time",
    standard_date=SystemTime(w_month=10, w_day=5, w_hour=2),
    standard_bias=0,
    daylight_name="Pacific Daylight Time",
    daylight_date=SystemTime(w_month=4, w_day=1, w_hour=2),
    daylight_bias=-60,
)
EXAMPLE = ClientInfo(
    code_page=0x04090409,
    flags=InfoFlags(0x43B3),
    domain="NTDEV",
    user_name="eltons",
    extra_info=ExtendedInfoPacket(
        client_address_family=AddressFamily.INET,
        client_address="157.59.242.156",
        client_dir=r"C:\depots\w2k3_1\termsrv\newclient\lib\win32\obj\i386\mstscax.dll",
        client_time_zone=PACIFIC,
        client_session_id=0,
        performance_flags=PerformanceFlags.DISABLE_WALLPAPER,
        auto_reconnect_cookie=b"",
    ),
)


def test_the_documents_example() -> None:
    same(connection_example.CLIENT_INFO, EXAMPLE)


def test_the_number_inside_the_flags() -> None:
    flags = EXAMPLE.flags
    assert flags.compression_type is CompressionType.PACKET_COMPR_TYPE_64K
    assert flags.with_compression(None).compression_type is None
    assert flags.with_compression(None) == 0x4133
    assert flags.with_compression(CompressionType.PACKET_COMPR_TYPE_RDP61) == 0x47B3
    assert flags.without(InfoFlags.COMPRESSION).compression_type is None
    assert InfoFlags(0x1E80).compression_type == 15


def test_an_ansi_client_without_extended_info() -> None:
    raw = bytes.fromhex("e2040000 00000000 0100 0200 0300 0000 0000" + "6400 75fc00 70c4e900 00 00")
    value = ClientInfo(code_page=1250, flags=InfoFlags(0), domain="d", user_name="u\xfc", password="p\xc4\xe9")
    same(raw, value)
    every_truncation_raises(ClientInfo, raw)


@pytest.mark.parametrize(
    ("code_page", "octet", "character"),
    [(1251, 0xC4, "Д"), (1252, 0xC4, "Ä"), (0x409, 0xC4, "Ä"), (0xFFFF, 0x81, "\udc81")],
)
def test_code_pages(code_page: int, octet: int, character: str) -> None:
    raw = struct.pack("<II5H", code_page, 0, 0, 1, 0, 0, 0) + bytes((0, octet, 0, 0, 0, 0))
    same(raw, ClientInfo(code_page=code_page, flags=InfoFlags(0), user_name=character))


def test_an_ansi_client_with_extended_info() -> None:
    info = ExtendedInfoPacket(
        client_address_family=AddressFamily.INET6, client_address="::1", client_dir="c", client_time_zone=PACIFIC
    )
    value = ClientInfo(code_page=1252, flags=InfoFlags(0), extra_info=info)
    raw = value.encode()
    assert bytes.fromhex("1700 0400 3a3a3100 0200 6300") in raw
    same(raw, value)


FULL = ExtendedInfoPacket(
    client_address="10.0.0.1",
    client_dir="d",
    client_time_zone=PACIFIC,
    client_session_id=7,
    performance_flags=PerformanceFlags.ENABLE_FONT_SMOOTHING,
    auto_reconnect_cookie=bytes(28),
    reserved1=0,
    reserved2=0,
    dynamic_dst_time_zone_key_name="Pacific Standard Time",
    dynamic_daylight_time_disabled=1,
)


def test_extended_info_may_end_before_each_optional_field() -> None:
    names = list(ExtendedInfoPacket.__dataclass_fields__)
    ends = set()
    for count in range(3, len(names) + 1):
        value = ExtendedInfoPacket(**{name: getattr(FULL, name) for name in names[:count]})
        same(value.encode(), value)
        ends.add(len(value.encode()))
    raw = FULL.encode()
    for size in range(len(raw)):
        if size not in ends:
            with pytest.raises(Truncated):
                ExtendedInfoPacket.decode(raw[:size])


def test_a_field_behind_a_missing_one_is_not_written() -> None:
    value = ExtendedInfoPacket(client_address="a", performance_flags=PerformanceFlags(1))
    assert ExtendedInfoPacket.decode(value.encode()) == ExtendedInfoPacket(client_address="a")


def test_secrets_do_not_show() -> None:
    info = ClientInfo(password="hunter2", extra_info=ExtendedInfoPacket(auto_reconnect_cookie=b"secret"))
    assert "hunter2" not in repr(info)
    assert "secret" not in repr(info)
    assert info.password == "hunter2"


def test_a_client_that_counts_its_terminators() -> None:
    raw = struct.pack("<II5H", 0, 0x10, 0, 4, 0, 0, 0) + bytes.fromhex("0000 61000000 0000 0000 0000 0000")
    assert ClientInfo.decode(raw).user_name == "a"


@pytest.mark.parametrize(
    "raw",
    [
        struct.pack("<II5H", 0, 0x10, 1, 0, 0, 0, 0) + bytes(20),
        struct.pack("<II5H", 0, 0x10, 0, 0, 0, 0, 0)
        + bytes(10)
        + struct.pack("<HH", 2, MAX_CLIENT_TEXT + 2)
        + bytes(5000),
        EXAMPLE.encode()[:-2] + struct.pack("<H", 29) + bytes(29),
        EXAMPLE.encode() + struct.pack("<HHH", 0, 0, 256) + bytes(300),
    ],
)
def test_what_means_nothing(raw: bytes) -> None:
    with pytest.raises(InvalidField):
        ClientInfo.decode(raw)


@pytest.mark.parametrize(
    "value",
    [
        ClientInfo(user_name="a\0b"),
        ClientInfo(code_page=1252, flags=InfoFlags(0), user_name="Д"),
        ClientInfo(user_name="a" * 40000),
        ClientInfo(extra_info=ExtendedInfoPacket(client_time_zone=TimeZoneInformation(standard_name="a" * 32))),
        ClientInfo(code_page=-1),
    ],
)
def test_what_cannot_be_written(value: ClientInfo) -> None:
    with pytest.raises(EncodeError):
        value.encode_into(bytearray())


@given(st.data())
def test_laws_near_the_example(data: st.DataObject) -> None:
    raw = bytearray(connection_example.CLIENT_INFO)
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    value_or_error(ClientInfo, bytes(raw))


@given(
    st.sampled_from([0, 437, 866, 932, 936, 949, 950, 1252, 1258]),
    st.sampled_from([0, 0x10]),
    st.lists(st.binary(max_size=12), min_size=5, max_size=5),
    st.binary(max_size=20),
)
def test_laws_of_every_character_set(code_page: int, flags: int, texts: list[bytes], rest: bytes) -> None:
    raw = struct.pack("<II5H", code_page, flags, *map(len, texts))
    raw += b"".join(text + bytes(2 if flags else 1) for text in texts) + rest
    value_or_error(ClientInfo, raw)
