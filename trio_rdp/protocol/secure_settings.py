"""Secure settings exchange, [MS-RDPBCGR] 1.3.1.1: the client says who it is and what its session should be like."""

from __future__ import annotations

from trio_rdp.pdu import mcs
from trio_rdp.pdu.client_info import AddressFamily, ClientInfo, ExtendedInfoPacket, InfoFlags, TimeZoneInformation
from trio_rdp.pdu.client_info import CompressionType as WireCompressionType
from trio_rdp.pdu.security import SecurityFlags
from trio_rdp.protocol.config import ClientConfig
from trio_rdp.protocol.envelopes import Envelopes, open_frame, split_security_header
from trio_rdp.wire.errors import NegotiationFailed, RemoteProtocolError, SessionClosed

__all__ = ["client_info", "read_client_info", "wrap_client_info"]

_ALWAYS = (
    InfoFlags.MOUSE
    | InfoFlags.UNICODE
    | InfoFlags.MAXIMIZESHELL
    | InfoFlags.LOGONNOTIFY
    | InfoFlags.ENABLEWINDOWSKEY
    | InfoFlags.LOGONERRORS
    | InfoFlags.MOUSE_HAS_WHEEL
    | InfoFlags.DISABLECTRLALTDEL
)


def client_info(config: ClientConfig) -> ClientInfo:
    """The Info Packet of a configuration."""
    flags = _ALWAYS
    if config.autologon and config.username:
        flags |= InfoFlags.AUTOLOGON
    if not config.enable_audio_playback:
        flags |= InfoFlags.NOAUDIOPLAYBACK
    if config.enable_audio_capture:
        flags |= InfoFlags.AUDIOCAPTURE
    if config.enable_remote_apps:
        flags |= InfoFlags.RAIL
    if config.compression_type is not None:
        flags = flags.with_compression(WireCompressionType(int(config.compression_type)))
    is_ipv6 = ":" in config.client_address
    return ClientInfo(
        flags=flags,
        domain=config.domain,
        user_name=config.username,
        password=config.password,
        alternate_shell=config.alternate_shell,
        working_dir=config.work_dir,
        extra_info=ExtendedInfoPacket(
            client_address_family=AddressFamily.INET6 if is_ipv6 else AddressFamily.INET,
            client_address=config.client_address,
            client_dir=config.client_dir,
            client_time_zone=config.timezone_info or TimeZoneInformation(),
            client_session_id=0,
            performance_flags=config.performance_flags,
            auto_reconnect_cookie=b"",
        ),
    )


def wrap_client_info(envelopes: Envelopes, info: ClientInfo) -> bytes:
    """The frame of the Client Info PDU ([MS-RDPBCGR] 2.2.1.11)."""
    return envelopes.secured(envelopes.io_channel_id, SecurityFlags.INFO_PKT, info.encode())


def read_client_info(frame: bytes) -> ClientInfo:
    """The Info Packet of the frame that follows the channel joins."""
    pdu = open_frame(frame)
    if isinstance(pdu, mcs.DisconnectProviderUltimatum):
        raise SessionClosed("the client disconnected before it logged in")
    if not isinstance(pdu, mcs.SendDataRequest):
        raise RemoteProtocolError(f"{type(pdu).__name__} came instead of the Client Info PDU")
    flags, body = split_security_header(pdu.user_data)
    if SecurityFlags.EXCHANGE_PKT in flags or SecurityFlags.ENCRYPT in flags:
        raise NegotiationFailed("the client encrypts with standard RDP security, which was not agreed on")
    if SecurityFlags.INFO_PKT not in flags:
        raise RemoteProtocolError(f"a PDU with {flags!r} came instead of the Client Info PDU")
    return ClientInfo.decode(body)
