"""A client inside an asyncio program: Trio runs as a guest of asyncio's loop, in the same thread.

python asyncio_guest.py HOST[:PORT] USER [PICTURE]     (the password comes from TRIO_RDP_PASSWORD)

A server that made its certificate itself needs TRIO_RDP_CERTIFICATE_POLICY=tofu, or pin:SHA256.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import trio

import trio_rdp

T = TypeVar("T")


async def run_trio(async_fn: Callable[..., Awaitable[T]], *args: object) -> T:
    """Run a Trio function as a guest of the running asyncio loop; cancelling this cancels that, and waits for it."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Any] = loop.create_future()
    scope = trio.CancelScope()

    async def guest() -> Any:
        with scope:
            return await async_fn(*args)

    trio.lowlevel.start_guest_run(
        guest,
        run_sync_soon_threadsafe=loop.call_soon_threadsafe,
        done_callback=done.set_result,
        host_uses_signal_set_wakeup_fd=True,
    )
    token = trio.lowlevel.current_trio_token()
    try:
        outcome = await asyncio.shield(done)
    except asyncio.CancelledError:
        token.run_sync_soon(scope.cancel)
        await done
        raise
    result: T = outcome.unwrap()
    return result


async def take_picture(config: trio_rdp.ClientConfig, host: str, port: int, picture: str) -> tuple[int, int]:
    with trio.fail_after(30):
        async with trio_rdp.open_session(host, port, config=config) as session:
            with trio.move_on_after(10):
                await session.screen.wait_settled(1)
            session.screen.save(picture)
            return session.size.width, session.size.height


async def count_rounds(counted: list[int]) -> None:
    """Something else that the asyncio program does meanwhile."""
    while True:
        counted.append(len(counted))
        await asyncio.sleep(0.1)


async def amain(config: trio_rdp.ClientConfig, host: str, port: int, picture: str) -> None:
    counted: list[int] = []
    counting = asyncio.create_task(count_rounds(counted))
    width, height = await run_trio(take_picture, config, host, port, picture)
    counting.cancel()
    print(f"{width}x{height} pixels are in {picture}; asyncio ran {len(counted)} other rounds meanwhile")


def main() -> None:
    host, _, port = sys.argv[1].partition(":")
    config = trio_rdp.ClientConfig(
        username=sys.argv[2],
        password=os.environ["TRIO_RDP_PASSWORD"],
        certificate_policy=os.environ.get("TRIO_RDP_CERTIFICATE_POLICY", "ca"),
    )
    picture = sys.argv[3] if len(sys.argv) > 3 else "desktop.png"
    asyncio.run(amain(config, host, int(port or 3389), picture))


if __name__ == "__main__":
    main()
