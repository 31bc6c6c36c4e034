"""A client that lends a directory and a printer to its server, and keeps what is printed as files.

python lend.py HOST[:PORT] USER DIRECTORY PRINTOUTS       (password from TRIO_RDP_PASSWORD)

The directory can be read only; what is printed there is PostScript, in PRINTOUTS, one file for each job.  It goes on
until the server ends the session, or Ctrl-C.
"""

from __future__ import annotations

import os
import sys

import trio

import trio_rdp
from trio_rdp import DirectoryFileSystem, Printer, PrintJob


async def keep_job(job: PrintJob, folder: trio.Path) -> None:
    path = folder / f"{job.number}.ps"
    try:
        async with await path.open("wb") as file:
            async for data in job:
                await file.write(data)
    except trio_rdp.ChannelClosed as closed:
        print(f"{path.name} is not whole: {closed}")
    else:
        print(f"printed {path.name}", flush=True)


async def keep_jobs(printer: Printer, folder: trio.Path) -> None:
    async with trio.open_nursery() as nursery:
        async for job in printer:
            nursery.start_soon(keep_job, job, folder)


async def lend(address: str, username: str, directory: str, printouts: str) -> None:
    host, _, port = address.partition(":")
    config = trio_rdp.ClientConfig(
        username=username,
        password=os.environ["TRIO_RDP_PASSWORD"],
        certificate_policy=os.environ.get("TRIO_RDP_CERTIFICATE_POLICY", "ca"),
        enable_devices=True,
    )
    async with (
        trio_rdp.open_session(host, int(port or 3389), config=config) as session,
        trio.open_nursery() as nursery,
    ):
        drive = session.devices.add_drive("papers", DirectoryFileSystem(directory, read_only=True))
        printer = session.devices.add_printer("files")
        nursery.start_soon(keep_jobs, printer, trio.Path(printouts))
        await drive.wait_accepted()
        print(f"{directory} is {drive.name}", flush=True)
        await session.wait_closed()
        print(f"{drive.statistics().read} bytes were read")


def main() -> None:
    try:
        trio.run(lend, sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4])
    except* KeyboardInterrupt:
        print("taken back")


if __name__ == "__main__":
    main()
