"""A server opens a share: what it demands, how it answers in any order, and which monitors it tells."""

from __future__ import annotations

import pytest

from tests.protocol.ladder import Ladder
from tests.protocol.pairs import CLIENT, SERVER, connect
from trio_rdp.pdu import mcs
from trio_rdp.pdu.activation import ConfirmActive, DemandActive
from trio_rdp.pdu.display_updates import MonitorLayout
from trio_rdp.pdu.finalization import Control, ControlAction, FontList, PersistentKeyList, Synchronize
from trio_rdp.pdu.share import PduType, PduType2, ShareControlHeader, ShareDataHeader, decode_shares
from trio_rdp.protocol.client_capabilities import client_capability_sets
from trio_rdp.protocol.config import DesktopSize, Monitor
from trio_rdp.protocol.envelopes import SERVER_CHANNEL_ID, Envelopes, open_frame
from trio_rdp.protocol.framing import FrameBuffer
from trio_rdp.protocol.handshake import Conversation
from trio_rdp.protocol.remote_programs import agreed_remote_programs
from trio_rdp.protocol.server_activation import ServerActivation, ServerActivationSequence, ShareOffer, session_monitors
from trio_rdp.protocol.states import ConnectionActivationState
from trio_rdp.wire.errors import DecodeError

EXCHANGE = ConnectionActivationState.CAPABILITIES_EXCHANGE
FINALIZATION = ConnectionActivationState.CONNECTION_FINALIZATION
SIZE = DesktopSize(1000, 700)
SETS = client_capability_sets(CLIENT, SIZE)


class Rungs(Ladder):
    """The sequence, up to the client's turn, and what the client says."""

    def __init__(self, *, monitors: tuple[Monitor, ...] = ()) -> None:
        result, accepted = connect()
        self.client = result.envelopes
        self.accepted = accepted
        offer = ShareOffer(accepted.settings, accepted.user_channel_id, SIZE, 24, monitors)
        sequence = ServerActivationSequence(
            SERVER, offer, accepted.inbox, accepted.envelopes, Conversation(SERVER.limits)
        )
        super().__init__(sequence)
        self.demand = self.sends(EXCHANGE)
        self.layout = self.sends(EXCHANGE)

    def confirm(self, share_id: int | None = None) -> None:
        share_id = self.accepted.envelopes.share_id if share_id is None else share_id
        body = ConfirmActive(share_id=share_id, capability_sets=SETS).encode()
        self.receives(EXCHANGE, self.client.share_control(PduType.CONFIRM_ACTIVE, body))

    def says(self, kind: PduType2, body: bytes) -> bytes:
        self.receives(FINALIZATION, self.client.share_data(kind, body))
        return b"" if self.machine.next_pdu_hint is not None else self.sends(FINALIZATION)

    def control(self, action: ControlAction) -> bytes:
        return self.says(PduType2.CONTROL, Control(action=action).encode())


def shares(data: bytes) -> list[ShareControlHeader | ShareDataHeader]:
    """The share PDUs that a server sent."""
    found, buffer = list[ShareControlHeader | ShareDataHeader](), FrameBuffer(data)
    while (frame := buffer.next_pdu()) is not None:
        pdu = open_frame(frame[1])
        assert isinstance(pdu, mcs.SendDataIndication)
        assert pdu.initiator == SERVER_CHANNEL_ID
        found += decode_shares(pdu.user_data)
    return found


def names(data: bytes) -> list[str]:
    """What a server sent, by name; Control by its action."""
    found = []
    for share in shares(data):
        assert isinstance(share, ShareDataHeader)
        is_control = share.pdu_type2 == PduType2.CONTROL
        found.append(Control.decode(share.payload).action.name if is_control else share.pdu_type2.name)
    return found


def test_as_mstsc_and_freerdp_say_it() -> None:
    rungs = Rungs()
    (demand,) = shares(rungs.demand)
    assert isinstance(demand, ShareControlHeader)
    assert DemandActive.decode(demand.payload).share_id == rungs.accepted.envelopes.share_id
    rungs.confirm()
    assert names(rungs.sends(FINALIZATION)) == ["SYNCHRONIZE", "COOPERATE"]
    assert rungs.says(PduType2.SYNCHRONIZE, Synchronize(target_user=SERVER_CHANNEL_ID).encode()) == b""
    assert rungs.control(ControlAction.COOPERATE) == b""
    (granted,) = shares(rungs.control(ControlAction.REQUEST_CONTROL))
    assert isinstance(granted, ShareDataHeader)
    assert Control.decode(granted.payload) == Control(
        action=ControlAction.GRANTED_CONTROL,
        grant_id=rungs.accepted.user_channel_id,
        control_id=SERVER_CHANNEL_ID,
    )
    keys = PersistentKeyList(entries=[[1], [], [], [], []], total_entries=[1, 0, 0, 0, 0])
    assert rungs.says(PduType2.BITMAP_CACHE_PERSISTENT_LIST, keys.encode()) == b""
    assert names(rungs.says(PduType2.FONT_LIST, FontList().encode())) == ["FONT_MAP"]
    result = rungs.machine.result
    assert isinstance(result, ServerActivation)
    assert (result.desktop_size, result.color_depth) == (SIZE, 24)
    assert result.capabilities.fast_path_output
    assert not rungs.accepted.ignored


def test_a_client_that_asks_for_no_control_gets_it() -> None:
    rungs = Rungs()
    rungs.confirm()
    rungs.sends(FINALIZATION)
    assert names(rungs.says(PduType2.FONT_LIST, FontList().encode())) == ["GRANTED_CONTROL", "FONT_MAP"]
    assert rungs.machine.state is ConnectionActivationState.FINALIZED


def test_control_is_granted_once() -> None:
    rungs = Rungs()
    rungs.confirm()
    rungs.sends(FINALIZATION)
    assert names(rungs.control(ControlAction.REQUEST_CONTROL)) == ["GRANTED_CONTROL"]
    assert rungs.control(ControlAction.REQUEST_CONTROL) == b""
    rungs.receives(FINALIZATION, rungs.client.share_control(PduType.CONFIRM_ACTIVE, b""))
    assert names(rungs.says(PduType2.FONT_LIST, b"")) == ["FONT_MAP"]
    assert rungs.accepted.ignored == {"another Confirm Active": 1}


def test_what_is_left_over_of_the_last_share() -> None:
    rungs = Rungs()
    rungs.receives(EXCHANGE, rungs.client.share_data(PduType2.FONT_LIST, b""))
    rungs.confirm(share_id=4711)
    rungs.sends(FINALIZATION)
    assert rungs.accepted.ignored == {"FONT_LIST before Confirm Active": 1, "share id of Confirm Active": 1}


def test_every_share_has_an_id_of_its_own() -> None:
    rungs = Rungs()
    first = rungs.accepted.envelopes.share_id
    offer = ShareOffer(rungs.accepted.settings, rungs.accepted.user_channel_id, SIZE, 24)
    seen = {first}
    envelopes = rungs.accepted.envelopes
    for _ in range(10):
        ServerActivationSequence(SERVER, offer, rungs.accepted.inbox, envelopes, Conversation(SERVER.limits))
        seen.add(envelopes.share_id)
    assert len(seen) == 11
    envelopes.share_id = 0xFFFF_03EA
    ServerActivationSequence(SERVER, offer, rungs.accepted.inbox, envelopes, Conversation(SERVER.limits))
    assert envelopes.share_id == SERVER_CHANNEL_ID


def test_a_confirm_active_that_is_cut_off() -> None:
    rungs = Rungs()
    rungs.fails(DecodeError, None, EXCHANGE, rungs.client.share_control(PduType.CONFIRM_ACTIVE, b"\1\2\3"))


LEFT = Monitor(left=-500, top=0, width=500, height=700)
RIGHT = Monitor(left=0, top=0, width=500, height=700, is_primary=True)


def test_the_layout_that_was_given_is_told() -> None:
    (layout,) = shares(Rungs(monitors=(LEFT, RIGHT)).layout)
    assert isinstance(layout, ShareDataHeader)
    found = MonitorLayout.decode(layout.payload).monitor_def_array
    assert [(one.left, one.top, one.right, one.bottom, int(one.flags)) for one in found] == [
        (-500, 0, -1, 699, 0),
        (0, 0, 499, 699, 1),
    ]


@pytest.mark.parametrize(
    ("monitors", "asked", "expected"),
    [
        ((), SIZE, (Monitor(width=1000, height=700, is_primary=True),)),
        ((LEFT, RIGHT), SIZE, (LEFT, RIGHT)),
        ((RIGHT,), DesktopSize(500, 700), (Monitor(width=1000, height=700, is_primary=True),)),  # the server's choice
    ],
)
def test_the_monitors_of_a_session(
    monitors: tuple[Monitor, ...], asked: DesktopSize, expected: tuple[Monitor, ...]
) -> None:
    _, accepted = connect(desktop_size=asked, monitors=monitors)
    assert session_monitors(accepted.settings, SIZE) == expected


def test_envelopes_are_the_servers() -> None:
    rungs = Rungs()
    assert rungs.accepted.envelopes == Envelopes(
        True, SERVER_CHANNEL_ID, rungs.accepted.io_channel_id, rungs.accepted.message_channel_id, 0x2_03EA
    )


@pytest.mark.parametrize("is_offered", [True, False])
def test_remote_programs_are_offered_to_those_who_ask(is_offered: bool) -> None:
    _, accepted = connect()
    offer = ShareOffer(accepted.settings, accepted.user_channel_id, SIZE, 24, remote_programs=is_offered)
    sequence = ServerActivationSequence(SERVER, offer, accepted.inbox, accepted.envelopes, Conversation(SERVER.limits))
    (share,) = shares(Ladder(sequence).sends(EXCHANGE))
    offered = agreed_remote_programs(DemandActive.decode(share.payload).capability_sets)
    assert (offered is not None) == is_offered
