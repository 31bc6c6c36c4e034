from __future__ import annotations

import pytest

from trio_rdp.codecs import status
from trio_rdp.wire.errors import DecodeError, InvalidField, Truncated


def test_a_count_comes_back() -> None:
    assert status.check(0, "Pdu") == 0
    assert status.check(7, "Pdu") == 7


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (status.TRUNCATED, Truncated),
        (status.OVERRUN, InvalidField),
        (status.INVALID, InvalidField),
        (status.NO_MEMORY, MemoryError),
    ],
)
def test_a_status_raises(value: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        status.check(value, "Pdu")


@pytest.mark.parametrize(("width", "height"), [(0, 1), (1, 0), (-1, 5), (65535, 65535), (status.MAX_PIXELS, 2)])
def test_absurd_sizes_are_refused_before_anything_is_allocated(width: int, height: int) -> None:
    with pytest.raises(DecodeError):
        status.check_size(width, height, "Pdu")


def test_an_8k_frame_passes() -> None:
    status.check_size(7680, 4320, "Pdu")
