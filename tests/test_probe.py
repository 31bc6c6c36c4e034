from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import pytest
import trio

from tests.identities import identity
from trio_rdp.pdu import tpkt
from trio_rdp.pdu.x224 import ConnectionConfirm, ConnectionRequest
from trio_rdp.probe import PROTOCOLS, probe
from trio_rdp.protocol.config import Credentials, Security, ServerConfig
from trio_rdp.protocol.limits import Limits
from trio_rdp.server import ServerSession, serve
from trio_rdp.wire.errors import ConnectFailed, DeadlineExceeded, ProtocolError, SessionClosed


@asynccontextmanager
async def rdp_server(security: Security) -> AsyncIterator[int]:
    async def handler(session: ServerSession) -> None:
        raise AssertionError("a probe never gets this far")

    async with trio.open_nursery() as nursery:
        config = ServerConfig(security=security, server_name="desk")
        credentials = Credentials("ada", "Secret1!")
        listeners = await nursery.start(
            partial(serve, handler, 0, config=config, credentials=credentials, identity=identity())
        )
        yield listeners[0].socket.getsockname()[1]
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def other_server(behaviour: Callable[[trio.SocketStream], Awaitable[object]]) -> AsyncIterator[int]:
    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, behaviour, listeners)
        yield listeners[0].socket.getsockname()[1]
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("security", "offered"),
    [
        (Security.NLA, {"nla", "nla-ex"}),
        (Security.TLS, {"tls"}),
        (Security.NONE, {"rdp"}),
        (Security.NLA | Security.TLS, {"tls", "nla", "nla-ex"}),
        (Security.NLA | Security.TLS | Security.NONE, set(PROTOCOLS)),
    ],
)
async def test_what_a_server_offers(security: Security, offered: set[str]) -> None:
    async with rdp_server(security) as port:
        result = await probe("127.0.0.1", port)
    assert {answer.name for answer in result.protocols if answer.is_offered} == offered
    assert all(answer.is_offered or answer.reason for answer in result.protocols)
    assert result.offers("nla") is ("nla" in offered)
    assert result.problems == ()
    has_tls = bool(security & (Security.TLS | Security.NLA))
    assert result.certificate == (identity().certificate if has_tls else None)
    assert (result.tls_version is not None) is has_tls
    if has_tls:
        assert result.certificate_info is not None
        assert result.certificate_info.fingerprint == identity().fingerprint
    assert (result.ntlm is not None) is ("nla" in offered)
    if result.ntlm is not None:
        assert result.ntlm.netbios_computer_name == "DESK"
        assert result.ntlm.os_version is not None


async def test_a_weaker_choice_is_told_by_its_name() -> None:
    async with rdp_server(Security.TLS) as port:
        result = await probe("127.0.0.1", port)
    assert [answer.reason for answer in result.protocols[2:]] == ["the server chose tls"] * 2


async def test_a_server_that_knows_no_negotiation_has_standard_security() -> None:
    async def old(stream: trio.SocketStream) -> None:
        frame = await stream.receive_some(1000)
        ConnectionRequest.decode(bytes(frame)[tpkt.HEADER_SIZE :])
        await stream.send_all(tpkt.wrap(ConnectionConfirm().encode()))
        await stream.receive_some(1000)

    async with other_server(old) as port:
        result = await probe("127.0.0.1", port)
    assert [answer.is_offered for answer in result.protocols] == [True, False, False, False]


async def test_a_server_that_closes_instead_of_refusing() -> None:
    seen: list[int] = []

    async def picky(stream: trio.SocketStream) -> None:
        frame = await stream.receive_some(1000)
        request = ConnectionRequest.decode(bytes(frame)[tpkt.HEADER_SIZE :])
        assert request.rdp_neg_req is not None
        seen.append(int(request.rdp_neg_req.requested_protocols))
        if not request.rdp_neg_req.requested_protocols:
            await stream.send_all(tpkt.wrap(ConnectionConfirm().encode()))
            await stream.receive_some(1000)
        await stream.aclose()

    async with other_server(picky) as port:
        result = await probe("127.0.0.1", port)
    assert seen == [0, 1, 3, 11]
    assert [answer.is_offered for answer in result.protocols] == [True, False, False, False]


async def test_what_speaks_no_rdp_is_told_apart() -> None:
    async def web(stream: trio.SocketStream) -> None:
        await stream.receive_some(1000)
        await stream.send_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await stream.aclose()

    async with other_server(web) as port:
        with pytest.raises(ProtocolError):
            await probe("127.0.0.1", port)


async def test_who_only_closes() -> None:
    async def close(stream: trio.SocketStream) -> None:
        await stream.receive_some(1000)
        await stream.aclose()

    async with other_server(close) as port:
        with pytest.raises(SessionClosed):
            await probe("127.0.0.1", port)


async def test_who_says_nothing() -> None:
    async def be_silent(stream: trio.SocketStream) -> None:
        await trio.sleep_forever()

    async with other_server(be_silent) as port:
        with pytest.raises(DeadlineExceeded):
            await probe("127.0.0.1", port, limits=Limits(negotiation=0.05))


async def test_nobody_there() -> None:
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listener.socket.getsockname()[1]
    await listener.aclose()
    with pytest.raises(ConnectFailed):
        await probe("127.0.0.1", port)
