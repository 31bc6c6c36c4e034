"""`Screen`: what the server shows, as the user of a client session sees it.

The front buffer changes only on the loop and only in whole frames, so nobody ever sees half a frame or a torn array.
Large frames are copied to a second buffer in a thread, and the two change places.
"""

from __future__ import annotations

import functools
import os
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import trio

from trio_rdp.codecs.pixel_format import PixelFormat
from trio_rdp.codecs.pixels import convert_into
from trio_rdp.codecs.view import View
from trio_rdp.graphics.decoded_image import black
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.region import Region
from trio_rdp.level import Ending, Level
from trio_rdp.wire.errors import SessionClosed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Screen", "ScreenStatistics"]


@dataclass(frozen=True, slots=True)
class ScreenStatistics:
    """What a screen has shown: frames, pixels painted, and resizes."""

    frames: int
    pixels: int
    resizes: int


class Screen:
    """The front buffer: uint8 (height, width, 4), BGRX with alpha 255, without the pointer.

    `async for damage in screen` gives the rectangles that changed since this iteration last looked, at most 32 of them;
    a slow consumer gets them merged.  The first round comes at once if anything has been painted.  Iteration ends on a
    clean disconnect, and raises `SessionClosed` otherwise.
    """

    def __init__(self, width: int, height: int, ending: Ending) -> None:
        self._ending = ending
        self._level = Level(ending)
        self._watchers: weakref.WeakSet[_Damage] = weakref.WeakSet()
        self._frames = 0
        self._painted = 0
        self._resizes = 0
        self._frames_before = 0  # the last resize
        self._spare: NDArray[np.uint8] | None = None  # the picture before, where large frames change places with it
        self._missing = Region()  # there
        self._width = width
        self._height = height

    @property
    def width(self) -> int:
        """Pixels from left to right."""
        return self._width

    @property
    def height(self) -> int:
        """Pixels from top to bottom."""
        return self._height

    @functools.cached_property
    def _pixels(self) -> NDArray[np.uint8]:
        # Made when the server paints or somebody looks: touching 3 MiB for the first time takes longer than half of
        # the connection sequence.
        return black(self._width, self._height)

    @property
    def is_painted(self) -> bool:
        """Whether the server has painted anything yet."""
        return self._frames > 0

    @property
    def is_painted_anew(self) -> bool:
        """Whether the server has painted anything since the screen got its size."""
        return self._frames > self._frames_before

    def snapshot(self, rect: Rect | None = None) -> NDArray[np.uint8]:
        """Copy the pixels (of `rect`, clipped to the screen): uint8 (height, width, 4), BGRX with alpha 255."""
        whole = Rect(0, 0, self.width, self.height)
        part = whole if rect is None else rect.intersect(whole)
        return self._pixels[part.top : part.bottom, part.left : part.right].copy()

    def pixel(self, x: int, y: int) -> tuple[int, int, int]:
        """The colour at (x, y) as (red, green, blue)."""
        blue, green, red, _ = (int(value) for value in self._pixels[y, x])
        return red, green, blue

    def save(self, path: str | os.PathLike[str], rect: Rect | None = None) -> None:
        """Write the picture (of `rect`, clipped to the screen) to a file, in the format that its name says.

        Needs the extra `image`.  Raises `ValueError` for a rectangle of which nothing is on the screen.
        """
        from trio_rdp.graphics.image_file import save_image

        pixels = self._pixels if rect is None else self.snapshot(rect)
        if not pixels.size:
            raise ValueError(f"nothing of {rect} is on the screen")
        save_image(pixels, path)

    def __aiter__(self) -> _Damage:
        return _Damage(self)

    async def wait_changed(self) -> None:
        """Wait for the next frame or resize; raises `SessionClosed` when the session ends first."""
        await self._level.wait_beyond(self._level.count)

    async def wait_settled(self, seconds: float = 0.5) -> None:
        """Wait until the screen has been painted, and then not changed for `seconds`.

        Raises `SessionClosed` when the session ends before it was painted; an end later counts as settled.
        """
        await trio.lowlevel.checkpoint()
        while not self.is_painted:
            await self.wait_changed()
        try:
            while True:
                with trio.move_on_after(seconds) as scope:
                    await self.wait_changed()
                if scope.cancelled_caught:
                    return
        except SessionClosed:
            return

    def statistics(self) -> ScreenStatistics:
        """What the screen has shown."""
        return ScreenStatistics(self._frames, self._painted, self._resizes)

    # What follows is for the painter.

    def ahead(self, pixels: NDArray[np.uint8], damage: list[Rect]) -> Callable[[], NDArray[np.uint8]]:
        """What copies damaged rectangles of a finished frame to a picture that nobody sees yet, and gives that.

        It may be called in a thread.  `show` then takes no time; nothing else may be shown before.
        """
        front, spare, missing = self._pixels, self._spare, self._missing.take()
        self._spare = None
        if spare is None:
            missing = [Rect(0, 0, self.width, self.height)]
        missing = [old for old in missing if not any(new.contains(old) for new in damage)]
        return partial(_copy_ahead, front, spare, missing, pixels, damage)

    def show(self, pixels: NDArray[np.uint8], damage: list[Rect], finished: NDArray[np.uint8] | None = None) -> None:
        """Copy damaged rectangles of a finished frame to the front; `finished` is what `ahead` has made of them."""
        if finished is None:
            _copy(pixels, damage, self._pixels)
            if self._spare is not None:
                for rect in damage:
                    self._missing.add(rect)
        else:
            self._spare, self.__dict__["_pixels"] = self._pixels, finished
            for rect in damage:
                self._missing.add(rect)
        self._painted += sum(rect.area for rect in damage)
        self._frames += 1
        self._notify(damage)

    def resize(self, width: int, height: int) -> None:
        """Start anew at another size, in black."""
        self._resizes += 1
        self._frames_before = self._frames
        self._width = width
        self._height = height
        self.__dict__.pop("_pixels", None)
        self._spare = None
        for watcher in list(self._watchers):
            watcher.damage.clear()
        self._notify([Rect(0, 0, width, height)])

    def end(self) -> None:
        """Wake everybody who waits, as the session is over."""
        self._level.notify()

    def _notify(self, damage: list[Rect]) -> None:
        for watcher in list(self._watchers):
            for rect in damage:
                watcher.damage.add(rect)
        self._level.notify()

    def _watch(self, watcher: _Damage) -> None:
        self._watchers.add(watcher)


def _copy(pixels: NDArray[np.uint8], rects: Sequence[Rect], target: NDArray[np.uint8]) -> None:
    stride = pixels.strides[0]
    source = pixels.reshape(-1).data
    for rect in rects:
        view = View.of(target, rect.left, rect.top, rect.width, rect.height)
        convert_into(source[rect.top * stride + rect.left * 4 :], PixelFormat.BGRA32, stride, view)


def _copy_ahead(
    front: NDArray[np.uint8],
    spare: NDArray[np.uint8] | None,
    missing: list[Rect],
    pixels: NDArray[np.uint8],
    damage: list[Rect],
) -> NDArray[np.uint8]:
    if spare is None:
        import numpy as np

        spare = np.empty_like(front)
    _copy(front, missing, spare)
    _copy(pixels, damage, spare)
    return spare


class _Damage:
    """One iteration over a screen's changes."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self.damage: Region = Region()
        if screen.is_painted:
            self.damage.add(Rect(0, 0, screen.width, screen.height))
        screen._watch(self)

    def __aiter__(self) -> _Damage:
        return self

    async def __anext__(self) -> list[Rect]:
        screen: Any = self._screen
        await trio.lowlevel.checkpoint()
        while not self.damage:
            try:
                await screen._level.wait_beyond(screen._level.count)
            except SessionClosed:
                screen._ending.raise_unclean()
                raise StopAsyncIteration from None
        return self.damage.take()
