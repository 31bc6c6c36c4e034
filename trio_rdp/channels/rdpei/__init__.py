"""Touch and pen input, [MS-RDPEI] 2.2: the messages of the dynamic channel "Microsoft::Windows::RDS::Input".

`encode` gives a whole message and `decode` takes one; `decode_from` and `encode_into` are of what follows the header.
"""

from trio_rdp.channels.rdpei.base import MAX_CONTACTS, MAX_FRAMES, ContactFlags, EventId, InputPdu, UnknownRdpeiPdu
from trio_rdp.channels.rdpei.control import (
    CsReady,
    CsReadyFlags,
    DismissHoveringTouchContact,
    ProtocolVersion,
    ResumeInput,
    ScReady,
    SupportedFeatures,
    SuspendInput,
)
from trio_rdp.channels.rdpei.integers import (
    EIGHT_BYTE_UNSIGNED,
    FOUR_BYTE_SIGNED,
    FOUR_BYTE_UNSIGNED,
    TWO_BYTE_SIGNED,
    TWO_BYTE_UNSIGNED,
    VariableInteger,
)
from trio_rdp.channels.rdpei.messages import RdpeiPdu, decode_rdpei
from trio_rdp.channels.rdpei.pen import PenContact, PenEvent, PenFlags, PenFrame
from trio_rdp.channels.rdpei.touch import TouchContact, TouchEvent, TouchFrame

__all__ = [
    "CHANNEL_NAME",
    "EIGHT_BYTE_UNSIGNED",
    "FOUR_BYTE_SIGNED",
    "FOUR_BYTE_UNSIGNED",
    "MAX_CONTACTS",
    "MAX_FRAMES",
    "TWO_BYTE_SIGNED",
    "TWO_BYTE_UNSIGNED",
    "ContactFlags",
    "CsReady",
    "CsReadyFlags",
    "DismissHoveringTouchContact",
    "EventId",
    "InputPdu",
    "PenContact",
    "PenEvent",
    "PenFlags",
    "PenFrame",
    "ProtocolVersion",
    "RdpeiPdu",
    "ResumeInput",
    "ScReady",
    "SupportedFeatures",
    "SuspendInput",
    "TouchContact",
    "TouchEvent",
    "TouchFrame",
    "UnknownRdpeiPdu",
    "VariableInteger",
    "decode_rdpei",
]

CHANNEL_NAME = "Microsoft::Windows::RDS::Input"
