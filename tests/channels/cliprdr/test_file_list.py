from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.channels.cliprdr.file_list import (
    FILES_LIMIT,
    FileAttributes,
    FileDescriptor,
    FileDescriptorFlags,
    PackedFileList,
)
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated


def descriptor(size: str, name: str) -> bytes:
    return (
        bytes.fromhex("64400000")  # flags: attributes, size, time of writing, progress
        + bytes(32)  # reserved1
        + bytes.fromhex("20000000")  # fileAttributes: archive
        + bytes(16)  # reserved2
        + bytes.fromhex("085d302cf355ca01")  # lastWriteTime
        + bytes.fromhex(size)  # fileSizeHigh, fileSizeLow
        + name.encode("utf-16-le").ljust(520, b"\0")  # fileName
    )


FLAGS = (
    FileDescriptorFlags.ATTRIBUTES
    | FileDescriptorFlags.FILESIZE
    | FileDescriptorFlags.WRITESTIME
    | FileDescriptorFlags.SHOWPROGRESSUI
)


def file(size: int, name: str) -> FileDescriptor:
    return FileDescriptor(
        flags=FLAGS,
        file_attributes=FileAttributes.ARCHIVE,
        last_write_time=0x01CA55F32C305D08,
        file_size=size,
        file_name=name,
    )


def test_the_example() -> None:
    """4.5.4."""
    raw = bytes.fromhex("02000000") + descriptor("00000000 2c000000", "File1.txt")
    raw += descriptor("00000000 0a000000", "File2.txt")
    assert len(raw) == 0x4A4
    pdu = PackedFileList(file_descriptor_array=[file(44, "File1.txt"), file(10, "File2.txt")])
    same(raw, pdu)
    every_truncation_raises(PackedFileList, raw)
    first = pdu.file_descriptor_array[0]
    assert first.size == 44
    assert not first.is_directory
    assert first.modified is not None
    assert first.modified.replace(second=0, microsecond=0) == datetime(2009, 10, 26, 4, 17, tzinfo=UTC)


def test_the_high_half_of_a_size_stands_first() -> None:
    raw = descriptor("01000000 02000000", "big.iso")
    same(raw, file(0x1_0000_0002, "big.iso"))
    same(descriptor("ffffffff feffffff", "big.iso"), file(2**64 - 2, "big.iso"))
    for size in (2**64, -1):
        with pytest.raises(EncodeError):
            file(size, "big.iso").encode()


def test_the_limit_of_files() -> None:
    with pytest.raises(InvalidField, match="100001 items exceed 100000"):
        PackedFileList.decode((FILES_LIMIT + 1).to_bytes(4, "little"))
    with pytest.raises(Truncated):
        PackedFileList.decode(FILES_LIMIT.to_bytes(4, "little") + descriptor("00000000 00000000", "x"))


def test_names_have_259_units() -> None:
    longest = FileDescriptor(file_name="x" * 259)
    assert FileDescriptor.decode(longest.encode()) == longest
    with pytest.raises(EncodeError):
        FileDescriptor(file_name="x" * 260).encode()


def test_reserved_fields_are_ignored() -> None:
    raw = bytearray(descriptor("00000000 2c000000", "File1.txt"))
    raw[4:36] = b"\xff" * 32
    raw[40:56] = b"\xff" * 16
    assert FileDescriptor.decode(bytes(raw)) == file(44, "File1.txt")


def test_descriptions() -> None:
    modified = datetime(2024, 2, 29, 12, 30, 1, 250, tzinfo=timezone(timedelta(hours=1)))
    item = FileDescriptor.decode(FileDescriptor.of("folder\\a.txt", size=5_000_000_000, modified=modified).encode())
    assert (item.file_name, item.size, item.modified, item.is_directory) == (
        "folder\\a.txt",
        5_000_000_000,
        modified,
        False,
    )
    folder = FileDescriptor.of("folder")
    assert (folder.size, folder.modified, folder.is_directory) == (None, None, True)
    assert FileDescriptor.of("empty", size=0).size == 0
    with pytest.raises(EncodeError, match="before 1601"):
        FileDescriptor.of("old", size=1, modified=datetime(1600, 12, 31, tzinfo=UTC))


def test_what_is_not_given() -> None:
    item = FileDescriptor(
        file_attributes=FileAttributes.DIRECTORY, last_write_time=10, file_size=10, file_name="nothing is said of me"
    )
    assert (item.size, item.modified, item.is_directory) == (None, None, False)
    item.flags = FileDescriptorFlags.WRITESTIME
    assert item.modified == datetime(1601, 1, 1, 0, 0, 0, 1, tzinfo=UTC)
    item.last_write_time = 2**64 - 1  # the year 60056
    assert item.modified is None


@given(st.binary(min_size=592, max_size=592))
def test_any_bytes(data: bytes) -> None:
    item = value_or_error(FileDescriptor, data)
    assert item is not None
    assert item.modified is None or item.modified.year >= 1601
    value_or_error(PackedFileList, data)
    value_or_error(PackedFileList, b"\1\0\0\0" + data)
