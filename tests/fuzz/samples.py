"""A valid instance of any PDU, made from what its fields are declared as: the seeds of the laws' tests."""

from __future__ import annotations

import dataclasses
import types
import typing
import uuid
from typing import Any

from trio_rdp.channels.urbdrc.descriptors import ConfigurationDescriptor, EndpointDescriptor, InterfaceDescriptor
from trio_rdp.channels.urbdrc.urb import UrbFunction
from trio_rdp.codecs.avc_frames import Avc420QuantQuality, Subframes
from trio_rdp.pdu.capabilities_basic import ControlCapabilitySet
from trio_rdp.pdu.capabilities_caches import CacheDefinition
from trio_rdp.pdu.licensing import LicensingMessageType, UnknownLicensingMessage
from trio_rdp.wire.fields import Raw
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import Pdu

__all__ = ["sample"]

_NO_CACHE = CacheDefinition(cache_entries=0, cache_maximum_cell_size=0)

# What a declaration does not say: ranges, sizes that the code checks, and which of several classes.
_SPECIAL: dict[str, dict[str, Any]] = {
    "Avc420Metablock": {"region_rects": [(1, 2, 3, 4)], "quant_quality_vals": [Avc420QuantQuality(qp=20)]},
    "Avc444BitmapStream": {"lc": Subframes.LUMA},
    "CacheToSurfacePdu": {"dest_pts": [(1, -2)]},
    "ChannelJoinConfirm": {"initiator": 1007, "requested": 1003},
    "ChannelJoinRequest": {"initiator": 1007, "channel_id": 1003},
    "ClientAutoReconnectPacket": {"security_verifier": bytes(16)},
    "Configuration": {
        "descriptor": ConfigurationDescriptor(total_length=25, num_interfaces=1),
        "descriptors": [
            InterfaceDescriptor(interface_number=0, num_endpoints=1),
            EndpointDescriptor(endpoint_address=0x81, attributes=2, max_packet_size=512),
        ],
    },
    "ConfirmActive": {"capability_sets": [ControlCapabilitySet()]},
    "CorrelationInfo": {"correlation_id": b"\1" * 16},
    "DemandActive": {"capability_sets": [ControlCapabilitySet()]},
    "FastPathHeader": {"length": 2},
    "FipsSecurityHeader": {"data_signature": bytes(8)},
    "GlyphCacheCapabilitySet": {"glyph_cache": [_NO_CACHE] * 10},
    "LicensingPdu": {"message": UnknownLicensingMessage(message_type=LicensingMessageType(0x77), data=b"\1\2")},
    "MakeCredentialRequest": {"relying_party": {"id": "a"}, "user": {"id": b"b"}, "algorithms": [{"alg": -7}]},
    "NetworkCharacteristicsResult": {"base_rtt": 1, "bandwidth": 2},
    "PaletteUpdate": {"palette_entries": bytes(768)},
    "PersistentKeyList": {"entries": [[1], [], [], [], []], "total_entries": [1, 0, 0, 0, 0]},
    "Region": {"rects": [(1, 2, 3, 4)]},
    "SendDataIndication": {"initiator": 1002, "channel_id": 1003},
    "SendDataRequest": {"initiator": 1007, "channel_id": 1003},
    "ServerAutoReconnectPacket": {"arc_random_bits": bytes(16)},
    "SolidFillPdu": {"fill_rects": [(1, 2, 3, 4)]},
    "SurfaceToCachePdu": {"rect_src": (1, 2, 3, 4)},
    "SurfaceToSurfacePdu": {"rect_src": (1, 2, 3, 4), "dest_pts": [(1, -2)]},
    "TpktHeader": {"packet_length": 7},
    "UrbControlDescriptorRequest": {"urb_function": UrbFunction.GET_DESCRIPTOR_FROM_DEVICE},
    "UrbControlFeatureRequest": {"urb_function": UrbFunction.SET_FEATURE_TO_DEVICE},
    "UrbControlGetStatusRequest": {"urb_function": UrbFunction.GET_STATUS_FROM_DEVICE},
    "UrbControlVendorOrClassRequest": {"urb_function": UrbFunction.CLASS_INTERFACE},
    "UrbPipeRequest": {"urb_function": UrbFunction.ABORT_PIPE},
    "WireToSurface1Pdu": {"dest_rect": (1, 2, 3, 4)},
}


def sample(cls: type[Pdu]) -> Pdu:
    """An instance with each default where there is one, and something small elsewhere."""
    special = _SPECIAL.get(cls.__name__, {})
    hints = typing.get_type_hints(cls, include_extras=True)
    values = dict(special)
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        has_default = field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
        if field.init and not has_default and field.name not in special:
            values[field.name] = _value(hints[field.name])
    return cls(**values)


def _value(declared: Any) -> Any:
    origin = typing.get_origin(declared)
    if origin is typing.Annotated:
        base, *codecs = typing.get_args(declared)
        size = next((codec.size for codec in codecs if isinstance(codec, Raw)), None)
        return _value(base) if size is None else bytes(size)
    if origin in (typing.Union, types.UnionType):
        choices = typing.get_args(declared)
        return None if type(None) in choices else _value(choices[0])
    if origin is list:
        return [_value(typing.get_args(declared)[0])]
    if issubclass(declared, Pdu):
        return sample(_concrete(declared))
    if issubclass(declared, OpenEnum):
        return next(iter(declared))
    simple: dict[type, Any] = {bytes: b"\1\2\3\4", str: "a", uuid.UUID: uuid.UUID(int=1)}
    return simple[declared] if declared in simple else declared(1)


def _concrete(cls: type[Pdu]) -> type[Pdu]:
    """The class itself, or where it is only a base, the first of those made of it."""
    waiting = [cls]
    while "__dataclass_fields__" not in vars(waiting[0]) or waiting[0].__name__.startswith("_"):
        first = waiting.pop(0)
        waiting += first.__subclasses__()
    return waiting[0]
