"""What the fuzzers feed to each decoder, and what must hold whatever they feed.

An input begins with a width and a height, as the PDU around a bitmap would say them; what follows are messages, each
behind its length.  So that a change of one byte is a change of one thing, and streams with a history have one.
"""

from __future__ import annotations

import contextlib
import random
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.fuzz import h264_seeds
from tests.shared import cases
from trio_rdp.codecs import (
    alpha,
    avc,
    clearcodec,
    clearcodec_encoder,
    interleaved_rle,
    nscodec,
    pixels,
    planar,
    progressive,
    progressive_encoder,
    qoi,
    qoiz,
    rfx,
    zgfx,
)
from trio_rdp.codecs.bulk import BulkCompressor, BulkDecompressor
from trio_rdp.codecs.view import Place, View
from trio_rdp.graphics.pointer_shape import PointerShape, decode_masks, encode_masks
from trio_rdp.wire.errors import DecodeError

__all__ = ["CORPUS", "TARGETS", "Target", "join", "pictures"]

CORPUS = Path(__file__).parent / "corpus"
"""Inputs that once did harm, in a folder for each target."""

MARGIN = 3
LARGEST = 200
PALETTE = bytes(range(256)) * 4

Draw = Callable[[Iterable[bytes], View, int, int], None]
DrawAll = Callable[[Sequence[bytes], Sequence[Place], View], None]


@dataclass(frozen=True)
class Target:
    """One decoder: valid inputs to begin with, and a run that raises `AssertionError` for what must not be."""

    name: str
    seeds: Callable[[], list[bytes]]
    run: Callable[[bytes], None]

    def crashers(self) -> list[Path]:
        return sorted((CORPUS / self.name).glob("*"))


def join(width: int, height: int, *messages: bytes) -> bytes:
    """Make an input of messages."""
    return struct.pack("<HH", width, height) + b"".join(struct.pack("<I", len(one)) + one for one in messages)


def split(data: bytes) -> tuple[int, int, list[bytes]]:
    """Take an input apart, whatever it is; sizes are brought into bounds, so that time goes into decoding."""
    width, height = struct.unpack_from("<HH", data.ljust(4, b"\0"))
    messages, at = [], 4
    while at + 4 <= len(data):
        (size,) = struct.unpack_from("<I", data, at)
        messages.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    return width % LARGEST + 1, height % LARGEST + 1, messages


def drawing(draw: Draw) -> Callable[[bytes], None]:
    """Draw on a part of a surface: it may change, its surroundings may not, and errors are `DecodeError`."""

    def run(data: bytes) -> None:
        width, height, messages = split(data)
        # Sometimes there is less room than the bitmap would take.
        columns, rows = max(width - data[0] % 3, 1) if data else 1, height
        stride = (columns + 2 * MARGIN) * 4
        surface = bytearray(b"\xa5" * stride * (rows + 2 * MARGIN))
        view = View(surface, stride, MARGIN, MARGIN, columns, rows)
        with contextlib.suppress(DecodeError):
            draw(messages, view, width, height)
        for row in range(rows):
            at = (row + MARGIN) * stride + MARGIN * 4
            surface[at : at + columns * 4] = b"\xa5" * columns * 4
        assert surface.count(0xA5) == len(surface), "the decoder wrote outside its view"

    return run


def inflating(inflate: Callable[[list[bytes]], Iterator[bytes]], most: int) -> Callable[[bytes], None]:
    """Decompress messages: each gives `most` bytes at most, or a `DecodeError`, which ends it."""

    def run(data: bytes) -> None:
        try:
            for out in inflate(split(data)[2]):
                assert len(out) <= most, f"{len(out)} bytes of one message"
        except DecodeError:
            pass

    return run


def pictures() -> list[tuple[View, int, int]]:
    """Small pictures of every kind: flat, shaded, with edges like text, noisy."""
    source = random.Random(1)
    found = []
    for width, height in ((1, 1), (7, 3), (64, 64), (65, 33)):
        for kind in range(4):
            surface = bytearray()
            for y in range(height):
                for x in range(width):
                    match kind:
                        case 0:
                            pixel = (30, 60, 90)
                        case 1:
                            pixel = (x * 3 & 255, y * 2 & 255, (x + y) & 255)
                        case 2:
                            pixel = (0, 0, 0) if (x * 7 + y * 3) % 11 < 2 else (255, 255, 255)
                        case _:
                            pixel = (source.randrange(256), source.randrange(256), source.randrange(256))
                    surface += bytes((*pixel, source.randrange(256) if kind == 3 else 255))
            found.append((View.whole(surface, width, height), width, height))
    return found


def encoded(encode: Callable[[View], bytes]) -> list[bytes]:
    return [join(width - 1, height - 1, encode(view)) for view, width, height in pictures()]


def vectors(*kinds: str) -> list[bytes]:
    """Inputs made of the shared vectors, where they are at hand."""
    found = []
    for parameter in cases(*kinds):
        case = parameter.values[0]
        if case is None:
            continue
        width, height = case.params.get("width", 64), case.params.get("height", 64)
        roles = sorted((role for role in case.raw.get("files", {}) if role.startswith("input_")), key=_number)
        messages = [case.file(role) for role in roles] or ([case.input] if case.has_file("input") else [])
        if messages:
            found.append(join(width - 1 & 0xFFFF, height - 1 & 0xFFFF, *messages))
    return found


def _number(role: str) -> int:
    tail = role.rpartition("_")[2]
    return int(tail) if tail.isdigit() else 0


# Bitmaps.


def _run_lengths(bits: int) -> Target:
    draw = _alone(
        partial(interleaved_rle.decompress_into, bits_per_pixel=bits, palette=PALETTE),
        partial(interleaved_rle.decompress_all, bits_per_pixel=bits, palette=PALETTE),
    )

    def seeds() -> list[bytes]:
        def encode(view: View) -> bytes:
            # Of 8 bits a surface has one byte to a pixel.
            return interleaved_rle.compress(view._replace(stride=view.width) if bits == 8 else view, bits)

        return encoded(encode) + vectors("interleaved-rle-decode")

    return Target(f"interleaved_rle_{bits}", seeds, drawing(draw))


def _alone(decompress_into: Callable[[bytes, View, int, int], None], decompress_all: DrawAll | None = None) -> Draw:
    """A codec whose bitmaps stand alone: all at once where it can, each a little lower and further right, then each."""

    def draw(messages: Iterable[bytes], view: View, width: int, height: int) -> None:
        bitmaps = list(messages)
        if decompress_all is not None:
            places = [(number, number // 2, width, height, width, height) for number in range(len(bitmaps))]
            with contextlib.suppress(DecodeError):
                decompress_all(bitmaps, places, view)
        for bitmap in bitmaps:
            decompress_into(bitmap, view, width, height)

    return draw


def _with_history(make: Callable[[], clearcodec.Decoder | qoiz.Decoder]) -> Draw:
    """A codec whose bitmaps build on those before."""

    def draw(messages: Iterable[bytes], view: View, width: int, height: int) -> None:
        decoder = make()
        for message in messages:
            decoder.decode_into(message, view, width, height)

    return draw


def _raw(messages: Iterable[bytes], view: View, width: int, height: int) -> None:
    for bits, message in zip((8, 15, 16, 24, 32), messages, strict=False):
        one = partial(pixels.draw_raw, bits_per_pixel=bits, palette=PALETTE)
        many = partial(pixels.draw_raw_all, bits_per_pixel=bits, palette=PALETTE)
        _alone(one, many)([message] * 2, view, width, height)


def _qoiz_seeds() -> list[bytes]:
    encoder = qoiz.Encoder()
    streams = [(width, height, encoder.encode(view)) for view, width, height in pictures() if (width, height) == (7, 3)]
    return [join(6, 2, *(stream for _, _, stream in streams)), *encoded(lambda view: qoiz.Encoder().encode(view))]


def _remote_fx(messages: Iterable[bytes], view: View, width: int, height: int) -> None:
    decoder = rfx.Decoder()
    for message in messages:
        picture = decoder.read(message)
        for first, last in picture.ranges(2):
            picture.draw(view, first, last)


def _remote_fx_seeds() -> list[bytes]:
    seeds = []
    for view, width, height in pictures():
        for entropy in rfx.Entropy:
            encoder = rfx.Encoder(width, height, entropy=entropy)
            messages = [encoder.encode(view, [(0, 0, width, height)]) for _ in range(2)]
            seeds.append(join(width - 1, height - 1, *messages))
    return seeds + vectors("rfx-decode")


def _progressive(messages: Iterable[bytes], view: View, width: int, height: int) -> None:
    decoder = progressive.Decoder(width, height)
    for message in messages:
        decoder.decode_into(message, view)


def _progressive_seeds() -> list[bytes]:
    seeds = []
    for view, width, height in pictures():
        for wide in (False, True):
            # Whole tiles, then a difference to them, and then the passes of another.
            encoder = progressive_encoder.Encoder(width, height, reduce_extrapolate=wide, differences=wide)
            rects = [(0, 0, width, height)]
            messages = [encoder.encode(view, rects), encoder.encode(view, rects)]
            messages.append(encoder.encode(view, rects, progressive=True))
            while data := encoder.upgrade():
                messages.append(data)
            seeds.append(join(width - 1, height - 1, *messages))
    return seeds + vectors("progressive-decode")


def _clear_seeds() -> list[bytes]:
    seeds = vectors("clearcodec-decode")
    encoder = clearcodec_encoder.Encoder()
    for size in ((7, 3), (64, 64)):
        messages = [encoder.encode(view) for view, *its_size in pictures() * 2 if tuple(its_size) == size]
        seeds.append(join(size[0] - 1, size[1] - 1, *messages))
        encoder.reset()
    return seeds


# Pointers.

_DEPTHS = (1, 4, 8, 15, 16, 24, 32)


def _pointer(data: bytes) -> None:
    """Two messages are the masks; in which depth, says the height."""
    width, height, messages = split(data)
    xor_mask, and_mask = [*messages, b"", b""][:2]
    for side in (height, height % 24):
        with contextlib.suppress(DecodeError):
            shape = decode_masks(xor_mask, and_mask, width, side, _DEPTHS[height % 7], hotspot=(width, 500))
            assert shape.pixels.shape == (side, width, 4)
            assert not (width and side) or (shape.hotspot[0] < width and shape.hotspot[1] < side)


def _pointer_seeds() -> list[bytes]:
    seeds = []
    for view, width, height in pictures():
        shape = PointerShape.from_rgba(bytes(view.surface), width, height)
        seeds += [join(width - 1, height - 1, *encode_masks(shape, bits)) for bits in (24, 32)]
    for parameter in cases("pointer-decode"):
        case = parameter.values[0]
        if case:
            size = case.params["width"] - 1, case.params["height"] - 1
            seeds.append(join(*size, case.file("xor_mask"), case.file("and_mask")))
    # Each of them in each depth.
    return [struct.pack("<HH", width, height) + seed[4:] for seed in seeds for width, height in _sizes(seed)]


def _sizes(seed: bytes) -> list[tuple[int, int]]:
    width, height = struct.unpack_from("<HH", seed)
    return [(width, height - number) for number in range(min(7, height + 1))]


# Bytes.


def _bulk(kind: int) -> Callable[[list[bytes]], Iterator[bytes]]:
    def inflate(messages: list[bytes]) -> Iterator[bytes]:
        decompressor = BulkDecompressor()
        for number, message in enumerate(messages):
            yield decompressor.decompress(kind | (0xE0 if number == 0 else 0x20), message)

    return inflate


def _bulk_seeds(kind: int, name: str) -> list[bytes]:
    compressor = BulkCompressor(kind)
    packed = [data for flags, data in map(compressor.compress, texts()) if flags & 0x20]
    return [join(0, 0, *packed), *vectors(f"{name}-decompress")]


def texts() -> list[bytes]:
    """Messages that repeat themselves and each other."""
    return [b"".join(b"the %d of %d" % (n % 7, n % size) for n in range(size)) for size in (3, 40, 200)]


def _zgfx(kind: zgfx.Kind) -> Callable[[list[bytes]], Iterator[bytes]]:
    def inflate(messages: list[bytes]) -> Iterator[bytes]:
        decompressor = zgfx.Decompressor(kind, limit=1 << 20)
        for message in messages:
            yield decompressor.decompress(message)

    return inflate


def _zgfx_seeds(kind: zgfx.Kind) -> list[bytes]:
    compressor = zgfx.Compressor(kind)
    source = random.Random(5)
    words = [source.randbytes(source.randrange(1, 30)) for _ in range(40)]
    messages = [b"".join(source.choices(words, k=source.randrange(200))) for _ in range(12)]
    return [join(0, 0, *map(compressor.compress, messages))]


def _h264(mode: avc.Mode) -> Target:
    """FFmpeg eats the streams; what is ours is the framing, and the planes that it gives."""

    def seeds() -> list[bytes]:
        found = []
        for view, width, height in pictures()[8:]:
            encoder = avc.Encoder(width, height, mode)
            found.append(join(width - 1, height - 1, encoder.encode(view), encoder.encode(view)))
        found += [join(199, 199, *messages) for messages in h264_seeds.other_encoders(mode) if messages]
        return found + vectors("egfx-avc420-bitmap" if mode is avc.Mode.AVC420 else "egfx-avc444-bitmap")

    def draw(messages: Iterable[bytes], view: View, width: int, height: int) -> None:
        decoder = avc.Decoder(max_pixels=1 << 20)
        for message in messages:
            decoder.decode_into(message, view, mode)

    return Target(f"h264_{mode.name.lower()}", seeds, drawing(draw))


def _lossy_planes(view: View) -> bytes:
    return planar.compress(view, alpha=True, color_loss_level=2, subsampling=True)


def _lossy_nscodec(view: View) -> bytes:
    return nscodec.compress(view, color_loss_level=3, subsampling=True, alpha=True)


TARGETS = [
    *(map(_h264, avc.Mode) if avc.is_available() else ()),
    *map(_run_lengths, (8, 15, 16, 24)),
    Target(
        "planar",
        lambda: encoded(planar.compress) + encoded(_lossy_planes) + vectors("planar-decode"),
        drawing(_alone(planar.decompress_into, planar.decompress_all)),
    ),
    Target("pointer", _pointer_seeds, _pointer),
    Target("raw", lambda: encoded(lambda view: pixels.encode_raw(view, 24)), drawing(_raw)),
    Target("mppc_8k", lambda: _bulk_seeds(0, "mppc8k"), inflating(_bulk(0), 8192)),
    Target("mppc_64k", lambda: _bulk_seeds(1, "mppc64k"), inflating(_bulk(1), 65536)),
    Target("ncrush", lambda: _bulk_seeds(2, "ncrush"), inflating(_bulk(2), 65536)),
    Target("xcrush", lambda: _bulk_seeds(3, "xcrush"), inflating(_bulk(3), 2_000_000)),
    Target(
        "nscodec",
        lambda: encoded(nscodec.compress) + encoded(_lossy_nscodec) + vectors("nscodec-decode"),
        drawing(_alone(nscodec.decompress_into, nscodec.decompress_all)),
    ),
    Target("remotefx", _remote_fx_seeds, drawing(_remote_fx)),
    Target("progressive", _progressive_seeds, drawing(_progressive)),
    Target("clearcodec", _clear_seeds, drawing(_with_history(clearcodec.Decoder))),
    Target("alpha", lambda: encoded(alpha.compress), drawing(_alone(alpha.decompress_into))),
    Target(
        "qoi",
        lambda: encoded(qoi.compress) + vectors("qoi-decode"),
        drawing(_alone(qoi.decompress_into, qoi.decompress_all)),
    ),
    Target("qoiz", _qoiz_seeds, drawing(_with_history(qoiz.Decoder))),
    Target(
        "zgfx",
        lambda: _zgfx_seeds(zgfx.Kind.RDP8) + vectors("zgfx-decompress"),
        inflating(_zgfx(zgfx.Kind.RDP8), 1 << 20),
    ),
    Target(
        "zgfx_lite",
        lambda: _zgfx_seeds(zgfx.Kind.RDP8_LITE),
        inflating(_zgfx(zgfx.Kind.RDP8_LITE), 1 << 20),
    ),
]
