"""What may happen out of turn, while a client connects and later: one frozen event each."""

from __future__ import annotations

from dataclasses import dataclass

from trio_rdp.pdu.error_info import ErrorInfo

__all__ = ["ErrorInfoReceived", "HeartbeatReceived", "MultitransportDeclined"]


@dataclass(frozen=True, slots=True)
class ErrorInfoReceived:
    """The server said why it will disconnect, or that it will not (code 0)."""

    code: ErrorInfo


@dataclass(frozen=True, slots=True)
class HeartbeatReceived:
    """The server is alive; it sends these every `period` seconds and expects alarm after so many missed ones."""

    period: int
    warn_after: int
    reconnect_after: int


@dataclass(frozen=True, slots=True)
class MultitransportDeclined:
    """The server offered a UDP transport, and was answered E_ABORT."""

    request_id: int
