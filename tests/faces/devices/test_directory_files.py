"""A directory for a server: what is in it, whatever the case of names; and nothing outside of it."""

from __future__ import annotations

import errno
import os
import socket
import stat
from pathlib import Path

import pytest
import trio

from trio_rdp.faces.devices import directory_files
from trio_rdp.faces.devices.directory_files import DirectoryFileSystem


@pytest.fixture
def share(tmp_path: Path) -> Path:
    """A directory with something in it, beside what nobody may see."""
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "inner.txt").write_text("secret")
    root = tmp_path / "share"
    (root / "Dir").mkdir(parents=True)
    (root / "Hello.txt").write_text("hello")
    (root / "Dir" / "a.txt").write_text("a")
    return root


async def test_reading(share: Path) -> None:
    files = DirectoryFileSystem(share)
    assert set(await files.listdir("")) == {"Dir", "Hello.txt"}
    assert (await files.listdir("dir"))["a.txt"].size == 1
    for name in ("Hello.txt", "hello.TXT"):
        status = await files.stat(name)
        assert (status.size, status.is_directory) == (5, False)
        handle = await files.open(name)
        assert await handle.read(1, 100) == b"ello"
        assert await handle.read(5, 1) == b""
        assert (await handle.stat()).size == 5
        await handle.aclose()
    assert (await files.stat("")).is_directory
    assert (await files.stat("DIR/A.txt")).size == 1
    for path, error in (
        ("nothing", FileNotFoundError),
        ("nothing/below", FileNotFoundError),
        ("Hello.txt/below", NotADirectoryError),
    ):
        with pytest.raises(error):
            await files.stat(path)
    with pytest.raises(IsADirectoryError):
        await files.open("Dir")
    assert (await files.usage()).total > 0


async def test_writing(share: Path) -> None:
    files = DirectoryFileSystem(share)
    handle = await files.open("new.txt", write=True, create=True, exclusive=True)
    assert await handle.write(3, b"there") == 5
    await handle.truncate(6)
    assert await handle.append(b"!") == 1
    await handle.aclose()
    assert (share / "new.txt").read_bytes() == b"\0\0\0the!"
    with pytest.raises(FileExistsError):
        await files.open("new.txt", write=True, create=True, exclusive=True)
    handle = await files.open("NEW.txt", write=True, create=True, truncate=True)
    await handle.aclose()
    assert (share / "new.txt").read_bytes() == b""
    assert not (share / "NEW.txt").exists()
    await files.mkdir("Made")
    with pytest.raises(FileExistsError):
        await files.mkdir("made")
    await files.unlink("new.TXT")
    with pytest.raises(IsADirectoryError):
        await files.unlink("made")
    with pytest.raises(OSError, match="not empty") as caught:
        await files.rmdir("dir")
    assert caught.value.errno == errno.ENOTEMPTY
    await files.rmdir("MADE")
    with pytest.raises(OSError, match="busy"):
        await files.rmdir("")
    assert sorted(os.listdir(share)) == ["Dir", "Hello.txt"]


async def test_renaming(share: Path) -> None:
    files = DirectoryFileSystem(share)
    await files.rename("hello.txt", "dir/Other.txt")
    assert (share / "Dir" / "Other.txt").read_text() == "hello"
    with pytest.raises(FileExistsError):
        await files.rename("dir/other.txt", "Dir/A.TXT")
    await files.rename("dir/other.txt", "Dir/A.TXT", replace=True)
    assert (share / "Dir" / "a.txt").read_text() == "hello"
    await files.rename("dir/a.txt", "dir/A.TXT")
    assert os.listdir(share / "Dir") == ["A.TXT"]
    await files.mkdir("other")
    with pytest.raises(IsADirectoryError):
        await files.rename("dir/a.txt", "other", replace=True)
    for path, target in (("", "x"), ("dir", "")):
        with pytest.raises(OSError, match="Invalid"):
            await files.rename(path, target)


async def test_times_and_attributes(share: Path) -> None:
    files = DirectoryFileSystem(share)
    await files.set_status("hello.txt", accessed_ns=10**18, modified_ns=2 * 10**18, is_read_only=True)
    status = await files.stat("Hello.txt")
    assert (status.accessed_ns, status.modified_ns, status.is_read_only) == (10**18, 2 * 10**18, True)
    await files.set_status("Hello.txt", modified_ns=10**18, is_read_only=False)
    assert (await files.stat("Hello.txt")).modified_ns == 10**18
    assert stat.S_IMODE((share / "Hello.txt").stat().st_mode) & 0o200
    await files.set_status("Dir", modified_ns=10**18, is_read_only=True)
    assert (share / "Dir").stat().st_mode & 0o200
    (share / ".hidden").touch()
    assert (await files.listdir(""))[".hidden"].is_hidden


async def test_beyond_four_gigabytes(share: Path) -> None:
    files = DirectoryFileSystem(share)
    handle = await files.open("large", write=True, create=True)
    await handle.write(5 << 30, b"end")
    assert await handle.read(5 << 30, 10) == b"end"
    assert (await handle.stat()).size == (5 << 30) + 3
    status = await files.stat("large")
    assert status.allocated is not None
    assert status.allocated < 1 << 20
    await handle.aclose()


async def test_read_only(share: Path) -> None:
    files = DirectoryFileSystem(share, read_only=True)
    assert (await files.stat("hello.txt")).size == 5
    for doing in (
        files.open("Hello.txt", write=True),
        files.open("Hello.txt", truncate=True),
        files.open("new", create=True),
        files.mkdir("new"),
        files.unlink("Hello.txt"),
        files.rmdir("Dir"),
        files.rename("Hello.txt", "new"),
        files.set_status("Hello.txt", modified_ns=1),
    ):
        with pytest.raises(OSError, match="Read-only"):
            await doing
    assert (share / "Hello.txt").read_text() == "hello"


async def test_links_lead_nowhere(share: Path) -> None:
    (share / "link.txt").symlink_to("../secret.txt")
    (share / "linked").symlink_to("../outside")
    (share / "absolute").symlink_to("/etc")
    (share / "inside.txt").symlink_to("Hello.txt")
    files = DirectoryFileSystem(share)
    assert set(await files.listdir("")) == {"Dir", "Hello.txt"}
    for path in ("link.txt", "linked", "linked/inner.txt", "absolute/passwd", "inside.txt", "LINK.txt"):
        for doing in (
            files.stat(path),
            files.open(path),
            files.open(path, write=True, create=True, truncate=True),
            files.unlink(path),
            files.rename(path, "moved"),
            files.rename("Hello.txt", path, replace=True),
            files.set_status(path, is_read_only=True),
            files.listdir(path),
            files.mkdir(path),
        ):
            with pytest.raises(OSError) as caught:  # noqa: PT011
                await doing
            assert caught.value.errno in (errno.EACCES, errno.ELOOP, errno.ENOTDIR), path
    assert (share.parent / "secret.txt").read_text() == "secret"
    assert (share / "Hello.txt").read_text() == "hello"


@pytest.mark.parametrize(
    "path",
    ["..", "../secret.txt", "Dir/../../secret.txt", "Dir/..", "/etc/passwd", "./Hello.txt", "Dir//a.txt", "a\\b"],
)
async def test_paths_that_would_leave(share: Path, path: str) -> None:
    files = DirectoryFileSystem(share)
    for doing in (files.stat(path), files.open(path, write=True, create=True), files.mkdir(path)):
        with pytest.raises(OSError, match="Invalid"):
            await doing


async def test_names_that_are_no_names(share: Path) -> None:
    files = DirectoryFileSystem(share)
    for path in ("\ud800", "\ud800/x"):
        with pytest.raises(OSError) as caught:  # noqa: PT011
            await files.stat(path)
        assert caught.value.errno == errno.EILSEQ
    for name in (b"odd:name", b"question?", b"back\\slash", b"not\xffutf8"):
        (share / os.fsdecode(name)).touch()
    assert set(await files.listdir("")) == {"Dir", "Hello.txt", "not\udcffutf8"}
    assert (await files.stat("not\udcffutf8")).size == 0
    with pytest.raises(OSError, match="too long"):
        await files.stat("\u20ac" * 200)


async def test_what_is_no_file(share: Path) -> None:
    os.mkfifo(share / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.fspath(share / "socket"))
        files = DirectoryFileSystem(share)
        assert set(await files.listdir("")) == {"Dir", "Hello.txt"}
        with trio.fail_after(20):
            for name in ("pipe", "socket"):
                for doing in (files.open(name), files.open(name, write=True), files.stat(name), files.unlink(name)):
                    with pytest.raises(OSError) as caught:  # noqa: PT011
                        await doing
                    assert caught.value.errno in (errno.EACCES, errno.ENXIO)


async def test_a_file_that_becomes_a_link_while_it_is_looked_at(share: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = DirectoryFileSystem(share)
    inspect = directory_files._inspect

    def inspect_and_swap(directory: int, name: str) -> os.stat_result:
        found = inspect(directory, name)
        if name == "Hello.txt":
            (share / name).unlink()
            (share / name).symlink_to("../secret.txt")
        return found

    monkeypatch.setattr(directory_files, "_inspect", inspect_and_swap)
    with pytest.raises(OSError, match="symbolic"):
        await files.open("Hello.txt", write=True, truncate=True)
    assert (share.parent / "secret.txt").read_text() == "secret"


async def test_a_file_that_becomes_a_pipe_while_it_is_looked_at(share: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = DirectoryFileSystem(share)
    inspect = directory_files._inspect

    def inspect_and_swap(directory: int, name: str) -> os.stat_result:
        found = inspect(directory, name)
        (share / name).unlink()
        os.mkfifo(share / name)
        return found

    monkeypatch.setattr(directory_files, "_inspect", inspect_and_swap)
    before = set(os.listdir("/proc/self/fd"))
    with trio.fail_after(20), pytest.raises(PermissionError):
        await files.open("Hello.txt", write=True, truncate=True)
    assert set(os.listdir("/proc/self/fd")) == before


async def test_descriptors_are_not_left_behind(share: Path) -> None:
    files = DirectoryFileSystem(share)
    before = set(os.listdir("/proc/self/fd"))
    for path in ("Hello.txt", "Dir/a.txt", "nothing", "Dir/nothing", "Hello.txt/x"):
        with trio.CancelScope() as scope:
            try:
                handle = await files.open(path)
                await handle.aclose()
                scope.cancel()
                await files.listdir("Dir")
            except OSError:
                pass
    assert set(os.listdir("/proc/self/fd")) == before


def test_a_system_that_cannot(monkeypatch: pytest.MonkeyPatch, share: Path) -> None:
    monkeypatch.setattr(directory_files, "_CAN", False)
    with pytest.raises(NotImplementedError):
        DirectoryFileSystem(share)
