from __future__ import annotations

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.pdu.desktop_orders import ActivelyMonitoredDesktop, DesktopFlags, NonMonitoredDesktop
from trio_rdp.wire.errors import EncodeError, InvalidField

ORDERS: list[tuple[str, ActivelyMonitoredDesktop | NonMonitoredDesktop]] = [
    (
        # 4.1.1.5, with the ids of its explanation: ActiveWindowId, NumWindowIds, WindowIds
        "2e 1400 30000004 a0000100 02 66000200 a0000100",
        ActivelyMonitoredDesktop(active_window_id=0x100A0, window_ids=[0x20066, 0x100A0]),
    ),
    ("2e 0700 01000004", NonMonitoredDesktop()),  # 4.1.1.6,
    ("2e 0700 0a000004", ActivelyMonitoredDesktop(flags=DesktopFlags.HOOKED | DesktopFlags.ARC_BEGAN)),
    ("2e 0800 10000004 00", ActivelyMonitoredDesktop(window_ids=[])),
]


@pytest.mark.parametrize(("raw", "order"), ORDERS)
def test_orders(raw: str, order: ActivelyMonitoredDesktop | NonMonitoredDesktop) -> None:
    same(bytes.fromhex(raw), order)
    every_truncation_raises(type(order), bytes.fromhex(raw))


def test_kinds_are_told_apart() -> None:
    with pytest.raises(InvalidField, match="fields 0x4000001"):
        ActivelyMonitoredDesktop.decode(bytes.fromhex("2e 0700 01000004"))
    with pytest.raises(InvalidField, match="fields 0x4000002"):
        NonMonitoredDesktop.decode(bytes.fromhex("2e 0700 02000004"))


def test_more_windows_than_the_count_can_say() -> None:
    with pytest.raises(EncodeError):
        ActivelyMonitoredDesktop(window_ids=[1] * 256).encode()
