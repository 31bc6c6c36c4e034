"""The plain twin and the compiled kernel make the same messages, and the decoder gives back what went in."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.codecs.pictures import BGRX, gradient, noise, solid, text
from tests.codecs.twins import pair


def few_colours(source: random.Random, width: int, height: int) -> BGRX:
    random_ = np.random.default_rng(source.randrange(1 << 30))
    palette = random_.integers(0, 256, (source.choice((2, 3, 5, 60, 127, 128, 140)), 4), np.uint8)
    picture: BGRX = palette[random_.integers(0, len(palette), (height, width))]
    return picture


def runs(source: random.Random, width: int, height: int) -> BGRX:
    random_ = np.random.default_rng(source.randrange(1 << 30))
    palette = random_.integers(0, 256, (source.choice((2, 4, 30, 150)), 4), np.uint8)
    total = width * height
    indexes = random_.integers(0, len(palette), total).repeat(random_.integers(1, source.choice((3, 20, 600)), total))
    picture: BGRX = palette[indexes[:total].reshape(height, width)]
    return picture


def picture_of(source: random.Random, width: int, height: int) -> BGRX:
    """Something with patches of something else."""
    kinds = [
        lambda: text(width, height),
        lambda: gradient(width, height),
        lambda: noise(width, height),
        lambda: solid(width, height),
        lambda: few_colours(source, width, height),
        lambda: runs(source, width, height),
    ]
    picture = source.choice(kinds)().copy()
    for _ in range(source.choice((0, 0, 1, 3))):
        x, y = source.randrange(width), source.randrange(height)
        picture[y : y + 40, x : x + 50] = source.choice(kinds)()[y : y + 40, x : x + 50]
    return picture


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1 << 32))
def test_encoding_agrees_and_comes_back(seed: int) -> None:
    source = random.Random(seed)
    quick = source.random() < 0.3
    plain, compiled = (kernel.Encoder(quick) for kernel in pair("clearcodec_encoder"))
    decoder = pair("clearcodec")[1].Decoder()
    for _ in range(source.randint(1, 4)):
        width, height = source.choice(((33, 20), (64, 64), (130, 70), (source.randint(1, 99), source.randint(1, 90))))
        picture = picture_of(source, width, height)
        level, subsampling = source.choice((0, 0, 0, 3)), source.random() < 0.5
        arguments = (picture.reshape(-1), width * 4, 0, 0, width, height)
        data = plain.encode(*arguments, level, subsampling)
        assert compiled.encode(*arguments, level, subsampling) == data
        out = np.zeros_like(picture)
        assert decoder.decode_into(data, out.reshape(-1), *arguments[1:], width, height) == width * height
        if quick or not level:
            assert np.array_equal(out[..., :3], picture[..., :3])


def test_whole_numbers_of_rows_and_colours_that_just_fit() -> None:
    plain, compiled = (kernel.Encoder() for kernel in pair("clearcodec_encoder"))
    for colours in (126, 127, 128, 129):
        for width in (1, 8, 63, 64, 65):
            index = np.arange(width * 66, dtype=np.uint32) % colours
            picture = index.view(np.uint8).reshape(66, width, 4)
            arguments = (picture.reshape(-1), width * 4, 0, 0, width, 66, 0, False)
            assert plain.encode(*arguments) == compiled.encode(*arguments)
