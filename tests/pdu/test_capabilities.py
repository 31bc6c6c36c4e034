from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.pdu.capabilities import (
    CAPABILITY_SETS,
    MAX_CAPABILITY_SETS,
    AnyCapabilitySet,
    CapabilitySets,
    CapabilitySetType,
    UnknownCapabilitySet,
    decode_capability_set,
    encode_capability_set,
)
from trio_rdp.pdu.capabilities_basic import PointerCapabilitySet, ShareCapabilitySet
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import DecodeError, EncodeError, InvalidField, Truncated


def encode(value: AnyCapabilitySet) -> bytes:
    dst = bytearray()
    encode_capability_set(dst, value)
    return bytes(dst)


def test_every_type_of_the_document_has_a_class() -> None:
    assert set(CAPABILITY_SETS) == set(CapabilitySetType) - {CapabilitySetType.BITMAP_CACHE_V3_CODEC_ID}


def test_a_set_with_its_type_and_length() -> None:
    # [MS-RDPBCGR] 4.1.13
    raw = bytes.fromhex(
        "0800"  # capabilitySetType = CAPSTYPE_POINTER
        "0a00"  # lengthCapability = 10 bytes
        "010014001500"
    )
    pointer = PointerCapabilitySet(color_pointer_cache_size=20, pointer_cache_size=21)
    assert decode_capability_set(Cursor(raw)) == pointer
    assert encode(pointer) == raw
    for size in range(len(raw)):
        with pytest.raises(Truncated):
            decode_capability_set(Cursor(raw[:size]))


def test_an_unknown_set_is_kept() -> None:
    raw = bytes.fromhex("77770700aabbcc")
    unknown = UnknownCapabilitySet(kind=CapabilitySetType(0x7777), data=b"\xaa\xbb\xcc")
    assert decode_capability_set(Cursor(raw)) == unknown
    assert encode(unknown) == raw
    with pytest.raises(EncodeError):
        encode(UnknownCapabilitySet(kind=CapabilitySetType(0x7777), data=bytes(0xFFFC)))


def test_a_set_that_grew_is_read_as_far_as_known() -> None:
    src = Cursor(bytes.fromhex("09000c00ea03000012345678") + b"next")
    assert decode_capability_set(src) == ShareCapabilitySet(node_id=1002)
    assert src.rest() == b"next"


def test_a_set_too_short_for_its_fields_is_an_error_that_names_it() -> None:
    with pytest.raises(Truncated) as caught:
        decode_capability_set(Cursor(bytes.fromhex("09000600ea03") + bytes(20)))
    assert caught.value.pdu == "ShareCapabilitySet"
    with pytest.raises(InvalidField, match="length 3 of capability set 0x9"):
        decode_capability_set(Cursor(bytes.fromhex("09000300") + bytes(20)))


def test_a_list_of_sets() -> None:
    raw = bytes.fromhex("0200 0000 09000800ea030000 0800080001001400")
    sets: list[AnyCapabilitySet] = [ShareCapabilitySet(node_id=1002), PointerCapabilitySet(color_pointer_cache_size=20)]
    assert CapabilitySets().decode_from(Cursor(raw)) == sets
    dst = bytearray()
    CapabilitySets().encode_into(dst, sets)
    assert dst == raw


def test_a_list_has_a_limit() -> None:
    empty = bytes.fromhex("77770400")
    count = MAX_CAPABILITY_SETS
    sets = CapabilitySets().decode_from(Cursor(count.to_bytes(2, "little") + b"\0\0" + empty * count))
    assert len(sets) == count
    with pytest.raises(InvalidField, match="257 capability sets exceed 256"):
        CapabilitySets().decode_from(Cursor(b"\x01\x01\0\0" + empty * 257))
    with pytest.raises(EncodeError, match="257 capability sets exceed 256"):
        CapabilitySets().encode_into(bytearray(), [*sets, sets[0]])


@given(st.sampled_from(sorted(CAPABILITY_SETS)), st.binary(max_size=100))
def test_any_bytes(kind: int, data: bytes) -> None:
    raw = kind.to_bytes(2, "little") + (4 + len(data)).to_bytes(2, "little") + data
    try:
        value = decode_capability_set(Cursor(raw))
    except DecodeError:
        return
    assert decode_capability_set(Cursor(encode(value))) == value
