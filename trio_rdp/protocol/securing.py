"""`SecuredMachine`: what both roles' machines have in common, the stops for TLS and for CredSSP."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from trio_rdp.pdu.x224 import SecurityProtocol
from trio_rdp.protocol.handshake import Conversation, Handshake, Machine, State, Stop
from trio_rdp.protocol.negotiation import Negotiated
from trio_rdp.wire.errors import LocalProtocolError

__all__ = ["SecuredMachine"]

_T = TypeVar("_T")
_S = TypeVar("_S", bound=State)


class SecuredMachine(Machine[_S, _T]):
    """A machine that stops for its driver to do TLS, and CredSSP, where they were negotiated."""

    _upgrade: ClassVar[State]
    _credssp: ClassVar[State]

    def __init__(self, handshake: Handshake[_T], conversation: Conversation) -> None:
        self._negotiated: Negotiated | None = None
        super().__init__(handshake, conversation)

    @property
    def is_negotiated(self) -> bool:
        """Whether it is settled how the connection is protected."""
        return self._negotiated is not None

    @property
    def selected_protocol(self) -> SecurityProtocol:
        """How the connection is protected; raises `LocalProtocolError` before that is settled."""
        if self._negotiated is None:
            raise LocalProtocolError(f"nothing is negotiated in state {self.state.name}")
        return self._negotiated.protocol

    @property
    def should_perform_security_upgrade(self) -> bool:
        """Whether it is the driver's turn to upgrade the stream to TLS."""
        return self.state is self._upgrade

    def mark_security_upgrade_as_done(self) -> None:
        """Go on after TLS."""
        self._pass(self._upgrade)

    @property
    def should_perform_credssp(self) -> bool:
        """Whether it is the driver's turn to run CredSSP."""
        return self.state is self._credssp

    def mark_credssp_as_done(self) -> None:
        """Go on after CredSSP."""
        self._pass(self._credssp)

    def _secure(self, negotiation: Handshake[Negotiated]) -> Handshake[Negotiated]:
        """Negotiate, and stop for what was negotiated."""
        negotiated = self._negotiated = yield from negotiation
        if negotiated.needs_tls:
            yield Stop(self._upgrade)
        if negotiated.needs_credssp:
            yield Stop(self._credssp)
        return negotiated
