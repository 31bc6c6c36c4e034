"""What arrives on the channel, from either side."""

from __future__ import annotations

from typing import TypeAlias

from trio_rdp.channels.rdpei.base import HEADER_SIZE, UnknownRdpeiPdu
from trio_rdp.channels.rdpei.control import CsReady, DismissHoveringTouchContact, ResumeInput, ScReady, SuspendInput
from trio_rdp.channels.rdpei.pen import PenEvent
from trio_rdp.channels.rdpei.touch import TouchEvent
from trio_rdp.wire.errors import InvalidField

__all__ = [
    "RdpeiPdu",
    "decode_rdpei",
]

RdpeiPdu: TypeAlias = (
    ScReady
    | CsReady
    | TouchEvent
    | SuspendInput
    | ResumeInput
    | DismissHoveringTouchContact
    | PenEvent
    | UnknownRdpeiPdu
)

_PDUS: dict[int, type[RdpeiPdu]] = {
    cls.event_id: cls
    for cls in (ScReady, CsReady, TouchEvent, SuspendInput, ResumeInput, DismissHoveringTouchContact, PenEvent)
}


def decode_rdpei(data: bytes) -> RdpeiPdu:
    """Decode one message of the channel, from either side; one with an unknown event id is kept as it came.

    Raises `DecodeError`, also when the header's length is not that of `data`; such a message "SHOULD be ignored"
    (3.1.5.1).
    """
    unknown = UnknownRdpeiPdu.decode(data)
    length = HEADER_SIZE + len(unknown.data)
    if length != len(data):
        raise InvalidField(f"{len(data)} bytes of a message of {length}", pdu="UnknownRdpeiPdu", field="pdu_length")
    known = _PDUS.get(unknown.event_id)
    return unknown if known is None else known.decode(data)
