from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.channels.dynamic.data import DataPdu, DvcData, DvcDataFirst
from trio_rdp.channels.dynamic.fragmentation import cuts, fragments
from trio_rdp.channels.dynamic.header import UnknownDynamicPdu
from trio_rdp.channels.dynamic.messages import decode_server_pdu
from trio_rdp.channels.dynamic.reassembly import Reassembler
from trio_rdp.codecs import zgfx
from trio_rdp.wire.errors import LocalProtocolError


def _data_pdu(raw: bytes) -> DataPdu:
    pdu = decode_server_pdu(raw)
    assert isinstance(pdu, DataPdu)
    return pdu


def test_the_documents_own_message() -> None:
    """[MS-RDPEDYC] 4.3.1 and 4.3.2, but for the Sp that is random there."""
    assert list(fragments(3, b"q" * 3195)) == [
        bytes.fromhex("24 03 7b0c") + b"q" * 1596,
        bytes.fromhex("30 03") + b"q" * 1598,
        bytes.fromhex("30 03") + b"q",
    ]


def test_where_a_message_is_cut() -> None:
    assert list(fragments(3, b"")) == [DvcData(channel_id=3, data=b"").encode()]
    assert list(fragments(70000, bytes(1590))) == [DvcData(channel_id=70000, data=bytes(1590)).encode()]
    # All of it fits the first block, which is needed all the same.
    whole = DvcDataFirst(channel_id=3, length=1591, data=bytes(1591))
    assert list(fragments(3, bytes(1591))) == [whole.encode()]
    assert [len(pdu) for pdu in fragments(3, bytes(1596))] == [1600]
    assert [len(pdu) for pdu in fragments(3, bytes(1597))] == [1600, 3]
    assert [len(pdu) for pdu in fragments(70000, bytes(100_000))][:2] == [1600, 1600]


@given(
    st.sampled_from([0, 1, 1590, 1591, 1594, 1595, 1596, 1597, 3192, 3193, 9000]),
    st.sampled_from([0, 0xFF, 0x100, 0x10000, 0xFFFFFFFF]),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_what_is_cut_is_joined(size: int, channel_id: int, is_noise: bool, source: random.Random) -> None:
    message = source.randbytes(size) if is_noise else (b"some words " * 1000)[:size]
    compressor = zgfx.Compressor(zgfx.Kind.RDP8_LITE)
    plain, compressed = Reassembler(), Reassembler()
    for _ in range(2):
        for reassembler, cut in (
            (plain, list(fragments(channel_id, message))),
            (compressed, list(fragments(channel_id, message, compressor))),
        ):
            assert max(map(len, cut)) <= 1600
            joined = [reassembler.feed(_data_pdu(raw)) for raw in cut]
            assert joined == [None] * (len(cut) - 1) + [message]


def test_compression_says_so() -> None:
    compressor = zgfx.Compressor(zgfx.Kind.RDP8_LITE)
    assert [raw[0] >> 4 for raw in fragments(3, b"q" * 3195, compressor)] == [6, 7, 7]
    assert [raw[0] >> 4 for raw in fragments(3, b"q" * 1590, compressor)] == [7]


def test_what_cannot_be_sent() -> None:
    with pytest.raises(LocalProtocolError, match="RDP8_LITE, not RDP8"):
        list(fragments(3, b"", zgfx.Compressor()))

    class Huge(bytes):
        def __len__(self) -> int:
            return 1 << 32

    with pytest.raises(LocalProtocolError, match="4294967296 bytes"):
        list(fragments(3, Huge()))


def test_what_is_no_data_is_not_taken_for_it() -> None:
    assert not isinstance(decode_server_pdu(b"\xf0"), DataPdu)
    assert isinstance(decode_server_pdu(b"\xf0"), UnknownDynamicPdu)


@pytest.mark.parametrize("size", [0, 1, 1590, 1591, 10_000])
@pytest.mark.parametrize("is_compressed", [False, True])
def test_cuts_say_what_fragments_hold(size: int, is_compressed: bool) -> None:
    compressor = zgfx.Compressor(zgfx.Kind.RDP8_LITE) if is_compressed else None
    planned = list(cuts(300, size, is_compressed=is_compressed))
    assert [len(header) for header, _, _ in planned] == [
        5 if at == 0 and size > 1590 else 3 for at in range(len(planned))
    ]
    assert [begin for _, begin, _ in planned] == [0, *(end for _, _, end in planned[:-1])]
    assert planned[-1][2] == size
    made = list(fragments(300, bytes(size), compressor))
    assert [pdu[: len(header)] for pdu, (header, _, _) in zip(made, planned, strict=True)] == [
        one[0] for one in planned
    ]
