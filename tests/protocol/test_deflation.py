"""What a server compresses comes out at its client as it went in, on every path, in the order of the wire."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from tests.protocol.pairs import CLIENT, SERVER, connect
from trio_rdp.channels.static import chunks
from trio_rdp.codecs.bulk import BulkDecompressor
from trio_rdp.codecs.kernels import form_of
from trio_rdp.codecs.kernels import mppc as kernel
from trio_rdp.graphics.jobs import DrawBitmaps
from trio_rdp.pdu.bitmap import BitmapData, BitmapUpdate
from trio_rdp.pdu.channel import ChannelFlags
from trio_rdp.pdu.client_info import CompressionType as Announced
from trio_rdp.pdu.client_info import InfoFlags
from trio_rdp.pdu.fastpath import FastPathOutput
from trio_rdp.protocol.active_stage import ActiveStage
from trio_rdp.protocol.channel_frames import Run
from trio_rdp.protocol.config import CompressionType, DesktopSize
from trio_rdp.protocol.deflation import Deflater, Outgoing, agreed_compression
from trio_rdp.protocol.framing import FrameBuffer
from trio_rdp.protocol.server_stage import ServerStage
from trio_rdp.protocol.session_events import ChannelData, GraphicsUpdate, ResponseFrame

pytestmark = pytest.mark.skipif(form_of(kernel) == "plain", reason="plain Python compresses nothing")

TEXT = b"the server compresses what repeats, and what repeats is compressed; " * 60
KINDS = list(CompressionType)


@pytest.mark.parametrize(
    ("wanted", "allowed", "agreed"),
    [
        (None, CompressionType.RDP61, None),
        (Announced.PACKET_COMPR_TYPE_RDP61, None, None),
        (Announced.PACKET_COMPR_TYPE_RDP61, CompressionType.K64, CompressionType.K64),
        (Announced.PACKET_COMPR_TYPE_8K, CompressionType.RDP61, CompressionType.K8),
        (Announced(9), CompressionType.RDP6, CompressionType.RDP6),
    ],
)
def test_the_lesser_of_both(
    wanted: Announced | None, allowed: CompressionType | None, agreed: CompressionType | None
) -> None:
    assert agreed_compression(InfoFlags(0).with_compression(wanted), allowed) == agreed


@pytest.mark.parametrize("kind", KINDS)
def test_packets(kind: CompressionType) -> None:
    deflater, inflater = Deflater(kind), BulkDecompressor()
    for data in (TEXT, b"short", TEXT, bytes(range(256)), TEXT[7:]):
        flags, packet = deflater.deflate(data)
        assert inflater.decompress(flags, packet) == data
    statistics = deflater.statistics()
    assert statistics.type is kind
    assert (statistics.packets, statistics.bytes) == (5, 3 * len(TEXT) - 7 + 5 + 256)
    assert statistics.compressed_bytes < statistics.bytes / 4


def test_a_packet_of_the_longest_size_still_compresses() -> None:
    deflater = Deflater(CompressionType.K8)
    flags, packet = deflater.deflate(bytes(deflater.longest))
    assert flags
    assert len(packet) < deflater.longest


def test_a_new_history_is_told() -> None:
    deflater = Deflater(CompressionType.K64)
    deflater.deflate(TEXT)
    deflater.reset()
    flags, packet = deflater.deflate(TEXT)
    assert flags & 0x80
    assert BulkDecompressor().decompress(flags, packet) == TEXT


def test_without_a_type_nothing_is_touched() -> None:
    deflater = Deflater(None)
    assert deflater.deflate(TEXT) == (0, TEXT)
    deflater.reset()
    assert deflater.statistics().type is None
    assert deflater.statistics().packets == 0


@pytest.mark.parametrize("kind", KINDS)
def test_what_does_not_get_smaller_is_let_pass(kind: CompressionType) -> None:
    deflater, inflater = Deflater(kind), BulkDecompressor()
    random = Random(1)
    touched = 0
    for _ in range(200):
        noise = random.randbytes(4_000)
        flags, packet = deflater.deflate(noise)
        touched += flags != 0
        assert inflater.decompress(flags, packet) == noise
    assert touched < 40
    # And it is noticed when that is over.
    sizes = []
    for _ in range(40):
        flags, packet = deflater.deflate(TEXT)
        sizes.append(len(packet))
        assert inflater.decompress(flags, packet) == TEXT
    assert sizes[-1] < len(TEXT) / 4
    flags, packet = deflater.deflate(noise)
    assert inflater.decompress(flags, packet) == noise
    assert deflater.deflate(TEXT)[0]


def test_chunks() -> None:
    deflater, inflater = Deflater(CompressionType.K64), BulkDecompressor()
    for chunk in chunks(TEXT, 1600):
        packed = deflater.deflate_chunk(chunk)
        flags = int.from_bytes(packed[4:8], "little")
        assert flags & ChannelFlags.COMPRESSED
        assert packed[:4] == chunk[:4]
        assert inflater.decompress(flags >> 16 & 0xFF, packed[8:]) == chunk[8:]
    tiny = next(chunks(b"tiny"))
    assert deflater.deflate_chunk(tiny) == tiny


def test_outgoing() -> None:
    one = Outgoing(12, lambda: b"shorter")
    assert len(one) == 12
    assert one.commit() == b"shorter"


def bitmap(size: int, start: int = 0) -> BitmapUpdate:
    data = (TEXT * (size // len(TEXT) + 2))[start : start + size]
    tile = BitmapData(
        dest_left=0, dest_top=0, dest_right=63, dest_bottom=63, width=64, height=64, bits_per_pixel=32,
        bitmap_data_stream=data,
    )  # fmt: skip
    return BitmapUpdate(rectangles=[tile])


class Both:
    """A server's stage and a client's; what is committed arrives."""

    def __init__(self, kind: CompressionType, *, fast: bool = True) -> None:
        client = replace(CLIENT, compression_type=kind, static_channels=("echo",), desktop_size=DesktopSize(300, 300))
        config = replace(SERVER, compression_type=CompressionType.RDP61, static_channels=("echo",))
        result, accepted = connect(client, config)
        capabilities = replace(accepted.activation.capabilities, fast_path_output=fast)
        self.server = ServerStage(replace(accepted, activation=replace(accepted.activation, capabilities=capabilities)))
        self.client = ActiveStage(result)
        self.client.start()

    def arrive(self, outgoing: Outgoing | bytes) -> list[object]:
        frames = FrameBuffer(bytes(outgoing.commit()) if isinstance(outgoing, Outgoing) else outgoing)
        events: list[object] = []
        while (frame := frames.next_pdu()) is not None:
            events += self.client.process(*frame)
        return events

    def message(self, message: bytes) -> bytes:
        """A message on a channel, as it is written."""
        item = self.server.channel_frames("echo").message(message)
        if isinstance(item, Run):
            return item.take(1 << 20)[0]
        return bytes(item.commit()) if isinstance(item, Outgoing) else item

    def drawn(self, outgoing: Outgoing) -> bytes:
        (event,) = self.arrive(outgoing)
        assert isinstance(event, GraphicsUpdate)
        assert isinstance(event.job, DrawBitmaps)
        return event.job.bitmaps[0].bitmap_data_stream


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("size", [200, 6_000, 12_000, 16_000])
def test_updates(kind: CompressionType, fast: bool, size: int) -> None:
    both = Both(kind, fast=fast)
    prepared = [both.server.prepare_update(bitmap(size, start)) for start in range(3)]
    # Prepared first is not committed first: the history follows the wire.
    for start in (2, 0, 1):
        assert both.drawn(prepared[start]) == bitmap(size, start).rectangles[0].bitmap_data_stream
    statistics = both.server.compression
    assert statistics.type is kind
    if not (kind is CompressionType.K8 and not fast and size > 8_000):
        assert statistics.packets_compressed >= 3
        assert statistics.compressed_bytes < statistics.bytes / 2


def test_what_is_dense_is_sent_as_it_is() -> None:
    both = Both(CompressionType.K64)
    update = bitmap(5_000)
    drawn = both.drawn(both.server.prepare_update(update, is_dense=True))
    assert drawn == update.rectangles[0].bitmap_data_stream
    assert both.server.compression.packets == 0


def test_channels_share_the_history() -> None:
    both = Both(CompressionType.K64)
    message = TEXT * 3
    both.drawn(both.server.prepare_update(bitmap(8_000)))
    events = both.arrive(both.message(message))
    assert events == [ChannelData("echo", message)]
    both.drawn(both.server.prepare_update(bitmap(8_000, 1)))
    assert both.server.compression.packets_compressed >= 2 + 3 * len(TEXT) // 1600


def test_channels_of_clients_that_do_not_take_that() -> None:
    both = Both(CompressionType.K64)
    activation = both.server.activation
    capabilities = replace(activation.capabilities, takes_compressed_channels=False)
    both.server.activation = replace(activation, capabilities=capabilities)
    events = both.arrive(both.message(TEXT))
    assert events == [ChannelData("echo", TEXT)]
    assert both.server.compression.packets == 0


def test_a_reactivation_begins_anew() -> None:
    both = Both(CompressionType.K64)
    both.drawn(both.server.prepare_update(bitmap(8_000)))
    answers = both.arrive(both.server.deactivate(DesktopSize(400, 400)))
    while not both.server.is_active:
        said = b"".join(event.data for event in answers if isinstance(event, ResponseFrame))
        answers = []
        frames = FrameBuffer(said)
        while (frame := frames.next_pdu()) is not None:
            for output in both.server.process(*frame):
                if isinstance(output, ResponseFrame) or hasattr(output, "data"):
                    answers += both.arrive(output.data)
    committed = bytes(both.server.prepare_update(bitmap(8_000)).commit())
    (fragment,) = FastPathOutput.decode(committed).fp_output_updates
    assert fragment.compression_flags is not None
    assert fragment.compression_flags & 0xE0 == 0xE0  # FLUSHED, AT_FRONT and COMPRESSED
    assert both.arrive(committed)
