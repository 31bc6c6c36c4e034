"""Frames of virtual channels, made when they are written, and many of one message in one pass.

A message becomes PDUs of at most 1,600 bytes or so.  But for the first and the last of them, their headers are all the
same: so they are made once, and what is left is to put them between slices of the message.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import partial

from trio_rdp.channels.dynamic.data import DvcData, DvcDataFirst
from trio_rdp.channels.dynamic.fragmentation import MAX_SINGLE_SIZE
from trio_rdp.channels.dynamic.header import MAX_PDU_SIZE
from trio_rdp.pdu.channel import ChannelFlags
from trio_rdp.protocol.deflation import Outgoing
from trio_rdp.protocol.envelopes import Envelopes
from trio_rdp.wire.errors import LocalProtocolError

__all__ = ["ChannelFrames", "Run"]

_HEADER = struct.Struct("<II")
_FIRST, _LAST, _SHOW = int(ChannelFlags.FIRST), int(ChannelFlags.LAST), int(ChannelFlags.SHOW_PROTOCOL)
_WHOLE = _FIRST | _LAST
_LARGEST = 0xFFFFFFFF


class Run:
    """The frames of one message that are not written yet.

    `first` and `body` are a header and the bytes behind it, `last` gives the header of what is left in the end.  `seal`
    is what else is done to each frame, such as compressing it.
    """

    __slots__ = ("_body", "_body_size", "_first", "_first_size", "_last", "_message", "_pos", "_seal")

    def __init__(
        self,
        message: bytes,
        first: tuple[bytes, int],
        body: tuple[bytes, int],
        last: Callable[[int], bytes],
        seal: Callable[[bytes], bytes] | None = None,
    ) -> None:
        self._message = memoryview(message)
        self._pos = 0
        self._first, self._first_size = first
        self._body, self._body_size = body
        self._last = last
        self._seal = seal

    def __len__(self) -> int:
        """How many bytes of the message are left."""
        return len(self._message) - self._pos

    def take(self, room: int, most: int | None = None) -> tuple[bytes, int]:
        """Make at least one frame, and more as far as they fit in `room` bytes, at most `most`; gives their number."""
        message, pos, size = self._message, self._pos, self._body_size
        total = len(message)
        parts: list[bytes | memoryview] = []
        count = 0
        if not pos:
            pos = self._first_size
            parts += (self._first, message[:pos])
            room -= len(self._first) + pos
            count = 1
        header = self._body
        fitting = max(1 - count, room // (len(header) + size))
        if most is not None and most - count < fitting:
            fitting = most - count
        whole = max(0, min((total - pos - 1) // size, fitting))
        for _ in range(whole):
            end = pos + size
            parts += (header, message[pos:end])
            pos = end
        count += whole
        if whole < fitting and pos < total:
            parts += (self._last(total - pos), message[pos:])
            pos = total
            count += 1
        self._pos = pos
        if self._seal is None:
            return b"".join(parts), count
        seal = self._seal
        return b"".join([seal(b"".join(parts[at : at + 2])) for at in range(0, len(parts), 2)]), count


class ChannelFrames:
    """Makes the frames of one static channel, and of the dynamic ones inside it.

    `deflate` compresses a chunk, with its header, when it is written.
    """

    def __init__(
        self,
        envelopes: Envelopes,
        channel_id: int,
        chunk_size: int,
        *,
        show_protocol: bool = False,
        deflate: Callable[[bytes], bytes] | None = None,
    ) -> None:
        self._envelopes = envelopes
        self._channel_id = channel_id
        self._chunk_size = chunk_size
        self._show = _SHOW if show_protocol else 0
        self._seal = None if deflate is None else _Seal(envelopes, channel_id, deflate)

    def message(self, message: bytes) -> bytes | Outgoing | Run:
        """A message of the static channel itself; raises `LocalProtocolError` for 4 GiB and more."""
        total, size = len(message), self._chunk_size
        _check(total)
        if total > size:
            # "The sender MUST specify CHANNEL_FLAG_SHOW_PROTOCOL" for what comes in chunks ([MS-RDPBCGR] 3.1.5.2.1).
            return Run(
                message,
                (self._head(total, _FIRST | _SHOW, b"", size), size),
                (self._head(total, _SHOW, b"", size), size),
                lambda left: self._head(total, _LAST | _SHOW, b"", left),
                self._seal,
            )
        return self.pdu(message)

    def dynamic(self, channel_id: int, message: bytes) -> bytes | Outgoing | Run:
        """A message of a dynamic channel, each of its PDUs a chunk; raises `LocalProtocolError` for 4 GiB and more."""
        total = len(message)
        _check(total)
        header = DvcData(channel_id=channel_id, data=b"").encode()
        if total <= MAX_SINGLE_SIZE:
            return self.pdu(header + message)
        first = DvcDataFirst(channel_id=channel_id, length=total, data=b"").encode()
        first_size, size = min(MAX_PDU_SIZE - len(first), total), MAX_PDU_SIZE - len(header)
        return Run(
            message,
            (self._whole(first, first_size), first_size),
            (self._whole(header, size), size),
            lambda left: self._whole(header, left),
            self._seal,
        )

    def pdu(self, pdu: bytes) -> bytes | Outgoing:
        """What fits one chunk: a short message, or a PDU of dynamic channels."""
        if self._seal is None:
            return self.bare_pdu(pdu)
        chunk = _HEADER.pack(len(pdu), _WHOLE | self._show) + pdu
        return Outgoing(len(chunk), partial(self._seal, chunk))

    def bare_pdu(self, pdu: bytes) -> bytes:
        """As `pdu`, but never compressed: for what may overtake the rest."""
        head = _HEADER.pack(len(pdu), _WHOLE | self._show)
        return self._envelopes.head(self._channel_id, len(head) + len(pdu)) + head + pdu

    def lazy_pdu(self, size: int, make: Callable[[], bytes]) -> Outgoing:
        """A PDU of about `size` bytes that is made when it is written, as its bytes depend on those before."""

        def commit() -> bytes:
            pdu = make()
            chunk = _HEADER.pack(len(pdu), _WHOLE | self._show) + pdu
            return self._envelopes.wrap(self._channel_id, chunk) if self._seal is None else self._seal(chunk)

        return Outgoing(size, commit)

    def _whole(self, header: bytes, size: int) -> bytes:
        """The head of a frame whose chunk is a message of its own, `header` and `size` bytes."""
        return self._head(len(header) + size, _WHOLE | self._show, header, size)

    def _head(self, total: int, flags: int, header: bytes, size: int) -> bytes:
        head = _HEADER.pack(total, flags) + header
        # A frame that is sealed gets its envelope then, as it gets shorter.
        return head if self._seal is not None else self._envelopes.head(self._channel_id, len(head) + size) + head


class _Seal:
    """Compresses a chunk and puts its envelope around it."""

    __slots__ = ("_channel_id", "_deflate", "_envelopes")

    def __init__(self, envelopes: Envelopes, channel_id: int, deflate: Callable[[bytes], bytes]) -> None:
        self._envelopes = envelopes
        self._channel_id = channel_id
        self._deflate = deflate

    def __call__(self, chunk: bytes) -> bytes:
        return self._envelopes.wrap(self._channel_id, self._deflate(chunk))


def _check(size: int) -> None:
    if size > _LARGEST:
        raise LocalProtocolError(f"a channel message of {size} bytes")
