"""A peer that lies, or floods, on its channels meets a limit: at most the channel ends, and the session goes on."""

from __future__ import annotations

import struct
from collections.abc import Iterable

import pytest
import trio
import trio.testing

from tests.robustness.peers import client_config, server_config
from trio_rdp.channels.dynamic.data import DvcData, DvcDataFirst
from trio_rdp.channels.dynamic.opening import DvcCreateRequest
from trio_rdp.client import Session
from trio_rdp.pdu.channel import ChannelFlags
from trio_rdp.protocol.channel_frames import ChannelFrames
from trio_rdp.protocol.config import ClientConfig
from trio_rdp.protocol.limits import Limits
from trio_rdp.server import ServerSession
from trio_rdp.testing import open_session_pair
from trio_rdp.wire.errors import ChannelClosed

ALL = ClientConfig(
    username="user",
    security=client_config().security,
    static_channels=("echo",),
    enable_clipboard=True,
    enable_audio_playback=True,
    enable_audio_capture=True,
    enable_devices=True,
    enable_touch=True,
)


def chunk(frames: ChannelFrames, total: int, flags: int, data: bytes) -> bytes:
    """A frame with a chunk of a static channel that says what it likes."""
    return frames._envelopes.wrap(frames._channel_id, struct.pack("<II", total, flags) + data)


async def say(server: ServerSession, frames: Iterable[bytes]) -> None:
    for frame in frames:
        await server._writer.input.put([frame])
    await trio.testing.wait_all_tasks_blocked(0.01)


async def check_alive(client: Session, server: ServerSession) -> None:
    with trio.fail_after(10):
        await client.keyboard.type("z")
        while "z" not in str(await server.input.receive()):
            pass
        await server.channel("echo").send(b"still there")
        assert await client.channel("echo").receive() == b"still there"


async def test_ten_thousand_dynamic_channels() -> None:
    """The backlog of a name nobody accepts, then the number of channels, are what they meet."""
    limits = Limits()
    async with open_session_pair(client_config=ALL, server_config=server_config()) as (client, server):
        listener = client.listen("talk")
        wire = server._dynamic_frames()
        asked = [DvcCreateRequest(channel_id=10 + at, channel_name="talk").encode() for at in range(10_000)]
        await say(server, map(wire.bare_pdu, asked))
        assert len([one for one in client._dynamics if one.name == "talk"]) == limits.dynamic_backlog
        accepted = [await listener.accept() for _ in range(limits.dynamic_backlog)]
        while len(accepted) < limits.dynamic_channels:
            await say(server, map(wire.bare_pdu, asked[len(accepted) : len(accepted) + limits.dynamic_backlog]))
            with trio.move_on_after(0.05):
                while True:
                    accepted.append(await listener.accept())
            if len([*client._dynamics]) == limits.dynamic_channels:
                break
        await say(server, map(wire.bare_pdu, asked[-100:]))
        assert len([*client._dynamics]) == limits.dynamic_channels
        await check_alive(client, server)


async def test_a_list_of_files_of_4_gb() -> None:
    async with open_session_pair(client_config=ALL, server_config=server_config()) as (client, server):
        await server.clipboard.wait_open()
        await client.clipboard.wait_open()
        frames = server._stage.channel_frames("cliprdr")
        await say(server, [chunk(frames, 0xFFFFFFFF, ChannelFlags.FIRST, bytes(1592))])
        with pytest.raises(ChannelClosed, match="4294967295 bytes exceeds 16777216"):
            await client.clipboard.read_text()
        await check_alive(client, server)


@pytest.mark.parametrize("is_static", [True, False])
async def test_blocks_of_nothing_within_a_message(is_static: bool) -> None:
    async with open_session_pair(client_config=ALL, server_config=server_config()) as (client, server):
        listener = client.listen("talk")
        theirs = await server.open_channel("talk")
        ours = await listener.accept()
        if is_static:
            frames = server._stage.channel_frames("echo")
            said = [
                chunk(frames, 8, ChannelFlags.FIRST, b"four"),
                *[chunk(frames, 8, 0, b"")] * 20,
                chunk(frames, 8, ChannelFlags.LAST, b"more"),
            ]
        else:
            at = theirs.channel_id
            pdus = (
                DvcDataFirst(channel_id=at, length=8, data=b"four"),
                *[DvcData(channel_id=at, data=b"")] * 20,
                DvcData(channel_id=at, data=b"more"),
            )
            said = [server._dynamic_frames().bare_pdu(pdu.encode()) for pdu in pdus]
        for frame in said:  # one by one, as each is looked at in the light of the one before
            await say(server, [frame])
        with trio.fail_after(20):
            assert await (client.channel("echo") if is_static else ours).receive() == b"fourmore"
        await check_alive(client, server)
