# cython: language_level=3
"""What of a tile of RemoteFX lies in a region's rectangles, for its kernels, and drawing just that.

The work for a tile is limited however its rectangles overlap: a bit for each pixel, and each pixel is drawn once.
"""

from libc.stdint cimport int16_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

from trio_rdp.codecs.compiled.tile_color cimport ycbcr_to_bgrx


cdef inline int word(const uint8_t *p) noexcept nogil:
    return p[0] | (<int>p[1] << 8)


cdef struct Clip:
    int left
    int top
    int right
    int bottom
    uint64_t rows[64]


cdef inline int clip(int left, int top, Py_ssize_t width, Py_ssize_t height, const uint8_t *rects,
                     Py_ssize_t n, Clip *c) noexcept nogil:
    """What is drawn of the tile at `left`, `top`: 0 nothing, 1 a rectangle of it, 2 the pixels whose bits are set."""
    cdef int found = 0, right = <int>min(width - left, 64), bottom = <int>min(height - top, 64), l, t, r, b, y
    cdef Py_ssize_t i
    cdef uint64_t bits
    if right <= 0 or bottom <= 0:
        return 0
    for i in range(n):
        l = word(rects + 8 * i) - left
        t = word(rects + 8 * i + 2) - top
        r = l + word(rects + 8 * i + 4)
        b = t + word(rects + 8 * i + 6)
        l = l if l > 0 else 0
        t = t if t > 0 else 0
        r = r if r < right else right
        b = b if b < bottom else bottom
        if l >= r or t >= b:
            continue
        if found == 0 or (r - l == right and b - t == bottom):
            c.left = l
            c.top = t
            c.right = r
            c.bottom = b
            if r - l == right and b - t == bottom:
                return 1
            found = 1
            continue
        if found == 1:
            found = 2
            memset(c.rows, 0, sizeof(c.rows))
            bits = (~<uint64_t>0 >> (64 - (c.right - c.left))) << c.left
            for y in range(c.top, c.bottom):
                c.rows[y] = bits
        bits = (~<uint64_t>0 >> (64 - (r - l))) << l
        for y in range(t, b):
            c.rows[y] |= bits
    return found


cdef inline void draw_masked(const int16_t *planes, const uint64_t *rows, uint8_t *out,
                             Py_ssize_t stride) noexcept nogil:
    """Draw the pixels of a tile, three planes of 4096 samples, whose bits are set."""
    cdef uint16_t pixels[128]
    cdef uint64_t bits
    cdef int y, x
    for y in range(64):
        bits = rows[y]
        if bits:
            ycbcr_to_bgrx(planes + 64 * y, planes + 4096 + 64 * y, planes + 8192 + 64 * y, pixels, 64)
            for x in range(64):
                if bits >> x & 1:
                    memcpy(out + y * stride + 4 * x, pixels + 2 * x, 4)
