from __future__ import annotations

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.pdu.auto_reconnect import AutoReconnectStatus, ClientAutoReconnectPacket, ServerAutoReconnectPacket
from trio_rdp.wire.errors import EncodeError, InvalidField

# [MS-RDPBCGR] 4.3.3
PACKET = bytes.fromhex(
    "1c000000"  # cbLen = 28
    "01000000"  # Version = AUTO_RECONNECT_VERSION_1
    "02000000"  # LogonId = 2
    "a802e725e24c82b752a553503498a1a8"  # ArcRandomBits
)


def test_server_packet() -> None:
    same(PACKET, ServerAutoReconnectPacket(logon_id=2, arc_random_bits=PACKET[12:]))
    every_truncation_raises(ServerAutoReconnectPacket, PACKET)


def test_client_packet() -> None:
    same(PACKET, ClientAutoReconnectPacket(logon_id=2, security_verifier=PACKET[12:]))
    every_truncation_raises(ClientAutoReconnectPacket, PACKET)


def test_secrets_do_not_show() -> None:
    secret = b"do not print me!"
    for packet in (
        ServerAutoReconnectPacket(logon_id=2, arc_random_bits=secret),
        ClientAutoReconnectPacket(logon_id=2, security_verifier=secret),
    ):
        assert "print" not in repr(packet)


@pytest.mark.parametrize("cls", [ServerAutoReconnectPacket, ClientAutoReconnectPacket])
def test_other_packets_are_refused(cls: type[ServerAutoReconnectPacket | ClientAutoReconnectPacket]) -> None:
    with pytest.raises(InvalidField, match="length 27"):
        cls.decode(b"\x1b" + PACKET[1:])
    with pytest.raises(InvalidField, match="version 2"):
        cls.decode(PACKET[:4] + b"\2" + PACKET[5:])
    packet = ServerAutoReconnectPacket(logon_id=2, arc_random_bits=b"short")
    with pytest.raises(EncodeError, match="needs 16 bytes, got 5"):
        packet.encode()


def test_status() -> None:
    same(bytes(4), AutoReconnectStatus())
    every_truncation_raises(AutoReconnectStatus, bytes(4))
