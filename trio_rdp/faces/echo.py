"""`Echo` and `EchoReplier`: how long a message takes to the other side of a channel and back, for both sides.

round_trip = await session.echo.ping()
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import trio

from trio_rdp.channels.echo import ECHO_CHANNEL_NAME, decode_echo_from_server
from trio_rdp.channels.echo_server import EchoServer
from trio_rdp.faces.channel_face import ChannelFace
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.protocol.limits import Limits
from trio_rdp.wire.errors import RdpError

__all__ = ["Echo", "EchoMeasurement", "EchoReplier", "EchoReplierStatistics", "EchoStatistics"]


@dataclass(frozen=True, slots=True)
class EchoMeasurement:
    """One echo: bytes of the payload, when it was sent by Trio's clock, and seconds until it was back."""

    size: int
    sent_at: float
    round_trip: float


@dataclass(frozen=True, slots=True)
class EchoStatistics:
    """A server's echoes: how many were sent and answered, and how many have no answer: now, at most, and the bound."""

    sent: int
    answered: int
    waiting: int
    peak_waiting: int
    max_requests: int
    measurements: int
    max_measurements: int


@dataclass(frozen=True, slots=True)
class EchoReplierStatistics:
    """A client's echoes: how many it answered, and with how many bytes."""

    answered: int
    bytes_answered: int


class _Ping:
    """Somebody who waits for an answer."""

    __slots__ = ("error", "event", "round_trip")

    def __init__(self) -> None:
        self.event = trio.Event()
        self.round_trip: float = 0.0
        self.error: RdpError | None = None


class Echo(ChannelFace):
    """A server's echo: asks the client to send bytes back, and measures."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(ECHO_CHANNEL_NAME)
        self._limits = limits
        self._machine = EchoServer(limits.echo_requests)
        self._pings: dict[int, _Ping] = {}
        self._measurements: deque[EchoMeasurement] = deque(maxlen=limits.echo_measurements)
        self._sending = trio.Lock()
        self._answer = trio.Event()
        self._sent = 0
        self._answered = 0
        self._peak = 0

    async def ping(self, payload: bytes = b"trio_rdp") -> float:
        """Send bytes to the client and back; gives the seconds that it took.

        Waits for the channel, and for room among `Limits.echo_requests`; any number of tasks may ask at once.  The time
        runs from when the request is queued behind what this side has to send already.  A cancelled call's answer is
        measured all the same.  Raises `LocalProtocolError` for a payload of no bytes or more than a MiB, and where
        the client has no echo; `ChannelClosed` when the channel ends first.
        """
        payload = bytes(memoryview(payload))  # a number would become so many zeros
        await trio.lowlevel.checkpoint_if_cancelled()
        ping = _Ping()
        async with self._sending:
            channel = await self._room()
            number, message = self._machine.request(payload, now=trio.current_time())
            self._pings[number] = ping
            self._peak = max(self._peak, self._machine.waiting)
            try:
                await self._send(channel, message)
            except BaseException:
                if self._pings.pop(number, None) is not None:
                    self._machine.withdraw(number)
                raise
            self._sent += 1
        await ping.event.wait()
        if ping.error is not None:
            raise ping.error.with_traceback(None)
        return ping.round_trip

    def measurements(self) -> tuple[EchoMeasurement, ...]:
        """The latest echoes, the oldest first; at most `Limits.echo_measurements` of them."""
        return tuple(self._measurements)

    def statistics(self) -> EchoStatistics:
        """How many echoes went and came."""
        limits = self._limits
        return EchoStatistics(
            self._sent,
            self._answered,
            self._machine.waiting,
            self._peak,
            limits.echo_requests,
            len(self._measurements),
            limits.echo_measurements,
        )

    async def _room(self) -> MessageChannel:
        """Wait for the channel, and until it may carry one more request."""
        while True:
            channel = await self._opened()
            if not self._machine.is_full:
                return channel
            await self._answer.wait()

    async def _work(self, channel: MessageChannel) -> None:
        while True:
            message = await channel.receive()
            answered = self._machine.receive(message, now=trio.current_time())
            self._answered += 1
            self._measurements.append(EchoMeasurement(answered.size, answered.sent_at, answered.round_trip))
            ping = self._pings.pop(answered.number, None)
            if ping is not None:
                ping.round_trip = answered.round_trip
                ping.event.set()
            self._wake_waiting()

    def _ended(self) -> None:
        self._machine = EchoServer(self._limits.echo_requests)
        pings, self._pings = self._pings, {}
        for ping in pings.values():
            ping.error = self._end
            ping.event.set()
        self._wake_waiting()

    def _wake_waiting(self) -> None:
        self._answer.set()
        self._answer = trio.Event()


class EchoReplier(ChannelFace):
    """A client's echo: sends back what the server asks to have back."""

    def __init__(self, limits: Limits) -> None:
        super().__init__(ECHO_CHANNEL_NAME)
        self._answered = 0
        self._bytes = 0

    def statistics(self) -> EchoReplierStatistics:
        """How many echoes were answered."""
        return EchoReplierStatistics(self._answered, self._bytes)

    async def _work(self, channel: MessageChannel) -> None:
        # A server that takes no answers is not read on: what it asks then fills the channel, which fails.
        while True:
            request = decode_echo_from_server(await channel.receive())
            await channel.send(request.response().encode())
            self._answered += 1
            self._bytes += len(request.echo_request)
