"""Bulk decompression of one direction, whatever types of compression its packets name, [MS-RDPBCGR] 3.1.8."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trio_rdp.codecs.mppc import AT_FRONT, COMPRESSED, FLUSHED, Decompressor, Kind
from trio_rdp.wire.errors import RemoteProtocolError

if TYPE_CHECKING:
    from trio_rdp.codecs.plain.buffers import Readable

__all__ = ["BulkDecompressor"]

_TYPE = 0x0F
_TOUCHES_HISTORY = COMPRESSED | AT_FRONT | FLUSHED


class BulkDecompressor:
    """Decompresses what one peer sends; each type's history is made when a packet first needs it."""

    def __init__(self) -> None:
        self._decompressors: dict[int, Decompressor] = {}

    def decompress(self, flags: int, data: Readable) -> bytes:
        """Return a packet's data; packets must be given in the order in which they came.

        Raises `DecodeError` for bytes that do not decompress, and `RemoteProtocolError` for a type that was never
        offered: RDP 6.0 and 6.1 (2 and 3) and numbers without a meaning.
        """
        if not flags & _TOUCHES_HISTORY:
            return bytes(data)
        kind = flags & _TYPE
        decompressor = self._decompressors.get(kind)
        if decompressor is None:
            if kind not in (Kind.RDP4, Kind.RDP5):
                raise RemoteProtocolError(f"peer used bulk compression type {kind}, which was not offered")
            decompressor = self._decompressors[kind] = Decompressor(Kind(kind))
        return decompressor.decompress(data, flags)
