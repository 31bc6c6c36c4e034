"""What real clients redirect to our server: their drives, used to the full, and their printers."""

from __future__ import annotations

import contextlib
import errno
import os
import random
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trio

from tests.interop.display import Display
from tests.interop.printing import cups, lpr
from tests.interop.processes import wait_for
from tests.interop.rdesktop import rdesktop
from tests.interop.serving import Guest, serving
from tests.interop.xfreerdp import NO_GFX_NO_RFX, is_version_3, xfreerdp
from trio_rdp.channels.rdpdr import DeviceType
from trio_rdp.faces.remote_devices.drives import RemoteDrive
from trio_rdp.wire.errors import SessionClosed

CLIENTS = ["xfreerdp", "rdesktop"]
MIB = 1 << 20
DOCUMENT = b"%!PS-Adobe-3.0\n" + b"72 720 moveto (hello) show showpage\n" * 10_000


@contextlib.asynccontextmanager
async def sharing(display: Display, which: str, share: Path) -> AsyncIterator[tuple[Guest, RemoteDrive]]:
    """A client that shares a directory, and what its server sees of that."""
    async with contextlib.AsyncExitStack() as stack:
        served = await stack.enter_async_context(serving(paints=False))
        await stack.enter_async_context(
            xfreerdp(display, served.port, NO_GFX_NO_RFX, f"/drive:share,{share}")
            if which == "xfreerdp"
            else rdesktop(display, served.port, "-r", f"disk:share={share}")
        )
        guest = await served.guest()
        yield guest, await guest.session.devices.wait_drive("share")
        statistics = guest.session.devices.statistics()
        assert (statistics.waiting, statistics.late_answers) == (0, 0)


@pytest.fixture
def share(tmp_path: Path) -> Path:
    """A directory with a little of everything."""
    folder = tmp_path / "share"
    (folder / "d" / "e").mkdir(parents=True)
    (folder / "hello.txt").write_bytes(b"hello")
    (folder / "d" / "grün é.txt").write_bytes(b"accents")
    (folder / "empty").write_bytes(b"")
    return folder


def noise(size: int) -> bytes:
    return random.Random(size).randbytes(size)


@pytest.mark.parametrize("which", CLIENTS)
async def test_a_drive(client_display: Display, share: Path, which: str) -> None:
    """Files and directories as the client's own eyes see them, before and after."""
    async with sharing(client_display, which, share) as (_, drive):
        assert sorted(await drive.listdir()) == sorted(os.listdir(share))
        assert await drive.listdir("d") == os.listdir(share / "d")
        assert await drive.listdir("d/e") == []
        assert await drive.read_bytes("hello.txt") == b"hello"
        assert await drive.read_bytes("d/grün é.txt") == b"accents"
        assert await drive.read_bytes("empty") == b""

        entry, wanted = await drive.stat("hello.txt"), (share / "hello.txt").stat()
        assert (entry.name, entry.size, entry.is_file) == ("hello.txt", 5, True)
        assert entry.modified is not None
        assert abs(entry.modified.timestamp() - wanted.st_mtime) <= 1
        assert (await drive.stat("d")).is_directory
        async with drive.scandir() as entries:
            found = {one.name: one async for one in entries}
        assert (found["hello.txt"].size, found["hello.txt"].modified) == (5, entry.modified)
        assert found["d"].is_directory
        volume, real = await drive.volume(), os.statvfs(share)
        assert volume.total == real.f_blocks * real.f_frsize
        assert abs(volume.free - real.f_bavail * real.f_frsize) < 1 << 30

        assert await drive.write_bytes("new.txt", b"first words") == 11
        assert await drive.write_bytes("new.txt", b"second") == 6
        async with await drive.open("new.txt", "ab") as file:
            await file.write(b" and more")
        async with await drive.open("new.txt", "r+b") as file:
            await file.seek(7)
            await file.write(b"AND")
            await file.seek(0)
            assert await file.read() == b"second AND more"
            assert await file.truncate(10) == 10
        assert (share / "new.txt").read_bytes() == b"second AND"

        await drive.mkdir("made")
        await drive.rename("new.txt", "made/moved ü.txt")
        assert os.listdir(share / "made") == ["moved ü.txt"]
        await drive.rename("made", "renamed")
        assert (share / "renamed" / "moved ü.txt").exists()
        with pytest.raises(OSError, match="not empty") as caught:
            await drive.rmdir("renamed")
        assert caught.value.errno == errno.ENOTEMPTY
        await drive.unlink("renamed/moved ü.txt")
        await drive.rmdir("renamed")
        assert not (share / "renamed").exists()
        assert sorted(os.listdir(share)) == ["d", "empty", "hello.txt"]


@pytest.mark.interop_full
@pytest.mark.parametrize("which", CLIENTS)
async def test_times_attributes_and_locks(client_display: Display, share: Path, which: str) -> None:
    """Both set times and say who may write; neither locks, and both say that they did."""
    then = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)
    file = share / "hello.txt"
    async with sharing(client_display, which, share) as (_, drive):
        await drive.set_status("hello.txt", modified=then)
        assert file.stat().st_mtime == then.timestamp() == (await drive.stat("hello.txt")).modified.timestamp()  # type: ignore[union-attr]
        await drive.set_status("hello.txt", accessed=then, is_read_only=True)
        assert file.stat().st_mode & 0o777 == 0o444
        await drive.set_status("hello.txt", is_read_only=False)
        assert file.stat().st_mode & 0o200
        assert file.stat().st_mtime == then.timestamp()
        if which == "rdesktop":
            await drive.set_status("d", modified=then)
            assert (share / "d").stat().st_mtime == then.timestamp()
        else:
            with pytest.raises(OSError, match="not empty"):
                await drive.set_status("d", modified=then)
        async with (
            await drive.open("hello.txt", "r+b") as one,
            await drive.open("hello.txt", "r+b") as other,
            one.lock(0, 2),
            other.lock(0, 2, wait=False),
        ):
            assert await other.read() == b"hello"


@pytest.mark.interop_full
@pytest.mark.parametrize("which", CLIENTS)
async def test_what_a_client_refuses(client_display: Display, share: Path, which: str) -> None:
    async with sharing(client_display, which, share) as (_, drive):
        for call in (drive.open, drive.stat, drive.listdir, drive.unlink, drive.rmdir):
            with pytest.raises(FileNotFoundError):
                await call("nothing")
        assert not await drive.exists("nothing/there")
        with pytest.raises(FileExistsError):
            await drive.open("hello.txt", "xb")
        with pytest.raises(FileExistsError):
            await drive.rename("hello.txt", "empty")
        assert (share / "empty").read_bytes() == b""
        # FreeRDP 2.11 says ACCESS_DENIED, rdesktop 1.9 FILE_IS_A_DIRECTORY.
        with pytest.raises((PermissionError, IsADirectoryError)):
            await drive.unlink("d")
        await drive.rename("hello.txt", "empty", replace=True)
        assert (share / "empty").read_bytes() == b"hello"


@pytest.mark.parametrize("which", CLIENTS)
async def test_large_files(client_display: Display, share: Path, which: str) -> None:
    content = noise(8 * MIB + 12345)
    (share / "large").write_bytes(content)
    async with sharing(client_display, which, share) as (guest, drive):
        assert await drive.read_bytes("large") == content
        await drive.write_bytes("copy", content)
        assert (share / "copy").read_bytes() == content
        async with await drive.open("large") as file:
            await file.seek(5 * MIB + 1)
            assert await file.read(300_000) == content[5 * MIB + 1 :][:300_000]
        # rdesktop 1.9 does not say that it can do several at once.
        assert guest.session.devices.statistics().peak_waiting == (8 if which == "xfreerdp" else 1)


@pytest.mark.interop_full
@pytest.mark.parametrize("which", CLIENTS)
async def test_many_files(client_display: Display, share: Path, which: str) -> None:
    names = {f"file number {number}" for number in range(2000)}
    for name in names:
        (share / "d" / "e" / name).touch()
    async with sharing(client_display, which, share) as (_, drive):
        assert set(await drive.listdir("d/e")) == names


@pytest.mark.interop_full
async def test_beyond_four_gigabytes(client_display: Display, share: Path) -> None:
    with (share / "sparse").open("wb") as file:
        file.seek(5 << 30)
        file.write(b"end")
    async with sharing(client_display, "xfreerdp", share) as (_, drive):
        assert (await drive.stat("sparse")).size == (5 << 30) + 3
        async with await drive.open("sparse", "r+b") as remote:
            await remote.seek(-3, os.SEEK_END)
            assert await remote.read() == b"end"
            await remote.seek(-4, os.SEEK_END)
            await remote.write(b"THE ")
    with (share / "sparse").open("rb") as file:
        file.seek(5 << 30)
        assert file.read() == b"HE "


@pytest.mark.parametrize("which", CLIENTS)
async def test_cancelled_transfers(client_display: Display, share: Path, which: str) -> None:
    """Whenever it is that a copy is given up, the drive works afterwards, and no file stays open."""
    content = noise(4 * MIB)
    (share / "large").write_bytes(content)
    async with sharing(client_display, which, share) as (guest, drive):
        for milliseconds in (0, 1, 2, 5, 10, 20, 30):
            uses: list[Callable[[], object]] = [
                lambda: drive.read_bytes("large"),
                lambda: drive.write_bytes("copy", content),
            ]
            for use in uses:
                with trio.move_on_after(milliseconds / 1000):
                    await use()  # type: ignore[misc]
                assert await drive.read_bytes("hello.txt") == b"hello"
        await wait_for(lambda: guest.session.devices.statistics().waiting == 0, "all answers")
        await drive.unlink("copy")
        assert not (share / "copy").exists()


@pytest.mark.interop_full
async def test_a_client_that_cannot_watch(client_display: Display, share: Path) -> None:
    """rdesktop 1.9 answers at once, always, and xfreerdp 2.11 never; closing the directory ends that."""
    async with sharing(client_display, "rdesktop", share) as (_, drive), drive.watch() as changes:
        with pytest.raises(OSError, match="does not support"):
            await changes.__anext__()
    async with sharing(client_display, "xfreerdp", share) as (guest, drive):
        async with drive.watch() as changes:
            (share / "fresh").touch()
            with trio.move_on_after(0.5) as scope:
                await changes.__anext__()
            assert scope.cancelled_caught
            assert guest.session.devices.statistics().waiting == 1
        assert guest.session.devices.statistics().waiting == 0


async def test_printing_to_xfreerdp(client_display: Display, tmp_path: Path) -> None:
    with cups(tmp_path, "paper") as printing:
        async with serving(paints=False) as served:
            flags = [NO_GFX_NO_RFX, "/printer:paper,Some Driver"]
            async with xfreerdp(client_display, served.port, *flags, env=printing.env):
                guest = await served.guest()
                printer = await guest.session.devices.wait_printer("paper")
                assert printer.driver_name == "Some Driver"
                for end in (b"first", b"second"):
                    async with printer.job() as job:
                        await job.write(DOCUMENT)
                        await job.write(end)
                await wait_for(lambda: len(printing.jobs()) == 2, "two jobs")
                assert printing.jobs() == [DOCUMENT + b"first", DOCUMENT + b"second"]


async def test_printing_to_rdesktop(client_display: Display, tmp_path: Path) -> None:
    env, printed = lpr(tmp_path)
    async with (
        serving(paints=False) as served,
        rdesktop(client_display, served.port, "-r", "printer:paper=Some Driver", env=env),
    ):
        guest = await served.guest()
        printer = await guest.session.devices.wait_printer()
        assert (printer.name, printer.driver_name, printer.is_default) == ("paper", "Some Driver", True)
        async with printer.job() as job:
            await job.write(DOCUMENT)
        await wait_for(lambda: printed.exists() and printed.stat().st_size == len(DOCUMENT), "a job")
        assert printed.read_bytes() == DOCUMENT
        assert printed.with_suffix(".options").read_text() == "-P paper\n"


@pytest.mark.interop_full
@pytest.mark.parametrize(
    ("flag", "kind", "name"),
    [
        ("/smartcard", DeviceType.SMART_CARD, "SCARD"),
        ("/serial:COM1,/dev/ttyS0", DeviceType.SERIAL, "COM1"),
        ("/parallel:LPT1,/dev/null", DeviceType.PARALLEL, "LPT1"),
    ],
)
async def test_other_devices(client_display: Display, flag: str, kind: DeviceType, name: str) -> None:
    async with serving(paints=False) as served, xfreerdp(client_display, served.port, NO_GFX_NO_RFX, flag):
        guest = await served.guest()
        async for change in guest.session.devices:
            (device,) = change.arrived
            break
        assert (device.kind, device.name) == (kind, name)
        # xfreerdp 3.15 ends its session over a port's empty path, which "MUST" be that ([MS-RDPESP] 2.2.2.2).
        if kind == DeviceType.PARALLEL and not is_version_3():
            async with await device.open_device():
                pass


@pytest.mark.interop_full
async def test_a_client_that_vanishes(client_display: Display, share: Path) -> None:
    async with serving(paints=False) as served:
        async with xfreerdp(client_display, served.port, NO_GFX_NO_RFX, f"/drive:share,{share}"):
            guest = await served.guest()
            drive = await guest.session.devices.wait_drive()
            file = await drive.open("hello.txt")
        await guest.wait_left()
        for call in (file.read, drive.listdir):
            with pytest.raises(SessionClosed):
                await call()
        await file.aclose()
