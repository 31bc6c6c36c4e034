"""RSA as Terminal Services use it, [MS-RDPBCGR] 5.3.3 and 5.3.4: without padding, numbers in little-endian order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from trio_rdp.security import der
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import InvalidField

__all__ = ["MAX_MODULUS_BITS", "PADDING", "RsaPublicKey"]

# Windows makes keys of 512 and 2048 bits; the bound keeps a peer from choosing how long an exponentiation takes.
MAX_MODULUS_BITS = 8192
_MAX_EXPONENT_BITS = 32  # pubExp is a 32-bit field

# Behind every modulus, signature and encrypted value stand 8 zero bytes, counted by their lengths.
PADDING = 8


@dataclass(frozen=True)
class RsaPublicKey:
    """A server's public key; raises `InvalidField` when it cannot be one."""

    modulus: int = field(repr=False)
    exponent: int

    def __post_init__(self) -> None:
        bits = self.modulus.bit_length()
        if not 256 < bits <= MAX_MODULUS_BITS or not self.modulus & 1:
            raise InvalidField(f"an RSA modulus of {bits} bits")
        if not 3 <= self.exponent < 1 << _MAX_EXPONENT_BITS:
            raise InvalidField(f"an RSA exponent of {self.exponent.bit_length()} bits")

    @property
    def size(self) -> int:
        """The bytes that the modulus takes."""
        return (self.modulus.bit_length() + 7) // 8

    def encrypt(self, secret: bytes) -> bytes:
        """Encrypt a client random or a premaster secret, [MS-RDPBCGR] 5.3.4.1: the modulus's size and 8 zero bytes."""
        return self.power(secret).to_bytes(self.size, "little") + bytes(PADDING)

    def power(self, value: bytes) -> int:
        """The little-endian number `value`, raised to the exponent modulo the modulus."""
        number = int.from_bytes(value, "little")
        if number >= self.modulus:
            raise InvalidField(f"{len(value)} bytes do not fit an RSA key of {self.size}")
        return pow(number, self.exponent, self.modulus)

    @classmethod
    def from_der(cls, data: bytes) -> Self:
        """Read an RSAPublicKey (PKCS #1), which is what a certificate's subjectPublicKey holds for RSA."""
        sequence = der.read(Cursor(data), der.SEQUENCE)
        modulus, exponent = der.read(sequence, der.INTEGER).rest(), der.read(sequence, der.INTEGER).rest()
        if len(modulus) > MAX_MODULUS_BITS // 8 + 1:
            raise InvalidField(f"an RSA modulus of {len(modulus)} bytes")
        return cls(int.from_bytes(modulus, "big"), int.from_bytes(exponent, "big"))
