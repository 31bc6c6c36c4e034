"""RC4, which licensing ([MS-RDPELE] 5.1.3) and standard RDP security still ask for.

OpenSSL's runs where `cryptography` takes the key's length (RDP's own 8 and 16 bytes are among them); a plain one, for
every other key, says the same in ten lines.
"""

from __future__ import annotations

from typing import Any

__all__ = ["Rc4"]

_NATIVE_KEY_BYTES = frozenset((5, 7, 8, 10, 16, 20, 24, 32))


class Rc4:
    """A key stream that goes on from one `update` to the next; the same call encrypts and decrypts."""

    def __init__(self, key: bytes) -> None:
        if not 1 <= len(key) <= 256:
            raise ValueError(f"an RC4 key of {len(key)} bytes")
        self._stream: Any = _native(key) if len(key) in _NATIVE_KEY_BYTES else _Plain(key)

    def update(self, data: bytes) -> bytes:
        """The bytes, each combined with the next of the key stream."""
        output: bytes = self._stream.update(data)
        return output


def _native(key: bytes) -> Any:
    # Imported here: only a licensed or RC4-encrypted connection needs it.
    from cryptography.hazmat.decrepit.ciphers.algorithms import ARC4
    from cryptography.hazmat.primitives.ciphers import Cipher

    return Cipher(ARC4(key), mode=None).encryptor()


class _Plain:
    def __init__(self, key: bytes) -> None:
        state = list(range(256))
        j = 0
        for i in range(256):
            j = (j + state[i] + key[i % len(key)]) & 0xFF
            state[i], state[j] = state[j], state[i]
        self._state = state
        self._i = self._j = 0

    def update(self, data: bytes) -> bytes:
        state, i, j = self._state, self._i, self._j
        output = bytearray(data)
        for position, byte in enumerate(data):
            i = (i + 1) & 0xFF
            j = (j + state[i]) & 0xFF
            state[i], state[j] = state[j], state[i]
            output[position] = byte ^ state[(state[i] + state[j]) & 0xFF]
        self._i, self._j = i, j
        return bytes(output)
