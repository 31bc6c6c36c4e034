"""What a client says of itself in MCS Connect Initial: the client data blocks, [MS-RDPBCGR] 2.2.1.3.2 to 2.2.1.3.10."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Self

from trio_rdp.pdu.gcc import UserDataBlock, UserDataType, read_known_blocks, write_known_blocks
from trio_rdp.pdu.x224 import SecurityProtocol
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.fields import I32, U16, U32, Counted, Fixed, Pad, Utf16, u8, u16, u32
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "MAX_CHANNELS",
    "MAX_MONITORS",
    "ChannelDefinition",
    "ChannelOptions",
    "ClientClusterData",
    "ClientCoreData",
    "ClientEarlyCapabilityFlags",
    "ClientGccBlocks",
    "ClientMessageChannelData",
    "ClientMonitorData",
    "ClientMonitorExtendedData",
    "ClientMultitransportChannelData",
    "ClientNetworkData",
    "ClientSecurityData",
    "ClusterFlags",
    "ColorDepth",
    "ConnectionType",
    "EncryptionMethod",
    "HighColorDepth",
    "KeyboardType",
    "MonitorAttributes",
    "MonitorDefinition",
    "MonitorFlags",
    "MultitransportFlags",
    "Orientation",
    "RdpVersion",
    "SupportedColorDepths",
]

MAX_CHANNELS = 31
"""[MS-RDPBCGR] 2.2.1.3.4: "the maximum allowed is 31"."""

MAX_MONITORS = 16
"""[MS-RDPBCGR] 2.2.1.3.6: "the maximum allowed is 16"."""


class RdpVersion(OpenEnum):
    """The version field of both core data blocks."""

    RDP_4_0 = 0x00080001
    RDP_5_PLUS = 0x00080004
    RDP_10_0 = 0x00080005
    RDP_10_1 = 0x00080006
    RDP_10_2 = 0x00080007
    RDP_10_3 = 0x00080008
    RDP_10_4 = 0x00080009
    RDP_10_5 = 0x0008000A
    RDP_10_6 = 0x0008000B
    RDP_10_7 = 0x0008000C
    RDP_10_8 = 0x0008000D
    RDP_10_9 = 0x0008000E
    RDP_10_10 = 0x0008000F
    RDP_10_11 = 0x00080010
    RDP_10_12 = 0x00080011


class ColorDepth(OpenEnum):
    """The colorDepth and postBeta2ColorDepth fields of the client's core data."""

    BPP_4 = 0xCA00
    BPP_8 = 0xCA01
    BPP_16_555 = 0xCA02
    BPP_16_565 = 0xCA03
    BPP_24 = 0xCA04


class HighColorDepth(OpenEnum):
    """The highColorDepth field of the client's core data; 32 bits are asked for with an early capability flag."""

    BPP_4 = 4
    BPP_8 = 8
    BPP_15 = 15
    BPP_16 = 16
    BPP_24 = 24


class SupportedColorDepths(Flags):
    """The supportedColorDepths field of the client's core data."""

    BPP_24 = Flag(0x0001)
    BPP_16 = Flag(0x0002)
    BPP_15 = Flag(0x0004)
    BPP_32 = Flag(0x0008)


class KeyboardType(OpenEnum):
    """The keyboardType field of the client's core data."""

    IBM_PC_XT = 1
    OLIVETTI_ICO = 2
    IBM_PC_AT = 3
    IBM_ENHANCED = 4
    NOKIA_1050 = 5
    NOKIA_9140 = 6
    JAPANESE = 7
    KOREAN = 8


class ClientEarlyCapabilityFlags(Flags):
    """The earlyCapabilityFlags field of the client's core data."""

    SUPPORT_ERRINFO_PDU = Flag(0x0001)
    WANT_32BPP_SESSION = Flag(0x0002)
    SUPPORT_STATUSINFO_PDU = Flag(0x0004)
    STRONG_ASYMMETRIC_KEYS = Flag(0x0008)
    RELATIVE_MOUSE_INPUT = Flag(0x0010)
    VALID_CONNECTION_TYPE = Flag(0x0020)
    SUPPORT_MONITOR_LAYOUT_PDU = Flag(0x0040)
    SUPPORT_NETCHAR_AUTODETECT = Flag(0x0080)
    SUPPORT_DYNVC_GFX_PROTOCOL = Flag(0x0100)
    SUPPORT_DYNAMIC_TIME_ZONE = Flag(0x0200)
    SUPPORT_HEARTBEAT_PDU = Flag(0x0400)
    SUPPORT_SKIP_CHANNELJOIN = Flag(0x0800)


class ConnectionType(OpenEnum):
    """The connectionType field of the client's core data."""

    MODEM = 1
    BROADBAND_LOW = 2
    SATELLITE = 3
    BROADBAND_HIGH = 4
    WAN = 5
    LAN = 6
    AUTODETECT = 7


class Orientation(OpenEnum):
    """How far a desktop or monitor is rotated clockwise, in degrees."""

    LANDSCAPE = 0
    PORTRAIT = 90
    LANDSCAPE_FLIPPED = 180
    PORTRAIT_FLIPPED = 270


@pdu
class ClientCoreData(Pdu):
    """Client Core Data (TS_UD_CS_CORE), [MS-RDPBCGR] 2.2.1.3.2."""

    version: Annotated[RdpVersion, u32] = RdpVersion.RDP_5_PLUS
    desktop_width: U16
    desktop_height: U16
    color_depth: Annotated[ColorDepth, u16] = ColorDepth.BPP_8
    sas_sequence: U16 = 0xAA03
    keyboard_layout: U32 = 0
    client_build: U32 = 0
    client_name: Annotated[str, Utf16(32)] = ""
    keyboard_type: Annotated[KeyboardType, u32] = KeyboardType.IBM_ENHANCED
    keyboard_sub_type: U32 = 0
    keyboard_function_key: U32 = 12
    ime_file_name: Annotated[str, Utf16(64)] = ""
    # Each field from here on is optional and requires the one before it.
    post_beta2_color_depth: Annotated[ColorDepth | None, u16] = None
    client_product_id: Annotated[int | None, u16] = None
    serial_number: Annotated[int | None, u32] = None
    high_color_depth: Annotated[HighColorDepth | None, u16] = None
    supported_color_depths: Annotated[SupportedColorDepths | None, u16] = None
    early_capability_flags: Annotated[ClientEarlyCapabilityFlags | None, u16] = None
    client_dig_product_id: Annotated[str | None, Utf16(64)] = None
    connection_type: Annotated[ConnectionType | None, u8, Pad(1)] = None
    server_selected_protocol: Annotated[SecurityProtocol | None, u32] = None
    desktop_physical_width: Annotated[int | None, u32] = None
    desktop_physical_height: Annotated[int | None, u32] = None
    desktop_orientation: Annotated[Orientation | None, u16] = None
    desktop_scale_factor: Annotated[int | None, u32] = None
    device_scale_factor: Annotated[int | None, u32] = None


class EncryptionMethod(Flags):
    """Methods of Standard RDP Security: what a client offers, and (one of them, or none) what a server selects."""

    BIT_40 = Flag(0x01)
    BIT_128 = Flag(0x02)
    BIT_56 = Flag(0x08)
    FIPS = Flag(0x10)


@pdu
class ClientSecurityData(Pdu):
    """Client Security Data (TS_UD_CS_SEC), [MS-RDPBCGR] 2.2.1.3.3."""

    encryption_methods: Annotated[EncryptionMethod, u32] = EncryptionMethod(0)
    ext_encryption_methods: Annotated[EncryptionMethod, u32] = EncryptionMethod(0)


class ChannelOptions(Flags):
    """The options of a static virtual channel."""

    INITIALIZED = Flag(0x80000000)
    ENCRYPT_RDP = Flag(0x40000000)
    ENCRYPT_SC = Flag(0x20000000)
    ENCRYPT_CS = Flag(0x10000000)
    PRI_HIGH = Flag(0x08000000)
    PRI_MED = Flag(0x04000000)
    PRI_LOW = Flag(0x02000000)
    COMPRESS_RDP = Flag(0x00800000)
    COMPRESS = Flag(0x00400000)
    SHOW_PROTOCOL = Flag(0x00200000)
    REMOTE_CONTROL_PERSISTENT = Flag(0x00100000)


def _decode_channel_name(raw: bytes) -> str:
    return raw[:7].decode("latin-1").partition("\0")[0]


def _encode_channel_name(name: str) -> bytes:
    raw = name.encode("latin-1", "replace")
    if len(raw) > 7 or b"\0" in raw:
        raise EncodeError(f"{name!r} does not fit the seven characters of a channel name")
    return raw


@pdu
class ChannelDefinition(Pdu):
    """Channel Definition Structure (CHANNEL_DEF), [MS-RDPBCGR] 2.2.1.3.4.1."""

    name: Annotated[str, Fixed("8s", decoder=_decode_channel_name, encoder=_encode_channel_name)]
    options: Annotated[ChannelOptions, u32] = ChannelOptions(0)


@pdu
class ClientNetworkData(Pdu):
    """Client Network Data (TS_UD_CS_NET), [MS-RDPBCGR] 2.2.1.3.4."""

    channel_def_array: Annotated[list[ChannelDefinition], Counted(u32, limit=MAX_CHANNELS)] = dataclasses.field(
        default_factory=list
    )


class ClusterFlags(Flags):
    """The Flags field of the client's cluster data, which holds a number too."""

    REDIRECTION_SUPPORTED = Flag(0x01)
    REDIRECTED_SESSIONID_FIELD_VALID = Flag(0x02)
    REDIRECTED_SMARTCARD = Flag(0x40)
    SERVER_SESSION_REDIRECTION_VERSION_MASK = Flag(0x3C)

    @property
    def redirection_version(self) -> int:
        """The version of server redirection as people count it: 1 to 6."""
        return (self >> 2 & 0xF) + 1

    @classmethod
    def of_version(cls, version: int) -> Self:
        """The bits that say which version of server redirection is supported, 1 to 6."""
        return cls(version - 1 << 2 | cls.REDIRECTION_SUPPORTED)


@pdu
class ClientClusterData(Pdu):
    """Client Cluster Data (TS_UD_CS_CLUSTER), [MS-RDPBCGR] 2.2.1.3.5."""

    flags: Annotated[ClusterFlags, u32] = ClusterFlags.of_version(4)
    redirected_session_id: U32 = 0


class MonitorFlags(Flags):
    """The flags of a monitor definition."""

    PRIMARY = Flag(0x01)


@pdu
class MonitorDefinition(Pdu):
    """Monitor Definition (TS_MONITOR_DEF), [MS-RDPBCGR] 2.2.1.3.6.1: pixels, `right` and `bottom` inclusive."""

    left: I32
    top: I32
    right: I32
    bottom: I32
    flags: Annotated[MonitorFlags, u32] = MonitorFlags(0)


@pdu
class ClientMonitorData(Pdu):
    """Client Monitor Data (TS_UD_CS_MONITOR), [MS-RDPBCGR] 2.2.1.3.6."""

    flags: U32 = 0
    monitor_def_array: Annotated[list[MonitorDefinition], Counted(u32, limit=MAX_MONITORS)]


@pdu
class ClientMessageChannelData(Pdu):
    """Client Message Channel Data (TS_UD_CS_MCS_MSGCHANNEL), [MS-RDPBCGR] 2.2.1.3.7."""

    flags: U32 = 0


class MultitransportFlags(Flags):
    """The flags of both multitransport channel data blocks."""

    UDPFECR = Flag(0x01)
    UDPFECL = Flag(0x04)
    UDP_PREFERRED = Flag(0x100)
    SOFTSYNC_TCP_TO_UDP = Flag(0x200)


@pdu
class ClientMultitransportChannelData(Pdu):
    """Client Multitransport Channel Data (TS_UD_CS_MULTITRANSPORT), [MS-RDPBCGR] 2.2.1.3.8."""

    flags: Annotated[MultitransportFlags, u32] = MultitransportFlags(0)


@pdu
class MonitorAttributes(Pdu):
    """Monitor Attributes (TS_MONITOR_ATTRIBUTES), [MS-RDPBCGR] 2.2.1.3.10.1: millimetres, degrees and per cent."""

    physical_width: U32
    physical_height: U32
    orientation: Annotated[Orientation, u32] = Orientation.LANDSCAPE
    desktop_scale_factor: U32 = 100
    device_scale_factor: U32 = 100


_ATTRIBUTES_SIZE = 20


@pdu
class ClientMonitorExtendedData(Pdu):
    """Client Monitor Extended Data (TS_UD_CS_MONITOR_EX), [MS-RDPBCGR] 2.2.1.3.10."""

    flags: int = 0
    monitor_attributes_array: list[MonitorAttributes]

    @classmethod
    def decode_from(cls, src: Cursor) -> ClientMonitorExtendedData:
        start = src.pos
        flags, size, count = src.u32(), src.u32(), src.u32()
        if size < _ATTRIBUTES_SIZE:
            raise InvalidField(f"monitor attributes of {size} bytes", pdu=cls.__name__, offset=start + 4)
        if count > MAX_MONITORS:
            raise InvalidField(f"{count} monitors exceed {MAX_MONITORS}", pdu=cls.__name__, offset=start + 8)
        # Larger attributes would be those of a later version of the document, which begin as these do.
        return cls(
            flags=flags,
            monitor_attributes_array=[MonitorAttributes.decode_from(src.sub(size)) for _ in range(count)],
        )

    def encode_into(self, dst: bytearray) -> None:
        for value in (self.flags, _ATTRIBUTES_SIZE, len(self.monitor_attributes_array)):
            u32.encode_into(dst, value)
        for attributes in self.monitor_attributes_array:
            attributes.encode_into(dst)


_BLOCKS: dict[UserDataType, tuple[str, type[Pdu]]] = {
    UserDataType.CS_CORE: ("core", ClientCoreData),
    UserDataType.CS_CLUSTER: ("cluster", ClientClusterData),
    UserDataType.CS_SECURITY: ("security", ClientSecurityData),
    UserDataType.CS_NET: ("network", ClientNetworkData),
    UserDataType.CS_MONITOR: ("monitor", ClientMonitorData),
    UserDataType.CS_MONITOR_EX: ("monitor_extended", ClientMonitorExtendedData),
    UserDataType.CS_MCS_MSGCHANNEL: ("message_channel", ClientMessageChannelData),
    UserDataType.CS_MULTITRANSPORT: ("multitransport", ClientMultitransportChannelData),
}


@pdu
class ClientGccBlocks(Pdu):
    """The client data blocks, [MS-RDPBCGR] 2.2.1.3, that a GCC Conference Create Request carries, in any order.

    Blocks of other types are kept in `unknown`.  A client that sends no security data offers no encryption.
    """

    core: ClientCoreData
    cluster: ClientClusterData | None = None
    security: ClientSecurityData = dataclasses.field(default_factory=ClientSecurityData)
    network: ClientNetworkData | None = None
    monitor: ClientMonitorData | None = None
    monitor_extended: ClientMonitorExtendedData | None = None
    message_channel: ClientMessageChannelData | None = None
    multitransport: ClientMultitransportChannelData | None = None
    unknown: list[UserDataBlock] = dataclasses.field(default_factory=list)

    @property
    def channels(self) -> list[ChannelDefinition]:
        """The static channels that the client asks for."""
        return [] if self.network is None else self.network.channel_def_array

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        return cls(**read_known_blocks(src, _BLOCKS, ("core",)))

    def encode_into(self, dst: bytearray) -> None:
        write_known_blocks(dst, self, _BLOCKS)
