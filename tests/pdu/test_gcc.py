from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu import connection_example
from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.pdu.gcc import (
    MAX_BLOCKS,
    ConferenceCreateRequest,
    ConferenceCreateResponse,
    ConferenceCreateResult,
    UserDataBlock,
    UserDataType,
    read_blocks,
    read_known_blocks,
    write_known_blocks,
)
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated
from trio_rdp.wire.pdu import Pdu, pdu

REQUEST = connection_example.CONFERENCE_CREATE_REQUEST
RESPONSE = connection_example.CONFERENCE_CREATE_RESPONSE


def test_the_documents_request() -> None:
    same(REQUEST, ConferenceCreateRequest(user_data=connection_example.CLIENT_BLOCKS))
    every_truncation_raises(ConferenceCreateRequest, REQUEST)


def test_the_documents_response() -> None:
    same(RESPONSE, ConferenceCreateResponse(node_id=31219, user_data=connection_example.SERVER_BLOCKS))
    every_truncation_raises(ConferenceCreateResponse, RESPONSE)


def test_short_user_data() -> None:
    same(
        bytes.fromhex("0005 00147c0001 0e 0008 0010 00 01 c0 00 44756361 01 61"),
        ConferenceCreateRequest(user_data=b"a"),
    )
    # xrdp 0.9.21 writes the length in two bytes.
    raw = bytes.fromhex("0005 00147c0001 2a 14 760a 0101 00 01 c0 00 4d63446e 8001 61")
    assert ConferenceCreateResponse.decode(raw) == ConferenceCreateResponse(user_data=b"a")


def test_a_result_is_kept() -> None:
    value = ConferenceCreateResponse(node_id=1001, result=ConferenceCreateResult.LOW_RESOURCES, user_data=b"")
    assert value.encode() == bytes.fromhex("0005 00147c0001 2a 14 0000 0101 20 01 c0 00 4d63446e 00")
    same(value.encode(), value)


@pytest.mark.parametrize(
    ("where", "octet", "reason"),
    [
        (0, 1, "no T.124 key"),
        (2, 1, "no T.124 key"),
        (9, 0x10, "no Conference Create Request"),
        (10, 0x18, "no Conference Create Request"),
        (14, 2, "2 sets of user data"),
        (15, 0x40, "beginning with 0x40"),
        (17, 0x45, "H.221 key b'Euca' instead of b'Duca'"),
    ],
)
def test_requests_that_mean_nothing(where: int, octet: int, reason: str) -> None:
    raw = bytearray(REQUEST)
    raw[where] = octet
    with pytest.raises(InvalidField, match=reason):
        ConferenceCreateRequest.decode(bytes(raw))


def test_responses_that_mean_nothing() -> None:
    with pytest.raises(InvalidField, match="no Conference Create Response"):
        ConferenceCreateResponse.decode(RESPONSE[:8] + b"\x10" + RESPONSE[9:])


@pytest.mark.parametrize(
    "value",
    [
        ConferenceCreateRequest(user_data=bytes(0x4000)),
        ConferenceCreateResponse(node_id=1000, user_data=b""),
        ConferenceCreateResponse(result=ConferenceCreateResult(8), user_data=b""),
        UserDataBlock(type=UserDataType.CS_CORE, data=bytes(0xFFFC)),
    ],
)
def test_what_cannot_be_written(value: ConferenceCreateRequest) -> None:
    with pytest.raises(EncodeError):
        value.encode()


def test_blocks() -> None:
    raw = bytes.fromhex("01c0 0600 6162 3412 0400")
    assert read_blocks(Cursor(raw)) == [
        UserDataBlock(type=UserDataType.CS_CORE, data=b"ab"),
        UserDataBlock(type=UserDataType(0x1234), data=b""),
    ]
    assert read_blocks(Cursor(b"")) == []
    same(raw[:6], UserDataBlock(type=UserDataType.CS_CORE, data=b"ab"))
    every_truncation_raises(UserDataBlock, raw[:6])
    with pytest.raises(Truncated):
        read_blocks(Cursor(raw[:-1]))
    with pytest.raises(InvalidField, match="length 3"):
        read_blocks(Cursor(bytes.fromhex("01c0 0300 00")))


def test_blocks_have_a_limit() -> None:
    block = bytes.fromhex("3412 0400")
    assert len(read_blocks(Cursor(block * MAX_BLOCKS))) == MAX_BLOCKS
    with pytest.raises(InvalidField, match=f"more than {MAX_BLOCKS}"):
        read_blocks(Cursor(block * (MAX_BLOCKS + 1)))


@pdu
class _Blocks(Pdu):
    core: ConferenceCreateResponse | None = None
    net: UserDataBlock | None = None
    unknown: list[UserDataBlock]


_KNOWN: dict[UserDataType, tuple[str, type[Pdu]]] = {
    UserDataType.CS_NET: ("net", UserDataBlock),
    UserDataType.CS_CORE: ("core", ConferenceCreateResponse),
}


def test_known_blocks() -> None:
    core, net = ConferenceCreateResponse(user_data=b"a"), UserDataBlock(type=UserDataType.CS_NET, data=b"b")
    unknown = UserDataBlock(type=UserDataType(0x1234), data=b"c")
    raw = bytearray()
    write_known_blocks(raw, _Blocks(core=core, net=net, unknown=[unknown]), _KNOWN)
    assert [block.type for block in read_blocks(Cursor(bytes(raw)))] == [*_KNOWN, 0x1234]
    fields = read_known_blocks(Cursor(bytes(raw)), _KNOWN, ("core",))
    assert fields == {"core": core, "net": net, "unknown": [unknown]}
    raw.clear()
    write_known_blocks(raw, _Blocks(net=net, unknown=[]), _KNOWN)
    assert read_known_blocks(Cursor(bytes(raw)), _KNOWN, ()) == {"net": net, "unknown": []}
    with pytest.raises(InvalidField, match="no core data block"):
        read_known_blocks(Cursor(bytes(raw)), _KNOWN, ("core",))


@given(st.integers(0, 24), st.integers(0, 255))
def test_laws(where: int, octet: int) -> None:
    for cls, example in ((ConferenceCreateRequest, REQUEST), (ConferenceCreateResponse, RESPONSE)):
        raw = bytearray(example)
        raw[where] = octet
        value_or_error(cls, bytes(raw))


@given(st.binary(max_size=20))
def test_laws_of_blocks(raw: bytes) -> None:
    value_or_error(UserDataBlock, raw)
