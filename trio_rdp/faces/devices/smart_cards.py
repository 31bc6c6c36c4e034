"""`SmartCards`: smart cards that are lent to a server, which may use them for logging on.

session.devices.add_smart_cards(MyReaders())
"""

from __future__ import annotations

from trio_rdp.channels.rdpdr.devices import DeviceType
from trio_rdp.faces.devices.device import Device, DeviceService
from trio_rdp.faces.devices.smart_card_answers import SmartCardAnswers
from trio_rdp.faces.devices.smart_card_service import CardStatus, ReaderStatus, SmartCardError, SmartCardService
from trio_rdp.protocol.limits import Limits

__all__ = ["CardStatus", "ReaderStatus", "SmartCardError", "SmartCardService", "SmartCards"]

_NAME = "SCARD"


class SmartCards(Device):
    """All readers of a service; a client lends at most one such device."""

    def __init__(self, service: SmartCardService, limits: Limits) -> None:
        super().__init__(_NAME)
        self.service: SmartCardService = service
        self._limits = limits

    def _announcement(self) -> tuple[DeviceType, str, bytes]:
        return DeviceType.SMART_CARD, _NAME, b""

    def _serve(self) -> DeviceService:
        return SmartCardAnswers(self.service, self._limits)
