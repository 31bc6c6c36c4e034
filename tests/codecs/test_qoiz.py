from __future__ import annotations

import contextlib
import importlib
import random
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.codecs import pictures
from trio_rdp.codecs import qoi, qoiz
from trio_rdp.codecs.view import View
from trio_rdp.wire.errors import DecodeError, InvalidField, Truncated

zstd: Any = importlib.import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")


def opaque(pixels: bytes) -> bytearray:
    out = bytearray(pixels)
    out[3::4] = b"\xff" * (len(pixels) // 4)
    return out


def decode(decoder: qoiz.Decoder, data: bytes, width: int, height: int) -> bytearray:
    surface = bytearray(width * height * 4)
    decoder.decode_into(data, View.whole(surface, width, height), width, height)
    return surface


def noise(width: int, height: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(width * height * 4)


def test_images_share_one_stream() -> None:
    encoder, decoder = qoiz.Encoder(), qoiz.Decoder()
    pixels = noise(50, 40)
    first = encoder.encode(View.whole(pixels, 50, 40))
    other = encoder.encode(View.whole(noise(50, 40, 2), 50, 40))
    again = encoder.encode(View.whole(pixels, 50, 40))
    # One frame, begun by the first image and never ended; an image that was there before costs almost nothing.
    assert first[:4] == bytes.fromhex("28 b5 2f fd")
    assert bytes.fromhex("28 b5 2f fd") not in (other[:4], again[:4])
    assert len(first) > 6000
    assert len(again) < 100
    assert decode(decoder, first, 50, 40) == opaque(pixels)
    assert decode(decoder, other, 50, 40) == opaque(noise(50, 40, 2))
    assert decode(decoder, again, 50, 40) == opaque(pixels)


def test_inside_is_a_qoi_image_of_three_channels() -> None:
    view = View.whole(noise(7, 5), 7, 5)
    stream = qoiz.Encoder().encode(view)
    assert zstd.ZstdDecompressor().decompress(stream) == qoi.compress(view)


def test_a_reset_begins_a_new_stream() -> None:
    encoder, decoder = qoiz.Encoder(), qoiz.Decoder()
    view = View.whole(noise(9, 9), 9, 9)
    decode(decoder, encoder.encode(view), 9, 9)
    middle = encoder.encode(view)
    # A decoder notices that by itself.
    encoder.reset()
    assert decode(decoder, encoder.encode(view), 9, 9) == opaque(noise(9, 9))
    # What comes from within another stream is nothing to a new one, and what follows neither, until a stream begins.
    decoder.reset()
    with pytest.raises(InvalidField):
        decode(decoder, middle, 9, 9)
    with pytest.raises(DecodeError, match="broke off"):
        decode(decoder, encoder.encode(view), 9, 9)
    encoder.reset()
    assert decode(decoder, encoder.encode(view), 9, 9) == opaque(noise(9, 9))


def test_a_stream_for_each_image_is_taken_too() -> None:
    decoder = qoiz.Decoder()
    for seed in range(3):
        stream = zstd.compress(qoi.compress(View.whole(noise(8, 8, seed), 8, 8)))
        assert decode(decoder, stream, 8, 8) == opaque(noise(8, 8, seed))
    with pytest.raises(InvalidField, match="behind"):
        decode(decoder, stream + stream, 8, 8)


def test_a_far_window_is_taken_as_ironrdps_server_needs_it() -> None:
    encoder = qoiz.Encoder(window_log=27)
    stream = encoder.encode(View.whole(noise(8, 8), 8, 8))
    assert decode(qoiz.Decoder(), stream, 8, 8) == opaque(noise(8, 8))
    with pytest.raises(InvalidField):
        decode(qoiz.Decoder(), qoiz.Encoder(window_log=28).encode(View.whole(noise(8, 8), 8, 8)), 8, 8)


def test_output_is_bounded_by_the_picture() -> None:
    bomb = zstd.compress(bytes(1 << 26))
    assert len(bomb) < 10000
    with pytest.raises(InvalidField, match="more than 342 bytes"):
        decode(qoiz.Decoder(), bomb, 8, 8)
    with pytest.raises(DecodeError):
        qoiz.Decoder().decode_into(bomb, View.whole(bytearray(4), 1, 1), 65535, 65535)


@pytest.mark.parametrize("stream", [b"", b"\x28\xb5\x2f\xfd", zstd.compress(b"")])
def test_a_stream_without_an_image(stream: bytes) -> None:
    with pytest.raises(Truncated):
        decode(qoiz.Decoder(), stream, 8, 8)


@pytest.mark.parametrize("stream", [b"qoif", zstd.compress(b"qoif" + bytes(40)), b"\x28\xb5\x2f\xfe12345678901234"])
def test_streams_that_cannot_be(stream: bytes) -> None:
    with pytest.raises(DecodeError):
        decode(qoiz.Decoder(), stream, 8, 8)


@given(st.binary(min_size=1, max_size=12), st.integers(0, 400), st.integers(0, 3))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
def test_damage_gives_an_error_or_pixels(damage: bytes, place: int, cut: int) -> None:
    stream = bytearray(qoiz.Encoder().encode(View.whole(noise(9, 9), 9, 9)))
    place %= len(stream)
    stream[place : place + len(damage)] = damage
    with contextlib.suppress(DecodeError):
        decode(qoiz.Decoder(), bytes(stream[: len(stream) - cut]), 9, 9)


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(1, 30), st.integers(0, 3)), min_size=1, max_size=8))
@settings(deadline=None, max_examples=25)
def test_nothing_is_lost(images: list[tuple[int, int, int]]) -> None:
    encoder, decoder = qoiz.Encoder(), qoiz.Decoder()
    for width, height, seed in images:
        pixels = noise(width, height, seed)
        assert decode(decoder, encoder.encode(View.whole(pixels, width, height)), width, height) == opaque(pixels)


# ------------------------------------------------------------------------------------------------- many at once


def test_many_at_once_are_encoded_as_one_by_one() -> None:
    one, many = qoiz.Encoder(), qoiz.Encoder()
    view = View.of(pictures.noise(50, 40), 2, 3, 40, 30)
    rects = [(0, 0, 40, 30), (3, 4, 5, 6), (0, 0, 40, 30)]
    for _ in range(2):
        assert many.encode_all(view, rects) == [one.encode(view.part(*rect)) for rect in rects]
    assert many.encode_all(view, []) == []
    for rect in ((0, 0, 0, 1), (0, 0, 41, 1), (-1, 0, 1, 1)):
        with pytest.raises(ValueError, match=r"rectangle|bitmap"):
            many.encode_all(view, [rects[0], rect])
    assert many.encode(view) == one.encode(view)


@pytest.mark.parametrize(
    ("fault", "size", "error"),
    [
        (b"no zstd stream", (1, 1), InvalidField),
        (b"", (1, 1), Truncated),
        (zstd.compress(bytes(100)), (1, 1), InvalidField),  # longer than its image can be
        (b"", (0, 1), DecodeError),
        (b"", (65535, 65535), DecodeError),
    ],
)
def test_behind_a_fault_nothing_decodes(fault: bytes, size: tuple[int, int], error: type[DecodeError]) -> None:
    encoder, decoder = qoiz.Encoder(), qoiz.Decoder()
    good = encoder.encode_all(View(bytes(4), 4, 0, 0, 1, 1), [(0, 0, 1, 1)] * 3)
    assert decoder.inflate(good[0], 1, 1) == qoi.compress(View(bytes(4), 4, 0, 0, 1, 1))
    with pytest.raises(error):
        decoder.inflate(fault, *size)
    # Whatever it was, the peer must begin again.
    with pytest.raises(DecodeError, match="broke off"):
        decoder.inflate(good[1], 1, 1)
    assert [decoder.inflate(data, 1, 1) for data in good] == [qoi.compress(View(bytes(4), 4, 0, 0, 1, 1))] * 3


def test_an_image_of_a_size_that_cannot_be_is_missing_in_the_stream() -> None:
    encoder, decoder = qoiz.Encoder(), qoiz.Decoder()
    view = View.whole(noise(8, 8), 8, 8)
    decode(decoder, encoder.encode(view), 8, 8)
    with pytest.raises(DecodeError, match="a bitmap of 0 x 8"):
        decode(decoder, encoder.encode(view), 0, 8)
    with pytest.raises(DecodeError, match="broke off"):
        decode(decoder, encoder.encode(view), 8, 8)


def test_zstd_is_loaded_at_the_first_image() -> None:
    program = (
        "import sys; from trio_rdp.codecs import qoiz; qoiz.Decoder(); qoiz.Encoder(); "
        "assert not [name for name in sys.modules if 'zstd' in name]"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
