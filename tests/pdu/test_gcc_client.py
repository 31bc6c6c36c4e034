from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu import connection_example
from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.pdu.gcc import UserDataBlock, UserDataType
from trio_rdp.pdu.gcc_client import (
    MAX_CHANNELS,
    MAX_MONITORS,
    ChannelDefinition,
    ChannelOptions,
    ClientClusterData,
    ClientCoreData,
    ClientEarlyCapabilityFlags,
    ClientGccBlocks,
    ClientMessageChannelData,
    ClientMonitorData,
    ClientMonitorExtendedData,
    ClientMultitransportChannelData,
    ClientNetworkData,
    ClientSecurityData,
    ClusterFlags,
    ColorDepth,
    ConnectionType,
    EncryptionMethod,
    HighColorDepth,
    KeyboardType,
    MonitorAttributes,
    MonitorDefinition,
    MonitorFlags,
    MultitransportFlags,
    Orientation,
    RdpVersion,
    SupportedColorDepths,
)
from trio_rdp.pdu.x224 import SecurityProtocol
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.pdu import Pdu

CORE = ClientCoreData(
    version=RdpVersion.RDP_5_PLUS,
    desktop_width=1280,
    desktop_height=1024,
    color_depth=ColorDepth.BPP_8,
    sas_sequence=0xAA03,
    keyboard_layout=0x409,
    client_build=3790,
    client_name="ELTONS-DEV2",
    keyboard_type=KeyboardType.IBM_ENHANCED,
    keyboard_sub_type=0,
    keyboard_function_key=12,
    ime_file_name="",
    post_beta2_color_depth=ColorDepth.BPP_8,
    client_product_id=1,
    serial_number=0,
    high_color_depth=HighColorDepth.BPP_24,
    supported_color_depths=SupportedColorDepths(7),
    early_capability_flags=ClientEarlyCapabilityFlags.SUPPORT_ERRINFO_PDU,
    client_dig_product_id="69712-783-0357974-42714",
    connection_type=ConnectionType(0),
    server_selected_protocol=SecurityProtocol.RDP,
)
CLUSTER = ClientClusterData(flags=ClusterFlags.of_version(4))
SECURITY = ClientSecurityData(encryption_methods=EncryptionMethod(0x1B))
NETWORK = ClientNetworkData(
    channel_def_array=[
        ChannelDefinition(name="rdpdr", options=ChannelOptions.INITIALIZED | ChannelOptions.COMPRESS_RDP),
        ChannelDefinition(
            name="cliprdr",
            options=ChannelOptions.INITIALIZED
            | ChannelOptions.ENCRYPT_RDP
            | ChannelOptions.COMPRESS_RDP
            | ChannelOptions.SHOW_PROTOCOL,
        ),
        ChannelDefinition(name="rdpsnd", options=ChannelOptions.INITIALIZED | ChannelOptions.ENCRYPT_RDP),
    ]
)
BLOCKS = ClientGccBlocks(core=CORE, cluster=CLUSTER, security=SECURITY, network=NETWORK)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (connection_example.CLIENT_CORE, CORE),
        (connection_example.CLIENT_CLUSTER, CLUSTER),
        (connection_example.CLIENT_SECURITY, SECURITY),
        (connection_example.CLIENT_NETWORK, NETWORK),
        (connection_example.CLIENT_BLOCKS, BLOCKS),
    ],
)
def test_the_documents_blocks(raw: bytes, value: Pdu) -> None:
    same(raw, value)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (
            "00000000 01000000 00fbffff 01000000 ffffffff 00040000 01000000",
            ClientMonitorData(
                monitor_def_array=[
                    MonitorDefinition(left=-1280, top=1, right=-1, bottom=1024, flags=MonitorFlags.PRIMARY)
                ]
            ),
        ),
        (
            "00000000 14000000 01000000 58020000 4a010000 5a000000 96000000 8c000000",
            ClientMonitorExtendedData(
                monitor_attributes_array=[
                    MonitorAttributes(
                        physical_width=600,
                        physical_height=330,
                        orientation=Orientation.PORTRAIT,
                        desktop_scale_factor=150,
                        device_scale_factor=140,
                    )
                ]
            ),
        ),
        ("00000000", ClientMessageChannelData()),
        (
            "05030000",
            ClientMultitransportChannelData(
                flags=MultitransportFlags.UDPFECR
                | MultitransportFlags.UDPFECL
                | MultitransportFlags.UDP_PREFERRED
                | MultitransportFlags.SOFTSYNC_TCP_TO_UDP
            ),
        ),
        ("4e000000 07000000", ClientClusterData(flags=ClusterFlags(0x4E), redirected_session_id=7)),
    ],
)
def test_blocks(raw: str, value: Pdu) -> None:
    data = bytes.fromhex(raw)
    same(data, value)
    every_truncation_raises(type(value), data)


def test_core_data_may_end_before_each_optional_field() -> None:
    full = connection_example.CLIENT_CORE + struct.pack("<IIHII", 500, 300, 90, 150, 140)
    ends = [128, 130, 132, 136, 138, 140, 142, 206, 208, 212, 216, 220, 222, 226, 230]
    assert ends[-1] == len(full)
    for size in range(len(full) + 1):
        if size in ends:
            value = ClientCoreData.decode(full[:size])
            assert value.encode() == full[:size]
        else:
            every_truncation_raises(ClientCoreData, full[: size + 1], size)
    assert value.device_scale_factor == 140
    assert value.desktop_orientation is Orientation.PORTRAIT


def test_later_fields_of_core_data_are_ignored() -> None:
    raw = connection_example.CLIENT_CORE + struct.pack("<IIHII", 500, 300, 90, 150, 140)
    assert ClientCoreData.decode(raw + b"more") == ClientCoreData.decode(raw)


def test_the_number_inside_the_cluster_flags() -> None:
    assert ClusterFlags(0x0D).redirection_version == 4
    assert ClusterFlags.of_version(6) == 0x15
    assert type(ClusterFlags.of_version(6)) is ClusterFlags


@pytest.mark.parametrize("name", ["eightchr", "a\0b"])
def test_channel_names_that_do_not_fit(name: str) -> None:
    with pytest.raises(EncodeError):
        ChannelDefinition(name=name).encode()


def test_a_channel_name_without_terminator() -> None:
    assert ChannelDefinition.decode(b"eightchr\0\0\0\0").name == "eightch"


@pytest.mark.parametrize(
    ("cls", "raw"),
    [
        (ClientNetworkData, struct.pack("<I", MAX_CHANNELS + 1)),
        (ClientMonitorData, struct.pack("<II", 0, MAX_MONITORS + 1)),
        (ClientMonitorExtendedData, struct.pack("<III", 0, 20, MAX_MONITORS + 1)),
        (ClientMonitorExtendedData, struct.pack("<III", 0, 19, 1)),
    ],
)
def test_limits(cls: type[Pdu], raw: bytes) -> None:
    with pytest.raises(InvalidField):
        cls.decode(raw + bytes(2000))


def test_larger_monitor_attributes() -> None:
    raw = struct.pack("<III", 0, 24, 2) + struct.pack("<6I", 1, 2, 0, 100, 100, 99) * 2
    value = ClientMonitorExtendedData.decode(raw)
    assert value.monitor_attributes_array == [MonitorAttributes(physical_width=1, physical_height=2)] * 2


def test_every_block_in_any_order_and_unknown_ones() -> None:
    unknown = UserDataBlock(type=UserDataType.CS_UNUSED1, data=b"\0\0")
    blocks = ClientGccBlocks(
        core=CORE,
        cluster=CLUSTER,
        security=SECURITY,
        network=NETWORK,
        monitor=ClientMonitorData(monitor_def_array=[]),
        monitor_extended=ClientMonitorExtendedData(monitor_attributes_array=[]),
        message_channel=ClientMessageChannelData(),
        multitransport=ClientMultitransportChannelData(),
        unknown=[unknown],
    )
    same(blocks.encode(), blocks)
    assert ClientGccBlocks.decode(unknown.encode() + blocks.encode()[: -len(unknown.encode())]) == blocks


def test_only_core_data_is_required() -> None:
    core = connection_example.CLIENT_BLOCKS[:216]
    assert ClientGccBlocks.decode(core) == ClientGccBlocks(core=CORE)
    assert ClientGccBlocks.decode(core).security == ClientSecurityData()
    with pytest.raises(InvalidField, match="no core data block"):
        ClientGccBlocks.decode(connection_example.CLIENT_BLOCKS[216:])


def test_of_two_blocks_the_later_counts() -> None:
    later = UserDataBlock(type=UserDataType.CS_SECURITY, data=struct.pack("<II", 2, 0)).encode()
    assert ClientGccBlocks.decode(connection_example.CLIENT_BLOCKS + later).security == ClientSecurityData(
        encryption_methods=EncryptionMethod.BIT_128
    )


@given(st.binary(min_size=128, max_size=240))
def test_laws_of_core_data(raw: bytes) -> None:
    value_or_error(ClientCoreData, raw)


@given(
    st.sampled_from([ClientNetworkData, ClientMonitorData, ClientMonitorExtendedData, ClientClusterData]),
    st.binary(max_size=60).map(lambda raw: raw[:1] + b"\0\0\0" + raw[1:]),
)
def test_laws(cls: type[Pdu], raw: bytes) -> None:
    value_or_error(cls, raw)


@given(st.lists(st.tuples(st.integers(0xC001, 0xC00C), st.binary(max_size=30)), max_size=6))
def test_laws_of_the_blocks_together(blocks: list[tuple[int, bytes]]) -> None:
    raw = connection_example.CLIENT_BLOCKS[:216]
    for kind, data in blocks:
        raw += UserDataBlock(type=UserDataType(kind), data=data).encode()
    value_or_error(ClientGccBlocks, raw)
