"""`Device`: something of the client's that is lent to a server, and `DeviceService`: what it does while it is used."""

from __future__ import annotations

import abc
from collections.abc import Callable, Hashable

import trio

from trio_rdp.channels.rdpdr.client import answer
from trio_rdp.channels.rdpdr.devices import DeviceType
from trio_rdp.channels.rdpdr.header import NtStatus
from trio_rdp.channels.rdpdr.requests import DeviceIoRequest
from trio_rdp.channels.rdpdr.responses import DeviceIoResponse
from trio_rdp.wire.errors import LocalProtocolError, RdpError, RequestRefused

__all__ = ["Device", "DeviceService"]

_DOS_NAME_LENGTH = 7


class DeviceService(abc.ABC):
    """One server's use of a device, from its first request to the end of the channel or the removal of the device."""

    @abc.abstractmethod
    async def answer(self, request: DeviceIoRequest) -> DeviceIoResponse:
        """Do what is asked, and say how it went.

        An `OSError` answers with the status that says the same, any other exception is logged and answers that it
        failed.
        """

    async def run(self) -> None:  # noqa: B027
        """What goes on beside the answers, as long as the device is in use."""

    def lane(self, request: DeviceIoRequest) -> Hashable:
        """Requests of one lane are done one after the other, in their order; of None, all at once."""
        return request.file_id

    async def aclose(self) -> None:  # noqa: B027
        """Close what is open; nothing is answered any more."""


class Device(abc.ABC):
    """A device that is lent until it is removed, or the session ends."""

    def __init__(self, name: str) -> None:
        self.name: str = name
        self._is_accepted = False
        self._refusal: NtStatus | None = None
        self._is_removed = False
        self._end: RdpError | None = None
        self._changed = trio.Event()
        self._take_back: Callable[[], None] | None = None

    # For users.

    @property
    def is_accepted(self) -> bool:
        """Whether the server said that it uses the device."""
        return self._is_accepted

    async def wait_accepted(self) -> None:
        """Wait until the server says that it uses the device.

        Raises `RequestRefused` if it does not want it, `LocalProtocolError` when it was removed, and what
        `Devices.wait_open` raises where there is no channel.
        """
        await trio.lowlevel.checkpoint()
        while not self._is_accepted:
            if self._refusal is not None:
                raise RequestRefused(f"the server refused {self.name!r}: {self._refusal.name}", int(self._refusal))
            if self._is_removed:
                raise LocalProtocolError(f"{self.name!r} was removed")
            if self._end is not None:
                raise self._end.with_traceback(None)
            await self._changed.wait()

    def remove(self) -> None:
        """Take the device back: what is open is closed, and the server is told.  It may be lent again."""
        if self._take_back is None:
            raise LocalProtocolError(f"{self.name!r} is not lent")
        self._take_back()

    # For subclasses.

    @abc.abstractmethod
    def _announcement(self) -> tuple[DeviceType, str, bytes]:
        """What the device is, its short name, and the data that describe it."""

    @abc.abstractmethod
    def _serve(self) -> DeviceService:
        """Begin to serve a server."""

    def _over(self) -> None:  # noqa: B027
        """Note that the device is removed, or the channel has ended: `_is_removed` and `_end` say which."""

    # For `Devices`.

    def _lent(self, take_back: Callable[[], None]) -> None:
        self._take_back = take_back
        self._is_removed, self._end = False, None
        self._begun()

    def _begun(self) -> None:
        """The server begins, or begins anew: it does not know the device yet."""
        self._is_accepted, self._refusal, self._end = False, None, None

    def _heard(self, refusal: NtStatus | None) -> None:
        self._is_accepted, self._refusal = refusal is None, refusal
        self._wake()

    def _removed(self) -> None:
        self._take_back, self._is_removed, self._is_accepted = None, True, False
        self._over()
        self._wake()

    def _ended(self, end: RdpError) -> None:
        self._end, self._is_accepted = end, False
        self._over()
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = trio.Event()


def short_name(name: str) -> str:
    """A name for the field of eight bytes: what is not ASCII becomes "_"."""
    return "".join(char if " " <= char < "\x7f" else "_" for char in name)[:_DOS_NAME_LENGTH]


def unsupported(request: DeviceIoRequest) -> DeviceIoResponse:
    """The answer to what a device of this kind does not do."""
    return answer(request, NtStatus.NOT_SUPPORTED)
