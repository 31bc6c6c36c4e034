"""Structures in NDR, as smart card calls carry them: [MS-RPCE] 2.2.6 and the transfer syntax that it takes from C706.

What is not of a fixed size stands behind the structure: in its place is a pointer (an id that means nothing, or 0 for
none), and what is pointed to follows in the order of the pointers.  Counts stand beside their pointers, and again
before what is pointed to; here a count and its pointer are one field.
"""

from __future__ import annotations

import dataclasses
import functools
import struct
import typing
import uuid
from collections.abc import Callable
from typing import Annotated, Any, Self

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.fields import Codec
from trio_rdp.wire.pdu import Pdu

__all__ = [
    "Atr",
    "AtrLast",
    "Blob",
    "FixedBytes",
    "NdrPdu",
    "NdrReader",
    "NdrWriter",
    "Number",
    "Optional",
    "Sized",
    "Structure",
    "Structures",
    "Text",
    "Uuid",
]

_U32 = struct.Struct("<I")
_FIRST_REFERENT = 0x00020000
_TEXT_LIMIT = 65_536

Put = Callable[[Any], None]
Later = list[Callable[["NdrReader"], None]]
LaterWritten = list[Callable[["NdrWriter"], None]]


class NdrReader:
    """Reads values at their alignments, and what pointers point to once the structure is read."""

    def __init__(self, src: Cursor) -> None:
        self.src = src
        self._start = src.pos
        self._later: Later = []

    def align(self, size: int) -> None:
        """Skip to a multiple of a size from the beginning."""
        self.src.skip(-(self.src.pos - self._start) % size)

    def u32(self) -> int:
        """Read an aligned number."""
        self.align(4)
        return self.src.u32()

    def points(self, follow: Callable[[NdrReader], None]) -> bool:
        """Read a pointer; if it points to something, `follow` reads that in its turn."""
        if not self.u32():
            return False
        self._later.append(follow)
        return True

    def follow_all(self) -> None:
        """Read what was pointed to; what that points to comes directly behind it."""
        later, self._later = self._later, []
        for follow in later:
            follow(self)
            self.follow_all()


class NdrWriter:
    """The counterpart of `NdrReader`."""

    def __init__(self, dst: bytearray) -> None:
        self.dst: bytearray = dst
        self._start = len(dst)
        self._referent = _FIRST_REFERENT
        self._later: LaterWritten = []

    def align(self, size: int) -> None:
        """Add zeros up to a multiple of a size."""
        self.dst += bytes(-(len(self.dst) - self._start) % size)

    def u32(self, value: int) -> None:
        """Append an aligned number."""
        self.align(4)
        try:
            self.dst += _U32.pack(value)
        except struct.error as exc:
            raise EncodeError(str(exc)) from None

    def points(self, follow: Callable[[NdrWriter], None] | None) -> None:
        """Append a pointer; `follow` writes what it points to in its turn, or None for a pointer to nothing."""
        if follow is None:
            self.u32(0)
            return
        self.u32(self._referent)
        self._referent += 4
        self._later.append(follow)

    def follow_all(self) -> None:
        """Append what was pointed to."""
        later, self._later = self._later, []
        for follow in later:
            follow(self)
            self.follow_all()


class NdrCodec(Codec):
    """How one field lies in a structure."""

    def read(self, reader: NdrReader, put: Put) -> None:
        """Read what is in the structure; `put` gets the value, now or when a pointer is followed."""
        raise NotImplementedError

    def write(self, writer: NdrWriter, value: Any) -> None:
        """Write what is in the structure, and leave the rest for later."""
        raise NotImplementedError


class NdrPdu(Pdu):
    """The base of structures in NDR; their annotations carry `NdrCodec`s."""

    __slots__ = ()

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        reader = NdrReader(src)
        value = _read_structure(cls, reader)
        reader.follow_all()
        return value

    def encode_into(self, dst: bytearray) -> None:
        writer = NdrWriter(dst)
        _write_structure(self, writer)
        writer.follow_all()


_layouts: dict[type[NdrPdu], list[tuple[str, NdrCodec]]] = {}


def _layout(cls: type[NdrPdu]) -> list[tuple[str, NdrCodec]]:
    """The fields of a structure and how they lie, read from its annotations at first use."""
    found = _layouts.get(cls)
    if found is None:
        found = _layouts[cls] = []
        hints = typing.get_type_hints(cls, include_extras=True)
        for field in dataclasses.fields(cls):  # type: ignore[arg-type]
            hint = hints[field.name]
            extras = typing.get_args(hint)[1:] if typing.get_origin(hint) is Annotated else ()
            codec = next((extra for extra in extras if isinstance(extra, NdrCodec)), None)
            found.append((field.name, codec or Structure(hint)))
    return found


_P = typing.TypeVar("_P", bound=NdrPdu)


def _read_structure(cls: type[_P], reader: NdrReader) -> _P:
    value = cls.__new__(cls)
    for name, codec in _layout(cls):
        codec.read(reader, functools.partial(setattr, value, name))
    return value


def _write_structure(value: NdrPdu, writer: NdrWriter) -> None:
    for name, codec in _layout(type(value)):
        codec.write(writer, getattr(value, name))


class Number(NdrCodec):
    """An unsigned number of 32 bits; `kind` makes something better of it."""

    def __init__(self, kind: Callable[[int], Any] = int) -> None:
        self._kind = kind

    def read(self, reader: NdrReader, put: Put) -> None:
        put(self._kind(reader.u32()))

    def write(self, writer: NdrWriter, value: Any) -> None:
        writer.u32(int(value))


class Structure(NdrCodec):
    """A structure inside a structure."""

    def __init__(self, cls: type[NdrPdu]) -> None:
        self._cls = cls

    def read(self, reader: NdrReader, put: Put) -> None:
        put(_read_structure(self._cls, reader))

    def write(self, writer: NdrWriter, value: NdrPdu) -> None:
        _write_structure(value, writer)


class Optional(NdrCodec):
    """A pointer to a structure, or to nothing."""

    def __init__(self, cls: type[NdrPdu]) -> None:
        self._cls = cls

    def read(self, reader: NdrReader, put: Put) -> None:
        put(None)

        def follow(reader: NdrReader) -> None:
            reader.align(4)
            put(_read_structure(self._cls, reader))

        reader.points(follow)

    def write(self, writer: NdrWriter, value: NdrPdu | None) -> None:
        if value is None:
            writer.points(None)
            return
        structure = value

        def follow(writer: NdrWriter) -> None:
            writer.align(4)
            _write_structure(structure, writer)

        writer.points(follow)


class Blob(NdrCodec):
    """A count and a pointer to so many bytes; a pointer to nothing is no bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit

    def read(self, reader: NdrReader, put: Put) -> None:
        size = _read_count(reader, self._limit)

        def follow(reader: NdrReader) -> None:
            _check_count(reader, size)
            put(reader.src.take(size))

        if not reader.points(follow):
            self._nothing(size, put, reader)

    def _nothing(self, size: int, put: Put, reader: NdrReader) -> None:
        if size:
            raise InvalidField(f"a pointer to nothing with {size} bytes", offset=reader.src.pos)
        put(b"")

    def write(self, writer: NdrWriter, value: Any) -> None:
        if len(value) > self._limit:
            raise EncodeError(f"{len(value)} bytes exceed {self._limit}")
        writer.u32(len(value))

        def follow(writer: NdrWriter) -> None:
            writer.u32(len(value))
            writer.dst += value

        writer.points(follow if value else None)


class Sized(Blob):
    """Bytes like `Blob`'s, or only how many they are, where that was all that was asked."""

    def _nothing(self, size: int, put: Put, reader: NdrReader) -> None:
        put(size)

    def write(self, writer: NdrWriter, value: bytes | int) -> None:
        if not isinstance(value, int):
            if not value:
                writer.u32(0)
                writer.points(lambda writer: writer.u32(0))
                return
            super().write(writer, value)
            return
        if value > self._limit:
            raise EncodeError(f"{value} bytes exceed {self._limit}")
        writer.u32(value)
        writer.points(None)


class Structures(NdrCodec):
    """A count and a pointer to so many structures."""

    def __init__(self, cls: type[NdrPdu], limit: int) -> None:
        self._cls = cls
        self._limit = limit

    def read(self, reader: NdrReader, put: Put) -> None:
        count = _read_count(reader, self._limit)

        def follow(reader: NdrReader) -> None:
            _check_count(reader, count)
            put([_read_structure(self._cls, reader) for _ in range(count)])

        if not reader.points(follow):
            if count:
                raise InvalidField(f"a pointer to nothing with {count} structures", offset=reader.src.pos)
            put([])

    def write(self, writer: NdrWriter, value: list[NdrPdu]) -> None:
        if len(value) > self._limit:
            raise EncodeError(f"{len(value)} structures exceed {self._limit}")
        writer.u32(len(value))

        def follow(writer: NdrWriter) -> None:
            writer.u32(len(value))
            for item in value:
                _write_structure(item, writer)

        writer.points(follow if value else None)


class Text(NdrCodec):
    """A pointer to a string with a terminator, in Unicode or in bytes; a pointer to nothing is an empty one."""

    def __init__(self, *, is_wide: bool) -> None:
        self._unit = 2 if is_wide else 1

    def read(self, reader: NdrReader, put: Put) -> None:
        put("")

        def follow(reader: NdrReader) -> None:
            most, offset, count = reader.u32(), reader.u32(), reader.u32()
            if offset or count > most or count > _TEXT_LIMIT:
                raise InvalidField(f"{count} of {most} characters from {offset} on", offset=reader.src.pos)
            raw = reader.src.take(count * self._unit)
            text = raw.decode("latin-1") if self._unit == 1 else raw.decode("utf-16-le", "surrogatepass")
            put(text.partition("\0")[0])

        reader.points(follow)

    def write(self, writer: NdrWriter, value: str) -> None:
        if "\0" in value:
            raise EncodeError("a null character inside a string")
        try:
            raw = value.encode("latin-1") if self._unit == 1 else value.encode("utf-16-le", "surrogatepass")
        except UnicodeEncodeError:
            raise EncodeError(f"{value!r} needs Unicode where the field has none") from None
        raw += bytes(self._unit)
        count = len(raw) // self._unit
        if count > _TEXT_LIMIT:
            raise EncodeError(f"{count} characters exceed {_TEXT_LIMIT}")

        def follow(writer: NdrWriter) -> None:
            for number in (count, 0, count):
                writer.u32(number)
            writer.dst += raw

        writer.points(follow)


class Uuid(NdrCodec):
    """A pointer to a UUID; a pointer to nothing is the one of zeros."""

    def read(self, reader: NdrReader, put: Put) -> None:
        put(uuid.UUID(int=0))

        def follow(reader: NdrReader) -> None:
            reader.align(4)
            put(uuid.UUID(bytes_le=reader.src.take(16)))

        reader.points(follow)

    def write(self, writer: NdrWriter, value: uuid.UUID) -> None:
        def follow(writer: NdrWriter) -> None:
            writer.align(4)
            writer.dst += value.bytes_le

        writer.points(follow)


class FixedBytes(NdrCodec):
    """A field of so many bytes; zeros at its end are not kept."""

    def __init__(self, size: int) -> None:
        self._size = size

    def read(self, reader: NdrReader, put: Put) -> None:
        put(reader.src.take(self._size).rstrip(b"\0"))

    def write(self, writer: NdrWriter, value: bytes) -> None:
        writer.dst += _filled(value, self._size)


class Atr(NdrCodec):
    """A length, and a field of so many bytes of which it counts."""

    def __init__(self, size: int) -> None:
        self._size = size

    def read(self, reader: NdrReader, put: Put) -> None:
        used = _read_count(reader, self._size)
        put(reader.src.take(self._size)[:used])

    def write(self, writer: NdrWriter, value: bytes) -> None:
        raw = _filled(value, self._size)
        writer.u32(len(value))
        writer.dst += raw


class AtrLast(Atr):
    """The field first, then the length."""

    def read(self, reader: NdrReader, put: Put) -> None:
        raw = reader.src.take(self._size)
        put(raw[: _read_count(reader, self._size)])

    def write(self, writer: NdrWriter, value: bytes) -> None:
        writer.dst += _filled(value, self._size)
        writer.u32(len(value))


def _read_count(reader: NdrReader, limit: int) -> int:
    count = reader.u32()
    if count > limit:
        raise InvalidField(f"{count} exceed {limit}", offset=reader.src.pos)
    return count


def _check_count(reader: NdrReader, count: int) -> None:
    """Read the count before what is pointed to, which says the same as the one beside the pointer."""
    found = reader.u32()
    if found != count:
        raise InvalidField(f"{found} where {count} were told", offset=reader.src.pos)


def _filled(value: bytes, size: int) -> bytes:
    if len(value) > size:
        raise EncodeError(f"{len(value)} bytes exceed {size}")
    return value + bytes(size - len(value))
