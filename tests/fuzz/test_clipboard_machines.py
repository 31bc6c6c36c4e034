"""The clipboard's machine, by hand and under its face, hears nonsense: events or `RemoteProtocolError`, and no more
memory than its limits allow.
"""

from __future__ import annotations

import contextlib
import random
import time

import pytest
import trio
import trio.testing

from tests.fuzz.mutation import mutate
from trio_rdp.channels.cliprdr import (
    ALL_FEATURES,
    FILE_GROUP_DESCRIPTOR,
    Capabilities,
    ClipboardExchange,
    ClipboardFormat,
    DataReceived,
    DataRequested,
    FileContentsFlags,
    FileContentsReceived,
    FileContentsRequest,
    FileContentsRequested,
    FileContentsResponse,
    FileDescriptor,
    FormatDataRequest,
    FormatDataResponse,
    FormatListResponse,
    GeneralCapability,
    GeneralFlags,
    HtmlClip,
    LockClipboardData,
    LongFormatList,
    MessageFlags,
    MonitorReady,
    PackedFileList,
    ShortFormatList,
    TemporaryDirectory,
    UnlockClipboardData,
    encode_unicode_text,
)
from trio_rdp.faces.clipboard.clipboard import Clipboard
from trio_rdp.faces.clipboard.files import MemoryFile
from trio_rdp.faces.clipboard.images import ClipboardImage
from trio_rdp.protocol.limits import Limits
from trio_rdp.testing import channel_pair
from trio_rdp.wire.errors import LocalProtocolError, RdpError, RemoteProtocolError
from trio_rdp.wire.pdu import Pdu

ROLES = ["client", "server"]
LOCKS, REQUESTS = 5, 12
FORMATS = [
    ClipboardFormat(13),
    ClipboardFormat(1),
    ClipboardFormat(8),
    ClipboardFormat(0xC001, "HTML Format"),
    ClipboardFormat(0xC002, FILE_GROUP_DESCRIPTOR),
    ClipboardFormat(0xC003, "PNG"),
]
PICTURE = ClipboardImage(3, 2, bytes(24))
FILES = PackedFileList(file_descriptor_array=[FileDescriptor.of("a", size=100_000), FileDescriptor.of("b", size=5)])
DATA = [
    encode_unicode_text("text"),
    HtmlClip.of("<b>").encode(),
    PICTURE.encode(),
    PICTURE.to_png(),
    FILES.encode(),
    bytes(8),
    b"",
]


def messages() -> list[bytes]:
    """One of every kind, of either side."""
    found: list[Pdu] = [
        Capabilities(capability_sets=[GeneralCapability(general_flags=ALL_FEATURES)]),
        Capabilities(capability_sets=[GeneralCapability(general_flags=GeneralFlags(0))]),
        MonitorReady(),
        TemporaryDirectory(wsz_temp_dir=r"C:\temp"),
        LongFormatList(formats=FORMATS),
        ShortFormatList(formats=FORMATS),
        LongFormatList(),
        FormatListResponse(),
        FormatListResponse(msg_flags=MessageFlags.RESPONSE_FAIL),
        LockClipboardData(clip_data_id=1),
        UnlockClipboardData(clip_data_id=1),
        *(FormatDataRequest(requested_format_id=item.format_id) for item in FORMATS),
        *(FormatDataResponse(requested_format_data=data) for data in DATA),
        FormatDataResponse(msg_flags=MessageFlags.RESPONSE_FAIL),
        FileContentsRequest(stream_id=1, lindex=0, dw_flags=FileContentsFlags.SIZE),
        FileContentsRequest(stream_id=2, lindex=1, dw_flags=FileContentsFlags.RANGE, position=1, cb_requested=100),
        FileContentsRequest(stream_id=3, lindex=0, dw_flags=FileContentsFlags.RANGE, clip_data_id=1),
        *(FileContentsResponse.of_size(stream_id, 100) for stream_id in range(1, 6)),
        *(FileContentsResponse(stream_id=number, requested_file_contents_data=bytes(100)) for number in range(1, 6)),
        FileContentsResponse(msg_flags=MessageFlags.RESPONSE_FAIL, stream_id=1),
    ]
    return [message.encode() for message in found]


MESSAGES = messages()


def spoil(source: random.Random) -> list[bytes]:
    """Messages in any order and number, some of them changed."""
    found = [source.choice(MESSAGES) for _ in range(source.randint(1, 60))]
    found[:0] = MESSAGES[0:1] + MESSAGES[2:3] + MESSAGES[4:5]
    share = source.choice((0, 0.02, 0.1, 0.4))
    return [mutate(source, one, source.choice(MESSAGES)) if source.random() < share else one for one in found]


def ask(source: random.Random, exchange: ClipboardExchange, now: float) -> None:
    """Something that a user may want."""
    match source.randrange(8):
        case 0:
            exchange.offer(FORMATS[:4], has_files=False, now=now)
        case 1:
            exchange.offer(FORMATS, has_files=True, now=now)
        case 2:
            exchange.request_data(13)
        case 3:
            exchange.request_size(0, None, now)
        case 4:
            exchange.request_range(0, 0, 10, source.choice((None, 1)), now)
        case 5:
            exchange.lock(now)
        case 6:
            exchange.give_up_data()
        case _:
            exchange.give_up_file(source.randrange(5))


def drive(role: str, source: random.Random, heard: list[bytes]) -> int:
    exchange = ClipboardExchange(is_server=role == "server", requests_limit=REQUESTS, locks_limit=LOCKS)
    exchange.start()
    owed: list[FileContentsRequested | None] = []
    now, count = 0.0, 0
    for message in heard:
        now += source.random() * 20
        for event in exchange.receive(message, now):
            match event:
                case DataRequested():
                    owed.append(None)
                case FileContentsRequested():
                    owed.append(event)
                case DataReceived() | FileContentsReceived():
                    pass
        count += 1
        if owed and source.random() < 0.5:
            request = owed.pop(0)
            if request is None:
                exchange.answer_data(source.choice((None, b"x")))
            else:
                exchange.answer_file(request, source.choice((None, b"x", 1 << 40)))
        with contextlib.suppress(LocalProtocolError):
            ask(source, exchange, now)
        if source.random() < 0.1:
            exchange.expire(now)
        assert exchange.requests_owed == len(owed) <= REQUESTS
        assert exchange.files_wanted <= REQUESTS
        assert max(exchange.locks_held, exchange.locks_owned) <= LOCKS
        assert len(exchange._kept_files) <= LOCKS + 1
    return count


async def live(role: str, source: random.Random, heard: list[bytes]) -> None:
    """Use a face all the time while its peer says these things."""
    limits = Limits(clipboard_requests=REQUESTS, clipboard_locks=LOCKS, clipboard_answer=1, clipboard_lock_idle=2)
    clipboard = Clipboard(limits, is_server=role == "server")
    ours, theirs = channel_pair("cliprdr", messages=200)

    async def use() -> None:
        for _ in range(10):
            with contextlib.suppress(RdpError, StopAsyncIteration), trio.move_on_after(source.random()):
                match source.randrange(6):
                    case 0:
                        await clipboard.offer(text="x", image=PICTURE, files=[MemoryFile("a", bytes(1000))])
                    case 1:
                        await clipboard.read_text()
                    case 2:
                        await clipboard.read_html()
                    case 3:
                        await clipboard.read_image()
                    case 4:
                        for file in (await clipboard.read_files())[:2]:
                            async with file.open() as stream:
                                await stream.read(1000)
                    case _:
                        await anext(aiter(clipboard))

    async def drain() -> None:
        with contextlib.suppress(trio.EndOfChannel, trio.ClosedResourceError):
            while True:
                await theirs.receive()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(clipboard.run, ours)
        nursery.start_soon(drain)
        for _ in range(3):
            nursery.start_soon(use)
        with contextlib.suppress(trio.BrokenResourceError):
            for message in heard:
                await theirs.send(message)
                await trio.sleep(0.1)
        await theirs.aclose()


def examine(role: str, source: random.Random, what: str) -> None:
    heard = spoil(source)
    try:
        drive(role, source, heard)
    except RemoteProtocolError:
        pass
    except Exception as exc:
        raise AssertionError(f"{role}: {what}, {heard}") from exc


def examine_face(role: str, source: random.Random, caplog: pytest.LogCaptureFixture, what: str) -> None:
    heard = spoil(source)
    caplog.clear()
    trio.run(live, role, source, heard, clock=trio.testing.MockClock(autojump_threshold=0.001))
    assert not [one for one in caplog.records if "mistake of the library" in one.message], f"{role}: {what}, {heard}"


@pytest.mark.parametrize("role", ROLES)
def test_good_messages_are_all_heard(role: str) -> None:
    assert drive(role, random.Random(1), MESSAGES) == len(MESSAGES)


@pytest.mark.parametrize("role", ROLES)
def test_spoiled_messages(role: str) -> None:
    source = random.Random(f"clipboard of a {role}")
    for number in range(500):
        examine(role, source, f"example {number}")


@pytest.mark.parametrize("role", ROLES)
def test_spoiled_messages_under_a_face(role: str, caplog: pytest.LogCaptureFixture) -> None:
    source = random.Random(f"clipboard face of a {role}")
    for number in range(20):
        examine_face(role, source, caplog, f"example {number}")


@pytest.mark.fuzz
@pytest.mark.parametrize("role", ROLES)
def test_search(role: str, fuzz_seconds: float, caplog: pytest.LogCaptureFixture) -> None:
    number = random.SystemRandom().randrange(2**32)
    source = random.Random(number)
    deadline = time.monotonic() + fuzz_seconds
    while time.monotonic() < deadline:
        for _ in range(100):
            examine(role, source, f"random seed {number}")
        examine_face(role, source, caplog, f"random seed {number}")
