from __future__ import annotations

import pytest

from tests.protocol.scripted_server import domain, ultimatum, unsecured
from trio_rdp.pdu import mcs
from trio_rdp.pdu.client_info import AddressFamily, ClientInfo, InfoFlags, PerformanceFlags, TimeZoneInformation
from trio_rdp.pdu.client_info import CompressionType as WireCompressionType
from trio_rdp.pdu.security import SecurityFlags
from trio_rdp.protocol.config import ClientConfig, CompressionType
from trio_rdp.protocol.envelopes import Envelopes
from trio_rdp.protocol.secure_settings import client_info, read_client_info, wrap_client_info
from trio_rdp.wire.errors import DecodeError, NegotiationFailed, RemoteProtocolError, SessionClosed

CLIENT = Envelopes(False, 1007, 1003)


def test_the_info_packet_goes_there() -> None:
    config = ClientConfig(
        username="ada",
        password="p\u00e4ss",
        domain="LAB",
        alternate_shell="notepad.exe",
        work_dir="C:\\",
        client_address="192.0.2.7",
        client_dir="C:\\Windows",
        performance_flags=PerformanceFlags(PerformanceFlags.DISABLE_WALLPAPER),
        timezone_info=TimeZoneInformation(bias=-60, standard_name="CET"),
    )
    frame = wrap_client_info(CLIENT, client_info(config))
    assert ClientInfo.decode(unsecured(frame, SecurityFlags.INFO_PKT)) == read_client_info(frame)
    info = read_client_info(frame)
    assert (info.user_name, info.password, info.domain) == ("ada", "p\u00e4ss", "LAB")
    assert (info.alternate_shell, info.working_dir) == ("notepad.exe", "C:\\")
    assert info.extra_info is not None
    assert info.extra_info.client_address_family == AddressFamily.INET
    assert info.extra_info.client_address == "192.0.2.7"
    assert info.extra_info.performance_flags == PerformanceFlags.DISABLE_WALLPAPER
    assert info.extra_info.client_time_zone == config.timezone_info
    assert InfoFlags.UNICODE in info.flags


@pytest.mark.parametrize(
    ("config", "flag", "is_set"),
    [
        (ClientConfig(username="ada"), InfoFlags.AUTOLOGON, True),
        (ClientConfig(username="ada", autologon=False), InfoFlags.AUTOLOGON, False),
        (ClientConfig(), InfoFlags.AUTOLOGON, False),
        (ClientConfig(), InfoFlags.NOAUDIOPLAYBACK, True),
        (ClientConfig(enable_audio_playback=True), InfoFlags.NOAUDIOPLAYBACK, False),
        (ClientConfig(enable_audio_capture=True), InfoFlags.AUDIOCAPTURE, True),
        (ClientConfig(), InfoFlags.AUDIOCAPTURE, False),
        (ClientConfig(enable_remote_apps=True), InfoFlags.RAIL, True),
        (ClientConfig(), InfoFlags.RAIL, False),
        (ClientConfig(), InfoFlags.COMPRESSION, True),
        (ClientConfig(compression_type=None), InfoFlags.COMPRESSION, False),
    ],
)
def test_flags(config: ClientConfig, flag: InfoFlags, is_set: bool) -> None:
    assert (flag in client_info(config).flags) == is_set


@pytest.mark.parametrize(
    ("ours", "wire"),
    [
        (CompressionType.K8, WireCompressionType.PACKET_COMPR_TYPE_8K),
        (CompressionType.K64, WireCompressionType.PACKET_COMPR_TYPE_64K),
    ],
)
def test_compression_types(ours: CompressionType, wire: WireCompressionType) -> None:
    assert client_info(ClientConfig(compression_type=ours)).flags.compression_type == wire


def test_an_address_of_version_6() -> None:
    info = client_info(ClientConfig(client_address="2001:db8::7"))
    assert info.extra_info is not None
    assert info.extra_info.client_time_zone == TimeZoneInformation()
    assert info.extra_info.client_address_family == AddressFamily.INET6


def test_what_comes_instead() -> None:
    with pytest.raises(SessionClosed, match="disconnected before it logged in"):
        read_client_info(ultimatum())
    with pytest.raises(RemoteProtocolError, match="AttachUserRequest came instead"):
        read_client_info(domain(mcs.AttachUserRequest()))
    with pytest.raises(RemoteProtocolError, match=r"LICENSE_PKT.* came instead"):
        read_client_info(CLIENT.secured(1003, SecurityFlags.LICENSE_PKT, b""))
    with pytest.raises(RemoteProtocolError, match="no security header"):
        read_client_info(CLIENT.wrap(1003, b"\x40"))
    with pytest.raises(DecodeError):
        read_client_info(CLIENT.secured(1003, SecurityFlags.INFO_PKT, b"\x00"))


@pytest.mark.parametrize("flags", [SecurityFlags.EXCHANGE_PKT, SecurityFlags.INFO_PKT | SecurityFlags.ENCRYPT])
def test_a_client_that_encrypts(flags: SecurityFlags) -> None:
    with pytest.raises(NegotiationFailed, match="was not agreed on"):
        read_client_info(CLIENT.secured(1003, flags, bytes(64)))
