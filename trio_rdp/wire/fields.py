"""How one field lies on the wire: the codecs that stand in a PDU's annotations.

`Fixed` codecs have a size, and `@pdu` joins neighbours of them into one `struct.Struct`; every other codec decodes from
a cursor and encodes into a bytearray by itself.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Annotated, Any, Protocol

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField

__all__ = [
    "I16",
    "I32",
    "U8",
    "U16",
    "U16BE",
    "U32",
    "U32BE",
    "U64",
    "Codec",
    "Counted",
    "Fixed",
    "Pad",
    "Prefixed",
    "Raw",
    "Rest",
    "Utf16",
    "Utf16List",
    "Utf16Prefixed",
    "i16",
    "i32",
    "u8",
    "u16",
    "u16be",
    "u32",
    "u32be",
    "u64",
]


class Codec:
    """A field that decodes and encodes itself."""

    def decode_from(self, src: Cursor) -> Any:
        """Read the field's value."""
        raise AssertionError(f"{type(self).__name__} decodes nothing")

    def encode_into(self, dst: bytearray, value: Any) -> None:
        """Append the field's bytes."""
        raise AssertionError(f"{type(self).__name__} encodes nothing")


class Fixed(Codec):
    """A field of a fixed size: a `struct` format character, and what to do with what `struct` gives and takes."""

    def __init__(
        self,
        char: str,
        *,
        big_endian: bool = False,
        decoder: Callable[[Any], Any] | None = None,
        encoder: Callable[[Any], Any] | None = None,
    ) -> None:
        self.char = char
        self.big_endian = big_endian
        self.decoder = decoder
        self.encoder = encoder
        self.struct: struct.Struct = struct.Struct((">" if big_endian else "<") + char)
        self.size: int = self.struct.size

    def decode_from(self, src: Cursor) -> Any:
        (value,) = self.struct.unpack(src.take(self.size))
        return value if self.decoder is None else self.decoder(value)

    def encode_into(self, dst: bytearray, value: Any) -> None:
        try:
            dst += self.struct.pack(value if self.encoder is None else self.encoder(value))
        except struct.error as exc:
            raise EncodeError(str(exc)) from None


u8: Fixed = Fixed("B")
u16: Fixed = Fixed("H")
u32: Fixed = Fixed("I")
u64: Fixed = Fixed("Q")
i16: Fixed = Fixed("h")
i32: Fixed = Fixed("i")
u16be: Fixed = Fixed("H", big_endian=True)
u32be: Fixed = Fixed("I", big_endian=True)

U8 = Annotated[int, u8]
U16 = Annotated[int, u16]
U32 = Annotated[int, u32]
U64 = Annotated[int, u64]
I16 = Annotated[int, i16]
I32 = Annotated[int, i32]
U16BE = Annotated[int, u16be]
U32BE = Annotated[int, u32be]


class Pad(Fixed):
    """Bytes without meaning behind (or, first among the annotations, before) a field: skipped, written as zeros."""

    def __init__(self, size: int) -> None:
        super().__init__(f"{size}x")


class Raw(Fixed):
    """Exactly `size` bytes."""

    def __init__(self, size: int) -> None:
        def check(value: bytes) -> bytes:
            if len(value) != size:
                raise EncodeError(f"needs {size} bytes, got {len(value)}")
            return value

        super().__init__(f"{size}s", encoder=check)


def _decode_utf16(raw: bytes) -> str:
    # Lone surrogates are kept: a name on the wire is what the peer says it is, and must encode back to the same bytes.
    return raw.decode("utf-16-le", "surrogatepass")


def _encode_utf16(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


class Utf16(Fixed):
    """A null-terminated UTF-16LE string in exactly `size` bytes; what follows the terminator is not kept.

    The last unit is taken for a terminator, whatever it is.
    """

    def __init__(self, size: int) -> None:
        def decoder(raw: bytes) -> str:
            return _decode_utf16(raw[: size - 2]).partition("\0")[0]

        def encoder(text: str) -> bytes:
            raw = _encode_utf16(text)
            if len(raw) > size - 2:
                raise EncodeError(f"{len(raw) // 2} UTF-16 units do not fit {size // 2 - 1}")
            return raw  # struct pads with zeros

        super().__init__(f"{size}s", decoder=decoder, encoder=encoder)


class Prefixed(Codec):
    """Bytes behind their length, of which a reader accepts at most `limit`."""

    def __init__(self, length: Fixed, *, limit: int | None = None) -> None:
        self.length = length
        self.limit = limit

    def decode_from(self, src: Cursor) -> bytes:
        size = self.length.decode_from(src)
        if self.limit is not None and size > self.limit:
            raise InvalidField(f"length {size} exceeds {self.limit}", offset=src.pos)
        return src.take(size)

    def encode_into(self, dst: bytearray, value: bytes) -> None:
        if self.limit is not None and len(value) > self.limit:
            raise EncodeError(f"length {len(value)} exceeds {self.limit}")
        self.length.encode_into(dst, len(value))
        dst += value


class Utf16Prefixed(Codec):
    """A UTF-16LE string behind its length in bytes.

    `terminated` says whether a null terminator follows, and `counted` whether the length counts it.  A reader drops
    terminators either way.
    """

    def __init__(self, length: Fixed, *, terminated: bool = True, counted: bool = True, limit: int = 65_535) -> None:
        self.length = length
        self.terminated = terminated
        self.counted = counted
        self.limit = limit

    def decode_from(self, src: Cursor) -> str:
        size = self.length.decode_from(src)
        if size > self.limit:
            raise InvalidField(f"length {size} exceeds {self.limit}", offset=src.pos)
        if size % 2:
            raise InvalidField(f"a UTF-16 string of {size} bytes", offset=src.pos)
        text = _decode_utf16(src.take(size)).partition("\0")[0]
        if self.terminated and not self.counted:
            src.skip(2)
        elif self.terminated and size > self.limit - 2 and len(_encode_utf16(text)) > self.limit - 2:
            raise InvalidField(f"no terminator within {self.limit} bytes", offset=src.pos)
        return text

    def encode_into(self, dst: bytearray, value: str) -> None:
        if "\0" in value:
            raise EncodeError("a null character inside a null-terminated string")
        raw = _encode_utf16(value)
        size = len(raw) + (2 if self.terminated and self.counted else 0)
        if size > self.limit:
            raise EncodeError(f"length {size} exceeds {self.limit}")
        self.length.encode_into(dst, size)
        dst += raw
        if self.terminated:
            dst += b"\0\0"


class Utf16List(Codec):
    """Null-terminated UTF-16LE strings, then an empty one ("multi-sz"), behind the number of all their units."""

    def __init__(self, count: Fixed, *, limit: int = 65_535) -> None:
        self.count = count
        self.limit = limit

    def decode_from(self, src: Cursor) -> list[str]:
        units = self.count.decode_from(src)
        if units > self.limit:
            raise InvalidField(f"{units} units exceed {self.limit}", offset=src.pos)
        start = src.pos
        *texts, last = _decode_utf16(src.take(2 * units)).split("\0")
        if units and (last or not texts or texts.pop() or "" in texts):
            raise InvalidField("strings that do not end with an empty one", offset=start)
        return texts

    def encode_into(self, dst: bytearray, value: list[str]) -> None:
        if any(not text or "\0" in text for text in value):
            raise EncodeError("an empty string, or a null character, in a list of null-terminated strings")
        raw = _encode_utf16("".join(f"{text}\0" for text in value) + "\0")
        if len(raw) // 2 > self.limit:
            raise EncodeError(f"{len(raw) // 2} units exceed {self.limit}")
        self.count.encode_into(dst, len(raw) // 2)
        dst += raw


class _Item(Protocol):
    @classmethod
    def decode_from(cls, src: Cursor) -> Any: ...

    def encode_into(self, dst: bytearray) -> None: ...


class Counted(Codec):
    """A list behind the number of its items: PDUs of the annotation's class, or plain fields where `item` is given."""

    def __init__(self, count: Fixed, item: Fixed | None = None, *, limit: int | None = None) -> None:
        self.count = count
        self.item: Codec | type[_Item] | None = item  # `@pdu` fills in the class of the annotation
        self.limit = limit

    def of(self, item: type[_Item]) -> Counted:
        """The same list, of PDUs of one class."""
        bound = Counted(self.count, limit=self.limit)
        bound.item = item
        return bound

    def decode_from(self, src: Cursor) -> list[Any]:
        count = self.count.decode_from(src)
        if self.limit is not None and count > self.limit:
            raise InvalidField(f"{count} items exceed {self.limit}", offset=src.pos)
        if isinstance(self.item, Fixed) and count * self.item.size > src.remaining:
            src.skip(count * self.item.size)  # raises Truncated before a list of the peer's choice is built
        assert self.item is not None
        decode = self.item.decode_from
        return [decode(src) for _ in range(count)]

    def encode_into(self, dst: bytearray, value: list[Any]) -> None:
        if self.limit is not None and len(value) > self.limit:
            raise EncodeError(f"{len(value)} items exceed {self.limit}")
        self.count.encode_into(dst, len(value))
        if isinstance(self.item, Codec):
            for item in value:
                self.item.encode_into(dst, item)
        else:
            for item in value:
                item.encode_into(dst)


class Rest(Codec):
    """Everything up to the end of the PDU."""

    def decode_from(self, src: Cursor) -> bytes:
        return src.rest()

    def encode_into(self, dst: bytearray, value: bytes) -> None:
        dst += value
