"""`DynamicClient`: a client's dynamic channels, [MS-RDPEDYC] 3.2, which the server asks for by name."""

from __future__ import annotations

from trio_rdp.channels.dynamic.data import DvcData, DvcDataCompressed, DvcDataFirst, DvcDataFirstCompressed
from trio_rdp.channels.dynamic.initializing import DvcCapabilitiesRequest, DvcCapabilitiesResponse
from trio_rdp.channels.dynamic.messages import decode_server_pdu
from trio_rdp.channels.dynamic.multiplexer import (
    VERSION,
    Answer,
    Closed,
    CreationRequested,
    DynamicEvent,
    Multiplexer,
    Ready,
)
from trio_rdp.channels.dynamic.opening import CreationStatus, DvcClose, DvcCreateRequest, DvcCreateResponse
from trio_rdp.channels.dynamic.soft_sync import SoftSyncRequest, SoftSyncResponse

__all__ = ["DynamicClient"]


class DynamicClient(Multiplexer):
    """The client's side: `receive` takes the messages of the static channel "drdynvc"."""

    def receive(self, message: bytes) -> list[DynamicEvent]:
        """Take one message; raises `RemoteProtocolError` for one that makes no sense, which is the end of all channels.

        A channel that it asks for must be answered before the next message is taken.
        """
        events: list[DynamicEvent] = []
        match decode_server_pdu(message):
            case DvcData() | DvcDataFirst() | DvcDataCompressed() | DvcDataFirstCompressed() as pdu:
                self._receive_data(pdu, events)
            case DvcCreateRequest() as pdu:
                self._receive_creation(pdu, events)
            case DvcClose(channel_id=channel_id):
                if self._forget(channel_id) is None:
                    self._ignored("the end of a dynamic channel that is not open")
                else:
                    # "The client MAY respond" (3.2.5.2); FreeRDP 2 does so too.
                    events += [Answer(DvcClose(channel_id=channel_id).encode()), Closed(channel_id)]
            case DvcCapabilitiesRequest() as pdu:
                charges = (pdu.priority_charge0, pdu.priority_charge1, pdu.priority_charge2, pdu.priority_charge3)
                self._agree(max(1, min(pdu.version, VERSION)), charges, events)
            case SoftSyncRequest():
                # There are no tunnels, as multitransport is declined: nothing moves into one.
                events.append(Answer(SoftSyncResponse(tunnels_to_switch=[]).encode()))
            case _:
                self._ignored("unknown PDU of dynamic channels")
        return events

    def accept(self, channel_id: int) -> bytes:
        """Open the channel that was asked for; gives the answer."""
        self._require(channel_id).is_open = True
        return DvcCreateResponse(channel_id=channel_id).encode()

    def refuse(self, channel_id: int, status: CreationStatus = CreationStatus.NOT_FOUND) -> bytes:
        """Do not open the channel that was asked for; gives the answer."""
        self._require(channel_id)
        self._forget(channel_id)
        return DvcCreateResponse(channel_id=channel_id, creation_status=status).encode()

    def _agree(self, version: int, charges: tuple[int, int, int, int], events: list[DynamicEvent]) -> None:
        self.version = version
        events += [Answer(DvcCapabilitiesResponse(version=version).encode()), Ready(version, charges)]

    def _receive_creation(self, pdu: DvcCreateRequest, events: list[DynamicEvent]) -> None:
        channel_id = pdu.channel_id
        if not self.version:
            # Servers of RDP 5 ask for channels without asking for the version first, says FreeRDP 2.
            self._agree(1, (0, 0, 0, 0), events)
        if self._forget(channel_id) is not None:
            events.append(Closed(channel_id, "the server opened another channel in its place"))
        if len(self) >= self._max_channels:
            self._ignored(f"dynamic channels beyond {self._max_channels}")
            refusal = DvcCreateResponse(channel_id=channel_id, creation_status=CreationStatus.NO_MEMORY)
            events.append(Answer(refusal.encode()))
            return
        self._add(channel_id, pdu.channel_name, pdu.pri)
        events.append(CreationRequested(channel_id, pdu.channel_name, pdu.pri))
