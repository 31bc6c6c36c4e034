"""`ChannelFace`: what the built-in channels (clipboard, audio, drives) have in common as seen by a session's user.

A face may be used before its channel is there, and after it has gone: calls wait for the one, and raise
`ChannelClosed` after the other.  What breaks inside a face closes its channel, and never the session.
"""

from __future__ import annotations

import abc
import logging
from collections.abc import Iterator

import trio

from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.wire.errors import ChannelClosed, LocalProtocolError, RdpError, SessionClosed

__all__ = ["ChannelFace"]

_log = logging.getLogger(__name__)

_ENDS = (trio.EndOfChannel, trio.ClosedResourceError, trio.BrokenResourceError, SessionClosed)


class ChannelFace(abc.ABC):
    """A built-in channel; subclasses say what is done with its messages, in `_work`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._channel: MessageChannel | None = None
        self._end: RdpError | None = None
        self._changed = trio.Event()

    # For users.

    @property
    def is_open(self) -> bool:
        """Whether there is a channel now."""
        return self._channel is not None

    async def wait_open(self) -> None:
        """Wait until the channel is there.

        Raises `LocalProtocolError` where the peer does not have it, `ChannelClosed` after its end, and `SessionClosed`
        after that of the session.
        """
        await trio.lowlevel.checkpoint()
        while self._channel is None:
            self._raise_end()
            await self._changed.wait()

    # For subclasses.

    @abc.abstractmethod
    async def _work(self, channel: MessageChannel) -> None:
        """Handle a channel's messages until it ends, which `receive` raises; what else is raised gives it up.

        Whatever tasks that needs belong into a nursery in here.
        """

    def _ended(self) -> None:  # noqa: B027
        """Wake everybody who waits for something that will not come any more; `_raise_end` says why."""

    async def _opened(self) -> MessageChannel:
        """Wait for the channel, and give it; raises as `wait_open` does."""
        while self._channel is None:
            self._raise_end()
            await self._changed.wait()
        return self._channel

    async def _send(self, channel: MessageChannel, message: bytes) -> None:
        """Send a message of a user's call; cancelling sends all of it or nothing.

        Raises `ChannelClosed` or `SessionClosed` where the channel is over, also when that happens while there is no
        room.
        """
        try:
            await channel.send(message)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as exc:
            self._raise_end()
            raise ChannelClosed(channel.name, _reason_of(exc, channel.name)) from None

    def _raise_end(self) -> None:
        """Raise why there is no channel any more, or why there will be none, if that is so."""
        if self._end is not None:
            raise self._end.with_traceback(None)

    # For the session.

    async def run(self, channel: MessageChannel) -> None:
        """Use a channel until it ends; raises nothing, as an end is told to who uses the face."""
        self._channel, self._end = channel, None
        self._wake()
        try:
            await self._work(channel)
            end: RdpError = ChannelClosed(channel.name, "it is not used any more")
        except BaseException as exc:
            found = self._reason(exc, channel)
            if found is None:
                self._over(SessionClosed("the session was left"), channel)
                raise
            end = found
            if isinstance(exc, BaseExceptionGroup) and (cancelled := exc.split(trio.Cancelled)[0]):
                # The channel ended while its task was being cancelled, which goes on.
                self._over(end, channel)
                raise cancelled from None
        self._over(end, channel)

    def unavailable(self, reason: str) -> None:
        """Note that there will be no channel."""
        self._over(LocalProtocolError(f"channel {self._name}: {reason}"), None)

    def session_ended(self, error: SessionClosed) -> None:
        """Note that the session is over."""
        if not isinstance(self._end, ChannelClosed):
            self._over(error, self._channel)

    def _over(self, end: RdpError, channel: MessageChannel | None) -> None:
        if self._channel is not channel:
            return  # it was over already
        self._channel, self._end = None, end
        self._ended()
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = trio.Event()

    def _reason(self, exc: BaseException, channel: MessageChannel) -> RdpError | None:
        """What an exception of `_work` says to users; None for a cancellation, or an interrupt, which goes on."""
        found = [one for one in _leaves(exc) if not isinstance(one, trio.Cancelled)]
        if not all(isinstance(one, Exception) for one in found):
            return None
        # Where several tasks failed, an end of the channel is what followed from the rest.
        match next((one for one in found if not isinstance(one, _ENDS)), found[0] if found else None):
            case trio.EndOfChannel() | trio.ClosedResourceError():
                return ChannelClosed(channel.name, "it was closed")
            case trio.BrokenResourceError() as broken:
                return ChannelClosed(channel.name, _reason_of(broken, channel.name))
            case SessionClosed() as end:
                return end
            case RdpError() as error:
                _log.warning("channel %s is given up: %s", channel.name, error)
            case Exception() as error:
                _log.error("channel %s broke, which is a mistake of the library", channel.name, exc_info=exc)
            case _:
                return None
        channel.fail(str(error))
        return ChannelClosed(channel.name, str(error) or type(error).__name__)


def _reason_of(exc: Exception, name: str) -> str:
    """What ended a channel, without its name, which who is told puts before it."""
    return str(exc).removeprefix(f"channel {name}: ") or "it was closed"


def _leaves(exc: BaseException) -> Iterator[BaseException]:
    """The exceptions that a group, perhaps of groups, is made of."""
    if isinstance(exc, BaseExceptionGroup):
        for inner in exc.exceptions:
            yield from _leaves(inner)
    else:
        yield exc
