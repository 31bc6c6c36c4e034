"""`EchoServer`: answers in order, and what is no answer."""

from __future__ import annotations

import pytest

from trio_rdp.channels.echo import decode_echo_from_server
from trio_rdp.channels.echo_server import EchoAnswered, EchoServer
from trio_rdp.wire.errors import LocalProtocolError, RemoteProtocolError


def test_an_answer_takes_its_time() -> None:
    server = EchoServer(2)
    number, message = server.request(b"Hello world!", now=10.0)
    assert message == b"Hello world!"
    assert server.waiting == 1
    answer = decode_echo_from_server(message).response().encode()
    assert server.receive(answer, now=10.5) == EchoAnswered(number, 12, 10.0, 0.5)
    assert server.waiting == 0


def test_answers_belong_to_the_oldest_request() -> None:
    server = EchoServer(3)
    numbers = [server.request(payload, now=at)[0] for at, payload in enumerate((b"a", b"bb", b"a"))]
    assert [server.receive(payload, now=9.0) for payload in (b"a", b"bb", b"a")] == [
        EchoAnswered(numbers[0], 1, 0, 9.0),
        EchoAnswered(numbers[1], 2, 1, 8.0),
        EchoAnswered(numbers[2], 1, 2, 7.0),
    ]


@pytest.mark.parametrize("answer", [b"c", b"bb", b"aa", b""])
def test_other_bytes_are_no_answer(answer: bytes) -> None:
    server = EchoServer(3)
    server.request(b"a", now=0)
    server.request(b"bb", now=0)
    with pytest.raises(RemoteProtocolError):
        server.receive(answer, now=1)


def test_nobody_asked() -> None:
    with pytest.raises(RemoteProtocolError, match="4 bytes that nobody asked for"):
        EchoServer(3).receive(b"spam", now=0)


def test_at_most_so_many_at_once() -> None:
    server = EchoServer(2)
    server.request(b"a", now=0)
    assert not server.is_full
    server.request(b"a", now=0)
    assert server.is_full
    with pytest.raises(LocalProtocolError, match="2 echoes have no answer"):
        server.request(b"a", now=0)
    server.receive(b"a", now=0)
    assert not server.is_full


@pytest.mark.parametrize("payload", [b"", bytes((1 << 20) + 1)])
def test_payloads_that_cannot_be_sent_are_not_waited_for(payload: bytes) -> None:
    server = EchoServer(2)
    with pytest.raises(LocalProtocolError):
        server.request(payload, now=0)
    assert server.waiting == 0


def test_a_request_that_was_not_sent() -> None:
    server = EchoServer(3)
    first, _ = server.request(b"a", now=0)
    second, _ = server.request(b"b", now=0)
    with pytest.raises(LocalProtocolError, match="not the last"):
        server.withdraw(first)
    server.withdraw(second)
    assert server.receive(b"a", now=1).number == first
    with pytest.raises(LocalProtocolError):
        server.withdraw(first)
