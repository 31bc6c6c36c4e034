from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.pdu.share import (
    CompressionFlags,
    PduType,
    PduType2,
    ShareControlHeader,
    ShareDataHeader,
    StreamId,
    decode_share,
    decode_shares,
)
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import DecodeError, EncodeError, InvalidField, Truncated

# [MS-RDPBCGR] 4.1.14: Client Synchronize PDU, decrypted.
SYNCHRONIZE = bytes.fromhex(
    "1600"  # totalLength = 22 bytes
    "1700"  # pduType = TS_PROTOCOL_VERSION | PDUTYPE_DATAPDU
    "ef03"  # pduSource = 1007
    "ea030100"  # shareID = 0x000103ea
    "00"  # pad1
    "01"  # streamID = STREAM_LOW
    "0800"  # uncompressedLength = 8 bytes
    "1f"  # pduType2 = PDUTYPE2_SYNCHRONIZE
    "00"  # compressedType = 0
    "0000"  # compressedLength = 0
    "0100ea03"  # the Synchronize PDU
)


def test_data_header_of_the_documents_example() -> None:
    header = ShareDataHeader(
        pdu_type2=PduType2.SYNCHRONIZE, share_id=0x000103EA, pdu_source=1007, payload=b"\x01\x00\xea\x03"
    )
    same(SYNCHRONIZE, header)
    every_truncation_raises(ShareDataHeader, SYNCHRONIZE)


def test_control_header_takes_any_type() -> None:
    # [MS-RDPBCGR] 4.1.13: the start of a Confirm Active PDU.
    raw = bytes.fromhex("0a001300ef03ea030100")
    same(raw, ShareControlHeader(pdu_type=PduType.CONFIRM_ACTIVE, pdu_source=1007, payload=raw[6:]))
    every_truncation_raises(ShareControlHeader, raw)
    unknown = ShareControlHeader.decode(bytes.fromhex("0600f5ff0000"))
    assert not unknown.pdu_type.is_known
    assert unknown.pdu_version == 0xFFF
    assert unknown.encode() == bytes.fromhex("0600f5ff0000")


def test_windows_xp_ends_a_control_header_behind_its_type() -> None:
    short = ShareControlHeader.decode(bytes.fromhex("04001600"))
    assert short == ShareControlHeader(pdu_type=PduType.DEACTIVATE_ALL)
    assert decode_shares(bytes.fromhex("04001600")) == [short]
    for size in (0, 1, 2, 3, 5):
        with pytest.raises(InvalidField, match="total length"):
            ShareControlHeader.decode(size.to_bytes(2, "little") + bytes.fromhex("160000000000"))


def test_flow_pdus_are_told_apart_whatever_follows() -> None:
    # The byte where the type would be is the flow PDU's own, 0x41 to 0x43, or 0x47 of a hostile peer.
    for raw in ("0080004100000000", "0080", "0080470007", "00804700ef030000"):
        flow = decode_share(Cursor(bytes.fromhex(raw)))
        assert isinstance(flow, ShareControlHeader)
        assert flow.pdu_type == PduType.FLOW
        assert flow.encode() == bytes.fromhex(raw)


def test_lengths_that_peers_count_otherwise_are_kept() -> None:
    # 4.1.17 and FreeRDP send an uncompressed length of zero, 4.1.15 one of 12 for a body of 8.
    for uncompressed in (0, 12, 0xFFFF):
        raw = bytearray(SYNCHRONIZE)
        raw[12:14] = uncompressed.to_bytes(2, "little")
        assert ShareDataHeader.decode(bytes(raw)).uncompressed_length == uncompressed
        assert ShareDataHeader.decode(bytes(raw)).encode() == raw
    raw[16:18] = b"\x07\x00"
    assert ShareDataHeader.decode(bytes(raw)).compressed_length == 7
    assert ShareDataHeader.decode(bytes(raw)).encode() == raw


def test_a_compressed_payload_stays_as_it_is() -> None:
    header = ShareDataHeader(
        pdu_type2=PduType2.UPDATE,
        share_id=1,
        stream_id=StreamId.HIGH,
        compressed_type=CompressionFlags.COMPRESSED | CompressionFlags.AT_FRONT | 1,
        uncompressed_length=1000,
        payload=b"squeezed",
    )
    raw = header.encode()
    assert raw[16:18] == (18 + 8).to_bytes(2, "little")
    assert ShareDataHeader.decode(raw) == header
    assert header.compressed_type.type == 1


def test_unknown_types_and_streams_are_kept() -> None:
    header = ShareDataHeader(
        pdu_type2=PduType2(0xEE), share_id=0xFFFFFFFF, stream_id=StreamId(0x99), pdu_version=0xFFF, payload=b"?"
    )
    assert ShareDataHeader.decode(header.encode()) == header
    assert not ShareDataHeader.decode(header.encode()).pdu_type2.is_known


def test_empty_output_without_a_length_is_no_error() -> None:
    raw = bytearray(ShareDataHeader(pdu_type2=PduType2.UPDATE, share_id=1).encode())
    raw[:2] = b"\0\0"
    assert ShareDataHeader.decode(bytes(raw)) == ShareDataHeader(pdu_type2=PduType2.UPDATE, share_id=1)
    raw[14] = PduType2.SHUTDOWN_DENIED
    with pytest.raises(InvalidField, match="total length 0"):
        ShareDataHeader.decode(bytes(raw))


def test_only_a_font_map_may_be_shorter_than_it_says() -> None:
    raw = bytearray(ShareDataHeader(pdu_type2=PduType2.FONT_MAP, share_id=1, payload=bytes(8)).encode()[:18])
    assert ShareDataHeader.decode(bytes(raw)).payload == b""
    raw[14] = PduType2.FONT_LIST
    with pytest.raises(Truncated):
        ShareDataHeader.decode(bytes(raw))


def test_a_data_header_of_another_type_is_refused() -> None:
    with pytest.raises(InvalidField, match="PDU type 0x3"):
        ShareDataHeader.decode(b"\x12\x00\x13" + bytes(15))


def test_several_pdus_in_one_and_a_short_rest() -> None:
    deactivate = bytes.fromhex("04001600")
    shares = decode_shares(SYNCHRONIZE + deactivate + SYNCHRONIZE + b"\0\0\0")
    assert [type(share) for share in shares] == [ShareDataHeader, ShareControlHeader, ShareDataHeader]
    assert b"".join(share.encode() for share in shares[::2]) == SYNCHRONIZE * 2
    with pytest.raises(Truncated):
        decode_shares(b"")


def test_what_does_not_fit_is_not_encoded() -> None:
    with pytest.raises(EncodeError):
        ShareControlHeader(pdu_type=PduType.DATA, payload=bytes(0x8000 - 6)).encode()  # would be a flow PDU
    with pytest.raises(EncodeError):
        ShareControlHeader(pdu_type=PduType.DATA, payload=bytes(0xFFFF)).encode()
    with pytest.raises(EncodeError):
        ShareControlHeader(pdu_type=PduType(0x17)).encode()
    with pytest.raises(EncodeError):
        ShareDataHeader(pdu_type2=PduType2.UPDATE, share_id=-1).encode()


@given(st.binary(max_size=64))
def test_any_bytes(raw: bytes) -> None:
    value_or_error(ShareControlHeader, raw)
    value_or_error(ShareDataHeader, raw)
    try:
        shares = decode_shares(raw)
    except DecodeError:
        return
    for share in shares:
        assert type(share).decode(share.encode()) == share


@given(st.binary(max_size=40), st.integers(0, 0xFFFF), st.integers(0, 0xFF))
def test_any_lengths(body: bytes, length: int, kind: int) -> None:
    raw = bytearray(SYNCHRONIZE + body)
    raw[:2] = length.to_bytes(2, "little")
    raw[14] = kind
    value_or_error(ShareDataHeader, bytes(raw))


def test_a_control_header_that_is_counted_twice() -> None:
    """As aardwolf 0.2.16 does, which is a client."""
    for pdu_type2 in (PduType2.SYNCHRONIZE, PduType2.INPUT, PduType2.SHUTDOWN_REQUEST):
        pdu = ShareDataHeader(pdu_type2=pdu_type2, share_id=1, payload=b"abcd")
        raw = bytearray(pdu.encode())
        raw[0] += 6
        assert ShareDataHeader.decode(bytes(raw)) == pdu
        raw[0] += 1
        with pytest.raises(Truncated):
            ShareDataHeader.decode(bytes(raw))
