"""Numbers with names: enumerations and flags whose decoding is total.

Unknown enumeration values and unknown bits are normal in RDP, so neither type refuses any. `enum.IntFlag` is not used
for what comes off the wire: CPython interns each composite for ever, 407 bytes apiece, at the sender's choice.
"""

from __future__ import annotations

import enum
from typing import Any, Self, TypeVar

__all__ = ["Flag", "Flags", "OpenEnum"]

_T = TypeVar("_T")

# Flags are asked several times a PDU, and `int(self) & other` costs twice as much.
_or, _and, _xor = int.__or__, int.__and__, int.__xor__


class OpenEnum(enum.IntEnum):
    """An enumeration in which a value without a name becomes a member `UNKNOWN_0x..` that nothing remembers."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, int):
            return None
        member = int.__new__(cls, value)
        member._name_ = f"UNKNOWN_{value:#x}"
        member._value_ = value
        return member

    @property
    def is_known(self) -> bool:
        """Whether the document names this value."""
        return self._value_ in type(self)._value2member_map_


class Flag:
    """Declares one named bit (or mask) in the body of a `Flags` class."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __get__(self, instance: object, owner: type[_T]) -> _T:
        # Never reached: `Flags.__init_subclass__` puts the value in the descriptor's place.  It tells type checkers.
        raise AttributeError("a Flag belongs in the body of a Flags class")


class Flags(int):
    """Named bits over a plain int; unknown bits are kept."""

    __slots__ = ()
    _names: dict[int, str] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        declared = {name: flag.value for name, flag in vars(cls).items() if isinstance(flag, Flag)}
        cls._names = {value: name for name, value in declared.items()}
        for name, value in declared.items():
            setattr(cls, name, cls(value))

    def __or__(self, other: int) -> Self:
        return type(self)(_or(self, other))

    def __and__(self, other: int) -> Self:
        return type(self)(_and(self, other))

    def __xor__(self, other: int) -> Self:
        return type(self)(_xor(self, other))

    def __ror__(self, other: int) -> Self:
        return self | other

    def __rand__(self, other: int) -> Self:
        return self & other

    def __rxor__(self, other: int) -> Self:
        return self ^ other

    def without(self, other: int) -> Self:
        """These bits, less those of `other`."""
        return type(self)(_and(self, ~other))

    def __contains__(self, other: int) -> bool:
        return _and(self, other) == other

    def __repr__(self) -> str:
        rest, names = int(self), []
        for value, name in self._names.items():
            if value and value.bit_count() == 1 and rest & value:
                names.append(name)
                rest &= ~value
        if rest or not names:
            names.append(f"{rest:#x}")
        return f"{type(self).__name__}({'|'.join(names)})"

    __str__ = __repr__
