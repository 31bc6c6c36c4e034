"""The shared vectors of the security folder."""

from __future__ import annotations

from typing import Any

import pytest

from tests.shared import Case, cases
from trio_rdp.security.auto_reconnect import security_verifier, verify
from trio_rdp.security.credssp import public_key_binding
from trio_rdp.security.licensing_keys import LicensingKeys, master_secret, session_key_blob
from trio_rdp.security.md4 import md4
from trio_rdp.security.ntlm_contexts import InMemoryNtlm
from trio_rdp.security.ntlm_crypto import NtlmV2Response, ntlm_hash, ntowfv2
from trio_rdp.security.ntlm_messages import (
    AuthenticateMessage,
    AvId,
    ChallengeMessage,
    NegotiateFlags,
    NegotiateMessage,
    decode_av_pairs,
    encode_av_pairs,
    message_type,
)
from trio_rdp.security.proprietary_certificate import (
    TERMINAL_SERVICES_SIGNING_KEY,
    ProprietaryServerCertificate,
    server_public_key,
)
from trio_rdp.security.rc4 import Rc4
from trio_rdp.security.tsrequest import TsCredentials, TsPasswordCreds, TsRequest

SEALING = (
    NegotiateFlags.SIGN
    | NegotiateFlags.SEAL
    | NegotiateFlags.EXTENDED_SESSIONSECURITY
    | NegotiateFlags.KEY_128
    | NegotiateFlags.KEY_EXCH
)


class Established(InMemoryNtlm):
    """A context whose exchange is over, with a session key of the test's choice."""

    def __init__(self, usage: str, session_key: bytes) -> None:
        super().__init__(usage)
        self.agreed_key = session_key
        self.step(b"")

    def _step_initiate(self, in_token: bytes | None = None, *, channel_bindings: Any = None) -> bytes:
        self._session_key = self.agreed_key
        self._context_attr = int(SEALING)
        self._complete = True
        return b""

    _step_accept = _step_initiate

    def keys(self) -> tuple[bytes | None, bytes]:
        """The signing and sealing key of what this side sends."""
        assert self._handle_out is not None
        return self._sign_key_out, self._handle_out._key


@pytest.mark.parametrize("case", cases("crypto-rc4"))
def test_rc4(case: Case) -> None:
    key, data = (bytes.fromhex(case.params[name]) for name in ("key", "input"))
    assert Rc4(key).update(data).hex() == case.expected["output"]


@pytest.mark.parametrize("case", cases("crypto-md4"))
def test_md4(case: Case) -> None:
    assert md4(bytes.fromhex(case.params["input"])).hex() == case.expected["digest"]


@pytest.mark.parametrize("case", cases("crypto-auto-reconnect"))
def test_auto_reconnect(case: Case) -> None:
    bits, client_random = (bytes.fromhex(case.params[name]) for name in ("arc_random_bits", "client_random"))
    expected = bytes.fromhex(case.expected["security_verifier"])
    assert security_verifier(bits, client_random) == expected
    assert verify(expected, bits, client_random)


@pytest.mark.parametrize("case", cases("crypto-proprietary-certificate"))
def test_proprietary_certificate(case: Case) -> None:
    expected, params = case.expected, case.params
    certificate = ProprietaryServerCertificate.decode(case.input)
    key = certificate.public_key
    assert certificate.is_signature_valid() is expected["signature_valid"]
    assert key.size * 8 == expected["bit_len"]
    assert key.size + 8 == expected["rsa_key_len_field"]
    assert key.size - 1 == expected["data_len"]
    assert key.exponent == expected["public_exponent"]
    assert key.modulus.to_bytes(key.size, "little").hex() == expected["modulus_le"]
    assert key.encrypt(bytes.fromhex(params["client_random"])).hex() == expected["encrypted_client_random"]
    assert server_public_key(case.input) == key
    assert certificate.encode() == case.input
    signing = params["signing_key"]
    assert TERMINAL_SERVICES_SIGNING_KEY.exponent == signing["public_exponent"]
    assert TERMINAL_SERVICES_SIGNING_KEY.modulus.to_bytes(64, "little").hex() == signing["modulus_le"]


@pytest.mark.parametrize("case", cases("licence-keys"))
def test_licence_keys(case: Case) -> None:
    params, expected = {name: bytes.fromhex(value) for name, value in case.params.items()}, case.expected
    if "mac_salt_key" in params:
        keys = LicensingKeys(params["mac_salt_key"], params["licensing_encryption_key"])
        challenge = keys.crypt(params["encrypted_platform_challenge"])
        assert challenge.hex() == expected["challenge"]
        assert keys.is_mac_valid(challenge, params["mac_data"])
        return
    randoms = params["client_random"], params["server_random"]
    master = master_secret(params["premaster_secret"], *randoms)
    assert master.hex() == expected["master_secret"]
    assert session_key_blob(master, *randoms).hex() == expected["session_key_blob"]
    keys = LicensingKeys.derive(params["premaster_secret"], *randoms)
    assert keys.mac_salt_key.hex() == expected["mac_salt_key"]
    assert keys.licensing_encryption_key.hex() == expected["licensing_encryption_key"]
    assert keys.mac(params["data"]).hex() == expected["mac_of_data"]
    assert keys.crypt(params["data"]).hex() == expected["rc4_of_data"]


@pytest.mark.parametrize("case", cases("credssp-pubkeyauth"))
def test_credssp_pub_key_auth(case: Case) -> None:
    params = {name: bytes.fromhex(value) for name, value in case.params.items() if name != "mechanism"}
    expected = case.expected
    for side, usage in (("client", "initiate"), ("server", "accept")):
        for version, name in ((6, "v5"), (5, "v5"), (4, "v2"), (2, "v2")):
            binding = public_key_binding(
                version,
                is_client=side == "client",
                public_key=params["subject_public_key"],
                nonce=params["client_nonce"],
            )
            if name == "v5":
                assert binding.hex() == expected[f"v5_{side}_hash"]
            context = Established(usage, params["exported_session_key"])
            signing, sealing = context.keys()
            assert signing is not None
            assert signing.hex() == expected[f"{side}_signing_key"]
            assert sealing.hex() == expected[f"{side}_sealing_key"]
            sealed = context.wrap(binding).data
            assert sealed.hex() == expected[f"{name}_{side}_pub_key_auth"]
            peer = Established("accept" if usage == "initiate" else "initiate", params["exported_session_key"])
            assert peer.unwrap(sealed).data == binding


@pytest.mark.parametrize("case", cases("credssp-tsrequest"))
def test_credssp_ts_request(case: Case) -> None:
    request = TsRequest.decode(case.input)
    expected = case.expected
    assert request.version == expected["version"]
    tokens = None if request.nego_tokens is None else [token.hex() for token in request.nego_tokens]
    assert tokens == expected.get("nego_tokens")
    for name in ("auth_info", "pub_key_auth", "client_nonce"):
        value = getattr(request, name)
        assert (None if value is None else value.hex()) == expected.get(name)
    assert request.error_code == expected.get("error_code")
    assert request.encode() == case.input


@pytest.mark.parametrize("case", cases("credssp-tscredentials"))
def test_credssp_ts_credentials(case: Case) -> None:
    expected = case.expected
    credentials = TsCredentials.decode(case.input)
    assert credentials.cred_type == expected["cred_type"]
    creds = TsPasswordCreds.decode(credentials.credentials)
    assert (creds.domain_name, creds.user_name) == (expected["domain"], expected["user"])
    assert creds.password == expected["password"]
    assert TsCredentials(credentials=creds.encode()).encode() == case.input


@pytest.mark.parametrize("case", cases("ntlm"))
def test_ntlm(case: Case) -> None:
    params, expected = case.params, case.expected
    key = ntowfv2(ntlm_hash(params["password"]), params["user"], params["domain"])
    assert key.hex() == expected["response_key_nt"]
    names = ("server_challenge", "client_challenge", "timestamp", "target_info")
    response = NtlmV2Response.compute(key, **{name: bytes.fromhex(params[name]) for name in names})
    assert response.nt_challenge_response.hex() == expected["nt_challenge_response"]
    assert response.nt_challenge_response[:16].hex() == expected["nt_proof_str"]
    assert response.lm_challenge_response.hex() == expected["lm_challenge_response"]
    assert response.session_base_key.hex() == expected["session_base_key"]
    session_key = bytes.fromhex(params["exported_session_key"])
    assert Rc4(response.session_base_key).update(session_key).hex() == expected["encrypted_random_session_key"]
    client, server = Established("initiate", session_key), Established("accept", session_key)
    for context, side in ((client, "client"), (server, "server")):
        signing, sealing = context.keys()
        assert signing is not None
        assert signing.hex() == expected[f"{side}_signing_key"]
        assert sealing.hex() == expected[f"{side}_sealing_key"]
    if "sealed_plaintext" in expected:
        messages = [params["seal_message_utf16le"].encode("utf-16-le")]
        wraps = [{"signature": expected["signature"], "cipher": expected["sealed_plaintext"]}]
    else:
        messages = [bytes.fromhex(message) for message in params["wrapped_messages"]]
        wraps = expected["client_wraps"]
    for message, wrap in zip(messages, wraps, strict=True):
        sealed = client.wrap(message).data
        assert sealed.hex() == wrap["signature"] + wrap["cipher"]
        assert server.unwrap(sealed).data == message


@pytest.mark.parametrize("case", cases("ntlm-hash"))
def test_ntlm_hash(case: Case) -> None:
    params, expected = case.params, case.expected
    nt_hash = bytes.fromhex(params["nt_hash"]) if "nt_hash" in params else ntlm_hash(params["password"])
    assert "ntowfv1" in expected or "ntowfv2" in expected
    if "ntowfv1" in expected:
        assert nt_hash.hex() == expected["ntowfv1"]
    if "ntowfv2" in expected:
        assert ntowfv2(nt_hash, params["user"], params["domain"]).hex() == expected["ntowfv2"]


@pytest.mark.parametrize("case", cases("ntlm-message"))
def test_ntlm_message(case: Case) -> None:
    expected = case.expected
    assert message_type(case.input) == expected["message_type"]
    message: NegotiateMessage | ChallengeMessage | AuthenticateMessage
    if expected["message_type"] == 1:
        message = negotiate = NegotiateMessage.decode(case.input)
        assert (negotiate.domain_name, negotiate.workstation) == (expected["domain"], expected["workstation"])
    elif expected["message_type"] == 2:
        message = challenge = ChallengeMessage.decode(case.input)
        assert challenge.target_name == expected["target_name"]
        assert challenge.server_challenge.hex() == expected["server_challenge"]
        assert challenge.target_info.hex() == expected["target_info_raw"]
        pairs = decode_av_pairs(challenge.target_info)
        shown = [
            {"id": int(av_id), "value": value.hex() if av_id == AvId.TIMESTAMP else value.decode("utf-16-le")}
            for av_id, value in pairs
        ]
        assert shown == expected["target_info"]
        assert encode_av_pairs(pairs) == challenge.target_info
    else:
        message = answer = AuthenticateMessage.decode(case.input)
        assert answer.lm_challenge_response.hex() == expected["lm_response"]
        assert answer.nt_challenge_response.hex() == expected["nt_response"]
        assert (answer.domain_name, answer.user_name) == (expected["domain"], expected["user"])
        assert answer.workstation == expected["workstation"]
        assert answer.encrypted_random_session_key.hex() == expected["encrypted_random_session_key"]
        assert answer.mic is not None
        assert answer.mic.hex() == expected["mic"]
    assert message.negotiate_flags == expected["negotiate_flags"]
    assert message.version.hex() == expected["version"]
    assert type(message).decode(message.encode()) == message
