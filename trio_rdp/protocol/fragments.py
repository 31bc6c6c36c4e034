"""Reassembly of fragmented fast-path updates, [MS-RDPBCGR] 2.2.9.1.2.1 (`fragmentation`)."""

from __future__ import annotations

from trio_rdp.pdu.fastpath import FastPathUpdate, Fragmentation, UpdateCode
from trio_rdp.wire.errors import RemoteProtocolError

__all__ = ["FragmentAssembler"]


class FragmentAssembler:
    """Joins the fragments of one session's fast-path updates.

    `limit` is the most bytes of one update: the size that we announce in the Multifragment Update Capability Set.
    """

    __slots__ = ("_fragments", "_size", "_update_code", "limit")

    def __init__(self, limit: int) -> None:
        self.limit: int = limit
        self._update_code: UpdateCode | None = None  # that of the sequence which is under way
        self._fragments: list[bytes] = []
        self._size = 0

    @property
    def pending(self) -> int:
        """How many bytes of an update wait for its last fragment."""
        return self._size

    def push(self, update: FastPathUpdate) -> bytes | None:
        """Take an update whose data has been inflated; give the data of the whole one that it completes, or None.

        Fragments of one update follow each other with nothing between them.  Raises `RemoteProtocolError` when they do
        not, when their codes differ, and beyond `limit`; FreeRDP 2 and 3 end the session for the same.
        """
        fragmentation = update.fragmentation
        if fragmentation == Fragmentation.SINGLE:
            if self._update_code is not None:
                raise self._broken(update)
            if len(update.update_data) > self.limit:
                raise RemoteProtocolError(f"an update of {len(update.update_data)} bytes exceeds {self.limit}")
            return update.update_data
        if fragmentation == Fragmentation.FIRST:
            if self._update_code is not None:
                raise self._broken(update)
            self._update_code = update.update_code
        elif self._update_code != update.update_code:
            raise self._broken(update)
        self._size += len(update.update_data)
        if self._size > self.limit:
            size = self._size
            self.reset()
            raise RemoteProtocolError(f"the fragments of an update have {size} bytes, more than {self.limit}")
        self._fragments.append(update.update_data)
        if fragmentation != Fragmentation.LAST:
            return None
        data = b"".join(self._fragments)
        self.reset()
        return data

    def reset(self) -> None:
        """Forget a sequence that is under way, as a deactivation does."""
        self._update_code = None
        self._fragments = []
        self._size = 0

    def _broken(self, update: FastPathUpdate) -> RemoteProtocolError:
        before = "no sequence" if self._update_code is None else f"a sequence of {self._update_code.name}"
        self.reset()
        return RemoteProtocolError(f"a {update.fragmentation.name} fragment of {update.update_code.name} in {before}")
