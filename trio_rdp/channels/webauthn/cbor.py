"""The part of CBOR ([RFC 8949]) that WebAuthn messages use: integers, strings, arrays, maps, booleans and null.

The rest is refused: floating-point numbers, tags, and lengths that are not known beforehand.
"""

from __future__ import annotations

import struct
from typing import Any, TypeAlias

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField

__all__ = ["DEPTH_LIMIT", "Cbor", "CborKey", "CborMap", "decode_cbor_from", "encode_cbor_into"]

DEPTH_LIMIT = 8
"""The most arrays and maps inside each other; the document's examples have 3."""

CborKey: TypeAlias = int | str | bytes
CborMap: TypeAlias = dict[CborKey, Any]
Cbor: TypeAlias = int | bool | str | bytes | list[Any] | CborMap | None

_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _SIMPLE = 0, 1, 2, 3, 4, 5, 7
_SIMPLE_VALUES: dict[int, bool | None] = {20: False, 21: True, 22: None}
_LARGEST = 0xFFFFFFFFFFFFFFFF


def decode_cbor_from(src: Cursor) -> Cbor:
    """Decode one item from where `src` stands; raises `DecodeError`, also for what CBOR allows and this does not."""
    return _decode(src, DEPTH_LIMIT)


def encode_cbor_into(dst: bytearray, value: Cbor) -> None:
    """Append one item in as few bytes as it needs, maps in their order; raises `EncodeError`."""
    _encode(dst, value, DEPTH_LIMIT)


def _decode(src: Cursor, depth: int) -> Cbor:
    start = src.pos
    major, argument = _decode_head(src)
    if major == _UNSIGNED:
        return argument
    if major == _NEGATIVE:
        return -1 - argument
    if major == _BYTES:
        return src.take(argument)
    if major == _TEXT:
        try:
            return src.take(argument).decode()
        except UnicodeDecodeError as exc:
            raise InvalidField(f"text that is not UTF-8: {exc.reason}", offset=start) from None
    if major == _SIMPLE:
        if argument not in _SIMPLE_VALUES:
            raise InvalidField(f"simple value {argument}", offset=start)
        return _SIMPLE_VALUES[argument]
    if not depth:
        raise InvalidField(f"more than {DEPTH_LIMIT} arrays and maps inside each other", offset=start)
    if major == _ARRAY:
        _check_count(src, argument)
        return [_decode(src, depth - 1) for _ in range(argument)]
    return _decode_map(src, argument, depth)


def _decode_map(src: Cursor, count: int, depth: int) -> CborMap:
    _check_count(src, 2 * count)
    items: CborMap = {}
    for _ in range(count):
        start = src.pos
        key = _decode(src, 0)
        if not isinstance(key, (int, str, bytes)) or isinstance(key, bool):
            raise InvalidField(f"key {key!r}", offset=start)
        if key in items:
            raise InvalidField(f"key {key!r} twice", offset=start)
        items[key] = _decode(src, depth - 1)
    return items


def _decode_head(src: Cursor) -> tuple[int, int]:
    start = src.pos
    initial = src.u8()
    major, info = initial >> 5, initial & 0x1F
    if major == 6 or info > (23 if major == _SIMPLE else 27):
        raise InvalidField(f"initial byte {initial:#x}", offset=start)
    if info < 24:
        return major, info
    return major, int.from_bytes(src.take(1 << (info - 24)), "big")


def _check_count(src: Cursor, count: int) -> None:
    """Raise `Truncated` before a list of the peer's choice is built: each item has at least a byte."""
    if count > src.remaining:
        src.skip(count)


def _encode(dst: bytearray, value: Cbor, depth: int) -> None:
    if isinstance(value, bool) or value is None:
        dst.append(_SIMPLE << 5 | (22 if value is None else 20 + value))
    elif isinstance(value, int):
        _encode_head(dst, *((_UNSIGNED, int(value)) if value >= 0 else (_NEGATIVE, -1 - value)))
    elif isinstance(value, bytes):
        _encode_head(dst, _BYTES, len(value))
        dst += value
    elif isinstance(value, str):
        try:
            raw = value.encode()
        except UnicodeEncodeError as exc:
            raise EncodeError(str(exc)) from None
        _encode_head(dst, _TEXT, len(raw))
        dst += raw
    elif not depth:
        raise EncodeError(f"more than {DEPTH_LIMIT} arrays and maps inside each other")
    elif isinstance(value, list):
        _encode_head(dst, _ARRAY, len(value))
        for item in value:
            _encode(dst, item, depth - 1)
    else:
        _encode_head(dst, _MAP, len(value))
        for key, item in value.items():
            _encode(dst, key, 0)
            _encode(dst, item, depth - 1)


def _encode_head(dst: bytearray, major: int, argument: int) -> None:
    if argument > _LARGEST:
        raise EncodeError(f"an integer of more than 64 bits: {argument:#x}")
    if argument < 24:
        dst.append(major << 5 | argument)
    elif argument < 0x100:
        dst += struct.pack(">BB", major << 5 | 24, argument)
    elif argument < 0x10000:
        dst += struct.pack(">BH", major << 5 | 25, argument)
    elif argument < 0x100000000:
        dst += struct.pack(">BI", major << 5 | 26, argument)
    else:
        dst += struct.pack(">BQ", major << 5 | 27, argument)
