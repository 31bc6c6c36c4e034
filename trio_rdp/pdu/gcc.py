"""GCC Conference Create Request and Response, [T124] 8.7, and the user data blocks inside.

RDP uses one fixed shape of each, and only the length of the user data varies; the annotated examples, [MS-RDPBCGR]
4.1.3 and 4.1.4, say what each bit means.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trio_rdp.wire import per
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.fields import u16
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "MAX_BLOCKS",
    "ConferenceCreateRequest",
    "ConferenceCreateResponse",
    "ConferenceCreateResult",
    "UserDataBlock",
    "UserDataType",
    "read_blocks",
    "read_known_blocks",
    "write_known_blocks",
]

MAX_BLOCKS = 64
"""How many user data blocks a reader accepts; the document knows nine of a client and five of a server."""

_T124_KEY = (0, 0, 20, 124, 0, 1)
_CLIENT_TO_SERVER_KEY = b"Duca"
_SERVER_TO_CLIENT_KEY = b"McDn"

_KEY_OBJECT = 0x00
_CREATE_REQUEST = 0x00
_REQUEST_USER_DATA_PRESENT = 0x08
_CREATE_RESPONSE_WITH_USER_DATA = 0x14
_USER_DATA_H221 = 0xC0
_NODE_ID_BASE = 1001
_DEFAULT_NODE_ID = 31_219
_RESPONSE_LENGTH = 0x2A


class UserDataType(OpenEnum):
    """What is in a user data block: type of TS_UD_HEADER, [MS-RDPBCGR] 2.2.1.3.1."""

    CS_CORE = 0xC001
    CS_SECURITY = 0xC002
    CS_NET = 0xC003
    CS_CLUSTER = 0xC004
    CS_MONITOR = 0xC005
    CS_MCS_MSGCHANNEL = 0xC006
    CS_MONITOR_EX = 0xC008
    CS_MULTITRANSPORT = 0xC00A
    CS_UNUSED1 = 0xC00C
    SC_CORE = 0x0C01
    SC_SECURITY = 0x0C02
    SC_NET = 0x0C03
    SC_MCS_MSGCHANNEL = 0x0C04
    SC_MULTITRANSPORT = 0x0C08


class ConferenceCreateResult(OpenEnum):
    """Result of a ConferenceCreateResponse, [T124] 8.7."""

    SUCCESS = 0
    USER_REJECTED = 1
    LOW_RESOURCES = 2
    REJECTED_FOR_SYMMETRY_BREAKING = 3
    LOCKED_CONFERENCE_NOT_SUPPORTED = 4


@pdu
class UserDataBlock(Pdu):
    """User Data Header (TS_UD_HEADER) with the block behind it, [MS-RDPBCGR] 2.2.1.3.1.

    `data` is the block without its header.
    """

    type: UserDataType
    data: bytes

    @classmethod
    def decode_from(cls, src: Cursor) -> UserDataBlock:
        start = src.pos
        kind, length = src.u16(), src.u16()
        if length < 4:
            raise InvalidField(f"length {length} below that of the header", pdu=cls.__name__, offset=start + 2)
        return cls(type=UserDataType(kind), data=src.take(length - 4))

    def encode_into(self, dst: bytearray) -> None:
        u16.encode_into(dst, self.type)
        if len(self.data) > 0xFFFF - 4:
            raise EncodeError(f"a block of {len(self.data)} bytes")
        u16.encode_into(dst, 4 + len(self.data))
        dst += self.data


def read_blocks(src: Cursor) -> list[UserDataBlock]:
    """Read every block that is left, of which there may be `MAX_BLOCKS`."""
    blocks: list[UserDataBlock] = []
    while src.remaining:
        if len(blocks) == MAX_BLOCKS:
            raise InvalidField(f"more than {MAX_BLOCKS} user data blocks", offset=src.pos)
        blocks.append(UserDataBlock.decode_from(src))
    return blocks


def read_known_blocks(
    src: Cursor, known: Mapping[UserDataType, tuple[str, type[Pdu]]], required: tuple[str, ...]
) -> dict[str, Any]:
    """Read every block into the fields of an aggregate; of two of one type the later counts, as in FreeRDP."""
    fields: dict[str, Any] = {}
    unknown: list[UserDataBlock] = []
    for block in read_blocks(src):
        place = known.get(block.type)
        if place is None:
            unknown.append(block)
        else:
            name, cls = place
            fields[name] = cls.decode(block.data)
    for name in required:
        if name not in fields:
            raise InvalidField(f"no {name} data block", offset=src.pos)
    return {**fields, "unknown": unknown}


def write_known_blocks(dst: bytearray, blocks: Any, known: Mapping[UserDataType, tuple[str, type[Pdu]]]) -> None:
    """Append the blocks of an aggregate that are there, in the order of `known`, and then the unknown ones."""
    for kind, (name, _) in known.items():
        block = getattr(blocks, name)
        if block is not None:
            UserDataBlock(type=kind, data=block.encode()).encode_into(dst)
    for block in blocks.unknown:
        block.encode_into(dst)


def _read_connect_data(src: Cursor) -> None:
    """Read the T.124 key and the length of the connect PDU.

    The length is not used: Windows, xrdp, FreeRDP and GNOME all say 42 in their responses ("This length is ignored by
    the client", [MS-RDPBCGR] 4.1.4), and the user data says its own.
    """
    start = src.pos
    if per.read_choice(src) != _KEY_OBJECT or per.read_object_identifier(src) != _T124_KEY:
        raise InvalidField("no T.124 key", offset=start)
    per.read_length(src)


def _write_connect_data(dst: bytearray, length: int) -> None:
    per.write_choice(dst, _KEY_OBJECT)
    per.write_object_identifier(dst, _T124_KEY)
    per.write_length(dst, length)


def _read_user_data(src: Cursor, key: bytes) -> bytes:
    """Read the one set of user data that RDP knows, which must have this H.221 key."""
    start = src.pos
    sets, present = src.u8(), src.u8()
    if sets != 1 or present != _USER_DATA_H221:
        raise InvalidField(f"{sets} sets of user data, the first beginning with {present:#x}", offset=start)
    found = per.read_octet_string(src, 4)
    if found != key:
        raise InvalidField(f"H.221 key {found!r} instead of {key!r}", offset=start + 2)
    return per.read_octet_string(src)


def _write_user_data(dst: bytearray, key: bytes, user_data: bytes) -> None:
    dst += bytes((1, _USER_DATA_H221))
    per.write_octet_string(dst, key, 4)
    per.write_octet_string(dst, user_data)


@pdu
class ConferenceCreateRequest(Pdu):
    """GCC Conference Create Request (ConnectData, ConferenceCreateRequest), [T124] 8.7 and [MS-RDPBCGR] 2.2.1.3.

    `user_data` holds the client's data blocks.
    """

    user_data: bytes

    @classmethod
    def decode_from(cls, src: Cursor) -> ConferenceCreateRequest:
        _read_connect_data(src)
        start = src.pos
        choice, present = src.u8(), src.u8()
        if choice != _CREATE_REQUEST or present != _REQUEST_USER_DATA_PRESENT:
            raise InvalidField(f"no Conference Create Request with user data: {choice:#x} {present:#x}", offset=start)
        per.read_numeric_string(src, 1)  # conferenceName
        src.skip(1)  # lockedConference to terminationMethod
        return cls(user_data=_read_user_data(src, _CLIENT_TO_SERVER_KEY))

    def encode_into(self, dst: bytearray) -> None:
        body = bytearray((_CREATE_REQUEST, _REQUEST_USER_DATA_PRESENT))
        per.write_numeric_string(body, "1", 1)
        body.append(0)
        _write_user_data(body, _CLIENT_TO_SERVER_KEY, self.user_data)
        _write_connect_data(dst, len(body))
        dst += body


@pdu
class ConferenceCreateResponse(Pdu):
    """GCC Conference Create Response (ConnectData, ConferenceCreateResponse), [T124] 8.7 and [MS-RDPBCGR] 2.2.1.4.

    `user_data` holds the server's data blocks.
    """

    node_id: int = _DEFAULT_NODE_ID
    result: ConferenceCreateResult = ConferenceCreateResult.SUCCESS
    user_data: bytes

    @classmethod
    def decode_from(cls, src: Cursor) -> ConferenceCreateResponse:
        _read_connect_data(src)
        start = src.pos
        if src.u8() != _CREATE_RESPONSE_WITH_USER_DATA:
            raise InvalidField("no Conference Create Response with user data", offset=start)
        node_id = per.read_u16(src, _NODE_ID_BASE)
        per.read_integer(src)  # tag
        result = ConferenceCreateResult(src.u8() >> 4 & 7)  # behind the extension bit
        return cls(node_id=node_id, result=result, user_data=_read_user_data(src, _SERVER_TO_CLIENT_KEY))

    def encode_into(self, dst: bytearray) -> None:
        _write_connect_data(dst, _RESPONSE_LENGTH)
        dst.append(_CREATE_RESPONSE_WITH_USER_DATA)
        per.write_u16(dst, self.node_id, _NODE_ID_BASE)
        per.write_integer(dst, 1)
        if not 0 <= self.result <= 7:
            raise EncodeError(f"result {self.result} does not fit 3 bits")
        dst.append(self.result << 4)
        _write_user_data(dst, _SERVER_TO_CLIENT_KEY, self.user_data)
