"""What a server answers in MCS Connect Response: the server data blocks, [MS-RDPBCGR] 2.2.1.4.2 to 2.2.1.4.6."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Self

from trio_rdp.pdu.gcc import UserDataBlock, UserDataType, read_known_blocks, write_known_blocks
from trio_rdp.pdu.gcc_client import EncryptionMethod, MultitransportFlags, RdpVersion
from trio_rdp.pdu.x224 import SecurityProtocol
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.fields import U16, Prefixed, u16, u32
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "EncryptionLevel",
    "ProprietaryServerCertificate",
    "RsaPublicKey",
    "ServerCertificate",
    "ServerCoreData",
    "ServerEarlyCapabilityFlags",
    "ServerGccBlocks",
    "ServerMessageChannelData",
    "ServerMultitransportChannelData",
    "ServerNetworkData",
    "ServerSecurityData",
]

MAX_CHANNEL_IDS = 64
"""How many channel ids a client reads; it can have asked for 31."""

CERT_CHAIN_VERSION_1 = 1
CERT_CHAIN_VERSION_2 = 2


class ServerEarlyCapabilityFlags(Flags):
    """The earlyCapabilityFlags field of the server's core data."""

    EDGE_ACTIONS_SUPPORTED_V1 = Flag(0x01)
    DYNAMIC_DST_SUPPORTED = Flag(0x02)
    EDGE_ACTIONS_SUPPORTED_V2 = Flag(0x04)
    SKIP_CHANNELJOIN_SUPPORTED = Flag(0x08)


@pdu
class ServerCoreData(Pdu):
    """Server Core Data (TS_UD_SC_CORE), [MS-RDPBCGR] 2.2.1.4.2."""

    version: Annotated[RdpVersion, u32] = RdpVersion.RDP_5_PLUS
    client_requested_protocols: Annotated[SecurityProtocol | None, u32] = None
    early_capability_flags: Annotated[ServerEarlyCapabilityFlags | None, u32] = None


class EncryptionLevel(OpenEnum):
    """The encryptionLevel field of the server's security data."""

    NONE = 0
    LOW = 1
    CLIENT_COMPATIBLE = 2
    HIGH = 3
    FIPS = 4


@pdu
class ServerSecurityData(Pdu):
    """Server Security Data (TS_UD_SC_SEC1), [MS-RDPBCGR] 2.2.1.4.3.

    `server_random` and `server_certificate` are both None where the server does not encrypt.
    """

    encryption_method: EncryptionMethod = EncryptionMethod(0)
    encryption_level: EncryptionLevel = EncryptionLevel.NONE
    server_random: bytes | None = None
    server_certificate: bytes | None = None

    @classmethod
    def decode_from(cls, src: Cursor) -> ServerSecurityData:
        self = cls(encryption_method=EncryptionMethod(src.u32()), encryption_level=EncryptionLevel(src.u32()))
        if src.remaining:
            random_size, certificate_size = src.u32(), src.u32()
            self.server_random = src.take(random_size)
            self.server_certificate = src.take(certificate_size)
        return self

    def encode_into(self, dst: bytearray) -> None:
        u32.encode_into(dst, self.encryption_method)
        u32.encode_into(dst, self.encryption_level)
        if self.server_random is None and self.server_certificate is None:
            return
        if self.server_random is None or self.server_certificate is None:
            raise EncodeError("a server random and a server certificate need each other")
        u32.encode_into(dst, len(self.server_random))
        u32.encode_into(dst, len(self.server_certificate))
        dst += self.server_random
        dst += self.server_certificate


@pdu
class ServerCertificate(Pdu):
    """Server Certificate (SERVER_CERTIFICATE), [MS-RDPBCGR] 2.2.1.4.3.1.

    `cert_data` is a `ProprietaryServerCertificate` in version 1 and an X.509 certificate chain in version 2; `t` says
    that the certificate is a temporary one.
    """

    cert_chain_version: int
    t: bool = False
    cert_data: bytes

    @classmethod
    def decode_from(cls, src: Cursor) -> ServerCertificate:
        version = src.u32()
        return cls(cert_chain_version=version & 0x7FFFFFFF, t=version >> 31 == 1, cert_data=src.rest())

    def encode_into(self, dst: bytearray) -> None:
        if not 0 <= self.cert_chain_version <= 0x7FFFFFFF:
            raise EncodeError(f"version {self.cert_chain_version} does not fit 31 bits")
        u32.encode_into(dst, self.t << 31 | self.cert_chain_version)
        dst += self.cert_data


_RSA1 = 0x31415352
_MODULUS_PADDING = 8
_SIGNATURE_ALG_RSA = 1
_KEY_EXCHANGE_ALG_RSA = 1
_RSA_KEY_BLOB = 0x0006
_RSA_SIGNATURE_BLOB = 0x0008


@pdu
class RsaPublicKey(Pdu):
    """RSA Public Key (RSA_PUBLIC_KEY), [MS-RDPBCGR] 2.2.1.4.3.1.1.1.

    `modulus` is little-endian and without the eight bytes of padding; its size says keylen, bitlen and datalen.
    """

    pub_exp: int
    modulus: bytes

    @classmethod
    def decode_from(cls, src: Cursor) -> RsaPublicKey:
        start = src.pos
        magic, key_size = src.u32(), src.u32()
        if magic != _RSA1:
            raise InvalidField(f"magic {magic:#x}", pdu=cls.__name__, offset=start)
        if key_size <= _MODULUS_PADDING:
            raise InvalidField(f"a key of {key_size} bytes", pdu=cls.__name__, offset=start + 4)
        src.skip(8)
        return cls(pub_exp=src.u32(), modulus=src.take(key_size)[:-_MODULUS_PADDING])

    def encode_into(self, dst: bytearray) -> None:
        size = len(self.modulus)
        for value in (_RSA1, size + _MODULUS_PADDING, size * 8, size - 1, self.pub_exp):
            u32.encode_into(dst, value)
        dst += self.modulus
        dst += bytes(_MODULUS_PADDING)


_blob = Prefixed(u16)


@pdu
class ProprietaryServerCertificate(Pdu):
    """Server Proprietary Certificate (PROPRIETARYSERVERCERTIFICATE), [MS-RDPBCGR] 2.2.1.4.3.1.1.

    It begins behind dwVersion, which `ServerCertificate` reads.  `signature_blob` keeps its padding.
    """

    public_key_blob: RsaPublicKey
    signature_blob: bytes

    @classmethod
    def decode_from(cls, src: Cursor) -> ProprietaryServerCertificate:
        start = src.pos
        algorithms = (src.u32(), src.u32())
        if algorithms != (_SIGNATURE_ALG_RSA, _KEY_EXCHANGE_ALG_RSA):
            raise InvalidField(f"algorithms {algorithms}", pdu=cls.__name__, offset=start)
        key = cls._take_blob(src, _RSA_KEY_BLOB)
        signature = cls._take_blob(src, _RSA_SIGNATURE_BLOB)
        return cls(public_key_blob=RsaPublicKey.decode(key), signature_blob=signature)

    @classmethod
    def _take_blob(cls, src: Cursor, kind: int) -> bytes:
        found = src.u16()
        if found != kind:
            raise InvalidField(f"blob type {found} instead of {kind}", pdu=cls.__name__, offset=src.pos - 2)
        return _blob.decode_from(src)

    def encode_into(self, dst: bytearray) -> None:
        u32.encode_into(dst, _SIGNATURE_ALG_RSA)
        u32.encode_into(dst, _KEY_EXCHANGE_ALG_RSA)
        for kind, blob in ((_RSA_KEY_BLOB, self.public_key_blob.encode()), (_RSA_SIGNATURE_BLOB, self.signature_blob)):
            u16.encode_into(dst, kind)
            _blob.encode_into(dst, blob)


@pdu
class ServerNetworkData(Pdu):
    """Server Network Data (TS_UD_SC_NET), [MS-RDPBCGR] 2.2.1.4.4."""

    mcs_channel_id: int
    channel_id_array: list[int] = dataclasses.field(default_factory=list)

    @classmethod
    def decode_from(cls, src: Cursor) -> ServerNetworkData:
        mcs_channel_id, count = src.u16(), src.u16()
        if count > MAX_CHANNEL_IDS:
            raise InvalidField(f"{count} channels exceed {MAX_CHANNEL_IDS}", pdu=cls.__name__, offset=src.pos - 2)
        self = cls(mcs_channel_id=mcs_channel_id, channel_id_array=[src.u16() for _ in range(count)])
        if src.remaining:
            src.skip(min(src.remaining, 2 * (count % 2)))
        return self

    def encode_into(self, dst: bytearray) -> None:
        count = len(self.channel_id_array)
        for value in (self.mcs_channel_id, count, *self.channel_id_array):
            u16.encode_into(dst, value)
        dst += bytes(2 * (count % 2))


@pdu
class ServerMessageChannelData(Pdu):
    """Server Message Channel Data (TS_UD_SC_MCS_MSGCHANNEL), [MS-RDPBCGR] 2.2.1.4.5."""

    mcs_channel_id: U16


@pdu
class ServerMultitransportChannelData(Pdu):
    """Server Multitransport Channel Data (TS_UD_SC_MULTITRANSPORT), [MS-RDPBCGR] 2.2.1.4.6."""

    flags: Annotated[MultitransportFlags, u32] = MultitransportFlags(0)


_BLOCKS: dict[UserDataType, tuple[str, type[Pdu]]] = {
    UserDataType.SC_CORE: ("core", ServerCoreData),
    UserDataType.SC_NET: ("network", ServerNetworkData),
    UserDataType.SC_SECURITY: ("security", ServerSecurityData),
    UserDataType.SC_MCS_MSGCHANNEL: ("message_channel", ServerMessageChannelData),
    UserDataType.SC_MULTITRANSPORT: ("multitransport", ServerMultitransportChannelData),
}


@pdu
class ServerGccBlocks(Pdu):
    """The server data blocks, [MS-RDPBCGR] 2.2.1.4, that a GCC Conference Create Response carries, in any order.

    Blocks of other types are kept in `unknown`.  A server that sends no security data does not encrypt.
    """

    core: ServerCoreData
    network: ServerNetworkData
    security: ServerSecurityData = dataclasses.field(default_factory=ServerSecurityData)
    message_channel: ServerMessageChannelData | None = None
    multitransport: ServerMultitransportChannelData | None = None
    unknown: list[UserDataBlock] = dataclasses.field(default_factory=list)

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        return cls(**read_known_blocks(src, _BLOCKS, ("core", "network")))

    def encode_into(self, dst: bytearray) -> None:
        write_known_blocks(dst, self, _BLOCKS)
