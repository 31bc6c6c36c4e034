from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from trio_rdp.codecs import color
from trio_rdp.codecs.avc_library import import_av, planes_of
from trio_rdp.codecs.avc_units import BitReader, frame_number_bits, split_units
from trio_rdp.codecs.avc_views import Interleaver
from trio_rdp.codecs.avc_x264 import X264
from trio_rdp.codecs.view import View

pytest.importorskip("av")

WIDTH, HEIGHT = 64, 96


def pictures(view: int, count: int) -> list[NDArray[np.uint8]]:
    """Grey pictures, each a little other than the one before, those of each view nothing like the other's."""
    blocks = np.random.default_rng(view).integers(40, 220, (HEIGHT // 4, WIDTH // 4, 1), np.uint8)
    still = blocks.repeat(4, 0).repeat(4, 1).repeat(4, 2)
    return [np.ascontiguousarray(np.roll(still, 3 * number, 1)) for number in range(count)]


def encoders(threads: int = 1) -> list[X264]:
    return [
        X264(WIDTH, HEIGHT, threads=threads, preset="superfast", parameters=Interleaver.PARAMETERS) for _ in range(2)
    ]


def shown(data: list[bytes]) -> list[NDArray[np.uint8]]:
    """What FFmpeg makes of a stream, luma only; every picture comes at once and without complaints."""
    av = import_av()
    context = av.CodecContext.create("h264", "r")
    context.options = {"flags": "low_delay", "err_detect": "explode"}
    found = []
    for unit in data:
        packet = av.Packet(len(unit))
        packet.update(unit)
        (frame,) = context.decode(packet)
        plane = frame.planes[0]
        found.append(np.frombuffer(plane, np.uint8).reshape(HEIGHT, -1)[:, :WIDTH].copy())
    return found


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 1), st.booleans()), min_size=1, max_size=40), st.sampled_from((1, 3)))
def test_views_in_any_order(order: list[tuple[int, bool]], threads: int) -> None:
    """A list of views; a second number says whether the stream begins anew."""
    sources = [pictures(view, len(order)) for view in range(2)]
    streams, interleaver = encoders(threads), Interleaver()
    known: set[int] = set()
    data, expected = [], []
    for number, (view, anew) in enumerate(order):
        begins = anew or not known
        if begins:
            known = set()
        picture = sources[view][number]
        color.split_yuv(View.of(picture), planes_of(streams[view].frame))
        unit, _ = streams[view].encode(20, 1 << 20, alone=view not in known)
        data.append(interleaver.add(unit, view, alone=begins))
        known.add(view)
        expected.append(picture[..., 0])
    for one, other in zip(shown(data), expected, strict=True):
        # Close to the picture, whatever it was predicted from.
        assert np.abs(one.astype(int) - other).mean() < 3


def test_what_did_not_change_costs_next_to_nothing() -> None:
    streams, interleaver = encoders(), Interleaver()
    sizes = []
    for number in range(6):
        for view in range(2):
            color.split_yuv(View.of(pictures(view, 1)[0]), planes_of(streams[view].frame))
            unit, _ = streams[view].encode(20, 1 << 20, alone=number == 0)
            sizes.append(len(interleaver.add(unit, view, alone=number + view == 0)))
    assert min(sizes[:2]) > 500
    assert max(sizes[4:]) < 60


def test_only_the_first_has_parameter_sets() -> None:
    streams, interleaver = encoders(), Interleaver()
    kinds = []
    for number in range(4):
        unit, _ = streams[number % 2].encode(20, 1 << 20, alone=number < 2)
        kinds.append([part[0] & 31 for part in split_units(interleaver.add(unit, number % 2, alone=number == 0))])
    assert kinds == [[7, 8, 5], [1], [1], [1]]


def test_pictures_refer_to_the_last_of_their_view_by_its_number() -> None:
    streams, interleaver = encoders(), Interleaver()
    found = []
    for number, view in enumerate((0, 1, 0, 1, 1, 0)):
        unit, _ = streams[view].encode(20, 1 << 20, alone=number < 2)
        for part in split_units(interleaver.add(unit, view, alone=number == 0)):
            if part[0] & 31 == 7:
                assert frame_number_bits(part) == 16
            if part[0] & 31 == 1:
                found.append(_references(part))
    # Nothing of the first auxiliary picture; then the second last one, the last one, which is forgotten, and the fourth
    # last one.  No picture is a long-term reference.
    assert found == [(1, None, None), (2, 2, None), (3, 2, None), (4, None, 1), (5, 3, None)]


def _references(unit: bytes) -> tuple[int, int | None, int | None]:
    """The number of a picture, how far back the one is that it refers to first, and the one that is forgotten."""
    bits, back, gone = BitReader(unit, 64), None, None
    bits.number()
    kind = bits.number() % 5
    bits.number()
    number = bits.take(16)
    if kind == 0:
        assert not bits.take(1)
        if bits.take(1):
            assert bits.number() == 0  # a short-term reference
            back = bits.number() + 1
            assert bits.number() == 3
    if bits.take(1):
        assert bits.number() == 1  # a short-term reference
        gone = bits.number() + 1
        assert bits.number() == 0
    return number, back, gone


def test_what_is_too_long_ago_is_not_referred_to() -> None:
    streams, interleaver = encoders(), Interleaver()
    assert not interleaver.knows(0)
    for view in range(2):
        interleaver.add(streams[view].encode(20, 1 << 20, alone=True)[0], view, alone=view == 0)
    assert interleaver.knows(0)
    interleaver._since_key += 40_000
    assert not interleaver.knows(0)


def test_slices_that_were_made_otherwise_are_refused() -> None:
    # Five reference pictures of libx264's own choice, whose slices reorder them sooner or later: not understood.
    with pytest.raises(ValueError, match=r"manages|cut off|without an end|neither"):
        Interleaver().add(b"\0\0\0\1\x41\xff\xff\xff\xff", 0, alone=False)
