from __future__ import annotations

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.pdu.notification_orders import DeletedNotificationIcon, NotificationIcon, NotifyIconInfoTip
from trio_rdp.pdu.window_icons import CachedIconInfo, IconInfo
from trio_rdp.wire.errors import EncodeError

ORDERS: list[tuple[str, NotificationIcon | DeletedNotificationIcon]] = [
    ("2e 0f00 00000022 f4010300 01000000", DeletedNotificationIcon(window_id=0x301F4, notify_icon_id=1)),
    (
        # Version, ToolTip, InfoTip (Timeout, InfoFlags, InfoTipText, Title), State, CachedIcon
        "2e 2e00 0f000092 8e000100 d29c0000 04000000 02004100 10270000 01000000 02004200 02004300 01000000 0500 01",
        NotificationIcon(
            window_id=0x1008E,
            notify_icon_id=0x9CD2,
            is_new=True,
            version=4,
            tool_tip="A",
            info_tip=NotifyIconInfoTip(timeout=10_000, info_flags=1, info_tip_text="B", title="C"),
            state=1,
            cached_icon=CachedIconInfo(cache_entry=5, cache_id=1),
        ),
    ),
    (
        "2e 1b00 00000042 8e000100 d29c0000 0500 01 20 0100 0100 0000 0000",
        NotificationIcon(
            window_id=0x1008E,
            notify_icon_id=0x9CD2,
            icon=IconInfo(cache_entry=5, cache_id=1, bpp=32, width=1, height=1),
        ),
    ),
]


@pytest.mark.parametrize(("raw", "order"), ORDERS)
def test_orders(raw: str, order: NotificationIcon | DeletedNotificationIcon) -> None:
    same(bytes.fromhex(raw), order)
    every_truncation_raises(type(order), bytes.fromhex(raw))


def test_the_captured_deletion_of_an_icon_says_more_than_it_may() -> None:
    """[MS-RDPERP] 4.1.1.4 has the bits of a tool tip and an icon too, of which nothing is there."""
    order = DeletedNotificationIcon.decode(bytes.fromhex("2e 0f00 01000062 f4010300 00000000"))
    assert order == DeletedNotificationIcon(window_id=0x301F4, notify_icon_id=0)


def test_what_does_not_fit() -> None:
    with pytest.raises(EncodeError, match="length 522 exceeds 520"):
        NotificationIcon(window_id=1, notify_icon_id=1, tool_tip="a" * 261).encode()
