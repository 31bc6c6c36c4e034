from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu import connection_example
from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.pdu.mcs import (
    MAX_USER_DATA,
    AttachUserConfirm,
    AttachUserRequest,
    ChannelJoinConfirm,
    ChannelJoinRequest,
    ConnectInitial,
    ConnectResponse,
    DataPriority,
    DisconnectProviderUltimatum,
    DomainParameters,
    DomainPdu,
    ErectDomainRequest,
    Reason,
    Result,
    SendDataIndication,
    SendDataRequest,
    decode_domain_pdu,
)
from trio_rdp.pdu.x224 import unwrap_data, wrap_data
from trio_rdp.wire.errors import DecodeError, EncodeError, InvalidField, Truncated


def test_the_documents_connect_initial() -> None:
    value = ConnectInitial(
        target_parameters=DomainParameters(),
        minimum_parameters=DomainParameters(max_channel_ids=1, max_user_ids=1, max_token_ids=1, max_mcs_pdu_size=1056),
        maximum_parameters=DomainParameters(max_channel_ids=65535, max_user_ids=64535, max_token_ids=65535),
        user_data=connection_example.CONFERENCE_CREATE_REQUEST,
    )
    assert ConnectInitial.decode(connection_example.CONNECT_INITIAL) == value
    assert value == ConnectInitial(user_data=connection_example.CONFERENCE_CREATE_REQUEST)
    # Windows writes numbers from 32,768 on without the zero that keeps them positive; five of them are here.
    assert len(value.encode()) == len(connection_example.CONNECT_INITIAL) + 5
    same(value.encode(), value)
    every_truncation_raises(ConnectInitial, connection_example.CONNECT_INITIAL)


def test_the_documents_connect_response() -> None:
    value = ConnectResponse(user_data=connection_example.CONFERENCE_CREATE_RESPONSE)
    assert value.domain_parameters.max_user_ids == 3
    assert value.domain_parameters.max_mcs_pdu_size == 65528
    assert value.result is Result.SUCCESSFUL
    same(connection_example.CONNECT_RESPONSE, value)
    every_truncation_raises(ConnectResponse, connection_example.CONNECT_RESPONSE)


@pytest.mark.parametrize(
    ("packet", "value"),
    [
        (connection_example.ERECT_DOMAIN_REQUEST, ErectDomainRequest()),
        (connection_example.ATTACH_USER_REQUEST, AttachUserRequest()),
        (connection_example.ATTACH_USER_CONFIRM, AttachUserConfirm(initiator=1007)),
        (connection_example.CHANNEL_JOIN_REQUEST, ChannelJoinRequest(initiator=1007, channel_id=1007)),
        (
            connection_example.CHANNEL_JOIN_CONFIRM,
            ChannelJoinConfirm(initiator=1007, requested=1007, channel_id=1007),
        ),
        (
            connection_example.SECURITY_EXCHANGE,
            SendDataRequest(initiator=1007, channel_id=1003, user_data=connection_example.SECURITY_EXCHANGE[14:]),
        ),
        # [MS-RDPBCGR] 4.2.3
        (bytes.fromhex("03000009 02f080 2180"), DisconnectProviderUltimatum(reason=Reason.USER_REQUESTED)),
    ],
)
def test_the_documents_domain_pdus(packet: bytes, value: DomainPdu) -> None:
    raw = unwrap_data(packet[4:])
    assert decode_domain_pdu(raw) == value
    assert wrap_data(value.encode()) == packet
    same(raw, value)
    every_truncation_raises(type(value), raw)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("2c 00", AttachUserConfirm()),
        ("2d c0", AttachUserConfirm(result=Result.UNSPECIFIED_FAILURE)),
        ("2c 80", AttachUserConfirm(result=Result.NO_SUCH_DOMAIN)),
        (
            "3c 60 0006 03ef",
            ChannelJoinConfirm(result=Result.NO_SUCH_CHANNEL, initiator=1007, requested=1007, channel_id=None),
        ),
        (
            "3d a0 0006 03ef",
            ChannelJoinConfirm(result=Result.TOO_MANY_USERS, initiator=1007, requested=1007),
        ),
        ("20 00", DisconnectProviderUltimatum(reason=Reason.DOMAIN_DISCONNECTED)),
        ("20 80", DisconnectProviderUltimatum(reason=Reason.PROVIDER_INITIATED)),
        ("23 80", DisconnectProviderUltimatum(reason=Reason(7))),
        ("04 0107 02ffff", ErectDomainRequest(sub_height=7, sub_interval=65535)),
        (
            "68 0001 03eb b0 02 6162",
            SendDataIndication(
                initiator=1002, channel_id=1003, data_priority=DataPriority.MEDIUM, user_data=b"ab", segmentation=3
            ),
        ),
        (
            "64 0000 ffff 60 8080" + "61" * 128,
            SendDataRequest(initiator=1001, channel_id=65535, segmentation=2, user_data=b"a" * 128),
        ),
    ],
)
def test_domain_pdus(raw: str, value: DomainPdu) -> None:
    data = bytes.fromhex(raw)
    assert decode_domain_pdu(data) == value
    same(data, value)
    every_truncation_raises(type(value), data)


def test_rdesktops_erect_domain_request() -> None:
    assert decode_domain_pdu(bytes.fromhex("04 0001 0001")) == ErectDomainRequest(sub_height=1, sub_interval=1)


def test_rdesktops_disconnect_provider_ultimatum() -> None:
    value = DisconnectProviderUltimatum(reason=Reason.USER_REQUESTED)
    assert decode_domain_pdu(bytes.fromhex("30 06 02 02 0003 30 00")) == value
    for end in range(1, 6):
        with pytest.raises(Truncated):
            decode_domain_pdu(bytes.fromhex("30 06 02 02 0003 30 00")[:end])
    with pytest.raises(InvalidField, match="reason 8"):
        decode_domain_pdu(bytes.fromhex("30 06 02 02 0008 30 00"))


def test_lengths_longer_than_necessary() -> None:
    value = SendDataIndication(initiator=1002, channel_id=1003, user_data=b"ab")
    assert decode_domain_pdu(bytes.fromhex("68 0001 03eb 70 8002 6162")) == value
    assert value.encode() == bytes.fromhex("68 0001 03eb 70 02 6162")


def test_bytes_behind_user_data_are_left() -> None:
    value = decode_domain_pdu(bytes.fromhex("68 0001 03eb 70 01 6162"))
    assert isinstance(value, SendDataIndication)
    assert value.user_data == b"a"


def test_the_largest_user_data() -> None:
    value = SendDataRequest(initiator=1007, channel_id=1003, user_data=bytes(MAX_USER_DATA))
    same(value.encode(), value)
    with pytest.raises(EncodeError):
        SendDataRequest(initiator=1007, channel_id=1003, user_data=bytes(MAX_USER_DATA + 1)).encode()


@pytest.mark.parametrize(
    "value",
    [
        SendDataRequest(initiator=1000, channel_id=1003, user_data=b""),
        SendDataRequest(initiator=1007, channel_id=65536, user_data=bytes(200)),
        SendDataRequest(initiator=1007, channel_id=1003, user_data=b"", data_priority=4),
        ChannelJoinRequest(initiator=1000, channel_id=1003),
        ChannelJoinRequest(initiator=1007, channel_id=-1),
        AttachUserConfirm(result=Result(16)),
        DisconnectProviderUltimatum(reason=Reason(8)),
        ErectDomainRequest(sub_height=-1),
    ],
)
def test_what_cannot_be_written(value: DomainPdu) -> None:
    with pytest.raises(EncodeError):
        value.encode_into(bytearray())


def test_other_choices() -> None:
    with pytest.raises(InvalidField, match="choice 3"):
        decode_domain_pdu(b"\x0c\0\0")
    with pytest.raises(Truncated):
        decode_domain_pdu(b"")
    with pytest.raises(InvalidField, match="choice 26 of DomainMCSPDU instead of 25"):
        SendDataRequest.decode(bytes.fromhex("68 0001 03eb 70 00"))
    with pytest.raises(InvalidField, match="choice 10 of DomainMCSPDU instead of 11"):
        AttachUserConfirm.decode(b"\x28\0\0\0")
    with pytest.raises(InvalidField, match="fragmented"):
        SendDataRequest.decode(bytes.fromhex("64 0001 03eb 70 c1 00"))


def test_errors_say_which_pdu() -> None:
    with pytest.raises(Truncated) as caught:
        decode_domain_pdu(bytes.fromhex("68 0001 03eb 70 05 6162"))
    assert (caught.value.pdu, caught.value.field, caught.value.offset) == ("SendDataIndication", "user_data", 7)


CHOICES = [0x04, 0x20, 0x21, 0x28, 0x2C, 0x2D, 0x2E, 0x2F, 0x38, 0x3C, 0x3E, 0x3F, 0x64, 0x68]


@given(st.sampled_from(CHOICES) | st.integers(0, 255), st.binary(max_size=30))
def test_laws(first: int, rest: bytes) -> None:
    raw = bytes((first,)) + rest
    try:
        value = decode_domain_pdu(raw)
    except DecodeError:
        return
    assert decode_domain_pdu(value.encode()) == value


@given(st.data())
def test_laws_of_connecting(data: st.DataObject) -> None:
    for cls, example in (
        (ConnectInitial, connection_example.CONNECT_INITIAL),
        (ConnectResponse, connection_example.CONNECT_RESPONSE),
    ):
        raw = bytearray(example)
        for _ in range(data.draw(st.integers(1, 3))):
            raw[data.draw(st.integers(0, 120))] = data.draw(st.integers(0, 255))
        value_or_error(cls, bytes(raw))
