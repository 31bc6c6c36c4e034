from __future__ import annotations

import datetime
import hashlib
import ssl
import subprocess
import sys

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from trio_rdp.security.certificate import (
    describe,
    extract_server_public_key,
    fingerprint,
    make_self_signed,
    subject_public_key,
)
from trio_rdp.wire.errors import DecodeError

NOW = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)
CERTIFICATE, KEY = make_self_signed(["desk.example", "127.0.0.1", "::1"], days=30, now=NOW)
DER = ssl.PEM_cert_to_DER_cert(CERTIFICATE.decode())


def test_fingerprint_is_the_sha_256_of_the_der() -> None:
    assert fingerprint(DER) == hashlib.sha256(DER).hexdigest() == fingerprint(DER).lower()


def test_the_public_key_is_what_the_library_says() -> None:
    expected = (
        x509.load_der_x509_certificate(DER)
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    )
    assert subject_public_key(DER) == extract_server_public_key(DER) == expected


def test_the_public_key_of_an_elliptic_curve_is_its_point() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "curve")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )
    point = key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    assert subject_public_key(certificate) == point
    assert describe(certificate).names == ()


def test_what_is_no_certificate_is_refused() -> None:
    for length in range(0, len(DER), 7):
        with pytest.raises(DecodeError):
            subject_public_key(DER[:length])
    for junk in (b"", b"junk", DER[:-1]):
        with pytest.raises(DecodeError):
            describe(junk)


def test_a_key_of_odd_bits_is_refused() -> None:
    key = subject_public_key(DER)
    assert DER.count(b"\0" + key) == 1
    with pytest.raises(DecodeError, match="unused bits"):
        subject_public_key(DER.replace(b"\0" + key, b"\1" + key))


def test_describe() -> None:
    info = describe(DER)
    assert info.subject == info.issuer == "CN=desk.example"
    assert info.is_self_issued
    assert info.names == ("desk.example", "127.0.0.1", "::1")
    assert info.not_before == NOW - datetime.timedelta(days=1)
    assert info.not_after == NOW + datetime.timedelta(days=30)
    assert info.fingerprint == fingerprint(DER)
    assert not info.is_expired(NOW)
    assert info.is_expired(NOW + datetime.timedelta(days=31))
    assert info.is_expired(NOW - datetime.timedelta(days=2))


def test_what_was_made_serves_and_is_trusted(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("identity") / "both.pem"
    path.write_bytes(CERTIFICATE + KEY)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(path)
    ssl.create_default_context(cadata=CERTIFICATE.decode())


def test_names_that_are_long_or_not_ascii() -> None:
    long = "a" * 60 + ".example.example"
    info = describe(ssl.PEM_cert_to_DER_cert(make_self_signed([long, "müller.example"], days=1, now=NOW)[0].decode()))
    assert info.names == (long, "xn--mller-kva.example")
    assert info.subject == f"CN={long[:64]}"
    with pytest.raises(ValueError, match="needs a name"):
        make_self_signed([], days=1, now=NOW)


def test_pinning_needs_no_big_import() -> None:
    code = "import sys, trio_rdp.security.certificate, trio_rdp.security.credssp; print('cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout.strip() == b"False"
