"""The headers of slow-path PDUs: Share Control Header and Share Data Header, [MS-RDPBCGR] 2.2.8.1.1.1."""

from __future__ import annotations

import struct
from typing import Final, Self

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "TS_PROTOCOL_VERSION",
    "CompressionFlags",
    "PduType",
    "PduType2",
    "ShareControlHeader",
    "ShareDataHeader",
    "StreamId",
    "decode_share",
    "decode_shares",
    "uncompressed_length",
]

TS_PROTOCOL_VERSION = 0x1
FLOW_MARKER = 0x8000

# The uncompressed length counts the last four bytes of the header itself (4.1.14: 8 for a body of 4), the compressed
# length all 18 bytes of it (as FreeRDP and xrdp read it).
_UNCOMPRESSED_HEADER = 4
_COMPRESSED_HEADER = 18

_CONTROL = struct.Struct("<HHH")
_DATA = struct.Struct("<HHHIxBHBBH")


class PduType(OpenEnum):
    """What follows a Share Control Header."""

    DEMAND_ACTIVE = 0x1
    CONFIRM_ACTIVE = 0x3
    DEACTIVATE_ALL = 0x6
    DATA = 0x7
    SERVER_REDIRECTION = 0xA
    # Not a value of the field: the T.128 flow PDU has no type, only a total length of 0x8000, and is to be ignored.
    FLOW = FLOW_MARKER


class PduType2(OpenEnum):
    """What follows a Share Data Header."""

    UPDATE = 0x02
    CONTROL = 0x14
    POINTER = 0x1B
    INPUT = 0x1C
    SYNCHRONIZE = 0x1F
    REFRESH_RECT = 0x21
    PLAY_SOUND = 0x22
    SUPPRESS_OUTPUT = 0x23
    SHUTDOWN_REQUEST = 0x24
    SHUTDOWN_DENIED = 0x25
    SAVE_SESSION_INFO = 0x26
    FONT_LIST = 0x27
    FONT_MAP = 0x28
    SET_KEYBOARD_INDICATORS = 0x29
    BITMAP_CACHE_PERSISTENT_LIST = 0x2B
    BITMAP_CACHE_ERROR = 0x2C
    SET_KEYBOARD_IME_STATUS = 0x2D
    OFFSCREEN_CACHE_ERROR = 0x2E
    SET_ERROR_INFO = 0x2F
    DRAW_NINEGRID_ERROR = 0x30
    DRAW_GDIPLUS_ERROR = 0x31
    ARC_STATUS = 0x32
    STATUS_INFO = 0x36
    MONITOR_LAYOUT = 0x37
    FRAME_ACKNOWLEDGE = 0x38  # [MS-RDPRFX] 2.2.3.1


class StreamId(OpenEnum):
    """The priority of a Data PDU's stream."""

    UNDEFINED = 0x00
    LOW = 0x01
    MEDIUM = 0x02
    HIGH = 0x04


class CompressionFlags(Flags):
    """Bulk compression of what follows a header: a type in the low nibble, and what happened to the history."""

    TYPE_MASK = Flag(0x0F)
    COMPRESSED = Flag(0x20)
    AT_FRONT = Flag(0x40)
    FLUSHED = Flag(0x80)

    @property
    def type(self) -> int:
        """The compressor: 0 (8K), 1 (64K), 2 (RDP 6.0) or 3 (RDP 6.1)."""
        return int(self) & 0x0F


# Plain numbers, because looking a member up on its class costs as much as packing a header.
_DATA_TYPE, _COMPRESSED = int(PduType.DATA), int(CompressionFlags.COMPRESSED)
_STREAMS = {int(member): member for member in StreamId}
_TYPES2 = {int(member): member for member in PduType2}
_COMPRESSED_TYPES = [CompressionFlags(value) for value in range(256)]


@pdu
class ShareControlHeader(Pdu):
    """Share Control Header (TS_SHARECONTROLHEADER), [MS-RDPBCGR] 2.2.8.1.1.1.1, and what it announces.

    `payload` is what follows the header, up to the end of the PDU.  A flow PDU comes out as `PduType.FLOW` and takes
    all that is left.
    """

    pdu_type: PduType
    pdu_source: int = 0
    pdu_version: int = TS_PROTOCOL_VERSION
    payload: bytes = b""

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        start = src.pos
        total_length = src.u16()
        if total_length == FLOW_MARKER:
            return cls(pdu_type=PduType.FLOW, payload=src.rest())
        word = src.u16()
        pdu_source = 0
        # Windows XP ends a Deactivate All PDU behind the type.
        if total_length != 4:
            pdu_source = src.u16()
            if total_length < _CONTROL.size:
                raise InvalidField(f"total length {total_length}", pdu=cls.__name__, field="total_length", offset=start)
        return cls(
            pdu_type=PduType(word & 0xF),
            pdu_source=pdu_source,
            pdu_version=word >> 4,
            payload=src.take(total_length - (src.pos - start)),
        )

    def encode_into(self, dst: bytearray) -> None:
        if self.pdu_type == PduType.FLOW:
            dst += FLOW_MARKER.to_bytes(2, "little") + self.payload
            return
        if self.pdu_type > 0xF or self.pdu_version > 0xFFF:
            raise EncodeError(f"PDU type {self.pdu_type:#x} of version {self.pdu_version:#x} does not fit 16 bits")
        dst += _CONTROL.pack(
            _total_length(_CONTROL.size + len(self.payload)), self.pdu_version << 4 | self.pdu_type, self.pdu_source
        )
        dst += self.payload


@pdu
class ShareDataHeader(Pdu):
    """Share Data Header (TS_SHAREDATAHEADER), [MS-RDPBCGR] 2.2.8.1.1.1.2, with its control header and its payload.

    `payload` is what follows the header as it is on the wire: `compressed_type` says whether it is compressed.  A
    length of None is the one that follows from the payload; peers do not agree on them and nobody needs them.
    """

    pdu_type2: PduType2
    share_id: int
    pdu_source: int = 0
    pdu_version: int = TS_PROTOCOL_VERSION
    stream_id: StreamId = StreamId.LOW
    compressed_type: CompressionFlags = CompressionFlags(0)
    uncompressed_length: int | None = None
    compressed_length: int | None = None
    payload: bytes = b""

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        start = src.pos
        if src.remaining < _DATA.size:
            raise Truncated(f"needs {_DATA.size} bytes, {src.remaining} left", pdu=cls.__name__, offset=start)
        total, word, source, share, stream, uncompressed, type2, flags, compressed = _DATA.unpack_from(src.buf, start)
        if word & 0xF != _DATA_TYPE:
            raise InvalidField(f"PDU type {word & 0xF:#x}", pdu=cls.__name__, field="pdu_type", offset=start + 2)
        if total < _DATA.size or total > src.remaining:
            total = _repaired_total_length(total, type2, src)
        src.pos = start + _DATA.size
        payload = src.take(total - _DATA.size)
        self = object.__new__(cls)
        self.pdu_type2 = _TYPES2.get(type2) or PduType2(type2)
        self.share_id = share
        self.pdu_source = source
        self.pdu_version = word >> 4
        self.stream_id = _STREAMS[stream] if stream in _STREAMS else StreamId(stream)
        self.compressed_type = _COMPRESSED_TYPES[flags]
        size = len(payload)
        self.uncompressed_length = None if uncompressed == size + _UNCOMPRESSED_HEADER else uncompressed
        self.compressed_length = (
            None if compressed == (size + _COMPRESSED_HEADER if flags & _COMPRESSED else 0) else compressed
        )
        self.payload = payload
        return self

    def encode_into(self, dst: bytearray) -> None:
        size = len(self.payload)
        uncompressed, compressed = self.uncompressed_length, self.compressed_length
        if uncompressed is None:
            uncompressed = uncompressed_length(size)
        if compressed is None:
            compressed = size + _COMPRESSED_HEADER if int(self.compressed_type) & _COMPRESSED else 0
        dst += _DATA.pack(
            _total_length(_DATA.size + size),
            self.pdu_version << 4 | _DATA_TYPE,
            self.pdu_source,
            self.share_id,
            self.stream_id,
            uncompressed,
            self.pdu_type2,
            self.compressed_type,
            compressed,
        )
        dst += self.payload


def uncompressed_length(size: int) -> int:
    """The field of that name for a payload that has `size` bytes before it is compressed."""
    # T.128 counts 16 bits, and the largest PDU of MCS does not reach them by less than this header.
    return min(size + _UNCOMPRESSED_HEADER, 0xFFFF)


def _total_length(size: int) -> int:
    if size >= FLOW_MARKER and (size == FLOW_MARKER or size > 0xFFFF):
        raise EncodeError(f"{size} bytes cannot be the total length of a Share Control Header")
    return size


_OF_CLIENTS: Final = (
    PduType2.SYNCHRONIZE,
    PduType2.CONTROL,
    PduType2.FONT_LIST,
    PduType2.INPUT,
    PduType2.REFRESH_RECT,
    PduType2.SUPPRESS_OUTPUT,
    PduType2.SHUTDOWN_REQUEST,
)


def _repaired_total_length(total: int, type2: int, src: Cursor) -> int:
    """The total length of the PDU at `src` that its header gives wrongly."""
    # Servers were seen to send empty output with a total length of zero, and a Font Map without its body under the
    # length of a whole one (both from IronRDP's bug reports): neither must end a session.
    if total == 0 and type2 in (PduType2.UPDATE, PduType2.POINTER):
        return src.remaining
    if total > src.remaining:
        if type2 == PduType2.FONT_MAP:
            return src.remaining
        # aardwolf (0.2.16) counts the control header twice, in all that a client sends.
        if type2 in _OF_CLIENTS and total == src.remaining + _CONTROL.size:
            return src.remaining
        raise Truncated(f"needs {total} bytes, {src.remaining} left", pdu="ShareDataHeader", offset=src.pos)
    raise InvalidField(f"total length {total}", pdu="ShareDataHeader", field="total_length", offset=src.pos)


def decode_share(src: Cursor) -> ShareControlHeader | ShareDataHeader:
    """Decode the slow-path PDU at `src`, a Data PDU as `ShareDataHeader`, and leave `src` behind it.

    Raises `DecodeError`.
    """
    buf, pos = src.buf, src.pos
    if src.end - pos >= 4 and buf[pos + 2] & 0xF == PduType.DATA and not (buf[pos] == 0 and buf[pos + 1] == 0x80):
        return ShareDataHeader.decode_from(src)
    return ShareControlHeader.decode_from(src)


def decode_shares(data: bytes) -> list[ShareControlHeader | ShareDataHeader]:
    """Decode all slow-path PDUs of one MCS Send Data PDU: mostly one, but Windows may send more.

    Up to three bytes behind the last are ignored.  Raises `DecodeError`.
    """
    src = Cursor(data)
    shares = [decode_share(src)]
    while src.remaining > 3:
        shares.append(decode_share(src))
    return shares
