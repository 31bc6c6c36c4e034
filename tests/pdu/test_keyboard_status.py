from __future__ import annotations

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.pdu.input import ToggleFlags
from trio_rdp.pdu.keyboard_status import ImeConversionMode, ImeState, SetKeyboardImeStatus, SetKeyboardIndicators


def test_indicators() -> None:
    raw = bytes.fromhex("0000 0600")  # UnitId, LedFlags
    same(raw, SetKeyboardIndicators(led_flags=ToggleFlags.NUM_LOCK | ToggleFlags.CAPS_LOCK))
    every_truncation_raises(SetKeyboardIndicators, raw)


def test_ime_status() -> None:
    raw = bytes.fromhex("0100 01000000 19000000")  # UnitId, ImeState, ImeConvMode
    mode = ImeConversionMode.NATIVE | ImeConversionMode.FULLSHAPE | ImeConversionMode.ROMAN
    same(raw, SetKeyboardImeStatus(unit_id=1, ime_state=ImeState.OPEN, ime_conv_mode=mode))
    every_truncation_raises(SetKeyboardImeStatus, raw)
