"""What two clients and xrdp said about their clipboards, played again to both of our machines without them."""

from __future__ import annotations

import pytest

from tests.captures.messages import load
from trio_rdp.channels.cliprdr import (
    ClipboardExchange,
    ClipboardReady,
    DataReceived,
    DataRequested,
    FormatsOffered,
    decode_unicode_text,
)


@pytest.mark.parametrize("name", ["rdesktop-xrdp", "xfreerdp-xrdp"])
def test_captured_conversations_through_both_machines(name: str) -> None:
    """Each side of a real conversation is followed by a machine that does not answer as the real one did."""
    for said, machine in (
        (load(f"cliprdr-{name}.s2c"), ClipboardExchange(is_server=False)),
        (load(f"cliprdr-{name}.c2s"), ClipboardExchange(is_server=True)),
    ):
        machine.start()
        events = []
        for message in said:
            events += machine.receive(message, 0)
            if machine.formats and not machine.is_data_wanted:
                machine.request_data(13)
        assert machine.is_ready
        kinds = {type(event) for event in events}
        assert {ClipboardReady, FormatsOffered, DataReceived, DataRequested} <= kinds
        texts = [decode_unicode_text(event.data) for event in events if isinstance(event, DataReceived) and event.data]
        assert texts in (["server-clip\n"], ["client-clip\r\n"])
