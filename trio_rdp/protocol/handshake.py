"""How a connection phase is written, and the explicit machine that stands around the phases.

A phase is a generator.  It yields what happens next, a `Turn`: `Send` (this side speaks), `Receive` (the peer speaks)
or `Stop` (something outside the protocol must happen: TLS, CredSSP), each with the public name of the state it is in.
`Machine` turns that into the `Sequence` protocol, which people drive step by step.
"""

from __future__ import annotations

import enum
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from trio_rdp.protocol.framing import PduHint
from trio_rdp.protocol.limits import Limits
from trio_rdp.wire.errors import LocalProtocolError, RdpError, RemoteProtocolError

__all__ = ["Conversation", "Handshake", "Machine", "Receive", "Send", "Sequence", "State", "Stop", "Turn"]

_T = TypeVar("_T")
_S = TypeVar("_S", bound="State")


class State(enum.Enum):
    """The base of the state enumerations; a state carries no data."""

    @property
    def is_terminal(self) -> bool:
        """Whether no step is possible from here."""
        return self.name in ("CONSUMED", "CONNECTED", "ACCEPTED", "FINALIZED", "LICENSE_EXCHANGED")


@dataclass(frozen=True, slots=True)
class Send:
    """In `state`, this side sends `data`."""

    state: State
    data: bytes


@dataclass(frozen=True, slots=True)
class Receive:
    """In `state`, the peer sends one message, whose length `hint` finds."""

    state: State
    hint: PduHint


@dataclass(frozen=True, slots=True)
class Stop:
    """In `state`, the driver does something of its own and says when it is done."""

    state: State


Turn: TypeAlias = Send | Receive | Stop
Handshake: TypeAlias = Generator[Turn, bytes, _T]


@dataclass(slots=True)
class Conversation:
    """What the phases of one connection share: limits, the clock of the current step, answers and kept messages."""

    limits: Limits
    now: float | None = None
    answers: bytearray = field(default_factory=bytearray)
    """Owed to the peer out of turn; goes out with the step that caused it."""
    events: list[object] = field(default_factory=list)
    """What happened out of turn, for `events()`."""
    early: list[bytes] = field(default_factory=list)
    """Frames that came before their time, in order, for the session that follows."""
    early_bytes: int = 0

    def keep(self, frame: bytes) -> None:
        """Keep a frame for the session that follows; the peer may not send any number of them."""
        self.early_bytes += len(frame)
        if len(self.early) >= self.limits.early_events or self.early_bytes > self.limits.early_bytes:
            raise RemoteProtocolError(f"more than {len(self.early)} messages before the connection stands")
        self.early.append(frame)

    def note(self, event: object) -> None:
        """Record what happened out of turn; the oldest is forgotten beyond the limit, for nothing waits on these."""
        self.events.append(event)
        if len(self.events) > self.limits.early_events:
            del self.events[0]


class Sequence(Protocol):
    """A state machine that is driven step by step, as `single_sequence_step` does.

    While `next_pdu_hint` is None, `step()` takes no data and gives bytes to write.  Otherwise the driver reads one
    message that the hint delimits, and hands it to `step(data)`.
    """

    @property
    def next_pdu_hint(self) -> PduHint | None:
        """How to find the end of the message that `step` needs next; None when it needs none."""
        ...

    @property
    def state(self) -> State:
        """The public name of where the sequence is."""
        ...

    def step(self, data: bytes = b"", *, now: float | None = None) -> bytes:
        """Take one step; returns what is to be written (empty: nothing)."""
        ...


class Machine(Generic[_S, _T]):
    """Runs a handshake one turn at a time, behind the `Sequence` protocol.

    After an error the state is CONSUMED and every call raises `LocalProtocolError`.  An error that follows a message to
    the peer (a refusal) is raised by the call after the one that gave the message.
    """

    _consumed: _S
    _done: _S

    def __init__(self, handshake: Handshake[_T], conversation: Conversation) -> None:
        self._handshake = handshake
        self._conversation = conversation
        self._result: _T | None = None
        self._turn: Turn = Stop(self._done)
        self._deferred: RdpError | None = None
        self._received = 0
        self._resume(None)

    @property
    def state(self) -> _S:
        """The public name of where the machine is."""
        state: Any = self._turn.state
        found: _S = state
        return found

    @property
    def next_pdu_hint(self) -> PduHint | None:
        """How to find the end of the message that `step` needs next; None when it needs none."""
        return self._turn.hint if isinstance(self._turn, Receive) else None

    @property
    def result(self) -> _T:
        """What the sequence came to; raises `LocalProtocolError` before its end."""
        self._raise_deferred()
        if self._turn.state is not self._done:
            raise LocalProtocolError(f"there is no result in state {self.state.name}")
        found: Any = self._result  # None may be what the sequence came to
        result: _T = found
        return result

    def events(self) -> list[object]:
        """What happened out of turn since the last call."""
        found, self._conversation.events = self._conversation.events, []
        return found

    def step(self, data: bytes = b"", *, now: float | None = None) -> bytes:
        """Take one step and return what is to be written (empty: nothing).

        `data` is one whole message, delimited by `next_pdu_hint`, or empty where that is None; `now` is a monotonic
        time in seconds, which network measurements need.  Raises `LocalProtocolError` out of turn, and what the peer's
        message calls for.
        """
        self._raise_deferred()
        turn = self._turn
        self._conversation.now = now
        if isinstance(turn, Send):
            if data:
                raise LocalProtocolError(f"step() takes no data in state {turn.state.name}")
            try:
                self._resume(b"")
            except RdpError as exc:
                # The phase says its last words before it gives up (a refusal): they must reach the peer first.
                self._deferred = exc
            return turn.data
        if isinstance(turn, Stop):
            raise LocalProtocolError(f"step() is not possible in state {turn.state.name}")
        if not data:
            raise LocalProtocolError(f"step() needs a message in state {turn.state.name}")
        self._received += 1
        if self._received > self._conversation.limits.connection_steps:
            self._turn = Stop(self._consumed)
            raise RemoteProtocolError(f"more than {self._received - 1} messages in state {turn.state.name}")
        self._resume(data)
        answers = bytes(self._conversation.answers)
        self._conversation.answers.clear()
        return answers

    def _raise_deferred(self) -> None:
        deferred, self._deferred = self._deferred, None
        if deferred is not None:
            raise deferred

    def _pass(self, state: State) -> None:
        """Go on from a `Stop`."""
        self._raise_deferred()
        if not isinstance(self._turn, Stop) or self._turn.state is not state:
            raise LocalProtocolError(f"not in state {state.name} but in {self.state.name}")
        self._resume(b"")

    def _resume(self, data: bytes | None) -> None:
        try:
            self._turn = next(self._handshake) if data is None else self._handshake.send(data)
        except StopIteration as stop:
            self._result = stop.value
            self._turn = Stop(self._done)
        except BaseException:
            self._turn = Stop(self._consumed)
            raise
