"""`EchoServer`: the server's side of the echo channel, [MS-RDPEECO] 3.1: what was asked, and how long answers took.

The client's side has no state: `decode_echo_from_server(message).response()` is all that it does.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from trio_rdp.channels.echo import EchoRequest, decode_echo_from_client
from trio_rdp.wire.errors import LocalProtocolError, RemoteProtocolError

__all__ = ["EchoAnswered", "EchoServer"]


@dataclass(frozen=True, slots=True)
class EchoAnswered:
    """An answer came: to the request `number`, whose payload had `size` bytes, `round_trip` seconds after it."""

    number: int
    size: int
    sent_at: float
    round_trip: float


@dataclass(frozen=True, slots=True)
class _Request:
    number: int
    payload: bytes
    sent_at: float


class EchoServer:
    """Requests and their answers; times are seconds of any one clock.

    A channel keeps the order, so an answer must be that of the oldest request, and have its bytes.
    """

    def __init__(self, max_requests: int) -> None:
        self._max_requests = max_requests
        self._waiting: deque[_Request] = deque()
        self._next = 0

    @property
    def waiting(self) -> int:
        """How many requests have no answer yet."""
        return len(self._waiting)

    @property
    def is_full(self) -> bool:
        """Whether no further request may be made now."""
        return len(self._waiting) >= self._max_requests

    def request(self, payload: bytes, *, now: float) -> tuple[int, bytes]:
        """Ask for an echo: gives the request's number and the message to send.

        Raises `LocalProtocolError` for a payload without bytes, or with too many, and for too many requests at once.
        """
        if self.is_full:
            raise LocalProtocolError(f"{self._max_requests} echoes have no answer yet")
        message = EchoRequest(echo_request=payload).encode()
        number = self._next
        self._next += 1
        self._waiting.append(_Request(number, message, now))
        return number, message

    def withdraw(self, number: int) -> None:
        """Forget the last request, which was not sent after all."""
        if not self._waiting or self._waiting[-1].number != number:
            raise LocalProtocolError(f"echo {number} is not the last one that was asked for")
        self._waiting.pop()

    def receive(self, message: bytes, *, now: float) -> EchoAnswered:
        """Take an answer; raises `RemoteProtocolError` for one that nobody asked for, or with other bytes."""
        answer = decode_echo_from_client(message).echo_response
        if not self._waiting:
            raise RemoteProtocolError(f"an echo of {len(answer)} bytes that nobody asked for")
        request = self._waiting[0]
        if answer != request.payload:
            raise RemoteProtocolError(
                f"an echo of {len(answer)} bytes is not what was sent, which are {len(request.payload)} others"
            )
        self._waiting.popleft()
        return EchoAnswered(request.number, len(answer), request.sent_at, now - request.sent_at)
