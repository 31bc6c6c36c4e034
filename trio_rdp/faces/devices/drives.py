"""`Drive`: a file system that is lent to a server.

drive = session.devices.add_drive("share", DirectoryFileSystem("/home/ada/share", read_only=True))
await drive.wait_accepted()
...
drive.remove()
"""

from __future__ import annotations

from dataclasses import dataclass

from trio_rdp.channels.rdpdr.devices import DeviceType, drive_data
from trio_rdp.faces.devices.device import Device, short_name
from trio_rdp.faces.devices.drive_service import DriveService
from trio_rdp.faces.devices.file_systems import FileSystem
from trio_rdp.protocol.limits import Limits

__all__ = ["Drive", "DriveStatistics"]


@dataclass(frozen=True, slots=True)
class DriveStatistics:
    """What a server has open: files and directories, the most there ever were, and the bound of `Limits`.

    `read` and `written` are bytes.
    """

    open_files: int
    peak_open_files: int
    open_file_limit: int
    read: int
    written: int


class Drive(Device):
    """A drive; servers of Windows show it as `\\\\tsclient\\name`."""

    def __init__(self, name: str, file_system: FileSystem, limits: Limits) -> None:
        super().__init__(name)
        self.file_system: FileSystem = file_system
        self._limits = limits
        self._service: DriveService | None = None

    def statistics(self) -> DriveStatistics:
        """What the server has open, and how much it has read and written since it began."""
        service = self._service
        if service is None:
            return DriveStatistics(0, 0, self._limits.open_files, 0, 0)
        return DriveStatistics(
            service.open_files, service.peak_open_files, self._limits.open_files, service.read, service.written
        )

    def _announcement(self) -> tuple[DeviceType, str, bytes]:
        return DeviceType.FILE_SYSTEM, short_name(self.name), drive_data(self.name)

    def _serve(self) -> DriveService:
        self._service = DriveService(self.file_system, self.file_system.label or self.name, self._limits)
        return self._service
