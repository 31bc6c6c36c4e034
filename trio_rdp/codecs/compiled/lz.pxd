# cython: language_level=3
"""What the bulk compressors' kernels share: loads, counting of bits, lengths of matches, replicating copies."""

from libc.string cimport memcpy, memset

from trio_rdp.codecs.compiled.common cimport uint8_t, uint32_t, uint64_t

cdef extern from *:
    """
    static inline uint32_t trio_rdp_load32(const uint8_t *p) { uint32_t v; memcpy(&v, p, 4); return v; }
    static inline uint64_t trio_rdp_load64(const uint8_t *p) { uint64_t v; memcpy(&v, p, 8); return v; }
    static inline void trio_rdp_store32(uint8_t *p, uint32_t v) { memcpy(p, &v, 4); }
    static inline void trio_rdp_store64(uint8_t *p, uint64_t v) { memcpy(p, &v, 8); }
    static inline void trio_rdp_copy16(uint8_t *d, const uint8_t *s) {
        uint64_t v[2];
        memcpy(v, s, 16);
        memcpy(d, v, 16);
    }

    #if defined(__GNUC__) || defined(__clang__)
    static inline int trio_rdp_ctz64(uint64_t v) { return __builtin_ctzll(v); }
    static inline int trio_rdp_clz64(uint64_t v) { return __builtin_clzll(v); }
    static inline void trio_rdp_store_be64(uint8_t *p, uint64_t v) { v = __builtin_bswap64(v); memcpy(p, &v, 8); }
    #define trio_rdp_likely(c) __builtin_expect(!!(c), 1)
    #else
    #include <intrin.h>
    static inline int trio_rdp_ctz64(uint64_t v) { unsigned long n; _BitScanForward64(&n, v); return (int)n; }
    static inline int trio_rdp_clz64(uint64_t v) { unsigned long n; _BitScanReverse64(&n, v); return 63 - (int)n; }
    static inline void trio_rdp_store_be64(uint8_t *p, uint64_t v) { v = _byteswap_uint64(v); memcpy(p, &v, 8); }
    #define trio_rdp_likely(c) (c)
    #endif
    """
    uint32_t load32 "trio_rdp_load32"(const uint8_t *) noexcept nogil
    uint64_t load64 "trio_rdp_load64"(const uint8_t *) noexcept nogil
    void store32 "trio_rdp_store32"(uint8_t *, uint32_t) noexcept nogil
    void store64 "trio_rdp_store64"(uint8_t *, uint64_t) noexcept nogil
    void store_be64 "trio_rdp_store_be64"(uint8_t *, uint64_t) noexcept nogil
    void copy16 "trio_rdp_copy16"(uint8_t *, const uint8_t *) noexcept nogil
    int ctz64 "trio_rdp_ctz64"(uint64_t) noexcept nogil
    int clz64 "trio_rdp_clz64"(uint64_t) noexcept nogil
    bint likely "trio_rdp_likely"(bint) noexcept nogil


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


cdef inline void replicate(uint8_t *d, Py_ssize_t distance, Py_ssize_t count) noexcept nogil:
    """Copy `count` bytes, not one more, to `d` from `distance` before it; what was just written is copied again."""
    cdef const uint8_t *s = d - distance
    cdef Py_ssize_t piece
    cdef uint64_t first, last
    cdef uint32_t low, high
    if distance >= count:
        if count >= 16:
            if count <= 32:
                if distance >= 16:
                    first = load64(s + count - 16)
                    last = load64(s + count - 8)
                    copy16(d, s)
                    store64(d + count - 16, first)
                    store64(d + count - 8, last)
                    return
            memcpy(d, s, count)
        elif count >= 8:
            first = load64(s)
            last = load64(s + count - 8)
            store64(d, first)
            store64(d + count - 8, last)
        elif count >= 4:
            low = load32(s)
            high = load32(s + count - 4)
            store32(d, low)
            store32(d + count - 4, high)
        else:
            for piece in range(count):
                d[piece] = s[piece]
    elif distance == 1:
        memset(d, s[0], count)
    elif distance >= 8 or count < 64:
        # Eight at a time where that is no more than the distance, then what is left one by one.
        if distance >= 8:
            while count >= 8:
                store64(d, load64(s))
                d += 8
                s += 8
                count -= 8
        for piece in range(count):
            d[piece] = s[piece]
    else:
        # Each round copies what is there already, so what is there doubles.
        while count:
            piece = d - s if d - s < count else count
            memcpy(d, s, piece)
            d += piece
            count -= piece
