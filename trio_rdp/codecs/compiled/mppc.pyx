# cython: language_level=3
"""MPPC bulk compression with 64-bit reservoirs; `trio_rdp.codecs.plain.mppc` says what it does."""

from libc.string cimport memcpy

from trio_rdp.codecs.compiled.common cimport (
    INVALID, OVERRUN, TRUNCATED, PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer, guard, load_be64,
    uint8_t, uint16_t, uint32_t, uint64_t,
)
from trio_rdp.codecs.compiled.lz cimport clz64, likely, load32, replicate, same, store_be64

cdef enum:
    HASH_BITS = 13
    SPARE = 4

# How many bytes a packet has at most, by the kind of history, and how many a table of places; what `out` has more.
LONGEST = (8192 - SPARE, 65536 - SPARE)
PLACES = 2 << HASH_BITS
SLACK = 8

# By the three bits behind the two ones of a copy-tuple: the bits of prefix and offset together, the offset's mask, and
# what is added to it.
cdef int *WIDTH_8K = [16, 16, 16, 16, 12, 12, 10, 10]
cdef int *MASK_8K = [0x1FFF, 0x1FFF, 0x1FFF, 0x1FFF, 0xFF, 0xFF, 0x3F, 0x3F]
cdef int *BASE_8K = [320, 320, 320, 320, 64, 64, 0, 0]
cdef int *PREFIX_8K = [0xC000, 0, 0, 0, 0xE00, 0, 0x3C0, 0x3C0]
cdef int *WIDTH_64K = [19, 19, 19, 19, 15, 15, 13, 11]
cdef int *MASK_64K = [0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0x7FF, 0x7FF, 0xFF, 0x3F]
cdef int *BASE_64K = [2368, 2368, 2368, 2368, 320, 320, 64, 0]
cdef int *PREFIX_64K = [0x60000, 0, 0, 0, 0x7000, 0, 0x1E00, 0x7C0]


cdef inline void copy(uint8_t *h, Py_ssize_t size, Py_ssize_t at, Py_ssize_t distance, Py_ssize_t count) noexcept nogil:
    """Copy inside the ring; the caller has checked that there is room for all of it."""
    cdef Py_ssize_t source = at - distance
    guard(source > -2 * size and at + count <= size)
    if likely(source >= 0 and distance != 0):
        replicate(h + at, distance, count, size - at)
        return
    # What lies before the beginning is the end of the ring.
    while count:
        source = at - distance
        while source < 0:
            source += size
        h[at] = h[source]
        at += 1
        count -= 1


cdef inline Py_ssize_t inflate(const uint8_t *s, const uint8_t *e, uint8_t *h, Py_ssize_t at, bint small) noexcept nogil:
    """`bits` holds the next `have` bits at its top; `left` counts the packet's bits that are not used yet."""
    cdef uint64_t bits = 0, high
    cdef Py_ssize_t size = 8192 if small else 65536, left, count, distance
    cdef int have = 0, lead, n, kind, longest = 11 if small else 14
    cdef const int *width = WIDTH_8K if small else WIDTH_64K
    cdef const int *mask = MASK_8K if small else MASK_64K
    cdef const int *base = BASE_8K if small else BASE_64K
    # While eight bytes are left nothing can be cut off: a refill gives 56 bits, and the longest tuple has 49.
    while e - s >= 8 and size - at >= 8:
        bits |= load_be64(s) >> have
        s += (63 - have) >> 3
        have |= 56
        while bits >> 62 != 3:
            # A literal: its lower seven bits after 0, or after 10 when its high bit is set.
            high = bits >> 63
            h[at] = <uint8_t>(((bits >> (56 - high)) & 0x7F) | high << 7)
            at += 1
            bits <<= 8 + high
            have -= 8 + <int>high
            if have < 9:
                break
        if have < 49:
            continue
        kind = (bits >> 59) & 7
        n = width[kind]
        distance = base[kind] + <Py_ssize_t>((bits >> (64 - n)) & mask[kind])
        bits <<= n
        have -= n
        lead = clz64(~bits | 1)
        if lead > longest:
            return INVALID
        count = (2 << lead) + ((bits << (lead + 1)) >> (63 - lead)) if lead else 3
        n = 2 * lead + 2 if lead else 1
        bits <<= n
        have -= n
        if count > size - at:
            return OVERRUN
        copy(h, size, at, distance, count)
        at += count
    left = (e - s) * 8 + have
    while left >= 8:
        while have <= 56 and s < e:
            bits |= <uint64_t>s[0] << (56 - have)
            s += 1
            have += 8
        if bits >> 62 != 3:
            high = bits >> 63
            left -= 8 + <int>high
            if left < 0:
                return TRUNCATED
            if at >= size:
                return OVERRUN
            h[at] = <uint8_t>(((bits >> (56 - high)) & 0x7F) | high << 7)
            at += 1
            bits <<= 8 + high
            have -= 8 + <int>high
            continue
        kind = (bits >> 59) & 7
        n = width[kind]
        distance = base[kind] + <Py_ssize_t>((bits >> (64 - n)) & mask[kind])
        bits <<= n
        have -= n
        left -= n
        lead = clz64(~bits | 1)
        if lead > longest:
            return INVALID
        count = (2 << lead) + ((bits << (lead + 1)) >> (63 - lead)) if lead else 3
        n = 2 * lead + 2 if lead else 1
        bits <<= n
        have -= n
        left -= n
        if left < 0:
            return TRUNCATED
        if count > size - at:
            return OVERRUN
        copy(h, size, at, distance, count)
        at += count
    return at


cdef inline uint32_t place(uint32_t bytes) noexcept nogil:
    """Where the table keeps the last place of three bytes."""
    return ((bytes & 0xFFFFFF) * <uint32_t>506832829) >> (32 - HASH_BITS)


cdef inline Py_ssize_t deflate(uint8_t *h, uint16_t *table, Py_ssize_t at, Py_ssize_t end, uint8_t *out, Py_ssize_t limit,
                               bint small) noexcept nogil:
    """`acc` holds at its bottom the `have` bits that do not fill a byte yet; `out` has eight bytes more than `limit`."""
    cdef Py_ssize_t size = 8192 if small else 65536, o = 0, most, count, distance, p, step
    cdef uint64_t acc = 0
    cdef uint32_t value, slot
    cdef int have = 0, lead, kind, short
    cdef const int *width = WIDTH_8K if small else WIDTH_64K
    cdef const int *base = BASE_8K if small else BASE_64K
    cdef const int *prefix = PREFIX_8K if small else PREFIX_64K
    while at < end and o <= limit:
        value = load32(h + at) & 0xFFFFFF
        slot = place(value)
        p = table[slot]
        table[slot] = <uint16_t>at
        guard(p + 4 <= size)
        # What was sent in this packet or before it lies behind, or ahead of the packet's end, a lap ago.
        if (load32(h + p) & 0xFFFFFF) == value and (p < at or p >= end) and at + 3 <= end:
            most = end - at
            distance = at - p
            if distance < 0:
                distance += size
                if most > size - p:
                    most = size - p
            count = 3 + same(h + p + 3, h + at + 3, most - 3)
            if small:
                kind = 0 if distance >= 320 else 4 if distance >= 64 else 6
            else:
                kind = 0 if distance >= 2368 else 4 if distance >= 320 else 6 if distance >= 64 else 7
            lead = 62 - clz64(count)
            short = lead == 0
            acc = acc << width[kind] | <uint64_t>(prefix[kind] + distance - base[kind])
            acc = acc << (2 * lead + 2 - short) | (
                (<uint64_t>((1 << lead) - 1) << (lead + 2)) | (count - (2 << lead))) >> short
            have += width[kind] + 2 * lead + 2 - short
            # Two places stand for all inside a match; more of them cost more time than they save bytes.
            step = at + count - 2
            table[place(load32(h + at + 1))] = <uint16_t>(at + 1)
            table[place(load32(h + step))] = <uint16_t>step
            at += count
        else:
            value = h[at]
            acc = acc << (8 + (value >> 7)) | (value + (value & 0x80))
            have += 8 + <int>(value >> 7)
            at += 1
        store_be64(out + o, acc << (64 - have))
        o += have >> 3
        have &= 7
    return o + (have > 0) if o + (have > 0) <= limit else OVERRUN


def decompress(data, history, Py_ssize_t offset):
    """See the twin."""
    cdef Py_buffer source, target
    cdef Py_ssize_t status
    cdef const uint8_t *s
    PyObject_GetBuffer(data, &source, PyBUF_SIMPLE)
    try:
        PyObject_GetBuffer(history, &target, PyBUF_WRITABLE)
        try:
            if target.len != 8192 and target.len != 65536 or not 0 <= offset <= target.len:
                raise ValueError("a history has 8192 or 65536 bytes, and an offset in it")
            s = <const uint8_t *>source.buf
            with nogil:
                if target.len == 8192:
                    status = inflate(s, s + source.len, <uint8_t *>target.buf, offset, True)
                else:
                    status = inflate(s, s + source.len, <uint8_t *>target.buf, offset, False)
        finally:
            PyBuffer_Release(&target)
    finally:
        PyBuffer_Release(&source)
    return status


def compress(data, history, table, Py_ssize_t offset, out):
    """See the twin."""
    cdef Py_buffer source, target, places, sink
    cdef Py_ssize_t status
    cdef uint8_t *h
    cdef uint8_t *o
    cdef uint16_t *t
    PyObject_GetBuffer(data, &source, PyBUF_SIMPLE)
    try:
        PyObject_GetBuffer(history, &target, PyBUF_WRITABLE)
        try:
            PyObject_GetBuffer(table, &places, PyBUF_WRITABLE)
            try:
                PyObject_GetBuffer(out, &sink, PyBUF_WRITABLE)
                try:
                    if target.len != 8192 and target.len != 65536 or places.len != 2 << HASH_BITS or sink.len < 8:
                        raise ValueError("a history has 8192 or 65536 bytes, and a table 16384")
                    if not 0 <= offset <= target.len or source.len > target.len - SPARE - offset:
                        raise ValueError("the packet does not fit into the history")
                    h = <uint8_t *>target.buf
                    t = <uint16_t *>places.buf
                    o = <uint8_t *>sink.buf
                    with nogil:
                        memcpy(h + offset, source.buf, source.len)
                        if target.len == 8192:
                            status = deflate(h, t, offset, offset + source.len, o, sink.len - 8, True)
                        else:
                            status = deflate(h, t, offset, offset + source.len, o, sink.len - 8, False)
                finally:
                    PyBuffer_Release(&sink)
            finally:
                PyBuffer_Release(&places)
        finally:
            PyBuffer_Release(&target)
    finally:
        PyBuffer_Release(&source)
    return status
