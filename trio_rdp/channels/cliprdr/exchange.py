"""The clipboard channel's machine, [MS-RDPECLIP] 3, for both roles: messages in, events out, messages out.

The protocol is the same in both directions but for its beginning: the server says what it can do and that it is ready,
then the client says what it can do and what it offers.  From then on whoever copies last owns what is shared.
Nothing is announced because the peer announced something, so that two of these cannot chase each other.
"""

from __future__ import annotations

from collections.abc import Sequence

from trio_rdp.channels.cliprdr.events import (
    ClipboardAnswer,
    ClipboardEvent,
    ClipboardReady,
    DataReceived,
    DataRequested,
    FileContentsReceived,
    FileContentsRequested,
    FilesReleased,
    FormatsOffered,
    OfferAnswered,
)
from trio_rdp.channels.cliprdr.formats import (
    ClipboardFormat,
    FormatList,
    FormatListResponse,
    LongFormatList,
    ShortFormatList,
)
from trio_rdp.channels.cliprdr.header import MessageFlags, MessageType
from trio_rdp.channels.cliprdr.initialization import (
    Capabilities,
    GeneralCapability,
    GeneralFlags,
    MonitorReady,
    TemporaryDirectory,
)
from trio_rdp.channels.cliprdr.locking import LockClipboardData, UnlockClipboardData
from trio_rdp.channels.cliprdr.locks import Lock, LockTable
from trio_rdp.channels.cliprdr.messages import decode_cliprdr
from trio_rdp.channels.cliprdr.paste import (
    FileContentsFlags,
    FileContentsRequest,
    FileContentsResponse,
    FormatDataRequest,
    FormatDataResponse,
)
from trio_rdp.wire.errors import DecodeError, LocalProtocolError, RemoteProtocolError

__all__ = ["ALL_FEATURES", "ClipboardExchange"]

ALL_FEATURES = (
    GeneralFlags.USE_LONG_FORMAT_NAMES
    | GeneralFlags.STREAM_FILECLIP_ENABLED
    | GeneralFlags.FILECLIP_NO_FILE_PATHS
    | GeneralFlags.CAN_LOCK_CLIPDATA
    | GeneralFlags.HUGE_FILE_SUPPORT_ENABLED
)
"""What is offered: everything that there is."""

_SMALL_FILE = 0xFFFFFFFF  # "only files of size less than or equal to" this, without HUGE_FILE_SUPPORT_ENABLED
_LAST_ID = 0xFFFFFFFF

_ECHO = 0.2
"""Seconds after data in which the same formats again are no news: rdesktop 1.9 offers them anew whenever it has
answered, and who reads what is new would read for ever, as xrdp's VNC backend does."""


class ClipboardExchange:
    """One end of the channel; `requests_limit` is how many requests may be unanswered, in each direction.

    Times are seconds of any clock that does not go back.  After a `RemoteProtocolError` the channel is to be given up.
    """

    def __init__(
        self,
        *,
        is_server: bool,
        features: GeneralFlags = ALL_FEATURES,
        temporary_directory: str | None = None,
        requests_limit: int = 1000,
        locks_limit: int = 100,
        lock_idle: float = 60.0,
    ) -> None:
        self.is_server: bool = is_server
        self.is_ready: bool = False
        self.formats: tuple[ClipboardFormat, ...] = ()  # what the peer offers
        self.formats_number: int = 0
        self.temporary_directory: str | None = None if is_server else temporary_directory
        self._own_features = features
        self._peer_features: GeneralFlags | None = None
        self._requests_limit = requests_limit
        self._offer: tuple[ClipboardFormat, ...] = ()
        self._offer_number = 0
        self._offer_has_files = False
        self._offer_is_refused = False
        self._lists_unanswered = 0
        self._kept_files: set[int] = set()  # the offers whose files may still be asked for
        self._is_data_wanted = False
        self._data_came = -_ECHO
        self._files_wanted: dict[int, bool] = {}  # by stream id: whether the size is
        self._last_stream_id = 0
        self._last_clip_data_id = 0
        self._data_owed = 0
        self._files_owed = 0
        self._held = LockTable(locks_limit, lock_idle)  # the peer's, on files of ours
        self._own_locks = LockTable(locks_limit, lock_idle)

    @property
    def features(self) -> GeneralFlags:
        """What both sides can do."""
        return self._own_features & (self._peer_features or GeneralFlags(0))

    @property
    def offer_number(self) -> int:
        """The number of the last offer; 0 before the first."""
        return self._offer_number

    @property
    def is_offer_refused(self) -> bool:
        """Whether the peer could not take the last offer; then all its requests "MUST" be refused (3.1.5.2.4)."""
        return self._offer_is_refused

    @property
    def is_data_wanted(self) -> bool:
        """Whether a request for data is unanswered: there may be but one, as answers do not say whose they are."""
        return self._is_data_wanted

    @property
    def files_wanted(self) -> int:
        """How many of our requests about files are unanswered."""
        return len(self._files_wanted)

    @property
    def requests_owed(self) -> int:
        """How many of the peer's requests are unanswered."""
        return self._data_owed + self._files_owed

    @property
    def locks_owned(self) -> int:
        """How many locks of ours hold files of the peer."""
        return len(self._own_locks)

    @property
    def locks_held(self) -> int:
        """How many locks of the peer hold files of ours."""
        return len(self._held)

    # What the user wants.

    def start(self) -> list[bytes]:
        """What a server says first; a client waits for it."""
        if not self.is_server:
            return []
        return [self._capabilities(self._own_features), MonitorReady().encode()]

    def offer(self, formats: Sequence[ClipboardFormat], *, has_files: bool, now: float) -> tuple[bytes, list[int]]:
        """Offer formats, in place of what either side offered before; none clear the clipboard.

        Gives the message, empty before the exchange is ready, when it will be among the answers, and the numbers of
        offers whose files can go now.
        """
        if has_files and GeneralFlags.STREAM_FILECLIP_ENABLED not in self.features:
            raise LocalProtocolError(
                "the peer takes no files" if self.is_ready else "whether the peer takes files is open"
            )
        message = b""
        before = (self._offer, self._offer_has_files)
        self._offer, self._offer_has_files = tuple(formats), has_files
        if self.is_ready:
            try:
                message = self._format_list()
            except LocalProtocolError:
                self._offer, self._offer_has_files = before
                raise
        self._offer_number += 1
        self._offer_is_refused = False
        if has_files:
            self._kept_files.add(self._offer_number)
        self.formats = ()
        self._own_locks.replace(None, now)
        self._held.replace(self._offer_number, now)
        return message, self._release()

    def request_data(self, format_id: int) -> bytes:
        """Ask for the data of a format."""
        self._check_ready()
        if self._is_data_wanted:
            raise LocalProtocolError("another request for data is not answered yet")
        self._is_data_wanted = True
        return FormatDataRequest(requested_format_id=format_id).encode()

    def give_up_data(self) -> None:
        """Wait no more for data; what comes yet counts as the answer to the next request, if there is one."""
        self._is_data_wanted = False

    def request_size(self, index: int, clip_data_id: int | None, now: float) -> tuple[int, bytes]:
        """Ask for the size of the peer's file of that index; gives the stream id and the message."""
        return self._request_file(True, index, 0, 8, clip_data_id, now)

    def request_range(
        self, index: int, position: int, count: int, clip_data_id: int | None, now: float
    ) -> tuple[int, bytes]:
        """Ask for at most `count` bytes of the peer's file of that index; gives the stream id and the message."""
        is_huge = GeneralFlags.HUGE_FILE_SUPPORT_ENABLED in self.features
        if position > _SMALL_FILE and not is_huge:
            raise LocalProtocolError(f"byte {position} of a file, and the peer cannot count so far")
        return self._request_file(False, index, position, count, clip_data_id, now)

    def give_up_file(self, stream_id: int) -> None:
        """Wait no more for a size or a part of a file; what comes yet is dropped."""
        self._files_wanted.pop(stream_id, None)

    def answer_data(self, data: bytes | None) -> bytes:
        """Answer the oldest request for data; None refuses."""
        if not self._data_owed:
            raise LocalProtocolError("no data were asked for")
        self._data_owed -= 1
        return _data_response(data)

    def answer_file(self, request: FileContentsRequested, contents: int | bytes | None) -> bytes:
        """Answer a request about a file with its size or its bytes; None refuses."""
        if not self._files_owed:
            raise LocalProtocolError("no files were asked for")
        self._files_owed -= 1
        if isinstance(contents, int):
            if contents > _SMALL_FILE and GeneralFlags.HUGE_FILE_SUPPORT_ENABLED not in self.features:
                return _refusal(request.stream_id)
            return FileContentsResponse.of_size(request.stream_id, contents).encode()
        if contents is None:
            return _refusal(request.stream_id)
        return FileContentsResponse(stream_id=request.stream_id, requested_file_contents_data=contents).encode()

    def lock(self, now: float) -> tuple[int | None, list[bytes]]:
        """Lock the files that the peer offers now, if it can; gives the lock's id, and messages."""
        if not self.formats or GeneralFlags.CAN_LOCK_CLIPDATA not in self.features:
            return None, []
        found = self._own_locks.find(self.formats_number)
        if found is not None:
            self._own_locks.use(found, now)
            return found, []
        self._last_clip_data_id = (self._last_clip_data_id + 1) & _LAST_ID
        gone = self._own_locks.add(self._last_clip_data_id, self.formats_number, now)
        locking = LockClipboardData(clip_data_id=self._last_clip_data_id).encode()
        return self._last_clip_data_id, [*_unlocks(gone), locking]

    def unlock(self, clip_data_id: int) -> list[bytes]:
        """End a lock of ours; gives messages, none if it is over already."""
        lock = self._own_locks.remove(clip_data_id)
        return [] if lock is None else _unlocks([lock])

    def touch_lock(self, clip_data_id: int, now: float) -> None:
        """Note that a lock of ours is used."""
        self._own_locks.use(clip_data_id, now)

    def expire(self, now: float) -> list[ClipboardEvent]:
        """End the locks of both sides that nobody has used for long."""
        self._held.expire(now)
        unlocks = _unlocks(self._own_locks.expire(now))
        return [*map(ClipboardAnswer, unlocks), *map(FilesReleased, self._release())]

    def next_expiry(self) -> float | None:
        """When to call `expire` next; None while nothing can expire."""
        found = [time for time in (self._held.next_expiry(), self._own_locks.next_expiry()) if time is not None]
        return min(found, default=None)

    # What the peer says.

    def receive(self, message: bytes, now: float) -> list[ClipboardEvent]:
        """Take one message; gives what follows of it, answers among it.

        What is not expected is ignored ("SHOULD", 3.1.5.1).  Raises `RemoteProtocolError`.
        """
        if int.from_bytes(message[:2], "little") == MessageType.FORMAT_LIST:
            return self._take_formats(message, now)
        match decode_cliprdr(message, long_names=self._has_long_names):
            case Capabilities() as capabilities:
                self._peer_features = capabilities.general_flags
            case MonitorReady() if not self.is_server:
                return self._begin()
            case TemporaryDirectory(wsz_temp_dir=path) if self.is_server:
                self.temporary_directory = path
            case FormatListResponse(msg_flags=flags):
                return self._take_list_response(flags.is_success)
            case LockClipboardData(clip_data_id=clip_data_id):
                return self._take_lock(clip_data_id, now)
            case UnlockClipboardData(clip_data_id=clip_data_id):
                self._held.remove(clip_data_id)
                return [FilesReleased(number) for number in self._release()]
            case FormatDataRequest(requested_format_id=format_id):
                return self._take_data_request(format_id)
            case FormatDataResponse(msg_flags=flags, requested_format_data=data):
                self._data_came = now
                return self._take_data(data if flags.is_success else None)
            case FileContentsRequest() as request:
                return self._take_file_request(request, now)
            case FileContentsResponse() as response:
                return self._take_file_contents(response)
        return []

    def _begin(self) -> list[ClipboardEvent]:
        """What a client owes to a server that is ready, and tells; again, where a server says it again."""
        messages: list[bytes] = []
        if self._peer_features is not None:
            # What the server cannot do, the client "SHOULD NOT indicate" (3.2.5.1.3).
            messages.append(self._capabilities(self.features))
        if self.temporary_directory is not None:
            messages.append(TemporaryDirectory(wsz_temp_dir=self.temporary_directory).encode())
        messages.append(self._format_list())
        was_ready, self.is_ready = self.is_ready, True
        return [*map(ClipboardAnswer, messages), *([] if was_ready else [ClipboardReady()])]

    def _take_formats(self, message: bytes, now: float) -> list[ClipboardEvent]:
        formats = _decode_formats(message, long_names=self._has_long_names)
        if formats is None:
            return [ClipboardAnswer(FormatListResponse(msg_flags=MessageFlags.RESPONSE_FAIL).encode())]
        events: list[ClipboardEvent] = [ClipboardAnswer(FormatListResponse().encode())]
        if self.is_server and not self.is_ready:
            # A client says what it can do before this, or never, as rdesktop 1.9.
            self.is_ready = True
            events.append(ClipboardReady())
            if self._offer:
                # What was offered before anybody could hear it replaces what the client has.
                return [*events, ClipboardAnswer(self._format_list())]
        if formats and formats == self.formats and now < self._data_came + _ECHO:
            return events
        self.formats = formats
        self.formats_number += 1
        self._own_locks.replace(self.formats_number, now)
        return [*events, FormatsOffered(formats, self.formats_number)]

    def _take_list_response(self, is_accepted: bool) -> list[ClipboardEvent]:
        if not self._lists_unanswered:
            return []
        self._lists_unanswered -= 1
        if self._lists_unanswered:
            return []  # the answer to a list that was replaced meanwhile
        self._offer_is_refused = not is_accepted
        return [OfferAnswered(self._offer_number, is_accepted)]

    def _take_lock(self, clip_data_id: int, now: float) -> list[ClipboardEvent]:
        if not self._offer_has_files:
            return []
        self._held.add(clip_data_id, self._offer_number, now)
        return [FilesReleased(number) for number in self._release()]

    def _take_data_request(self, format_id: int) -> list[ClipboardEvent]:
        self._check_owed()
        self._data_owed += 1
        return [DataRequested(format_id)]

    def _take_data(self, data: bytes | None) -> list[ClipboardEvent]:
        if not self._is_data_wanted:
            return []
        self._is_data_wanted = False
        return [DataReceived(data)]

    def _take_file_request(self, request: FileContentsRequest, now: float) -> list[ClipboardEvent]:
        # xrdp 0.9.21 writes an id, 0, though it knows no locks.
        if request.clip_data_id is None or GeneralFlags.CAN_LOCK_CLIPDATA not in self.features:
            offer = self._offer_number if self._offer_has_files and not self._offer_is_refused else None
        else:
            offer = self._held.use(request.clip_data_id, now)
        wants_size = request.dw_flags == FileContentsFlags.SIZE
        if offer is None or not (wants_size or request.dw_flags == FileContentsFlags.RANGE):
            return [ClipboardAnswer(_refusal(request.stream_id))]
        self._check_owed()
        self._files_owed += 1
        if wants_size:
            return [FileContentsRequested(request.stream_id, offer, request.lindex)]
        position, count = request.position, request.cb_requested
        return [FileContentsRequested(request.stream_id, offer, request.lindex, position, count)]

    def _take_file_contents(self, response: FileContentsResponse) -> list[ClipboardEvent]:
        wants_size = self._files_wanted.pop(response.stream_id, None)
        if wants_size is None:
            return []  # nobody waits for it any more
        if not response.msg_flags.is_success:
            return [FileContentsReceived(response.stream_id, None)]
        contents = response.size() if wants_size else response.requested_file_contents_data
        return [FileContentsReceived(response.stream_id, contents)]

    # What both need.

    @property
    def _has_long_names(self) -> bool:
        return GeneralFlags.USE_LONG_FORMAT_NAMES in self.features

    def _check_ready(self) -> None:
        if not self.is_ready:
            raise LocalProtocolError("the clipboards are not connected yet")

    def _check_owed(self) -> None:
        if self.requests_owed >= self._requests_limit:
            raise RemoteProtocolError(f"{self.requests_owed} requests to the clipboard are not answered yet")

    def _capabilities(self, features: GeneralFlags) -> bytes:
        return Capabilities(capability_sets=[GeneralCapability(general_flags=features)]).encode()

    def _format_list(self) -> bytes:
        kind = LongFormatList if self._has_long_names else ShortFormatList
        message = kind(formats=list(self._offer)).encode()
        self._lists_unanswered += 1
        return message

    def _release(self) -> list[int]:
        """The offers whose files nobody can ask for any more; each is given once."""
        gone = [
            number for number in self._kept_files if number != self._offer_number and self._held.find(number) is None
        ]
        self._kept_files.difference_update(gone)
        return gone

    def _request_file(
        self, wants_size: bool, index: int, position: int, count: int, clip_data_id: int | None, now: float
    ) -> tuple[int, bytes]:
        self._check_ready()
        if len(self._files_wanted) >= self._requests_limit:
            raise LocalProtocolError(f"{len(self._files_wanted)} requests about files are not answered yet")
        stream_id = (self._last_stream_id + 1) & _LAST_ID
        while stream_id in self._files_wanted:
            stream_id = (stream_id + 1) & _LAST_ID
        message = FileContentsRequest(
            stream_id=stream_id,
            lindex=index,
            dw_flags=FileContentsFlags.SIZE if wants_size else FileContentsFlags.RANGE,
            position=position,
            cb_requested=count,
            clip_data_id=clip_data_id,
        ).encode()
        self._last_stream_id = stream_id
        self._files_wanted[stream_id] = wants_size
        if clip_data_id is not None:
            self._own_locks.use(clip_data_id, now)
        return stream_id, message


def _decode_formats(message: bytes, *, long_names: bool) -> tuple[ClipboardFormat, ...] | None:
    """Read a list in the layout that was agreed on, or, where that makes no sense, in the other one.

    xrdp 0.9.21 writes long names to clients that never said they can read them.
    """
    layouts: list[type[FormatList]] = (
        [LongFormatList, ShortFormatList] if long_names else [ShortFormatList, LongFormatList]
    )
    for layout in layouts:
        try:
            return tuple(layout.decode(message).formats)
        except DecodeError:
            continue
    return None


def _data_response(data: bytes | None) -> bytes:
    if data is None:
        return FormatDataResponse(msg_flags=MessageFlags.RESPONSE_FAIL).encode()
    return FormatDataResponse(requested_format_data=data).encode()


def _refusal(stream_id: int) -> bytes:
    return FileContentsResponse(msg_flags=MessageFlags.RESPONSE_FAIL, stream_id=stream_id).encode()


def _unlocks(locks: list[Lock]) -> list[bytes]:
    return [UnlockClipboardData(clip_data_id=lock.clip_data_id).encode() for lock in locks]
