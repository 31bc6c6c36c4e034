from __future__ import annotations

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.rdpei.control import (
    CsReady,
    CsReadyFlags,
    DismissHoveringTouchContact,
    ProtocolVersion,
    ResumeInput,
    ScReady,
    SupportedFeatures,
    SuspendInput,
)
from trio_rdp.wire.errors import EncodeError, Truncated
from trio_rdp.wire.pdu import Pdu

# eventId, pduLength, and the fields
MESSAGES: list[tuple[str, Pdu]] = [
    ("0100 0a000000 00000100", ScReady(protocol_version=ProtocolVersion.V100)),
    ("0100 0a000000 00000200", ScReady(protocol_version=ProtocolVersion.V200)),
    (
        "0100 0e000000 00000300 01000000",  # protocolVersion, supportedFeatures
        ScReady(supported_features=SupportedFeatures.MULTIPEN_INJECTION_SUPPORTED),
    ),
    (
        "0200 10000000 03000000 01000100 0a00",  # flags, protocolVersion, maxTouchContacts
        CsReady(
            flags=CsReadyFlags.SHOW_TOUCH_VISUALS | CsReadyFlags.DISABLE_TIMESTAMP_INJECTION,
            protocol_version=ProtocolVersion.V101,
            max_touch_contacts=10,
        ),
    ),
    (
        "0200 10000000 04000000 00000300 0001",
        CsReady(flags=CsReadyFlags.ENABLE_MULTIPEN_INJECTION, max_touch_contacts=256),
    ),
    ("0400 06000000", SuspendInput()),
    ("0500 06000000", ResumeInput()),
    ("0600 07000000 ff", DismissHoveringTouchContact(contact_id=255)),
]


@pytest.mark.parametrize(("raw", "message"), MESSAGES)
def test_messages(raw: str, message: Pdu) -> None:
    same(bytes.fromhex(raw), message)
    every_truncation_raises(type(message), bytes.fromhex(raw))


def test_versions_and_bits_without_a_name_are_kept() -> None:
    ready = ScReady.decode(bytes.fromhex("0100 0e000000 00000400 02000080"))
    assert not ready.protocol_version.is_known
    assert ready.supported_features == 0x80000002
    assert ready.encode() == bytes.fromhex("0100 0e000000 00000400 02000080")


def test_half_of_the_features() -> None:
    with pytest.raises(Truncated):
        ScReady.decode(bytes.fromhex("0100 0c000000 00000300 0100"))


def test_what_does_not_fit() -> None:
    with pytest.raises(EncodeError, match="CsReady"):
        CsReady(max_touch_contacts=0x10000).encode()
