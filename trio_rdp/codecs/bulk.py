"""Bulk compression of one direction, whatever types of compression its packets name, [MS-RDPBCGR] 3.1.8."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from trio_rdp.codecs import mppc, ncrush, xcrush
from trio_rdp.codecs.mppc import AT_FRONT, COMPRESSED, FLUSHED
from trio_rdp.wire.errors import RemoteProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable

    from trio_rdp.codecs.plain.buffers import Readable

__all__ = ["BulkCompressor", "BulkDecompressor"]

_TYPE = 0x0F
_TOUCHES_HISTORY = COMPRESSED | AT_FRONT | FLUSHED


class _Compressor(Protocol):
    def compress(self, data: Readable) -> tuple[int, bytes]: ...
    def reset(self) -> None: ...


class _Decompressor(Protocol):
    def decompress(self, data: Readable, flags: int) -> bytes: ...
    def reset(self) -> None: ...


_COMPRESSORS: Final[dict[int, Callable[[], _Compressor]]] = {
    0: lambda: mppc.Compressor(mppc.Kind.RDP4),
    1: lambda: mppc.Compressor(mppc.Kind.RDP5),
    ncrush.TYPE: ncrush.Compressor,
    xcrush.TYPE: xcrush.Compressor,
}
_DECOMPRESSORS: Final[dict[int, Callable[[], _Decompressor]]] = {
    0: lambda: mppc.Decompressor(mppc.Kind.RDP4),
    1: lambda: mppc.Decompressor(mppc.Kind.RDP5),
    ncrush.TYPE: ncrush.Decompressor,
    xcrush.TYPE: xcrush.Decompressor,
}


class BulkDecompressor:
    """Decompresses what one peer sends; each type's history is made when a packet first needs it."""

    def __init__(self) -> None:
        self._decompressors: dict[int, _Decompressor] = {}

    def decompress(self, flags: int, data: Readable) -> bytes:
        """Return a packet's data; packets must be given in the order in which they came.

        Raises `DecodeError` for bytes that do not decompress, and `RemoteProtocolError` for a type without a meaning.
        """
        if not flags & _TOUCHES_HISTORY:
            return bytes(data)
        kind = flags & _TYPE
        decompressor = self._decompressors.get(kind)
        if decompressor is None:
            if kind not in _DECOMPRESSORS:
                raise RemoteProtocolError(f"peer used bulk compression type {kind}, which does not exist")
            decompressor = self._decompressors[kind] = _DECOMPRESSORS[kind]()
        return decompressor.decompress(data, flags)

    def reset(self) -> None:
        """Forget all histories, and give their memory back."""
        self._decompressors.clear()


class BulkCompressor:
    """Compresses what is sent to one peer, in one type of compression; its history is made at first use."""

    def __init__(self, kind: int) -> None:
        if kind not in _COMPRESSORS:
            raise ValueError(f"there is no bulk compression of type {kind}")
        self.kind = kind
        self._compressor = _COMPRESSORS[kind]()

    def compress(self, data: Readable) -> tuple[int, bytes]:
        """Return a packet's compression flags and its bytes; packets must be sent in the order of these calls.

        Flags of 0 mean that the bytes are the data itself and that the peer's history is not touched.  The bytes may be
        the data itself with other flags too; those must be sent.  Releases the GIL.
        """
        return self._compressor.compress(data)

    def reset(self) -> None:
        """Forget the history; the next compressed packet tells the peer to do so too."""
        self._compressor.reset()
