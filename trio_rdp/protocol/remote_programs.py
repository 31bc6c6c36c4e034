"""Whether both sides take remote programs, and how: the capability sets of [MS-RDPERP] 2.2.1.1."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from trio_rdp.channels.rail import CHANNEL_NAME
from trio_rdp.pdu.capabilities import AnyCapabilitySet
from trio_rdp.pdu.capabilities_extensions import (
    RailSupportLevel,
    RemoteProgramsCapabilitySet,
    WindowListCapabilitySet,
    WindowSupportLevel,
)
from trio_rdp.pdu.client_info import ClientInfo, InfoFlags
from trio_rdp.protocol.config import ServerConfig
from trio_rdp.protocol.static_channels import is_wanted

__all__ = [
    "ICON_CACHES",
    "ICON_CACHE_ENTRIES",
    "RemotePrograms",
    "agreed_remote_programs",
    "remote_programs_sets",
    "wants_remote_programs",
]

ICON_CACHES = 3
"""Caches of icons, as many as FreeRDP 2.11 has."""

ICON_CACHE_ENTRIES = 12
"""Icons of each cache, as many as FreeRDP 2.11 keeps."""

# What concerns windows is for the user of either side to do; all of it is told to him, and taken from him.
_LEVEL = (
    RailSupportLevel.SUPPORTED
    | RailSupportLevel.DOCKED_LANGBAR_SUPPORTED
    | RailSupportLevel.SHELL_INTEGRATION_SUPPORTED
    | RailSupportLevel.LANGUAGE_IME_SYNC_SUPPORTED
    | RailSupportLevel.SERVER_TO_CLIENT_IME_SYNC_SUPPORTED
    | RailSupportLevel.HIDE_MINIMIZED_APPS_SUPPORTED
    | RailSupportLevel.WINDOW_CLOAKING_SUPPORTED
    | RailSupportLevel.HANDSHAKE_EX_SUPPORTED
)


@dataclass(frozen=True, slots=True)
class RemotePrograms:
    """What both sides can do with remote programs."""

    level: RailSupportLevel
    windows: WindowSupportLevel
    icon_caches: int
    icon_cache_entries: int


def remote_programs_sets(peer: RemotePrograms | None = None) -> list[AnyCapabilitySet]:
    """The capability sets of a server, or of a client that has seen those of its server.

    A client's caches "MUST not exceed those reported by the server" (3.2.5.1.4).
    """
    caches = ICON_CACHES if peer is None else min(ICON_CACHES, peer.icon_caches)
    entries = ICON_CACHE_ENTRIES if peer is None else min(ICON_CACHE_ENTRIES, peer.icon_cache_entries)
    return [
        RemoteProgramsCapabilitySet(rail_support_level=_LEVEL),
        WindowListCapabilitySet(
            wnd_support_level=WindowSupportLevel.SUPPORTED_EX, num_icon_caches=caches, num_icon_cache_entries=entries
        ),
    ]


def agreed_remote_programs(peer_sets: Iterable[AnyCapabilitySet]) -> RemotePrograms | None:
    """What a peer can do that we can too; None where it cannot show single programs at all."""
    sets = list(peer_sets)
    programs = next((one for one in sets if isinstance(one, RemoteProgramsCapabilitySet)), None)
    windows = next((one for one in sets if isinstance(one, WindowListCapabilitySet)), None)
    if programs is None or windows is None or RailSupportLevel.SUPPORTED not in programs.rail_support_level:
        return None
    if windows.wnd_support_level == WindowSupportLevel.NOT_SUPPORTED:
        return None
    caches, entries = windows.num_icon_caches, windows.num_icon_cache_entries
    return RemotePrograms(
        RailSupportLevel(programs.rail_support_level & _LEVEL),
        windows.wnd_support_level,
        min(caches, ICON_CACHES),
        min(entries, ICON_CACHE_ENTRIES),
    )


def wants_remote_programs(config: ServerConfig, info: ClientInfo, channels: Iterable[str]) -> bool:
    """Whether a client asks for single programs, over a channel that this server joins; Windows' is called "RAIL"."""
    has_channel = any(name.lower() == CHANNEL_NAME for name in channels)
    return InfoFlags.RAIL in info.flags and has_channel and is_wanted(config, CHANNEL_NAME)
