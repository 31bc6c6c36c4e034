"""Each error of the operating system has the status that says the same."""

from __future__ import annotations

import errno

import pytest

from trio_rdp.channels.rdpdr.client_status import status_of_error
from trio_rdp.channels.rdpdr.header import NtStatus


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (errno.ENOENT, NtStatus.NO_SUCH_FILE),
        (errno.EEXIST, NtStatus.OBJECT_NAME_COLLISION),
        (errno.EACCES, NtStatus.ACCESS_DENIED),
        (errno.EPERM, NtStatus.ACCESS_DENIED),
        (errno.EROFS, NtStatus.MEDIA_WRITE_PROTECTED),
        (errno.ENOSPC, NtStatus.DISK_FULL),
        (errno.EISDIR, NtStatus.FILE_IS_A_DIRECTORY),
        (errno.ENOTDIR, NtStatus.NOT_A_DIRECTORY),
        (errno.ENOTEMPTY, NtStatus.DIRECTORY_NOT_EMPTY),
        (errno.ENAMETOOLONG, NtStatus.OBJECT_NAME_INVALID),
        (errno.EMFILE, NtStatus.TOO_MANY_OPENED_FILES),
        (errno.EXDEV, NtStatus.NOT_SAME_DEVICE),
        (errno.EIO, NtStatus.UNSUCCESSFUL),
        (99999, NtStatus.UNSUCCESSFUL),
    ],
)
def test_numbers(number: int, status: NtStatus) -> None:
    assert status_of_error(OSError(number, "why")) == status


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (FileNotFoundError("no such page"), NtStatus.NO_SUCH_FILE),
        (FileExistsError(), NtStatus.OBJECT_NAME_COLLISION),
        (PermissionError("no"), NtStatus.ACCESS_DENIED),
        (IsADirectoryError(), NtStatus.FILE_IS_A_DIRECTORY),
        (NotADirectoryError(), NtStatus.NOT_A_DIRECTORY),
        (OSError("odd"), NtStatus.UNSUCCESSFUL),
    ],
)
def test_errors_without_a_number(error: OSError, status: NtStatus) -> None:
    assert status_of_error(error) == status
