from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.pdu.finalization import (
    MAX_PERSISTENT_KEYS,
    Control,
    ControlAction,
    FontList,
    FontMap,
    FontSequenceFlags,
    PersistentKeyList,
    PersistentKeyListFlags,
    Synchronize,
)
from trio_rdp.pdu.share import ShareDataHeader
from trio_rdp.wire.errors import EncodeError, InvalidField


def body(raw: str, cls: type[Synchronize | Control | PersistentKeyList | FontList | FontMap]) -> bytes:
    """What follows the header of one of the document's decrypted examples, which encodes back as it came."""
    header = ShareDataHeader.decode(bytes.fromhex(raw))
    assert header.pdu_type2 is cls.pdu_type2
    canonical = bytearray.fromhex(raw)
    canonical[10] = 0  # the server fills pad1 with chance
    assert header.encode() == canonical
    return header.payload


def test_client_synchronize() -> None:
    """[MS-RDPBCGR] 4.1.14: messageType = SYNCMSGTYPE_SYNC, targetUser = 1002."""
    raw = body("16001700ef03ea030100000108001f000000 0100 ea03", Synchronize)
    same(raw, Synchronize(target_user=1002))
    every_truncation_raises(Synchronize, raw)


def test_server_synchronize() -> None:
    """[MS-RDPBCGR] 4.1.19: the server leaves targetUser, and the stream's id, uninitialized."""
    raw = body("16001700ea03ea030100140016001f000000 0100 6344", Synchronize)
    same(raw, Synchronize(target_user=0x4463))


@pytest.mark.parametrize(
    ("raw", "control"),
    [
        ("1a001700ef03ea03010000010c0014000000 0400 0000 00000000", Control(action=ControlAction.COOPERATE)),  # 4.1.15
        ("1a001700ef03ea03010000010c0014000000 0100 0000 00000000", Control(action=ControlAction.REQUEST_CONTROL)),
        ("1a001700ea03ea030100b5021a0014000000 0400 0000 00000000", Control(action=ControlAction.COOPERATE)),  # 4.1.20
        (
            "1a001700ea03ea03010012021a0014000000 0200 ef03 ea030000",  # 4.1.21
            Control(action=ControlAction.GRANTED_CONTROL, grant_id=1007, control_id=1002),
        ),
    ],
)
def test_control(raw: str, control: Control) -> None:
    same(body(raw, Control), control)
    every_truncation_raises(Control, body(raw, Control))


KEY_LIST = (
    "f2001700ef03ea030100000100002b000000"
    "0000 0000 1900 0000 0000"  # numEntriesCache0 to 4: 25 for cache 2
    "0000 0000 1900 0000 0000"  # totalEntriesCache0 to 4
    "03 00 0000"  # bBitMask = PERSIST_PDU_FIRST | PERSIST_PDU_LAST, Pad2, Pad3
    "a31e511648292278 61f7899ccda966a8 444eb7bdb46d9ef6 399164afbcc37002 9faafafd6eba58dc 7bafde06563ac2ce"
    "68ba54b6bf9ebcd6 d122c09863e941fe 386c50350edbb3f5 45cc182d3044fc88 e5c35d2363f6cf53 0aa801b61051a528"
    "70816c59192900c9 e2b5e7a746044e1b 728d4add81bb1416 536a4e3c487266c9 6c774b4a32482cc6 025456f281c98556"
    "2c0a3d54869d2b97 630f0a36f863793e c970414beca87c7b 7928b6b4a64324de cb9cffa2293c0256 64df80b00d6ee71a"
    "83c75431aa8a90b3"
)


def test_persistent_key_list() -> None:
    """[MS-RDPBCGR] 4.1.17."""
    raw = body(KEY_LIST, PersistentKeyList)
    keys = PersistentKeyList.decode(raw)
    assert [len(cache) for cache in keys.entries] == [0, 0, 25, 0, 0]
    assert keys.entries[2][0] == 0x7822294816511EA3
    assert keys.total_entries == [0, 0, 25, 0, 0]
    assert keys.bit_mask == PersistentKeyListFlags.FIRST | PersistentKeyListFlags.LAST
    assert keys.encode() == raw
    every_truncation_raises(PersistentKeyList, raw)


def test_persistent_key_list_has_a_limit() -> None:
    counts = bytes(10)
    totals = b"\xff\xff" * 4 + b"\x04\x00"
    assert sum(PersistentKeyList.decode(counts + totals + bytes(4)).total_entries) == MAX_PERSISTENT_KEYS
    with pytest.raises(InvalidField, match="262145 keys exceed 262144"):
        PersistentKeyList.decode(counts + b"\xff\xff" * 4 + b"\x05\x00" + bytes(4))
    with pytest.raises(EncodeError):
        PersistentKeyList(entries=[[]], total_entries=[0]).encode()


def test_font_list() -> None:
    """[MS-RDPBCGR] 4.1.18."""
    raw = body("1a001700ef03ea03010000013bda27000000 0000 0000 0300 3200", FontList)
    same(raw, FontList(list_flags=FontSequenceFlags.FIRST | FontSequenceFlags.LAST))
    every_truncation_raises(FontList, raw)


def test_font_map() -> None:
    """[MS-RDPBCGR] 4.1.22."""
    raw = body("1a001700ea03ea03010045021a0028000000 0000 0000 0300 0400", FontMap)
    same(raw, FontMap(map_flags=FontSequenceFlags.FIRST | FontSequenceFlags.LAST))
    every_truncation_raises(FontMap, raw, start=1)
    assert FontMap.decode(b"") == FontMap()


@given(st.binary(max_size=120))
def test_any_bytes(raw: bytes) -> None:
    for cls in (Synchronize, Control, PersistentKeyList, FontList, FontMap):
        value_or_error(cls, raw)
