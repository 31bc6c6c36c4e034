# cython: language_level=3
"""Pixel formats on raw pointers; `trio_rdp.codecs.plain.pixels` says what they are."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset

from trio_rdp.codecs.compiled.batches cimport Rectangle, decode_batch, decode_one, rectangles
from trio_rdp.codecs.compiled.common cimport (
    TRUNCATED, PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer, bitmap, cpx16_r, cpx32_r, cu8_r,
    from_bgr565, px16, px16_r, px32, px32_r, region, row_from_8, row_from_24, row_from_32, row_from_555, row_from_565,
    to_555, to_565, u8_r, uint8_t, uint32_t,
)


cdef inline void row_to_555(cpx32_r s, px16_r d, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        d[i] = <px16>to_555(s[i])


cdef inline void row_to_565(cpx32_r s, px16_r d, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        d[i] = <px16>to_565(s[i])


cdef inline void row_to_bgr16(cpx32_r s, px16_r d, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        d[i] = <px16>(((s[i] << 8) & 0xF800) | ((s[i] >> 5) & 0x07E0) | ((s[i] >> 19) & 0x1F))


cdef inline void row_to_24(cpx32_r s, u8_r d, Py_ssize_t n) noexcept nogil:
    """Four pixels become three numbers of four bytes."""
    cdef Py_ssize_t i, fours = n & ~3
    cdef uint32_t p, q
    cdef px32 *wide = <px32 *>d
    for i in range(0, fours, 4):
        p = s[i + 1]
        q = s[i + 2]
        wide[0] = (s[i] & 0xFFFFFF) | (p << 24)
        wide[1] = ((p >> 8) & 0xFFFF) | (q << 16)
        wide[2] = ((q >> 16) & 0xFF) | (s[i + 3] << 8)
        wide += 3
    for i in range(fours, n):
        p = s[i]
        d[3 * i] = p & 0xFF
        d[3 * i + 1] = (p >> 8) & 0xFF
        d[3 * i + 2] = (p >> 16) & 0xFF


cdef inline uint32_t swapped(uint32_t p) noexcept nogil:
    """A pixel whose first and third byte have changed places."""
    return ((p >> 16) & 0xFF) | (p & 0xFF00) | ((p & 0xFF) << 16)


cdef inline void row_to_rgb24(cpx32_r s, u8_r d, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i, fours = n & ~3
    cdef uint32_t p, q
    cdef px32 *wide = <px32 *>d
    for i in range(0, fours, 4):
        p = swapped(s[i + 1])
        q = swapped(s[i + 2])
        wide[0] = swapped(s[i]) | (p << 24)
        wide[1] = (p >> 8) | (q << 16)
        wide[2] = (q >> 16) | (swapped(s[i + 3]) << 8)
        wide += 3
    for i in range(fours, n):
        p = s[i]
        d[3 * i] = (p >> 16) & 0xFF
        d[3 * i + 1] = (p >> 8) & 0xFF
        d[3 * i + 2] = p & 0xFF


cdef inline void row_to_abgr(cpx32_r s, px32_r d, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        d[i] = (s[i] << 8) | 0xFF


cdef inline void row_to_argb(cpx32_r s, px32_r d, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        d[i] = (swapped(s[i]) << 8) | 0xFF


cdef inline void row_from_bgr16(cpx16_r s, px32_r d, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        d[i] = from_bgr565(s[i])


cdef inline void row_from_abgr(cpx32_r s, px32_r d, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        d[i] = (s[i] >> 8) | 0xFF000000u


cdef inline void row_from_rgba(cpx32_r s, px32_r d, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        d[i] = swapped(s[i]) | 0xFF000000u


cdef inline void row_from_argb(cpx32_r s, px32_r d, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        d[i] = (s[i] >> 24) | ((s[i] >> 8) & 0xFF00) | ((s[i] << 8) & 0xFF0000) | 0xFF000000u


cdef inline void row_from_rgb24(cu8_r s, px32_r d, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        d[i] = 0xFF000000u | s[3 * i + 2] | (<uint32_t>s[3 * i + 1] << 8) | (<uint32_t>s[3 * i] << 16)


cdef struct Drawing:
    int bits_per_pixel
    bint top_down
    px32 palette[256]


cdef int prepare(Drawing *drawing, int bits_per_pixel, palette, bint top_down) except -1:
    cdef Py_buffer colours
    drawing.bits_per_pixel = bits_per_pixel
    drawing.top_down = top_down
    if bits_per_pixel == 8:
        PyObject_GetBuffer(palette, &colours, PyBUF_SIMPLE)
        try:
            if colours.len < 1024:
                raise ValueError("a palette has 1024 bytes")
            memcpy(drawing.palette, colours.buf, 1024)
        finally:
            PyBuffer_Release(&colours)
    return 0


cdef inline Py_ssize_t pitch(Py_ssize_t width, int bits_per_pixel) noexcept nogil:
    return (width * ((bits_per_pixel + 7) >> 3) + 3) & ~<Py_ssize_t>3


cdef Py_ssize_t picture_from(const uint8_t *s, Py_ssize_t length, uint8_t *d, Py_ssize_t stride, Py_ssize_t columns,
                             Py_ssize_t rows, Py_ssize_t w, Py_ssize_t h, const void *options) noexcept nogil:
    cdef const Drawing *drawing = <const Drawing *>options
    cdef Py_ssize_t step = pitch(w, drawing.bits_per_pixel), i
    cdef const uint8_t *row
    cdef px32 *line
    if length < (h - 1) * step + w * ((drawing.bits_per_pixel + 7) >> 3):
        return TRUNCATED
    for i in range(rows if columns else 0):
        row = s + (i if drawing.top_down else h - 1 - i) * step
        line = <px32 *>(d + i * stride)
        if drawing.bits_per_pixel == 8:
            row_from_8(row, line, drawing.palette, columns)
        elif drawing.bits_per_pixel == 15:
            row_from_555(<const px16 *>row, line, columns)
        elif drawing.bits_per_pixel == 16:
            row_from_565(<const px16 *>row, line, columns)
        elif drawing.bits_per_pixel == 24:
            row_from_24(row, line, columns)
        else:
            row_from_32(<const px32 *>row, line, columns)
    return w * h


def raw(data, surface, Py_ssize_t stride, Py_ssize_t x, Py_ssize_t y, Py_ssize_t visible_width,
        Py_ssize_t visible_height, Py_ssize_t width, Py_ssize_t height, int bits_per_pixel, palette, bint top_down):
    """See the twin."""
    cdef Drawing drawing
    prepare(&drawing, bits_per_pixel, palette, top_down)
    return decode_one(data, surface, stride, x, y, visible_width, visible_height, width, height, picture_from, &drawing)


def raw_all(bitmaps, table, surface, Py_ssize_t stride, Py_ssize_t x, Py_ssize_t y, Py_ssize_t width,
            Py_ssize_t height, int bits_per_pixel, palette, bint top_down):
    """See the twin."""
    cdef Drawing drawing
    prepare(&drawing, bits_per_pixel, palette, top_down)
    return decode_batch(bitmaps, table, surface, stride, x, y, width, height, picture_from, &drawing)


cdef void put_picture(const uint8_t *s, Py_ssize_t stride, Py_ssize_t w, Py_ssize_t h, uint8_t *d, int bits_per_pixel,
                      bint top_down) noexcept nogil:
    cdef Py_ssize_t used = w * ((bits_per_pixel + 7) >> 3), step = pitch(w, bits_per_pixel), i
    cdef const px32 *row
    for i in range(h):
        row = <const px32 *>(s + (i if top_down else h - 1 - i) * stride)
        if bits_per_pixel == 15:
            row_to_555(row, <px16 *>d, w)
        elif bits_per_pixel == 16:
            row_to_565(row, <px16 *>d, w)
        elif bits_per_pixel == 24:
            row_to_24(row, d, w)
        else:
            memcpy(d, row, w * 4)
        memset(d + used, 0, step - used)
        d += step


def encode_raw(surface, Py_ssize_t stride, Py_ssize_t x, Py_ssize_t y, Py_ssize_t width, Py_ssize_t height,
               int bits_per_pixel, bint top_down):
    """See the twin."""
    cdef Py_buffer source
    cdef uint8_t *d
    bitmap(width, height)
    PyObject_GetBuffer(surface, &source, PyBUF_SIMPLE)
    try:
        region(source.len, stride, x, y, width, height, 4)
        out = PyBytes_FromStringAndSize(NULL, pitch(width, bits_per_pixel) * height)
        d = <uint8_t *>PyBytes_AS_STRING(out)
        with nogil:
            put_picture(<const uint8_t *>source.buf + y * stride + x * 4, stride, width, height, d, bits_per_pixel,
                        top_down)
    finally:
        PyBuffer_Release(&source)
    return out


def encode_raw_all(surface, Py_ssize_t stride, Py_ssize_t x, Py_ssize_t y, Py_ssize_t width, Py_ssize_t height, table,
                   int bits_per_pixel, bint top_down):
    """See the twin."""
    cdef Py_buffer source
    cdef Py_ssize_t i, count
    cdef const uint8_t *s
    cdef uint8_t **outs = NULL
    cdef list streams = []
    cdef Rectangle *rects = rectangles(table, width, height, &count)
    try:
        PyObject_GetBuffer(surface, &source, PyBUF_SIMPLE)
        try:
            region(source.len, stride, x, y, width, height, 4)
            s = <const uint8_t *>source.buf + y * stride + x * 4
            outs = <uint8_t **>malloc((count + 1) * sizeof(uint8_t *))
            if outs == NULL:
                raise MemoryError
            # How long each becomes is known, so that it is written where it stays.
            for i in range(count):
                out = PyBytes_FromStringAndSize(NULL, pitch(rects[i].width, bits_per_pixel) * rects[i].height)
                outs[i] = <uint8_t *>PyBytes_AS_STRING(out)
                streams.append(out)
            with nogil:
                for i in range(count):
                    put_picture(s + rects[i].y * stride + rects[i].x * 4, stride, rects[i].width, rects[i].height,
                                outs[i], bits_per_pixel, top_down)
        finally:
            PyBuffer_Release(&source)
    finally:
        free(outs)
        free(rects)
    return streams


def convert(pixels, int pixel_format, Py_ssize_t source_stride, surface, Py_ssize_t stride, Py_ssize_t x, Py_ssize_t y,
            Py_ssize_t width, Py_ssize_t height):
    """See the twin."""
    cdef Py_buffer source, target
    cdef Py_ssize_t i, wide
    cdef const uint8_t *row
    cdef px32 *d
    if not 0 <= pixel_format < 8:
        raise IndexError("tuple index out of range")
    wide = 4 if pixel_format < 4 else 3 if pixel_format < 6 else 2
    PyObject_GetBuffer(pixels, &source, PyBUF_SIMPLE)
    try:
        PyObject_GetBuffer(surface, &target, PyBUF_WRITABLE)
        try:
            region(source.len, source_stride, 0, 0, width, height, wide)
            region(target.len, stride, x, y, width, height, 4)
            with nogil:
                for i in range(height if width else 0):
                    row = <const uint8_t *>source.buf + i * source_stride
                    d = <px32 *>(<uint8_t *>target.buf + (y + i) * stride + x * 4)
                    if pixel_format == 0:
                        row_from_32(<const px32 *>row, d, width)
                    elif pixel_format == 1:
                        row_from_abgr(<const px32 *>row, d, width)
                    elif pixel_format == 2:
                        row_from_rgba(<const px32 *>row, d, width)
                    elif pixel_format == 3:
                        row_from_argb(<const px32 *>row, d, width)
                    elif pixel_format == 4:
                        row_from_24(row, d, width)
                    elif pixel_format == 5:
                        row_from_rgb24(row, d, width)
                    elif pixel_format == 6:
                        row_from_bgr16(<const px16 *>row, d, width)
                    else:
                        row_from_565(<const px16 *>row, d, width)
        finally:
            PyBuffer_Release(&target)
    finally:
        PyBuffer_Release(&source)


def convert_back(surface, Py_ssize_t stride, Py_ssize_t x, Py_ssize_t y, Py_ssize_t width, Py_ssize_t height, pixels,
                 int pixel_format, Py_ssize_t target_stride):
    """See the twin."""
    cdef Py_buffer source, target
    cdef Py_ssize_t i, wide
    cdef const px32 *row
    cdef uint8_t *d
    if not 0 <= pixel_format < 8:
        raise IndexError("tuple index out of range")
    wide = 4 if pixel_format < 4 else 3 if pixel_format < 6 else 2
    PyObject_GetBuffer(surface, &source, PyBUF_SIMPLE)
    try:
        PyObject_GetBuffer(pixels, &target, PyBUF_WRITABLE)
        try:
            region(source.len, stride, x, y, width, height, 4)
            region(target.len, target_stride, 0, 0, width, height, wide)
            with nogil:
                for i in range(height if width else 0):
                    row = <const px32 *>(<const uint8_t *>source.buf + (y + i) * stride + x * 4)
                    d = <uint8_t *>target.buf + i * target_stride
                    if pixel_format == 0:
                        row_from_32(row, <px32 *>d, width)
                    elif pixel_format == 1:
                        row_to_abgr(row, <px32 *>d, width)
                    elif pixel_format == 2:
                        row_from_rgba(row, <px32 *>d, width)
                    elif pixel_format == 3:
                        row_to_argb(row, <px32 *>d, width)
                    elif pixel_format == 4:
                        row_to_24(row, d, width)
                    elif pixel_format == 5:
                        row_to_rgb24(row, d, width)
                    elif pixel_format == 6:
                        row_to_bgr16(row, <px16 *>d, width)
                    else:
                        row_to_565(row, <px16 *>d, width)
        finally:
            PyBuffer_Release(&target)
    finally:
        PyBuffer_Release(&source)
