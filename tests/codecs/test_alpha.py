from __future__ import annotations

import random
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.codecs.twins import twins
from trio_rdp.codecs import alpha
from trio_rdp.codecs.view import View
from trio_rdp.wire.errors import DecodeError, InvalidField, Truncated


@pytest.fixture(params=twins("alpha"), autouse=True)
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module: ModuleType = request.param
    monkeypatch.setattr(alpha, "kernel", module)
    return module


def decode(stream: str, width: int, height: int) -> bytes:
    surface = bytearray(b"\x11" * (width * height * 4))
    alpha.decompress_into(bytes.fromhex(stream), View.whole(surface, width, height), width, height)
    assert not surface.translate(None, b"\x11")[width * height :]
    return bytes(surface[3::4])


def picture(values: bytes) -> bytes:
    return b"".join(bytes((1, 2, 3, value)) for value in values)


def test_raw() -> None:
    # alphaSig "LA", compressed 0, then the values from the top left.
    stream = "4c41 0000 01 02 03 04 05 06"
    assert decode(stream, 3, 2) == bytes((1, 2, 3, 4, 5, 6))
    assert alpha.compress(View.whole(picture(bytes((1, 2, 3, 4, 5, 6))), 3, 2)) == bytes.fromhex(stream)


def test_runs() -> None:
    stream = (
        "4c41 0100"
        "ff 03"  # runLengthFactor1
        "80 fe"
        "00 ff ff00"  # runLengthFactor2: 255
        "40 ff e803"  # 1,000
        "ff ffffff 00000100"  # runLengthFactor3: 65,536
    )
    expected = b"\xff" * 3 + b"\x80" * 254 + bytes(255) + b"\x40" * 1000 + b"\xff" * 65536
    assert decode(stream, len(expected), 1) == expected
    assert alpha.compress(View.whole(picture(expected), len(expected), 1)) == bytes.fromhex(stream)


@pytest.mark.parametrize(
    "stream", ["4c41 0100 07 06", "4c41 ffff 07 06", "4c41 0001 07 ff 0600", "4c41 0100 09 00 07 06"]
)
def test_any_form_of_runs(stream: str) -> None:
    assert decode(stream, 2, 3) == b"\7" * 6
    assert decode(stream + "00", 3, 2) == b"\7" * 6


@pytest.mark.parametrize(
    ("stream", "error"),
    [
        ("", Truncated),
        ("4c41 00", Truncated),
        ("414c 0000 01 02 03 04 05 06", InvalidField),
        ("4c41 0000 01 02 03 04 05", Truncated),
        ("4c41 0100", Truncated),
        ("4c41 0100 07 05 07", Truncated),
        ("4c41 0100 07 ff 06", Truncated),
        ("4c41 0100 07 ff ffff 060000", Truncated),
        ("4c41 0100 07 05", Truncated),
        ("4c41 0100 07 07", InvalidField),
        ("4c41 0100 07 05 08 02", InvalidField),
        ("4c41 0100 07 ff ffff ffffffff", InvalidField),
    ],
)
def test_streams_that_cannot_be(stream: str, error: type[DecodeError]) -> None:
    surface = bytearray(24)
    with pytest.raises(error):
        alpha.decompress_into(bytes.fromhex(stream), View.whole(surface, 3, 2), 3, 2)
    assert surface == bytes(24)


def test_drawing_is_clipped() -> None:
    for values in (bytes(range(12)), bytes((5, 5, 5, 5, 5, 5, 5, 5, 5, 6, 6, 6))):
        stream = alpha.compress(View.whole(picture(values), 4, 3))
        surface = bytearray(20 * 4)
        alpha.decompress_into(stream, View(surface, 20, 1, 1, 3, 2), 4, 3)
        expected = bytearray(20 * 4)
        for row in range(2):
            expected[20 * (row + 1) + 7 : 20 * (row + 1) + 16 : 4] = values[row * 4 : row * 4 + 3]
        assert surface == expected
        alpha.decompress_into(stream, View(surface, 20, 0, 0, 0, 2), 4, 3)
        assert surface == expected


@given(
    st.lists(st.tuples(st.integers(0, 255), st.integers(1, 300) | st.just(7000)), min_size=1, max_size=12)
    | st.integers(1, 40_000),
    st.integers(1, 200),
    st.integers(0, 5),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
def test_nothing_is_lost(runs: list[tuple[int, int]] | int, width: int, place: int) -> None:
    if isinstance(runs, int):
        values = random.Random(runs).randbytes(runs)
    else:
        values = b"".join(bytes((value,)) * count for value, count in runs)
    height = -(-len(values) // width)
    values = values.ljust(width * height, b"\7")
    stride = (width + place) * 4 + place
    surface = bytearray(random.Random(1).randbytes(stride * (height + place)))
    for row in range(height):
        start = (row + place) * stride + place * 4
        surface[start + 3 : start + 4 * width : 4] = values[row * width : (row + 1) * width]
    stream = alpha.compress(View(surface, stride, place, place, width, height))
    assert len(stream) <= 4 + width * height
    blank = bytearray(width * height * 4)
    alpha.decompress_into(stream, View.whole(blank, width, height), width, height)
    assert blank[3::4] == values
    other = bytearray(surface)
    other[3::4] = bytes(len(other[3::4]))
    if not stride % 4:
        alpha.decompress_into(stream, View(other, stride, place, place, width, height), width, height)
        assert (
            other[(place + height - 1) * stride + place * 4 :][: width * 4]
            == surface[(place + height - 1) * stride + place * 4 :][: width * 4]
        )


def test_places_outside_are_refused() -> None:
    with pytest.raises(ValueError, match="surface"):
        alpha.decompress_into(bytes.fromhex("4c41 0100 07 01"), View(bytearray(4), 4, 1, 0, 1, 1), 1, 1)
    with pytest.raises(ValueError, match="surface"):
        alpha.compress(View(bytes(16), 8, 1, 1, 2, 2))
    with pytest.raises(DecodeError):
        alpha.decompress_into(b"", View(bytearray(4), 4, 0, 0, 1, 1), 65535, 65535)
