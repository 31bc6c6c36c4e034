"""RDP 8.0 bulk data between this library and FreeRDP's, whose functions are called in this process."""

from __future__ import annotations

import ctypes
import ctypes.util
import random
from collections.abc import Iterator

import pytest

from trio_rdp.codecs import zgfx

pytestmark = pytest.mark.interop


class Peer:
    """FreeRDP's context of one direction."""

    def __init__(self, *, compressor: bool) -> None:
        name = ctypes.util.find_library("freerdp2")
        if name is None:
            pytest.skip("libfreerdp2 is not installed")
        self._library = ctypes.CDLL(name)
        self._library.zgfx_context_new.restype = ctypes.c_void_p
        self._free = ctypes.CDLL(None).free
        self._context = ctypes.c_void_p(self._library.zgfx_context_new(int(compressor)))

    def close(self) -> None:
        self._library.zgfx_context_free(self._context)

    def decompress(self, data: bytes) -> bytes:
        out, size = ctypes.c_void_p(), ctypes.c_uint32()
        status = self._library.zgfx_decompress(self._context, data, len(data), ctypes.byref(out), ctypes.byref(size), 0)
        return self._take(status, out, size)

    def compress(self, data: bytes) -> bytes:
        out, size, flags = ctypes.c_void_p(), ctypes.c_uint32(), ctypes.c_uint32()
        status = self._library.zgfx_compress(
            self._context, data, len(data), ctypes.byref(out), ctypes.byref(size), ctypes.byref(flags)
        )
        return self._take(status, out, size)

    def _take(self, status: int, out: ctypes.c_void_p, size: ctypes.c_uint32) -> bytes:
        assert status >= 0
        data = ctypes.string_at(out, size.value)
        self._free(out)
        return data


def messages() -> Iterator[bytes]:
    """Twelve megabytes of texts, runs, noise and things said before: five histories."""
    source = random.Random(7)
    words = [source.randbytes(source.randrange(1, 40)) for _ in range(300)]
    before: list[bytes] = []
    total = 0
    while total < 12_000_000:
        match source.randrange(4):
            case 0:
                message = b"".join(source.choices(words, k=source.randrange(1, 6000)))
            case 1:
                message = source.randbytes(source.choice((1, 5, 4095, 65535, 65536, 140_000)))
            case 2:
                message = source.randbytes(3) * source.randrange(1, 40_000)
            case _:
                message = source.choice(before)[source.randrange(40) :] if before else b""
        if message:  # FreeRDP 2.11.7 takes no structure without data
            before = [*before[-200:], message]
            total += len(message)
            yield message


def test_freerdp_reads_what_we_compress() -> None:
    peer, compressor = Peer(compressor=False), zgfx.Compressor()
    for message in messages():
        assert peer.decompress(compressor.compress(message)) == message
    peer.close()


def test_we_read_what_freerdp_compresses() -> None:
    peer, decompressor = Peer(compressor=True), zgfx.Decompressor()
    for message in messages():
        assert decompressor.decompress(peer.compress(message)) == message
    peer.close()
