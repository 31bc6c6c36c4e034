# cython: language_level=3
"""Interleaved run-length coding on raw pointers; `trio_rdp.codecs.plain.interleaved_rle` says what it does.

A 24-bit pixel is held in 32 bits between stream and surface, so that each order is one loop over numbers.
"""

from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset

from trio_rdp.codecs.compiled.batches cimport decode_batch, decode_one, encode_batch, encode_one
from trio_rdp.codecs.compiled.common cimport (
    INVALID, NO_MEMORY, OVERRUN, TRUNCATED, PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer, bitmap,
    guard, px32, row_from_8, row_from_32, row_from_555, row_from_565, to_555, to_565, uint8_t, uint16_t,
    uint32_t,
)
from trio_rdp.codecs.compiled.rle_orders cimport SPARE, differences, encode_orders, pixel, size

cdef enum:
    SHORT = 8                # orders of up to so many pixels are drawn as so many, in one piece
    SLACK = SHORT * 4        # so the output has room for that behind its end


cdef inline pixel read(const uint8_t *s, pixel white) noexcept nogil:
    """One pixel of the stream; `white` tells its kind."""
    if pixel is uint8_t:
        return s[0]
    elif pixel is uint16_t:
        return <uint16_t>(s[0] | (s[1] << 8))
    else:
        return s[0] | (<uint32_t>s[1] << 8) | (<uint32_t>s[2] << 16)


cdef inline void fill(pixel *d, pixel value, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        d[i] = value


cdef inline void xor(pixel *d, Py_ssize_t back, pixel value, Py_ssize_t n) noexcept nogil:
    """`n` is at most `back`, so that source and destination do not overlap; the compiler finds out at run time."""
    cdef Py_ssize_t i
    cdef pixel *above = d - back
    for i in range(n):
        d[i] = above[i] ^ value


cdef Py_ssize_t decode_orders(const uint8_t *s, const uint8_t *e, Py_ssize_t w, Py_ssize_t total, pixel *out,
                              pixel white) noexcept nogil:
    """The pixels written (the rest are set to zero), or a status.  Spills up to SHORT pixels behind the end."""
    cdef Py_ssize_t o = 0, run, n, k, wide = size(white)
    cdef int c, code, bits
    cdef bint insert = False, first = True
    cdef pixel fg = white, a, b
    while s < e and o < total:
        if first and o >= w:
            first = False
            insert = False
        c = s[0]
        s += 1
        if c < 0xC0:
            code = c >> 5
            run = c & 31
            if run == 0:
                if s >= e:
                    return TRUNCATED
                run = s[0] + (1 if code == 2 else 32)
                s += 1
            elif code == 2:
                run <<= 3
        elif c < 0xF0:
            code = c >> 4
            run = c & 15
            if run == 0:
                if s >= e:
                    return TRUNCATED
                run = s[0] + (1 if code == 13 else 16)
                s += 1
            elif code == 13:
                run <<= 3
        elif c <= 0xF8:
            if c == 0xF5:
                return INVALID
            if e - s < 2:
                return TRUNCATED
            run = s[0] | (s[1] << 8)
            s += 2
            code = c - 0xF0
            if code >= 6:
                code += 6
        elif c == 0xF9 or c == 0xFA:
            insert = False
            bits = 3 if c == 0xF9 else 5
            if total - o < 8:
                return OVERRUN
            for k in range(8):
                a = 0 if first else out[o - w]
                out[o] = a ^ fg if (bits >> k) & 1 else a
                o += 1
            continue
        elif c == 0xFD or c == 0xFE:
            insert = False
            out[o] = white if c == 0xFD else 0
            o += 1
            continue
        else:
            return INVALID

        if code == 14:
            if run > (total - o) >> 1:
                return OVERRUN
        elif run > total - o:
            return OVERRUN
        guard(run >= 0 and (first or o >= w))

        if code == 0:
            if insert and run:
                out[o] = fg if first else out[o - w] ^ fg
                o += 1
                run -= 1
            if first:
                memset(out + o, 0, run * sizeof(pixel))
                o += run
            elif run <= SHORT and w >= SHORT:
                memcpy(out + o, out + o - w, SHORT * sizeof(pixel))
                o += run
            else:
                while run > 0:
                    n = run if run < w else w
                    memcpy(out + o, out + o - w, n * sizeof(pixel))
                    o += n
                    run -= n
            insert = True
            continue
        insert = False

        if code == 4:
            if e - s < run * wide:
                return TRUNCATED
            if pixel is uint32_t:
                for k in range(run):
                    out[o + k] = read(s + 3 * k, white)
            elif run <= SHORT and e - s >= SHORT * wide:
                memcpy(out + o, s, SHORT * sizeof(pixel))
            else:
                memcpy(out + o, s, run * sizeof(pixel))
            s += run * wide
            o += run
        elif code == 1 or code == 12:
            if code == 12:
                if e - s < wide:
                    return TRUNCATED
                fg = read(s, white)
                s += wide
            if first:
                fill(out + o, fg, run)
                o += run
            elif run <= SHORT and w >= SHORT:
                xor(out + o, w, fg, SHORT)
                o += run
            else:
                while run > 0:
                    n = run if run < w else w
                    xor(out + o, w, fg, n)
                    o += n
                    run -= n
        elif code == 3:
            if e - s < wide:
                return TRUNCATED
            a = read(s, white)
            s += wide
            if run <= SHORT:
                fill(out + o, a, SHORT)
            else:
                fill(out + o, a, run)
            o += run
        elif code == 2 or code == 13:
            if code == 13:
                if e - s < wide:
                    return TRUNCATED
                fg = read(s, white)
                s += wide
            if e - s < (run + 7) >> 3:
                return TRUNCATED
            while run > 0:
                bits = s[0]
                s += 1
                n = 8 if run > 8 else run
                if first:
                    for k in range(n):
                        out[o + k] = fg if (bits >> k) & 1 else 0
                else:
                    for k in range(n):
                        out[o + k] = out[o - w + k] ^ (fg & <pixel>(0 - ((bits >> k) & 1)))
                o += n
                run -= n
        elif code == 14:
            if e - s < 2 * wide:
                return TRUNCATED
            a = read(s, white)
            b = read(s + wide, white)
            s += 2 * wide
            for k in range(run):
                out[o] = a
                out[o + 1] = b
                o += 2
        else:
            return INVALID
    guard(o <= total)
    memset(out + o, 0, (total - o) * sizeof(pixel))
    return o


cdef Py_ssize_t decode_any(const uint8_t *s, Py_ssize_t length, Py_ssize_t w, Py_ssize_t total, int bits_per_pixel,
                           void *out) noexcept nogil:
    """Decode to as many bits as a pixel is held in."""
    if bits_per_pixel == 8:
        return decode_orders[uint8_t](s, s + length, w, total, <uint8_t *>out, 0xFF)
    if bits_per_pixel == 24:
        return decode_orders[uint32_t](s, s + length, w, total, <uint32_t *>out, 0xFFFFFF)
    return decode_orders[uint16_t](s, s + length, w, total, <uint16_t *>out, 0x7FFF if bits_per_pixel == 15 else 0xFFFF)


def decode(data, Py_ssize_t width, Py_ssize_t height, int bits_per_pixel, out):
    """See the twin."""
    cdef Py_buffer source, target
    cdef Py_ssize_t status = NO_MEMORY, total = width * height, i
    cdef const uint8_t *s
    cdef uint8_t *d
    cdef uint32_t *wide
    bitmap(width, height)
    PyObject_GetBuffer(data, &source, PyBUF_SIMPLE)
    try:
        PyObject_GetBuffer(out, &target, PyBUF_WRITABLE)
        try:
            if target.len < total * ((bits_per_pixel + 7) >> 3):
                raise ValueError("the output is too small")
            s = <const uint8_t *>source.buf
            d = <uint8_t *>target.buf
            with nogil:
                wide = <uint32_t *>malloc(total * 4 + SLACK)
                if wide != NULL:
                    status = decode_any(s, source.len, width, total, bits_per_pixel, wide)
                    if status >= 0 and bits_per_pixel == 24:
                        for i in range(total):
                            d[3 * i] = wide[i] & 0xFF
                            d[3 * i + 1] = (wide[i] >> 8) & 0xFF
                            d[3 * i + 2] = (wide[i] >> 16) & 0xFF
                    elif status >= 0:
                        memcpy(d, wide, total * ((bits_per_pixel + 7) >> 3))
                    free(wide)
        finally:
            PyBuffer_Release(&target)
    finally:
        PyBuffer_Release(&source)
    return status


cdef struct Drawing:
    int bits_per_pixel
    px32 palette[256]


cdef int prepare(Drawing *drawing, int bits_per_pixel, palette) except -1:
    cdef Py_buffer colours
    drawing.bits_per_pixel = bits_per_pixel
    if bits_per_pixel == 8:
        PyObject_GetBuffer(palette, &colours, PyBUF_SIMPLE)
        try:
            if colours.len < 1024:
                raise ValueError("a palette has 1024 bytes")
            memcpy(drawing.palette, colours.buf, 1024)
        finally:
            PyBuffer_Release(&colours)
    return 0


cdef Py_ssize_t picture_from(const uint8_t *s, Py_ssize_t length, uint8_t *d, Py_ssize_t stride, Py_ssize_t columns,
                             Py_ssize_t rows, Py_ssize_t w, Py_ssize_t h, const void *options) noexcept nogil:
    cdef const Drawing *drawing = <const Drawing *>options
    cdef Py_ssize_t status = NO_MEMORY, i, at
    cdef uint32_t small[4096 + SHORT]
    cdef uint32_t *pixels = small
    cdef px32 *line
    if w * h > 4096:
        pixels = <uint32_t *>malloc(w * h * 4 + SLACK)
    if pixels == NULL:
        return status
    status = decode_any(s, length, w, w * h, drawing.bits_per_pixel, pixels)
    if status >= 0 and columns:
        for i in range(rows):
            at = (h - 1 - i) * w
            line = <px32 *>(d + i * stride)
            if drawing.bits_per_pixel == 8:
                row_from_8(<uint8_t *>pixels + at, line, drawing.palette, columns)
            elif drawing.bits_per_pixel == 15:
                row_from_555(<uint16_t *>pixels + at, line, columns)
            elif drawing.bits_per_pixel == 16:
                row_from_565(<uint16_t *>pixels + at, line, columns)
            else:
                row_from_32(pixels + at, line, columns)
    if pixels != small:
        free(pixels)
    return status


def decode_into(data, surface, Py_ssize_t stride, Py_ssize_t x, Py_ssize_t y, Py_ssize_t visible_width,
                Py_ssize_t visible_height, Py_ssize_t width, Py_ssize_t height, int bits_per_pixel, palette):
    """See the twin."""
    cdef Drawing drawing
    prepare(&drawing, bits_per_pixel, palette)
    return decode_one(data, surface, stride, x, y, visible_width, visible_height, width, height, picture_from, &drawing)


def decode_all(bitmaps, table, surface, Py_ssize_t stride, Py_ssize_t x, Py_ssize_t y, Py_ssize_t width,
               Py_ssize_t height, int bits_per_pixel, palette):
    """See the twin."""
    cdef Drawing drawing
    prepare(&drawing, bits_per_pixel, palette)
    return decode_batch(bitmaps, table, surface, stride, x, y, width, height, picture_from, &drawing)


# --------------------------------------------------------------------------------------------------------- encoding

cdef Py_ssize_t most(Py_ssize_t w, Py_ssize_t h, const void *options) noexcept nogil:
    return w * h * 10 + 16


cdef uint8_t *encode_any(pixel *pixels, uint8_t *begins, Py_ssize_t w, Py_ssize_t total, pixel white,
                         uint8_t *out) noexcept nogil:
    """Encode pixels, behind which there is room for the differences."""
    differences(pixels, pixels + total + SPARE, begins, w, total)
    return encode_orders(pixels, pixels + total + SPARE, begins, w, total, white, out)


cdef uint8_t *put_picture(const uint8_t *s, Py_ssize_t stride, Py_ssize_t w, Py_ssize_t h, uint8_t *d,
                          const void *options) noexcept nogil:
    cdef int bits_per_pixel = (<const int *>options)[0]
    cdef Py_ssize_t total = w * h, i, k
    cdef uint32_t *pixels = <uint32_t *>malloc((total + SPARE) * 9)
    cdef uint16_t *narrow = <uint16_t *>pixels
    cdef uint8_t *begins = <uint8_t *>(pixels + 2 * (total + SPARE))
    cdef const px32 *row
    if pixels == NULL:
        return NULL
    for i in range(h):
        row = <const px32 *>(s + (h - 1 - i) * stride)
        if bits_per_pixel == 8:
            memcpy(<uint8_t *>pixels + i * w, row, w)
        elif bits_per_pixel == 15:
            for k in range(w):
                narrow[i * w + k] = <uint16_t>to_555(row[k])
        elif bits_per_pixel == 16:
            for k in range(w):
                narrow[i * w + k] = <uint16_t>to_565(row[k])
        else:
            for k in range(w):
                pixels[i * w + k] = row[k] & 0xFFFFFF
    if bits_per_pixel == 8:
        d = encode_any(<uint8_t *>pixels, begins, w, total, <uint8_t>0xFF, d)
    elif bits_per_pixel == 24:
        d = encode_any(pixels, begins, w, total, <uint32_t>0xFFFFFF, d)
    else:
        d = encode_any(narrow, begins, w, total, <uint16_t>(0x7FFF if bits_per_pixel == 15 else 0xFFFF), d)
    free(pixels)
    return d


def encode(surface, Py_ssize_t stride, Py_ssize_t x, Py_ssize_t y, Py_ssize_t width, Py_ssize_t height,
           int bits_per_pixel):
    """See the twin."""
    cdef Py_ssize_t unit = 1 if bits_per_pixel == 8 else 4
    return encode_one(surface, stride, x, y, width, height, unit, put_picture, most, &bits_per_pixel)


def encode_all(surface, Py_ssize_t stride, Py_ssize_t x, Py_ssize_t y, Py_ssize_t width, Py_ssize_t height, table,
               int bits_per_pixel):
    """See the twin."""
    cdef Py_ssize_t unit = 1 if bits_per_pixel == 8 else 4
    return encode_batch(surface, stride, x, y, width, height, unit, table, put_picture, most, &bits_per_pixel)
