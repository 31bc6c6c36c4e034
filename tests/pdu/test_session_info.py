from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.pdu.auto_reconnect import ServerAutoReconnectPacket
from trio_rdp.pdu.session_info import (
    ErrorNotificationData,
    ErrorNotificationType,
    InfoType,
    LogonErrorsInfo,
    LogonFieldsPresent,
    LogonInfoExtended,
    LogonInfoVersion1,
    LogonInfoVersion2,
    PlainNotify,
    SaveSessionInfo,
    UnknownLogonInfo,
    describe_logon_error,
)
from trio_rdp.pdu.share import ShareDataHeader
from trio_rdp.wire.errors import EncodeError, InvalidField


def body(header: str, data: bytes) -> bytes:
    """What follows the header of one of the document's decrypted examples."""
    share = ShareDataHeader.decode(bytes.fromhex(header) + data)
    assert share.pdu_type2 is SaveSessionInfo.pdu_type2
    assert share.encode() == bytes.fromhex(header) + data
    return share.payload


def test_logon_info_version_2() -> None:
    """[MS-RDPBCGR] 4.3.1."""
    data = (
        bytes.fromhex(
            "01000000"  # infoType = INFOTYPE_LOGON_LONG
            "0100"  # Version = SAVE_SESSION_PDU_VERSION_ONE
            "12000000"  # Size = 18 bytes
            "02000000"  # SessionId = 2
            "0c000000"  # cbDomain = 12 bytes
            "0e000000"  # cbUserName = 14 bytes
        )
        + bytes(558)  # Pad
        + bytes.fromhex("4e0054004400450056000000")  # Domain = "NTDEV"
        + bytes.fromhex("65006c0074006f006e0073000000")  # UserName = "eltons"
    )
    raw = body("70021700ea03ea030200000170022600 0000", data)
    info = SaveSessionInfo(info_data=LogonInfoVersion2(session_id=2, domain="NTDEV", user_name="eltons"))
    same(raw, info)
    assert info.info_type is InfoType.LOGON_LONG
    every_truncation_raises(SaveSessionInfo, raw)


def test_plain_notify() -> None:
    """[MS-RDPBCGR] 4.3.2."""
    data = bytes.fromhex("02000000") + bytes(576)  # infoType = INFOTYPE_LOGON_PLAINNOTIFY, Pad
    raw = body("56021700ea03ea030200000156022600 0000", data)
    same(raw, SaveSessionInfo(info_data=PlainNotify()))
    assert SaveSessionInfo.decode(raw[:4]) == SaveSessionInfo(info_data=PlainNotify())


EXTENDED = bytes.fromhex(
    "03000000"  # infoType = INFOTYPE_LOGON_EXTENDED_INFO
    "2600"  # Length = 38
    "01000000"  # FieldsPresent = LOGON_EX_AUTORECONNECTCOOKIE
    "1c000000"  # cbFieldData = 28
    "1c000000"  # cbLen = 28
    "01000000"  # Version = AUTO_RECONNECT_VERSION_1
    "02000000"  # LogonId = 2
    "a802e725e24c82b752a553503498a1a8"  # ArcRandomBits
) + bytes(570)  # Pad


def test_logon_info_extended() -> None:
    """[MS-RDPBCGR] 4.3.3."""
    raw = body("76021700ea03ea030200000176022600 0000", EXTENDED)
    cookie = ServerAutoReconnectPacket(logon_id=2, arc_random_bits=EXTENDED[26:42])
    info = SaveSessionInfo(info_data=LogonInfoExtended(auto_reconnect_cookie=cookie))
    same(raw, info)
    every_truncation_raises(SaveSessionInfo, raw[:42])
    assert SaveSessionInfo.decode(raw[:42]) == info
    assert "a802e725" not in repr(info)
    assert "arc_random_bits" not in repr(info)


def test_logon_info_extended_with_errors() -> None:
    raw = bytes.fromhex(
        "03000000"  # infoType = INFOTYPE_LOGON_EXTENDED_INFO
        "1200"  # Length = 18
        "02000000"  # FieldsPresent = LOGON_EX_LOGONERRORS
        "08000000"  # cbFieldData = 8
        "faffffff"  # ErrorNotificationType = LOGON_MSG_NO_PERMISSION
        "02000000"  # ErrorNotificationData = LOGON_FAILED_OTHER
    ) + bytes(570)
    errors = LogonErrorsInfo(
        error_notification_type=ErrorNotificationType.NO_PERMISSION,
        error_notification_data=ErrorNotificationData.FAILED_OTHER,
    )
    info = LogonInfoExtended(logon_errors=errors)
    same(raw, SaveSessionInfo(info_data=info))
    assert info.fields_present == LogonFieldsPresent.LOGON_ERRORS
    every_truncation_raises(SaveSessionInfo, raw[:22])


def test_logon_info_version_1() -> None:
    raw = (
        bytes.fromhex("00000000 0c000000 4e0054004400450056000000")  # INFOTYPE_LOGON, cbDomain = 12, "NTDEV"
        + bytes(52 - 12)
        + bytes.fromhex("0e000000 65006c0074006f006e0073000000")  # cbUserName = 14, "eltons"
        + bytes(512 - 14)
        + bytes.fromhex("02000000")  # SessionId = 2
    )
    info = SaveSessionInfo(info_data=LogonInfoVersion1(domain="NTDEV", user_name="eltons", session_id=2))
    same(raw, info)
    assert info.info_type is InfoType.LOGON
    every_truncation_raises(SaveSessionInfo, raw)


def test_unknown_information_is_kept() -> None:
    raw = bytes.fromhex("09000000 0102")
    unknown = UnknownLogonInfo(info_type=InfoType(9), data=b"\1\2")
    same(raw, SaveSessionInfo(info_data=unknown))
    same(raw, unknown)
    assert SaveSessionInfo(info_data=unknown).info_type == 9


@pytest.mark.parametrize("size", [13, 4098])
def test_names_of_impossible_sizes(size: int) -> None:
    head = bytes.fromhex("0100 12000000 02000000") + size.to_bytes(4, "little") + bytes(4 + 558)
    with pytest.raises(InvalidField, match=f"a name of {size} bytes"):
        LogonInfoVersion2.decode(head + bytes(5000))


def test_names_that_cannot_be_written() -> None:
    with pytest.raises(EncodeError, match="null character"):
        LogonInfoVersion2(domain="a\0b", user_name="").encode()
    with pytest.raises(EncodeError):
        LogonInfoVersion1(domain="d" * 26, user_name="").encode()


@pytest.mark.parametrize("kind", list(ErrorNotificationType))
def test_every_notification_has_words(kind: ErrorNotificationType) -> None:
    error = LogonErrorsInfo(error_notification_type=kind, error_notification_data=ErrorNotificationData(77))
    assert "0x" not in describe_logon_error(error)


def test_an_ntstatus_is_told_with_what_became_of_the_logon() -> None:
    error = LogonErrorsInfo(
        error_notification_type=ErrorNotificationType(0xC000006D),
        error_notification_data=ErrorNotificationData.FAILED_BAD_PASSWORD,
    )
    assert describe_logon_error(error) == "wrong user name or password (NTSTATUS 0xc000006d)"
    error.error_notification_data = ErrorNotificationData(77)
    assert describe_logon_error(error) == "the logon failed (NTSTATUS 0xc000006d)"


@given(st.integers(0, 4), st.binary(max_size=700))
def test_any_bytes(kind: int, data: bytes) -> None:
    value_or_error(SaveSessionInfo, kind.to_bytes(4, "little") + data)
    value_or_error(SaveSessionInfo, EXTENDED[:8] + data)
    value_or_error(LogonErrorsInfo, data)
