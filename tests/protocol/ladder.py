"""How the protocol's tests are written: as a ladder of who says what, and in which state."""

from __future__ import annotations

from typing import Any, TypeVar

import pytest

from trio_rdp.protocol.handshake import Conversation, Handshake, Machine, State
from trio_rdp.protocol.limits import Limits
from trio_rdp.protocol.states import ClientConnectorState
from trio_rdp.wire.errors import LocalProtocolError, RdpError

__all__ = ["Ladder", "Phase"]

_T = TypeVar("_T")


class Phase(Machine[State, Any]):
    """One phase alone, as a machine."""

    _consumed = ClientConnectorState.CONSUMED
    _done = ClientConnectorState.CONNECTED

    def __init__(self, handshake: Handshake[Any], conversation: Conversation | None = None) -> None:
        super().__init__(handshake, conversation or Conversation(Limits()))


class Ladder:
    """Drives a machine, rung by rung: `sends` is this side's turn, `receives` is the peer's."""

    def __init__(self, machine: Machine[Any, Any]) -> None:
        self.machine = machine

    @classmethod
    def of(cls, handshake: Handshake[Any], conversation: Conversation | None = None) -> Ladder:
        """Drive one phase alone."""
        return cls(Phase(handshake, conversation))

    def sends(self, state: State) -> bytes:
        """What this side says in a state."""
        assert self.machine.state is state
        assert self.machine.next_pdu_hint is None
        return self.machine.step()

    def receives(self, state: State, data: bytes, *, now: float | None = None) -> bytes:
        """The peer's message in a state; gives what is answered at once."""
        assert self.machine.state is state
        hint = self.machine.next_pdu_hint
        assert hint is not None
        assert hint.find_size(data, 0, len(data)) is not None
        return self.machine.step(data, now=now)

    def fails(self, error: type[RdpError], match: str | None, state: State, data: bytes) -> RdpError:
        """The peer's message ends it all, and for good."""
        with pytest.raises(error, match=match) as caught:
            self.receives(state, data)
        self.is_consumed()
        return caught.value

    def is_consumed(self) -> None:
        """After an error every call is out of turn, and says so."""
        assert self.machine.state.name == "CONSUMED"
        assert self.machine.state.is_terminal
        assert self.machine.next_pdu_hint is None
        for data in (b"", b"\x03\x00\x00\x07\x02\xf0\x80"):
            with pytest.raises(LocalProtocolError, match="CONSUMED"):
                self.machine.step(data)
        with pytest.raises(LocalProtocolError, match="CONSUMED"):
            _ = self.machine.result

    def ends(self) -> Any:
        """It is over; gives what it came to."""
        assert self.machine.state.is_terminal
        return self.machine.result
