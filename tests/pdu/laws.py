"""The laws that every PDU obeys, for the tests of single modules."""

from __future__ import annotations

from typing import TypeVar

from trio_rdp.wire.errors import DecodeError, Truncated
from trio_rdp.wire.pdu import Pdu

P = TypeVar("P", bound=Pdu)


def same(raw: bytes, value: Pdu) -> None:
    """`raw` decodes to `value`, `value` encodes to `raw`."""
    assert type(value).decode(raw) == value
    assert value.encode() == raw


def every_truncation_raises(cls: type[Pdu], raw: bytes, start: int = 0) -> None:
    """Each beginning of `raw`, from `start` bytes on, is `Truncated`."""
    for size in range(start, len(raw)):
        try:
            value = cls.decode(raw[:size])
        except Truncated:
            continue
        raise AssertionError(f"{size} bytes of {len(raw)} gave {value}")


def value_or_error(cls: type[P], raw: bytes) -> P | None:
    """Any bytes give a value, which survives encoding, or a `DecodeError`."""
    try:
        value = cls.decode(raw)
    except DecodeError:
        return None
    assert cls.decode(value.encode()) == value
    return value
