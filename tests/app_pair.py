"""A client's remote programs against a server's, over channels in memory."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import trio

from trio_rdp.faces.message_channel import MessageChannel
from trio_rdp.faces.remote_apps.apps import RemoteApps
from trio_rdp.faces.remote_apps.host import AppHost
from trio_rdp.pdu.altsec_orders import decode_altsec_orders, encode_altsec_orders
from trio_rdp.pdu.windowing import WindowOrder
from trio_rdp.protocol.config import DesktopSize
from trio_rdp.protocol.limits import Limits
from trio_rdp.protocol.remote_programs import agreed_remote_programs, remote_programs_sets
from trio_rdp.testing import channel_pair

__all__ = ["AppPair", "open_app_pair"]

AGREED = agreed_remote_programs(remote_programs_sets())


@dataclass
class AppPair:
    """Both faces, and what is between them."""

    apps: RemoteApps
    host: AppHost
    client_end: MessageChannel
    server_end: MessageChannel
    orders: list[WindowOrder] = field(default_factory=list)


@contextlib.asynccontextmanager
async def open_app_pair(limits: Limits | None = None) -> AsyncIterator[AppPair]:
    """Run both faces; leaving closes the channel."""
    limits = limits or Limits()
    client_end, server_end = channel_pair("rail")

    async def send_orders(orders: Sequence[WindowOrder]) -> None:
        await trio.lowlevel.checkpoint()
        for update in encode_altsec_orders(orders):
            decoded = [one for one in decode_altsec_orders(update)[0] if isinstance(one, WindowOrder)]
            pair.orders += decoded
            apps.receive_orders(decoded)

    apps = RemoteApps(limits, AGREED, DesktopSize(800, 600))
    host = AppHost(limits, send_orders, AGREED)
    pair = AppPair(apps, host, client_end, server_end)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(apps.run, client_end)
        nursery.start_soon(host.run, server_end)
        yield pair
        await client_end.aclose()
        await server_end.aclose()
