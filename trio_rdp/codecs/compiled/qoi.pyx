# cython: language_level=3
"""The "Quite OK Image" format on raw pointers; `trio_rdp.codecs.plain.qoi` says what it does.

A pixel is one number, 0xAARRGGBB, as it lies in the surface.
"""

from libc.stdlib cimport free, malloc
from libc.string cimport memcmp, memcpy, memset

from trio_rdp.codecs.compiled.batches cimport decode_batch, decode_one, encode_batch, encode_one
from trio_rdp.codecs.compiled.common cimport (
    INVALID, NO_MEMORY, OVERRUN, TRUNCATED, px32, px32_r, uint8_t, uint32_t,
)

cdef enum:
    INDEX = 0x00
    DIFF = 0x40
    LUMA = 0x80
    RUN = 0xC0
    RGB = 0xFE
    RGBA = 0xFF
    HEADER = 14
    END = 8
    LONGEST_RUN = 62

cdef const uint8_t *MARKER = b"\0\0\0\0\0\0\0\1"


cdef inline uint32_t place(uint32_t p) noexcept nogil:
    return (((p >> 16) & 255) * 3 + ((p >> 8) & 255) * 5 + (p & 255) * 7 + (p >> 24) * 11) & 63


cdef inline uint32_t big(const uint8_t *s) noexcept nogil:
    return (<uint32_t>s[0] << 24) | (<uint32_t>s[1] << 16) | (<uint32_t>s[2] << 8) | s[3]


cdef inline void fill(px32_r d, uint32_t value, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        d[i] = value


cdef Py_ssize_t decode(const uint8_t *s, Py_ssize_t n, uint8_t *out, Py_ssize_t stride, Py_ssize_t columns,
                       Py_ssize_t rows, px32 *spare, Py_ssize_t w, Py_ssize_t h, uint32_t opaque) noexcept nogil:
    """A status, or the pixels decoded.  Rows that are not seen whole are decoded to `spare`."""
    cdef const uint8_t *e = s + n
    cdef uint32_t seen[64]
    cdef uint32_t p = 0xFF000000u, tag, g
    cdef Py_ssize_t row, i, run = 0, piece
    cdef px32 *d
    if n < HEADER:
        return TRUNCATED
    if memcmp(s, b"qoif", 4) or big(s + 4) != w or big(s + 8) != h or (s[12] != 3 and s[12] != 4):
        return INVALID
    s += HEADER
    memset(seen, 0, sizeof(seen))
    for row in range(h):
        d = <px32 *>(out + row * stride) if row < rows and columns == w else spare
        i = 0
        while i < w:
            if run:
                piece = run if run < w - i else w - i
                fill(d + i, p | opaque, piece)
                i += piece
                run -= piece
                continue
            # A chunk has up to five bytes, and the end marker eight.
            if e - s < 5:
                return TRUNCATED
            tag = s[0]
            s += 1
            if tag < DIFF:
                p = seen[tag]
            elif tag < LUMA:
                # Each channel by itself, so that nothing is carried to the next.
                p = ((p & 0xFF000000u) | ((p + (((tag >> 4) & 3) << 16) - 0x20000) & 0xFF0000)
                     | ((p + (((tag >> 2) & 3) << 8) - 0x200) & 0xFF00) | ((p + (tag & 3) - 2) & 0xFF))
                seen[place(p)] = p
            elif tag < RUN:
                g = tag - LUMA - 32
                tag = s[0]
                s += 1
                p = ((p & 0xFF000000u) | ((p + ((g + (tag >> 4) - 8) << 16)) & 0xFF0000)
                     | ((p + (g << 8)) & 0xFF00) | ((p + g + (tag & 15) - 8) & 0xFF))
                seen[place(p)] = p
            elif tag < RGB:
                run = tag - RUN + 1
                seen[place(p)] = p
                continue
            else:
                p = (p & 0xFF000000u) | (<uint32_t>s[0] << 16) | (<uint32_t>s[1] << 8) | s[2]
                s += 3
                if tag == RGBA:
                    p = (p & 0xFFFFFF) | (<uint32_t>s[0] << 24)
                    s += 1
                seen[place(p)] = p
            d[i] = p | opaque
            i += 1
        if row < rows and columns != w:
            memcpy(out + row * stride, spare, columns * 4)
    if run:
        return OVERRUN
    if e - s < END:
        return TRUNCATED
    return w * h if memcmp(s, MARKER, END) == 0 else INVALID


cdef Py_ssize_t picture_from(const uint8_t *s, Py_ssize_t length, uint8_t *d, Py_ssize_t stride, Py_ssize_t columns,
                             Py_ssize_t rows, Py_ssize_t w, Py_ssize_t h, const void *options) noexcept nogil:
    """`options` is what is set in every pixel drawn."""
    cdef px32 *spare = NULL
    cdef Py_ssize_t status
    if columns < w or rows < h:
        spare = <px32 *>malloc(w * 4)
        if spare == NULL:
            return NO_MEMORY
    status = decode(s, length, d, stride, columns, rows, spare, w, h, (<const uint32_t *>options)[0])
    free(spare)
    return status


def decode_into(data, surface, Py_ssize_t stride, Py_ssize_t x, Py_ssize_t y, Py_ssize_t visible_width,
                Py_ssize_t visible_height, Py_ssize_t width, Py_ssize_t height, bint keep_alpha):
    """See the twin."""
    cdef uint32_t opaque = 0 if keep_alpha else 0xFF000000u
    return decode_one(data, surface, stride, x, y, visible_width, visible_height, width, height, picture_from, &opaque)


def decode_all(bitmaps, table, surface, Py_ssize_t stride, Py_ssize_t x, Py_ssize_t y, Py_ssize_t width,
               Py_ssize_t height, bint keep_alpha):
    """See the twin."""
    cdef uint32_t opaque = 0 if keep_alpha else 0xFF000000u
    return decode_batch(bitmaps, table, surface, stride, x, y, width, height, picture_from, &opaque)


# --------------------------------------------------------------------------------------------------------- encoding

cdef inline bint same(const px32 *p, uint32_t value, uint32_t opaque) noexcept nogil:
    cdef uint32_t other = 0
    cdef int i
    for i in range(8):
        other |= (p[i] | opaque) ^ value
    return other == 0


cdef inline void put_big(uint8_t *d, uint32_t value) noexcept nogil:
    d[0] = <uint8_t>(value >> 24)
    d[1] = <uint8_t>(value >> 16)
    d[2] = <uint8_t>(value >> 8)
    d[3] = <uint8_t>value


cdef Py_ssize_t most(Py_ssize_t w, Py_ssize_t h, const void *options) noexcept nogil:
    return HEADER + w * h * (5 if (<const bint *>options)[0] else 4) + END


cdef uint8_t *put_picture(const uint8_t *s, Py_ssize_t stride, Py_ssize_t w, Py_ssize_t h, uint8_t *d,
                          const void *options) noexcept nogil:
    """`options` is whether there is alpha."""
    cdef bint with_alpha = (<const bint *>options)[0]
    cdef uint32_t seen[64]
    cdef uint32_t opaque = 0 if with_alpha else 0xFF000000u
    cdef uint32_t p, last = 0xFF000000u, at, red, green, blue
    cdef Py_ssize_t row, i, run = 0
    cdef const px32 *line
    memcpy(d, b"qoif", 4)
    put_big(d + 4, <uint32_t>w)
    put_big(d + 8, <uint32_t>h)
    d[12] = 4 if with_alpha else 3
    d[13] = 0
    d += HEADER
    memset(seen, 0, sizeof(seen))
    for row in range(h):
        line = <const px32 *>(s + row * stride)
        i = 0
        while i < w:
            p = line[i] | opaque
            i += 1
            if p == last:
                run += 1
                while w - i >= 8 and same(line + i, last, opaque):
                    run += 8
                    i += 8
                while i < w and (line[i] | opaque) == last:
                    run += 1
                    i += 1
                continue
            if run:
                while run > LONGEST_RUN:
                    d[0] = RUN | (LONGEST_RUN - 1)
                    d += 1
                    run -= LONGEST_RUN
                d[0] = <uint8_t>(RUN | (run - 1))
                d += 1
                run = 0
            at = place(p)
            if seen[at] == p:
                d[0] = <uint8_t>at
                d += 1
                last = p
                continue
            seen[at] = p
            if (p ^ last) >> 24:
                d[0] = RGBA
                d[1] = <uint8_t>(p >> 16)
                d[2] = <uint8_t>(p >> 8)
                d[3] = <uint8_t>p
                d[4] = <uint8_t>(p >> 24)
                d += 5
                last = p
                continue
            # With two added, what is from -2 to 1 is less than four.
            red = ((p >> 16) - (last >> 16) + 2) & 255
            green = ((p >> 8) - (last >> 8) + 2) & 255
            blue = (p - last + 2) & 255
            if (red | green | blue) < 4:
                d[0] = <uint8_t>(DIFF | (red << 4) | (green << 2) | blue)
                d += 1
                last = p
                continue
            red = (red - green + 8) & 255
            blue = (blue - green + 8) & 255
            green = (green + 30) & 255
            if green < 64 and (red | blue) < 16:
                d[0] = <uint8_t>(LUMA | green)
                d[1] = <uint8_t>((red << 4) | blue)
                d += 2
            else:
                d[0] = RGB
                d[1] = <uint8_t>(p >> 16)
                d[2] = <uint8_t>(p >> 8)
                d[3] = <uint8_t>p
                d += 4
            last = p
    while run:
        i = run if run < LONGEST_RUN else LONGEST_RUN
        d[0] = <uint8_t>(RUN | (i - 1))
        d += 1
        run -= i
    memcpy(d, MARKER, END)
    return d + END


def encode(surface, Py_ssize_t stride, Py_ssize_t x, Py_ssize_t y, Py_ssize_t width, Py_ssize_t height,
           bint with_alpha):
    """See the twin."""
    return encode_one(surface, stride, x, y, width, height, 4, put_picture, most, &with_alpha)


def encode_all(surface, Py_ssize_t stride, Py_ssize_t x, Py_ssize_t y, Py_ssize_t width, Py_ssize_t height, table,
               bint with_alpha):
    """See the twin."""
    return encode_batch(surface, stride, x, y, width, height, 4, table, put_picture, most, &with_alpha)
