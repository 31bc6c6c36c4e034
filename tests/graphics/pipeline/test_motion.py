from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.codecs import pictures
from tests.codecs.pictures import BGRX
from trio_rdp.codecs.motion import Move
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.motion import Copy, Motion, SentBlocks, _in_order


def sent(pixels: BGRX) -> SentBlocks:
    blocks = SentBlocks(pixels.shape[1], pixels.shape[0])
    blocks.commit(pixels, [blocks.bounds])
    return blocks


def carry_out(pixels: BGRX, copies: list[Copy]) -> BGRX:
    """What a client shows after copies, in place one after the other."""
    shown = pixels.copy()
    for source, (x, y) in copies:
        assert Rect(0, 0, pixels.shape[1], pixels.shape[0]).contains(source)
        part = shown[source.top : source.bottom, source.left : source.right].copy()
        assert part.shape == shown[y : y + source.height, x : x + source.width].shape
        shown[y : y + source.height, x : x + source.width] = part
    return shown


def check(old: BGRX, new: BGRX, motion: Motion) -> None:
    """Copies and the rest make the new picture of the old one."""
    shown = carry_out(old, motion.copies)
    for number, rect in enumerate(motion.rest):
        assert not rect.is_empty
        assert all(rect.intersect(other).is_empty for other in motion.rest[:number])
        shown[rect.top : rect.bottom, rect.left : rect.right] = new[rect.top : rect.bottom, rect.left : rect.right]
    assert (shown == new).all()


def found(old: BGRX, new: BGRX, damage: list[Rect] | None = None) -> Motion:
    blocks = sent(old)
    motion = blocks.find(new, damage or [blocks.bounds])
    assert motion is not None
    check(old, new, motion)
    return motion


def area(motion: Motion) -> int:
    return sum(rect.area for rect in motion.rest)


def vectors(motion: Motion) -> set[tuple[int, int]]:
    return {(x - source.left, y - source.top) for source, (x, y) in motion.copies}


@pytest.mark.parametrize("distance", [1, 3, 17, 48, 200])
def test_a_page_that_scrolls(distance: int) -> None:
    page = pictures.text(640, 700)
    for old, new, vector in (
        (page[:480], page[distance : distance + 480], (0, -distance)),
        (page[distance : distance + 480], page[:480], (0, distance)),
    ):
        motion = found(old.copy(), new.copy())
        assert vectors(motion) == {vector}
        assert area(motion) <= 640 * (distance + 32)


def test_a_page_that_scrolls_under_a_header_beside_a_margin() -> None:
    page = pictures.text(640, 700)
    old = pictures.gradient(640, 480)
    new = old.copy()
    old[60:450, 35:600] = page[:390, :565]
    new[60:450, 35:600] = page[51:441, :565]
    motion = found(old, new)
    assert vectors(motion) == {(0, -51)}
    assert area(motion) <= 565 * (51 + 32) + 390 * 32
    assert all(Rect(35, 60, 565, 390).aligned(16).contains(rect) for rect in motion.rest)


def test_a_page_that_scrolls_sideways() -> None:
    page = pictures.text(900, 480)
    motion = found(page[:, 100:740].copy(), page[:, 63:703].copy())
    assert vectors(motion) == {(37, 0)}
    assert area(motion) <= 480 * (37 + 32)


@pytest.mark.parametrize("ground", [pictures.noise, pictures.solid, pictures.gradient])
@pytest.mark.parametrize(("dx", "dy"), [(13, 7), (-13, 7), (13, -7), (-130, -70), (100, 0)])
def test_a_window_is_dragged(ground: type, dx: int, dy: int) -> None:
    old = ground(640, 480)
    new = old.copy()
    window = pictures.text(300, 200)
    old[150:350, 180:480] = window
    new[150 + dy : 350 + dy, 180 + dx : 480 + dx] = window
    place = Rect(180, 150, 300, 200)
    motion = found(old, new, [place, place.moved(dx, dy)])
    assert (dx, dy) in vectors(motion)
    uncovered = place.area - place.intersect(place.moved(dx, dy)).area
    assert area(motion) <= uncovered + 2 * (300 + 200) * 18


def test_two_windows_are_dragged() -> None:
    old = pictures.noise(640, 480)
    new = old.copy()
    page, photo = pictures.text(200, 200), pictures.gradient(640, 480)[:150, :220]
    photo = photo + pictures.noise(220, 150) // 64
    old[20:220, 30:230], old[250:400, 300:520] = page, photo
    new[27:227, 43:243], new[241:391, 330:550] = page, photo
    motion = found(old, new)
    assert vectors(motion) >= {(13, 7), (30, -9)}
    assert area(motion) <= 2 * 2 * 420 * 40


def test_two_windows_that_change_places() -> None:
    # Whichever is copied first overwrites where the other comes from, so only one can be.
    one, two = pictures.noise(208, 160), pictures.text(208, 160)
    old = np.concatenate((one, two), axis=1)
    motion = found(old, np.concatenate((two, one), axis=1))
    assert len(vectors(motion)) == 1
    assert area(motion) == 208 * 160


def test_what_did_not_move() -> None:
    noise = pictures.noise(400, 300)
    blocks = sent(noise)
    other = np.ascontiguousarray(noise[::-1, ::-1])
    assert blocks.find(other, [blocks.bounds]) is None
    assert blocks.look(other, [blocks.bounds]) == Motion([], [blocks.bounds])
    assert blocks.find(noise, [blocks.bounds]) is None
    assert blocks.look(noise, [blocks.bounds]) == Motion([], [])
    assert blocks.find(pictures.solid(400, 300), [blocks.bounds]) is None


def test_a_typed_character_is_a_small_rectangle() -> None:
    page = pictures.text(400, 300)
    blocks = sent(page)
    page[100:109, 203:210] ^= 90
    assert blocks.changed(page, [blocks.bounds]) == [Rect(192, 96, 32, 16)]
    assert blocks.changed(page, [Rect(200, 100, 12, 10)]) == [Rect(200, 100, 12, 10)]
    assert blocks.changed(page, [Rect(200, 100, 5, 10), Rect(205, 100, 7, 10)]) == [Rect(200, 100, 12, 10)]
    assert blocks.changed(page, [Rect(0, 0, 100, 300), Rect(-5, 400, 9, 9)]) == []
    blocks.commit(page, [Rect(200, 100, 12, 10)])
    assert blocks.changed(page, [blocks.bounds]) == []


def test_what_was_never_sent_or_forgotten_counts_whole() -> None:
    page = pictures.text(100, 90)
    blocks = SentBlocks(100, 90)
    assert blocks.changed(page, [Rect(20, 20, 5, 5), Rect(95, 85, 2, 2)]) == [
        Rect(16, 16, 16, 16),
        Rect(80, 80, 20, 10),
    ]
    blocks.commit(page, [blocks.bounds])
    blocks.forget([Rect(0, 0, 17, 1)])
    assert blocks.changed(page, [Rect(0, 0, 1, 1), Rect(40, 40, 9, 9)]) == [Rect(0, 0, 16, 16)]
    blocks.forget()
    assert blocks.changed(page, [blocks.bounds]) == [blocks.bounds]


def test_nothing_is_copied_from_where_nothing_is_known() -> None:
    page = pictures.text(400, 400)
    old, new = page[:300].copy(), page[17:317].copy()
    blocks = sent(old)
    blocks.forget([Rect(100, 100, 200, 100)])
    motion = blocks.find(new, [blocks.bounds])
    assert motion is not None
    old[96:208, 96:304] = 0  # those blocks
    check(old, new, motion)


def test_many_small_changes_are_told_in_tiles() -> None:
    page = pictures.solid(1024, 1024)
    blocks = sent(page)
    page[::32, ::32] ^= 1
    assert blocks.changed(page, [blocks.bounds]) == [blocks.bounds]
    assert len(blocks.changed(page, [Rect(0, 0, 200, 500)])) > 50


def test_another_size_is_refused() -> None:
    blocks = SentBlocks(100, 90)
    for call in (blocks.commit, blocks.changed, blocks.find):
        with pytest.raises(ValueError, match="100x90"):
            call(pictures.solid(90, 100), [blocks.bounds])


def test_copies_are_ordered() -> None:
    # Down by 20: the lower one has to go first.
    upper, lower = Move(0, 0, 10, 30, 0, 20), Move(0, 30, 10, 30, 0, 20)
    assert _in_order([upper, lower]) == [(Rect(0, 30, 10, 30), (0, 50)), (Rect(0, 0, 10, 30), (0, 20))]
    assert _in_order([]) == []
    # Round in a circle: the smallest stays out.
    circle = [Move(0, 0, 10, 10, 10, 0), Move(10, 0, 10, 10, 0, 10), Move(10, 10, 10, 9, -10, -10)]
    assert _in_order(circle) == [(Rect(10, 0, 10, 10), (10, 10)), (Rect(0, 0, 10, 10), (10, 0))]


@settings(max_examples=80)
@given(st.integers(1, 250), st.integers(1, 200), st.integers(0, 1 << 32))
def test_copies_and_the_rest_make_the_new_picture(width: int, height: int, seed: int) -> None:
    random = Random(seed)
    old = random.choice([pictures.noise, pictures.text, pictures.gradient])(width, height)
    new, damage = old.copy(), [Rect(0, 0, 0, 0)]
    for turn in range(random.randrange(5)):
        w, h = random.randint(1, width), random.randint(1, height)
        x, y, u, v = (random.randint(0, room) for room in (width - w, height - h, width - w, height - h))
        new[v : v + h, u : u + w] = old[y : y + h, x : x + w] if turn < 3 else pictures.noise(w, h)
        damage.append(Rect(u, v, w, h))
    blocks = sent(old)
    if random.random() < 0.2:
        hidden = Rect(random.randrange(width), random.randrange(height), 40, 40)
        blocks.forget([hidden])
        damage.append(hidden.intersect(blocks.bounds))
    motion = blocks.look(new, damage)
    check(old, new, motion)
    drawn = sum(rect.area for rect in blocks.changed(new, damage))
    assert area(motion) <= drawn
    blocks.commit(new, damage)
    assert blocks.look(new, [blocks.bounds]) == Motion([], [])
