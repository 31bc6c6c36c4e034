"""A position in a buffer that never moves past its end: what irregular PDUs decode with by hand."""

from __future__ import annotations

import struct

from trio_rdp.wire.errors import Truncated

__all__ = ["Cursor"]

_U16 = struct.Struct("<H").unpack_from
_U32 = struct.Struct("<I").unpack_from
_U64 = struct.Struct("<Q").unpack_from
_U16_BE = struct.Struct(">H").unpack_from
_U32_BE = struct.Struct(">I").unpack_from


class Cursor:
    """Reads little-endian values (and, where a name says so, big-endian ones) from `buf[pos:end]`.

    Every method raises `Truncated` instead of reading past `end`, and then has not moved.
    """

    __slots__ = ("buf", "end", "pos")

    def __init__(self, buf: bytes, pos: int = 0, end: int | None = None) -> None:
        self.buf: bytes = buf
        self.pos: int = pos
        self.end: int = len(buf) if end is None else end

    @property
    def remaining(self) -> int:
        """How many bytes are left."""
        return self.end - self.pos

    # A method for each size, none of which calls another: this is where decoding spends its time.

    def _short(self, size: int) -> Truncated:
        return Truncated(f"needs {size} bytes, {self.end - self.pos} left", offset=self.pos)

    def u8(self) -> int:
        """Read an unsigned byte."""
        pos = self.pos
        if pos >= self.end:
            raise self._short(1)
        self.pos = pos + 1
        return self.buf[pos]

    def u16(self) -> int:
        """Read an unsigned 16-bit integer."""
        pos = self.pos
        if self.end - pos < 2:
            raise self._short(2)
        self.pos = pos + 2
        value: int = _U16(self.buf, pos)[0]
        return value

    def u32(self) -> int:
        """Read an unsigned 32-bit integer."""
        pos = self.pos
        if self.end - pos < 4:
            raise self._short(4)
        self.pos = pos + 4
        value: int = _U32(self.buf, pos)[0]
        return value

    def u64(self) -> int:
        """Read an unsigned 64-bit integer."""
        pos = self.pos
        if self.end - pos < 8:
            raise self._short(8)
        self.pos = pos + 8
        value: int = _U64(self.buf, pos)[0]
        return value

    def u16_be(self) -> int:
        """Read an unsigned big-endian 16-bit integer."""
        pos = self.pos
        if self.end - pos < 2:
            raise self._short(2)
        self.pos = pos + 2
        value: int = _U16_BE(self.buf, pos)[0]
        return value

    def u32_be(self) -> int:
        """Read an unsigned big-endian 32-bit integer."""
        pos = self.pos
        if self.end - pos < 4:
            raise self._short(4)
        self.pos = pos + 4
        value: int = _U32_BE(self.buf, pos)[0]
        return value

    def peek_u8(self) -> int:
        """Read an unsigned byte and stay before it."""
        if self.pos >= self.end:
            raise self._short(1)
        return self.buf[self.pos]

    def take(self, size: int) -> bytes:
        """Read `size` bytes."""
        pos = self.pos
        if size > self.end - pos:
            raise self._short(size)
        self.pos = end = pos + size
        return bytes(self.buf[pos:end])

    def rest(self) -> bytes:
        """Read all that is left."""
        return self.take(self.end - self.pos)

    def skip(self, size: int) -> None:
        """Move over `size` bytes."""
        if size > self.end - self.pos:
            raise self._short(size)
        self.pos += size

    def sub(self, size: int) -> Cursor:
        """Move over `size` bytes and give a cursor that sees only them."""
        pos = self.pos
        self.skip(size)
        return Cursor(self.buf, pos, self.pos)
