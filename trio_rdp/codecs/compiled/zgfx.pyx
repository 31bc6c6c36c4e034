# cython: language_level=3
"""RDP 8.0 bulk compression with a 64-bit reservoir; `trio_rdp.codecs.plain.zgfx` says what it does.

The history is the end of a linear window, so that a match is one copy.  The window grows to a history and WINDOW bytes;
then the history moves to its front.
"""

from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcpy, memmove, memset
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize

from trio_rdp.codecs.compiled.common cimport (
    INVALID, NO_MEMORY, OVERRUN, TRUNCATED, PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer, guard, load_be64,
    uint8_t, uint16_t, uint32_t, uint64_t,
)
from trio_rdp.codecs.compiled.zgfx_matches cimport (
    LONG_BITS, NEAR_BITS, SHORT_BITS, Bits, Finder, Match, align, clz64, find, hash8, load64, move, put, remember, token,
    token_bits,
)

from trio_rdp.codecs.plain.zgfx import DISTANCES, LITERALS

cdef enum:
    SINGLE = 0xE0
    MULTIPART = 0xE1
    COMPRESSED = 0x20
    SLACK = 64
    FIRST = 1 << 17
    WINDOW = 1 << 21

cdef enum:
    LITERAL = 255       # in place of the bits of value
    NOTHING = 254

cdef struct Token:
    uint32_t base
    uint8_t size
    uint8_t bits

# By the first eight bits, the first of which is set.
cdef Token tokens[256]

# Of each literal.
cdef uint16_t codes[256]
cdef uint8_t sizes[256]

# Of each distance: the token, where its value would be zero, and what is taken off the distance.
cdef uint32_t prefixes[11]
cdef uint32_t bases[11]


def _fill():
    for i in range(256):
        tokens[i].bits = NOTHING
        tokens[i].size = 0
        tokens[i].base = 0
    rows = [(code, size, LITERAL, value) for value, (code, size) in LITERALS.items()]
    for code, size, bits, base in rows + list(DISTANCES):
        for rest in range(1 << (8 - size)):
            i = code << (8 - size) | rest
            tokens[i].base = base
            tokens[i].size = size
            tokens[i].bits = bits
    for i in range(256):
        codes[i], sizes[i] = LITERALS.get(i, (i, 9))
    for i, (code, size, bits, base) in enumerate(DISTANCES):
        prefixes[i] = code << bits
        bases[i] = base


_fill()


cdef struct Window:
    uint8_t *start
    Py_ssize_t size         # allocated, without SLACK
    Py_ssize_t at           # where the next byte goes
    Py_ssize_t history
    Py_ssize_t segment


cdef bint make_room(Window *w) noexcept nogil:
    """Have room for one more segment behind a history."""
    cdef Py_ssize_t size = w.size, most = w.history + min(<Py_ssize_t>WINDOW, 4 * w.history)
    cdef uint8_t *start
    if w.at + w.segment <= size:
        return True
    if size < most:
        size = min(max(2 * size, <Py_ssize_t>FIRST), most)
        start = <uint8_t *>realloc(w.start, size + SLACK)
        if start == NULL:
            return False
        w.start = start
        w.size = size
    if w.at + w.segment > size:
        guard(w.at > w.history)
        memmove(w.start, w.start + w.at - w.history, w.history)
        w.at = w.history
    return True


cdef inline void copy_match(uint8_t *d, Py_ssize_t distance, Py_ssize_t count) noexcept nogil:
    """Copy what lies `distance` bytes back; writes up to SLACK bytes more than `count`."""
    cdef const uint8_t *s = d - distance
    cdef uint8_t *e = d + count
    cdef Py_ssize_t piece
    if distance >= 16:
        if count > 256 and distance >= count:
            memcpy(d, s, count)
            return
        while True:
            memcpy(d, s, 16)
            d += 16
            s += 16
            if d >= e:
                return
    if distance == 1:
        memset(d, s[0], count)
        return
    # Each round copies what is there already, so what is there doubles.
    while count:
        piece = d - s if d - s < count else count
        memcpy(d, s, piece)
        d += piece
        count -= piece


cdef Py_ssize_t inflate(Window *w, const uint8_t *s, Py_ssize_t n, int kind) noexcept nogil:
    """Decode one segment to the end of the window; how many bytes it gave, or a status.

    `bits` holds the next `have` bits at its top; `left` counts those of the segment that are not used yet.
    """
    cdef uint8_t *d = w.start + w.at
    cdef uint8_t *end = d + w.segment
    cdef const uint8_t *e
    cdef uint64_t bits = 0
    cdef Py_ssize_t left, distance, count
    cdef int have = 0, k
    cdef Token t
    if n < 1:
        return TRUNCATED
    if s[0] & 0x0F != kind:
        return INVALID
    if not s[0] & COMPRESSED:
        if n - 1 > w.segment:
            return OVERRUN
        memcpy(d, s + 1, n - 1)
        w.at += n - 1
        return n - 1
    if n < 2:
        return TRUNCATED
    left = (n - 2) * 8 - (s[n - 1] & 7)
    if left < 0:
        return INVALID
    e = s + n - 1
    s += 1
    while left > 0:
        if e - s >= 8:
            bits |= load_be64(s) >> have
            k = (63 - have) >> 3
            s += k
            have += k << 3
        else:
            while have <= 56 and s < e:
                bits |= <uint64_t>s[0] << (56 - have)
                s += 1
                have += 8
        if not bits >> 63:
            left -= 9
            if left < 0:
                return TRUNCATED
            if d >= end:
                return OVERRUN
            d[0] = <uint8_t>(bits >> 55)
            d += 1
            bits <<= 9
            have -= 9
            continue
        t = tokens[bits >> 56]
        if t.bits == NOTHING:
            return INVALID
        bits <<= t.size
        have -= t.size
        left -= t.size
        if t.bits == LITERAL:
            if left < 0:
                return TRUNCATED
            if d >= end:
                return OVERRUN
            d[0] = <uint8_t>t.base
            d += 1
            continue
        distance = t.base + <Py_ssize_t>(bits >> (64 - t.bits))
        bits <<= t.bits
        have -= t.bits
        left -= t.bits
        if distance == 0:
            count = <Py_ssize_t>(bits >> 49)
            left -= 15
            if left < 0:
                return TRUNCATED
            # Back to the byte in which the count ends; what of it is not used is not data.
            have -= 15
            s -= have >> 3
            left -= have & 7
            if left < 0:
                left = 0
            bits = 0
            have = 0
            if 8 * count > left:
                return TRUNCATED
            if count > end - d:
                return OVERRUN
            guard(count <= e - s)
            memcpy(d, s, count)
            d += count
            s += count
            left -= 8 * count
            continue
        # The longest length has 29 bits more.
        if have < 32:
            if e - s >= 8:
                bits |= load_be64(s) >> have
                k = (63 - have) >> 3
                s += k
                have += k << 3
            else:
                while have <= 56 and s < e:
                    bits |= <uint64_t>s[0] << (56 - have)
                    s += 1
                    have += 8
        if not bits >> 63:
            count = 3
            k = 1
        else:
            k = clz64(~bits) if ~bits else 64
            if k > 14:
                return INVALID
            count = (<Py_ssize_t>2 << k) + <Py_ssize_t>((bits << (k + 1)) >> (63 - k))
            k = 2 * k + 2
        bits <<= k
        have -= k
        left -= k
        if left < 0:
            return TRUNCATED
        if distance > d - w.start or distance > w.history:
            return INVALID
        if count > end - d:
            return OVERRUN
        guard(have >= 0)
        copy_match(d, distance, count)
        d += count
    count = d - (w.start + w.at)
    w.at += count
    return count


cdef Py_ssize_t inflate_all(Window *w, const uint8_t *s, Py_ssize_t n, Py_ssize_t parts, uint8_t *out, Py_ssize_t size,
                            int kind) noexcept nogil:
    """Decode the segments of a multipart structure, which must give `size` bytes; a status, or how many there are."""
    cdef const uint8_t *e = s + n
    cdef Py_ssize_t i, length, got, done = 0
    for i in range(parts):
        if e - s < 4:
            return TRUNCATED
        length = s[0] | (<Py_ssize_t>s[1] << 8) | (<Py_ssize_t>s[2] << 16) | (<Py_ssize_t>s[3] << 24)
        s += 4
        if length > e - s:
            return TRUNCATED
        if not make_room(w):
            return NO_MEMORY
        got = inflate(w, s, length, kind)
        if got < 0:
            return got
        if got > size - done:
            return OVERRUN
        memcpy(out + done, w.start + w.at - got, got)
        done += got
        s += length
    return done if done == size else INVALID


cdef class Decompressor:
    """See the twin."""

    cdef Window window
    cdef int kind
    cdef bint busy

    def __cinit__(self, Py_ssize_t history, Py_ssize_t segment, int kind):
        if not (0 < segment <= 65535 and 0 < history <= 1 << 24):
            raise ValueError("a segment has up to 65535 bytes, a history up to 16 MiB")
        self.window.history = history
        self.window.segment = segment
        self.kind = kind

    def __dealloc__(self):
        free(self.window.start)

    def decompress(self, data, Py_ssize_t limit):
        """See the twin."""
        cdef Py_buffer source
        # Without the GIL nothing else keeps two threads from one window.
        if self.busy:
            raise RuntimeError("a history is used by two threads at once")
        PyObject_GetBuffer(data, &source, PyBUF_SIMPLE)
        self.busy = True
        try:
            return self.parse(<const uint8_t *>source.buf, source.len, limit)
        finally:
            self.busy = False
            PyBuffer_Release(&source)

    cdef object parse(self, const uint8_t *s, Py_ssize_t n, Py_ssize_t limit):
        cdef Window *w = &self.window
        cdef Py_ssize_t status, parts, size
        cdef uint8_t *place
        cdef int kind = self.kind
        if n < 1:
            return TRUNCATED
        if s[0] == SINGLE:
            if not make_room(w):
                raise MemoryError
            with nogil:
                status = inflate(w, s + 1, n - 1, kind)
            if status > limit:
                return OVERRUN
            return status if status < 0 else (<const char *>w.start)[w.at - status:w.at]
        if s[0] != MULTIPART:
            return INVALID
        if n < 7:
            return TRUNCATED
        parts = s[1] | (s[2] << 8)
        size = s[3] | (<Py_ssize_t>s[4] << 8) | (<Py_ssize_t>s[5] << 16) | (<Py_ssize_t>s[6] << 24)
        if size > limit:
            return OVERRUN
        if parts * 5 > n - 7:
            return TRUNCATED
        if size > parts * w.segment:
            return INVALID
        out = PyBytes_FromStringAndSize(NULL, size)
        place = <uint8_t *>PyBytes_AS_STRING(out)
        with nogil:
            status = inflate_all(w, s + 7, n - 7, parts, place, size, kind)
        if status == NO_MEMORY:
            raise MemoryError
        return status if status < 0 else out


# --------------------------------------------------------------------------------------------------------- encoding

cdef enum:
    GOOD = 48            # a match of so many bytes is taken without a look at the next byte
    RAW = 40             # literals that may pay as an unencoded run
    SURELY = 4096        # the twin says what these are
    SAMPLES = 1024
    DENSE = 6144
    STRIDE = 32



cdef void literals(Bits *out, const uint8_t *s, Py_ssize_t n, Py_ssize_t cost) noexcept nogil:
    cdef Py_ssize_t i, piece
    # An unencoded run has 25 bits before it, and up to seven to the next whole byte.
    if n >= RAW and cost > 8 * n + 32:
        while n:
            piece = n if n < 32767 else 32767
            put(out, 17 << 5, 10)
            put(out, <uint32_t>piece, 15)
            align(out)
            memcpy(out.d, s, piece)
            out.d += piece
            s += piece
            n -= piece
        return
    for i in range(n):
        put(out, codes[s[i]], sizes[s[i]])


cdef void emit(Bits *out, Match *m) noexcept nogil:
    cdef int k = token(m.distance)
    cdef Py_ssize_t length = m.length
    put(out, prefixes[k] + (<uint32_t>m.distance - bases[k]), token_bits(k))
    if length == 3:
        put(out, 0, 1)
        return
    k = 63 - clz64(<uint64_t>length)
    put(out, ((<uint32_t>1 << k) - 2) , k)
    put(out, <uint32_t>(length - (<Py_ssize_t>1 << k)), k)


cdef Py_ssize_t deflate(Window *w, Finder *f, Py_ssize_t n, uint8_t *out) noexcept nogil:
    """Compress the `n` bytes behind the window's end; how many bytes that gives, trailer included."""
    cdef const uint8_t *h = w.start
    cdef uint32_t *cost = f.cost - w.at
    cdef Py_ssize_t i, j, start = w.at, end = w.at + n, anchor = w.at, last = end - 8, stop, step, misses = 0
    cdef uint32_t total = 0
    cdef Match m, other
    cdef Bits bits
    bits.d = out
    bits.bits = 0
    bits.have = 0
    for i in range(start, end):
        cost[i] = total
        total += sizes[h[i]]
    cost[end] = total
    i = f.hashed if f.hashed > start - 7 else start - 7
    while i < start and i <= last:
        if i >= 0:
            remember(f, h, i)
        i += 1
    i = start
    while i <= last:
        m = find(f, h, i, end, w.history, cost + i)
        remember(f, h, i)
        if m.length == 0:
            misses += 1
            i += 1 + (misses >> 6)
            continue
        while m.length < GOOD and i < last:
            other = find(f, h, i + 1, end, w.history, cost + i + 1)
            if other.saved <= m.saved:
                break
            i += 1
            remember(f, h, i)
            m = other
        # Bytes that were passed over may belong to it.
        while i > anchor and i - m.distance > 0 and h[i - 1] == h[i - 1 - m.distance]:
            i -= 1
            m.length += 1
        literals(&bits, h + anchor, i - anchor, cost[i] - cost[anchor])
        emit(&bits, &m)
        stop = i + m.length
        anchor = stop
        step = 1 if m.length < 64 else 4
        i += 1
        while i < stop and i <= last:
            remember(f, h, i)
            i += step
        i = stop
        misses = 0
    literals(&bits, h + anchor, end - anchor, cost[end] - cost[anchor])
    f.hashed = i if i < end else end
    bits.d[0] = <uint8_t>align(&bits)
    bits.d += 1
    return bits.d - out


cdef bint is_dense(Window *w, Finder *f, Py_ssize_t n) noexcept nogil:
    """Whether the `n` bytes behind the window's end look compressed already."""
    cdef const uint8_t *h = w.start
    cdef Py_ssize_t i, step = n // SAMPLES, sum = 0
    cdef int counts[256]
    cdef bint seen = False
    cdef uint64_t v
    cdef uint32_t at
    if n < SURELY:
        return False
    memset(counts, 0, sizeof(counts))
    for i in range(SAMPLES):
        counts[h[w.at + i * step]] += 1
    for i in range(256):
        sum += counts[i] * counts[i]
    if sum > DENSE:
        return False
    i = w.at
    while i + 8 <= w.at + n:
        v = load64(h + i)
        at = f.eights[hash8(v)]
        if at < i and load64(h + at) == v:
            seen = True
        remember(f, h, i)
        i += STRIDE
    return not seen


cdef class Compressor:
    """See the twin."""

    cdef Window window
    cdef Finder finder
    cdef int kind
    cdef bint busy
    cdef uint8_t *scratch

    def __cinit__(self, Py_ssize_t history, Py_ssize_t segment, int kind):
        if not (0 < segment <= 65535 and 0 < history <= 1 << 24):
            raise ValueError("a segment has up to 65535 bytes, a history up to 16 MiB")
        self.window.history = history
        self.window.segment = segment
        self.kind = kind
        self.finder.eights = <uint32_t *>calloc(2 << LONG_BITS, 4)
        self.finder.fours = <uint32_t *>calloc(2 << SHORT_BITS, 4)
        self.finder.threes = <uint32_t *>calloc(1 << NEAR_BITS, 4)
        self.finder.cost = <uint32_t *>malloc((segment + 1) * 4)
        self.scratch = <uint8_t *>malloc(segment + segment // 8 + SLACK)
        if (self.finder.eights == NULL or self.finder.fours == NULL or self.finder.threes == NULL
                or self.finder.cost == NULL or self.scratch == NULL):
            raise MemoryError

    def __dealloc__(self):
        free(self.window.start)
        free(self.finder.eights)
        free(self.finder.fours)
        free(self.finder.threes)
        free(self.finder.cost)
        free(self.scratch)

    def compress(self, data, bint store):
        """See the twin."""
        cdef Py_buffer source
        cdef Py_ssize_t parts, size
        cdef uint8_t *out = NULL
        if self.busy:
            raise RuntimeError("a history is used by two threads at once")
        PyObject_GetBuffer(data, &source, PyBUF_SIMPLE)
        self.busy = True
        try:
            parts = max((source.len + self.window.segment - 1) // self.window.segment, 1)
            if parts > 65535:
                raise ValueError("more data than 65535 segments hold")
            out = <uint8_t *>malloc(7 + source.len + parts * 5)
            if out == NULL:
                raise MemoryError
            with nogil:
                size = self.run(<const uint8_t *>source.buf, source.len, parts, store, out)
            if size < 0:
                raise MemoryError
            return (<const char *>out)[:size]
        finally:
            self.busy = False
            free(out)
            PyBuffer_Release(&source)

    cdef Py_ssize_t run(self, const uint8_t *s, Py_ssize_t n, Py_ssize_t parts, bint store, uint8_t *out) noexcept nogil:
        cdef uint8_t *d = out + 7
        cdef Py_ssize_t piece, size
        if parts == 1:
            out[0] = SINGLE
            size = self.one(s, n, store, out + 1)
            return size if size < 0 else size + 1
        out[0] = MULTIPART
        out[1] = <uint8_t>parts
        out[2] = <uint8_t>(parts >> 8)
        put32(out + 3, n)
        while parts:
            piece = n if n < self.window.segment else self.window.segment
            size = self.one(s, piece, store, d + 4)
            if size < 0:
                return size
            put32(d, size)
            d += 4 + size
            s += piece
            n -= piece
            parts -= 1
        return d - out

    cdef Py_ssize_t one(self, const uint8_t *s, Py_ssize_t n, bint store, uint8_t *d) noexcept nogil:
        """One segment to `d`, where there is room for it uncompressed; its size, or a status."""
        cdef Window *w = &self.window
        cdef Py_ssize_t size = 0, moved = w.at
        if not make_room(w):
            return NO_MEMORY
        moved -= w.at
        if moved:
            move(self.finder.eights, 2 << LONG_BITS, moved)
            move(self.finder.fours, 2 << SHORT_BITS, moved)
            move(self.finder.threes, 1 << NEAR_BITS, moved)
            self.finder.hashed -= moved
        memcpy(w.start + w.at, s, n)
        if not store and not is_dense(w, &self.finder, n):
            size = deflate(w, &self.finder, n, self.scratch)
            guard(size <= w.segment + w.segment // 8 + SLACK)
        w.at += n
        if size == 0 or size >= n:
            d[0] = <uint8_t>self.kind
            memcpy(d + 1, s, n)
            return n + 1
        d[0] = <uint8_t>(COMPRESSED | self.kind)
        memcpy(d + 1, self.scratch, size)
        return size + 1


cdef inline void put32(uint8_t *d, Py_ssize_t value) noexcept nogil:
    d[0] = <uint8_t>value
    d[1] = <uint8_t>(value >> 8)
    d[2] = <uint8_t>(value >> 16)
    d[3] = <uint8_t>(value >> 24)
