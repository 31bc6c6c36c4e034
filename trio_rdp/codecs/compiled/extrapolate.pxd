# cython: language_level=3
"""The wavelet of RemoteFX Progressive with 33 low and 31 high samples in 64, [MS-RDPEGFX] 3.2.8.1.2.2, on raw pointers.

`trio_rdp.codecs.plain.extrapolate` says what it does and how the bands lie.  `s` is the number of high samples in a row
of a level (8, 16, or 32 of which the last is zero and not there); give it as a constant.  All arithmetic wraps at 16
bits.
"""

from libc.stdint cimport int16_t
from libc.string cimport memset

from trio_rdp.codecs.compiled.wavelet cimport ci16_r, i16_r

cdef enum:
    CLAMP = 16383
    SPARE = 65 * 64  # the room that a transform needs beside the plane


cdef inline int16_t half(int16_t a, int16_t b) noexcept nogil:
    """Half the sum, rounded towards zero."""
    cdef int16_t total = <int16_t>(a + b)
    return <int16_t>(<int16_t>(total - (total >> 15)) >> 1)


# ---------------------------------------------------------------------------------------------------------- decoding


cdef inline void wide_row(ci16_r low, ci16_r high, i16_r out, int s) noexcept nogil:
    """One row of `2s + 1` samples of `s + 1` low and `s` high ones; of 64 where the 32nd high one is missing."""
    cdef int16_t even[34]
    cdef int i
    even[0] = <int16_t>(low[0] - high[0])
    for i in range(1, s - 1):
        even[i] = <int16_t>(low[i] - half(high[i - 1], high[i]))
    if s == 32:
        even[31] = <int16_t>(low[31] - half(high[30], 0))
        even[32] = low[32]
        for i in range(31):
            out[2 * i] = even[i]
            out[2 * i + 1] = <int16_t>(high[i] * 2 + half(even[i], even[i + 1]))
        out[62] = even[31]
        out[63] = half(even[31], even[32])
    else:
        even[s - 1] = <int16_t>(low[s - 1] - half(high[s - 2], high[s - 1]))
        even[s] = <int16_t>(low[s] - high[s - 1])
        for i in range(s):
            out[2 * i] = even[i]
            out[2 * i + 1] = <int16_t>(high[i] * 2 + half(even[i], even[i + 1]))
        out[2 * s] = even[s]


cdef inline void first_row(ci16_r low, ci16_r high, i16_r out, int w) noexcept nogil:
    """The first row, and with the last high one the last."""
    cdef int i
    for i in range(w):
        out[i] = <int16_t>(low[i] - high[i])


cdef inline void two_rows(ci16_r low, ci16_r above, ci16_r high, ci16_r out0, i16_r out1, i16_r out2,
                          int w) noexcept nogil:
    """The next even row `out2`, and the odd one before it."""
    cdef int i
    cdef int16_t even
    for i in range(w):
        even = <int16_t>(low[i] - half(above[i], high[i]))
        out2[i] = even
        out1[i] = <int16_t>(above[i] * 2 + half(out0[i], even))


cdef inline void odd_row(ci16_r above, ci16_r out0, ci16_r out2, i16_r out1, int w) noexcept nogil:
    cdef int i
    for i in range(w):
        out1[i] = <int16_t>(above[i] * 2 + half(out0[i], out2[i]))


cdef inline void last_rows(ci16_r low, ci16_r above, ci16_r beyond, ci16_r out0, i16_r out1, i16_r out2, i16_r out3,
                           int w) noexcept nogil:
    """The last three of 64 rows, whose last high row is zero and of which a 65th, `beyond`, is only used."""
    cdef int i
    cdef int16_t even
    for i in range(w):
        even = <int16_t>(low[i] - half(above[i], 0))
        out2[i] = even
        out1[i] = <int16_t>(above[i] * 2 + half(out0[i], even))
        out3[i] = half(even, beyond[i])


cdef inline void widen_level(int16_t *c, int s, int16_t *spare) noexcept nogil:
    """Make the samples of a level, in place, of its four bands HL, LH, HH, LL."""
    cdef int y, n = s + 1, h = s - 1 if s == 32 else s, w = 2 * s if s == 32 else 2 * s + 1
    cdef const int16_t *lh = c + n * h
    cdef const int16_t *hh = lh + h * n
    cdef const int16_t *ll = hh + h * h
    cdef int16_t *low = spare
    cdef int16_t *high = spare + n * w
    cdef int16_t *out
    for y in range(n):
        wide_row(ll + y * n, c + y * h, low + y * w, s)
    for y in range(h):
        wide_row(lh + y * n, hh + y * h, high + y * w, s)
    first_row(low, high, c, w)
    for y in range(1, h):
        out = c + 2 * y * w
        two_rows(low + y * w, high + (y - 1) * w, high + y * w, out - 2 * w, out - w, out, w)
    out = c + 2 * h * w
    if s == 32:
        last_rows(low + 31 * w, high + 30 * w, low + 32 * w, out - 2 * w, out - w, out, out + w, w)
    else:
        first_row(low + s * w, high + (s - 1) * w, out, w)
        odd_row(high + (s - 1) * w, out - 2 * w, out, out - w, w)


# ---------------------------------------------------------------------------------------------------------- encoding


cdef inline int16_t beyond(int last, int before) noexcept nogil:
    """The extrapolated 65th sample."""
    cdef int value = 2 * last - before
    return <int16_t>(CLAMP if value > CLAMP else -CLAMP if value < -CLAMP else value)


cdef inline void beyond_row(ci16_r last, ci16_r before, i16_r out, int w) noexcept nogil:
    cdef int i
    for i in range(w):
        out[i] = beyond(last[i], before[i])


cdef inline void high_row(ci16_r x0, ci16_r x1, ci16_r x2, i16_r high, int w) noexcept nogil:
    cdef int i
    for i in range(w):
        high[i] = <int16_t>(<int16_t>(x1[i] - half(x0[i], x2[i])) >> 1)


cdef inline void low_row(ci16_r x0, ci16_r above, ci16_r high, i16_r low, int w) noexcept nogil:
    cdef int i
    for i in range(w):
        low[i] = <int16_t>(x0[i] + half(above[i], high[i]))


cdef inline void edge_row(ci16_r x0, ci16_r high, i16_r low, int w) noexcept nogil:
    cdef int i
    for i in range(w):
        low[i] = <int16_t>(x0[i] + high[i])


cdef inline void narrow_row(ci16_r x, i16_r low, i16_r high, int s) noexcept nogil:
    """Split one row of `2s + 1` samples, or of 64 and one that is extrapolated."""
    cdef int16_t even[34]
    cdef int16_t odd[34]
    cdef int i, h = 31 if s == 32 else s
    for i in range(s):
        even[i] = x[2 * i]
    even[s] = beyond(x[63], x[62]) if s == 32 else x[2 * s]
    for i in range(h):
        odd[i] = <int16_t>(<int16_t>(x[2 * i + 1] - half(even[i], even[i + 1])) >> 1)
    if s == 32:
        # What the plain twin computes and drops; it is zero unless the 65th sample was clamped.
        odd[31] = <int16_t>(<int16_t>(x[63] - half(even[31], even[32])) >> 1)
    for i in range(h):
        high[i] = odd[i]
    low[0] = <int16_t>(even[0] + odd[0])
    for i in range(1, s):
        low[i] = <int16_t>(even[i] + half(odd[i - 1], odd[i]))
    low[s] = <int16_t>(even[s] + odd[s - 1])


cdef inline void narrow_level(int16_t *c, int s, int16_t *spare) noexcept nogil:
    """Make the four bands of a level, in place, of its samples."""
    cdef int y, n = s + 1, h = s - 1 if s == 32 else s, w = 2 * s if s == 32 else 2 * s + 1
    cdef int16_t *lh = c + n * h
    cdef int16_t *hh = lh + h * n
    cdef int16_t *ll = hh + h * h
    cdef int16_t *low = spare
    cdef int16_t *high = spare + n * w
    cdef int16_t last[64]
    cdef const int16_t *end = c + 2 * s * w
    if s == 32:
        beyond_row(c + 63 * w, c + 62 * w, last, w)
        end = last
    for y in range(s - 1):
        high_row(c + 2 * y * w, c + (2 * y + 1) * w, c + (2 * y + 2) * w, high + y * w, w)
    high_row(c + (2 * s - 2) * w, c + (2 * s - 1) * w, end, high + (s - 1) * w, w)
    edge_row(c, high, low, w)
    for y in range(1, s):
        low_row(c + 2 * y * w, high + (y - 1) * w, high + y * w, low + y * w, w)
    edge_row(end, high + (s - 1) * w, low + s * w, w)
    for y in range(n):
        narrow_row(low + y * w, ll + y * n, c + y * h, s)
    for y in range(h):
        narrow_row(high + y * w, lh + y * n, hh + y * h, s)
