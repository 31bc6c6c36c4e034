"""What a drive answers: every request of [MS-RDPEFS] 2.2.3.3, over files in memory and in a directory."""

from __future__ import annotations

import errno
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing

from tests.device_link import ServerEnd, linked
from trio_rdp.channels import rdpdr
from trio_rdp.channels.rdpdr.file_times import filetime_from_ns
from trio_rdp.channels.rdpdr.header import NtStatus
from trio_rdp.faces.devices.directory_files import DirectoryFileSystem
from trio_rdp.faces.devices.drives import Drive
from trio_rdp.faces.devices.file_systems import FileSystem
from trio_rdp.faces.devices.memory_files import MemoryFileSystem
from trio_rdp.protocol.limits import Limits

D = rdpdr.CreateDisposition
O = rdpdr.CreateOptions  # noqa: E741
A = rdpdr.DesiredAccess
F = rdpdr.FileInformationClass
V = rdpdr.VolumeInformationClass
OK = NtStatus.SUCCESS

FILES = {"Hello.txt": b"hello", "dir/a.txt": b"a", "dir/sub/b.txt": b"bb", "empty": b""}


def memory(**options: Any) -> MemoryFileSystem:
    return MemoryFileSystem(FILES, **options)


@pytest.fixture(params=["memory", "directory"])
async def file_system(request: pytest.FixtureRequest, tmp_path: Path) -> FileSystem:
    if request.param == "memory":
        return memory()
    for path, data in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    return DirectoryFileSystem(tmp_path)


@pytest.fixture
async def server(file_system: FileSystem) -> AsyncIterator[ServerEnd]:
    async with linked(Drive("share", file_system, Limits())) as (_, end):
        yield end


async def content(file_system: FileSystem, path: str) -> bytes:
    handle = await file_system.open(path)
    data = await handle.read(0, 1 << 20)
    await handle.aclose()
    return data


async def test_reading(server: ServerEnd) -> None:
    file = await server.open("\\HELLO.txt", access=A.GENERIC_READ)
    assert (await server.read(file, 3)).read_data == b"hel"
    assert (await server.read(file, 100, 3)).read_data == b"lo"
    assert (await server.read(file, 0)).read_data == b""
    assert (await server.read(file, 1, 5)).io_status == NtStatus.END_OF_FILE
    assert (await server.read(file, 1, 1 << 63)).io_status == NtStatus.INVALID_PARAMETER
    assert (await server.write(file, b"x")).io_status == NtStatus.ACCESS_DENIED
    assert await server.close(file) == OK
    assert (await server.read(file, 3)).io_status == NtStatus.UNSUCCESSFUL
    assert await server.close(file) == NtStatus.UNSUCCESSFUL


async def test_writing(server: ServerEnd, file_system: FileSystem) -> None:
    file = await server.open("\\new.txt", D.CREATE)
    assert (await server.write(file, b"world")).length == 5
    assert (await server.write(file, b"W", 7)).length == 1
    assert (await server.write(file, b"!", rdpdr.APPEND)).length == 1
    assert (await server.write(file, b"")).length == 0
    assert (await server.write(file, b"x", (1 << 63) - 1)).io_status == NtStatus.INVALID_PARAMETER
    assert await server.close(file) == OK
    assert await content(file_system, "new.txt") == b"world\0\0W!"


@pytest.mark.parametrize(
    ("disposition", "there", "status", "information", "after"),
    [
        (D.SUPERSEDE, True, OK, 0, b""),
        (D.SUPERSEDE, False, OK, 0, b""),
        (D.OPEN, True, OK, 0, b"hello"),
        (D.OPEN, False, NtStatus.NO_SUCH_FILE, 0, None),
        (D.CREATE, True, NtStatus.OBJECT_NAME_COLLISION, 0, b"hello"),
        (D.CREATE, False, OK, 0, b""),
        (D.OPEN_IF, True, OK, 1, b"hello"),
        (D.OPEN_IF, False, OK, 1, b""),
        (D.OVERWRITE, True, OK, 0, b""),
        (D.OVERWRITE, False, NtStatus.NO_SUCH_FILE, 0, None),
        (D.OVERWRITE_IF, True, OK, 3, b""),
        (D.OVERWRITE_IF, False, OK, 3, b""),
        (D(9), True, NtStatus.INVALID_PARAMETER, 0, b"hello"),
    ],
)
async def test_dispositions(
    server: ServerEnd,
    file_system: FileSystem,
    disposition: rdpdr.CreateDisposition,
    there: bool,
    status: NtStatus,
    information: int,
    after: bytes | None,
) -> None:
    name = "Hello.txt" if there else "nothing.txt"
    answer = await server.create(f"\\{name}", disposition)
    assert (answer.io_status, answer.information) == (status, information)
    if after is not None:
        assert await content(file_system, name) == after
    else:
        with pytest.raises(FileNotFoundError):
            await file_system.stat(name)


@pytest.mark.parametrize(
    ("path", "disposition", "options", "status"),
    [
        ("\\dir", D.OPEN, 0, OK),
        ("", D.OPEN, O.DIRECTORY_FILE, OK),
        ("\\dir", D.OPEN, O.NON_DIRECTORY_FILE, NtStatus.FILE_IS_A_DIRECTORY),
        ("\\Hello.txt", D.OPEN, O.DIRECTORY_FILE, NtStatus.NOT_A_DIRECTORY),
        ("\\Hello.txt", D.OPEN, O.DIRECTORY_FILE | O.NON_DIRECTORY_FILE, NtStatus.INVALID_PARAMETER),
        ("\\dir", D.OVERWRITE, 0, NtStatus.OBJECT_NAME_COLLISION),
        ("\\dir", D.CREATE, O.DIRECTORY_FILE, NtStatus.OBJECT_NAME_COLLISION),
        ("\\made", D.CREATE, O.DIRECTORY_FILE, OK),
        ("\\made", D.OPEN_IF, O.DIRECTORY_FILE, OK),
        ("\\nowhere\\x", D.OPEN, 0, NtStatus.OBJECT_PATH_NOT_FOUND),
        ("\\nowhere\\x", D.CREATE, 0, NtStatus.OBJECT_PATH_NOT_FOUND),
        ("\\nowhere\\x", D.CREATE, O.DIRECTORY_FILE, NtStatus.OBJECT_PATH_NOT_FOUND),
        ("\\Hello.txt\\x", D.OPEN, 0, NtStatus.OBJECT_PATH_NOT_FOUND),
        ("\\..\\x", D.OPEN, 0, NtStatus.OBJECT_NAME_INVALID),
        ("\\a:b", D.CREATE, 0, NtStatus.OBJECT_NAME_INVALID),
        ("\\NUL", D.OPEN, 0, NtStatus.ACCESS_DENIED),
        ("\\Hello.txt", D.OPEN, O.OPEN_BY_FILE_ID, NtStatus.NOT_SUPPORTED),
        ("", D.OPEN, O.DELETE_ON_CLOSE, NtStatus.ACCESS_DENIED),
    ],
)
async def test_what_can_be_opened(
    server: ServerEnd, path: str, disposition: rdpdr.CreateDisposition, options: int, status: NtStatus
) -> None:
    assert (await server.create(path, disposition, options)).io_status == status


async def test_a_new_file_may_be_read_only_and_is_written_all_the_same(
    server: ServerEnd, file_system: FileSystem
) -> None:
    file = await server.open("\\new", D.CREATE, attributes=rdpdr.FileAttributes.READONLY)
    assert (await server.write(file, b"x")).io_status == OK
    await server.close(file)
    assert (await file_system.stat("new")).is_read_only


async def test_as_much_as_is_allowed(server: ServerEnd) -> None:
    file = await server.open("\\Hello.txt", access=A.MAXIMUM_ALLOWED)
    assert (await server.write(file, b"J")).io_status == OK
    assert (await server.read(file, 5)).read_data == b"Jello"


async def test_as_much_as_is_allowed_may_be_little() -> None:
    files = memory()
    await files.set_status("Hello.txt", is_read_only=True)
    async with linked(Drive("share", files, Limits())) as (_, server):
        file = await server.open("\\Hello.txt", access=A.MAXIMUM_ALLOWED)
        assert (await server.write(file, b"J")).io_status == NtStatus.ACCESS_DENIED
        assert (await server.read(file, 5)).read_data == b"hello"


async def test_for_attributes_only(server: ServerEnd) -> None:
    file = await server.open("\\Hello.txt", access=A.READ_ATTRIBUTES)
    assert (await server.information(file, F.STANDARD)).end_of_file == 5
    assert (await server.read(file, 5)).read_data == b"hello"  # some servers ask for more than they said
    assert (await server.write(file, b"x")).io_status == NtStatus.ACCESS_DENIED
    directory = await server.open("\\dir")
    assert (await server.read(directory, 5)).io_status == NtStatus.FILE_IS_A_DIRECTORY


async def test_deleting_on_close(server: ServerEnd, file_system: FileSystem) -> None:
    file = await server.open("\\Hello.txt", options=O.DELETE_ON_CLOSE)
    assert (await file_system.stat("Hello.txt")).size == 5
    assert await server.close(file) == OK
    with pytest.raises(FileNotFoundError):
        await file_system.stat("Hello.txt")
    directory = await server.open("\\dir", options=O.DELETE_ON_CLOSE | O.DIRECTORY_FILE)
    assert await server.close(directory) == NtStatus.DIRECTORY_NOT_EMPTY
    await server.open("\\made", D.CREATE, O.DIRECTORY_FILE | O.DELETE_ON_CLOSE)
    assert (await file_system.stat("made")).is_directory


async def test_deleting_by_disposition(server: ServerEnd, file_system: FileSystem) -> None:
    first, second = await server.open("\\Hello.txt"), await server.open("\\hello.TXT")
    assert await server.set(first, F.DISPOSITION, rdpdr.FileDispositionInformation()) == OK
    assert (await server.information(second, F.STANDARD)).delete_pending
    assert (await server.create("\\Hello.txt")).io_status == NtStatus.DELETE_PENDING
    await server.set(first, F.DISPOSITION, rdpdr.FileDispositionInformation(delete_pending=False))
    assert not (await server.information(second, F.STANDARD)).delete_pending
    await server.set(first, F.DISPOSITION, rdpdr.FileDispositionInformation())
    # Gone at once, though it is open elsewhere: there it can still be read.
    assert await server.close(first) == OK
    with pytest.raises(FileNotFoundError):
        await file_system.stat("Hello.txt")
    assert (await server.read(second, 5)).read_data == b"hello"
    assert await server.close(second) == OK
    directory = await server.open("\\dir")
    refused = await server.set(directory, F.DISPOSITION, rdpdr.FileDispositionInformation())
    assert refused == NtStatus.DIRECTORY_NOT_EMPTY
    root = await server.open("")
    assert await server.set(root, F.DISPOSITION, rdpdr.FileDispositionInformation()) == NtStatus.ACCESS_DENIED
    await file_system.set_status("empty", is_read_only=True)
    file = await server.open("\\empty", access=A.DELETE)
    assert await server.set(file, F.DISPOSITION, rdpdr.FileDispositionInformation()) == NtStatus.CANNOT_DELETE


async def test_renaming(server: ServerEnd, file_system: FileSystem) -> None:
    file = await server.open("\\Hello.txt")
    inner = await server.open("\\dir\\sub\\b.txt")
    to = rdpdr.FileRenameInformation
    assert await server.set(file, F.RENAME, to(file_name="\\dir\\A.txt")) == NtStatus.OBJECT_NAME_COLLISION
    assert await server.set(file, F.RENAME, to(file_name="\\nowhere\\x")) == NtStatus.OBJECT_PATH_NOT_FOUND
    assert await server.set(file, F.RENAME, to(file_name="\\..\\x")) == NtStatus.OBJECT_NAME_INVALID
    assert await server.set(file, F.RENAME, to(file_name="\\")) == NtStatus.OBJECT_NAME_INVALID
    replaced = to(file_name="\\dir\\A.txt", replace_if_exists=True)
    assert await server.set(file, F.RENAME, replaced) == OK
    assert await content(file_system, "dir/a.txt") == b"hello"
    assert (await server.information(file, F.STANDARD)).end_of_file == 5
    directory = await server.open("\\dir")
    assert await server.set(directory, F.RENAME, to(file_name="\\moved")) == OK
    for open_file in (file, inner, directory):
        assert not isinstance(await server.information(open_file, F.BASIC), NtStatus)
    assert (await server.read(inner, 5)).read_data == b"bb"
    other = rdpdr.FileRenameInformation(file_name="\\moved", replace_if_exists=True)
    assert await server.set(file, F.RENAME, other) == NtStatus.ACCESS_DENIED


async def test_basic_information(server: ServerEnd) -> None:
    file = await server.open("\\Hello.txt")
    stamp = 1_600_000_000 * 10**9
    value = rdpdr.FileBasicInformation(
        creation_time=0,
        last_access_time=-1,
        last_write_time=filetime_from_ns(stamp),
        change_time=0,
        file_attributes=rdpdr.FileAttributes.READONLY,
    )
    before = await server.information(file, F.BASIC)
    assert await server.set(file, F.BASIC, value) == OK
    found = await server.information(file, F.BASIC)
    assert found.last_write_time == filetime_from_ns(stamp)
    assert found.last_access_time == before.last_access_time
    assert rdpdr.FileAttributes.READONLY in found.file_attributes
    value.file_attributes = rdpdr.FileAttributes.NORMAL
    await server.set(file, F.BASIC, value)
    assert rdpdr.FileAttributes.READONLY not in (await server.information(file, F.BASIC)).file_attributes
    nothing = rdpdr.FileBasicInformation(
        creation_time=0, last_access_time=0, last_write_time=0, change_time=0, file_attributes=rdpdr.FileAttributes(0)
    )
    assert await server.set(file, F.BASIC, nothing) == OK
    assert (await server.information(file, F.BASIC)).last_write_time == filetime_from_ns(stamp)


async def test_other_information(server: ServerEnd) -> None:
    file, directory = await server.open("\\dir\\sub\\b.txt"), await server.open("\\dir")
    standard = await server.information(file, F.STANDARD)
    assert (standard.end_of_file, standard.directory, standard.delete_pending) == (2, False, False)
    assert standard.allocation_size >= 2
    assert (await server.information(directory, F.STANDARD)).directory
    tag = await server.information(directory, F.ATTRIBUTE_TAG)
    assert (tag.file_attributes, tag.reparse_tag) == (rdpdr.FileAttributes.DIRECTORY, 0)
    assert await server.information(file, F(0x99)) == NtStatus.NOT_SUPPORTED
    assert await server.set(file, F.STANDARD, standard) == NtStatus.NOT_SUPPORTED
    short = rdpdr.FileEndOfFileInformation(end_of_file=1)
    answer = await server.ask(
        rdpdr.SetInformationRequest, file, fs_information_class=F.END_OF_FILE, set_buffer=short.encode()[:3]
    )
    assert answer.io_status == NtStatus.INVALID_PARAMETER


async def test_sizes(server: ServerEnd, file_system: FileSystem) -> None:
    file = await server.open("\\Hello.txt")
    assert await server.set(file, F.END_OF_FILE, rdpdr.FileEndOfFileInformation(end_of_file=7)) == OK
    assert await content(file_system, "Hello.txt") == b"hello\0\0"
    assert await server.set(file, F.ALLOCATION, rdpdr.FileAllocationInformation(allocation_size=4096)) == OK
    assert await server.set(file, F.ALLOCATION, rdpdr.FileAllocationInformation(allocation_size=4)) == OK
    assert await content(file_system, "Hello.txt") == b"hell"
    attributes = await server.open("\\Hello.txt", access=A.WRITE_ATTRIBUTES)
    assert await server.set(attributes, F.END_OF_FILE, rdpdr.FileEndOfFileInformation(end_of_file=2)) == OK
    assert await content(file_system, "Hello.txt") == b"he"
    huge = rdpdr.FileEndOfFileInformation(end_of_file=1 << 63)
    assert await server.set(file, F.END_OF_FILE, huge) == NtStatus.INVALID_PARAMETER
    directory = await server.open("\\dir")
    assert await server.set(directory, F.END_OF_FILE, huge) == NtStatus.INVALID_PARAMETER


async def test_volumes(server: ServerEnd) -> None:
    root = await server.open("")
    volume = await server.volume(root, V.VOLUME)
    assert volume.volume_label in ("memory", "share")
    assert volume.volume_serial_number
    size, full = await server.volume(root, V.SIZE), await server.volume(root, V.FULL_SIZE)
    assert size.total_allocation_units == full.total_allocation_units > 0
    assert size.bytes_per_sector * size.sectors_per_allocation_unit == 4096
    assert (await server.volume(root, V.DEVICE)).device_type == rdpdr.VolumeDeviceType.DISK
    assert (await server.volume(root, V.ATTRIBUTE)).maximum_component_name_length == 255
    assert await server.volume(root, V(0x55)) == NtStatus.NOT_SUPPORTED
    label = rdpdr.FileFsLabelInformation(volume_label="named")
    answer = await server.ask(rdpdr.SetVolumeInformationRequest, root, set_volume_buffer=label.encode())
    assert (answer.io_status, answer.length) == (OK, len(label.encode()))
    assert (await server.volume(root, V.LABEL)).volume_label == "named"
    answer = await server.ask(
        rdpdr.SetVolumeInformationRequest, root, fs_information_class=V.SIZE, set_volume_buffer=bytes(24)
    )
    assert answer.io_status == NtStatus.NOT_SUPPORTED


@pytest.mark.parametrize("kind", rdpdr.DirectoryInformationClass)
async def test_listing(server: ServerEnd, kind: rdpdr.DirectoryInformationClass) -> None:
    assert sorted(await server.list("\\*", kind)) == ["Hello.txt", "dir", "empty"]
    assert sorted(await server.list("\\dir\\*", kind)) == [".", "..", "a.txt", "sub"]
    assert await server.list("\\*.TXT", kind) == ["Hello.txt"]
    assert await server.list("\\nothing*", kind) == []


async def test_listing_out_of_order(server: ServerEnd) -> None:
    root = await server.open("")
    fields: dict[str, Any] = {"fs_information_class": rdpdr.DirectoryInformationClass.NAMES}
    answer = await server.ask(rdpdr.QueryDirectoryRequest, root, initial_query=False, **fields)
    assert answer.io_status == NtStatus.NO_MORE_FILES
    answer = await server.ask(rdpdr.QueryDirectoryRequest, root, initial_query=True, path="\\nowhere\\*", **fields)
    assert answer.io_status == NtStatus.NO_SUCH_FILE
    fields["fs_information_class"] = rdpdr.DirectoryInformationClass(0x77)
    answer = await server.ask(rdpdr.QueryDirectoryRequest, root, initial_query=True, path="\\*", **fields)
    assert answer.io_status == NtStatus.NOT_SUPPORTED


async def test_locks(server: ServerEnd) -> None:
    first, second = await server.open("\\Hello.txt"), await server.open("\\Hello.txt")
    region = [rdpdr.LockInfo(offset=0, length=3)]

    async def lock(file: int, operation: rdpdr.LockOperation, **fields: Any) -> NtStatus:
        answer = await server.ask(rdpdr.LockControlRequest, file, operation=operation, locks=region, **fields)
        status: NtStatus = answer.io_status
        return status

    op = rdpdr.LockOperation
    assert await lock(first, op.EXCLUSIVE_LOCK) == OK
    assert await lock(second, op.SHARED_LOCK) == NtStatus.LOCK_NOT_GRANTED
    assert (await server.read(second, 5)).io_status == NtStatus.FILE_LOCK_CONFLICT
    assert (await server.write(second, b"x", 2)).io_status == NtStatus.FILE_LOCK_CONFLICT
    assert (await server.read(second, 5, 3)).read_data == b"lo"
    assert (await server.read(first, 5)).read_data == b"hello"
    assert await lock(second, op.UNLOCK) == NtStatus.RANGE_NOT_LOCKED
    assert await lock(first, op.UNLOCK_MULTIPLE) == OK
    assert await lock(first, op.UNLOCK) == NtStatus.RANGE_NOT_LOCKED
    assert await lock(second, op(9)) == NtStatus.INVALID_PARAMETER
    assert await lock(await server.open("\\dir"), op.SHARED_LOCK) == NtStatus.INVALID_PARAMETER
    # A lock that is waited for comes when the other is gone, which need not be by unlocking.
    assert await lock(first, op.EXCLUSIVE_LOCK) == OK
    waiting = await server.send(rdpdr.LockControlRequest, second, operation=op.EXCLUSIVE_LOCK, f=True, locks=region)
    assert (await server.read(second, 5, 3)).read_data == b"lo"
    await server.send(rdpdr.CloseRequest, first)
    answers = {answer.completion_id: answer.io_status for answer in (await server.hear(), await server.hear())}
    assert answers == {waiting: OK, waiting + 2: OK}


async def test_closing_ends_what_waits(server: ServerEnd) -> None:
    first, second = await server.open("\\Hello.txt"), await server.open("\\Hello.txt")
    region = [rdpdr.LockInfo(offset=0, length=3)]
    exclusive = rdpdr.LockOperation.EXCLUSIVE_LOCK
    await server.ask(rdpdr.LockControlRequest, first, operation=exclusive, locks=region)
    waiting = await server.send(rdpdr.LockControlRequest, second, operation=exclusive, f=True, locks=region)
    await trio.testing.wait_all_tasks_blocked()
    closing = await server.send(rdpdr.CloseRequest, second)
    answers = {answer.completion_id: answer.io_status for answer in (await server.hear(), await server.hear())}
    assert answers == {waiting: NtStatus.CANCELLED, closing: OK}
    assert await server.close(first) == OK


async def test_control_codes(server: ServerEnd) -> None:
    file = await server.open("\\Hello.txt")

    async def control(code: int, data: bytes = b"", room: int = 100) -> Any:
        return await server.ask(
            rdpdr.ControlRequest, file, io_control_code=code, input_buffer=data, output_buffer_length=room
        )

    assert (await control(0x0009002C)).io_status == OK
    assert (await control(0x0009003C)).output_buffer == b"\0\0"
    assert (await control(0x000900A8)).io_status == NtStatus.INVALID_DEVICE_REQUEST
    ranges = await control(0x000940CF, struct.pack("<QQ", 1, 100))
    assert ranges.output_buffer == struct.pack("<QQ", 1, 4)
    assert (await control(0x000940CF, struct.pack("<QQ", 10, 100))).output_buffer == b""
    assert (await control(0x000940CF, bytes(3))).io_status == NtStatus.INVALID_PARAMETER
    assert (await control(0x000940CF, struct.pack("<QQ", 0, 9), 3)).io_status == NtStatus.BUFFER_TOO_SMALL


async def test_a_file_that_somebody_else_removes(server: ServerEnd, file_system: FileSystem) -> None:
    file = await server.open("\\Hello.txt")
    attributes = await server.open("\\Hello.txt", access=A.READ_ATTRIBUTES)
    await file_system.unlink("Hello.txt")
    assert (await server.information(file, F.STANDARD)).end_of_file == 5
    assert await server.information(attributes, F.STANDARD) == NtStatus.NO_SUCH_FILE


async def test_read_only() -> None:
    async with linked(Drive("share", memory(read_only=True), Limits())) as (_, server):
        protected = NtStatus.MEDIA_WRITE_PROTECTED
        assert (await server.create("\\Hello.txt")).io_status == protected
        assert (await server.create("\\new", D.CREATE)).io_status == protected
        assert (await server.create("\\Hello.txt", D.OVERWRITE)).io_status == protected
        assert (await server.create("\\new", D.CREATE, O.DIRECTORY_FILE)).io_status == protected
        assert (await server.create("\\Hello.txt", options=O.DELETE_ON_CLOSE)).io_status == protected
        file = await server.open("\\Hello.txt", access=A.MAXIMUM_ALLOWED)
        for kind, value in (
            (F.DISPOSITION, rdpdr.FileDispositionInformation()),
            (F.RENAME, rdpdr.FileRenameInformation(file_name="\\x")),
            (F.END_OF_FILE, rdpdr.FileEndOfFileInformation(end_of_file=0)),
        ):
            assert await server.set(file, kind, value) == protected
        root = await server.open("", access=A.GENERIC_READ)
        attributes = await server.volume(root, V.ATTRIBUTE)
        assert rdpdr.FileSystemAttributes.READ_ONLY_VOLUME in attributes.file_system_attributes
        assert (await server.volume(root, V.DEVICE)).characteristics == 2
        label = rdpdr.FileFsLabelInformation(volume_label="x").encode()
        answer = await server.ask(rdpdr.SetVolumeInformationRequest, root, set_volume_buffer=label)
        assert answer.io_status == protected


async def test_limits() -> None:
    limits = Limits(open_files=3, lent_entries=2, lent_transfer=4)
    drive = Drive("share", memory(), limits)
    async with linked(drive, limits=limits) as (_, server):
        file = await server.open("\\Hello.txt")
        assert (await server.read(file, 100)).read_data == b"hell"
        root = await server.open("")
        answer = await server.ask(
            rdpdr.QueryDirectoryRequest,
            root,
            fs_information_class=rdpdr.DirectoryInformationClass.NAMES,
            initial_query=True,
            path="\\*",
        )
        assert answer.io_status == NtStatus.INSUFFICIENT_RESOURCES
        await server.open("\\empty")
        # A directory makes room: xrdp never closes those that it makes.
        await server.open("\\empty")
        assert await server.close(root) == NtStatus.UNSUCCESSFUL
        assert (await server.create("\\empty")).io_status == NtStatus.TOO_MANY_OPENED_FILES
        assert (await server.create("\\dir")).io_status == NtStatus.TOO_MANY_OPENED_FILES
        statistics = drive.statistics()
        assert (statistics.open_files, statistics.peak_open_files, statistics.open_file_limit) == (3, 3, 3)
        assert statistics.read == 4


async def test_requests_of_one_file_are_done_in_their_order(server: ServerEnd) -> None:
    file = await server.open("\\Hello.txt")
    for number in range(20):
        await server.send(rdpdr.WriteRequest, file, write_data=bytes([65 + number]), offset=number)
    await server.send(rdpdr.ReadRequest, file, length=100)
    await server.send(rdpdr.CloseRequest, file)
    answers = [await server.hear() for _ in range(22)]
    assert answers[20].read_data == bytes(range(65, 85))
    assert [answer.completion_id for answer in answers] == sorted(answer.completion_id for answer in answers)


async def test_errors_of_a_system_have_their_status() -> None:
    class Full(MemoryFileSystem):
        async def mkdir(self, path: str) -> None:
            raise OSError(errno.ENOSPC, "full")

    async with linked(Drive("share", Full(), Limits())) as (_, server):
        assert (await server.create("\\d", D.CREATE, O.DIRECTORY_FILE)).io_status == NtStatus.DISK_FULL
