"""What the errors of an operating system are called in answers."""

from __future__ import annotations

import errno

from trio_rdp.channels.rdpdr.header import NtStatus

__all__ = ["status_of_error"]

_STATUS: dict[str, NtStatus] = {
    "EACCES": NtStatus.ACCESS_DENIED,
    "EBADF": NtStatus.INVALID_HANDLE,
    "EBUSY": NtStatus.SHARING_VIOLATION,
    "ECANCELED": NtStatus.CANCELLED,
    "EDQUOT": NtStatus.DISK_FULL,
    "EEXIST": NtStatus.OBJECT_NAME_COLLISION,
    "EFBIG": NtStatus.DISK_FULL,
    "EILSEQ": NtStatus.OBJECT_NAME_INVALID,
    "EINVAL": NtStatus.INVALID_PARAMETER,
    "EISDIR": NtStatus.FILE_IS_A_DIRECTORY,
    "ELOOP": NtStatus.ACCESS_DENIED,
    "EMFILE": NtStatus.TOO_MANY_OPENED_FILES,
    "ENAMETOOLONG": NtStatus.OBJECT_NAME_INVALID,
    "ENFILE": NtStatus.TOO_MANY_OPENED_FILES,
    "ENODEV": NtStatus.DEVICE_NOT_READY,
    # Windows makes the same of it as of OBJECT_NAME_NOT_FOUND, which to xrdp 0.9.21 is an input/output error.
    "ENOENT": NtStatus.NO_SUCH_FILE,
    "ENOMEM": NtStatus.INSUFFICIENT_RESOURCES,
    "ENOSPC": NtStatus.DISK_FULL,
    "ENOSYS": NtStatus.NOT_SUPPORTED,
    "ENOTDIR": NtStatus.NOT_A_DIRECTORY,
    "ENOTEMPTY": NtStatus.DIRECTORY_NOT_EMPTY,
    "ENOTSUP": NtStatus.NOT_SUPPORTED,
    "ENXIO": NtStatus.DEVICE_NOT_READY,
    "EOPNOTSUPP": NtStatus.NOT_SUPPORTED,
    "EPERM": NtStatus.ACCESS_DENIED,
    "EROFS": NtStatus.MEDIA_WRITE_PROTECTED,
    "ETXTBSY": NtStatus.SHARING_VIOLATION,
    "EXDEV": NtStatus.NOT_SAME_DEVICE,
}
# Not every system has all of them.
_BY_NUMBER: dict[int, NtStatus] = {
    getattr(errno, name): status for name, status in _STATUS.items() if hasattr(errno, name)
}
_BY_CLASS: dict[type[OSError], NtStatus] = {
    FileNotFoundError: NtStatus.NO_SUCH_FILE,
    FileExistsError: NtStatus.OBJECT_NAME_COLLISION,
    PermissionError: NtStatus.ACCESS_DENIED,
    IsADirectoryError: NtStatus.FILE_IS_A_DIRECTORY,
    NotADirectoryError: NtStatus.NOT_A_DIRECTORY,
}


def status_of_error(error: OSError) -> NtStatus:
    """The status that says what an `OSError` does; UNSUCCESSFUL where none does.

    An error without a number, as programs raise them (`FileNotFoundError("no such page")`), counts by its class.
    """
    if error.errno is not None:
        return _BY_NUMBER.get(error.errno, NtStatus.UNSUCCESSFUL)
    for cls, status in _BY_CLASS.items():
        if isinstance(error, cls):
            return status
    return NtStatus.UNSUCCESSFUL
