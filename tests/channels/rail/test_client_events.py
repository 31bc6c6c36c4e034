from __future__ import annotations

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.rail.client_events import (
    Activate,
    Command,
    GetApplicationId,
    NotifyEvent,
    NotifyMessage,
    SystemCommand,
    SystemMenu,
)
from trio_rdp.wire.pdu import Pdu

# orderType, orderLength, WindowId, and the other fields: the captures of [MS-RDPERP] 4.5, then others
MESSAGES: list[tuple[str, Pdu]] = [
    ("0200 0900 4e010100 01", Activate(window_id=0x1014E, enabled=True)),
    ("0c00 0c00 22010900 a4ff 4a02", SystemMenu(window_id=0x90122, left=-92, top=586)),
    ("0400 0a00 52000200 20f0", SystemCommand(window_id=0x20052, command=Command.MINIMIZE)),
    (
        "0600 1000 aa010200 02000000 04020000",  # NotifyIconId, Message
        NotifyEvent(window_id=0x201AA, notify_icon_id=2, message=NotifyMessage.WM_RBUTTONDOWN),
    ),
    ("0e00 0800 52000200", GetApplicationId(window_id=0x20052)),
    ("0200 0900 00000000 00", Activate(window_id=0, enabled=False)),
    ("0400 0a00 52000200 60f1", SystemCommand(window_id=0x20052, command=Command.DEFAULT)),
]


@pytest.mark.parametrize(("raw", "message"), MESSAGES)
def test_messages(raw: str, message: Pdu) -> None:
    same(bytes.fromhex(raw), message)
    every_truncation_raises(type(message), bytes.fromhex(raw))


def test_values_without_a_name_are_kept() -> None:
    command = SystemCommand.decode(bytes.fromhex("0400 0a00 52000200 50f0"))
    assert (command.command, command.command.is_known) == (0xF050, False)
    event = NotifyEvent.decode(bytes.fromhex("0600 1000 aa010200 02000000 00020000"))
    assert (event.message, event.message.is_known) == (0x200, False)
