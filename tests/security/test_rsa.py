from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from trio_rdp.security import der
from trio_rdp.security.rsa import RsaPublicKey
from trio_rdp.wire.errors import DecodeError, InvalidField

PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=1024)
NUMBERS = PRIVATE.private_numbers()


def test_the_private_key_opens_what_the_public_one_closed() -> None:
    key = RsaPublicKey(NUMBERS.public_numbers.n, 65537)
    closed = key.encrypt(b"\x01secret\xff")
    assert len(closed) == key.size + 8 == 136
    assert closed[-8:] == bytes(8)
    opened = pow(int.from_bytes(closed, "little"), NUMBERS.d, NUMBERS.public_numbers.n)
    assert opened.to_bytes(8, "little") == b"\x01secret\xff"


def test_pkcs1_keys_are_read() -> None:
    raw = PRIVATE.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    assert RsaPublicKey.from_der(raw) == RsaPublicKey(NUMBERS.public_numbers.n, 65537)
    for length in range(len(raw)):
        with pytest.raises(DecodeError):
            RsaPublicKey.from_der(raw[:length])


def test_what_does_not_fit_is_refused() -> None:
    key = RsaPublicKey(NUMBERS.public_numbers.n, 65537)
    with pytest.raises(InvalidField, match="do not fit"):
        key.encrypt(b"\xff" * 200)


@pytest.mark.parametrize(
    ("modulus", "exponent"),
    [(0, 3), (1 << 511, 3), ((1 << 8192) + 1, 3), ((1 << 511) + 1, 1), ((1 << 511) + 1, 1 << 40)],
)
def test_keys_that_are_none(modulus: int, exponent: int) -> None:
    with pytest.raises(InvalidField):
        RsaPublicKey(modulus, exponent)


def test_a_huge_key_is_refused_before_it_is_a_number() -> None:
    huge = der.write(der.SEQUENCE, der.write(der.INTEGER, b"\x01" * 5000), der.write(der.INTEGER, b"\x03"))
    with pytest.raises(InvalidField, match="5000 bytes"):
        RsaPublicKey.from_der(huge)


def test_repr_is_short() -> None:
    assert repr(RsaPublicKey(NUMBERS.public_numbers.n, 65537)) == "RsaPublicKey(exponent=65537)"
