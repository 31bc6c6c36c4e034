"""`PendingBytes`: a limit that channels share."""

from __future__ import annotations

import pytest

from trio_rdp.channels.pending import PendingBytes
from trio_rdp.wire.errors import RemoteProtocolError


def test_a_limit_is_shared() -> None:
    pending = PendingBytes(10)
    pending.take(6)
    with pytest.raises(RemoteProtocolError, match="exceed 10 bytes"):
        pending.take(5)
    assert pending.held == 6
    pending.take(4)
    pending.give_back(10)
    assert (pending.held, pending.peak) == (0, 10)
