from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trio_rdp.graphics.differences import TILE, SentTiles
from trio_rdp.graphics.framebuffer import Framebuffer
from trio_rdp.graphics.geometry import Rect

RECTS = st.builds(Rect, st.integers(-9, 200), st.integers(-9, 150), st.integers(0, 99), st.integers(0, 99))


def test_at_first_everything() -> None:
    sent, buffer = SentTiles(200, 100), Framebuffer(200, 100)
    changes = sent.changes(buffer.pixels, [buffer.bounds])
    assert changes.rects == [buffer.bounds]
    # Nothing is remembered before it is committed.
    assert sent.changes(buffer.pixels, [buffer.bounds]) == changes
    sent.commit(changes)
    assert sent.changes(buffer.pixels, [buffer.bounds]).rects == []


def test_an_unknown_tile_is_sent_whole() -> None:
    sent, buffer = SentTiles(200, 100), Framebuffer(200, 100)
    assert sent.changes(buffer.pixels, [Rect(70, 70, 1, 1)]).rects == [Rect(64, 64, 64, 36)]


def test_of_a_known_tile_only_the_damage_is_sent() -> None:
    sent, buffer = SentTiles(200, 100), Framebuffer(200, 100)
    sent.commit(sent.changes(buffer.pixels, [buffer.bounds]))
    buffer.fill(Rect(60, 10, 8, 16), 0xFFFFFF)
    changes = sent.changes(buffer.pixels, buffer.damage.take())
    assert changes.rects == [Rect(60, 10, 8, 16)]


def test_damage_that_changed_nothing() -> None:
    sent, buffer = SentTiles(200, 100), Framebuffer(200, 100)
    sent.commit(sent.changes(buffer.pixels, [buffer.bounds]))
    buffer.fill(Rect(0, 0, 200, 100), 0)
    buffer.fill(Rect(130, 0, 1, 1), 0xFF)
    # Of the whole picture, only one tile is not what it was.
    assert sent.changes(buffer.pixels, [buffer.bounds]).rects == [Rect(128, 0, 64, 64)]


def test_forget() -> None:
    sent, buffer = SentTiles(200, 100), Framebuffer(200, 100)
    sent.commit(sent.changes(buffer.pixels, [buffer.bounds]))
    sent.forget([Rect(100, 10, 30, 10), Rect(500, 500, 1, 1)])
    assert sent.changes(buffer.pixels, [buffer.bounds]).rects == [Rect(64, 0, 128, 64)]
    sent.forget()
    assert sent.changes(buffer.pixels, [buffer.bounds]).rects == [buffer.bounds]


def test_another_size() -> None:
    with pytest.raises(ValueError, match="200x100"):
        SentTiles(200, 100).changes(Framebuffer(100, 200).pixels, [])


@settings(max_examples=50)
@given(st.lists(st.tuples(RECTS, st.integers(0, 3), st.booleans()), max_size=12))
def test_a_client_that_gets_the_changes_has_the_picture(steps: list[tuple[Rect, int, bool]]) -> None:
    buffer = Framebuffer(3 * TILE - 9, 2 * TILE + 5)
    sent, client = SentTiles(buffer.width, buffer.height), np.zeros_like(buffer.pixels)
    buffer.damage.add(buffer.bounds)
    for rect, color, flush in [*steps, (Rect(0, 0, 0, 0), 0, True)]:
        buffer.fill(rect, color)
        if flush:
            changes = sent.changes(buffer.pixels, buffer.damage.take())
            for part in changes.rects:
                rows, columns = slice(part.top, part.bottom), slice(part.left, part.right)
                client[rows, columns] = buffer.pixels[rows, columns]
            sent.commit(changes)
            assert (client == buffer.pixels).all()
