"""The first level of RDP 6.1 bulk compression in plain Python, [MS-RDPEGDI] 3.1.8.2: one packet of whole bytes."""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from trio_rdp.codecs.plain.buffers import Readable, Writable, view
from trio_rdp.codecs.status import INVALID, OVERRUN, TRUNCATED

__all__ = ["HISTORY", "LONGEST", "PLACES", "ROOM", "compress", "decompress"]

HISTORY: Final = 2_000_000
LONGEST: Final = 16382
"""How long a packet is at most: "smaller in size than 16,383 bytes"."""
ROOM: Final = HISTORY - 16
"""How much of the history a compressor fills."""
PLACES: Final = 4 << 16

# Matches cost eight bytes, which the second level hardly shrinks; what is near it finds itself, and says it shorter.
_SHORTEST: Final = 32
_SHORTEST_NEAR: Final = 64
_NEAR: Final = 32768


class _Match(NamedTuple):
    length: int
    output_offset: int
    history_offset: int


_MATCH: Final = struct.Struct("<HHI")


def decompress(data: Readable, history: Writable, offset: int, plain: bool) -> int:
    """Put a packet, its matches filled in, into `history` from `offset` on; return the offset behind it, or a status.

    A `plain` packet has no matches and no count of them.  The history may be changed even when a status is returned,
    but never beyond its end.
    """
    packet, window = view(data), view(history)
    if len(window) != HISTORY or not 0 <= offset <= HISTORY:
        raise ValueError("a history has 2000000 bytes, and an offset in it")
    at, literals = offset, 0
    if not plain:
        if len(packet) < 2:
            return TRUNCATED
        literals = 2 + 8 * int.from_bytes(packet[:2], "little")
        if literals > len(packet):
            return TRUNCATED
        for match in map(_Match._make, _MATCH.iter_unpack(packet[2:literals])):
            count = offset + match.output_offset - at
            if count < 0:
                return INVALID
            if count > len(packet) - literals:
                return TRUNCATED
            if count + match.length > HISTORY - at or match.history_offset > HISTORY - match.length:
                return OVERRUN
            window[at : at + count] = packet[literals : literals + count]
            literals += count
            at += count
            for source in range(match.history_offset, match.history_offset + match.length):
                window[at] = window[source]
                at += 1
    end = at + len(packet) - literals
    if end > HISTORY:
        return OVERRUN
    window[at:end] = packet[literals:]
    return end


def compress(data: Readable, history: Writable, places: Writable, offset: int, out: Writable) -> int:
    """Put a packet into `history` at `offset` and write the matches found and what is left of it to `out`.

    Return how many bytes that took; OVERRUN when there are no matches, or no room for all that.  `places` remembers, in
    native 32-bit numbers, where eight bytes were seen last: the low 21 bits, and some of their hash above.
    """
    packet, window, table, sink = view(data), view(history), view(places).cast("I"), view(out)
    if len(window) != HISTORY or len(table) != PLACES // 4:
        raise ValueError("a history has 2000000 bytes, and a table 262144")
    end = offset + len(packet)
    if len(packet) > LONGEST or offset < 0 or end > ROOM:
        raise ValueError("the packet does not fit into the history")
    window[offset:end] = packet
    matches = _find(window, table, offset, end)
    parts = [len(matches).to_bytes(2, "little"), *(_MATCH.pack(*match) for match in matches)]
    done = 0
    for match in matches:
        parts.append(bytes(packet[done : match.output_offset]))
        done = match.output_offset + match.length
    result = b"".join([*parts, bytes(packet[done:])])
    if not matches or len(result) > len(sink):
        return OVERRUN
    sink[: len(result)] = result
    return len(result)


def _find(window: memoryview, table: memoryview, start: int, end: int) -> list[_Match]:
    """Find matches in the order of the data, none of them overlapping what it copies."""
    matches: list[_Match] = []
    at = done = start
    while at < end - 8:
        # One place of 64 is looked at, chosen by what stands there: the same bytes are chosen wherever they stand.
        if sum(window[at + n] << n for n in range(6)) & 63 != 21:
            at += 1
            continue
        mixed = (int.from_bytes(window[at : at + 8], "little") * 0x9E3779B97F4A7C15 & (1 << 64) - 1) >> 37
        tag, slot = mixed & 0x7FF, mixed >> 11
        entry, table[slot] = table[slot], tag << 21 | at
        seen = entry & 0x1FFFFF
        distance = at - seen
        if entry >> 21 == tag and distance >= _SHORTEST and window[seen : seen + 8] == window[at : at + 8]:
            length = 8
            while length < min(end - at, distance) and window[seen + length] == window[at + length]:
                length += 1
            back = 0
            while back < min(at - done, seen, distance) and window[seen - back - 1] == window[at - back - 1]:
                back += 1
            length = min(length, distance - back)
            if length + back >= (_SHORTEST if distance > _NEAR else _SHORTEST_NEAR):
                matches.append(_Match(length + back, at - back - start, seen - back))
                at += length
                done = at
                continue
        at += 1
    return matches
