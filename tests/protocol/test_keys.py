from __future__ import annotations

import string

import pytest

from trio_rdp.protocol.keys import EXTENDED, Key, key_for_character


def test_every_key_is_found_by_its_scancode() -> None:
    for key in Key:
        if key is not Key.PAUSE:
            assert Key.from_scancode(key.scancode, extended=key.is_extended) is key
    assert len({key.value for key in Key}) == len(Key)


@pytest.mark.parametrize(
    ("key", "scancode", "is_extended"),
    [
        (Key.ESCAPE, 0x01, False),
        (Key.A, 0x1E, False),
        (Key.ENTER, 0x1C, False),
        (Key.KEYPAD_ENTER, 0x1C, True),
        (Key.LEFT_CTRL, 0x1D, False),
        (Key.RIGHT_CTRL, 0x1D, True),
        (Key.RIGHT_ALT, 0x38, True),
        (Key.KEYPAD_7, 0x47, False),
        (Key.HOME, 0x47, True),
        (Key.WIN, 0x5B, True),
        (Key.F24, 0x76, False),
    ],
)
def test_scancodes(key: Key, scancode: int, is_extended: bool) -> None:
    assert (key.scancode, key.is_extended) == (scancode, is_extended)
    assert key.value == scancode | (EXTENDED if is_extended else 0)


def test_pause_has_a_prefix_of_its_own() -> None:
    assert (Key.PAUSE.scancode, Key.PAUSE.is_extended) == (0x1D, False)
    assert Key.from_scancode(0x1D, extended=False) is Key.LEFT_CTRL


def test_scancodes_without_a_name() -> None:
    assert Key.from_scancode(0x7F, extended=False) is None
    assert Key.from_scancode(0x01, extended=True) is None


def test_characters_of_a_us_keyboard() -> None:
    for letter in string.ascii_letters:
        assert key_for_character(letter) is Key[letter.upper()]
    for digit in string.digits:
        assert key_for_character(digit) is Key[f"DIGIT_{digit}"]
    assert [key_for_character(one) for one in " \n\t\b\x1b-=[];'`\\,./"] == [
        Key.SPACE,
        Key.ENTER,
        Key.TAB,
        Key.BACKSPACE,
        Key.ESCAPE,
        Key.MINUS,
        Key.EQUAL,
        Key.LEFT_BRACKET,
        Key.RIGHT_BRACKET,
        Key.SEMICOLON,
        Key.APOSTROPHE,
        Key.GRAVE,
        Key.BACKSLASH,
        Key.COMMA,
        Key.PERIOD,
        Key.SLASH,
    ]


@pytest.mark.parametrize("character", ["!", "\u00e9", "\u212a", "\u0130", "", "\U0001f600"])
def test_characters_without_a_key(character: str) -> None:
    assert key_for_character(character) is None
