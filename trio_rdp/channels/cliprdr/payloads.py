"""Clipboard data that the protocol packs in its own way, [MS-RDPECLIP] 2.2.5.2: metafiles and palettes."""

from __future__ import annotations

from dataclasses import field
from typing import Annotated, Self

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.fields import I32, U8, Rest, u32
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = ["PALETTE_LIMIT", "MappingMode", "PackedMetafile", "PackedPalette", "PaletteEntry"]

PALETTE_LIMIT = 65_535
"""The most entries of a palette: those that the 16-bit count of a Windows palette can tell."""

_ENTRY_SIZE = 4


class MappingMode(OpenEnum):
    """The units in which a metafile is drawn (MM_*)."""

    TEXT = 1
    LOMETRIC = 2
    HIMETRIC = 3
    LOENGLISH = 4
    HIENGLISH = 5
    TWIPS = 6
    ISOTROPIC = 7
    ANISOTROPIC = 8


@pdu
class PackedMetafile(Pdu):
    """Packed Metafile Payload (CLIPRDR_MFPICT), [MS-RDPECLIP] 2.2.5.2.1, for CF_METAFILEPICT.

    The document calls the extents unsigned, and gives negative ones a meaning (an aspect ratio without a size).
    """

    mapping_mode: Annotated[MappingMode, u32]
    x_ext: I32
    y_ext: I32
    meta_file_data: Annotated[bytes, Rest()]


@pdu
class PaletteEntry(Pdu):
    """Palette Entry (PALETTEENTRY), [MS-RDPECLIP] 2.2.5.2.2.1."""

    red: U8
    green: U8
    blue: U8
    extra: U8 = 0


@pdu
class PackedPalette(Pdu):
    """Packed Palette Payload (CLIPRDR_PALETTE), [MS-RDPECLIP] 2.2.5.2.2, for CF_PALETTE."""

    palette_entries_data: list[PaletteEntry] = field(default_factory=list)

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        if src.remaining > _ENTRY_SIZE * PALETTE_LIMIT:
            raise InvalidField(f"{src.remaining} bytes of palette entries exceed {PALETTE_LIMIT}", offset=src.pos)
        entries = []
        while src.remaining:
            entries.append(PaletteEntry.decode_from(src))
        return cls(palette_entries_data=entries)

    def encode_into(self, dst: bytearray) -> None:
        if len(self.palette_entries_data) > PALETTE_LIMIT:
            raise EncodeError(f"{len(self.palette_entries_data)} palette entries exceed {PALETTE_LIMIT}")
        for entry in self.palette_entries_data:
            entry.encode_into(dst)
