from __future__ import annotations

import sys

import numpy as np
import pytest

from trio_rdp.codecs.avc_library import planes_of
from trio_rdp.codecs.avc_units import split_units
from trio_rdp.codecs.avc_x264 import COARSEST, FINEST, LEAST, MOST, X264

pytest.importorskip("av")


def draw(encoder: X264, seed: int) -> None:
    """Noise, in blocks of two by two."""
    planes = planes_of(encoder.frame)
    blocks = np.random.default_rng(seed).integers(0, 256, (planes.height // 2, planes.y_stride // 2), np.uint8)
    np.frombuffer(planes.y, np.uint8)[:] = blocks.repeat(2, 0).repeat(2, 1).reshape(-1)
    for plane in (planes.u, planes.v):
        np.frombuffer(plane, np.uint8)[:] = 128


def make(preset: str = "superfast") -> X264:
    return X264(160, 128, threads=1, preset=preset)


@pytest.mark.parametrize("preset", ["ultrafast", "superfast", "veryfast"])
def test_quality_is_what_was_asked_for(preset: str) -> None:
    encoder = make(preset)
    sizes = []
    for number, qp in enumerate((FINEST, 30, COARSEST, 20)):
        draw(encoder, number)
        data, had = encoder.encode(qp, MOST, alone=number == 0)
        # The first picture may be a little coarser.
        assert qp <= had <= (qp if number else qp + 4)
        sizes.append(len(data))
    assert sizes[0] > sizes[3] > sizes[1] > sizes[2]


@pytest.mark.parametrize("first", [1 << 20, 50_000])
def test_room_is_kept_to(first: int) -> None:
    # Not even that of the first picture need be what the encoder was made for.
    encoder = make()
    for number, most in enumerate((first, first, 8_000, 8_000, 4_000, 4_000, 2_500)):
        draw(encoder, number)
        data, had = encoder.encode(15, most, alone=number in (0, 3))
        assert len(data) <= most or most == first
        assert (had > 15) == (most != first)


def test_room_comes_back_by_and_by() -> None:
    encoder = make()
    sizes = []
    for number in range(20):
        draw(encoder, number)
        data, had = encoder.encode(15, MOST if number > 2 else LEAST * 4, alone=number == 0)
        sizes.append(len(data))
    assert sizes[2] < LEAST * 4
    assert sizes[-1] > 12_000
    assert had == 15


@pytest.mark.parametrize("size", [(16, 16), (4096, 16), (16, 4096), (720, 576)])
def test_any_size_has_a_level(size: tuple[int, int]) -> None:
    assert X264(*size, threads=1, preset="ultrafast").encode(40, 1 << 20, alone=True)[0]


def test_pictures_of_4k_have_the_highest_level_that_windows_decodes() -> None:
    data, _ = X264(3840, 2160, threads=1, preset="ultrafast").encode(51, 1 << 20, alone=True)
    (parameters,) = (unit for unit in split_units(data) if unit[0] & 31 == 7)
    assert parameters[3] == 51


def test_an_older_pyav_does_not_say_how_coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    from trio_rdp.codecs import avc_x264

    assert avc_x264._coarseness(object()) == 0
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ModuleNotFoundError, match=r"trio-rdp\[h264\]"):
        make()
