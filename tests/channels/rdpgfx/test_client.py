from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from tests.captures.messages import load
from tests.channels.rdpgfx.pipeline_jobs import DRAWING, SETUP, drawn
from trio_rdp.channels.rdpgfx.caching import CacheEntryMetadata, CacheImportOfferPdu, CacheImportReplyPdu
from trio_rdp.channels.rdpgfx.capabilities import (
    CapabilityFlags,
    CapabilitySet,
    CapabilityVersion,
    CapsAdvertisePdu,
    CapsConfirmPdu,
)
from trio_rdp.channels.rdpgfx.client import ALL_VERSIONS, ClientState, GraphicsClient
from trio_rdp.channels.rdpgfx.drawing import SolidFillPdu
from trio_rdp.channels.rdpgfx.events import Confirmed
from trio_rdp.channels.rdpgfx.frames import (
    SUSPEND_FRAME_ACKNOWLEDGEMENT,
    EndFramePdu,
    FrameAcknowledgePdu,
    QoeFrameAcknowledgePdu,
    StartFramePdu,
)
from trio_rdp.channels.rdpgfx.header import GraphicsPdu, UnknownGraphicsPdu
from trio_rdp.channels.rdpgfx.messages import decode_messages
from trio_rdp.channels.rdpgfx.surfaces import DeleteSurfacePdu
from trio_rdp.channels.rdpgfx.translation import message_of
from trio_rdp.codecs.zgfx import Compressor
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pipeline.jobs import (
    BeginPipelineFrame,
    DeleteSurface,
    DrawProgressive,
    DrawSurface,
    EndPipelineFrame,
    EvictCached,
    FillSurface,
    ImportCached,
    PipelineCodec,
    PipelineJob,
)
from trio_rdp.wire.errors import EncodeError, LocalProtocolError, RemoteProtocolError

V8, V81, V10, V101, V102, V103, V104, V105, V106, V107 = CapabilityVersion
THIN, SMALL = CapabilityFlags.THINCLIENT, CapabilityFlags.SMALL_CACHE
AVC420, NO_AVC = CapabilityFlags.AVC420_ENABLED, CapabilityFlags.AVC_DISABLED
AVC_THIN, NO_SCALING = CapabilityFlags.AVC_THINCLIENT, CapabilityFlags.SCALEDMAP_DISABLE


def offered(client: GraphicsClient) -> dict[CapabilityVersion, CapabilityFlags]:
    (pdu,) = decode_messages(client.start())
    assert isinstance(pdu, CapsAdvertisePdu)
    return {one.version: one.flags for one in pdu.caps_sets}


def joined(pdus: Iterable[GraphicsPdu | UnknownGraphicsPdu]) -> bytes:
    return b"".join(pdu.encode() for pdu in pdus)


def confirm(version: CapabilityVersion = V107, flags: int = NO_AVC) -> bytes:
    return CapsConfirmPdu(caps_set=CapabilitySet.of(version, flags)).encode()


@pytest.fixture
def client() -> GraphicsClient:
    """One that has its confirmation, without H.264."""
    found = GraphicsClient()
    found.start()
    found.receive(confirm(), 0.0)
    return found


def test_what_is_offered() -> None:
    modern = dict.fromkeys((V10, V102, V103, V104, V105, V106, V107), NO_AVC)
    assert offered(GraphicsClient()) == {V8: 0, V81: 0, **modern}
    with_h264 = {V8: 0, V81: SMALL | AVC420, **dict.fromkeys((V10, V101, *modern), 0)}
    assert offered(GraphicsClient(h264=True)) == with_h264


def test_what_a_thin_client_offers() -> None:
    thin = offered(GraphicsClient(h264=True, is_thin=True))
    assert thin[V8] == THIN
    assert thin[V81] == THIN | AVC420 | SMALL
    assert thin[V10] == thin[V101] == thin[V102] == 0
    assert thin[V103] == thin[V106] == AVC_THIN
    assert thin[V107] == AVC_THIN
    # "If this flag is set, the RDPGFX_CAPS_FLAG_AVC_DISABLED flag MUST NOT be set" (2.2.3.6).
    assert offered(GraphicsClient(is_thin=True))[V107] == NO_AVC


def test_who_does_not_scale() -> None:
    """Versions 10.5 and 10.6 promise it (1.5.1) and have no flag to say otherwise."""
    found = offered(GraphicsClient(takes_scaled_mapping=False))
    assert found == {V8: 0, V81: 0, **dict.fromkeys((V10, V102, V103, V104), NO_AVC), V107: NO_AVC | NO_SCALING}


def test_what_a_small_cache_offers() -> None:
    small = offered(GraphicsClient(has_small_cache=True))
    assert small == {
        V8: SMALL,
        V81: SMALL,
        V103: NO_AVC,
        **dict.fromkeys((V10, V102, V104, V105, V106, V107), NO_AVC | SMALL),
    }
    # The flags THINCLIENT and SMALL_CACHE "SHOULD NOT be specified together" (2.2.3.1).
    assert offered(GraphicsClient(has_small_cache=True, is_thin=True))[V8] == THIN


def test_some_versions_only() -> None:
    assert offered(GraphicsClient(versions=[V81, V8, V81])) == {V81: 0, V8: 0}
    assert tuple(CapabilityVersion) == ALL_VERSIONS
    with pytest.raises(ValueError, match="no version"):
        GraphicsClient(versions=[])
    with pytest.raises(ValueError, match="no version"):
        GraphicsClient(versions=[V101])  # which implies H.264


def test_jobs_come_in_order(client: GraphicsClient) -> None:
    jobs = (*SETUP, *drawn(5, *DRAWING, timestamp=77))
    assert client.receive(joined(map(message_of, jobs)), 1.0) == list(jobs)
    assert client.unacknowledged == 1


def test_nothing_comes_before_the_confirmation() -> None:
    client = GraphicsClient()
    client.start()
    with pytest.raises(RemoteProtocolError, match="DeleteSurfacePdu came before the capabilities were confirmed"):
        client.receive(DeleteSurfacePdu(surface_id=1).encode(), 0.0)


def test_nothing_works_after_an_error() -> None:
    client = GraphicsClient()
    with pytest.raises(LocalProtocolError, match="is new"):
        client.receive(b"", 0.0)
    client.start()
    with pytest.raises(LocalProtocolError, match="is advertised"):
        client.start()
    with pytest.raises(RemoteProtocolError):
        client.inflate(b"\xe0")
    assert client.state is ClientState.FAILED
    calls: list[Callable[[], object]] = [
        client.start,
        client.reset,
        lambda: client.inflate(b""),
        lambda: client.receive(b"", 0.0),
        lambda: client.acknowledge(1, 0, 0.0),
        lambda: client.offer_cache([]),
    ]
    for call in calls:
        with pytest.raises(LocalProtocolError, match="the graphics pipeline is failed"):
            call()


@pytest.mark.parametrize(
    ("version", "flags", "reason"),
    [
        (V101, 0, "chose version 0xa0100, which was not offered"),
        (CapabilityVersion(0x000A0800), 0, "chose version 0xa0800, which was not offered"),
    ],
)
def test_a_server_that_chooses_something_else(version: CapabilityVersion, flags: int, reason: str) -> None:
    client = GraphicsClient()
    client.start()
    with pytest.raises(RemoteProtocolError, match=reason):
        client.receive(confirm(version, flags), 0.0)
    assert client.state is ClientState.FAILED


def test_a_server_may_use_less_than_was_offered() -> None:
    client = GraphicsClient(h264=True)
    client.start()
    (event,) = client.receive(confirm(V107, NO_AVC | SMALL), 0.0)
    assert event == client.confirmed == Confirmed(V107, NO_AVC | SMALL)


def test_what_was_not_offered_is_not_there_whatever_a_server_says() -> None:
    client = GraphicsClient(has_small_cache=True)
    client.start()
    (event,) = client.receive(confirm(V107, 0), 0.0)
    assert event == client.confirmed == Confirmed(V107, NO_AVC | SMALL)
    client = GraphicsClient()
    client.start()
    client.receive(confirm(V81, AVC420), 0.0)
    assert client.confirmed is not None
    assert not client.confirmed.takes_avc420


def test_messages_that_mean_nothing_here(client: GraphicsClient) -> None:
    assert client.receive(joined([UnknownGraphicsPdu(cmd_id=0x14, data=b"x")]) + confirm(), 0.0) == []
    assert client.ignored == 2
    with pytest.raises(RemoteProtocolError, match="FrameAcknowledgePdu, which is a client's"):
        client.receive(FrameAcknowledgePdu(frame_id=1, total_frames_decoded=1).encode(), 0.0)


def test_a_frame_is_acknowledged(client: GraphicsClient) -> None:
    client.receive(StartFramePdu(frame_id=0).encode(), 10.0)
    client.receive(EndFramePdu(frame_id=0).encode(), 10.25)
    shown, quality = client.acknowledge(0, 4096, 10.5)
    assert decode_messages(shown) == [FrameAcknowledgePdu(queue_depth=4096, frame_id=0, total_frames_decoded=1)]
    assert decode_messages(quality) == [
        QoeFrameAcknowledgePdu(frame_id=0, timestamp=10_000, time_diff_se=250, time_diff_edr=250)
    ]
    assert (client.unacknowledged, client.frames_decoded) == (0, 1)
    with pytest.raises(LocalProtocolError, match="frame 0 has not ended, or is acknowledged"):
        client.acknowledge(0, 0, 10.5)


def test_what_took_longer_than_65_seconds_is_not_told(client: GraphicsClient) -> None:
    client.receive(StartFramePdu(frame_id=1).encode(), 4_294_967.296 + 5)
    client.receive(EndFramePdu(frame_id=1).encode(), 4_294_967.296 + 71)
    _, quality = client.acknowledge(1, 0, 4_294_967.296 + 72)
    (pdu,) = decode_messages(quality)
    assert pdu == QoeFrameAcknowledgePdu(frame_id=1, timestamp=5000, time_diff_se=0, time_diff_edr=1000)


@pytest.mark.parametrize(("version", "sends_quality"), [(V81, True), (V101, True), (V107, False)])
def test_quality_is_not_told_to_everybody(version: CapabilityVersion, sends_quality: bool) -> None:
    client = GraphicsClient(h264=True, sends_quality=sends_quality)
    client.start()
    client.receive(confirm(version, 0 if version != V81 else SMALL) + joined([EndFramePdu(frame_id=1)]), 0.0)
    assert len(client.acknowledge(1, 0, 0.0)) == 1


def test_the_depth_fits_its_field(client: GraphicsClient) -> None:
    client.receive(joined([EndFramePdu(frame_id=1), EndFramePdu(frame_id=2)]), 0.0)
    for frame_id, depth, told in ((1, -5, 0), (2, 1 << 40, SUSPEND_FRAME_ACKNOWLEDGEMENT - 1)):
        (pdu,) = decode_messages(client.acknowledge(frame_id, depth, 0.0)[0])
        assert isinstance(pdu, FrameAcknowledgePdu)
        assert pdu.queue_depth == told


def test_acknowledging_is_suspended_and_resumed(client: GraphicsClient) -> None:
    def acknowledge(frame_id: int) -> list[tuple[int, int]]:
        client.receive(joined([StartFramePdu(frame_id=frame_id), EndFramePdu(frame_id=frame_id)]), 0.0)
        found = [one for message in client.acknowledge(frame_id, 7, 0.0) for one in decode_messages(message)]
        return [(one.queue_depth, one.total_frames_decoded) for one in found if isinstance(one, FrameAcknowledgePdu)]

    client.suspend()
    assert acknowledge(1) == [(SUSPEND_FRAME_ACKNOWLEDGEMENT, 1)]
    assert acknowledge(2) == acknowledge(3) == []
    client.resume()
    assert acknowledge(4) == [(7, 4)]
    client.suspend()
    assert acknowledge(5) == [(SUSPEND_FRAME_ACKNOWLEDGEMENT, 5)]
    assert acknowledge(6) == []
    # A server of which the client begins anew expects acknowledgements again.
    client.reset()
    client.receive(confirm(), 0.0)
    assert acknowledge(7) == [(SUSPEND_FRAME_ACKNOWLEDGEMENT, 1)]
    assert acknowledge(8) == []


def test_frames_that_nest_or_do_not_begin(client: GraphicsClient) -> None:
    """Each end is passed on, as the server waits to hear of it; there is at most one beginning before it."""
    begin, end = StartFramePdu, EndFramePdu
    pdus = [begin(frame_id=1), begin(frame_id=2), end(frame_id=2), end(frame_id=1), end(frame_id=9)]
    assert client.receive(joined(pdus), 0.0) == [
        BeginPipelineFrame(1),
        EndPipelineFrame(2),
        EndPipelineFrame(1),
        EndPipelineFrame(9),
    ]
    assert client.ignored == 1
    for frame_id in (2, 1, 9):
        assert client.acknowledge(frame_id, 0, 0.0)


def test_frames_of_one_number(client: GraphicsClient) -> None:
    client.receive(joined([EndFramePdu(frame_id=3)] * 2), 0.0)
    assert client.acknowledge(3, 0, 0.0)
    assert client.acknowledge(3, 0, 0.0)
    assert client.frames_decoded == 2


def test_a_server_that_sends_frames_without_end() -> None:
    client = GraphicsClient(max_frames=3)
    client.start()
    client.receive(confirm() + joined([EndFramePdu(frame_id=1)] * 3), 0.0)
    with pytest.raises(RemoteProtocolError, match="more than 3 frames wait to be shown"):
        client.receive(EndFramePdu(frame_id=1).encode(), 0.0)


def test_a_message_of_many_commands() -> None:
    fill = SolidFillPdu(surface_id=1, fill_pixel=bytes(4), fill_rects=[(0, 0, 1, 1)] * 9)
    client = GraphicsClient(max_commands=20)
    client.start()
    assert len(client.receive(confirm() + joined([fill]), 0.0)) == 2
    client.receive(joined([fill, fill]), 0.0)
    with pytest.raises(RemoteProtocolError, match="more than 20 commands in one message"):
        client.receive(joined([fill, fill, DeleteSurfacePdu(surface_id=1)]), 0.0)


def test_a_message_of_many_commands_is_read_in_parts(client: GraphicsClient) -> None:
    rects = (Rect(0, 0, 1, 1),) * 300
    jobs: list[PipelineJob] = [*[EvictCached(1)] * 600, FillSurface(1, b"1234", rects), *[EvictCached(1)] * 10]
    message = b"".join(message_of(job).encode() for job in jobs)
    parts = list(client.iterate(message, 0.0))
    assert [len(part) for part in parts] == [256, 256, 89, 10]
    assert [event for part in parts for event in part] == jobs
    assert list(client.iterate(b"", 0.0)) == [[]]


def test_a_message_that_inflates_to_much() -> None:
    client = GraphicsClient(max_message=1000)
    client.start()
    compressor = Compressor()
    assert len(client.inflate(compressor.compress(bytes(1000)))) == 1000
    with pytest.raises(RemoteProtocolError, match="1000 bytes"):
        client.inflate(compressor.compress(bytes(1001)))


def test_a_cache_that_was_kept(client: GraphicsClient) -> None:
    entries = [(0x1122334455667788, 16384), (2, 4), (3, 8)]
    assert decode_messages(client.offer_cache(entries)) == [
        CacheImportOfferPdu(cache_entries=[CacheEntryMetadata(cache_key=k, bitmap_length=n) for k, n in entries])
    ]
    (event,) = client.receive(CacheImportReplyPdu(cache_slots=[6, 9]).encode(), 0.0)
    assert event == ImportCached(((6, 0x1122334455667788), (9, 2)))
    with pytest.raises(RemoteProtocolError, match="bitmaps that were not offered"):
        client.receive(CacheImportReplyPdu(cache_slots=[6]).encode(), 0.0)


def test_nothing_is_imported_of_what_was_not_offered(client: GraphicsClient) -> None:
    assert client.receive(CacheImportReplyPdu(cache_slots=[]).encode(), 0.0) == []
    assert client.ignored == 1


def test_more_bitmaps_than_were_offered(client: GraphicsClient) -> None:
    client.offer_cache([(1, 4)])
    with pytest.raises(RemoteProtocolError, match="imports 2 bitmaps of 1"):
        client.receive(CacheImportReplyPdu(cache_slots=[6, 7]).encode(), 0.0)


def test_an_offer_that_is_too_long(client: GraphicsClient) -> None:
    with pytest.raises(EncodeError):
        client.offer_cache([(1, 4)] * 5462)
    with pytest.raises(EncodeError):
        client.offer_cache([(1 << 64, 4)])
    # Nothing was offered.
    with pytest.raises(RemoteProtocolError):
        client.receive(CacheImportReplyPdu(cache_slots=[1]).encode(), 0.0)


def test_a_client_begins_anew(client: GraphicsClient) -> None:
    client.receive(joined([StartFramePdu(frame_id=1), EndFramePdu(frame_id=1), StartFramePdu(frame_id=2)]), 0.0)
    client.offer_cache([(1, 4)])
    (pdu,) = decode_messages(client.reset())
    assert isinstance(pdu, CapsAdvertisePdu)
    assert client.confirmed is None
    # What was under way is ignored, and what the user still shows of it acknowledges nothing.
    late = [DeleteSurfacePdu(surface_id=1), EndFramePdu(frame_id=2), CacheImportReplyPdu(cache_slots=[1])]
    assert client.receive(joined(late), 0.0) == []
    assert client.ignored == 3
    assert client.acknowledge(1, 0, 0.0) == []
    assert client.acknowledge(1, 0, 0.0) == []
    again = client.receive(confirm(V104, NO_AVC) + DeleteSurfacePdu(surface_id=2).encode(), 0.0)
    assert again == [Confirmed(V104, NO_AVC), DeleteSurface(2)]
    # Frames are counted anew, as their numbers are.
    client.receive(joined([StartFramePdu(frame_id=1), EndFramePdu(frame_id=1)]), 0.0)
    shown, _ = client.acknowledge(1, 0, 0.0)
    assert decode_messages(shown) == [FrameAcknowledgePdu(frame_id=1, total_frames_decoded=1)]


def test_not_every_version_can_begin_anew() -> None:
    client = GraphicsClient(versions=[V8, V102])
    client.start()
    client.receive(confirm(V102), 0.0)
    with pytest.raises(LocalProtocolError, match=r"10\.3"):
        client.reset()
    assert client.state is ClientState.CONFIRMED


def hear(name: str) -> tuple[GraphicsClient, list[PipelineJob]]:
    """All that a recorded server said."""
    client = GraphicsClient(h264=True, has_small_cache=True)
    client.start()
    jobs: list[PipelineJob] = []
    for number, transmission in enumerate(load(f"{name}.s2c")):
        events = client.receive(client.inflate(transmission), float(number))
        jobs += [event for event in events if not isinstance(event, Confirmed)]
    assert not client.ignored
    return client, jobs


def test_gnome() -> None:
    client, jobs = hear("gfx-xfreerdp-grd-progressive")
    assert client.confirmed is not None
    assert client.confirmed.version == V107
    (drawing,) = (job for job in jobs if isinstance(job, DrawProgressive))
    assert len(drawing.data) > 30_000
    acknowledged = client.acknowledge(0, 0, 9.0)[0]
    assert acknowledged == load("gfx-xfreerdp-grd-progressive.c2s")[1]


@pytest.mark.parametrize(
    ("name", "codec", "version"),
    [
        ("gfx-xfreerdp-shadow-avc420", PipelineCodec.AVC420, V81),
        ("gfx-xfreerdp-shadow-avc444", PipelineCodec.AVC444V2, V107),
    ],
)
def test_freerdp(name: str, codec: PipelineCodec, version: CapabilityVersion) -> None:
    """Our acknowledgements are those of xfreerdp."""
    client, jobs = hear(name)
    assert client.confirmed is not None
    assert client.confirmed.version == version
    drawings = [job for job in jobs if isinstance(job, DrawSurface)]
    assert drawings
    assert {job.codec for job in drawings} == {codec}
    ends = [job.frame_id for job in jobs if isinstance(job, EndPipelineFrame)]
    said = [client.acknowledge(frame_id, 0, 9.0)[0] for frame_id in ends]
    assert said == load(f"{name}.c2s")[1 : len(said) + 1]


def test_xrdp() -> None:
    """Its own window in planar tiles, then the desktop by RemoteFX Progressive."""
    name = "gfx-xfreerdp-xrdp-progressive"
    client, jobs = hear(name)
    assert client.confirmed is not None
    assert client.confirmed.version == V107
    assert {job.codec for job in jobs if isinstance(job, DrawSurface)} == {PipelineCodec.PLANAR}
    assert sum(isinstance(job, DrawProgressive) for job in jobs) == 4
    ends = [job.frame_id for job in jobs if isinstance(job, EndPipelineFrame)]
    said = [client.acknowledge(frame_id, 0, 9.0)[0] for frame_id in ends]
    assert said == load(f"{name}.c2s")[1 : len(said) + 1]


def test_colours_are_bytes(client: GraphicsClient) -> None:
    fill = SolidFillPdu(surface_id=1, fill_pixel=b"\1\2\3\4", fill_rects=[])
    assert client.receive(fill.encode(), 0.0) == [FillSurface(1, b"\1\2\3\4", ())]
