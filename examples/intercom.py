"""Speak to a server and keep what it plays: the microphone is a WAV file, and so is what is heard.

python intercom.py HOST[:PORT] USER SPOKEN.wav HEARD.wav    (the password comes from TRIO_RDP_PASSWORD)

It ends a second after the file does.  "-" in place of a file is the machine's own microphone or loudspeaker, for which
the extra `sound` is needed.  A server that made its certificate itself needs TRIO_RDP_CERTIFICATE_POLICY=tofu, or
pin:SHA256.
"""

from __future__ import annotations

import os
import sys

import trio

import trio_rdp


async def speak(session: trio_rdp.Session, path: str) -> None:
    if path == "-":
        await session.microphone.feed(trio_rdp.SystemMicrophone, rate=44100, channels=1)
    async with await trio_rdp.WavReader.open(path) as wav:
        await session.microphone.feed(wav, rate=wav.format.rate, channels=wav.format.channels)
    await trio.sleep(1)


async def hear(session: trio_rdp.Session, path: str) -> None:
    async with trio_rdp.SystemSound() if path == "-" else trio_rdp.WavWriter(path) as sink:
        async for chunk in session.audio:
            await sink.write(chunk)


async def talk(config: trio_rdp.ClientConfig, host: str, port: int, spoken: str, heard: str) -> None:
    async with trio_rdp.open_session(host, port, config=config) as session, trio.open_nursery() as nursery:
        nursery.start_soon(hear, session, heard)
        await speak(session, spoken)
        statistics = session.audio.statistics()
        print(f"{statistics.received} pieces of sound came, {statistics.dropped} of them were dropped")
        nursery.cancel_scope.cancel()


def main() -> None:
    host, _, port = sys.argv[1].partition(":")
    config = trio_rdp.ClientConfig(
        username=sys.argv[2],
        password=os.environ["TRIO_RDP_PASSWORD"],
        certificate_policy=os.environ.get("TRIO_RDP_CERTIFICATE_POLICY", "ca"),
        enable_audio_playback=True,
        enable_audio_capture=True,
    )
    trio.run(talk, config, host, int(port or 3389), sys.argv[3], sys.argv[4])


if __name__ == "__main__":
    main()
