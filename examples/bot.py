"""A bot: log in, open the Run dialog, type, wait until the screen stands still, and keep a picture.

python bot.py HOST[:PORT] USER [PICTURE]        (the password comes from TRIO_RDP_PASSWORD)

A server that made its certificate itself needs TRIO_RDP_CERTIFICATE_POLICY=tofu, or pin:SHA256.
"""

from __future__ import annotations

import os
import sys

import trio

import trio_rdp
from trio_rdp import Key


async def settle(session: trio_rdp.Session) -> None:
    """Wait until nothing has moved for a second, or, where a clock ticks or a film runs, for five seconds."""
    with trio.move_on_after(5):
        await session.screen.wait_settled(1)


async def run_bot(config: trio_rdp.ClientConfig, host: str, port: int, picture: str) -> None:
    with trio.fail_after(60):
        async with trio_rdp.open_session(host, port, config=config) as session:
            await settle(session)
            await session.keyboard.press(Key.WIN, "r")
            await session.keyboard.type("notepad\n")
            await settle(session)
            await session.keyboard.type("Written by a bot: naïve, 北京, 🎉\n")
            await session.mouse.click(session.size.width // 2, session.size.height // 2)
            await settle(session)
            session.screen.save(picture)


def main() -> None:
    host, _, port = sys.argv[1].partition(":")
    config = trio_rdp.ClientConfig(
        username=sys.argv[2],
        password=os.environ["TRIO_RDP_PASSWORD"],
        certificate_policy=os.environ.get("TRIO_RDP_CERTIFICATE_POLICY", "ca"),
    )
    picture = sys.argv[3] if len(sys.argv) > 3 else "desktop.png"
    trio.run(run_bot, config, host, int(port or 3389), picture)
    print(f"the desktop is in {picture}")


if __name__ == "__main__":
    main()
