"""A server's updates as frames, [MS-RDPBCGR] 2.2.9.1: on the fast path, in fragments, or on the slow path."""

from __future__ import annotations

from functools import partial

from trio_rdp.pdu.fastpath import FRAGMENT_SIZE, FastPathOutput, UpdateCode, append_fragments, split
from trio_rdp.pdu.mcs import MAX_USER_DATA
from trio_rdp.pdu.pointer import PointerUpdate, ServerPointerUpdate
from trio_rdp.pdu.share import PduType2
from trio_rdp.pdu.surface import SurfaceCommands
from trio_rdp.pdu.update import GraphicsUpdate, Update, encode_update
from trio_rdp.protocol.deflation import Deflater, Outgoing
from trio_rdp.protocol.envelopes import Envelopes
from trio_rdp.protocol.server_capabilities import ClientCapabilities
from trio_rdp.wire.errors import EncodeError

__all__ = ["UpdateEncoder"]

# A share data header, and what the slow path adds to an update of the fast path (a pointer's type, at most four bytes).
_SLOW_PATH_ROOM = MAX_USER_DATA - 18 - 4
_FRAME = 10  # at most, what goes around a fragment; around a PDU of the slow path some more


class UpdateEncoder:
    """Encodes updates for one client, by its capabilities.

    `largest` bounds what is fragmented, beside the client's own bound.  Without a `deflater` nothing is compressed.
    """

    def __init__(
        self,
        envelopes: Envelopes,
        capabilities: ClientCapabilities,
        largest: int,
        deflater: Deflater | None = None,
    ) -> None:
        self._envelopes = envelopes
        self._is_fast = capabilities.fast_path_output
        self._deflater = Deflater(None) if deflater is None else deflater
        self._fragment_size = FRAGMENT_SIZE
        self.max_update_size: int = _SLOW_PATH_ROOM
        """Bytes that the data of one update may have."""
        self.best_update_size: int = min(_SLOW_PATH_ROOM, self._deflater.longest)
        """Bytes up to which the data of an update is compressed; larger ones are not, where they are one packet."""
        if self._is_fast:
            # What fits one PDU needs no putting together, whatever the client says about that.
            self.max_update_size = max(min(capabilities.max_request_size, largest), FRAGMENT_SIZE)
            if capabilities.max_request_size >= FRAGMENT_SIZE:
                self._fragment_size = min(FRAGMENT_SIZE, self._deflater.longest)
            self.best_update_size = self.max_update_size

    def encode(self, update: Update) -> list[bytes]:
        """Give the frames of an update as they are, uncompressed.

        Raises `EncodeError` where it is too large, or has no form on this path.
        """
        return self._encode_fast(update) if self._is_fast else [self._encode_slow(update)]

    def prepare(self, update: Update, *, is_dense: bool = False) -> Outgoing:
        """Make the frames of an update ready for the wire: to be compressed, unless it `is_dense`, when committed.

        All its fragments are one piece, because no other PDU may come between them.  Raises as `encode` does.
        """
        if is_dense or self._deflater.kind is None:
            whole = self._whole(update)
            return Outgoing(len(whole), lambda: whole)
        if self._is_fast:
            code, data = encode_update(update)
            self._check_size(len(data))
            return Outgoing(len(data) + _FRAME, partial(self._commit_fast, code, data))
        kind, data = self._slow_form(update)
        return Outgoing(len(data) + 2 * _FRAME, partial(self._commit_slow, kind, data))

    def _whole(self, update: Update) -> bytes | bytearray:
        if not self._is_fast:
            return self._encode_slow(update)
        code, data = encode_update(update)
        self._check_size(len(data))
        frames = bytearray()
        append_fragments(frames, code, data)
        return frames

    def _encode_fast(self, update: Update) -> list[bytes]:
        code, data = encode_update(update)
        self._check_size(len(data))
        return [FastPathOutput(fp_output_updates=[fragment]).encode() for fragment in split(code, data)]

    def _commit_fast(self, code: UpdateCode, data: bytes) -> bytearray:
        frames = bytearray()
        append_fragments(frames, code, data, self._fragment_size, self._deflater.deflate)
        return frames

    def _encode_slow(self, update: Update) -> bytes:
        return self._envelopes.share_data(*self._slow_form(update))

    def _commit_slow(self, kind: PduType2, data: bytes) -> bytes:
        flags, compressed = self._deflater.deflate(data)
        return self._envelopes.share_data(kind, compressed, compression_flags=flags, size=len(data))

    def _slow_form(self, update: Update) -> tuple[PduType2, bytes]:
        if isinstance(update, PointerUpdate):
            kind, data = PduType2.POINTER, ServerPointerUpdate(pointer_attribute_data=update).encode()
        elif isinstance(update, SurfaceCommands):
            raise EncodeError("surface commands have no slow-path form")
        else:
            kind, data = PduType2.UPDATE, GraphicsUpdate(update=update).encode()
        self._check_size(len(data))
        return kind, data

    def _check_size(self, size: int) -> None:
        if size > self.max_update_size:
            raise EncodeError(f"an update of {size} bytes exceeds {self.max_update_size}")
