"""Run one program of a server: print what becomes of its windows, and keep a picture of each.

python run_app.py HOST[:PORT] USER PROGRAM PICTURE.png      (the password comes from TRIO_RDP_PASSWORD)

PROGRAM is a path on the server, or "||" and an alias.  Windows are closed when their picture has been taken.  A
server that made its certificate itself needs TRIO_RDP_CERTIFICATE_POLICY=tofu, or pin:SHA256.
"""

from __future__ import annotations

import os
import sys

import trio

import trio_rdp
from trio_rdp import WindowChanged, WindowClosed, WindowOpened


async def run(config: trio_rdp.ClientConfig, host: str, port: int, program: str, picture: str) -> None:
    async with trio_rdp.open_session(host, port, config=config) as session:
        apps = session.remote_apps
        try:
            await apps.launch(program)
        except trio_rdp.RequestRefused as refusal:
            print(refusal)
            return
        async for event in apps.windows:  # who is slow is told what is now
            match event:
                case WindowOpened(window):
                    print(f"{window.title} opened at {window.rect.left}, {window.rect.top}")
                    with trio.move_on_after(3):
                        await session.screen.wait_settled(0.5)
                    session.screen.save(picture, window.rect)
                    await apps.close(window)
                case WindowChanged(window):
                    print(f"{window.title} is at {window.rect.left}, {window.rect.top}")
                case WindowClosed(window):
                    print(f"{window.title} closed")
                    return


def main() -> None:
    host, _, port = sys.argv[1].partition(":")
    config = trio_rdp.ClientConfig(
        username=sys.argv[2],
        password=os.environ["TRIO_RDP_PASSWORD"],
        certificate_policy=os.environ.get("TRIO_RDP_CERTIFICATE_POLICY", "ca"),
        enable_remote_apps=True,
    )
    trio.run(run, config, host, int(port or 3389), sys.argv[3], sys.argv[4])


if __name__ == "__main__":
    main()
