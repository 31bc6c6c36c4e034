"""MCS PDUs, [T125], as RDP uses them: [MS-RDPBCGR] 2.2.1.3 to 2.2.1.9 and 2.2.2.3.

Connect Initial and Connect Response are BER; all later ones are choices of DomainMCSPDU in aligned PER, of which the
first six bits say which.  Send Data carries everything of a session, so it is written out by hand.
"""

from __future__ import annotations

import dataclasses
import struct
from typing import ClassVar, Self

from trio_rdp.wire import ber, per
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "MAX_USER_DATA",
    "USER_ID_BASE",
    "AttachUserConfirm",
    "AttachUserRequest",
    "ChannelJoinConfirm",
    "ChannelJoinRequest",
    "ConnectInitial",
    "ConnectResponse",
    "DataPriority",
    "DisconnectProviderUltimatum",
    "DomainParameters",
    "DomainPdu",
    "ErectDomainRequest",
    "Reason",
    "Result",
    "SendDataIndication",
    "SendDataRequest",
    "decode_domain_pdu",
]

USER_ID_BASE = 1001
"""The smallest user id: what an initiator on the wire is relative to."""

MAX_USER_DATA = per.MAX_LENGTH
"""The most that one Send Data PDU carries, in bytes."""

_CONNECT_INITIAL = ber.application(101)
_CONNECT_RESPONSE = ber.application(102)

_ERECT_DOMAIN_REQUEST = 1
_DISCONNECT_PROVIDER_ULTIMATUM = 8
_ATTACH_USER_REQUEST = 10
_ATTACH_USER_CONFIRM = 11
_CHANNEL_JOIN_REQUEST = 14
_CHANNEL_JOIN_CONFIRM = 15
_SEND_DATA_REQUEST = 25
_SEND_DATA_INDICATION = 26


class Result(OpenEnum):
    """Result, [T125] section 7 part 2."""

    SUCCESSFUL = 0
    DOMAIN_MERGING = 1
    DOMAIN_NOT_HIERARCHICAL = 2
    NO_SUCH_CHANNEL = 3
    NO_SUCH_DOMAIN = 4
    NO_SUCH_USER = 5
    NOT_ADMITTED = 6
    OTHER_USER_ID = 7
    PARAMETERS_UNACCEPTABLE = 8
    TOKEN_NOT_AVAILABLE = 9
    TOKEN_NOT_POSSESSED = 10
    TOO_MANY_CHANNELS = 11
    TOO_MANY_TOKENS = 12
    TOO_MANY_USERS = 13
    UNSPECIFIED_FAILURE = 14
    USER_REJECTED = 15


class Reason(OpenEnum):
    """Reason, [T125] section 7 part 2."""

    DOMAIN_DISCONNECTED = 0
    PROVIDER_INITIATED = 1
    TOKEN_PURGED = 2
    USER_REQUESTED = 3
    CHANNEL_PURGED = 4


class DataPriority(OpenEnum):
    """DataPriority, [T125] section 7 part 7."""

    TOP = 0
    HIGH = 1
    MEDIUM = 2
    LOW = 3


@pdu
class DomainParameters(Pdu):
    """DomainParameters, [T125] section 7 part 2; the defaults are the target parameters of Windows clients."""

    max_channel_ids: int = 34
    max_user_ids: int = 2
    max_token_ids: int = 0
    num_priorities: int = 1
    min_throughput: int = 0
    max_height: int = 1
    max_mcs_pdu_size: int = 65_535
    protocol_version: int = 2

    @classmethod
    def decode_from(cls, src: Cursor) -> DomainParameters:
        body = ber.read_element(src, ber.SEQUENCE)
        return cls(
            max_channel_ids=ber.read_unsigned(body),
            max_user_ids=ber.read_unsigned(body),
            max_token_ids=ber.read_unsigned(body),
            num_priorities=ber.read_unsigned(body),
            min_throughput=ber.read_unsigned(body),
            max_height=ber.read_unsigned(body),
            max_mcs_pdu_size=ber.read_unsigned(body),
            protocol_version=ber.read_unsigned(body),
        )

    def encode_into(self, dst: bytearray) -> None:
        body = bytearray()
        for value in (
            self.max_channel_ids,
            self.max_user_ids,
            self.max_token_ids,
            self.num_priorities,
            self.min_throughput,
            self.max_height,
            self.max_mcs_pdu_size,
            self.protocol_version,
        ):
            ber.write_integer(body, value)
        ber.write_element(dst, ber.SEQUENCE, body)


def _minimum_parameters() -> DomainParameters:
    return DomainParameters(max_channel_ids=1, max_user_ids=1, max_token_ids=1, max_mcs_pdu_size=1056)


def _maximum_parameters() -> DomainParameters:
    return DomainParameters(max_channel_ids=65_535, max_user_ids=64_535, max_token_ids=65_535)


def _domain_parameters() -> DomainParameters:
    return DomainParameters(max_user_ids=3, max_mcs_pdu_size=65_528)


@pdu
class ConnectInitial(Pdu):
    """MCS Connect Initial (Connect-Initial), [T125] 11.1 and [MS-RDPBCGR] 2.2.1.3.

    `user_data` is a GCC Conference Create Request; the defaults are those of Windows clients.
    """

    calling_domain_selector: bytes = b"\x01"
    called_domain_selector: bytes = b"\x01"
    upward_flag: bool = True
    target_parameters: DomainParameters = dataclasses.field(default_factory=DomainParameters)
    minimum_parameters: DomainParameters = dataclasses.field(default_factory=_minimum_parameters)
    maximum_parameters: DomainParameters = dataclasses.field(default_factory=_maximum_parameters)
    user_data: bytes

    @classmethod
    def decode_from(cls, src: Cursor) -> ConnectInitial:
        body = ber.read_element(src, _CONNECT_INITIAL)
        return cls(
            calling_domain_selector=ber.read_octet_string(body),
            called_domain_selector=ber.read_octet_string(body),
            upward_flag=ber.read_boolean(body),
            target_parameters=DomainParameters.decode_from(body),
            minimum_parameters=DomainParameters.decode_from(body),
            maximum_parameters=DomainParameters.decode_from(body),
            user_data=ber.read_octet_string(body),
        )

    def encode_into(self, dst: bytearray) -> None:
        body = bytearray()
        ber.write_octet_string(body, self.calling_domain_selector)
        ber.write_octet_string(body, self.called_domain_selector)
        ber.write_boolean(body, self.upward_flag)
        self.target_parameters.encode_into(body)
        self.minimum_parameters.encode_into(body)
        self.maximum_parameters.encode_into(body)
        ber.write_octet_string(body, self.user_data)
        ber.write_element(dst, _CONNECT_INITIAL, body)


@pdu
class ConnectResponse(Pdu):
    """MCS Connect Response (Connect-Response), [T125] 11.2 and [MS-RDPBCGR] 2.2.1.4.

    `user_data` is a GCC Conference Create Response.
    """

    result: Result = Result.SUCCESSFUL
    called_connect_id: int = 0
    domain_parameters: DomainParameters = dataclasses.field(
        default_factory=lambda: DomainParameters(max_user_ids=3, max_mcs_pdu_size=65_528)
    )
    user_data: bytes

    @classmethod
    def decode_from(cls, src: Cursor) -> ConnectResponse:
        body = ber.read_element(src, _CONNECT_RESPONSE)
        return cls(
            result=Result(ber.read_enumerated(body)),
            called_connect_id=ber.read_unsigned(body),
            domain_parameters=DomainParameters.decode_from(body),
            user_data=ber.read_octet_string(body),
        )

    def encode_into(self, dst: bytearray) -> None:
        body = bytearray()
        ber.write_enumerated(body, self.result)
        ber.write_integer(body, self.called_connect_id)
        self.domain_parameters.encode_into(body)
        ber.write_octet_string(body, self.user_data)
        ber.write_element(dst, _CONNECT_RESPONSE, body)


def _read_choice(src: Cursor, choice: int) -> int:
    """Read the first byte of a domain PDU and give the two bits behind its choice."""
    first = src.u8()
    if first >> 2 != choice:
        raise InvalidField(f"choice {first >> 2} of DomainMCSPDU instead of {choice}", offset=src.pos - 1)
    return first & 3


def _read_result(src: Cursor, bits: int) -> Result:
    """The four bits of a result, which lie across a byte boundary: one behind the bit for the optional field."""
    return Result((bits & 1) << 3 | src.u8() >> 5)


def _write_result(dst: bytearray, choice: int, result: int, *, optional: bool) -> None:
    if not 0 <= result <= 15:
        raise EncodeError(f"result {result} does not fit 4 bits")
    dst += bytes((choice << 2 | optional << 1 | result >> 3, result << 5 & 0xFF))


@pdu
class ErectDomainRequest(Pdu):
    """MCS Erect Domain Request (ErectDomainRequest), [T125] 11.8 and [MS-RDPBCGR] 2.2.1.5."""

    sub_height: int = 0
    sub_interval: int = 0

    @classmethod
    def decode_from(cls, src: Cursor) -> ErectDomainRequest:
        _read_choice(src, _ERECT_DOMAIN_REQUEST)
        if src.peek_u8() == 0:
            # rdesktop 1.9 and aardwolf write two plain 16-bit numbers without lengths: 04 00 01 00 01.
            return cls(sub_height=src.u16_be(), sub_interval=src.u16_be())
        return cls(sub_height=per.read_integer(src), sub_interval=per.read_integer(src))

    def encode_into(self, dst: bytearray) -> None:
        dst.append(_ERECT_DOMAIN_REQUEST << 2)
        per.write_integer(dst, self.sub_height)
        per.write_integer(dst, self.sub_interval)


@pdu
class AttachUserRequest(Pdu):
    """MCS Attach User Request (AttachUserRequest), [T125] 11.17 and [MS-RDPBCGR] 2.2.1.6."""

    @classmethod
    def decode_from(cls, src: Cursor) -> AttachUserRequest:
        _read_choice(src, _ATTACH_USER_REQUEST)
        return cls()

    def encode_into(self, dst: bytearray) -> None:
        dst.append(_ATTACH_USER_REQUEST << 2)


@pdu
class AttachUserConfirm(Pdu):
    """MCS Attach User Confirm (AttachUserConfirm), [T125] 11.18 and [MS-RDPBCGR] 2.2.1.7.

    `initiator`, the id of the user and of the user's own channel, is None where the result is a failure.
    """

    result: Result = Result.SUCCESSFUL
    initiator: int | None = None

    @classmethod
    def decode_from(cls, src: Cursor) -> AttachUserConfirm:
        bits = _read_choice(src, _ATTACH_USER_CONFIRM)
        return cls(
            result=_read_result(src, bits),
            initiator=per.read_u16(src, USER_ID_BASE) if bits & 2 else None,
        )

    def encode_into(self, dst: bytearray) -> None:
        _write_result(dst, _ATTACH_USER_CONFIRM, self.result, optional=self.initiator is not None)
        if self.initiator is not None:
            per.write_u16(dst, self.initiator, USER_ID_BASE)


@pdu
class ChannelJoinRequest(Pdu):
    """MCS Channel Join Request (ChannelJoinRequest), [T125] 11.21 and [MS-RDPBCGR] 2.2.1.8."""

    initiator: int
    channel_id: int

    @classmethod
    def decode_from(cls, src: Cursor) -> ChannelJoinRequest:
        _read_choice(src, _CHANNEL_JOIN_REQUEST)
        return cls(initiator=per.read_u16(src, USER_ID_BASE), channel_id=per.read_u16(src))

    def encode_into(self, dst: bytearray) -> None:
        dst.append(_CHANNEL_JOIN_REQUEST << 2)
        per.write_u16(dst, self.initiator, USER_ID_BASE)
        per.write_u16(dst, self.channel_id)


@pdu
class ChannelJoinConfirm(Pdu):
    """MCS Channel Join Confirm (ChannelJoinConfirm), [T125] 11.22 and [MS-RDPBCGR] 2.2.1.9.

    `channel_id` is None where the result is a failure; `requested` says which channel it is about.
    """

    result: Result = Result.SUCCESSFUL
    initiator: int
    requested: int
    channel_id: int | None = None

    @classmethod
    def decode_from(cls, src: Cursor) -> ChannelJoinConfirm:
        bits = _read_choice(src, _CHANNEL_JOIN_CONFIRM)
        return cls(
            result=_read_result(src, bits),
            initiator=per.read_u16(src, USER_ID_BASE),
            requested=per.read_u16(src),
            channel_id=per.read_u16(src) if bits & 2 else None,
        )

    def encode_into(self, dst: bytearray) -> None:
        _write_result(dst, _CHANNEL_JOIN_CONFIRM, self.result, optional=self.channel_id is not None)
        per.write_u16(dst, self.initiator, USER_ID_BASE)
        per.write_u16(dst, self.requested)
        if self.channel_id is not None:
            per.write_u16(dst, self.channel_id)


_LAST_REASON = 7  # three bits


@pdu
class DisconnectProviderUltimatum(Pdu):
    """MCS Disconnect Provider Ultimatum (DisconnectProviderUltimatum), [T125] 11.15 and [MS-RDPBCGR] 2.2.2.3."""

    reason: Reason = Reason.USER_REQUESTED

    @classmethod
    def decode_from(cls, src: Cursor) -> DisconnectProviderUltimatum:
        bits = _read_choice(src, _DISCONNECT_PROVIDER_ULTIMATUM)
        return cls(reason=Reason(bits << 1 | src.u8() >> 7))

    def encode_into(self, dst: bytearray) -> None:
        if not 0 <= self.reason <= _LAST_REASON:
            raise EncodeError(f"reason {self.reason} does not fit 3 bits")
        dst += bytes((_DISCONNECT_PROVIDER_ULTIMATUM << 2 | self.reason >> 1, self.reason << 7 & 0xFF))


_SEND_DATA = struct.Struct(">BHHBB")
_SEND_DATA_LONG = struct.Struct(">BHHBH")
_BEGIN_END = 3


@pdu
class _SendData(Pdu):
    """What Send Data Request and Indication share: everything but the choice."""

    initiator: int
    channel_id: int
    data_priority: int = DataPriority.HIGH
    segmentation: int = _BEGIN_END
    user_data: bytes

    _choice: ClassVar[int]

    @classmethod
    def head(
        cls, initiator: int, channel_id: int, size: int, bits: int = DataPriority.HIGH << 6 | _BEGIN_END << 4
    ) -> bytes:
        """What stands before `size` bytes of user data; raises `EncodeError` for too many, or too large a number."""
        try:
            if size < 0x80:
                return _SEND_DATA.pack(cls._choice << 2, initiator - USER_ID_BASE, channel_id, bits, size)
            if size <= MAX_USER_DATA:
                return _SEND_DATA_LONG.pack(cls._choice << 2, initiator - USER_ID_BASE, channel_id, bits, 0x8000 | size)
        except struct.error as exc:
            raise EncodeError(f"{cls.__name__}: {exc}") from None
        raise EncodeError(f"{size} bytes of user data exceed {MAX_USER_DATA}")

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        pos = src.pos
        if src.end - pos < 7:
            raise Truncated(f"needs 7 bytes, {src.end - pos} left", pdu=cls.__name__, offset=pos)
        first, initiator, channel_id, bits, size = _SEND_DATA.unpack_from(src.buf, pos)
        if first >> 2 != cls._choice:
            raise InvalidField(f"choice {first >> 2} of DomainMCSPDU instead of {cls._choice}", offset=pos)
        start = pos + 7
        if size >= 0x80:
            src.pos = pos + 6
            size = per.read_length(src)
            start = src.pos
        end = start + size
        if end > src.end:
            raise Truncated(
                f"needs {size} bytes, {src.end - start} left", pdu=cls.__name__, field="user_data", offset=start
            )
        src.pos = end
        self = object.__new__(cls)
        self.initiator = initiator + USER_ID_BASE
        self.channel_id = channel_id
        self.data_priority = bits >> 6
        self.segmentation = bits >> 4 & 3
        self.user_data = src.buf[start:end]
        return self

    def encode_into(self, dst: bytearray) -> None:
        bits = self.data_priority << 6 | self.segmentation << 4
        dst += self.head(self.initiator, self.channel_id, len(self.user_data), bits)
        dst += self.user_data


@pdu
class SendDataRequest(_SendData):
    """MCS Send Data Request (SendDataRequest), [T125] 11.32: what a client sends.

    `segmentation` is 2 for the beginning and 1 for the end of a message; every peer sends 3, both.
    """

    _choice = _SEND_DATA_REQUEST


@pdu
class SendDataIndication(_SendData):
    """MCS Send Data Indication (SendDataIndication), [T125] 11.33: what a server sends."""

    _choice = _SEND_DATA_INDICATION


DomainPdu = (
    ErectDomainRequest
    | DisconnectProviderUltimatum
    | AttachUserRequest
    | AttachUserConfirm
    | ChannelJoinRequest
    | ChannelJoinConfirm
    | SendDataRequest
    | SendDataIndication
)
"""Every choice of DomainMCSPDU that RDP uses."""

_CHOICES: dict[int, type[DomainPdu]] = {
    _ERECT_DOMAIN_REQUEST: ErectDomainRequest,
    _DISCONNECT_PROVIDER_ULTIMATUM: DisconnectProviderUltimatum,
    _ATTACH_USER_REQUEST: AttachUserRequest,
    _ATTACH_USER_CONFIRM: AttachUserConfirm,
    _CHANNEL_JOIN_REQUEST: ChannelJoinRequest,
    _CHANNEL_JOIN_CONFIRM: ChannelJoinConfirm,
    _SEND_DATA_REQUEST: SendDataRequest,
    _SEND_DATA_INDICATION: SendDataIndication,
}


def decode_domain_pdu(data: bytes) -> DomainPdu:
    """Decode whichever domain PDU this is; one that RDP does not use is an `InvalidField`."""
    if not data:
        raise Truncated("needs 1 bytes, 0 left", pdu="DomainMCSPDU", offset=0)
    if data[0] == ber.SEQUENCE:
        return _read_ber_ultimatum(Cursor(data))
    cls = _CHOICES.get(data[0] >> 2)
    if cls is None:
        raise InvalidField(f"choice {data[0] >> 2}", pdu="DomainMCSPDU", offset=0)
    return cls.decode(data)


def _read_ber_ultimatum(src: Cursor) -> DisconnectProviderUltimatum:
    """Read what rdesktop 1.9 says at its end: SEQUENCE { INTEGER, SEQUENCE {} }, in BER, where PER is expected."""
    reason = ber.read_unsigned(ber.read_element(src, ber.SEQUENCE))
    if reason > _LAST_REASON:
        raise InvalidField(f"reason {reason}", pdu="DisconnectProviderUltimatum", offset=0)
    return DisconnectProviderUltimatum(reason=Reason(reason))
