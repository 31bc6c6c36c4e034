"""What a peer asks of our clipboard: in order, bounded, and whatever the user's own code does."""

from __future__ import annotations

import logging

import pytest
import trio
import trio.testing

from tests.clipboards import ClipboardPeer, clipboard_and_peer
from trio_rdp.channels.cliprdr import (
    FileContentsFlags,
    FileContentsRequest,
    FileContentsResponse,
    FormatDataRequest,
    FormatDataResponse,
    FormatListResponse,
    LockClipboardData,
    LongFormatList,
    PackedFileList,
    UnlockClipboardData,
)
from trio_rdp.faces.clipboard.clipboard import Clipboard
from trio_rdp.faces.clipboard.files import MemoryFile, OfferedFile
from trio_rdp.faces.clipboard.offering import Offering
from trio_rdp.protocol.limits import Limits
from trio_rdp.wire.errors import LocalProtocolError


async def offer(clipboard: Clipboard, peer: ClipboardPeer, **contents: object) -> tuple[Offering, dict[str, int]]:
    """Offer something that the peer takes; gives the names' ids too."""
    found: list[Offering] = []

    async def run() -> None:
        found.append(await clipboard.offer(**contents))  # type: ignore[arg-type]

    async with trio.open_nursery() as nursery:
        nursery.start_soon(run)
        formats = (await peer.hear(LongFormatList)).formats
        await peer.say(FormatListResponse())
    return found[0], {item.format_name: item.format_id for item in formats}


async def ask(peer: ClipboardPeer, format_id: int) -> bytes | None:
    await peer.say(FormatDataRequest(requested_format_id=format_id))
    response = await peer.hear(FormatDataResponse)
    return response.requested_format_data if response.msg_flags.is_success else None


async def ask_file(peer: ClipboardPeer, request: FileContentsRequest) -> bytes | None:
    await peer.say(request)
    response = await peer.hear(FileContentsResponse)
    assert response.stream_id == request.stream_id
    return response.requested_file_contents_data if response.msg_flags.is_success else None


def part(index: int, position: int, count: int, lock: int | None = None) -> FileContentsRequest:
    flags = FileContentsFlags.RANGE
    return FileContentsRequest(
        stream_id=77, lindex=index, dw_flags=flags, position=position, cb_requested=count, clip_data_id=lock
    )


def size(index: int, lock: int | None = None) -> FileContentsRequest:
    return FileContentsRequest(stream_id=78, lindex=index, dw_flags=FileContentsFlags.SIZE, clip_data_id=lock)


async def test_answers_come_in_the_order_of_the_requests() -> None:
    async def slow() -> bytes:
        await trio.sleep(0.01)
        return b"slow"

    async with clipboard_and_peer() as (clipboard, peer):
        _, ids = await offer(clipboard, peer, formats={"slow": slow, "fast": b"fast"})
        for name in ("slow", "fast", "slow"):
            await peer.say(FormatDataRequest(requested_format_id=ids[name]))
        for data in (b"slow", b"fast", b"slow"):
            assert (await peer.hear(FormatDataResponse)).requested_format_data == data


async def test_names_keep_their_ids_and_others_do_not_get_them() -> None:
    async with clipboard_and_peer() as (clipboard, peer):
        _, first = await offer(clipboard, peer, formats={"A": b"a", "B": b"b"})
        _, second = await offer(clipboard, peer, formats={"C": b"c", "B": b"b2"})
        assert first["B"] == second["B"]
        assert len({*first.values(), *second.values()}) == 3
        assert await ask(peer, first["A"]) is None
        assert await ask(peer, first["B"]) == b"b2"
        assert await ask(peer, 4711) is None


async def test_what_is_replaced_while_it_is_made_is_refused() -> None:
    async with clipboard_and_peer() as (clipboard, peer):
        _, ids = await offer(clipboard, peer, formats={"never": trio.sleep_forever})
        await peer.say(FormatDataRequest(requested_format_id=ids["never"]))
        await trio.testing.wait_all_tasks_blocked()
        assert clipboard.statistics().requests_owed == 1
        async with trio.open_nursery() as nursery:
            nursery.start_soon(lambda: clipboard.offer(text="x"))
            await peer.hear(LongFormatList)
            assert not (await peer.hear(FormatDataResponse)).msg_flags.is_success
            await peer.say(FormatListResponse())
        assert await ask(peer, 13) == b"x\0\0\0"


async def test_too_much_for_a_message(caplog: pytest.LogCaptureFixture) -> None:
    async with clipboard_and_peer(Limits(channel_message=1000)) as (clipboard, peer):
        _, ids = await offer(clipboard, peer, formats={"big": bytes(1000), "small": bytes(900)})
        assert await ask(peer, ids["big"]) is None
        assert await ask(peer, ids["small"]) == bytes(900)
        assert "too many for a message" in caplog.text


async def test_parts_of_files() -> None:
    async with clipboard_and_peer(Limits(clipboard_range=3)) as (clipboard, peer):
        offering, ids = await offer(clipboard, peer, files=[MemoryFile("a", b"0123456789")])
        data = await ask(peer, ids["FileGroupDescriptorW"])
        assert data is not None
        assert PackedFileList.decode(data).file_descriptor_array[0].size == 10
        assert await ask_file(peer, size(0)) == (10).to_bytes(8, "little")
        assert await ask_file(peer, part(0, 2, 2)) == b"23"
        assert await ask_file(peer, part(0, 2, 0xFFFFFFFF)) == b"234"  # no more at once
        assert await ask_file(peer, part(0, 10, 5)) == b""
        assert await ask_file(peer, part(0, 1 << 63, 5)) == b""
        for index in (-1, 1, 1 << 30):
            assert await ask_file(peer, part(index, 0, 5)) is None
            assert await ask_file(peer, size(index)) is None
        assert offering.progress().bytes_done == 10


async def test_a_file_that_cannot_be_read_costs_its_range_only(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(OfferedFile):
        async def read(self, position: int, count: int) -> bytes:
            raise RuntimeError("a mistake of the user's")

    async with clipboard_and_peer() as (clipboard, peer):
        await offer(clipboard, peer, files=[Broken("a", 10), MemoryFile("b", b"ok")])
        assert await ask_file(peer, part(0, 0, 5)) is None
        assert await ask_file(peer, part(1, 0, 5)) == b"ok"
        assert "a mistake of the user's" in caplog.text
        assert caplog.records[-1].levelno == logging.ERROR


async def test_a_slow_file_holds_up_nothing_else() -> None:
    class Slow(OfferedFile):
        async def read(self, position: int, count: int) -> bytes:
            await trio.sleep_forever()
            raise AssertionError

    async with clipboard_and_peer() as (clipboard, peer):
        await offer(clipboard, peer, text="x", files=[Slow("a", 10), MemoryFile("b", b"ok")])
        await peer.say(part(0, 0, 5))
        assert await ask_file(peer, part(1, 0, 5)) == b"ok"
        assert await ask(peer, 13) == b"x\0\0\0"
        assert clipboard.statistics().requests_owed == 1


async def test_locked_files_outlive_their_offer(autojump_clock: trio.testing.MockClock) -> None:
    async with clipboard_and_peer() as (clipboard, peer):
        first, _ = await offer(clipboard, peer, files=[MemoryFile("a", b"old")])
        await peer.say(LockClipboardData(clip_data_id=5))
        await offer(clipboard, peer, files=[MemoryFile("a", b"new!")])
        assert await ask_file(peer, part(0, 0, 9, lock=5)) == b"old"
        assert await ask_file(peer, part(0, 0, 9)) == b"new!"
        assert await ask_file(peer, size(0, lock=6)) is None
        await trio.sleep(59)
        assert await ask_file(peer, size(0, lock=5)) == (3).to_bytes(8, "little")
        await trio.sleep(59)
        assert not first.is_over
        await trio.sleep(2)
        assert first.is_over
        assert await ask_file(peer, size(0, lock=5)) is None
        assert clipboard.statistics().locks_held == 0


async def test_unlocking_lets_files_go() -> None:
    async with clipboard_and_peer() as (clipboard, peer):
        first, _ = await offer(clipboard, peer, files=[MemoryFile("a", b"old")])
        await peer.say(LockClipboardData(clip_data_id=5))
        await offer(clipboard, peer, text="x")
        assert not first.is_over
        await peer.say(UnlockClipboardData(clip_data_id=5))
        await trio.testing.wait_all_tasks_blocked()
        assert first.is_over


async def test_names_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trio_rdp.faces.clipboard.serving._LAST_NAMED", 0xC001)
    async with clipboard_and_peer() as (clipboard, peer):
        await offer(clipboard, peer, formats={"A": b"a", "B": b"b"})
        with pytest.raises(LocalProtocolError, match="2 names"):
            await clipboard.offer(formats={"C": b"c"})
        assert await ask(peer, 0xC000) == b"a"
