"""What arrives on the channel, from either side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

from trio_rdp.channels.rdpgfx.caching import (
    CacheImportOfferPdu,
    CacheImportReplyPdu,
    CacheToSurfacePdu,
    EvictCacheEntryPdu,
    SurfaceToCachePdu,
)
from trio_rdp.channels.rdpgfx.capabilities import CapsAdvertisePdu, CapsConfirmPdu
from trio_rdp.channels.rdpgfx.drawing import (
    DeleteEncodingContextPdu,
    SolidFillPdu,
    SurfaceToSurfacePdu,
    WireToSurface1Pdu,
    WireToSurface2Pdu,
)
from trio_rdp.channels.rdpgfx.frames import (
    EndFramePdu,
    FrameAcknowledgePdu,
    QoeFrameAcknowledgePdu,
    StartFramePdu,
)
from trio_rdp.channels.rdpgfx.header import HEADER, UnknownGraphicsPdu
from trio_rdp.channels.rdpgfx.reset import ResetGraphicsPdu
from trio_rdp.channels.rdpgfx.surfaces import (
    CreateSurfacePdu,
    DeleteSurfacePdu,
    MapSurfaceToOutputPdu,
    MapSurfaceToScaledOutputPdu,
    MapSurfaceToScaledWindowPdu,
    MapSurfaceToWindowPdu,
)
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import DecodeError, InvalidField, Truncated

__all__ = ["GraphicsMessage", "KnownGraphicsMessage", "decode_messages", "iterate_messages"]

KnownGraphicsMessage: TypeAlias = (
    WireToSurface1Pdu
    | WireToSurface2Pdu
    | DeleteEncodingContextPdu
    | SolidFillPdu
    | SurfaceToSurfacePdu
    | SurfaceToCachePdu
    | CacheToSurfacePdu
    | EvictCacheEntryPdu
    | CreateSurfacePdu
    | DeleteSurfacePdu
    | StartFramePdu
    | EndFramePdu
    | FrameAcknowledgePdu
    | ResetGraphicsPdu
    | MapSurfaceToOutputPdu
    | CacheImportOfferPdu
    | CacheImportReplyPdu
    | CapsAdvertisePdu
    | CapsConfirmPdu
    | MapSurfaceToWindowPdu
    | QoeFrameAcknowledgePdu
    | MapSurfaceToScaledOutputPdu
    | MapSurfaceToScaledWindowPdu
)
GraphicsMessage: TypeAlias = KnownGraphicsMessage | UnknownGraphicsPdu

_PDUS: Final[dict[int, type[KnownGraphicsMessage]]] = {
    cls.cmd_id: cls
    for cls in (
        WireToSurface1Pdu,
        WireToSurface2Pdu,
        DeleteEncodingContextPdu,
        SolidFillPdu,
        SurfaceToSurfacePdu,
        SurfaceToCachePdu,
        CacheToSurfacePdu,
        EvictCacheEntryPdu,
        CreateSurfacePdu,
        DeleteSurfacePdu,
        StartFramePdu,
        EndFramePdu,
        FrameAcknowledgePdu,
        ResetGraphicsPdu,
        MapSurfaceToOutputPdu,
        CacheImportOfferPdu,
        CacheImportReplyPdu,
        CapsAdvertisePdu,
        CapsConfirmPdu,
        MapSurfaceToWindowPdu,
        QoeFrameAcknowledgePdu,
        MapSurfaceToScaledOutputPdu,
        MapSurfaceToScaledWindowPdu,
    )
}


def decode_messages(data: bytes) -> list[GraphicsMessage]:
    """Decode the messages of one transmission, from either side; raises `DecodeError`.

    A server's are inflated before.  Unknown ones are kept, and bytes that a message has behind its layout are ignored.
    """
    return list(iterate_messages(data))


def iterate_messages(data: bytes) -> Iterator[GraphicsMessage]:
    """Decode message by message, for who wants to stop before all are in memory; raises `DecodeError`."""
    pos, size = 0, len(data)
    unpack, pdus = HEADER.unpack_from, _PDUS
    while pos < size:
        if size - pos < HEADER.size:
            raise Truncated(f"needs {HEADER.size} bytes, {size - pos} left", pdu="RDPGFX_HEADER", offset=pos)
        cmd_id, _, length = unpack(data, pos)
        if length < HEADER.size:
            raise InvalidField(f"a message of {length} bytes", pdu="RDPGFX_HEADER", field="pdu_length", offset=pos + 4)
        if length > size - pos:
            raise Truncated(f"needs {length} bytes, {size - pos} left", pdu="RDPGFX_HEADER", offset=pos)
        body = Cursor(data, pos + HEADER.size, pos + length)
        pos += length
        known = pdus.get(cmd_id)
        if known is None:
            yield UnknownGraphicsPdu(cmd_id=cmd_id, data=body.rest())
            continue
        try:
            yield known.decode_from(body)
        except DecodeError as exc:
            exc.pdu = exc.pdu or known.__name__
            raise
