"""Our client's devices in sessions of xrdp: what programs there see of a drive, and what of a smart card."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import shlex
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trio

from tests.interop.conftest import Peers
from tests.interop.processes import PATIENCE, wait_for
from tests.interop.sessions import connected
from tests.interop.xrdp import chansrv, xrdp
from tests.software_card import APPLICATION, ATR, CONTENT, READER, SoftwareCards
from trio_rdp.client import Session
from trio_rdp.faces.devices.directory_files import DirectoryFileSystem
from trio_rdp.faces.devices.file_systems import FileSystem
from trio_rdp.faces.devices.memory_files import MemoryFileSystem

MIB = 1 << 20
GIB = 1 << 30


class Inside:
    """A shell in the session, where the drive is a directory."""

    def __init__(self, session: Session, mount: Path) -> None:
        self.session = session
        self.mount = mount

    async def run(self, command: str, *, fails: str = "") -> str:
        """The output of a command, in the mounted directories; or that it fails so."""
        with trio.fail_after(PATIENCE):
            process = await trio.run_process(
                ["sh", "-c", f"cd {shlex.quote(str(self.mount))} && {command}"],
                capture_stdout=True,
                capture_stderr=True,
                check=False,
            )
        said = process.stderr.decode()
        assert (process.returncode != 0) == bool(fails), said
        assert fails in said
        return process.stdout.decode()

    async def wait_mounted(self, name: str, *, there: bool = True) -> None:
        with trio.fail_after(PATIENCE):
            while (name in (await self.run("ls")).split()) != there:  # noqa: ASYNC110
                await trio.sleep(0.05)


class CardProgram:
    """A program in the session that speaks to chansrv 0.9.21 as its libpcsclite would."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self.stream = stream

    async def call(self, command: int, *parts: int | bytes) -> tuple[list[int], bytes]:
        """What it answers to a command: as numbers, and as it came."""
        body = b"".join(part if isinstance(part, bytes) else part.to_bytes(4, "little") for part in parts)
        with trio.fail_after(PATIENCE):
            await self.stream.send_all(struct.pack("<II", len(body), command) + body)
            size, answered = struct.unpack("<II", await self._read(8))
            assert answered == command
            raw = await self._read(size)
        return [number for (number,) in struct.iter_unpack("<I", raw[: len(raw) & ~3])], raw

    async def _read(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            data = await self.stream.receive_some(size - len(found))
            assert data
            found += bytes(data)
        return found


@contextlib.asynccontextmanager
async def lending(peers: Peers, name: str, files: FileSystem) -> AsyncIterator[Inside]:
    """A session with a drive."""
    desktop, folder = peers.xorg_display, peers.folder / "chansrv-of-devices"
    folder.mkdir(exist_ok=True)
    with chansrv(desktop, folder), xrdp(peers.folder, desktop, chansrv=True) as server:
        async with connected(server, enable_devices=True) as session:
            drive = session.devices.add_drive(name, files)
            await drive.wait_accepted()
            inside = Inside(session, folder / "thinclient_drives")
            await inside.wait_mounted(name[:7])  # it shows the short names
            yield inside
            with trio.fail_after(PATIENCE):  # files are closed when whoever used them has been answered
                while session.devices.statistics().requests:  # noqa: ASYNC110
                    await trio.sleep(0.01)
            statistics = session.devices.statistics()
            assert (statistics.refused, statistics.ignored) == (0, 0)


@pytest.fixture
def share(tmp_path: Path) -> Path:
    """A directory with a little of everything."""
    folder = tmp_path / "share"
    (folder / "d" / "e").mkdir(parents=True)
    (folder / "hello.txt").write_bytes(b"hello")
    (folder / "d" / "gr\u00fcn \u00e9.txt").write_bytes(b"accents")
    (folder / "empty").touch()
    (folder / "noise").write_bytes(random.Random(1).randbytes(3 * MIB + 17))
    (folder / "outside").symlink_to("/etc")
    return folder


def tree(folder: Path) -> dict[str, str]:
    """All files below a directory with their sums, and all directories; no links."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if not path.is_symlink():
            name = str(path.relative_to(folder))
            found[name] = "" if path.is_dir() else hashlib.sha256(path.read_bytes()).hexdigest()
    return found


async def sums(inside: Inside, name: str) -> dict[str, str]:
    """The same, as programs in the session see it."""
    said = await inside.run(f"cd {name} && find . -mindepth 1 -type d && find . -type f -exec sha256sum {{}} +")
    found = {}
    for line in said.splitlines():
        if line.startswith("./"):
            found[line[2:]] = ""
        else:
            total, _, path = line.partition("  ./")
            found[path] = total
    return found


async def test_a_directory_as_a_drive(peers: Peers, share: Path) -> None:
    """Listed, read, written, renamed and removed from inside, and compared with what lies there."""
    async with lending(peers, "share", DirectoryFileSystem(share)) as inside:
        assert await sums(inside, "share") == tree(share)
        assert await inside.run("stat -c '%s %F' share/hello.txt share/d") == "5 regular file\n0 directory\n"
        assert abs(int(await inside.run("stat -c %Y share/noise")) - (share / "noise").stat().st_mtime) <= 1
        await inside.run("cat share/nothing", fails="No such file")

        await inside.run("echo written > share/new.txt && mkdir share/made && cp share/noise share/made/copy")
        assert (share / "new.txt").read_text() == "written\n"
        assert (share / "made" / "copy").read_bytes() == (share / "noise").read_bytes()
        await inside.run("printf abc > share/hello.txt && echo more >> share/new.txt")
        assert (share / "hello.txt").read_text() == "abc"
        assert (share / "new.txt").read_text() == "written\nmore\n"
        await inside.run("mv share/new.txt share/made/moved.txt && mv share/d share/renamed")
        await inside.run("rm share/made/copy share/empty && touch -d 2020-02-02 share/noise")
        assert int((share / "noise").stat().st_mtime) == int(await inside.run("date -d 2020-02-02 +%s"))
        await inside.run("rmdir share/renamed", fails="not empty")
        await inside.run("rmdir share/renamed/e && mkdir share/gone && rmdir share/gone")
        left = ["hello.txt", "made", "made/moved.txt", "noise", "renamed", "renamed/gr\u00fcn \u00e9.txt"]
        # chansrv 0.9.21 says that a directory is gone before its client has said so.
        await wait_for(lambda: sorted(tree(share)) == left, "the directories are gone")
        assert await sums(inside, "share") == tree(share)


@pytest.mark.interop_full
async def test_a_file_beyond_four_gigabytes(peers: Peers, share: Path) -> None:
    with (share / "large").open("wb") as file:
        file.seek(5 * GIB)
        file.write(b"the end")
    async with lending(peers, "share", DirectoryFileSystem(share)) as inside:
        assert int(await inside.run("stat -c %s share/large")) == 5 * GIB + 7
        assert await inside.run("tail -c 7 share/large") == "the end"
        await inside.run(f"printf THE | dd of=share/large bs=1 seek={5 * GIB} conv=notrunc 2>/dev/null")
    with (share / "large").open("rb") as file:
        file.seek(5 * GIB - 1)
        assert file.read() == b"\0THE end"


@pytest.mark.interop_full
async def test_a_drive_that_cannot_be_written(peers: Peers, share: Path) -> None:
    before = tree(share)
    async with lending(peers, "a-longer-name", DirectoryFileSystem(share, read_only=True)) as inside:
        assert await sums(inside, "a-longe") == before
        for command in ("echo x > new", "echo x > hello.txt", "mkdir m", "mv d e"):
            await inside.run(f"cd a-longe && {command}", fails=":")
        await inside.run("rm -f a-longe/hello.txt", fails="cannot remove")
    assert tree(share) == before


@pytest.mark.interop_full
async def test_files_in_memory_that_come_and_go(peers: Peers) -> None:
    """A second drive is lent while the session runs, and taken back."""
    files = MemoryFileSystem({"a.txt": b"first", "d/b.txt": b"second"})
    async with lending(peers, "first", files) as inside:
        other = MemoryFileSystem({"x": b"other"})
        second = inside.session.devices.add_drive("second", other)
        await second.wait_accepted()
        await inside.wait_mounted("second")
        assert await inside.run("cat first/a.txt first/d/b.txt second/x") == "firstsecondother"
        await inside.run("cp first/d/b.txt second/c && rm second/x && mv first/a.txt first/d/")
        assert other.files() == {"c": b"second"}
        assert files.files() == {"d/a.txt": b"first", "d/b.txt": b"second"}
        second.remove()
        assert len(inside.session.devices) == 1
        await inside.wait_mounted("second", there=False)
        assert await inside.run("cat first/d/a.txt") == "first"


@pytest.mark.interop_full
async def test_many_files(peers: Peers, share: Path) -> None:
    for number in range(300):
        (share / "d" / f"file {number}").write_bytes(os.urandom(number))
    async with lending(peers, "share", DirectoryFileSystem(share)) as inside:
        await inside.run("cp -r share/d share/copy")
        assert await sums(inside, "share") == tree(share)
    assert tree(share / "copy") == tree(share / "d")


async def test_a_smart_card(peers: Peers) -> None:
    """A program in the session finds the reader, waits for the card, connects to it and reads it."""
    desktop, folder = peers.xorg_display, peers.folder / "chansrv-of-cards"
    folder.mkdir()
    cards = SoftwareCards()
    name = READER.encode().ljust(100, b"\0")
    with chansrv(desktop, folder), xrdp(peers.folder, desktop, chansrv=True) as server:
        async with connected(server, enable_devices=True) as session:
            await session.devices.add_smart_cards(cards).wait_accepted()
            (place,) = folder.glob(".pcsc*/pcscd.comm")
            program = CardProgram(await trio.open_unix_socket(place))
            (context, status), _ = await program.call(1, 2)
            assert status == 0
            numbers, raw = await program.call(3, context, 0, 1000)
            assert (numbers[1], raw[8:108]) == (1, name)
            unaware = name + struct.pack("<III36x", 0, 0, 0)
            numbers, raw = await program.call(12, context, 0, 1, unaware)
            assert (numbers[0], numbers[2], numbers[3], raw[16:25]) == (1, 0x22, 9, ATR)
            (card, protocol, status), _ = await program.call(4, context, name, 2, 3)
            assert (protocol, status) == (2, 0)
            numbers, raw = await program.call(11, card, 100, 36)
            # chansrv asks for no more than the length of the reader's name.
            assert (numbers[:4], raw[16:25]) == ([0, 1, 2, 9], ATR)
            assert (await program.call(7, card))[0] == [0]
            for command, answer in (
                (bytes.fromhex("00a404000b") + APPLICATION, b"\x6f\0\x90\0"),
                (bytes.fromhex("00b0000000"), CONTENT + b"\x90\0"),
            ):
                _, raw = await program.call(9, card, 2, 8, 0, len(command), command, 2, 8, 0, 300)
                assert answer in raw
                assert raw[-4:] == bytes(4)
            assert (await program.call(8, card, 0))[0] == [0]
            assert (await program.call(6, card, 0))[0] == [0]
            assert (await program.call(2, context))[0] == [0]
            await program.stream.aclose()
    assert not cards.connections
    assert not cards.contexts
