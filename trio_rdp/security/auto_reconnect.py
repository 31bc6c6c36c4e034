"""Automatic reconnection, [MS-RDPBCGR] 5.5: the proof that a client was the last one in a session."""

from __future__ import annotations

import hashlib
import hmac

__all__ = ["NO_CLIENT_RANDOM", "security_verifier", "verify"]

# "When Enhanced RDP Security is in effect the client random value is not generated ... assumed to be an array of 32
# zero bytes."
NO_CLIENT_RANDOM = bytes(32)


def security_verifier(arc_random_bits: bytes, client_random: bytes = NO_CLIENT_RANDOM) -> bytes:
    """Derive the 16-byte verifier of a Client Auto-Reconnect Packet from the random bits of the server's."""
    return hmac.new(arc_random_bits, client_random, hashlib.md5).digest()


def verify(verifier: bytes, arc_random_bits: bytes, client_random: bytes = NO_CLIENT_RANDOM) -> bool:
    """Whether a client's verifier proves these random bits, in a time that does not tell how nearly."""
    return hmac.compare_digest(verifier, security_verifier(arc_random_bits, client_random))
