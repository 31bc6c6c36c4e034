from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.codecs.plain import wavelet

if TYPE_CHECKING:
    from numpy.typing import NDArray


def noise(seed: int, highest: int) -> NDArray[np.int16]:
    return np.random.default_rng(seed).integers(-highest, highest, 4096, np.int16, endpoint=True)


def test_a_flat_plane_is_one_low_band() -> None:
    plane = np.full(4096, 100, np.int16)
    wavelet.split(plane)
    assert not plane[:4032].any()
    assert (plane[4032:] == 100).all()
    wavelet.do_differences(plane)
    assert plane[4032] == 100
    assert not plane[4033:].any()


def test_which_band_is_which() -> None:
    # Columns that alternate are all in HL1, rows in LH1, a chess board in HH1: 0 and 64 differ by 64, which is halved.
    columns = np.tile(np.array((0, 64), np.int16), 2048)
    rows = np.repeat(np.tile(np.array((0, 64), np.int16), 32), 64)
    for plane, band in ((columns, slice(0, 1024)), (rows, slice(1024, 2048))):
        wavelet.split(plane)
        assert (plane[band] == 32).all()
        plane[band] = 0
        assert not plane[:4032].any()


def test_a_step_of_the_document() -> None:
    # [MS-RDPRFX] 3.1.8.1.6.
    plane = np.zeros(4096, np.int16)
    plane[4032:4040] = 64, 32, 42, 54, 50, 60, 40, 70
    wavelet.do_differences(plane)
    assert plane[4032:4040].tolist() == [64, -32, 10, 12, -4, 10, -20, 30]
    wavelet.undo_differences(plane)
    assert plane[4032:4040].tolist() == [64, 32, 42, 54, 50, 60, 40, 70]


@pytest.mark.parametrize("highest", [1, 300, 4096])
def test_splitting_and_joining_lose_less_than_half_a_level_of_colour(highest: int) -> None:
    # A level is 32.  The high half of each of six steps is halved, and twice that misses the value by up to one.
    plane = noise(1, highest)
    copy = plane.copy()
    wavelet.split(copy)
    wavelet.join(copy)
    assert np.abs(copy.astype(np.int32) - plane).max() < 16


def test_means_do_not_wrap() -> None:
    plane = np.full(4096, -32768, np.int16)
    wavelet.split(plane)
    assert (plane[4032:] == -32768).all()
    assert not plane[:4032].any()
    wavelet.join(plane)
    assert (plane == -32768).all()


@given(st.integers(0, 99), st.lists(st.integers(6, 15), min_size=10, max_size=10))
def test_quantisation_misses_by_half_a_step(seed: int, factors: list[int]) -> None:
    plane = noise(seed, 8000)
    copy = plane.copy()
    wavelet.quantize(copy, factors)
    wavelet.dequantize(copy, factors)
    for (start, count), factor in zip(wavelet.BANDS, factors, strict=True):
        part = slice(start, start + count)
        assert np.abs(copy[part].astype(np.int32) - plane[part]).max() <= 1 << (factor - 2)


def test_a_factor_of_one_changes_nothing() -> None:
    plane = noise(3, 32767)
    copy = plane.copy()
    wavelet.quantize(copy, [1] * 10)
    assert (copy == plane).all()
    wavelet.dequantize(copy, [1] * 10)
    assert (copy == plane).all()
