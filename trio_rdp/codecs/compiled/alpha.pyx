# cython: language_level=3
"""The alpha codec on raw pointers; `trio_rdp.codecs.plain.alpha` says what it does."""

from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

from trio_rdp.codecs.compiled.common cimport (
    INVALID, NO_MEMORY, OVERRUN, TRUNCATED, PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer, bitmap,
    cpx32_r, cu8_r, guard, px32_r, region, u8_r, uint8_t, uint32_t, uint64_t,
)

cdef enum:
    SIGNATURE_LOW = 0x4C
    SIGNATURE_HIGH = 0x41


cdef inline void put(px32_r d, uint32_t alpha, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        d[i] = (d[i] & 0xFFFFFF) | alpha


cdef inline void put_row(cu8_r s, px32_r d, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        d[i] = (d[i] & 0xFFFFFF) | (<uint32_t>s[i] << 24)


cdef inline void take_row(cpx32_r s, u8_r d, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        d[i] = <uint8_t>(s[i] >> 24)


cdef inline Py_ssize_t segment(const uint8_t *s, const uint8_t *e, Py_ssize_t *run) noexcept nogil:
    """The bytes of a segment, or a status."""
    if e - s < 2:
        return TRUNCATED
    run[0] = s[1]
    if run[0] != 0xFF:
        return 2
    if e - s < 4:
        return TRUNCATED
    run[0] = s[2] | (<Py_ssize_t>s[3] << 8)
    if run[0] != 0xFFFF:
        return 4
    if e - s < 8:
        return TRUNCATED
    run[0] = s[4] | (<Py_ssize_t>s[5] << 8) | (<Py_ssize_t>s[6] << 16) | (<Py_ssize_t>s[7] << 24)
    return 8


cdef Py_ssize_t check_runs(const uint8_t *s, const uint8_t *e, Py_ssize_t count) noexcept nogil:
    cdef Py_ssize_t used, run = 0, done = 0
    while done < count:
        used = segment(s, e, &run)
        if used < 0:
            return used
        if run > count - done:
            return OVERRUN
        s += used
        done += run
    return done


cdef void draw_runs(const uint8_t *s, const uint8_t *e, uint8_t *out, Py_ssize_t stride, Py_ssize_t columns,
                    Py_ssize_t rows, Py_ssize_t w) noexcept nogil:
    """Draw runs that were checked, as far as they are seen; bytes that have changed since end it."""
    cdef Py_ssize_t row = 0, i = 0, run = 0, piece, seen, used
    cdef uint32_t alpha = 0
    while row < rows:
        if run == 0:
            used = segment(s, e, &run)
            if used < 0:
                return
            alpha = <uint32_t>s[0] << 24
            s += used
            continue
        piece = run if run < w - i else w - i
        seen = piece if i + piece <= columns else columns - i
        if seen > 0:
            put(<px32_r>(out + row * stride) + i, alpha, seen)
        i += piece
        run -= piece
        if i == w:
            i = 0
            row += 1


cdef Py_ssize_t decode(const uint8_t *s, Py_ssize_t n, uint8_t *out, Py_ssize_t stride, Py_ssize_t columns,
                       Py_ssize_t rows, Py_ssize_t w, Py_ssize_t h) noexcept nogil:
    cdef Py_ssize_t row, status
    if n < 4:
        return TRUNCATED
    if s[0] != SIGNATURE_LOW or s[1] != SIGNATURE_HIGH:
        return INVALID
    if s[2] or s[3]:
        status = check_runs(s + 4, s + n, w * h)
        if status < 0:
            return status
        if columns:
            draw_runs(s + 4, s + n, out, stride, columns, rows, w)
        return w * h
    if n - 4 < w * h:
        return TRUNCATED
    for row in range(rows):
        put_row(s + 4 + row * w, <px32_r>(out + row * stride), columns)
    return w * h


def decode_into(data, surface, Py_ssize_t stride, Py_ssize_t x, Py_ssize_t y, Py_ssize_t visible_width,
                Py_ssize_t visible_height, Py_ssize_t width, Py_ssize_t height):
    """See the twin."""
    cdef Py_buffer source, target
    cdef Py_ssize_t status
    bitmap(width, height)
    visible_width = min(visible_width, width)
    visible_height = min(visible_height, height)
    PyObject_GetBuffer(data, &source, PyBUF_SIMPLE)
    try:
        PyObject_GetBuffer(surface, &target, PyBUF_WRITABLE)
        try:
            region(target.len, stride, x, y, visible_width, visible_height, 4)
            with nogil:
                status = decode(<const uint8_t *>source.buf, source.len, <uint8_t *>target.buf + y * stride + x * 4,
                                stride, visible_width, visible_height, width, height)
        finally:
            PyBuffer_Release(&target)
    finally:
        PyBuffer_Release(&source)
    return status


# --------------------------------------------------------------------------------------------------------- encoding

cdef Py_ssize_t encode_runs(const uint8_t *plane, Py_ssize_t n, uint8_t *d) noexcept nogil:
    """The bytes written, or -1 when there would be `n` or more of them; writes up to seven bytes beyond."""
    cdef uint8_t *start = d
    cdef Py_ssize_t i = 0, run
    cdef uint8_t value
    cdef uint64_t eight, next
    while i < n:
        if d - start >= n:
            return -1
        value = plane[i]
        run = 1
        eight = value * <uint64_t>0x0101010101010101u
        while i + run + 8 <= n:
            memcpy(&next, plane + i + run, 8)
            if next != eight:
                break
            run += 8
        while i + run < n and plane[i + run] == value:
            run += 1
        i += run
        d[0] = value
        if run < 0xFF:
            d[1] = <uint8_t>run
            d += 2
            continue
        d[1] = 0xFF
        if run < 0xFFFF:
            d[2] = <uint8_t>run
            d[3] = <uint8_t>(run >> 8)
            d += 4
            continue
        d[2] = 0xFF
        d[3] = 0xFF
        d[4] = <uint8_t>run
        d[5] = <uint8_t>(run >> 8)
        d[6] = <uint8_t>(run >> 16)
        d[7] = <uint8_t>(run >> 24)
        d += 8
    return d - start if d - start < n else -1


def encode(surface, Py_ssize_t stride, Py_ssize_t x, Py_ssize_t y, Py_ssize_t width, Py_ssize_t height):
    """See the twin."""
    cdef Py_buffer source
    cdef uint8_t *out = NULL
    cdef uint8_t *plane
    cdef const uint8_t *s
    cdef Py_ssize_t row, size, count
    bitmap(width, height)
    PyObject_GetBuffer(surface, &source, PyBUF_SIMPLE)
    try:
        region(source.len, stride, x, y, width, height, 4)
        count = width * height
        # The raw form, and behind it the plane in runs with room for the last segment.
        out = <uint8_t *>malloc(2 * (count + 4) + 8)
        if out == NULL:
            raise MemoryError
        s = <const uint8_t *>source.buf + y * stride + x * 4
        plane = out + 4
        with nogil:
            for row in range(height):
                take_row(<cpx32_r>(s + row * stride), plane + row * width, width)
            size = encode_runs(plane, count, plane + count + 4)
            guard(size < count)
        if size < 0:
            memcpy(out, b"\x4c\x41\0\0", 4)
            return (<const char *>out)[:count + 4]
        memcpy(plane + count, b"\x4c\x41\1\0", 4)
        return (<const char *>plane)[count:count + 4 + size]
    finally:
        free(out)
        PyBuffer_Release(&source)
