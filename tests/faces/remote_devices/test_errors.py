"""`RemoteDeviceError`: statuses as the exceptions of the operating system."""

from __future__ import annotations

import errno

import pytest

from trio_rdp.channels.rdpdr import NtStatus
from trio_rdp.faces.remote_devices.errors import RemoteDeviceError, refusal
from trio_rdp.wire.errors import RdpError, RequestRefused


@pytest.mark.parametrize(
    ("status", "kind", "number"),
    [
        (NtStatus.OBJECT_NAME_NOT_FOUND, FileNotFoundError, errno.ENOENT),
        (NtStatus.OBJECT_NAME_COLLISION, FileExistsError, errno.EEXIST),
        (NtStatus.SHARING_VIOLATION, PermissionError, errno.EACCES),
        (NtStatus.FILE_IS_A_DIRECTORY, IsADirectoryError, errno.EISDIR),
        (NtStatus.NOT_A_DIRECTORY, NotADirectoryError, errno.ENOTDIR),
        (NtStatus.TIMEOUT, TimeoutError, errno.ETIMEDOUT),
        (NtStatus.LOCK_NOT_GRANTED, BlockingIOError, errno.EAGAIN),
        (NtStatus.DISK_FULL, OSError, errno.ENOSPC),
        (NtStatus.UNSUCCESSFUL, OSError, errno.EIO),
        (NtStatus(0xC000ABCD), OSError, errno.EIO),
    ],
)
def test_each_status_is_an_os_error(status: NtStatus, kind: type[OSError], number: int) -> None:
    error = refusal(status, "d/x")
    assert isinstance(error, kind)
    assert isinstance(error, RemoteDeviceError | RequestRefused | RdpError)
    assert (error.errno, error.filename, error.status, error.code) == (number, "d/x", status, int(status))


def test_its_words() -> None:
    assert str(refusal(NtStatus.ACCESS_DENIED, "x")) == "[Errno 13] access is denied (ACCESS_DENIED): 'x'"
    assert str(refusal(NtStatus.DEVICE_REMOVED)).endswith("the client has taken the device away (DEVICE_REMOVED)")
    assert "UNKNOWN_0xc000abcd" in str(refusal(NtStatus(0xC000ABCD)))
