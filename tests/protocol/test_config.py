from __future__ import annotations

import dataclasses

import pytest

from trio_rdp.protocol.config import (
    ClientConfig,
    CompressionType,
    Credentials,
    DesktopSize,
    Monitor,
    Security,
    ServerConfig,
)
from trio_rdp.protocol.limits import Limits
from trio_rdp.wire.errors import LocalProtocolError


def test_everything_has_a_default() -> None:
    client, server = ClientConfig(), ServerConfig()
    assert client.security is Security.AUTO
    assert client.security == Security.TLS | Security.NLA
    assert client.desktop_size == DesktopSize(1280, 800)
    assert client.compression_type is CompressionType.K64
    assert client.limits == Limits()
    assert server.security is Security.NLA
    assert server.desktop_size is None
    assert server.max_request_size == 8 << 20


def test_configurations_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        ClientConfig().username = "ada"  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        ServerConfig().server_name = "X"  # type: ignore[misc]


def test_passwords_are_not_shown() -> None:
    assert "secret" not in repr(ClientConfig(username="ada", password="secret"))
    assert "secret" not in repr(Credentials("ada", "secret"))


@pytest.mark.parametrize("depth", [8, 15, 16, 24, 32])
def test_color_depths(depth: int) -> None:
    assert ClientConfig(color_depth=depth).color_depth == depth


@pytest.mark.parametrize("depth", [0, 1, 4, 12, 30, 64])
def test_no_other_color_depths(depth: int) -> None:
    with pytest.raises(LocalProtocolError, match=f"color_depth {depth}"):
        ClientConfig(color_depth=depth)


def test_security_offers_something() -> None:
    with pytest.raises(LocalProtocolError, match="offers nothing"):
        ClientConfig(security=Security(0))
    with pytest.raises(LocalProtocolError, match="accepts nothing"):
        ServerConfig(security=Security(0))


def test_codecs_allow_something() -> None:
    with pytest.raises(LocalProtocolError, match="allows nothing"):
        ServerConfig(codecs=())


@pytest.mark.parametrize("name", ["", "clipboard", "rdpsn\u00e4"])
def test_static_channel_names(name: str) -> None:
    with pytest.raises(LocalProtocolError, match="static channel name"):
        ClientConfig(static_channels=(name,))


def test_static_channels_are_limited() -> None:
    names = tuple(f"c{number}" for number in range(32))
    assert len(ClientConfig(static_channels=names[:31]).static_channels) == 31
    with pytest.raises(LocalProtocolError, match="more than 31"):
        ClientConfig(static_channels=names)
    with pytest.raises(LocalProtocolError, match="more than 1 static"):
        ClientConfig(static_channels=("a", "b"), limits=Limits(static_channels=1))


def test_a_monitor_has_defaults() -> None:
    monitor = Monitor(width=1920, height=1080)
    assert (monitor.left, monitor.top, monitor.is_primary, monitor.desktop_scale_factor) == (0, 0, False, 100)


def test_a_user_name_may_bring_its_domain() -> None:
    both = ClientConfig(username="LAB\\bob")
    assert (both.domain, both.username) == ("LAB", "bob")
    given = ClientConfig(username="LAB\\bob", domain="OTHER")
    assert (given.domain, given.username) == ("OTHER", "LAB\\bob")
    principal = ClientConfig(username="bob@lab.test")
    assert (principal.domain, principal.username) == ("", "bob@lab.test")
