# cython: language_level=3
"""RDP 8.0 bulk compression with a 64-bit reservoir; `trio_rdp.codecs.plain.zgfx` says what it does.

The history is the end of a linear window, so that a match is one copy.  The window grows to a history and WINDOW bytes;
then the history moves to its front.
"""

from libc.stdlib cimport free, realloc
from libc.string cimport memcpy, memmove, memset
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize

from trio_rdp.codecs.compiled.common cimport (
    INVALID, NO_MEMORY, OVERRUN, TRUNCATED, PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer, guard, load_be64,
    uint8_t, uint32_t, uint64_t,
)

from trio_rdp.codecs.plain.zgfx import DISTANCES, LITERALS

cdef extern from *:
    """
    #if defined(_MSC_VER)
    #include <intrin.h>
    static inline int trio_rdp_clz64(uint64_t v) { unsigned long i; _BitScanReverse64(&i, v); return 63 - (int)i; }
    #else
    static inline int trio_rdp_clz64(uint64_t v) { return __builtin_clzll(v); }
    #endif
    """
    int clz64 "trio_rdp_clz64"(uint64_t) noexcept nogil

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


_fill()


cdef struct Window:
    uint8_t *start
    Py_ssize_t size         # allocated, without SLACK
    Py_ssize_t at           # where the next byte goes
    Py_ssize_t history
    Py_ssize_t segment


cdef bint make_room(Window *w) noexcept nogil:
    """Have room for one more segment behind a history."""
    cdef Py_ssize_t size = w.size
    cdef uint8_t *start
    if w.at + w.segment <= size:
        return True
    if size < w.history + WINDOW:
        size = min(max(2 * size, FIRST), w.history + WINDOW)
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
