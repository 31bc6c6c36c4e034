from __future__ import annotations

import pytest

from trio_rdp.pdu.capabilities import AnyCapabilitySet
from trio_rdp.pdu.capabilities_extensions import (
    RailSupportLevel,
    RemoteProgramsCapabilitySet,
    WindowListCapabilitySet,
    WindowSupportLevel,
)
from trio_rdp.pdu.client_info import ClientInfo, InfoFlags
from trio_rdp.protocol.config import ServerConfig
from trio_rdp.protocol.remote_programs import (
    ICON_CACHE_ENTRIES,
    ICON_CACHES,
    agreed_remote_programs,
    remote_programs_sets,
    wants_remote_programs,
)

PROGRAMS = RemoteProgramsCapabilitySet(rail_support_level=RailSupportLevel(RailSupportLevel.SUPPORTED))
WINDOWS = WindowListCapabilitySet(
    wnd_support_level=WindowSupportLevel.SUPPORTED, num_icon_caches=2, num_icon_cache_entries=100
)


def test_two_of_us_agree_on_everything() -> None:
    offered = agreed_remote_programs(remote_programs_sets())
    assert offered is not None
    agreed = agreed_remote_programs(remote_programs_sets(offered))
    assert agreed == offered
    assert (agreed.icon_caches, agreed.icon_cache_entries) == (ICON_CACHES, ICON_CACHE_ENTRIES)
    assert agreed.windows == WindowSupportLevel.SUPPORTED_EX
    assert RailSupportLevel.HANDSHAKE_EX_SUPPORTED in agreed.level


def test_caches_are_no_larger_than_the_servers() -> None:
    agreed = agreed_remote_programs([PROGRAMS, WINDOWS])
    assert agreed is not None
    assert (agreed.icon_caches, agreed.icon_cache_entries) == (2, ICON_CACHE_ENTRIES)
    windows = next(one for one in remote_programs_sets(agreed) if isinstance(one, WindowListCapabilitySet))
    assert (windows.num_icon_caches, windows.num_icon_cache_entries) == (2, ICON_CACHE_ENTRIES)


@pytest.mark.parametrize(
    "sets",
    [
        [],
        [PROGRAMS],
        [WINDOWS],
        [RemoteProgramsCapabilitySet(), WINDOWS],
        [PROGRAMS, WindowListCapabilitySet()],
    ],
)
def test_what_is_missing(sets: list[AnyCapabilitySet]) -> None:
    assert agreed_remote_programs(sets) is None


def test_who_asks_for_remote_programs() -> None:
    asking = ClientInfo(flags=InfoFlags(InfoFlags.RAIL | InfoFlags.UNICODE))
    assert wants_remote_programs(ServerConfig(), asking, ["cliprdr", "rail"])
    assert wants_remote_programs(ServerConfig(), asking, ["RAIL"])
    assert wants_remote_programs(ServerConfig(builtin_channels=(), static_channels=("rail",)), asking, ["rail"])
    assert not wants_remote_programs(ServerConfig(), asking, ["cliprdr"])
    assert not wants_remote_programs(ServerConfig(builtin_channels=()), asking, ["rail"])
    assert not wants_remote_programs(ServerConfig(), ClientInfo(flags=InfoFlags(InfoFlags.UNICODE)), ["rail"])
