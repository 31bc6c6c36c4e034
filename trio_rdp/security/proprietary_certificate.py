"""Server certificates of their own kind, [MS-RDPBCGR] 2.2.1.4.3.1 and 5.3.3, and the keys in them.

Licensing encrypts its premaster secret to such a certificate whatever protects the connection.  The signature proves
nothing about a server (the signing key is printed in the document), only that the bytes arrived as they were made.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Annotated, Self

from trio_rdp.security.certificate import subject_public_key
from trio_rdp.security.rsa import MAX_MODULUS_BITS, PADDING, RsaPublicKey
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import InvalidField
from trio_rdp.wire.fields import U16, U32, Prefixed, u16
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "TERMINAL_SERVICES_SIGNING_KEY",
    "ProprietaryServerCertificate",
    "RsaPublicKeyBlob",
    "server_public_key",
]

CERT_CHAIN_VERSION_1 = 1
CERT_CHAIN_VERSION_2 = 2
_TEMPORARILY_ISSUED = 0x80000000

_RSA1 = 0x31415352
_MAX_CERTIFICATES = 200  # [MS-RDPELE] 2.2.1.4.2: "the maximum value MUST be 200"

# [MS-RDPBCGR] 5.3.3.1.1, in the document's little-endian order.
TERMINAL_SERVICES_SIGNING_KEY = RsaPublicKey(
    modulus=int.from_bytes(
        bytes.fromhex(
            "3d3a5ebd72433ec94dbbc11e4aba5fcb3e882087eff5c1e2d7b76b9af2524595"
            "ce63656b583afeef7ce7bffe3df65c7d6c5e06091af561bb2093095f056dea87"
        ),
        "little",
    ),
    exponent=0xC0887B5B,
)


@pdu
class RsaPublicKeyBlob(Pdu):
    """RSA Public Key (RSA_PUBLIC_KEY), [MS-RDPBCGR] 2.2.1.4.3.1.1.1."""

    pub_exp: int
    modulus: int

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        magic, key_length, bit_length, data_length, exponent = (src.u32() for _ in range(5))
        if magic != _RSA1:
            raise InvalidField(f"magic {magic:#010x}", pdu=cls.__name__, field="magic", offset=src.pos)
        size = bit_length // 8
        if bit_length > MAX_MODULUS_BITS or bit_length % 8 or key_length != size + PADDING or data_length != size - 1:
            lengths = f"keylen {key_length}, bitlen {bit_length}, datalen {data_length}"
            raise InvalidField(lengths, pdu=cls.__name__, field="keylen", offset=src.pos)
        modulus = int.from_bytes(src.take(size), "little")
        src.skip(PADDING)
        if (modulus.bit_length() + 7) // 8 != size:
            raise InvalidField(f"{modulus.bit_length()} bits of {bit_length}", pdu=cls.__name__, field="modulus")
        return cls(pub_exp=exponent, modulus=modulus)

    def encode_into(self, dst: bytearray) -> None:
        size = (self.modulus.bit_length() + 7) // 8
        for value in (_RSA1, size + PADDING, size * 8, size - 1, self.pub_exp):
            dst += value.to_bytes(4, "little")
        dst += self.modulus.to_bytes(size, "little") + bytes(PADDING)


@pdu
class ProprietaryServerCertificate(Pdu):
    """Server Proprietary Certificate (PROPRIETARYSERVERCERTIFICATE), [MS-RDPBCGR] 2.2.1.4.3.1.1."""

    version: U32 = CERT_CHAIN_VERSION_1
    sig_alg_id: U32 = 1
    key_alg_id: U32 = 1
    public_key_blob_type: U16 = 6
    public_key_blob: Annotated[bytes, Prefixed(u16)]
    signature_blob_type: U16 = 8
    signature_blob: Annotated[bytes, Prefixed(u16)]

    @property
    def public_key(self) -> RsaPublicKey:
        """The server's key; raises `DecodeError` when the blob is none."""
        blob = RsaPublicKeyBlob.decode(self.public_key_blob)
        return RsaPublicKey(blob.modulus, blob.pub_exp)

    def is_signature_valid(self) -> bool:
        """Whether the certificate was signed with the Terminal Services signing key, [MS-RDPBCGR] 5.3.3.1.3."""
        signed = bytearray()
        for value in (self.version, self.sig_alg_id, self.key_alg_id):
            signed += value.to_bytes(4, "little")
        signed += self.public_key_blob_type.to_bytes(2, "little") + len(self.public_key_blob).to_bytes(2, "little")
        signed += self.public_key_blob
        digest = hashlib.md5(signed, usedforsecurity=False).digest()
        # "The 17th byte is 0x00.  The 18th through 62nd bytes are each 0xFF.  The 63rd byte is 0x01."
        expected = digest + b"\x00" + b"\xff" * 45 + b"\x01\x00"
        key = TERMINAL_SERVICES_SIGNING_KEY
        signature = self.signature_blob[: key.size]
        if int.from_bytes(signature, "little") >= key.modulus:
            return False
        return hmac.compare_digest(key.power(signature).to_bytes(key.size, "little"), expected)


def server_public_key(server_certificate: bytes) -> RsaPublicKey:
    """The key of a Server Certificate (SERVER_CERTIFICATE), proprietary or the leaf of an X.509 chain.

    Raises `DecodeError` when there is none.  Signatures are not looked at: nobody the client trusts made them.
    """
    src = Cursor(server_certificate)
    version = src.u32() & ~_TEMPORARILY_ISSUED
    if version == CERT_CHAIN_VERSION_1:
        return ProprietaryServerCertificate.decode(server_certificate).public_key
    if version != CERT_CHAIN_VERSION_2:
        raise InvalidField(f"certificate version {version:#x}", pdu="ServerCertificate", field="dwVersion", offset=0)
    count = src.u32()
    if not 1 <= count <= _MAX_CERTIFICATES:
        raise InvalidField(f"{count} certificates", pdu="X509CertificateChain", field="NumCertBlobs", offset=4)
    leaf = b""
    for _ in range(count):
        leaf = src.take(src.u32())
    # Terminal servers name the key's algorithm with an OID of their own, so only the key itself is read.
    return RsaPublicKey.from_der(subject_public_key(leaf))
