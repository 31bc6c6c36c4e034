from __future__ import annotations

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.pdu.heartbeat import Heartbeat


def test_heartbeat() -> None:
    raw = bytes.fromhex(
        "00"  # reserved
        "3c"  # period = 60 seconds
        "03"  # count1 = 3
        "05"  # count2 = 5
    )
    same(raw, Heartbeat(period=60, count1=3, count2=5))
    every_truncation_raises(Heartbeat, raw)
