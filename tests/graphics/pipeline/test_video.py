"""Areas of video come, stay, grow and go."""

from __future__ import annotations

import numpy as np
import pytest

from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline import video
from trio_rdp.graphics.pipeline.areas import block_span, tile_span
from trio_rdp.graphics.pipeline.video import MOST_AREAS, VideoArea, VideoAreas

BOUNDS = Rect(0, 0, 1280, 720)


class Watched:
    """Areas, and what they are told of rectangles that change."""

    def __init__(self) -> None:
        self.areas = VideoAreas(BOUNDS)
        self.touched = np.full((45, 80), -np.inf)
        self.now = 10.0

    def change(self, *rects: Rect, photos: bool = True, after: float = 0.04) -> list[VideoArea]:
        self.now += after
        changed = np.zeros((45, 80), np.bool_)
        tiles = np.zeros((12, 20), np.bool_)
        for rect in rects:
            changed[block_span(rect)] = True
            tiles[tile_span(rect)] = True
        ended = self.areas.update(changed, self.touched, tiles, tiles & photos, rects, self.now)
        self.touched[changed] = self.now
        return ended

    @property
    def rects(self) -> list[Rect]:
        return [area.rect for area in self.areas.areas]


def test_four_changes_within_a_second_make_a_video() -> None:
    watched, film = Watched(), Rect(101, 57, 320, 240)
    for _ in range(3):
        watched.change(film)
    assert watched.rects == []
    watched.change(film)
    assert watched.rects == [film.aligned(16)]
    first = watched.areas.areas[0]
    for _ in range(100):
        watched.change(film)
    assert watched.areas.areas == [first]
    assert not first.is_main


def test_narrow_strips_do_not() -> None:
    watched = Watched()
    for _ in range(10):
        watched.change(Rect(64, 64, 1152, 32))
        watched.change(Rect(640, 160, 32, 512))
    assert watched.rects == []


def test_none_is_larger_than_clients_decode(monkeypatch: pytest.MonkeyPatch) -> None:
    # A desktop of 5K is more than level 5.1 of H.264 has; here it is one of 720p.
    monkeypatch.setattr(video, "_MOST_PIXELS", 1000 * 700)
    watched, film = Watched(), Rect(64, 64, 640, 512)
    for _ in range(8):
        watched.change(BOUNDS)
    assert watched.rects == []
    watched.now += 5.0
    for _ in range(8):
        watched.change(film)
    assert watched.rects == [film]
    for _ in range(8):
        watched.change(film, Rect(704, 64, 512, 640))
    assert watched.rects == [film]
    # Nearly all of the desktop, of which the whole would be too much.
    monkeypatch.setattr(video, "_MOST_PIXELS", 1280 * 600)
    watched = Watched()
    for _ in range(8):
        watched.change(Rect(0, 0, 1280, 576))
    assert watched.rects == [Rect(0, 0, 1280, 576)]
    assert not watched.areas.areas[0].is_main


def test_slow_changes_text_and_small_ones_do_not() -> None:
    watched = Watched()
    for _ in range(10):
        watched.change(Rect(64, 64, 320, 240), after=0.4)
        watched.change(Rect(640, 64, 320, 240), photos=False, after=0.01)
        watched.change(Rect(640, 512, 100, 64), after=0.01)
    assert watched.rects == []


def test_nearly_everything_is_the_desktop_itself() -> None:
    watched = Watched()
    for _ in range(5):
        watched.change(Rect(0, 0, 1280, 640))
    assert watched.rects == [BOUNDS]
    assert watched.areas.areas[0].is_main


def test_a_video_ends_when_it_stands_still() -> None:
    watched, film = Watched(), Rect(128, 128, 320, 256)
    for _ in range(5):
        watched.change(film)
    assert watched.areas.expire(watched.now + 0.5) == []
    (ended,) = watched.areas.expire(watched.now + 1.0)
    assert ended.rect == film
    assert watched.rects == []
    for _ in range(5):
        watched.change(film)
    assert [area.rect for area in watched.change(Rect(1000, 600, 64, 64), after=1.5)] == [film]


def test_a_video_ends_when_text_is_there_instead() -> None:
    watched, film = Watched(), Rect(128, 128, 320, 256)
    for _ in range(5):
        watched.change(film)
    ended = [area for _ in range(10) for area in watched.change(film, photos=False)]
    assert len(ended) == 1


def test_a_video_grows_and_shrinks() -> None:
    watched = Watched()
    for _ in range(6):
        watched.change(Rect(128, 128, 320, 256))
    ended = [area for _ in range(6) for area in watched.change(Rect(128, 128, 448, 320))]
    assert [area.rect for area in ended] == [Rect(128, 128, 320, 256)]
    assert watched.rects == [Rect(128, 128, 448, 320)]
    for _ in range(200):
        watched.change(Rect(128, 128, 192, 192))
    assert watched.rects == [Rect(128, 128, 192, 192)]


def test_what_comes_in_parts_is_one_video() -> None:
    watched = Watched()
    for top in (0, 128, 256):
        for _ in range(5):
            watched.change(Rect(128, top, 640, 128), after=0.01)
    assert watched.rects == [Rect(128, 0, 640, 384)]


def test_one_at_a_time() -> None:
    watched = Watched()
    watched.areas = VideoAreas(BOUNDS, 1, apart=True)
    for _ in range(6):
        watched.change(Rect(0, 0, 192, 192), Rect(768, 0, 192, 192))
    assert len(watched.rects) == 1
    for _ in range(6):
        watched.change(BOUNDS)
    assert watched.rects == [BOUNDS]
    assert not watched.areas.areas[0].is_main
    assert watched.areas.main(watched.now) is watched.areas.areas[0]


def test_there_are_few_at_a_time() -> None:
    watched = Watched()
    films = [Rect(x, y, 192, 192) for y in (0, 320) for x in (0, 384, 768)]
    for _ in range(6):
        watched.change(*films)
    assert len(watched.rects) == MOST_AREAS
    assert len({area.key for area in watched.areas.areas}) == MOST_AREAS
    assert len(watched.areas.clear()) == MOST_AREAS
    watched.change(*films)
    assert watched.rects == []


def test_the_desktop_may_be_asked_for() -> None:
    areas = VideoAreas(BOUNDS)
    main = areas.main(1.0)
    assert main.rect == BOUNDS
    assert areas.main(2.0) is main
