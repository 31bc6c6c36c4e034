"""What a client's side of device redirection tells: `RdpdrClient.receive` gives these."""

from __future__ import annotations

from dataclasses import dataclass

from trio_rdp.channels.rdpdr.header import NtStatus
from trio_rdp.channels.rdpdr.printer import PrinterCacheData
from trio_rdp.channels.rdpdr.requests import DeviceIoRequest

__all__ = [
    "DeviceAccepted",
    "DeviceRefused",
    "LoggedOn",
    "PrinterCacheChanged",
    "RdpdrClientEvent",
    "Requested",
    "Started",
    "XpsModeSet",
]


@dataclass(frozen=True, slots=True)
class Started:
    """The server begins, or begins anew: what was open is gone, and requests of before are not answered."""

    version_minor: int


@dataclass(frozen=True, slots=True)
class LoggedOn:
    """A user has logged on to the server."""


@dataclass(frozen=True, slots=True)
class DeviceAccepted:
    """The server uses a device from now on."""

    device_id: int


@dataclass(frozen=True, slots=True)
class DeviceRefused:
    """The server does not want a device."""

    device_id: int
    result_code: NtStatus


@dataclass(frozen=True, slots=True)
class Requested:
    """The server asks something of a device; `complete` answers by the ticket, once, whenever it is ready."""

    ticket: int
    request: DeviceIoRequest


@dataclass(frozen=True, slots=True)
class PrinterCacheChanged:
    """The server asks to remember something of a printer."""

    change: PrinterCacheData


@dataclass(frozen=True, slots=True)
class XpsModeSet:
    """Jobs of a printer are XPS from now on."""

    device_id: int


RdpdrClientEvent = Started | LoggedOn | DeviceAccepted | DeviceRefused | Requested | PrinterCacheChanged | XpsModeSet
