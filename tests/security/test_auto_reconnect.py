from __future__ import annotations

import hashlib
import hmac

from trio_rdp.security.auto_reconnect import security_verifier, verify

BITS = bytes(range(16))


def test_without_a_client_random_it_counts_as_zeros() -> None:
    expected = hmac.new(BITS, bytes(32), hashlib.md5).digest()
    assert security_verifier(BITS) == expected == security_verifier(BITS, bytes(32))


def test_only_the_right_verifier_is_taken() -> None:
    proof = security_verifier(BITS, b"r" * 32)
    assert verify(proof, BITS, b"r" * 32)
    assert not verify(proof, BITS)
    assert not verify(b"", BITS)
    assert not verify(proof, bytes(16), b"r" * 32)
