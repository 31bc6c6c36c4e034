# cython: language_level=3
"""The 5/3 wavelet of RemoteFX on planes of 64 x 64, [MS-RDPRFX] 3.1.8.1.4 to 3.1.8.1.6 and back, for its kernels.

A plane of 4096 coefficients lies as it is sent: HL1, LH1, HH1, HL2, LH2, HH2, HL3, LH3, HH3, LL3, each row by row.
Means are exact; what is stored wraps at 16 bits.  `trio_rdp.codecs.plain.wavelet` says what each function does.
"""

from libc.stdint cimport int16_t
from libc.string cimport memcpy

cdef extern from *:
    """
    typedef int16_t *__restrict trio_rdp_i16_r;
    typedef const int16_t *__restrict trio_rdp_ci16_r;
    """
    ctypedef int16_t *i16_r "trio_rdp_i16_r"
    ctypedef const int16_t *ci16_r "trio_rdp_ci16_r"


cdef inline int16_t mean(int16_t a, int16_t b) noexcept nogil:
    """Half the sum, rounded down, in no more than 16 bits."""
    return <int16_t>((a & b) + ((a ^ b) >> 1))


cdef inline int16_t mean_up(int16_t a, int16_t b) noexcept nogil:
    return <int16_t>((a | b) - ((a ^ b) >> 1))


cdef inline bint all_zero(const int16_t *c, int n) noexcept nogil:
    """Whether `n`, a multiple of 64, coefficients are zeros."""
    cdef int16_t any
    cdef int i, j
    for i in range(0, n, 64):
        any = 0
        for j in range(i, i + 64):
            any |= c[j]
        if any:
            return False
    return True


# ---------------------------------------------------------------------------------------------------------- decoding


cdef inline void undo_differences(int16_t *c, int n) noexcept nogil:
    """Each coefficient but the first was sent as its difference from the one before."""
    cdef int i
    cdef int16_t sum = 0
    for i in range(n):
        sum = <int16_t>(sum + c[i])
        c[i] = sum


cdef inline void scale_band(i16_r c, int n, int factor) noexcept nogil:
    """Dequantise `n` coefficients: a factor of 1 to 15 stands for a step of 2 to the power of factor - 1."""
    cdef int i, step = 1 << (factor - 1)
    if factor > 1:
        for i in range(n):
            c[i] = <int16_t>(c[i] * step)


cdef inline void row_join(ci16_r low, ci16_r high, i16_r out, int s) noexcept nogil:
    """One row of `2 * s` samples of its low and its high half."""
    cdef int16_t even[33]
    cdef int i
    even[0] = <int16_t>(low[0] - high[0])
    for i in range(1, s):
        even[i] = <int16_t>(low[i] - mean_up(high[i - 1], high[i]))
    even[s] = even[s - 1]
    for i in range(s):
        out[2 * i] = even[i]
        out[2 * i + 1] = <int16_t>(high[i] * 2 + mean(even[i], even[i + 1]))


cdef inline void row_spread(ci16_r low, i16_r out, int s) noexcept nogil:
    """The same where the high half is all zeros."""
    cdef int i
    for i in range(s - 1):
        out[2 * i] = low[i]
        out[2 * i + 1] = mean(low[i], low[i + 1])
    out[2 * s - 2] = low[s - 1]
    out[2 * s - 1] = low[s - 1]


cdef inline void column_between(ci16_r out0, ci16_r out2, i16_r out1, int w) noexcept nogil:
    cdef int i
    for i in range(w):
        out1[i] = mean(out0[i], out2[i])


cdef inline void column_first(ci16_r low, ci16_r high, i16_r out, int w) noexcept nogil:
    cdef int i
    for i in range(w):
        out[i] = <int16_t>(low[i] - high[i])


cdef inline void column_next(ci16_r low, ci16_r above, ci16_r high, ci16_r out0, i16_r out1, i16_r out2,
                             int w) noexcept nogil:
    cdef int i
    cdef int16_t even
    for i in range(w):
        even = <int16_t>(low[i] - mean_up(above[i], high[i]))
        out2[i] = even
        out1[i] = <int16_t>(above[i] * 2 + mean(out0[i], even))


cdef inline void column_last(ci16_r high, ci16_r out0, i16_r out1, int w) noexcept nogil:
    cdef int i
    for i in range(w):
        out1[i] = <int16_t>(high[i] * 2 + out0[i])


cdef inline void join_level(int16_t *c, int s, int16_t *spare) noexcept nogil:
    """Make `2s` x `2s` samples, in place, of four bands of `s` x `s`: HL, LH, HH, LL; `s` is best a constant."""
    cdef int y, w = 2 * s, n = s * s
    cdef int16_t *out
    for y in range(s):
        row_join(c + 3 * n + y * s, c + y * s, spare + y * w, s)
        row_join(c + n + y * s, c + 2 * n + y * s, spare + (s + y) * w, s)
    column_first(spare, spare + s * w, c, w)
    for y in range(1, s):
        out = c + 2 * y * w
        column_next(spare + y * w, spare + (s + y - 1) * w, spare + (s + y) * w, out - 2 * w, out - w, out, w)
    out = c + (2 * s - 1) * w
    column_last(spare + (2 * s - 1) * w, out - w, out, w)


cdef inline void spread_level(int16_t *c, int s, int16_t *spare) noexcept nogil:
    """What `join_level` makes of a low band (the last `s` x `s` of `4 * s * s`) whose three high bands are zeros."""
    cdef int y, w = 2 * s, n = s * s
    cdef int16_t *out
    memcpy(spare, c + 3 * n, <size_t>n * 2)
    row_spread(spare, c, s)
    for y in range(1, s):
        out = c + 2 * y * w
        row_spread(spare + y * s, out, s)
        column_between(out - 2 * w, out, out - w, w)
    memcpy(c + (w - 1) * w, c + (w - 2) * w, <size_t>w * 2)


# ---------------------------------------------------------------------------------------------------------- encoding


cdef inline void column_high(ci16_r x0, ci16_r x1, ci16_r x2, i16_r high, int w) noexcept nogil:
    cdef int i
    for i in range(w):
        high[i] = <int16_t>(<int16_t>(x1[i] - mean(x0[i], x2[i])) >> 1)


cdef inline void column_low(ci16_r x0, ci16_r above, ci16_r high, i16_r low, int w) noexcept nogil:
    cdef int i
    for i in range(w):
        low[i] = <int16_t>(x0[i] + mean(above[i], high[i]))


cdef inline void row_split(ci16_r x, i16_r low, i16_r high, int s) noexcept nogil:
    cdef int16_t even[33]
    cdef int16_t odd[33]
    cdef int i
    for i in range(s):
        even[i] = x[2 * i]
    even[s] = even[s - 1]
    for i in range(s):
        odd[i + 1] = <int16_t>(<int16_t>(x[2 * i + 1] - mean(even[i], even[i + 1])) >> 1)
    odd[0] = odd[1]
    for i in range(s):
        high[i] = odd[i + 1]
        low[i] = <int16_t>(even[i] + mean(odd[i], odd[i + 1]))


cdef inline void split_level(int16_t *c, int s, int16_t *spare) noexcept nogil:
    """Make four bands of `s` x `s`, HL, LH, HH, LL, in place, of `2s` x `2s` samples; `s` is best a constant."""
    cdef int y, w = 2 * s, n = s * s
    cdef int16_t *low = spare
    cdef int16_t *high = spare + s * w
    for y in range(s - 1):
        column_high(c + 2 * y * w, c + (2 * y + 1) * w, c + (2 * y + 2) * w, high + y * w, w)
    column_high(c + (w - 2) * w, c + (w - 1) * w, c + (w - 2) * w, high + (s - 1) * w, w)
    column_low(c, high, high, low, w)
    for y in range(1, s):
        column_low(c + 2 * y * w, high + (y - 1) * w, high + y * w, low + y * w, w)
    for y in range(s):
        row_split(low + y * w, c + 3 * n + y * s, c + y * s, s)
        row_split(high + y * w, c + n + y * s, c + 2 * n + y * s, s)


cdef inline void unscale_band(i16_r c, int n, int factor) noexcept nogil:
    """Quantise `n` coefficients, rounding to the nearest; see `scale_band`."""
    cdef int i, shift = factor - 1
    cdef int half = (1 << shift) >> 1
    for i in range(n):
        c[i] = <int16_t>(<int16_t>(c[i] + half) >> shift)


cdef inline void do_differences(int16_t *c, int n) noexcept nogil:
    cdef int i
    for i in range(n - 1, 0, -1):
        c[i] = <int16_t>(c[i] - c[i - 1])
