# cython: language_level=3
"""Encoding NSCodec on raw pointers, inline for the kernels that do it: nscodec itself and ClearCodec."""

from libc.stdint cimport int16_t
from libc.string cimport memcpy, memset

from trio_rdp.codecs.compiled.common cimport cpx32_r, guard, px32, u8_r, uint8_t, uint32_t, uint64_t
from trio_rdp.codecs.compiled.nsc_planes cimport NSC_END, NSC_HEADER, equal_bytes, load64, low_byte

cdef extern from *:
    """
    typedef int16_t *__restrict trio_rdp_i16_r;
    typedef const int16_t *__restrict trio_rdp_ci16_r;
    """
    ctypedef int16_t *i16_r "trio_rdp_i16_r"
    ctypedef const int16_t *ci16_r "trio_rdp_ci16_r"


cdef inline void split_row(cpx32_r s, u8_r luma, i16_r co, i16_r cg, Py_ssize_t n) noexcept nogil:
    """Luma and chroma of a row; green chroma is twice as large as it is."""
    cdef Py_ssize_t i
    cdef int16_t r, g, b
    for i in range(n):
        b = <int16_t>(s[i] & 0xFF)
        g = <int16_t>((s[i] >> 8) & 0xFF)
        r = <int16_t>((s[i] >> 16) & 0xFF)
        luma[i] = <uint8_t>((r + 2 * g + b + 2) >> 2)
        co[i] = <int16_t>(r - b)
        cg[i] = <int16_t>(2 * g - r - b)


cdef inline void take_alpha(cpx32_r s, u8_r d, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        d[i] = <uint8_t>(s[i] >> 24)


cdef inline void reduce_row(ci16_r s, u8_r d, Py_ssize_t n, int bits, int level) noexcept nogil:
    cdef Py_ssize_t i
    cdef int16_t half = <int16_t>((1 << bits) >> 1), most = <int16_t>(255 >> level), mask = <int16_t>(511 >> level), v
    for i in range(n):
        v = <int16_t>(<int16_t>(s[i] + half) >> bits)
        v = most if v > most else v
        d[i] = <uint8_t>(v & mask)


cdef inline void reduce_rows(ci16_r s, ci16_r t, u8_r d, Py_ssize_t n, int bits, int level) noexcept nogil:
    """Average two by two; `n` is the number of averages."""
    cdef Py_ssize_t i
    cdef int16_t half = <int16_t>((1 << bits) >> 1), most = <int16_t>(255 >> level), mask = <int16_t>(511 >> level), v
    for i in range(n):
        v = <int16_t>(s[2 * i] + s[2 * i + 1] + t[2 * i] + t[2 * i + 1])
        v = <int16_t>(<int16_t>(v + half) >> bits)
        v = most if v > most else v
        d[i] = <uint8_t>(v & mask)


cdef inline void widen(int16_t *row, Py_ssize_t n, Py_ssize_t wide) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n, wide):
        row[i] = row[n - 1]


cdef inline void split(const uint8_t *s, Py_ssize_t stride, Py_ssize_t w, Py_ssize_t h, int level, bint subsampling,
                uint8_t **planes, int16_t *rows) noexcept nogil:
    """Fill the planes (alpha unless it is NULL); `rows` is room for four rows of chroma."""
    cdef Py_ssize_t wide = (w + 7) & ~<Py_ssize_t>7 if subsampling else w, y
    cdef uint8_t *luma = planes[0]
    cdef uint8_t *co = planes[1]
    cdef uint8_t *cg = planes[2]
    cdef int16_t *other
    for y in range(h):
        other = rows + 2 * wide * (y & 1 if subsampling else 0)
        split_row(<const px32 *>(s + y * stride), luma, other, other + wide, w)
        if planes[3] != NULL:
            take_alpha(<const px32 *>(s + y * stride), planes[3] + y * w, w)
        if not subsampling:
            reduce_row(other, co, w, level, level)
            reduce_row(other + wide, cg, w, level + 1, level)
            co += w
            cg += w
        else:
            if wide > w:
                memset(luma + w, luma[w - 1], wide - w)
                widen(other, w, wide)
                widen(other + wide, w, wide)
            if y & 1 or y == h - 1:
                # The last of an odd number of rows counts twice.
                reduce_rows(rows, other, co, wide >> 1, level + 2, level)
                reduce_rows(rows + wide, other + wide, cg, wide >> 1, level + 3, level)
                co += wide >> 1
                cg += wide >> 1
        luma += wide


cdef inline Py_ssize_t pack_plane(const uint8_t *s, Py_ssize_t size, uint8_t *out) noexcept nogil:
    """Encode a plane, or copy it: the bytes of it.  Writes up to sixteen bytes more than `size`."""
    cdef Py_ssize_t i = 0, end = size - NSC_END, run, limit = size - NSC_END
    cdef uint64_t value, pairs, differ
    cdef uint8_t *d = out
    while i < end and d - out < limit:
        if end - i >= 9:
            value = load64(s + i)
            memcpy(d, &value, 8)
            pairs = equal_bytes(value, load64(s + i + 1))
            if not pairs:
                i += 8
                d += 8
                continue
            run = low_byte(pairs)
            i += run
            d += run
        run = i + 1
        value = s[i] * <uint64_t>0x0101010101010101u
        while end - run >= 8:
            differ = load64(s + run) ^ value
            if differ:
                run += low_byte(differ)
                break
            run += 8
        else:
            while run < end and s[run] == s[i]:
                run += 1
        run -= i
        d[0] = d[1] = s[i]
        i += run
        if run == 1:
            d += 1
        elif run < 256:
            d[2] = <uint8_t>(run - 2)
            d += 3
        else:
            d[2] = 0xFF
            d[3] = run & 0xFF
            d[4] = (run >> 8) & 0xFF
            d[5] = (run >> 16) & 0xFF
            d[6] = (run >> 24) & 0xFF
            d += 7
    guard(d - out <= size + 16)
    if d - out >= limit:
        memcpy(out, s, size)
        return size
    memcpy(d, s + i, NSC_END)
    return d - out + NSC_END


cdef inline void put32(uint8_t *d, Py_ssize_t value) noexcept nogil:
    d[0] = value & 0xFF
    d[1] = (value >> 8) & 0xFF
    d[2] = (value >> 16) & 0xFF
    d[3] = (value >> 24) & 0xFF


cdef inline Py_ssize_t plane_sizes(Py_ssize_t width, Py_ssize_t height, bint subsampling, bint with_alpha,
                                   Py_ssize_t *sizes) noexcept nogil:
    """The bytes of each plane, and of all."""
    cdef Py_ssize_t wide = (width + 7) & ~<Py_ssize_t>7
    sizes[0] = sizes[1] = sizes[2] = sizes[3] = width * height
    if subsampling:
        sizes[0] = wide * height
        sizes[1] = sizes[2] = (wide >> 1) * ((height + 1) >> 1)
    if not with_alpha:
        sizes[3] = 0
    return sizes[0] + sizes[1] + sizes[2] + sizes[3]


cdef inline Py_ssize_t nsc_encode(const uint8_t *s, Py_ssize_t stride, Py_ssize_t width, Py_ssize_t height, int level,
                                  bint subsampling, bint with_alpha, uint8_t *memory, int16_t *rows,
                                  uint8_t *out) noexcept nogil:
    """Encode from the row at `s` on: the bytes written.

    `memory` has room for all planes, `rows` for four rows of chroma, and `out` for planes, header and sixteen bytes.
    """
    cdef uint8_t *planes[4]
    cdef Py_ssize_t sizes[4]
    cdef Py_ssize_t count
    cdef uint8_t *d = out + NSC_HEADER
    cdef int k
    plane_sizes(width, height, subsampling, with_alpha, sizes)
    planes[0] = memory
    planes[1] = planes[0] + sizes[0]
    planes[2] = planes[1] + sizes[1]
    planes[3] = planes[2] + sizes[2] if with_alpha else NULL
    split(s, stride, width, height, level, subsampling, planes, rows)
    for k in range(4):
        count = pack_plane(planes[k], sizes[k], d) if sizes[k] else 0
        put32(out + 4 * k, count)
        d += count
    out[16] = <uint8_t>level
    out[17] = subsampling
    out[18] = out[19] = 0
    return d - out
