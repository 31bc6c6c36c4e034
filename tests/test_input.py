from __future__ import annotations

import string
from typing import Any

import pytest
import trio
import trio.testing

from trio_rdp.input import Keyboard, Mouse
from trio_rdp.pdu.capabilities_basic import InputFlags
from trio_rdp.pdu.input import (
    ExtendedMouseEvent,
    InputEvent,
    KeyboardEvent,
    KeyboardFlags,
    MouseEvent,
    PointerFlags,
    RelativeMouseEvent,
    SynchronizeEvent,
    ToggleFlags,
    UnicodeKeyboardEvent,
)
from trio_rdp.protocol.input_events import InputEvent as ReadEvent
from trio_rdp.protocol.input_events import (
    KeyPressed,
    KeyReleased,
    MouseButton,
    MouseMoved,
    MousePressed,
    MouseReleased,
    UnicodePressed,
    WheelTurned,
)
from trio_rdp.protocol.input_reader import InputReader
from trio_rdp.protocol.keys import Key
from trio_rdp.wire.errors import LocalProtocolError, SessionClosed

EVERYTHING = InputFlags(
    InputFlags.SCANCODES
    | InputFlags.MOUSEX
    | InputFlags.UNICODE
    | InputFlags.MOUSE_RELATIVE
    | InputFlags.MOUSE_HWHEEL
    | InputFlags.FASTPATH_INPUT2
)
NOTHING = InputFlags(InputFlags.SCANCODES)
E0, E1, UP = KeyboardFlags.EXTENDED, KeyboardFlags.EXTENDED1, KeyboardFlags.RELEASE


class Link:
    """A session's input lane: whole batches, in their order."""

    def __init__(self, input_flags: InputFlags = EVERYTHING) -> None:
        self.input_flags = input_flags
        self.batches: list[list[InputEvent]] = []
        self.is_full = False
        self.is_closed = False

    @property
    def events(self) -> list[InputEvent]:
        return [event for batch in self.batches for event in batch]

    @property
    def read(self) -> list[ReadEvent]:
        """What a server's handler sees."""
        return InputReader().read(self.events)

    async def send_input(self, events: list[InputEvent]) -> None:
        await trio.lowlevel.checkpoint_if_cancelled()
        self.send_input_nowait(events)
        await trio.lowlevel.cancel_shielded_checkpoint()

    def ends_with(self, error: Exception) -> Exception:
        """The session is over, and this is what its user raises."""
        self.is_closed = True
        return error

    def send_input_nowait(self, events: list[InputEvent]) -> None:
        if self.is_closed:
            raise SessionClosed("over")
        if self.is_full:
            raise trio.WouldBlock
        self.batches.append(events)


def key(code: int, flags: int = 0) -> KeyboardEvent:
    return KeyboardEvent(keyboard_flags=KeyboardFlags(flags), key_code=code)


def unit(code: int, flags: int = 0) -> UnicodeKeyboardEvent:
    return UnicodeKeyboardEvent(keyboard_flags=KeyboardFlags(flags), unicode_code=code)


def mouse(flags: int, x: int = 0, y: int = 0) -> MouseEvent:
    return MouseEvent(pointer_flags=PointerFlags(flags), x_pos=x, y_pos=y)


class TestKeys:
    async def test_down_and_up(self) -> None:
        keyboard = Keyboard(link := Link())
        await keyboard.down(Key.LEFT_SHIFT)
        await keyboard.down("a")
        assert keyboard.held == (Key.LEFT_SHIFT, Key.A)
        await keyboard.up("a")
        await keyboard.up(Key.LEFT_SHIFT)
        assert not keyboard.held
        assert link.events == [key(0x2A), key(0x1E), key(0x1E, UP), key(0x2A, UP)]

    async def test_a_chord_is_queued_at_once(self) -> None:
        keyboard = Keyboard(link := Link())
        await keyboard.press(Key.LEFT_CTRL, Key.RIGHT_ALT, "\x1b")
        assert link.batches == [[key(0x1D), key(0x38, E0), key(0x01), key(0x01, UP), key(0x38, E0 | UP), key(0x1D, UP)]]
        assert not keyboard.held

    async def test_pause(self) -> None:
        keyboard = Keyboard(link := Link())
        await keyboard.press(Key.PAUSE)
        assert link.events == [key(0x1D, E1), key(0x45), key(0x1D, E1 | UP), key(0x45, UP)]
        assert link.read == [KeyPressed(Key.PAUSE, 0x1D), KeyReleased(Key.PAUSE, 0x1D)]

    @pytest.mark.parametrize("key_of", [one for one in Key if one is not Key.PAUSE])
    async def test_every_key_arrives(self, key_of: Key) -> None:
        keyboard = Keyboard(link := Link())
        await keyboard.press(key_of)
        extended = key_of.is_extended
        assert link.read == [
            KeyPressed(key_of, key_of.scancode, extended),
            KeyReleased(key_of, key_of.scancode, extended),
        ]

    @pytest.mark.parametrize("wrong", ["ab", "", "\u00e9", "!"])
    async def test_what_is_no_key(self, wrong: str) -> None:
        keyboard = Keyboard(link := Link())
        for call in (keyboard.down, keyboard.up, keyboard.press):
            with pytest.raises(LocalProtocolError, match="is not a key"):
                await call(wrong)
        with pytest.raises(LocalProtocolError, match="is not a key"):
            async with keyboard.hold("a", wrong):
                pass
        assert link.events == []

    async def test_locks(self) -> None:
        keyboard = Keyboard(link := Link())
        await keyboard.down("a")
        await keyboard.synchronize(scroll_lock=True, num_lock=True, caps_lock=True, kana_lock=True)
        await keyboard.synchronize(num_lock=True)
        assert not keyboard.held
        assert link.events[1:] == [
            SynchronizeEvent(toggle_flags=ToggleFlags(0xF)),
            SynchronizeEvent(toggle_flags=ToggleFlags(ToggleFlags.NUM_LOCK)),
        ]

    async def test_releasing_all(self) -> None:
        keyboard = Keyboard(link := Link())
        for name in (Key.LEFT_CTRL, Key.LEFT_ALT):
            await keyboard.down(name)
        with trio.testing.assert_checkpoints():
            await keyboard.release_all()
        assert link.batches[2:] == [[key(0x38, UP), key(0x1D, UP)]]
        await keyboard.down("x")
        keyboard.release_all_nowait()
        keyboard.release_all_nowait()
        assert link.batches[3:] == [[key(0x2D)], [key(0x2D, UP)]]
        assert not keyboard.held

    async def test_without_room_keys_stay_held(self) -> None:
        keyboard = Keyboard(link := Link())
        await keyboard.down("x")
        link.is_full = True
        keyboard.release_all_nowait()
        assert keyboard.held == (Key.X,)
        link.is_full = False
        keyboard.release_all_nowait()
        assert not keyboard.held
        assert link.events[-1] == key(0x2D, UP)

    async def test_after_the_end(self) -> None:
        keyboard = Keyboard(link := Link())
        await keyboard.down("x")
        link.is_closed = True
        for call in (keyboard.down, keyboard.up, keyboard.press, keyboard.type):
            with pytest.raises(SessionClosed):
                await call("a")
        with pytest.raises(SessionClosed):
            await keyboard.release_all()


class TestHolding:
    async def test_for_a_block(self) -> None:
        keyboard = Keyboard(link := Link())
        async with keyboard.hold(Key.LEFT_CTRL, Key.LEFT_SHIFT):
            assert keyboard.held == (Key.LEFT_CTRL, Key.LEFT_SHIFT)
            await keyboard.press("a")
        assert not keyboard.held
        assert link.events == [key(0x1D), key(0x2A), key(0x1E), key(0x1E, UP), key(0x2A, UP), key(0x1D, UP)]

    async def test_a_cancelled_block_lets_go(self, autojump_clock: trio.testing.MockClock) -> None:
        keyboard = Keyboard(link := Link())
        with trio.move_on_after(1):
            async with keyboard.hold(Key.LEFT_CTRL):
                await trio.sleep_forever()
        assert link.events == [key(0x1D), key(0x1D, UP)]

    async def test_a_block_cancelled_at_its_start_lets_go(self) -> None:
        keyboard = Keyboard(link := Link())
        with trio.CancelScope() as scope:
            await keyboard.down("b")
            scope.cancel()
            async with keyboard.hold("a", "c"):
                pytest.fail("never reached")
        assert link.events == [key(0x30)]
        assert keyboard.held == (Key.B,)

    async def test_a_failed_block_lets_go_and_fails_with_its_own(self) -> None:
        keyboard = Keyboard(link := Link())
        with pytest.raises(KeyError):
            async with keyboard.hold("a"):
                raise KeyError
        assert link.events == [key(0x1E), key(0x1E, UP)]

    async def test_nor_does_the_end_of_the_session_hide_it(self) -> None:
        keyboard = Keyboard(link := Link())
        with pytest.raises(KeyError):
            async with keyboard.hold("a"):
                raise link.ends_with(KeyError())

    async def test_what_was_released_inside_stays_released(self) -> None:
        keyboard = Keyboard(link := Link())
        async with keyboard.hold("a", "b"):
            await keyboard.up("a")
        assert link.events == [key(0x1E), key(0x30), key(0x1E, UP), key(0x30, UP)]


class TestTyping:
    async def test_unicode(self) -> None:
        keyboard = Keyboard(link := Link())
        await keyboard.type("\u00e9\n")
        assert link.batches == [[unit(0xE9), unit(0xE9, UP), key(0x1C), key(0x1C, UP)]]

    async def test_surrogate_pairs(self) -> None:
        keyboard = Keyboard(link := Link())
        await keyboard.type("\U0001f600")
        assert link.events == [unit(0xD83D), unit(0xDE00), unit(0xD83D, UP), unit(0xDE00, UP)]
        assert [one for one in link.read if isinstance(one, UnicodePressed)] == [UnicodePressed("\U0001f600")]

    async def test_half_a_pair_is_typed_as_it_is(self) -> None:
        keyboard = Keyboard(link := Link())
        await keyboard.type("\ud83d")
        assert link.events == [unit(0xD83D), unit(0xD83D, UP)]

    async def test_control_characters_are_keys(self) -> None:
        keyboard = Keyboard(link := Link())
        await keyboard.type("\r\n\r\n\t\b\x1b")
        pressed = [one.key for one in link.read if isinstance(one, KeyPressed)]
        assert pressed == [Key.ENTER, Key.ENTER, Key.TAB, Key.BACKSPACE, Key.ESCAPE]

    async def test_long_texts_go_in_pieces(self) -> None:
        keyboard = Keyboard(link := Link())
        text = "".join(chr(0x100 + at) for at in range(1000))
        await keyboard.type(text)
        assert max(map(len, link.batches)) <= 64
        assert "".join(one.character for one in link.read if isinstance(one, UnicodePressed)) == text

    async def test_cancelled_between_pieces(self) -> None:
        keyboard = Keyboard(link := Link())
        with trio.CancelScope() as scope:
            scope.cancel()
            await keyboard.type("x" * 1000)
        assert link.events == []

    async def test_nothing(self) -> None:
        keyboard = Keyboard(link := Link())
        await keyboard.type("")
        assert link.batches == []

    async def test_keys_where_there_is_no_unicode(self) -> None:
        keyboard = Keyboard(link := Link(NOTHING))
        await keyboard.type("aB!\n")
        assert link.events == [
            *(key(0x1E), key(0x1E, UP)),
            *(key(0x2A), key(0x30), key(0x30, UP), key(0x2A, UP)),
            *(key(0x2A), key(0x02), key(0x02, UP), key(0x2A, UP)),
            *(key(0x1C), key(0x1C, UP)),
        ]

    async def test_keys_where_unicode_is_not_wanted(self) -> None:
        keyboard = Keyboard(link := Link())
        await keyboard.type("a\n", unicode=False)
        assert link.events == [key(0x1E), key(0x1E, UP), key(0x1C), key(0x1C, UP)]
        with pytest.raises(LocalProtocolError, match="no US key types"):
            await keyboard.type("\u00e9", unicode=False)

    async def test_a_us_keyboard_has_all_of_ascii(self) -> None:
        keyboard = Keyboard(link := Link(NOTHING))
        await keyboard.type(string.printable.replace("\x0b", "").replace("\x0c", ""))
        presses = [one for one in link.read if isinstance(one, KeyPressed) and one.key is not Key.LEFT_SHIFT]
        assert len(presses) == len(string.printable) - 2

    @pytest.mark.parametrize("character", ["\u00e9", "\u212a", "\U0001f600", "\x07"])
    async def test_and_nothing_else(self, character: str) -> None:
        keyboard = Keyboard(link := Link(NOTHING))
        with pytest.raises(LocalProtocolError, match="no US key types"):
            await keyboard.type("abc" + character)
        assert link.events == []


class TestMouse:
    async def test_moving(self) -> None:
        pointer = Mouse(link := Link())
        assert pointer.position == (0, 0)
        await pointer.move(10, 20)
        assert pointer.position == (10, 20)
        assert link.events == [mouse(PointerFlags.MOVE, 10, 20)]

    @pytest.mark.parametrize(("x", "y"), [(-1, 0), (0, -1), (65_536, 0), (0, 65_536)])
    async def test_outside_of_every_desktop(self, x: int, y: int) -> None:
        pointer = Mouse(link := Link())
        with pytest.raises(LocalProtocolError, match="outside every desktop"):
            await pointer.move(x, y)
        with pytest.raises(LocalProtocolError, match="outside every desktop"):
            await pointer.click(x, y, button=MouseButton.X1)
        with pytest.raises(LocalProtocolError, match="outside every desktop"):
            await pointer.drag((0, 0), (x, y))
        assert (link.events, pointer.position) == ([], (0, 0))

    @pytest.mark.parametrize("button", list(MouseButton))
    async def test_clicks_arrive(self, button: MouseButton) -> None:
        pointer = Mouse(link := Link())
        await pointer.click(5, 6, button=button, count=2)
        assert len(link.batches) == 1
        assert link.read == [
            MouseMoved(5, 6),
            *[MousePressed(button, 5, 6), MouseReleased(button, 5, 6)] * 2,
        ]
        await pointer.click(button=button)
        assert pointer.position == (5, 6)

    async def test_buttons_on_the_wire(self) -> None:
        pointer = Mouse(link := Link())
        await pointer.move(1, 2)
        await pointer.down()
        await pointer.up()
        await pointer.down(MouseButton.X2)
        assert link.events[1:3] == [
            mouse(PointerFlags.BUTTON1 | PointerFlags.DOWN, 1, 2),
            mouse(PointerFlags.BUTTON1, 1, 2),
        ]
        extended = link.events[3]
        assert isinstance(extended, ExtendedMouseEvent)
        assert (extended.pointer_flags, extended.x_pos, extended.y_pos) == (0x8002, 1, 2)

    async def test_held_buttons_are_released(self) -> None:
        pointer = Mouse(link := Link())
        await pointer.down(MouseButton.RIGHT)
        await pointer.down(MouseButton.X1)
        link.is_full = True
        pointer.release_all_nowait()
        link.is_full = False
        pointer.release_all_nowait()
        pointer.release_all_nowait()
        assert link.read[2:] == [MouseReleased(MouseButton.RIGHT, 0, 0), MouseReleased(MouseButton.X1, 0, 0)]

    @pytest.mark.parametrize("steps", [0, 1, 4])
    async def test_dragging(self, steps: int) -> None:
        pointer = Mouse(link := Link())
        await pointer.drag((10, 10), (50, 30), steps=steps)
        first, down, *moves, up = link.read
        assert (first, down) == (MouseMoved(10, 10), MousePressed(MouseButton.LEFT, 10, 10))
        assert up == MouseReleased(MouseButton.LEFT, 50, 30)
        assert len(moves) == max(steps, 1)
        assert moves[-1] == MouseMoved(50, 30)
        assert pointer.position == (50, 30)
        assert len(link.batches) == 1

    @pytest.mark.parametrize(
        ("notches", "turns"),
        [(1, [120]), (-1, [-120]), (2.5, [120, 120, 60]), (-3, [-120] * 3), (0, []), (0.001, []), (0.25, [30])],
    )
    async def test_the_wheel_turns_a_notch_an_event(self, notches: float, turns: list[int]) -> None:
        for horizontal in (False, True):
            pointer = Mouse(link := Link())
            await pointer.scroll(notches, horizontal=horizontal)
            assert link.read == [WheelTurned(turn, 0, 0, horizontal) for turn in turns]

    async def test_relative_movement(self) -> None:
        pointer = Mouse(link := Link())
        await pointer.move_by(-5, 7)
        (event,) = link.events
        assert isinstance(event, RelativeMouseEvent)
        assert (int(event.pointer_flags), event.x_delta, event.y_delta) == (int(PointerFlags.MOVE), -5, 7)

    async def test_what_a_server_may_not_take(self) -> None:
        pointer = Mouse(link := Link(NOTHING))
        with pytest.raises(LocalProtocolError, match="relative mouse movement"):
            await pointer.move_by(1, 1)
        with pytest.raises(LocalProtocolError, match="a horizontal wheel"):
            await pointer.scroll(1, horizontal=True)
        with pytest.raises(LocalProtocolError, match="extended mouse buttons"):
            await pointer.click(button=MouseButton.X1)
        assert link.events == []

    async def test_after_the_end(self) -> None:
        pointer = Mouse(link := Link())
        link.is_closed = True
        for call in (pointer.down, pointer.click, pointer.up):
            with pytest.raises(SessionClosed):
                await call()
        assert pointer.position == (0, 0)


async def test_what_is_no_button_is_refused() -> None:
    link = Link()
    button: Any = "left"
    with pytest.raises(LocalProtocolError, match="MouseButton"):
        await Mouse(link).click(1, 2, button=button)
    assert link.events == []
