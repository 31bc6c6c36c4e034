from __future__ import annotations

from trio_rdp.pdu.capabilities_base import CapabilitySet, CapabilitySetType, UnknownCapabilitySet, bool8, bool16, bool32
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.pdu import Pdu


def test_an_unknown_set_is_kept() -> None:
    unknown = UnknownCapabilitySet(kind=CapabilitySetType(0x7777), data=b"later")
    assert not unknown.kind.is_known
    assert UnknownCapabilitySet.decode(unknown.encode()) == unknown


def test_whatever_is_not_zero_is_true() -> None:
    for codec, size in ((bool8, 1), (bool16, 2), (bool32, 4)):
        assert codec.decode_from(Cursor(bytes(size))) is False
        assert codec.decode_from(Cursor(b"\xff" * size)) is True
        dst = bytearray()
        codec.encode_into(dst, True)
        assert dst == b"\1".ljust(size, b"\0")


def test_sets_are_pdus() -> None:
    assert issubclass(CapabilitySet, Pdu)
