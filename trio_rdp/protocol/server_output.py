"""A server's updates as frames, [MS-RDPBCGR] 2.2.9.1: on the fast path, in fragments, or on the slow path."""

from __future__ import annotations

from trio_rdp.pdu.fastpath import FRAGMENT_SIZE, FastPathOutput, split
from trio_rdp.pdu.mcs import MAX_USER_DATA
from trio_rdp.pdu.pointer import PointerUpdate, ServerPointerUpdate
from trio_rdp.pdu.share import PduType2
from trio_rdp.pdu.surface import SurfaceCommands
from trio_rdp.pdu.update import GraphicsUpdate, Update, encode_update
from trio_rdp.protocol.envelopes import Envelopes
from trio_rdp.protocol.server_capabilities import ClientCapabilities
from trio_rdp.wire.errors import EncodeError

__all__ = ["UpdateEncoder"]

# A share data header, and what the slow path adds to an update of the fast path (a pointer's type, at most four bytes).
_SLOW_PATH_ROOM = MAX_USER_DATA - 18 - 4


class UpdateEncoder:
    """Encodes updates for one client, by its capabilities.

    `largest` bounds what is fragmented, beside the client's own bound.
    """

    def __init__(self, envelopes: Envelopes, capabilities: ClientCapabilities, largest: int) -> None:
        self._envelopes = envelopes
        self._is_fast = capabilities.fast_path_output
        self.max_update_size: int = _SLOW_PATH_ROOM
        """Bytes that the data of one update may have."""
        if self._is_fast:
            # What fits one PDU needs no putting together, whatever the client says about that.
            self.max_update_size = max(min(capabilities.max_request_size, largest), FRAGMENT_SIZE)

    def encode(self, update: Update) -> list[bytes]:
        """Give the frames of an update; raises `EncodeError` where it is too large, or has no form on this path."""
        return self._encode_fast(update) if self._is_fast else [self._encode_slow(update)]

    def _encode_fast(self, update: Update) -> list[bytes]:
        code, data = encode_update(update)
        self._check_size(len(data))
        return [FastPathOutput(fp_output_updates=[fragment]).encode() for fragment in split(code, data)]

    def _encode_slow(self, update: Update) -> bytes:
        if isinstance(update, PointerUpdate):
            kind, data = PduType2.POINTER, ServerPointerUpdate(pointer_attribute_data=update).encode()
        elif isinstance(update, SurfaceCommands):
            raise EncodeError("surface commands have no slow-path form")
        else:
            kind, data = PduType2.UPDATE, GraphicsUpdate(update=update).encode()
        self._check_size(len(data))
        return self._envelopes.share_data(kind, data)

    def _check_size(self, size: int) -> None:
        if size > self.max_update_size:
            raise EncodeError(f"an update of {size} bytes exceeds {self.max_update_size}")
