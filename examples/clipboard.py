"""Copy and paste by program: put words on a server's clipboard, and fetch what its user copies next.

python clipboard.py HOST[:PORT] USER DIRECTORY WORD...      (the password comes from TRIO_RDP_PASSWORD)

Text is printed, and files are saved in the directory.  A server that made its certificate itself needs
TRIO_RDP_CERTIFICATE_POLICY=tofu, or pin:SHA256.
"""

from __future__ import annotations

import os
import sys

import trio

import trio_rdp


def show(progress: trio_rdp.FileProgress) -> None:
    print(f"{progress.bytes_done} of {progress.bytes} bytes")


async def exchange(config: trio_rdp.ClientConfig, host: str, port: int, directory: str, words: list[str]) -> None:
    async with trio_rdp.open_session(host, port, config=config) as session:
        clipboard = session.clipboard
        await clipboard.offer(text=" ".join(words))
        async for contents in clipboard:
            if contents.has_text:
                print(await clipboard.read_text())
            if contents.has_files:
                for path in await (await clipboard.read_files()).save(directory, on_progress=show):
                    print(path.name)
            if contents.formats:
                break


def main() -> None:
    host, _, port = sys.argv[1].partition(":")
    config = trio_rdp.ClientConfig(
        username=sys.argv[2],
        password=os.environ["TRIO_RDP_PASSWORD"],
        certificate_policy=os.environ.get("TRIO_RDP_CERTIFICATE_POLICY", "ca"),
        enable_clipboard=True,
    )
    trio.run(exchange, config, host, int(port or 3389), sys.argv[3], sys.argv[4:])


if __name__ == "__main__":
    main()
