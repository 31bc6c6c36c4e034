"""What nobody knows is counted, under a bounded number of names."""

from __future__ import annotations

import logging

import pytest

from trio_rdp.protocol.ignored import Ignored


def test_counts_by_name_and_logs(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "trio_rdp.protocol.ignored")
    ignored = Ignored()
    ignored.note("share PDU 0x9")
    ignored.note("share PDU 0x9", 2)
    assert ignored == {"share PDU 0x9": 3}
    assert "share PDU 0x9" in caplog.text


def test_a_peer_cannot_make_names_without_end() -> None:
    ignored = Ignored()
    for number in range(1000):
        ignored.note(f"data on channel {number}")
    assert len(ignored) == 257
    assert ignored["others"] == 1000 - 256
    ignored.note("data on channel 5")
    assert ignored["data on channel 5"] == 2
