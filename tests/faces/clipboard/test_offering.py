from __future__ import annotations

import logging
from pathlib import Path

import pytest
import trio
import trio.testing

from tests.clipboards import clipboard_pair
from trio_rdp.channels.cliprdr import FILE_GROUP_DESCRIPTOR, PackedFileList
from trio_rdp.faces.clipboard.files import FileProgress, FileSource, MemoryFile, OfferedDirectory
from trio_rdp.faces.clipboard.offering import Offering, Value, render


async def later() -> str:
    await trio.lowlevel.checkpoint()
    return "there"


async def test_values_are_there_or_made() -> None:
    values: list[Value[str]] = ["there", lambda: "there", later]
    for value in values:
        assert await render(value) == "there"


async def test_files_are_looked_at_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "f").write_bytes(b"12")
    asked: list[int] = []

    async def files() -> list[FileSource]:
        asked.append(1)
        return [tmp_path / "f", OfferedDirectory("d")]

    offering = Offering({}, files)
    assert offering.has_files
    assert offering.keys == (FILE_GROUP_DESCRIPTOR,)
    await offering.prepare()
    assert asked == []
    assert offering.size(0) is None
    assert await offering.read(0, 0, 1) is None
    data: bytes | None = None
    for _ in range(2):
        data = await offering.render(FILE_GROUP_DESCRIPTOR)
        assert data is not None
        assert len(PackedFileList.decode(data).file_descriptor_array) == 2
    assert data is not None
    assert asked == [1]
    assert offering.description_size == len(data)
    assert offering.size(0) == 2
    assert await offering.read(0, 1, 5) == b"2"
    for beyond in (2, 1 << 63, (1 << 64) - 1):
        assert await offering.read(0, beyond, 5) == b""
    assert offering.size(2) is offering.size(-1) is None
    assert offering.progress() == FileProgress(0, 1, 0, 2)
    assert not caplog.records


async def test_what_goes_wrong_is_logged_and_refused(caplog: pytest.LogCaptureFixture) -> None:
    def nothing() -> list[FileSource]:
        raise LookupError("which files?")

    async def bad() -> bytes:
        raise ExceptionGroup("both", [ValueError("one"), KeyError("two")])

    offering = Offering({"bad": bad}, nothing)
    assert await offering.render("bad") is None
    assert await offering.render(FILE_GROUP_DESCRIPTOR) is None
    assert await offering.render("unknown") is None
    assert "which files?" in caplog.text
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2
    with pytest.raises(FileNotFoundError):
        await Offering({}, ["/nowhere/at/all"]).prepare()


async def test_progress() -> None:
    offering = Offering({}, [MemoryFile("a", bytes(100)), MemoryFile("b", bytes(10)), MemoryFile("empty", b"")])
    await offering.prepare()
    seen = aiter(offering)
    assert await anext(seen) == FileProgress(1, 3, 0, 110)
    offering.note_read(0, 50)
    offering.note_read(0, 30)  # once more
    offering.note_read(1, 500)
    assert await anext(seen) == FileProgress(2, 3, 60, 110)
    with trio.move_on_after(0.01) as scope:
        await anext(seen)
    assert scope.cancelled_caught
    offering.note_read(0, 100)
    offering.finish()
    assert offering.is_over
    assert [item async for item in seen] == [FileProgress(3, 3, 110, 110)]


async def test_it_is_over_when_it_is_replaced_and_unlocked() -> None:
    async with clipboard_pair() as (client, server):
        first = await server.offer(files=[MemoryFile("a", b"1")])
        await client.read_files()
        second = await server.offer(text="x")
        assert not first.is_over  # the client has locked its files
        await server.offer(text="y")
        assert second.is_over
    assert first.is_over
