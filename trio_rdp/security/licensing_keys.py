"""The keys of a licensing exchange and what is done with them, [MS-RDPELE] 5.1.

Randoms and the premaster secret are arguments; the session key that results has nothing to do with the one that
protects the connection.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Self

from trio_rdp.security.proprietary_certificate import server_public_key
from trio_rdp.security.rc4 import Rc4

__all__ = [
    "PREMASTER_SECRET_SIZE",
    "RANDOM_SIZE",
    "LicensingKeys",
    "encrypt_premaster_secret",
    "master_secret",
    "session_key_blob",
]

RANDOM_SIZE = 32
PREMASTER_SECRET_SIZE = 48


def _md5(*parts: bytes) -> bytes:
    return hashlib.md5(b"".join(parts)).digest()  # noqa: S324


def _sha1(*parts: bytes) -> bytes:
    return hashlib.sha1(b"".join(parts)).digest()  # noqa: S324


def _expand(secret: bytes, first_random: bytes, second_random: bytes) -> bytes:
    """SaltedHash('A') + SaltedHash('BB') + SaltedHash('CCC')."""
    return b"".join(_md5(secret, _sha1(label, secret, first_random, second_random)) for label in (b"A", b"BB", b"CCC"))


def master_secret(premaster_secret: bytes, client_random: bytes, server_random: bytes) -> bytes:
    """Derive the 48-byte master secret."""
    return _expand(premaster_secret, client_random, server_random)


def session_key_blob(master: bytes, client_random: bytes, server_random: bytes) -> bytes:
    """Derive the 48-byte session key blob; the randoms change places here."""
    return _expand(master, server_random, client_random)


@dataclass(frozen=True)
class LicensingKeys:
    """What both sides of a licensing exchange share."""

    mac_salt_key: bytes = field(repr=False)
    licensing_encryption_key: bytes = field(repr=False)

    @classmethod
    def derive(cls, premaster_secret: bytes, client_random: bytes, server_random: bytes) -> Self:
        """Derive both keys, [MS-RDPELE] 5.1.2."""
        blob = session_key_blob(
            master_secret(premaster_secret, client_random, server_random), client_random, server_random
        )
        return cls(blob[:16], _md5(blob[16:32], client_random, server_random))

    def crypt(self, data: bytes) -> bytes:
        """Encrypt or decrypt one field of a licensing message, [MS-RDPELE] 5.1.3; each field starts the key anew."""
        return Rc4(self.licensing_encryption_key).update(data)

    def mac(self, data: bytes) -> bytes:
        """The 16-byte MACData over decrypted data, [MS-RDPELE] 5.1.5."""
        length = len(data).to_bytes(4, "little")
        return _md5(self.mac_salt_key, b"\x5c" * 48, _sha1(self.mac_salt_key, b"\x36" * 40, length, data))

    def is_mac_valid(self, data: bytes, mac_data: bytes) -> bool:
        """Whether a peer's MACData belongs to this decrypted data."""
        return hmac.compare_digest(self.mac(data), mac_data)


def encrypt_premaster_secret(premaster_secret: bytes, server_certificate: bytes) -> bytes:
    """Encrypt the premaster secret to a Server Certificate, proprietary or X.509; raises `DecodeError` for others."""
    return server_public_key(server_certificate).encrypt(premaster_secret)
