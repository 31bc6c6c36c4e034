from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.channels.rdpei import (
    CHANNEL_NAME,
    CsReady,
    DismissHoveringTouchContact,
    EventId,
    PenEvent,
    RdpeiPdu,
    ResumeInput,
    ScReady,
    SuspendInput,
    TouchEvent,
    UnknownRdpeiPdu,
    decode_rdpei,
)
from trio_rdp.wire.errors import DecodeError, InvalidField, Truncated

MESSAGES: list[RdpeiPdu] = [
    ScReady(),
    CsReady(max_touch_contacts=10),
    TouchEvent(frames=[]),
    SuspendInput(),
    ResumeInput(),
    DismissHoveringTouchContact(contact_id=1),
    PenEvent(frames=[]),
]


@pytest.mark.parametrize("message", [*MESSAGES, UnknownRdpeiPdu(event_id=7, data=b"?")])
def test_each_message_is_told_by_its_id(message: RdpeiPdu) -> None:
    assert decode_rdpei(message.encode()) == message


def test_every_id_is_tested() -> None:
    assert {message.event_id for message in MESSAGES} == set(EventId)
    assert CHANNEL_NAME == "Microsoft::Windows::RDS::Input"


def test_the_length_must_be_that_of_the_message() -> None:
    with pytest.raises(InvalidField, match="7 bytes of a message of 6"):
        decode_rdpei(SuspendInput().encode() + b"\0")
    for message in MESSAGES:
        raw = message.encode()
        for size in range(len(raw)):
            with pytest.raises(Truncated):
                decode_rdpei(raw[:size])


@given(st.integers(0, 9), st.binary(max_size=40))
def test_any_bytes(event_id: int, body: bytes) -> None:
    raw = event_id.to_bytes(2, "little") + (6 + len(body)).to_bytes(4, "little") + body
    try:
        message = decode_rdpei(raw)
    except DecodeError:
        return
    assert decode_rdpei(message.encode()) == message
