from __future__ import annotations

import pytest

from tests.protocol.ladder import Ladder, Phase
from trio_rdp.protocol.framing import X224_HINT
from trio_rdp.protocol.handshake import Conversation, Handshake, Receive, Send, Stop
from trio_rdp.protocol.limits import Limits
from trio_rdp.protocol.states import ClientConnectorState as S
from trio_rdp.wire.errors import LocalProtocolError, NegotiationFailed, RemoteProtocolError

REQUEST, CONFIRM = S.CONNECTION_INITIATION_SEND_REQUEST, S.CONNECTION_INITIATION_WAIT_CONFIRM
FRAME = b"\x03\x00\x00\x07abc"


def exchange() -> Handshake[bytes]:
    yield Send(REQUEST, b"hello")
    heard = yield Receive(CONFIRM, X224_HINT)
    yield Stop(S.CREDSSP)
    return heard


class Stopping(Phase):
    """A machine with its driver's turn."""

    def done(self) -> None:
        self._pass(S.CREDSSP)


def test_a_whole_exchange() -> None:
    machine = Stopping(exchange())
    assert machine.state is REQUEST
    assert machine.next_pdu_hint is None
    assert machine.step() == b"hello"
    assert machine.state is CONFIRM
    assert machine.next_pdu_hint is X224_HINT
    assert machine.step(FRAME) == b""
    assert machine.state is S.CREDSSP
    machine.done()
    assert machine.state.is_terminal
    assert machine.result == FRAME


def test_out_of_turn_the_state_is_named() -> None:
    machine = Stopping(exchange())
    with pytest.raises(LocalProtocolError, match="takes no data in state CONNECTION_INITIATION_SEND_REQUEST"):
        machine.step(FRAME)
    with pytest.raises(LocalProtocolError, match="not in state CREDSSP but in CONNECTION_INITIATION_SEND_REQUEST"):
        machine.done()
    with pytest.raises(LocalProtocolError, match="no result in state CONNECTION_INITIATION_SEND_REQUEST"):
        _ = machine.result
    assert machine.step() == b"hello"  # none of it did any harm
    with pytest.raises(LocalProtocolError, match="needs a message in state CONNECTION_INITIATION_WAIT_CONFIRM"):
        machine.step()
    machine.step(FRAME)
    with pytest.raises(LocalProtocolError, match="not possible in state CREDSSP"):
        machine.step(FRAME)
    machine.done()
    with pytest.raises(LocalProtocolError, match="not possible in state CONNECTED"):
        machine.step()


def test_another_stop_is_not_passed() -> None:
    def upgrade() -> Handshake[None]:
        yield Stop(S.ENHANCED_SECURITY_UPGRADE)

    machine = Stopping(upgrade())
    with pytest.raises(LocalProtocolError, match="not in state CREDSSP but in ENHANCED_SECURITY_UPGRADE"):
        machine.done()


def test_an_error_consumes() -> None:
    def refuse() -> Handshake[None]:
        yield Receive(CONFIRM, X224_HINT)
        raise RemoteProtocolError("what was that?")

    ladder = Ladder.of(refuse())
    ladder.fails(RemoteProtocolError, "what was that", CONFIRM, FRAME)


def test_an_error_behind_a_message_waits_until_it_is_sent() -> None:
    def refuse() -> Handshake[None]:
        yield Receive(CONFIRM, X224_HINT)
        yield Send(REQUEST, b"no")
        raise NegotiationFailed("not that way")

    for call in ("step", "result", "pass"):
        machine = Stopping(refuse())
        machine.step(FRAME)
        assert machine.step() == b"no"
        assert machine.state is S.CONSUMED
        with pytest.raises(NegotiationFailed, match="not that way"):
            machine.step() if call == "step" else machine.done() if call == "pass" else machine.result
        Ladder(machine).is_consumed()


def test_an_error_that_is_not_of_the_protocol_comes_at_once() -> None:
    def broken() -> Handshake[None]:
        yield Send(REQUEST, b"")
        raise ZeroDivisionError

    machine = Phase(broken())
    with pytest.raises(ZeroDivisionError):
        machine.step()
    Ladder(machine).is_consumed()


def test_nothing_may_be_the_result() -> None:
    def empty() -> Handshake[None]:
        yield Send(REQUEST, b"")

    machine = Phase(empty())
    machine.step()
    assert machine.result is None


def test_the_messages_of_one_sequence_are_limited() -> None:
    def endless() -> Handshake[None]:
        while True:
            yield Receive(CONFIRM, X224_HINT)

    ladder = Ladder.of(endless(), Conversation(Limits(connection_steps=3)))
    for _ in range(3):
        ladder.receives(CONFIRM, FRAME)
    ladder.fails(
        RemoteProtocolError, "more than 3 messages in state CONNECTION_INITIATION_WAIT_CONFIRM", CONFIRM, FRAME
    )


def test_answers_go_out_with_the_step_that_caused_them() -> None:
    conversation = Conversation(Limits())

    def answering() -> Handshake[float | None]:
        yield Receive(CONFIRM, X224_HINT)
        conversation.answers += b"answer"
        conversation.note("asked")
        yield Receive(CONFIRM, X224_HINT)
        return conversation.now

    ladder = Ladder.of(answering(), conversation)
    assert ladder.receives(CONFIRM, FRAME, now=3.5) == b"answer"
    assert conversation.now == 3.5
    assert ladder.machine.events() == ["asked"]
    assert ladder.machine.events() == []
    assert ladder.receives(CONFIRM, FRAME) == b""
    assert ladder.ends() is None


def test_early_messages_are_limited_by_count() -> None:
    conversation = Conversation(Limits(early_events=2))
    conversation.keep(b"a")
    conversation.keep(b"b")
    with pytest.raises(RemoteProtocolError, match="more than 2 messages before"):
        conversation.keep(b"c")
    assert conversation.early == [b"a", b"b"]


def test_early_messages_are_limited_by_size() -> None:
    conversation = Conversation(Limits(early_bytes=5))
    conversation.keep(b"abc")
    with pytest.raises(RemoteProtocolError, match="more than 1 messages before"):
        conversation.keep(b"def")


def test_of_too_many_events_the_oldest_are_forgotten() -> None:
    conversation = Conversation(Limits(early_events=2))
    for event in range(5):
        conversation.note(event)
    assert conversation.events == [3, 4]
