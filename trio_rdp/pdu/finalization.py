"""The PDUs that finish a connection: Synchronize, Control, Persistent Key List, Font List and Font Map,
[MS-RDPBCGR] 2.2.1.14 to 2.2.1.22.
"""

from __future__ import annotations

import struct
from typing import Annotated, ClassVar, Self

from trio_rdp.pdu.share import PduType2
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.fields import U16, U32, u16
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "BITMAP_CACHES",
    "MAX_PERSISTENT_KEYS",
    "Control",
    "ControlAction",
    "FontList",
    "FontMap",
    "FontSequenceFlags",
    "PersistentKeyList",
    "PersistentKeyListFlags",
    "Synchronize",
]

BITMAP_CACHES = 5
# "The sum of the totalEntries fields MUST NOT exceed 262,144."
MAX_PERSISTENT_KEYS = 262_144

_KEY_LIST = struct.Struct("<10HB3x")


@pdu
class Synchronize(Pdu):
    """Synchronize (TS_SYNCHRONIZE_PDU), [MS-RDPBCGR] 2.2.1.14.1; `target_user` is a user channel's id."""

    pdu_type2: ClassVar[PduType2] = PduType2.SYNCHRONIZE

    message_type: U16 = 1
    target_user: U16


class ControlAction(OpenEnum):
    """What a Control PDU asks or grants."""

    REQUEST_CONTROL = 0x0001
    GRANTED_CONTROL = 0x0002
    DETACH = 0x0003
    COOPERATE = 0x0004


@pdu
class Control(Pdu):
    """Control (TS_CONTROL_PDU), [MS-RDPBCGR] 2.2.1.15.1.

    The ids are zero but in Granted Control: there the client's user channel, and the server's.
    """

    pdu_type2: ClassVar[PduType2] = PduType2.CONTROL

    action: Annotated[ControlAction, u16]
    grant_id: U16 = 0
    control_id: U32 = 0


class PersistentKeyListFlags(Flags):
    """Where a Persistent Key List stands in a sequence of them."""

    FIRST = Flag(0x01)
    LAST = Flag(0x02)


@pdu
class PersistentKeyList(Pdu):
    """Persistent Key List (TS_BITMAPCACHE_PERSISTENT_LIST_PDU), [MS-RDPBCGR] 2.2.1.17.1.

    `entries` holds the 64-bit keys of each of the five bitmap caches, `total_entries` how many the whole sequence will
    bring for each.
    """

    pdu_type2: ClassVar[PduType2] = PduType2.BITMAP_CACHE_PERSISTENT_LIST

    entries: list[list[int]]
    total_entries: list[int]
    bit_mask: PersistentKeyListFlags = PersistentKeyListFlags(0x03)

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        start = src.pos
        fields = _KEY_LIST.unpack(src.take(_KEY_LIST.size))
        counts, totals, bit_mask = fields[:BITMAP_CACHES], fields[BITMAP_CACHES:-1], fields[-1]
        if sum(totals) > MAX_PERSISTENT_KEYS:
            raise InvalidField(f"{sum(totals)} keys exceed {MAX_PERSISTENT_KEYS}", pdu=cls.__name__, offset=start)
        entries = [list(struct.unpack(f"<{count}Q", src.take(8 * count))) for count in counts]
        return cls(entries=entries, total_entries=list(totals), bit_mask=PersistentKeyListFlags(bit_mask))

    def encode_into(self, dst: bytearray) -> None:
        if len(self.entries) != BITMAP_CACHES or len(self.total_entries) != BITMAP_CACHES:
            raise EncodeError(f"there are {BITMAP_CACHES} bitmap caches, not {len(self.entries)}")
        dst += _KEY_LIST.pack(*map(len, self.entries), *self.total_entries, self.bit_mask)
        for keys in self.entries:
            dst += struct.pack(f"<{len(keys)}Q", *keys)


class FontSequenceFlags(Flags):
    """Where a list or map of fonts stands in a sequence of them."""

    FIRST = Flag(0x0001)
    LAST = Flag(0x0002)


@pdu
class FontList(Pdu):
    """Font List (TS_FONT_LIST_PDU), [MS-RDPBCGR] 2.2.1.18.1."""

    pdu_type2: ClassVar[PduType2] = PduType2.FONT_LIST

    number_fonts: U16 = 0
    total_num_fonts: U16 = 0
    list_flags: Annotated[FontSequenceFlags, u16] = FontSequenceFlags(0x0003)
    entry_size: U16 = 50


@pdu
class FontMap(Pdu):
    """Font Map (TS_FONT_MAP_PDU), [MS-RDPBCGR] 2.2.1.22.1.

    Without a body, as some servers send it, it stands for the usual one.
    """

    pdu_type2: ClassVar[PduType2] = PduType2.FONT_MAP

    number_entries: int = 0
    total_num_entries: int = 0
    map_flags: FontSequenceFlags = FontSequenceFlags(0x0003)
    entry_size: int = 4

    @classmethod
    def decode_from(cls, src: Cursor) -> Self:
        if not src.remaining:
            return cls()
        return cls(
            number_entries=src.u16(),
            total_num_entries=src.u16(),
            map_flags=FontSequenceFlags(src.u16()),
            entry_size=src.u16(),
        )

    def encode_into(self, dst: bytearray) -> None:
        dst += struct.pack("<4H", self.number_entries, self.total_num_entries, self.map_flags, self.entry_size)
