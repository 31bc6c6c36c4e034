"""PDUs that are CBOR maps: which key is which field."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self, TypeVar

from trio_rdp.channels.webauthn.cbor import Cbor, CborKey, CborMap, decode_cbor_from, encode_cbor_into
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = ["Key", "MapPdu", "boolean", "guid", "guid_bytes", "map_of", "nested", "of_type", "unsigned"]


_T = TypeVar("_T")


@dataclass(frozen=True)
class Key:
    """One key: its field, how the value is read, and how it is written where it is not plain CBOR.

    Reading raises `ValueError` for a value of the wrong kind.
    """

    key: CborKey
    field: str
    read: Callable[[Cbor], Any]
    write: Callable[[Any], Cbor] = lambda value: value
    required: bool = False


@pdu
class _Map(Pdu):
    """What all maps have: `other` are the pairs whose keys are not known here, kept as they came."""

    other: CborMap = field(default_factory=dict)


class MapPdu(_Map):
    """The base of PDUs that are CBOR maps.  A key that is missing, or null, is None.

    Keys are found whatever their case: the tables of [MS-RDPEWA] and its examples do not agree in it.
    """

    __slots__ = ()

    keys: ClassVar[tuple[Key, ...]]

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        start = src.pos
        items = decode_cbor_from(src)
        if not isinstance(items, dict):
            raise InvalidField(f"no map, but {items!r:.40}", pdu=cls.__name__, offset=start)
        return cls.from_map(items)

    @classmethod
    def from_map(cls, items: CborMap) -> Self:
        """Take the fields out of a map; raises `DecodeError`."""
        known = {_folded(key.key): key for key in cls.keys}
        values: dict[str, Any] = {}
        other: CborMap = {}
        for name, item in items.items():
            key = known.get(_folded(name))
            if key is None:
                other[name] = item
            elif key.field in values:
                raise InvalidField(f"key {name!r} twice", pdu=cls.__name__, field=key.field)
            elif item is not None:
                values[key.field] = cls._read(key, item)
        for key in cls.keys:
            if key.required and key.field not in values:
                raise InvalidField(f"no key {key.key!r}", pdu=cls.__name__, field=key.field)
        return cls(**values, other=other)

    @classmethod
    def _read(cls, key: Key, item: Cbor) -> Any:
        try:
            return key.read(item)
        except ValueError:
            raise InvalidField(f"value {item!r:.40}", pdu=cls.__name__, field=key.field) from None

    def encode_into(self, dst: bytearray) -> None:
        encode_cbor_into(dst, self.to_map())

    def to_map(self) -> CborMap:
        """The fields as a map: the known ones in their order, then the others."""
        values = [(key, getattr(self, key.field)) for key in self.keys]
        items: CborMap = {key.key: key.write(value) for key, value in values if value is not None}
        known = {_folded(key.key) for key in self.keys}
        if any(_folded(name) in known for name in self.other):
            raise EncodeError(f"{type(self).__name__}: a known key among the others")
        return items | self.other


def _folded(key: CborKey) -> CborKey:
    return key.lower() if isinstance(key, str) else key


def of_type(kind: type[_T]) -> Callable[[Cbor], _T]:
    """Read a value of one of CBOR's types other than integers."""

    def read(item: Cbor) -> _T:
        if not isinstance(item, kind):
            raise ValueError
        return item

    return read


def unsigned(kind: type[int] = int) -> Callable[[Cbor], Any]:
    """Read an unsigned integer, and make it one of an enumeration or of flags."""

    def read(item: Cbor) -> int:
        if not isinstance(item, int) or isinstance(item, bool) or item < 0:
            raise ValueError
        return kind(item)

    return read


boolean: Callable[[Cbor], bool] = of_type(bool)


def guid(item: Cbor) -> uuid.UUID:
    """Read a GUID; raises `ValueError`.  The first three parts are little-endian, as an example's `aaGuid` shows."""
    if not isinstance(item, bytes):
        raise ValueError
    return uuid.UUID(bytes_le=item)


def guid_bytes(value: uuid.UUID) -> bytes:
    """The bytes of a GUID."""
    return value.bytes_le


def nested(cls: type[MapPdu]) -> Callable[[Cbor], Any]:
    """Read a map inside a map."""

    def read(item: Cbor) -> MapPdu:
        if not isinstance(item, dict):
            raise ValueError
        return cls.from_map(item)

    return read


def map_of(value: MapPdu) -> CborMap:
    """Write a map inside a map."""
    return value.to_map()
