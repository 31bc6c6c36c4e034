"""The plain twin and the compiled kernel give the same, bit by bit, whatever they are given."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.codecs.twins import pair, twins

WIDTH, HEIGHT, STRIDE = 100, 70, 440
INDICES = bytes((0, 1, 2))
FACTORS = st.lists(st.integers(6, 15), min_size=30, max_size=30).map(bytes)
BITS = st.lists(st.integers(0, 6), min_size=30, max_size=30).map(bytes)


def picture(seed: int, kind: str) -> bytes:
    """A surface of 440 x 72 bytes: noise, or a slope with a little of it, or one colour."""
    random = np.random.RandomState(seed)
    if kind == "noise":
        return random.bytes(STRIDE * 72)
    rows, columns = np.indices((72, STRIDE))
    values = rows * 2 + columns // 3 + random.randint(0, 9, rows.shape) if kind == "slope" else rows * 0 + seed
    return values.astype(np.uint8).tobytes()


KINDS = st.sampled_from(("noise", "slope", "flat"))


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 255), KINDS), min_size=1, max_size=3),
    FACTORS,
    st.lists(BITS, min_size=2, max_size=2),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_encoding_agrees(
    pictures: list[tuple[int, str]], factors: bytes, passes: list[bytes], wide: bool, whole: bool, differences: bool
) -> None:
    first, second = (bytes(map(max, *passes)), bytes(map(min, *passes)))
    answers = []
    for form in pair("progressive_encode"):
        sent, said = form.Sent(WIDTH, HEIGHT), []
        for seed, kind in pictures:
            tiles, bits = struct.pack("=4i", 3, 0, 1, 2), b"" if whole else first
            source = (picture(seed, kind), STRIDE, 5, 1, WIDTH, HEIGHT, tiles, factors, INDICES, bits)
            said.append(form.encode(*source, 7, wide, sent, True, differences))
            for left, some, keep in ((second, tiles[:8], True), (bytes(30), tiles, differences)):
                if not whole:
                    said.append(form.upgrade(some, INDICES, left, 9, sent, keep))
        answers.append(said)
    assert answers[0] == answers[1]


@settings(max_examples=15)
@given(st.lists(st.integers(-40, 40) | st.integers(-4096, 4095), min_size=50, max_size=50), st.integers(1, 400))
def test_the_transform_agrees(values: list[int], step: int) -> None:
    plain, compiled = pair("progressive_encode")
    plane = struct.pack("=4096h", *(values[i * step // 7 % 50] for i in range(4096)))
    assert plain.split(plane) == compiled.split(plane)


@given(
    st.integers(1, 8).flatmap(lambda n: st.tuples(st.lists(st.integers(1 - 2**n, 2**n - 1) | st.just(0)), st.just(n)))
)
def test_runs_agree(elements: tuple[list[int], int]) -> None:
    plain, compiled = pair("progressive_encode")
    assert plain.write_srl(*elements) == compiled.write_srl(*elements)


@pytest.mark.parametrize("kernel", twins("progressive_encode"))
def test_what_cannot_be_is_refused(kernel: Any) -> None:
    sent, tile, factors = kernel.Sent(64, 64), struct.pack("=i", 0), bytes((6,)) * 30
    pixels = bytes(64 * 64 * 4)

    def encode(**changes: Any) -> Any:
        arguments: dict[str, Any] = {
            "surface": pixels,
            "stride": 256,
            "x": 0,
            "y": 0,
            "width": 64,
            "height": 64,
            "tiles": tile,
            "factors": factors,
            "indices": INDICES,
            "bits": b"",
            "quality": 0,
            "wide": True,
            "sent": sent,
            "keep": False,
            "differences": False,
        }
        return kernel.encode(*{**arguments, **changes}.values())

    assert encode()
    for changes in (
        {"tiles": struct.pack("=i", 1)},
        {"tiles": struct.pack("=i", -1)},
        {"tiles": b"123"},
        {"factors": bytes((5,)) * 30},
        {"factors": bytes((16,)) * 30},
        {"factors": b""},
        {"indices": b""},
        {"bits": bytes((16,)) * 30},
        {"bits": bytes(29)},
        {"width": 65},
        {"x": 1},
    ):
        with pytest.raises(ValueError, match=r"tile|tables|factors|surface"):
            encode(**changes)
    with pytest.raises(ValueError, match="tile"):
        kernel.upgrade(tile, INDICES, bytes(30), 0, sent, False)
    encode(keep=True, bits=bytes((3,)) * 30)
    with pytest.raises(ValueError, match="tables"):
        kernel.upgrade(tile, INDICES, bytes(29), 0, sent, False)
    # The first takes what is left to tell of the tile.
    with pytest.raises(ValueError, match="tile"):
        kernel.upgrade(tile + tile, INDICES, bytes(30), 0, sent, False)
    encode(keep=True)
    sent.forget(tile)
    with pytest.raises(ValueError, match="tile"):
        kernel.upgrade(tile, INDICES, bytes(30), 0, sent, False)
    for size in ((0, 1), (65536, 1), (65535, 65535)):
        with pytest.raises(ValueError, match="surface"):
            kernel.Sent(*size)
