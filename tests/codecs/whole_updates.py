"""What holds of every codec that takes the bitmaps of an update at once, whatever codec it is."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from types import ModuleType

import numpy as np
import pytest
from hypothesis import strategies as st

from tests.codecs.pictures import BGRX, noise, solid, text
from tests.codecs.twins import pair
from trio_rdp.codecs.view import Place, View
from trio_rdp.wire.errors import DecodeError

PLACES: list[Place] = [  # x, y, shown width and height, width and height
    (0, 0, 16, 12, 16, 12),
    (10, 5, 9, 20, 16, 12),  # over the first; narrower than it is
    (2, 1, 16, 2, 16, 5),  # over both; lower than it is
    (33, 22, 16, 12, 16, 12),  # clipped at the right and at the bottom
    (40, 0, 16, 12, 16, 12),  # outside at the right
    (0, 30, 16, 12, 16, 12),  # outside at the bottom
    (20, 0, 0, 12, 16, 12),  # nothing of it is shown
    (20, 0, 16, 0, 16, 12),
    (20, 9, 300, 300, 3, 7),
]


def decodes_as_one_by_one(face: ModuleType, encode: Callable[[View], bytes], **options: bool) -> None:
    """Places over each other, clipped, outside; each bitmap is another."""
    bitmaps = [encode(View.of(noise(width + i, height), width=width)) for i, (*_, width, height) in enumerate(PLACES)]
    once, singly = noise(50, 40), noise(50, 40)
    face.decompress_all(bitmaps, PLACES, View.of(once, 4, 3, 40, 30), **options)
    view = View.of(singly, 4, 3, 40, 30)
    for data, (x, y, shown_width, shown_height, width, height) in zip(bitmaps, PLACES, strict=True):
        face.decompress_into(data, view.part(x, y, shown_width, shown_height), width, height, **options)
    assert np.array_equal(once, singly)
    assert not np.array_equal(once[3:33, 4:44], noise(50, 40)[3:33, 4:44])
    face.decompress_all([], [], View.of(once))
    assert np.array_equal(once, singly)


def draws_those_before_the_faulty_one(face: ModuleType, faults: Sequence[tuple[bytes, type[DecodeError]]]) -> None:
    """Faulty bitmaps of one pixel, which are found when they are not seen, too."""
    good, out = _pixel(face), np.zeros((1, 4, 4), np.uint8)
    for fault, error in faults:
        for shown in (0, 1):
            out[:] = 7
            places = [(0, 0, 1, 1, 1, 1), (1, 0, shown, 1, 1, 1), (2, 0, 1, 1, 1, 1)]
            with pytest.raises(error):
                face.decompress_all([good, fault, good], places, View.of(out))
            assert out[0, :, 3].tolist() == [255, 7, 7, 7]
    for size in ((0, 1), (1, 0), (-1, -1), (65535, 65535)):
        out[:] = 7
        with pytest.raises(DecodeError, match=f"a bitmap of {size[0]} x {size[1]} pixels"):
            face.decompress_all([good, good], [(0, 0, 1, 1, 1, 1), (1, 0, 1, 1, *size)], View.of(out))
        assert (out[0, 1:] == 7).all()


def refuses_places_that_cannot_be(face: ModuleType) -> None:
    """Whatever it is, nothing is drawn before it is noticed."""
    good, out = _pixel(face), np.zeros((2, 4, 4), np.uint8)
    place = (0, 0, 1, 1, 1, 1)
    cases: list[tuple[list[bytes], list[Place], View]] = [
        ([good], [], View.of(out)),
        ([], [place], View.of(out)),
        ([good], [place, place], View.of(out)),
        ([good], [place], View(out.reshape(-1), 16, 1, 0, 4, 2)),
        ([good], [place], View(out.reshape(-1), 16, 0, 0, 4, 3)),
        ([good, good], [place, (1 << 31, 0, 1, 1, 1, 1)], View.of(out)),
    ]
    for column in range(4):
        wrong = [-1 if column == number else value for number, value in enumerate(place)]
        cases.append(([good, good], [place, (*wrong,)], View.of(out)))  # type: ignore[list-item]
    for bitmaps, places, view in cases:
        with pytest.raises(ValueError, match=r"place|surface"):
            face.decompress_all(bitmaps, places, view)
        assert not out.any()
    with pytest.raises(TypeError):
        face.decompress_all([good, bytearray(good)], [place, place], View.of(out))
    assert not out.any()


def encodes_as_one_by_one(face: ModuleType, **options: int) -> None:
    """Rectangles over each other and of one pixel; more than is kept at once, of which one alone is more than that."""
    view = View.of(np.concatenate((text(70, 60), noise(70, 40))), 2, 3, 64, 96)
    rects = [(0, 0, 64, 64), (3, 5, 1, 1), (0, 0, 7, 96), (40, 59, 21, 9), (0, 0, 64, 64), (63, 95, 1, 1)]
    _encodes_alike(face, view, rects, **options)
    assert face.compress_all(view, [], **options) == []


def encodes_more_than_is_kept_at_once(face: ModuleType, **options: int) -> None:
    """Some rectangles together, and one alone, are more than is encoded in one stretch."""
    surface = solid(600, 600)
    surface[::3, ::5] = 9
    _encodes_alike(face, View.of(surface), [(0, 0, 400, 300), (1, 1, 599, 599), *[(3, 2, 300, 200)] * 5], **options)


def _encodes_alike(face: ModuleType, view: View, rects: list[tuple[int, int, int, int]], **options: int) -> None:
    expected = [face.compress(view.part(*rect), **options) for rect in rects]
    assert face.compress_all(view, rects, **options) == expected


def refuses_rectangles_that_cannot_be(face: ModuleType) -> None:
    """Empty, outside, absurd; and a view outside its surface."""
    surface = np.zeros((4, 6, 4), np.uint8)
    wrong = [(0, 0, 0, 1), (0, 0, 1, 0), (0, 0, -1, 1), (-1, 0, 1, 1), (0, -1, 1, 1), (3, 0, 2, 1), (0, 2, 1, 1)]
    for rect in (*wrong, (1 << 31, 0, 1, 1), (0, 0, (1 << 31) - 1, (1 << 31) - 1)):
        with pytest.raises(ValueError, match=r"place|rectangle|bitmap"):
            face.compress_all(View.of(surface, 1, 1, 4, 2), [(0, 0, 1, 1), rect])
    with pytest.raises(ValueError, match="surface"):
        face.compress_all(View(surface.reshape(-1), 24, 1, 0, 6, 4), [(0, 0, 1, 1)])


def refuses_tables_that_cannot_be(kernel: ModuleType, decoding: tuple[bool, ...], encoding: tuple[int, ...]) -> None:
    """What no face makes: rows that are cut off."""
    for size in (0, 1, 5, 7, 11):
        with pytest.raises(ValueError, match=r"table|places"):
            kernel.decode_all([b"", b""], array("i", range(size)), bytearray(4), 4, 0, 0, 1, 1, *decoding)
    for size in (1, 3, 5):
        with pytest.raises(ValueError, match=r"table|rectangle|bitmap"):
            kernel.encode_all(bytes(4), 4, 0, 0, 1, 1, array("i", (0, 0, 1, 1, 0)[:size]), *encoding)


def _pixel(face: ModuleType) -> bytes:
    data: bytes = face.compress(View.whole(b"\x50\x50\x50\xff", 1, 1))
    return data


# ---------------------------------------------------------------------------------------------------------- twins

SIDES = st.integers(1, 9)
ROWS = st.tuples(*[st.integers(0, 22)] * 2, *[st.integers(0, 12)] * 2, SIDES, SIDES)
WRONG_ROWS = st.tuples(*[st.integers(-1, 22)] * 4, st.integers(-1, 9), st.integers(-1, 9))
RECTANGLES = st.lists(st.tuples(*[st.integers(-1, 9)] * 4), max_size=3) | st.lists(
    st.tuples(*[st.integers(0, 9)] * 2, SIDES, SIDES), max_size=6
)


def decode_alike(
    name: str, bitmaps: list[bytes], rows: Sequence[Sequence[int]], *options: bool, torn: bool = False
) -> int:
    """Decode with both forms, which must draw and answer the same, or refuse it both: the count or status, or -99.

    What a faulty bitmap leaves may differ where a codec says that it may be `torn`.
    """
    table = array("i", [value for row in rows for value in row])
    surfaces, answers = [], []
    for kernel in pair(name):
        surface = bytearray(b"\x5a" * 96 * 24)
        try:
            answers.append(kernel.decode_all(bitmaps, table, surface, 96, 2, 1, 20, 20, *options))
        except ValueError:
            answers.append(-99)
        surfaces.append(surface)
    assert answers[0] == answers[1]
    assert surfaces[0] == surfaces[1] or (torn and answers[0] < 0)
    for surface in surfaces:
        beside = np.frombuffer(surface, np.uint32).reshape(24, 24).copy()
        beside[1:21, 2:22] = 0x5A5A5A5A
        assert (beside == 0x5A5A5A5A).all()
    answer: int = answers[0]
    return answer


def encode_alike(name: str, picture: BGRX, rows: Sequence[Sequence[int]], *options: int) -> None:
    """Encode rectangles of a view of 10 by 10 pixels with both forms, which must give or refuse the same."""
    table = array("i", [value for row in rows for value in row])
    answers: list[list[bytes] | None] = []
    for kernel in pair(name):
        try:
            answers.append(kernel.encode_all(*View.of(picture, 1, 2, 10, 10), table, *options))
        except ValueError:
            answers.append(None)
    assert answers[0] == answers[1]
