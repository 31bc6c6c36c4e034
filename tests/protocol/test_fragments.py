from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.pdu.fastpath import FastPathUpdate, Fragmentation, UpdateCode, split
from trio_rdp.protocol.fragments import FragmentAssembler
from trio_rdp.wire.errors import RemoteProtocolError

SINGLE, FIRST, NEXT, LAST = Fragmentation.SINGLE, Fragmentation.FIRST, Fragmentation.NEXT, Fragmentation.LAST


def _update(fragmentation: Fragmentation, data: bytes = b"ab", code: UpdateCode = UpdateCode.BITMAP) -> FastPathUpdate:
    return FastPathUpdate(update_code=code, fragmentation=fragmentation, update_data=data)


def test_single_updates_pass() -> None:
    assembler = FragmentAssembler(2)
    assert assembler.push(_update(SINGLE)) == b"ab"
    assert assembler.push(_update(SINGLE, b"")) == b""
    assert assembler.pending == 0


def test_fragments_are_joined() -> None:
    assembler = FragmentAssembler(8)
    for _ in range(2):
        assert assembler.push(_update(FIRST, b"abc")) is None
        assert assembler.push(_update(NEXT, b"")) is None
        assert assembler.push(_update(NEXT, b"defg")) is None
        assert assembler.pending == 7
        assert assembler.push(_update(LAST, b"h")) == b"abcdefgh"
        assert assembler.pending == 0


@pytest.mark.parametrize(
    ("before", "update", "why"),
    [
        ([], _update(NEXT), "a NEXT fragment of BITMAP in no sequence"),
        ([], _update(LAST), "a LAST fragment of BITMAP in no sequence"),
        ([_update(FIRST)], _update(FIRST), "a FIRST fragment of BITMAP in a sequence of BITMAP"),
        ([_update(FIRST)], _update(SINGLE), "a SINGLE fragment of BITMAP in a sequence of BITMAP"),
        ([_update(FIRST)], _update(LAST, code=UpdateCode.ORDERS), "a LAST fragment of ORDERS in a sequence of BITMAP"),
        ([], _update(SINGLE, bytes(9)), "an update of 9 bytes exceeds 8"),
        ([], _update(FIRST, bytes(9)), "have 9 bytes, more than 8"),
        ([_update(FIRST, bytes(8))], _update(LAST, b"x"), "have 9 bytes, more than 8"),
    ],
)
def test_what_breaks_the_protocol(before: list[FastPathUpdate], update: FastPathUpdate, why: str) -> None:
    assembler = FragmentAssembler(8)
    for fragment in before:
        assert assembler.push(fragment) is None
    with pytest.raises(RemoteProtocolError, match=why):
        assembler.push(update)
    assert assembler.pending == 0


def test_a_reset_forgets_what_is_under_way() -> None:
    assembler = FragmentAssembler(8)
    assembler.push(_update(FIRST))
    assembler.reset()
    assert assembler.pending == 0
    assert assembler.push(_update(SINGLE)) == b"ab"


@given(st.binary(max_size=100), st.integers(1, 40))
def test_what_is_split_is_joined(data: bytes, size: int) -> None:
    assembler = FragmentAssembler(100)
    *before, last = [assembler.push(update) for update in split(UpdateCode.SURFCMDS, data, size)]
    assert all(part is None for part in before)
    assert last == data
