# cython: language_level=3
"""One bitmap or a whole update, in one stretch without the GIL; `trio_rdp.codecs.plain.batches` says what it does.

A codec gives a function on raw pointers that decodes or encodes one bitmap; all around it, which touches Python's
objects, is here.  Its options are a structure of the codec's own.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_GET_SIZE
from libc.stdint cimport int32_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

from trio_rdp.codecs.compiled.common cimport (
    INVALID, MAX_PIXELS, PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer, bitmap, guard, region,
    uint8_t,
)

cdef enum:
    SCRATCH = 1 << 20        # bytes encoded before they are cut; only a single larger rectangle gets more

# Decodes a bitmap of `w` by `h` pixels and draws `columns` by `rows` of it, which may be none; a count, or a status.
ctypedef Py_ssize_t (*decoder)(const uint8_t *s, Py_ssize_t length, uint8_t *d, Py_ssize_t stride, Py_ssize_t columns,
                               Py_ssize_t rows, Py_ssize_t w, Py_ssize_t h, const void *options) noexcept nogil

# Encodes `w` by `h` pixels; where the bytes end, or NULL without memory.
ctypedef uint8_t *(*encoder)(const uint8_t *s, Py_ssize_t stride, Py_ssize_t w, Py_ssize_t h, uint8_t *out,
                             const void *options) noexcept nogil

# The bytes that encoding takes at most.
ctypedef Py_ssize_t (*bound)(Py_ssize_t w, Py_ssize_t h, const void *options) noexcept nogil


cdef struct Piece:
    const uint8_t *data
    Py_ssize_t length
    Py_ssize_t x             # in the view, as `y`; nothing may be drawn when `columns` or `rows` are 0
    Py_ssize_t y
    Py_ssize_t columns
    Py_ssize_t rows
    Py_ssize_t width
    Py_ssize_t height


cdef struct Rectangle:
    Py_ssize_t x
    Py_ssize_t y
    Py_ssize_t width
    Py_ssize_t height
    Py_ssize_t length        # of what it became


cdef inline Piece *gather(tuple bitmaps, table, Py_ssize_t width, Py_ssize_t height) except NULL:
    """Read the table and clip each place to a view of `width` by `height`; to be freed, before the bitmaps are."""
    cdef Py_buffer numbers
    cdef Py_ssize_t i, count = len(bitmaps)
    cdef int32_t n[6]
    cdef Piece *piece
    cdef Piece *pieces
    for data in bitmaps:
        if not PyBytes_CheckExact(data):
            raise TypeError("bitmaps are bytes")
    PyObject_GetBuffer(table, &numbers, PyBUF_SIMPLE)
    try:
        if numbers.len != count * <Py_ssize_t>sizeof(n):
            raise ValueError("as many places as bitmaps")
        pieces = <Piece *>malloc((count + 1) * sizeof(Piece))
        if pieces == NULL:
            raise MemoryError
        for i in range(count):
            memcpy(n, <const uint8_t *>numbers.buf + i * <Py_ssize_t>sizeof(n), sizeof(n))
            if n[0] < 0 or n[1] < 0 or n[2] < 0 or n[3] < 0:
                free(pieces)
                raise ValueError("a place is negative")
            data = bitmaps[i]
            piece = pieces + i
            piece.data = <const uint8_t *>PyBytes_AS_STRING(data)
            piece.length = PyBytes_GET_SIZE(data)
            piece.x = n[0]
            piece.y = n[1]
            piece.width = n[4]
            piece.height = n[5]
            piece.columns = min(min(<Py_ssize_t>n[2], piece.width), width - piece.x)
            piece.rows = min(min(<Py_ssize_t>n[3], piece.height), height - piece.y)
            if piece.columns <= 0 or piece.rows <= 0:
                piece.x = piece.y = piece.columns = piece.rows = 0
    finally:
        PyBuffer_Release(&numbers)
    return pieces


cdef inline Py_ssize_t decode_pieces(const Piece *pieces, Py_ssize_t count, uint8_t *d, Py_ssize_t stride,
                                     decoder decode, const void *options) noexcept nogil:
    cdef Py_ssize_t i, status
    cdef const Piece *piece
    for i in range(count):
        piece = pieces + i
        if piece.width < 1 or piece.height < 1 or piece.width * piece.height > MAX_PIXELS:
            return INVALID
        status = decode(piece.data, piece.length, d + piece.y * stride + piece.x * 4, stride, piece.columns,
                        piece.rows, piece.width, piece.height, options)
        if status < 0:
            return status
    return count


cdef inline Py_ssize_t decode_batch(bitmaps, table, surface, Py_ssize_t stride, Py_ssize_t x, Py_ssize_t y,
                                    Py_ssize_t width, Py_ssize_t height, decoder decode,
                                    const void *options) except? -99:
    """Draw bitmaps, each at its place in the view; their count, or the status of the first that is wrong."""
    cdef Py_buffer target
    cdef Py_ssize_t status
    cdef tuple kept = tuple(bitmaps)
    cdef Py_ssize_t count = len(kept)
    cdef Piece *pieces = gather(kept, table, width, height)
    try:
        PyObject_GetBuffer(surface, &target, PyBUF_WRITABLE)
        try:
            region(target.len, stride, x, y, width, height, 4)
            with nogil:
                status = decode_pieces(pieces, count, <uint8_t *>target.buf + y * stride + x * 4, stride, decode, options)
        finally:
            PyBuffer_Release(&target)
    finally:
        free(pieces)
    return status


cdef inline Py_ssize_t decode_one(data, surface, Py_ssize_t stride, Py_ssize_t x, Py_ssize_t y, Py_ssize_t columns,
                                  Py_ssize_t rows, Py_ssize_t width, Py_ssize_t height, decoder decode,
                                  const void *options) except? -99:
    """Draw what there is room for of one bitmap."""
    cdef Py_buffer source, target
    cdef Py_ssize_t status
    bitmap(width, height)
    columns = min(columns, width)
    rows = min(rows, height)
    PyObject_GetBuffer(data, &source, PyBUF_SIMPLE)
    try:
        PyObject_GetBuffer(surface, &target, PyBUF_WRITABLE)
        try:
            region(target.len, stride, x, y, columns, rows, 4)
            with nogil:
                status = decode(<const uint8_t *>source.buf, source.len, <uint8_t *>target.buf + y * stride + x * 4,
                                stride, columns, rows, width, height, options)
        finally:
            PyBuffer_Release(&target)
    finally:
        PyBuffer_Release(&source)
    return status


cdef inline Rectangle *rectangles(table, Py_ssize_t width, Py_ssize_t height, Py_ssize_t *count) except NULL:
    """Read a table of rectangles, all of which lie in a view of `width` by `height`; to be freed."""
    cdef Py_buffer numbers
    cdef Py_ssize_t i
    cdef int32_t n[4]
    cdef Rectangle *found
    PyObject_GetBuffer(table, &numbers, PyBUF_SIMPLE)
    try:
        if numbers.len % <Py_ssize_t>sizeof(n):
            raise ValueError("a row of the table has 4 numbers")
        count[0] = numbers.len // <Py_ssize_t>sizeof(n)
        found = <Rectangle *>malloc((count[0] + 1) * sizeof(Rectangle))
        if found == NULL:
            raise MemoryError
        try:
            for i in range(count[0]):
                memcpy(n, <const uint8_t *>numbers.buf + i * <Py_ssize_t>sizeof(n), sizeof(n))
                bitmap(n[2], n[3])
                if n[0] < 0 or n[1] < 0 or n[2] > width - n[0] or n[3] > height - n[1]:
                    raise ValueError("a rectangle does not lie in the view")
                found[i].x = n[0]
                found[i].y = n[1]
                found[i].width = n[2]
                found[i].height = n[3]
                found[i].length = 0
        except:
            free(found)
            raise
    finally:
        PyBuffer_Release(&numbers)
    return found


cdef inline Py_ssize_t encode_some(Rectangle *rects, Py_ssize_t first, Py_ssize_t count, const uint8_t *s,
                                   Py_ssize_t stride, Py_ssize_t pixel, uint8_t *out, Py_ssize_t room, encoder encode,
                                   bound most, const void *options) noexcept nogil:
    """Encode, one behind the other, as many as there is room for; the number of the next one, or -1 without memory."""
    cdef Py_ssize_t i
    cdef uint8_t *d = out
    cdef uint8_t *end
    cdef Rectangle *rect
    for i in range(first, count):
        rect = rects + i
        if most(rect.width, rect.height, options) > out + room - d:
            return i
        end = encode(s + rect.y * stride + rect.x * pixel, stride, rect.width, rect.height, d, options)
        if end == NULL:
            return -1
        rect.length = end - d
        d = end
        guard(d - out <= room)
    return count


cdef inline list encode_batch(surface, Py_ssize_t stride, Py_ssize_t x, Py_ssize_t y, Py_ssize_t width,
                              Py_ssize_t height, Py_ssize_t pixel, table, encoder encode, bound most,
                              const void *options):
    """Encode each rectangle of the view by itself; `pixel` is the bytes of one in the surface."""
    cdef Py_buffer source
    cdef Py_ssize_t count, i, one, first, largest = 0, room = 0
    cdef const uint8_t *s
    cdef const char *at
    cdef uint8_t *out = NULL
    cdef list streams = []
    cdef Rectangle *rects = rectangles(table, width, height, &count)
    try:
        for i in range(count):
            one = most(rects[i].width, rects[i].height, options)
            largest = max(largest, one)
            room = min(room + one, SCRATCH)
        room = max(room, largest)
        PyObject_GetBuffer(surface, &source, PyBUF_SIMPLE)
        try:
            region(source.len, stride, x, y, width, height, pixel)
            out = <uint8_t *>malloc(room + 1)
            if out == NULL:
                raise MemoryError
            s = <const uint8_t *>source.buf + y * stride + x * pixel
            i = 0
            while i < count:
                first = i
                with nogil:
                    i = encode_some(rects, first, count, s, stride, pixel, out, room, encode, most, options)
                if i < 0:
                    raise MemoryError
                at = <const char *>out
                for one in range(first, i):
                    streams.append(at[:rects[one].length])
                    at += rects[one].length
        finally:
            PyBuffer_Release(&source)
    finally:
        free(out)
        free(rects)
    return streams


cdef inline bytes encode_one(surface, Py_ssize_t stride, Py_ssize_t x, Py_ssize_t y, Py_ssize_t width,
                             Py_ssize_t height, Py_ssize_t pixel, encoder encode, bound most, const void *options):
    """Encode one rectangle of a surface."""
    cdef Py_buffer source
    cdef uint8_t *out = NULL
    cdef uint8_t *end
    bitmap(width, height)
    PyObject_GetBuffer(surface, &source, PyBUF_SIMPLE)
    try:
        region(source.len, stride, x, y, width, height, pixel)
        with nogil:
            out = <uint8_t *>malloc(most(width, height, options))
            end = NULL
            if out != NULL:
                end = encode(<const uint8_t *>source.buf + y * stride + x * pixel, stride, width, height, out, options)
        if end == NULL:
            raise MemoryError
        guard(end - out <= most(width, height, options))
        return (<const char *>out)[:end - out]
    finally:
        free(out)
        PyBuffer_Release(&source)
