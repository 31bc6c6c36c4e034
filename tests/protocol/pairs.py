"""A client's and a server's machine in one process: what one writes, the other reads, whole or byte by byte."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from trio_rdp.protocol.active_stage import ActiveStage
from trio_rdp.protocol.client_connector import ClientConnector, ConnectionResult
from trio_rdp.protocol.config import ClientConfig, Security, ServerConfig
from trio_rdp.protocol.framing import FrameBuffer
from trio_rdp.protocol.handshake import State
from trio_rdp.protocol.server_acceptor import AcceptedConnection, ServerAcceptor
from trio_rdp.protocol.session_events import ResponseFrame

CLIENT = ClientConfig(
    username="ada", password="secret", domain="LAB", security=Security.NONE, enable_dynamic_channels=False
)
SERVER = ServerConfig(security=Security.NONE, detect_network=False)


@dataclass
class Wire:
    """One direction of a connection; `piece` is how many bytes arrive at a time (0: all of a write at once)."""

    piece: int = 0
    bytes_carried: int = 0
    buffer: FrameBuffer = field(default_factory=FrameBuffer)
    _waiting: bytearray = field(default_factory=bytearray)

    def write(self, data: bytes) -> None:
        self.bytes_carried += len(data)
        self._waiting += data

    def arrive(self) -> bool:
        """Let the next piece arrive; False when there is none."""
        if not self._waiting:
            return False
        size = self.piece or len(self._waiting)
        self.buffer.receive_data(bytes(self._waiting[:size]))
        del self._waiting[:size]
        return True


class Pair:
    """Connects both machines; `now` advances a millisecond with every step."""

    def __init__(
        self,
        client: ClientConfig = CLIENT,
        server: ServerConfig = SERVER,
        *,
        piece: int = 0,
        check_login: Callable[[ServerAcceptor], None] = ServerAcceptor.accept_login,
    ) -> None:
        self.connector = ClientConnector(client)
        self.acceptor = ServerAcceptor(server)
        self.upstream = Wire(piece)
        self.downstream = Wire(piece)
        self.now = 100.0
        self.client_states: list[State] = []
        self.server_states: list[State] = []
        self.marks: list[str] = []
        self._check_login = check_login

    def connect(self) -> tuple[ConnectionResult, AcceptedConnection]:
        while not (self.connector.state.is_terminal and self.acceptor.state.is_terminal):
            if not (self._step_client() or self._step_server()):
                raise AssertionError(f"{self.connector.state} and {self.acceptor.state} wait for each other")
        return self.connector.result, self.acceptor.result

    def _step_client(self) -> bool:
        machine = self.connector
        _note(self.client_states, machine.state)
        if machine.should_perform_security_upgrade:
            self.marks.append("client tls")
            machine.mark_security_upgrade_as_done()
            return True
        if machine.should_perform_credssp:
            self.marks.append("client credssp")
            machine.mark_credssp_as_done()
            return True
        return self._step(machine, self.downstream, self.upstream)

    def _step_server(self) -> bool:
        machine = self.acceptor
        _note(self.server_states, machine.state)
        if machine.should_perform_security_upgrade:
            self.marks.append("server tls")
            machine.mark_security_upgrade_as_done()
            return True
        if machine.should_perform_credssp:
            self.marks.append("server credssp")
            machine.mark_credssp_as_done()
            return True
        if machine.should_check_login:
            self.marks.append("login")
            self._check_login(machine)
            return True
        return self._step(machine, self.upstream, self.downstream)

    def _step(self, machine: ClientConnector | ServerAcceptor, source: Wire, sink: Wire) -> bool:
        self.now += 0.001
        hint = machine.next_pdu_hint
        if hint is None:
            if machine.state.is_terminal:
                return False
            sink.write(machine.step(now=self.now))
            return True
        frame = source.buffer.next_by_hint(hint)
        if frame is None:
            return source.arrive()
        sink.write(machine.step(frame, now=self.now))
        return True


def connect(
    client: ClientConfig = CLIENT, server: ServerConfig = SERVER, *, piece: int = 0, **changes: Any
) -> tuple[ConnectionResult, AcceptedConnection]:
    """Connect both; `changes` are fields of the client's configuration."""
    return Pair(replace(client, **changes), server, piece=piece).connect()


def pump(stage: Any, data: bytes, *, now: float | None = None) -> tuple[list[Any], bytes]:
    """Give bytes to a session frame by frame; returns what happened, and apart from it the bytes that are owed."""
    buffer = FrameBuffer(data)
    outputs: list[Any] = []
    while (pdu := buffer.next_pdu()) is not None:
        outputs += stage.process(*pdu, now=now)
    assert not len(buffer)
    owed = b"".join(output.data for output in outputs if isinstance(output, ResponseFrame))
    return [output for output in outputs if not isinstance(output, ResponseFrame)], owed


def active_client(result: ConnectionResult) -> ActiveStage:
    """The client's session, started."""
    stage = ActiveStage(result)
    stage.start()
    return stage


def _note(states: list[State], state: State) -> None:
    if not states or states[-1] is not state:
        states.append(state)
