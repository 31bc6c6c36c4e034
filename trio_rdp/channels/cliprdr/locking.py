"""Locking and unlocking clipboard data, [MS-RDPECLIP] 2.2.4: files stay available while they are being pasted."""

from __future__ import annotations

import struct
from typing import ClassVar, Self

from trio_rdp.channels.cliprdr.header import ClipboardPdu, MessageType, decode_header, encode_message
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.pdu import pdu

__all__ = ["LockClipboardData", "UnlockClipboardData"]


@pdu
class LockClipboardData(ClipboardPdu):
    """Lock Clipboard Data PDU (CLIPRDR_LOCK_CLIPDATA), [MS-RDPECLIP] 2.2.4.1."""

    msg_type: ClassVar[MessageType] = MessageType.LOCK_CLIPDATA

    clip_data_id: int

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        _, data = decode_header(cls, src)
        return cls(clip_data_id=data.u32())

    def encode_into(self, dst: bytearray) -> None:
        encode_message(dst, self.msg_type, struct.pack("<I", self.clip_data_id))


@pdu
class UnlockClipboardData(ClipboardPdu):
    """Unlock Clipboard Data PDU (CLIPRDR_UNLOCK_CLIPDATA), [MS-RDPECLIP] 2.2.4.2."""

    msg_type: ClassVar[MessageType] = MessageType.UNLOCK_CLIPDATA

    clip_data_id: int

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        _, data = decode_header(cls, src)
        return cls(clip_data_id=data.u32())

    def encode_into(self, dst: bytearray) -> None:
        encode_message(dst, self.msg_type, struct.pack("<I", self.clip_data_id))
