"""What a drive tells of files and volumes."""

from __future__ import annotations

import pytest

from trio_rdp.channels.rdpdr import (
    CompletionFilter,
    DirectoryInformationClass,
    FileAttributes,
    FileInformationClass,
    FileNotifyInformation,
    FileStandardInformation,
    VolumeInformationClass,
)
from trio_rdp.channels.rdpdr.directory import FileAction
from trio_rdp.faces.devices.drive_answers import (
    attributes_of,
    describe_entry,
    describe_file,
    describe_volume,
    wanted_changes,
)
from trio_rdp.faces.devices.file_systems import Change, FileStatus
from trio_rdp.faces.devices.memory_files import MemoryFileSystem


def test_attributes() -> None:
    assert attributes_of(FileStatus()) == FileAttributes.ARCHIVE
    assert attributes_of(FileStatus(is_directory=True, is_hidden=True)) == (
        FileAttributes.DIRECTORY | FileAttributes.HIDDEN
    )
    assert FileAttributes.READONLY in attributes_of(FileStatus(is_read_only=True))


@pytest.mark.parametrize(
    ("status", "allocation", "end"),
    [
        (FileStatus(size=1), 4096, 1),
        (FileStatus(size=4096), 4096, 4096),
        (FileStatus(size=0), 0, 0),
        (FileStatus(size=10, allocated=512), 512, 10),
        (FileStatus(size=10, is_directory=True), 0, 0),
        (FileStatus(size=-5), 0, 0),
        (FileStatus(size=1 << 80), (1 << 63) - 1, (1 << 63) - 1),
        (FileStatus(size=5 << 30), 5 << 30, 5 << 30),
    ],
)
def test_any_size_fits(status: FileStatus, allocation: int, end: int) -> None:
    found = describe_file(FileInformationClass.STANDARD, status)
    assert isinstance(found, FileStandardInformation)
    assert (found.allocation_size, found.end_of_file) == (allocation, end)
    assert len(found.encode()) == 22
    entry = describe_entry(DirectoryInformationClass.BOTH_DIRECTORY, "x", status)
    assert entry is not None
    assert entry.encode()


@pytest.mark.parametrize("ns", [0, -1 << 80, 1 << 80])
def test_any_time_fits(ns: int) -> None:
    status = FileStatus(created_ns=ns, accessed_ns=ns, modified_ns=ns, changed_ns=ns)
    found = describe_file(FileInformationClass.BASIC, status)
    assert found is not None
    assert len(found.encode()) == 36


def test_classes_that_are_not_told() -> None:
    assert describe_file(FileInformationClass.RENAME, FileStatus()) is None
    assert describe_entry(DirectoryInformationClass(0x25), "x", FileStatus()) is None


async def test_volumes() -> None:
    files = MemoryFileSystem(capacity=1 << 20)
    for kind in VolumeInformationClass:
        found = await describe_volume(kind, files, "label")
        assert found is not None
        assert found.encode()
    assert await describe_volume(VolumeInformationClass(9), files, "label") is None


def test_which_changes_are_wanted() -> None:
    happened = [
        Change(FileAction.ADDED, "f"),
        Change(FileAction.REMOVED, "d", is_directory=True),
        Change(FileAction.MODIFIED, "x/y"),
    ]
    only = {
        CompletionFilter.FILE_NAME: "f",
        CompletionFilter.DIR_NAME: "d",
        CompletionFilter.LAST_WRITE: "x\\y",
        CompletionFilter.SIZE: "x\\y",
    }
    for wanted, name in only.items():
        assert [change.file_name for change in wanted_changes(happened, wanted)] == [name]
    everything = wanted_changes(happened, CompletionFilter(0xFFF))
    assert everything[0] == FileNotifyInformation(action=FileAction.ADDED, file_name="f")
    assert len(everything) == 3
