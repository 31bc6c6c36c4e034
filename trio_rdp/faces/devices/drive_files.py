"""`OpenFile`: a file or directory that a server has open on a drive."""

from __future__ import annotations

from dataclasses import dataclass, field

import trio

from trio_rdp.channels.rdpdr.header import NtStatus
from trio_rdp.faces.devices.file_systems import FileHandle, FileStatus, Watch

__all__ = ["OpenFile", "Refused"]


class Refused(Exception):
    """A request ends with this status."""

    def __init__(self, status: NtStatus) -> None:
        super().__init__(status.name)
        self.status = status


@dataclass(slots=True, eq=False)
class OpenFile:
    """A file or directory that the server has open."""

    id: int
    path: str
    is_directory: bool
    can_write: bool = False
    handle: FileHandle | None = None
    is_deleted_on_close: bool = False
    # What a directory query has not told yet, the last first; and the watch, once there was a request for it.
    entries: list[tuple[str, FileStatus]] = field(default_factory=list)
    watch: Watch | None = None
    is_watch_recursive: bool = False
    watching: trio.Lock = field(default_factory=trio.Lock)
    waits: set[trio.CancelScope] = field(default_factory=set)

    @property
    def key(self) -> str:
        return self.path.casefold()
