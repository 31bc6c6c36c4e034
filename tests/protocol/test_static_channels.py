"""Which static channels are asked for, and which are joined."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trio_rdp.pdu.gcc_client import ChannelDefinition, ChannelOptions
from trio_rdp.protocol.config import ClientConfig, ServerConfig
from trio_rdp.protocol.static_channels import channel_definitions, is_wanted, share_of, showing_protocol
from trio_rdp.wire.errors import LocalProtocolError


def names(config: ClientConfig) -> list[str]:
    return [one.name for one in channel_definitions(config)]


def test_switches() -> None:
    assert names(ClientConfig()) == ["drdynvc"]
    assert names(ClientConfig(enable_dynamic_channels=False)) == []
    everything = ClientConfig(
        enable_clipboard=True, enable_audio_playback=True, enable_devices=True, enable_remote_apps=True
    )
    assert names(everything) == ["drdynvc", "cliprdr", "rdpsnd", "rdpdr", "rail"]
    assert names(ClientConfig(enable_audio_playback=True)) == ["drdynvc", "rdpsnd", "rdpdr"]
    assert names(ClientConfig(enable_devices=True)) == ["drdynvc", "rdpsnd", "rdpdr"]


def test_own_channels_come_first_and_once() -> None:
    high = ChannelDefinition(name="fast", options=ChannelOptions(ChannelOptions.INITIALIZED | ChannelOptions.PRI_HIGH))
    config = ClientConfig(static_channels=("mine", high, "CLIPRDR"), enable_clipboard=True)
    found = channel_definitions(config)
    assert [one.name for one in found] == ["mine", "fast", "CLIPRDR", "drdynvc"]
    assert found[1] is high
    assert showing_protocol(found) == {"CLIPRDR"}
    assert ChannelOptions.INITIALIZED in found[0].options


def test_there_are_31_at_most() -> None:
    config = ClientConfig(static_channels=tuple(f"ch{at}" for at in range(31)))
    with pytest.raises(LocalProtocolError, match="32 static channels, more than 31"):
        channel_definitions(config)
    assert len(channel_definitions(replace(config, enable_dynamic_channels=False))) == 31


def test_a_name_is_there_once() -> None:
    with pytest.raises(LocalProtocolError, match="asked for twice"):
        channel_definitions(ClientConfig(static_channels=("mine", "MINE")))


def test_shares_follow_priorities() -> None:
    options = (ChannelOptions.PRI_HIGH, ChannelOptions.PRI_MED, ChannelOptions.PRI_LOW, 0)
    assert [share_of(ChannelOptions(one)) for one in options] == [4, 2, 1, 1]


def test_servers_join_what_they_know() -> None:
    assert is_wanted(ServerConfig(), "CLIPRDR")
    assert not is_wanted(ServerConfig(builtin_channels=()), "cliprdr")
    assert is_wanted(ServerConfig(static_channels=("Mine",)), "mine")
    assert not is_wanted(ServerConfig(), "mine")
