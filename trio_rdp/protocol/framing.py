"""Where one PDU ends in a stream of bytes: TPKT, fast-path and TSRequest lengths, and a buffer that cuts by them.

`FrameBuffer` costs linear time whatever the pieces in which bytes arrive: a piece is appended without looking at it
until the PDU that waits for it is whole, and whole PDUs are cut by an offset that moves.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Protocol

from trio_rdp.protocol.stretch import Stretch
from trio_rdp.wire.errors import InvalidField

__all__ = [
    "RDP_HINT",
    "TPKT_MINIMUM",
    "TS_REQUEST_HINT",
    "TS_REQUEST_LIMIT",
    "X224_HINT",
    "Action",
    "FixedSizeHint",
    "FrameBuffer",
    "PduHint",
    "RdpHint",
    "TsRequestHint",
    "X224Hint",
]

# A TPKT header and the shortest TPDU behind it, [T123] section 8.
TPKT_MINIMUM = 7

# A security token of Windows has at most 48,000 bytes (MaxTokenSize), and a TSRequest carries one beside 64 bytes of
# its own.
TS_REQUEST_LIMIT = 65_536

Buffer = bytes | bytearray | memoryview


class Action(enum.Enum):
    """What a PDU's first byte says it is (fpOutputHeader.action), [MS-RDPBCGR] 2.2.9.1.2."""

    FAST_PATH = 0x0
    X224 = 0x3


class PduHint(Protocol):
    """How to find the end of the PDU that is expected next."""

    def find_size(self, data: Buffer, pos: int, end: int) -> tuple[Action | None, int] | None:
        """Tell what starts at `data[pos:end]`, and its size in bytes with its header; None when that takes more bytes.

        The size may exceed what is there.  Raises `RemoteProtocolError` for a header or a length that cannot be.
        """


class X224Hint:
    """A TPKT header, [T123] section 8: the connection sequence, and every slow-path PDU."""

    def find_size(self, data: Buffer, pos: int, end: int) -> tuple[Action | None, int] | None:
        if pos >= end:
            return None
        # "The full value of the initial byte MUST be 0x03", [MS-RDPBCGR] 2.2.9.1.2.
        if data[pos] != 3:
            raise InvalidField(f"first byte 0x{data[pos]:02x}, expected 0x03", pdu="TPKT", field="version", offset=0)
        if end - pos < 4:
            return None
        size = data[pos + 2] << 8 | data[pos + 3]
        if size < TPKT_MINIMUM:
            raise InvalidField(f"{size} bytes, needs {TPKT_MINIMUM}", pdu="TPKT", field="length", offset=2)
        return Action.X224, size


class RdpHint:
    """A TPKT header or a fast-path header, as the action in the first byte says."""

    def find_size(self, data: Buffer, pos: int, end: int) -> tuple[Action | None, int] | None:
        if pos >= end:
            return None
        first = data[pos]
        if first & 3:
            return X224_HINT.find_size(data, pos, end)
        if end - pos < 2:
            return None
        size = data[pos + 1]
        header = 2
        if size & 0x80:
            if end - pos < 3:
                return None
            size = (size & 0x7F) << 8 | data[pos + 2]
            header = 3
        if size < header:
            raise InvalidField(f"{size} bytes, needs {header}", pdu="fast-path", field="length", offset=1)
        return Action.FAST_PATH, size


@dataclass(frozen=True)
class TsRequestHint:
    """The DER header of a TSRequest, [MS-CSSP] 2.2.1, of at most `limit` bytes in all.

    It must be exact: the MCS Connect Initial, or the early user authorization result, follows on the same stream.
    """

    limit: int = TS_REQUEST_LIMIT

    def find_size(self, data: Buffer, pos: int, end: int) -> tuple[Action | None, int] | None:
        if pos >= end:
            return None
        if data[pos] != 0x30:
            raise InvalidField(f"first byte 0x{data[pos]:02x}, expected 0x30", pdu="TSRequest", offset=0)
        if end - pos < 2:
            return None
        first = data[pos + 1]
        size = 2 + first
        if first & 0x80:
            octets = first & 0x7F
            # DER knows no indefinite length, and four octets say more than any limit of ours.
            if not 1 <= octets <= 4:
                raise InvalidField(f"length of {octets} octets", pdu="TSRequest", field="length", offset=1)
            if end - pos < 2 + octets:
                return None
            size = 2 + octets + int.from_bytes(data[pos + 2 : pos + 2 + octets], "big")
        if size > self.limit:
            raise InvalidField(f"{size} bytes exceed {self.limit}", pdu="TSRequest", field="length", offset=1)
        return None, size


@dataclass(frozen=True)
class FixedSizeHint:
    """Exactly `size` bytes, such as the Early User Authorization Result PDU's four."""

    size: int

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ValueError(f"a PDU of {self.size} bytes")

    def find_size(self, data: Buffer, pos: int, end: int) -> tuple[Action | None, int] | None:
        return None, self.size


X224_HINT = X224Hint()
RDP_HINT = RdpHint()
TS_REQUEST_HINT = TsRequestHint()


class FrameBuffer:
    """Bytes that have come and were not taken: fed in pieces of any size, taken as whole PDUs with their headers.

    After a method raised, nothing was taken, and it raises the same again.
    """

    __slots__ = ("_data", "_end", "_hint", "_need", "_pending", "_pos")

    # INVARIANT: the bytes are `_data[_pos:_end]` and then `_pending`, which is empty when `_data` is used up.
    # `_need` bytes in all are what a PDU by `_hint` waits for; 0 while that is not known.

    def __init__(self, leftover: bytes = b"") -> None:
        self._data = bytes(leftover)
        self._pos = 0
        self._end = len(self._data)
        self._pending = bytearray()
        self._hint: PduHint | None = None
        self._need = 0

    def __len__(self) -> int:
        return self._end - self._pos + len(self._pending)

    def receive_data(self, data: Buffer) -> None:
        """Append what the peer sent.  A `bytes` that arrives at an empty buffer is kept without a copy."""
        if self._pos == self._end:
            self._data = bytes(data)
            self._pos = 0
            self._end = len(data)
        elif self._need and len(self) + len(data) >= self._need:
            # Joining here, once a PDU, saves the copy through `_pending`.
            self._join(data)
        else:
            self._pending += data

    def next_pdu(self) -> tuple[Action, bytes] | None:
        """Take one slow-path or fast-path PDU; None when none is whole."""
        pdus = self.next_pdus(1)
        return pdus[0] if pdus else None

    def next_pdus(self, limit: int = 256) -> list[tuple[Action, bytes]]:
        """Take the slow-path and fast-path PDUs that are whole, at most `limit`.

        An error behind whole PDUs is raised by the call that finds it first.
        """
        if limit < 1:
            raise ValueError(f"a limit of {limit} PDUs")
        if self._pending and not self._is_worth_joining(RDP_HINT):
            return []
        pdus: list[tuple[Action, bytes]] = []
        append = pdus.append
        fast_path, x224 = Action.FAST_PATH, Action.X224
        data, pos, end = self._data, self._pos, self._end
        # This loop knows whole and right PDUs only; whatever else it meets is for the hint to judge.
        last = end - 4
        while pos <= last and limit > 0:
            first = data[pos]
            if first == 3:
                stop = pos + (data[pos + 2] << 8 | data[pos + 3])
                if stop > end or stop < pos + TPKT_MINIMUM:
                    break
                append((x224, data[pos:stop]))
            elif first & 3:
                break
            else:
                size = data[pos + 1]
                stop = pos + size if size < 0x80 else pos + ((size & 0x7F) << 8 | data[pos + 2])
                if stop > end or stop < pos + 3:
                    break
                append((fast_path, data[pos:stop]))
            pos = stop
            limit -= 1
        self._pos = pos
        if not pdus and limit > 0 and (found := self._take(RDP_HINT)) is not None:
            action, pdu = found
            assert action is not None
            append((action, pdu))
        return pdus

    def take_stretch(self, stretch: Stretch) -> None:
        """Let the PDUs that stand first go where others like them went."""
        if not self._pending or self._is_worth_joining(RDP_HINT):
            self._pos = stretch.take_all(self._data, self._pos, self._end)

    def next_by_hint(self, hint: PduHint) -> bytes | None:
        """Take the PDU that `hint` finds; None when it is not whole."""
        if self._pending and not self._is_worth_joining(hint):
            return None
        found = self._take(hint)
        return None if found is None else found[1]

    def take_exact(self, size: int) -> bytes | None:
        """Take `size` bytes; None when fewer have come."""
        return self.next_by_hint(FixedSizeHint(size)) if size else b""

    def take_leftover(self) -> bytes:
        """Take everything."""
        leftover = self.peek()
        self.__init__()  # type: ignore[misc]
        return leftover

    def peek(self) -> bytes:
        """Look at everything and take nothing."""
        if self._pending:
            self._join(b"")
        return self._data[self._pos :]

    def _is_worth_joining(self, hint: PduHint) -> bool:
        """Join `_pending` unless it is known that the PDU by `hint` is not whole even so."""
        if self._hint == hint and len(self) < self._need:
            return False
        self._join(b"")
        return True

    def _join(self, data: Buffer) -> None:
        self._data = b"".join((memoryview(self._data)[self._pos :], self._pending, data))
        self._pos = 0
        self._end = len(self._data)
        self._pending = bytearray()
        self._need = 0

    def _take(self, hint: PduHint) -> tuple[Action | None, bytes] | None:
        pos, end = self._pos, self._end
        found = hint.find_size(self._data, pos, end)
        size = end - pos + 1 if found is None else found[1]
        if found is not None and size <= end - pos:
            self._pos = pos + size
            return found[0], self._data[pos : self._pos]
        if pos:
            # The caller waits now: let go of the piece whose tail this is, which may be large.
            self._data = self._data[pos:]
            self._pos = 0
            self._end = end - pos
        self._hint = hint
        self._need = size
        return None
