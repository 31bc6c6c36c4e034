"""Which codec a part gets."""

from __future__ import annotations

import numpy as np
import pytest

from tests.codecs.pictures import text
from tests.graphics.pipeline.model_client import photo
from trio_rdp.codecs.bitmap_codec import BitmapCodec, Quality
from trio_rdp.graphics.content import Content, Hints
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.choice import CODECS, PHOTO, TEXT, Choice, divide, see_piece, see_tiles

ALL = tuple(BitmapCodec)
CLEAR, PLANAR, RAW = BitmapCodec.CLEARCODEC, BitmapCodec.PLANAR, BitmapCodec.RAW
PROGRESSIVE, REMOTEFX = BitmapCodec.PROGRESSIVE, BitmapCodec.REMOTEFX
AVC420, AVC444 = BitmapCodec.AVC420, BitmapCodec.AVC444


@pytest.mark.parametrize(
    ("usable", "forced", "quality", "percent", "expected"),
    [
        (ALL, None, Quality.MEDIUM, 100, Choice(CLEAR, PLANAR, PROGRESSIVE, AVC420)),
        (ALL, None, Quality.HIGH, 100, Choice(CLEAR, PLANAR, PROGRESSIVE, AVC444)),
        (ALL, None, Quality.HIGH, 50, Choice(CLEAR, PLANAR, PROGRESSIVE, AVC420)),
        ((CLEAR, AVC444), None, Quality.LOW, 10, Choice(CLEAR, CLEAR, None, AVC444)),
        ((PLANAR, REMOTEFX), None, Quality.LOW, 10, Choice(PLANAR, PLANAR, REMOTEFX, None)),
        ((), None, Quality.LOW, 10, Choice(RAW, RAW, None, None)),
        (ALL, CLEAR, Quality.HIGH, 100, Choice(CLEAR, CLEAR, None, None)),
        (ALL, PLANAR, Quality.HIGH, 100, Choice(PLANAR, PLANAR, None, None)),
        (ALL, REMOTEFX, Quality.HIGH, 100, Choice(CLEAR, PLANAR, REMOTEFX, None)),
        (ALL, AVC420, Quality.HIGH, 100, Choice(CLEAR, PLANAR, None, AVC420)),
    ],
)
def test_the_choice(
    usable: tuple[BitmapCodec, ...],
    forced: BitmapCodec | None,
    quality: Quality,
    percent: int,
    expected: Choice,
) -> None:
    assert Choice.of(usable, forced, quality, percent) == expected


def test_tiles_are_looked_at_unless_something_was_said_of_them() -> None:
    pixels = np.concatenate([text(128, 64), photo(128, 64)], axis=1)
    hints = Hints(256, 64)
    wanted = np.ones((1, 4), np.bool_)
    assert see_tiles(pixels, wanted, hints, ALL).tolist() == [[TEXT, TEXT, PHOTO, PHOTO]]
    hints.set(Rect(0, 0, 64, 64), Content.PHOTO)
    hints.set(Rect(64, 0, 64, 64), RAW)
    hints.set(Rect(128, 0, 64, 64), Content.TEXT)
    hints.set(Rect(192, 0, 64, 64), AVC420)
    raw = CODECS + ALL.index(RAW)
    assert see_tiles(pixels, wanted, hints, ALL).tolist() == [[PHOTO, raw, TEXT, PHOTO]]
    assert see_tiles(pixels, wanted, hints, (CLEAR,)).tolist() == [[PHOTO, TEXT, TEXT, PHOTO]]
    wanted[0, 0] = False
    assert see_tiles(pixels, wanted, None, ALL).tolist() == [[TEXT, TEXT, PHOTO, PHOTO]]


def test_rectangles_are_divided_where_the_kind_changes() -> None:
    kinds = np.array([[0, 1, 1], [0, 0, 1]], np.uint8)
    divided = divide([Rect(32, 32, 160, 96)], kinds)
    assert divided == {
        TEXT: [Rect(32, 32, 32, 32), Rect(32, 64, 96, 64)],
        PHOTO: [Rect(64, 32, 128, 32), Rect(128, 64, 64, 64)],
    }
    assert divide([Rect(64, 0, 128, 64)], kinds) == {PHOTO: [Rect(64, 0, 128, 64)]}


def test_little_of_a_photograph_goes_as_text() -> None:
    kinds = np.array([[1, 1]], np.uint8)
    assert divide([Rect(60, 10, 10, 9)], kinds) == {TEXT: [Rect(60, 10, 10, 9)]}
    assert divide([Rect(40, 10, 60, 30)], kinds) == {PHOTO: [Rect(40, 10, 60, 30)]}


def test_a_piece_of_a_tile_may_show_something_else_than_the_tile() -> None:
    kinds = np.array([[TEXT, PHOTO]], np.uint8)
    asked: list[tuple[Rect, int]] = []

    def see(piece: Rect, kind: int) -> int:
        asked.append((piece, kind))
        return PHOTO - kind

    assert divide([Rect(0, 0, 30, 64), Rect(70, 0, 58, 64)], kinds, see) == {
        PHOTO: [Rect(0, 0, 30, 64), Rect(70, 0, 58, 64)],
    }
    assert asked == [(Rect(0, 0, 30, 64), TEXT)]


@pytest.mark.parametrize("piece", [(5, 7, 50, 3), (5, 7, 60, 12), (5, 7, 8, 50), (5, 7, 58, 20)])
@pytest.mark.parametrize("kind", [TEXT, PHOTO])
def test_pieces_are_looked_at(piece: tuple[int, int, int, int], kind: int) -> None:
    assert see_piece(photo(64, 64), Rect(*piece), kind) == PHOTO
    assert see_piece(text(64, 64), Rect(*piece), kind) == TEXT
    assert see_piece(np.zeros((64, 64, 4), np.uint8), Rect(*piece), kind) == TEXT


def test_pieces_upon_each_other_are_one() -> None:
    kinds = np.array([[PHOTO], [PHOTO], [TEXT]], np.uint8)
    assert divide([Rect(8, 10, 40, 170)], kinds) == {PHOTO: [Rect(8, 10, 40, 118)], TEXT: [Rect(8, 128, 40, 52)]}
