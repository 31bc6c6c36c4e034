"""`Key`: the keys of a PC keyboard by name, with the scancodes (set 1) that RDP carries.

A scancode names a place on the keyboard, not a character: what `Key.Q` types is the server's layout's business.  The
names are those of the US layout.
"""

from __future__ import annotations

import enum

__all__ = ["EXTENDED", "Key", "key_for_character"]

EXTENDED = 0x100
"""Added to a scancode that comes behind the prefix E0."""


class Key(enum.Enum):
    """A key; its value is its scancode, plus `EXTENDED` where the keyboard sends E0 before it."""

    ESCAPE = 0x01
    DIGIT_1 = 0x02
    DIGIT_2 = 0x03
    DIGIT_3 = 0x04
    DIGIT_4 = 0x05
    DIGIT_5 = 0x06
    DIGIT_6 = 0x07
    DIGIT_7 = 0x08
    DIGIT_8 = 0x09
    DIGIT_9 = 0x0A
    DIGIT_0 = 0x0B
    MINUS = 0x0C
    EQUAL = 0x0D
    BACKSPACE = 0x0E
    TAB = 0x0F
    Q = 0x10
    W = 0x11
    E = 0x12
    R = 0x13
    T = 0x14
    Y = 0x15
    U = 0x16
    I = 0x17  # noqa: E741
    O = 0x18  # noqa: E741
    P = 0x19
    LEFT_BRACKET = 0x1A
    RIGHT_BRACKET = 0x1B
    ENTER = 0x1C
    LEFT_CTRL = 0x1D
    A = 0x1E
    S = 0x1F
    D = 0x20
    F = 0x21
    G = 0x22
    H = 0x23
    J = 0x24
    K = 0x25
    L = 0x26
    SEMICOLON = 0x27
    APOSTROPHE = 0x28
    GRAVE = 0x29
    LEFT_SHIFT = 0x2A
    BACKSLASH = 0x2B
    Z = 0x2C
    X = 0x2D
    C = 0x2E
    V = 0x2F
    B = 0x30
    N = 0x31
    M = 0x32
    COMMA = 0x33
    PERIOD = 0x34
    SLASH = 0x35
    RIGHT_SHIFT = 0x36
    KEYPAD_MULTIPLY = 0x37
    LEFT_ALT = 0x38
    SPACE = 0x39
    CAPS_LOCK = 0x3A
    F1 = 0x3B
    F2 = 0x3C
    F3 = 0x3D
    F4 = 0x3E
    F5 = 0x3F
    F6 = 0x40
    F7 = 0x41
    F8 = 0x42
    F9 = 0x43
    F10 = 0x44
    NUM_LOCK = 0x45
    SCROLL_LOCK = 0x46
    KEYPAD_7 = 0x47
    KEYPAD_8 = 0x48
    KEYPAD_9 = 0x49
    KEYPAD_SUBTRACT = 0x4A
    KEYPAD_4 = 0x4B
    KEYPAD_5 = 0x4C
    KEYPAD_6 = 0x4D
    KEYPAD_ADD = 0x4E
    KEYPAD_1 = 0x4F
    KEYPAD_2 = 0x50
    KEYPAD_3 = 0x51
    KEYPAD_0 = 0x52
    KEYPAD_DECIMAL = 0x53
    NON_US_BACKSLASH = 0x56
    F11 = 0x57
    F12 = 0x58
    F13 = 0x64
    F14 = 0x65
    F15 = 0x66
    F16 = 0x67
    F17 = 0x68
    F18 = 0x69
    F19 = 0x6A
    F20 = 0x6B
    F21 = 0x6C
    F22 = 0x6D
    F23 = 0x6E
    F24 = 0x76
    KANA = 0x70
    RO = 0x73
    CONVERT = 0x79
    NON_CONVERT = 0x7B
    YEN = 0x7D
    MEDIA_PREVIOUS = EXTENDED | 0x10
    MEDIA_NEXT = EXTENDED | 0x19
    KEYPAD_ENTER = EXTENDED | 0x1C
    RIGHT_CTRL = EXTENDED | 0x1D
    VOLUME_MUTE = EXTENDED | 0x20
    MEDIA_PLAY_PAUSE = EXTENDED | 0x22
    MEDIA_STOP = EXTENDED | 0x24
    VOLUME_DOWN = EXTENDED | 0x2E
    VOLUME_UP = EXTENDED | 0x30
    BROWSER_HOME = EXTENDED | 0x32
    KEYPAD_DIVIDE = EXTENDED | 0x35
    PRINT_SCREEN = EXTENDED | 0x37
    RIGHT_ALT = EXTENDED | 0x38
    PAUSE = 0x200 | 0x1D
    """Sent as E1 1D 45 E1 9D C5: [MS-RDPBCGR] 2.2.8.1.1.3.1.1.1 has a flag of its own for E1."""
    HOME = EXTENDED | 0x47
    UP = EXTENDED | 0x48
    PAGE_UP = EXTENDED | 0x49
    LEFT = EXTENDED | 0x4B
    RIGHT = EXTENDED | 0x4D
    END = EXTENDED | 0x4F
    DOWN = EXTENDED | 0x50
    PAGE_DOWN = EXTENDED | 0x51
    INSERT = EXTENDED | 0x52
    DELETE = EXTENDED | 0x53
    WIN = EXTENDED | 0x5B
    RIGHT_WIN = EXTENDED | 0x5C
    MENU = EXTENDED | 0x5D
    SLEEP = EXTENDED | 0x5F

    @property
    def scancode(self) -> int:
        """The scancode without its prefix."""
        return self.value & 0xFF

    @property
    def is_extended(self) -> bool:
        """Whether the keyboard sends E0 before the scancode."""
        return bool(self.value & EXTENDED)

    @classmethod
    def from_scancode(cls, scancode: int, *, extended: bool) -> Key | None:
        """The key with this scancode, or None where this table names none."""
        return _BY_SCANCODE.get(scancode | (EXTENDED if extended else 0))


_BY_SCANCODE: dict[int, Key] = {key.value: key for key in Key}

_CHARACTERS: dict[str, Key] = {
    **{letter: Key[letter.upper()] for letter in "abcdefghijklmnopqrstuvwxyz"},
    **{digit: Key[f"DIGIT_{digit}"] for digit in "0123456789"},
    " ": Key.SPACE,
    "\n": Key.ENTER,
    "\t": Key.TAB,
    "\b": Key.BACKSPACE,
    "\x1b": Key.ESCAPE,
    "-": Key.MINUS,
    "=": Key.EQUAL,
    "[": Key.LEFT_BRACKET,
    "]": Key.RIGHT_BRACKET,
    ";": Key.SEMICOLON,
    "'": Key.APOSTROPHE,
    "`": Key.GRAVE,
    "\\": Key.BACKSLASH,
    ",": Key.COMMA,
    ".": Key.PERIOD,
    "/": Key.SLASH,
}


def key_for_character(character: str) -> Key | None:
    """The key that a US keyboard has this unshifted character on, for chords such as `press(Key.WIN, "r")`."""
    # Only ASCII: the Kelvin sign, for one, has "k" as its lower case.
    return _CHARACTERS.get(character.lower()) if character.isascii() else None
