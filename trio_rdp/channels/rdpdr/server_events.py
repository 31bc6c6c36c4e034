"""What happens on a server's side of device redirection."""

from __future__ import annotations

from dataclasses import dataclass

from trio_rdp.channels.rdpdr.capabilities import CapabilitySet, UnknownCapabilitySet
from trio_rdp.channels.rdpdr.devices import DeviceAnnounce
from trio_rdp.channels.rdpdr.requests import DeviceIoRequest
from trio_rdp.channels.rdpdr.responses import DeviceIoResponse

__all__ = ["ClientIdentified", "DeviceAnnounced", "DeviceLeft", "RdpdrServerEvent", "RequestAnswered", "ServerReady"]


@dataclass(frozen=True, slots=True)
class ClientIdentified:
    """The client said its name and the version of the protocol that it speaks."""

    computer_name: str
    version_major: int
    version_minor: int


@dataclass(frozen=True, slots=True)
class ServerReady:
    """The exchange is done; a client of before version 1.5 has no capabilities."""

    capabilities: tuple[CapabilitySet | UnknownCapabilitySet, ...]


@dataclass(frozen=True, slots=True)
class DeviceAnnounced:
    """The client offers a device, which waits to be accepted or refused."""

    device: DeviceAnnounce


@dataclass(frozen=True, slots=True)
class DeviceLeft:
    """The client took a device away, whose requests were answered with DEVICE_REMOVED before."""

    device: DeviceAnnounce


@dataclass(frozen=True, slots=True)
class RequestAnswered:
    """A request is over: answered by the client, or because its file was closed (CANCELLED) or its device has left."""

    request: DeviceIoRequest
    response: DeviceIoResponse


RdpdrServerEvent = ClientIdentified | ServerReady | DeviceAnnounced | DeviceLeft | RequestAnswered
