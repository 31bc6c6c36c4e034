# cython: language_level=3
"""Pixel formats on raw pointers; `trio_rdp.codecs.plain.pixels` says what they are."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.string cimport memcpy, memset

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


def raw(data, surface, Py_ssize_t stride, Py_ssize_t x, Py_ssize_t y, Py_ssize_t visible_width,
        Py_ssize_t visible_height, Py_ssize_t width, Py_ssize_t height, int bits_per_pixel, palette, bint top_down):
    """See the twin."""
    cdef Py_buffer source, target, colours
    cdef Py_ssize_t wide = (bits_per_pixel + 7) >> 3, pitch = (width * wide + 3) & ~3, i
    cdef const uint8_t *s
    cdef const uint8_t *row
    cdef px32 *d
    cdef uint8_t *base
    cdef px32 table[256]
    bitmap(width, height)
    visible_width = min(visible_width, width)
    visible_height = min(visible_height, height)
    if bits_per_pixel == 8:
        PyObject_GetBuffer(palette, &colours, PyBUF_SIMPLE)
        try:
            if colours.len < 1024:
                raise ValueError("a palette has 1024 bytes")
            memcpy(table, colours.buf, 1024)
        finally:
            PyBuffer_Release(&colours)
    PyObject_GetBuffer(data, &source, PyBUF_SIMPLE)
    try:
        PyObject_GetBuffer(surface, &target, PyBUF_WRITABLE)
        try:
            region(target.len, stride, x, y, visible_width, visible_height, 4)
            if source.len < (height - 1) * pitch + width * wide:
                return TRUNCATED
            s = <const uint8_t *>source.buf
            base = <uint8_t *>target.buf + y * stride + x * 4
            with nogil:
                for i in range(visible_height):
                    row = s + (i if top_down else height - 1 - i) * pitch
                    d = <px32 *>(base + i * stride)
                    if bits_per_pixel == 8:
                        row_from_8(row, d, table, visible_width)
                    elif bits_per_pixel == 15:
                        row_from_555(<const px16 *>row, d, visible_width)
                    elif bits_per_pixel == 16:
                        row_from_565(<const px16 *>row, d, visible_width)
                    elif bits_per_pixel == 24:
                        row_from_24(row, d, visible_width)
                    else:
                        row_from_32(<const px32 *>row, d, visible_width)
        finally:
            PyBuffer_Release(&target)
    finally:
        PyBuffer_Release(&source)
    return width * height


def encode_raw(surface, Py_ssize_t stride, Py_ssize_t x, Py_ssize_t y, Py_ssize_t width, Py_ssize_t height,
               int bits_per_pixel, bint top_down):
    """See the twin."""
    cdef Py_buffer source
    cdef Py_ssize_t wide = (bits_per_pixel + 7) >> 3, pitch = (width * wide + 3) & ~3, i
    cdef const uint8_t *s
    cdef const px32 *row
    cdef uint8_t *d
    bitmap(width, height)
    PyObject_GetBuffer(surface, &source, PyBUF_SIMPLE)
    try:
        region(source.len, stride, x, y, width, height, 4)
        out = PyBytes_FromStringAndSize(NULL, pitch * height)
        s = <const uint8_t *>source.buf + y * stride + x * 4
        d = <uint8_t *>PyBytes_AS_STRING(out)
        with nogil:
            for i in range(height):
                row = <const px32 *>(s + (i if top_down else height - 1 - i) * stride)
                if bits_per_pixel == 15:
                    row_to_555(row, <px16 *>d, width)
                elif bits_per_pixel == 16:
                    row_to_565(row, <px16 *>d, width)
                elif bits_per_pixel == 24:
                    row_to_24(row, d, width)
                else:
                    memcpy(d, row, width * 4)
                memset(d + width * wide, 0, pitch - width * wide)
                d += pitch
    finally:
        PyBuffer_Release(&source)
    return out


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
