"""Getting ready, pausing and dismissing, [MS-RDPEI] 2.2.3.1, 2.2.3.2 and 2.2.3.4 to 2.2.3.6."""

from __future__ import annotations

from typing import Annotated, ClassVar

from trio_rdp.channels.rdpei.base import EventId, InputPdu
from trio_rdp.wire.fields import U8, U16, u32
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import pdu

__all__ = [
    "CsReady",
    "CsReadyFlags",
    "DismissHoveringTouchContact",
    "ProtocolVersion",
    "ResumeInput",
    "ScReady",
    "SupportedFeatures",
    "SuspendInput",
]


class ProtocolVersion(OpenEnum):
    """What a side can do (RDPINPUT_PROTOCOL_*): pens from 2.0.0 on, single features from 3.0.0 on."""

    V100 = 0x00010000
    V101 = 0x00010001
    V200 = 0x00020000
    V300 = 0x00030000


class SupportedFeatures(Flags):
    """Features of a server of version 3.0.0 (SC_READY_*)."""

    MULTIPEN_INJECTION_SUPPORTED = Flag(0x00000001)


class CsReadyFlags(Flags):
    """How the server is to treat touches (CS_READY_FLAGS_*)."""

    SHOW_TOUCH_VISUALS = Flag(0x00000001)
    DISABLE_TIMESTAMP_INJECTION = Flag(0x00000002)
    ENABLE_MULTIPEN_INJECTION = Flag(0x00000004)


@pdu
class ScReady(InputPdu):
    """SC Ready (RDPINPUT_SC_READY_PDU), [MS-RDPEI] 2.2.3.1: the server is ready."""

    event_id: ClassVar[EventId] = EventId.SC_READY

    protocol_version: Annotated[ProtocolVersion, u32] = ProtocolVersion.V300
    supported_features: Annotated[SupportedFeatures | None, u32] = None


@pdu
class CsReady(InputPdu):
    """CS Ready (RDPINPUT_CS_READY_PDU), [MS-RDPEI] 2.2.3.2: the client is ready."""

    event_id: ClassVar[EventId] = EventId.CS_READY

    flags: Annotated[CsReadyFlags, u32] = CsReadyFlags(0)
    protocol_version: Annotated[ProtocolVersion, u32] = ProtocolVersion.V300
    max_touch_contacts: U16


@pdu
class SuspendInput(InputPdu):
    """Suspend Input (RDPINPUT_SUSPEND_INPUT_PDU), [MS-RDPEI] 2.2.3.4."""

    event_id: ClassVar[EventId] = EventId.SUSPEND_INPUT


@pdu
class ResumeInput(InputPdu):
    """Resume Input (RDPINPUT_RESUME_INPUT_PDU), [MS-RDPEI] 2.2.3.5."""

    event_id: ClassVar[EventId] = EventId.RESUME_INPUT


@pdu
class DismissHoveringTouchContact(InputPdu):
    """Dismiss Hovering Touch Contact (RDPINPUT_DISMISS_HOVERING_TOUCH_CONTACT_PDU), [MS-RDPEI] 2.2.3.6."""

    event_id: ClassVar[EventId] = EventId.DISMISS_HOVERING_TOUCH_CONTACT

    contact_id: U8
