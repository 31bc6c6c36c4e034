from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu import connection_example
from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.pdu.gcc import UserDataBlock, UserDataType
from trio_rdp.pdu.gcc_client import EncryptionMethod, MultitransportFlags, RdpVersion
from trio_rdp.pdu.gcc_server import (
    MAX_CHANNEL_IDS,
    EncryptionLevel,
    ProprietaryServerCertificate,
    RsaPublicKey,
    ServerCertificate,
    ServerCoreData,
    ServerEarlyCapabilityFlags,
    ServerGccBlocks,
    ServerMessageChannelData,
    ServerMultitransportChannelData,
    ServerNetworkData,
    ServerSecurityData,
)
from trio_rdp.pdu.x224 import SecurityProtocol
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.pdu import Pdu

BLOCKS = ServerGccBlocks(
    core=ServerCoreData(client_requested_protocols=SecurityProtocol.RDP),
    network=ServerNetworkData(mcs_channel_id=1003, channel_id_array=[1004, 1005, 1006]),
    security=ServerSecurityData(
        encryption_method=EncryptionMethod.BIT_128,
        encryption_level=EncryptionLevel.CLIENT_COMPATIBLE,
        server_random=connection_example.SERVER_RANDOM,
        server_certificate=connection_example.SERVER_CERTIFICATE,
    ),
)
KEY = RsaPublicKey(pub_exp=65537, modulus=connection_example.SERVER_MODULUS)


def test_the_documents_blocks() -> None:
    same(connection_example.SERVER_BLOCKS, BLOCKS)


def test_the_documents_certificate() -> None:
    raw = connection_example.SERVER_CERTIFICATE
    certificate = ServerCertificate(cert_chain_version=1, cert_data=raw[4:])
    same(raw, certificate)
    proprietary = ProprietaryServerCertificate(public_key_blob=KEY, signature_blob=connection_example.SERVER_SIGNATURE)
    same(raw[4:], proprietary)
    every_truncation_raises(ProprietaryServerCertificate, raw[4:])
    same(raw[16:108], KEY)
    every_truncation_raises(RsaPublicKey, raw[16:108])


def test_a_temporary_certificate() -> None:
    same(bytes.fromhex("02000080 6162"), ServerCertificate(cert_chain_version=2, t=True, cert_data=b"ab"))
    with pytest.raises(EncodeError):
        ServerCertificate(cert_chain_version=2**31, cert_data=b"").encode()


@pytest.mark.parametrize(
    ("where", "octet", "reason"),
    [
        (4, 2, r"algorithms \(2, 1\)"),
        (12, 7, "blob type 7 instead of 6"),
        (16, 0x53, "magic 0x31415353"),
        (20, 8, "a key of 8 bytes"),
        (108, 9, "blob type 9 instead of 8"),
    ],
)
def test_certificates_that_mean_nothing(where: int, octet: int, reason: str) -> None:
    raw = bytearray(connection_example.SERVER_CERTIFICATE)
    raw[where] = octet
    with pytest.raises(InvalidField, match=reason):
        ProprietaryServerCertificate.decode(bytes(raw[4:]))


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("04000800", ServerCoreData()),
        ("04000800 03000000", ServerCoreData(client_requested_protocols=SecurityProtocol(3))),
        (
            "0c000800 0b000000 0a000000",
            ServerCoreData(
                version=RdpVersion.RDP_10_7,
                client_requested_protocols=SecurityProtocol(11),
                early_capability_flags=ServerEarlyCapabilityFlags.DYNAMIC_DST_SUPPORTED
                | ServerEarlyCapabilityFlags.SKIP_CHANNELJOIN_SUPPORTED,
            ),
        ),
        ("eb03 0000", ServerNetworkData(mcs_channel_id=1003)),
        ("eb03 0100 ec03 0000", ServerNetworkData(mcs_channel_id=1003, channel_id_array=[1004])),
        ("eb03 0200 ec03 ed03", ServerNetworkData(mcs_channel_id=1003, channel_id_array=[1004, 1005])),
        ("00000000 00000000", ServerSecurityData()),
        ("00000000 00000000 00000000 00000000", ServerSecurityData(server_random=b"", server_certificate=b"")),
        ("f003", ServerMessageChannelData(mcs_channel_id=1008)),
        ("01000000", ServerMultitransportChannelData(flags=MultitransportFlags.UDPFECR)),
    ],
)
def test_blocks(raw: str, value: Pdu) -> None:
    same(bytes.fromhex(raw), value)


@pytest.mark.parametrize(
    ("cls", "raw", "start"),
    [
        (ServerCoreData, "04000800 03000000", 5),
        (ServerNetworkData, "eb03 0200 ec03 ed03", 0),
        (ServerSecurityData, "02000000 02000000 02000000 01000000 6162 63", 9),
        (ServerMessageChannelData, "f003", 0),
    ],
)
def test_truncations(cls: type[Pdu], raw: str, start: int) -> None:
    every_truncation_raises(cls, bytes.fromhex(raw), start)


def test_a_server_that_forgets_the_pad() -> None:
    assert ServerNetworkData.decode(bytes.fromhex("eb03 0100 ec03")).channel_id_array == [1004]


def test_the_number_of_channels_has_a_limit() -> None:
    with pytest.raises(InvalidField):
        ServerNetworkData.decode(struct.pack("<HH", 1003, MAX_CHANNEL_IDS + 1) + bytes(1000))


def test_a_random_needs_a_certificate() -> None:
    with pytest.raises(EncodeError):
        ServerSecurityData(server_random=bytes(32)).encode()


def test_what_is_required() -> None:
    with pytest.raises(InvalidField, match="no network data block"):
        ServerGccBlocks.decode(connection_example.SERVER_BLOCKS[:12])
    with pytest.raises(InvalidField, match="no core data block"):
        ServerGccBlocks.decode(connection_example.SERVER_BLOCKS[12:])
    assert ServerGccBlocks.decode(connection_example.SERVER_BLOCKS[:28]).security == ServerSecurityData()


def test_every_block_and_unknown_ones() -> None:
    blocks = ServerGccBlocks(
        core=ServerCoreData(),
        network=ServerNetworkData(mcs_channel_id=1003),
        message_channel=ServerMessageChannelData(mcs_channel_id=1004),
        multitransport=ServerMultitransportChannelData(),
        unknown=[UserDataBlock(type=UserDataType(0x0CFF), data=b"new")],
    )
    same(blocks.encode(), blocks)


@given(
    st.sampled_from([ServerCoreData, ServerSecurityData, ServerNetworkData, RsaPublicKey, ServerCertificate]),
    st.binary(max_size=60),
)
def test_laws(cls: type[Pdu], raw: bytes) -> None:
    value_or_error(cls, raw)


@given(st.data())
def test_laws_near_the_example(data: st.DataObject) -> None:
    raw = bytearray(connection_example.SERVER_BLOCKS)
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, 140))] = data.draw(st.integers(0, 255))
    value_or_error(ServerGccBlocks, bytes(raw))
    value_or_error(ProprietaryServerCertificate, bytes(raw[80:]))
