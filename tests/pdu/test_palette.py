from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.pdu.palette import MAX_COLORS, PaletteUpdate
from trio_rdp.wire.errors import EncodeError, InvalidField


def test_a_palette() -> None:
    entries = bytes(range(256)) * 3
    raw = bytes.fromhex(
        "0200"  # updateType
        "0000"  # pad2Octets
        "00010000"  # numberColors
    )
    same(raw + entries, PaletteUpdate(palette_entries=entries))
    every_truncation_raises(PaletteUpdate, raw + entries[:30])


def test_a_short_palette_is_taken() -> None:
    same(bytes.fromhex("02000000 01000000 ff8000"), PaletteUpdate(palette_entries=b"\xff\x80\x00"))


def test_a_palette_beyond_256_colors_is_refused() -> None:
    with pytest.raises(InvalidField, match=f"257 colors exceed {MAX_COLORS}"):
        PaletteUpdate.decode(bytes.fromhex("02000000 01010000") + bytes(771))
    for size in (1, 771):
        with pytest.raises(EncodeError):
            PaletteUpdate(palette_entries=bytes(size)).encode()


@given(st.binary(max_size=40))
def test_any_bytes_give_a_value_or_a_decode_error(raw: bytes) -> None:
    value_or_error(PaletteUpdate, raw)
