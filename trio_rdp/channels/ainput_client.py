"""`AinputClient`: a client that tells of its mouse on FreeRDP's own channel."""

from __future__ import annotations

from trio_rdp.channels.ainput import AinputFlags, AinputMouse, AinputVersion, decode_ainput
from trio_rdp.wire.errors import LocalProtocolError, RemoteProtocolError

__all__ = ["AINPUT_VERSION", "AinputClient"]

AINPUT_VERSION = (1, 0)
"""What FreeRDP 3 sends, and the only version that there is."""


class AinputClient:
    """Waits for the server's version, and then makes messages; times are seconds of any one clock."""

    def __init__(self) -> None:
        self._version: tuple[int, int] | None = None

    @property
    def version(self) -> tuple[int, int] | None:
        """The server's version, once it has said so."""
        return self._version

    def receive(self, message: bytes) -> None:
        """Take a message of the server; what is no version is passed over.

        Raises `RemoteProtocolError` for a version that is not known: its messages may look otherwise.
        """
        match decode_ainput(message):
            case AinputVersion(major=major, minor=minor):
                if major != AINPUT_VERSION[0] or minor > AINPUT_VERSION[1]:
                    raise RemoteProtocolError(f"version {major}.{minor} of advanced input, known is 1.0")
                self._version = major, minor

    def mouse(self, flags: AinputFlags, x: int, y: int, *, now: float) -> bytes:
        """The message that tells what the mouse does; raises `LocalProtocolError` before the server's version."""
        if self._version is None:
            raise LocalProtocolError("the server has not said its version of advanced input yet")
        return AinputMouse(time=max(0, round(now * 1000)), flags=flags, x=x, y=y).encode()
