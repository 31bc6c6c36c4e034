from __future__ import annotations

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.cliprdr.locking import LockClipboardData, UnlockClipboardData
from trio_rdp.wire.errors import EncodeError


def test_lock() -> None:
    raw = bytes.fromhex("0a00 0000 04000000 08000000")  # 4.3.1: msgType, msgFlags, dataLen, clipDataId
    same(raw, LockClipboardData(clip_data_id=8))
    every_truncation_raises(LockClipboardData, raw)


def test_unlock() -> None:
    raw = bytes.fromhex("0b00 0000 04000000 08000000")  # 4.3.2
    same(raw, UnlockClipboardData(clip_data_id=8))
    every_truncation_raises(UnlockClipboardData, raw)


def test_ids_have_32_bits() -> None:
    same(bytes.fromhex("0b00 0000 04000000 ffffffff"), UnlockClipboardData(clip_data_id=0xFFFFFFFF))
    for cls in (LockClipboardData, UnlockClipboardData):
        with pytest.raises(EncodeError):
            cls(clip_data_id=0x100000000).encode()
