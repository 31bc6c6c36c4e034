from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

import pytest
import trio
import trio.testing

from tests.identities import identity
from trio_rdp import handshake
from trio_rdp.framed import Framed
from trio_rdp.handshake import (
    Upgraded,
    accept_begin,
    accept_credssp,
    accept_finalize,
    advance,
    connect_begin,
    connect_credssp,
    connect_finalize,
    mark_as_upgraded,
    single_sequence_step,
    single_sequence_step_read,
    single_sequence_step_write,
)
from trio_rdp.pdu.client_info import InfoFlags
from trio_rdp.pdu.error_info import ErrorInfo
from trio_rdp.pdu.x224 import SecurityProtocol
from trio_rdp.protocol import secure_settings
from trio_rdp.protocol.client_connector import ClientConnector, ConnectionResult
from trio_rdp.protocol.config import ClientConfig, Security, ServerConfig
from trio_rdp.protocol.server_acceptor import AcceptedConnection, ServerAcceptor
from trio_rdp.protocol.states import ClientConnectorState, ServerAcceptorState
from trio_rdp.security.certificate import subject_public_key
from trio_rdp.security.credssp import NtlmFormRefused, credssp_client, credssp_server
from trio_rdp.security.ntlm_info import NtlmForm
from trio_rdp.security.tsrequest import TsRequest
from trio_rdp.transport import upgrade_client, upgrade_server
from trio_rdp.wire.errors import (
    AuthenticationFailed,
    LocalProtocolError,
    NegotiationFailed,
    RdpError,
    RemoteProtocolError,
    SessionClosed,
)

CLIENT = ClientConfig(username="ada", password="secret", domain="LAB")
SERVER = ServerConfig(detect_network=False)


class Counting(trio.abc.Stream):
    """Counts what is written at a time."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.transport_stream = stream
        self.writes: list[bytes] = []

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        self.writes.append(bytes(data))
        await self.transport_stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self.transport_stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        return await self.transport_stream.receive_some(max_bytes)

    async def aclose(self) -> None:
        await self.transport_stream.aclose()


async def lookup(domain: str, user: str) -> str | None:
    return "secret" if (domain, user) == ("LAB", "ada") else None


async def connect(stream: trio.abc.Stream, config: ClientConfig, form: NtlmForm = NtlmForm.RAW) -> ConnectionResult:
    """The documented way, function by function."""
    connector = ClientConnector(config)
    framed = Framed(stream)
    should_upgrade = await connect_begin(framed, connector)
    key = b""
    if should_upgrade.is_needed:
        inner, leftover = framed.into_inner()
        stream, certificate = await upgrade_client(inner, leftover, host="", port=0, policy="insecure")
        framed, key = Framed(stream), subject_public_key(certificate)
    upgraded = mark_as_upgraded(should_upgrade, connector)
    return await connect_finalize(upgraded, connector, framed, server_public_key=key, server_name="desk", form=form)


async def accept(stream: trio.abc.Stream, config: ServerConfig) -> AcceptedConnection:
    acceptor = ServerAcceptor(config)
    framed = Framed(stream)
    should_upgrade = await accept_begin(framed, acceptor)
    if should_upgrade.is_needed:
        inner, leftover = framed.into_inner()
        framed = Framed(await upgrade_server(inner, leftover, identity=identity()))
    mark_as_upgraded(should_upgrade, acceptor)
    if acceptor.should_perform_credssp:
        proved = await accept_credssp(framed, acceptor, lookup, public_key=identity().public_key)
        assert (proved.domain, proved.user, proved.password) == ("LAB", "ada", "secret")
    with pytest.raises(LocalProtocolError, match="LOGIN"):
        await accept_finalize(framed, acceptor)
    assert acceptor.client_info.user_name == "ada"
    acceptor.accept_login()
    return await accept_finalize(framed, acceptor)


class TestWholeSequence:
    @pytest.mark.parametrize("security", [Security.NONE, Security.TLS, Security.NLA, Security.AUTO | Security.NONE])
    @pytest.mark.parametrize("form", list(NtlmForm))
    async def test_both_sides(self, security: Security, form: NtlmForm) -> None:
        ours, theirs = trio.testing.memory_stream_pair()
        accepted: list[AcceptedConnection] = []

        async def host() -> None:
            accepted.append(await accept(theirs, replace(SERVER, security=security)))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(host)
            result = await connect(ours, replace(CLIENT, security=security), form)
        assert result.selected_protocol == accepted[0].selected_protocol
        assert result.desktop_size == accepted[0].desktop_size
        assert accepted[0].client_info.user_name == "ada"

    async def test_messages_between_which_nothing_is_read_leave_together(self) -> None:
        first, second = trio.testing.memory_stream_pair()
        ours, theirs = Counting(first), Counting(second)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(accept, theirs, replace(SERVER, security=Security.NONE))
            await connect(ours, replace(CLIENT, security=Security.NONE))
        assert len(ours.writes) < 10
        assert len(theirs.writes) < 10


class TestSteps:
    async def test_one_at_a_time(self) -> None:
        ours, theirs = trio.testing.memory_stream_pair()
        connector = ClientConnector(replace(CLIENT, security=Security.NONE))
        acceptor = ServerAcceptor(replace(SERVER, security=Security.NONE))
        client, server = Framed(ours), Framed(theirs)
        written = await single_sequence_step(client, connector)
        assert written.startswith(b"\x03\0")
        assert connector.state is ClientConnectorState.CONNECTION_INITIATION_WAIT_CONFIRM
        assert await single_sequence_step_read(server, acceptor) == b""
        assert acceptor.state is ServerAcceptorState.INITIATION_SEND_CONFIRM
        confirm = await single_sequence_step_read(server, acceptor)
        await single_sequence_step_write(server, confirm)
        await single_sequence_step_write(server, b"")
        assert await single_sequence_step(client, connector) == b""
        assert connector.is_negotiated

    async def test_cancelling_a_read_loses_nothing(self) -> None:
        ours, theirs = trio.testing.memory_stream_pair()
        acceptor = ServerAcceptor(replace(SERVER, security=Security.NONE))
        request = ClientConnector(replace(CLIENT, security=Security.NONE)).step()
        server = Framed(theirs)
        for byte in request[:-1]:
            await ours.send_all(bytes([byte]))
            with trio.move_on_after(0.001) as scope:
                await single_sequence_step_read(server, acceptor)
            assert scope.cancelled_caught
        await ours.send_all(request[-1:])
        await single_sequence_step_read(server, acceptor)
        assert acceptor.state is ServerAcceptorState.INITIATION_SEND_CONFIRM


class TestRefusals:
    async def test_of_the_protocols(self) -> None:
        ours, theirs = trio.testing.memory_stream_pair()
        refused: list[NegotiationFailed] = []

        async def host() -> None:
            with pytest.raises(NegotiationFailed) as caught:
                await accept_begin(Framed(theirs), ServerAcceptor(replace(SERVER, security=Security.NLA)))
            refused.append(caught.value)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(host)
            with pytest.raises(NegotiationFailed) as caught:
                await connect_begin(Framed(ours), ClientConnector(replace(CLIENT, security=Security.TLS)))
        assert caught.value.code is not None
        assert refused

    async def test_of_the_login(self, monkeypatch: pytest.MonkeyPatch) -> None:
        # A client that shows logon errors is told of it later, in its session: `tests/test_server.py`.
        monkeypatch.setattr(secure_settings, "_ALWAYS", secure_settings._ALWAYS.without(InfoFlags.LOGONERRORS))
        ours, theirs = trio.testing.memory_stream_pair()

        async def host() -> None:
            acceptor = ServerAcceptor(replace(SERVER, security=Security.NONE))
            framed = Framed(theirs)
            await accept_begin(framed, acceptor)
            await advance(framed, acceptor, lambda: acceptor.should_check_login)
            acceptor.refuse_login(ErrorInfo.SERVER_DENIED_CONNECTION)
            with pytest.raises(AuthenticationFailed):
                await accept_finalize(framed, acceptor)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(host)
            with pytest.raises(AuthenticationFailed, match="refused"):
                await connect(ours, replace(CLIENT, security=Security.NONE))

    async def test_of_a_password_under_nla(self) -> None:
        ours, theirs = trio.testing.memory_stream_pair()

        async def host() -> None:
            with pytest.raises(AuthenticationFailed):
                await accept(theirs, replace(SERVER, security=Security.NLA))
            await theirs.aclose()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(host)
            with pytest.raises(AuthenticationFailed) as caught:
                await connect(ours, replace(CLIENT, security=Security.NLA, password="wrong"))
        assert caught.value.ntstatus == 0xC000006D

    async def test_of_a_server_that_speaks_too_old_a_version(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(handshake, "credssp_server", partial(credssp_server, max_version=5))
        ours, theirs = trio.testing.memory_stream_pair()

        async def host() -> None:
            with pytest.raises(RdpError):
                await accept(theirs, replace(SERVER, security=Security.NLA))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(host)
            with pytest.raises(AuthenticationFailed, match="server speaks CredSSP version 5, below 6"):
                await connect(ours, replace(CLIENT, security=Security.NLA, credssp_minimum_version=6))
            await ours.aclose()

    async def test_of_a_client_that_speaks_too_old_a_version(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(handshake, "credssp_client", partial(credssp_client, max_version=5))
        ours, theirs = trio.testing.memory_stream_pair()

        async def join() -> None:
            with pytest.raises(RdpError):
                await connect(ours, replace(CLIENT, security=Security.NLA))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(join)
            with pytest.raises(AuthenticationFailed, match="client speaks CredSSP version 5, below 6"):
                await accept(theirs, replace(SERVER, security=Security.NLA, credssp_minimum_version=6))
            await theirs.aclose()


class TestUseOutOfTurn:
    async def test_kerberos_is_not_there(self) -> None:
        connector = ClientConnector(CLIENT)
        framed = Framed(trio.testing.memory_stream_pair()[0])
        upgraded = Upgraded(SecurityProtocol.SSL)
        with pytest.raises(LocalProtocolError, match="Kerberos"):
            await connect_finalize(upgraded, connector, framed, network_client=object())
        with pytest.raises(LocalProtocolError, match="Kerberos"):
            await connect_finalize(upgraded, connector, framed, kerberos_config=object())

    async def test_another_connectors_token(self) -> None:
        ours, theirs = trio.testing.memory_stream_pair()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(accept_begin, Framed(theirs), ServerAcceptor(replace(SERVER, security=Security.NONE)))
            connector = ClientConnector(replace(CLIENT, security=Security.NONE))
            framed = Framed(ours)
            await connect_begin(framed, connector)
        with pytest.raises(LocalProtocolError, match="another connector"):
            await connect_finalize(Upgraded(SecurityProtocol.HYBRID), connector, framed)

    async def test_credssp_needs_the_servers_key(self) -> None:
        ours, theirs = trio.testing.memory_stream_pair()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(accept_begin, Framed(theirs), ServerAcceptor(replace(SERVER, security=Security.NLA)))
            connector = ClientConnector(replace(CLIENT, security=Security.NLA))
            framed = Framed(ours)
            upgraded = mark_as_upgraded(await connect_begin(framed, connector), connector)
        with pytest.raises(LocalProtocolError, match="public key"):
            await connect_finalize(upgraded, connector, framed)


class TestCredssp:
    """What the exchange makes of a peer that leaves, or answers something else."""

    async def meet(self, answer: Callable[[Framed], Awaitable[None]]) -> None:
        ours, theirs = trio.testing.memory_stream_pair()
        connector = ClientConnector(replace(CLIENT, security=Security.NLA))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(accept_begin, Framed(theirs), ServerAcceptor(replace(SERVER, security=Security.NLA)))
            framed = Framed(ours)
            mark_as_upgraded(await connect_begin(framed, connector), connector)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(answer, Framed(theirs))
            await connect_credssp(framed, connector, server_public_key=b"key")

    async def test_closing_before_the_proof_is_about_the_form(self) -> None:
        async def leave(framed: Framed) -> None:
            await framed.aclose()

        with pytest.RaisesGroup(NtlmFormRefused):
            await self.meet(leave)

    async def test_an_error_before_the_broken_pipe_is_heard(self) -> None:
        async def refuse(framed: Framed) -> None:
            await framed.write_all(TsRequest(version=6, error_code=-0x3FFFFF93).encode())
            await framed.aclose()

        with pytest.RaisesGroup(AuthenticationFailed):
            await self.meet(refuse)

    async def test_garbage(self) -> None:
        async def talk(framed: Framed) -> None:
            await framed.write_all(b"HTTP/1.1 400 Bad Request")

        with pytest.RaisesGroup(pytest.RaisesExc(RemoteProtocolError, match="TSRequest")):
            await self.meet(talk)

    async def test_a_goodbye_of_the_layers_above_is_one(self) -> None:
        """What gnome-remote-desktop 43.3 sends on a wrong password, here on the first token."""

        async def deactivate(framed: Framed) -> None:
            await framed.write_all(
                bytes.fromhex("0300001c 02f080 68 fc17 03eb 70 800d 0d00 1600 0000 00000000 0100 00")
            )

        with pytest.RaisesGroup(NtlmFormRefused):
            await self.meet(deactivate)

    async def test_a_client_that_leaves_breaks_the_protocol(self) -> None:
        ours, theirs = trio.testing.memory_stream_pair()
        acceptor = ServerAcceptor(replace(SERVER, security=Security.NLA))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(connect_begin, Framed(ours), ClientConnector(replace(CLIENT, security=Security.NLA)))
            framed = Framed(theirs)
            mark_as_upgraded(await accept_begin(framed, acceptor), acceptor)
        await ours.aclose()
        with pytest.raises(RemoteProtocolError):
            await accept_credssp(framed, acceptor, lookup, public_key=b"key")


async def test_a_stream_that_ends_is_the_end() -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    await theirs.aclose()
    with pytest.raises(SessionClosed):
        await connect_begin(Framed(ours), ClientConnector(CLIENT))
