"""A client's side of capabilities exchange and finalization, [MS-RDPBCGR] 1.3.1.1, and of a reactivation, 1.3.1.3."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from trio_rdp.pdu.activation import ConfirmActive, DemandActive
from trio_rdp.pdu.capabilities import AnyCapabilitySet
from trio_rdp.pdu.capabilities_basic import (
    BitmapCapabilitySet,
    ExtraFlags,
    GeneralCapabilitySet,
    InputCapabilitySet,
    InputFlags,
    VirtualChannelCapabilitySet,
)
from trio_rdp.pdu.capabilities_extensions import FrameAcknowledgeCapabilitySet, MultifragmentUpdateCapabilitySet
from trio_rdp.pdu.channel import CHANNEL_CHUNK_LENGTH
from trio_rdp.pdu.finalization import Control, ControlAction, FontList, Synchronize
from trio_rdp.pdu.share import PduType, PduType2, ShareControlHeader, ShareDataHeader
from trio_rdp.protocol.client_capabilities import client_capability_sets
from trio_rdp.protocol.config import ClientConfig, DesktopSize
from trio_rdp.protocol.envelopes import SERVER_CHANNEL_ID, Envelopes
from trio_rdp.protocol.handshake import Conversation, Handshake, Machine, Send, State
from trio_rdp.protocol.inbox import ClientInbox
from trio_rdp.protocol.limits import Limits
from trio_rdp.protocol.remote_programs import RemotePrograms, agreed_remote_programs
from trio_rdp.protocol.states import ConnectionActivationState
from trio_rdp.wire.errors import RemoteProtocolError

__all__ = ["Activation", "ConnectionActivationSequence", "activate", "check_desktop_size", "find_capability"]

_C = TypeVar("_C")
_MAX_ATTEMPTS = 16  # GNOME Remote Desktop deactivates once while it connects
_LARGEST_CHUNK = 16_256  # [MS-RDPBCGR] 2.2.7.1.10: VCChunkSize is at most CHANNEL_CHUNK_MAX_LENGTH


@dataclass(frozen=True, slots=True)
class Activation:
    """What a share is like: the result of capabilities exchange."""

    share_id: int
    desktop_size: DesktopSize
    color_depth: int
    input_flags: InputFlags
    refresh_rect_support: bool
    suppress_output_support: bool
    frame_acknowledge_support: bool
    channel_chunk_size: int
    max_request_size: int
    """Bytes of the largest update that the server reassembles; 0 where it says nothing."""
    fast_path_output: bool
    remote_programs: RemotePrograms | None = None
    """What can be done with single programs; None where one side does not want them."""
    capability_sets: tuple[AnyCapabilitySet, ...] = field(default=(), repr=False)


def find_capability(sets: list[AnyCapabilitySet] | tuple[AnyCapabilitySet, ...], kind: type[_C]) -> _C | None:
    """The first capability set of a class."""
    return next((found for found in sets if isinstance(found, kind)), None)


def check_desktop_size(width: int, height: int, limits: Limits) -> DesktopSize:
    """The size that a peer chose, if it is one that we hold."""
    too_large = max(width, height) > limits.desktop_side or width * height > limits.desktop_pixels
    if too_large or width < 1 or height < 1:
        raise RemoteProtocolError(
            f"a desktop of {width}x{height} pixels; the limits are {limits.desktop_side} a side, "
            f"{limits.desktop_pixels} in all"
        )
    return DesktopSize(width, height)


def activate(
    config: ClientConfig,
    inbox: ClientInbox,
    envelopes: Envelopes,
    state_of: Callable[[ConnectionActivationState], State],
) -> Handshake[Activation]:
    """Take part in capabilities exchange and finalization, as often as the server deactivates in between."""
    for _ in range(_MAX_ATTEMPTS):
        demand = yield from _receive_demand(inbox, state_of(ConnectionActivationState.CAPABILITIES_EXCHANGE))
        activation = _read_demand(config, demand)
        envelopes.share_id = activation.share_id
        yield Send(state_of(ConnectionActivationState.CAPABILITIES_EXCHANGE), _confirm(config, envelopes, activation))
        state = state_of(ConnectionActivationState.CONNECTION_FINALIZATION)
        yield Send(state, _finalization(envelopes))
        if (yield from _finish(inbox, state)):
            return activation
    raise RemoteProtocolError("the server deactivates without end")


def _receive_demand(inbox: ClientInbox, state: State) -> Handshake[DemandActive]:
    while True:
        share = yield from inbox.receive_share(state)
        if isinstance(share, ShareControlHeader) and share.pdu_type == PduType.DEMAND_ACTIVE:
            return DemandActive.decode(share.payload)
        # A Deactivate All before there is a share closes nothing; what else comes is left over from the last one.
        inbox.ignored.note(f"{_name(share)} before Demand Active")


def _name(share: ShareControlHeader | ShareDataHeader) -> str:
    return share.pdu_type2.name if isinstance(share, ShareDataHeader) else share.pdu_type.name


def _read_demand(config: ClientConfig, demand: DemandActive) -> Activation:
    sets = demand.capability_sets
    bitmap = find_capability(sets, BitmapCapabilitySet)
    general = find_capability(sets, GeneralCapabilitySet) or GeneralCapabilitySet()
    entry = find_capability(sets, InputCapabilitySet)
    channel = find_capability(sets, VirtualChannelCapabilitySet)
    fragments = find_capability(sets, MultifragmentUpdateCapabilitySet)
    size = config.desktop_size
    if bitmap is not None:
        size = check_desktop_size(bitmap.desktop_width, bitmap.desktop_height, config.limits)
    chunk = channel.vc_chunk_size if channel is not None and channel.vc_chunk_size else CHANNEL_CHUNK_LENGTH
    return Activation(
        share_id=demand.share_id,
        desktop_size=size,
        color_depth=config.color_depth if bitmap is None else bitmap.preferred_bits_per_pixel,
        input_flags=InputFlags(InputFlags.SCANCODES) if entry is None else entry.input_flags,
        refresh_rect_support=general.refresh_rect_support,
        suppress_output_support=general.suppress_output_support,
        frame_acknowledge_support=find_capability(sets, FrameAcknowledgeCapabilitySet) is not None,
        channel_chunk_size=min(max(chunk, CHANNEL_CHUNK_LENGTH), _LARGEST_CHUNK),
        max_request_size=0 if fragments is None else fragments.max_request_size,
        fast_path_output=ExtraFlags.FASTPATH_OUTPUT_SUPPORTED in general.extra_flags,
        remote_programs=agreed_remote_programs(sets) if config.enable_remote_apps else None,
        capability_sets=tuple(sets),
    )


def _confirm(config: ClientConfig, envelopes: Envelopes, activation: Activation) -> bytes:
    sets = client_capability_sets(config, activation.desktop_size, activation.remote_programs)
    confirm = ConfirmActive(share_id=activation.share_id, capability_sets=sets)
    return envelopes.share_control(PduType.CONFIRM_ACTIVE, confirm.encode())


def _finalization(envelopes: Envelopes) -> bytes:
    """All that a client has to say: the server's answers depend on none of it ([MS-RDPBCGR] 1.3.1.1, note 5)."""
    return b"".join(
        (
            envelopes.share_data(PduType2.SYNCHRONIZE, Synchronize(target_user=SERVER_CHANNEL_ID).encode()),
            envelopes.share_data(PduType2.CONTROL, Control(action=ControlAction.COOPERATE).encode()),
            envelopes.share_data(PduType2.CONTROL, Control(action=ControlAction.REQUEST_CONTROL).encode()),
            envelopes.share_data(PduType2.FONT_LIST, FontList().encode()),
        )
    )


def _finish(inbox: ClientInbox, state: State) -> Handshake[bool]:
    """Wait for the Font Map; False when the server deactivates instead."""
    while True:
        share = yield from inbox.receive_share(state)
        if isinstance(share, ShareControlHeader):
            if share.pdu_type == PduType.DEACTIVATE_ALL:
                return False
            inbox.give_back(share)
            return False
        if share.pdu_type2 == PduType2.FONT_MAP:
            return True
        # Synchronize, Cooperate and Granted Control say nothing new; xrdp and GNOME send them in orders of their own.


class ConnectionActivationSequence(Machine[ConnectionActivationState, Activation]):
    """Capabilities exchange and finalization alone: what follows a Deactivate All.

    `ActiveStage` runs one by itself; it is here for who looks at states.
    """

    _consumed = ConnectionActivationState.CONSUMED
    _done = ConnectionActivationState.FINALIZED

    def __init__(
        self, config: ClientConfig, inbox: ClientInbox, envelopes: Envelopes, conversation: Conversation
    ) -> None:
        super().__init__(activate(config, inbox, envelopes, lambda state: state), conversation)
