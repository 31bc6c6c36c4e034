"""What gets better, and when."""

from __future__ import annotations

import numpy as np

from tests.codecs.pictures import noise
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.refinement import QUIET, Refinement
from trio_rdp.graphics.pipeline.shown import Shown

ALL = Rect(0, 0, 256, 128)


def sent() -> tuple[Shown, Refinement, np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    shown, pixels = Shown(256, 128), noise(256, 128)
    shown.commit(shown.look(pixels, [ALL]), 10.0)
    return shown, Refinement(shown), pixels


def test_nothing_is_due_of_what_is_exact_or_not_ours() -> None:
    shown, refinement, pixels = sent()
    assert refinement.due is None
    assert refinement.choose(pixels, 99.0, 1 << 20) == ([], [])
    shown.set_foreign(Rect(0, 0, 64, 64))
    assert refinement.due is None
    shown.set_lossy([Rect(64, 0, 64, 64)])
    assert refinement.due == 10.0 + QUIET
    assert refinement.choose(pixels, 10.5, 1 << 20) == ([], [])
    assert refinement.choose(pixels, 11.0, 1 << 20) == ([], [Rect(64, 0, 64, 64)])


def test_pieces_are_small_and_never_none() -> None:
    shown, refinement, pixels = sent()
    shown.set_lossy([ALL])
    assert refinement.choose(pixels, 20.0, 2 * 4096) == ([], [Rect(0, 0, 128, 64)])
    assert refinement.choose(pixels, 20.0, 1) == ([], [Rect(0, 0, 64, 64)])


def test_what_was_drawn_on_meanwhile_is_left_alone() -> None:
    shown, refinement, pixels = sent()
    shown.set_lossy([Rect(0, 0, 48, 16)])
    pixels[5, 20] ^= 1
    assert refinement.choose(pixels, 20.0, 1 << 20) == ([], [Rect(0, 0, 16, 16), Rect(32, 0, 16, 16)])
    assert shown.touched[0, 1] == 20.0
    # What lies between and was drawn on is not sent with it either.
    shown.set_exact([Rect(16, 0, 16, 16)])
    assert refinement.choose(pixels, 20.0, 1 << 20) == ([], [Rect(0, 0, 16, 16), Rect(32, 0, 16, 16)])


def test_tiles_have_their_passes_before_they_get_exact() -> None:
    shown, refinement, pixels = sent()
    shown.set_lossy([ALL])
    refinement.begin_passes([Rect(0, 0, 128, 64), Rect(128, 10, 64, 54)])
    refinement.drop_passes([Rect(0, 0, 1, 1), Rect(999, 0, 1, 1)])
    assert refinement.choose(pixels, 20.0, 1) == ([Rect(64, 0, 64, 64)], [])
    assert refinement.choose(pixels, 20.0, 1) == ([Rect(64, 0, 64, 64)], [])
    assert refinement.choose(pixels, 20.0, 4096) == ([], [Rect(0, 0, 64, 64)])
    refinement.begin_passes([ALL])
    tiles = np.zeros((2, 4), np.bool_)
    tiles[0] = True
    refinement.drop_tiles(tiles)
    passes, exact = refinement.choose(pixels, 20.0, 1 << 20)
    assert passes == [Rect(x, 64, 64, 64) for x in (0, 64, 128, 192)]
    assert exact == []


def test_what_moves_comes_first() -> None:
    shown, refinement, pixels = sent()
    shown.set_lossy([ALL])
    refinement.changed(4, 20.0)
    assert refinement.due == 11.0
    # Somebody draws, here or elsewhere: a little of what stands still may go beside it, now and then.
    refinement.changed(400, 20.0)
    assert refinement.due == 11.0
    assert refinement.choose(pixels, 20.1, 1 << 20) == ([], [Rect(0, 0, 256, 128)])
    refinement.changed(400, 20.2)
    assert refinement.due == 20.5
    refinement.changed(400, 20.7)
    assert refinement.due == 21.0
    refinement.changed(400, 20.9)
    assert refinement.due == 21.1


def test_pieces_are_smaller_while_something_moves() -> None:
    shown = Shown(640, 480)
    pixels = noise(640, 480)
    shown.commit(shown.look(pixels, [Rect(0, 0, 640, 480)]), 10.0)
    shown.set_lossy([Rect(0, 0, 640, 480)])
    refinement = Refinement(shown)
    refinement.changed(400, 20.0)
    assert sum(rect.area for rect in refinement.choose(pixels, 20.1, 1 << 20)[1]) <= 1 << 15
    assert refinement.choose(pixels, 20.3, 1 << 20) == ([], [Rect(0, 0, 640, 480)])
