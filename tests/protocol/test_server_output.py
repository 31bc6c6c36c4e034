"""Updates as frames: fragments up to what the client takes, and the slow path."""

from __future__ import annotations

import pytest

from trio_rdp.pdu import mcs
from trio_rdp.pdu.bitmap import BitmapData, BitmapUpdate
from trio_rdp.pdu.fastpath import FRAGMENT_SIZE, MAX_SENT_PDU_SIZE, FastPathOutput
from trio_rdp.pdu.palette import PaletteUpdate
from trio_rdp.pdu.pointer import (
    CachedPointerUpdate,
    LargePointerUpdate,
    Point,
    PointerUpdate,
    ServerPointerUpdate,
    SystemPointerType,
    SystemPointerUpdate,
)
from trio_rdp.pdu.share import PduType2, ShareDataHeader
from trio_rdp.pdu.surface import FrameAction, FrameMarkerCommand, SurfaceCommands
from trio_rdp.pdu.update import GraphicsUpdate, SynchronizeUpdate, UnknownUpdate, Update, UpdateType, decode_update
from trio_rdp.protocol.config import CompressionType
from trio_rdp.protocol.deflation import Deflater
from trio_rdp.protocol.envelopes import Envelopes, open_frame
from trio_rdp.protocol.fragments import FragmentAssembler
from trio_rdp.protocol.server_capabilities import ClientCapabilities
from trio_rdp.protocol.server_output import UpdateEncoder
from trio_rdp.wire.errors import EncodeError

_MIB = 1 << 20


def _encoder(fast: bool, request_size: int = _MIB, largest: int = _MIB) -> UpdateEncoder:
    capabilities = ClientCapabilities(fast_path_output=fast, max_request_size=request_size)
    return UpdateEncoder(Envelopes(True, share_id=7), capabilities, largest)


def _bitmap(size: int) -> BitmapUpdate:
    """A bitmap update whose data has exactly `size` bytes."""
    data = bytes(at * 7 & 0xFF for at in range(size - 22))
    return BitmapUpdate(
        rectangles=[
            BitmapData(
                dest_left=1,
                dest_top=2,
                dest_right=3,
                dest_bottom=4,
                width=64,
                height=64,
                bits_per_pixel=32,
                bitmap_data_stream=data,
            )
        ]
    )


MARKER = SurfaceCommands(surface_commands=[FrameMarkerCommand(frame_action=FrameAction.END, frame_id=3)])
LARGE = LargePointerUpdate(
    xor_bpp=32,
    cache_index=0,
    hot_spot=Point(x_pos=0, y_pos=0),
    width=97,
    height=97,
    xor_mask_data=bytes(97 * 97 * 4),
    and_mask_data=b"",
)


@pytest.mark.parametrize("size", [100, FRAGMENT_SIZE, FRAGMENT_SIZE + 1, 3 * FRAGMENT_SIZE, 60_000])
def test_the_fast_path(size: int) -> None:
    frames = _encoder(True).encode(_bitmap(size))
    assert len(frames) == -(-size // FRAGMENT_SIZE)
    assembler = FragmentAssembler(_MIB)
    whole: list[Update] = []
    for frame in frames:
        assert len(frame) <= MAX_SENT_PDU_SIZE
        (fragment,) = FastPathOutput.decode(frame).fp_output_updates
        data = assembler.push(fragment)
        if data is not None:
            whole.append(decode_update(fragment.update_code, data))
    assert whole == [_bitmap(size)]


@pytest.mark.parametrize(
    "update", [MARKER, LARGE, SystemPointerUpdate(system_pointer_type=SystemPointerType.NULL), SynchronizeUpdate()]
)
def test_every_kind_on_the_fast_path(update: Update) -> None:
    assembler = FragmentAssembler(_MIB)
    for frame in _encoder(True).encode(update):
        (fragment,) = FastPathOutput.decode(frame).fp_output_updates
        data = assembler.push(fragment)
    assert data is not None
    assert decode_update(fragment.update_code, data) == update


@pytest.mark.parametrize(
    ("request_size", "largest", "expected"),
    [
        (60_000, _MIB, 60_000),
        (_MIB, 50_000, 50_000),
        (0, _MIB, FRAGMENT_SIZE),  # no Multifragment Update Capability Set
        (1_000, _MIB, FRAGMENT_SIZE),
    ],
)
def test_the_largest_update(request_size: int, largest: int, expected: int) -> None:
    encoder = _encoder(True, request_size, largest)
    assert encoder.max_update_size == expected
    assert encoder.encode(_bitmap(expected))
    with pytest.raises(EncodeError, match=f"exceeds {expected}"):
        encoder.encode(_bitmap(expected + 1))


def _payload(frame: bytes) -> ShareDataHeader:
    pdu = open_frame(frame)
    assert isinstance(pdu, mcs.SendDataIndication)
    return ShareDataHeader.decode(pdu.user_data)


@pytest.mark.parametrize(
    "update",
    [
        _bitmap(10_000),
        PaletteUpdate(palette_entries=bytes(768)),
        SynchronizeUpdate(),
        UnknownUpdate(update_type=UpdateType(0x77), update_data=b"x"),
    ],
)
def test_the_slow_path(update: Update) -> None:
    (frame,) = _encoder(False).encode(update)
    header = _payload(frame)
    assert header.pdu_type2 == PduType2.UPDATE
    assert header.share_id == 7
    assert GraphicsUpdate.decode(header.payload).update == update


@pytest.mark.parametrize(
    "update", [SystemPointerUpdate(system_pointer_type=SystemPointerType.DEFAULT), CachedPointerUpdate(cache_index=3)]
)
def test_pointers_on_the_slow_path(update: PointerUpdate) -> None:
    (frame,) = _encoder(False).encode(update)
    header = _payload(frame)
    assert header.pdu_type2 == PduType2.POINTER
    assert ServerPointerUpdate.decode(header.payload).pointer_attribute_data == update


def test_the_largest_update_on_the_slow_path() -> None:
    encoder = _encoder(False)
    assert len(encoder.encode(_bitmap(encoder.max_update_size))) == 1
    with pytest.raises(EncodeError, match="exceeds"):
        encoder.encode(_bitmap(encoder.max_update_size + 1))


@pytest.mark.parametrize("update", [MARKER, LARGE])
def test_what_the_slow_path_has_no_form_for(update: Update) -> None:
    with pytest.raises(EncodeError, match="no slow-path form"):
        _encoder(False).encode(update)


@pytest.mark.parametrize("fast", [True, False])
def test_prepared_updates_are_the_same_frames(fast: bool) -> None:
    encoder = _encoder(fast)
    update = _bitmap(16_000)
    prepared = encoder.prepare(update)
    assert prepared.commit() == b"".join(encoder.encode(update))
    assert len(prepared) == len(prepared.commit())


def test_what_cannot_be_sent_cannot_be_prepared() -> None:
    with pytest.raises(EncodeError, match="exceeds"):
        _encoder(True, 20_000).prepare(_bitmap(20_001))
    with pytest.raises(EncodeError, match="no slow-path form"):
        _encoder(False).prepare(MARKER)


@pytest.mark.parametrize(
    ("fast", "kind", "best"),
    [
        (True, CompressionType.K8, 60_000),  # in fragments, each of which is compressed
        (True, None, 60_000),
        (False, CompressionType.K64, 16_361),
        (False, CompressionType.K8, 8_128),
        (False, None, 16_361),
    ],
)
def test_the_largest_update_that_is_compressed(fast: bool, kind: CompressionType | None, best: int) -> None:
    capabilities = ClientCapabilities(fast_path_output=fast, max_request_size=60_000)
    encoder = UpdateEncoder(Envelopes(True, share_id=7), capabilities, _MIB, Deflater(kind))
    if Deflater(kind).kind is kind:  # in plain Python nothing is compressed
        assert encoder.best_update_size == best
        assert len(encoder.prepare(_bitmap(best)).commit()) < best + 100 * (best // 8_000)
