"""What `codecs.py` measures: for each codec and direction a call of ours and one of FreeRDP's that do the same work.

Decoders of both sides get the same streams: FreeRDP's own, where its encoder is right.  Its 24-bit run-length encoder
is not (it writes other pixels), and it has none for ClearCodec and ZGFX; there the streams are ours.  Every pair is
looked at once before it is measured: what is lossless must be exact, what is not must come close.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from _frames import HEIGHT, WIDTH, frame, text_corpus, tiles
from _freerdp import Call, FreeRdp
from _verdicts import Aim

from trio_rdp.codecs import interleaved_rle, nscodec, planar, rfx
from trio_rdp.codecs.bulk import BulkCompressor, BulkDecompressor
from trio_rdp.codecs.view import View

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "FAMILIES",
    "Family",
    "Pair",
    "blank",
    "check_close",
    "check_exact",
    "remote_fx_in_threads",
    "remote_fx_message",
    "views",
]

BULK = {"mppc8k": ("MPPC 8K", 0), "mppc64k": ("MPPC 64K", 1), "ncrush": ("NCRUSH", 2), "xcrush": ("XCRUSH", 3)}


@dataclass(frozen=True)
class Pair:
    """One row: the same work by us and by FreeRDP."""

    codec: str
    frame: str
    ours: Call
    peer: Call | None
    size: int = WIDTH * HEIGHT * 4
    """Uncompressed bytes."""
    pixels: int = WIDTH * HEIGHT
    """0 where the bytes are no pixels."""
    our_bytes: int | None = None
    """Compressed bytes, where this is an encoder."""
    peer_bytes: int | None = None
    peer_calls: int = 1
    """How many calls through ctypes one call of `peer`, or of `yardstick`, makes."""
    yardstick: Call | None = None
    """Where FreeRDP lacks the codec: other work of FreeRDP's, by which recorded figures are scaled to this machine."""
    aim: Aim = Aim.FASTER
    copies: int = 1
    """How often memory is copied at least, where the aim is `COPY`."""


Family = Callable[[FreeRdp | None, str], Iterator[Pair]]


def psnr(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """The likeness of two pictures in decibels; infinite when they are equal."""
    difference = one[..., :3].astype(np.int32) - other[..., :3]
    mean = float((difference * difference).mean())
    return float("inf") if mean == 0 else 10 * float(np.log10(255 * 255 / mean))


def blank() -> NDArray[np.uint8]:
    """A surface to draw on, a little larger than a frame: some of FreeRDP's decoders round up."""
    return np.zeros((HEIGHT + 64, WIDTH + 64, 4), np.uint8)


def check_exact(decode: Call, surface: NDArray[np.uint8], pixels: NDArray[np.uint8]) -> None:
    surface[:] = 0
    decode()
    assert np.array_equal(surface[:HEIGHT, :WIDTH, :3], pixels[..., :3])


def check_close(decode: Call, surface: NDArray[np.uint8], pixels: NDArray[np.uint8], least: float) -> None:
    surface[:] = 0
    decode()
    likeness = psnr(surface[:HEIGHT, :WIDTH], pixels)
    assert likeness > least, f"{likeness:.1f} dB"


def views(surface: NDArray[np.uint8], rects: list[tuple[int, int, int, int]]) -> list[View]:
    return [View.of(surface, *rect) for rect in rects]


# Bitmaps of updates.


def run_lengths(bits: int, peer: FreeRdp | None, name: str) -> Iterator[Pair]:
    if bits not in (16, 24):
        peer = None  # it encodes no others
    pixels, rects = frame(name), list(tiles())
    sources = views(pixels, rects)
    codec = f"RLE {bits} bpp"

    def encode() -> None:
        for view in sources:
            interleaved_rle.compress(view, bits)

    ours = [interleaved_rle.compress(view, bits) for view in sources]
    peer_encode, read = peer.encode_interleaved(pixels, rects, bits) if peer else (None, None)
    theirs: list[bytes] | None = None
    if peer_encode is not None and read is not None:
        peer_encode()
        theirs = read()
    yield _pair(f"{codec} encode", name, encode, peer_encode, ours, None if bits == 24 else theirs, len(rects))
    streams = ours if theirs is None or bits == 24 else theirs
    surface, other = blank(), blank()
    targets = views(surface, rects)

    def decode() -> None:
        for stream, view, (_, _, width, height) in zip(streams, targets, rects, strict=True):
            interleaved_rle.decompress_into(stream, view, width, height, bits)

    check_close(decode, surface, pixels, 60 if bits == 24 else 30)
    peer_decode = peer.decode_interleaved(streams, rects, other, bits) if peer else None
    if peer_decode is not None:
        check_close(peer_decode, other, pixels, 60 if bits == 24 else 34)
    yield Pair(f"{codec} decode", name, decode, peer_decode, peer_calls=len(rects))


def run_lengths_of_indices(_peer: FreeRdp | None, name: str) -> Iterator[Pair]:
    """At 8 bits per pixel what is encoded are indices of a palette."""
    pixels, rects, surface = frame(name), list(tiles()), blank()
    red, green, blue = (pixels[..., channel] >> 5 for channel in (2, 1, 0))
    indices = np.ascontiguousarray(red << 5 | green << 2 | blue >> 1)
    sources = [View(indices.reshape(-1), WIDTH, *rect) for rect in rects]

    def encode() -> list[bytes]:
        return [interleaved_rle.compress(view, 8) for view in sources]

    streams, palette = encode(), bytes(1024)
    size = sum(map(len, streams))
    yield Pair("RLE 8 bpp encode", name, encode, None, our_bytes=size)
    targets = views(surface, rects)

    def decode() -> None:
        for stream, view in zip(streams, targets, strict=True):
            interleaved_rle.decompress_into(stream, view, view.width, view.height, 8, palette)

    yield Pair("RLE 8 bpp decode", name, decode, None)


def planes(side: int, peer: FreeRdp | None, name: str) -> Iterator[Pair]:
    pixels = frame(name)
    rects = list(tiles(side)) if side else [(0, 0, WIDTH, HEIGHT)]
    sources = views(pixels, rects)
    codec = "planar 64x64" if side else "planar whole"

    def encode() -> None:
        for view in sources:
            planar.compress(view)

    ours = [planar.compress(view) for view in sources]
    peer_encode, read = peer.encode_planar(pixels, rects) if peer else (None, None)
    theirs: list[bytes] | None = None
    if peer_encode is not None and read is not None:
        peer_encode()
        theirs = read()
    yield _pair(f"{codec} encode", name, encode, peer_encode, ours, theirs, len(rects))
    surface, other = blank(), blank()
    targets = views(surface, rects)
    streams = ours if theirs is None else theirs

    def decode() -> None:
        for stream, view, (_, _, width, height) in zip(streams, targets, rects, strict=True):
            planar.decompress_into(stream, view, width, height)

    check_exact(decode, surface, pixels)
    peer_decode = peer.decode_planar(streams, rects, other) if peer else None
    if peer_decode is not None:
        check_exact(peer_decode, other, pixels)
    yield Pair(f"{codec} decode", name, decode, peer_decode, peer_calls=len(rects))


def ns_codec(peer: FreeRdp | None, name: str) -> Iterator[Pair]:
    pixels, surface, other = frame(name), blank(), blank()
    source = View.of(pixels)
    ours = nscodec.compress(source, color_loss_level=3, subsampling=True)
    peer_encode, read = peer.encode_nsc(pixels) if peer else (None, None)
    theirs = None
    if peer_encode is not None and read is not None:
        peer_encode()
        theirs = read()
    encode = functools.partial(nscodec.compress, source, color_loss_level=3, subsampling=True)
    yield _pair("NSCodec encode", name, encode, peer_encode, [ours], None if theirs is None else [theirs], 1)
    stream = theirs or ours
    target = View.of(surface, 0, 0, WIDTH, HEIGHT)
    decode = functools.partial(nscodec.decompress_into, stream, target, WIDTH, HEIGHT)
    least = 8 if name == "noise" else 25
    check_close(decode, surface, pixels, least)
    peer_decode = peer.decode_nsc(stream, other[:HEIGHT, :WIDTH]) if peer else None
    if peer_decode is not None:
        check_close(peer_decode, other, pixels, least)
    yield Pair("NSCodec decode", name, decode, peer_decode)


def remote_fx(entropy: rfx.Entropy, peer: FreeRdp | None, name: str) -> Iterator[Pair]:
    pixels, surface, other = frame(name), blank(), blank()
    source, rects = View.of(pixels), [(0, 0, WIDTH, HEIGHT)]
    encoder = rfx.Encoder(WIDTH, HEIGHT, entropy=entropy)
    first = encoder.encode(source, rects)
    ours = encoder.encode(source, rects)
    mode = 1 if entropy is rfx.Entropy.RLGR3 else 0
    peer_encode, read, peer_first = peer.encode_rfx(pixels, mode) if peer else (None, None, b"")
    theirs = read() if read is not None else None
    codec = f"RemoteFX {entropy.name}"
    encode = functools.partial(encoder.encode, source, rects)
    yield _pair(f"{codec} encode", name, encode, peer_encode, [ours], None if theirs is None else [theirs], 1)
    decoder = rfx.Decoder()
    stream = ours if theirs is None else theirs
    decoder.read(first if theirs is None else peer_first)
    target = View.of(surface, 0, 0, WIDTH, HEIGHT)

    def decode() -> None:
        decoder.read(stream).draw(target)

    least = 20 if name == "noise" else 35
    check_close(decode, surface, pixels, least)
    peer_decode = peer.decode_rfx(peer_first, stream, other[:HEIGHT, :WIDTH], mode) if peer else None
    if peer_decode is not None:
        check_close(peer_decode, other, pixels, least)
    yield Pair(f"{codec} decode", name, decode, peer_decode)


def remote_fx_in_threads(name: str) -> dict[str, tuple[Call, list[Call]]]:
    """For each direction all of a frame, and its two halves."""
    pixels, surface = frame(name), blank()
    source, rects = View.of(pixels), [(0, 0, WIDTH, HEIGHT)]
    encoder, decoder = rfx.Encoder(WIDTH, HEIGHT), rfx.Decoder()
    places = encoder.tiles(rects)
    middle = len(places) // 2
    picture = decoder.read(encoder.encode(source, rects))
    target = View.of(surface, 0, 0, WIDTH, HEIGHT)
    part, draw = functools.partial(encoder.encode_tiles, source, places), functools.partial(picture.draw, target)
    return {
        "encode": (part, [functools.partial(part, 0, middle), functools.partial(part, middle)]),
        "decode": (draw, [functools.partial(draw, 0, middle), functools.partial(draw, middle)]),
    }


def remote_fx_message(pixels: NDArray[np.uint8]) -> bytes:
    """A frame as one message, for compressors to chew on."""
    return rfx.Encoder(WIDTH, HEIGHT).encode(View.of(pixels), [(0, 0, WIDTH, HEIGHT)])


# Bytes.


@functools.cache
def corpus(name: str) -> list[bytes]:
    """PDUs of at most 8 KB as bulk compressors see them: run-length coded bitmaps, raw ones, text."""
    pixels = frame("desktop")
    if name == "text16":
        return text_corpus()
    if name == "rle16":
        whole = b"".join(
            np.array((x, y, x + w - 1, y + h - 1, w, h, 16, 0x401, len(data)), "<u2").tobytes() + data
            for x, y, w, h in tiles()
            for data in [interleaved_rle.compress(View.of(pixels, x, y, w, h), 16)]
        )
        return [whole[at : at + 8000] for at in range(0, len(whole), 8000)]
    blue, green, red = (pixels[..., channel].astype(np.uint16) for channel in range(3))
    packed = (red >> 3 << 11 | green >> 2 << 5 | blue >> 3).astype("<u2")
    places = [(x, y) for y in range(100, 900, 64) for x in range(0, WIDTH, 64)]
    return [packed[y : y + 60, x : x + 64].tobytes() for x, y in places[:128]]


def bulk(kind: str, peer: FreeRdp | None, name: str) -> Iterator[Pair]:
    title, number = BULK[kind]
    pdus = corpus(name)
    if kind == "mppc8k":
        pdus = [pdu[at : at + 4000] for pdu in pdus for at in range(0, len(pdu), 4000)]
    size = sum(map(len, pdus))

    def encode() -> list[tuple[int, bytes]]:
        compressor = BulkCompressor(number)
        return [compressor.compress(pdu) for pdu in pdus]

    ours = encode()
    peer_encode, read = peer.encode_bulk(kind, pdus) if peer else (None, None)
    theirs = read() if read is not None else None
    peer_size = None if theirs is None else sum(len(data) for _, data in theirs)
    our_size = sum(len(data) for _, data in ours)
    counts = (our_size, peer_size, len(pdus))
    yield Pair(f"{title} encode", name, encode, peer_encode, size, 0, *counts)
    packets = ours if theirs is None else theirs

    def decode() -> None:
        decompressor = BulkDecompressor()
        for flags, data in packets:
            decompressor.decompress(flags | number if flags else 0, data)

    decompressor = BulkDecompressor()
    assert [decompressor.decompress(flags | number if flags else 0, data) for flags, data in packets] == pdus
    peer_decode = peer.decode_bulk(kind, packets) if peer else None
    yield Pair(f"{title} decode", name, decode, peer_decode, size, 0, peer_calls=len(pdus))


def _pair(
    codec: str, name: str, ours: Call, peer: Call | None, our: list[bytes], their: list[bytes] | None, calls: int
) -> Pair:
    their_bytes = None if their is None else sum(map(len, their))
    return Pair(codec, name, ours, peer, our_bytes=sum(map(len, our)), peer_bytes=their_bytes, peer_calls=calls)


_PICTURES = ("desktop", "photo", "solid", "scroll", "noise")
_BYTES = ("rle16", "text16", "bitmap16")

FAMILIES: dict[str, tuple[Family, tuple[str, ...]]] = {
    "rle16": (functools.partial(run_lengths, 16), _PICTURES),
    "rle8": (run_lengths_of_indices, _PICTURES),
    "rle15": (functools.partial(run_lengths, 15), _PICTURES),
    "rle24": (functools.partial(run_lengths, 24), _PICTURES),
    "planar": (functools.partial(planes, 64), _PICTURES),
    "planar-whole": (functools.partial(planes, 0), _PICTURES),
    "nscodec": (ns_codec, _PICTURES),
    "remotefx": (functools.partial(remote_fx, rfx.Entropy.RLGR3), _PICTURES),
    "remotefx-rlgr1": (functools.partial(remote_fx, rfx.Entropy.RLGR1), ("desktop", "photo")),
    **{kind: (functools.partial(bulk, kind), _BYTES) for kind in BULK},
}
"""By the name that `--codec` takes: what makes the rows, and the frames or corpora to make them for."""
