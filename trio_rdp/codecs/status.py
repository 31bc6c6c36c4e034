"""What a kernel answers when the bytes are wrong, and the errors made of it.

A kernel returns a count, or one of these negative numbers: it may run without the GIL, where nothing can be raised.
"""

from __future__ import annotations

from typing import Final

from trio_rdp.wire.errors import DecodeError, InvalidField, Truncated

__all__ = ["INVALID", "MAX_PIXELS", "NO_MEMORY", "OVERRUN", "TRUNCATED", "check", "check_size"]

TRUNCATED: Final = -1
OVERRUN: Final = -2
INVALID: Final = -3
NO_MEMORY: Final = -4

# A peer names a bitmap's size in two 16-bit fields and can fill 65,535 pixels with three bytes.  This is one frame of
# an 8K display (7680 x 4320) in one piece; Windows, FreeRDP and xrdp send bitmaps of 64 KiB at most.
MAX_PIXELS: Final = 1 << 25


def check(status: int, pdu: str) -> int:
    """Return a count as it is, and raise what a negative status stands for."""
    if status >= 0:
        return status
    if status == TRUNCATED:
        raise Truncated("the stream ends inside an order", pdu=pdu)
    if status == OVERRUN:
        raise InvalidField("an order runs past the end of what it draws", pdu=pdu)
    if status == NO_MEMORY:
        raise MemoryError
    raise InvalidField("an order that does not exist", pdu=pdu)


def check_size(width: int, height: int, pdu: str) -> None:
    """Raise `DecodeError` for a bitmap without pixels, or with more than `MAX_PIXELS`."""
    if width < 1 or height < 1 or width * height > MAX_PIXELS:
        raise DecodeError(f"a bitmap of {width} x {height} pixels", pdu=pdu)
