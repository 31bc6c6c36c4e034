from __future__ import annotations

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.rail.synchronization import (
    NO_CARET_BLINK,
    CaretBlinkInformation,
    PowerDisplayRequest,
    TaskbarMessage,
    TaskbarTabInfo,
    TextScaleInformation,
    WindowCloakStateChange,
    ZOrderSyncInformation,
)
from trio_rdp.wire.pdu import Pdu

# orderType, orderLength, and the fields; the first two are [MS-RDPERP] 4.7.1 and 4.8.1
MESSAGES: list[tuple[str, Pdu]] = [
    ("1400 0800 10054000", ZOrderSyncInformation(window_id_marker=0x400510)),
    ("1600 0800 01000000", PowerDisplayRequest(active=True)),
    ("1600 0800 00000000", PowerDisplayRequest(active=False)),
    ("1500 0900 52000200 01", WindowCloakStateChange(window_id=0x20052, cloaked=True)),
    ("1500 0900 52000200 00", WindowCloakStateChange(window_id=0x20052, cloaked=False)),
    (
        "1000 1000 01000000 52000200 54000200",  # TaskbarMessage, WindowIdTab, Body
        TaskbarTabInfo(taskbar_message=TaskbarMessage.TAB_REGISTER, window_id_tab=0x20052, body=0x20054),
    ),
    (
        "1000 1000 02000000 52000200 00000000",
        TaskbarTabInfo(taskbar_message=TaskbarMessage.TAB_UNREGISTER, window_id_tab=0x20052),
    ),
    ("1900 0800 e1000000", TextScaleInformation(text_scale_factor=225)),
    ("1a00 0800 12020000", CaretBlinkInformation(caret_blink_rate=530)),
    ("1a00 0800 ffffffff", CaretBlinkInformation(caret_blink_rate=NO_CARET_BLINK)),
]


@pytest.mark.parametrize(("raw", "message"), MESSAGES)
def test_messages(raw: str, message: Pdu) -> None:
    same(bytes.fromhex(raw), message)
    every_truncation_raises(type(message), bytes.fromhex(raw))
