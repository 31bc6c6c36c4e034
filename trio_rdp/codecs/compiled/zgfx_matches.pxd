# cython: language_level=3
"""What the compressor of RDP 8.0 bulk data is made of: the search for matches, and the bits that are written."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t

cdef extern from *:
    """
    #if defined(_MSC_VER)
    #include <intrin.h>
    static inline int trio_rdp_clz64(uint64_t v) { unsigned long i; _BitScanReverse64(&i, v); return 63 - (int)i; }
    static inline int trio_rdp_ctz64(uint64_t v) { unsigned long i; _BitScanForward64(&i, v); return (int)i; }
    #else
    static inline int trio_rdp_clz64(uint64_t v) { return __builtin_clzll(v); }
    static inline int trio_rdp_ctz64(uint64_t v) { return __builtin_ctzll(v); }
    #endif
    static inline uint32_t trio_rdp_load32(const uint8_t *p) { uint32_t v; memcpy(&v, p, 4); return v; }
    static inline uint64_t trio_rdp_load64(const uint8_t *p) { uint64_t v; memcpy(&v, p, 8); return v; }
    """
    int clz64 "trio_rdp_clz64"(uint64_t) noexcept nogil
    int ctz64 "trio_rdp_ctz64"(uint64_t) noexcept nogil
    uint32_t load32 "trio_rdp_load32"(const uint8_t *) noexcept nogil
    uint64_t load64 "trio_rdp_load64"(const uint8_t *) noexcept nogil

cdef enum:
    LONG_BITS = 15       # of the places that remember where eight bytes were seen, two places each
    SHORT_BITS = 14      # four bytes
    NEAR_BITS = 12       # three bytes, one place each
    NEAR = 22175         # a match of three bytes pays up to here

cdef struct Finder:
    uint32_t *eights
    uint32_t *fours
    uint32_t *threes
    uint32_t *cost       # of each literal of the segment, all before it added up
    Py_ssize_t hashed    # up to where positions are remembered

cdef struct Match:
    Py_ssize_t length
    Py_ssize_t distance
    int saved

cdef struct Bits:
    uint8_t *d
    uint64_t bits
    int have


cdef inline void put(Bits *out, uint32_t code, int size) noexcept nogil:
    """Write up to 31 bits."""
    cdef uint32_t word
    out.bits = (out.bits << size) | code
    out.have += size
    if out.have >= 32:
        out.have -= 32
        word = <uint32_t>(out.bits >> out.have)
        out.d[0] = <uint8_t>(word >> 24)
        out.d[1] = <uint8_t>(word >> 16)
        out.d[2] = <uint8_t>(word >> 8)
        out.d[3] = <uint8_t>word
        out.d += 4


cdef inline int align(Bits *out) noexcept nogil:
    """Write what is left to a whole byte; how many bits of that are not used."""
    cdef int unused = -out.have & 7
    out.bits <<= unused
    out.have += unused
    while out.have:
        out.have -= 8
        out.d[0] = <uint8_t>(out.bits >> out.have)
        out.d += 1
    return unused


cdef inline int token(Py_ssize_t distance) noexcept nogil:
    """The number of a distance's token."""
    if distance < 672:
        return 0 if distance < 32 else 1 if distance < 160 else 2
    if distance < 22176:
        return 3 if distance < 1696 else 4 if distance < 5792 else 5
    if distance < 317088:
        return 6 if distance < 54944 else 7
    return 8 if distance < 1365664 else 9 if distance < 2414240 else 10


cdef inline int token_bits(int number) noexcept nogil:
    """The bits of a token and of the value behind it: 10, 12, 14, 15, 17, 20, 21, 25, 27, 28 and 29."""
    return (<uint64_t>0x191514110F0E0C0Au >> (8 * number)) & 255 if number < 8 else 19 + number


cdef inline uint32_t hash8(uint64_t v) noexcept nogil:
    return <uint32_t>((v * <uint64_t>0x9E3779B97F4A7C15u) >> (64 - LONG_BITS)) << 1


cdef inline uint32_t hash4(uint32_t v) noexcept nogil:
    return ((v * <uint32_t>2654435761u) >> (32 - SHORT_BITS)) << 1


cdef inline uint32_t hash3(uint32_t v) noexcept nogil:
    return ((v << 8) * <uint32_t>2654435761u) >> (32 - NEAR_BITS)


cdef inline void remember(Finder *f, const uint8_t *h, Py_ssize_t i) noexcept nogil:
    """Remember eight bytes that are all there."""
    cdef uint64_t v = load64(h + i)
    cdef uint32_t *p = f.eights + hash8(v)
    p[1] = p[0]
    p[0] = <uint32_t>i
    p = f.fours + hash4(<uint32_t>v)
    p[1] = p[0]
    p[0] = <uint32_t>i
    f.threes[hash3(<uint32_t>v)] = <uint32_t>i


cdef inline Py_ssize_t matching(const uint8_t *a, const uint8_t *b, const uint8_t *end) noexcept nogil:
    """How many bytes from `a` and from `b` on agree; `b` is the later one and ends at `end`."""
    cdef const uint8_t *start = b
    cdef uint64_t other
    while end - b >= 8:
        other = load64(a) ^ load64(b)
        if other:
            return b - start + (ctz64(other) >> 3)
        a += 8
        b += 8
    while b < end and a[0] == b[0]:
        a += 1
        b += 1
    return b - start


cdef inline void consider(Finder *f, const uint8_t *h, Py_ssize_t i, Py_ssize_t end, Py_ssize_t candidate,
                          Py_ssize_t history, const uint32_t *cost, Match *best) noexcept nogil:
    cdef Py_ssize_t length, distance = i - candidate
    cdef int saved
    if distance <= 0 or distance > history:
        return
    if best.length and (i + best.length >= end or h[candidate + best.length] != h[i + best.length]):
        return
    length = matching(h + candidate, h + i, h + end)
    if length < 3 or length <= best.length:
        return
    saved = <int>(cost[length] - cost[0]) - token_bits(token(distance))
    saved -= 1 if length == 3 else 2 * (63 - clz64(<uint64_t>length))
    if saved > best.saved:
        best.length = length
        best.distance = distance
        best.saved = saved


cdef inline Match find(Finder *f, const uint8_t *h, Py_ssize_t i, Py_ssize_t end, Py_ssize_t history,
                       const uint32_t *cost) noexcept nogil:
    """The match at `i`, of which eight bytes are there, that saves the most bits."""
    cdef Match best
    cdef uint64_t v = load64(h + i)
    cdef uint32_t *p = f.eights + hash8(v)
    best.length = 0
    best.distance = 0
    best.saved = 0
    if load64(h + p[0]) == v:
        consider(f, h, i, end, p[0], history, cost, &best)
    if load64(h + p[1]) == v:
        consider(f, h, i, end, p[1], history, cost, &best)
    if best.length < 16:
        p = f.fours + hash4(<uint32_t>v)
        if load32(h + p[0]) == <uint32_t>v:
            consider(f, h, i, end, p[0], history, cost, &best)
        if load32(h + p[1]) == <uint32_t>v:
            consider(f, h, i, end, p[1], history, cost, &best)
        if best.length == 0:
            p = f.threes + hash3(<uint32_t>v)
            if i - p[0] <= NEAR:
                consider(f, h, i, end, p[0], history, cost, &best)
    return best


cdef inline void move(uint32_t *places, Py_ssize_t n, Py_ssize_t by) noexcept nogil:
    """Let positions follow the window; those that fell out of it become its beginning."""
    cdef Py_ssize_t i
    cdef uint32_t back = <uint32_t>by
    for i in range(n):
        places[i] = places[i] - back if places[i] > back else 0
