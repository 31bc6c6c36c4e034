# cython: language_level=3
"""What the bulk compressors' kernels share: loads, counting of bits, lengths of matches, replicating copies."""

from libc.string cimport memcpy, memset

from trio_rdp.codecs.compiled.common cimport uint8_t, uint32_t, uint64_t

cdef extern from *:
    """
    static inline uint32_t trio_rdp_load32(const uint8_t *p) { uint32_t v; memcpy(&v, p, 4); return v; }
    static inline uint64_t trio_rdp_load64(const uint8_t *p) { uint64_t v; memcpy(&v, p, 8); return v; }
    static inline void trio_rdp_store64(uint8_t *p, uint64_t v) { memcpy(p, &v, 8); }

    /* How many of eight bytes a pattern of so many fills whole. */
    static const uint8_t trio_rdp_steps[8] = {0, 8, 8, 6, 8, 5, 6, 7};

    #if defined(__GNUC__) || defined(__clang__)
    static inline int trio_rdp_ctz64(uint64_t v) { return __builtin_ctzll(v); }
    static inline int trio_rdp_clz64(uint64_t v) { return __builtin_clzll(v); }
    static inline void trio_rdp_store_be64(uint8_t *p, uint64_t v) { v = __builtin_bswap64(v); memcpy(p, &v, 8); }
    #define trio_rdp_likely(c) __builtin_expect(!!(c), 1)
    #define trio_rdp_prefetch(p) __builtin_prefetch(p)
    #else
    #include <intrin.h>
    static inline int trio_rdp_ctz64(uint64_t v) { unsigned long n; _BitScanForward64(&n, v); return (int)n; }
    static inline int trio_rdp_clz64(uint64_t v) { unsigned long n; _BitScanReverse64(&n, v); return 63 - (int)n; }
    static inline void trio_rdp_store_be64(uint8_t *p, uint64_t v) { v = _byteswap_uint64(v); memcpy(p, &v, 8); }
    #define trio_rdp_likely(c) (c)
    #define trio_rdp_prefetch(p) ((void)0)
    #endif

    #if defined(__SSSE3__)
    #include <immintrin.h>
    /* What a pattern of so many bytes is in sixteen, and how many of them it fills whole. */
    #define TRIO_RDP_ORDER(n) {0, 1 % n, 2 % n, 3 % n, 4 % n, 5 % n, 6 % n, 7 % n, 8 % n, 9 % n, 10 % n, 11 % n, \
                               12 % n, 13 % n, 14 % n, 15 % n}
    static const uint8_t trio_rdp_orders[17][16] = {
        {0}, TRIO_RDP_ORDER(1), TRIO_RDP_ORDER(2), TRIO_RDP_ORDER(3), TRIO_RDP_ORDER(4), TRIO_RDP_ORDER(5),
        TRIO_RDP_ORDER(6), TRIO_RDP_ORDER(7), TRIO_RDP_ORDER(8), TRIO_RDP_ORDER(9), TRIO_RDP_ORDER(10),
        TRIO_RDP_ORDER(11), TRIO_RDP_ORDER(12), TRIO_RDP_ORDER(13), TRIO_RDP_ORDER(14), TRIO_RDP_ORDER(15),
        TRIO_RDP_ORDER(16)};
    static const uint8_t trio_rdp_strides[17] = {0, 16, 16, 15, 16, 15, 12, 14, 16, 9, 10, 11, 12, 13, 14, 15, 16};

    /* With shuffles no branch depends on whether a match overlaps itself, and what was just stored is not loaded. */
    static inline int trio_rdp_spread(uint8_t *d, Py_ssize_t distance, Py_ssize_t count) {
        const uint8_t *s = d - distance;
        Py_ssize_t near = distance < 16 ? distance : 16, step = trio_rdp_strides[near], i;
        __m128i kept = _mm_loadu_si128((const __m128i *)(d + count)), v = _mm_loadu_si128((const __m128i *)s);
        v = _mm_shuffle_epi8(v, _mm_loadu_si128((const __m128i *)trio_rdp_orders[near]));
        _mm_storeu_si128((__m128i *)d, v);
        for (i = step; i < count; i += step) {
            if (distance >= 16)
                v = _mm_loadu_si128((const __m128i *)(s + i));
            _mm_storeu_si128((__m128i *)(d + i), v);
        }
        _mm_storeu_si128((__m128i *)(d + count), kept);
        return 1;
    }
    #else
    static inline int trio_rdp_spread(uint8_t *d, Py_ssize_t distance, Py_ssize_t count) {
        (void)d; (void)distance; (void)count;
        return 0;
    }
    #endif
    """
    uint32_t load32 "trio_rdp_load32"(const uint8_t *) noexcept nogil
    uint64_t load64 "trio_rdp_load64"(const uint8_t *) noexcept nogil
    void store64 "trio_rdp_store64"(uint8_t *, uint64_t) noexcept nogil
    void store_be64 "trio_rdp_store_be64"(uint8_t *, uint64_t) noexcept nogil
    const uint8_t *STEPS "trio_rdp_steps"
    int ctz64 "trio_rdp_ctz64"(uint64_t) noexcept nogil
    int clz64 "trio_rdp_clz64"(uint64_t) noexcept nogil
    void prefetch "trio_rdp_prefetch"(const void *) noexcept nogil
    bint likely "trio_rdp_likely"(bint) noexcept nogil
    bint spread "trio_rdp_spread"(uint8_t *, Py_ssize_t, Py_ssize_t) noexcept nogil


cdef inline Py_ssize_t same(const uint8_t *a, const uint8_t *b, Py_ssize_t most) noexcept nogil:
    """Count how many bytes are the same, `most` at most; both must have `most`."""
    cdef Py_ssize_t n = 0
    cdef uint64_t differ
    while n + 8 <= most:
        differ = load64(a + n) ^ load64(b + n)
        if differ:
            return n + (ctz64(differ) >> 3)
        n += 8
    while n < most and a[n] == b[n]:
        n += 1
    return n


cdef inline void replicate(uint8_t *d, Py_ssize_t distance, Py_ssize_t count, Py_ssize_t room) noexcept nogil:
    """Copy `count` bytes to `d` from `distance` before it; what was just written is copied again.

    `room` bytes may be written, but only `count` are changed: what lies behind is a history's oldest part.
    """
    cdef const uint8_t *s = d - distance
    cdef Py_ssize_t piece = 0, step
    cdef uint64_t kept, more, pattern
    if likely(count <= 64 and room - count >= 16):
        # Some at a time, the last too far, and then what was overwritten is put back.
        if spread(d, distance, count):
            return
        kept = load64(d + count)
        more = load64(d + count + 8)
        if distance >= 8:
            while True:
                store64(d + piece, load64(s + piece))
                store64(d + piece + 8, load64(s + piece + 8))
                piece += 16
                if likely(piece >= count):
                    break
        else:
            step = 8 * distance
            pattern = load64(s) & ((<uint64_t>1 << step) - 1)
            pattern |= pattern << step
            if distance < 4:
                pattern |= pattern << (2 * step)
                if distance == 1:
                    pattern |= pattern << 32
            step = STEPS[distance]
            while True:
                store64(d + piece, pattern)
                store64(d + piece + step, pattern)
                piece += 2 * step
                if likely(piece >= count):
                    break
        store64(d + count, kept)
        store64(d + count + 8, more)
    elif distance >= count:
        memcpy(d, s, count)
    elif distance == 1:
        memset(d, s[0], count)
    else:
        # Each round copies what is there already, so what is there doubles.
        while count:
            piece = d - s if d - s < count else count
            memcpy(d, s, piece)
            d += piece
            count -= piece
