"""`RemoteFile`: positions, pieces, several requests at once, and calls that are cancelled."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Awaitable, Callable

import pytest
import trio
import trio.testing

from tests.device_client import DeviceClient, open_drive
from tests.robustness.test_cancel import cancelled_at
from trio_rdp.channels import rdpdr
from trio_rdp.faces.remote_devices.drives import RemoteDrive
from trio_rdp.faces.remote_devices.files import FileMode, RemoteFile
from trio_rdp.protocol.limits import Limits

LIMITS = Limits(device_piece=10, device_pipeline=4)
CONTENT = bytes(range(256)) * 2


def with_file(*, may_overlap: bool = True) -> DeviceClient:
    client = DeviceClient(may_overlap=may_overlap)
    client.files["\\f"] = bytearray(CONTENT)
    return client


@pytest.mark.parametrize("may_overlap", [True, False])
@pytest.mark.parametrize("piece", [None, 7, 1])
async def test_pieces(may_overlap: bool, piece: int | None) -> None:
    client = with_file(may_overlap=may_overlap)
    client.piece = piece
    async with open_drive(client, LIMITS) as drive, await drive.open("f", "r+b") as file:
        assert await file.read() == CONTENT
        assert await file.read() == b""
        assert await file.seek(100) == 100
        assert await file.read(55) == CONTENT[100:155]
        assert file.tell() == 155
        await file.seek(1)
        assert await file.write(b"x" * 99) == 99
        assert await file.read_at(0, 102) == CONTENT[:1] + b"x" * 99 + CONTENT[100:102]
    assert client.most_at_once <= (4 if may_overlap else 1)
    assert client.most_at_once > 1 or not may_overlap


async def test_a_small_file_is_not_asked_for_in_vain() -> None:
    client = with_file()
    client.files["\\s"] = bytearray(b"tiny")
    async with open_drive(client, LIMITS) as drive:
        assert await drive.read_bytes("s") == b"tiny"
    assert sum(isinstance(message, rdpdr.ReadRequest) for message in client.heard) == 2


async def test_positions() -> None:
    async with open_drive(with_file()) as drive, await drive.open("f") as file:
        assert await file.seek(-2, os.SEEK_END) == 510
        assert await file.read() == CONTENT[-2:]
        assert await file.seek(-12, os.SEEK_CUR) == 500
        with pytest.raises(OSError, match="before the beginning"):
            await file.seek(-1)
        with pytest.raises(ValueError, match="whence"):
            await file.seek(0, 9)
        with pytest.raises(ValueError, match="bytes at"):
            await file.read_at(-1, 2)
        assert file.tell() == 500
        assert (file.name, file.mode) == ("f", "rb")


@pytest.mark.parametrize(
    ("mode", "before", "after"),
    [
        ("r+b", b"old!", b"new!"),
        ("wb", b"old!", b"new"),
        ("w+b", None, b"new"),
        ("xb", None, b"new"),
        ("ab", b"old!", b"old!new"),
        ("a+b", None, b"new"),
    ],
)
async def test_modes(mode: FileMode, before: bytes | None, after: bytes) -> None:
    client = DeviceClient()
    if before is not None:
        client.files["\\f"] = bytearray(before)
    async with open_drive(client) as drive, await drive.open("f", mode) as file:
        await file.write(b"new")
    assert client.content("\\f") == after


async def test_what_a_mode_forbids() -> None:
    async with open_drive(with_file()) as drive:
        async with await drive.open("f") as file:
            for call in (file.write(b"x"), file.truncate(3)):
                with pytest.raises(io.UnsupportedOperation):
                    await call
        async with await drive.open("g", "wb") as file:
            with pytest.raises(io.UnsupportedOperation):
                await file.read()
        with pytest.raises(FileExistsError):
            await drive.open("f", "xb")
        for mode in ("r", "b", "rwb", "rb++"):
            with pytest.raises(ValueError, match="mode"):
                await drive.open("f", mode)  # type: ignore[arg-type]


async def test_sizes() -> None:
    client = with_file()
    async with open_drive(client) as drive, await drive.open("f", "r+b") as file:
        assert await file.size() == 512
        assert await file.truncate(3) == 3
        assert await file.read() == CONTENT[:3]
        await file.seek(5)
        assert await file.truncate() == 5
        with pytest.raises(ValueError, match="-1 bytes"):
            await file.truncate(-1)
    assert client.content("\\f") == CONTENT[:3] + b"\0\0"


async def test_reading_without_a_size_is_bounded() -> None:
    async with open_drive(with_file(), Limits(device_read=511)) as drive, await drive.open("f") as file:
        with pytest.raises(OSError, match="more than 511 bytes") as caught:
            await file.read()
        assert caught.value.errno == errno.EFBIG
        assert len(await file.read(600)) == 512
    async with open_drive(with_file(), Limits(device_read=512)) as drive:
        assert await drive.read_bytes("f") == CONTENT


async def test_one_task_at_a_time_has_the_position(nursery: trio.Nursery) -> None:
    client = with_file()
    async with open_drive(client) as drive, await drive.open("f") as file:
        client.hold = lambda _: True
        nursery.start_soon(file.read)
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(trio.BusyResourceError):
            await file.read()
        await client.release()
        await trio.testing.wait_all_tasks_blocked()
        assert file.tell() == 512


async def test_many_tasks_without_a_position() -> None:
    got: dict[int, bytes] = {}

    async def read(file: RemoteFile, offset: int) -> None:
        got[offset] = await file.read_at(offset, 32)

    async with (
        open_drive(with_file(), LIMITS) as drive,
        await drive.open("f") as file,
        trio.open_nursery() as nursery,
    ):
        for offset in range(0, 512, 32):
            nursery.start_soon(read, file, offset)
    assert b"".join(got[offset] for offset in sorted(got)) == CONTENT


async def test_a_closed_file() -> None:
    client = with_file()
    async with open_drive(client) as drive:
        file = await drive.open("f", "r+b")
        await file.aclose()
        await file.aclose()
        for call in (file.read, file.size, file.truncate):
            with pytest.raises(trio.ClosedResourceError):
                await call()
        with pytest.raises(trio.ClosedResourceError):
            await file.write(b"x")
    assert client.closed == ["\\f"]


async def test_a_full_drive() -> None:
    client = with_file()
    async with open_drive(client) as drive, await drive.open("f", "wb") as file:
        client.piece = 0
        with pytest.raises(OSError, match="no room") as caught:
            await file.write(b"x")
        assert caught.value.errno == errno.ENOSPC
        client.refuse[rdpdr.WriteRequest] = rdpdr.NtStatus.MEDIA_WRITE_PROTECTED
        with pytest.raises(OSError, match="read-only") as caught:
            await file.write(b"x")
        assert caught.value.errno == errno.EROFS


async def test_the_end_may_be_a_status() -> None:
    client = with_file()
    client.refuse[rdpdr.ReadRequest] = rdpdr.NtStatus.END_OF_FILE
    async with open_drive(client) as drive:
        assert await drive.read_bytes("f") == b""


async def test_a_close_that_fails() -> None:
    client = with_file()
    async with open_drive(client) as drive:
        file = await drive.open("f", "wb")
        client.refuse[rdpdr.CloseRequest] = rdpdr.NtStatus.DISK_FULL
        with pytest.raises(OSError, match="no room"):
            await file.aclose()


USES: dict[str, Callable[[RemoteDrive], Awaitable[object]]] = {
    "open": lambda drive: _use(drive, lambda file: file.seek(0)),
    "read": lambda drive: drive.read_bytes("f"),
    "write": lambda drive: drive.write_bytes("g", bytes(100)),
    "list": lambda drive: drive.listdir(),
    "stat": lambda drive: drive.stat("f"),
    "rename": lambda drive: drive.rename("f", "f", replace=True),
    "unlink": lambda drive: drive.unlink("g"),
    "mkdir": lambda drive: drive.mkdir("d", exist_ok=True),
    "truncate": lambda drive: _use(drive, lambda file: file.truncate(512)),
    "volume": lambda drive: drive.volume(),
    "watch": lambda drive: _watch(drive),
}


async def _use(drive: RemoteDrive, use: Callable[[RemoteFile], Awaitable[object]]) -> None:
    async with await drive.open("f", "r+b") as file:
        await use(file)


async def _watch(drive: RemoteDrive) -> None:
    async with drive.watch() as changes:
        with trio.move_on_after(0):
            await changes.__anext__()


@pytest.mark.parametrize("use", USES)
async def test_cancelled_at_every_checkpoint(use: str) -> None:
    """Whatever is cancelled when, no file stays open, no request stays unanswered, and the drive works."""
    for checkpoint in range(200):
        client = with_file()
        client.files["\\g"] = bytearray()
        async with open_drive(client, LIMITS) as drive:
            async with cancelled_at(checkpoint) as scope:
                await USES[use](drive)
            await trio.testing.wait_all_tasks_blocked()
            assert not client.opened
            assert drive._requests.machine.requests_under_way == 0
            with trio.fail_after(20):
                assert await drive.read_bytes("f") == CONTENT
        if not scope.cancelled_caught:
            return
    raise AssertionError("it never ends")


async def test_an_open_file_whose_answer_comes_late_is_closed(autojump_clock: trio.testing.MockClock) -> None:
    client = with_file()
    async with open_drive(client) as drive:
        client.hold = lambda message: isinstance(message, rdpdr.CreateRequest)
        with trio.move_on_after(1) as scope:
            await drive.open("f")
        assert scope.cancelled_caught
        assert list(client.opened.values()) == ["\\f"]
        await client.release()
        await trio.testing.wait_all_tasks_blocked()
        assert client.closed == ["\\f"]
        assert drive._requests.machine.requests_under_way == 0


async def test_late_answers_are_dropped(autojump_clock: trio.testing.MockClock) -> None:
    client = with_file(may_overlap=False)
    async with open_drive(client, LIMITS) as drive, await drive.open("f") as file:
        client.hold = lambda message: isinstance(message, rdpdr.ReadRequest)
        with trio.move_on_after(1):
            await file.read()
        assert file.tell() == 0
        with trio.move_on_after(1) as scope:  # one at a time, and the client is still busy with the first
            await file.read(3)
        assert scope.cancelled_caught
        assert sum(isinstance(message, rdpdr.ReadRequest) for message in client.heard) == 1
        await client.release()
        assert await file.read(3) == CONTENT[:3]


async def test_calls_wait_for_their_turn(nursery: trio.Nursery) -> None:
    client = with_file()
    async with open_drive(client, Limits(device_requests=2)) as drive:
        client.hold = lambda _: True
        for _ in range(5):
            nursery.start_soon(drive.stat, "f")
        await trio.testing.wait_all_tasks_blocked()
        assert drive._requests.queued == 3
        assert len(client._held) == 2
        with trio.move_on_after(0):
            await drive.stat("f")
        await client.release()
        await trio.testing.wait_all_tasks_blocked()
        assert drive._requests.queued == drive._requests.machine.requests_under_way == 0
        assert 2 <= drive._requests.peak <= 4  # closing never waits
        assert len(client.closed) == 5
