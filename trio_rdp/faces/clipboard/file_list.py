"""`ClipboardFiles`: the list of the files on the peer's clipboard."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import overload

from trio_rdp.faces.clipboard.file_stream import ClipboardFile
from trio_rdp.faces.clipboard.files import FileProgress
from trio_rdp.faces.clipboard.saving import save_files

__all__ = ["ClipboardFiles"]


class ClipboardFiles(Sequence[ClipboardFile]):
    """The files on the peer's clipboard when they were asked for; directories come before what is in them."""

    def __init__(self, files: Iterable[ClipboardFile] = ()) -> None:
        self._files = tuple(files)

    def __len__(self) -> int:
        return len(self._files)

    @overload
    def __getitem__(self, index: int) -> ClipboardFile: ...

    @overload
    def __getitem__(self, index: slice) -> ClipboardFiles: ...

    def __getitem__(self, index: int | slice) -> ClipboardFile | ClipboardFiles:
        return ClipboardFiles(self._files[index]) if isinstance(index, slice) else self._files[index]

    def __repr__(self) -> str:
        return f"<ClipboardFiles {list(self._files)!r}>"

    async def save(
        self, directory: str | os.PathLike[str], *, on_progress: Callable[[FileProgress], object] | None = None
    ) -> list[Path]:
        """Save all into a directory, and give the paths; `on_progress` is called after each piece.

        No name leads out of the directory, and nothing that is there is written over: names are checked before anything
        is written (`DecodeError`), and a file that exists raises `FileExistsError`.  A file that did not come whole,
        because the peer refused or this was cancelled, is removed again; those before it stay.
        """
        return await save_files(self._files, Path(directory), on_progress)
