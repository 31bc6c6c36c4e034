from __future__ import annotations

import dataclasses

import pytest

from trio_rdp.codecs import avc
from trio_rdp.protocol.config import (
    OPTIONAL_CODECS,
    BitmapCodec,
    ClientConfig,
    CompressionType,
    Credentials,
    DesktopSize,
    GraphicsVersion,
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
    assert client.compression_type is CompressionType.RDP61
    assert client.limits == Limits()
    assert server.security is Security.NLA
    assert server.desktop_size is None
    assert server.max_request_size == 8 << 20


def test_codecs() -> None:
    assert ClientConfig().codecs == OPTIONAL_CODECS
    assert ClientConfig(codecs=()).codecs == ()
    for codecs, error in (
        ((BitmapCodec.PLANAR,), "may offer REMOTEFX, NSCODEC, QOI, QOIZ"),
        (("remotefx",), "names 'remotefx'"),
        ((BitmapCodec.QOI, BitmapCodec.QOI), "twice"),
    ):
        with pytest.raises(LocalProtocolError, match=error):
            ClientConfig(codecs=codecs)  # type: ignore[arg-type]


def test_the_graphics_pipeline() -> None:
    assert ClientConfig().offers_graphics_pipeline
    for without in (
        ClientConfig(enable_graphics_pipeline=False),
        ClientConfig(enable_dynamic_channels=False),
        ClientConfig(color_depth=24),
    ):
        assert not without.offers_graphics_pipeline
    with pytest.raises(LocalProtocolError, match="offers nothing"):
        ClientConfig(graphics_versions=())
    with pytest.raises(LocalProtocolError, match=r"10\.1 only"):
        ClientConfig(graphics_versions=(GraphicsVersion.VERSION_101,), enable_h264=False)
    ClientConfig(graphics_versions=(GraphicsVersion.VERSION_101, GraphicsVersion.VERSION_8), enable_h264=False)


@pytest.mark.parametrize("is_there", [True, False])
def test_h264_is_offered_where_it_is_installed(monkeypatch: pytest.MonkeyPatch, is_there: bool) -> None:
    monkeypatch.setattr(avc, "is_available", lambda: is_there)
    assert ClientConfig().takes_h264 is is_there
    assert not ClientConfig(enable_h264=False).takes_h264
    if is_there:
        assert ClientConfig(enable_h264=True).takes_h264
    else:
        with pytest.raises(LocalProtocolError, match="enable_h264 needs PyAV"):
            ClientConfig(enable_h264=True)


@pytest.mark.parametrize("level", [0, 8])
def test_color_loss_levels(level: int) -> None:
    with pytest.raises(LocalProtocolError, match=f"nscodec_color_loss_level {level}"):
        ClientConfig(nscodec_color_loss_level=level)


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


PRIMARY = Monitor(width=800, height=600, is_primary=True)
OTHER = Monitor(left=-640, top=-100, width=640, height=480)


def test_a_layout_has_the_desktop_as_its_bounding_box() -> None:
    size = DesktopSize(1440, 700)
    assert ClientConfig(monitors=(OTHER, PRIMARY), desktop_size=size).monitors == (OTHER, PRIMARY)
    with pytest.raises(LocalProtocolError, match="desktop_size is 1280x800, the monitors take 1440x700"):
        ClientConfig(monitors=(OTHER, PRIMARY))


def test_a_layout_counts_from_its_primary_monitor() -> None:
    size = DesktopSize(800, 600)
    unnamed = dataclasses.replace(PRIMARY, is_primary=False)
    assert ClientConfig(monitors=(unnamed,), desktop_size=size).monitors == (unnamed,)
    with pytest.raises(LocalProtocolError, match="2 monitors are primary"):
        ClientConfig(monitors=(PRIMARY, PRIMARY), desktop_size=size)
    with pytest.raises(LocalProtocolError, match=r"the primary monitor is not at \(0, 0\)"):
        ClientConfig(monitors=(dataclasses.replace(PRIMARY, left=800), unnamed), desktop_size=DesktopSize(1600, 600))
    with pytest.raises(LocalProtocolError, match=r"no monitor is at \(0, 0\)"):
        ClientConfig(monitors=(OTHER,), desktop_size=DesktopSize(640, 480))


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"width": 0}, "monitor 0 has no area: 0x600"),
        ({"height": -1}, "no area"),
        ({"orientation": 45}, "orientation 45, not 0, 90, 180 or 270"),
        ({"desktop_scale_factor": 99}, "desktop_scale_factor 99, not 100 to 500"),
        ({"desktop_scale_factor": 501}, "desktop_scale_factor 501"),
        ({"device_scale_factor": 120}, "device_scale_factor 120, not 100, 140 or 180"),
    ],
)
def test_what_no_monitor_is(changes: dict[str, int], match: str) -> None:
    monitor = dataclasses.replace(PRIMARY, **changes)  # type: ignore[arg-type]
    with pytest.raises(LocalProtocolError, match=match):
        ClientConfig(monitors=(monitor,), desktop_size=DesktopSize(800, 600))


def test_monitors_are_limited() -> None:
    size = DesktopSize(800, 600)
    unnamed = dataclasses.replace(PRIMARY, is_primary=False)
    assert len(ClientConfig(monitors=(unnamed,) * 16, desktop_size=size).monitors) == 16
    with pytest.raises(LocalProtocolError, match="17 monitors, more than 16"):
        ClientConfig(monitors=(unnamed,) * 17, desktop_size=size)


def test_a_server_names_codecs_and_a_quality() -> None:
    with pytest.raises(LocalProtocolError, match="codecs names 'qoi', which is no BitmapCodec"):
        ServerConfig(codecs=("qoi",))  # type: ignore[arg-type]
    with pytest.raises(LocalProtocolError, match="quality 9 is no Quality"):
        ServerConfig(quality=9)  # type: ignore[arg-type]
