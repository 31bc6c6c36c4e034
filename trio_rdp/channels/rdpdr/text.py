"""Names in rdpdr messages: their lengths stand apart from them, and their terminators are optional in practice."""

from __future__ import annotations

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.fields import Fixed

__all__ = ["DOS_NAME_LENGTH", "NAME_LIMIT", "DosName", "decode_utf16", "encode_latin1", "encode_utf16", "take_utf16"]

DOS_NAME_LENGTH = 8

NAME_LIMIT = 65_536
"""The most bytes of a path or a name: Windows counts them in 16 bits (UNICODE_STRING), plus a terminator."""


def decode_utf16(raw: bytes) -> str:
    """Decode up to the first null character; lone surrogates are kept, as a name must encode to the same bytes."""
    if len(raw) % 2:
        raise InvalidField(f"a UTF-16 string of {len(raw)} bytes")
    return raw.decode("utf-16-le", "surrogatepass").partition("\0")[0]


def take_utf16(src: Cursor, size: int, limit: int = NAME_LIMIT) -> str:
    """Read a string of `size` bytes, with or without a terminator."""
    if size > limit:
        raise InvalidField(f"a name of {size} bytes exceeds {limit}", offset=src.pos)
    return decode_utf16(src.take(size))


def encode_utf16(text: str, *, terminated: bool) -> bytes:
    """Encode a string; an empty one has no terminator either, as Windows writes lengths of 0."""
    if "\0" in text:
        raise EncodeError("a null character inside a string")
    raw = text.encode("utf-16-le", "surrogatepass")
    if len(raw) > NAME_LIMIT - 2:
        raise EncodeError(f"a name of {len(raw)} bytes exceeds {NAME_LIMIT - 2}")
    return raw + b"\0\0" if terminated and raw else raw


def encode_latin1(text: str) -> bytes:
    """Encode an "ASCII" string without a terminator; all bytes are characters, so whatever was decoded encodes."""
    if "\0" in text:
        raise EncodeError("a null character inside a string")
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        raise EncodeError(f"{text!r} needs Unicode where the field has none") from None


class DosName(Fixed):
    """A device's name in 8 bytes of ASCII; what follows a null byte is not kept, and eight characters need none."""

    def __init__(self) -> None:
        def decoder(raw: bytes) -> str:
            return raw.partition(b"\0")[0].decode("latin-1")

        def encoder(text: str) -> bytes:
            raw = encode_latin1(text)
            if len(raw) > DOS_NAME_LENGTH:
                raise EncodeError(f"{text!r} exceeds {DOS_NAME_LENGTH} characters")
            return raw  # struct pads with zeros

        super().__init__(f"{DOS_NAME_LENGTH}s", decoder=decoder, encoder=encoder)
