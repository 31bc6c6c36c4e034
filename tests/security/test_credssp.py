from __future__ import annotations

import hashlib
import random
import traceback
from collections.abc import Callable, Generator
from typing import Any

import pytest

from trio_rdp.security.credssp import (
    AUTHORIZED,
    ClientExchange,
    CredsspOutcome,
    Hint,
    NeedCredentials,
    NtlmFormRefused,
    Receive,
    Refuse,
    Send,
    ServerCredentials,
    ServerExchange,
    credssp_client,
    credssp_server,
)
from trio_rdp.security.ntlm import NtlmClient, NtlmServer, ntlm_hash
from trio_rdp.security.ntlm_info import NtlmChallengeInfo, NtlmForm, TargetNames
from trio_rdp.security.ntstatus import NtStatus
from trio_rdp.security.tsrequest import CredentialType, TsCredentials, TsPasswordCreds, TsRequest
from trio_rdp.wire.errors import AuthenticationFailed, DecodeError, LocalProtocolError, RdpError, RemoteProtocolError

KEY = b"\x30\x82\x01\x0a the server's public key"
NONCE = bytes(range(32))
FORMS = pytest.mark.parametrize("form", list(NtlmForm), ids=lambda form: form.value)

Answer = str | bytes | Refuse | None


def client(password: str = "Secret1!", user: str = "alice", domain: str = "", **options: Any) -> ClientExchange:
    return credssp_client(user, password, domain, **{"public_key": KEY, "nonce": NONCE, **options})


def server(**options: Any) -> ServerExchange:
    return credssp_server(**{"public_key": KEY, **options})


class Stuck(Exception):
    """Both sides wait: a driver's deadline would end it."""


class Side:
    """One generator, driven over a byte stream as a driver would."""

    def __init__(self, exchange: Generator[Any, Any, Any], answer: Callable[[NeedCredentials], Answer]) -> None:
        self.exchange = exchange
        self.answer = answer
        self.inbox = b""
        self.sent: list[bytes] = []
        self.wants: Receive | None = None
        self.outcome: Any = None
        self.is_over = False
        self.resume(None)

    def resume(self, value: Any) -> None:
        self.wants = None
        try:
            action = self.exchange.send(value)
            while not isinstance(action, Receive):
                if isinstance(action, NeedCredentials):
                    action = self.exchange.send(self.answer(action))
                else:
                    assert isinstance(action, Send)
                    self.sent.append(action.data)
                    action = self.exchange.send(None)
            self.wants = action
        except StopIteration as done:
            self.outcome, self.is_over = done.value, True
        except RdpError as exc:
            self.outcome, self.is_over = exc, True

    def advance(self) -> bool:
        """Take one message out of the inbox."""
        size = None if self.wants is None else self.wants.size(self.inbox)
        if size is None or len(self.inbox) < size:
            return False
        message, self.inbox = self.inbox[:size], self.inbox[size:]
        self.resume(message)
        return True


def run(
    one: ClientExchange,
    other: ServerExchange,
    answer: Answer | Callable[[NeedCredentials], Answer] = "Secret1!",
    *,
    change: Callable[[bool, int, bytes], bytes] = lambda is_client, number, data: data,
) -> tuple[Any, Any]:
    """Let both sides talk until both are over: what each returned or raised.

    `change` may change what one side sent on its way: the sender is the client or not, the message's number, its bytes.
    """
    sides = [Side(one, lambda need: None), Side(other, answer if callable(answer) else lambda need: answer)]
    counts = [0, 0]
    while not all(side.is_over for side in sides):
        moved = False
        for index, side in enumerate(sides):
            peer = sides[1 - index]
            while counts[index] < len(side.sent):
                peer.inbox += change(index == 0, counts[index], side.sent[counts[index]])
                counts[index] += 1
                moved = True
            moved |= peer.advance()
            if side.is_over and not peer.is_over and not peer.advance() and counts[index] == len(side.sent):
                peer.resume(b"")
                moved = True
        if not moved:
            raise Stuck
    return sides[0].outcome, sides[1].outcome


@FORMS
@pytest.mark.parametrize("hybrid_ex", [False, True])
@pytest.mark.parametrize(("client_version", "server_version"), [(6, 6), (5, 6), (6, 5), (5, 5)])
def test_logging_in(form: NtlmForm, hybrid_ex: bool, client_version: int, server_version: int) -> None:
    outcome, credentials = run(
        client(form=form, hybrid_ex=hybrid_ex, max_version=client_version),
        server(hybrid_ex=hybrid_ex, max_version=server_version),
    )
    version = min(client_version, server_version)
    assert outcome == CredsspOutcome(version, form)
    assert credentials == ServerCredentials("", "alice", "Secret1!", version)


@FORMS
@pytest.mark.parametrize("version", [2, 3, 4])
def test_old_versions_when_asked_for(form: NtlmForm, version: int) -> None:
    for ours, theirs in ((version, 6), (6, version)):
        outcome, credentials = run(
            client(form=form, min_version=2, max_version=ours), server(min_version=2, max_version=theirs)
        )
        assert outcome.version == credentials.version == version


def test_old_versions_are_refused_otherwise() -> None:
    outcome, refused = run(client(min_version=2, max_version=4), server())
    assert isinstance(outcome, AuthenticationFailed)
    assert isinstance(refused, AuthenticationFailed)
    assert outcome.ntstatus == NtStatus.STATUS_NOT_SUPPORTED
    assert "CVE-2018-0886" in str(refused)
    # Version 2 has no field to say why.
    outcome, refused = run(client(min_version=2, max_version=2), server())
    assert isinstance(outcome, NtlmFormRefused)
    sent: list[bytes] = []

    def watch(is_client: bool, number: int, data: bytes) -> bytes:
        sent.append(data) if is_client else None
        return data

    outcome, _ = run(client(), server(min_version=2, max_version=4), change=watch)
    assert isinstance(outcome, AuthenticationFailed)
    assert "CVE-2018-0886" in str(outcome)
    assert len(sent) == 1, "no proof of the password goes to such a server"


@FORMS
@pytest.mark.parametrize(
    ("user", "domain", "password"), [("bob", "LAB", "Pässw0rd"), ("jürgen", "bücher", "日本語\U0001f511")]
)
def test_domains_and_other_letters(form: NtlmForm, user: str, domain: str, password: str) -> None:
    asked: list[NeedCredentials] = []

    def look_up(need: NeedCredentials) -> Answer:
        asked.append(need)
        return ntlm_hash(password)

    outcome, credentials = run(client(password, user, domain, form=form), server(), look_up)
    assert isinstance(outcome, CredsspOutcome)
    assert credentials == ServerCredentials(domain, user, password)
    assert asked == [NeedCredentials(user, domain)]


@FORMS
@pytest.mark.parametrize("answer", ["wrong", None], ids=["wrong password", "unknown user"])
@pytest.mark.parametrize("version", [5, 6])
def test_a_wrong_password(form: NtlmForm, answer: str | None, version: int) -> None:
    outcome, refused = run(client(form=form), server(max_version=version), answer)
    for failure in (outcome, refused):
        assert isinstance(failure, AuthenticationFailed)
        assert not isinstance(failure, NtlmFormRefused)
        assert "wrong user name or password" in str(failure)
    # Version 5 has no error code: the client can only guess from the closed connection.
    assert outcome.ntstatus == (NtStatus.STATUS_LOGON_FAILURE if version == 6 else None)
    assert refused.ntstatus == NtStatus.STATUS_LOGON_FAILURE


def test_an_error_code_is_a_signed_number_of_four_bytes() -> None:
    replies: list[bytes] = []

    def watch(is_client: bool, number: int, data: bytes) -> bytes:
        replies.append(data) if not is_client else None
        return data

    run(client(), server(), "wrong", change=watch)
    assert replies[-1].hex() == "300da003020106a4060204c000006d"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (NtStatus.STATUS_PASSWORD_EXPIRED, "the password has expired"),
        (NtStatus.STATUS_ACCOUNT_LOCKED_OUT, "the account is locked"),
        (NtStatus.STATUS_ACCOUNT_DISABLED, "the account is disabled"),
        (NtStatus.STATUS_PASSWORD_MUST_CHANGE, "must be changed"),
        (0xC0001234, "0xc0001234"),
    ],
)
def test_accounts_that_may_not_log_in(status: int, words: str) -> None:
    for answer in (Refuse(status), Refuse(status - (1 << 32))):
        for failure in run(client(), server(), answer):
            assert isinstance(failure, AuthenticationFailed)
            assert words in str(failure)
            assert failure.ntstatus == status


@FORMS
@pytest.mark.parametrize("version", [2, 4, 5, 6])
def test_someone_in_between_with_another_certificate(form: NtlmForm, version: int) -> None:
    options: dict[str, Any] = {"min_version": 2, "max_version": version}
    outcome, refused = run(client(form=form, public_key=b"another key", **options), server(**options))
    assert isinstance(outcome, AuthenticationFailed)
    assert isinstance(refused, AuthenticationFailed)
    assert "someone in between" in str(refused)


def test_a_server_that_does_not_prove_its_key_gets_no_password() -> None:
    """It seals the client's own binding once more: right key of the session, wrong direction."""
    login = NtlmServer()
    side = Side(client(), lambda need: None)
    challenge = login.step(TsRequest.decode(side.sent[0]).token or b"")
    side.resume(TsRequest(nego_tokens=[challenge]).encode())
    request = TsRequest.decode(side.sent[1])
    login.verify(request.token or b"", "Secret1!")
    binding = login.unwrap(request.pub_key_auth or b"")
    side.resume(TsRequest(pub_key_auth=login.wrap(binding)).encode())
    assert isinstance(side.outcome, AuthenticationFailed)
    assert "did not prove" in str(side.outcome)
    assert len(side.sent) == 2


@FORMS
def test_a_closed_connection_tells_when_to_try_the_other_form(form: NtlmForm) -> None:
    side = Side(client(form=form), lambda need: None)
    assert side.wants == Receive(Hint.TS_REQUEST)
    side.resume(b"")
    assert isinstance(side.outcome, NtlmFormRefused)
    assert side.outcome.form is form
    assert side.outcome.other is form.other is not form


def test_freerdps_refusal_of_spnego_tells_it_too() -> None:
    side = Side(client(form=NtlmForm.SPNEGO), lambda need: None)
    side.resume(TsRequest(error_code=0xC00700EA - (1 << 32)).encode())
    assert isinstance(side.outcome, NtlmFormRefused)
    assert side.outcome.other is NtlmForm.RAW
    assert side.outcome.ntstatus == 0xC00700EA


def test_other_errors_before_the_proof_are_final() -> None:
    side = Side(client(), lambda need: None)
    side.resume(TsRequest(error_code=NtStatus.STATUS_NOT_SUPPORTED - (1 << 32)).encode())
    assert type(side.outcome) is AuthenticationFailed
    assert side.outcome.ntstatus == NtStatus.STATUS_NOT_SUPPORTED


@FORMS
def test_a_connection_closed_on_the_proof_is_a_failed_login(form: NtlmForm) -> None:
    """freerdp-shadow 2.11.7 tells a wrong password in no other way; trying again would count against the account."""
    side = Side(client(form=form), lambda need: None)
    challenge = NtlmServer().step(TsRequest.decode(side.sent[0]).token or b"")
    side.resume(TsRequest(nego_tokens=[challenge]).encode())
    side.resume(b"")
    assert type(side.outcome) is AuthenticationFailed
    assert "most likely a wrong user name or password" in str(side.outcome)


def test_freerdps_refusal_of_the_proof_is_a_failed_login() -> None:
    """gnome-remote-desktop 48.1 with FreeRDP 3.15 says the same of a wrong password as of a token in another form."""
    side = Side(client(), lambda need: None)
    challenge = NtlmServer().step(TsRequest.decode(side.sent[0]).token or b"")
    side.resume(TsRequest(nego_tokens=[challenge]).encode())
    side.resume(TsRequest(error_code=0xC00700EA - (1 << 32)).encode())
    assert type(side.outcome) is AuthenticationFailed
    assert "most likely a wrong user name or password" in str(side.outcome)
    assert side.outcome.ntstatus == 0xC00700EA


@pytest.mark.parametrize(
    ("reply", "words"),
    [(b"", "instead of letting the user in"), (b"\x05\0\0\0", "may not log in"), (b"\x07\0\0\0", "result 0x7")],
)
def test_early_user_authorization(reply: bytes, words: str) -> None:
    def change(is_client: bool, number: int, data: bytes) -> bytes:
        return data if is_client or number < 2 else reply

    outcome, credentials = run(client(hybrid_ex=True), server(hybrid_ex=True), change=change)
    assert isinstance(credentials, ServerCredentials)
    assert isinstance(outcome, AuthenticationFailed)
    assert words in str(outcome)


def test_the_authorization_result_is_exactly_four_bytes() -> None:
    hint = Receive(Hint.AUTHORIZATION_RESULT)
    assert hint.size(b"") == hint.size(b"\0\0\0\0 and MCS") == 4
    assert AUTHORIZED == 0


def test_a_server_goes_by_its_names() -> None:
    side = Side(server(names=TargetNames(netbios_computer="DESK")), lambda need: None)
    side.resume(TsRequest(nego_tokens=[NtlmClient("a", "b").start()]).encode())
    token = TsRequest.decode(side.sent[0]).token
    assert token is not None
    assert NtlmChallengeInfo.from_token(token).netbios_computer_name == "DESK"


class Client:
    """A client step by step, for what an honest one does not do."""

    def __init__(self, **options: Any) -> None:
        self.side = Side(server(**options), lambda need: "Secret1!")
        self.login = NtlmClient("alice", "Secret1!")

    def prove(self, **changes: Any) -> None:
        self.side.resume(TsRequest(nego_tokens=[self.login.start()]).encode())
        proof = self.login.prove(TsRequest.decode(self.side.sent[0]).token or b"")
        if "pub_key_auth" not in changes:
            changes["pub_key_auth"] = self.binding()
        fields = {"nego_tokens": [proof], "client_nonce": NONCE, **changes}
        self.side.resume(TsRequest(**fields).encode())

    def binding(self) -> bytes:
        magic = b"CredSSP Client-To-Server Binding Hash\0"
        return self.login.wrap(hashlib.sha256(magic + NONCE + KEY).digest())

    def delegate(self, data: bytes) -> Any:
        self.side.resume(TsRequest(auth_info=self.login.wrap(data)).encode())
        return self.side.outcome


def creds(**fields: str) -> bytes:
    return TsCredentials(credentials=TsPasswordCreds(**fields).encode()).encode()


@pytest.mark.parametrize(
    "delegated",
    [
        creds(),
        TsCredentials(credentials=b"").encode(),
        TsCredentials(cred_type=CredentialType.SMART_CARD, credentials=b"pin").encode(),
    ],
    ids=["empty", "nothing", "smart card"],
)
def test_a_client_may_delegate_nothing(delegated: bytes) -> None:
    peer = Client()
    peer.prove()
    assert peer.delegate(delegated) == ServerCredentials("", "alice", "")


@pytest.mark.parametrize("hybrid_ex", [False, True])
def test_a_client_may_not_delegate_anothers_password(hybrid_ex: bool) -> None:
    peer = Client(hybrid_ex=hybrid_ex)
    peer.prove()
    outcome = peer.delegate(creds(user_name="bob", password="bob's"))
    assert isinstance(outcome, AuthenticationFailed)
    assert peer.side.sent[2:] == ([b"\x05\0\0\0"] if hybrid_ex else [])


def test_who_logged_in_is_who_proved_it() -> None:
    peer = Client()
    peer.prove()
    assert peer.delegate(creds(user_name="root", password="Secret1!")).user == "alice"


@pytest.mark.parametrize(
    "changes",
    [{"client_nonce": None}, {"client_nonce": b"short"}, {"version": 5}, {"nego_tokens": None}, {"error_code": -1}],
)
def test_clients_that_break_the_protocol(changes: dict[str, Any]) -> None:
    peer = Client()
    peer.prove(**changes)
    assert isinstance(peer.side.outcome, RemoteProtocolError)


def test_a_client_that_ends_without_credentials() -> None:
    for last in (b"", TsRequest().encode()):
        peer = Client()
        peer.prove()
        peer.side.resume(last)
        assert isinstance(peer.side.outcome, RemoteProtocolError)


def test_a_binding_may_come_in_a_message_of_its_own() -> None:
    peer = Client()
    peer.prove(pub_key_auth=None)
    assert not peer.side.is_over
    peer.side.resume(TsRequest(pub_key_auth=peer.binding(), client_nonce=NONCE).encode())
    assert isinstance(peer.delegate(creds(password="Secret1!")), ServerCredentials)


def test_a_binding_without_a_login_is_refused() -> None:
    side = Side(server(), lambda need: "Secret1!")
    side.resume(TsRequest(pub_key_auth=b"binding", client_nonce=NONCE).encode())
    assert isinstance(side.outcome, RemoteProtocolError)


def test_a_server_that_forgets_its_binding() -> None:
    side = Side(client(), lambda need: None)
    challenge = NtlmServer().step(TsRequest.decode(side.sent[0]).token or b"")
    side.resume(TsRequest(nego_tokens=[challenge]).encode())
    side.resume(TsRequest().encode())
    assert isinstance(side.outcome, RemoteProtocolError)
    assert "no pubKeyAuth" in str(side.outcome)


def test_nobody_goes_on_for_ever() -> None:
    side = Side(server(), lambda need: None)
    for _ in range(20):
        if side.is_over:
            break
        side.resume(TsRequest(version=6).encode())
    assert isinstance(side.outcome, RemoteProtocolError)
    one = Side(client(), lambda need: None)
    one.resume(TsRequest().encode())
    assert isinstance(one.outcome, RemoteProtocolError)


def test_options_that_cannot_be() -> None:
    for options in ({"nonce": b"short"}, {"min_version": 1}, {"min_version": 6, "max_version": 5}, {"max_version": 9}):
        with pytest.raises(LocalProtocolError):
            next(client(**options))
    with pytest.raises(LocalProtocolError):
        next(server(min_version=7))


@FORMS
def test_changed_bytes_never_end_in_anything_but_an_error_of_ours(form: NtlmForm) -> None:
    choice = random.Random(form.value)
    failures = 0
    for _ in range(150):
        target = choice.random() < 0.5, choice.randrange(3)

        def change(is_client: bool, number: int, data: bytes) -> bytes:
            if (is_client, number) != target:  # noqa: B023
                return data
            changed = bytearray(data)
            for _ in range(choice.randint(1, 3)):
                changed[choice.randrange(len(changed))] = choice.randrange(256)
            return bytes(changed)

        try:
            outcome, credentials = run(client(form=form), server(), change=change)
        except (DecodeError, Stuck):  # `Receive.size` refused the header, or waits for a length that grew
            continue
        failures += isinstance(outcome, RdpError) or isinstance(credentials, RdpError)
        assert isinstance(outcome, RdpError | CredsspOutcome)
        assert isinstance(credentials, RdpError | ServerCredentials)
    assert failures > 50


def test_secrets_are_shown_nowhere() -> None:
    password = "hunter2-hunter2"
    _, credentials = run(client(password), server(), password)
    assert credentials.password == password
    assert password not in repr(credentials)
    for one, other, answer in (
        (client(password), server(), "other-secret"),
        (client(password, public_key=b"x"), server(), password),
        (client(password, min_version=6), server(max_version=5), password),
    ):
        for failure in run(one, other, answer):
            text = "".join(traceback.format_exception(failure)) + repr(failure)
            assert password not in text
            assert "other-secret" not in text
    assert "data" not in repr(Send(b"token"))
