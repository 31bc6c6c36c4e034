"""What the server tells about the logon, [MS-RDPBCGR] 2.2.10.1: who logged on, a cookie to reconnect with, errors."""

from __future__ import annotations

import struct
from typing import Annotated, ClassVar, Self

from trio_rdp.pdu.auto_reconnect import ServerAutoReconnectPacket
from trio_rdp.pdu.share import PduType2
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.fields import Utf16, u32
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "ErrorNotificationData",
    "ErrorNotificationType",
    "InfoType",
    "LogonErrorsInfo",
    "LogonFieldsPresent",
    "LogonInfoExtended",
    "LogonInfoVersion1",
    "LogonInfoVersion2",
    "PlainNotify",
    "SaveSessionInfo",
    "UnknownLogonInfo",
    "describe_logon_error",
]

# What a name may be long, terminator included: an eighth of the largest PDU, eight times what Windows allows.
MAX_NAME_SIZE = 4096

_DOMAIN, _USER_NAME = Utf16(52), Utf16(512)
_LOGON_INFO_2 = struct.Struct("<HIIII558x")
_LOGON_INFO_2_SIZE = 18  # without padding and names (4.3.1)
_EXTENDED = struct.Struct("<HI")
_PLAIN_NOTIFY_PAD = 576
_EXTENDED_PAD = 570


class InfoType(OpenEnum):
    """What a Save Session Info PDU tells."""

    LOGON = 0x00000000
    LOGON_LONG = 0x00000001
    PLAIN_NOTIFY = 0x00000002
    EXTENDED_INFO = 0x00000003


@pdu
class LogonInfoVersion1(Pdu):
    """Logon Info Version 1 (TS_LOGON_INFO), [MS-RDPBCGR] 2.2.10.1.1.1: a user has logged on."""

    domain: str
    user_name: str
    session_id: int = 0

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        # The two sizes say what the terminators say; some servers count them differently.
        src.skip(4)
        domain: str = _DOMAIN.decode_from(src)
        src.skip(4)
        user_name: str = _USER_NAME.decode_from(src)
        return cls(domain=domain, user_name=user_name, session_id=src.u32())

    def encode_into(self, dst: bytearray) -> None:
        for codec, text in ((_DOMAIN, self.domain), (_USER_NAME, self.user_name)):
            dst += u32.struct.pack(len(_terminated(text)))
            codec.encode_into(dst, text)
        dst += u32.struct.pack(self.session_id)


@pdu
class LogonInfoVersion2(Pdu):
    """Logon Info Version 2 (TS_LOGON_INFO_VERSION_2), [MS-RDPBCGR] 2.2.10.1.1.2: a user has logged on."""

    version: int = 1
    session_id: int = 0
    domain: str
    user_name: str

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        version, _, session_id, domain_size, user_name_size = _LOGON_INFO_2.unpack(src.take(_LOGON_INFO_2.size))
        domain, user_name = _take_name(src, domain_size), _take_name(src, user_name_size)
        return cls(version=version, session_id=session_id, domain=domain, user_name=user_name)

    def encode_into(self, dst: bytearray) -> None:
        domain, user_name = _terminated(self.domain), _terminated(self.user_name)
        dst += _LOGON_INFO_2.pack(self.version, _LOGON_INFO_2_SIZE, self.session_id, len(domain), len(user_name))
        dst += domain
        dst += user_name


@pdu
class PlainNotify(Pdu):
    """Plain Notify (TS_PLAIN_NOTIFY), [MS-RDPBCGR] 2.2.10.1.1.3: a user has logged on."""

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        src.skip(min(_PLAIN_NOTIFY_PAD, src.remaining))
        return cls()

    def encode_into(self, dst: bytearray) -> None:
        dst += bytes(_PLAIN_NOTIFY_PAD)


class ErrorNotificationType(OpenEnum):
    """What Winlogon shows, or an NTSTATUS value."""

    SESSION_BUSY_OPTIONS = 0xFFFFFFF8
    DISCONNECT_REFUSED = 0xFFFFFFF9
    NO_PERMISSION = 0xFFFFFFFA
    BUMP_OPTIONS = 0xFFFFFFFB
    RECONNECT_OPTIONS = 0xFFFFFFFC
    SESSION_TERMINATE = 0xFFFFFFFD
    SESSION_CONTINUE = 0xFFFFFFFE
    ACCESS_DENIED = 0xFFFFFFFF


class ErrorNotificationData(OpenEnum):
    """What became of the logon, or a session's id."""

    FAILED_BAD_PASSWORD = 0x00000000
    FAILED_UPDATE_PASSWORD = 0x00000001
    FAILED_OTHER = 0x00000002
    WARNING = 0x00000003


@pdu
class LogonErrorsInfo(Pdu):
    """Logon Errors Info (TS_LOGON_ERRORS_INFO), [MS-RDPBCGR] 2.2.10.1.1.4.1.1."""

    error_notification_type: Annotated[ErrorNotificationType, u32]
    error_notification_data: Annotated[ErrorNotificationData, u32]


class LogonFieldsPresent(Flags):
    """Which fields a Logon Info Extended has."""

    AUTO_RECONNECT_COOKIE = Flag(0x00000001)
    LOGON_ERRORS = Flag(0x00000002)


@pdu
class LogonInfoExtended(Pdu):
    """Logon Info Extended (TS_LOGON_INFO_EXTENDED), [MS-RDPBCGR] 2.2.10.1.1.4."""

    auto_reconnect_cookie: ServerAutoReconnectPacket | None = None
    logon_errors: LogonErrorsInfo | None = None

    @property
    def fields_present(self) -> LogonFieldsPresent:
        """Which fields are there."""
        present = LogonFieldsPresent(0)
        if self.auto_reconnect_cookie is not None:
            present |= LogonFieldsPresent.AUTO_RECONNECT_COOKIE
        if self.logon_errors is not None:
            present |= LogonFieldsPresent.LOGON_ERRORS
        return present

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        # The length says where the padding begins; the fields say it too, and bring lengths of their own.
        _, present = _EXTENDED.unpack(src.take(_EXTENDED.size))
        self = cls()
        if present & LogonFieldsPresent.AUTO_RECONNECT_COOKIE:
            self.auto_reconnect_cookie = ServerAutoReconnectPacket.decode_from(src.sub(src.u32()))
        if present & LogonFieldsPresent.LOGON_ERRORS:
            self.logon_errors = LogonErrorsInfo.decode_from(src.sub(src.u32()))
        src.skip(min(_EXTENDED_PAD, src.remaining))
        return self

    def encode_into(self, dst: bytearray) -> None:
        fields = bytearray()
        for field in (self.auto_reconnect_cookie, self.logon_errors):
            if field is not None:
                data = field.encode()
                fields += u32.struct.pack(len(data)) + data
        dst += _EXTENDED.pack(_EXTENDED.size + len(fields), self.fields_present)
        dst += fields
        dst += bytes(_EXTENDED_PAD)


@pdu
class UnknownLogonInfo(Pdu):
    """Logon information of a type that is not known here, kept as it came."""

    info_type: InfoType
    data: bytes = b""

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        return cls(info_type=InfoType(src.u32()), data=src.rest())

    def encode_into(self, dst: bytearray) -> None:
        dst += u32.struct.pack(self.info_type) + self.data


LogonInfo = LogonInfoVersion1 | LogonInfoVersion2 | PlainNotify | LogonInfoExtended

_INFO_CLASSES: dict[int, type[LogonInfo]] = {
    InfoType.LOGON: LogonInfoVersion1,
    InfoType.LOGON_LONG: LogonInfoVersion2,
    InfoType.PLAIN_NOTIFY: PlainNotify,
    InfoType.EXTENDED_INFO: LogonInfoExtended,
}
_INFO_TYPES: dict[type[Pdu], InfoType] = {cls: InfoType(kind) for kind, cls in _INFO_CLASSES.items()}


@pdu
class SaveSessionInfo(Pdu):
    """Save Session Info (TS_SAVE_SESSION_INFO_PDU_DATA), [MS-RDPBCGR] 2.2.10.1.1."""

    pdu_type2: ClassVar[PduType2] = PduType2.SAVE_SESSION_INFO

    info_data: LogonInfo | UnknownLogonInfo

    @property
    def info_type(self) -> InfoType:
        """What the PDU tells."""
        if isinstance(self.info_data, UnknownLogonInfo):
            return self.info_data.info_type
        return _INFO_TYPES[type(self.info_data)]

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        info_type = InfoType(src.u32())
        known = _INFO_CLASSES.get(info_type)
        if known is None:
            return cls(info_data=UnknownLogonInfo(info_type=info_type, data=src.rest()))
        return cls(info_data=known.decode_from(src))

    def encode_into(self, dst: bytearray) -> None:
        if not isinstance(self.info_data, UnknownLogonInfo):
            dst += u32.struct.pack(self.info_type)
        self.info_data.encode_into(dst)


_TYPE_TEXTS = {
    ErrorNotificationType.SESSION_BUSY_OPTIONS: "the session is busy, and the server asks what to do",
    ErrorNotificationType.DISCONNECT_REFUSED: "the user of the session refuses to be disconnected",
    ErrorNotificationType.NO_PERMISSION: "the user has no permission to log on",
    ErrorNotificationType.BUMP_OPTIONS: "too many are logged on, and the server asks whom to disconnect",
    ErrorNotificationType.RECONNECT_OPTIONS: "the user has several sessions, and the server asks which to take",
    ErrorNotificationType.SESSION_TERMINATE: "the session ends",
    ErrorNotificationType.SESSION_CONTINUE: "the logon goes on",
    ErrorNotificationType.ACCESS_DENIED: "the logon was refused",
}
_DATA_TEXTS = {
    ErrorNotificationData.FAILED_BAD_PASSWORD: "wrong user name or password",
    ErrorNotificationData.FAILED_UPDATE_PASSWORD: "the password must be changed first",
    ErrorNotificationData.FAILED_OTHER: "the logon failed; the server's logon screen says why",
    ErrorNotificationData.WARNING: "the server's logon screen shows a warning",
}


def describe_logon_error(error: LogonErrorsInfo) -> str:
    """Say in plain words what the server reports about the logon."""
    kind = ErrorNotificationType(error.error_notification_type)
    what = _TYPE_TEXTS.get(kind, f"NTSTATUS {kind:#010x}")
    # With an NTSTATUS, and nowhere else, the data can be what became of the logon; else it is a session's id.
    if kind in _TYPE_TEXTS:
        return what
    return f"{_DATA_TEXTS.get(ErrorNotificationData(error.error_notification_data), 'the logon failed')} ({what})"


def _terminated(text: str) -> bytes:
    if "\0" in text:
        raise EncodeError("a null character inside a null-terminated string")
    return (text + "\0").encode("utf-16-le", "surrogatepass")


def _take_name(src: Cursor, size: int) -> str:
    if size > MAX_NAME_SIZE or size % 2:
        raise InvalidField(f"a name of {size} bytes", pdu="LogonInfoVersion2", offset=src.pos)
    return src.take(size).decode("utf-16-le", "surrogatepass").partition("\0")[0]
