"""A server that copies what its clients share: every file of every drive, into a folder, and then says goodbye.

python drive_copy.py FOLDER [PORT]              (user "ada", password from TRIO_RDP_PASSWORD)
xfreerdp /v:localhost /u:ada /p:... /drive:papers,/home/ada/papers
"""

from __future__ import annotations

import os
import sys
from functools import partial

import trio

import trio_rdp
from trio_rdp import RemoteDrive

PIECE = 4 << 20


async def copy_file(drive: RemoteDrive, path: str, target: trio.Path) -> int:
    """Copy a file of any size, in pieces; gives its size."""
    async with await drive.open(path) as source, await target.open("wb") as copy:
        while data := await source.read(PIECE):
            await copy.write(data)
        return source.tell()


async def copy_directory(drive: RemoteDrive, path: str, target: trio.Path) -> None:
    await target.mkdir(parents=True, exist_ok=True)
    async with drive.scandir(path) as entries:
        found = [entry async for entry in entries]
    for entry in found:
        inside = f"{path}/{entry.name}" if path else entry.name
        if entry.is_directory:
            await copy_directory(drive, inside, target / entry.name)
            continue
        try:
            size = await copy_file(drive, inside, target / entry.name)
        except OSError as error:
            print(error)
        else:
            print(f"{size} bytes: {inside}", flush=True)


async def copy_drives(folder: trio.Path, session: trio_rdp.ServerSession) -> None:
    # A drive's name is any text that the client likes, so it makes no part of a path.
    drive = await session.devices.wait_drive()
    print(f"{session.devices.computer_name} shares {drive.name}", flush=True)
    for number, drive in enumerate(session.devices.drives):
        await copy_directory(drive, "", folder / str(number))


async def serve_copies(folder: str, port: int, credentials: trio_rdp.Credentials) -> None:
    identity = trio_rdp.TlsIdentity.kept()  # made at the first run
    handler = partial(copy_drives, trio.Path(folder))
    async with trio.open_nursery() as nursery:
        serve = partial(trio_rdp.serve, handler, port, credentials=credentials, identity=identity)
        listeners = await nursery.start(serve)
        address, port, *_ = listeners[0].socket.getsockname()
        print(f"listening on {address}:{port}")
        print(f"certificate SHA-256 {identity.fingerprint}", flush=True)


def main() -> None:
    port = int(sys.argv[2]) if len(sys.argv) > 2 else 3389
    try:
        trio.run(serve_copies, sys.argv[1], port, trio_rdp.Credentials("ada", os.environ["TRIO_RDP_PASSWORD"]))
    except* KeyboardInterrupt:
        print("every client was told")


if __name__ == "__main__":
    main()
