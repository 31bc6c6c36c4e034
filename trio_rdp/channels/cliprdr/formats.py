"""The copy sequence, [MS-RDPECLIP] 2.2.3: which formats the owner of a clipboard offers.

Which of the two layouts a Format List PDU has is not in it: both sides agree on long names in their capabilities, or
use short ones.  So there is a class for each.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import ClassVar, Self, TypeAlias

from trio_rdp.channels.cliprdr.header import ClipboardPdu, MessageFlags, MessageType, decode_header, encode_message
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import pdu

__all__ = [
    "FILE_GROUP_DESCRIPTOR",
    "FORMATS_LIMIT",
    "HTML_FORMAT",
    "ClipboardFormat",
    "FormatList",
    "FormatListResponse",
    "LongFormatList",
    "ShortFormatList",
    "StandardFormat",
]

FORMATS_LIMIT = 4096
"""The most formats in one list: programs offer some dozens, and Windows can register 16,384 in all."""

FILE_GROUP_DESCRIPTOR = "FileGroupDescriptorW"
"""The name under which a Packed File List is offered, whatever its id (1.3.1.2)."""

HTML_FORMAT = "HTML Format"
"""The name under which Windows programs offer HTML."""

_SHORT_NAME = 32
_SHORT_ITEM = struct.Struct(f"<I{_SHORT_NAME}s")


class StandardFormat(OpenEnum):
    """The formats that every Windows has under the same id, and which need no name (CF_*)."""

    TEXT = 1
    BITMAP = 2
    METAFILEPICT = 3
    SYLK = 4
    DIF = 5
    TIFF = 6
    OEMTEXT = 7
    DIB = 8
    PALETTE = 9
    PENDATA = 10
    RIFF = 11
    WAVE = 12
    UNICODETEXT = 13
    ENHMETAFILE = 14
    HDROP = 15
    LOCALE = 16
    DIBV5 = 17


@dataclass(frozen=True, slots=True)
class ClipboardFormat:
    """Short or Long Format Name (CLIPRDR_SHORT_FORMAT_NAME, CLIPRDR_LONG_FORMAT_NAME), [MS-RDPECLIP] 2.2.3.1.

    The id holds for this list only; a format whose name is not empty is known by its name.
    """

    format_id: int
    format_name: str = ""


@pdu
class ShortFormatList(ClipboardPdu):
    """Format List PDU (CLIPRDR_FORMAT_LIST), [MS-RDPECLIP] 2.2.3.1, with short names (CLIPRDR_SHORT_FORMAT_NAMES).

    Names that do not fit are truncated ("MUST"): to 31 characters in ASCII, to 15 UTF-16 units else.
    """

    msg_type: ClassVar[MessageType] = MessageType.FORMAT_LIST

    formats: list[ClipboardFormat] = field(default_factory=list)
    ascii_names: bool = False

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        msg_flags, data = decode_header(cls, src)
        ascii_names = MessageFlags.ASCII_NAMES in msg_flags
        _check_count(-(-data.remaining // _SHORT_ITEM.size), data.pos)
        formats = []
        while data.remaining:
            format_id, raw = _SHORT_ITEM.unpack(data.take(_SHORT_ITEM.size))
            name = raw[:-1].decode("latin-1") if ascii_names else raw[:-2].decode("utf-16-le", "surrogatepass")
            formats.append(ClipboardFormat(format_id, name.partition("\0")[0]))
        return cls(formats=formats, ascii_names=ascii_names)

    def encode_into(self, dst: bytearray) -> None:
        _check_formats(self.formats)
        write = _short_ascii if self.ascii_names else _short_unicode
        data = b"".join(_SHORT_ITEM.pack(item.format_id, write(item.format_name)) for item in self.formats)
        encode_message(dst, self.msg_type, data, MessageFlags.ASCII_NAMES if self.ascii_names else 0)


@pdu
class LongFormatList(ClipboardPdu):
    """Format List PDU (CLIPRDR_FORMAT_LIST), [MS-RDPECLIP] 2.2.3.1, with long names (CLIPRDR_LONG_FORMAT_NAMES)."""

    msg_type: ClassVar[MessageType] = MessageType.FORMAT_LIST

    formats: list[ClipboardFormat] = field(default_factory=list)

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        _, data = decode_header(cls, src)
        formats: list[ClipboardFormat] = []
        while data.remaining:
            _check_count(len(formats) + 1, data.pos)
            formats.append(ClipboardFormat(data.u32(), _take_terminated(data)))
        return cls(formats=formats)

    def encode_into(self, dst: bytearray) -> None:
        _check_formats(self.formats)
        data = bytearray()
        for item in self.formats:
            data += struct.pack("<I", item.format_id)
            data += (item.format_name + "\0").encode("utf-16-le", "surrogatepass")
        encode_message(dst, self.msg_type, data)


FormatList: TypeAlias = ShortFormatList | LongFormatList
"""Either layout of the Format List PDU."""


@pdu
class FormatListResponse(ClipboardPdu):
    """Format List Response PDU (FORMAT_LIST_RESPONSE), [MS-RDPECLIP] 2.2.3.2."""

    msg_type: ClassVar[MessageType] = MessageType.FORMAT_LIST_RESPONSE

    msg_flags: MessageFlags = MessageFlags.RESPONSE_OK

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        msg_flags, _ = decode_header(cls, src)
        return cls(msg_flags=msg_flags)

    def encode_into(self, dst: bytearray) -> None:
        encode_message(dst, self.msg_type, msg_flags=self.msg_flags)


def _check_count(count: int, offset: int) -> None:
    if count > FORMATS_LIMIT:
        raise InvalidField(f"{count} formats exceed {FORMATS_LIMIT}", offset=offset)


def _check_formats(formats: list[ClipboardFormat]) -> None:
    if len(formats) > FORMATS_LIMIT:
        raise EncodeError(f"{len(formats)} formats exceed {FORMATS_LIMIT}")
    if any("\0" in item.format_name for item in formats):
        raise EncodeError("a null character inside a null-terminated string")


def _short_ascii(name: str) -> bytes:
    try:
        return name.encode("latin-1")[: _SHORT_NAME - 1]
    except UnicodeEncodeError:
        raise EncodeError(f"a format name that ASCII 8 cannot write: {name!r}") from None


def _short_unicode(name: str) -> bytes:
    raw = name.encode("utf-16-le", "surrogatepass")
    if len(raw) <= _SHORT_NAME - 2:
        return raw
    # Half of a surrogate pair would be no character.
    end = _SHORT_NAME - 2
    return raw[: end - 2] if raw[end - 1] & 0xFC == 0xD8 else raw[:end]


def _take_terminated(src: Cursor) -> str:
    """Read a null-terminated string of UTF-16 units, and its terminator."""
    start = end = src.pos
    while True:
        end = src.buf.find(b"\0\0", end, src.end)
        if end < 0:
            raise Truncated("a format name without its terminator", offset=start)
        if (end - start) % 2 == 0:
            break
        end += 1  # the high byte of one unit and the low byte of the next
    name = src.take(end - start).decode("utf-16-le", "surrogatepass")
    src.skip(2)
    return name
