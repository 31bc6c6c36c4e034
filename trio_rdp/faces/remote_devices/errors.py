"""`RemoteDeviceError`: what a client's device refuses, as the `OSError` that a local one would raise."""

from __future__ import annotations

import errno

from trio_rdp.channels.rdpdr import NtStatus
from trio_rdp.wire.errors import RequestRefused

__all__ = ["RemoteDeviceError", "refusal"]


class RemoteDeviceError(RequestRefused, OSError):
    """A request to a device of the client failed; where there is a subclass of `OSError` for the reason, it is one too.

    `except FileNotFoundError` catches what is not there.  `status` is what the client answered, `code` its number.
    """

    def __init__(self, status: NtStatus, number: int, reason: str, path: str | None) -> None:
        text = f"{reason} ({status.name})"
        if path is None:
            OSError.__init__(self, number, text)
        else:
            OSError.__init__(self, number, text, path)
        self.status = status
        self.code: int | None = int(status)


class _NotFound(RemoteDeviceError, FileNotFoundError):
    pass


class _Exists(RemoteDeviceError, FileExistsError):
    pass


class _NotPermitted(RemoteDeviceError, PermissionError):
    pass


class _IsADirectory(RemoteDeviceError, IsADirectoryError):
    pass


class _NotADirectory(RemoteDeviceError, NotADirectoryError):
    pass


class _TimedOut(RemoteDeviceError, TimeoutError):
    pass


class _WouldBlock(RemoteDeviceError, BlockingIOError):
    pass


_CLASSES: dict[int, type[RemoteDeviceError]] = {
    errno.ENOENT: _NotFound,
    errno.EEXIST: _Exists,
    errno.EACCES: _NotPermitted,
    errno.EPERM: _NotPermitted,
    errno.EISDIR: _IsADirectory,
    errno.ENOTDIR: _NotADirectory,
    errno.ETIMEDOUT: _TimedOut,
    errno.EAGAIN: _WouldBlock,
}
_REASONS: dict[int, tuple[int, str]] = {
    NtStatus.NO_SUCH_FILE: (errno.ENOENT, "no such file or directory"),
    NtStatus.OBJECT_NAME_NOT_FOUND: (errno.ENOENT, "no such file or directory"),
    NtStatus.OBJECT_PATH_NOT_FOUND: (errno.ENOENT, "no such directory on the way"),
    NtStatus.OBJECT_NAME_COLLISION: (errno.EEXIST, "it exists already"),
    NtStatus.OBJECT_NAME_INVALID: (errno.EINVAL, "the name is not valid there"),
    NtStatus.ACCESS_DENIED: (errno.EACCES, "access is denied"),
    NtStatus.CANNOT_DELETE: (errno.EACCES, "it cannot be deleted"),
    NtStatus.DELETE_PENDING: (errno.EACCES, "it is about to be deleted"),
    NtStatus.SHARING_VIOLATION: (errno.EACCES, "somebody else uses it"),
    NtStatus.MEDIA_WRITE_PROTECTED: (errno.EROFS, "the drive is read-only"),
    NtStatus.FILE_IS_A_DIRECTORY: (errno.EISDIR, "it is a directory"),
    NtStatus.NOT_A_DIRECTORY: (errno.ENOTDIR, "it is not a directory"),
    NtStatus.DIRECTORY_NOT_EMPTY: (errno.ENOTEMPTY, "the directory is not empty"),
    NtStatus.DISK_FULL: (errno.ENOSPC, "no room is left on the drive"),
    NtStatus.PRINT_QUEUE_FULL: (errno.ENOSPC, "the printer takes no job"),
    NtStatus.NO_SPOOL_SPACE: (errno.ENOSPC, "no room is left for the job"),
    NtStatus.PRINT_CANCELLED: (errno.ECANCELED, "the job was cancelled"),
    NtStatus.NOT_SAME_DEVICE: (errno.EXDEV, "it is on another drive"),
    NtStatus.TOO_MANY_OPENED_FILES: (errno.EMFILE, "too many files are open"),
    NtStatus.INSUFFICIENT_RESOURCES: (errno.ENOMEM, "the client has no resources left"),
    NtStatus.FILE_LOCK_CONFLICT: (errno.EAGAIN, "somebody else has locked it"),
    NtStatus.LOCK_NOT_GRANTED: (errno.EAGAIN, "somebody else has locked it"),
    NtStatus.RANGE_NOT_LOCKED: (errno.EINVAL, "that range is not locked"),
    NtStatus.INVALID_PARAMETER: (errno.EINVAL, "the client finds the request wrong"),
    NtStatus.INVALID_HANDLE: (errno.EBADF, "the client does not know the file any more"),
    NtStatus.FILE_CLOSED: (errno.EBADF, "the file was closed"),
    NtStatus.CANCELLED: (errno.ECANCELED, "the file was closed meanwhile"),
    NtStatus.NOT_SUPPORTED: (errno.EOPNOTSUPP, "the client does not support it"),
    NtStatus.NOT_IMPLEMENTED: (errno.EOPNOTSUPP, "the client does not support it"),
    NtStatus.INVALID_DEVICE_REQUEST: (errno.EOPNOTSUPP, "the device does not support it"),
    NtStatus.DEVICE_REMOVED: (errno.ENODEV, "the client has taken the device away"),
    NtStatus.DEVICE_NOT_READY: (errno.ENODEV, "the device is not ready"),
    NtStatus.TIMEOUT: (errno.ETIMEDOUT, "the device did not answer the client in time"),
}


def refusal(status: NtStatus, path: str | None = None) -> RemoteDeviceError:
    """The exception for the status of a request that failed."""
    number, reason = _REASONS.get(status, (errno.EIO, "the client could not do it"))
    return _CLASSES.get(number, RemoteDeviceError)(status, number, reason, path)
