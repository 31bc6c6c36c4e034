from __future__ import annotations

import pytest

from trio_rdp.security.ntlm_crypto import NtlmV2Response, nt_hash_of, ntlm_hash, ntowfv2

# [MS-NLMP] 4.2.1
SERVER_CHALLENGE = bytes.fromhex("0123456789abcdef")
CLIENT_CHALLENGE = b"\xaa" * 8
TARGET_INFO = bytes.fromhex(
    "02000c00"
    "44006f006d00610069006e00"  # MsvAvNbDomainName: Domain
    "01000c00"
    "530065007200760065007200"  # MsvAvNbComputerName: Server
    "00000000"
)


def test_the_documents_hashes() -> None:
    assert ntlm_hash("Password").hex() == "a4f49c406510bdcab6824ee7c30fd852"  # 4.2.2.1.2
    assert ntowfv2(ntlm_hash("Password"), "User", "Domain").hex() == "0c868a403bfd7a93a3001ef22ef02e3f"  # 4.2.4.1.1


def test_the_documents_responses() -> None:
    response = NtlmV2Response.compute(
        ntowfv2(ntlm_hash("Password"), "User", "Domain"),
        server_challenge=SERVER_CHALLENGE,
        client_challenge=CLIENT_CHALLENGE,
        timestamp=bytes(8),
        target_info=TARGET_INFO,
    )
    assert response.lm_challenge_response.hex() == "86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa"  # 4.2.4.2.1
    assert response.nt_challenge_response[:16].hex() == "68cd0ab851e51c96aabc927bebef6a1c"  # 4.2.4.2.2
    assert response.session_base_key.hex() == "8de40ccadbc14a82f15cb0ad0de95ca3"  # 4.2.4.1.2
    assert repr(response) == "NtlmV2Response()"


def test_names_are_mapped_as_windows_does() -> None:
    nt_hash = ntlm_hash("x")
    assert ntowfv2(nt_hash, "jürgen", "") == ntowfv2(nt_hash, "JÜRGEN", "")
    # One character stays one character: Python's upper() would make STRASSE of it.
    assert ntowfv2(nt_hash, "straße", "") == ntowfv2(nt_hash, "STRAßE", "")
    assert ntowfv2(nt_hash, "straße", "") != ntowfv2(nt_hash, "STRASSE", "")
    assert ntowfv2(nt_hash, "user", "lab") != ntowfv2(nt_hash, "user", "LAB")  # the domain is not mapped
    assert ntowfv2(nt_hash, "\ud800", "") != ntowfv2(nt_hash, "", "")


def test_a_secret_is_a_password_or_a_hash() -> None:
    assert nt_hash_of("Password") == nt_hash_of(ntlm_hash("Password")) == ntlm_hash("Password")
    # pyspnego would take this password for a pair of hashes.
    assert nt_hash_of("0" * 32 + ":" + "0" * 32) != bytes(16)
    with pytest.raises(ValueError, match="16 bytes"):
        nt_hash_of(b"short")
