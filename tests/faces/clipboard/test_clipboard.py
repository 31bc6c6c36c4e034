"""`Clipboard`: what users of it see, between two of ours and with peers that do as they like."""

from __future__ import annotations

import contextlib
import logging
import struct
from collections.abc import Awaitable, Callable

import pytest
import trio
import trio.lowlevel
import trio.testing
from PIL import Image

from tests.clipboards import clipboard_and_peer, clipboard_pair
from tests.robustness.test_cancel import cancelled_at
from trio_rdp.channels.cliprdr import (
    FILE_GROUP_DESCRIPTOR,
    Capabilities,
    ClipboardFormat,
    FormatDataRequest,
    FormatDataResponse,
    FormatListResponse,
    HtmlClip,
    LongFormatList,
    MessageFlags,
    MonitorReady,
    ShortFormatList,
    StandardFormat,
)
from trio_rdp.faces.clipboard.clipboard import Clipboard
from trio_rdp.faces.clipboard.contents import ClipboardContents
from trio_rdp.faces.clipboard.files import MemoryFile
from trio_rdp.faces.clipboard.images import ClipboardImage, ImageSource
from trio_rdp.protocol.limits import Limits
from trio_rdp.testing import channel_pair
from trio_rdp.wire.errors import (
    ChannelClosed,
    DeadlineExceeded,
    DecodeError,
    EncodeError,
    LocalProtocolError,
    RequestRefused,
    SessionClosed,
)

TEXT = ClipboardFormat(StandardFormat.UNICODETEXT)
FAIL = MessageFlags.RESPONSE_FAIL


@pytest.mark.parametrize("from_server", [True, False])
async def test_text_and_html(from_server: bool) -> None:
    async with clipboard_pair() as (client, server):
        source, target = (server, client) if from_server else (client, server)
        await source.offer(text="one\ntwo ÄΩ😀\r\n", html="<b>one</b>")
        assert target.contents.has_text
        assert target.contents.has_html
        assert not target.contents.has_files
        assert await target.read_text() == "one\ntwo ÄΩ😀\n"
        assert await target.read_html() == HtmlClip.of("<b>one</b>")
        assert await target.read(13) == "one\r\ntwo ÄΩ😀\r\n\0".encode("utf-16-le")
        assert await target.read_image() is None
        assert await target.read("Rich Text Format") is None
        assert list(await target.read_files()) == []


@pytest.mark.parametrize("kind", ["ours", "pillow", "png"])
async def test_images(kind: str) -> None:
    picture = Image.new("RGBA", (31, 17), (10, 20, 30, 40))
    ours = ClipboardImage.from_pillow(picture)
    async with clipboard_pair() as (client, server):
        sources: dict[str, ImageSource] = {"ours": ours, "pillow": picture, "png": ours.to_png()}
        await server.offer(image=sources[kind])
        assert client.contents.has_image
        assert await client.read_image() == ours
        dib = await client.read(StandardFormat.DIB)
        assert dib is not None
        assert ClipboardImage.decode(dib).to_pillow().getpixel((3, 3)) == (10, 20, 30, 255)
        v5 = await client.read(StandardFormat.DIBV5)
        assert v5 is not None
        assert ClipboardImage.decode(v5) == ours


async def test_an_image_in_the_next_format_when_one_is_refused_or_broken() -> None:
    picture = ClipboardImage(2, 1, b"\1\2\3\xff\4\5\6\xff")
    async with clipboard_and_peer() as (clipboard, peer), trio.open_nursery() as nursery:
        await peer.copy(ClipboardFormat(0xC001, "PNG"), ClipboardFormat(17), ClipboardFormat(8))
        found: list[object] = []

        async def read() -> None:
            try:
                found.append(await clipboard.read_image())
            except RequestRefused as exc:
                found.append(exc)

        for last in (picture.encode(), None):
            nursery.start_soon(read)
            assert (await peer.hear(FormatDataRequest)).requested_format_id == 0xC001
            await peer.say(FormatDataResponse(msg_flags=FAIL))
            assert (await peer.hear(FormatDataRequest)).requested_format_id == 17
            await peer.say(FormatDataResponse(requested_format_data=b"no picture"))
            assert (await peer.hear(FormatDataRequest)).requested_format_id == 8
            flags = MessageFlags.RESPONSE_OK if last else FAIL
            await peer.say(FormatDataResponse(msg_flags=flags, requested_format_data=last or b""))
        await trio.testing.wait_all_tasks_blocked(0.01)
        assert found[0] == picture
        assert isinstance(found[1], RequestRefused)


async def test_other_formats_by_name_and_number() -> None:
    async with clipboard_pair() as (client, server):
        await client.offer(formats={"Rich Text Format": b"{\\rtf1}", "My Data": lambda: b"made", 12: b"RIFF"})
        assert await server.read("rich text format") == b"{\\rtf1}"
        assert await server.read("My Data") == b"made"
        assert await server.read(StandardFormat.WAVE) == b"RIFF"
        assert "My Data" in server.contents


async def test_what_is_made_when_it_is_wanted(caplog: pytest.LogCaptureFixture) -> None:
    made: list[str] = []

    def text() -> str:
        made.append("text")
        return "late"

    async def html() -> str:
        await trio.lowlevel.checkpoint()
        made.append("html")
        return "<i>late</i>"

    def broken() -> ClipboardImage:
        raise ZeroDivisionError("no picture today")

    async with clipboard_pair() as (client, server):
        await server.offer(text=text, html=html, image=broken)
        await trio.testing.wait_all_tasks_blocked()
        assert made == []
        found = await client.read_html()
        assert found is not None
        assert found.fragment == "<i>late</i>"
        assert await client.read_text() == "late"
        assert made == ["html", "text"]
        with pytest.raises(RequestRefused):
            await client.read_image()
        assert "no picture today" in caplog.text
        assert await client.read_text() == "late"


async def test_mistakes_are_told_at_once() -> None:
    async with clipboard_pair() as (client, server):
        assert client.contents == ClipboardContents()
        for error, offer in (
            (EncodeError, {"text": "a\0b"}),
            (EncodeError, {"html": HtmlClip("x", "y")}),
            (LocalProtocolError, {"image": b"no PNG"}),
            (EncodeError, {"image": ClipboardImage(2, 2, b"")}),
            (FileNotFoundError, {"files": ["/nowhere/at/all"]}),
            (EncodeError, {"files": [MemoryFile("x" * 260, b"")]}),
            (TypeError, {"text": 5}),
            (TypeError, {"text": b"bytes"}),
            (TypeError, {"html": 5}),
            (TypeError, {"image": 5}),
            (TypeError, {"files": "/etc"}),  # else all of the disk, as its first letter is "/"
            (TypeError, {"files": MemoryFile("x", b"")}),
            (TypeError, {"formats": {"name": "text"}}),
            (TypeError, {"formats": {5.5: b""}}),
            (ValueError, {"formats": {"": b""}}),
            (ValueError, {"formats": {0: b""}}),
            (ValueError, {"formats": {-1: b""}}),
        ):
            with pytest.raises(error):
                await server.offer(**offer)
        assert server.statistics().offers == 0


async def test_clearing() -> None:
    async with clipboard_pair() as (client, server):
        await server.offer(text="x")
        await server.clear()
        assert client.contents == ClipboardContents()
        assert await client.read_text() is None


async def test_own_offers_are_not_read_back() -> None:
    async with clipboard_pair() as (client, server):
        await server.offer(text="theirs")
        await client.offer(text="ours")
        assert await client.read_text() is None
        assert await server.read_text() == "ours"


async def test_changes() -> None:
    async with clipboard_pair() as (client, server):
        await server.offer(text="first")
        changes = client.__aiter__()
        assert aiter(changes) is changes
        assert (await anext(changes)).has_text
        for _ in range(1000):
            await server.offer(text="again")
        await server.offer(html="last")
        latest = await anext(changes)
        assert latest.has_html
        assert not latest.has_text
        with trio.move_on_after(0.01) as scope:
            await client.offer(text="own")
            await anext(changes)
        assert scope.cancelled_caught


async def test_changes_end_when_the_channel_is_closed() -> None:
    clipboard = Clipboard(Limits(), is_server=True)
    ours, theirs = channel_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(clipboard.run, ours)
        await clipboard.wait_open()
        nursery.start_soon(theirs.aclose)
        async for _ in clipboard:
            raise AssertionError
    with pytest.raises(ChannelClosed):
        await clipboard.read_text()
    async for _ in clipboard:
        raise AssertionError


async def test_changes_raise_after_another_end() -> None:
    clipboard = Clipboard(Limits(), is_server=True)
    ours, _ = channel_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(clipboard.run, ours)
        await clipboard.wait_open()
        clipboard.session_ended(SessionClosed("the line was cut"))
        with pytest.raises(SessionClosed):
            await anext(aiter(clipboard))
        nursery.cancel_scope.cancel()


async def test_everybody_is_woken_at_the_end(autojump_clock: trio.testing.MockClock) -> None:
    errors: list[str] = []

    async def expect(call: Callable[[], Awaitable[object]]) -> None:
        with pytest.raises(ChannelClosed) as info:
            await call()
        errors.append(str(info.value))

    async with clipboard_and_peer() as (clipboard, peer), trio.open_nursery() as nursery:
        await peer.copy(TEXT, ClipboardFormat(0xC000, FILE_GROUP_DESCRIPTOR))
        for call in (clipboard.read_text, clipboard.read_text, clipboard.read_files):
            nursery.start_soon(expect, call)
        await trio.sleep(1)
        nursery.start_soon(expect, lambda: clipboard.offer(text="x"))
        await trio.sleep(1)
        await peer.channel.aclose()
        await trio.sleep(1)
        assert len(errors) == 4
        assert not clipboard.is_open


async def test_calls_wait_for_the_channel_and_its_beginning(autojump_clock: trio.testing.MockClock) -> None:
    clipboard = Clipboard(Limits(), is_server=True)
    ours, theirs = channel_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(lambda: clipboard.offer(text="early"))
        await trio.sleep(1)
        nursery.start_soon(clipboard.run, ours)
        await trio.sleep(1)
        for message in (Capabilities(), MonitorReady()):
            received = await theirs.receive()
            assert received[:2] == message.encode()[:2]
        await theirs.send(ShortFormatList(formats=[ClipboardFormat(1)]).encode())  # as rdesktop begins
        assert await theirs.receive() == FormatListResponse().encode()
        assert await theirs.receive() == ShortFormatList(formats=[TEXT]).encode()
        await theirs.send(FormatListResponse().encode())
        await theirs.aclose()


async def test_no_channel() -> None:
    clipboard = Clipboard(Limits(), is_server=True)
    clipboard.unavailable("the client did not ask for it")
    for call in (clipboard.read_text, clipboard.clear, clipboard.read_files):
        with pytest.raises(LocalProtocolError, match="did not ask"):
            await call()
    assert clipboard.contents == ClipboardContents()
    assert clipboard.statistics().offers == 0


async def test_an_offer_that_the_peer_cannot_take() -> None:
    async with clipboard_and_peer() as (clipboard, peer), trio.open_nursery() as nursery:

        async def offer() -> None:
            with pytest.raises(RequestRefused):
                await clipboard.offer(text="x")

        nursery.start_soon(offer)
        await peer.hear(LongFormatList)
        await peer.say(FormatListResponse(msg_flags=FAIL), FormatDataRequest(requested_format_id=13))
        assert not (await peer.hear(FormatDataResponse)).msg_flags.is_success


async def test_a_peer_that_does_not_answer(autojump_clock: trio.testing.MockClock) -> None:
    async with clipboard_and_peer(Limits(clipboard_answer=7)) as (clipboard, peer):
        await peer.copy(TEXT)
        started = trio.current_time()
        with pytest.raises(DeadlineExceeded, match="clipboard data"):
            await clipboard.read_text()
        assert trio.current_time() - started == pytest.approx(7)
        await peer.hear(FormatDataRequest)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(clipboard.read_text)
            await peer.hear(FormatDataRequest)
            await peer.say(FormatDataResponse(requested_format_data=bytes(2)))


async def test_the_answer_to_a_cancelled_request_is_not_anothers(autojump_clock: trio.testing.MockClock) -> None:
    async with clipboard_and_peer() as (clipboard, peer), trio.open_nursery() as nursery:
        await peer.copy(TEXT, ClipboardFormat(1))
        with trio.move_on_after(1):
            await clipboard.read_text()
        assert (await peer.hear(FormatDataRequest)).requested_format_id == 13
        found: list[bytes | None] = []

        async def read() -> None:
            found.append(await clipboard.read(1))

        nursery.start_soon(read)
        await trio.sleep(1)
        assert peer.hears_nothing()
        await peer.say(FormatDataResponse(requested_format_data=b"late"))
        assert (await peer.hear(FormatDataRequest)).requested_format_id == 1
        await peer.say(FormatDataResponse(requested_format_data=b"right"))
        await trio.sleep(1)
        assert found == [b"right"]


async def test_a_cancelled_request_does_not_hold_up_the_next_for_ever(autojump_clock: trio.testing.MockClock) -> None:
    async with clipboard_and_peer(Limits(clipboard_answer=7)) as (clipboard, peer):
        await peer.copy(TEXT)
        with trio.move_on_after(1):
            await clipboard.read_text()
        await peer.hear(FormatDataRequest)
        with pytest.raises(DeadlineExceeded):
            await clipboard.read_text()
        assert trio.current_time() == pytest.approx(14)
        await peer.hear(FormatDataRequest)


async def test_what_is_not_there_any_more_when_it_is_its_turn(autojump_clock: trio.testing.MockClock) -> None:
    async with clipboard_and_peer() as (clipboard, peer), trio.open_nursery() as nursery:
        await peer.copy(TEXT)
        found: list[str | None] = []

        async def read() -> None:
            found.append(await clipboard.read_text())

        nursery.start_soon(read)
        nursery.start_soon(read)
        await peer.hear(FormatDataRequest)
        await peer.copy()
        await peer.say(FormatDataResponse(requested_format_data=b"x\0"))
        await trio.sleep(1)
        assert sorted(found, key=str) == [None, "x"]


async def test_old_text_formats() -> None:
    async with clipboard_and_peer() as (clipboard, peer), trio.open_nursery() as nursery:
        for number, data in ((1, b"caf\xe9\0"), (7, b"caf\x82\0")):
            await peer.copy(ClipboardFormat(number))

            async def check() -> None:
                assert await clipboard.read_text() == "café"

            nursery.start_soon(check)
            assert (await peer.hear(FormatDataRequest)).requested_format_id == number
            await peer.say(FormatDataResponse(requested_format_data=data))
            await trio.testing.wait_all_tasks_blocked()


async def test_bad_html_and_file_lists_of_the_peer() -> None:
    async with clipboard_and_peer() as (clipboard, peer), trio.open_nursery() as nursery:
        await peer.copy(ClipboardFormat(5, "HTML Format"), ClipboardFormat(6, FILE_GROUP_DESCRIPTOR))

        async def check() -> None:
            with pytest.raises(DecodeError):
                await clipboard.read_html()
            with pytest.raises(DecodeError):
                await clipboard.read_files()

        nursery.start_soon(check)
        await peer.hear(FormatDataRequest)
        await peer.say(FormatDataResponse(requested_format_data=b"<b>"))
        await peer.channel.receive()  # the lock
        await peer.hear(FormatDataRequest)
        await peer.say(FormatDataResponse(requested_format_data=struct.pack("<I", 0xFFFFFFFF)))


async def test_a_peer_that_floods_and_reads_nothing_loses_the_channel(caplog: pytest.LogCaptureFixture) -> None:
    limits = Limits(clipboard_requests=20)
    for flood in (LongFormatList(formats=[TEXT]), FormatDataRequest(requested_format_id=13)):
        async with clipboard_and_peer(limits) as (clipboard, peer):
            with contextlib.suppress(trio.BrokenResourceError), trio.fail_after(10):
                while True:
                    await peer.say(flood)
            with pytest.raises(ChannelClosed):
                await clipboard.read_text()
    assert "not answered" in caplog.text
    assert "reads none" in caplog.text
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_announcements_without_end_cost_one_answer_each() -> None:
    async with clipboard_and_peer() as (clipboard, peer):
        for _ in range(1000):
            await peer.copy(TEXT)
        assert peer.hears_nothing()
        changes = aiter(clipboard)
        await anext(changes)
        with trio.move_on_after(0.01) as scope:
            await anext(changes)
        assert scope.cancelled_caught
        assert clipboard.statistics().changes == 1000


async def test_the_temporary_directory() -> None:
    client = Clipboard(Limits(), is_server=False, temporary_directory=r"C:\temp")
    server = Clipboard(Limits(), is_server=True)
    ours, theirs = channel_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(client.run, ours)
        nursery.start_soon(server.run, theirs)
        await client.offer(text="x")
        await server.read_text()
        assert client.temporary_directory == server.temporary_directory == r"C:\temp"
        await ours.aclose()


USES: dict[str, Callable[[Clipboard], Awaitable[object]]] = {
    "text": lambda clipboard: clipboard.read_text(),
    "image": lambda clipboard: clipboard.read_image(),
    "files": lambda clipboard: clipboard.read_files(),
    "offer": lambda clipboard: clipboard.offer(text="mine", files=[MemoryFile("mine", b"mine")]),
    "clear": lambda clipboard: clipboard.clear(),
    "open": lambda clipboard: clipboard.wait_open(),
    "change": lambda clipboard: anext(aiter(clipboard)),
}


@pytest.mark.parametrize("use", USES)
async def test_cancelling_at_every_checkpoint_leaves_both_sides_usable(use: str) -> None:
    image = ClipboardImage(1, 1, b"\1\2\3\xff")
    async with clipboard_pair() as (client, server):
        for checkpoint in range(60):
            await server.offer(text="text", image=image, files=[MemoryFile("f", b"data")])
            async with cancelled_at(checkpoint) as scope:
                await USES[use](client)
            await server.offer(text=f"after {checkpoint}")
            assert await client.read_text() == f"after {checkpoint}"
            await client.offer(text=f"back {checkpoint}")
            assert await server.read_text() == f"back {checkpoint}"
            if not scope.cancelled_caught:
                break
        else:
            raise AssertionError("no end of checkpoints")
        statistics = client.statistics()
        assert statistics.requests_wanted == statistics.requests_owed == 0
