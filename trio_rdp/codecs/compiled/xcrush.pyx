# cython: language_level=3
"""The first level of RDP 6.1 bulk compression; `trio_rdp.codecs.plain.xcrush` says what it does."""

from libc.string cimport memcpy, memmove

from trio_rdp.codecs.compiled.common cimport (
    INVALID, OVERRUN, TRUNCATED, PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer, guard, uint8_t,
    uint16_t, uint32_t, uint64_t,
)
from trio_rdp.codecs.compiled.lz cimport ctz64, load64, prefetch, replicate, same

cdef enum:
    SIZE = 2000000
    SPARE = 16
    HASH_BITS = 16
    BLOCK = 16382
    CHUNK = 2048
    SHORTEST_MATCH = 32
    SHORTEST_NEAR = 64
    NEAR = 32768
    MOST_MATCHES = BLOCK // SHORTEST_MATCH

HISTORY = SIZE
LONGEST = BLOCK
ROOM = SIZE - SPARE
PLACES = 4 << HASH_BITS

cdef struct Match:
    Py_ssize_t count
    Py_ssize_t at
    Py_ssize_t source


cdef inline uint32_t get16(const uint8_t *s) noexcept nogil:
    return s[0] | <uint32_t>s[1] << 8


cdef inline uint32_t get32(const uint8_t *s) noexcept nogil:
    return get16(s) | get16(s + 2) << 16


cdef Py_ssize_t inflate(const uint8_t *s, const uint8_t *e, uint8_t *h, Py_ssize_t at, bint plain) noexcept nogil:
    cdef Py_ssize_t start = at, count, literals, source, index, matches
    cdef const uint8_t *details
    if not plain:
        if e - s < 2:
            return TRUNCATED
        matches = get16(s)
        details = s + 2
        if e - details < 8 * matches:
            return TRUNCATED
        s = details + 8 * matches
        for index in range(matches):
            count = get16(details)
            literals = start + get16(details + 2) - at
            source = get32(details + 4)
            details += 8
            if literals < 0:
                return INVALID
            if literals > e - s:
                return TRUNCATED
            if literals + count > SIZE - at or source > SIZE - count:
                return OVERRUN
            memcpy(h + at, s, literals)
            at += literals
            s += literals
            if source < at:
                replicate(h + at, at - source, count, SIZE - at)
            else:
                memmove(h + at, h + source, count)
            at += count
    if e - s > SIZE - at:
        return OVERRUN
    memcpy(h + at, s, e - s)
    return at + (e - s)


cdef Py_ssize_t choose(const uint8_t *h, Py_ssize_t count, const uint32_t *table, uint16_t *spots,
                       uint32_t *hashes) noexcept nogil:
    """Choose one place of 64 by what stands there, so that the same bytes are chosen wherever they stand.

    Return how many there are.  The places of the table that their hashes name are on their way to the cache then.
    """
    cdef uint8_t[CHUNK + 8] marks
    cdef Py_ssize_t i, found = 0
    cdef uint64_t ahead
    for i in range(count):
        marks[i] = (<uint8_t>(h[i] + 2 * h[i + 1] + 4 * h[i + 2] + 8 * h[i + 3] + 16 * h[i + 4] + 32 * h[i + 5])
                    & 63) == 21
    for i in range(8):
        marks[count + i] = 0
    i = 0
    while i < count:
        ahead = load64(marks + i)
        if ahead == 0:
            i += 8
            continue
        i += ctz64(ahead) >> 3
        spots[found] = <uint16_t>i
        hashes[found] = <uint32_t>((load64(h + i) * <uint64_t>0x9E3779B97F4A7C15) >> (64 - HASH_BITS - 11))
        prefetch(table + (hashes[found] >> 11))
        found += 1
        i += 1
    return found


cdef Py_ssize_t find(uint8_t *h, uint32_t *table, Py_ssize_t start, Py_ssize_t end, Match *found) noexcept nogil:
    """Find matches in the order of the data, none of them overlapping what it copies; return how many."""
    cdef uint16_t[CHUNK] spots
    cdef uint32_t[CHUNK] hashes
    cdef Py_ssize_t count = 0, base = start, at, done = start, last = end - 8, p, back, length, distance, chosen, index
    cdef uint32_t slot, tag, entry
    while base < last:
        chosen = choose(h + base, last - base if last - base < CHUNK else CHUNK, table, spots, hashes)
        for index in range(chosen):
            at = base + spots[index]
            if at < done:
                continue
            # An entry is a place in 21 bits and 11 more bits of the hash above: few that are not the same are looked at.
            slot = hashes[index] >> 11
            tag = hashes[index] << 21
            entry = table[slot]
            table[slot] = tag | <uint32_t>at
            p = entry & 0x1FFFFF
            guard(p + 8 <= SIZE)
            distance = at - p
            if (entry ^ tag) > 0x1FFFFF or distance < SHORTEST_MATCH or load64(h + p) != load64(h + at):
                continue
            length = same(h + p, h + at, end - at if end - at < distance else distance)
            back = 0
            while back < at - done and back < p and back < distance and h[p - back - 1] == h[at - back - 1]:
                back += 1
            if length > distance - back:
                length = distance - back
            if length + back >= (SHORTEST_MATCH if distance > NEAR else SHORTEST_NEAR):
                found[count].at = at - back - start
                found[count].source = p - back
                found[count].count = length + back
                count += 1
                done = at + length
        base += CHUNK
    return count


cdef inline void put16(uint8_t *d, Py_ssize_t value) noexcept nogil:
    d[0] = <uint8_t>value
    d[1] = <uint8_t>(value >> 8)


cdef Py_ssize_t deflate(uint8_t *h, uint32_t *table, Py_ssize_t at, Py_ssize_t end, uint8_t *out,
                        Py_ssize_t limit) noexcept nogil:
    cdef Match[MOST_MATCHES] found
    cdef Py_ssize_t count = find(h, table, at, end, found), index, size, done = 0
    cdef uint8_t *o = out + 2
    size = 2 + 8 * count + (end - at)
    for index in range(count):
        size -= found[index].count
    guard(count <= MOST_MATCHES)
    if count == 0 or size > limit:
        return OVERRUN
    put16(out, count)
    for index in range(count):
        put16(o, found[index].count)
        put16(o + 2, found[index].at)
        put16(o + 4, found[index].source & 0xFFFF)
        put16(o + 6, found[index].source >> 16)
        o += 8
    for index in range(count):
        memcpy(o, h + at + done, found[index].at - done)
        o += found[index].at - done
        done = found[index].at + found[index].count
    memcpy(o, h + at + done, end - at - done)
    return size


def decompress(data, history, Py_ssize_t offset, bint plain):
    """See the twin."""
    cdef Py_buffer source, target
    cdef Py_ssize_t status
    cdef const uint8_t *s
    PyObject_GetBuffer(data, &source, PyBUF_SIMPLE)
    try:
        PyObject_GetBuffer(history, &target, PyBUF_WRITABLE)
        try:
            if target.len != SIZE or not 0 <= offset <= SIZE:
                raise ValueError("a history has 2000000 bytes, and an offset in it")
            s = <const uint8_t *>source.buf
            with nogil:
                status = inflate(s, s + source.len, <uint8_t *>target.buf, offset, plain)
        finally:
            PyBuffer_Release(&target)
    finally:
        PyBuffer_Release(&source)
    return status


def compress(data, history, places, Py_ssize_t offset, out):
    """See the twin."""
    cdef Py_buffer source, target, table, sink
    cdef Py_ssize_t status
    cdef uint8_t *h
    PyObject_GetBuffer(data, &source, PyBUF_SIMPLE)
    try:
        PyObject_GetBuffer(history, &target, PyBUF_WRITABLE)
        try:
            PyObject_GetBuffer(places, &table, PyBUF_WRITABLE)
            try:
                PyObject_GetBuffer(out, &sink, PyBUF_WRITABLE)
                try:
                    if target.len != SIZE or table.len != 4 << HASH_BITS:
                        raise ValueError("a history has 2000000 bytes, and a table 262144")
                    if source.len > BLOCK or not 0 <= offset <= SIZE - SPARE - source.len:
                        raise ValueError("the packet does not fit into the history")
                    h = <uint8_t *>target.buf
                    with nogil:
                        memcpy(h + offset, source.buf, source.len)
                        status = deflate(h, <uint32_t *>table.buf, offset, offset + source.len, <uint8_t *>sink.buf,
                                         sink.len)
                finally:
                    PyBuffer_Release(&sink)
            finally:
                PyBuffer_Release(&table)
        finally:
            PyBuffer_Release(&target)
    finally:
        PyBuffer_Release(&source)
    return status
