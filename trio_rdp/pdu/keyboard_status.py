"""What a server says about the client's keyboard, [MS-RDPBCGR] 2.2.8.2, each behind its share data header."""

from __future__ import annotations

from typing import Annotated

from trio_rdp.pdu.input import ToggleFlags
from trio_rdp.wire.fields import U16, u16, u32
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = ["ImeConversionMode", "ImeState", "SetKeyboardImeStatus", "SetKeyboardIndicators"]


class ImeState(OpenEnum):
    """Whether the input method editor is open (IME_STATE_*)."""

    CLOSED = 0
    OPEN = 1


class ImeConversionMode(Flags):
    """How the input method editor converts (IME_CMODE_*)."""

    NATIVE = Flag(0x00000001)
    KATAKANA = Flag(0x00000002)
    FULLSHAPE = Flag(0x00000008)
    ROMAN = Flag(0x00000010)
    CHARCODE = Flag(0x00000020)
    HANJACONVERT = Flag(0x00000040)
    SOFTKBD = Flag(0x00000080)
    NOCONVERSION = Flag(0x00000100)
    EUDC = Flag(0x00000200)
    SYMBOL = Flag(0x00000400)
    FIXED = Flag(0x00000800)


@pdu
class SetKeyboardIndicators(Pdu):
    """Set Keyboard Indicators PDU Data (TS_SET_KEYBOARD_INDICATORS_PDU), [MS-RDPBCGR] 2.2.8.2.1.1."""

    unit_id: U16 = 0
    led_flags: Annotated[ToggleFlags, u16]


@pdu
class SetKeyboardImeStatus(Pdu):
    """Set Keyboard IME Status PDU Data (TS_SET_KEYBOARD_IME_STATUS_PDU), [MS-RDPBCGR] 2.2.8.2.2.1."""

    unit_id: U16 = 0
    ime_state: Annotated[ImeState, u32]
    ime_conv_mode: Annotated[ImeConversionMode, u32]
