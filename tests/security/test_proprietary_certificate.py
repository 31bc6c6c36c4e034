from __future__ import annotations

import contextlib
import datetime
import hashlib
import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.security.certificate import make_self_signed, subject_public_key
from trio_rdp.security.proprietary_certificate import (
    CERT_CHAIN_VERSION_2,
    TERMINAL_SERVICES_SIGNING_KEY,
    ProprietaryServerCertificate,
    RsaPublicKeyBlob,
    server_public_key,
)
from trio_rdp.security.rsa import RsaPublicKey
from trio_rdp.wire.errors import DecodeError, InvalidField, Truncated

# [MS-RDPBCGR] 5.3.3.1.1, the private exponent, in little-endian order.
SIGNING_EXPONENT = int.from_bytes(
    bytes.fromhex(
        "87a71932da11875558001616256568f8243ee6fae9674994cf92cc3399e80860"
        "179a129f24ddb12499c73ab80a7b0ddd350779170b519bb3c7100113e73ff35f"
    ),
    "little",
)
# [MS-RDPBCGR] 5.3.3.1.2, "an example of public key bytes".
KEY_BLOB = bytes.fromhex(
    "52534131"  # magic
    "48000000"  # keylen: 72
    "00020000"  # bitlen: 512
    "3f000000"  # datalen: 63
    "01000100"  # pubExp: 65537
    "affe36f2c5a1442e47c131a7dbc6670264715c00c9b6b304d0899fe76b24e8e8"
    "e52d0b13a90c6d4d915ee8f6b31717e39fc54d4abafab92a1bfb10dd918c60b7"  # modulus
    "0000000000000000"
)


def certificate() -> bytes:
    """The document's example key, signed as 5.3.3.1.2 says."""
    head = bytes.fromhex("01000000 01000000 01000000 0600 5c00") + KEY_BLOB
    signed = hashlib.md5(head).digest() + b"\x00" + b"\xff" * 45 + b"\x01"
    signature = pow(int.from_bytes(signed, "little"), SIGNING_EXPONENT, TERMINAL_SERVICES_SIGNING_KEY.modulus)
    return head + bytes.fromhex("0800 4800") + signature.to_bytes(64, "little") + bytes(8)


def test_the_documents_key() -> None:
    decoded = ProprietaryServerCertificate.decode(certificate())
    assert decoded.is_signature_valid()
    assert decoded.public_key.exponent == 65537
    assert decoded.public_key.size == 64
    assert decoded.encode() == certificate()
    assert RsaPublicKeyBlob.decode(KEY_BLOB).encode() == KEY_BLOB
    assert server_public_key(certificate()) == decoded.public_key


@pytest.mark.parametrize("position", [4, 30, 120, 150])
def test_a_changed_bit_is_noticed(position: int) -> None:
    changed = bytearray(certificate())
    changed[position] ^= 1
    assert not ProprietaryServerCertificate.decode(bytes(changed)).is_signature_valid()


def test_a_signature_beyond_the_modulus_is_none() -> None:
    decoded = ProprietaryServerCertificate.decode(certificate())
    decoded.signature_blob = b"\xff" * 72
    assert not decoded.is_signature_valid()


def test_temporary_certificates_are_taken() -> None:
    temporary = bytearray(certificate())
    temporary[3] = 0x80
    assert server_public_key(bytes(temporary)).exponent == 65537


@pytest.mark.parametrize(
    "blob",
    [
        b"\x00" + KEY_BLOB[1:],
        KEY_BLOB[:4] + b"\x49" + KEY_BLOB[5:],
        KEY_BLOB[:9] + b"\x03" + KEY_BLOB[10:],
        KEY_BLOB[:12] + b"\x40" + KEY_BLOB[13:],
        KEY_BLOB[:8] + b"\xff\xff\xff\xff" + KEY_BLOB[12:],
        KEY_BLOB[:-9] + bytes(9),
    ],
)
def test_key_blobs_that_are_none(blob: bytes) -> None:
    with pytest.raises(InvalidField):
        RsaPublicKeyBlob.decode(blob)


def test_truncations() -> None:
    whole = certificate()
    for length in range(len(whole)):
        with pytest.raises(Truncated):
            ProprietaryServerCertificate.decode(whole[:length])


def certificate_chain(certificates: list[bytes]) -> bytes:
    """An X.509 Certificate Chain as a Server Certificate, root first, [MS-RDPELE] 2.2.1.4.2."""
    blobs = b"".join(len(blob).to_bytes(4, "little") + blob for blob in certificates)
    count = len(certificates)
    head = CERT_CHAIN_VERSION_2.to_bytes(4, "little") + count.to_bytes(4, "little")
    return head + blobs + bytes(8 + 4 * count)


def test_a_chains_last_certificate_counts() -> None:
    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    leaf = ssl.PEM_cert_to_DER_cert(make_self_signed(["leaf"], days=1, now=now)[0].decode())
    chain = certificate_chain([b"whatever the root is", leaf])
    assert server_public_key(chain) == RsaPublicKey.from_der(subject_public_key(leaf))
    with pytest.raises(DecodeError):
        server_public_key(certificate_chain([leaf, b"no certificate"]))


@pytest.mark.parametrize("head", ["03000000", "0200000000000000", "02000000c9000000", "02000000ffffffff"])
def test_other_certificates_are_refused(head: str) -> None:
    with pytest.raises(InvalidField):
        server_public_key(bytes.fromhex(head) + bytes(20))


@given(st.binary(max_size=64))
def test_any_bytes(data: bytes) -> None:
    for prefix in (b"", b"\x01\0\0\0", b"\x02\0\0\0\x01\0\0\0"):
        with contextlib.suppress(DecodeError):
            server_public_key(prefix + data)
