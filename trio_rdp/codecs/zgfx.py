"""RDP 8.0 bulk compression ("ZGFX") with its history, [MS-RDPEGFX] 2.2.5 and 3.1.9: how graphics messages travel."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

from trio_rdp.codecs.kernels import zgfx as kernel
from trio_rdp.codecs.status import OVERRUN, TRUNCATED
from trio_rdp.wire.errors import InvalidField, Truncated

if TYPE_CHECKING:
    from trio_rdp.codecs.plain.buffers import Readable

__all__ = ["MAX_OUTPUT", "Compressor", "Decompressor", "Kind"]

_PDU = "RDP_SEGMENTED_DATA"

# What one structure may declare.  The format has room for 4 GiB; this is an uncompressed frame of 3840 x 2160 twice
# over, and no server sends a frame in one message.
MAX_OUTPUT: Final = 1 << 26


class Kind(enum.IntEnum):
    """The two sizes of the same compression, by their PACKET_COMPR_TYPE: that of dynamic channels is the lite one."""

    RDP8 = 4
    RDP8_LITE = 6


_SINGLE: Final = 0xE0  # descriptor, [MS-RDPEGFX] 2.2.5.1
_EARLY: Final = 1024
"""Bytes stored at first that need no history yet: noting where each was seen takes 4 KiB of memory for most of them."""

# The history and the longest segment, in bytes: [MS-RDPEGFX] 3.1.9.1.2 and [MS-RDPEDYC] 2.2.3.3.
_SIZES: Final = {Kind.RDP8: (2_500_000, 65_535), Kind.RDP8_LITE: (8_192, 8_192)}


class Decompressor:
    """One direction's history; structures must be given in the order in which they came.

    Memory grows with what was decompressed, to 4.6 MB at most.  `limit` is how many bytes one structure may give.
    After an error the history is undefined until `reset`.
    """

    def __init__(self, kind: Kind = Kind.RDP8, *, limit: int = MAX_OUTPUT) -> None:
        self.kind: Kind = Kind(kind)
        self.limit = limit
        self._state: kernel.Decompressor | None = None

    def decompress(self, data: Readable) -> bytes:
        """Return the data of one complete RDP_SEGMENTED_DATA.  Raises `DecodeError`.  Releases the GIL."""
        if self._state is None:
            self._state = kernel.Decompressor(*_SIZES[self.kind], self.kind)
        result = self._state.decompress(data, self.limit)
        if isinstance(result, bytes):
            return result
        if result == TRUNCATED:
            raise Truncated("the structure ends inside a segment or a token", pdu=_PDU)
        if result == OVERRUN:
            raise InvalidField(f"more data than declared, or than {self.limit} bytes", pdu=_PDU)
        raise InvalidField("a segment or a token that does not exist", pdu=_PDU)

    def reset(self) -> None:
        """Forget the history."""
        self._state = None


class Compressor:
    """One direction's history; what `compress` gives must be sent in that order, and all of it.

    Memory is 0.8 MiB for where bytes were seen, and grows with what was compressed, to 5.5 MB at most.
    """

    def __init__(self, kind: Kind = Kind.RDP8) -> None:
        self.kind: Kind = Kind(kind)
        self._state: kernel.Compressor | None = None
        self._early: list[bytes] = []

    def compress(self, data: Readable, *, store: bool = False) -> bytes:
        """Return `data` as one RDP_SEGMENTED_DATA: one segment, or for more than 65,535 (lite: 8,192) bytes many.

        Segments that would not become shorter are sent as they are, and what looks compressed already is not tried, as
        nothing is with `store`; so the result is at most two bytes longer, or seven and five for each of many segments.
        Raises `ValueError` for more than 65,535 segments.  Releases the GIL.
        """
        if self._state is None:
            if store and len(data) + sum(map(len, self._early)) <= _EARLY:
                self._early.append(bytes(data))
                return bytes((_SINGLE, self.kind)) + self._early[-1]
            self._state = kernel.Compressor(*_SIZES[self.kind], self.kind)
            for message in self._early:
                self._state.compress(message, True)
            self._early.clear()
        return self._state.compress(data, store)

    def reset(self) -> None:
        """Forget the history, as the peer must do too."""
        self._state = None
        self._early.clear()
