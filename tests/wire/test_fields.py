from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import DecodeError, EncodeError, InvalidField, Truncated
from trio_rdp.wire.fields import (
    Codec,
    Counted,
    Pad,
    Prefixed,
    Raw,
    Rest,
    Utf16,
    Utf16List,
    Utf16Prefixed,
    i16,
    i32,
    u8,
    u16,
    u16be,
    u32,
    u32be,
    u64,
)


@dataclass
class _Blob:
    value: bytes

    @classmethod
    def decode_from(cls, src: Cursor) -> _Blob:
        return cls(Prefixed(u8).decode_from(src))

    def encode_into(self, dst: bytearray) -> None:
        Prefixed(u8).encode_into(dst, self.value)


def encoded(codec: Codec, value: Any) -> bytes:
    dst = bytearray()
    codec.encode_into(dst, value)
    return bytes(dst)


def decoded(codec: Codec, raw: bytes) -> Any:
    src = Cursor(raw)
    value = codec.decode_from(src)
    assert src.remaining == 0
    return value


@pytest.mark.parametrize(
    ("codec", "value", "raw"),
    [
        (u8, 0xFE, "fe"),
        (u16, 0x0102, "0201"),
        (u32, 0x01020304, "04030201"),
        (u64, 0x0102030405060708, "0807060504030201"),
        (i16, -2, "feff"),
        (i32, -2, "feffffff"),
        (u16be, 0x0102, "0102"),
        (u32be, 0x01020304, "01020304"),
        (Raw(3), b"abc", "616263"),
        (Utf16(8), "ab", "6100620000000000"),
        (Utf16(8), "abc", "6100620063000000"),
        (Utf16(8), "", "0000000000000000"),
        (Utf16(8), "\N{GRINNING FACE}", "3dd800de00000000"),
        (Prefixed(u16), b"ab", "02006162"),
        (Prefixed(u32be), b"", "00000000"),
        (Utf16Prefixed(u16), "a", "040061000000"),
        (Utf16Prefixed(u16, counted=False), "a", "020061000000"),
        (Utf16Prefixed(u16, terminated=False), "a", "02006100"),
        (Utf16Prefixed(u32), "\ud800", "0400000000d80000"),
        (Utf16List(u32), ["a", "bc"], "06000000610000006200630000000000"),
        (Utf16List(u16), [], "01000000"),
        (Counted(u8, u16), [1, 2], "0201000200"),
        (Counted(u16, u8), [], "0000"),
        (Rest(), b"xyz", "78797a"),
    ],
)
def test_values_and_their_bytes(codec: Codec, value: Any, raw: str) -> None:
    data = bytes.fromhex(raw)
    assert encoded(codec, value) == data
    assert decoded(codec, data) == value
    if not isinstance(codec, Rest):
        for size in range(len(data)):
            with pytest.raises(Truncated):
                codec.decode_from(Cursor(data[:size]))


@pytest.mark.parametrize(
    ("codec", "value"),
    [
        (u8, 256),
        (u16, -1),
        (u32, 2**32),
        (i16, 2**15),
        (Raw(3), b"ab"),
        (Raw(3), b"abcd"),
        (Utf16(8), "abcd"),
        (Utf16Prefixed(u8), "a" * 127),
        (Utf16Prefixed(u16, limit=4), "ab"),
        (Utf16Prefixed(u16), "a\0b"),
        (Prefixed(u8), bytes(256)),
        (Prefixed(u16, limit=3), bytes(4)),
        (Counted(u8, u8), [0] * 256),
        (Counted(u16, u8, limit=2), [0] * 3),
        (Utf16List(u32), ["a", ""]),
        (Utf16List(u32), ["a\0b"]),
        (Utf16List(u32, limit=3), ["abc"]),
    ],
)
def test_what_does_not_fit_is_an_encode_error(codec: Codec, value: Any) -> None:
    with pytest.raises(EncodeError):
        encoded(codec, value)


@pytest.mark.parametrize(
    ("codec", "raw"),
    [
        (Prefixed(u16, limit=3), "0400" + "00" * 4),
        (Utf16Prefixed(u16), "0300" + "00" * 3),
        (Utf16Prefixed(u16, limit=4), "0600" + "00" * 6),
        (Utf16Prefixed(u16, limit=4), "0400" + "61006200"),  # would need six bytes with its terminator
        (Counted(u8, u8, limit=2), "03000000"),
        (Utf16List(u16), "020061006200"),
        (Utf16List(u16), "020061000000"),
        (Utf16List(u16), "020000000000"),
        (Utf16List(u16), "0400" + "6100000000000000"),
        (Utf16List(u16, limit=1), "020000000000"),
    ],
)
def test_what_means_nothing_is_an_invalid_field(codec: Codec, raw: str) -> None:
    with pytest.raises(InvalidField):
        codec.decode_from(Cursor(bytes.fromhex(raw)))


def test_a_count_is_checked_before_a_list_is_built() -> None:
    with pytest.raises(Truncated, match="needs 8589934590 bytes"):
        Counted(u32, u16).decode_from(Cursor(b"\xff\xff\xff\xff" + bytes(100)))


def test_a_list_of_whatever_has_the_two_methods() -> None:
    codec = Counted(u8, limit=2).of(_Blob)
    raw = bytes.fromhex("02 0161 026263")
    assert decoded(codec, raw) == [_Blob(b"a"), _Blob(b"bc")]
    assert encoded(codec, [_Blob(b"a"), _Blob(b"bc")]) == raw
    with pytest.raises(InvalidField):
        codec.decode_from(Cursor(b"\3"))


def test_pads_are_skipped_and_written_as_zeros() -> None:
    src = Cursor(b"\x01\x02\x03")
    assert Pad(2).struct.unpack(src.take(2)) == ()
    assert Pad(2).struct.pack() == bytes(2)


def test_what_follows_a_terminator_is_not_kept() -> None:
    assert decoded(Utf16(8), bytes.fromhex("6100000062006300")) == "a"
    assert decoded(Utf16Prefixed(u16), bytes.fromhex("0600610000006200")) == "a"


def test_the_last_unit_of_a_fixed_string_is_its_terminator() -> None:
    assert decoded(Utf16(6), bytes.fromhex("610062006300")) == "ab"


def test_the_stubs_of_codec_refuse() -> None:
    with pytest.raises(AssertionError):
        Codec().decode_from(Cursor(b""))
    with pytest.raises(AssertionError):
        Codec().encode_into(bytearray(), 0)


CODECS = [
    Utf16(16),
    Utf16Prefixed(u8, limit=20),
    Utf16Prefixed(u8, limit=20, counted=False),
    Utf16Prefixed(u8, limit=20, terminated=False),
    Utf16List(u8, limit=8),
    Prefixed(u8, limit=9),
    Counted(u8, u16be, limit=5),
]


@given(st.sampled_from(CODECS), st.binary(min_size=16, max_size=48))
def test_whatever_decodes_survives_encoding(codec: Codec, raw: bytes) -> None:
    raw = bytes((raw[0] % 24,)) + raw[1:]
    try:
        value = codec.decode_from(Cursor(raw))
    except DecodeError:
        return
    assert decoded(codec, encoded(codec, value)) == value
