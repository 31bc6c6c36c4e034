from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.codecs import nscodec, qoi, qoiz, rfx
from trio_rdp.codecs.bitmap_codec import Quality
from trio_rdp.codecs.view import View
from trio_rdp.graphics.drawing import Drawing
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.surface_bits import SurfaceDecoders
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


def start(decoders: SurfaceDecoders, codec_id: int, data: bytes, width: int, height: int, view: View) -> Drawing:
    """Begin with a bitmap that stands at the top left of a view, outside which nothing is drawn."""
    if codec_id == 3:
        return decoders.start_remotefx(data, view)
    place = view.x, view.y, min(width, view.width), min(height, view.height), width, height
    rows = len(view.surface) // view.stride
    return decoders.start(codec_id, [data], [place], View(view.surface, view.stride, 0, 0, view.stride // 4, rows))


def run(drawing: Drawing) -> list[Rect]:
    return drawing.finish()


class TestRemoteFx:
    @staticmethod
    def message(
        picture: np.ndarray, rects: list[tuple[int, int, int, int]], encoder: rfx.Encoder | None = None
    ) -> bytes:
        height, width = picture.shape[:2]
        encoder = encoder or rfx.Encoder(width, height, quantization=Quality.BEST)
        return encoder.encode(View.of(picture), rects)

    def test_tiles_in_any_order(self) -> None:
        picture = scene(200, 150)
        data = self.message(picture, [(0, 0, 200, 150)])
        whole, parts = np.zeros((160, 210, 4), np.uint8), np.zeros((160, 210, 4), np.uint8)
        assert run(start(SurfaceDecoders(), 3, data, 200, 150, View.of(whole, 3, 4, 200, 150))) == [
            Rect(3, 4, 200, 150)
        ]
        assert np.abs(whole[4:154, 3:203].astype(int) - picture).mean() < 2
        drawing = start(SurfaceDecoders(), 3, data, 200, 150, View.of(parts, 3, 4, 200, 150))
        assert drawing.tiles == 12
        assert not parts.any()
        for first, last in reversed(drawing.ranges(5)):
            drawing.draw(first, last)
        assert np.array_equal(parts, whole)

    def test_headers_are_remembered_until_a_reset(self) -> None:
        picture = scene(64, 64)
        encoder, decoders = rfx.Encoder(64, 64), SurfaceDecoders()
        shown = np.zeros((64, 64, 4), np.uint8)
        first, second = (self.message(picture, [(0, 0, 64, 64)], encoder) for _ in range(2))
        assert len(second) < len(first)
        # What is not seen at all is read all the same.
        assert run(start(decoders, 3, first, 64, 64, View.of(shown, 0, 0, 0, 0))) == []
        assert run(start(decoders, 3, second, 64, 64, View.of(shown))) == [Rect(0, 0, 64, 64)]
        decoders.reset()
        with pytest.raises(DecodeError):
            start(decoders, 3, second, 64, 64, View.of(shown))

    def test_only_what_is_seen_is_damage(self) -> None:
        picture = scene(128, 128)
        rects = [(0, 0, 10, 10), (60, 60, 10, 10), (120, 120, 8, 8)]
        shown = np.zeros((66, 66, 4), np.uint8)
        drawing = start(SurfaceDecoders(), 3, self.message(picture, rects), 128, 128, View.of(shown))
        assert run(drawing) == [Rect(0, 0, 10, 10), Rect(60, 60, 6, 6)]
        assert not shown[20:50, 20:50].any()

    def test_much_damage_is_one_rectangle(self) -> None:
        picture = scene(128, 64)
        rects = [(x, 2, 2, 2) for x in range(0, 120, 3)]
        shown = np.zeros((64, 128, 4), np.uint8)
        drawing = start(SurfaceDecoders(), 3, self.message(picture, rects), 128, 64, View.of(shown))
        assert run(drawing) == [Rect(0, 2, 119, 2)]

    def test_without_meaning(self) -> None:
        with pytest.raises(DecodeError):
            start(SurfaceDecoders(), 3, b"?", 8, 8, View.of(np.zeros((8, 8, 4), np.uint8)))


def test_nscodec() -> None:
    picture = scene(40, 24)
    shown = np.zeros((32, 48, 4), np.uint8)
    data = nscodec.compress(View.of(picture), color_loss_level=1, subsampling=False)
    assert run(start(SurfaceDecoders(), 1, data, 40, 24, View.of(shown, 3, 4, 40, 24))) == [Rect(3, 4, 40, 24)]
    assert np.abs(shown[4:28, 3:43].astype(int) - picture).max() <= 2
    shown[4:28, 3:43] = 0
    assert not shown.any()


@pytest.mark.parametrize("codec_id", [1, 10])
@pytest.mark.parametrize("side", [8, 65535])
def test_what_stands_alone_is_not_looked_at_off_the_picture(codec_id: int, side: int) -> None:
    shown = np.zeros((4, 4, 4), np.uint8)
    assert run(start(SurfaceDecoders(), codec_id, b"?", side, side, View.of(shown, 0, 0, 0, 0))) == []
    assert not shown.any()


def test_nscodec_without_meaning() -> None:
    shown = np.zeros((8, 8, 4), np.uint8)
    with pytest.raises(DecodeError):
        start(SurfaceDecoders(), 1, b"?", 8, 8, View.of(shown)).finish()


def test_qoi() -> None:
    picture = scene(40, 24)
    shown = np.zeros((24, 40, 4), np.uint8)
    assert run(start(SurfaceDecoders(), 10, qoi.compress(View.of(picture)), 40, 24, View.of(shown)))
    assert np.array_equal(shown, picture)


def test_qoiz_is_one_stream_until_it_is_reset() -> None:
    picture, encoder, decoders = scene(40, 24), qoiz.Encoder(), SurfaceDecoders()
    for _ in range(2):
        first, second = encoder.encode(View.of(picture)), encoder.encode(View.of(picture))
        assert len(second) < len(first)
        # Off the picture it is decoded all the same, as the next one builds on it.
        nowhere = np.zeros((4, 4, 4), np.uint8)
        assert run(start(decoders, 11, first, 40, 24, View.of(nowhere, 0, 0, 0, 0))) == []
        shown = np.zeros((24, 40, 4), np.uint8)
        assert run(start(decoders, 11, second, 40, 24, View.of(shown))) == [Rect(0, 0, 40, 24)]
        assert np.array_equal(shown, picture)
        encoder.reset()
        decoders.reset()


@given(st.sampled_from([1, 3, 10, 11]), st.integers(0, 40), st.integers(0, 40), st.binary(max_size=60), st.data())
def test_whatever_the_bytes(codec_id: int, width: int, height: int, noise: bytes, data: st.DataObject) -> None:
    good = {
        1: lambda view: nscodec.compress(view),
        3: lambda view: rfx.Encoder(40, 24).encode(view, [(0, 0, 40, 24)]),
        10: lambda view: qoi.compress(view),
        11: lambda view: qoiz.Encoder().encode(view),
    }[codec_id](View.of(scene(40, 24)))
    at = data.draw(st.integers(0, len(good)))
    mutated = good[:at] + noise + good[at + len(noise) :]
    shown = np.full((32, 48, 4), 7, np.uint8)
    with contextlib.suppress(DecodeError):
        damage = run(start(SurfaceDecoders(), codec_id, mutated, width, height, View.of(shown, 4, 4, 30, 20)))
        assert all(Rect(4, 4, 30, 20).contains(rect) for rect in damage)
    shown[4:24, 4:34] = 7
    assert (shown == 7).all()


@pytest.mark.parametrize("codec_id", [0, 2, 99, 255])
def test_numbers_without_a_codec(codec_id: int) -> None:
    with pytest.raises(InvalidField, match=f"no codec has the number {codec_id}"):
        start(SurfaceDecoders(), codec_id, b"", 8, 8, View.of(np.zeros((8, 8, 4), np.uint8)))
