"""A server's end of device redirection for tests: it speaks by hand to the `Devices` of a client."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import trio
import trio.testing

from trio_rdp.channels import rdpdr
from trio_rdp.channels.rdpdr.header import NtStatus
from trio_rdp.faces.devices.device import Device
from trio_rdp.faces.devices.devices import Devices
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.protocol.limits import Limits
from trio_rdp.testing import channel_pair
from trio_rdp.wire.pdu import Pdu

__all__ = ["ServerEnd", "linked"]

SHARE_ALL = rdpdr.SharedAccess.READ | rdpdr.SharedAccess.WRITE | rdpdr.SharedAccess.DELETE


class ServerEnd:
    """What a server says, and what it hears."""

    def __init__(self, channel: MessageChannel) -> None:
        self.channel = channel
        self.completion_id = 0
        self.asked: dict[int, rdpdr.DeviceIoRequest] = {}

    async def tell(self, *pdus: Pdu) -> None:
        for pdu in pdus:
            await self.channel.send(pdu.encode())

    async def hear(self) -> Any:
        """The next message; answers are decoded as such."""
        with trio.fail_after(20):
            message = rdpdr.decode_rdpdr(await self.channel.receive(), from_server=False)
        if isinstance(message, rdpdr.UnmatchedResponse):
            return rdpdr.decode_answer(message, self.asked.pop(message.completion_id))
        return message

    async def begin(self, extended: int = 3) -> rdpdr.DeviceListAnnounce | None:
        """Exchange everything up to the devices; gives what is announced, if there is something."""
        general = rdpdr.GeneralCapabilitySet(protocol_minor_version=13, extended_pdu=rdpdr.ExtendedPdu(extended))
        await self.tell(rdpdr.ServerAnnounce(version_minor=13, client_id=1))
        assert isinstance(await self.hear(), rdpdr.ClientAnnounceReply)
        assert isinstance(await self.hear(), rdpdr.ClientName)
        await self.tell(rdpdr.CoreCapabilityRequest(capability_message=[general]))
        assert isinstance(await self.hear(), rdpdr.CoreCapabilityResponse)
        await self.tell(rdpdr.ServerClientIdConfirm(version_minor=13, client_id=1))
        with trio.move_on_after(0.05):
            announced = await self.hear()
            assert isinstance(announced, rdpdr.DeviceListAnnounce)
            await self.tell(*(rdpdr.DeviceAnnounceResponse(device_id=each.device_id) for each in announced.device_list))
            return announced
        return None

    async def send(self, kind: type[rdpdr.DeviceIoRequest], file_id: int = 0, device_id: int = 1, **fields: Any) -> int:
        """Ask something and do not wait; gives the completion id."""
        self.completion_id += 1
        request = kind(device_id=device_id, file_id=file_id, completion_id=self.completion_id, **fields)
        self.asked[self.completion_id] = request
        await self.tell(request)
        return self.completion_id

    async def ask(self, kind: type[rdpdr.DeviceIoRequest], file_id: int = 0, device_id: int = 1, **fields: Any) -> Any:
        """Ask something; gives the answer."""
        await self.send(kind, file_id, device_id, **fields)
        return await self.hear()

    # What a drive is asked.

    async def create(
        self,
        path: str,
        disposition: rdpdr.CreateDisposition = rdpdr.CreateDisposition.OPEN,
        options: int = 0,
        access: int = rdpdr.DesiredAccess.GENERIC_READ | rdpdr.DesiredAccess.GENERIC_WRITE,
        attributes: int = 0,
    ) -> Any:
        """The answer to opening something."""
        return await self.ask(
            rdpdr.CreateRequest,
            desired_access=rdpdr.DesiredAccess(access),
            shared_access=SHARE_ALL,
            create_disposition=disposition,
            create_options=rdpdr.CreateOptions(options),
            file_attributes=rdpdr.FileAttributes(attributes),
            path=path,
        )

    async def open(self, path: str, *args: Any, **fields: Any) -> int:
        """Open something that can be; gives its id."""
        found = await self.create(path, *args, **fields)
        assert found.io_status == NtStatus.SUCCESS, found.io_status
        file_id: int = found.file_id
        return file_id

    async def read(self, file_id: int, length: int, offset: int = 0) -> Any:
        return await self.ask(rdpdr.ReadRequest, file_id, length=length, offset=offset)

    async def write(self, file_id: int, data: bytes, offset: int = 0) -> Any:
        return await self.ask(rdpdr.WriteRequest, file_id, write_data=data, offset=offset)

    async def close(self, file_id: int) -> NtStatus:
        status: NtStatus = (await self.ask(rdpdr.CloseRequest, file_id)).io_status
        return status

    async def information(self, file_id: int, kind: rdpdr.FileInformationClass) -> Any:
        answer = await self.ask(rdpdr.QueryInformationRequest, file_id, fs_information_class=kind)
        return rdpdr.decode_file_information(kind, answer.buffer) if not answer.io_status else answer.io_status

    async def set(self, file_id: int, kind: rdpdr.FileInformationClass, value: Pdu) -> NtStatus:
        buffer = value.encode()
        answer = await self.ask(rdpdr.SetInformationRequest, file_id, fs_information_class=kind, set_buffer=buffer)
        status: NtStatus = answer.io_status
        return status

    async def volume(self, file_id: int, kind: rdpdr.VolumeInformationClass) -> Any:
        answer = await self.ask(rdpdr.QueryVolumeInformationRequest, file_id, fs_information_class=kind)
        return rdpdr.decode_volume_information(kind, answer.buffer) if not answer.io_status else answer.io_status

    async def list(
        self, path: str, kind: rdpdr.DirectoryInformationClass = rdpdr.DirectoryInformationClass.BOTH_DIRECTORY
    ) -> list[str]:
        """The names that a pattern finds, by as many requests."""
        directory = await self.open(path.rpartition("\\")[0], options=rdpdr.CreateOptions.DIRECTORY_FILE)
        names = []
        initial = True
        while True:
            answer = await self.ask(
                rdpdr.QueryDirectoryRequest,
                directory,
                fs_information_class=kind,
                initial_query=initial,
                path=path if initial else "",
            )
            if answer.io_status:
                assert answer.io_status == (NtStatus.NO_SUCH_FILE if initial else NtStatus.NO_MORE_FILES)
                break
            entry = rdpdr.decode_directory_information(kind, answer.buffer)
            assert not isinstance(entry, rdpdr.UnknownInformation)
            names.append(entry.file_name)
            initial = False
        await self.close(directory)
        return names


@contextlib.asynccontextmanager
async def linked(*lent: Device, limits: Limits | None = None) -> AsyncIterator[tuple[Devices, ServerEnd]]:
    """A client's devices and a server that knows them."""
    devices = Devices(limits or Limits(), client_name="tests")
    for device in lent:
        devices.add(device)
    ours, theirs = channel_pair("rdpdr")
    server = ServerEnd(theirs)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(devices.run, ours)
        if lent:
            assert await server.begin() is not None
            await trio.testing.wait_all_tasks_blocked()
        yield devices, server
        await theirs.aclose()
