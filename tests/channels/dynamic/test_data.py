from __future__ import annotations

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.dynamic.data import DvcData, DvcDataCompressed, DvcDataFirst, DvcDataFirstCompressed
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.pdu import Pdu


def test_the_documents_own_data_first() -> None:
    """[MS-RDPEDYC] 4.3.1: cbId 0, Len 1, Cmd 2; ChannelId; Length; 1,596 bytes."""
    raw = bytes.fromhex("24 03 7b0c") + b"q" * 1596
    same(raw, DvcDataFirst(channel_id=3, length=3195, data=b"q" * 1596))
    assert len(raw) == 1600
    every_truncation_raises(DvcDataFirst, raw[:4])


def test_the_documents_own_data() -> None:
    """[MS-RDPEDYC] 4.3.2: cbId 0, Sp 1 (left random), Cmd 3; ChannelId; 1,598 bytes, and then one."""
    for size in (1598, 1):
        pdu = DvcData(channel_id=3, data=b"q" * size)
        assert DvcData.decode(bytes.fromhex("34 03") + b"q" * size) == pdu
        same(bytes.fromhex("30 03") + b"q" * size, pdu)
    every_truncation_raises(DvcData, bytes.fromhex("3003"))


def test_the_documents_own_data_first_compressed() -> None:
    """[MS-RDPEDYC] 4.3.3: cbId 0, Len 1, Cmd 6; ChannelId; Length; one segment."""
    raw = bytes.fromhex("64 03 7b0c e02638c43ff47401")
    same(raw, DvcDataFirstCompressed(channel_id=3, length=3195, data=raw[4:]))
    every_truncation_raises(DvcDataFirstCompressed, raw[:4])


def test_the_documents_own_data_compressed() -> None:
    """[MS-RDPEDYC] 4.3.4: cbId 0, Sp 0, Cmd 7; ChannelId; one segment."""
    raw = bytes.fromhex("70 03 e026887fe8f402")
    same(raw, DvcDataCompressed(channel_id=3, data=raw[2:]))
    every_truncation_raises(DvcDataCompressed, raw[:2])


def test_wide_numbers() -> None:
    same(bytes.fromhex("29 2c01 70110100"), DvcDataFirst(channel_id=300, length=70000, data=b""))
    assert DvcDataFirst.decode(bytes.fromhex("28 03 05000000 aa")) == DvcDataFirst(channel_id=3, length=5, data=b"\xaa")
    for raw, field in (("2f 03", "channel_id"), ("2c 03 05", "length")):
        with pytest.raises(InvalidField, match=f"{field}: width 3"):
            DvcDataFirst.decode(bytes.fromhex(raw))
    with pytest.raises(EncodeError):
        DvcDataFirst(channel_id=3, length=1 << 32, data=b"").encode()


def test_the_classes_are_told_apart() -> None:
    with pytest.raises(InvalidField, match="command 0x3, not 0x7"):
        DvcDataCompressed.decode(bytes.fromhex("3003"))
    pdus: list[Pdu] = [DvcData(channel_id=3, data=b""), DvcDataCompressed(channel_id=3, data=b"")]
    assert pdus[0] != pdus[1]
