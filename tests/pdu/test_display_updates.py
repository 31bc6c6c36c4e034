from __future__ import annotations

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.pdu.display_updates import MAX_MONITORS, InclusiveRectangle, MonitorLayout, RefreshRect, SuppressOutput
from trio_rdp.pdu.gcc_client import MonitorDefinition, MonitorFlags
from trio_rdp.wire.errors import EncodeError, InvalidField

RECTANGLE = InclusiveRectangle(left=1, top=2, right=1023, bottom=767)


def test_refresh_rect() -> None:
    raw = bytes.fromhex(
        "02"  # numberOfAreas = 2
        "000000"  # pad3Octects
        "01000200ff03ff02"  # (1, 2) to (1023, 767)
        "0000000000000000"  # one pixel
    )
    pixel = InclusiveRectangle(left=0, top=0, right=0, bottom=0)
    same(raw, RefreshRect(areas_to_refresh=[RECTANGLE, pixel]))
    every_truncation_raises(RefreshRect, raw)
    with pytest.raises(EncodeError):
        RefreshRect(areas_to_refresh=[pixel] * 256).encode()


def test_suppress_output() -> None:
    same(bytes(4), SuppressOutput())
    assert not SuppressOutput().allow_display_updates
    every_truncation_raises(SuppressOutput, bytes(4))
    # FreeRDP 2 sends the rectangle even so.
    assert SuppressOutput.decode(bytes(4) + RECTANGLE.encode()) == SuppressOutput()


def test_allow_output() -> None:
    raw = bytes.fromhex(
        "01"  # allowDisplayUpdates = ALLOW_DISPLAY_UPDATES
        "000000"  # pad3Octets
        "01000200ff03ff02"  # desktopRect
    )
    same(raw, SuppressOutput(desktop_rect=RECTANGLE))
    assert SuppressOutput.decode(raw).allow_display_updates
    every_truncation_raises(SuppressOutput, raw)


def test_monitor_layout() -> None:
    raw = bytes.fromhex(
        "02000000"  # monitorCount = 2
        "00000000 00000000 7f070000 37040000 01000000"  # (0, 0) to (1919, 1079), TS_MONITOR_PRIMARY
        "80f8ffff 00000000 ffffffff 37040000 00000000"  # (-1920, 0) to (-1, 1079)
    )
    primary = MonitorDefinition(left=0, top=0, right=1919, bottom=1079, flags=MonitorFlags.PRIMARY)
    second = MonitorDefinition(left=-1920, top=0, right=-1, bottom=1079)
    same(raw, MonitorLayout(monitor_def_array=[primary, second]))
    every_truncation_raises(MonitorLayout, raw)
    with pytest.raises(InvalidField, match=f"exceed {MAX_MONITORS}"):
        MonitorLayout.decode((MAX_MONITORS + 1).to_bytes(4, "little") + bytes(20 * (MAX_MONITORS + 1)))
