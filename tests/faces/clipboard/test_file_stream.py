"""Streams of a peer's files: whole ones, ranges, cancelled ones, and peers that answer badly."""

from __future__ import annotations

import contextlib
import errno
import os
import random
from collections.abc import Awaitable, Callable

import pytest
import trio
import trio.lowlevel
import trio.testing

from tests.clipboards import ClipboardPeer, clipboard_and_peer, clipboard_pair
from tests.robustness.test_cancel import cancelled_at
from trio_rdp.channels.cliprdr import (
    ALL_FEATURES,
    FILE_GROUP_DESCRIPTOR,
    ClipboardFormat,
    FileContentsFlags,
    FileContentsRequest,
    FileContentsResponse,
    FileDescriptor,
    FormatDataRequest,
    FormatDataResponse,
    GeneralFlags,
    LockClipboardData,
    MessageFlags,
    PackedFileList,
    UnlockClipboardData,
)
from trio_rdp.faces.clipboard.clipboard import Clipboard
from trio_rdp.faces.clipboard.file_list import ClipboardFiles
from trio_rdp.faces.clipboard.file_stream import ClipboardFileStream
from trio_rdp.faces.clipboard.files import MemoryFile, OfferedFile
from trio_rdp.protocol.limits import Limits
from trio_rdp.wire.errors import ChannelClosed, DecodeError, LocalProtocolError, RequestRefused

FILES = ClipboardFormat(0xC000, FILE_GROUP_DESCRIPTOR)
NO_LOCKS = ALL_FEATURES & ~GeneralFlags.CAN_LOCK_CLIPDATA
DATA = random.Random(1).randbytes(3_000_000)


class Huge(OfferedFile):
    """Six gibibytes, of which each byte tells where it is."""

    def __init__(self) -> None:
        super().__init__("huge", 6 << 30)

    async def read(self, position: int, count: int) -> bytes:
        await trio.lowlevel.checkpoint()
        return bytes((position + at) * 7 & 0xFF for at in range(max(0, min(count, self.size - position))))


async def test_whole_files() -> None:
    async with clipboard_pair() as (client, server):
        await server.offer(files=[MemoryFile("a", DATA), MemoryFile("empty", b"")])
        big, empty = await client.read_files()
        assert (big.name, big.size, big.is_directory) == ("a", len(DATA), False)
        async with big.open() as stream:
            assert await stream.read() == DATA
            assert await stream.read() == b""
            assert await stream.read(5) == b""
        async with big.open() as stream:
            assert b"".join([part async for part in stream]) == DATA
        async with empty.open() as stream:
            assert await stream.read() == b""
        assert server.statistics().peak_requests <= 5


async def test_all_that_is_left_has_a_limit() -> None:
    async with clipboard_pair(limits=Limits(clipboard_read=1000)) as (client, server):
        await server.offer(files=[MemoryFile("a", DATA)])
        (file,) = await client.read_files()
        async with file.open() as stream:
            with pytest.raises(OSError, match="3000000 bytes are left, more than 1000") as caught:
                await stream.read()
            assert caught.value.errno == errno.EFBIG
            assert await stream.read(1001) == DATA[:1001]
            await stream.seek(-1000, os.SEEK_END)
            assert await stream.read() == DATA[-1000:]


async def test_any_place() -> None:
    source = random.Random(2)
    async with clipboard_pair() as (client, server):
        await server.offer(files=[MemoryFile("a", DATA)])
        (file,) = await client.read_files()
        async with file.open() as stream:
            for _ in range(40):
                at, count = source.randrange(len(DATA) + 10), source.choice((1, 10, 70_000, 600_000))
                assert await stream.seek(at) == at
                assert await stream.read(count) == DATA[at : at + count]
                assert stream.tell() == max(at, min(at + count, len(DATA)))
            assert await stream.seek(-3, os.SEEK_END) == len(DATA) - 3
            assert await stream.read() == DATA[-3:]
            await stream.seek(10)
            assert await stream.seek(-4, os.SEEK_CUR) == 6
            assert await stream.receive_some(2) == DATA[6:8]
            with pytest.raises(ValueError, match="position"):
                await stream.seek(-1)
            with pytest.raises(ValueError, match="max_bytes"):
                await stream.receive_some(0)


async def test_beyond_4_gib() -> None:
    async with clipboard_pair() as (client, server):
        await server.offer(files=[Huge()])
        (file,) = await client.read_files()
        assert file.size == 6 << 30
        async with file.open() as stream:
            at = (5 << 30) + 12_345
            await stream.seek(at)
            assert await stream.read(100) == bytes((at + n) * 7 & 0xFF for n in range(100))
            await stream.seek(-10, os.SEEK_END)
            assert len(await stream.read()) == 10


async def test_directories_and_names() -> None:
    async with hand_offered(
        FileDescriptor.of("d"), FileDescriptor.of(r"d\f", size=3), FileDescriptor.of("..\\x", size=1)
    ) as (
        files,
        _,
        _,
    ):
        assert [file.is_directory for file in files] == [True, False, False]
        assert files[1].path.parts == ("d", "f")
        with pytest.raises(DecodeError):
            _ = files[2].path
        assert [file.name for file in files[:2]] == ["d", r"d\f"]
        assert "directory" in repr(files[0])


async def test_a_closed_stream() -> None:
    async with clipboard_pair() as (client, server):
        await server.offer(files=[MemoryFile("a", DATA)])
        (file,) = await client.read_files()
        stream = file.open()
        await stream.read(1)
        await stream.aclose()
        await stream.aclose()
        for call in (stream.read, stream.receive_some, lambda: stream.seek(0)):
            with pytest.raises(trio.ClosedResourceError):
                await call()


async def test_one_reader_at_a_time_and_closing_wakes_it() -> None:
    async with hand_offered(FileDescriptor.of("x", size=10)) as ((file,), _, clipboard), trio.open_nursery() as nursery:
        async with file.open() as stream:
            nursery.start_soon(raises, trio.ClosedResourceError, stream.receive_some)
            await trio.testing.wait_all_tasks_blocked()
            with pytest.raises(trio.BusyResourceError):
                await stream.receive_some()
            with pytest.raises(trio.BusyResourceError):
                await stream.seek(5)
        assert clipboard.statistics().requests_wanted == 0


async def test_cancelling_at_every_checkpoint_loses_nothing() -> None:
    async with clipboard_pair() as (client, server):
        await server.offer(files=[MemoryFile("a", DATA[:400_000])])
        (file,) = await client.read_files()
        async with file.open() as stream:
            for checkpoint in range(200):
                await stream.seek(1000)
                async with cancelled_at(checkpoint) as scope:
                    assert await stream.read(300_000) == DATA[1000:301_000]
                if not scope.cancelled_caught:
                    break
                assert stream.tell() == 1000
                assert await stream.receive_some(10) == DATA[1000:1010]
            else:
                raise AssertionError("no end of checkpoints")
            await stream.seek(0)
            got = bytearray()
            while len(got) < 400_000:
                async with cancelled_at(random.Random(len(got)).randrange(8)):
                    got += await stream.receive_some(50_000)
            assert got == DATA[:400_000]
        await trio.testing.wait_all_tasks_blocked()
        assert client.statistics().requests_wanted == 0


# Peers by hand.


class hand_offered:  # noqa: N801
    """Files that a peer by hand offers, as our clipboard sees them."""

    def __init__(self, *files: FileDescriptor, limits: Limits | None = None, flags: GeneralFlags = NO_LOCKS) -> None:
        self._files = files
        self._context = clipboard_and_peer(limits, flags=flags)

    async def __aenter__(self) -> tuple[ClipboardFiles, ClipboardPeer, Clipboard]:
        clipboard, peer = await self._context.__aenter__()
        found: list[ClipboardFiles] = []

        async def read() -> None:
            found.append(await clipboard.read_files())

        await peer.copy(FILES)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(read)
            while isinstance(await self._hear(peer), LockClipboardData):
                pass
            described = PackedFileList(file_descriptor_array=list(self._files))
            await peer.say(FormatDataResponse(requested_format_data=described.encode()))
        return found[0], peer, clipboard

    async def _hear(self, peer: ClipboardPeer) -> object:
        from trio_rdp.channels.cliprdr import decode_cliprdr

        message = decode_cliprdr(await peer.channel.receive(), long_names=True)
        assert isinstance(message, LockClipboardData | FormatDataRequest)
        return message

    async def __aexit__(self, *exc: object) -> None:
        await self._context.__aexit__(*exc)  # type: ignore[arg-type]


def refusal(request: FileContentsRequest) -> FileContentsResponse:
    return FileContentsResponse(msg_flags=MessageFlags.RESPONSE_FAIL, stream_id=request.stream_id)


def contents(request: FileContentsRequest, data: bytes) -> FileContentsResponse:
    return FileContentsResponse(stream_id=request.stream_id, requested_file_contents_data=data)


async def raises(error: type[Exception], call: Callable[[], Awaitable[object]]) -> None:
    with pytest.raises(error):
        await call()


async def test_a_size_that_the_list_does_not_say() -> None:
    unsized = FileDescriptor(file_name="x")
    async with hand_offered(unsized, unsized) as ((file, other), peer, _), trio.open_nursery() as nursery:
        sizes: list[int] = []

        async def find() -> None:
            sizes.append(await file.find_size())

        nursery.start_soon(find)
        request = await peer.hear(FileContentsRequest)
        assert (request.lindex, request.dw_flags, request.cb_requested) == (0, FileContentsFlags.SIZE, 8)
        await peer.say(FileContentsResponse.of_size(request.stream_id, 1 << 33))
        nursery.start_soon(raises, RequestRefused, other.find_size)
        request = await peer.hear(FileContentsRequest)
        assert request.lindex == 1
        await peer.say(refusal(request))
        await trio.testing.wait_all_tasks_blocked()
        assert sizes == [1 << 33]
        assert await file.find_size() == 1 << 33


async def test_answers_in_any_order_shorter_and_longer_than_asked() -> None:
    size = 400_000
    async with hand_offered(FileDescriptor.of("x", size=size)) as ((file,), peer, _), trio.open_nursery() as nursery:
        found: list[bytes] = []

        async def read() -> None:
            async with file.open() as stream:
                found.append(await stream.read())

        nursery.start_soon(read)
        source = random.Random(3)
        while not found:
            await trio.testing.wait_all_tasks_blocked()
            requests = []
            with contextlib.suppress(trio.WouldBlock):
                while True:
                    requests.append(FileContentsRequest.decode(peer.channel.receive_nowait()))
            source.shuffle(requests)
            for request in requests:
                count = source.choice((request.cb_requested, request.cb_requested + 5, request.cb_requested // 2 + 1))
                await peer.say(contents(request, DATA[request.position : request.position + count]))
        assert found == [DATA[:size]]


async def test_a_file_that_is_shorter_than_it_said_or_cannot_be_read() -> None:
    async with (
        hand_offered(FileDescriptor.of("x", size=10)) as ((file,), peer, _),
        trio.open_nursery() as nursery,
        file.open() as stream,
    ):
        for answer in (lambda request: contents(request, b""), refusal):
            nursery.start_soon(raises, RequestRefused, stream.read)
            await peer.say(answer(await peer.hear(FileContentsRequest)))
            await trio.testing.wait_all_tasks_blocked()
            assert stream.tell() == 0
        nursery.start_soon(stream.read)
        await peer.say(contents(await peer.hear(FileContentsRequest), b"0123456789"))
        await trio.testing.wait_all_tasks_blocked()
        assert stream.tell() == 10


async def test_the_end_wakes_readers() -> None:
    async with hand_offered(FileDescriptor.of("x", size=10)) as ((file,), peer, _), trio.open_nursery() as nursery:
        stream = file.open()
        nursery.start_soon(raises, ChannelClosed, stream.read)
        await trio.testing.wait_all_tasks_blocked()
        await peer.channel.aclose()
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(ChannelClosed):
            await stream.read()
        await stream.aclose()


async def test_a_peer_that_counts_to_4_gib() -> None:
    flags = NO_LOCKS & ~GeneralFlags.HUGE_FILE_SUPPORT_ENABLED
    async with (
        hand_offered(FileDescriptor.of("x", size=6 << 30), flags=flags) as ((file,), _, _),
        file.open() as stream,
    ):
        await stream.seek(5 << 30)
        with pytest.raises(LocalProtocolError):
            await stream.read(1)


async def test_requests_wait_for_room(autojump_clock: trio.testing.MockClock) -> None:
    limits = Limits(clipboard_requests=5)
    async with hand_offered(FileDescriptor.of("x", size=1 << 30), limits=limits) as ((file,), peer, clipboard):
        async with trio.open_nursery() as nursery:
            streams: list[ClipboardFileStream] = []

            async def read() -> None:
                streams.append(file.open())
                async with streams[-1] as stream:
                    await stream.read(10)

            for _ in range(20):
                nursery.start_soon(read)
            await trio.sleep(1)
            statistics = clipboard.statistics()
            assert statistics.requests_wanted == statistics.peak_requests == 5
            for _ in range(20):
                await peer.say(contents(await peer.hear(FileContentsRequest), bytes(10)))
                await trio.sleep(1)
        assert clipboard.statistics().requests_wanted == 0


async def test_locks(autojump_clock: trio.testing.MockClock) -> None:
    """Files that were replaced stay locked while they are read, and for a while after that."""
    described = FileDescriptor.of("x", size=10)
    async with (
        hand_offered(described, flags=ALL_FEATURES) as ((file,), peer, clipboard),
        trio.open_nursery() as nursery,
    ):
        assert clipboard.statistics().locks_owned == 1
        stream = file.open()
        await peer.copy(ClipboardFormat(13))
        await trio.sleep(1000)
        assert peer.hears_nothing()
        nursery.start_soon(stream.read)
        request = await peer.hear(FileContentsRequest)
        assert request.clip_data_id == 1
        await peer.say(contents(request, bytes(10)))
        await trio.sleep(1)
        await stream.aclose()
        await trio.sleep(59)
        assert peer.hears_nothing()
        await trio.sleep(2)
        assert (await peer.hear(UnlockClipboardData)).clip_data_id == 1
        assert clipboard.statistics().locks_owned == 0
