from __future__ import annotations

import numpy as np
import pytest

from trio_rdp.codecs import nscodec, qoi, qoiz
from trio_rdp.codecs.view import View
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.jobs import DrawSurfaceBits
from trio_rdp.graphics.surface_bits import Drawing, SurfaceDecoders
from trio_rdp.wire.errors import DecodeError, InvalidField


def scene(width: int, height: int) -> np.ndarray:
    """Squares of a few colours."""
    rows, columns = np.mgrid[:height, :width]
    picture = np.empty((height, width, 4), np.uint8)
    picture[..., 0] = rows // 8 * 40
    picture[..., 1] = columns // 8 * 24
    picture[..., 2] = (rows // 8 + columns // 8) % 2 * 255
    picture[..., 3] = 255
    return picture


def job(codec_id: int, data: bytes, width: int, height: int, left: int = 0, top: int = 0) -> DrawSurfaceBits:
    return DrawSurfaceBits(Rect(left, top, width, height), width, height, 32, codec_id, data)


def run(drawing: Drawing) -> list[Rect]:
    drawing.draw(0, drawing.pieces)
    return drawing.damage


def test_nothing_is_left_of_a_job_without_pieces() -> None:
    drawing = Drawing()
    drawing.draw(0, drawing.pieces)
    assert (drawing.pieces, drawing.damage) == (0, [])


def test_nscodec() -> None:
    picture = scene(40, 24)
    shown = np.zeros((32, 48, 4), np.uint8)
    data = nscodec.compress(View.of(picture), color_loss_level=1, subsampling=False)
    assert run(SurfaceDecoders().start(job(1, data, 40, 24), View.of(shown, 3, 4, 40, 24))) == [Rect(3, 4, 40, 24)]
    assert np.abs(shown[4:28, 3:43].astype(int) - picture).max() <= 2
    shown[4:28, 3:43] = 0
    assert not shown.any()


def test_nscodec_off_the_picture() -> None:
    data = nscodec.compress(View.of(scene(8, 8)))
    shown = np.zeros((4, 4, 4), np.uint8)
    assert run(SurfaceDecoders().start(job(1, data, 8, 8), View.of(shown, 0, 0, 0, 0))) == []
    assert not shown.any()


def test_nscodec_without_meaning() -> None:
    shown = np.zeros((8, 8, 4), np.uint8)
    with pytest.raises(DecodeError):
        SurfaceDecoders().start(job(1, b"?", 8, 8), View.of(shown))


def test_qoi() -> None:
    picture = scene(40, 24)
    shown = np.zeros((24, 40, 4), np.uint8)
    assert run(SurfaceDecoders().start(job(10, qoi.compress(View.of(picture)), 40, 24), View.of(shown)))
    assert np.array_equal(shown, picture)


def test_qoiz_is_one_stream_until_it_is_reset() -> None:
    picture, encoder, decoders = scene(40, 24), qoiz.Encoder(), SurfaceDecoders()
    for _ in range(2):
        first, second = encoder.encode(View.of(picture)), encoder.encode(View.of(picture))
        assert len(second) < len(first)
        # Off the picture it is decoded all the same, as the next one builds on it.
        nowhere = np.zeros((4, 4, 4), np.uint8)
        assert run(decoders.start(job(11, first, 40, 24), View.of(nowhere, 0, 0, 0, 0))) == []
        shown = np.zeros((24, 40, 4), np.uint8)
        assert run(decoders.start(job(11, second, 40, 24), View.of(shown))) == [Rect(0, 0, 40, 24)]
        assert np.array_equal(shown, picture)
        encoder.reset()
        decoders.reset()


@pytest.mark.parametrize("codec_id", [0, 2, 99, 255])
def test_numbers_without_a_codec(codec_id: int) -> None:
    with pytest.raises(InvalidField, match=f"no codec has the number {codec_id}"):
        SurfaceDecoders().start(job(codec_id, b"", 8, 8), View.of(np.zeros((8, 8, 4), np.uint8)))
