"""Names: terminators, lengths, and what does not encode."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.channels.rdpdr.text import NAME_LIMIT, DosName, decode_utf16, encode_latin1, encode_utf16, take_utf16
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated


def test_a_string_ends_at_its_terminator_or_at_its_length() -> None:
    assert decode_utf16(b"a\0b\0\0\0c\0") == "ab"
    assert decode_utf16(b"a\0b\0") == "ab"
    assert decode_utf16(b"") == ""


def test_half_a_character_is_refused() -> None:
    with pytest.raises(InvalidField, match="3 bytes"):
        decode_utf16(b"a\0b")


@given(st.binary(max_size=64).filter(lambda raw: len(raw) % 2 == 0), st.booleans())
def test_whatever_decodes_encodes_again(raw: bytes, terminated: bool) -> None:
    text = decode_utf16(raw)
    assert decode_utf16(encode_utf16(text, terminated=terminated)) == text


def test_only_strings_that_are_there_have_terminators() -> None:
    assert encode_utf16("a", terminated=True) == b"a\0\0\0"
    assert encode_utf16("a", terminated=False) == b"a\0"
    assert encode_utf16("", terminated=True) == b""


def test_names_have_a_limit_both_ways() -> None:
    longest = "n" * (NAME_LIMIT // 2 - 1)
    raw = encode_utf16(longest, terminated=True)
    assert len(raw) == NAME_LIMIT
    assert take_utf16(Cursor(raw), len(raw)) == longest
    with pytest.raises(EncodeError):
        encode_utf16(longest + "n", terminated=False)
    with pytest.raises(InvalidField, match="exceeds"):
        take_utf16(Cursor(raw), NAME_LIMIT + 2)
    with pytest.raises(Truncated):
        take_utf16(Cursor(b"a\0"), 4)


@pytest.mark.parametrize("encode", [encode_latin1, lambda text: encode_utf16(text, terminated=True)])
def test_a_null_character_does_not_encode(encode: object) -> None:
    assert callable(encode)
    with pytest.raises(EncodeError, match="null"):
        encode("a\0b")


def test_bytes_stand_for_themselves() -> None:
    assert encode_latin1("Ümlaut") == b"\xdcmlaut"
    with pytest.raises(EncodeError, match="Unicode"):
        encode_latin1("\u20ac")


def test_a_dos_name_fills_its_field_with_zeros() -> None:
    dst = bytearray()
    name = DosName()
    name.encode_into(dst, "PRN1")
    assert dst == b"PRN1\0\0\0\0"
    assert name.decode_from(Cursor(bytes(dst))) == "PRN1"
    assert name.decode_from(Cursor(b"COM2\0\0:\0")) == "COM2"


def test_a_dos_name_of_eight_characters_needs_no_terminator() -> None:
    dst = bytearray()
    name = DosName()
    name.encode_into(dst, "ABCDEFGH")
    assert name.decode_from(Cursor(bytes(dst))) == "ABCDEFGH"
    with pytest.raises(EncodeError, match="exceeds 8"):
        name.encode_into(dst, "ABCDEFGHI")
