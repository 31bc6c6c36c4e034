"""What a client types, as text: keys of a US keyboard and Unicode, with backspace, enter, shift and caps lock."""

from __future__ import annotations

from collections.abc import Callable

from trio_rdp.protocol.input_events import InputEvent, KeyPressed, KeyReleased, LocksSynchronized, UnicodePressed
from trio_rdp.protocol.keys import Key, key_for_character

__all__ = ["TextBox", "wrap"]

_PLAIN = "`1234567890-=[]\\;',./"
_SHIFTED = dict(zip(_PLAIN, '~!@#$%^&*()_+{}|:"<>?', strict=True))
_KEYS = ((key_for_character(character), character) for character in f" abcdefghijklmnopqrstuvwxyz{_PLAIN}")
_CHARACTERS: dict[Key, str] = {key: character for key, character in _KEYS if key is not None}
_KEYPAD = {
    Key.KEYPAD_ADD: "+",
    Key.KEYPAD_SUBTRACT: "-",
    Key.KEYPAD_MULTIPLY: "*",
    Key.KEYPAD_DIVIDE: "/",
    Key.KEYPAD_DECIMAL: ".",
    **{Key[f"KEYPAD_{digit}"]: str(digit) for digit in range(10)},
}
_SHIFT = {Key.LEFT_SHIFT, Key.RIGHT_SHIFT}
_COMMAND = {Key.LEFT_CTRL, Key.RIGHT_CTRL, Key.LEFT_ALT, Key.WIN, Key.RIGHT_WIN}


class TextBox:
    """The text, and the keys that are down; `limit` is how many characters are kept."""

    def __init__(self, limit: int = 1000) -> None:
        self.text: str = ""
        self._limit = limit
        self._down: set[Key] = set()
        self._caps_lock = False

    def handle(self, event: InputEvent) -> None:
        """Let an event change the text; those that do not concern it are ignored."""
        match event:
            case KeyPressed(key=Key() as key):
                self._press(key)
            case KeyReleased(key=Key() as key):
                self._down.discard(key)
            case UnicodePressed(character=character):
                self._type("\n" if character == "\r" else character)
            case LocksSynchronized(caps_lock=caps_lock):
                self._down.clear()
                self._caps_lock = caps_lock
            case _:
                return

    def _press(self, key: Key) -> None:
        is_repeat = key in self._down
        self._down.add(key)
        if self._down & _COMMAND:
            return
        match key:
            case Key.CAPS_LOCK:
                self._caps_lock ^= not is_repeat
            case Key.ENTER | Key.KEYPAD_ENTER:
                self._type("\n")
            case Key.TAB:
                self._type("    ")
            case Key.BACKSPACE:
                self.text = self.text[:-1]
            case Key.ESCAPE:
                self.text = ""
            case _:
                self._type(self._character(key))

    def _character(self, key: Key) -> str:
        character = _CHARACTERS.get(key, "")
        is_shifted = bool(self._down & _SHIFT)
        if character.isalpha():
            return character.upper() if is_shifted != self._caps_lock else character
        return (_SHIFTED.get(character, character) if is_shifted else character) or _KEYPAD.get(key, "")

    def _type(self, character: str) -> None:
        if character.isprintable() or character == "\n":
            self.text = (self.text + character)[-self._limit :]


def wrap(text: str, width: float, advance: Callable[[str], float]) -> list[str]:
    """Cut text into lines of at most `width`, if possible at a space, which is gone then.

    `advance` tells a character's width.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line, used = "", 0.0
        for character in paragraph:
            step = advance(character)
            if line and used + step > width:
                head, _, tail = line.rpartition(" ")
                # A word that fills the line is cut where the line ends.
                if not head or character == " ":
                    head, tail = line, ""
                lines.append(head)
                line, used = tail, sum(map(advance, tail))
                if character == " ":
                    continue
            line += character
            used += step
        lines.append(line)
    return lines
