"""What all real clients have in common: a process, a display of their own, and the session's desktop on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.interop.display import Display, Window
from tests.interop.pictures import Picture, compare, crop, difference
from tests.interop.processes import PATIENCE, Process, wait_for

__all__ = ["Client"]


@dataclass
class Client:
    """A real client on a display that it has for itself; the session is the display's upper left part."""

    display: Display
    process: Process
    width: int
    height: int
    window_title: str

    @property
    def log(self) -> str:
        return self.process.log

    async def wait_connected(self, seconds: float = PATIENCE) -> None:
        """Wait until the client shows its window; fails with its log when it ends instead."""
        raise NotImplementedError

    async def picture(self) -> Picture:
        """What it shows of the session now."""
        return await self.display.picture(self.width, self.height)

    async def wait_picture(
        self, good: Callable[[Picture], bool], what: str | Callable[[Picture], str], seconds: float = PATIENCE
    ) -> Picture:
        """Wait until `good` is content with what it shows of the session; `what` is as for `Display.wait_picture`."""
        whole = await self.display.wait_picture(
            lambda whole: good(self._desktop(whole)),
            what if isinstance(what, str) else lambda whole: what(self._desktop(whole)),
            self.process,
            seconds=seconds,
        )
        return self._desktop(whole)

    async def wait_shows(self, wanted: Picture | Display, tolerance: int = 0, seconds: float = PATIENCE) -> Picture:
        """Wait until it shows this picture, or what another display shows at the same time.

        They are equal in every pixel, with each channel off by at most `tolerance`.
        """

        def look() -> Picture:
            return wanted.picture_sync() if isinstance(wanted, Display) else wanted

        return await self.wait_picture(
            lambda shown: difference(shown, look()) <= tolerance,
            lambda shown: f"equal picture (tolerance {tolerance}): {compare(shown, look())}",
            seconds,
        )

    async def focus(self) -> None:
        """Give its window the keyboard."""
        window = await self.wait_window()
        await self.display.xdotool("windowfocus", "--sync", window.id)

    async def wait_window(self) -> Window:
        """Wait for its window."""
        return await wait_for(
            lambda: next((window for window in self.display.windows() if self.window_title in window.title), None),
            lambda: f"{self.window_title!r} among {self.display.windows()}",
            PATIENCE,
            self.process,
        )

    async def close(self, seconds: float = PATIENCE) -> int:
        """Close its window, as a user does, and give the exit code."""
        await self.wait_window()
        await self.display.close_window(self.window_title)
        return await self.process.wait(seconds)

    async def wait(self, seconds: float = PATIENCE) -> int:
        """Wait until it ends by itself; gives the exit code."""
        return await self.process.wait(seconds)

    def _desktop(self, whole: Picture) -> Picture:
        return crop(whole, self.width, self.height)

    async def _wait_until(self, connected: Callable[[], bool], seconds: float) -> None:
        # An end counts as an answer too, and is told apart below: its log says more than a time-out.
        await wait_for(lambda: connected() or not self.process.alive, "connected", seconds, self.process)
        assert connected(), f"did not connect: {self.process.describe()}"
