"""Sound and microphone through whole sessions, over the static channel and over dynamic ones."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import trio
import trio.testing

from tests.codecs.test_audio import pitch_of, sine
from trio_rdp.channels.rdpsnd import format_of
from trio_rdp.client import Session
from trio_rdp.codecs.audio import Codec, Encoding, PcmFormat
from trio_rdp.protocol.config import AudioQuality, ClientConfig, Security, ServerConfig
from trio_rdp.server import ServerSession
from trio_rdp.testing import open_session_pair
from trio_rdp.wire.errors import LocalProtocolError, SessionClosed

CD = PcmFormat(44_100, 2)
PHONE = PcmFormat(8000, 1)
CLIENT = ClientConfig(username="user", security=Security.NONE, enable_audio_playback=True, enable_audio_capture=True)
SERVER = ServerConfig(security=Security.NONE)
WITHOUT_STATIC = replace(SERVER, builtin_channels=("drdynvc",))


async def play(server: ServerSession) -> None:
    async with server.audio.open(rate=44_100, channels=2) as stream:
        await stream.send(sine(CD, seconds=0.3))


async def hear(client: Session, seconds: float = 0.29) -> bytes:
    data = b""
    while CD.seconds(len(data)) < seconds:
        data += (await client.audio.receive()).data
    return data


@pytest.mark.parametrize("config", [SERVER, WITHOUT_STATIC], ids=["static", "dynamic"])
async def test_sound(config: ServerConfig, nursery: trio.Nursery) -> None:
    async with open_session_pair(client_config=CLIENT, server_config=config) as (client, server):
        nursery.start_soon(play, server)
        data = await hear(client)
        assert pitch_of(data, CD) == pytest.approx(440, abs=4)
        assert client.audio.is_open
        assert server.audio.is_open


async def test_formats_of_the_configurations(nursery: trio.Nursery) -> None:
    wide, phone = (format_of(Encoding(Codec.PCM, pcm)) for pcm in (CD, PHONE))
    config = replace(CLIENT, audio_formats=lambda offered: offered[1:], audio_quality=AudioQuality.MEDIUM)
    offering = replace(SERVER, audio_formats=(wide, phone))
    async with open_session_pair(client_config=config, server_config=offering) as (client, server):
        async with server.audio.open(rate=8000, channels=1) as stream:
            assert stream.format == phone
            assert server.audio.quality == AudioQuality.MEDIUM
        assert client.audio.formats == (phone,)


async def test_microphone(nursery: trio.Nursery) -> None:
    async def silence() -> AsyncIterator[bytes]:
        while True:
            await trio.sleep(0.01)
            yield bytes(160)

    async with open_session_pair(client_config=CLIENT, server_config=SERVER) as (client, server):
        nursery.start_soon(feed, client, silence())
        for _ in range(2):
            async with server.microphone.open(rate=8000) as recording:
                assert (await recording.receive()).format == PHONE


async def feed(client: Session, source: AsyncIterator[bytes]) -> None:
    with contextlib.suppress(SessionClosed):
        await client.microphone.feed(source, rate=8000)


async def test_a_client_that_did_not_ask() -> None:
    config = ClientConfig(username="user", security=Security.NONE)
    async with open_session_pair(client_config=config, server_config=SERVER) as (client, server):
        with pytest.raises(LocalProtocolError, match="enable_audio_playback asks for it"):
            await client.audio.receive()
        with pytest.raises(LocalProtocolError, match="it was not asked for"):
            await client.microphone.feed(AsyncEmpty())
        with pytest.raises(LocalProtocolError, match="AUDIO_PLAYBACK_DVC"):
            async with server.audio.open():
                pass
        with pytest.raises(LocalProtocolError, match="AUDIO_INPUT"):
            async with server.microphone.open():
                pass


class AsyncEmpty:
    def __aiter__(self) -> AsyncEmpty:
        return self

    async def __anext__(self) -> bytes:
        raise StopAsyncIteration
