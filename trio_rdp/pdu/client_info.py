"""The Client Info PDU's data: who logs in, from where, and what the session is to look like; [MS-RDPBCGR] 2.2.1.11.1.1.

The character set of its strings depends on a flag, so the two packets read and write them by hand.
"""

from __future__ import annotations

import dataclasses
from typing import Annotated, Self

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.fields import I32, U16, Prefixed, Utf16, u16, u32
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "AddressFamily",
    "ClientInfo",
    "CompressionType",
    "ExtendedInfoPacket",
    "InfoFlags",
    "PerformanceFlags",
    "SystemTime",
    "TimeZoneInformation",
]


class CompressionType(OpenEnum):
    """The highest bulk compression that a client reads: the CompressionTypeMask of the info flags."""

    PACKET_COMPR_TYPE_8K = 0
    PACKET_COMPR_TYPE_64K = 1
    PACKET_COMPR_TYPE_RDP6 = 2
    PACKET_COMPR_TYPE_RDP61 = 3


class InfoFlags(Flags):
    """The flags of the info packet, which hold a number too."""

    MOUSE = Flag(0x00000001)
    DISABLECTRLALTDEL = Flag(0x00000002)
    AUTOLOGON = Flag(0x00000008)
    UNICODE = Flag(0x00000010)
    MAXIMIZESHELL = Flag(0x00000020)
    LOGONNOTIFY = Flag(0x00000040)
    COMPRESSION = Flag(0x00000080)
    ENABLEWINDOWSKEY = Flag(0x00000100)
    COMPRESSION_TYPE_MASK = Flag(0x00001E00)
    REMOTECONSOLEAUDIO = Flag(0x00002000)
    FORCE_ENCRYPTED_CS_PDU = Flag(0x00004000)
    RAIL = Flag(0x00008000)
    LOGONERRORS = Flag(0x00010000)
    MOUSE_HAS_WHEEL = Flag(0x00020000)
    PASSWORD_IS_SC_PIN = Flag(0x00040000)
    NOAUDIOPLAYBACK = Flag(0x00080000)
    USING_SAVED_CREDS = Flag(0x00100000)
    AUDIOCAPTURE = Flag(0x00200000)
    VIDEO_DISABLE = Flag(0x00400000)
    RESERVED1 = Flag(0x00800000)
    RESERVED2 = Flag(0x01000000)
    HIDEF_RAIL_SUPPORTED = Flag(0x02000000)

    @property
    def compression_type(self) -> CompressionType | None:
        """The highest compression that the client reads, or None when it wants none."""
        if self.COMPRESSION not in self:
            return None
        return CompressionType((self & self.COMPRESSION_TYPE_MASK) >> 9)

    def with_compression(self, kind: CompressionType | None) -> Self:
        """These flags, but asking for compression up to `kind`, or for none."""
        flags = self.without(self.COMPRESSION | self.COMPRESSION_TYPE_MASK)
        return flags if kind is None else flags | self.COMPRESSION | kind << 9


class PerformanceFlags(Flags):
    """What to leave out of a session's desktop, and what to put in."""

    DISABLE_WALLPAPER = Flag(0x00000001)
    DISABLE_FULLWINDOWDRAG = Flag(0x00000002)
    DISABLE_MENUANIMATIONS = Flag(0x00000004)
    DISABLE_THEMING = Flag(0x00000008)
    RESERVED1 = Flag(0x00000010)
    DISABLE_CURSOR_SHADOW = Flag(0x00000020)
    DISABLE_CURSORSETTINGS = Flag(0x00000040)
    ENABLE_FONT_SMOOTHING = Flag(0x00000080)
    ENABLE_DESKTOP_COMPOSITION = Flag(0x00000100)
    RESERVED2 = Flag(0x80000000)


class AddressFamily(OpenEnum):
    """The clientAddressFamily field of the extended info packet."""

    INET = 0x0002
    INET6 = 0x0017


_UTF16 = "utf-16-le"
# "The ANSI code page descriptor being used by the client" names one of these, or is a language id in clients that
# mean Windows-1252.  A codec is never looked up by what a peer says.
_CODE_PAGES = frozenset((437, 850, 866, 874, 932, 936, 949, 950, *range(1250, 1259)))


def _encoding(flags: InfoFlags, code_page: int) -> str:
    if InfoFlags.UNICODE in flags:
        return _UTF16
    return f"cp{code_page}" if code_page in _CODE_PAGES else "cp1252"


def _decode_text(raw: bytes, encoding: str) -> str:
    if encoding == _UTF16:
        return raw.decode(encoding, "surrogatepass").partition("\0")[0]
    return raw.decode(encoding, "surrogateescape").partition("\0")[0]


def _encode_text(text: str, encoding: str) -> bytes:
    if "\0" in text:
        raise EncodeError("a null character inside a null-terminated string")
    try:
        return text.encode(encoding, "surrogatepass" if encoding == _UTF16 else "surrogateescape")
    except UnicodeEncodeError as exc:
        raise EncodeError(f"a string that {encoding} cannot hold: {exc.reason}") from None


def _take_text(src: Cursor, size: int, encoding: str) -> str:
    if encoding == _UTF16 and size % 2:
        raise InvalidField(f"a UTF-16 string of {size} bytes", offset=src.pos)
    return _decode_text(src.take(size), encoding)


@pdu
class SystemTime(Pdu):
    """System Time (TS_SYSTEMTIME), [MS-RDPBCGR] 2.2.1.11.1.1.1.1.1: the n-th weekday of a month, all zero for never."""

    w_year: U16 = 0
    w_month: U16 = 0
    w_day_of_week: U16 = 0
    w_day: U16 = 0
    w_hour: U16 = 0
    w_minute: U16 = 0
    w_second: U16 = 0
    w_milliseconds: U16 = 0


@pdu
class TimeZoneInformation(Pdu):
    """Time Zone Information (TS_TIME_ZONE_INFORMATION), [MS-RDPBCGR] 2.2.1.11.1.1.1.1, in minutes west of UTC."""

    bias: I32 = 0
    standard_name: Annotated[str, Utf16(64)] = ""
    standard_date: SystemTime = dataclasses.field(default_factory=SystemTime)
    standard_bias: I32 = 0
    daylight_name: Annotated[str, Utf16(64)] = ""
    daylight_date: SystemTime = dataclasses.field(default_factory=SystemTime)
    daylight_bias: I32 = 0


MAX_CLIENT_TEXT = 4096
"""How many bytes of client address and directory a server reads; the document allows 80 and 512."""

_cookie = Prefixed(u16, limit=0x1C)
_MAX_TIME_ZONE_KEY_NAME = 254


@pdu
class ExtendedInfoPacket(Pdu):
    """Extended Info Packet (TS_EXTENDED_INFO_PACKET), [MS-RDPBCGR] 2.2.1.11.1.1.1.

    `auto_reconnect_cookie` is empty, or an ARC_CS_PRIVATE_PACKET of 28 bytes.
    """

    client_address_family: AddressFamily = AddressFamily.INET
    client_address: str = ""
    client_dir: str = ""
    # Each field from here on is optional and requires the one before it.
    client_time_zone: TimeZoneInformation | None = None
    client_session_id: int | None = None
    performance_flags: PerformanceFlags | None = None
    auto_reconnect_cookie: bytes | None = dataclasses.field(default=None, repr=False)
    reserved1: int | None = None
    reserved2: int | None = None
    dynamic_dst_time_zone_key_name: str | None = None
    dynamic_daylight_time_disabled: int | None = None

    @classmethod
    def decode_from(cls, src: Cursor, encoding: str = _UTF16) -> ExtendedInfoPacket:
        self = cls(
            client_address_family=AddressFamily(src.u16()),
            client_address=cls._take_client_text(src, encoding),
            client_dir=cls._take_client_text(src, encoding),
        )
        self._decode_tail(src)
        return self

    @classmethod
    def _take_client_text(cls, src: Cursor, encoding: str) -> str:
        size = src.u16()
        if size > MAX_CLIENT_TEXT:
            raise InvalidField(f"length {size} exceeds {MAX_CLIENT_TEXT}", pdu=cls.__name__, offset=src.pos - 2)
        return _take_text(src, size, encoding)

    def _decode_tail(self, src: Cursor) -> None:
        if src.remaining:
            self.client_time_zone = TimeZoneInformation.decode_from(src)
        if src.remaining:
            self.client_session_id = src.u32()
        if src.remaining:
            self.performance_flags = PerformanceFlags(src.u32())
        if src.remaining:
            self.auto_reconnect_cookie = _cookie.decode_from(src)
        if src.remaining:
            self.reserved1 = src.u16()
        if src.remaining:
            self.reserved2 = src.u16()
        if src.remaining:
            size = src.u16()
            if size > _MAX_TIME_ZONE_KEY_NAME:
                raise InvalidField(f"a time zone's key name of {size} bytes", offset=src.pos - 2)
            self.dynamic_dst_time_zone_key_name = _take_text(src, size, _UTF16)
        if src.remaining:
            self.dynamic_daylight_time_disabled = src.u16()

    def encode_into(self, dst: bytearray, encoding: str = _UTF16) -> None:
        u16.encode_into(dst, self.client_address_family)
        terminator = "\0".encode(encoding)
        for text in (self.client_address, self.client_dir):
            raw = _encode_text(text, encoding) + terminator
            u16.encode_into(dst, len(raw))
            dst += raw
        self._encode_tail(dst)

    def _encode_tail(self, dst: bytearray) -> None:
        if self.client_time_zone is None:
            return
        self.client_time_zone.encode_into(dst)
        if self.client_session_id is None:
            return
        u32.encode_into(dst, self.client_session_id)
        if self.performance_flags is None:
            return
        u32.encode_into(dst, self.performance_flags)
        if self.auto_reconnect_cookie is None:
            return
        _cookie.encode_into(dst, self.auto_reconnect_cookie)
        if self.reserved1 is None:
            return
        u16.encode_into(dst, self.reserved1)
        if self.reserved2 is None:
            return
        u16.encode_into(dst, self.reserved2)
        if self.dynamic_dst_time_zone_key_name is None:
            return
        key_name = _encode_text(self.dynamic_dst_time_zone_key_name, _UTF16)
        u16.encode_into(dst, len(key_name))
        dst += key_name
        if self.dynamic_daylight_time_disabled is not None:
            u16.encode_into(dst, self.dynamic_daylight_time_disabled)


@pdu
class ClientInfo(Pdu):
    """Info Packet (TS_INFO_PACKET), [MS-RDPBCGR] 2.2.1.11.1.1, behind its security header.

    Without UNICODE among the `flags` the strings are in the code page, Windows-1252 where `code_page` names none.
    """

    code_page: int = 0
    flags: InfoFlags = InfoFlags.UNICODE
    domain: str = ""
    user_name: str = ""
    password: str = dataclasses.field(default="", repr=False)
    alternate_shell: str = ""
    working_dir: str = ""
    extra_info: ExtendedInfoPacket | None = None

    @classmethod
    def decode_from(cls, src: Cursor) -> ClientInfo:
        code_page, flags = src.u32(), InfoFlags(src.u32())
        encoding = _encoding(flags, code_page)
        terminator = len("\0".encode(encoding))
        sizes = [src.u16() for _ in range(5)]
        texts = []
        for size in sizes:
            texts.append(_take_text(src, size, encoding))
            src.skip(terminator)  # the sizes exclude it
        domain, user_name, password, alternate_shell, working_dir = texts
        return cls(
            code_page=code_page,
            flags=flags,
            domain=domain,
            user_name=user_name,
            password=password,
            alternate_shell=alternate_shell,
            working_dir=working_dir,
            extra_info=ExtendedInfoPacket.decode_from(src, encoding) if src.remaining else None,
        )

    def encode_into(self, dst: bytearray) -> None:
        encoding = _encoding(self.flags, self.code_page)
        terminator = "\0".encode(encoding)
        texts = [
            _encode_text(text, encoding)
            for text in (self.domain, self.user_name, self.password, self.alternate_shell, self.working_dir)
        ]
        u32.encode_into(dst, self.code_page)
        u32.encode_into(dst, self.flags)
        for raw in texts:
            u16.encode_into(dst, len(raw))
        for raw in texts:
            dst += raw + terminator
        if self.extra_info is not None:
            self.extra_info.encode_into(dst, encoding)
