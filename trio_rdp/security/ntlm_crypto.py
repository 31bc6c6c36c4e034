"""What NTLMv2 computes from a password, [MS-NLMP] 3.3.1 and 3.3.2."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import Self

from trio_rdp.security.md4 import md4

__all__ = ["NtlmV2Response", "hmac_md5", "nt_hash_of", "ntlm_hash", "ntowfv2"]

NT_HASH_SIZE = 16


def ntlm_hash(password: str) -> bytes:
    """The 16-byte NT hash of a password (NTOWFv1): as good as the password itself, so keep it as secret."""
    return md4(password.encode("utf-16-le", "surrogatepass"))


def nt_hash_of(secret: str | bytes) -> bytes:
    """The NT hash of a password, or the 16 bytes that already are one."""
    if isinstance(secret, str):
        return ntlm_hash(secret)
    if len(secret) != NT_HASH_SIZE:
        raise ValueError(f"an NT hash has {NT_HASH_SIZE} bytes, not {len(secret)}")
    return bytes(secret)


def hmac_md5(key: bytes, data: bytes) -> bytes:
    """HMAC-MD5, [MS-NLMP] 6."""
    return hmac.digest(key, data, "md5")


def ntowfv2(nt_hash: bytes, user: str, domain: str) -> bytes:
    """The key that NTLMv2 proofs are made with (NTOWFv2)."""
    # Windows maps character by character, so that "ß" stays itself where Python's upper() makes "SS" of it.
    upper = "".join(mapped if len(mapped := char.upper()) == 1 else char for char in user)
    return hmac_md5(nt_hash, (upper + domain).encode("utf-16-le", "surrogatepass"))


@dataclass(frozen=True)
class NtlmV2Response:
    """An answer to a server's challenge."""

    nt_challenge_response: bytes = field(repr=False)
    lm_challenge_response: bytes = field(repr=False)
    session_base_key: bytes = field(repr=False)

    @classmethod
    def compute(
        cls, key: bytes, *, server_challenge: bytes, client_challenge: bytes, timestamp: bytes, target_info: bytes
    ) -> Self:
        """Answer a challenge with the key of `ntowfv2`, [MS-NLMP] 3.3.2."""
        # NTLMv2_CLIENT_CHALLENGE, [MS-NLMP] 2.2.2.7, and the four zero bytes that follow it.
        blob = b"\x01\x01" + bytes(6) + timestamp + client_challenge + bytes(4) + target_info + bytes(4)
        proof = hmac_md5(key, server_challenge + blob)
        lm_proof = hmac_md5(key, server_challenge + client_challenge)
        return cls(proof + blob, lm_proof + client_challenge, hmac_md5(key, proof))
