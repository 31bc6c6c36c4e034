from __future__ import annotations

import numpy as np
import pytest

from trio_rdp.codecs.plain import extrapolate


def samples(seed: int, most: int) -> np.ndarray[tuple[int, int], np.dtype[np.int16]]:
    return np.random.RandomState(seed).randint(-most, most + 1, (64, 64)).astype(np.int16)


def test_a_constant_is_in_the_last_band_alone() -> None:
    plane = extrapolate.split(np.full((64, 64), 320, np.int16))
    assert not plane[: extrapolate.BANDS[9]].any()
    assert (plane[extrapolate.BANDS[9] :] == 320).all()
    assert (extrapolate.join(plane) == 320).all()


def test_a_slope_has_no_high_samples_and_goes_on_beyond_the_edge() -> None:
    slope = np.broadcast_to(np.arange(64, dtype=np.int16) * 32, (64, 64))
    plane = extrapolate.split(slope)
    assert not plane[: extrapolate.BANDS[9]].any()
    # Nine samples of each row, eight pixels apart; the ninth is that of the 65th pixel.
    assert plane[extrapolate.BANDS[9] :].reshape(9, 9).tolist() == [[256 * n for n in range(9)]] * 9
    assert (extrapolate.join(plane) == slope).all()


@pytest.mark.parametrize(("most", "error"), [(40, 8), (1000, 8), (4000, 8)])
def test_what_is_split_is_joined_again(most: int, error: int) -> None:
    # High samples are halved; what is lost is a fraction of one grey level, which is 32.
    before = samples(most, most)
    after = extrapolate.join(extrapolate.split(before))
    assert np.abs(before.astype(int) - after).max() <= error


def test_the_extrapolated_corner_is_clamped_rather_than_wrapped() -> None:
    board = ((np.indices((64, 64)).sum(0) & 1) * 8190 - 4095).astype(np.int16)
    after = extrapolate.join(extrapolate.split(board))
    error = np.abs(board.astype(int) - after)
    assert error[:62, :62].max() <= 8
    assert error.max() <= 4095
