"""PDUs declared like the document's table, compiled to the functions that a careful person would have written.

A PDU is a dataclass whose annotations carry wire codecs.  At first use its fields are read once, each run of `Fixed`
neighbours becomes one `struct.Struct`, and `decode_from` / `encode_into` are generated as Python source.  A class that
defines either method itself keeps it.
"""

from __future__ import annotations

import dataclasses
import itertools
import struct
import types
import typing
from typing import Annotated, Any, Self, TypeVar, dataclass_transform

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import DecodeError, EncodeError, Truncated
from trio_rdp.wire.fields import Codec, Counted, Fixed, Pad
from trio_rdp.wire.numbers import Flags, OpenEnum

__all__ = ["Pdu", "pdu"]

_T = TypeVar("_T")


class Pdu:
    """The base of every PDU: `decode` and `encode` for whole ones, `decode_from` and `encode_into` for parts."""

    __slots__ = ()

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        """Decode one from where `src` stands, and leave `src` behind it.

        Raises `DecodeError`, and nothing else, whatever the bytes.
        """
        _compile(cls)
        return cls.decode_from(src)

    def encode_into(self, dst: bytearray) -> None:
        """Append the PDU's bytes to `dst`; raises `EncodeError` when a value does not fit its field."""
        _compile(type(self))
        self.encode_into(dst)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Decode one from the start of `data`; bytes behind it are ignored, as newer peers append fields."""
        try:
            return cls.decode_from(Cursor(data))
        except DecodeError as exc:
            exc.pdu = exc.pdu or cls.__name__
            raise

    def encode(self) -> bytes:
        """The PDU's bytes."""
        dst = bytearray()
        try:
            self.encode_into(dst)
        except struct.error as exc:
            raise EncodeError(f"{type(self).__name__}: {exc}") from None
        return bytes(dst)

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        names = [field.name for field in dataclasses.fields(self) if field.compare]  # type: ignore[arg-type]
        return all(getattr(self, name) == getattr(other, name) for name in names)

    def __repr__(self) -> str:
        names = [field.name for field in dataclasses.fields(self) if field.repr]  # type: ignore[arg-type]
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in names)})"


@dataclass_transform(kw_only_default=True, field_specifiers=(dataclasses.field,))
def pdu(cls: type[_T]) -> type[_T]:
    """Make a `Pdu` subclass the dataclass that its annotations describe."""
    # `Pdu` compares and prints all of them: to generate that for each class would be a tenth of importing the library.
    return dataclasses.dataclass(slots=True, kw_only=True, eq=False, repr=False)(cls)


@dataclasses.dataclass(frozen=True)
class _Column:
    """One row of the document's table: a field's name ("" for padding), its codec and the type of its value."""

    name: str
    codec: Codec
    number: type | None = None  # an enumeration or flags class
    nested: type[Pdu] | None = None
    optional: bool = False

    @property
    def is_fixed(self) -> bool:
        return isinstance(self.codec, Fixed)

    @property
    def is_converted(self) -> bool:
        return self.number is not None or (isinstance(self.codec, Fixed) and self.codec.decoder is not None)


class _Nested(Codec):
    """Stands for a PDU inside a PDU."""


def _split_optional(hint: Any) -> tuple[Any, bool]:
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        kinds = [kind for kind in typing.get_args(hint) if kind is not types.NoneType]
        if len(kinds) == 1:
            return kinds[0], True
    return hint, False


def _columns(cls: type) -> list[_Column]:
    """Read the annotations of a PDU class."""
    hints = typing.get_type_hints(cls, include_extras=True)
    columns: list[_Column] = []
    for field in dataclasses.fields(cls):
        hint, outer = _split_optional(hints[field.name])
        codecs: list[Any] = []
        if typing.get_origin(hint) is Annotated:
            hint, *codecs = typing.get_args(hint)
        kind, inner = _split_optional(hint)
        optional = outer or inner
        if all(isinstance(codec, Pad) for codec in codecs):
            codecs.append(_Nested())
        for codec in codecs:
            if isinstance(codec, Pad):
                columns.append(_Column("", codec, optional=optional))
                continue
            if isinstance(codec, _Nested):
                columns.append(_Column(field.name, codec, nested=kind, optional=optional))
                continue
            if isinstance(codec, Counted) and codec.item is None:
                codec = codec.of(typing.get_args(kind)[0])
            number = kind if isinstance(kind, type) and issubclass(kind, (OpenEnum, Flags)) else None
            columns.append(_Column(field.name, codec, number=number, optional=optional))
    return columns


class _Source:
    """Collects the lines of one generated function and the constants that they name."""

    def __init__(self, names: dict[str, Any]) -> None:
        self.lines: list[str] = []
        self.names = names

    def constant(self, value: Any) -> str:
        """Bind `value` to a new global name of the generated code."""
        name = f"_{len(self.names)}"
        self.names[name] = value
        return name

    def add(self, *lines: str) -> None:
        self.lines += lines


def _struct_of(run: list[_Column]) -> struct.Struct:
    order = ">" if any(isinstance(c.codec, Fixed) and c.codec.big_endian for c in run) else "<"
    return struct.Struct(order + "".join(c.codec.char for c in run if isinstance(c.codec, Fixed)))


def _write_decode_run(out: _Source, run: list[_Column], indent: str, pdu_name: str) -> None:
    packed = _struct_of(run)
    out.add(f"{indent}if end - pos < {packed.size}:")
    message = f"f'needs {packed.size} bytes, {{end - pos}} left'"
    out.add(f"{indent}    raise _Truncated({message}, pdu={pdu_name!r}, offset=pos)")
    named = [c for c in run if c.name]
    if named:
        targets = "".join(f"{c.name}, " if c.is_converted else f"self.{c.name}, " for c in named)
        out.add(f"{indent}{targets}= {out.constant(packed.unpack_from)}(buf, pos)")
    out.add(f"{indent}pos += {packed.size}")
    for column in named:
        assert isinstance(column.codec, Fixed)
        if column.number is not None and issubclass(column.number, OpenEnum):
            members, make = out.constant(column.number._value2member_map_.get), out.constant(column.number)
            out.add(f"{indent}value = {members}({column.name})")
            out.add(f"{indent}self.{column.name} = {make}({column.name}) if value is None else value")
        elif column.number is not None:
            out.add(f"{indent}self.{column.name} = {out.constant(column.number)}({column.name})")
        elif column.codec.decoder is not None:
            out.add(f"{indent}self.{column.name} = {out.constant(column.codec.decoder)}({column.name})")


def _write_encode_run(out: _Source, run: list[_Column], indent: str) -> None:
    values = []
    for column in run:
        if column.name:
            assert isinstance(column.codec, Fixed)
            encoder = column.codec.encoder
            values.append(f"self.{column.name}" if encoder is None else f"{out.constant(encoder)}(self.{column.name})")
    out.add(f"{indent}dst += {out.constant(_struct_of(run).pack)}({', '.join(values)})")


def _groups(columns: list[_Column]) -> list[list[_Column]]:
    """Runs of fixed columns of one byte order, and every other column alone."""
    groups: list[list[_Column]] = []
    for column in columns:
        last = groups[-1][-1] if groups else None
        joins = (
            last is not None
            and isinstance(column.codec, Fixed)
            and isinstance(last.codec, Fixed)
            and column.codec.big_endian == last.codec.big_endian
            and (not column.optional or not column.name)  # each optional field may be the last
        )
        if joins:
            groups[-1].append(column)
        else:
            groups.append([column])
    return groups


def _write_group(decode: _Source, encode: _Source, group: list[_Column], indent: str, pdu_name: str) -> None:
    column = group[0]
    if column.is_fixed:
        _write_decode_run(decode, group, indent, pdu_name)
        _write_encode_run(encode, group, indent)
        return
    decode.add(f"{indent}src.pos = pos")
    if column.nested is not None:
        decode.add(f"{indent}self.{column.name} = {decode.constant(column.nested)}.decode_from(src)")
        encode.add(f"{indent}self.{column.name}.encode_into(dst)")
    else:
        decode.add(f"{indent}self.{column.name} = {decode.constant(column.codec.decode_from)}(src)")
        encode.add(f"{indent}{encode.constant(column.codec.encode_into)}(dst, self.{column.name})")
    decode.add(f"{indent}pos = src.pos")


def _write_pdu(cls: type) -> tuple[str, dict[str, Any]]:
    """The source of both functions, and the globals that it needs."""
    names: dict[str, Any] = {
        "_Truncated": Truncated,
        "_Encode": EncodeError,
        "_struct_error": struct.error,
        "_new": object.__new__,
    }
    decode, encode = _Source(names), _Source(names)
    columns, name = _columns(cls), cls.__name__
    required = list(itertools.takewhile(lambda column: not column.optional, columns))
    tail = columns[len(required) :]
    if not all(column.optional for column in tail):
        raise TypeError(f"{name}: a required field follows an optional one")
    for group in _groups(required):
        _write_group(decode, encode, group, "    ", name)
    if tail:
        # The document lets the PDU end before any of these; each requires the one before it.
        decode.add("    " + " = ".join(f"self.{c.name}" for c in tail if c.name) + " = None", "    while True:")
        encode.add("    while True:")
        for group in _groups(tail):
            decode.add("        if pos >= end: break")
            encode.add(f"        if self.{group[0].name} is None: break")
            _write_group(decode, encode, group, "        ", name)
        decode.add("        break")
        encode.add("        break")
    source = "\n".join(
        [
            "def decode_from(cls, src):",
            "    buf, pos, end = src.buf, src.pos, src.end",
            "    self = _new(cls)",
            *decode.lines,
            "    src.pos = pos",
            "    return self",
            "def encode_into(self, dst):",
            "    try:",
            "        pass",
            *("    " + line for line in encode.lines),
            f"    except _struct_error as exc: raise _Encode({name!r} + f': {{exc}}') from None",
            "",
        ]
    )
    return source, names


def _compile(cls: type[Pdu]) -> None:
    """Give `cls` the methods that its annotations describe, where it does not have its own."""
    if not dataclasses.is_dataclass(cls):
        raise TypeError(f"{cls.__name__} is not decorated with @pdu")
    source, names = _write_pdu(cls)
    exec(compile(source, f"<{cls.__name__}>", "exec"), names)  # noqa: S102
    # Only what is still the stub of `Pdu` is replaced: a class may define either by hand.
    if _home(cls, "decode_from") is Pdu:
        type.__setattr__(cls, "decode_from", classmethod(names["decode_from"]))
    if _home(cls, "encode_into") is Pdu:
        type.__setattr__(cls, "encode_into", names["encode_into"])


def _home(cls: type, method: str) -> type:
    """The class in which `cls` finds `method`."""
    return next(base for base in cls.__mro__ if method in vars(base))
