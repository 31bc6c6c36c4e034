from __future__ import annotations

import pytest

from tests.protocol.ladder import Ladder
from tests.protocol.scripted_server import (
    IO,
    MESSAGE,
    SHARE_ID,
    USER,
    bare_demand,
    channel,
    connect_response,
    control,
    cooperate,
    deactivate_all,
    demand,
    finalization,
    font_map,
    frames,
    granted,
    shared,
    synchronize,
)
from trio_rdp.pdu.activation import ConfirmActive
from trio_rdp.pdu.capabilities_base import CapabilitySetType, UnknownCapabilitySet
from trio_rdp.pdu.capabilities_basic import BitmapCapabilitySet, InputFlags, VirtualChannelCapabilitySet
from trio_rdp.pdu.finalization import Control, ControlAction, FontList, Synchronize
from trio_rdp.pdu.share import PduType, PduType2, ShareControlHeader, ShareDataHeader
from trio_rdp.pdu.x224 import SecurityProtocol
from trio_rdp.protocol.activation import (
    Activation,
    ConnectionActivationSequence,
    check_desktop_size,
    find_capability,
)
from trio_rdp.protocol.basic_settings import exchange_basic_settings
from trio_rdp.protocol.config import ClientConfig, DesktopSize
from trio_rdp.protocol.envelopes import Envelopes
from trio_rdp.protocol.handshake import Conversation
from trio_rdp.protocol.inbox import ClientInbox
from trio_rdp.protocol.limits import Limits
from trio_rdp.protocol.negotiation import Negotiated
from trio_rdp.protocol.remote_programs import agreed_remote_programs, remote_programs_sets
from trio_rdp.protocol.states import ConnectionActivationState as S
from trio_rdp.wire.errors import DecodeError, RemoteProtocolError


class Desk:
    """A client between licensing and session."""

    def __init__(self, config: ClientConfig | None = None) -> None:
        config = config or ClientConfig(desktop_size=DesktopSize(800, 600), color_depth=16)
        rdp = SecurityProtocol(SecurityProtocol.RDP)
        settings = Ladder.of(exchange_basic_settings(config, Negotiated(rdp, rdp)))
        settings.machine.step()
        settings.machine.step(connect_response())
        self.conversation = Conversation(config.limits)
        self.envelopes = Envelopes(False, USER, IO, MESSAGE)
        self.inbox = ClientInbox(self.conversation, self.envelopes, settings.ends())
        self.ladder = Ladder(ConnectionActivationSequence(config, self.inbox, self.envelopes, self.conversation))

    def opens(self, frame: bytes) -> tuple[bytes, list[bytes]]:
        """The server opens the share; the client confirms and finalizes."""
        self.ladder.receives(S.CAPABILITIES_EXCHANGE, frame)
        confirm = self.ladder.sends(S.CAPABILITIES_EXCHANGE)
        return confirm, frames(self.ladder.sends(S.CONNECTION_FINALIZATION))

    def finalizes(self) -> Activation:
        for frame in finalization():
            self.ladder.receives(S.CONNECTION_FINALIZATION, frame)
        found: Activation = self.ladder.ends()
        return found


def activation_of(frame: bytes) -> Activation:
    desk = Desk()
    desk.opens(frame)
    return desk.finalizes()


def test_the_whole_ladder() -> None:
    desk = Desk()
    confirm, said = desk.opens(demand(1024, 768, depth=24))
    header = shared(confirm)
    assert isinstance(header, ShareControlHeader)
    assert (header.pdu_type, header.pdu_source) == (PduType.CONFIRM_ACTIVE, USER)
    active = ConfirmActive.decode(header.payload)
    assert active.share_id == SHARE_ID
    bitmap = find_capability(active.capability_sets, BitmapCapabilitySet)
    assert bitmap is not None
    assert (bitmap.desktop_width, bitmap.desktop_height) == (1024, 768)
    headers = [one for one in map(shared, said) if isinstance(one, ShareDataHeader)]
    assert [(one.pdu_type2, one.share_id) for one in headers] == [
        (PduType2.SYNCHRONIZE, SHARE_ID),
        (PduType2.CONTROL, SHARE_ID),
        (PduType2.CONTROL, SHARE_ID),
        (PduType2.FONT_LIST, SHARE_ID),
    ]
    assert Synchronize.decode(headers[0].payload).target_user == 0x3EA
    actions = [Control.decode(one.payload).action for one in headers[1:3]]
    assert actions == [ControlAction.COOPERATE, ControlAction.REQUEST_CONTROL]
    assert FontList.decode(headers[3].payload) == FontList()
    activation = desk.finalizes()
    assert activation.share_id == SHARE_ID
    assert activation.desktop_size == DesktopSize(1024, 768)
    assert activation.color_depth == 24
    assert InputFlags.FASTPATH_INPUT2 in activation.input_flags
    assert (activation.refresh_rect_support, activation.suppress_output_support) == (True, True)
    assert activation.frame_acknowledge_support
    assert activation.channel_chunk_size == 1600
    assert activation.max_request_size == 65_536
    assert activation.fast_path_output


@pytest.mark.parametrize(
    "answers",
    [
        [font_map()],  # nothing else is needed
        [granted(), cooperate(), synchronize(), font_map()],  # GNOME Remote Desktop 43 has an order of its own
        [synchronize(), synchronize(), cooperate(), granted(), font_map()],
    ],
)
def test_the_order_of_the_servers_answers_is_its_own(answers: list[bytes]) -> None:
    desk = Desk()
    desk.opens(demand())
    for frame in answers:
        desk.ladder.receives(S.CONNECTION_FINALIZATION, frame)
    assert isinstance(desk.ladder.ends(), Activation)


def test_a_server_that_says_nothing_of_itself() -> None:
    found = activation_of(bare_demand())
    assert found.desktop_size == DesktopSize(800, 600)
    assert found.color_depth == 16
    assert found.input_flags == InputFlags.SCANCODES
    assert (found.refresh_rect_support, found.suppress_output_support) == (False, False)
    assert not found.frame_acknowledge_support
    assert (found.channel_chunk_size, found.max_request_size, found.fast_path_output) == (1600, 0, False)


def test_unknown_capability_sets_do_no_harm() -> None:
    unknown = UnknownCapabilitySet(kind=CapabilitySetType(0x77), data=b"whatever")
    assert unknown in activation_of(bare_demand([unknown])).capability_sets


@pytest.mark.parametrize(
    ("said", "used"), [(None, 1600), (0, 1600), (100, 1600), (1600, 1600), (8000, 8000), (1 << 31, 16_256)]
)
def test_chunk_sizes_stay_within_the_document(said: int | None, used: int) -> None:
    assert activation_of(bare_demand([VirtualChannelCapabilitySet(vc_chunk_size=said)])).channel_chunk_size == used


def test_a_deactivation_before_the_share() -> None:
    desk = Desk()
    desk.ladder.receives(S.CAPABILITIES_EXCHANGE, deactivate_all())
    desk.ladder.receives(S.CAPABILITIES_EXCHANGE, font_map())
    desk.opens(demand())
    desk.finalizes()
    assert desk.inbox.ignored == {"DEACTIVATE_ALL before Demand Active": 1, "FONT_MAP before Demand Active": 1}


def test_a_deactivation_while_finalizing() -> None:
    desk = Desk()
    desk.opens(demand(640, 480))
    desk.ladder.receives(S.CONNECTION_FINALIZATION, synchronize())
    desk.ladder.receives(S.CONNECTION_FINALIZATION, deactivate_all())
    confirm, _ = desk.opens(demand(1024, 768, share_id=SHARE_ID + 1))
    header = shared(confirm)
    assert ConfirmActive.decode(header.payload).share_id == SHARE_ID + 1
    found = desk.finalizes()
    assert (found.share_id, found.desktop_size) == (SHARE_ID + 1, DesktopSize(1024, 768))


def test_another_share_without_a_deactivation() -> None:
    desk = Desk()
    desk.opens(demand(640, 480))
    desk.ladder.receives(S.CONNECTION_FINALIZATION, demand(1024, 768))
    desk.ladder.sends(S.CAPABILITIES_EXCHANGE)
    desk.ladder.sends(S.CONNECTION_FINALIZATION)
    assert desk.finalizes().desktop_size == DesktopSize(1024, 768)


def test_a_server_that_deactivates_without_end() -> None:
    desk = Desk()
    for _ in range(15):
        desk.opens(demand())
        desk.ladder.receives(S.CONNECTION_FINALIZATION, deactivate_all())
    desk.opens(demand())
    desk.ladder.fails(RemoteProtocolError, "without end", S.CONNECTION_FINALIZATION, deactivate_all())


def test_bytes_without_meaning() -> None:
    Desk().ladder.fails(DecodeError, None, S.CAPABILITIES_EXCHANGE, channel(IO, b"\x06\x00\x11\x00\x00\x00"))
    Desk().ladder.fails(DecodeError, None, S.CAPABILITIES_EXCHANGE, control(PduType.DEMAND_ACTIVE, b"\1"))


@pytest.mark.parametrize("size", [(0, 100), (100, 0), (65_535, 65_535), (8193, 1), (1, 8193), (8192, 8192)])
def test_desktops_that_are_refused(size: tuple[int, int]) -> None:
    width, height = size
    bitmap = BitmapCapabilitySet(preferred_bits_per_pixel=32, desktop_width=width, desktop_height=height)
    frame = bare_demand([bitmap])
    desk = Desk()
    desk.ladder.fails(RemoteProtocolError, f"a desktop of {width}x{height}", S.CAPABILITIES_EXCHANGE, frame)


def test_the_limits_of_a_desktop() -> None:
    assert check_desktop_size(8192, 4320, Limits()) == DesktopSize(8192, 4320)
    limits = Limits(desktop_side=100, desktop_pixels=5000)
    assert check_desktop_size(100, 50, limits) == DesktopSize(100, 50)
    for width, height in ((101, 1), (1, 101), (100, 51)):
        with pytest.raises(RemoteProtocolError, match="the limits are 100 a side, 5000 in all"):
            check_desktop_size(width, height, limits)


@pytest.mark.parametrize(("is_wanted", "is_offered"), [(True, True), (True, False), (False, True)])
def test_remote_programs(is_wanted: bool, is_offered: bool) -> None:
    desk = Desk(ClientConfig(enable_remote_apps=is_wanted))
    confirm, _ = desk.opens(demand(extra=remote_programs_sets() if is_offered else ()))
    share = shared(confirm)
    assert isinstance(share, ShareControlHeader)
    answer = agreed_remote_programs(ConfirmActive.decode(share.payload).capability_sets)
    agreed = desk.finalizes().remote_programs
    assert (agreed is not None) == (is_wanted and is_offered)
    assert answer == agreed
