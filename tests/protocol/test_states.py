from __future__ import annotations

from itertools import chain

from trio_rdp.protocol.states import (
    ClientConnectorState,
    ConnectionActivationState,
    LicenseExchangeState,
    ServerAcceptorState,
)

KINDS = (ClientConnectorState, ServerAcceptorState, LicenseExchangeState, ConnectionActivationState)


def test_the_states_from_which_no_step_is_possible() -> None:
    assert {state for state in chain.from_iterable(KINDS) if state.is_terminal} == {
        *(kind["CONSUMED"] for kind in KINDS),
        ClientConnectorState.CONNECTED,
        ServerAcceptorState.ACCEPTED,
        LicenseExchangeState.LICENSE_EXCHANGED,
        ConnectionActivationState.FINALIZED,
    }


def test_the_values_are_the_names_in_words() -> None:
    for state in chain.from_iterable(KINDS):
        assert state.value == state.value.lower()
        assert " " not in state.name
