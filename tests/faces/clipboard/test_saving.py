"""Saving a peer's files: names that lead astray, files that are there, peers that stop in the middle."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trio

from tests.clipboards import clipboard_pair
from tests.faces.clipboard.test_file_stream import hand_offered
from tests.robustness.test_cancel import cancelled_at
from trio_rdp.channels.cliprdr import FileDescriptor
from trio_rdp.faces.clipboard.files import FileProgress, MemoryFile, OfferedFile
from trio_rdp.wire.errors import DecodeError, RequestRefused

WHEN = datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)


def inside(directory: Path) -> dict[str, bytes | None]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes() if path.is_file() else None
        for path in directory.rglob("*")
    }


async def test_a_tree(tmp_path: Path) -> None:
    source, target = tmp_path / "tree", tmp_path / "target"
    (source / "a" / "b").mkdir(parents=True)
    target.mkdir()
    for number in range(5):
        (source / "a" / f"{number}.bin").write_bytes(random.Random(number).randbytes(100_000 * number))
    seen: list[FileProgress] = []
    async with clipboard_pair() as (client, server):
        offering = await server.offer(files=[source, MemoryFile("note", b"hi", WHEN)])
        files = await client.read_files()
        saved = await files.save(target, on_progress=seen.append)
        assert inside(target / "tree") == inside(source)
        assert saved[0] == target / "tree"
        assert (target / "note").stat().st_mtime == WHEN.timestamp()
        assert seen[-1] == FileProgress(6, 6, 1_000_002, 1_000_002) == offering.progress()
        assert [item.bytes_done for item in seen] == sorted(item.bytes_done for item in seen)
        with pytest.raises(FileExistsError):
            await files.save(target)
        assert inside(target / "tree") == inside(source)


@pytest.mark.parametrize(
    "names",
    [
        ["good", r"..\bad"],
        ["good", "/etc/bad"],
        ["good", r"C:\bad"],
        ["good", "nul"],
        ["good", "GOOD"],
        ["good", ""],
        ["good", "bad:stream"],
    ],
)
async def test_bad_names_write_nothing(tmp_path: Path, names: list[str]) -> None:
    described = [FileDescriptor.of(name, size=0) for name in names]
    async with hand_offered(*described) as (files, _, _):
        with pytest.raises(DecodeError):
            await files.save(tmp_path)
        assert inside(tmp_path) == {}


async def test_links_are_not_followed(tmp_path: Path) -> None:
    outside, target = tmp_path / "outside", tmp_path / "target"
    outside.mkdir()
    target.mkdir()
    (target / "d").symlink_to(outside)
    (target / "f").symlink_to(outside / "made")
    async with hand_offered(FileDescriptor.of("d\\x", size=0), FileDescriptor.of("f", size=0)) as (files, _, _):
        with pytest.raises(OSError, match="symbolic link"):
            await files[:1].save(target)
        with pytest.raises(FileExistsError):
            await files[1:].save(target)
    assert inside(outside) == {}


async def test_a_file_where_a_directory_should_be(tmp_path: Path) -> None:
    async with hand_offered(FileDescriptor.of("a", size=0), FileDescriptor.of("a\\b", size=0)) as (files, _, _):
        with pytest.raises(OSError, match=r"a|File exists"):
            await files.save(tmp_path)


class Failing(OfferedFile):
    async def read(self, position: int, count: int) -> bytes:
        if position:
            raise OSError("the disk is gone")
        return bytes(min(count, 1000))


async def test_what_did_not_come_whole_is_removed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with clipboard_pair() as (client, server):
        await server.offer(files=[MemoryFile("first", b"1"), Failing("broken", 5000), MemoryFile("last", b"2")])
        with pytest.raises(RequestRefused):
            await (await client.read_files()).save(tmp_path)
    assert inside(tmp_path) == {"first": b"1"}
    assert "the disk is gone" in caplog.text


async def test_cancelling_at_every_checkpoint_leaves_no_half(tmp_path: Path) -> None:
    data = random.Random(5).randbytes(200_000)
    async with clipboard_pair() as (client, server):
        await server.offer(files=[MemoryFile("a", data), MemoryFile("b", data)])
        files = await client.read_files()
        for checkpoint in range(300):
            target = tmp_path / str(checkpoint)
            target.mkdir()
            async with cancelled_at(checkpoint) as scope:
                await files.save(target)
            assert all(found == data for found in inside(target).values())
            if not scope.cancelled_caught:
                break
        else:
            raise AssertionError("no end of checkpoints")
        assert len(inside(target)) == 2
        with trio.fail_after(20):
            await client.offer(text="still here")
            assert await server.read_text() == "still here"
