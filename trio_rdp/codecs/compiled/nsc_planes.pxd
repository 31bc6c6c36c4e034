# cython: language_level=3
"""Decoding NSCodec on raw pointers, inline for the kernels that meet such bitmaps: nscodec itself and ClearCodec."""

from libc.stdint cimport int8_t, int16_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset

from trio_rdp.codecs.compiled.common cimport (
    INVALID, NO_MEMORY, OVERRUN, TRUNCATED, cpx32_r, cu8_r, guard, px32, px32_r, u8_r, uint8_t, uint32_t, uint64_t,
)

cdef extern from *:
    """
    #if defined(_MSC_VER)
    #include <intrin.h>
    static inline int trio_rdp_low_byte(uint64_t v) {
        unsigned long n;
        _BitScanForward64(&n, v);
        return (int)(n >> 3);
    }
    #else
    #define trio_rdp_low_byte(v) (__builtin_ctzll(v) >> 3)
    #endif
    typedef const int8_t *__restrict trio_rdp_ci8_r;
    typedef int8_t *__restrict trio_rdp_i8_r;
    """
    ctypedef const int8_t *ci8_r "trio_rdp_ci8_r"
    ctypedef int8_t *i8_r "trio_rdp_i8_r"
    int low_byte "trio_rdp_low_byte"(uint64_t) noexcept nogil

cdef enum:
    NSC_HEADER = 20
    NSC_END = 4          # "the last 4 bytes of the stream are always left unencoded"
    NSC_SLACK = 64       # room behind each plane, for pieces that are copied or filled many bytes at once

ctypedef struct Nsc:
    const uint8_t *planes[4]     # NULL for no alpha
    Py_ssize_t pitch[4]
    int shift                    # restores chroma
    bint subsampling
    uint8_t *memory


cdef inline uint32_t load32(const uint8_t *p) noexcept nogil:
    cdef uint32_t v
    memcpy(&v, p, 4)
    return v


cdef inline Py_ssize_t count32(const uint8_t *p) noexcept nogil:
    """A count, or one that is as much too large."""
    cdef uint32_t v = load32(p)
    return <Py_ssize_t>(v if v < 0x7FFFFFFF else 0x7FFFFFFF)


cdef inline uint64_t load64(const uint8_t *p) noexcept nogil:
    cdef uint64_t v
    memcpy(&v, p, 8)
    return v


cdef inline uint64_t equal_bytes(uint64_t v, uint64_t w) noexcept nogil:
    """The lowest bit set is in the lowest byte where both are equal; zero when none is."""
    v ^= w
    return (v - 0x0101010101010101u) & ~v & 0x8080808080808080u


cdef inline Py_ssize_t expand_plane(const uint8_t *s, const uint8_t *e, Py_ssize_t size, uint8_t *out) noexcept nogil:
    """Expand a run-length coded plane of `size` bytes: 0 or a status.  Writes up to NSC_SLACK bytes behind it."""
    cdef Py_ssize_t left = size, run
    cdef uint64_t pairs, value
    cdef uint8_t *d = out
    while left > NSC_END:
        if left >= 16 and e - s >= 9:
            # Eight literals at once, as far as none is followed by its like.
            value = load64(s)
            pairs = equal_bytes(value, load64(s + 1))
            memcpy(d, &value, 8)
            run = low_byte(pairs) if pairs else 8
            s += run
            d += run
            left -= run
            if not pairs:
                continue
            # Seven literals at most, so that this is not the last one.
        else:
            if s >= e:
                return TRUNCATED
            # A literal is not followed by its like, unless it is the last one before the raw end.
            if left == NSC_END + 1:
                d[0] = s[0]
                s += 1
                d += 1
                left -= 1
                break
            if e - s < 2:
                return TRUNCATED
            if s[0] != s[1]:
                d[0] = s[0]
                s += 1
                d += 1
                left -= 1
                continue
        if e - s < 3:
            return TRUNCATED
        run = s[2]
        if run < 0xFF:
            run += 2
            if run > left - NSC_END:
                return OVERRUN
            memset(d, s[0], 32)
            if run > 32:
                memset(d + 32, s[0], run - 32)
            s += 3
        else:
            if e - s < 7:
                return TRUNCATED
            run = count32(s + 3)
            if run > left - NSC_END:
                return OVERRUN
            memset(d, s[0], run)
            s += 7
        d += run
        left -= run
    if e - s < NSC_END:
        return TRUNCATED
    # A plane of fewer than four bytes cannot come here: it would have to be shorter than its end.
    guard(left == NSC_END and d - out == size - NSC_END)
    memcpy(d, s, NSC_END)
    return 0


cdef inline Py_ssize_t nsc_open(const uint8_t *s, const uint8_t *e, Py_ssize_t width, Py_ssize_t height,
                                Nsc *nsc) noexcept nogil:
    """Find or expand the four planes: 0 or a status.  `nsc_close` comes after it in any case."""
    cdef Py_ssize_t sizes[4]
    cdef Py_ssize_t counts[4]
    cdef Py_ssize_t wide = width, chroma = width, rows = height, total = 0, status
    cdef uint8_t *room
    cdef int k
    nsc.memory = NULL
    if e - s < NSC_HEADER:
        return TRUNCATED
    if s[16] < 1 or s[16] > 7:
        return INVALID
    # Chroma is halved by the inverse transformation, so it is shifted by one less than it was reduced.
    nsc.shift = s[16] - 1
    nsc.subsampling = s[17] != 0
    if nsc.subsampling:
        wide = (width + 7) & ~<Py_ssize_t>7
        chroma = wide >> 1
        rows = (height + 1) >> 1
    nsc.pitch[0] = wide
    nsc.pitch[1] = nsc.pitch[2] = chroma
    nsc.pitch[3] = width
    sizes[0] = wide * height
    sizes[1] = sizes[2] = chroma * rows
    sizes[3] = width * height
    for k in range(4):
        counts[k] = count32(s + 4 * k)
    s += NSC_HEADER
    # Errors in the order in which a reader meets them, one plane after the other; memory for all that are expanded.
    for k in range(4):
        if counts[k] < sizes[k] and counts[k] > 0:
            total += sizes[k] + NSC_SLACK
    if total:
        nsc.memory = <uint8_t *>malloc(total)
        if nsc.memory == NULL:
            return NO_MEMORY
    room = nsc.memory
    for k in range(4):
        if counts[k] > sizes[k] or (counts[k] == 0 and k != 3):
            return INVALID
        if counts[k] > e - s:
            return TRUNCATED
        nsc.planes[k] = s if counts[k] else NULL
        if 0 < counts[k] < sizes[k]:
            status = expand_plane(s, s + counts[k], sizes[k], room)
            if status < 0:
                return status
            nsc.planes[k] = room
            room += sizes[k] + NSC_SLACK
        s += counts[k]
    return 0


cdef inline void nsc_close(Nsc *nsc) noexcept nogil:
    free(nsc.memory)
    nsc.memory = NULL


cdef inline void restore_chroma(cu8_r s, i8_r d, Py_ssize_t n, int shift) noexcept nogil:
    cdef Py_ssize_t i
    cdef uint8_t mask = <uint8_t>(0xFF >> shift)
    for i in range(n):
        d[i] = <int8_t>((s[i] & mask) << shift)


cdef inline void spread_chroma(cu8_r s, i8_r d, Py_ssize_t n, int shift) noexcept nogil:
    """Restore chroma and give each sample to two pixels; `n` is the number of samples."""
    cdef Py_ssize_t i
    cdef uint8_t mask = <uint8_t>(0xFF >> shift)
    for i in range(n):
        d[2 * i] = <int8_t>((s[i] & mask) << shift)
        d[2 * i + 1] = <int8_t>((s[i] & mask) << shift)


cdef inline uint32_t clamp16(int16_t value) noexcept nogil:
    value = 0 if value < 0 else value
    return <uint32_t>(255 if value > 255 else value)


cdef inline void colour_row(cu8_r luma, ci8_r co, ci8_r cg, px32_r d, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    cdef int16_t l, o, g
    for i in range(n):
        l = luma[i]
        o = co[i]
        g = cg[i]
        d[i] = (0xFF000000u | clamp16(<int16_t>(l - g - o)) | (clamp16(<int16_t>(l + g)) << 8)
                | (clamp16(<int16_t>(l - g + o)) << 16))


cdef inline void alpha_row(cu8_r alpha, px32_r d, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        d[i] = (d[i] & 0xFFFFFFu) | (<uint32_t>alpha[i] << 24)


cdef inline Py_ssize_t nsc_draw(const Nsc *nsc, Py_ssize_t width, Py_ssize_t height, uint8_t *d, Py_ssize_t stride,
                                Py_ssize_t columns, Py_ssize_t rows, bint top_down, bint keep_alpha) noexcept nogil:
    """Draw the visible part of opened planes: 0, or a status when there is no memory for two rows of chroma."""
    cdef uint8_t small[2 * 2048]
    cdef int8_t *co = <int8_t *>small
    cdef int8_t *cg
    cdef Py_ssize_t i, row, line, last = -1, room = (columns + 1) & ~<Py_ssize_t>1
    cdef px32 *target
    if 2 * room > <Py_ssize_t>sizeof(small):
        co = <int8_t *>malloc(2 * room)
        if co == NULL:
            return NO_MEMORY
    cg = co + room
    for i in range(rows):
        row = i if top_down else height - 1 - i
        line = row >> 1 if nsc.subsampling else row
        if line != last:
            if nsc.subsampling:
                spread_chroma(nsc.planes[1] + line * nsc.pitch[1], co, room >> 1, nsc.shift)
                spread_chroma(nsc.planes[2] + line * nsc.pitch[2], cg, room >> 1, nsc.shift)
            else:
                restore_chroma(nsc.planes[1] + line * nsc.pitch[1], co, columns, nsc.shift)
                restore_chroma(nsc.planes[2] + line * nsc.pitch[2], cg, columns, nsc.shift)
            last = line
        target = <px32 *>(d + i * stride)
        colour_row(nsc.planes[0] + row * nsc.pitch[0], co, cg, target, columns)
        if keep_alpha and nsc.planes[3] != NULL:
            alpha_row(nsc.planes[3] + row * nsc.pitch[3], target, columns)
    if co != <int8_t *>small:
        free(co)
    return 0
