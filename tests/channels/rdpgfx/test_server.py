from __future__ import annotations

import pytest

from tests.captures.messages import load
from tests.channels.rdpgfx.pipeline_jobs import DRAWING, SETUP, drawn
from trio_rdp.channels.rdpgfx.caching import CacheImportOfferPdu
from trio_rdp.channels.rdpgfx.capabilities import (
    CapabilityFlags,
    CapabilitySet,
    CapabilityVersion,
    CapsAdvertisePdu,
    CapsConfirmPdu,
)
from trio_rdp.channels.rdpgfx.client import GraphicsClient
from trio_rdp.channels.rdpgfx.events import (
    AcknowledgementResumed,
    AcknowledgementSuspended,
    CacheOffered,
    Confirmed,
    FrameAcknowledged,
    FrameTimed,
    Reply,
)
from trio_rdp.channels.rdpgfx.frames import (
    SUSPEND_FRAME_ACKNOWLEDGEMENT,
    EndFramePdu,
    FrameAcknowledgePdu,
    QoeFrameAcknowledgePdu,
)
from trio_rdp.channels.rdpgfx.header import UnknownGraphicsPdu
from trio_rdp.channels.rdpgfx.messages import decode_messages
from trio_rdp.channels.rdpgfx.server import GraphicsServer, GraphicsServerEvent
from trio_rdp.codecs.zgfx import Decompressor
from trio_rdp.graphics.pipeline.jobs import BeginPipelineFrame, EndPipelineFrame, ImportCached
from trio_rdp.wire.errors import EncodeError, LocalProtocolError, RemoteProtocolError

V8, V81, V10, V101, V102, V103, V104, V105, V106, V107 = CapabilityVersion
NO_AVC = CapabilityFlags.AVC_DISABLED


def advertise(*sets: CapabilitySet) -> bytes:
    return CapsAdvertisePdu(caps_sets=list(sets)).encode()


def acknowledge(frame_id: int, queue_depth: int = 0, total: int = 1) -> bytes:
    return FrameAcknowledgePdu(queue_depth=queue_depth, frame_id=frame_id, total_frames_decoded=total).encode()


def opened(
    version: CapabilityVersion = V107, *, max_frames: int = 256, max_strays: int = 256, max_messages: int = 1024
) -> GraphicsServer:
    server = GraphicsServer(max_frames=max_frames, max_strays=max_strays, max_messages=max_messages)
    server.receive(advertise(CapabilitySet.of(version)))
    return server


def send(server: GraphicsServer, *frame_ids: int) -> None:
    for frame_id in frame_ids:
        server.encode(drawn(frame_id))


def confirmed_in(message: bytes) -> CapabilitySet:
    (pdu,) = decode_messages(Decompressor().decompress(message))
    assert isinstance(pdu, CapsConfirmPdu)
    return pdu.caps_set


@pytest.mark.parametrize(
    ("name", "version", "flags"),
    [
        ("gfx-xfreerdp-grd-progressive", V107, 0xC2),
        ("gfx-xfreerdp-shadow-avc420", V81, 0x13),
        ("gfx-xfreerdp-shadow-avc444", V107, 0xC2),
        ("gfx-xfreerdp-xrdp-progressive", V107, 0xA0),
    ],
)
def test_xfreerdp(name: str, version: CapabilityVersion, flags: int) -> None:
    """It gets what the server of that session chose, too."""
    server = GraphicsServer()
    advertised, *acknowledged = load(f"{name}.c2s")
    reply, confirmed = server.receive(advertised)
    assert isinstance(reply, Reply)
    assert reply.message == load(f"{name}.s2c")[0]
    assert confirmed == server.confirmed == Confirmed(version, CapabilityFlags(flags))
    for message in acknowledged:
        (pdu,) = decode_messages(message)
        assert isinstance(pdu, FrameAcknowledgePdu)
        send(server, pdu.frame_id)
        (event,) = server.receive(message)
        assert event == FrameAcknowledged(pdu.frame_id, 0, pdu.total_frames_decoded, (pdu.frame_id,))


def test_the_latest_version_that_both_have() -> None:
    def chosen(*sets: CapabilitySet, versions: tuple[CapabilityVersion, ...] = tuple(CapabilityVersion)) -> Confirmed:
        server = GraphicsServer(versions=versions)
        reply, confirmed = server.receive(advertise(*sets))
        assert isinstance(reply, Reply)
        assert isinstance(confirmed, Confirmed)
        found = confirmed_in(reply.message)
        assert found == CapabilitySet.of(confirmed.version, confirmed.flags)
        return confirmed

    old, middle, new = (CapabilitySet.of(V81, 0x13), CapabilitySet.of(V101), CapabilitySet.of(V104, NO_AVC))
    assert chosen(old, new, middle) == Confirmed(V104, NO_AVC)
    assert chosen(old, new, middle, versions=(V8, V101)) == Confirmed(V101)
    assert chosen(new, old).is_first
    assert not chosen(old, new).is_first
    unknown = CapabilitySet(version=CapabilityVersion(0x000B0000), caps_data=bytes(4))
    broken = CapabilitySet(version=V107, caps_data=b"\0")
    assert chosen(old, unknown, broken) == Confirmed(V81, CapabilityFlags(0x13))


def test_nothing_that_both_have() -> None:
    with pytest.raises(RemoteProtocolError, match=r"that is taken: none"):
        GraphicsServer().receive(advertise())
    with pytest.raises(RemoteProtocolError, match=r"that is taken: 0x80004, 0xb0000"):
        GraphicsServer(versions=[V107]).receive(
            advertise(CapabilitySet.of(V8), CapabilitySet(version=CapabilityVersion(0x000B0000), caps_data=b""))
        )


def test_a_client_begins_with_its_capabilities() -> None:
    server = GraphicsServer()
    with pytest.raises(RemoteProtocolError, match="FrameAcknowledgePdu came before the capabilities"):
        server.receive(acknowledge(1))
    with pytest.raises(LocalProtocolError, match="has not said what it can do"):
        server.encode(SETUP)


def test_messages_that_mean_nothing_here() -> None:
    server = opened()
    assert server.receive(UnknownGraphicsPdu(cmd_id=0x14, data=b"x").encode()) == []
    assert server.ignored == 1
    with pytest.raises(RemoteProtocolError, match="EndFramePdu, which is a server's"):
        server.receive(EndFramePdu(frame_id=1).encode())


def test_both_sides() -> None:
    server, client = GraphicsServer(), GraphicsClient(h264=True)
    reply, confirmed = server.receive(client.start())
    assert isinstance(reply, Reply)
    assert client.receive(client.inflate(reply.message), 0.0) == [confirmed]
    for jobs in (SETUP, drawn(1, *DRAWING, timestamp=5), drawn(2, *DRAWING)):
        assert tuple(client.receive(client.inflate(server.encode(jobs)), 1.0)) == jobs
    events: list[GraphicsServerEvent] = []
    for frame_id in (1, 2):
        for message in client.acknowledge(frame_id, 99, 1.125):
            events += server.receive(message)
    assert events == [
        FrameAcknowledged(1, 99, 1, (1,)),
        FrameTimed(1, 1000, 0.0, 0.125),
        FrameAcknowledged(2, 99, 2, (2,)),
        FrameTimed(2, 1000, 0.0, 0.125),
    ]


def test_frames_wait_for_their_acknowledgement() -> None:
    server = opened()
    server.encode((BeginPipelineFrame(1),))
    assert not server.unacknowledged
    server.encode((EndPipelineFrame(1),))
    send(server, 2, 3)
    assert list(server.unacknowledged) == [1, 2, 3]
    # They are shown in order, so that the second one's says it of the first one's too.
    assert server.receive(acknowledge(2, 5000, 2)) == [FrameAcknowledged(2, 5000, 2, (1, 2))]
    assert list(server.unacknowledged) == [3]
    assert (server.queue_depth, server.total_frames_decoded) == (5000, 2)


def test_a_frame_is_forgotten() -> None:
    server = opened()
    send(server, 1, 2, 3)
    server.forget_frame(2)
    server.forget_frame(2)
    assert server.unacknowledged == (3,)
    assert server.receive(acknowledge(1)) == []


def test_numbers_of_frames() -> None:
    server = opened()
    assert [server.new_frame_id() for _ in range(3)] == [1, 2, 3]
    server._last_id = 0xFFFFFFFE
    assert [server.new_frame_id() for _ in range(3)] == [0xFFFFFFFF, 1, 2]


def test_a_client_that_never_acknowledges() -> None:
    server = opened(max_frames=4)
    send(server, *range(1, 10))
    assert server.unacknowledged == (6, 7, 8, 9)


def test_a_client_that_acknowledges_what_was_never_sent() -> None:
    server = opened(max_strays=3)
    send(server, 1, 2)
    for frame_id in (7, 8, 9):
        assert server.receive(acknowledge(frame_id)) == []
    # One that is right proves good will.
    assert server.receive(acknowledge(1))
    for _ in range(3):
        server.receive(acknowledge(1))
    with pytest.raises(RemoteProtocolError, match="4 frames were acknowledged that do not wait for it"):
        server.receive(acknowledge(1))


def test_a_client_that_says_much_at_once() -> None:
    server = opened(max_messages=3)
    quality = QoeFrameAcknowledgePdu(frame_id=1, timestamp=0, time_diff_se=0, time_diff_edr=0).encode()
    assert len(server.receive(quality * 3)) == 3
    with pytest.raises(RemoteProtocolError, match="more than 3 messages at once"):
        server.receive(quality * 4)


def test_acknowledging_is_suspended_and_resumed() -> None:
    server = opened()
    send(server, 1, 2)
    assert server.receive(acknowledge(1, SUSPEND_FRAME_ACKNOWLEDGEMENT)) == [AcknowledgementSuspended()]
    assert (server.acknowledges, server.unacknowledged, server.queue_depth) == (False, (), 0)
    send(server, 3)
    assert not server.unacknowledged
    assert server.receive(acknowledge(2, SUSPEND_FRAME_ACKNOWLEDGEMENT)) == []
    assert server.receive(acknowledge(3, 17)) == [AcknowledgementResumed()]
    assert (server.acknowledges, server.queue_depth) == (True, 17)
    send(server, 4)
    assert server.receive(acknowledge(4)) == [FrameAcknowledged(4, 0, 1, (4,))]


def test_quality_of_an_old_client_is_not_heard() -> None:
    server = opened(V81)
    assert (
        server.receive(QoeFrameAcknowledgePdu(frame_id=1, timestamp=0, time_diff_se=0, time_diff_edr=0).encode()) == []
    )
    assert server.ignored == 1


def test_a_cache_that_a_client_kept() -> None:
    server, client = GraphicsServer(), GraphicsClient()
    reply, _ = server.receive(client.start())
    assert isinstance(reply, Reply)
    client.receive(client.inflate(reply.message), 0.0)
    entries = ((10, 400), (11, 800), (12, 16))
    assert server.receive(client.offer_cache(entries)) == [CacheOffered(entries)]
    wanted = ImportCached(((5, 10), (3, 11)))
    assert client.receive(client.inflate(server.encode([wanted])), 0.0) == [wanted]


@pytest.mark.parametrize("slots", [((1, 11),), ((1, 10), (2, 12)), ((1, 10), (2, 11), (3, 12), (4, 13))])
def test_only_the_first_that_are_offered_can_be_imported(slots: tuple[tuple[int, int], ...]) -> None:
    server, client = opened(), GraphicsClient()
    client.start()
    client.receive(confirm(), 0.0)
    server.receive(client.offer_cache([(10, 4), (11, 4), (12, 4)]))
    with pytest.raises(LocalProtocolError, match="only the first of the offered bitmaps"):
        server.encode([ImportCached(slots)])


def confirm() -> bytes:
    return CapsConfirmPdu(caps_set=CapabilitySet.of(V107, NO_AVC)).encode()


def test_an_offer_is_answered_once() -> None:
    server = opened()
    with pytest.raises(LocalProtocolError, match="offered no bitmaps"):
        server.encode([ImportCached(())])
    client = GraphicsClient()
    client.start()
    client.receive(confirm(), 0.0)
    offer = client.offer_cache([(10, 4)])
    server.receive(offer * 2)
    server.encode([ImportCached(())])
    with pytest.raises(LocalProtocolError, match="offered no bitmaps"):
        server.encode([ImportCached(())])


def test_a_client_begins_anew() -> None:
    server, client = GraphicsServer(), GraphicsClient()
    reply, confirmed = server.receive(client.start())
    assert isinstance(reply, Reply)
    client.receive(client.inflate(reply.message), 0.0)
    for frame_id in (1, 2):
        client.receive(client.inflate(server.encode(drawn(frame_id, *DRAWING))), 0.0)
    server.encode((BeginPipelineFrame(3),))  # which is thrown away
    server.receive(acknowledge(9, SUSPEND_FRAME_ACKNOWLEDGEMENT))
    before = server.epoch
    again = server.receive(client.reset())
    assert again == [again[0], confirmed]
    assert (server.epoch, server.acknowledges, server.unacknowledged) == (before + 1, True, ())
    assert isinstance(again[0], Reply)
    assert client.receive(client.inflate(again[0].message), 0.0) == [confirmed]
    # The history is a new one, the frame that was open is none any more, and both understand each other.
    for jobs in (SETUP, drawn(3, *DRAWING)):
        assert tuple(client.receive(client.inflate(server.encode(jobs)), 0.0)) == jobs


def test_what_is_made_for_an_earlier_beginning_is_not_encoded() -> None:
    server, client = GraphicsServer(), GraphicsClient()
    reply, _ = server.receive(client.start())
    assert isinstance(reply, Reply)
    client.receive(client.inflate(reply.message), 0.0)
    old = server.epoch
    assert server.encode(drawn(1, *DRAWING), epoch=old)
    again, _ = server.receive(client.reset())
    assert isinstance(again, Reply)
    # Nor are its bytes in the new history, which the client would not know.
    assert server.encode(drawn(2, *DRAWING), epoch=old) == b""
    assert server.encode([ImportCached(())], epoch=old) == b""
    assert server.unacknowledged == ()
    client.receive(client.inflate(again.message), 0.0)
    for jobs in (SETUP, drawn(3, *DRAWING)):
        message = server.encode(jobs, epoch=server.epoch)
        assert tuple(client.receive(client.inflate(message), 0.0)) == jobs


def test_a_client_that_begins_anew_without_end() -> None:
    server, again = GraphicsServer(max_resets=2), advertise(CapabilitySet.of(V107))
    for _ in range(3):
        assert server.receive(again)
    with pytest.raises(RemoteProtocolError, match="begins anew more than 2 times"):
        server.receive(again)


def test_a_client_that_offers_bitmaps_without_end() -> None:
    server, again = GraphicsServer(max_offers=2), advertise(CapabilitySet.of(V107))
    offer = CacheImportOfferPdu(cache_entries=[]).encode()
    for _ in range(2):
        server.receive(again + offer * 2)
    with pytest.raises(RemoteProtocolError, match="more than 2 offers of bitmaps"):
        server.receive(offer)


def test_not_every_version_can_begin_anew() -> None:
    server = opened(V102)
    assert server.receive(advertise(CapabilitySet.of(V107))) == []
    assert (server.ignored, server.confirmed) == (1, Confirmed(V102))


def test_a_frame_that_cannot_be_encoded_waits_for_nothing() -> None:
    server = opened()
    with pytest.raises(EncodeError):
        server.encode((*drawn(1), *drawn(1 << 32)))
    assert not server.unacknowledged
    send(server, 1)
    assert list(server.unacknowledged) == [1]
