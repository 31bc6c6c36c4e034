from __future__ import annotations

import numpy as np
import pytest

from tests.graphics.pipeline.bitmaps import (
    AVC_MODES,
    LOSSLESS,
    LOSSY,
    Picture,
    blocks,
    draw,
    draw_progressive,
    gradient,
    similarity,
)
from trio_rdp.codecs import avc, clearcodec, progressive_encoder
from trio_rdp.codecs.avc_frames import Avc420BitmapStream, Avc420Metablock, Avc420QuantQuality
from trio_rdp.codecs.view import View
from trio_rdp.graphics.drawing import layers
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline import surface_codecs
from trio_rdp.graphics.pipeline.jobs import DrawProgressive, DrawSurface, PipelineCodec
from trio_rdp.graphics.pipeline.surface import Surface
from trio_rdp.graphics.pipeline.surface_codecs import SurfaceCodecs
from trio_rdp.wire.errors import DecodeError, InvalidField

WIDTH, HEIGHT = 128, 96
ALL = pytest.mark.parametrize("codec", [*LOSSLESS, *LOSSY])


def new_surface(*, has_alpha: bool = False, width: int = WIDTH, height: int = HEIGHT) -> Surface:
    return Surface(1, width, height, has_alpha=has_alpha)


def new_codecs(most_pixels: int = 1 << 20) -> SurfaceCodecs:
    return SurfaceCodecs(most_pixels, threads=1)


def apply(codecs: SurfaceCodecs, job: DrawSurface, surface: Surface) -> Picture:
    codecs.start(job, surface).finish()
    return surface.pixels


@ALL
def test_every_codec_reaches_its_surface(codec: PipelineCodec) -> None:
    surface, picture = new_surface(), gradient(WIDTH, HEIGHT)
    found = apply(new_codecs(), draw(codec, picture), surface)
    assert similarity(found, picture) > (90 if codec in LOSSLESS else 35)
    assert (found[..., 3] == 255).all()
    assert surface.damage.rects == [surface.bounds]


@pytest.mark.parametrize("codec", [*LOSSLESS, PipelineCodec.REMOTEFX])
def test_where_the_rectangle_says_and_clipped(codec: PipelineCodec) -> None:
    surface, picture = new_surface(), blocks(64, 64)
    found = apply(new_codecs(), draw(codec, picture, 100, 70), surface)
    assert similarity(found[70:, 100:], picture[:26, :28]) > 25
    assert not found[:70, :, :3].any()
    assert not found[:, :100, :3].any()
    assert surface.damage.rects == [Rect(100, 70, 28, 26)]


@pytest.mark.parametrize("codec", LOSSLESS)
def test_rows_come_from_the_top(codec: PipelineCodec) -> None:
    picture = blocks(20, 10)
    assert np.array_equal(apply(new_codecs(), draw(codec, picture, 3, 5), new_surface())[5:15, 3:23], picture)


@pytest.mark.parametrize("codec", [*LOSSLESS, PipelineCodec.REMOTEFX])
def test_what_is_seen_nowhere_does_no_harm(codec: PipelineCodec) -> None:
    surface = new_surface()
    apply(new_codecs(), draw(codec, gradient(64, 64), 1000, 1000), surface)
    assert not surface.damage
    assert not surface.pixels[..., :3].any()


@ALL
def test_opacity_stays_what_it_was(codec: PipelineCodec) -> None:
    surface, picture = new_surface(has_alpha=True), gradient(WIDTH, HEIGHT)
    opacity = blocks(WIDTH, HEIGHT)
    surface.pixels[..., 3] = opacity[..., 0]
    found = apply(new_codecs(), draw(codec, picture), surface)
    assert similarity(found, picture) > 35
    assert np.array_equal(found[..., 3], opacity[..., 0])


def test_opacity_alone() -> None:
    surface, picture, codecs = new_surface(has_alpha=True), gradient(30, 20), new_codecs()
    picture[..., 3] = blocks(30, 20)[..., 1]
    found = apply(codecs, draw(PipelineCodec.ALPHA, picture, 110, 5), surface)
    assert np.array_equal(found[5:25, 110:, 3], picture[:, :18, 3])
    assert not found[..., :3].any()
    assert surface.damage.rects == [Rect(110, 5, 18, 20)]
    opaque = new_surface()
    assert (apply(codecs, draw(PipelineCodec.ALPHA, picture), opaque)[..., 3] == 255).all()


def test_clearcodec_remembers_across_surfaces_and_in_order() -> None:
    codecs, surfaces = new_codecs(), [new_surface(), new_surface()]
    encoder, pictures = clearcodec.Encoder(), [blocks(40, 30), blocks(40, 30), blocks(40, 30, 1)]
    jobs = [
        DrawSurface(1, PipelineCodec.CLEARCODEC, Rect(8, 8, 40, 30), encoder.encode(View.of(picture)))
        for picture in pictures
    ]
    drawings = [codecs.start(job, surfaces[number % 2]) for number, job in enumerate(jobs)]
    assert layers(drawings) == [drawings]
    for drawing in drawings:
        drawing.finish()
    assert np.array_equal(surfaces[0].pixels[8:38, 8:48], pictures[2])
    assert np.array_equal(surfaces[1].pixels[8:38, 8:48], pictures[1])


class TestProgressive:
    def test_a_surface_and_its_passes(self) -> None:
        surface, picture, codecs = new_surface(), gradient(WIDTH, HEIGHT), new_codecs()
        encoder = progressive_encoder.Encoder(WIDTH, HEIGHT)
        first = encoder.encode(View.of(picture), [(0, 0, WIDTH, HEIGHT)], progressive=True)
        codecs.start_progressive(DrawProgressive(1, 5, first), surface).finish()
        rough = similarity(surface.pixels, picture)
        while encoder.waiting:
            drawing = codecs.start_progressive(DrawProgressive(1, 5, encoder.upgrade()), surface)
            drawing.finish()
        assert similarity(surface.pixels, picture) > max(rough, 35)
        assert surface.damage.rects == [surface.bounds]

    def test_tiles_are_shared_by_threads_but_messages_are_not(self) -> None:
        surface, codecs = new_surface(), new_codecs()
        drawings = [
            codecs.start_progressive(draw_progressive(gradient(WIDTH, HEIGHT, shift)), surface) for shift in (0, 9)
        ]
        assert drawings[0].tiles == 4
        assert drawings[0].ranges(2) == [(0, 2), (2, 4)]
        assert layers(drawings) == [[drawings[0]], [drawings[1]]]
        for drawing in drawings:
            drawing.draw(0, 2)
            drawing.draw(2, 4)
        assert similarity(surface.pixels, gradient(WIDTH, HEIGHT, 9)) > 35

    def test_differences_to_what_another_context_drew(self) -> None:
        surface, codecs = new_surface(), new_codecs()
        encoder = progressive_encoder.Encoder(WIDTH, HEIGHT, differences=True)
        for number in range(3):
            picture = gradient(WIDTH, HEIGHT, number)
            data = encoder.encode(View.of(picture), [(0, 0, WIDTH, HEIGHT)])
            codecs.start_progressive(DrawProgressive(1, number, data), surface).finish()
            assert similarity(surface.pixels, picture) > 35

    def test_a_deleted_surface_is_forgotten(self) -> None:
        codecs = new_codecs(WIDTH * HEIGHT)
        surface, other = new_surface(), new_surface()
        codecs.start_progressive(draw_progressive(gradient(WIDTH, HEIGHT)), surface).finish()
        with pytest.raises(DecodeError, match="codec contexts of 24576 pixels, of at most 12288"):
            codecs.start_progressive(draw_progressive(gradient(WIDTH, HEIGHT)), other)
        codecs.forget(surface)
        assert codecs.pixels == 0
        codecs.start_progressive(draw_progressive(gradient(WIDTH, HEIGHT)), other).finish()

    def test_a_frame_is_told_of(self) -> None:
        codecs, surface = new_codecs(), new_surface()
        codecs.begin_frame()
        codecs.start_progressive(draw_progressive(gradient(WIDTH, HEIGHT)), surface).finish()
        codecs.begin_frame()


class TestAvc:
    def test_many_rectangles_have_few_places(self) -> None:
        """Else a message of 300 KB, each rectangle as large as the surface, would fill the memory."""
        surface, codecs = Surface(1, 1000, 500, has_alpha=False), new_codecs()
        regions = [(0, 0, 1000 - number % 500, 500 - number // 500) for number in range(1000)]
        stream = Avc420BitmapStream(
            avc420_meta_data=Avc420Metablock(
                region_rects=regions, quant_quality_vals=[Avc420QuantQuality(qp=1)] * 1000
            ),
            avc420_encoded_bitstream=b"1234",
        )
        drawing = codecs.start(DrawSurface(1, PipelineCodec.AVC420, Rect(0, 0, 1000, 500), stream.encode()), surface)
        assert drawing.picture is not None
        assert len(drawing.picture.places) == 16 * 8 + 1
        assert surface.damage.rects == [surface.bounds]

    @pytest.mark.parametrize("codec", AVC_MODES)
    def test_only_its_regions_are_drawn(self, codec: PipelineCodec) -> None:
        surface, codecs, picture = new_surface(), new_codecs(), gradient(WIDTH, HEIGHT)
        encoder = avc.Encoder(WIDTH, HEIGHT, AVC_MODES[codec], quality=100)
        data = encoder.encode(View.of(picture), [(0, 0, 32, 48), (64, 16, 96, 96)])
        found = apply(codecs, DrawSurface(1, codec, Rect(0, 0, 96, 96), data), surface)
        assert surface.damage.area == 32 * 48 + 32 * 80
        assert similarity(found[:48, :32], picture[:48, :32]) > 30
        assert similarity(found[16:, 64:96], picture[16:, 64:96]) > 30
        assert not found[48:, :64, :3].any()

    def test_each_surface_has_its_own(self) -> None:
        codecs, surfaces, pictures = new_codecs(), [Surface(1, 64, 64, has_alpha=False), new_surface()], []
        encoders = [avc.Encoder(surface.width, surface.height, quality=100) for surface in surfaces]
        for number in range(3):
            pictures = [gradient(surface.width, surface.height, number) for surface in surfaces]
            for surface, encoder, picture in zip(surfaces, encoders, pictures, strict=True):
                data = encoder.encode(View.of(picture))
                apply(codecs, DrawSurface(1, PipelineCodec.AVC420, surface.bounds, data), surface)
        for surface, picture in zip(surfaces, pictures, strict=True):
            assert similarity(surface.pixels, picture) > 30

    def test_two_surfaces_at_the_same_time(self) -> None:
        codecs, picture = new_codecs(), gradient(64, 64)
        jobs = [draw(PipelineCodec.AVC420, picture, surface_id=number) for number in (1, 2)]
        drawings = [codecs.start(job, Surface(job.surface_id, 64, 64, has_alpha=False)) for job in jobs]
        assert layers(drawings) == [drawings]
        assert drawings[0].ranges(4) == [(0, 1)]

    def test_a_broken_picture_is_passed_over(self) -> None:
        codecs, surface, picture = new_codecs(), new_surface(), gradient(WIDTH, HEIGHT)
        whole = avc.Encoder(WIDTH, HEIGHT, quality=100).encode(View.of(picture))
        broken = DrawSurface(1, PipelineCodec.AVC420, Rect(0, 0, 96, 96), whole[:14] + bytes(200))
        for _ in range(64):
            apply(codecs, broken, surface)
        assert not surface.pixels[..., :3].any()
        apply(codecs, DrawSurface(1, PipelineCodec.AVC420, Rect(0, 0, 96, 96), whole), surface)
        assert similarity(surface.pixels, picture) > 30
        for _ in range(64):
            apply(codecs, broken, surface)
        with pytest.raises(DecodeError):
            apply(codecs, broken, surface)

    def test_without_pyav(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(surface_codecs, "_has_h264", lambda: False)
        with pytest.raises(DecodeError, match=r"H\.264 needs PyAV"):
            new_codecs().start(draw(PipelineCodec.AVC420, gradient(64, 64)), new_surface())

    def test_its_memory_is_limited(self) -> None:
        with pytest.raises(DecodeError, match="codec contexts"):
            new_codecs(100).start(draw(PipelineCodec.AVC420, gradient(64, 64)), new_surface())

    def test_a_picture_larger_than_the_surface_is_refused(self) -> None:
        codecs, surface = new_codecs(), new_surface()
        codecs.start(draw(PipelineCodec.AVC420, gradient(512, 512)), surface).finish()
        assert surface.avc_failures == 1
        assert not surface.pixels[..., :3].any()

    @pytest.mark.parametrize("codec", AVC_MODES)
    def test_garbage(self, codec: PipelineCodec) -> None:
        with pytest.raises(DecodeError):
            new_codecs().start(DrawSurface(1, codec, Rect(0, 0, 64, 64), b"\xff" * 40), new_surface())


def test_bitmaps_far_larger_than_their_surface_are_refused() -> None:
    for codec in (*LOSSLESS, PipelineCodec.ALPHA):
        job = DrawSurface(1, codec, Rect(0, 0, 4000, 4000), b"\0" * 100)
        with pytest.raises(DecodeError, match="a bitmap of 4000x4000 for 128x96 pixels"):
            new_codecs().start(job, new_surface())


@pytest.mark.parametrize("codec", [*LOSSLESS, PipelineCodec.REMOTEFX])
def test_nonsense(codec: PipelineCodec) -> None:
    with pytest.raises(DecodeError):
        new_codecs().start(DrawSurface(1, codec, Rect(0, 0, 64, 64), b"\xff" * 40), new_surface()).finish()


def test_a_codec_that_nobody_knows() -> None:
    with pytest.raises(InvalidField, match="no codec has the number 7"):
        new_codecs().start(DrawSurface(1, PipelineCodec(7), Rect(0, 0, 4, 4), b""), new_surface())
