"""Clipboards for tests: two of ours connected to each other, and one of ours with a peer that a test drives."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import TypeVar

import trio

from trio_rdp.channels.cliprdr import (
    ALL_FEATURES,
    Capabilities,
    ClipboardFormat,
    ClipboardMessage,
    FormatListResponse,
    GeneralCapability,
    GeneralFlags,
    LongFormatList,
    MonitorReady,
    decode_cliprdr,
)
from trio_rdp.faces.clipboard.clipboard import Clipboard
from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.protocol.limits import Limits
from trio_rdp.testing import channel_pair
from trio_rdp.wire.pdu import Pdu

__all__ = ["ClipboardPeer", "clipboard_and_peer", "clipboard_pair"]

P = TypeVar("P", bound=Pdu)


@contextlib.asynccontextmanager
async def clipboard_pair(limits: Limits | None = None) -> AsyncIterator[tuple[Clipboard, Clipboard]]:
    """A client's and a server's clipboard, connected; neither may hang."""
    limits = limits or Limits()
    client, server = Clipboard(limits, is_server=False), Clipboard(limits, is_server=True)
    ours, theirs = channel_pair("cliprdr")
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(client.run, ours)
            nursery.start_soon(server.run, theirs)
            yield client, server
            await ours.aclose()


class ClipboardPeer:
    """The other end of a clipboard, by hand."""

    def __init__(self, channel: MessageChannel) -> None:
        self.channel = channel

    async def say(self, *messages: Pdu) -> None:
        for message in messages:
            await self.channel.send(message.encode())

    async def hear(self, kind: type[P]) -> P:
        """The next message, which must be of this kind."""
        message: ClipboardMessage = decode_cliprdr(await self.channel.receive(), long_names=True)
        assert isinstance(message, kind), message
        return message

    def hears_nothing(self) -> bool:
        try:
            message = self.channel.receive_nowait()
        except trio.WouldBlock:
            return True
        raise AssertionError(decode_cliprdr(message, long_names=True))

    async def copy(self, *formats: ClipboardFormat) -> None:
        """Offer formats, and hear that they were taken."""
        await self.say(LongFormatList(formats=list(formats)))
        assert (await self.hear(FormatListResponse)).msg_flags.is_success


@contextlib.asynccontextmanager
async def clipboard_and_peer(
    limits: Limits | None = None, *, is_server: bool = False, flags: GeneralFlags = ALL_FEATURES
) -> AsyncIterator[tuple[Clipboard, ClipboardPeer]]:
    """One of our clipboards, and its peer, which has said what it can do."""
    clipboard = Clipboard(limits or Limits(), is_server=is_server)
    ours, theirs = channel_pair("cliprdr")
    peer = ClipboardPeer(theirs)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(clipboard.run, ours)
        capabilities = Capabilities(capability_sets=[GeneralCapability(general_flags=flags)])
        if is_server:
            await peer.hear(Capabilities)
            await peer.hear(MonitorReady)
            await peer.say(capabilities)
            await peer.copy()
        else:
            await peer.say(capabilities, MonitorReady())
            await peer.hear(Capabilities)
            await peer.hear(LongFormatList)
            await peer.say(FormatListResponse())
        yield clipboard, peer
        nursery.cancel_scope.cancel()
