"""A client with a drive in memory, a printer and a card reader, as tests of a server's devices need it: few lines, and
faults that a test chooses.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import trio

from trio_rdp.channels import rdpdr
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.faces.remote_devices.devices import RemoteDevices
from trio_rdp.faces.remote_devices.drives import RemoteDrive
from trio_rdp.protocol.limits import Limits
from trio_rdp.testing import channel_pair

__all__ = ["CARDS", "DRIVE", "PRINTER", "DeviceClient", "open_devices", "open_drive"]

DRIVE = rdpdr.DeviceAnnounce(
    device_type=rdpdr.DeviceType.FILE_SYSTEM,
    device_id=1,
    preferred_dos_name="share",
    device_data=rdpdr.drive_data("share"),
)
PRINTER = rdpdr.DeviceAnnounce(
    device_type=rdpdr.DeviceType.PRINT,
    device_id=2,
    preferred_dos_name="PRN2",
    device_data=rdpdr.PrinterDeviceData(
        flags=rdpdr.PrinterFlags.DEFAULT_PRINTER | rdpdr.PrinterFlags.XPS_FORMAT,
        driver_name="MS Publisher Imagesetter",
        printer_name="paper",
        cached_printer_config_data=b"landscape",
    ).encode(),
)
CARDS = rdpdr.DeviceAnnounce(
    device_type=rdpdr.DeviceType.SMART_CARD, device_id=3, preferred_dos_name="SCARD", device_data=b""
)
TIME = 133_000_000_000_000_000
Status = rdpdr.NtStatus


class DeviceClient:
    """Answers a server, message by message; `files` are the contents of paths, None for a directory."""

    def __init__(
        self,
        *devices: rdpdr.DeviceAnnounce,
        may_overlap: bool = True,
        version_minor: int = 12,
        knows_log_on: bool = True,
    ) -> None:
        self.devices = list(devices)
        self.files: dict[str, bytearray | None] = {"\\": None}
        self.heard: list[rdpdr.RdpdrMessage] = []
        self.opened: dict[int, str] = {}
        self.closed: list[str] = []
        self.jobs: list[bytearray] = []
        self.most_at_once = 0
        self.piece: int | None = None
        """How many bytes are read or written at most at a time."""
        self.hold: Callable[[rdpdr.RdpdrMessage], bool] = lambda _: False
        """Which requests are not answered, until `release`."""
        self.refuse: dict[type, rdpdr.NtStatus] = {}
        self.replaces_anyway = False
        self.refuses_afterwards = False
        self._held: list[bytes] = []
        self._may_overlap = may_overlap
        self._minor = version_minor
        self._knows_log_on = knows_log_on
        self._deleting: set[int] = set()
        self._listings: dict[int, deque[str]] = {}
        self._watches: list[rdpdr.NotifyChangeDirectoryRequest] = []
        self._next = 10

    async def run(self, channel: MessageChannel) -> None:
        """Answer until the channel ends."""
        self.channel = channel
        while True:
            try:
                messages = [await channel.receive()]
            except (trio.EndOfChannel, trio.ClosedResourceError):
                return
            while True:
                try:
                    messages.append(channel.receive_nowait())
                except (trio.WouldBlock, trio.EndOfChannel, trio.ClosedResourceError):
                    break
            decoded = [rdpdr.decode_rdpdr(message, from_server=True) for message in messages]
            transfers = [message for message in decoded if isinstance(message, rdpdr.ReadRequest | rdpdr.WriteRequest)]
            self.most_at_once = max(self.most_at_once, len(transfers))
            for message in messages:
                for answer in self.answer(message):
                    await channel.send(answer)

    def answer(self, data: bytes) -> list[bytes]:
        """What the client says to a message."""
        message = rdpdr.decode_rdpdr(data, from_server=True)
        self.heard.append(message)
        match message:
            case rdpdr.ServerAnnounce():
                return [
                    rdpdr.ClientAnnounceReply(version_minor=self._minor, client_id=message.client_id).encode(),
                    rdpdr.ClientName(computer_name="desk").encode(),
                ]
            case rdpdr.CoreCapabilityRequest():
                return [rdpdr.CoreCapabilityResponse(capability_message=[self._general()]).encode()]
            case rdpdr.ServerClientIdConfirm() if not self._knows_log_on:
                return [self.announcement()]
            case rdpdr.UserLoggedOn():
                return [self.announcement()]
            case rdpdr.DeviceIoRequest():
                answers = [answer.encode() for answer in self._answers(message)]
                if self.hold(message):
                    self._held += answers
                    return []
                return answers
        return []

    async def release(self) -> None:
        """Answer what was held back, and hold nothing back any more."""
        self.hold = lambda _: False
        held, self._held = self._held, []
        for answer in held:
            await self.channel.send(answer)

    def content(self, path: str) -> bytes:
        """What is in a file."""
        found = self.files[path]
        assert found is not None
        return bytes(found)

    def announcement(self) -> bytes:
        """The message that announces all devices."""
        return rdpdr.DeviceListAnnounce(device_list=self.devices).encode()

    def _general(self) -> rdpdr.GeneralCapabilitySet:
        extended = rdpdr.ExtendedPdu.DEVICE_REMOVE
        return rdpdr.GeneralCapabilitySet(
            protocol_minor_version=self._minor,
            extended_pdu=extended | rdpdr.ExtendedPdu.USER_LOGGED_ON if self._knows_log_on else extended,
            extra_flags1=rdpdr.ExtraFlags1.ENABLE_ASYNCIO if self._may_overlap else rdpdr.ExtraFlags1(0),
        )

    def _answers(self, request: rdpdr.DeviceIoRequest) -> list[rdpdr.DeviceIoResponse]:
        head: dict[str, Any] = {"device_id": request.device_id, "completion_id": request.completion_id}
        status = self.refuse.get(type(request))
        if status is not None:
            return [_only(status, request)]
        match request:
            case rdpdr.CreateRequest():
                return [self._create(request)]
            case rdpdr.CloseRequest():
                return self._close(request)
            case rdpdr.ReadRequest():
                content = self.files[self.opened[request.file_id]] or b""
                size = min(request.length, self.piece or request.length)
                data = bytes(content[request.offset : request.offset + size])
                return [rdpdr.ReadResponse(**head, read_data=data)]
            case rdpdr.WriteRequest():
                return [rdpdr.WriteResponse(**head, length=self._write(request))]
            case rdpdr.ControlRequest():
                reply = request.io_control_code.to_bytes(4, "little") + request.input_buffer
                return [rdpdr.ControlResponse(**head, output_buffer=reply)]
            case rdpdr.QueryInformationRequest():
                return [rdpdr.QueryInformationResponse(**head, buffer=self._information(request))]
            case rdpdr.QueryVolumeInformationRequest():
                return [rdpdr.QueryVolumeInformationResponse(**head, buffer=_volume(request))]
            case rdpdr.SetInformationRequest():
                return [_only(self._set(request), request)]
            case rdpdr.QueryDirectoryRequest():
                return [self._list(request)]
            case rdpdr.NotifyChangeDirectoryRequest():
                self._watches.append(request)
                return []
        return [_only(Status.NOT_SUPPORTED, request)]

    def _create(self, request: rdpdr.CreateRequest) -> rdpdr.DeviceIoResponse:
        path = request.path
        if request.device_id == DRIVE.device_id:
            status = self._make(request)
            if status:
                return _only(status, request)
        if request.device_id == PRINTER.device_id:
            self.jobs.append(bytearray())
        self._next += 1
        self.opened[self._next] = path
        return rdpdr.CreateResponse(
            device_id=request.device_id, completion_id=request.completion_id, file_id=self._next
        )

    def _make(self, request: rdpdr.CreateRequest) -> rdpdr.NtStatus:
        path, options = request.path, request.create_options
        wants_directory = rdpdr.CreateOptions.DIRECTORY_FILE in options
        disposition = request.create_disposition
        parent = path.rpartition("\\")[0] or "\\"
        if self.files.get(parent, b"") is not None:
            return Status.OBJECT_PATH_NOT_FOUND
        if path in self.files:
            is_directory = self.files[path] is None
            if disposition == rdpdr.CreateDisposition.CREATE:
                return Status.OBJECT_NAME_COLLISION
            if wants_directory and not is_directory:
                return Status.NOT_A_DIRECTORY
            if rdpdr.CreateOptions.NON_DIRECTORY_FILE in options and is_directory:
                return Status.FILE_IS_A_DIRECTORY
            if disposition == rdpdr.CreateDisposition.OVERWRITE_IF:
                self.files[path] = bytearray()
        elif disposition == rdpdr.CreateDisposition.OPEN:
            return Status.OBJECT_NAME_NOT_FOUND
        else:
            self.files[path] = None if wants_directory else bytearray()
        return Status.SUCCESS

    def _close(self, request: rdpdr.CloseRequest) -> list[rdpdr.DeviceIoResponse]:
        path = self.opened.pop(request.file_id)
        self.closed.append(path)
        answers = [_only(Status.CANCELLED, watch) for watch in self._watches if watch.file_id == request.file_id]
        self._watches = [watch for watch in self._watches if watch.file_id != request.file_id]
        if request.file_id in self._deleting:
            if any(other.startswith(path + "\\") for other in self.files):
                return [*answers, _only(Status.DIRECTORY_NOT_EMPTY, request)]
            del self.files[path]
        return [*answers, _only(Status.SUCCESS, request)]

    def _write(self, request: rdpdr.WriteRequest) -> int:
        data = request.write_data[: self.piece]
        if request.device_id == PRINTER.device_id:
            self.jobs[-1] += data
            return len(data)
        content = self.files[self.opened[request.file_id]]
        assert content is not None
        content += bytes(max(0, request.offset - len(content)))
        content[request.offset : request.offset + len(data)] = data
        return len(data)

    def _information(self, request: rdpdr.QueryInformationRequest) -> bytes:
        content = self.files[self.opened[request.file_id]]
        if request.fs_information_class == rdpdr.FileInformationClass.STANDARD:
            size = len(content or b"")
            return rdpdr.FileStandardInformation(
                allocation_size=-(-size // 4096) * 4096, end_of_file=size, directory=content is None
            ).encode()
        kind = rdpdr.FileAttributes.DIRECTORY if content is None else rdpdr.FileAttributes.READONLY
        return rdpdr.FileBasicInformation(
            creation_time=TIME, last_access_time=0, last_write_time=TIME, change_time=-1, file_attributes=kind
        ).encode()

    def _set(self, request: rdpdr.SetInformationRequest) -> rdpdr.NtStatus:
        path = self.opened[request.file_id]
        found = rdpdr.decode_file_information(request.fs_information_class, request.set_buffer)
        match found:
            case rdpdr.FileEndOfFileInformation():
                content = self.files[path]
                assert content is not None
                del content[found.end_of_file :]
                content += bytes(found.end_of_file - len(content))
            case rdpdr.FileRenameInformation():
                if found.file_name in self.files and not (found.replace_if_exists or self.replaces_anyway):
                    return Status.OBJECT_NAME_COLLISION
                self.files[found.file_name] = self.files.pop(path)
                self.opened[request.file_id] = found.file_name
                if self.refuses_afterwards:
                    return Status.DIRECTORY_NOT_EMPTY
            case rdpdr.FileDispositionInformation():
                self._deleting.add(request.file_id)
        return Status.SUCCESS

    def _list(self, request: rdpdr.QueryDirectoryRequest) -> rdpdr.DeviceIoResponse:
        if request.initial_query:
            parent = request.path.rpartition("\\")[0] + "\\"
            inside = [path.removeprefix(parent) for path in self.files if path.startswith(parent)]
            names = [".", "..", *(name for name in inside if name and "\\" not in name)]
            self._listings[request.file_id] = deque(names)
        names_left = self._listings[request.file_id]
        if not names_left:
            return _only(Status.NO_MORE_FILES, request)
        name = names_left.popleft()
        directory = self.opened[request.file_id].rstrip("\\")
        content = None if name in (".", "..") else self.files[f"{directory}\\{name}"]
        entry = rdpdr.FileBothDirectoryInformation(
            creation_time=TIME,
            last_access_time=TIME,
            last_write_time=TIME,
            change_time=TIME,
            end_of_file=len(content or b""),
            allocation_size=0,
            file_attributes=rdpdr.FileAttributes.DIRECTORY if content is None else rdpdr.FileAttributes.NORMAL,
            file_name=name,
        )
        return rdpdr.QueryDirectoryResponse(
            device_id=request.device_id, completion_id=request.completion_id, buffer=entry.encode()
        )

    async def notify(
        self, *changes: rdpdr.FileNotifyInformation, status: rdpdr.NtStatus = rdpdr.NtStatus.SUCCESS
    ) -> None:
        """Tell the oldest watch of changes."""
        watch = self._watches.pop(0)
        await self.channel.send(
            rdpdr.NotifyChangeDirectoryResponse(
                device_id=watch.device_id,
                completion_id=watch.completion_id,
                io_status=status,
                buffer=rdpdr.encode_changes(list(changes)),
            ).encode()
        )


def _only(status: rdpdr.NtStatus, request: rdpdr.DeviceIoRequest) -> rdpdr.DeviceIoResponse:
    response = rdpdr.UnmatchedResponse(
        device_id=request.device_id, completion_id=request.completion_id, io_status=status, parameters=bytes(5)
    )
    return rdpdr.decode_answer(response, request)


def _volume(request: rdpdr.QueryVolumeInformationRequest) -> bytes:
    match request.fs_information_class:
        case rdpdr.VolumeInformationClass.VOLUME:
            return rdpdr.FileFsVolumeInformation(
                volume_creation_time=TIME, volume_serial_number=7, volume_label="data"
            ).encode()
        case rdpdr.VolumeInformationClass.ATTRIBUTE:
            return rdpdr.FileFsAttributeInformation(
                file_system_attributes=rdpdr.FileSystemAttributes.UNICODE_ON_DISK,
                maximum_component_name_length=255,
                file_system_name="memfs",
            ).encode()
    return rdpdr.FileFsFullSizeInformation(
        total_allocation_units=1000,
        caller_available_allocation_units=400,
        actual_available_allocation_units=500,
        sectors_per_allocation_unit=8,
        bytes_per_sector=512,
    ).encode()


@asynccontextmanager
async def open_devices(client: DeviceClient, limits: Limits | None = None) -> AsyncIterator[RemoteDevices]:
    """A server's devices whose client is this one."""
    devices = RemoteDevices(limits or Limits())
    ours, theirs = channel_pair("rdpdr", messages=256)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(devices.run, ours)
        nursery.start_soon(client.run, theirs)
        yield devices
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def open_drive(client: DeviceClient, limits: Limits | None = None) -> AsyncIterator[RemoteDrive]:
    """The drive of a client that has one."""
    if DRIVE not in client.devices:
        client.devices.append(replace(DRIVE))
    async with open_devices(client, limits) as devices:
        yield await devices.wait_drive()
