"""What is said of volumes and files, byte by byte after [MS-RDPEFS] 4.23 to 4.28 and [MS-FSCC] 2.4 and 2.5."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.rdpdr.drive_requests import FileInformationClass, VolumeInformationClass
from trio_rdp.channels.rdpdr.file_system import FileAttributes
from trio_rdp.channels.rdpdr.information import (
    FileAllocationInformation,
    FileAttributeTagInformation,
    FileBasicInformation,
    FileDispositionInformation,
    FileEndOfFileInformation,
    FileFsAttributeInformation,
    FileFsDeviceInformation,
    FileFsFullSizeInformation,
    FileFsLabelInformation,
    FileFsSizeInformation,
    FileFsVolumeInformation,
    FileRenameInformation,
    FileStandardInformation,
    FileSystemAttributes,
    UnknownInformation,
    VolumeDeviceType,
    decode_file_information,
    decode_volume_information,
)
from trio_rdp.wire.errors import DecodeError, EncodeError, InvalidField
from trio_rdp.wire.pdu import Pdu

Volume = VolumeInformationClass
File = FileInformationClass

VOLUMES: list[tuple[VolumeInformationClass, str, Pdu]] = [
    (
        Volume.VOLUME,
        (
            "e860acbe95a6c701"  # VolumeCreationTime
            "78563412"  # VolumeSerialNumber
            "04000000"  # VolumeLabelLength
            "01"  # SupportsObjects
            "43003a00"  # VolumeLabel
        ),
        FileFsVolumeInformation(
            volume_creation_time=0x01C7A695BEAC60E8,
            volume_serial_number=0x12345678,
            supports_objects=True,
            volume_label="C:",
        ),
    ),
    (
        Volume.LABEL,  # the buffer of 4.24
        "16000000 54006500730074002000 56006f006c0075006d006500 0000",
        FileFsLabelInformation(volume_label="Test Volume"),
    ),
    (
        Volume.SIZE,
        "0010000000000000 0008000000000000 08000000 00020000",
        FileFsSizeInformation(
            total_allocation_units=0x1000,
            available_allocation_units=0x800,
            sectors_per_allocation_unit=8,
            bytes_per_sector=512,
        ),
    ),
    (
        Volume.DEVICE,
        "07000000 20000000",
        FileFsDeviceInformation(device_type=VolumeDeviceType.DISK, characteristics=0x20),
    ),
    (
        Volume.ATTRIBUTE,  # the buffer of 4.23
        "ff002700 ff000000 08000000 4e00540046005300",
        FileFsAttributeInformation(
            file_system_attributes=FileSystemAttributes(0x2700FF),
            maximum_component_name_length=255,
            file_system_name="NTFS",
        ),
    ),
    (
        Volume.FULL_SIZE,
        "0010000000000000 0008000000000000 0009000000000000 08000000 00020000",
        FileFsFullSizeInformation(
            total_allocation_units=0x1000,
            caller_available_allocation_units=0x800,
            actual_available_allocation_units=0x900,
            sectors_per_allocation_unit=8,
            bytes_per_sector=512,
        ),
    ),
]
FILES: list[tuple[FileInformationClass, str, Pdu]] = [
    (
        File.BASIC,  # the buffer of 4.27
        "20f71d52cc5bc701 e860acbe95a6c701 e860acbe95a6c701 0000000000000000 16000000",
        FileBasicInformation(
            creation_time=0x01C75BCC521DF720,
            last_access_time=0x01C7A695BEAC60E8,
            last_write_time=0x01C7A695BEAC60E8,
            change_time=0,
            file_attributes=FileAttributes.HIDDEN | FileAttributes.SYSTEM | FileAttributes.DIRECTORY,
        ),
    ),
    (
        File.STANDARD,  # as rdesktop 1.9.0 answers xrdp
        "1c00000000000000 1c00000000000000 01000000 00 00",
        FileStandardInformation(allocation_size=28, end_of_file=28, number_of_links=1, directory=False),
    ),
    (
        File.RENAME,
        "01 00 06000000 5c0061006200",
        FileRenameInformation(replace_if_exists=True, file_name="\\ab"),
    ),
    (File.DISPOSITION, "", FileDispositionInformation(delete_pending=True)),
    (File.DISPOSITION, "00", FileDispositionInformation(delete_pending=False)),
    (File.ALLOCATION, "0000000001000000", FileAllocationInformation(allocation_size=1 << 32)),
    (File.END_OF_FILE, "0000000001000000", FileEndOfFileInformation(end_of_file=1 << 32)),
    (
        File.ATTRIBUTE_TAG,
        "00040000 0c0000a0",
        FileAttributeTagInformation(file_attributes=FileAttributes.REPARSE_POINT, reparse_tag=0xA000000C),
    ),
]


@pytest.mark.parametrize(("kind", "raw", "value"), VOLUMES)
def test_of_volumes(kind: VolumeInformationClass, raw: str, value: Pdu) -> None:
    data = bytes.fromhex(raw)
    same(data, value)
    assert decode_volume_information(kind, data) == value
    every_truncation_raises(type(value), data[:-2] if kind is Volume.LABEL else data)


@pytest.mark.parametrize(("kind", "raw", "value"), FILES)
def test_of_files(kind: FileInformationClass, raw: str, value: Pdu) -> None:
    data = bytes.fromhex(raw)
    same(data, value)
    assert decode_file_information(kind, data) == value
    if kind is not File.DISPOSITION:
        every_truncation_raises(type(value), data)


def test_times_may_ask_to_be_left_alone() -> None:
    raw = b"\xff" * 8 + bytes(24) + bytes(4)
    value = FileBasicInformation.decode(raw)
    assert value.creation_time == -1
    assert value.encode() == raw


def test_deletion_in_a_byte() -> None:
    assert decode_file_information(File.DISPOSITION, b"\1") == FileDispositionInformation(delete_pending=True)


def test_reserved_bytes_that_must_not_be_there_are_ignored() -> None:
    raw = bytes.fromhex(FILES[0][1])
    assert decode_file_information(File.BASIC, raw + bytes(4)) == FILES[0][2]


def test_what_is_of_an_unknown_class_is_kept() -> None:
    assert decode_file_information(FileInformationClass(0x99), b"abc") == UnknownInformation(data=b"abc")
    assert decode_volume_information(VolumeInformationClass(0x99), b"") == UnknownInformation(data=b"")


def test_a_name_beyond_the_limit_is_refused() -> None:
    with pytest.raises(InvalidField, match="exceeds"):
        decode_file_information(File.RENAME, b"\0\0\xff\xff\xff\xff" + bytes(16))


def test_a_number_that_does_not_fit_is_an_encode_error() -> None:
    with pytest.raises(EncodeError):
        FileEndOfFileInformation(end_of_file=-1).encode()


@given(st.sampled_from(list(Volume)), st.sampled_from(list(File)), st.binary(max_size=64))
def test_any_bytes_give_a_value_or_an_error(volume: Volume, file: File, data: bytes) -> None:
    try:
        of_volume = decode_volume_information(volume, data)
    except DecodeError:
        pass
    else:
        assert decode_volume_information(volume, of_volume.encode()) == of_volume
    try:
        of_file = decode_file_information(file, data)
    except DecodeError:
        return
    assert decode_file_information(file, of_file.encode()) == of_file
