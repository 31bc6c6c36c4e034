"""What a drive tells of its directories: their files, one a request, and what changes in them."""

from __future__ import annotations

import trio

from trio_rdp.channels.rdpdr.client import answer
from trio_rdp.channels.rdpdr.client_names import is_lendable, matches_pattern, split_pattern
from trio_rdp.channels.rdpdr.directory import encode_changes
from trio_rdp.channels.rdpdr.drive_requests import NotifyChangeDirectoryRequest, QueryDirectoryRequest
from trio_rdp.channels.rdpdr.header import NtStatus
from trio_rdp.channels.rdpdr.responses import DeviceIoResponse
from trio_rdp.faces.devices.device import unsupported
from trio_rdp.faces.devices.drive_answers import describe_entry, wanted_changes
from trio_rdp.faces.devices.drive_files import OpenFile, Refused
from trio_rdp.faces.devices.file_systems import FileStatus, FileSystem, TooManyChanges

__all__ = ["query_directory", "wait_changes"]

_CHANGES_SIZE = 64 << 10  # bytes of changes that Windows takes at once
_CHANGES = 1000
_STEPS = 5000  # of matching patterns, before others have a turn: a few milliseconds


async def query_directory(
    request: QueryDirectoryRequest, file: OpenFile, file_system: FileSystem, room: int
) -> DeviceIoResponse:
    """Tell of the next file, or of the first that fits a pattern; at most `room` entries are kept for later."""
    if request.initial_query:
        file.entries = []
        file.entries = await _list(request.path, file_system, room)
    if not file.entries:
        return answer(request, NtStatus.NO_SUCH_FILE if request.initial_query else NtStatus.NO_MORE_FILES)
    name, status = file.entries[-1]
    found = describe_entry(request.fs_information_class, name, status)
    if found is None:
        return unsupported(request)
    file.entries.pop()
    return answer(request, buffer=found.encode())


async def _list(path: str, file_system: FileSystem, room: int) -> list[tuple[str, FileStatus]]:
    """What fits a pattern in a directory, the last first."""
    names, pattern = split_pattern(path)
    directory = "/".join(names)
    entries = await file_system.listdir(directory)
    if len(entries) > room:
        raise Refused(NtStatus.INSUFFICIENT_RESOURCES)
    found = []
    if directory:  # the root of a drive has neither
        status = FileStatus(is_directory=True)
        found += [(name, status) for name in (".", "..") if matches_pattern(pattern, name)]
    spent = 0
    for name, status in entries.items():
        spent += 1 + len(pattern) * len(name) if pattern != "*" else 1
        if spent > _STEPS:
            spent = 0
            await trio.lowlevel.checkpoint()
        if is_lendable(name) and matches_pattern(pattern, name):
            found.append((name, status))
    found.reverse()
    return found


async def wait_changes(
    request: NotifyChangeDirectoryRequest, file: OpenFile, file_system: FileSystem, *, may_watch: bool
) -> DeviceIoResponse:
    """Wait for something to happen in a directory, or for its being closed.

    What happens between two requests is told to the second.  `may_watch` says whether one more may be watched.
    """
    if not file.is_directory:
        raise Refused(NtStatus.INVALID_PARAMETER)
    with trio.CancelScope() as scope:
        file.waits.add(scope)
        try:
            async with file.watching:
                return await _watch(request, file, file_system, may_watch=may_watch)
        except TooManyChanges:
            return answer(request, NtStatus.NOTIFY_ENUM_DIR)
        finally:
            file.waits.discard(scope)
    # "When the file is closed by a Server Close Drive Request [...] the Buffer field is empty", and the response
    # indicates success, [MS-RDPEFS] 3.2.5.2.24.
    return answer(request)


async def _watch(
    request: NotifyChangeDirectoryRequest, file: OpenFile, file_system: FileSystem, *, may_watch: bool
) -> DeviceIoResponse:
    if file.watch is not None and file.is_watch_recursive != request.watch_tree:
        await file.watch.aclose()
        file.watch = None
        may_watch = True
    if file.watch is None:
        if not may_watch:
            raise Refused(NtStatus.INSUFFICIENT_RESOURCES)
        file.watch = file_system.watch(file.path, recursive=request.watch_tree)
        file.is_watch_recursive = request.watch_tree
    while True:
        found = wanted_changes(await file.watch.changes(), request.completion_filter)
        if len(found) > _CHANGES:
            raise TooManyChanges
        if found:
            buffer = encode_changes(found)
            if len(buffer) > _CHANGES_SIZE:
                raise TooManyChanges
            return answer(request, buffer=buffer)
