"""Palette updates, [MS-RDPBCGR] 2.2.9.1.1.3.1.1."""

from __future__ import annotations

from typing import Self

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = ["MAX_COLORS", "PaletteUpdate"]

MAX_COLORS = 256
"""The entries of a palette: "This field MUST be set to 256", and FreeRDP takes no more either."""

_UPDATETYPE_PALETTE = 2


@pdu
class PaletteUpdate(Pdu):
    """Palette Update Data (TS_UPDATE_PALETTE_DATA), [MS-RDPBCGR] 2.2.9.1.1.3.1.1.1, the same on both paths.

    `palette_entries` are triplets of red, green and blue (TS_PALETTE_ENTRY), from entry 0 on.  The document wants 256
    of them; fewer are taken.
    """

    palette_entries: bytes

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        src.skip(4)
        count = src.u32()
        if count > MAX_COLORS:
            raise InvalidField(f"{count} colors exceed {MAX_COLORS}", field="numberColors", offset=src.pos - 4)
        return cls(palette_entries=src.take(3 * count))

    def encode_into(self, dst: bytearray) -> None:
        count, rest = divmod(len(self.palette_entries), 3)
        if rest or count > MAX_COLORS:
            raise EncodeError(f"{len(self.palette_entries)} bytes are not up to {MAX_COLORS} triplets")
        dst += _UPDATETYPE_PALETTE.to_bytes(4, "little")
        dst += count.to_bytes(4, "little")
        dst += self.palette_entries
