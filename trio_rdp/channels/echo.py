"""The echo channel, [MS-RDPEECO] 2.2: a server sends bytes, and the client sends them back."""

from __future__ import annotations

from typing import Self

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "ECHO_CHANNEL_NAME",
    "MAX_ECHO_SIZE",
    "EchoRequest",
    "EchoResponse",
    "decode_echo_from_client",
    "decode_echo_from_server",
]

ECHO_CHANNEL_NAME = "ECHO"

MAX_ECHO_SIZE = 1 << 20
"""The most bytes of one echo.  The document has no limit; to measure with, a thousandth of this is enough."""


@pdu
class EchoRequest(Pdu):
    """ECHO_REQUEST_PDU, [MS-RDPEECO] 2.2.1: at least one byte (3.1.5.1)."""

    echo_request: bytes

    def response(self) -> EchoResponse:
        """What the client MUST answer."""
        return EchoResponse(echo_response=self.echo_request)

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        return cls(echo_request=_decode(src))

    def encode_into(self, dst: bytearray) -> None:
        _encode(dst, self.echo_request)


@pdu
class EchoResponse(Pdu):
    """ECHO_RESPONSE_PDU, [MS-RDPEECO] 2.2.2: the bytes of the request."""

    echo_response: bytes

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        return cls(echo_response=_decode(src))

    def encode_into(self, dst: bytearray) -> None:
        _encode(dst, self.echo_response)


def decode_echo_from_server(data: bytes) -> EchoRequest:
    """Decode what a server sent; raises `DecodeError` for nothing, and for more than `MAX_ECHO_SIZE` bytes."""
    return EchoRequest.decode(data)


def decode_echo_from_client(data: bytes) -> EchoResponse:
    """Decode what a client sent; raises `DecodeError` for nothing, and for more than `MAX_ECHO_SIZE` bytes."""
    return EchoResponse.decode(data)


def _decode(src: Cursor) -> bytes:
    if not src.remaining:
        raise Truncated("an echo of nothing", offset=src.pos)
    if src.remaining > MAX_ECHO_SIZE:
        raise InvalidField(f"an echo of {src.remaining} bytes, more than {MAX_ECHO_SIZE}", offset=src.pos)
    return src.rest()


def _encode(dst: bytearray, data: bytes) -> None:
    if not 0 < len(data) <= MAX_ECHO_SIZE:
        raise EncodeError(f"an echo of {len(data)} bytes, not of 1 to {MAX_ECHO_SIZE}")
    dst += data
