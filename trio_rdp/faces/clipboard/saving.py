"""Saving the files of a peer's clipboard where they belong, and nowhere else."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path, PurePosixPath

import trio

from trio_rdp.faces.clipboard.file_stream import ClipboardFile
from trio_rdp.faces.clipboard.files import FileProgress
from trio_rdp.wire.errors import InvalidField

__all__ = ["save_files"]

OnProgress = Callable[[FileProgress], object]


async def save_files(files: Sequence[ClipboardFile], directory: Path, on_progress: OnProgress | None) -> list[Path]:
    """Save files into a directory, as `ClipboardFiles.save` says."""
    paths = _checked_paths(files)
    for file in files:
        if not file.is_directory:
            await file.find_size()
    progress = _Progress(files, on_progress)
    saved = []
    for file, path in zip(files, paths, strict=True):
        target = await trio.to_thread.run_sync(_prepare, directory, path, file.is_directory)
        if not file.is_directory:
            await _save(file, target, progress)
        saved.append(target)
    for file, target in zip(reversed(files), reversed(saved), strict=True):
        if file.is_directory and file.modified is not None:
            await trio.to_thread.run_sync(_set_time, target, file.modified)
    return saved


class _Progress:
    def __init__(self, files: Sequence[ClipboardFile], on_progress: OnProgress | None) -> None:
        self._files = sum(not file.is_directory for file in files)
        self._bytes = sum(file.size or 0 for file in files if not file.is_directory)
        self._files_done = 0
        self._bytes_done = 0
        self._on_progress = on_progress

    def add(self, count: int, *, is_whole: bool = False) -> None:
        self._bytes_done += count
        self._files_done += is_whole
        if self._on_progress is not None:
            self._on_progress(FileProgress(self._files_done, self._files, self._bytes_done, self._bytes))


def _checked_paths(files: Sequence[ClipboardFile]) -> list[PurePosixPath]:
    """Where each file goes; raises `InvalidField` for names that are no good, and for two that would be one file."""
    paths = [file.path for file in files]
    seen: set[str] = set()
    for path in paths:
        name = str(path).casefold()  # some systems take them for the same
        if name in seen:
            raise InvalidField(f"two files of the name {str(path)!r}", pdu="PackedFileList")
        seen.add(name)
    return paths


def _prepare(directory: Path, path: PurePosixPath, is_directory: bool) -> Path:
    """Make the directories that a path needs, and follow no link on the way."""
    here = directory
    for part in path.parts if is_directory else path.parts[:-1]:
        here /= part
        if here.is_symlink():
            raise OSError(errno.ELOOP, "a symbolic link where the files should go", str(here))
        here.mkdir(exist_ok=True)
    return directory / path


async def _save(file: ClipboardFile, target: Path, progress: _Progress) -> None:
    # "x" opens no link either, and no file that is there.
    output = await trio.open_file(target, "xb")
    try:
        async with output, file.open() as stream:
            async for piece in stream:
                await output.write(piece)
                progress.add(len(piece))
        if file.modified is not None:
            await trio.to_thread.run_sync(_set_time, target, file.modified)
    except BaseException:
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(_remove, target)
        raise
    progress.add(0, is_whole=True)


def _set_time(target: Path, modified: datetime) -> None:
    seconds = modified.timestamp()
    os.utime(target, (seconds, seconds))


def _remove(target: Path) -> None:
    target.unlink(missing_ok=True)
