from __future__ import annotations

import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.codecs.rfx_examples import FRAME, HEADERS, ROWS, TILE_SET
from tests.codecs.twins import pair, twins
from trio_rdp.codecs import rfx
from trio_rdp.codecs.rfx import Decoder, Encoder, Entropy, Quality
from trio_rdp.codecs.rfx_messages import (
    BlockType,
    OperatingMode,
    RfxChannel,
    RfxChannels,
    RfxCodecQuant,
    RfxCodecVersions,
    RfxContext,
    RfxFrameBegin,
    RfxFrameEnd,
    RfxRect,
    RfxRegion,
    RfxSync,
    RfxTileSet,
    append_block,
    read_block,
)
from trio_rdp.codecs.view import View
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import DecodeError, EncodeError, InvalidField, Truncated
from trio_rdp.wire.pdu import Pdu

Pixels = NDArray[np.uint8]


@pytest.fixture(params=twins("rfx"))
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module: ModuleType = request.param
    monkeypatch.setattr(rfx, "kernel", module)
    return module


def blank(width: int, height: int) -> Pixels:
    return np.zeros((height, width, 4), np.uint8)


def picture_of(kind: str, width: int, height: int, seed: int = 1) -> Pixels:
    """Pixels with something in the fourth byte that nobody should look at."""
    source = np.random.default_rng(seed)
    pixels = source.integers(0, 256, (height, width, 4), np.uint8)
    y, x = np.mgrid[0:height, 0:width]
    if kind == "solid":
        pixels[:, :, :3] = source.integers(0, 256, 3, np.uint8)
    elif kind == "gradient":
        pixels[:, :, :3] = np.stack((x * 255 // width, y * 255 // height, (x + y) * 255 // (width + height)), 2)
    elif kind == "text":
        strokes = (source.random((height, width)) < 0.15).repeat(2, 1)[:, :width]
        pixels[:, :, :3] = np.where(strokes[:, :, None], 30, 245)
    else:
        assert kind == "noise"
    return pixels


def psnr(one: Pixels, other: Pixels) -> float:
    error = np.mean((one[:, :, :3].astype(np.float64) - other[:, :, :3]) ** 2)
    return float("inf") if error == 0 else float(10 * np.log10(255**2 / error))


def decode(data: bytes, width: int, height: int) -> Pixels:
    surface = blank(width, height)
    Decoder().read(data).draw(View.of(surface))
    return surface


def stream(*messages: tuple[BlockType, Pdu]) -> bytes:
    out = bytearray()
    for kind, message in messages:
        append_block(out, kind, message)
    return bytes(out)


def blocks(data: bytes) -> Iterator[BlockType]:
    src = Cursor(data)
    while src.remaining:
        yield read_block(src)[0]


# Decoding.


@pytest.mark.usefixtures("kernel")
def test_the_documents_example() -> None:
    decoder = Decoder()
    assert decoder.read(HEADERS).tile_count == 0
    picture = decoder.read(FRAME)
    assert (picture.tile_count, picture.rects) == (1, [(0, 0, 64, 64)])
    surface = blank(64, 64)
    picture.draw(View.of(surface))
    assert (surface[:, :, 3] == 255).all()

    decoder.read(FRAME[:37] + TILE_SET + FRAME[-8:]).draw(View.of(surface))
    for row, expected in ROWS.items():
        # The document converts with more precise factors.
        difference = surface[row, :, 2::-1].astype(np.int16) - np.frombuffer(expected, np.uint8).reshape(64, 3)
        assert np.abs(difference).max() <= 1
        assert (difference != 0).mean() < 0.2


@pytest.mark.usefixtures("kernel")
def test_drawing_is_clipped_by_the_region_and_by_the_view() -> None:
    region = RfxRegion(
        rects=[
            RfxRect(x=10, y=5, width=20, height=8),
            RfxRect(x=25, y=10, width=30, height=20),
            RfxRect(x=60, y=40, width=500, height=500),
            RfxRect(x=3, y=3, width=0, height=9),
        ]
    )
    data = HEADERS + FRAME.replace(FRAME[14:37], stream((BlockType.REGION, region)))
    whole = decode(HEADERS + FRAME, 64, 64)
    surface = blank(80, 80)
    picture = Decoder().read(data)
    assert picture.rects == [(10, 5, 20, 8), (25, 10, 30, 20), (60, 40, 500, 500)]
    picture.draw(View.of(surface, 7, 9, 63, 50))
    expected = blank(80, 80)
    for x, y, width, height in picture.rects:
        part = expected[9 + y : min(9 + y + height, 59), 7 + x : min(7 + x + width, 70)]
        part[:] = whole[y : y + part.shape[0], x : x + part.shape[1]]
    assert (surface == expected).all()
    outside = blank(8, 8)
    picture.draw(View.of(outside, 0, 0, 0, 0))
    assert not outside.any()
    with pytest.raises(ValueError, match="surface"):
        picture.draw(View(bytearray(64), 16, 0, 0, 5, 4))
    with pytest.raises(ValueError, match="tiles 0 to 2 of 1"):
        picture.draw(View.of(surface), 0, 2)


def test_no_rectangles_are_the_whole_channel() -> None:
    data = HEADERS + FRAME.replace(FRAME[14:37], stream((BlockType.REGION, RfxRegion(rects=[]))))
    assert Decoder().read(data).rects == [(0, 0, 64, 64)]


def test_headers_come_in_any_order_and_are_remembered() -> None:
    sync, context = HEADERS[:12], HEADERS[12:25]
    decoder = Decoder()
    with pytest.raises(InvalidField, match="CONTEXT has no place here"):
        decoder.read(context)
    decoder.read(sync + HEADERS[25:])
    with pytest.raises(InvalidField, match="FRAME_BEGIN has no place here"):
        decoder.read(FRAME)
    decoder.read(context)
    assert decoder.read(FRAME).tile_count == decoder.read(FRAME).tile_count == 1
    decoder.reset()
    with pytest.raises(InvalidField):
        decoder.read(FRAME)
    # A sync begins a new stream.
    decoder.read(HEADERS)
    with pytest.raises(InvalidField):
        decoder.read(sync + FRAME)


def test_several_frames_in_a_message_are_drawn_in_order() -> None:
    pair("rfx")
    encoder = Encoder(128, 64)
    first, second = picture_of("noise", 128, 64, 2), picture_of("text", 128, 64, 3)
    message = encoder.encode(View.of(first), [(0, 0, 128, 64)]) + encoder.encode(View.of(second), [(32, 0, 64, 64)])
    picture = Decoder().read(message)
    assert (picture.tile_count, picture.ranges(2)) == (4, [(0, 4)])
    surface, expected = blank(128, 64), blank(128, 64)
    picture.draw(View.of(surface))
    other = Encoder(128, 64)
    expected = decode(other.encode(View.of(first), [(0, 0, 128, 64)]), 128, 64)
    expected[:, 32:96] = decode(other.headers + other.encode(View.of(second), [(0, 0, 128, 64)]), 128, 64)[:, 32:96]
    assert (surface == expected).all()


def tile_set(*tiles: bytes, **changes: object) -> tuple[BlockType, Pdu]:
    quant = RfxCodecQuant(**dict.fromkeys(RfxCodecQuant.__dataclass_fields__, 6))
    fields: dict[str, object] = {"et": Entropy.RLGR3, "quant_vals": [quant], "num_tiles": len(tiles)}
    return BlockType.EXTENSION, RfxTileSet(**{**fields, "tiles": b"".join(tiles), **changes})  # type: ignore[arg-type]


def flat_tile(column: int, row: int, quant: int = 0) -> bytes:
    return struct.pack("<HI3B5H", 0xCAC3, 19, 0, quant, 0, column, row, 0, 0, 0)


START = [
    (BlockType.FRAME_BEGIN, RfxFrameBegin()),
    (BlockType.REGION, RfxRegion(rects=[RfxRect(x=0, y=0, width=64, height=64)])),
]
END = (BlockType.FRAME_END, RfxFrameEnd())


@pytest.mark.usefixtures("kernel")
def test_of_two_tiles_in_one_place_the_last_counts() -> None:
    noise, text = picture_of("noise", 64, 64), picture_of("text", 64, 64)
    encoder = Encoder(64, 64)
    parts = [encoder.encode_tiles(View.of(pixels), [(0, 0)]) for pixels in (noise, text)]
    picture = Decoder().read(encoder.message([(0, 0, 64, 64)], parts))
    assert picture.tile_count == 1
    surface = blank(64, 64)
    picture.draw(View.of(surface))
    assert (surface == decode(encoder.headers + encoder.message([(0, 0, 64, 64)], parts[1:]), 64, 64)).all()


@pytest.mark.usefixtures("kernel")
def test_empty_planes_are_grey() -> None:
    surface = decode(HEADERS + stream(*START, tile_set(flat_tile(0, 0)), END), 64, 64)
    assert (surface[:, :, :3] == 128).all()


@pytest.mark.usefixtures("kernel")
@pytest.mark.parametrize(
    ("messages", "error"),
    [
        ([*START, tile_set(flat_tile(0, 0))], Truncated),  # no end of the frame
        ([*START, tile_set(flat_tile(0, 0), num_tiles=2), END], Truncated),
        ([*START, tile_set(flat_tile(0, 0), num_tiles=65535), END], Truncated),
        ([*START, tile_set(flat_tile(0, 0, quant=1)), END], InvalidField),
        ([*START, tile_set(flat_tile(0, 0), quant_vals=[]), END], InvalidField),
        ([*START, tile_set(flat_tile(0, 0), et=Entropy(3)), END], InvalidField),
        ([*START, tile_set(b"\xc3\xca" + bytes(17)), END], InvalidField),
        ([*START, tile_set(b"\xc2\xca\x13" + bytes(16)), END], InvalidField),
        ([*START, tile_set(flat_tile(0, 0)[:18]), END], Truncated),
        ([START[0], tile_set(flat_tile(0, 0)), END], InvalidField),  # no region
        ([START[0], START[0]], InvalidField),
        ([END], InvalidField),
        ([(BlockType(0xCCC9), RfxSync())], InvalidField),
        ([(BlockType.SYNC, RfxSync(version=0x0200))], InvalidField),
        ([(BlockType.SYNC, RfxSync(magic=1))], InvalidField),
        ([(BlockType.CHANNELS, RfxChannels(channels=[]))], InvalidField),
        ([(BlockType.CHANNELS, RfxChannels(channels=[RfxChannel(width=-1, height=5)]))], InvalidField),
        ([(BlockType.CODEC_VERSIONS, RfxCodecVersions(codecs=[])), START[0]], InvalidField),
        ([(BlockType.CONTEXT, RfxContext(tile_size=32, et=Entropy.RLGR3))], InvalidField),
        ([(BlockType.CONTEXT, RfxContext(xft=2, et=Entropy.RLGR3))], InvalidField),
    ],
)
def test_streams_that_cannot_be(messages: list[tuple[BlockType, Pdu]], error: type[DecodeError]) -> None:
    with pytest.raises(error):
        Decoder().read(HEADERS + stream(*messages))


def test_a_quantisation_factor_of_zero_is_refused() -> None:
    with pytest.raises(InvalidField, match="factor of 0"):
        Decoder().read(HEADERS + FRAME.replace(bytes.fromhex("6666778898"), bytes.fromhex("6066778898")))


def test_windows_virtualisation_host_names_a_channel_for_each_monitor() -> None:
    channels = RfxChannels(channels=[RfxChannel(width=9, height=8), RfxChannel(width=0, height=0)])
    region = RfxRegion(rects=[])
    data = stream((BlockType.CHANNELS, channels), START[0], (BlockType.REGION, region), tile_set(flat_tile(0, 0)), END)
    assert Decoder().read(HEADERS + data).rects == [(0, 0, 9, 8)]


def test_too_many_tile_sets_are_refused() -> None:
    many = [tile_set(flat_tile(0, 0))] * 1025
    with pytest.raises(InvalidField):
        Decoder().read(HEADERS + stream(*START, *many, END))


@given(st.binary(max_size=120), st.integers(0, len(FRAME) - 1))
def test_any_bytes(data: bytes, place: int) -> None:
    pair("rfx")
    for attempt in (data, HEADERS + data, HEADERS + FRAME[:place] + data + FRAME[place + len(data) :]):
        try:
            picture = Decoder().read(attempt)
        except DecodeError:
            continue
        picture.draw(View.of(blank(64, 64)))


# Encoding.


@pytest.mark.usefixtures("kernel")
@pytest.mark.parametrize("entropy", [Entropy.RLGR1, Entropy.RLGR3])
@pytest.mark.parametrize(("width", "height"), [(1, 1), (64, 64), (65, 63), (130, 70)])
def test_pictures_come_back(width: int, height: int, entropy: Entropy) -> None:
    pixels = picture_of("gradient", width, height)
    data = Encoder(width, height, entropy=entropy).encode(View.of(pixels), [(0, 0, width, height)])
    assert psnr(decode(data, width, height), pixels) > 38


@pytest.mark.usefixtures("kernel")
@pytest.mark.parametrize("odd", [1, 2, 3])
def test_rows_may_begin_anywhere(odd: int) -> None:
    pixels = picture_of("gradient", 70, 9)
    stride = 4 * 72 + odd
    surface = bytearray(b"\xa5" * stride * 9)
    for y in range(9):
        surface[y * stride + 4 : y * stride + 4 + 280] = pixels[y].tobytes()
    data = Encoder(70, 9).encode(View(surface, stride, 1, 0, 70, 9), [(0, 0, 70, 9)])
    assert data == Encoder(70, 9).encode(View.of(pixels), [(0, 0, 70, 9)])
    Decoder().read(data).draw(View(surface, stride, 1, 0, 70, 9))
    expected = decode(data, 70, 9)
    for y in range(9):
        row = surface[y * stride : (y + 1) * stride]
        assert row[4:284] == expected[y].tobytes()
        assert row[:4] + row[284:] == b"\xa5" * (8 + odd)


# In dB, for gradients, text and noise of one pixel.
BOUNDS = {
    Quality.LOW: (40, 28, 22),
    Quality.MEDIUM: (42, 34, 25),
    Quality.HIGH: (43, 38, 28),
    Quality.BEST: (44, 44, 38),
}


@pytest.mark.parametrize("quality", Quality)
def test_qualities(quality: Quality) -> None:
    pair("rfx")
    for kind, least in zip(("gradient", "text", "noise"), BOUNDS[quality], strict=True):
        pixels = picture_of(kind, 200, 150)
        data = Encoder(200, 150, quantization=quality).encode(View.of(pixels), [(0, 0, 200, 150)])
        assert psnr(decode(data, 200, 150), pixels) > least, kind


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(("noise", "text", "gradient", "solid")),
    st.tuples(st.integers(1, 200), st.integers(1, 200)),
    st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.integers(0, 40)),
    st.sampled_from((Entropy.RLGR1, Entropy.RLGR3)),
    st.sampled_from(Quality),
    st.booleans(),
)
def test_round_trips(
    kind: str,
    size: tuple[int, int],
    margins: tuple[int, int, int, int],
    entropy: Entropy,
    quality: Quality,
    image_mode: bool,
) -> None:
    pair("rfx")
    (width, height), (left, top, right, bottom) = size, margins
    pixels = picture_of(kind, left + width + right, top + height + bottom)
    encoder = Encoder(width, height, entropy=entropy, quantization=quality, image_mode=image_mode)
    data = encoder.encode(View.of(pixels, left, top, width, height), [(0, 0, width, height)])
    surface = np.full_like(pixels, 77)
    Decoder().read(data).draw(View.of(surface, left, top, width, height))
    inside = np.s_[top : top + height, left : left + width]
    least = {"noise": 21, "text": 26, "gradient": 33, "solid": 38}[kind]
    assert psnr(surface[inside], pixels[inside]) > least
    assert (surface[inside][:, :, 3] == 255).all()
    surface[inside] = 77
    assert (surface == 77).all()


def test_headers_stand_before_the_first_frame_or_before_every() -> None:
    pair("rfx")
    view, rects = View.of(picture_of("text", 64, 64)), [(0, 0, 64, 64)]
    headers = [BlockType.SYNC, BlockType.CODEC_VERSIONS, BlockType.CHANNELS, BlockType.CONTEXT]
    frame = [BlockType.FRAME_BEGIN, BlockType.REGION, BlockType.EXTENSION, BlockType.FRAME_END]
    video, image = Encoder(64, 64), Encoder(64, 64, image_mode=True)
    assert [list(blocks(video.encode(view, rects))) for _ in range(2)] == [headers + frame, frame]
    video.reset()
    assert list(blocks(video.encode(view, rects))) == headers + frame
    assert [list(blocks(image.encode(view, rects))) for _ in range(2)] == [headers + frame] * 2


def test_what_stands_in_a_message() -> None:
    pair("rfx")
    encoder = Encoder(200, 100, entropy=Entropy.RLGR1, quantization=range(6, 16), image_mode=True)
    messages = {}
    for _ in range(2):
        src = Cursor(encoder.encode(View.of(picture_of("noise", 200, 100)), [(60, 10, 10, 20), (199, 99, 50, 50)]))
        while src.remaining:
            kind, content = read_block(src)
            messages[kind] = content
    context = RfxContext.decode_from(messages[BlockType.CONTEXT])
    assert context == RfxContext(flags=OperatingMode.CODEC_MODE, et=Entropy.RLGR1)
    assert RfxChannels.decode_from(messages[BlockType.CHANNELS]).channels == [RfxChannel(width=200, height=100)]
    assert RfxFrameBegin.decode_from(messages[BlockType.FRAME_BEGIN]) == RfxFrameBegin(frame_idx=1)
    region = RfxRegion.decode_from(messages[BlockType.REGION])
    assert region.rects == [RfxRect(x=60, y=10, width=10, height=20), RfxRect(x=199, y=99, width=1, height=1)]
    tiles = RfxTileSet.decode_from(messages[BlockType.EXTENSION])
    assert (tiles.flags, tiles.et) == (OperatingMode.CODEC_MODE, Entropy.RLGR1)
    assert tiles.quant_vals[0].factors == bytes(range(6, 16))
    assert [(tile.x_idx, tile.y_idx) for tile in tiles.read_tiles()] == [(0, 0), (1, 0), (3, 1)]


def test_which_tiles() -> None:
    encoder = Encoder(200, 100)
    assert encoder.tiles([(0, 0, 64, 64)]) == [(0, 0)]
    assert encoder.tiles([(63, 63, 2, 2), (0, 0, 1, 1)]) == [(0, 0), (1, 0), (0, 1), (1, 1)]
    assert encoder.tiles([(-10, -10, 11, 500)]) == [(0, 0), (0, 1)]
    assert encoder.tiles([(200, 0, 5, 5), (5, 5, 0, 9), (-9, -9, 9, 9)]) == []
    assert encoder.encode(View.of(blank(200, 100)), [(200, 0, 5, 5)]) == b""


@pytest.mark.usefixtures("kernel")
def test_threads_give_what_one_gives() -> None:
    pixels = picture_of("noise", 150, 130)
    rects, view = [(0, 0, 150, 130)], View.of(pixels)
    encoder, other = Encoder(150, 130), Encoder(150, 130)
    tiles = encoder.tiles(rects)
    expected = encoder.encode(view, rects)
    with ThreadPoolExecutor(2) as threads:
        parts = list(threads.map(lambda part: other.encode_tiles(view, tiles, *part), [(0, 4), (4, 9)]))
        assert other.message(rects, parts) == expected
        picture = Decoder().read(expected)
        assert picture.ranges(2) == [(0, 4), (4, 9)]
        assert picture.ranges(100) == [(number, number + 1) for number in range(9)]
        assert picture.places == {row << 16 | column for row in range(3) for column in range(3)}
        surface = blank(150, 130)
        list(threads.map(lambda part: picture.draw(View.of(surface), *part), picture.ranges(2)))
    assert (surface == decode(expected, 150, 130)).all()


@pytest.mark.parametrize("image_mode", [False, True])
@pytest.mark.parametrize("limit", [9_000, 12_000, 40_000, 1_000_000])
def test_messages_of_limited_size(limit: int, image_mode: bool) -> None:
    pair("rfx")
    pixels = picture_of("noise", 300, 200)
    rects = [(10, 10, 200, 150), (250, 0, 50, 30), (40, 170, 30, 30), (100, 100, 150, 10)]
    encoder, whole = Encoder(300, 200, image_mode=image_mode), Encoder(300, 200)
    tiles = encoder.tiles(rects)
    parts = [encoder.encode_tiles(View.of(pixels), tiles, n, n + 2) for n in range(0, len(tiles), 2)]
    messages = encoder.messages(rects, parts, limit)
    assert max(map(len, messages)) <= limit
    assert (len(messages) == 1) == (sum(map(len, parts)) < limit - 400)
    if len(messages) > 1:
        assert min(map(len, messages[:-1])) > limit - 9_000
    decoder, surface = Decoder(), blank(300, 200)
    for message in messages:
        picture = decoder.read(message)
        before = surface.copy()
        picture.draw(View.of(surface))
        changed = np.zeros((200, 300), np.bool_)
        for x, y, width, height in picture.rects:
            changed[y : y + height, x : x + width] = True
        # Every rectangle of a message is covered by its tiles.
        assert (surface[changed][:, 3] == 255).all()
        assert (surface[~changed] == before[~changed]).all()
    assert (surface == decode(whole.message(rects, parts), 300, 200)).all()


def test_tiles_out_of_order_are_not_divided() -> None:
    encoder = Encoder(128, 64)
    view = View.of(picture_of("noise", 128, 64))
    parts = [encoder.encode_tiles(view, [tile]) for tile in [(1, 0), (0, 0)]]
    with pytest.raises(ValueError, match="another order"):
        encoder.messages([(0, 0, 128, 64)], parts, 10_000)


def test_many_rectangles_in_messages_of_limited_size() -> None:
    pair("rfx")
    pixels = picture_of("solid", 640, 192)
    rects = [(x, y, 8, 8) for y in range(0, 192, 16) for x in range(0, 640, 16)]
    encoder, whole = Encoder(640, 192), Encoder(640, 192)
    data = encoder.encode_tiles(View.of(pixels), encoder.tiles(rects))
    messages = encoder.messages(rects, [data], 1_000)
    assert max(map(len, messages)) <= 1_000
    assert min(map(len, messages[:-1])) > 700
    decoder, surface = Decoder(), blank(640, 192)
    for message in messages:
        decoder.read(message).draw(View.of(surface))
    assert (surface == decode(whole.message(rects, [data]), 640, 192)).all()


def test_tiles_that_do_not_fit() -> None:
    pair("rfx")
    encoder = Encoder(64, 64)
    part = encoder.encode_tiles(View.of(picture_of("noise", 64, 64)), [(0, 0)])
    with pytest.raises(EncodeError, match="does not fit 1000"):
        encoder.messages([(0, 0, 64, 64)], [part], 1000)
    # Nothing of the stream is lost by that.
    (message,) = encoder.messages([(0, 0, 64, 64)], [part], len(part) + 200)
    assert message.startswith(encoder.headers)


@pytest.mark.parametrize(
    "arguments",
    [
        {"width": 0},
        {"height": 32768},
        {"quantization": [6] * 9},
        {"quantization": [5] * 10},
        {"quantization": [16] * 10},
        {"entropy": Entropy(2)},
    ],
)
def test_encoders_that_cannot_be(arguments: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"frame of|factors are|entropy coder"):
        Encoder(**{"width": 64, "height": 64, **arguments})  # type: ignore[arg-type]


def test_messages_that_cannot_be() -> None:
    pair("rfx")
    encoder = Encoder(64, 64)
    view = View.of(blank(64, 64))
    part = encoder.encode_tiles(view, [(0, 0)])
    with pytest.raises(ValueError, match="without rectangles or tiles"):
        encoder.message([(64, 0, 5, 5)], [part])
    with pytest.raises(ValueError, match="without rectangles or tiles"):
        encoder.message([(0, 0, 5, 5)], [])
    with pytest.raises(ValueError, match="not what encode_tiles gave"):
        encoder.message([(0, 0, 5, 5)], [part[:-1]])
    with pytest.raises(ValueError, match="outside"):
        encoder.encode_tiles(view, [(1, 0)])
    with pytest.raises(EncodeError, match="65536 tiles"):
        encoder.message([(0, 0, 5, 5)], [part] * 65536)
