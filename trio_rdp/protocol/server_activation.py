"""A server's side of capabilities exchange and finalization, [MS-RDPBCGR] 1.3.1.1, and of a reactivation, 1.3.1.3."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from trio_rdp.pdu.activation import ConfirmActive, DemandActive
from trio_rdp.pdu.display_updates import MonitorLayout
from trio_rdp.pdu.finalization import Control, ControlAction, FontMap, Synchronize
from trio_rdp.pdu.gcc_client import ClientEarlyCapabilityFlags, MonitorDefinition, MonitorFlags
from trio_rdp.pdu.share import PduType, PduType2, ShareControlHeader, ShareDataHeader
from trio_rdp.protocol.basic_settings import BasicSettings, monitors_of
from trio_rdp.protocol.config import DesktopSize, Monitor, ServerConfig
from trio_rdp.protocol.envelopes import SERVER_CHANNEL_ID, Envelopes
from trio_rdp.protocol.handshake import Conversation, Handshake, Machine, Send, State
from trio_rdp.protocol.server_capabilities import ClientCapabilities, server_capability_sets
from trio_rdp.protocol.server_inbox import ServerInbox
from trio_rdp.protocol.states import ConnectionActivationState, ServerAcceptorState

__all__ = [
    "ServerActivation",
    "ServerActivationSequence",
    "ShareOffer",
    "accept_activation",
    "encode_monitor_layout",
    "session_monitors",
]

_S = ServerAcceptorState


@dataclass(frozen=True, slots=True)
class ShareOffer:
    """The share that a server opens, as far as it does not follow from its configuration."""

    settings: BasicSettings
    user_channel_id: int
    desktop_size: DesktopSize
    color_depth: int
    monitors: tuple[Monitor, ...] = ()
    """The session's monitors; by default one as large as the desktop."""
    remote_programs: bool = False
    """Whether the client asks for single programs and may have them."""


@dataclass(frozen=True, slots=True)
class ServerActivation:
    """What a share is like: the result of capabilities exchange."""

    desktop_size: DesktopSize
    color_depth: int
    capabilities: ClientCapabilities


def session_monitors(settings: BasicSettings, desktop_size: DesktopSize) -> tuple[Monitor, ...]:
    """The monitors of a desktop: the client's own where they are what it is made of, else one."""
    monitors = monitors_of(settings.client)
    if monitors:
        left, top = min(one.left for one in monitors), min(one.top for one in monitors)
        right = max(one.left + one.width for one in monitors)
        bottom = max(one.top + one.height for one in monitors)
        if DesktopSize(right - left, bottom - top) == desktop_size:
            return monitors
    return (Monitor(width=desktop_size.width, height=desktop_size.height, is_primary=True),)


def encode_monitor_layout(envelopes: Envelopes, monitors: Iterable[Monitor]) -> bytes:
    """The frame of a Monitor Layout PDU."""
    definitions = [
        MonitorDefinition(
            left=one.left,
            top=one.top,
            right=one.left + one.width - 1,
            bottom=one.top + one.height - 1,
            flags=MonitorFlags(MonitorFlags.PRIMARY if one.is_primary else 0),
        )
        for one in monitors
    ]
    return envelopes.share_data(PduType2.MONITOR_LAYOUT, MonitorLayout(monitor_def_array=definitions).encode())


def accept_activation(
    config: ServerConfig,
    offer: ShareOffer,
    inbox: ServerInbox,
    envelopes: Envelopes,
    state_of: Callable[[ServerAcceptorState], State],
) -> Handshake[ServerActivation]:
    """Open a share, read what the client can do, and finish the connection in the order in which the client does."""
    # Every share has an id of its own, by which what was sent to the last one can be told.
    envelopes.share_id = ((envelopes.share_id >> 16) + 1 & 0xFFFF) << 16 | SERVER_CHANNEL_ID
    sets = server_capability_sets(config, offer.desktop_size, offer.color_depth, remote_programs=offer.remote_programs)
    demand = DemandActive(share_id=envelopes.share_id, capability_sets=sets)
    yield Send(state_of(_S.CAPABILITIES_SEND_SERVER), envelopes.share_control(PduType.DEMAND_ACTIVE, demand.encode()))
    layout = b""
    if ClientEarlyCapabilityFlags.SUPPORT_MONITOR_LAYOUT_PDU in offer.settings.client_flags:
        monitors = offer.monitors or session_monitors(offer.settings, offer.desktop_size)
        layout = encode_monitor_layout(envelopes, monitors)
    yield Send(state_of(_S.MONITOR_LAYOUT_SEND), layout)
    confirm = yield from _receive_confirm(inbox, envelopes, state_of(_S.CAPABILITIES_WAIT_CONFIRM))
    capabilities = ClientCapabilities.read(confirm.capability_sets)
    if not offer.remote_programs:
        capabilities = replace(capabilities, remote_programs=None)  # xfreerdp 2.11 shows a desktop and says it could
    yield from _finalize(inbox, envelopes, offer.user_channel_id, state_of(_S.CONNECTION_FINALIZATION))
    return ServerActivation(offer.desktop_size, offer.color_depth, capabilities)


def _receive_confirm(inbox: ServerInbox, envelopes: Envelopes, state: State) -> Handshake[ConfirmActive]:
    while True:
        share = yield from inbox.receive_share(state)
        if isinstance(share, ShareControlHeader):
            confirm = ConfirmActive.decode(share.payload)
            if confirm.share_id != envelopes.share_id:
                # One share is confirmed at a time, so there is no doubt which one is meant.
                inbox.ignored.note("share id of Confirm Active")
            return confirm
        inbox.ignored.note(f"{share.pdu_type2.name} before Confirm Active")


def _finalize(inbox: ServerInbox, envelopes: Envelopes, user_channel_id: int, state: State) -> Handshake[None]:
    """Answer what the client says until it says Font List, in whatever order ([MS-RDPBCGR] 1.3.1.1).

    "The Server Synchronize PDU is sent in response to the Confirm Active PDU", Cooperate behind it: neither depends on
    the client's own ones.  Control is granted before the Font Map, asked for or not: clients wait for both.
    """
    granted = envelopes.share_data(
        PduType2.CONTROL,
        Control(action=ControlAction.GRANTED_CONTROL, grant_id=user_channel_id, control_id=SERVER_CHANNEL_ID).encode(),
    )
    yield Send(
        state,
        envelopes.share_data(PduType2.SYNCHRONIZE, Synchronize(target_user=user_channel_id).encode())
        + envelopes.share_data(PduType2.CONTROL, Control(action=ControlAction.COOPERATE).encode()),
    )
    is_granted = False
    while True:
        share = yield from inbox.receive_share(state)
        if isinstance(share, ShareControlHeader):
            inbox.ignored.note("another Confirm Active")
        elif share.pdu_type2 == PduType2.FONT_LIST:
            font_map = envelopes.share_data(PduType2.FONT_MAP, FontMap().encode())
            yield Send(state, font_map if is_granted else granted + font_map)
            return
        elif not is_granted and _asks_for_control(share):
            is_granted = True
            yield Send(state, granted)


def _asks_for_control(share: ShareDataHeader) -> bool:
    return share.pdu_type2 == PduType2.CONTROL and Control.decode(share.payload).action == ControlAction.REQUEST_CONTROL


class ServerActivationSequence(Machine[ConnectionActivationState, ServerActivation]):
    """Capabilities exchange and finalization alone: what follows a Deactivate All.

    `ServerStage` runs one by itself; it is here for who looks at states.
    """

    _consumed = ConnectionActivationState.CONSUMED
    _done = ConnectionActivationState.FINALIZED

    def __init__(
        self,
        config: ServerConfig,
        offer: ShareOffer,
        inbox: ServerInbox,
        envelopes: Envelopes,
        conversation: Conversation,
    ) -> None:
        super().__init__(accept_activation(config, offer, inbox, envelopes, _activation_state), conversation)


def _activation_state(state: ServerAcceptorState) -> State:
    if state is _S.CONNECTION_FINALIZATION:
        return ConnectionActivationState.CONNECTION_FINALIZATION
    return ConnectionActivationState.CAPABILITIES_EXCHANGE
