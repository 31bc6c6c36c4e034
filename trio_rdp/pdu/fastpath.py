"""The fast path's header, both ways, and the updates that a server packs behind it, [MS-RDPBCGR] 2.2.9.1.2.

This is the hot path of a client, so whole payloads are taken apart by one loop, `decode_updates`, instead of a cursor.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Self

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "FRAGMENT_SIZE",
    "MAX_PDU_SIZE",
    "MAX_SENT_PDU_SIZE",
    "FastPathFlags",
    "FastPathHeader",
    "FastPathOutput",
    "FastPathUpdate",
    "Fragmentation",
    "UpdateCode",
    "append_fragments",
    "decode_updates",
    "frame",
    "split",
    "unframe",
]

MAX_PDU_SIZE = 0x7FFF
"""The largest PDU, header included, that the length field can say: what we accept."""

MAX_SENT_PDU_SIZE = 0x3FFF
"""The largest PDU, header included, that we send.

"SHOULD be less than or equal to 16,383 bytes" (2.2.9.1.2).  FreeRDP sends no larger one (FASTPATH_MAX_PACKET_SIZE) and
says that most implementations fail beyond it.
"""

FRAGMENT_SIZE = MAX_SENT_PDU_SIZE - 3 - 4
"""The most update data in one sent PDU, behind a header with a long length and an update with compression flags."""

_COMPRESSION_USED = 0x80
_PACK_UPDATE = struct.Struct("<BH").pack
_PACK_COMPRESSED_UPDATE = struct.Struct("<BBH").pack


class FastPathFlags(Flags):
    """How a fast-path PDU is secured (FASTPATH_INPUT_*, FASTPATH_OUTPUT_*)."""

    SECURE_CHECKSUM = Flag(0x1)
    ENCRYPTED = Flag(0x2)


class UpdateCode(OpenEnum):
    """What a fast-path update holds (FASTPATH_UPDATETYPE_*)."""

    ORDERS = 0x0
    BITMAP = 0x1
    PALETTE = 0x2
    SYNCHRONIZE = 0x3
    SURFCMDS = 0x4
    PTR_NULL = 0x5
    PTR_DEFAULT = 0x6
    PTR_POSITION = 0x8
    COLOR = 0x9
    CACHED = 0xA
    POINTER = 0xB
    LARGE_POINTER = 0xC


class Fragmentation(OpenEnum):
    """Where an update stands in its sequence of fragments (FASTPATH_FRAGMENT_*)."""

    SINGLE = 0x0
    LAST = 0x1
    FIRST = 0x2
    NEXT = 0x3


# Both fields have few bits, so every member, unknown ones too, is made once.
_UPDATE_CODES = tuple(UpdateCode(value) for value in range(16))
_FRAGMENTATIONS = tuple(Fragmentation(value) for value in range(4))
# By whether a fragment is the first one, and whether it is the last one.
_PLACES = {
    (False, False): int(Fragmentation.NEXT),
    (False, True): int(Fragmentation.LAST),
    (True, False): int(Fragmentation.FIRST),
    (True, True): int(Fragmentation.SINGLE),
}


@pdu
class FastPathHeader(Pdu):
    """The first fields of TS_FP_INPUT_PDU and TS_FP_UPDATE_PDU, [MS-RDPBCGR] 2.2.8.1.2 and 2.2.9.1.2.

    `length` is that of the whole PDU, these two or three bytes included.  `number_events` are the bits that input
    counts its events in, and that output reserves.
    """

    flags: FastPathFlags = FastPathFlags(0)
    number_events: int = 0
    length: int
    # FreeRDP 2.11 and xrdp 0.9 spend two bytes on every length; kept, so that what they send encodes back to the byte.
    is_long: bool = False

    @property
    def size(self) -> int:
        """How many bytes the header takes."""
        return 3 if self.is_long else 2

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        start = src.pos
        first = src.u8()
        if first & 0x3:
            raise InvalidField(f"action {first & 0x3} is not the fast path's", field="action", offset=start)
        length = src.u8()
        is_long = length >= 0x80
        if is_long:
            length = (length & 0x7F) << 8 | src.u8()
        if length < src.pos - start:
            raise InvalidField(f"length {length} is less than the header's", field="length", offset=start)
        return cls(flags=FastPathFlags(first >> 6), number_events=first >> 2 & 0xF, length=length, is_long=is_long)

    def encode_into(self, dst: bytearray) -> None:
        if not self.size <= self.length <= (MAX_PDU_SIZE if self.is_long else 0x7F):
            raise EncodeError(f"a fast-path length of {self.length} does not fit {self.size - 1} bytes")
        if not 0 <= self.number_events <= 0xF:
            raise EncodeError(f"{self.number_events} does not fit the header's 4 bits")
        dst.append((int(self.flags) & 0x3) << 6 | self.number_events << 2)
        if self.is_long:
            dst += (0x8000 | self.length).to_bytes(2, "big")
        else:
            dst.append(self.length)


@pdu
class FastPathUpdate(Pdu):
    """Fast-Path Update (TS_FP_UPDATE), [MS-RDPBCGR] 2.2.9.1.2.1.

    `compression_flags` has the bits of the share data header's `compressedType`, or is None where the field is absent;
    `update_data` is what lies on the wire, compressed or not.
    """

    update_code: UpdateCode
    fragmentation: Fragmentation = Fragmentation.SINGLE
    compression_flags: int | None = None
    update_data: bytes = b""

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        header = src.u8()
        compression_flags = src.u8() if header & _COMPRESSION_USED else None
        return cls(
            update_code=_UPDATE_CODES[header & 0xF],
            fragmentation=_FRAGMENTATIONS[header >> 4 & 0x3],
            compression_flags=compression_flags,
            update_data=src.take(src.u16()),
        )

    def encode_into(self, dst: bytearray) -> None:
        header = (self.update_code & 0xF) | (self.fragmentation & 0x3) << 4
        flags, size = self.compression_flags, len(self.update_data)
        if flags is None:
            dst += _PACK_UPDATE(header, size)
        else:
            dst += _PACK_COMPRESSED_UPDATE(header | _COMPRESSION_USED, flags, size)
        dst += self.update_data


@pdu
class FastPathOutput(Pdu):
    """Server Fast-Path Update PDU (TS_FP_UPDATE_PDU), [MS-RDPBCGR] 2.2.9.1.2, not encrypted."""

    fp_output_updates: list[FastPathUpdate]

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        _, pos, end = unframe(src.buf, src.pos, src.end)
        src.pos = end
        return cls(fp_output_updates=decode_updates(src.buf, pos, end))

    def encode_into(self, dst: bytearray) -> None:
        payload = bytearray()
        for update in self.fp_output_updates:
            update.encode_into(payload)
        dst += frame(payload)


def decode_updates(buf: bytes, pos: int = 0, end: int | None = None) -> list[FastPathUpdate]:
    """Take the updates of one PDU apart: those in `buf[pos:end]`, which is what follows the fast-path header.

    Raises `Truncated` where the last one is not whole.
    """
    if end is None:
        end = len(buf)
    updates: list[FastPathUpdate] = []
    while pos < end:
        start = pos
        header = buf[pos]
        pos += 3
        compression_flags = None
        if header & _COMPRESSION_USED:
            pos += 1
            if pos <= end:
                compression_flags = buf[start + 1]
        if pos > end:
            raise Truncated(f"needs {pos - start} bytes, {end - start} left", pdu="FastPathUpdate", offset=start)
        size = buf[pos - 2] | buf[pos - 1] << 8
        if size > end - pos:
            raise Truncated(f"needs {size} bytes, {end - pos} left", pdu="FastPathUpdate", offset=pos)
        updates.append(
            FastPathUpdate(
                update_code=_UPDATE_CODES[header & 0xF],
                fragmentation=_FRAGMENTATIONS[header >> 4 & 0x3],
                compression_flags=compression_flags,
                update_data=bytes(buf[pos : pos + size]),
            )
        )
        pos += size
    return updates


def unframe(buf: bytes, pos: int = 0, end: int | None = None) -> tuple[int, int, int]:
    """Read the fast-path header of the PDU that starts `buf[pos:end]`, for a payload that is not encrypted.

    Gives the number of events (0 for output), and where the payload starts and ends in `buf`.  Raises `Truncated` where
    the PDU is not whole, and `InvalidField` for a PDU of the slow path, an impossible length and an encrypted payload.
    """
    if end is None:
        end = len(buf)
    size = 2 if end - pos < 2 or buf[pos + 1] < 0x80 else 3
    if end - pos < size:
        raise Truncated(f"needs {size} bytes, {end - pos} left", pdu="FastPathHeader", offset=pos)
    first, length = buf[pos], buf[pos + 1]
    if size == 3:
        length = (length & 0x7F) << 8 | buf[pos + 2]
    if first & 0x83 or length < size:
        raise _unusable(first, length, pos)
    if length > end - pos:
        raise Truncated(f"needs {length} bytes, {end - pos} left", pdu="FastPathHeader", offset=pos)
    return first >> 2 & 0xF, pos + size, pos + length


def _unusable(first: int, length: int, pos: int) -> InvalidField:
    if first & 0x3:
        return InvalidField(f"action {first & 0x3} is not the fast path's", pdu="FastPathHeader", offset=pos)
    if first & 0x80:
        return InvalidField("an encrypted PDU, where no encryption was agreed on", pdu="FastPathHeader", offset=pos)
    return InvalidField(f"length {length} is less than the header's", pdu="FastPathHeader", offset=pos)


def frame(payload: bytes | bytearray, number_events: int = 0) -> bytes:
    """Put a fast-path header before a PDU's payload; raises `EncodeError` beyond `MAX_PDU_SIZE`."""
    size = len(payload)
    first = number_events << 2
    if size <= 0x7F - 2:
        return bytes((first, size + 2)) + payload
    if size > MAX_PDU_SIZE - 3:
        raise EncodeError(f"{size} bytes do not fit a fast-path PDU")
    return bytes((first, (size + 3) >> 8 | 0x80, (size + 3) & 0xFF)) + payload


def split(update_code: UpdateCode, data: bytes, size: int = FRAGMENT_SIZE) -> Iterator[FastPathUpdate]:
    """Cut an update into fragments of at most `size` bytes, or give it whole as a single one.

    Each fits one PDU of at most `MAX_SENT_PDU_SIZE` bytes, also after compression flags are added.  The receiver takes
    sequences up to the size in its multifragment update capability set only.
    """
    if not 0 < size <= FRAGMENT_SIZE:
        raise EncodeError(f"a fragment size of {size} is not within 1 to {FRAGMENT_SIZE}")
    total = len(data)
    if total <= size:
        yield FastPathUpdate(update_code=update_code, update_data=bytes(data))
        return
    fragmentation = Fragmentation.FIRST
    for start in range(0, total, size):
        if start + size >= total:
            fragmentation = Fragmentation.LAST
        yield FastPathUpdate(
            update_code=update_code, fragmentation=fragmentation, update_data=bytes(data[start : start + size])
        )
        fragmentation = Fragmentation.NEXT


def append_fragments(
    dst: bytearray,
    update_code: UpdateCode,
    data: bytes,
    size: int = FRAGMENT_SIZE,
    deflate: Callable[[bytes], tuple[int, bytes]] | None = None,
) -> None:
    """Append what `split` gives, each fragment a PDU of its own; every byte is copied once.

    `deflate` gives the compression flags of a fragment, zero for none, and its bytes, no more than it had.
    """
    if not 0 < size <= FRAGMENT_SIZE:
        raise EncodeError(f"a fragment size of {size} is not within 1 to {FRAGMENT_SIZE}")
    view, total = memoryview(data), len(data)
    for start in range(0, total or 1, size):
        end = start + size
        header = (update_code & 0xF) | _PLACES[start == 0, end >= total] << 4
        fragment: bytes | memoryview = view[start:end]
        flags = 0
        if deflate is not None:
            flags, fragment = deflate(bytes(fragment))
        length = len(fragment) + (4 if flags else 3)
        if length <= 0x7F - 2:
            dst += bytes((0, length + 2))
        else:
            dst += bytes((0, (length + 3) >> 8 | 0x80, (length + 3) & 0xFF))
        if flags:
            dst += _PACK_COMPRESSED_UPDATE(header | _COMPRESSION_USED, flags, len(fragment))
        else:
            dst += _PACK_UPDATE(header, len(fragment))
        dst += fragment
