from __future__ import annotations

import typing

import pytest

from tests.channels.rdpgfx.pipeline_jobs import DRAWING, SETUP
from trio_rdp.channels.rdpgfx.caching import CacheImportReplyPdu
from trio_rdp.channels.rdpgfx.drawing import ProgressiveCodec, WireToSurface1Pdu, WireToSurface2Pdu
from trio_rdp.channels.rdpgfx.frames import EndFramePdu, StartFramePdu
from trio_rdp.channels.rdpgfx.header import PixelLayout
from trio_rdp.channels.rdpgfx.reset import ResetGraphicsPdu
from trio_rdp.channels.rdpgfx.surfaces import (
    CreateSurfacePdu,
    MapSurfaceToScaledWindowPdu,
    MapSurfaceToWindowPdu,
)
from trio_rdp.channels.rdpgfx.translation import JOB_MAKERS, message_of
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.jobs import (
    BeginPipelineFrame,
    DrawSurface,
    EndPipelineFrame,
    ImportCached,
    PipelineCodec,
    PipelineJob,
    UnmapSurface,
)
from trio_rdp.wire.errors import EncodeError, RemoteProtocolError


@pytest.mark.parametrize("job", [*SETUP, *DRAWING], ids=lambda job: type(job).__name__)
def test_a_job_is_a_message_is_a_job(job: PipelineJob) -> None:
    message = message_of(job)
    again = type(message).decode(message.encode())
    assert again == message
    assert JOB_MAKERS[type(again)](again) == job


def test_every_job_has_a_message() -> None:
    others = {
        BeginPipelineFrame: message_of(BeginPipelineFrame(3, 4)),
        EndPipelineFrame: message_of(EndPipelineFrame(3)),
        ImportCached: message_of(ImportCached(((6, 100), (9, 101)))),
    }
    assert {type(job) for job in (*SETUP, *DRAWING)} | set(others) == set(typing.get_args(PipelineJob))
    assert others[BeginPipelineFrame] == StartFramePdu(frame_id=3, timestamp=4)
    assert others[EndPipelineFrame] == EndFramePdu(frame_id=3)
    assert others[ImportCached] == CacheImportReplyPdu(cache_slots=[6, 9])


def test_edges_in_the_wrong_order_make_an_empty_rectangle() -> None:
    pdu = WireToSurface1Pdu(
        surface_id=1,
        codec_id=PipelineCodec.PLANAR,
        pixel_format=PixelLayout.XRGB_8888,
        dest_rect=(10, 20, 5, 20),
        bitmap_data=b"",
    )
    assert JOB_MAKERS[type(pdu)](pdu) == DrawSurface(1, PipelineCodec.PLANAR, Rect(10, 20, 0, 0), b"")


def test_the_window_0_is_none() -> None:
    plain = MapSurfaceToWindowPdu(surface_id=1, window_id=0, mapped_width=5, mapped_height=5)
    scaled = MapSurfaceToScaledWindowPdu(
        surface_id=1, window_id=0, mapped_width=5, mapped_height=5, target_width=1, target_height=1
    )
    assert JOB_MAKERS[type(plain)](plain) == JOB_MAKERS[type(scaled)](scaled) == UnmapSurface(1)


def test_what_means_nothing() -> None:
    odd = PixelLayout(0x22)
    for pdu, reason in (
        (CreateSurfacePdu(surface_id=1, width=1, height=1, pixel_format=odd), "pixel format 0x22"),
        (
            WireToSurface1Pdu(
                surface_id=1, codec_id=PipelineCodec(0), pixel_format=odd, dest_rect=(0, 0, 1, 1), bitmap_data=b""
            ),
            "pixel format 0x22",
        ),
        (
            WireToSurface2Pdu(
                surface_id=1,
                codec_id=ProgressiveCodec(8),
                codec_context_id=1,
                pixel_format=PixelLayout.XRGB_8888,
                bitmap_data=b"",
            ),
            "codec 0x8 has no contexts",
        ),
        (ResetGraphicsPdu(width=0, height=1), "a desktop of 0x1 pixels"),
        (ResetGraphicsPdu(width=1, height=32767), "a desktop of 1x32767 pixels"),
    ):
        with pytest.raises(RemoteProtocolError, match=reason):
            JOB_MAKERS[type(pdu)](pdu)


def test_what_does_not_fit() -> None:
    for job in (
        DrawSurface(1, PipelineCodec.PLANAR, Rect(-1, 0, 5, 5), b""),
        DrawSurface(1 << 16, PipelineCodec.PLANAR, Rect(0, 0, 5, 5), b""),
        ImportCached(((1 << 16, 5),)),
    ):
        with pytest.raises(EncodeError):
            message_of(job).encode()
