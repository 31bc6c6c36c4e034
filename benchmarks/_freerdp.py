"""FreeRDP's codecs, called through ctypes: the public functions of libfreerdp 2, as Debian 12 has it.

`FreeRdp` gives for each codec what a benchmark needs: a call to repeat, and the bytes that came of it.  Where a codec
works tile by tile, the call is a loop over prepared arguments, and `calls` says how many: what ctypes takes for each is
measured by `call_seconds`, and can be taken off.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FreeRdp", "use_one_thread"]

Call = Callable[[], object]
Pixels = "NDArray[np.uint8]"
_POINTER, _U32, _BOOL = ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int


def _format(bits: int, kind: int, alpha: int, red: int, green: int, blue: int) -> int:
    return bits << 24 | kind << 16 | alpha << 12 | red << 8 | green << 4 | blue


BGRX32 = _format(32, 4, 0, 8, 8, 8)
FORMATS = {
    "BGRA32": BGRX32,
    "RGBA32": _format(32, 3, 8, 8, 8, 8),
    "RGB16": _format(16, 1, 0, 5, 6, 5),
    "BGR24": _format(24, 2, 0, 8, 8, 8),
}


class _Rect(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint16) for name in ("x", "y", "width", "height")]


class _Region(ctypes.Structure):
    _fields_ = [("extents", _Rect), ("data", _POINTER)]


class _Stream(ctypes.Structure):
    _fields_ = [
        ("buffer", _POINTER),
        ("pointer", _POINTER),
        ("length", ctypes.c_size_t),
        ("capacity", ctypes.c_size_t),
        ("count", _U32),
        ("pool", _POINTER),
        ("is_allocated", _BOOL),
        ("is_owner", _BOOL),
    ]


class _RfxContext(ctypes.Structure):
    # The beginning of the public header's RFX_CONTEXT: there is no function that sets the mode.
    _fields_ = [
        ("state", ctypes.c_int),
        ("encoder", _BOOL),
        ("flags", ctypes.c_uint16),
        ("properties", ctypes.c_uint16),
        ("width", ctypes.c_uint16),
        ("height", ctypes.c_uint16),
        ("mode", ctypes.c_int),
    ]


_PRIMITIVES = {"YUV420ToRGB": 23, "RGBToYUV420": 24, "RGBToYUV444": 25, "YUV444ToRGB": 28}
_BULK_TAIL = (_POINTER, _U32, _POINTER, _POINTER)
_SIGNATURES: dict[str, tuple[Any, ...]] = {
    "region16_init": (None, _POINTER),
    "region16_uninit": (None, _POINTER),
    "rfx_context_new": (_POINTER, _BOOL),
    "rfx_context_reset": (_BOOL, _POINTER, _U32, _U32),
    "rfx_context_set_pixel_format": (None, _POINTER, _U32),
    "rfx_compose_message": (_BOOL, _POINTER, _POINTER, _POINTER, ctypes.c_size_t, _POINTER, _U32, _U32, _U32),
    "rfx_process_message": (_BOOL, _POINTER, _POINTER, *[_U32] * 3, _POINTER, *[_U32] * 3, _POINTER),
    "freerdp_bitmap_planar_context_new": (_POINTER, _U32, _U32, _U32),
    "freerdp_bitmap_compress_planar": (_POINTER, _POINTER, _POINTER, *[_U32] * 4, _POINTER, _POINTER),
    "planar_decompress": (_BOOL, _POINTER, _POINTER, *[_U32] * 3, _POINTER, *[_U32] * 6, _BOOL),
    "bitmap_interleaved_context_new": (_POINTER, _BOOL),
    "interleaved_compress": (
        *(_BOOL, _POINTER, _POINTER, _POINTER, _U32, _U32),
        *(_POINTER, *[_U32] * 4, _POINTER, _U32),
    ),
    "interleaved_decompress": (_BOOL, _POINTER, _POINTER, *[_U32] * 4, _POINTER, *[_U32] * 6, _POINTER),
    "nsc_context_new": (_POINTER,),
    "nsc_context_reset": (_BOOL, _POINTER, _U32, _U32),
    "nsc_context_set_parameters": (_BOOL, _POINTER, ctypes.c_int, _U32),
    "nsc_compose_message": (_BOOL, _POINTER, _POINTER, _POINTER, *[_U32] * 3),
    "nsc_process_message": (_BOOL, _POINTER, ctypes.c_uint16, _U32, _U32, _POINTER, _U32, _POINTER, *[_U32] * 7),
    "progressive_context_new": (_POINTER, _BOOL),
    "progressive_create_surface_context": (ctypes.c_int, _POINTER, ctypes.c_uint16, _U32, _U32),
    "progressive_compress_ex": (ctypes.c_int, _POINTER, _POINTER, *[_U32] * 5, _POINTER, _POINTER, _POINTER),
    "progressive_decompress_ex": (
        *(ctypes.c_int, _POINTER, _POINTER, _U32, _POINTER, *[_U32] * 4),
        *(_POINTER, ctypes.c_uint16, _U32),
    ),
    "clear_context_new": (_POINTER, _BOOL),
    "clear_decompress": (ctypes.c_int, _POINTER, _POINTER, *[_U32] * 3, _POINTER, *[_U32] * 6, _POINTER),
    "zgfx_context_new": (_POINTER, _BOOL),
    "zgfx_context_free": (None, _POINTER),
    "zgfx_decompress": (ctypes.c_int, _POINTER, _POINTER, _U32, _POINTER, _POINTER, _U32),
    "freerdp_image_copy": (
        *(_BOOL, _POINTER, *[_U32] * 6),
        *(_POINTER, *[_U32] * 4, _POINTER, _U32),
    ),
    "h264_context_new": (_POINTER, _BOOL),
    "h264_context_reset": (_BOOL, _POINTER, _U32, _U32),
    "avc420_decompress": (ctypes.c_int, _POINTER, _POINTER, _U32, _POINTER, *[_U32] * 4, _POINTER, _U32),
    "avc444_decompress": (
        *(ctypes.c_int, _POINTER, ctypes.c_uint8, *[_POINTER, _U32] * 4),
        *(_POINTER, *[_U32] * 5),
    ),
    "primitives_get": (_POINTER,),
    "mppc_context_new": (_POINTER, _U32, _BOOL),
    **{f"{kind}_context_new": (_POINTER, _BOOL) for kind in ("ncrush", "xcrush")},
    **{f"{kind}_context_free": (None, _POINTER) for kind in ("mppc", "ncrush", "xcrush")},
    **{
        f"{kind}_compress": (ctypes.c_int, _POINTER, _POINTER, _U32, _POINTER, _POINTER, _POINTER)
        for kind in ("mppc", "ncrush", "xcrush")
    },
    **{f"{kind}_decompress": (ctypes.c_int, _POINTER, *_BULK_TAIL, _U32) for kind in ("mppc", "ncrush", "xcrush")},
}


def use_one_thread() -> str:
    """Let FreeRDP decode RemoteFX in one thread, and say how; may start this program anew.

    Its only switch is a registry file, which is laid over the system's for this process alone; who may not do that
    gets one processor for all threads.
    """
    if os.environ.get("BENCHMARK_ONE_THREAD") != "1" and os.geteuid() == 0 and os.path.exists("/usr/bin/unshare"):
        folder = tempfile.mkdtemp(prefix="winpr-")
        with open(f"{folder}/HKLM.reg", "w") as registry:
            registry.write(
                "Windows Registry Editor Version 5.00\n"
                "[HKEY_LOCAL_MACHINE\\Software\\FreeRDP\\FreeRDP\\RemoteFX]\n"
                '"UseThreads"=dword:00000000\n'
            )
        os.makedirs("/etc/winpr", exist_ok=True)
        os.environ["BENCHMARK_ONE_THREAD"] = "1"
        overlay = 'mount --bind "$0" /etc/winpr && exec "$@"'
        command = ["unshare", "-m", "sh", "-c", overlay, folder, sys.executable, *sys.argv]
        if os.spawnvp(os.P_WAIT, "unshare", ["unshare", "-m", "true"]) == 0:
            os.execvp("unshare", command)
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    return "one thread" if os.environ.get("BENCHMARK_ONE_THREAD") == "1" else "its threads on one processor"


class FreeRdp:
    """libfreerdp 2; raises `OSError` where it is not installed."""

    def __init__(self) -> None:
        os.environ.setdefault("WLOG_LEVEL", "ERROR")
        self._winpr = ctypes.CDLL("libwinpr2.so.2")
        self._library = ctypes.CDLL("libfreerdp2.so.2")
        self._libc = ctypes.CDLL(None)
        self._libc.free.argtypes = [_POINTER]
        self._winpr.Stream_New.restype = _POINTER
        self._winpr.Stream_New.argtypes = [_POINTER, ctypes.c_size_t]
        for name, (result, *arguments) in _SIGNATURES.items():
            function = getattr(self._library, name)
            function.restype, function.argtypes = result, arguments
            setattr(self, name, function)
        self._keep: list[object] = []  # what C looks at

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)  # for type checkers: the functions are set in __init__

    def call_seconds(self) -> float:
        """What ctypes takes for a call of fourteen arguments."""
        function = self._libc["abs"]
        function.restype = ctypes.c_int
        function.argtypes = (_POINTER, _POINTER, *[_U32] * 4, _POINTER, *[_U32] * 6, _POINTER)
        arguments = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, None)
        best = float("inf")
        for _ in range(20):
            started = time.perf_counter()
            for _ in range(500):
                function(*arguments)
            best = min(best, time.perf_counter() - started)
        return best / 500

    def _stream(self) -> tuple[int, Callable[[], None], Callable[[], bytes]]:
        """A stream, and how to rewind it and to read what was written."""
        stream = self._winpr.Stream_New(None, 1 << 25)
        fields = ctypes.cast(stream, ctypes.POINTER(_Stream)).contents

        def rewind() -> None:
            fields.pointer = fields.buffer

        return stream, rewind, lambda: ctypes.string_at(fields.buffer, fields.pointer - fields.buffer)

    # Each of these gives a call to repeat; encoders also how to read what it made.

    def encode_rfx(self, pixels: NDArray[np.uint8], mode: int) -> tuple[Call, Callable[[], bytes], bytes]:
        """RemoteFX, `mode` 0 for RLGR1 and 1 for RLGR3; with the first message, which has the headers."""
        height, width = pixels.shape[:2]
        context = self._rfx_context(1, width, height, mode)
        stream, rewind, read = self._stream()
        rect = _Rect(0, 0, width, height)
        arguments = (context, stream, ctypes.byref(rect), 1, pixels.ctypes.data, width, height, width * 4)

        def encode() -> None:
            rewind()
            assert self.rfx_compose_message(*arguments)

        encode()
        first = read()
        encode()
        return encode, read, first

    def _rfx_context(self, encoder: int, width: int, height: int, mode: int) -> int:
        context: int = self.rfx_context_new(encoder)
        assert self.rfx_context_reset(context, width, height)
        self.rfx_context_set_pixel_format(context, BGRX32)
        ctypes.cast(context, ctypes.POINTER(_RfxContext)).contents.mode = mode
        return context

    def decode_rfx(self, first: bytes, message: bytes, target: NDArray[np.uint8], mode: int) -> Call:
        height, width = target.shape[:2]
        context = self._rfx_context(0, width, height, mode)
        region = _Region()
        self.region16_init(ctypes.byref(region))

        def process(data: bytes) -> None:
            self.region16_uninit(ctypes.byref(region))
            self.region16_init(ctypes.byref(region))
            where = (target.ctypes.data, BGRX32, target.strides[0], height, ctypes.byref(region))
            assert self.rfx_process_message(context, data, len(data), 0, 0, *where)

        process(first)
        return lambda: process(message)

    def encode_progressive(self, pixels: NDArray[np.uint8]) -> tuple[Call, Callable[[], bytes]]:
        height, width = pixels.shape[:2]
        context = self.progressive_context_new(1)
        out, size = _POINTER(), _U32(0)
        source = (pixels.ctypes.data, pixels.nbytes, BGRX32, width, height, width * 4)

        def encode() -> None:
            assert self.progressive_compress_ex(context, *source, None, ctypes.byref(out), ctypes.byref(size)) >= 0

        return encode, lambda: ctypes.string_at(out, size.value)

    def decode_progressive(self, message: bytes, target: NDArray[np.uint8]) -> Call:
        height, width = target.shape[:2]
        context = self.progressive_context_new(0)
        self.progressive_create_surface_context(context, 1, width, height)
        region = _Region()
        self.region16_init(ctypes.byref(region))
        frame = [1]

        def decode() -> None:
            frame[0] += 1
            self.region16_uninit(ctypes.byref(region))
            self.region16_init(ctypes.byref(region))
            where = (target.ctypes.data, BGRX32, target.strides[0], 0, 0, ctypes.byref(region), 1, frame[0])
            assert self.progressive_decompress_ex(context, message, len(message), *where) >= 0

        return decode

    def encode_planar(
        self, pixels: NDArray[np.uint8], rects: list[tuple[int, int, int, int]]
    ) -> tuple[Call, Callable[[], list[bytes]]]:
        width, height = rects[0][2:]
        context = self.freerdp_bitmap_planar_context_new(1 << 5 | 1 << 4, width, height)  # no alpha, run lengths
        room = width * height * 4 + 4096 + height * 8
        buffers, size, sizes = np.zeros((len(rects), room), np.uint8), _U32(0), [0] * len(rects)
        start, stride = pixels.ctypes.data, pixels.strides[0]
        calls = [
            (context, start + y * stride + x * 4, BGRX32, w, h, stride, buffers[i].ctypes.data, ctypes.byref(size))
            for i, (x, y, w, h) in enumerate(rects)
        ]
        function = self.freerdp_bitmap_compress_planar

        def encode() -> None:
            for number, arguments in enumerate(calls):
                size.value = room
                function(*arguments)
                sizes[number] = size.value

        return encode, lambda: [buffers[i, : sizes[i]].tobytes() for i in range(len(rects))]

    def decode_planar(
        self, streams: list[bytes], rects: list[tuple[int, int, int, int]], target: NDArray[np.uint8]
    ) -> Call:
        width, height = rects[0][2:]
        context = self.freerdp_bitmap_planar_context_new(1 << 5 | 1 << 4, width, height)
        where = (target.ctypes.data, BGRX32, target.strides[0])
        calls = [
            (context, stream, len(stream), w, h, *where, x, y, w, h, 1)
            for stream, (x, y, w, h) in zip(streams, rects, strict=True)
        ]
        return _loop(self.planar_decompress, calls)

    def encode_interleaved(
        self, pixels: NDArray[np.uint8], rects: list[tuple[int, int, int, int]], bits: int
    ) -> tuple[Call, Callable[[], list[bytes]]]:
        context = self.bitmap_interleaved_context_new(1)
        room = 64 * 64 * 4 + 1024
        buffers, size, sizes = np.zeros((len(rects), room), np.uint8), _U32(0), [0] * len(rects)
        source = (pixels.ctypes.data, BGRX32, pixels.strides[0])
        calls = [
            (context, buffers[i].ctypes.data, ctypes.byref(size), w, h, *source, x, y, None, bits)
            for i, (x, y, w, h) in enumerate(rects)
        ]
        function = self.interleaved_compress

        def encode() -> None:
            for number, arguments in enumerate(calls):
                size.value = room
                function(*arguments)
                sizes[number] = size.value

        return encode, lambda: [buffers[i, : sizes[i]].tobytes() for i in range(len(rects))]

    def decode_interleaved(
        self, streams: list[bytes], rects: list[tuple[int, int, int, int]], target: NDArray[np.uint8], bits: int
    ) -> Call:
        context = self.bitmap_interleaved_context_new(0)
        where = (target.ctypes.data, BGRX32, target.strides[0])
        calls = [
            (context, stream, len(stream), w, h, bits, *where, x, y, w, h, None)
            for stream, (x, y, w, h) in zip(streams, rects, strict=True)
        ]
        return _loop(self.interleaved_decompress, calls)

    def encode_nsc(self, pixels: NDArray[np.uint8]) -> tuple[Call, Callable[[], bytes]]:
        """NSCodec with colour loss 3 and subsampling."""
        height, width = pixels.shape[:2]
        context = self.nsc_context_new()
        assert self.nsc_context_reset(context, width, height)
        for parameter, value in ((0, 3), (1, 1), (2, 0), (3, BGRX32)):
            self.nsc_context_set_parameters(context, parameter, value)
        stream, rewind, read = self._stream()

        def encode() -> None:
            rewind()
            assert self.nsc_compose_message(context, stream, pixels.ctypes.data, width, height, width * 4)

        return encode, read

    def decode_nsc(self, message: bytes, target: NDArray[np.uint8]) -> Call:
        height, width = target.shape[:2]
        context = self.nsc_context_new()
        assert self.nsc_context_reset(context, width, height)
        self.nsc_context_set_parameters(context, 3, BGRX32)
        where = (target.ctypes.data, BGRX32, target.strides[0], 0, 0, width, height, 1)

        def decode() -> None:
            assert self.nsc_process_message(context, 32, width, height, message, len(message), *where)

        return decode

    def decode_clear(
        self, messages: list[bytes], rects: list[tuple[int, int, int, int]], target: NDArray[np.uint8]
    ) -> Call:
        """ClearCodec; the sequence numbers are counted on, from call to call."""
        context = self.clear_context_new(0)
        buffers = [ctypes.create_string_buffer(message, len(message)) for message in messages]
        height, width = target.shape[:2]
        where = (target.ctypes.data, BGRX32, target.strides[0])
        calls = [
            (context, buffer, len(buffer), w, h, *where, x, y, width, height, None)
            for buffer, (x, y, w, h) in zip(buffers, rects, strict=True)
        ]
        decode, count = _loop(self.clear_decompress, calls), [0]

        def renumber() -> None:
            for buffer in buffers:
                buffer[1] = bytes((count[0] & 255,))
                count[0] += 1
            decode()

        return renumber

    def decode_zgfx(self, pdus: list[bytes]) -> Call:
        out, size = _POINTER(), _U32(0)

        def decode() -> None:
            context = self.zgfx_context_new(0)
            for pdu in pdus:
                assert self.zgfx_decompress(context, pdu, len(pdu), ctypes.byref(out), ctypes.byref(size), 0) >= 0
                self._libc.free(out)
            self.zgfx_context_free(context)

        return decode

    def encode_bulk(self, kind: str, pdus: list[bytes]) -> tuple[Call, Callable[[], list[tuple[int, bytes]]]]:
        """A bulk compressor (`mppc8k`, `mppc64k`, `ncrush`, `xcrush`) over PDUs, from an empty history each time."""
        family, new = self._bulk(kind, 1)
        compress, free = getattr(self, f"{family}_compress"), getattr(self, f"{family}_context_free")
        target = ctypes.create_string_buffer(1 << 17)
        out, size, flags = _POINTER(), _U32(0), _U32(0)
        kept: list[tuple[int, bytes]] = []

        def encode(keep: bool = False) -> None:
            context = new()
            for pdu in pdus:
                out.value = ctypes.addressof(target)
                size.value = len(pdu) + (2 if family == "xcrush" else 0) if family != "ncrush" else 65536
                flags.value = 0
                assert compress(context, pdu, len(pdu), ctypes.byref(out), ctypes.byref(size), ctypes.byref(flags)) >= 0
                if keep:
                    is_compressed = flags.value & 0x20
                    kept.append((flags.value, ctypes.string_at(out, size.value) if is_compressed else pdu))
            free(context)

        def read() -> list[tuple[int, bytes]]:
            kept.clear()
            encode(True)
            return list(kept)

        return encode, read

    def decode_bulk(self, kind: str, packets: list[tuple[int, bytes]]) -> Call:
        family, new = self._bulk(kind, 0)
        decompress, free = getattr(self, f"{family}_decompress"), getattr(self, f"{family}_context_free")
        out, size = _POINTER(), _U32(0)

        def decode() -> None:
            context = new()
            for flags, data in packets:
                assert decompress(context, data, len(data), ctypes.byref(out), ctypes.byref(size), flags) >= 0
            free(context)

        return decode

    def _bulk(self, kind: str, compressor: int) -> tuple[str, Callable[[], int]]:
        if kind.startswith("mppc"):
            return "mppc", lambda: self.mppc_context_new(int(kind == "mppc64k"), compressor)
        return kind, lambda: getattr(self, f"{kind}_context_new")(compressor)

    def convert(
        self, source: NDArray[np.uint8], source_format: str, target: NDArray[np.uint8], target_format: str
    ) -> Call:
        height, width = source.shape[:2]
        to = (target.ctypes.data, FORMATS[target_format], target.strides[0], 0, 0, width, height)
        of = (source.ctypes.data, FORMATS[source_format], source.strides[0], 0, 0, None, 0)
        return lambda: self.freerdp_image_copy(*to, *of)

    def decode_h264(self, pictures: Sequence[tuple[bytes, ...]], target: NDArray[np.uint8]) -> Call:
        """One of the pictures of a stream at each call, by turns; the first must stand alone.

        A picture is one view, or two where it is of 4:4:4 (AVC444, version 1).
        """
        height, width = target.shape[:2]
        context = self.h264_context_new(0)
        assert self.h264_context_reset(context, width, height)
        rect = (ctypes.byref(_Rect(0, 0, width, height)), 1)
        where = (target.ctypes.data, BGRX32, target.strides[0], width, height)
        turns = itertools.cycle(pictures)

        def decode() -> None:
            views = next(turns)
            if len(views) == 1:
                assert self.avc420_decompress(context, *views, len(views[0]), *where, *rect) >= 0
            else:
                given = [argument for view in views for argument in (*rect, view, len(view))]
                assert self.avc444_decompress(context, 0, *given, *where, 0x000E) >= 0

        return decode

    def yuv(self, pixels: NDArray[np.uint8], target: NDArray[np.uint8], *, half: bool) -> tuple[Call, Call]:
        """To planes, 4:2:0 where they are halved, else 4:4:4, and back."""
        height, width = pixels.shape[:2]
        columns = width // 2 if half else width
        planes = [np.zeros((height, width), np.uint8) for _ in range(3)]
        self._keep.append(planes)
        pointers = (_POINTER * 3)(*[plane.ctypes.data for plane in planes])
        strides, size = (_U32 * 3)(width, columns, columns), (_U32 * 2)(width, height)
        there = self._primitive("RGBToYUV420" if half else "RGBToYUV444", _POINTER, _U32, _U32, *[_POINTER] * 3)
        back = self._primitive("YUV420ToRGB" if half else "YUV444ToRGB", *[_POINTER] * 3, _U32, _U32, _POINTER)
        return (
            lambda: there(pixels.ctypes.data, BGRX32, width * 4, pointers, strides, size),
            lambda: back(pointers, strides, target.ctypes.data, width * 4, BGRX32, size),
        )

    def _primitive(self, name: str, *arguments: Any) -> Any:
        """One of the functions of `primitives_t`, by its place in the public header."""
        table = ctypes.cast(self.primitives_get(), ctypes.POINTER(_POINTER))
        address = table[_PRIMITIVES[name]]
        assert address
        return ctypes.CFUNCTYPE(ctypes.c_int, *arguments)(address)


def _loop(function: Any, calls: Iterable[tuple[Any, ...]]) -> Call:
    prepared = list(calls)

    def run() -> None:
        for arguments in prepared:
            function(*arguments)

    return run
