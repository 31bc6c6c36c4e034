"""The stops for TLS and CredSSP, the same for both roles."""

from __future__ import annotations

import pytest

from trio_rdp.pdu.x224 import SecurityProtocol
from trio_rdp.protocol.handshake import Conversation, Handshake, Send
from trio_rdp.protocol.limits import Limits
from trio_rdp.protocol.negotiation import Negotiated
from trio_rdp.protocol.securing import SecuredMachine
from trio_rdp.protocol.states import ClientConnectorState as S
from trio_rdp.wire.errors import LocalProtocolError


class Secured(SecuredMachine[S, str]):
    """Negotiates a given protocol, and is done."""

    _consumed = S.CONSUMED
    _done = S.CONNECTED
    _upgrade = S.ENHANCED_SECURITY_UPGRADE
    _credssp = S.CREDSSP

    def __init__(self, protocol: SecurityProtocol) -> None:
        super().__init__(self._run(protocol), Conversation(Limits()))

    def _run(self, protocol: SecurityProtocol) -> Handshake[str]:
        yield from self._secure(self._negotiate(protocol))
        return "done"

    def _negotiate(self, protocol: SecurityProtocol) -> Handshake[Negotiated]:
        yield Send(S.CONNECTION_INITIATION_SEND_REQUEST, b"hello")
        return Negotiated(protocol, protocol)


def begin(protocol: int) -> Secured:
    machine = Secured(SecurityProtocol(protocol))
    assert not machine.is_negotiated
    with pytest.raises(LocalProtocolError, match="CONNECTION_INITIATION_SEND_REQUEST"):
        _ = machine.selected_protocol
    assert machine.step() == b"hello"
    assert machine.is_negotiated
    assert machine.selected_protocol == protocol
    return machine


def test_nothing_to_stop_for() -> None:
    assert begin(SecurityProtocol.RDP).result == "done"


def test_tls_alone() -> None:
    machine = begin(SecurityProtocol.SSL)
    assert machine.should_perform_security_upgrade
    assert not machine.should_perform_credssp
    with pytest.raises(LocalProtocolError, match="ENHANCED_SECURITY_UPGRADE"):
        machine.mark_credssp_as_done()
    machine.mark_security_upgrade_as_done()
    assert machine.result == "done"


@pytest.mark.parametrize("protocol", [SecurityProtocol.HYBRID, SecurityProtocol.HYBRID_EX])
def test_tls_and_credssp(protocol: SecurityProtocol) -> None:
    machine = begin(protocol)
    with pytest.raises(LocalProtocolError, match="ENHANCED_SECURITY_UPGRADE"):
        machine.step()
    machine.mark_security_upgrade_as_done()
    assert not machine.should_perform_security_upgrade
    assert machine.should_perform_credssp
    with pytest.raises(LocalProtocolError, match="CREDSSP"):
        machine.mark_security_upgrade_as_done()
    machine.mark_credssp_as_done()
    assert machine.result == "done"
