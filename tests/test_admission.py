from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
import trio
import trio.testing

from tests.identities import identity
from tests.robustness.peers import is_closed
from trio_rdp import admission
from trio_rdp.admission import Admitted, Login, admit
from trio_rdp.client import open_session_over
from trio_rdp.credentials import Accounts
from trio_rdp.protocol.config import ClientConfig, CredentialsSource, Security, ServerConfig
from trio_rdp.protocol.limits import Limits
from trio_rdp.security.ntlm_crypto import ntlm_hash
from trio_rdp.wire.errors import (
    AuthenticationFailed,
    DeadlineExceeded,
    LocalProtocolError,
    NegotiationFailed,
    RdpError,
    SessionClosed,
)

CLIENT = ClientConfig(username="ada", password="secret", certificate_policy="insecure")
EVERY_SECURITY = [Security.NONE, Security.TLS, Security.NLA]


class Meeting:
    """A client that connects to a server, and what the server's side came to."""

    def __init__(self) -> None:
        self.admitted: Admitted | None = None
        self.error: RdpError | None = None

    @property
    def login(self) -> Login:
        assert self.admitted is not None
        return self.admitted.login


@asynccontextmanager
async def meeting(
    security: Security,
    source: CredentialsSource | Accounts | None,
    *,
    client: ClientConfig = CLIENT,
    limits: Limits | None = None,
) -> AsyncIterator[tuple[Meeting, trio.abc.Stream]]:
    ours, theirs = trio.testing.memory_stream_pair()
    found = Meeting()
    config = ServerConfig(security=security, limits=limits or Limits(), detect_network=False)
    accounts = source if isinstance(source, Accounts | None) else Accounts(source)

    async def host() -> None:
        try:
            found.admitted = await admit(theirs, config, accounts, identity())
        except RdpError as exc:
            found.error = exc
            assert await is_closed(theirs)
        else:
            await found.admitted.framed.stream.aclose()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(host)
        yield found, ours


async def enter(
    security: Security, source: CredentialsSource | Accounts | None, client: ClientConfig = CLIENT
) -> Meeting:
    """Connect; gives what the server thinks of it, and raises what the client thinks."""
    async with meeting(security, source) as (found, stream):
        with pytest.raises(RdpError) as caught:  # the server leaves as soon as the connection stands
            await connect(stream, replace(client, security=security))
    if not isinstance(caught.value, SessionClosed):
        raise caught.value
    return found


async def connect(stream: trio.abc.Stream, config: ClientConfig) -> None:
    async with open_session_over(stream, config=config):
        await trio.sleep_forever()


class TestLogins:
    @pytest.mark.parametrize("security", EVERY_SECURITY)
    async def test_the_right_password(self, security: Security) -> None:
        found = await enter(security, {"ada": "secret"})
        assert (found.login.username, found.login.password, found.login.is_proved) == ("ada", "secret", True)

    @pytest.mark.parametrize("security", EVERY_SECURITY)
    @pytest.mark.parametrize(("username", "password"), [("ada", "wrong"), ("ada", ""), ("eve", "secret")])
    async def test_a_wrong_one(self, security: Security, username: str, password: str) -> None:
        async with meeting(security, {"ada": "secret"}) as (found, stream):
            with pytest.raises(AuthenticationFailed):
                await connect(stream, replace(CLIENT, security=security, username=username, password=password))
        assert isinstance(found.error, AuthenticationFailed)

    @pytest.mark.parametrize("security", EVERY_SECURITY)
    @pytest.mark.parametrize(
        ("username", "domain", "expected"),
        [
            ("ADA", "", ("ADA", "")),
            ("LAB\\ada", "", ("ada", "LAB")),
            ("ada", "lab", ("ada", "lab")),
        ],
    )
    async def test_names_and_domains(
        self, security: Security, username: str, domain: str, expected: tuple[str, str]
    ) -> None:
        client = replace(CLIENT, username=username, domain=domain)
        found = await enter(security, {"ada": "secret"}, client)
        assert (found.login.username, found.login.domain) == expected

    @pytest.mark.parametrize("security", EVERY_SECURITY)
    async def test_a_domain_of_its_own(self, security: Security) -> None:
        accounts = {"LAB\\ada": "secret", "ada": "other"}
        found = await enter(security, accounts, replace(CLIENT, domain="lab"))
        assert found.login.domain == "lab"
        with pytest.raises(AuthenticationFailed):
            await enter(security, accounts)

    @pytest.mark.parametrize("security", EVERY_SECURITY)
    async def test_a_function_that_gives_hashes(self, security: Security) -> None:
        async def find(domain: str, user: str) -> bytes | None:
            await trio.lowlevel.checkpoint()
            return ntlm_hash("secret") if user == "ada" else None

        assert (await enter(security, find)).login.username == "ada"
        with pytest.raises(AuthenticationFailed):
            await enter(security, find, replace(CLIENT, username="eve"))

    @pytest.mark.parametrize("security", EVERY_SECURITY)
    async def test_accounts_replaced_at_run_time(self, security: Security) -> None:
        accounts = Accounts({"ada": "secret"})
        await enter(security, accounts)
        accounts.replace({"ada": "changed"})
        with pytest.raises(AuthenticationFailed):
            await enter(security, accounts)
        await enter(security, accounts, replace(CLIENT, password="changed"))

    @pytest.mark.parametrize("security", [Security.NONE, Security.TLS])
    async def test_without_accounts_everybody_enters_and_nothing_is_proved(self, security: Security) -> None:
        found = await enter(security, None, replace(CLIENT, username="LAB\\anybody"))
        assert (found.login.username, found.login.domain, found.login.is_proved) == ("anybody", "LAB", False)

    async def test_a_lookup_that_fails_is_the_programs_error(self) -> None:
        async def find(domain: str, user: str) -> None:
            raise KeyError(user)

        with pytest.RaisesGroup(KeyError, flatten_subgroups=True):
            await enter(Security.NONE, find)

    def test_secrets_are_not_shown(self) -> None:
        assert "hush" not in repr(Login("ada", password="hush"))


class TestRefusals:
    async def test_a_protection_that_is_not_offered(self) -> None:
        async with meeting(Security.NLA, {"ada": "secret"}) as (found, stream):
            with pytest.raises(NegotiationFailed):
                await connect(stream, replace(CLIENT, security=Security.TLS))
        assert isinstance(found.error, NegotiationFailed)

    @pytest.mark.parametrize("security", [Security.TLS, Security.NLA])
    async def test_what_the_program_forgot(self, security: Security) -> None:
        ours, theirs = trio.testing.memory_stream_pair()
        async with trio.open_nursery() as nursery:

            async def client() -> None:
                with pytest.raises(SessionClosed):
                    await connect(ours, replace(CLIENT, security=security))

            nursery.start_soon(client)
            with pytest.raises(LocalProtocolError, match="identity"):
                await admit(theirs, ServerConfig(security=security), None, None)
        assert await is_closed(theirs)

    async def test_a_client_is_read_for_a_while_so_that_it_hears_why(
        self, autojump_clock: trio.testing.MockClock
    ) -> None:
        async with meeting(Security.NONE, {"ada": "secret"}) as (found, stream):
            with pytest.raises(AuthenticationFailed):
                await connect(stream, replace(CLIENT, security=Security.NONE, password="wrong"))
        assert found.error is not None
        assert trio.current_time() <= 0.5

    async def test_a_dead_peer_is_watched_for(self, monkeypatch: pytest.MonkeyPatch) -> None:
        patience: list[float] = []
        monkeypatch.setattr(admission, "keep_alive", lambda stream, dead_peer: patience.append(dead_peer))
        async with meeting(Security.NONE, None, limits=Limits(dead_peer=7.0)) as (_, stream):
            with pytest.raises(RdpError):
                await connect(stream, replace(CLIENT, security=Security.NONE))
        assert patience == [7.0]

    async def test_a_slow_lookup_has_a_deadline(self, autojump_clock: trio.testing.MockClock) -> None:
        async def find(domain: str, user: str) -> None:
            await trio.sleep(1000)

        async with meeting(Security.NLA, find, limits=Limits(authentication=3)) as (found, stream):
            with pytest.raises(RdpError):
                await connect(stream, replace(CLIENT, security=Security.NLA))
        assert isinstance(found.error, DeadlineExceeded)
        assert found.error.phase == "authentication"
