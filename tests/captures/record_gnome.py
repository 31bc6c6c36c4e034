"""Record what our client and a GNOME desktop say on the graphics pipeline: `python -m tests.captures.record_gnome`.

The desktop is the one that is installed, of version 44 or later, and the files' names say which.  It shows a picture;
then a second monitor comes.  The session's other messages are left out: megabytes that measure the bandwidth.
"""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

import trio

from tests.captures import messages
from tests.captures.record_client import HERE, Recorder
from tests.captures.record_pipeline import pipeline_messages
from tests.captures.scenes import draw
from tests.interop.gnome import GnomeServer, gnome
from tests.interop.pictures import psnr, save
from tests.interop.processes import wait_for
from tests.interop.sessions import connected, shown
from trio_rdp.protocol.config import DesktopSize, Monitor, Security

__all__ = ["MONITORS", "SIZE"]

SIZE = DesktopSize(320, 240)
MONITORS = (
    Monitor(width=SIZE.width, height=SIZE.height, is_primary=True),
    Monitor(left=SIZE.width, top=0, width=256, height=200),
)


async def record(server: GnomeServer) -> None:
    recorder = Recorder()
    options = {"security": Security.NLA, "enable_graphics_pipeline": True, "desktop_size": SIZE}
    wanted = draw(SIZE.width, SIZE.height)
    with recorder.recording():
        async with connected(server, **options) as session:
            with server.showing(wanted):
                await wait_for(lambda: shown(session).shape == wanted.shape and psnr(shown(session), wanted) > 25, "it")
                await session.screen.wait_settled(1)
                await session.display_control.wait_ready()
                await session.display_control.set_layout(MONITORS)
                await wait_for(lambda: len(session.graphics.monitors) == len(MONITORS), "two monitors")
                await session.screen.wait_settled(1)
                # When the picture's program has ended, something else is shown.
                streams = bytes(recorder.c2s), bytes(recorder.s2c)
                save(shown(session), HERE / f"gfx-client-gnome-{server.version}.png")
    from_client, from_server = pipeline_messages(*streams)
    messages.save(f"gfx-client-gnome-{server.version}.c2s", from_client)
    messages.save(f"gfx-client-gnome-{server.version}.s2c", from_server)


def main() -> None:
    """Write the files."""
    with tempfile.TemporaryDirectory() as folder, gnome(Path(folder)) as server:
        trio.run(partial(record, server))


if __name__ == "__main__":
    main()
