from __future__ import annotations

import pytest

from trio_rdp.apps.text_box import TextBox, wrap
from trio_rdp.protocol.input_events import (
    InputEvent,
    KeyPressed,
    KeyReleased,
    LocksSynchronized,
    MouseMoved,
    UnicodePressed,
    UnicodeReleased,
)
from trio_rdp.protocol.keys import Key


def down(key: Key) -> KeyPressed:
    return KeyPressed(key, key.scancode, key.is_extended)


def up(key: Key) -> KeyReleased:
    return KeyReleased(key, key.scancode, key.is_extended)


def typed(*events: InputEvent) -> str:
    box = TextBox()
    for event in events:
        box.handle(event)
    return box.text


def test_keys_type_what_a_us_keyboard_has() -> None:
    assert (
        typed(*map(down, (Key.H, Key.I, Key.SPACE, Key.DIGIT_1, Key.MINUS, Key.KEYPAD_7, Key.KEYPAD_ADD))) == "hi 1-7+"
    )


def test_shift_holds_until_it_is_released() -> None:
    events: list[InputEvent] = [down(Key.LEFT_SHIFT), down(Key.A), down(Key.DIGIT_1), up(Key.LEFT_SHIFT), down(Key.A)]
    assert typed(*events) == "A!a"


def test_caps_lock_toggles_letters_only_and_a_repeat_does_not() -> None:
    lock: list[InputEvent] = [down(Key.CAPS_LOCK), down(Key.CAPS_LOCK), up(Key.CAPS_LOCK)]
    assert typed(*lock, down(Key.A), down(Key.DIGIT_1)) == "A1"
    assert typed(*lock, down(Key.RIGHT_SHIFT), down(Key.A)) == "a"


def test_synchronizing_sets_caps_lock_and_releases_every_key() -> None:
    assert typed(LocksSynchronized(caps_lock=True), down(Key.A)) == "A"
    assert typed(down(Key.LEFT_SHIFT), LocksSynchronized(), down(Key.A)) == "a"


def test_enter_backspace_tab_and_escape() -> None:
    assert typed(down(Key.A), down(Key.ENTER), down(Key.B), down(Key.TAB), down(Key.C)) == "a\nb    c"
    assert typed(down(Key.A), down(Key.B), down(Key.BACKSPACE)) == "a"
    assert typed(down(Key.BACKSPACE)) == ""
    assert typed(down(Key.A), down(Key.ESCAPE), down(Key.B)) == "b"


def test_commands_type_nothing() -> None:
    assert typed(down(Key.LEFT_CTRL), down(Key.C), up(Key.LEFT_CTRL), down(Key.D)) == "d"


@pytest.mark.parametrize("character", ["ä", "日", "😀", "Ω"])
def test_unicode_comes_as_it_is(character: str) -> None:
    assert typed(UnicodePressed(character), UnicodeReleased(character)) == character


def test_what_cannot_be_shown_is_left_out() -> None:
    assert typed(UnicodePressed("\x07"), UnicodePressed("\ud800"), UnicodePressed("\r"), UnicodePressed("")) == "\n"


def test_what_is_no_typing_changes_nothing() -> None:
    assert typed(MouseMoved(1, 2), KeyPressed(None, 0x7F), down(Key.F1)) == ""


def test_only_the_latest_text_is_kept() -> None:
    box = TextBox(limit=3)
    for character in "abcde":
        box.handle(UnicodePressed(character))
    assert box.text == "cde"


def one(character: str) -> float:
    return 1.0


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("abc", ["abc"]),
        ("ab cd", ["ab cd"]),
        ("ab cdef", ["ab", "cdef"]),
        ("abcdefgh", ["abcde", "fgh"]),
        ("abcde fg", ["abcde", "fg"]),
        ("a\n\nb", ["a", "", "b"]),
        ("a b c d e", ["a b c", "d e"]),
        ("a\n", ["a", ""]),
    ],
)
def test_wrapping_breaks_at_spaces_where_it_can(text: str, lines: list[str]) -> None:
    assert wrap(text, 5, one) == lines
