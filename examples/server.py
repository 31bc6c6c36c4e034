"""A whole server: moving pictures, a clipboard, a tone, logins that are checked, every input event shown.

python server.py [PORT] [--bind ADDRESS] [--cert CERT.PEM --key KEY.PEM] [--user NAME] [--sec nla|tls|none]

The password is taken from TRIO_RDP_PASSWORD.  Without a certificate one is made, and kept.  Escape ends a session, and
Ctrl-C the server.
"""

from __future__ import annotations

import argparse
import math
import os
import random
from array import array
from collections.abc import Awaitable, Callable
from functools import partial

import trio

import trio_rdp
from trio_rdp import Key, KeyPressed, LocalProtocolError, Rect, RequestRefused, ServerSession

RATE = 44_100
TONE = 440.0  # Hz
TILE = 100  # pixels


async def show_pictures(session: ServerSession) -> None:
    """Put tiles of a random colour anywhere, fifty a second, as far as the client keeps up."""
    while True:
        async with session.display.frame() as frame:
            width, height = frame.size.width, frame.size.height
            tile = Rect(random.randrange(width), random.randrange(height), TILE, TILE)
            color = (random.randrange(256), random.randrange(256), random.randrange(256))
            frame.fill(tile.intersect(Rect(0, 0, width, height)), color)
        await trio.sleep(0.02)


async def play_tone(session: ServerSession) -> None:
    """Play a sine, in pieces of a tenth of a second; `send` waits, so that none is ever late."""
    at = 0
    async with session.audio.open(rate=RATE, channels=2) as stream:
        print("sound goes as", stream.format)
        while True:
            samples = array("h")
            for position in range(at, at + RATE // 10):
                value = round(3000 * math.sin(2 * math.pi * TONE * position / RATE))
                samples.extend((value, value))
            at += RATE // 10
            await stream.send(samples.tobytes())


async def share_clipboard(session: ServerSession) -> None:
    """Offer a text, and show what the client's user copies."""
    await session.clipboard.offer(text="copied from the server")
    async for contents in session.clipboard:
        if contents.has_text:
            print("the client copied:", await session.clipboard.read_text())


async def if_there(what: str, task: Callable[[ServerSession], Awaitable[None]], session: ServerSession) -> None:
    """Run a task that the client may have no channel for."""
    try:
        await task(session)
    except (LocalProtocolError, RequestRefused) as exc:
        print(f"no {what}: {exc}")


async def handle(session: ServerSession) -> None:
    print(f"{session.username} from {session.client_address} ({session.client_name}) logged in")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(show_pictures, session)
        nursery.start_soon(if_there, "sound", play_tone, session)
        nursery.start_soon(if_there, "clipboard", share_clipboard, session)
        async for event in session.input:
            print(event)
            if isinstance(event, KeyPressed) and event.key is Key.ESCAPE:
                break
        nursery.cancel_scope.cancel()
    print(f"{session.username} is gone")


async def serve(options: argparse.Namespace) -> None:
    identity = (
        trio_rdp.TlsIdentity.init_from_paths(options.cert, options.key) if options.cert else trio_rdp.TlsIdentity.kept()
    )
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(
            partial(
                trio_rdp.serve,
                handle,
                options.port,
                host=options.bind,
                config=trio_rdp.ServerConfig(security=trio_rdp.Security[options.sec.upper()]),
                credentials=trio_rdp.Credentials(options.user, os.environ["TRIO_RDP_PASSWORD"]),
                identity=identity,
                on_handler_error=lambda session, exc: print(f"{session.username}: {exc!r}"),
            )
        )
        address, port, *_ = listeners[0].socket.getsockname()
        print(f"listening on {address}:{port}")
        print(f"certificate SHA-256 {identity.fingerprint}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", nargs="?", type=int, default=3389)
    parser.add_argument("--bind", default="127.0.0.1", metavar="ADDRESS")
    parser.add_argument("--cert", metavar="FILE")
    parser.add_argument("--key", metavar="FILE")
    parser.add_argument("--user", default="ada")
    parser.add_argument("--sec", choices=("nla", "tls", "none"), default="nla")
    try:
        trio.run(serve, parser.parse_args())
    except* KeyboardInterrupt:
        print("every client was told")


if __name__ == "__main__":
    main()
