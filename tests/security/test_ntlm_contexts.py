from __future__ import annotations

import inspect
import logging
import random
import socket

import pytest
import spnego
import spnego._ntlm
from spnego._context import ContextProxy, GSSMech
from spnego._negotiate import NegotiateProxy
from spnego._ntlm import NTLMProxy
from spnego._ntlm_raw.security import sign

from tests.security.test_ntlm import FORMS, log_in
from trio_rdp.security.ntlm import NtlmClient, NtlmForm, NtlmServer, negotiate_token, ntlm_hash
from trio_rdp.security.ntlm_contexts import Acceptor, Initiator, inner_token
from trio_rdp.security.ntlm_info import TargetNames
from trio_rdp.security.ntlm_messages import (
    AuthenticateMessage,
    AvId,
    ChallengeMessage,
    NegotiateFlags,
    NegotiateMessage,
    decode_av_pairs,
    encode_av_pairs,
)
from trio_rdp.security.ntstatus import NtStatus
from trio_rdp.wire.errors import AuthenticationFailed, InvalidField, LocalProtocolError, RdpError


def exchange() -> tuple[bytes, bytes]:
    """A challenge, and alice's proof against it."""
    initiator, acceptor = Initiator("alice", ntlm_hash("pw"), "LAB", "HOST", ""), Acceptor(TargetNames())
    challenge = acceptor.step(initiator.step(None)) or b""
    return challenge, initiator.step(challenge) or b""


def acceptor_of(challenge: bytes) -> Acceptor:
    """An acceptor that sent this challenge, and knows alice's hash."""
    acceptor = Acceptor(TargetNames())
    acceptor.negotiate, acceptor.challenge = negotiate_token(), challenge
    acceptor.server_challenge = ChallengeMessage.decode(challenge).server_challenge
    acceptor.nt_hash = ntlm_hash("pw")
    return acceptor


def test_every_changed_bit_of_a_proof_is_noticed() -> None:
    """The MIC covers what the proof does not."""
    challenge, proof = exchange()
    acceptor_of(challenge).step(proof)
    choice = random.Random(1)
    for position in range(len(proof)):
        changed = bytearray(proof)
        changed[position] ^= 1 << choice.randrange(8)
        with pytest.raises(RdpError):
            acceptor_of(challenge).step(bytes(changed))


def answer(challenge: bytes, **changes: object) -> bytes:
    """An AUTHENTICATE_MESSAGE with the right proof, then changed."""
    initiator = Initiator("alice", ntlm_hash("pw"), "", "", "")
    initiator.step(None)
    proof = initiator.step(challenge)
    assert proof is not None
    message = AuthenticateMessage.decode(proof)
    for name, value in changes.items():
        setattr(message, name, value)
    return message.encode()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"user_name": ""}, "anonymous"),
        ({"negotiate_flags": NegotiateFlags(0xE2888A35)}, "anonymous"),
        ({"nt_challenge_response": bytes(24)}, "NTLMv1"),
        ({"nt_challenge_response": b""}, "NTLMv1"),
        ({"negotiate_flags": NegotiateFlags.UNICODE}, "128-bit"),
        ({"encrypted_random_session_key": b"short"}, "session key"),
        ({"workstation": "other"}, "changed on their way"),
        ({"mic": None}, "changed on their way"),
        ({"user_name": "bob"}, "wrong user name"),
        ({"domain_name": "LAB"}, "wrong user name"),
    ],
)
def test_weak_and_forged_proofs_are_refused(changes: dict[str, object], reason: str) -> None:
    server = NtlmServer()
    challenge = server.step(negotiate_token())
    with pytest.raises(AuthenticationFailed, match=reason) as caught:
        server.verify(answer(challenge, **changes), "pw")
    assert caught.value.ntstatus == NtStatus.STATUS_LOGON_FAILURE


def test_changed_signatures_are_noticed() -> None:
    client, server = NtlmClient("alice", "pw"), NtlmServer()
    log_in(client, server, "pw")
    sealed = client.wrap(b"text")
    with pytest.raises(AuthenticationFailed, match="session's key"):
        server.unwrap(bytes((sealed[0] ^ 1,)) + sealed[1:])


def test_weak_peers_are_refused() -> None:
    weak = NegotiateMessage(negotiate_flags=NegotiateFlags.UNICODE | NegotiateFlags.NTLM).encode()
    with pytest.raises(AuthenticationFailed, match="client's NTLM is too weak"):
        Acceptor(TargetNames()).step(weak)
    initiator = Initiator("alice", ntlm_hash("pw"), "", "", "")
    initiator.step(None)
    with pytest.raises(AuthenticationFailed, match="server's NTLM is too weak"):
        initiator.step(ChallengeMessage(negotiate_flags=NegotiateFlags.UNICODE, server_challenge=bytes(8)).encode())
    assert not initiator.complete


def test_no_key_before_the_end() -> None:
    with pytest.raises(LocalProtocolError, match="no session key"):
        Acceptor(TargetNames()).verify(b"", b"")


def test_a_server_that_tells_no_time_and_unknown_things() -> None:
    """An old server: no MIC then, an LM response, and its own AV pairs come back as they were."""
    initiator = Initiator("alice", ntlm_hash("pw"), "", "", "TERMSRV/desk")
    acceptor = Acceptor(TargetNames())
    acceptor.negotiate = initiator.step(None) or b""
    flags = NegotiateMessage.decode(acceptor.negotiate).negotiate_flags.without(NegotiateFlags.KEY_EXCH)
    message = ChallengeMessage(negotiate_flags=flags, server_challenge=b"12345678")
    pairs = [(AvId.NB_COMPUTER_NAME, b"X\0"), (AvId(77), b"?"), (AvId.SINGLE_HOST, b"odd")]
    message.target_info = encode_av_pairs(pairs)
    acceptor.challenge, acceptor.server_challenge = message.encode(), message.server_challenge
    proof = initiator.step(acceptor.challenge)
    assert proof is not None
    decoded = AuthenticateMessage.decode(proof)
    told = decode_av_pairs(decoded.nt_challenge_response[44:])
    assert told == [*pairs, (AvId.TARGET_NAME, "TERMSRV/desk".encode("utf-16-le"))]
    assert decoded.lm_challenge_response != bytes(24)
    assert decoded.encrypted_random_session_key == b""
    acceptor.nt_hash = ntlm_hash("pw")
    acceptor.step(proof)
    assert acceptor.unwrap(initiator.wrap(b"text").data).data == b"text"


@FORMS
def test_the_environment_is_not_read(form: NtlmForm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LM_COMPAT_LEVEL", "garbage")
    monkeypatch.setenv("NTLM_USER_FILE", "/nonexistent")
    monkeypatch.setenv("NETBIOS_COMPUTER_NAME", "LEAKED")

    def refuse() -> str:
        raise AssertionError("the host's name was asked for")

    monkeypatch.setattr(socket, "gethostname", refuse)
    monkeypatch.setattr(spnego._ntlm, "_get_workstation", refuse)
    monkeypatch.setattr(spnego._ntlm, "_get_credential_file", refuse)
    client, server = NtlmClient("alice", "pw", form=form, workstation="SHOWN"), NtlmServer()
    proof = client.prove(server.step(client.start()))
    message = inner_token(proof)
    assert message is not None
    assert AuthenticateMessage.decode(message).workstation == "SHOWN"
    server.verify(proof, "pw")


@FORMS
def test_pyspnego_logs_nothing_of_ours(form: NtlmForm, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        log_in(NtlmClient("alice", "pw", form=form), NtlmServer(), "pw")
        with pytest.raises(InvalidField):
            NtlmServer().step(b"junk")
        assert caplog.records == []
        # Others in the process keep their logs.
        spnego.client("u", "p", protocol="negotiate", options=spnego.NegotiateOptions.use_negotiate).step()
        assert any("SPNEGO step output" in record.getMessage() for record in caplog.records)


def test_errors_do_not_quote_tokens() -> None:
    with pytest.raises(InvalidField) as caught:
        NtlmServer().step(b"\x60\x10secret secret secret")
    assert "secret" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_the_private_names_of_pyspnego_that_are_used_are_there() -> None:
    """What a new pyspnego must still have; when this fails, `ntlm.py` must be read beside it."""
    stock = NTLMProxy("user", "password", usage="initiate", protocol="ntlm")
    ours = Initiator("user", bytes(16), "", "", "")
    # The constructor that we replace sets just these attributes.
    extra = {"negotiate", "challenge", "user_name", "domain", "workstation", "target_name", "nt_hash"}
    assert set(vars(ours)) - extra == set(vars(stock))
    ours.step(None)
    for name in ("_step_initiate", "_step_accept", "_reset_ntlm_crypto_state", "step", "wrap", "unwrap", "verify"):
        assert callable(getattr(NTLMProxy, name))
    for name in ("_seq_num_in", "_seq_num_out", "_requires_mech_list_mic", "complete"):
        assert isinstance(getattr(NTLMProxy, name), property)
    assert list(inspect.signature(ContextProxy.__init__).parameters) == [
        "self",
        "credentials",
        "hostname",
        "service",
        "channel_bindings",
        "context_req",
        "usage",
        "protocol",
        "options",
    ]
    assert list(inspect.signature(sign).parameters) == ["flags", "handle", "signing_key", "seq_num", "b_data"]
    assert "_negotiate_contexts" in inspect.getsource(NegotiateProxy.__init__)
    assert "available_protocols" in vars(NegotiateProxy)
    assert GSSMech.ntlm.value == "1.3.6.1.4.1.311.2.2.10"
    assert {"spnego._ntlm", "spnego._negotiate"} <= set(logging.root.manager.loggerDict)
