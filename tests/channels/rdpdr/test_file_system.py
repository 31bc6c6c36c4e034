"""The words of Windows file systems, as the documents' examples use them."""

from __future__ import annotations

from trio_rdp.channels.rdpdr.file_system import (
    CompletionFilter,
    CreateDisposition,
    CreateOptions,
    DesiredAccess,
    FileAttributes,
    Information,
    SharedAccess,
)


def test_the_access_of_a_print_job() -> None:
    """[MS-RDPEPC] 4.1.7."""
    everything = DesiredAccess(0x0012019F)
    assert DesiredAccess.READ_DATA | DesiredAccess.WRITE_DATA | DesiredAccess.APPEND_DATA in everything
    assert DesiredAccess.SYNCHRONIZE | DesiredAccess.READ_CONTROL in everything
    assert DesiredAccess.DELETE not in everything
    assert repr(SharedAccess(3)) == "SharedAccess(READ|WRITE)"
    assert CreateOptions(0x40) == CreateOptions.NON_DIRECTORY_FILE


def test_the_attributes_of_a_recycle_bin() -> None:
    """[MS-RDPEFS] 4.31."""
    assert FileAttributes(0x16) == FileAttributes.HIDDEN | FileAttributes.SYSTEM | FileAttributes.DIRECTORY


def test_the_filter_of_a_directory() -> None:
    """[MS-RDPEFS] 4.32."""
    assert repr(CompletionFilter(0x17)) == "CompletionFilter(FILE_NAME|DIR_NAME|ATTRIBUTES|LAST_WRITE)"


def test_unknown_values_are_kept() -> None:
    assert CreateDisposition(9) == 9
    assert not Information(7).is_known
