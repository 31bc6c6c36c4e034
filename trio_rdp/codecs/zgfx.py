"""RDP 8.0 bulk compression ("ZGFX") with its history, [MS-RDPEGFX] 2.2.5 and 3.1.9: how graphics messages travel."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final

from trio_rdp.codecs.kernels import zgfx as kernel
from trio_rdp.codecs.status import OVERRUN, TRUNCATED
from trio_rdp.wire.errors import InvalidField, Truncated

if TYPE_CHECKING:
    from trio_rdp.codecs.plain.buffers import Readable

__all__ = ["MAX_OUTPUT", "Decompressor", "Kind"]

_PDU = "RDP_SEGMENTED_DATA"

# What one structure may declare.  The format has room for 4 GiB; this is an uncompressed frame of 3840 x 2160 twice
# over, and no server sends a frame in one message.
MAX_OUTPUT: Final = 1 << 26


class Kind(enum.IntEnum):
    """The two sizes of the same compression, by their PACKET_COMPR_TYPE: that of dynamic channels is the lite one."""

    RDP8 = 4
    RDP8_LITE = 6


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
