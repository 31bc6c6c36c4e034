"""The clipboard's machine: client and server against each other, and each alone against what real peers do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from trio_rdp.channels.cliprdr import (
    ALL_FEATURES,
    FILE_GROUP_DESCRIPTOR,
    Capabilities,
    ClipboardAnswer,
    ClipboardEvent,
    ClipboardExchange,
    ClipboardFormat,
    ClipboardReady,
    DataReceived,
    DataRequested,
    FileContentsFlags,
    FileContentsReceived,
    FileContentsRequest,
    FileContentsRequested,
    FileContentsResponse,
    FilesReleased,
    FormatDataRequest,
    FormatDataResponse,
    FormatListResponse,
    FormatsOffered,
    GeneralCapability,
    GeneralFlags,
    LockClipboardData,
    LongFormatList,
    MessageFlags,
    MessageType,
    MonitorReady,
    OfferAnswered,
    ShortFormatList,
    TemporaryDirectory,
    UnknownClipboardPdu,
    UnlockClipboardData,
)
from trio_rdp.wire.errors import LocalProtocolError, RemoteProtocolError

TEXT = ClipboardFormat(13)
FILES = ClipboardFormat(0xC000, FILE_GROUP_DESCRIPTOR)
FAIL = MessageFlags.RESPONSE_FAIL


@dataclass
class Pair:
    """Two ends; what one owes goes to the other at once, and everything else is kept."""

    client: ClipboardExchange = field(default_factory=lambda: ClipboardExchange(is_server=False))
    server: ClipboardExchange = field(default_factory=lambda: ClipboardExchange(is_server=True))
    client_events: list[ClipboardEvent] = field(default_factory=list)
    server_events: list[ClipboardEvent] = field(default_factory=list)
    now: float = 0.0

    def to_client(self, *messages: bytes) -> list[ClipboardEvent]:
        return self._carry(self.client, self.client_events, self.to_server, messages)

    def to_server(self, *messages: bytes) -> list[ClipboardEvent]:
        return self._carry(self.server, self.server_events, self.to_client, messages)

    def _carry(
        self,
        end: ClipboardExchange,
        kept: list[ClipboardEvent],
        back: Callable[[bytes], object],
        messages: tuple[bytes, ...],
    ) -> list[ClipboardEvent]:
        found: list[ClipboardEvent] = []
        for message in messages:
            for event in end.receive(message, self.now):
                if isinstance(event, ClipboardAnswer):
                    back(event.message)
                else:
                    found.append(event)
        kept += found
        return found


def connected(**options: object) -> Pair:
    pair = Pair(**options)  # type: ignore[arg-type]
    pair.to_client(*pair.server.start())
    assert pair.client.is_ready
    assert pair.server.is_ready
    return pair


def answers(events: list[ClipboardEvent]) -> list[bytes]:
    return [event.message for event in events if isinstance(event, ClipboardAnswer)]


def capabilities(flags: GeneralFlags = ALL_FEATURES) -> bytes:
    return Capabilities(capability_sets=[GeneralCapability(general_flags=flags)]).encode()


def ready(*, is_server: bool, flags: GeneralFlags = ALL_FEATURES, **options: float) -> ClipboardExchange:
    """One end, for which a test is the other."""
    exchange = ClipboardExchange(is_server=is_server, **options)  # type: ignore[arg-type]
    exchange.start()
    exchange.receive(capabilities(flags), 0)
    exchange.receive(LongFormatList().encode() if is_server else MonitorReady().encode(), 0)
    assert exchange.is_ready
    return exchange


# Beginning.


def test_the_ladder() -> None:
    client = ClipboardExchange(is_server=False, temporary_directory=r"C:\temp")
    server = ClipboardExchange(is_server=True)
    assert client.start() == []
    first, second = server.start()
    assert Capabilities.decode(first).general_flags == ALL_FEATURES
    assert second == MonitorReady().encode()
    assert client.receive(first, 0) == []
    *said, told = client.receive(second, 0)
    assert told == ClipboardReady()
    assert answers(said) == [
        capabilities(),
        TemporaryDirectory(wsz_temp_dir=r"C:\temp").encode(),
        LongFormatList().encode(),
    ]
    heard = [event for message in answers(said) for event in server.receive(message, 0)]
    assert heard == [ClipboardAnswer(FormatListResponse().encode()), ClipboardReady(), FormatsOffered((), 1)]
    assert server.temporary_directory == r"C:\temp"
    assert client.features == server.features == ALL_FEATURES


def test_a_client_claims_only_what_the_server_can() -> None:
    client = ClipboardExchange(is_server=False)
    client.receive(capabilities(GeneralFlags.USE_LONG_FORMAT_NAMES), 0)
    said = answers(client.receive(MonitorReady().encode(), 0))
    assert said == [capabilities(GeneralFlags.USE_LONG_FORMAT_NAMES), LongFormatList().encode()]


def test_a_client_says_nothing_of_itself_to_a_server_that_does_not() -> None:
    client = ClipboardExchange(is_server=False)
    assert answers(client.receive(MonitorReady().encode(), 0)) == [ShortFormatList().encode()]
    assert client.features == GeneralFlags(0)


def test_a_server_that_begins_again_hears_all_again() -> None:
    client = ready(is_server=False)
    client.offer([TEXT], has_files=False, now=0)
    events = client.receive(MonitorReady().encode(), 0)
    assert answers(events) == [capabilities(), LongFormatList(formats=[TEXT]).encode()]
    assert ClipboardReady() not in events


def test_rdesktop_says_nothing_of_itself_and_gets_short_names() -> None:
    server = ClipboardExchange(is_server=True)
    server.start()
    events = server.receive(ShortFormatList(formats=[TEXT]).encode() + bytes(4), 0)
    assert events[1:] == [ClipboardReady(), FormatsOffered((TEXT,), 1)]
    message, _ = server.offer([ClipboardFormat(0xC000, "HTML Format")], has_files=False, now=0)
    assert ShortFormatList.decode(message).formats == [ClipboardFormat(0xC000, "HTML Format")]


def test_long_names_that_were_not_agreed_on_are_read() -> None:
    client = ClipboardExchange(is_server=False, features=GeneralFlags(0))
    client.receive(MonitorReady().encode(), 0)
    events = client.receive(LongFormatList(formats=[TEXT, FILES]).encode(), 0)
    assert events[-1] == FormatsOffered((TEXT, FILES), 1)


def test_short_names_where_long_ones_were_agreed_on_are_read() -> None:
    client = ready(is_server=False)
    formats = [TEXT, ClipboardFormat(0xC001, "x" * 31)]
    message = ShortFormatList(formats=formats, ascii_names=True).encode()
    assert client.receive(message, 0)[-1] == FormatsOffered(tuple(formats), 1)


def test_a_list_that_makes_no_sense_is_answered_so() -> None:
    client = ready(is_server=False)
    message = LongFormatList(formats=[TEXT]).encode()[:-1]
    assert client.receive(message, 0) == [ClipboardAnswer(FormatListResponse(msg_flags=FAIL).encode())]


def test_what_is_not_expected_is_ignored() -> None:
    server, client = ready(is_server=True), ready(is_server=False)
    assert server.receive(MonitorReady().encode(), 0) == []
    assert client.receive(TemporaryDirectory(wsz_temp_dir="x").encode(), 0) == []
    assert client.temporary_directory is None
    for end in (client, server):
        for message in (
            FormatListResponse().encode(),
            FormatDataResponse(requested_format_data=b"x").encode(),
            FileContentsResponse(stream_id=1).encode(),
            UnknownClipboardPdu(msg_type=MessageType(99)).encode(),
            LockClipboardData(clip_data_id=1).encode(),
            UnlockClipboardData(clip_data_id=1).encode(),
        ):
            end.receive(message, 0)
            assert end.receive(message, 0) == []


def test_what_makes_no_sense_ends_the_channel() -> None:
    with pytest.raises(RemoteProtocolError):
        ready(is_server=True).receive(FormatDataRequest(requested_format_id=1).encode()[:-1], 0)


def test_nothing_can_be_asked_for_before_the_beginning() -> None:
    client = ClipboardExchange(is_server=False)
    with pytest.raises(LocalProtocolError, match="not connected"):
        client.request_data(13)
    with pytest.raises(LocalProtocolError, match="not connected"):
        client.request_size(0, None, 0)
    with pytest.raises(LocalProtocolError, match="is open"):
        client.offer([FILES], has_files=True, now=0)


# Copying.


def test_an_offer() -> None:
    pair = connected()
    message, released = pair.server.offer([TEXT], has_files=False, now=0)
    assert released == []
    assert pair.to_client(message) == [FormatsOffered((TEXT,), 1)]
    assert pair.server_events[-1] == OfferAnswered(1, True)
    assert pair.client.formats == (TEXT,)


def test_who_copies_owns_what_is_shared() -> None:
    pair = connected()
    pair.to_client(pair.server.offer([TEXT], has_files=False, now=0)[0])
    pair.to_server(pair.client.offer([TEXT], has_files=False, now=0)[0])
    assert pair.client.formats == ()
    assert pair.server.formats == (TEXT,)
    pair.to_server(pair.client.offer([], has_files=False, now=0)[0])
    assert pair.server_events[-1] == FormatsOffered((), 3)


@pytest.mark.parametrize("is_server", [True, False])
def test_what_is_offered_early_is_told_at_the_beginning(is_server: bool) -> None:
    pair = Pair()
    early, late = (pair.server, pair.client) if is_server else (pair.client, pair.server)
    assert early.offer([TEXT], has_files=False, now=0) == (b"", [])
    pair.to_client(*pair.server.start())
    assert late.formats == (TEXT,)
    assert early.formats == ()
    assert OfferAnswered(1, True) in pair.client_events + pair.server_events


def test_only_the_answer_to_the_last_offer_counts() -> None:
    server = ready(is_server=True)
    server.offer([TEXT], has_files=False, now=0)
    server.offer([TEXT], has_files=False, now=0)
    assert server.receive(FormatListResponse(msg_flags=FAIL).encode(), 0) == []
    assert not server.is_offer_refused
    assert server.receive(FormatListResponse(msg_flags=FAIL).encode(), 0) == [OfferAnswered(2, False)]
    assert server.is_offer_refused
    server.offer([TEXT], has_files=False, now=0)
    assert not server.is_offer_refused


def test_nothing_is_announced_because_the_peer_announced_something() -> None:
    pair = connected()
    pair.to_client(pair.server.offer([TEXT], has_files=False, now=0)[0])
    for _ in range(100):
        events = pair.client.receive(LongFormatList(formats=[TEXT]).encode(), 0)
        assert answers(events) == [FormatListResponse().encode()]


def test_the_same_formats_right_behind_their_data_are_no_news() -> None:
    """rdesktop 1.9 says so after each of its answers."""
    client = ready(is_server=False)
    announcement = LongFormatList(formats=[TEXT]).encode()
    assert client.receive(announcement, 0)[1:] == [FormatsOffered((TEXT,), 1)]
    client.request_data(13)
    client.receive(FormatDataResponse().encode(), 10)
    assert client.receive(announcement, 10.1) == [ClipboardAnswer(FormatListResponse().encode())]
    other = LongFormatList(formats=[TEXT, FILES]).encode()
    assert client.receive(other, 10.1)[1:] == [FormatsOffered((TEXT, FILES), 2)]
    assert client.receive(announcement, 11)[1:] == [FormatsOffered((TEXT,), 3)]
    assert client.receive(announcement, 12)[1:] == [FormatsOffered((TEXT,), 4)]
    client.offer([], has_files=False, now=12)
    client.receive(FormatDataResponse().encode(), 13)
    assert client.receive(announcement, 13)[1:] == [FormatsOffered((TEXT,), 5)]


def test_an_offer_that_cannot_be_written_leaves_the_last_one() -> None:
    server = ready(is_server=True)
    server.offer([TEXT], has_files=False, now=0)
    with pytest.raises(LocalProtocolError):
        server.offer([ClipboardFormat(1, "a\0b")], has_files=False, now=0)
    assert server.offer_number == 1
    assert server.receive(FormatListResponse().encode(), 0) == [OfferAnswered(1, True)]


# Data.


def test_data() -> None:
    pair = connected()
    pair.to_client(pair.server.offer([TEXT], has_files=False, now=0)[0])
    assert pair.to_server(pair.client.request_data(13)) == [DataRequested(13)]
    assert pair.client.is_data_wanted
    assert pair.server.requests_owed == 1
    assert pair.to_client(pair.server.answer_data(b"hi")) == [DataReceived(b"hi")]
    assert not pair.client.is_data_wanted
    assert pair.server.requests_owed == 0


def test_data_that_are_refused() -> None:
    pair = connected()
    pair.to_server(pair.client.request_data(13))
    assert pair.to_client(pair.server.answer_data(None)) == [DataReceived(None)]


def test_one_request_for_data_at_a_time() -> None:
    client = ready(is_server=False)
    client.request_data(13)
    with pytest.raises(LocalProtocolError, match="another request"):
        client.request_data(13)
    client.give_up_data()
    client.request_data(13)


def test_answers_that_nobody_asked_for_cannot_be_given() -> None:
    server = ready(is_server=True)
    with pytest.raises(LocalProtocolError):
        server.answer_data(b"")
    with pytest.raises(LocalProtocolError):
        server.answer_file(FileContentsRequested(1, 1, 0), 5)


def test_the_peer_may_not_ask_without_end() -> None:
    server = ready(is_server=True, requests_limit=3)
    server.offer([TEXT, FILES], has_files=True, now=0)
    for _ in range(2):
        server.receive(FormatDataRequest(requested_format_id=13).encode(), 0)
    server.receive(FileContentsRequest(stream_id=1, lindex=0, dw_flags=FileContentsFlags.SIZE).encode(), 0)
    with pytest.raises(RemoteProtocolError, match="3 requests"):
        server.receive(FormatDataRequest(requested_format_id=13).encode(), 0)


# Files.


def files_offered(**options: object) -> Pair:
    pair = connected(**options)
    pair.to_client(pair.server.offer([FILES], has_files=True, now=0)[0])
    return pair


def test_sizes_and_ranges_come_in_any_order() -> None:
    pair = files_offered()
    size_id, size = pair.client.request_size(2, None, 0)
    range_id, part = pair.client.request_range(2, 10, 20, None, 0)
    (wants_size,) = pair.to_server(size)
    (wants_part,) = pair.to_server(part)
    assert wants_size == FileContentsRequested(size_id, 1, 2)
    assert wants_part == FileContentsRequested(range_id, 1, 2, 10, 20)
    assert isinstance(wants_size, FileContentsRequested)
    assert isinstance(wants_part, FileContentsRequested)
    answer = pair.server.answer_file(wants_part, b"twenty")
    assert pair.to_client(answer) == [FileContentsReceived(range_id, b"twenty")]
    assert pair.to_client(pair.server.answer_file(wants_size, 1 << 40)) == [FileContentsReceived(size_id, 1 << 40)]
    assert pair.client.files_wanted == pair.server.requests_owed == 0


def test_a_refused_range() -> None:
    pair = files_offered()
    stream_id, message = pair.client.request_range(0, 0, 1, None, 0)
    (wanted,) = pair.to_server(message)
    assert isinstance(wanted, FileContentsRequested)
    assert pair.to_client(pair.server.answer_file(wanted, None)) == [FileContentsReceived(stream_id, None)]


def test_an_answer_that_comes_late_is_dropped() -> None:
    pair = files_offered()
    stream_id, message = pair.client.request_range(0, 0, 1, None, 0)
    (wanted,) = pair.to_server(message)
    pair.client.give_up_file(stream_id)
    assert isinstance(wanted, FileContentsRequested)
    assert pair.to_client(pair.server.answer_file(wanted, b"x")) == []


def test_stream_ids_go_round_and_miss_those_in_use() -> None:
    client = ready(is_server=False)
    client.request_size(0, None, 0)
    client._last_stream_id = 0xFFFFFFFE
    assert [client.request_size(0, None, 0)[0] for _ in range(3)] == [0xFFFFFFFF, 0, 2]


def test_requests_have_a_limit() -> None:
    client = ready(is_server=False, requests_limit=2)
    client.request_size(0, None, 0)
    client.request_size(0, None, 0)
    with pytest.raises(LocalProtocolError, match="2 requests"):
        client.request_size(0, None, 0)


def test_files_beyond_4_gb_need_both_sides() -> None:
    small = ALL_FEATURES & ~GeneralFlags.HUGE_FILE_SUPPORT_ENABLED
    client, server = ready(is_server=False, flags=small), ready(is_server=True, flags=small)
    client.request_range(0, 0xFFFFFFFF, 1, None, 0)
    with pytest.raises(LocalProtocolError, match="cannot count"):
        client.request_range(0, 1 << 32, 1, None, 0)
    server.offer([FILES], has_files=True, now=0)
    request = FileContentsRequest(stream_id=5, lindex=0, dw_flags=FileContentsFlags.SIZE).encode()
    for size, flags in ((0xFFFFFFFF, MessageFlags.RESPONSE_OK), (1 << 32, FAIL)):
        (wanted,) = server.receive(request, 0)
        assert isinstance(wanted, FileContentsRequested)
        assert FileContentsResponse.decode(server.answer_file(wanted, size)).msg_flags == flags


def test_files_need_a_peer_that_takes_them() -> None:
    server = ready(is_server=True, flags=GeneralFlags.USE_LONG_FORMAT_NAMES)
    with pytest.raises(LocalProtocolError, match="takes no files"):
        server.offer([FILES], has_files=True, now=0)


@pytest.mark.parametrize(
    "request_",
    [
        FileContentsRequest(stream_id=5, lindex=0, dw_flags=FileContentsFlags(3)),
        FileContentsRequest(stream_id=5, lindex=0, dw_flags=FileContentsFlags(0)),
        FileContentsRequest(stream_id=5, lindex=0, dw_flags=FileContentsFlags.SIZE, clip_data_id=99),
    ],
)
def test_requests_that_cannot_be_met(request_: FileContentsRequest) -> None:
    pair = files_offered()
    refusal = FileContentsResponse(msg_flags=FAIL, stream_id=5).encode()
    assert pair.server.receive(request_.encode(), 0) == [ClipboardAnswer(refusal)]


def test_files_that_are_not_offered_any_more() -> None:
    pair = files_offered()
    _, released = pair.server.offer([TEXT], has_files=False, now=0)
    assert released == [1]
    refusal = FileContentsResponse(msg_flags=FAIL, stream_id=1).encode()
    _, message = pair.client.request_size(0, None, 0)
    assert pair.server.receive(message, 0) == [ClipboardAnswer(refusal)]


def test_a_peer_without_locks_that_names_one() -> None:
    """As xrdp 0.9.21 does."""
    client = ready(is_server=False, flags=ALL_FEATURES & ~GeneralFlags.CAN_LOCK_CLIPDATA)
    client.offer([FILES], has_files=True, now=0)
    flags = FileContentsFlags.RANGE
    request = FileContentsRequest(stream_id=0, lindex=1, dw_flags=flags, cb_requested=4096, clip_data_id=0)
    assert client.receive(request.encode(), 0) == [FileContentsRequested(0, 1, 1, 0, 4096)]


def test_files_of_a_refused_offer() -> None:
    server = ready(is_server=True)
    server.offer([FILES], has_files=True, now=0)
    server.receive(FormatListResponse(msg_flags=FAIL).encode(), 0)
    request = FileContentsRequest(stream_id=5, lindex=0, dw_flags=FileContentsFlags.SIZE).encode()
    assert answers(server.receive(request, 0)) == [FileContentsResponse(msg_flags=FAIL, stream_id=5).encode()]


# Locks.


def test_a_lock_keeps_files_that_were_replaced() -> None:
    pair = files_offered()
    clip_data_id, messages = pair.client.lock(0)
    assert clip_data_id is not None
    assert pair.client.lock(0) == (clip_data_id, [])
    pair.to_server(*messages)
    message, released = pair.server.offer([TEXT], has_files=False, now=100)
    assert released == []
    pair.to_client(message)
    stream_id, message = pair.client.request_size(4, clip_data_id, 100)
    assert pair.to_server(message) == [FileContentsRequested(stream_id, 1, 4)]
    assert pair.to_server(*pair.client.unlock(clip_data_id)) == [FilesReleased(1)]
    assert pair.client.unlock(clip_data_id) == []


def test_locks_of_the_peer_expire() -> None:
    pair = files_offered()
    pair.to_server(*pair.client.lock(0)[1])
    assert pair.server.locks_held == 1
    pair.server.offer([TEXT], has_files=False, now=100)
    assert pair.server.next_expiry() == 160
    assert pair.server.expire(159) == []
    assert pair.server.expire(160) == [FilesReleased(1)]
    assert pair.server.locks_held == 0


def test_own_locks_expire() -> None:
    pair = files_offered()
    clip_data_id, _ = pair.client.lock(0)
    assert clip_data_id is not None
    assert pair.client.next_expiry() is None
    pair.now = 100
    pair.to_client(LongFormatList(formats=[TEXT]).encode())
    assert pair.client.next_expiry() == 160
    pair.client.touch_lock(clip_data_id, 150)
    assert pair.client.expire(160) == []
    unlock = UnlockClipboardData(clip_data_id=clip_data_id).encode()
    assert pair.client.expire(210) == [ClipboardAnswer(unlock)]
    assert pair.client.locks_owned == 0


def test_locks_of_the_peer_are_limited() -> None:
    server = ready(is_server=True, locks_limit=3)
    for number in range(1, 6):
        server.offer([FILES], has_files=True, now=number)
        server.receive(LockClipboardData(clip_data_id=number).encode(), number)
    assert server.locks_held == 3
    assert server._kept_files == {3, 4, 5}


def test_own_locks_are_limited() -> None:
    client = ready(is_server=False, locks_limit=2)
    messages = []
    for number in range(4):
        client.receive(LongFormatList(formats=[FILES]).encode(), number)
        messages += client.lock(number)[1]
    assert client.locks_owned == 2
    assert sum(UnlockClipboardData(clip_data_id=number).encode() in messages for number in range(1, 5)) == 2


def test_no_locks_for_a_peer_that_knows_none_nor_for_nothing() -> None:
    client = ready(is_server=False)
    assert client.lock(0) == (None, [])
    client = ready(is_server=False, flags=ALL_FEATURES & ~GeneralFlags.CAN_LOCK_CLIPDATA)
    client.receive(LongFormatList(formats=[FILES]).encode(), 0)
    assert client.lock(0) == (None, [])
