"""TLS certificates as RDP looks at them: fingerprints to pin, the public key that CredSSP binds to, names to show.

`cryptography` is imported where a function needs it: pinning and binding do not, and it takes 60 ms.
"""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trio_rdp.security import der
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import InvalidField

if TYPE_CHECKING:
    from cryptography import x509

__all__ = [
    "CertificateInfo",
    "describe",
    "extract_server_public_key",
    "fingerprint",
    "make_self_signed",
    "subject_public_key",
]

_COMMON_NAME_LIMIT = 64  # ub-common-name, RFC 5280 appendix A.1


def fingerprint(certificate: bytes) -> str:
    """The SHA-256 of a DER certificate, in lower-case hex."""
    return hashlib.sha256(certificate).hexdigest()


def subject_public_key(certificate: bytes) -> bytes:
    """The contents of a DER certificate's subjectPublicKey, which CredSSP binds to, [MS-CSSP] 3.1.5.

    For RSA these are the bytes of a PKCS #1 key, for elliptic curves the point.  Raises `DecodeError` for bytes that
    are no certificate; everything else in it may be as odd as it likes.
    """
    body = der.read(der.read(Cursor(certificate), der.SEQUENCE), der.SEQUENCE)
    der.read_optional(body, der.context(0))  # version
    for _ in range(5):  # serialNumber, signature, issuer, validity, subject
        der.read_any(body)
    key_info = der.read(body, der.SEQUENCE)
    der.read(key_info, der.SEQUENCE)  # algorithm
    key = der.read(key_info, der.BIT_STRING)
    if key.u8() != 0:
        raise InvalidField("a public key with unused bits", field="subjectPublicKey", offset=key.pos)
    return key.rest()


extract_server_public_key = subject_public_key


@dataclass(frozen=True)
class CertificateInfo:
    """What a person wants to know about a certificate before trusting it."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime.datetime
    not_after: datetime.datetime
    fingerprint: str

    def is_expired(self, now: datetime.datetime) -> bool:
        """Whether `now` (with a time zone) is outside the certificate's validity."""
        return not self.not_before <= now <= self.not_after

    @property
    def is_self_issued(self) -> bool:
        """Whether subject and issuer are the same."""
        return self.subject == self.issuer


def describe(certificate: bytes) -> CertificateInfo:
    """Read the names, issuer and validity of a DER certificate; raises `DecodeError` when it cannot be read."""
    from cryptography import x509

    try:
        parsed = x509.load_der_x509_certificate(certificate)
        return CertificateInfo(
            subject=parsed.subject.rfc4514_string(),
            issuer=parsed.issuer.rfc4514_string(),
            names=_alternative_names(parsed),
            not_before=parsed.not_valid_before_utc,
            not_after=parsed.not_valid_after_utc,
            fingerprint=fingerprint(certificate),
        )
    except (ValueError, x509.InvalidVersion, x509.DuplicateExtension) as exc:
        raise InvalidField(f"not a certificate: {exc}") from None


def _alternative_names(parsed: x509.Certificate) -> tuple[str, ...]:
    from cryptography import x509

    try:
        extension = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    names = extension.value
    return (*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress)))


def make_self_signed(names: Sequence[str], *, days: int, now: datetime.datetime) -> tuple[bytes, bytes]:
    """Make a self-signed server certificate for host names and addresses: its PEM, and its private key's PEM.

    The key is RSA with 2048 bits, which every RDP client takes.  Validity starts a day before `now` (with a time zone),
    because clocks differ.  It takes some tenths of a second.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    if not names:
        raise ValueError("a certificate needs a name")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:_COMMON_NAME_LIMIT])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return (
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )


def _general_name(name: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name.encode("idna").decode())
