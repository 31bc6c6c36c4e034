from __future__ import annotations

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.rdpsnd.settings import NO_PITCH_CHANGE, Pitch, Volume
from trio_rdp.wire.errors import EncodeError


def test_volume() -> None:
    raw = bytes.fromhex("03 00 0400 ff7f 0080")  # header, the left channel, the right channel
    value = Volume.of(0x7FFF, 0x8000)
    same(raw, value)
    assert (value.left, value.right) == (0x7FFF, 0x8000)
    every_truncation_raises(Volume, raw)


@pytest.mark.parametrize(("left", "right"), [(-1, 0), (0, -1), (0x10000, 0), (0, 0x10000)])
def test_a_volume_that_is_none(left: int, right: int) -> None:
    with pytest.raises(EncodeError, match=f"a volume of {left} and {right}"):
        Volume.of(left, right)


def test_pitch() -> None:
    raw = bytes.fromhex("04 00 0400 0000 0100")  # header, what is behind the point, what is before it
    same(raw, Pitch(pitch=NO_PITCH_CHANGE))
    every_truncation_raises(Pitch, raw)
