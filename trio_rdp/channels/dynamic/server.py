"""`DynamicServer`: a server's dynamic channels, [MS-RDPEDYC] 3.3, which it opens and the client accepts or not."""

from __future__ import annotations

from trio_rdp.channels.dynamic.data import DvcData, DvcDataCompressed, DvcDataFirst, DvcDataFirstCompressed
from trio_rdp.channels.dynamic.initializing import DvcCapabilitiesRequest, DvcCapabilitiesResponse
from trio_rdp.channels.dynamic.messages import decode_client_pdu
from trio_rdp.channels.dynamic.multiplexer import (
    VERSION,
    Closed,
    DynamicEvent,
    Multiplexer,
    Opened,
    Ready,
    Refused,
)
from trio_rdp.channels.dynamic.opening import DvcClose, DvcCreateRequest, DvcCreateResponse
from trio_rdp.wire.errors import LocalProtocolError, RemoteProtocolError

__all__ = ["CHARGES", "DynamicServer"]

CHARGES = (936, 3276, 9362, 21845)
"""What the priority classes cost: 70, 20, 7 and 3 per cent of the bandwidth are left to them (2.2.1.1.2's example)."""


class DynamicServer(Multiplexer):
    """The server's side: `start` gives what to send first, `receive` takes messages of the static channel "drdynvc"."""

    _last_id = 0

    def start(self) -> bytes:
        """Ask the client for its version; gives the bytes.  Channels can be opened after `Ready`."""
        return DvcCapabilitiesRequest(
            version=VERSION,
            priority_charge0=CHARGES[0],
            priority_charge1=CHARGES[1],
            priority_charge2=CHARGES[2],
            priority_charge3=CHARGES[3],
        ).encode()

    def open(self, name: str, *, priority: int = 0) -> tuple[int, bytes]:
        """Ask for a channel; gives its id and the bytes.  `Opened` or `Refused` comes later.

        Raises `LocalProtocolError` before `Ready`, beyond the most channels, and for a name or class that cannot be.
        """
        if not self.version:
            raise LocalProtocolError("the client has not said yet which dynamic channels it speaks")
        if len(self) >= self._max_channels:
            raise LocalProtocolError(f"{self._max_channels} dynamic channels are open")
        if not 0 <= priority <= 3:
            raise LocalProtocolError(f"priority class {priority} is not 0 to 3")
        channel_id = self._next_id()
        request = DvcCreateRequest(channel_id=channel_id, channel_name=name, pri=priority if self.version > 1 else 0)
        data = request.encode()
        self._add(channel_id, name, priority)
        return channel_id, data

    def receive(self, message: bytes) -> list[DynamicEvent]:
        """Take one message; raises `RemoteProtocolError` for one that makes no sense, which is the end of all."""
        events: list[DynamicEvent] = []
        match decode_client_pdu(message):
            case DvcData() | DvcDataFirst() | DvcDataCompressed() | DvcDataFirstCompressed() as pdu:
                self._receive_data(pdu, events)
            case DvcCreateResponse() as pdu:
                self._receive_answer(pdu, events)
            case DvcClose(channel_id=channel_id):
                # "The server does not respond" (3.2.5.2), and a client may answer a close with one.
                if self._forget(channel_id) is not None:
                    events.append(Closed(channel_id))
            case DvcCapabilitiesResponse(version=version):
                if not version:
                    raise RemoteProtocolError("the client speaks version 0 of dynamic channels")
                if self.version:
                    self._ignored("another version of dynamic channels")
                else:
                    self.version: int = min(version, VERSION)
                    events.append(Ready(self.version, CHARGES if self.version > 1 else (0, 0, 0, 0)))
            case _:
                self._ignored("unknown PDU of dynamic channels")
        return events

    def _receive_answer(self, pdu: DvcCreateResponse, events: list[DynamicEvent]) -> None:
        channel = self._channels.get(pdu.channel_id)
        if channel is None or channel.is_open:
            self._ignored("an answer about a dynamic channel that nobody asked for")
        elif pdu.creation_status.is_success:
            channel.is_open = True
            events.append(Opened(pdu.channel_id))
        else:
            self._forget(pdu.channel_id)
            events.append(Refused(pdu.channel_id, pdu.creation_status))

    def _next_id(self) -> int:
        """The next id, which was not used for as long as can be: an answer may still come about the one before."""
        while True:
            self._last_id = self._last_id % 0xFFFF + 1
            if self._last_id not in self._channels:
                return self._last_id
