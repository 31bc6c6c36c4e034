"""More of what `codecs.py` measures: the codecs of the graphics pipeline, colours, and codecs that no peer has."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from _bars import RECORDED
from _clear_streams import clear_messages
from _codec_pairs import Family, Pair, blank, check_close, check_exact, remote_fx_message, views
from _frames import HEIGHT, WIDTH, frame, tiles
from _freerdp import Call, FreeRdp
from _verdicts import Aim

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
from trio_rdp.codecs.avc_frames import Avc420BitmapStream, Avc444BitmapStream
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


@functools.cache
def residual_layers() -> tuple[list[tuple[int, int, int, int]], list[bytes]]:
    return clear_messages(frame("desktop"), "residual")


def yardstick(peer: FreeRdp | None, codec: str, name: str) -> tuple[Call | None, int]:
    """FreeRDP's decoder, which says how fast this machine is where FreeRDP has no encoder; and its calls."""
    if peer is None or (codec, name) not in RECORDED:
        return None, 1
    rects, messages = residual_layers()
    return peer.decode_clear(messages, rects, yardstick_target()), len(rects)


@functools.cache
def yardstick_target() -> NDArray[np.uint8]:
    """Kept, because FreeRDP has only its address."""
    return blank()


def clear_encode(quick: bool, peer: FreeRdp | None, name: str) -> Iterator[Pair]:
    """A frame for a client that has nothing yet.

    FreeRDP has no encoder, and IronRDP's writes residual layers only, as our quick one does.  So the peer's size is
    what those take, and its speed is what was recorded.
    """
    picture, surface = frame(name), blank()
    rects = list(tiles())
    sources = views(picture, rects)

    def encode(quick: bool = quick) -> list[bytes]:
        encoder = clearcodec_encoder.Encoder(quick=quick)
        return [encoder.encode(view) for view in sources]

    messages = encode()

    def decode() -> None:
        decoder = clearcodec.Decoder()
        for message, view in zip(messages, views(surface, rects), strict=True):
            decoder.decode_into(message, view, view.width, view.height)

    check_exact(decode, surface, picture)
    codec, size = f"ClearCodec {'quick' if quick else '64x64'} encode", sum(map(len, messages))
    speed, calls = yardstick(peer, codec, name)
    yield Pair(
        codec, name, encode, None, our_bytes=size, peer_calls=calls, yardstick=speed,
        peer_bytes=sum(map(len, encode(True))) if speed and not quick else None,
    )  # fmt: skip


@functools.cache
def corpus(name: str) -> bytes:
    picture = frame("desktop")
    if name == "raw-bgrx":
        return picture[300:574].tobytes()
    if name == "clear":
        return b"".join(clear_messages(picture, "bands")[1])[: 2 << 20]
    return remote_fx_message(picture)


def zgfx_pairs(store: bool, peer: FreeRdp | None, name: str) -> Iterator[Pair]:
    """Compressed, or stored, which FreeRDP's encoder does always."""
    data = corpus(name)
    pieces = [data[at : at + 65_535] for at in range(0, len(data), 65_535)]

    def encode() -> list[bytes]:
        compressor = zgfx.Compressor()
        return [compressor.compress(piece, store=store) for piece in pieces]

    pdus = encode()

    def decode() -> None:
        decompressor = zgfx.Decompressor()
        for pdu in pdus:
            decompressor.decompress(pdu)

    decompressor = zgfx.Decompressor()
    assert [decompressor.decompress(pdu) for pdu in pdus] == pieces
    if not store:
        speed, calls = yardstick(peer, "ZGFX encode", name)
        size = sum(map(len, pdus))
        yield Pair(
            "ZGFX encode", name, encode, None, len(data), 0, our_bytes=size, peer_calls=calls, yardstick=speed
        )  # fmt: skip
    peer_decode = peer.decode_zgfx(pdus) if peer else None
    row = Pair("ZGFX decode", name, decode, peer_decode, len(data), 0, peer_calls=len(pdus))
    # What is stored goes to the history, and out.
    yield replace(row, codec="ZGFX stored decode", aim=Aim.COPY, copies=2) if store else row


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


def h264(mode: avc.Mode, peer: FreeRdp | None, name: str) -> Iterator[Pair]:
    """A film of two pictures; FreeRDP decodes the very stream, with the same library."""
    if not avc.is_available():
        return
    picture, surface, other = frame(name), blank(), blank()
    film = [View.of(picture), View.of(np.roll(picture, 3 * 18, 0))]
    encoder, decoder = avc.Encoder(WIDTH, HEIGHT, mode), avc.Decoder()
    target = View.of(surface, 0, 0, WIDTH, HEIGHT)
    messages = [encoder.encode(film[number % 2]) for number in range(20)]
    shown, turns = itertools.cycle(film), itertools.cycle(messages)
    size = sum(map(len, messages[1:])) // 19
    codec = f"H.264 {'4:2:0' if mode is avc.Mode.AVC420 else '4:4:4'}"
    yield Pair(
        f"{codec} encode", name, lambda: encoder.encode(next(shown)), None, our_bytes=size, aim=Aim.PARITY
    )  # fmt: skip

    def decode() -> None:
        decoder.decode_into(next(turns), target, mode)

    check_close(decode, surface, picture, 25)
    peer_decode = _peer_h264(peer, mode, messages, other[:HEIGHT, :WIDTH]) if peer else None
    if peer_decode is not None:
        check_close(peer_decode, other, picture, 25)
    yield Pair(f"{codec} decode", name, decode, peer_decode, aim=Aim.PARITY)


def _peer_h264(peer: FreeRdp, mode: avc.Mode, messages: list[bytes], target: NDArray[np.uint8]) -> Call:
    if mode is avc.Mode.AVC420:
        return peer.decode_h264([(_picture(Avc420BitmapStream.decode(message)),) for message in messages], target)
    frames = [Avc444BitmapStream.decode(message) for message in messages]
    streams = [(frame.avc420_encoded_bitstream1, frame.avc420_encoded_bitstream2) for frame in frames]
    return peer.decode_h264([(_picture(luma), _picture(chroma)) for luma, chroma in streams if chroma], target)


def _picture(stream: Avc420BitmapStream) -> bytes:
    return stream.avc420_encoded_bitstream


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
        _optional(peer, picture, "BGRA32", theirs, name), aim=Aim.COPY,
    )  # fmt: skip
    pixels.convert_from(source, kind, buffer, row)
    yield Pair(
        f"{name} to BGRX", "desktop", functools.partial(pixels.convert_into, buffer, kind, row, target),
        _optional(peer, buffer, name, other, "BGRA32"), aim=Aim.COPY,
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
        draw = functools.partial(color.draw_yuv, planes, View.of(surface))
        yield Pair(f"BGRX to YUV {title}", name, split, theirs[0], aim=Aim.COPY)
        yield Pair(f"YUV {title} to BGRX", name, draw, theirs[1], aim=Aim.COPY)


PIPELINE_FAMILIES: dict[str, tuple[Family, tuple[str, ...]]] = {
    "progressive": (progressive_pairs, ALL),
    **{f"clear-{kind}": (functools.partial(clear_pairs, kind), ("desktop", "photo", "scroll", "solid")) for kind in
       ("residual", "bands", "rlex", "raw")},
    "clear": (functools.partial(clear_encode, False), ALL),
    "clear-quick": (functools.partial(clear_encode, True), ALL),
    "zgfx": (functools.partial(zgfx_pairs, False), ("rfx", "clear", "raw-bgrx")),
    "zgfx-stored": (functools.partial(zgfx_pairs, True), ("rfx", "clear", "raw-bgrx")),
    "qoi": (whole_frame("QOI", qoi.compress, qoi.decompress_into), ALL),
    "qoiz": (whole_frame("QOIZ", qoiz_encode, qoiz_decode), ALL),
    "alpha": (whole_frame("alpha", alpha.compress, alpha.decompress_into), ALL),
    "convert": (conversions, ("RGBA32", "RGB16", "BGR24", "BGRA32")),
    "yuv": (yuv, ("desktop",)),
    "h264": (functools.partial(h264, avc.Mode.AVC420), ("desktop", "photo", "scroll")),
    "h264-444": (functools.partial(h264, avc.Mode.AVC444), ("desktop", "photo", "scroll")),
}  # fmt: skip
