from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.pdu.tpkt import MAX_PAYLOAD, TpktHeader, wrap
from trio_rdp.wire.errors import EncodeError, InvalidField


@pytest.mark.parametrize(("raw", "length"), [("03000542", 1346), ("03000007", 7), ("0300ffff", 65535)])
def test_header(raw: str, length: int) -> None:
    same(bytes.fromhex(raw), TpktHeader(packet_length=length))
    every_truncation_raises(TpktHeader, bytes.fromhex(raw))


def test_the_reserved_byte_is_ignored() -> None:
    assert TpktHeader.decode(b"\x03\xff\x00\x08") == TpktHeader(packet_length=8)


@pytest.mark.parametrize("raw", ["02000008", "03000006", "03000000"])
def test_no_tpkt(raw: str) -> None:
    with pytest.raises(InvalidField, match="TpktHeader"):
        TpktHeader.decode(bytes.fromhex(raw))


@pytest.mark.parametrize("length", [6, 65536])
def test_lengths_that_cannot_be_written(length: int) -> None:
    with pytest.raises(EncodeError):
        TpktHeader(packet_length=length).encode()


def test_wrap() -> None:
    assert wrap(b"\x02\xf0\x80") == bytes.fromhex("0300000702f080")
    assert len(wrap(bytes(MAX_PAYLOAD))) == 65535
    with pytest.raises(EncodeError):
        wrap(bytes(MAX_PAYLOAD + 1))


@given(st.binary(max_size=8))
def test_laws(raw: bytes) -> None:
    value_or_error(TpktHeader, raw)
