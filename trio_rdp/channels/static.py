"""Chunking and reassembly of static virtual channels, [MS-RDPBCGR] 3.1.5.2."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from trio_rdp.channels.joiner import Joiner
from trio_rdp.pdu.channel import CHANNEL_CHUNK_LENGTH, ChannelFlags
from trio_rdp.wire.errors import LocalProtocolError, RemoteProtocolError, Truncated

__all__ = ["Dechunker", "chunks", "continues", "flow_control"]

_HEADER = struct.Struct("<II")
_FIRST, _LAST = int(ChannelFlags.FIRST), int(ChannelFlags.LAST)
_COMPRESSED = int(ChannelFlags.COMPRESSED)
_SUSPEND = int(ChannelFlags.SUSPEND)
_SUSPEND_OR_RESUME = int(ChannelFlags.SUSPEND | ChannelFlags.RESUME)


class Dechunker(Joiner):
    """Joins the chunks of one channel, in one direction, to messages."""

    __slots__ = ()

    def feed(self, pdu: bytes) -> bytes | None:
        """Take one chunk with its Channel PDU Header; give the message that it completes, or None.

        A first chunk drops a message that was never completed, as FreeRDP does.  A chunk from the middle of no message
        is a message ("can be dispatched", 3.1.5.2.2).  Suspend and resume carry nothing.  Raises `RemoteProtocolError`,
        after which the channel's traffic means nothing, for a compressed chunk (who takes such inflates them
        first), a message beyond a limit, a last chunk of no message, and data that is not as long as declared.
        """
        try:
            return self._feed(pdu)
        except RemoteProtocolError:
            self.drop()
            raise

    def _feed(self, pdu: bytes) -> bytes | None:
        if len(pdu) < _HEADER.size:
            raise Truncated(f"needs 8 bytes, {len(pdu)} there", pdu="ChannelHeader", offset=0)
        total, flags = _HEADER.unpack_from(pdu)
        if flags & _SUSPEND_OR_RESUME:
            return None
        if flags & _COMPRESSED:
            raise RemoteProtocolError(f"a compressed channel chunk, flags {flags:#x}, where none was agreed on")
        if total > self.limit:
            raise RemoteProtocolError(f"a channel message of {total} bytes exceeds {self.limit}")
        if flags & _FIRST:
            self.drop()
            if flags & _LAST:
                return _whole(pdu, total)
            self._begin(total)
        elif self._buffer is None:
            if flags & _LAST:
                raise RemoteProtocolError("the last chunk of a channel message that has no first one")
            return _whole(pdu, total)
        is_last = bool(flags & _LAST)
        size = self.pending + len(pdu) - _HEADER.size
        if size > self._total or (is_last and size < self._total):
            raise RemoteProtocolError(f"{size} bytes of a channel message that declares {self._total}")
        return self._add(memoryview(pdu)[_HEADER.size :], is_last)


def continues(dechunker: Dechunker, pdu: bytes) -> tuple[Dechunker, int] | None:
    """Who joins chunks like this one, which it was fed, and the bytes of each.

    None for one that is the first, compressed or empty.
    """
    size, flags = len(pdu) - _HEADER.size, _HEADER.unpack_from(pdu)[1]
    return None if flags & (_FIRST | _COMPRESSED) or not (size and dechunker.pending) else (dechunker, size)


def flow_control(pdu: bytes) -> bool | None:
    """Whether a chunk asks to suspend the traffic of all channels (True), to resume it (False), or is none of both.

    A server asks so ([MS-RDPBCGR] 2.2.6.1.1); from a client it "MUST be ignored".
    """
    if len(pdu) < _HEADER.size:
        return None
    flags = _HEADER.unpack_from(pdu)[1]
    return bool(flags & _SUSPEND) if flags & _SUSPEND_OR_RESUME else None


def _whole(pdu: bytes, total: int) -> bytes:
    if len(pdu) - 8 != total:
        raise RemoteProtocolError(f"{len(pdu) - 8} bytes of a channel message that declares {total}")
    return bytes(pdu[8:])


def chunks(message: bytes, chunk_size: int = CHANNEL_CHUNK_LENGTH, *, show_protocol: bool = False) -> Iterator[bytes]:
    """Cut a message into Virtual Channel PDUs, each a Channel PDU Header and at most `chunk_size` bytes.

    `show_protocol` is for channels that were opened with CHANNEL_OPTION_SHOW_PROTOCOL; chunked data carries that flag
    in any case ("MUST specify", 3.1.5.2.1).
    """
    if chunk_size < 1:
        raise LocalProtocolError(f"a chunk size of {chunk_size}")
    total = len(message)
    if total > 0xFFFFFFFF:
        raise LocalProtocolError(f"a channel message of {total} bytes")
    base = int(ChannelFlags.SHOW_PROTOCOL) if show_protocol or total > chunk_size else 0
    if total <= chunk_size:
        yield _HEADER.pack(total, base | _FIRST | _LAST) + message
        return
    for start in range(0, total, chunk_size):
        end = start + chunk_size
        flags = base | (0 if start else _FIRST) | (_LAST if end >= total else 0)
        yield _HEADER.pack(total, flags) + message[start:end]
