from __future__ import annotations

import numpy as np
import pytest

from tests.codecs.test_avc_units import IDR, PPS, joined, sequence
from trio_rdp.codecs.avc_encoder import Encoder
from trio_rdp.codecs.avc_frames import Avc420BitmapStream
from trio_rdp.codecs.avc_order import in_order
from trio_rdp.codecs.view import View
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.handed_video import MOST_VIDEOS, HandedVideos
from trio_rdp.graphics.pipeline.jobs import CopySurface, CreateSurface, DeleteSurface, DrawSurface, PipelineCodec
from trio_rdp.wire.errors import LocalProtocolError

pytest.importorskip("av")

PLACE = Rect(30, 20, 64, 48)


def film(length: int, width: int = 64, height: int = 48) -> list[bytes]:
    encoder = Encoder(width, height)
    pictures = [np.full((height, width, 4), 20 * number, np.uint8) for number in range(length)]
    return [Avc420BitmapStream.decode(encoder.encode(View.of(one))).avc420_encoded_bitstream for one in pictures]


UNITS = film(3)


def test_a_stream() -> None:
    videos = HandedVideos()
    assert not videos
    assert videos.add(PLACE, UNITS[0])
    assert videos
    create, draw, copy = videos.take(1)
    assert isinstance(create, CreateSurface)
    assert (create.width, create.height) == (64, 48)
    assert isinstance(draw, DrawSurface)
    assert (draw.surface_id, draw.codec, draw.rect) == (
        create.surface_id,
        PipelineCodec.AVC420,
        Rect(0, 0, 64, 48),
    )
    assert Avc420BitmapStream.decode(draw.data).avc420_encoded_bitstream.endswith(UNITS[0][-20:])
    assert copy == CopySurface(create.surface_id, 1, Rect(0, 0, 64, 48), ((30, 20),))
    assert not videos
    assert videos.add(PLACE, UNITS[1])
    assert videos.add(PLACE, UNITS[2])
    assert [type(job) for job in videos.take(1)] == [DrawSurface, DrawSurface, CopySurface]


def test_its_pictures_are_in_the_order_of_showing() -> None:
    videos = HandedVideos()
    camera = joined(sequence(crop=(0, 0, 0, 0)), PPS, IDR)  # which does not say so
    assert videos.add(PLACE, camera)
    (_, draw, _) = videos.take(1)
    assert isinstance(draw, DrawSurface)
    assert Avc420BitmapStream.decode(draw.data).avc420_encoded_bitstream == in_order(camera) != camera


def test_it_begins_with_a_key_picture() -> None:
    videos = HandedVideos()
    assert not videos.add(PLACE, UNITS[1])
    assert videos.add(PLACE, UNITS[0])
    videos.interrupt()
    assert not videos
    assert not videos.add(PLACE, UNITS[1])
    assert videos.add(PLACE, UNITS[0])
    assert videos.forget() == []  # the client has no surface yet
    assert not videos.add(PLACE, UNITS[1])


def test_a_new_desktop_has_the_surfaces_deleted() -> None:
    # A client keeps surfaces beyond a ResetGraphics, and may have 256 MiB of them.
    videos = HandedVideos()
    for place in (PLACE, PLACE.moved(100, 0)):
        videos.add(place, UNITS[0])
    made = [job.surface_id for job in videos.take(1) if isinstance(job, CreateSurface)]
    videos.drawn_over([PLACE])
    assert videos.forget() == [DeleteSurface(one) for one in made]
    assert videos.forget() == []
    assert videos.rects == []


def test_a_key_picture_replaces_what_waits() -> None:
    videos = HandedVideos()
    for unit in (*UNITS, UNITS[0]):
        assert videos.add(PLACE, unit)
    assert len(videos.take(1)) == 3


def test_what_nobody_takes_does_not_pile_up() -> None:
    videos = HandedVideos()
    shown = [videos.add(PLACE, unit) for unit in (UNITS[0], *[UNITS[1]] * 100)]
    assert shown.count(True) == 32
    assert not videos


def test_drawn_over() -> None:
    videos = HandedVideos()
    videos.add(PLACE, UNITS[0])
    videos.take(1)
    assert videos.drawn_over([Rect(0, 0, 10, 10)]) == []
    assert videos.drawn_over([Rect(0, 0, 40, 40)]) == [Rect(30, 20, 10, 20)]
    assert videos.rects == [PLACE]
    assert videos.drawn_over([Rect(0, 0, 200, 200)]) == [PLACE]
    assert videos.rects == []
    assert videos.add(Rect(0, 0, 64, 48), UNITS[0])
    gone, created = videos.take(1)[:2]
    assert isinstance(gone, DeleteSurface)
    assert isinstance(created, CreateSurface)
    assert created.surface_id != gone.surface_id


def test_what_cannot_be() -> None:
    videos = HandedVideos()
    with pytest.raises(ValueError, match="pictures of 64x48 in a rectangle of 100x100"):
        videos.add(Rect(0, 0, 100, 100), UNITS[0])
    with pytest.raises(ValueError, match=r"\w"):
        videos.add(PLACE, b"no H.264")
    for number in range(MOST_VIDEOS):
        assert videos.add(PLACE.moved(number, 0), UNITS[0])
    with pytest.raises(LocalProtocolError, match=r"8 streams of H\.264 are shown already"):
        videos.add(PLACE.moved(99, 0), UNITS[0])


def test_one_at_a_time() -> None:
    videos = HandedVideos(1)
    assert videos.add(PLACE, UNITS[0])
    with pytest.raises(LocalProtocolError, match=r"1 streams of H\.264 are shown already"):
        videos.add(PLACE.moved(1, 0), UNITS[0])
    videos.take(1)
    videos.drawn_over([PLACE])
    assert videos.add(PLACE.moved(1, 0), UNITS[0])


def test_streams_that_come_and_go_take_no_number_of_one_that_stays() -> None:
    videos = HandedVideos()
    there: set[int] = set()
    elsewhere = Rect(200, 0, 64, 48)
    for number in range(0x1000):
        assert videos.add(PLACE if number == 0 else elsewhere, UNITS[0])
        for job in videos.take(1):
            if isinstance(job, DeleteSurface):
                there.remove(job.surface_id)
            elif isinstance(job, CreateSurface):
                assert job.surface_id not in there
                there.add(job.surface_id)
        videos.drawn_over([elsewhere])
