"""`AppWindows` and `TrayIcons`: a client's picture of its server's windows, as mappings that can be watched.

async for event in session.remote_apps.windows:
    match event:
        case WindowOpened(window):
            print(window.title, window.rect)
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import Generic, TypeVar

import trio

from trio_rdp.channels.rail.app_window import AppWindow, TrayIcon
from trio_rdp.channels.rail.window_list import (
    TrayIconChanged,
    TrayIconClosed,
    TrayIconOpened,
    WindowChanged,
    WindowClosed,
    WindowOpened,
)
from trio_rdp.wire.errors import RdpError

__all__ = ["AppWindows", "TrayIcons", "Watched"]

_K = TypeVar("_K")
_V = TypeVar("_V")
_E = TypeVar("_E")


class Watched(Mapping[_K, _V], Generic[_K, _V, _E]):
    """What there is now, by its id; `async for event in ...` says how it came to be so.

    An iteration begins with all that is there as opened.  A slow one never falls behind: what changed twice is told
    once, as it is now, and what was opened and closed unseen is not told at all.  Iteration ends when the channel is
    closed, and raises what ended it otherwise.
    """

    def __init__(
        self,
        items: Mapping[_K, _V],
        opened: Callable[[_V], _E],
        changed: Callable[[_V], _E],
        closed: Callable[[_V], _E],
    ) -> None:
        self._items = items
        self._opened = opened
        self._changed = changed
        self._closed = closed
        self._watches: weakref.WeakSet[_Watch[_K, _V, _E]] = weakref.WeakSet()
        self._event = trio.Event()
        self._is_over = False
        self._is_clean = False
        self._error: RdpError | None = None

    def __getitem__(self, key: _K) -> _V:
        return self._items[key]

    def __iter__(self) -> Iterator[_K]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {list(self._items.values())}>"

    def __aiter__(self) -> _Watch[_K, _V, _E]:
        return _Watch(self)

    async def wait_for(self, condition: Callable[[_V], bool]) -> _V:
        """Wait for one of which a condition holds, and give it; the oldest one that does, where there are several.

        Raises `ChannelClosed` or `SessionClosed` when the end comes first.
        """
        await trio.lowlevel.checkpoint()
        while True:
            for item in self._items.values():
                if condition(item):
                    return item
            if self._is_over and self._error is not None:
                raise self._error.with_traceback(None)
            await self._event.wait()

    # What follows is for the face.

    def note(self, key: _K, item: _V, *, is_new: bool = False, is_gone: bool = False) -> None:
        """Tell everybody who watches what happened to one of them."""
        for watch in list(self._watches):
            if is_gone:
                watch.close(key, item)
            else:
                watch.show(key, item, is_new=is_new)
        self._wake()

    def begin(self) -> None:
        """There is a channel, perhaps again."""
        self._is_over, self._error = False, None

    def end(self, error: RdpError, *, is_clean: bool) -> None:
        """There will be no more: iterations end after what they have not told yet, and raise unless it `is_clean`."""
        self._is_over, self._error, self._is_clean = True, error, is_clean
        self._wake()

    def _wake(self) -> None:
        self._event.set()
        self._event = trio.Event()


class AppWindows(Watched[int, AppWindow, WindowOpened | WindowChanged | WindowClosed]):
    """All windows of remote programs, by their ids, in the order in which they were opened."""

    def __init__(self, items: Mapping[int, AppWindow]) -> None:
        super().__init__(items, WindowOpened, WindowChanged, WindowClosed)


class TrayIcons(Watched[tuple[int, int], TrayIcon, TrayIconOpened | TrayIconChanged | TrayIconClosed]):
    """All notification icons of remote programs, by `TrayIcon.key`."""

    def __init__(self, items: Mapping[tuple[int, int], TrayIcon]) -> None:
        super().__init__(items, TrayIconOpened, TrayIconChanged, TrayIconClosed)


class _Waiting(Generic[_V]):
    """What one watcher has not been told of one item."""

    __slots__ = ("closed", "is_new", "shown")

    def __init__(self) -> None:
        self.closed: _V | None = None  # as it was, where the watcher knew it
        self.shown: _V | None = None  # as it is now
        self.is_new = False


class _Watch(Generic[_K, _V, _E]):
    """One iteration."""

    def __init__(self, watched: Watched[_K, _V, _E]) -> None:
        self._watched = watched
        self._waiting: dict[_K, _Waiting[_V]] = {}
        for key, item in watched.items():
            self.show(key, item, is_new=True)
        watched._watches.add(self)

    def __aiter__(self) -> _Watch[_K, _V, _E]:
        return self

    async def __anext__(self) -> _E:
        watched = self._watched
        await trio.lowlevel.checkpoint()
        while not self._waiting:
            if watched._is_over:
                if watched._error is not None and not watched._is_clean:
                    raise watched._error.with_traceback(None)
                raise StopAsyncIteration
            await watched._event.wait()
        key, waiting = next(iter(self._waiting.items()))
        if waiting.closed is not None:
            event, waiting.closed = watched._closed(waiting.closed), None
            if waiting.shown is None:
                del self._waiting[key]
            return event
        del self._waiting[key]
        assert waiting.shown is not None
        return watched._opened(waiting.shown) if waiting.is_new else watched._changed(waiting.shown)

    def show(self, key: _K, item: _V, *, is_new: bool) -> None:
        """Note how an item is now."""
        waiting = self._waiting.setdefault(key, _Waiting())
        waiting.shown = item
        waiting.is_new = waiting.is_new or is_new

    def close(self, key: _K, item: _V) -> None:
        """Note that an item is gone; who has not heard of it need not hear that."""
        waiting = self._waiting.setdefault(key, _Waiting())
        was_new, waiting.shown, waiting.is_new = waiting.is_new, None, False
        if not was_new:
            waiting.closed = item
        if waiting.closed is None:
            del self._waiting[key]
