# cython: language_level=3
"""Between planes of Y, Cb and Cr (64 x 64, in 32nds, Y minus 128) and rows of BGRX pixels, [MS-RDPRFX] 3.1.8.1.3
and 3.1.8.2.5, for the kernels of RemoteFX; `trio_rdp.codecs.plain.rfx` says what they do.

Written in numbers of 16 bits, products by their upper half, so that a compiler makes vector instructions of it.
"""

from libc.stdint cimport int16_t, uint8_t, uint16_t, uint32_t
from libc.string cimport memcpy

from trio_rdp.codecs.compiled.common cimport cpx32_r, px16, px16_r, px32
from trio_rdp.codecs.compiled.wavelet cimport ci16_r, i16_r


cdef inline int16_t byte_of(int16_t v) noexcept nogil:
    v = v >> 5
    v = 0 if v < 0 else v
    return 255 if v > 255 else v


cdef inline void ycbcr_to_bgrx(ci16_r y, ci16_r cb, ci16_r cr, px16_r out, int n) noexcept nogil:
    """Convert one row of `n` samples to pixels; the fourth byte is 255."""
    cdef int i
    cdef int16_t luma, blue, red, r, g, b
    for i in range(n):
        luma = <int16_t>(y[i] + 4096 + 16)  # the half that makes rounding of cutting off
        blue = <int16_t>(cb[i] * 4)
        red = <int16_t>(cr[i] * 4)
        r = byte_of(<int16_t>(luma + <int16_t>((red * 22979) >> 16)))
        g = byte_of(<int16_t>(luma - <int16_t>((blue * 5632) >> 16) - <int16_t>((red * 11705) >> 16)))
        b = byte_of(<int16_t>(luma + <int16_t>((blue * 28998) >> 16)))
        out[2 * i] = <uint16_t>(b | (g << 8))
        out[2 * i + 1] = <uint16_t>(r | 0xFF00)


cdef inline void tile_to_bgrx(const int16_t *y, const int16_t *cb, const int16_t *cr, uint8_t *out, Py_ssize_t stride,
                              int left, int top, int right, int bottom) noexcept nogil:
    """Draw the part `left`, `top` to `right`, `bottom` of a tile, whose own first pixel would lie at `out`."""
    cdef int row
    if left == 0 and right == 64:
        for row in range(top, bottom):
            ycbcr_to_bgrx(y + row * 64, cb + row * 64, cr + row * 64, <px16 *>(out + row * stride), 64)
    else:
        for row in range(top, bottom):
            ycbcr_to_bgrx(y + row * 64 + left, cb + row * 64 + left, cr + row * 64 + left,
                          <px16 *>(out + row * stride + 4 * left), right - left)


cdef inline void bgrx_to_ycbcr(cpx32_r pixels, i16_r y, i16_r cb, i16_r cr, int n) noexcept nogil:
    """Convert one row of `n` pixels."""
    cdef int i
    cdef uint32_t v
    cdef int16_t r, g, b
    for i in range(n):
        v = pixels[i]
        b = <int16_t>((v & 255) << 7)
        g = <int16_t>((v >> 1) & 0x7F80)
        r = <int16_t>((v >> 9) & 0x7F80)
        y[i] = <int16_t>(<int16_t>((r * 4899) >> 16) + <int16_t>((g * 9617) >> 16) + <int16_t>((b * 1868) >> 16) - 4096)
        cb[i] = <int16_t>(<int16_t>((b * 8202) >> 16) - <int16_t>((r * 2768) >> 16) - <int16_t>((g * 5434) >> 16))
        cr[i] = <int16_t>(<int16_t>((r * 8189) >> 16) - <int16_t>((g * 6857) >> 16) - <int16_t>((b * 1332) >> 16))


cdef inline void bgrx_to_tile(const uint8_t *pixels, Py_ssize_t stride, int width, int height, int16_t *y, int16_t *cb,
                              int16_t *cr) noexcept nogil:
    """Convert up to 64 x 64 pixels (at least one) to three planes; what is missing repeats the last column and row."""
    cdef int row, i
    for row in range(height):
        if width == 64:
            bgrx_to_ycbcr(<const px32 *>(pixels + row * stride), y + row * 64, cb + row * 64, cr + row * 64, 64)
        else:
            bgrx_to_ycbcr(<const px32 *>(pixels + row * stride), y + row * 64, cb + row * 64, cr + row * 64, width)
            for i in range(row * 64 + width, row * 64 + 64):
                y[i] = y[row * 64 + width - 1]
                cb[i] = cb[row * 64 + width - 1]
                cr[i] = cr[row * 64 + width - 1]
    for row in range(height, 64):
        memcpy(y + row * 64, y + (height - 1) * 64, 128)
        memcpy(cb + row * 64, cb + (height - 1) * 64, 128)
        memcpy(cr + row * 64, cr + (height - 1) * 64, 128)
