"""X.224 class 0 TPDUs and the security negotiation inside them, [MS-RDPBCGR] 2.2.1.1 and 2.2.1.2.

What is decoded here is the TPDU, that is, what is inside the TPKT packet.
"""

from __future__ import annotations

import struct

from trio_rdp.pdu import tpkt
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated
from trio_rdp.wire.fields import U8, U16BE, Raw, u32
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "DATA_HEADER",
    "ConnectionConfirm",
    "ConnectionRequest",
    "CorrelationInfo",
    "Data",
    "DisconnectRequest",
    "NegotiationFailure",
    "NegotiationFailureCode",
    "NegotiationRequest",
    "NegotiationRequestFlags",
    "NegotiationResponse",
    "NegotiationResponseFlags",
    "SecurityProtocol",
    "TpduCode",
    "data_head",
    "tpdu_code",
    "unwrap_data",
    "wrap_data",
]

DATA_HEADER = b"\x02\xf0\x80"
"""Length indicator 2, code DT, end of TSDU: the header of every Data TPDU in RDP."""

MAX_LENGTH_INDICATOR = 254
"""[X224] 13.2.1: 255 is reserved."""

COOKIE_PREFIX = b"Cookie: mstshash="

_DATA_PACKET = struct.Struct(">BxH3s")
_MAX_USER_DATA = tpkt.MAX_PAYLOAD - len(DATA_HEADER)


class TpduCode(OpenEnum):
    """What a TPDU is: the high four bits of its second byte, [X224] 13.1."""

    CONNECTION_REQUEST = 0xE0
    CONNECTION_CONFIRM = 0xD0
    DISCONNECT_REQUEST = 0x80
    DATA = 0xF0
    ERROR = 0x70


class SecurityProtocol(Flags):
    """Security protocols, wherever they are requested, selected or quoted; 0 is Standard RDP Security."""

    RDP = Flag(0x00)
    SSL = Flag(0x01)
    HYBRID = Flag(0x02)
    RDSTLS = Flag(0x04)
    HYBRID_EX = Flag(0x08)
    RDSAAD = Flag(0x10)


class NegotiationRequestFlags(Flags):
    """The flags of RDP_NEG_REQ."""

    RESTRICTED_ADMIN_MODE_REQUIRED = Flag(0x01)
    REDIRECTED_AUTHENTICATION_MODE_REQUIRED = Flag(0x02)
    CORRELATION_INFO_PRESENT = Flag(0x08)


class NegotiationResponseFlags(Flags):
    """The flags of RDP_NEG_RSP."""

    EXTENDED_CLIENT_DATA_SUPPORTED = Flag(0x01)
    DYNVC_GFX_PROTOCOL_SUPPORTED = Flag(0x02)
    RESERVED = Flag(0x04)
    RESTRICTED_ADMIN_MODE_SUPPORTED = Flag(0x08)
    REDIRECTED_AUTHENTICATION_MODE_SUPPORTED = Flag(0x10)


class NegotiationFailureCode(OpenEnum):
    """Why a server refused to negotiate: failureCode of RDP_NEG_FAILURE."""

    SSL_REQUIRED_BY_SERVER = 1
    SSL_NOT_ALLOWED_BY_SERVER = 2
    SSL_CERT_NOT_ON_SERVER = 3
    INCONSISTENT_FLAGS = 4
    HYBRID_REQUIRED_BY_SERVER = 5
    SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER = 6

    @property
    def text(self) -> str:
        """The reason in plain words."""
        return _FAILURE_TEXTS.get(self) or f"the server refused with the unknown code {self._value_:#x}"


_FAILURE_TEXTS = {
    NegotiationFailureCode.SSL_REQUIRED_BY_SERVER: "the server requires TLS, or supports TLS but not CredSSP",
    NegotiationFailureCode.SSL_NOT_ALLOWED_BY_SERVER: "the server allows Standard RDP Security only, neither TLS nor "
    "CredSSP",
    NegotiationFailureCode.SSL_CERT_NOT_ON_SERVER: "the server has no valid certificate for TLS",
    NegotiationFailureCode.INCONSISTENT_FLAGS: "the requested protocols contradict the security that is already in use",
    NegotiationFailureCode.HYBRID_REQUIRED_BY_SERVER: "the server requires Network Level Authentication (CredSSP)",
    NegotiationFailureCode.SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER: "the server requires TLS with a client certificate",
}


class _NegotiationHeader:
    """The type, flags and length that begin each negotiation structure."""

    def __init__(self, kind: int, size: int) -> None:
        self.kind = kind
        self.size = size

    def decode_from(self, src: Cursor) -> int:
        start = src.pos
        kind, flags, size = src.u8(), src.u8(), src.u16()
        if kind != self.kind:
            raise InvalidField(f"type {kind:#x} instead of {self.kind:#x}", offset=start)
        if size != self.size:
            raise InvalidField(f"length {size} instead of {self.size}", offset=start + 2)
        return flags

    def encode_into(self, dst: bytearray, flags: int) -> None:
        dst += struct.pack("<BBH", self.kind, flags, self.size)


_REQUEST = _NegotiationHeader(0x01, 8)
_RESPONSE = _NegotiationHeader(0x02, 8)
_FAILURE = _NegotiationHeader(0x03, 8)
_CORRELATION = _NegotiationHeader(0x06, 36)


@pdu
class NegotiationRequest(Pdu):
    """RDP Negotiation Request (RDP_NEG_REQ), [MS-RDPBCGR] 2.2.1.1.1."""

    flags: NegotiationRequestFlags = NegotiationRequestFlags(0)
    requested_protocols: SecurityProtocol

    @classmethod
    def decode_from(cls, src: Cursor) -> NegotiationRequest:
        flags = _REQUEST.decode_from(src)
        return cls(flags=NegotiationRequestFlags(flags), requested_protocols=SecurityProtocol(src.u32()))

    def encode_into(self, dst: bytearray) -> None:
        _REQUEST.encode_into(dst, self.flags)
        u32.encode_into(dst, self.requested_protocols)


@pdu
class CorrelationInfo(Pdu):
    """RDP Correlation Info (RDP_NEG_CORRELATION_INFO), [MS-RDPBCGR] 2.2.1.1.2."""

    correlation_id: bytes

    @classmethod
    def decode_from(cls, src: Cursor) -> CorrelationInfo:
        _CORRELATION.decode_from(src)
        correlation_id = src.take(16)
        src.skip(16)
        return cls(correlation_id=correlation_id)

    def encode_into(self, dst: bytearray) -> None:
        _CORRELATION.encode_into(dst, 0)
        _correlation_id.encode_into(dst, self.correlation_id)
        dst += bytes(16)


_correlation_id = Raw(16)


@pdu
class NegotiationResponse(Pdu):
    """RDP Negotiation Response (RDP_NEG_RSP), [MS-RDPBCGR] 2.2.1.2.1."""

    flags: NegotiationResponseFlags = NegotiationResponseFlags(0)
    selected_protocol: SecurityProtocol

    @classmethod
    def decode_from(cls, src: Cursor) -> NegotiationResponse:
        flags = _RESPONSE.decode_from(src)
        return cls(flags=NegotiationResponseFlags(flags), selected_protocol=SecurityProtocol(src.u32()))

    def encode_into(self, dst: bytearray) -> None:
        _RESPONSE.encode_into(dst, self.flags)
        u32.encode_into(dst, self.selected_protocol)


@pdu
class NegotiationFailure(Pdu):
    """RDP Negotiation Failure (RDP_NEG_FAILURE), [MS-RDPBCGR] 2.2.1.2.2."""

    failure_code: NegotiationFailureCode

    @classmethod
    def decode_from(cls, src: Cursor) -> NegotiationFailure:
        _FAILURE.decode_from(src)
        return cls(failure_code=NegotiationFailureCode(src.u32()))

    def encode_into(self, dst: bytearray) -> None:
        _FAILURE.encode_into(dst, 0)
        u32.encode_into(dst, self.failure_code)


@pdu
class _Fixed(Pdu):
    """The fixed part of a Connection Request or Confirm behind its code, [X224] 13.3 and 13.4."""

    dst_ref: U16BE = 0
    src_ref: U16BE = 0
    class_option: U8 = 0


def tpdu_code(tpdu: bytes) -> TpduCode:
    """Tell what a TPDU is."""
    if len(tpdu) < 2:
        raise Truncated(f"needs 2 bytes, {len(tpdu)} left", pdu="TPDU", offset=len(tpdu))
    return TpduCode(tpdu[1] & 0xF0)


def _open_tpdu(src: Cursor, code: TpduCode) -> Cursor:
    """The TPDU behind its length indicator and code; what lies behind the TPDU is ignored."""
    body = src.sub(src.u8())
    found = body.u8()
    if found & 0xF0 != code:
        raise InvalidField(f"TPDU code {found:#x} instead of {code._value_:#x}", offset=body.pos - 1)
    return body


def _write_tpdu(dst: bytearray, code: TpduCode, body: bytes | bytearray) -> None:
    if len(body) >= MAX_LENGTH_INDICATOR:
        raise EncodeError(f"a TPDU header of {len(body) + 1} bytes exceeds {MAX_LENGTH_INDICATOR}")
    dst += bytes((1 + len(body), code))
    dst += body


@pdu
class ConnectionRequest(Pdu):
    """Client X.224 Connection Request PDU, [MS-RDPBCGR] 2.2.1.1, inside its TPKT packet.

    `cookie` is the IDENTIFIER of "Cookie: mstshash=IDENTIFIER", `routing_token` is whatever else stands in its place
    (usually `Cookie: msts=...`), and neither contains the CR and LF that end it.  The request's flag that announces
    `rdp_correlation_info` is written by itself.
    """

    src_ref: int = 0
    routing_token: bytes | None = None
    cookie: str | None = None
    rdp_neg_req: NegotiationRequest | None = None
    rdp_correlation_info: CorrelationInfo | None = None

    @classmethod
    def decode_from(cls, src: Cursor) -> ConnectionRequest:
        body = _open_tpdu(src, TpduCode.CONNECTION_REQUEST)
        self = cls(src_ref=_Fixed.decode_from(body).src_ref)
        if body.remaining and body.peek_u8() != _REQUEST.kind:
            self._decode_token(body)
        if body.remaining:
            self.rdp_neg_req = NegotiationRequest.decode_from(body)
            if NegotiationRequestFlags.CORRELATION_INFO_PRESENT in self.rdp_neg_req.flags:
                self.rdp_correlation_info = CorrelationInfo.decode_from(body)
        return self

    def _decode_token(self, body: Cursor) -> None:
        end = body.buf.find(b"\r\n", body.pos, body.end)
        if end < 0:
            raise InvalidField("a cookie or routing token without CR and LF", offset=body.pos)
        token = body.take(end - body.pos)
        body.skip(2)
        if token.startswith(COOKIE_PREFIX):
            self.cookie = token[len(COOKIE_PREFIX) :].decode("latin-1")
        else:
            self.routing_token = token

    def encode_into(self, dst: bytearray) -> None:
        body = bytearray(_Fixed(src_ref=self.src_ref).encode())
        token = self.routing_token
        if self.cookie is not None:
            if token is not None:
                raise EncodeError("a routing token and a cookie exclude each other")
            token = COOKIE_PREFIX + self.cookie.encode("latin-1", "replace")
        if token is not None:
            if b"\r\n" in token or not token or token[0] == _REQUEST.kind:
                raise EncodeError(f"{token!r} cannot be a cookie or routing token")
            body += token + b"\r\n"
        if self.rdp_neg_req is not None:
            correlated = self.rdp_correlation_info is not None
            flag = NegotiationRequestFlags.CORRELATION_INFO_PRESENT
            flags = self.rdp_neg_req.flags.without(flag) | (flag if correlated else 0)
            NegotiationRequest(flags=flags, requested_protocols=self.rdp_neg_req.requested_protocols).encode_into(body)
        if self.rdp_correlation_info is not None:
            if self.rdp_neg_req is None:
                raise EncodeError("correlation info needs a negotiation request")
            self.rdp_correlation_info.encode_into(body)
        _write_tpdu(dst, TpduCode.CONNECTION_REQUEST, body)


@pdu
class ConnectionConfirm(Pdu):
    """Server X.224 Connection Confirm PDU, [MS-RDPBCGR] 2.2.1.2, inside its TPKT packet.

    A server that knows nothing of the negotiation, or was not asked, leaves `rdp_neg_data` out.
    """

    src_ref: int = 0
    rdp_neg_data: NegotiationResponse | NegotiationFailure | None = None

    @classmethod
    def decode_from(cls, src: Cursor) -> ConnectionConfirm:
        body = _open_tpdu(src, TpduCode.CONNECTION_CONFIRM)
        self = cls(src_ref=_Fixed.decode_from(body).src_ref)
        if body.remaining:
            kind = NegotiationFailure if body.peek_u8() == _FAILURE.kind else NegotiationResponse
            self.rdp_neg_data = kind.decode_from(body)
        return self

    def encode_into(self, dst: bytearray) -> None:
        body = bytearray(_Fixed(src_ref=self.src_ref).encode())
        if self.rdp_neg_data is not None:
            self.rdp_neg_data.encode_into(body)
        _write_tpdu(dst, TpduCode.CONNECTION_CONFIRM, body)


@pdu
class DisconnectRequest(Pdu):
    """X.224 Disconnect Request TPDU (DR), [X224] 13.5, inside its TPKT packet."""

    dst_ref: int = 0
    src_ref: int = 0
    reason: int = 0

    @classmethod
    def decode_from(cls, src: Cursor) -> DisconnectRequest:
        body = _open_tpdu(src, TpduCode.DISCONNECT_REQUEST)
        fixed = _Fixed.decode_from(body)
        return cls(dst_ref=fixed.dst_ref, src_ref=fixed.src_ref, reason=fixed.class_option)

    def encode_into(self, dst: bytearray) -> None:
        fixed = _Fixed(dst_ref=self.dst_ref, src_ref=self.src_ref, class_option=self.reason)
        _write_tpdu(dst, TpduCode.DISCONNECT_REQUEST, fixed.encode())


@pdu
class Data(Pdu):
    """X.224 Data TPDU (DT), [X224] 13.7, inside its TPKT packet."""

    user_data: bytes

    @classmethod
    def decode_from(cls, src: Cursor) -> Data:
        # Behind the length indicator stand the code and the end-of-TSDU mark; class 0 has no more.
        header = _open_tpdu(src, TpduCode.DATA)
        header.u8()
        return cls(user_data=src.rest())

    def encode_into(self, dst: bytearray) -> None:
        dst += DATA_HEADER
        dst += self.user_data


def wrap_data(user_data: bytes) -> bytes:
    """Put an X.224 Data header and a TPKT header before an MCS PDU: what is written to the stream."""
    return data_head(len(user_data)) + user_data


def data_head(size: int) -> bytes:
    """The TPKT header and the X.224 Data header before `size` bytes; raises `EncodeError` for too many."""
    if size > _MAX_USER_DATA:
        raise EncodeError(f"{size} bytes do not fit a TPKT packet")
    return _DATA_PACKET.pack(tpkt.VERSION, 7 + size, DATA_HEADER)


def unwrap_data(tpdu: bytes) -> bytes:
    """Take the MCS PDU out of a Data TPDU, that is, of what is inside a TPKT packet."""
    if tpdu.startswith(DATA_HEADER):
        return tpdu[3:]
    return Data.decode(tpdu).user_data
