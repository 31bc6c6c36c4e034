"""The graphics pipeline, [MS-RDPEGFX]: the messages of its dynamic channel, and the machines of both sides.

Messages are named as in the document (`CreateSurfacePdu`), since the jobs that both machines speak in
(`trio_rdp.graphics.pipeline.jobs`) have the plain names.  `encode` gives a whole message and `decode` takes one;
`decode_from` and `encode_into` are of what follows the header.  A server's messages travel compressed, a client's not.
"""

from trio_rdp.channels.rdpgfx.caching import (
    MAX_OFFERED,
    CacheEntryMetadata,
    CacheImportOfferPdu,
    CacheImportReplyPdu,
    CacheToSurfacePdu,
    EvictCacheEntryPdu,
    SurfaceToCachePdu,
)
from trio_rdp.channels.rdpgfx.capabilities import (
    CapabilityFlags,
    CapabilitySet,
    CapabilityVersion,
    CapsAdvertisePdu,
    CapsConfirmPdu,
)
from trio_rdp.channels.rdpgfx.client import ALL_VERSIONS, ClientState, GraphicsClient, GraphicsClientEvent
from trio_rdp.channels.rdpgfx.drawing import (
    DeleteEncodingContextPdu,
    ProgressiveCodec,
    SolidFillPdu,
    SurfaceToSurfacePdu,
    WireToSurface1Pdu,
    WireToSurface2Pdu,
)
from trio_rdp.channels.rdpgfx.events import (
    AcknowledgementResumed,
    AcknowledgementSuspended,
    CacheOffered,
    Confirmed,
    FrameAcknowledged,
    FrameTimed,
    Reply,
)
from trio_rdp.channels.rdpgfx.frames import (
    QUEUE_DEPTH_UNAVAILABLE,
    SUSPEND_FRAME_ACKNOWLEDGEMENT,
    EndFramePdu,
    FrameAcknowledgePdu,
    QoeFrameAcknowledgePdu,
    StartFramePdu,
    frame_timestamp,
)
from trio_rdp.channels.rdpgfx.header import GraphicsCommand, GraphicsPdu, PixelLayout, UnknownGraphicsPdu
from trio_rdp.channels.rdpgfx.messages import GraphicsMessage, decode_messages, iterate_messages
from trio_rdp.channels.rdpgfx.reset import ResetGraphicsPdu
from trio_rdp.channels.rdpgfx.server import GraphicsServer, GraphicsServerEvent
from trio_rdp.channels.rdpgfx.surfaces import (
    CreateSurfacePdu,
    DeleteSurfacePdu,
    MapSurfaceToOutputPdu,
    MapSurfaceToScaledOutputPdu,
    MapSurfaceToScaledWindowPdu,
    MapSurfaceToWindowPdu,
)

__all__ = [
    "ALL_VERSIONS",
    "CHANNEL_NAME",
    "MAX_OFFERED",
    "QUEUE_DEPTH_UNAVAILABLE",
    "SUSPEND_FRAME_ACKNOWLEDGEMENT",
    "AcknowledgementResumed",
    "AcknowledgementSuspended",
    "CacheEntryMetadata",
    "CacheImportOfferPdu",
    "CacheImportReplyPdu",
    "CacheOffered",
    "CacheToSurfacePdu",
    "CapabilityFlags",
    "CapabilitySet",
    "CapabilityVersion",
    "CapsAdvertisePdu",
    "CapsConfirmPdu",
    "ClientState",
    "Confirmed",
    "CreateSurfacePdu",
    "DeleteEncodingContextPdu",
    "DeleteSurfacePdu",
    "EndFramePdu",
    "EvictCacheEntryPdu",
    "FrameAcknowledgePdu",
    "FrameAcknowledged",
    "FrameTimed",
    "GraphicsClient",
    "GraphicsClientEvent",
    "GraphicsCommand",
    "GraphicsMessage",
    "GraphicsPdu",
    "GraphicsServer",
    "GraphicsServerEvent",
    "MapSurfaceToOutputPdu",
    "MapSurfaceToScaledOutputPdu",
    "MapSurfaceToScaledWindowPdu",
    "MapSurfaceToWindowPdu",
    "PixelLayout",
    "ProgressiveCodec",
    "QoeFrameAcknowledgePdu",
    "Reply",
    "ResetGraphicsPdu",
    "SolidFillPdu",
    "StartFramePdu",
    "SurfaceToCachePdu",
    "SurfaceToSurfacePdu",
    "UnknownGraphicsPdu",
    "WireToSurface1Pdu",
    "WireToSurface2Pdu",
    "decode_messages",
    "frame_timestamp",
    "iterate_messages",
]

CHANNEL_NAME = "Microsoft::Windows::RDS::Graphics"
"""The name of the dynamic channel ([MS-RDPEGFX] 2.1)."""
