"""Telemetry, [MS-RDPET] 2.2: how long a client took until it showed something."""

from __future__ import annotations

import struct
from typing import Self, TypeAlias

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import InvalidField
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = ["CHANNEL_NAME", "AnyTelemetry", "Telemetry", "TelemetryId", "UnknownTelemetry", "decode_telemetry"]

CHANNEL_NAME = "Microsoft::Windows::RDS::Telemetry"
"""The dynamic channel's name."""

_HEADER = struct.Struct("<BB")
_TIMES = struct.Struct("<4I")


class TelemetryId(OpenEnum):
    """What a message is; the document has one."""

    METRICS = 0x01


@pdu
class Telemetry(Pdu):
    """RDP_TELEMETRY_PDU, [MS-RDPET] 2.2.1: milliseconds since the client began to connect.

    The first two are 0 where no dialog asked for credentials.
    """

    prompt_for_credentials_millis: int = 0
    prompt_for_credentials_done_millis: int = 0
    graphics_channel_opened_millis: int
    first_graphics_received_millis: int

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        kind, body = _decode_header(src)
        if kind != TelemetryId.METRICS:
            raise InvalidField(f"id {kind:#x}", field="id", offset=0)
        prompted, answered, opened, received = _TIMES.unpack(body.take(_TIMES.size))
        return cls(
            prompt_for_credentials_millis=prompted,
            prompt_for_credentials_done_millis=answered,
            graphics_channel_opened_millis=opened,
            first_graphics_received_millis=received,
        )

    def encode_into(self, dst: bytearray) -> None:
        dst += _HEADER.pack(TelemetryId.METRICS, _HEADER.size + _TIMES.size)
        dst += _TIMES.pack(
            self.prompt_for_credentials_millis,
            self.prompt_for_credentials_done_millis,
            self.graphics_channel_opened_millis,
            self.first_graphics_received_millis,
        )


@pdu
class UnknownTelemetry(Pdu):
    """A message of another kind, kept as it came."""

    id: TelemetryId
    data: bytes = b""

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        kind, body = _decode_header(src)
        return cls(id=TelemetryId(kind), data=body.rest())

    def encode_into(self, dst: bytearray) -> None:
        dst += _HEADER.pack(self.id, _HEADER.size + len(self.data))
        dst += self.data


AnyTelemetry: TypeAlias = Telemetry | UnknownTelemetry


def decode_telemetry(data: bytes) -> AnyTelemetry:
    """Decode what a client sent; raises `DecodeError`, but keeps a message of an unknown kind.

    Servers send nothing.
    """
    unknown = UnknownTelemetry.decode(data)
    return Telemetry.decode(data) if unknown.id == TelemetryId.METRICS else unknown


def _decode_header(src: Cursor) -> tuple[int, Cursor]:
    start = src.pos
    kind, length = _HEADER.unpack(src.take(_HEADER.size))
    if length < _HEADER.size:
        raise InvalidField(f"a length of {length} bytes", field="length", offset=start + 1)
    return kind, src.sub(length - _HEADER.size)
