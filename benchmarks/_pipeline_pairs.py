"""More of what `codecs.py` measures: the codecs of the graphics pipeline, colours, and codecs that no peer has."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from _bars import RECORDED
from _clear_streams import clear_messages
from _codec_pairs import Family, Pair, blank, check_close, check_exact, remote_fx_message, views
from _frames import HEIGHT, WIDTH, frame, tiles
from _freerdp import Call, FreeRdp

from trio_rdp.codecs import (
    alpha,
    avc,
    clearcodec,
    clearcodec_encoder,
    color,
    pixels,
    progressive,
    progressive_encoder,
    qoi,
    qoiz,
    zgfx,
)
from trio_rdp.codecs.avc_frames import Avc420BitmapStream
from trio_rdp.codecs.pixel_format import PixelFormat
from trio_rdp.codecs.view import View

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["PIPELINE_FAMILIES"]

ALL = ("desktop", "photo", "solid", "scroll", "noise")


def progressive_pairs(peer: FreeRdp | None, name: str) -> Iterator[Pair]:
    picture, surface, other = frame(name), blank(), blank()
    source, target = View.of(picture), View.of(surface, 0, 0, WIDTH, HEIGHT)
    encoder = progressive_encoder.Encoder(WIDTH, HEIGHT)
    rects = [(0, 0, WIDTH, HEIGHT)]
    ours = encoder.encode(source, rects)
    peer_encode, read = peer.encode_progressive(picture) if peer else (None, None)
    theirs = None
    if peer_encode is not None and read is not None:
        peer_encode()
        theirs = read()
    encode = functools.partial(encoder.encode, source, rects)
    peer_bytes = None if theirs is None else len(theirs)
    yield Pair("progressive encode", name, encode, peer_encode, our_bytes=len(ours), peer_bytes=peer_bytes)
    stream = theirs or ours
    decoder = progressive.Decoder(WIDTH, HEIGHT)
    decode = functools.partial(decoder.decode_into, stream, target)
    least = 15 if name == "noise" else 33
    check_close(decode, surface, picture, least)
    peer_decode = peer.decode_progressive(stream, other[:HEIGHT, :WIDTH]) if peer else None
    if peer_decode is not None:
        check_close(peer_decode, other, picture, least)
    yield Pair("progressive decode", name, decode, peer_decode)


def clear_pairs(kind: str, peer: FreeRdp | None, name: str) -> Iterator[Pair]:
    picture, surface, other = frame(name), blank(), blank()
    rects, messages = clear_messages(picture, kind)
    targets = views(surface, rects)
    numbered = [bytearray(message) for message in messages]
    state, count = clearcodec.Decoder(), 0

    def decode() -> None:
        nonlocal count
        for message, view in zip(numbered, targets, strict=True):
            message[1] = count & 255
            count += 1
            state.decode_into(message, view, view.width, view.height)

    check_exact(decode, surface, picture)
    peer_decode = peer.decode_clear(messages, rects, other) if peer else None
    if peer_decode is not None:
        check_exact(peer_decode, other, picture)
    yield Pair(
        f"ClearCodec {kind if kind != 'rlex' else 'RLEX'} decode", name, decode, peer_decode, peer_calls=len(rects)
    )


def clear_encode(quick: bool, peer: FreeRdp | None, name: str) -> Iterator[Pair]:
    """A frame for a client that has nothing yet.

    FreeRDP has no encoder, and IronRDP's writes residual layers only, as our quick one does.  To compare with what was
    recorded of it, FreeRDP's decoder says how fast this machine is.  The other is to be judged by its size.
    """
    picture, surface, other = frame(name), blank(), blank()
    rects = list(tiles())
    sources = views(picture, rects)

    def encode() -> list[bytes]:
        encoder = clearcodec_encoder.Encoder(quick=quick)
        return [encoder.encode(view) for view in sources]

    messages = encode()

    def decode() -> None:
        decoder = clearcodec.Decoder()
        for message, view in zip(messages, views(surface, rects), strict=True):
            decoder.decode_into(message, view, view.width, view.height)

    check_exact(decode, surface, picture)
    codec, size, speed = f"ClearCodec {'quick' if quick else '64x64'} encode", sum(map(len, messages)), None
    others, residual = clear_messages(frame("desktop"), "residual")
    if peer is not None and (codec, name) in RECORDED:
        speed = peer.decode_clear(residual, others, other)
    yield Pair(codec, name, encode, speed, our_bytes=size, peer_calls=len(residual))


@functools.cache
def corpus(name: str) -> bytes:
    picture = frame("desktop")
    if name == "raw-bgrx":
        return picture[300:574].tobytes()
    if name == "clear":
        return b"".join(clear_messages(picture, "bands")[1])[: 2 << 20]
    return remote_fx_message(picture)


def zgfx_pairs(peer: FreeRdp | None, name: str) -> Iterator[Pair]:
    data = corpus(name)
    pieces = [data[at : at + 65_535] for at in range(0, len(data), 65_535)]

    def encode() -> list[bytes]:
        compressor = zgfx.Compressor()
        return [compressor.compress(piece) for piece in pieces]

    pdus = encode()

    def decode() -> list[bytes]:
        decompressor = zgfx.Decompressor()
        return [decompressor.decompress(pdu) for pdu in pdus]

    assert decode() == pieces
    yield Pair("ZGFX encode", name, encode, None, len(data), 0, our_bytes=sum(map(len, pdus)))
    peer_decode = peer.decode_zgfx(pdus) if peer else None
    yield Pair("ZGFX decode", name, decode, peer_decode, len(data), 0, peer_calls=len(pdus))


def whole_frame(
    codec: str, encode: Callable[[View], bytes], decode_into: Callable[[bytes, View, int, int], None]
) -> Family:
    """The rows of a codec that no peer has."""

    def pairs(_peer: FreeRdp | None, name: str) -> Iterator[Pair]:
        picture, surface = frame(name), blank()
        source, target = View.of(picture), View.of(surface, 0, 0, WIDTH, HEIGHT)
        data = encode(source)
        yield Pair(f"{codec} encode", name, functools.partial(encode, source), None, our_bytes=len(data))
        decode = functools.partial(decode_into, data, target, WIDTH, HEIGHT)
        if codec != "alpha":
            check_exact(decode, surface, picture)
        yield Pair(f"{codec} decode", name, decode, None)

    return pairs


def qoiz_encode(view: View) -> bytes:
    return qoiz.Encoder().encode(view)


def qoiz_decode(data: bytes, view: View, width: int, height: int) -> None:
    qoiz.Decoder().decode_into(data, view, width, height)


def h264(peer: FreeRdp | None, name: str) -> Iterator[Pair]:
    """A film of two pictures; FreeRDP decodes the very stream, with the same library."""
    if not avc.is_available():
        return
    picture, surface, other = frame(name), blank(), blank()
    film = [View.of(picture), View.of(np.roll(picture, 3 * 18, 0))]
    encoder, decoder = avc.Encoder(WIDTH, HEIGHT), avc.Decoder()
    target = View.of(surface, 0, 0, WIDTH, HEIGHT)
    messages = [encoder.encode(film[number % 2]) for number in range(20)]
    shown, turns = itertools.cycle(film), itertools.cycle(messages)
    size = sum(map(len, messages[1:])) // 19
    yield Pair("H.264 4:2:0 encode", name, lambda: encoder.encode(next(shown)), None, our_bytes=size)

    def decode() -> None:
        decoder.decode_into(next(turns), target)

    check_close(decode, surface, picture, 25)
    pictures = [Avc420BitmapStream.decode(message).avc420_encoded_bitstream for message in messages]
    peer_decode = peer.decode_h264(pictures, other[:HEIGHT, :WIDTH]) if peer else None
    if peer_decode is not None:
        check_close(peer_decode, other, picture, 25)
    yield Pair("H.264 4:2:0 decode", name, decode, peer_decode)


def conversions(peer: FreeRdp | None, name: str) -> Iterator[Pair]:
    """Orders of colours; `name` is what BGRX becomes, or comes from."""
    picture, surface, other = frame("desktop"), blank()[:HEIGHT, :WIDTH].copy(), blank()[:HEIGHT, :WIDTH].copy()
    kind = PixelFormat[name]
    size = kind.bytes_per_pixel
    row = WIDTH * size
    buffer, theirs = np.zeros((HEIGHT, WIDTH, size), np.uint8), np.zeros((HEIGHT, WIDTH, size), np.uint8)
    source, target = View.of(picture), View.of(surface)
    yield Pair(
        f"BGRX to {name}", "desktop", functools.partial(pixels.convert_from, source, kind, buffer, row),
        _optional(peer, picture, "BGRA32", theirs, name),
    )  # fmt: skip
    pixels.convert_from(source, kind, buffer, row)
    yield Pair(
        f"{name} to BGRX", "desktop", functools.partial(pixels.convert_into, buffer, kind, row, target),
        _optional(peer, buffer, name, other, "BGRA32"),
    )  # fmt: skip


def _optional(
    peer: FreeRdp | None, source: NDArray[np.uint8], of: str, target: NDArray[np.uint8], to: str
) -> Call | None:
    return peer.convert(source, of, target, to) if peer else None


def yuv(peer: FreeRdp | None, name: str) -> Iterator[Pair]:
    picture, surface, other = frame(name), blank()[:HEIGHT, :WIDTH].copy(), blank()[:HEIGHT, :WIDTH].copy()
    for half, title in ((True, "4:2:0"), (False, "4:4:4")):
        planes = color.Yuv.blank(WIDTH, HEIGHT, half=half)
        theirs = peer.yuv(picture, other, half=half) if peer else (None, None)
        split = functools.partial(color.split_yuv, View.of(picture), planes)
        split()
        yield Pair(f"BGRX to YUV {title}", name, split, theirs[0])
        yield Pair(f"YUV {title} to BGRX", name, functools.partial(color.draw_yuv, planes, View.of(surface)), theirs[1])


PIPELINE_FAMILIES: dict[str, tuple[Family, tuple[str, ...]]] = {
    "progressive": (progressive_pairs, ALL),
    **{f"clear-{kind}": (functools.partial(clear_pairs, kind), ("desktop", "scroll", "solid")) for kind in
       ("residual", "bands", "rlex")},
    "clear": (functools.partial(clear_encode, False), ALL),
    "clear-quick": (functools.partial(clear_encode, True), ALL),
    "zgfx": (zgfx_pairs, ("rfx", "clear", "raw-bgrx")),
    "qoi": (whole_frame("QOI", qoi.compress, qoi.decompress_into), ALL),
    "qoiz": (whole_frame("QOIZ", qoiz_encode, qoiz_decode), ALL),
    "alpha": (whole_frame("alpha", alpha.compress, alpha.decompress_into), ALL),
    "convert": (conversions, ("RGBA32", "RGB16", "BGR24")),
    "yuv": (yuv, ("desktop",)),
    "h264": (h264, ("desktop", "photo", "scroll")),
}  # fmt: skip
