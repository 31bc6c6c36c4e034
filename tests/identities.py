"""Server identities that tests share, because making a key takes some tenths of a second."""

from __future__ import annotations

import functools

from trio_rdp.transport import TlsIdentity

HOST = "desk.example"


@functools.cache
def identity(number: int = 0) -> TlsIdentity:
    """A self-signed identity for `HOST`, localhost and its addresses; another for each number."""
    return TlsIdentity.self_signed([HOST, "localhost", "127.0.0.1", "::1"])
