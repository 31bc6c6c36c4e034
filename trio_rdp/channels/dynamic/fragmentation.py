"""How a message becomes the data PDUs of a dynamic channel, [MS-RDPEDYC] 3.1.5.1."""

from __future__ import annotations

from collections.abc import Iterator

from trio_rdp.channels.dynamic.data import DvcData, DvcDataCompressed, DvcDataFirst, DvcDataFirstCompressed
from trio_rdp.channels.dynamic.header import MAX_PDU_SIZE
from trio_rdp.codecs import zgfx
from trio_rdp.wire.errors import LocalProtocolError

__all__ = ["MAX_SINGLE_SIZE", "fragments"]

MAX_SINGLE_SIZE = 1590
"""The most bytes of a message that needs no first block; of more, the first one MUST declare the length (2.2.3)."""

_COMPRESSED_OVERHEAD = 2  # the descriptor and the header of a segment that could not be compressed


def fragments(channel_id: int, message: bytes, compressor: zgfx.Compressor | None = None) -> Iterator[bytes]:
    """Cut a message into data PDUs of at most `MAX_PDU_SIZE` bytes.

    `compressor` is the channel's own, of `Kind.RDP8_LITE`, for peers of version 3 on a reliable transport; all that is
    made with it must be sent, in this order.  Raises `LocalProtocolError` for 4 GiB and more, and for another kind.
    """
    if compressor is not None and compressor.kind != zgfx.Kind.RDP8_LITE:
        raise LocalProtocolError(f"dynamic channels are compressed with RDP8_LITE, not {compressor.kind.name}")
    size = len(message)
    if size > 0xFFFFFFFF:
        raise LocalProtocolError(f"a channel message of {size} bytes")
    first, more = (DvcDataFirst, DvcData) if compressor is None else (DvcDataFirstCompressed, DvcDataCompressed)
    most = MAX_PDU_SIZE if compressor is None else MAX_PDU_SIZE - _COMPRESSED_OVERHEAD
    start = 0
    if size > MAX_SINGLE_SIZE:
        header = first(channel_id=channel_id, length=size, data=b"").encode()
        start = most - len(header)
        yield header + _block(message[:start], compressor)
    header = more(channel_id=channel_id, data=b"").encode()
    step = most - len(header)
    if not start:
        yield header + _block(message, compressor)
        return
    for begin in range(start, size, step):
        yield header + _block(message[begin : begin + step], compressor)


def _block(data: bytes, compressor: zgfx.Compressor | None) -> bytes:
    return data if compressor is None else compressor.compress(data)
