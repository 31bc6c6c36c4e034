"""An X display through memory shared with its server: pictures put on it, and looked at as soon as they change.

    python _graphics_x11.py FOLDER    plays contents on $DISPLAY

It reads a line of JSON for each content (`content`, `first`, `seconds`), draws it, answers with a line, waits for
another line, plays it, and answers with when each step was there.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from _x11 import Screen

if TYPE_CHECKING:
    from collections.abc import Callable

    from _graphics_contents import Box
    from numpy.typing import NDArray

__all__ = ["SharedImage", "SharedScreen"]

_ALL_PLANES = ctypes.c_ulong(-1).value
_Z_PIXMAP = 2
_IPC_PRIVATE, _IPC_CREAT, _IPC_RMID = 0, 0o1000, 0
_NOT_EMPTY = 3  # XDamageReportNonEmpty


class _Segment(ctypes.Structure):
    """XShmSegmentInfo."""

    _fields_ = [
        ("shmseg", ctypes.c_ulong),
        ("shmid", ctypes.c_int),
        ("shmaddr", ctypes.c_void_p),
        ("readOnly", ctypes.c_int),
    ]


class SharedImage:
    """A picture that the X server writes and reads directly: `pixels` is uint8 (height, width, 4) B G R X."""

    def __init__(self, image: ctypes.c_void_p, segment: _Segment, pixels: NDArray[np.uint8]) -> None:
        self.image = image
        self.pixels = pixels
        self._segment = segment  # which Xlib refers to


class SharedScreen(Screen):
    """The root window of an X display, by the extensions MIT-SHM and DAMAGE."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._shm: Any = ctypes.CDLL("libXext.so.6")
        self._shm.XShmCreateImage.restype = ctypes.c_void_p
        self._damaging: Any = ctypes.CDLL("libXdamage.so.1")
        self._damaging.XDamageCreate.restype = ctypes.c_ulong
        self._libc: Any = ctypes.CDLL(None, use_errno=True)
        self._libc.shmat.restype = ctypes.c_void_p
        if not self._shm.XShmQueryExtension(self._display):
            raise OSError(f"display {name} has no MIT-SHM")

    def shared_image(self, width: int, height: int) -> SharedImage:
        size = width * height * 4
        segment = _Segment()
        segment.shmid = self._libc.shmget(_IPC_PRIVATE, ctypes.c_size_t(size), _IPC_CREAT | 0o600)
        if segment.shmid < 0:
            raise OSError(ctypes.get_errno(), "shmget")
        segment.shmaddr = self._libc.shmat(segment.shmid, None, 0)
        visual = ctypes.c_void_p(self._library.XDefaultVisual(self._display, 0))
        data = ctypes.c_void_p(segment.shmaddr)
        made = self._shm.XShmCreateImage(
            self._display, visual, 24, _Z_PIXMAP, data, ctypes.byref(segment), width, height
        )
        self._shm.XShmAttach(self._display, ctypes.byref(segment))
        self._library.XSync(self._display, 0)
        self._libc.shmctl(segment.shmid, _IPC_RMID, None)  # it is gone with who uses it
        memory = (ctypes.c_uint8 * size).from_address(segment.shmaddr or 0)
        pixels = np.frombuffer(memoryview(memory), np.uint8).reshape(height, width, 4)
        return SharedImage(ctypes.c_void_p(made), segment, pixels)

    def show(self, shared: SharedImage, boxes: list[Box]) -> None:
        """Draw parts of an image where they are in it, and wait until the server has done it."""
        for left, top, width, height in boxes:
            arguments = (shared.image, left, top, left, top, width, height, 0)
            self._shm.XShmPutImage(self._display, self._root, self._context, *arguments)
        self._library.XSync(self._display, 0)

    def look(self, shared: SharedImage, left: int = 0, top: int = 0) -> NDArray[np.uint8]:
        """Get what the display shows from there on, as much as the image takes; the array is the image's own."""
        arguments = (self._root, shared.image, left, top, ctypes.c_ulong(_ALL_PLANES))
        self._shm.XShmGetImage(self._display, *arguments)
        return shared.pixels

    def watch(self, changed: Callable[[], bool], *, least: float = 0.05) -> None:
        """Call `changed` whenever something was drawn, at the latest after `least` seconds, until it gives False."""
        base, error = ctypes.c_int(), ctypes.c_int()
        if not self._damaging.XDamageQueryExtension(self._display, ctypes.byref(base), ctypes.byref(error)):
            raise OSError("the display has no DAMAGE")
        damage = ctypes.c_ulong(self._damaging.XDamageCreate(self._display, self._root, _NOT_EMPTY))
        descriptor = self._library.XConnectionNumber(self._display)
        event = (ctypes.c_long * 24)()
        while changed():
            if not self._library.XPending(self._display):
                select.select([descriptor], [], [], least)
            while self._library.XPending(self._display):
                self._library.XNextEvent(self._display, event)
            # What is drawn from here on makes another event.
            self._damaging.XDamageSubtract(self._display, damage, ctypes.c_ulong(0), ctypes.c_ulong(0))
        self._damaging.XDamageDestroy(self._display, damage)


def main(folder: Path) -> None:
    from _frames import HEIGHT, WIDTH
    from _graphics_contents import make_content
    from _graphics_play import Play

    screen = SharedScreen(os.environ["DISPLAY"])
    shared = screen.shared_image(WIDTH, HEIGHT)
    for line in sys.stdin:
        wanted = json.loads(line)
        play = Play(make_content(wanted["content"], folder), shared.pixels, wanted["first"])
        screen.show(shared, [(0, 0, WIDTH, HEIGHT)])
        print(json.dumps({}), flush=True)
        sys.stdin.readline()
        play.start()
        end = time.monotonic() + wanted["seconds"]
        while play.due < end:
            time.sleep(max(play.due - time.monotonic(), 0))
            screen.show(shared, play.step())
        print(json.dumps({"times": play.times, "drawing": play.drawing}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
