"""The demo's desktop: a title, a clock, the text that the client types, its mouse, and a picture that moves.

`Desktop` draws into memory and knows nothing of sessions; `show_desktop` is the handler that serves one.
"""

from __future__ import annotations

import datetime
import functools
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import trio

from trio_rdp.apps import drawing
from trio_rdp.apps.drawing import Color, Plasma, draw_text, part, text_width
from trio_rdp.apps.text_box import TextBox, wrap
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.region import Region
from trio_rdp.protocol.input_events import InputEvent, KeyPressed, MouseMoved, MousePressed, UnicodePressed, WheelTurned
from trio_rdp.protocol.keys import Key

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from trio_rdp.server import ServerSession

__all__ = ["LAMP_KEY", "Desktop", "Layout", "lamp_is_lit", "show_desktop"]

LAMP_KEY = Key.F9
"""The key that switches the lamp: how the demo measures the time from a key to its picture."""

_TOP, _BOTTOM = (17, 24, 52), (24, 78, 99)
_BLACK, _WHITE, _PALE, _DIM = (4, 8, 22), (255, 255, 255), (190, 208, 226), (125, 150, 176)
_ACCENT, _LAMP_ON, _LAMP_OFF = (94, 214, 240), (255, 196, 46), (40, 66, 92)
_MARKS: dict[int, Color] = {1: (94, 214, 240), 2: (255, 122, 144), 3: (150, 232, 120)}

_CLICK_SECONDS = 0.8
_CLICKS = 16
_TRAIL = 14
_CARET_SECONDS = 0.5
_PICTURES_A_SECOND = 30
_GROUP_AREA = 160 * 160


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything stands on a desktop of some size."""

    unit: int
    """What all sizes are multiples of."""
    title: Rect
    clock: Rect
    text: Rect
    picture: Rect
    facts: Rect
    status: Rect
    lamp: Rect

    @classmethod
    def of(cls, width: int, height: int) -> Layout:
        """Lay out a desktop of at least 200 x 200 pixels."""
        unit = max(4, min(width // 64, height // 40, 28))
        margin = 2 * unit
        status = Rect(0, height - 3 * unit, width, 3 * unit)
        lamp = Rect(width - margin - unit, status.top + unit, unit, unit)
        clock_width = 17 * unit if width >= 50 * unit else 0
        title = Rect(margin, margin, width - 2 * margin - clock_width, 6 * unit)
        clock = Rect(width - margin - clock_width, margin, clock_width, 6 * unit)
        top = title.bottom + unit
        body = Rect(margin, top, width - 2 * margin, status.top - unit - top)
        if body.width >= body.height:
            side = min(body.width * 9 // 20, 480)
            text = Rect(body.left, body.top, body.width - side - unit, body.height)
            picture = Rect(text.right + unit, body.top, side, min(body.height, side * 5 // 8))
        else:
            side = min(body.height * 9 // 20, 400)
            text = Rect(body.left, body.top, body.width, body.height - side - unit)
            picture = Rect(body.left, text.bottom + unit, min(body.width, 480), side)
        left = body.bottom - picture.bottom - unit
        facts = Rect(picture.left, picture.bottom + unit, picture.width, left if left > 8 * unit else 0)
        if facts.is_empty:
            picture = Rect(picture.left, picture.top, picture.width, body.bottom - picture.top)
        return cls(unit, title, clock, text, picture, facts, status, lamp)


def lamp_is_lit(color: Color) -> bool:
    """Whether the colour at the lamp's centre is that of a lit lamp, whatever the colour depth."""
    return color[0] > (_LAMP_ON[0] + _LAMP_OFF[0]) // 2


@dataclass(slots=True)
class _Click:
    x: int
    y: int
    color: Color
    born: float


@dataclass(frozen=True, slots=True, eq=False)
class _Mark:
    """A mask, its colour and its place; masks are made once, so that the same look is the same object."""

    rect: Rect
    color: Color
    mask: NDArray[np.uint8]

    @classmethod
    def around(cls, x: int, y: int, color: Color, mask: NDArray[np.uint8]) -> _Mark:
        height, width = mask.shape
        return cls(Rect(x - width // 2, y - height // 2, width, height), color, mask)

    @property
    def look(self) -> tuple[Rect, Color, int]:
        """What two marks have in common that look the same; only good while both are there."""
        return self.rect, self.color, id(self.mask)


class Desktop:
    """The picture of one client's desktop: uint8 (height, width, 4) B G R X in `pixels`.

    `handle` takes what the client does, `advance` draws what is different since the last time.
    """

    def __init__(self, width: int, height: int, *, user: str = "", client: str = "") -> None:
        self.layout: Layout = Layout.of(width, height)
        self.text_box: TextBox = TextBox()
        self.user = user
        self._who = " on ".join(filter(None, (user, client))) or "a guest"
        self._mouse: tuple[int, int] | None = None
        self._trail: deque[tuple[int, int]] = deque(maxlen=_TRAIL)
        self._clicks: deque[_Click] = deque(maxlen=_CLICKS)
        self._click_count = 0
        self._lamp = False
        self._last = ""
        self._now = 0.0
        self._drawn: dict[str, object] = {}
        self._lines: list[str] = []
        self._marked: list[_Mark] = []
        self._background = _background(width, height)
        # Everything but the marks, which lie over all of it and move.
        self._layer = self._background.copy()
        self.pixels: NDArray[np.uint8] = self._background.copy()
        plasma = self._plasma_rect
        self._plasma = Plasma(plasma.width, plasma.height)
        self._dirty = Region()
        self._dirty.add(Rect(0, 0, width, height))

    # What the client does.

    def handle(self, event: InputEvent) -> None:
        """Take one event."""
        self.text_box.handle(event)
        match event:
            case KeyPressed(key=key, scancode=scancode):
                self._last = f"key {key.name if key is not None else hex(scancode)}"
                self._lamp ^= key is LAMP_KEY
            case UnicodePressed(character=character):
                self._last = f"U+{ord(character[0]):04X}" if character else ""
            case MouseMoved(x=x, y=y):
                self._move(x, y)
            case MousePressed(button=button, x=x, y=y):
                self._move(x, y)
                self._click_count += 1
                self._clicks.append(_Click(x, y, _MARKS.get(button.value, _WHITE), self._now))
                self._last = f"{button.name.lower()} button"
            case WheelTurned(delta=delta):
                self._last = f"wheel {delta:+d}"
            case _:
                return

    def _move(self, x: int, y: int) -> None:
        if self._mouse is not None:
            self._trail.append(self._mouse)
        self._mouse = (x, y)

    # What is drawn.

    def advance(self, seconds: float, clock: datetime.datetime) -> list[Rect]:
        """Draw the desktop as it is `seconds` after its start, and give the rectangles that changed."""
        self._now = seconds
        self._draw_clock(clock)
        self._draw_text()
        self._draw_status()
        self._draw_plasma(seconds)
        marks = self._marks()
        same = {mark.look for mark in self._marked} & {mark.look for mark in marks}
        for rect in _grouped(mark.rect for mark in (*self._marked, *marks) if mark.look not in same):
            self._dirty.add(rect)
        self._marked = marks
        whole = Rect(0, 0, self.pixels.shape[1], self.pixels.shape[0])
        changed = [rect for each in self._dirty.take() if not (rect := each.intersect(whole)).is_empty]
        for rect in changed:
            part(self.pixels, rect)[:] = part(self._layer, rect)
            for mark in marks:
                drawing.blend(self.pixels, mark.rect.left, mark.rect.top, mark.mask, mark.color, rect)
        return changed

    @property
    def _plasma_rect(self) -> Rect:
        picture, gap = self.layout.picture, self.layout.unit // 2
        return Rect(picture.left + gap, picture.top + gap, picture.width - 2 * gap, picture.height - 2 * gap)

    def _is_new(self, name: str, value: object) -> bool:
        if self._drawn.get(name) == value:
            return False
        self._drawn[name] = value
        return True

    def _clear(self, rect: Rect) -> None:
        part(self._layer, rect)[:] = part(self._background, rect)
        self._dirty.add(rect)

    def _draw_clock(self, clock: datetime.datetime) -> None:
        place, unit = self.layout.clock, self.layout.unit
        time, date = f"{clock:%H:%M:%S}", f"{clock:%A}, {clock.day} {clock:%B}"
        if not place.width or not self._is_new("clock", time):
            return
        self._clear(place)
        for text, size, top, color in ((time, 3 * unit, 0, _WHITE), (date, 5 * unit // 4, 4 * unit, _PALE)):
            left = place.right - text_width(text, size)
            draw_text(self._layer, left, place.top + top, text, size, color, place)

    def _draw_text(self) -> None:
        place, unit = self.layout.text, self.layout.unit
        size = max(3 * unit // 2, 11)
        height = drawing.line_height(size)
        inner = Rect(place.left + unit, place.top + 5 * unit // 2, place.width - 2 * unit, place.height - 3 * unit)
        room = max(inner.height // height, 1)
        has_caret = int(self._now / _CARET_SECONDS) % 2 == 0
        if not self._is_new("text", (self.text_box.text, has_caret)):
            return
        lines = wrap(self.text_box.text, inner.width - 4, partial(drawing.advance, size=size))[-room:]
        old = self._lines + [""] * (len(lines) - len(self._lines))
        new = lines + [""] * (len(self._lines) - len(lines))
        for row, (before, after) in enumerate(zip(old, new, strict=True)):
            if before == after and row not in (len(lines) - 1, len(self._lines) - 1):
                continue
            line = Rect(inner.left, inner.top + row * height, inner.width, height).intersect(place)
            self._clear(line)
            draw_text(self._layer, line.left, line.top, after, size, _WHITE, line)
            if row == len(lines) - 1 and has_caret:
                caret = Rect(line.left + text_width(after, size) + 1, line.top + 2, max(unit // 6, 2), size)
                drawing.fill(self._layer, caret.intersect(line), _ACCENT)
        self._lines = lines

    def _draw_status(self) -> None:
        place, unit, lamp = self.layout.status, self.layout.unit, self.layout.lamp
        size = max(unit, 9)
        place_mouse = "-" if self._mouse is None else f"{self._mouse[0]}, {self._mouse[1]}"
        parts = [f"mouse {place_mouse}", f"clicks {self._click_count}", self._last, self._who]
        texts = Rect(2 * unit, place.top, lamp.left - 3 * unit, place.height)
        parts = parts[: max(texts.width // (10 * size), 1)]
        column = texts.width // len(parts)
        for number, text in enumerate(parts):
            if self._is_new(f"status {number}", text):
                cell = Rect(texts.left + number * column, texts.top, column, texts.height)
                self._clear(cell)
                top = cell.top + (cell.height - drawing.line_height(size)) // 2
                draw_text(self._layer, cell.left, top, text, size, _PALE, cell)
        if self._is_new("lamp", self._lamp):
            self._clear(lamp)
            drawing.fill(self._layer, lamp, _LAMP_ON if self._lamp else _LAMP_OFF)

    def _draw_plasma(self, seconds: float) -> None:
        rect = self._plasma_rect
        if not rect.is_empty and self._is_new("plasma", int(seconds * _PICTURES_A_SECOND)):
            part(self._layer, rect)[:] = self._plasma.render(seconds)
            self._dirty.add(rect)

    def _marks(self) -> list[_Mark]:
        """The mouse's halo and trail, and rings that grow and fade where a button was pressed."""
        unit = self.layout.unit
        dot, line = max(unit // 4, 2), max(unit // 5, 2)
        marks = [
            _Mark.around(x, y, _ACCENT, drawing.disc(dot, 200 - 180 * age // _TRAIL))
            for age, (x, y) in enumerate(reversed(self._trail))
        ]
        for click in self._clicks:
            age = (self._now - click.born) / _CLICK_SECONDS
            marks.append(_Mark.around(click.x, click.y, click.color, drawing.disc(dot)))
            if age < 1:
                ring = drawing.ring(unit + int(2 * unit * age), line, 16 * int(15 * (1 - age)))
                marks.append(_Mark.around(click.x, click.y, click.color, ring))
        if self._mouse is not None:
            marks.append(_Mark.around(*self._mouse, _ACCENT, drawing.ring(unit, line)))
        return marks


def _grouped(rects: Iterable[Rect]) -> list[Rect]:
    """Join neighbours of a row of small rectangles, because each costs more than its pixels."""
    groups: list[Rect] = []
    for rect in rects:
        if groups and (joined := groups[-1].union(rect)).area <= _GROUP_AREA:
            groups[-1] = joined
        else:
            groups.append(rect)
    return groups


@functools.lru_cache(maxsize=4)
def _background(width: int, height: int) -> NDArray[np.uint8]:
    """What never changes on a desktop of this size; to be copied."""
    layout = Layout.of(width, height)
    unit, title, text = layout.unit, layout.title, layout.text
    pixels = drawing.blank(width, height)
    drawing.gradient(pixels, _TOP, _BOTTOM)
    for x, y, radius in ((width, 0, height * 2 // 3), (width * 4 // 5, height, height // 2)):
        drawing.blend(pixels, x - radius, y - radius, drawing.disc(radius, 9), _WHITE)
    for card in (text, layout.picture, layout.facts):
        if not card.is_empty:
            drawing.blend(pixels, card.left, card.top, drawing.rounded(card.width, card.height, unit, 20), _WHITE)
    status = layout.status
    drawing.blend(pixels, status.left, status.top, drawing.rounded(status.width, status.height, 0, 70), _BLACK)
    draw_text(pixels, title.left, title.top - unit // 2, "trio_rdp", 7 * unit // 2, _WHITE, title)
    about = "a desktop that Python paints, live, for you alone"
    draw_text(pixels, title.left, title.top + 4 * unit, about, 5 * unit // 4, _PALE, title)
    draw_text(pixels, text.left + unit, text.top + unit // 2, "TYPE SOMETHING", unit, _DIM, text)
    facts = layout.facts
    if not facts.is_empty:
        for row, fact in enumerate((f"{width} x {height} pixels", "Esc clears the text", "F9 switches the lamp below")):
            top = facts.top + unit + row * 5 * unit // 2
            draw_text(pixels, facts.left + unit, top, fact, 5 * unit // 4, _PALE, facts)
    return pixels


async def show_desktop(session: ServerSession, *, fps: float = 30.0) -> None:
    """Show a client its desktop until it disconnects: `fps` times a second, and at once when it did something."""
    display = session.display
    desktop = await _make_desktop(session)
    start = trio.current_time()
    has_input = trio.Event()

    async def paint() -> None:
        nonlocal desktop, has_input
        while True:
            tick = trio.current_time() + 1 / fps
            # Whatever the client does while this waits for its turn is in the picture that follows.
            async with display.frame() as frame:
                has_input = trio.Event()
                if desktop.pixels.shape[:2] != (display.height, display.width):
                    desktop = await _make_desktop(session)
                for rect in desktop.advance(trio.current_time() - start, _clock()):
                    frame.blit(rect, part(desktop.pixels, rect))
            with trio.move_on_at(tick):
                await has_input.wait()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(paint)
        async for event in session.input:
            desktop.handle(event)
            has_input.set()
        nursery.cancel_scope.cancel()


def _clock() -> datetime.datetime:
    return datetime.datetime.now().astimezone()


async def _make_desktop(session: ServerSession) -> Desktop:
    size, user, client = session.display.size, session.username, session.client_name
    # A large background takes some tenths of a second.
    return await trio.to_thread.run_sync(partial(Desktop, size.width, size.height, user=user, client=client))
