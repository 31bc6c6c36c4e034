"""The header, and messages of kinds that are not known."""

from __future__ import annotations

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.rdpdr.header import Component, NtStatus, PacketId, UnknownRdpdr
from trio_rdp.channels.rdpdr.initialization import ServerAnnounce, UserLoggedOn
from trio_rdp.wire.errors import EncodeError, InvalidField


def test_what_is_unknown_is_kept() -> None:
    raw = b"\x72\x44\x34\x12rest"
    same(raw, UnknownRdpdr(component=Component.CORE, packet_id=PacketId(0x1234), data=b"rest"))
    every_truncation_raises(UnknownRdpdr, raw[:4])
    assert not UnknownRdpdr.decode(raw).packet_id.is_known


def test_a_message_does_not_decode_as_another() -> None:
    with pytest.raises(InvalidField, match="UserLoggedOn: header 0x4472, 0x496e"):
        UserLoggedOn.decode(bytes.fromhex("72446e49"))


def test_a_value_that_does_not_fit_is_an_encode_error() -> None:
    announce = ServerAnnounce(version_minor=12, client_id=1 << 32)
    with pytest.raises(EncodeError, match="ServerAnnounce"):
        announce.encode()
    with pytest.raises(EncodeError, match="ServerAnnounce"):
        announce.encode_into(bytearray())


def test_statuses_of_other_devices_are_kept() -> None:
    assert NtStatus(0xC0000034) is NtStatus.OBJECT_NAME_NOT_FOUND
    assert NtStatus(0xC0FFEE00) == 0xC0FFEE00
