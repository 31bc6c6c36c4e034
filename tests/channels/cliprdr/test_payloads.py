from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.channels.cliprdr.payloads import (
    PALETTE_LIMIT,
    MappingMode,
    PackedMetafile,
    PackedPalette,
    PaletteEntry,
)
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated


def test_metafile() -> None:
    # The first bytes of 4.4.5: mappingMode, xExt, yExt, metaFileData
    raw = bytes.fromhex("08000000 2c020000 a7010000 0100090000030705")
    metafile = PackedMetafile(mapping_mode=MappingMode.ANISOTROPIC, x_ext=556, y_ext=423, meta_file_data=raw[12:])
    same(raw, metafile)
    every_truncation_raises(PackedMetafile, raw[:12])


def test_an_aspect_ratio_without_a_size() -> None:
    raw = bytes.fromhex("07000000 fcffffff fdffffff")
    same(raw, PackedMetafile(mapping_mode=MappingMode.ISOTROPIC, x_ext=-4, y_ext=-3, meta_file_data=b""))


def test_palette() -> None:
    raw = bytes.fromhex("00000000 80000005 ff663300")  # red, green, blue, extra
    entries = [
        PaletteEntry(red=0, green=0, blue=0),
        PaletteEntry(red=128, green=0, blue=0, extra=5),
        PaletteEntry(red=255, green=0x66, blue=0x33),
    ]
    same(raw, PackedPalette(palette_entries_data=entries))
    same(b"", PackedPalette())
    with pytest.raises(Truncated):
        PackedPalette.decode(raw[:-1])


def test_the_limit_of_a_palette() -> None:
    most = PackedPalette.decode(bytes(4 * PALETTE_LIMIT))
    assert len(most.palette_entries_data) == PALETTE_LIMIT
    with pytest.raises(InvalidField, match="exceed 65535"):
        PackedPalette.decode(bytes(4 * PALETTE_LIMIT + 1))
    most.palette_entries_data.append(PaletteEntry(red=1, green=1, blue=1))
    with pytest.raises(EncodeError, match="65536 palette entries exceed 65535"):
        most.encode()


@given(st.binary(max_size=40))
def test_any_bytes(data: bytes) -> None:
    value_or_error(PackedMetafile, data)
    value_or_error(PackedPalette, data)
