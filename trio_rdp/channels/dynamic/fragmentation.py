"""How a message becomes the data PDUs of a dynamic channel, [MS-RDPEDYC] 3.1.5.1."""

from __future__ import annotations

from collections.abc import Iterator

from trio_rdp.channels.dynamic.data import DvcData, DvcDataCompressed, DvcDataFirst, DvcDataFirstCompressed
from trio_rdp.channels.dynamic.header import MAX_PDU_SIZE
from trio_rdp.codecs import zgfx
from trio_rdp.wire.errors import LocalProtocolError

__all__ = ["MAX_SINGLE_SIZE", "cuts", "fragments"]

MAX_SINGLE_SIZE = 1590
"""The most bytes of a message that needs no first block; of more, the first one MUST declare the length (2.2.3)."""

_COMPRESSED_OVERHEAD = 2  # the descriptor and the header of a segment that could not be compressed


def cuts(channel_id: int, size: int, *, is_compressed: bool = False) -> Iterator[tuple[bytes, int, int]]:
    """How a message of `size` bytes is cut: for each PDU its header, and where its block begins and ends.

    Raises `LocalProtocolError` for 4 GiB and more.
    """
    if size > 0xFFFFFFFF:
        raise LocalProtocolError(f"a channel message of {size} bytes")
    first, more = (DvcDataFirstCompressed, DvcDataCompressed) if is_compressed else (DvcDataFirst, DvcData)
    most = MAX_PDU_SIZE - _COMPRESSED_OVERHEAD if is_compressed else MAX_PDU_SIZE
    start = 0
    if size > MAX_SINGLE_SIZE:
        header = first(channel_id=channel_id, length=size, data=b"").encode()
        start = min(most - len(header), size)
        yield header, 0, start
    header = more(channel_id=channel_id, data=b"").encode()
    if not start:
        yield header, 0, size
        return
    step = most - len(header)
    for begin in range(start, size, step):
        yield header, begin, min(begin + step, size)


def fragments(channel_id: int, message: bytes, compressor: zgfx.Compressor | None = None) -> Iterator[bytes]:
    """Cut a message into data PDUs of at most `MAX_PDU_SIZE` bytes.

    `compressor` is the channel's own, of `Kind.RDP8_LITE`, for peers of version 3 on a reliable transport; all that is
    made with it must be sent, in this order.  Raises `LocalProtocolError` for 4 GiB and more, and for another kind.
    """
    if compressor is not None and compressor.kind != zgfx.Kind.RDP8_LITE:
        raise LocalProtocolError(f"dynamic channels are compressed with RDP8_LITE, not {compressor.kind.name}")
    for header, begin, end in cuts(channel_id, len(message), is_compressed=compressor is not None):
        block = message[begin:end]
        yield header + (block if compressor is None else compressor.compress(block))
