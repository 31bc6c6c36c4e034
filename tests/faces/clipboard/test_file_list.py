from __future__ import annotations

from pathlib import Path

import pytest
import trio

from tests.faces.clipboard.test_file_stream import hand_offered
from trio_rdp.channels.cliprdr import FileDescriptor
from trio_rdp.faces.clipboard.file_list import ClipboardFiles


async def test_it_is_a_sequence() -> None:
    described = [FileDescriptor.of("d"), *(FileDescriptor.of(rf"d\{number}", size=0) for number in range(4))]
    async with hand_offered(*described) as (files, _, _):
        assert len(files) == 5
        assert files[1].name == r"d\0"
        assert files[-1] in files
        assert isinstance(files[1:3], ClipboardFiles)
        assert [file.name for file in files[1:3]] == [r"d\0", r"d\1"]
        assert "d\\\\0" in repr(files)
        with pytest.raises(IndexError):
            _ = files[5]
    assert not ClipboardFiles()


async def test_a_part_of_it_may_be_saved(tmp_path: Path) -> None:
    async with hand_offered(FileDescriptor.of("a", size=0), FileDescriptor.of("b", size=0)) as (files, _, _):
        assert await files[1:].save(tmp_path) == [tmp_path / "b"]
        assert await trio.Path(tmp_path / "b").is_file()
        assert not await trio.Path(tmp_path / "a").exists()
        assert await ClipboardFiles().save(tmp_path) == []
