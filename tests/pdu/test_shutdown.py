from __future__ import annotations

from tests.pdu.laws import same
from trio_rdp.pdu.share import PduType2, ShareDataHeader, StreamId
from trio_rdp.pdu.shutdown import ShutdownRequest, ShutdownRequestDenied


def test_shutdown_request() -> None:
    """[MS-RDPBCGR] 4.2.1, decrypted: nothing but a header."""
    raw = bytes.fromhex("12001700ef03ea030200000104002400 0000")
    header = ShareDataHeader(pdu_type2=ShutdownRequest.pdu_type2, share_id=0x000203EA, pdu_source=1007)
    same(raw, header)
    same(header.payload, ShutdownRequest())


def test_shutdown_request_denied() -> None:
    """[MS-RDPBCGR] 4.2.2, decrypted."""
    raw = bytes.fromhex("12001700ea03ea030200a60212002500 0000")
    header = ShareDataHeader.decode(raw)
    assert header.pdu_type2 is PduType2.SHUTDOWN_DENIED is ShutdownRequestDenied.pdu_type2
    assert header.stream_id is StreamId(2)
    assert header.uncompressed_length == 18
    same(header.payload, ShutdownRequestDenied())
