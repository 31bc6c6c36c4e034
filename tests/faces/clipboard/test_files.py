from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from trio_rdp.channels.cliprdr import PackedFileList, safe_path
from trio_rdp.faces.clipboard import files as clipboard_files
from trio_rdp.faces.clipboard.files import (
    MemoryFile,
    OfferedDirectory,
    OfferedFile,
    PathFile,
    describe_files,
    offered_files,
)
from trio_rdp.wire.errors import EncodeError, LocalProtocolError


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    top = tmp_path / "top"
    (top / "b" / "empty").mkdir(parents=True)
    (top / "b" / "deep.txt").write_bytes(b"deep")
    (top / "a.txt").write_bytes(b"a" * 10)
    (top / "link").symlink_to("/etc/passwd")
    (top / "links").symlink_to("/etc")
    os.mkfifo(top / "pipe")
    os.utime(top / "a.txt", (1_000_000_000, 1_000_000_000))
    return top


def test_directories_are_walked_and_links_in_them_are_not(tree: Path) -> None:
    found = offered_files([tree, tree / "b" / "deep.txt", str(tree / "link"), MemoryFile("m", b"12")])
    assert [(item.name, item.size, isinstance(item, OfferedDirectory)) for item in found] == [
        ("top", 0, True),
        ("top/a.txt", 10, False),
        ("top/b", 0, True),
        ("top/b/deep.txt", 4, False),
        ("top/b/empty", 0, True),
        ("deep.txt", 4, False),
        ("link", (Path("/etc/passwd")).stat().st_size, False),  # asked for by its name
        ("m", 2, False),
    ]


async def test_ranges(tree: Path) -> None:
    for file in (PathFile(tree / "b" / "deep.txt"), MemoryFile("deep.txt", b"deep")):
        assert (file.name, file.size) == ("deep.txt", 4)
        assert await file.read(0, 100) == b"deep"
        assert await file.read(1, 2) == b"ee"
        assert await file.read(4, 2) == b""
        assert await file.read(1 << 40, 2) == b""
    with pytest.raises(IsADirectoryError):
        await OfferedDirectory("x").read(0, 1)


async def test_beyond_4_gib(tmp_path: Path) -> None:
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.seek(5 << 30)
        file.write(b"end")
    huge = PathFile(path, "other name")
    assert (huge.name, huge.size) == ("other name", (5 << 30) + 3)
    assert await huge.read(5 << 30, 10) == b"end"
    (described,) = PackedFileList.decode(describe_files([huge])).file_descriptor_array
    assert described.size == (5 << 30) + 3


def test_descriptions(tree: Path) -> None:
    described = PackedFileList.decode(describe_files(offered_files([tree]))).file_descriptor_array
    assert [item.file_name for item in described] == [
        "top",
        "top\\a.txt",
        "top\\b",
        "top\\b\\deep.txt",
        "top\\b\\empty",
    ]
    assert [item.is_directory for item in described] == [True, False, True, False, True]
    assert described[1].modified == datetime.fromtimestamp(1_000_000_000, UTC)
    assert described[0].size is None


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a:b", "a_b"),
        ("a\\b", "a_b"),
        ("what?.txt", "what_.txt"),
        ("nul.txt", "_nul.txt"),
        ("dot./x ", "dot\\x"),
        ("/abs/./../x", "abs\\x"),
        ("...", "_"),
        ("\x01\udc80", "_���"[:2]),
    ],
)
def test_names_that_not_every_system_takes(name: str, shown: str) -> None:
    (described,) = PackedFileList.decode(describe_files([MemoryFile(name, b"")])).file_descriptor_array
    assert described.file_name == shown
    assert safe_path(described.file_name)


def test_names_that_cannot_be() -> None:
    for name in ("", "/", ".."):
        with pytest.raises(LocalProtocolError, match="without a name"):
            describe_files([MemoryFile(name, b"")])
    with pytest.raises(EncodeError):
        describe_files([MemoryFile("x/" * 200, b"")])


def test_what_cannot_be_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileNotFoundError):
        offered_files([tmp_path / "missing"])
    monkeypatch.setattr(clipboard_files, "FILES_LIMIT", 3)
    with pytest.raises(LocalProtocolError, match="more than 3"):
        offered_files([MemoryFile("x", b"")] * 4)


def test_ones_own_class() -> None:
    class Zeros(OfferedFile):
        async def read(self, position: int, count: int) -> bytes:
            return bytes(count)

    assert offered_files([Zeros("zeros", 1 << 50)])[0].size == 1 << 50
