from __future__ import annotations

import pytest

from tests.channels.rdpgfx.pipeline_jobs import DRAWING, SETUP, drawn
from trio_rdp.channels.rdpgfx.capabilities import CapabilityFlags, CapabilityVersion
from trio_rdp.channels.rdpgfx.drawing import WireToSurface1Pdu
from trio_rdp.channels.rdpgfx.events import Confirmed
from trio_rdp.channels.rdpgfx.messages import decode_messages
from trio_rdp.channels.rdpgfx.outgoing import Outgoing
from trio_rdp.channels.rdpgfx.translation import message_of
from trio_rdp.codecs.avc_frames import with_length
from trio_rdp.codecs.zgfx import Decompressor
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.jobs import (
    BeginPipelineFrame,
    DrawCached,
    DrawProgressive,
    DrawSurface,
    EndPipelineFrame,
    EvictCached,
    FillSurface,
    ImportCached,
    MapSurface,
    MapSurfaceToWindow,
    PipelineCodec,
    PipelineJob,
    StoreCached,
)
from trio_rdp.wire.errors import EncodeError, LocalProtocolError

V8, V81, V10, V101, V102, V103, V104, V105, V106, V107 = CapabilityVersion
BITMAP = Rect(0, 0, 64, 64)
STORED, COMPRESSED = 0x04, 0x24  # the header of a segment
SINGLE = 0xE0


def avc(size: int = 1) -> DrawSurface:
    return DrawSurface(1, PipelineCodec.AVC420, BITMAP, bytes(size))


def test_jobs_become_messages() -> None:
    outgoing, inflate = Outgoing(Confirmed(V107)), Decompressor().decompress
    for jobs in (SETUP, drawn(1, *DRAWING), drawn(2, *DRAWING)):
        message, ended = outgoing.encode(jobs, None)
        assert decode_messages(inflate(message)) == [message_of(job) for job in jobs]
        assert ended == [job.frame_id for job in jobs if isinstance(job, EndPipelineFrame)]


def test_what_repeats_is_compressed() -> None:
    outgoing = Outgoing(Confirmed(V107))
    jobs = drawn(1, DrawSurface(1, PipelineCodec.CLEARCODEC, BITMAP, b"the same again " * 500))
    first, second = (outgoing.encode(jobs, None)[0] for _ in range(2))
    assert first[:2] == bytes((SINGLE, COMPRESSED))
    assert len(second) < len(first) < 1000


def test_h264_is_not_even_looked_at() -> None:
    outgoing = Outgoing(Confirmed(V107))
    assert outgoing.encode(drawn(1, avc(5000)), None)[0][:2] == bytes((SINGLE, STORED))
    # Who is asked to, does.
    assert outgoing.encode(drawn(1, avc(5000)), False)[0][:2] == bytes((SINGLE, COMPRESSED))
    mixed = drawn(2, avc(5000), FillSurface(1, bytes(4), (Rect(0, 0, 1, 1),) * 200))
    assert outgoing.encode(mixed, None)[0][:2] == bytes((SINGLE, COMPRESSED))
    assert outgoing.encode(mixed, True)[0][:2] == bytes((SINGLE, STORED))


@pytest.mark.parametrize(
    ("confirmed", "job", "reason"),
    [
        (Confirmed(V8), avc(), "does not take AVC420"),
        (Confirmed(V81), avc(), "does not take AVC420"),
        (Confirmed(V107, CapabilityFlags.AVC_DISABLED), avc(), "does not take AVC420"),
        (Confirmed(V10), DrawSurface(1, PipelineCodec.AVC444V2, BITMAP, b""), "does not take AVC444V2"),
        (Confirmed(V107), DrawSurface(1, PipelineCodec(9), BITMAP, b""), "does not take UNKNOWN_0x9"),
        (Confirmed(V8, CapabilityFlags.THINCLIENT), DrawProgressive(1, 1, b""), "RemoteFX instead"),
        (Confirmed(V104), MapSurface(1, 0, 0, (5, 5)), "in another size"),
        (Confirmed(V104), MapSurfaceToWindow(1, 7, 5, 5, (9, 9)), "in another size"),
        (Confirmed(V107), StoreCached(1, 1, 25_601, BITMAP), "no slot 25601"),
        (Confirmed(V103), DrawCached(4097, 1, ((0, 0),)), "no slot 4097"),
        (Confirmed(V107), EvictCached(0), "no slot 0"),
        (Confirmed(V107), ImportCached(((1, 5), (0, 6))), "no slot 0"),
        (Confirmed(V107), BeginPipelineFrame(2), "frame 2 begins in frame 1"),
        (Confirmed(V107), EndPipelineFrame(2), "frame 2 ends and is not open"),
    ],
)
def test_what_the_client_does_not_take(confirmed: Confirmed, job: PipelineJob, reason: str) -> None:
    with pytest.raises(LocalProtocolError, match=reason):
        Outgoing(confirmed).encode((BeginPipelineFrame(1), job), None)


@pytest.mark.parametrize("job", [job for job in DRAWING if not isinstance(job, EvictCached)][:3])
def test_bitmaps_need_a_frame(job: PipelineJob) -> None:
    with pytest.raises(LocalProtocolError, match="outside of a frame"):
        Outgoing(Confirmed(V107)).encode((job,), None)


def test_h264_needs_a_frame_of_its_own_below_version_104() -> None:
    other = DrawProgressive(1, 1, b"x")
    for jobs in ((avc(), other), (other, avc())):
        with pytest.raises(LocalProtocolError, match="a frame of its own"):
            Outgoing(Confirmed(V103)).encode(drawn(1, *jobs), None)
        Outgoing(Confirmed(V104)).encode(drawn(1, *jobs), None)
    outgoing = Outgoing(Confirmed(V103))
    outgoing.encode((*drawn(1, avc(), avc()), *drawn(2, other)), None)


@pytest.mark.parametrize("codec", [PipelineCodec.AVC444, PipelineCodec.AVC444V2])
def test_h264_in_444_always_needs_a_frame_of_its_own(codec: PipelineCodec) -> None:
    # What a client of version 10.4 "MUST be capable of processing" beside other codecs is 4:2:0 (2.2.3.7).
    picture, other = DrawSurface(1, codec, BITMAP, b"\0"), DrawProgressive(1, 1, b"x")
    for jobs in ((picture, other), (other, picture)):
        with pytest.raises(LocalProtocolError, match="4:4:4 needs a frame of its own"):
            Outgoing(Confirmed(V107)).encode(drawn(1, *jobs), None)
    fill = FillSurface(1, bytes(4), (Rect(0, 0, 1, 1),))
    Outgoing(Confirmed(V107)).encode((*drawn(1, fill, picture, avc()), *drawn(2, other)), None)


def test_after_an_error_all_is_as_before() -> None:
    outgoing, inflate = Outgoing(Confirmed(V107)), Decompressor().decompress
    inflate(outgoing.encode((BeginPipelineFrame(1),), None)[0])
    with pytest.raises(EncodeError):
        outgoing.encode((EndPipelineFrame(1), BeginPipelineFrame(1 << 32)), None)
    with pytest.raises(LocalProtocolError, match="there is nothing to say"):
        outgoing.encode((), None)
    message, ended = outgoing.encode((EndPipelineFrame(1),), None)
    assert decode_messages(inflate(message)) == [message_of(EndPipelineFrame(1))]
    assert ended == [1]


def test_a_message_that_is_too_long() -> None:
    big = DrawSurface(1, PipelineCodec.UNCOMPRESSED, BITMAP, bytes(32 << 20))
    with pytest.raises(LocalProtocolError, match="in one message exceed 67108864"):
        Outgoing(Confirmed(V107)).encode(drawn(1, big, big), None)


def test_h264_with_its_length_for_a_client_that_names_8_1_first() -> None:
    flags = CapabilityFlags.AVC420_ENABLED | CapabilityFlags.SMALL_CACHE
    stream = bytes(4) + b"\0\0\0\1\x67"
    job = DrawSurface(1, PipelineCodec.AVC420, BITMAP, stream)
    for is_first, wanted in ((False, stream), (True, with_length(stream))):
        outgoing = Outgoing(Confirmed(V81, flags, is_first=is_first))
        _, found, _ = decode_messages(Decompressor().decompress(outgoing.encode(drawn(1, job), None)[0]))
        assert isinstance(found, WireToSurface1Pdu)
        assert found.bitmap_data == wanted
