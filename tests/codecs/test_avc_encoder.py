from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from trio_rdp.codecs.avc import Decoder
from trio_rdp.codecs.avc_encoder import Encoder
from trio_rdp.codecs.avc_frames import Avc420BitmapStream, Avc444BitmapStream, Mode, Subframes
from trio_rdp.codecs.view import View

pytest.importorskip("av")

WIDTH, HEIGHT = 160, 120


def noise(seed: int = 0) -> NDArray[np.uint8]:
    """Blocks of any colour: much to encode."""
    blocks = np.random.default_rng(seed).integers(0, 256, (HEIGHT // 2, WIDTH // 2, 4), np.uint8)
    return np.ascontiguousarray(blocks.repeat(2, 0).repeat(2, 1))


def text(seed: int = 0) -> NDArray[np.uint8]:
    """Black strokes on white."""
    strokes = np.random.default_rng(seed).random((HEIGHT // 2, WIDTH // 4)) < 0.2
    out = np.full((HEIGHT, WIDTH, 4), 255, np.uint8)
    out[strokes.repeat(2, 0).repeat(4, 1)] = (0, 0, 0, 255)
    return out


def psnr(one: NDArray[np.uint8], two: NDArray[np.uint8]) -> float:
    error = float(((one[..., :3].astype(int) - two[..., :3]) ** 2).mean())
    return 99.0 if error == 0 else float(10 * np.log10(255 * 255 / error))


def kinds(stream: Avc420BitmapStream) -> set[int]:
    """The types of the NAL units, [ITU-H.264] 7.3.1."""
    return {part[0] & 31 for part in stream.avc420_encoded_bitstream.split(b"\0\0\1")[1:]}


def test_quality_changes_between_pictures() -> None:
    encoder, decoder = Encoder(WIDTH, HEIGHT, quality=20), Decoder()
    surface = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    found: list[float] = []
    qps: list[int] = []
    for quality in (20, 90, 20):
        encoder.quality = quality
        assert encoder.quality == quality
        stream = Avc420BitmapStream.decode(encoder.encode(View.of(text(quality))))
        # The picture's number says that it is not the same one again: all but the first refer to others.
        assert (5 in kinds(stream)) == (not found)
        decoder.decode_into(stream.encode(), View.of(surface))
        found.append(psnr(text(quality), surface))
        told = stream.avc420_meta_data.quant_quality_vals[0]
        assert (told.qp, told.quality_val, told.p) == (encoder.qp, quality, False)
        qps.append(encoder.qp)
    assert found[1] > found[0] + 10
    assert found[1] > found[2] + 10
    assert qps == [43, 15, 43]


def test_a_better_quality_improves_what_did_not_change() -> None:
    encoder, decoder = Encoder(WIDTH, HEIGHT, quality=10), Decoder()
    surface = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    decoder.decode_into(encoder.encode(View.of(text())), View.of(surface))
    coarse = psnr(text(), surface)
    encoder.quality = 100
    decoder.decode_into(encoder.encode(View.of(text())), View.of(surface))
    assert psnr(text(), surface) > max(coarse + 10, 35)


@pytest.mark.parametrize("mode", Mode)
def test_a_frame_has_no_more_bytes_than_it_may(mode: Mode) -> None:
    encoder, decoder = Encoder(WIDTH, HEIGHT, mode, quality=90), Decoder()
    surface = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    assert encoder.max_bytes is None
    free = len(encoder.encode(View.of(noise(0))))
    assert not encoder.limited
    encoder.max_bytes = most = free // 4
    encoder.reset()
    for seed in range(1, 6):
        data = encoder.encode(View.of(noise(seed)))
        decoder.decode_into(data, View.of(surface), mode)
        assert len(data) < most
        assert encoder.limited
        stream = Avc420BitmapStream.decode(data) if mode is Mode.AVC420 else Avc444BitmapStream.decode(data)
        first = stream if isinstance(stream, Avc420BitmapStream) else stream.avc420_encoded_bitstream1
        assert first.avc420_meta_data.quant_quality_vals[0].p
    coarse = psnr(noise(5), surface)
    # What was left out comes with the next pictures, though nothing changes.
    for _ in range(12):
        decoder.decode_into(encoder.encode(View.of(noise(5))), View.of(surface), mode)
    assert not encoder.limited
    assert psnr(noise(5), surface) > coarse + 1
    encoder.max_bytes = None
    sizes = [len(encoder.encode(View.of(noise(seed)))) for seed in range(6, 12)]
    assert sizes[-1] > most
    assert not encoder.limited


def test_only_rectangles_are_looked_at() -> None:
    encoder, decoder = Encoder(WIDTH, HEIGHT, quality=90), Decoder()
    surface = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    decoder.decode_into(encoder.encode(View.of(text(1))), View.of(surface))
    # The first picture is looked at as a whole, whatever its rectangles; of this one, only the rectangle.
    data = encoder.encode(View.of(text(2)), [(33, 17, 95, 63)])
    drawn = decoder.decode_into(data, View.of(surface))
    assert drawn == [(33, 17, 95, 63)]
    assert psnr(text(2)[17:63, 33:95], surface[17:63, 33:95]) > 30
    # What the decoder has is what the encoder refers to: an empty region, and all the rest is there.
    data = encoder.encode(View.of(text(2)), [(0, 0, WIDTH, 17), (0, 63, WIDTH, HEIGHT), (0, 17, 33, 63)])
    decoder.decode_into(data, View.of(surface))
    assert psnr(text(2)[63:], surface[63:]) > 30
    assert psnr(text(1)[17:63, 96:], surface[17:63, 96:]) > 30


@pytest.mark.parametrize("mode", [Mode.AVC444, Mode.AVC444V2])
def test_only_rectangles_of_full_chroma(mode: Mode) -> None:
    encoder, decoder = Encoder(WIDTH, HEIGHT, mode, quality=95), Decoder()
    surface = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    changed = text(3)
    decoder.decode_into(encoder.encode(View.of(changed)), View.of(surface), mode)
    changed[40:61, 20:91, :3] = (255, 0, 0)
    changed[40:61, 20:91:3, :3] = (0, 0, 255)
    rects = [(20, 40, 91, 61)]
    decoder.decode_into(encoder.encode(View.of(changed), rects, Subframes.LUMA), View.of(surface), mode)
    assert psnr(changed, surface) < 25
    decoder.decode_into(encoder.encode(View.of(changed), rects, Subframes.CHROMA), View.of(surface), mode)
    assert psnr(changed, surface) > 32


@pytest.mark.parametrize("preset", ["ultrafast", "superfast", "veryfast"])
def test_presets(preset: str) -> None:
    encoder = Encoder(WIDTH, HEIGHT, quality=80, preset=preset)
    for quality in (80, 30):
        encoder.quality = quality
        encoder.encode(View.of(text(quality)))
        assert encoder.qp == round(51 - 0.4 * quality)


def test_any_size_has_a_level() -> None:
    for size in ((1, 1), (4096, 16), (16, 4096), (720, 576)):
        data = Encoder(*size, quality=1).encode(View.whole(bytes(size[0] * size[1] * 4), *size))
        assert Decoder().decode_into(data, View.whole(bytearray(size[0] * size[1] * 4), *size))


def test_arguments_that_cannot_be() -> None:
    for size in ((0, 1), (1, 70000), (60000, 60000)):
        with pytest.raises(ValueError, match="pixels"):
            Encoder(*size)
    with pytest.raises(ValueError, match="quality"):
        Encoder(1, 1, quality=0)
    with pytest.raises(ValueError, match="bytes"):
        Encoder(1, 1, max_bytes=0)
    with pytest.raises(ValueError, match="view"):
        Encoder(2, 2).encode(View(bytes(4), 4, 0, 0, 1, 1))
