from __future__ import annotations

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.rdpgfx.reset import MAX_MONITORS, ResetGraphicsPdu
from trio_rdp.pdu.gcc_client import MonitorDefinition, MonitorFlags
from trio_rdp.wire.errors import EncodeError, InvalidField

MONITORS = [
    MonitorDefinition(left=0, top=0, right=1919, bottom=1079, flags=MonitorFlags.PRIMARY),
    MonitorDefinition(left=-800, top=0, right=-1, bottom=599),
]
RESET = bytes.fromhex(
    "0e000000 54010000"  # header: 340 bytes, whatever is in them
    "a00a0000 38040000"  # width, height
    "02000000"  # monitorCount
    "00000000 00000000 7f070000 37040000 01000000"  # monitorDefArray
    "e0fcffff 00000000 ffffffff 57020000 00000000"
) + bytes(340 - 60)


def test_reset_graphics() -> None:
    assert len(RESET) == 340
    same(RESET, ResetGraphicsPdu(width=2720, height=1080, monitor_def_array=MONITORS))
    every_truncation_raises(ResetGraphicsPdu, RESET)


def test_padding_is_not_looked_at() -> None:
    """GNOME 43 and FreeRDP 2.11 leave there what was in their memory."""
    assert ResetGraphicsPdu.decode(RESET[:60] + b"\xaa" * 280).encode() == RESET


def test_no_more_than_16_monitors() -> None:
    many = [MONITORS[0]] * MAX_MONITORS
    raw = ResetGraphicsPdu(width=1, height=1, monitor_def_array=many).encode()
    assert len(raw) == 340
    assert ResetGraphicsPdu.decode(raw).monitor_def_array == many
    with pytest.raises(EncodeError, match="17 monitors exceed 16"):
        ResetGraphicsPdu(width=1, height=1, monitor_def_array=[*many, *MONITORS[:1]]).encode()
    with pytest.raises(InvalidField, match="17 monitors exceed 16"):
        ResetGraphicsPdu.decode(raw[:16] + b"\x11" + raw[17:])
