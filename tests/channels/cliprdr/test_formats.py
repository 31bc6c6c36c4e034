from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.channels.cliprdr.formats import (
    FILE_GROUP_DESCRIPTOR,
    FORMATS_LIMIT,
    ClipboardFormat,
    FormatListResponse,
    LongFormatList,
    ShortFormatList,
    StandardFormat,
)
from trio_rdp.channels.cliprdr.header import MessageFlags
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated

LONG = bytes.fromhex(  # 4.1.5
    "0200"  # msgType = CB_FORMAT_LIST
    "0000"  # msgFlags
    "24000000"  # dataLen = 36
    "04c00000"  # formatId = 0xc004
    "4e0061007400690076006500 0000"  # "Native"
    "03000000 0000"  # 3, without a name
    "08000000 0000"  # 8
    "11000000 0000"  # 17
)


def utf16(text: str) -> bytes:
    return text.encode("utf-16-le")


def message(data: bytes, flags: int = 0) -> bytes:
    return b"\2\0" + bytes([flags, 0]) + len(data).to_bytes(4, "little") + data


def test_long_names() -> None:
    formats = [
        ClipboardFormat(0xC004, "Native"),
        ClipboardFormat(StandardFormat.METAFILEPICT),
        ClipboardFormat(StandardFormat.DIB),
        ClipboardFormat(StandardFormat.DIBV5),
    ]
    same(LONG, LongFormatList(formats=formats))
    every_truncation_raises(LongFormatList, LONG)


def test_the_example_of_a_copy() -> None:
    """4.2.1, with names of many lengths."""
    formats = [
        ClipboardFormat(0xC08A, "Rich Text Format"),
        ClipboardFormat(0xC145, "Rich Text Format Without Objects"),
        ClipboardFormat(0xC143, "RTF As Text"),
        ClipboardFormat(1),
        ClipboardFormat(13),
        ClipboardFormat(0xC004, "Native"),
        ClipboardFormat(0xC00E, "Object Descriptor"),
        ClipboardFormat(3),
        ClipboardFormat(16),
        ClipboardFormat(7),
    ]
    data = b"".join(item.format_id.to_bytes(4, "little") + utf16(item.format_name + "\0") for item in formats)
    assert len(data) == 0xE0
    same(message(data), LongFormatList(formats=formats))


def test_a_list_of_files() -> None:
    raw = bytes.fromhex("0200 0000 2e000000 79c00000") + utf16("FileGroupDescriptorW\0")  # 4.5.1
    same(raw, LongFormatList(formats=[ClipboardFormat(0xC079, FILE_GROUP_DESCRIPTOR)]))


def test_terminators_are_found_between_units_only() -> None:
    """The high byte of one unit and the low byte of the next may be zeros."""
    name = "a\u0100\u0200b"  # 61 00 00 01 00 02 62 00
    raw = message(bytes.fromhex("0d000000 6100 0001 0002 6200 0000"))
    same(raw, LongFormatList(formats=[ClipboardFormat(13, name)]))


def test_short_names_in_unicode() -> None:
    raw = message(
        bytes.fromhex("0d000000") + bytes(32) + bytes.fromhex("a5c00000") + utf16("HTML Format").ljust(32, b"\0")
    )
    same(raw, ShortFormatList(formats=[ClipboardFormat(13), ClipboardFormat(0xC0A5, "HTML Format")]))
    every_truncation_raises(ShortFormatList, raw)


def test_short_names_in_ascii() -> None:
    raw = message(bytes.fromhex("13c00000") + FILE_GROUP_DESCRIPTOR.encode().ljust(32, b"\0"), flags=4)
    same(raw, ShortFormatList(formats=[ClipboardFormat(0xC013, FILE_GROUP_DESCRIPTOR)], ascii_names=True))


def test_short_names_are_truncated() -> None:
    def written(name: str, *, ascii_names: bool) -> str:
        raw = ShortFormatList(formats=[ClipboardFormat(1, name)], ascii_names=ascii_names).encode()
        assert len(raw) == 8 + 36
        return ShortFormatList.decode(raw).formats[0].format_name

    assert written(FILE_GROUP_DESCRIPTOR, ascii_names=False) == "FileGroupDescri"
    assert written("x" * 40, ascii_names=True) == "x" * 31
    assert written("x" * 14 + "\U0001f4cb", ascii_names=False) == "x" * 14
    assert written("x" * 13 + "\U0001f4cb", ascii_names=False) == "x" * 13 + "\U0001f4cb"


def test_a_short_name_without_room_for_its_terminator() -> None:
    """The last unit is taken for a terminator, whatever it is."""
    raw = message(bytes(4) + b"x" * 32, flags=4)
    assert ShortFormatList.decode(raw).formats == [ClipboardFormat(0, "x" * 31)]


def test_lists_that_end_early() -> None:
    with pytest.raises(Truncated, match="without its terminator"):
        LongFormatList.decode(message(bytes.fromhex("0d000000 6100")))
    with pytest.raises(Truncated):
        LongFormatList.decode(message(bytes.fromhex("0d0000")))
    with pytest.raises(Truncated):
        ShortFormatList.decode(message(bytes(35)))


def test_the_limit_of_formats() -> None:
    for cls, item in ((LongFormatList, 6), (ShortFormatList, 36)):
        most = cls(formats=[ClipboardFormat(1)] * FORMATS_LIMIT)
        assert cls.decode(most.encode()) == most
        with pytest.raises(InvalidField, match="4097 formats exceed 4096"):
            cls.decode(message(bytes(item * (FORMATS_LIMIT + 1))))
        with pytest.raises(EncodeError, match="4097 formats exceed 4096"):
            cls(formats=[ClipboardFormat(1)] * (FORMATS_LIMIT + 1)).encode()


def test_names_that_cannot_be_written() -> None:
    with pytest.raises(EncodeError, match="null character"):
        LongFormatList(formats=[ClipboardFormat(1, "a\0b")]).encode()
    with pytest.raises(EncodeError, match="ASCII 8"):
        ShortFormatList(formats=[ClipboardFormat(1, "\u2603")], ascii_names=True).encode()
    with pytest.raises(EncodeError):
        ShortFormatList(formats=[ClipboardFormat(-1)]).encode()
    with pytest.raises(EncodeError):
        LongFormatList(formats=[ClipboardFormat(2**32)]).encode()


def test_response() -> None:
    same(bytes.fromhex("0300 0100 00000000"), FormatListResponse())  # 4.1.6: CB_RESPONSE_OK
    same(bytes.fromhex("0300 0200 00000000"), FormatListResponse(msg_flags=MessageFlags.RESPONSE_FAIL))
    every_truncation_raises(FormatListResponse, bytes.fromhex("0300 0100 00000000"))


@given(st.sampled_from([LongFormatList, ShortFormatList]), st.sampled_from([0, 4, 7]), st.binary(max_size=120))
def test_any_bytes(cls: type[LongFormatList | ShortFormatList], flags: int, data: bytes) -> None:
    value_or_error(cls, message(data, flags))


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.text(st.characters(exclude_characters="\0"), max_size=20))))
def test_any_long_names(formats: list[tuple[int, str]]) -> None:
    pdu = LongFormatList(formats=[ClipboardFormat(*item) for item in formats])
    assert LongFormatList.decode(pdu.encode()) == pdu
