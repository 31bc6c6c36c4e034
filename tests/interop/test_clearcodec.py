"""ClearCodec between this library and FreeRDP's decoder, whose functions are called in this process."""

from __future__ import annotations

import ctypes
import ctypes.util
from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from tests.codecs.pictures import BGRX, gradient, noise, psnr, solid, text
from trio_rdp.codecs.clearcodec import Decoder, Encoder
from trio_rdp.codecs.clearcodec_messages import BitmapStream, ShortVbarCacheHit, ShortVbarCacheMiss, VbarCacheHit
from trio_rdp.codecs.view import View

pytestmark = pytest.mark.interop

WIDTH, HEIGHT = 400, 330
BGRX32 = 32 << 24 | 4 << 16 | 8 << 8 | 8 << 4 | 8  # PIXEL_FORMAT_BGRX32

Rect = tuple[int, int, int, int]


class Peer:
    """FreeRDP's context, with the surface that it draws on."""

    def __init__(self) -> None:
        name = ctypes.util.find_library("freerdp2")
        if name is None:
            pytest.skip("libfreerdp2 is not installed")
        self._library = ctypes.CDLL(name)
        u32, pointer = ctypes.c_uint32, ctypes.c_void_p
        self._library.clear_context_new.restype = pointer
        self._library.clear_decompress.argtypes = (pointer, pointer, *[u32] * 3, pointer, *[u32] * 6, pointer)
        self._context = pointer(self._library.clear_context_new(0))
        self.surface: BGRX = np.zeros((HEIGHT, WIDTH, 4), np.uint8)

    def close(self) -> None:
        self._library.clear_context_free(self._context)

    def draw(self, data: bytes, rect: Rect) -> None:
        x, y, width, height = rect
        status = self._library.clear_decompress(
            *(self._context, data, len(data), width, height),
            *(self.surface.ctypes.data, BGRX32, WIDTH * 4, x, y, WIDTH, HEIGHT, None),
        )
        assert status == 0


@pytest.fixture
def peer() -> Iterator[Peer]:
    peer = Peer()
    yield peer
    peer.close()


def tiles(side: int) -> list[Rect]:
    return [
        (x, y, min(side, WIDTH - x), min(side, HEIGHT - y))
        for y in range(0, HEIGHT, side)
        for x in range(0, WIDTH, side)
    ]


def frames() -> list[BGRX]:
    """Text that comes, moves, gets a photograph and noise, and comes again."""
    first = text(WIDTH, HEIGHT)
    moved = np.roll(first, (-18, 7), (0, 1))
    mixed = moved.copy()
    mixed[40:200, 30:260] = gradient(230, 160)
    mixed[210:300, 300:390] = noise(90, 90)
    return [first, moved, mixed, solid(WIDTH, HEIGHT), first, mixed, first]


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("side", [16, 31, 64, 150, WIDTH])
def test_freerdp_draws_what_we_encode(peer: Peer, side: int, quick: bool) -> None:
    encoder = Encoder(quick=quick)
    sizes = []
    for frame in frames():
        size = 0
        for rect in tiles(side):
            data = encoder.encode(View.of(frame, *rect))
            size += len(data)
            peer.draw(data, rect)
        assert np.array_equal(peer.surface[..., :3], frame[..., :3])
        sizes.append(size)
    if not quick:
        # What FreeRDP had to keep was named, not sent again.
        assert sizes[-1] * 4 < sizes[0] * 3


def test_freerdp_stores_as_much_as_we_think(peer: Peer) -> None:
    """All storages are filled and begin anew: 4,000 glyphs, 32,768 columns, 16,384 of what is in them."""
    encoder = Encoder()
    source = np.random.default_rng(1)
    stored: Counter[object] = Counter()
    rows = np.arange(HEIGHT) % 24 < 20
    for _ in range(8):
        picture = solid(WIDTH, HEIGHT)
        ink = source.integers(0, 2, (int(rows.sum()), WIDTH), np.uint8)
        picture[rows, :, :3] *= ink[..., np.newaxis]
        # The first time as palettes, then in columns, then, where they lie lower, only their place is new.
        for frame in (picture, picture, np.roll(picture, 1, 0)):
            for rect in [*tiles(200), *tiles(16)]:
                data = encoder.encode(View.of(frame, *rect))
                peer.draw(data, rect)
                message = BitmapStream.decode(data)
                stored["glyph"] += message.glyph_index is not None and message.composite_payload is not None
                if message.composite_payload is not None:
                    bands = message.composite_payload.bands_data
                    stored.update(type(column) for band in bands for column in band.vbars)
            assert np.array_equal(peer.surface[..., :3], frame[..., :3])
    assert stored["glyph"] > 4000
    assert stored[ShortVbarCacheMiss] > 16384
    assert stored[ShortVbarCacheMiss] + stored[ShortVbarCacheHit] > 32768
    assert stored[VbarCacheHit]


@pytest.mark.parametrize("make", [gradient, noise])
def test_freerdp_draws_nscodec_as_we_do(peer: Peer, make: Callable[[int, int], BGRX]) -> None:
    encoder, decoder = Encoder(color_loss_level=2, subsampling=False), Decoder()
    picture, ours = make(WIDTH, HEIGHT), np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    for rect in tiles(64):
        data = encoder.encode(View.of(picture, *rect))
        peer.draw(data, rect)
        decoder.decode_into(data, View.of(ours, *rect), *rect[2:])
    assert psnr(peer.surface, ours) > 45
    assert psnr(peer.surface, picture) > 38
