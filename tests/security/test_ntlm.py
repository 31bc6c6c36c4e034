from __future__ import annotations

import contextlib
import random

import pytest
import spnego
from spnego._context import GSSMech
from spnego._spnego import NegState, NegTokenInit, NegTokenResp, pack_mech_type_list, unpack_token

from trio_rdp.security.ntlm import NtlmClient, NtlmForm, NtlmServer, negotiate_token, ntlm_hash
from trio_rdp.security.ntlm_contexts import Initiator, inner_token
from trio_rdp.security.ntstatus import NtStatus
from trio_rdp.wire.errors import AuthenticationFailed, DecodeError, InvalidField, RdpError

FORMS = pytest.mark.parametrize("form", list(NtlmForm), ids=lambda form: form.value)
MS_KERBEROS, KERBEROS = "1.2.840.48018.1.2.2", "1.2.840.113554.1.2.2"


def log_in(client: NtlmClient, server: NtlmServer, secret: str | bytes | None) -> tuple[str, str]:
    """Run a whole exchange; the identity that the server was told."""
    proof = client.prove(server.step(client.start()))
    identity = server.identity(proof)
    assert identity is not None
    last = server.verify(proof, secret)
    if last is not None:
        client.finish(last)
    return identity


@FORMS
@pytest.mark.parametrize(
    ("user", "domain", "password"),
    [("alice", "", "Secret1!"), ("bob", "LAB", "Pässw0rd"), ("jürgen", "bücher", "日本語\U0001f511"), ("a", "", "")],
)
def test_logging_in(form: NtlmForm, user: str, domain: str, password: str) -> None:
    for secret in (password, ntlm_hash(password)):
        client, server = NtlmClient(user, password, domain, form=form), NtlmServer()
        assert log_in(client, server, secret) == (domain, user)
        assert server.form is form
        for text in (b"", b"one", b"two" * 100):
            assert server.unwrap(client.wrap(text)) == text
            assert client.unwrap(server.wrap(text)) == text


@FORMS
@pytest.mark.parametrize("secret", ["wrong", "", None, bytes(16)])
def test_wrong_passwords_and_unknown_users_are_refused_alike(form: NtlmForm, secret: str | bytes | None) -> None:
    client, server = NtlmClient("alice", "Secret1!", form=form), NtlmServer()
    with pytest.raises(AuthenticationFailed, match="wrong user name or password") as caught:
        log_in(client, server, secret)
    assert caught.value.ntstatus == NtStatus.STATUS_LOGON_FAILURE


@FORMS
def test_a_client_can_log_in_with_a_hash(form: NtlmForm) -> None:
    log_in(NtlmClient("alice", ntlm_hash("Secret1!"), form=form), NtlmServer(), "Secret1!")


@FORMS
def test_changed_messages_are_noticed(form: NtlmForm) -> None:
    client, server = NtlmClient("alice", "pw", form=form), NtlmServer()
    log_in(client, server, "pw")
    for opener, sealed in ((server.unwrap, client.wrap(b"text")), (client.unwrap, server.wrap(b"text"))):
        with pytest.raises(AuthenticationFailed, match="session's key"):
            opener(sealed[:-1] + bytes((sealed[-1] ^ 1,)))
    with pytest.raises(RdpError):
        server.unwrap(b"short")


def test_a_challenge_is_answered_once() -> None:
    """A proof that was seen once is worth nothing against another challenge."""
    client, server = NtlmClient("alice", "pw"), NtlmServer()
    proof = client.prove(server.step(client.start()))
    server.verify(proof, "pw")
    again = NtlmServer()
    again.step(negotiate_token())
    with pytest.raises(AuthenticationFailed):
        again.verify(proof, "pw")


def test_pyspnegos_own_client_logs_in() -> None:
    for protocol, options in (
        ("ntlm", spnego.NegotiateOptions.use_ntlm),
        ("negotiate", spnego.NegotiateOptions.use_negotiate),
    ):
        client = spnego.client("LAB\\bob", "Pässw0rd", protocol=protocol, options=options)
        server = NtlmServer()
        challenge = server.step(client.step() or b"")
        proof = client.step(challenge) or b""
        assert server.identity(proof) == ("LAB", "bob")
        last = server.verify(proof, "Pässw0rd")
        if last is not None:
            client.step(last)
        assert client.complete
        assert server.unwrap(client.wrap(b"text").data) == b"text"


def test_a_client_that_likes_kerberos_best_is_led_to_ntlm() -> None:
    """As mstsc in a domain does: Kerberos first with its token, NTLM behind it."""
    mechanisms = [MS_KERBEROS, KERBEROS, GSSMech.ntlm.value]
    server = NtlmServer()
    chosen = unpack_token(server.step(NegTokenInit(mechanisms, mech_token=b"a Kerberos ticket").pack()))
    assert chosen.supported_mech == GSSMech.ntlm.value
    assert chosen.neg_state == NegState.request_mic
    assert chosen.response_token is None
    initiator = Initiator("alice", ntlm_hash("pw"), "LAB", "", "")
    challenge = unpack_token(server.step(NegTokenResp(response_token=initiator.step(None)).pack()))
    proof = initiator.step(challenge.response_token)
    mic = initiator.sign(pack_mech_type_list(mechanisms))
    initiator._reset_ntlm_crypto_state(outgoing=True)
    token = NegTokenResp(response_token=proof, mech_list_mic=mic).pack()
    assert server.identity(token) == ("LAB", "alice")
    last = unpack_token(server.verify(token, "pw") or b"")
    assert last.neg_state == NegState.accept_complete
    initiator.verify(pack_mech_type_list(mechanisms), last.mech_list_mic)
    initiator._reset_ntlm_crypto_state(outgoing=False)
    assert server.unwrap(initiator.wrap(b"text").data) == b"text"


def test_a_changed_list_of_mechanisms_is_noticed() -> None:
    server = NtlmServer()
    server.step(NegTokenInit([KERBEROS, GSSMech.ntlm.value], mech_token=b"ticket").pack())
    initiator = Initiator("alice", ntlm_hash("pw"), "LAB", "", "")
    challenge = unpack_token(server.step(NegTokenResp(response_token=initiator.step(None)).pack()))
    proof = initiator.step(challenge.response_token)
    mic = initiator.sign(pack_mech_type_list([GSSMech.ntlm.value]))
    with pytest.raises(AuthenticationFailed, match="session's key"):
        server.verify(NegTokenResp(response_token=proof, mech_list_mic=mic).pack(), "pw")


def test_kerberos_alone_is_refused_in_plain_words() -> None:
    for token in (
        NegTokenInit([MS_KERBEROS, KERBEROS], mech_token=b"ticket").pack(),
        # A bare Kerberos token, as rdesktop 1.9 sends it: an application tag, the mechanism's OID, an AP-REQ.
        bytes.fromhex("600d06092a864886f71201020201 00".replace(" ", "")),
    ):
        with pytest.raises(AuthenticationFailed) as caught:
            NtlmServer().step(token)
        assert caught.value.ntstatus == NtStatus.STATUS_NOT_SUPPORTED


def test_steps_out_of_order() -> None:
    client, server = NtlmClient("alice", "pw"), NtlmServer()
    proof = client.prove(server.step(client.start()))
    with pytest.raises(InvalidField, match="before the challenge"):
        NtlmServer().identity(proof)
    with pytest.raises(InvalidField, match="before the challenge"):
        NtlmServer().verify(proof, "pw")
    with pytest.raises(InvalidField, match="message 3 comes first"):
        NtlmServer().step(proof)
    assert NtlmServer().identity(negotiate_token()) is None
    for context in (NtlmClient("alice", "pw"), NtlmServer()):
        with pytest.raises(RdpError):
            context.wrap(b"too early")
        with pytest.raises(RdpError):
            context.unwrap(bytes(40))


@FORMS
def test_any_bytes_are_an_error_of_ours(form: NtlmForm) -> None:
    choice = random.Random(form.value)
    client, server = NtlmClient("alice", "pw", form=form), NtlmServer()
    first = client.start()
    challenge = server.step(first)
    proof = client.prove(challenge)
    tokens = [first, challenge, proof, server.verify(proof, "pw") or b""]
    for _ in range(600):
        token = bytearray(choice.choice(tokens) or b"?")
        for _ in range(choice.randint(1, 4)):
            token[choice.randrange(len(token))] = choice.randrange(256)
        del token[choice.randint(1, len(token)) :]
        if choice.random() < 0.1:
            token = bytearray(choice.randbytes(choice.randint(0, 60)))
        raw = bytes(token)
        victim, other = NtlmServer(), NtlmClient("alice", "pw", form=form)
        other.start()
        begun = NtlmServer()
        begun.step(first)
        for act in (
            lambda: inner_token(raw),  # noqa: B023
            lambda: victim.step(raw),  # noqa: B023
            lambda: begun.identity(raw),  # noqa: B023
            lambda: begun.verify(raw, "pw"),  # noqa: B023
            lambda: other.prove(raw),  # noqa: B023
        ):
            with contextlib.suppress(RdpError):
                act()


def test_tokens_that_hold_nothing() -> None:
    done = NegTokenResp(neg_state=NegState.accept_complete).pack()
    client, server = NtlmClient("alice", "pw", form=NtlmForm.SPNEGO), NtlmServer()
    server.step(client.start())
    with pytest.raises(RdpError):
        client.prove(done)
    # A client that says that all is well has proved nothing.
    with pytest.raises(InvalidField, match="asks for no answer"):
        server.step(done)
    with pytest.raises(DecodeError, match="proof is missing"):
        server.verify(done, "pw")
    with pytest.raises(RdpError):
        server.wrap(b"text")


def test_a_second_challenge_in_place_of_the_first_answer() -> None:
    client = NtlmClient("alice", "pw", form=NtlmForm.SPNEGO)
    with pytest.raises(InvalidField, match="holds no challenge"):
        client.prove(NegTokenInit([GSSMech.ntlm.value]).pack())
