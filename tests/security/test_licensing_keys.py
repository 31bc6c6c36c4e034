from __future__ import annotations

import hashlib

import pytest

from tests.security.test_proprietary_certificate import certificate
from trio_rdp.security.licensing_keys import (
    PREMASTER_SECRET_SIZE,
    RANDOM_SIZE,
    LicensingKeys,
    encrypt_premaster_secret,
    master_secret,
    session_key_blob,
)
from trio_rdp.wire.errors import DecodeError

CLIENT, SERVER, PREMASTER = b"c" * RANDOM_SIZE, b"s" * RANDOM_SIZE, b"p" * PREMASTER_SECRET_SIZE


def salted(secret: bytes, label: bytes, first: bytes, second: bytes) -> bytes:
    """[MS-RDPELE] 5.1.2: SaltedHash(S, I) = MD5(S + SHA-1 (I + S + ...))."""
    return hashlib.md5(secret + hashlib.sha1(label + secret + first + second).digest()).digest()


def test_the_derivation_is_the_documents() -> None:
    master = b"".join(salted(PREMASTER, label, CLIENT, SERVER) for label in (b"A", b"BB", b"CCC"))
    blob = b"".join(salted(master, label, SERVER, CLIENT) for label in (b"A", b"BB", b"CCC"))
    assert master_secret(PREMASTER, CLIENT, SERVER) == master
    assert session_key_blob(master, CLIENT, SERVER) == blob
    keys = LicensingKeys.derive(PREMASTER, CLIENT, SERVER)
    assert keys.mac_salt_key == blob[:16]
    assert keys.licensing_encryption_key == hashlib.md5(blob[16:32] + CLIENT + SERVER).digest()


def test_data_goes_there_and_back() -> None:
    keys = LicensingKeys.derive(PREMASTER, CLIENT, SERVER)
    assert keys.crypt(keys.crypt(b"hardware id")) == b"hardware id"
    mac = keys.mac(b"hardware id")
    assert keys.is_mac_valid(b"hardware id", mac)
    assert not keys.is_mac_valid(b"hardware ix", mac)
    assert not keys.is_mac_valid(b"hardware id", mac[:8])


def test_the_premaster_secret_is_encrypted_to_the_certificate() -> None:
    encrypted = encrypt_premaster_secret(PREMASTER, certificate())
    assert len(encrypted) == 72
    assert PREMASTER not in encrypted
    with pytest.raises(DecodeError):
        encrypt_premaster_secret(PREMASTER, b"")


def test_keys_are_not_shown() -> None:
    assert repr(LicensingKeys.derive(PREMASTER, CLIENT, SERVER)) == "LicensingKeys()"
