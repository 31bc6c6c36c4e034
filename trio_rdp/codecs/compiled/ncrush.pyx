# cython: language_level=3
"""RDP 6.0 bulk compression with 64-bit reservoirs; `trio_rdp.codecs.plain.ncrush` says what it does."""

from libc.string cimport memcpy

from trio_rdp.codecs.compiled.common cimport (
    INVALID, OVERRUN, TRUNCATED, PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer, guard, uint8_t,
    uint16_t, uint32_t, uint64_t,
)
from trio_rdp.codecs.compiled.lz cimport clz64, likely, load32, load64, replicate, same, store64

from trio_rdp.codecs.plain import ncrush as twin

cdef enum:
    SIZE = 65536
    FULL = 65528
    HASH_BITS = 13
    EOS = 256
    MOST = 16385
    # What a decoding entry says beside the code's width in bits 0 to 3, the extra bits' number in bits 4 to 7 and the
    # value from bit 8 on: an offset or what is added to its extra bits, or that the value is neither this nor a byte.
    OFFSET = 1 << 28
    LITERAL = 0xFFFF
    PAIR = 1 << 30             # a recent offset, and with it a short length from bit 16 on
    OTHER = 1 << 29

HISTORY = SIZE
LONGEST = FULL
PLACES = 4 << HASH_BITS
SLACK = 8

cdef uint32_t[1024] SHORT_CODES    # by ten bits; 0 where the code is longer
cdef uint32_t[8192] ALL_CODES      # by thirteen; 0 where there is none
cdef uint32_t[512] LENGTH_CODES    # by nine; 0 where there is none
cdef uint32_t[294] CODE            # the code, and its width from bit 16 on
cdef uint32_t[32] LENGTH_CODE
cdef uint8_t[32] LENGTH_EXTRA
cdef uint16_t[32] LENGTH_BASE
cdef uint8_t[770] LENGTH_INDEX


def _prepare():
    for index, (code, width) in enumerate(zip(twin.canonical(twin.WIDTHS), twin.WIDTHS, strict=True)):
        CODE[index] = code | width << 16
        entry = index << 8 | width
        if 256 < index < 289:
            extra, base = twin.OFFSETS[index - 257]
            entry = OFFSET | base << 8 | extra << 4 | width
        elif index >= 256:
            entry = OTHER | (index - 289 if index > 256 else 4) << 8 | width
        for rest in range(1 << (13 - width)):
            ALL_CODES[code | rest << width] = entry
        if width <= 10:
            for rest in range(1 << (10 - width)):
                SHORT_CODES[code | rest << width] = entry
    codes = zip(twin.canonical(twin.WIDTHS_OF_LENGTHS), twin.WIDTHS_OF_LENGTHS, twin.LENGTHS)
    for index, (code, width, (extra, base)) in enumerate(codes):
        LENGTH_CODE[index] = code | width << 16
        LENGTH_EXTRA[index] = extra
        LENGTH_BASE[index] = base
        for rest in range(1 << (9 - width)):
            LENGTH_CODES[code | rest << width] = base << 8 | extra << 4 | width
        if index < 28:
            for count in range(base, base + (1 << extra)):
                LENGTH_INDEX[count] = index
    for bits in range(1024):
        entry, width = SHORT_CODES[bits], SHORT_CODES[bits] & 15
        if entry >= OTHER and entry >> 8 & 7 < 4:
            length = LENGTH_CODES[bits >> width]
            if length & 15 <= 10 - width and length >> 4 & 15 == 0:
                SHORT_CODES[bits] = PAIR | length >> 8 << 16 | entry & 0x700 | width + (length & 15)


_prepare()


cdef inline void copy(uint8_t *h, Py_ssize_t at, Py_ssize_t distance, Py_ssize_t count) noexcept nogil:
    """Copy inside the ring; the caller has checked that there is room for all of it."""
    cdef Py_ssize_t source
    guard(0 < distance < SIZE and 2 <= count <= SIZE - at)
    if likely(distance <= at):
        replicate(h + at, distance, count, SIZE - at)
        return
    while count:
        source = (at - distance) & (SIZE - 1)
        h[at] = h[source]
        at += 1
        count -= 1


cdef Py_ssize_t inflate(const uint8_t *s, const uint8_t *e, uint8_t *h, Py_ssize_t at, uint32_t *recent) noexcept nogil:
    """`bits` holds the next `have` bits at its bottom, and zeros or what comes next above them."""
    cdef uint64_t bits = 0
    cdef Py_ssize_t count, distance
    cdef uint32_t entry
    cdef int have = 0, n
    while True:
        # 56 bits at least, or all there are: the longest tuple has 50.
        if likely(e - s >= 8):
            bits |= load64(s) << have
            s += (63 - have) >> 3
            have |= 56
        else:
            # What was read ahead comes once more.
            bits &= (<uint64_t>1 << have) - 1
            while have < 56 and s < e:
                bits |= <uint64_t>s[0] << have
                s += 1
                have += 8
        entry = SHORT_CODES[bits & 1023]
        while have >= 13:
            if entry - 1 < LITERAL:
                if at >= SIZE:
                    return OVERRUN
                h[at] = <uint8_t>(entry >> 8)
                at += 1
            elif entry >= PAIR:
                n = (entry >> 8) & 3
                distance = recent[n]
                recent[n] = recent[0]
                recent[0] = <uint32_t>distance
                count = (entry >> 16) & 0xFF
                if not 0 < distance < SIZE:
                    return INVALID
                if count > SIZE - at:
                    return OVERRUN
                if count == 2 and distance <= at:
                    # A wider load would wait for the narrow stores just before it.
                    h[at] = h[at - distance]
                    h[at + 1] = h[at - distance + 1]
                else:
                    copy(h, at, distance, count)
                at += count
            else:
                break
            n = entry & 15
            bits >>= n
            have -= n
            entry = SHORT_CODES[bits & 1023]
        if have < 50 and s < e:
            continue
        if entry == 0 or entry >= PAIR:
            entry = ALL_CODES[bits & 8191]
            if entry == 0:
                return TRUNCATED if have < 13 else INVALID
        n = entry & 15
        bits >>= n
        have -= n
        if have < 0:
            return TRUNCATED
        if entry <= LITERAL:
            if at >= SIZE:
                return OVERRUN
            h[at] = <uint8_t>(entry >> 8)
            at += 1
            continue
        n = (entry >> 4) & 15
        if entry < OTHER:
            distance = ((entry >> 8) & 0xFFFF) + <Py_ssize_t>(bits & ((1 << n) - 1))
            bits >>= n
            have -= n
            recent[3] = recent[2]
            recent[2] = recent[1]
            recent[1] = recent[0]
        else:
            n = (entry >> 8) & 7
            if n == 4:
                return at
            distance = recent[n]
            recent[n] = recent[0]
        recent[0] = <uint32_t>distance
        entry = LENGTH_CODES[bits & 511]
        n = entry & 15
        if n == 0:
            return TRUNCATED if have < 9 else INVALID
        bits >>= n
        have -= n
        n = (entry >> 4) & 15
        count = (entry >> 8) + (bits & ((1 << n) - 1))
        bits >>= n
        have -= n
        if have < 0:
            return TRUNCATED
        if not 0 < distance < SIZE:
            return INVALID
        if count > SIZE - at:
            return OVERRUN
        copy(h, at, distance, count)
        at += count


cdef inline uint32_t place(uint32_t bytes) noexcept nogil:
    """Where the table keeps the last place of three bytes."""
    return ((bytes & 0xFFFFFF) * <uint32_t>506832829) >> (32 - HASH_BITS)


cdef Py_ssize_t deflate(uint8_t *h, uint16_t *table, Py_ssize_t at, Py_ssize_t end, uint32_t *recent, uint8_t *out,
                        Py_ssize_t limit) noexcept nogil:
    """`acc` holds at its bottom the `have` bits that do not fill a byte yet; `out` has eight bytes more than `limit`."""
    cdef Py_ssize_t o = 0, most, count, p, index, other, best
    cdef uint64_t acc = 0
    cdef uint32_t value, slot, code, distance
    cdef int have = 0, log
    while at < end and o <= limit:
        value = load32(h + at) & 0xFFFFFF
        slot = 2 * place(value)
        p = table[slot]
        other = table[slot + 1]
        table[slot] = <uint16_t>at
        table[slot + 1] = <uint16_t>p
        most = end - at if end - at < MOST else MOST
        count = 0
        if (load32(h + p) & 0xFFFFFF) == value and p < at and most >= 3:
            count = 3 + same(h + p + 3, h + at + 3, most - 3)
        if (load32(h + other) & 0xFFFFFF) == value and other < at and most > 3:
            best = 3 + same(h + other + 3, h + at + 3, most - 3)
            if best > count:
                count = best
                p = other
        
        if count:
            distance = <uint32_t>(at - p)
            index = (0 if distance == recent[0] else 1 if distance == recent[1] else 2 if distance == recent[2]
                     else 3 if distance == recent[3] else 4)
            if index < 4:
                code = CODE[289 + index]
                acc |= <uint64_t>(code & 0xFFFF) << have
                have += code >> 16
                recent[index] = recent[0]
            else:
                recent[3] = recent[2]
                recent[2] = recent[1]
                recent[1] = recent[0]
                if distance == 1:
                    code = CODE[258]
                    acc |= <uint64_t>(code & 0xFFFF) << have
                    have += code >> 16
                else:
                    log = 62 - clz64(distance)
                    code = CODE[257 + 2 * log + (distance >> log)]
                    acc |= <uint64_t>((code & 0xFFFF) | (distance & ((1 << log) - 1)) << (code >> 16)) << have
                    have += (code >> 16) + log
            recent[0] = distance
            index = LENGTH_INDEX[count] if count < 770 else 28
            code = LENGTH_CODE[index]
            acc |= <uint64_t>((code & 0xFFFF) | (count - LENGTH_BASE[index]) << (code >> 16)) << have
            have += (code >> 16) + LENGTH_EXTRA[index]
            # Two places stand for all inside a match; more of them cost more time than they save bytes.
            slot = 2 * place(load32(h + at + 1))
            table[slot + 1] = table[slot]
            table[slot] = <uint16_t>(at + 1)
            slot = 2 * place(load32(h + at + count - 2))
            table[slot + 1] = table[slot]
            table[slot] = <uint16_t>(at + count - 2)
            at += count
        else:
            code = CODE[value & 0xFF]
            acc |= <uint64_t>(code & 0xFFFF) << have
            have += code >> 16
            at += 1
        store64(out + o, acc)
        o += have >> 3
        acc >>= have & ~7
        have &= 7
    if o > limit:
        return OVERRUN
    code = CODE[EOS]
    acc |= <uint64_t>(code & 0xFFFF) << have
    have += code >> 16
    store64(out + o, acc)
    o += (have + 7) >> 3
    return o if o <= limit else OVERRUN


def decompress(data, history, Py_ssize_t offset, recent):
    """See the twin."""
    cdef Py_buffer source, target, cache
    cdef Py_ssize_t status
    cdef const uint8_t *s
    PyObject_GetBuffer(data, &source, PyBUF_SIMPLE)
    try:
        PyObject_GetBuffer(history, &target, PyBUF_WRITABLE)
        try:
            PyObject_GetBuffer(recent, &cache, PyBUF_WRITABLE)
            try:
                if target.len != SIZE or cache.len != 16 or not 0 <= offset <= SIZE:
                    raise ValueError("a history has 65536 bytes, an offset in it, and four recent ones")
                s = <const uint8_t *>source.buf
                with nogil:
                    status = inflate(s, s + source.len, <uint8_t *>target.buf, offset, <uint32_t *>cache.buf)
            finally:
                PyBuffer_Release(&cache)
        finally:
            PyBuffer_Release(&target)
    finally:
        PyBuffer_Release(&source)
    return status


def compress(data, history, places, Py_ssize_t offset, recent, out):
    """See the twin."""
    cdef Py_buffer source, target, table, cache, sink
    cdef Py_ssize_t status
    cdef uint8_t *h
    PyObject_GetBuffer(data, &source, PyBUF_SIMPLE)
    try:
        PyObject_GetBuffer(history, &target, PyBUF_WRITABLE)
        try:
            PyObject_GetBuffer(places, &table, PyBUF_WRITABLE)
            try:
                PyObject_GetBuffer(recent, &cache, PyBUF_WRITABLE)
                try:
                    PyObject_GetBuffer(out, &sink, PyBUF_WRITABLE)
                    try:
                        if target.len != SIZE or table.len != 4 << HASH_BITS or cache.len != 16 or sink.len < 8:
                            raise ValueError("a history has 65536 bytes, a table 32768, and there are four recent offsets")
                        if not 0 <= offset <= FULL or source.len > FULL - offset:
                            raise ValueError("the packet does not fit into the history")
                        h = <uint8_t *>target.buf
                        with nogil:
                            memcpy(h + offset, source.buf, source.len)
                            status = deflate(h, <uint16_t *>table.buf, offset, offset + source.len,
                                             <uint32_t *>cache.buf, <uint8_t *>sink.buf, sink.len - 8)
                    finally:
                        PyBuffer_Release(&sink)
                finally:
                    PyBuffer_Release(&cache)
            finally:
                PyBuffer_Release(&table)
        finally:
            PyBuffer_Release(&target)
    finally:
        PyBuffer_Release(&source)
    return status


def slide(places, int shift):
    """See the twin."""
    cdef Py_buffer table
    cdef Py_ssize_t i
    cdef uint16_t *t
    PyObject_GetBuffer(places, &table, PyBUF_WRITABLE)
    try:
        t = <uint16_t *>table.buf
        for i in range(table.len >> 1):
            t[i] = <uint16_t>(t[i] - shift if t[i] > shift else 0)
    finally:
        PyBuffer_Release(&table)
