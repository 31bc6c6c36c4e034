# cython: language_level=3
"""RLGR1 and RLGR3, [MS-RDPRFX] 3.1.8.1.7, for the kernels of RemoteFX; `trio_rdp.codecs.plain.rlgr` says what they do.

`pairs` is what makes RLGR3 of RLGR1; give it as a constant, so that each becomes a function of its own.
"""

from libc.stdint cimport int16_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

from trio_rdp.codecs.compiled.common cimport OVERRUN, load_be64

cdef extern from *:
    """
    #if defined(_MSC_VER)
    #include <intrin.h>
    static inline int trio_rdp_clz64(uint64_t v) { unsigned long i; _BitScanReverse64(&i, v); return 63 - (int)i; }
    static inline int trio_rdp_ctz64(uint64_t v) { unsigned long i; _BitScanForward64(&i, v); return (int)i; }
    #define trio_rdp_bswap32 _byteswap_ulong
    #define trio_rdp_bswap64 _byteswap_uint64
    #define trio_rdp_likely(c) (c)
    #else
    #define trio_rdp_clz64 __builtin_clzll
    #define trio_rdp_ctz64 __builtin_ctzll
    #define trio_rdp_bswap32 __builtin_bswap32
    #define trio_rdp_bswap64 __builtin_bswap64
    #define trio_rdp_likely(c) __builtin_expect(!!(c), 1)
    #endif
    static inline void trio_rdp_store_be64(uint8_t *p, uint64_t v) { v = trio_rdp_bswap64(v); memcpy(p, &v, 8); }
    """
    int clz64 "trio_rdp_clz64"(uint64_t) noexcept nogil  # of a number that is not zero
    int ctz64 "trio_rdp_ctz64"(uint64_t) noexcept nogil
    uint32_t bswap32 "trio_rdp_bswap32"(uint32_t) noexcept nogil
    void store_be64 "trio_rdp_store_be64"(uint8_t *, uint64_t) noexcept nogil
    bint likely "trio_rdp_likely"(bint) noexcept nogil

cdef enum:
    # CLW_ENTROPY_RLGR1, CLW_ENTROPY_RLGR3.
    RLGR1 = 1
    RLGR3 = 4


cdef inline void refill(uint64_t *bits, int *held, const uint8_t **p, const uint8_t *end) noexcept nogil:
    """Hold at least 56 bits, left-aligned, or all that there are; behind the last follow zeros."""
    cdef int n
    if likely(end - p[0] >= 8):
        bits[0] |= load_be64(p[0]) >> held[0]
        n = (63 - held[0]) >> 3
        p[0] += n
        held[0] += n << 3
    else:
        while p[0] < end and held[0] < 56:
            bits[0] |= <uint64_t>p[0][0] << (56 - held[0])
            p[0] += 1
            held[0] += 8


cdef inline int clamp(int parameter) noexcept nogil:
    parameter = parameter if parameter > 0 else 0
    return parameter if parameter < 80 else 80


cdef inline uint32_t run_of(int steps) noexcept nogil:
    """The zeros that so many escapes stand for, when k begins at 0: two of 1, two of 2, two of 4, up to 1024 each."""
    if likely(steps <= 22):
        return <uint32_t>(2 + (steps & 1)) << (steps >> 1)
    return 4096 + (<uint32_t>(steps - 22) << 10)


cdef inline uint32_t top(uint64_t bits, int n) noexcept nogil:
    """The first `n` bits, 0 to 32."""
    return <uint32_t>(bits >> 1 >> (63 - n))


cdef inline int16_t unfold(uint32_t value) noexcept nogil:
    return <int16_t>((value >> 1) ^ (0 - (value & 1)))


cdef inline int rlgr_decode(const uint8_t *p, const uint8_t *end, int16_t *out, int count, bint pairs) noexcept nogil:
    """Decode `count` coefficients; how many the bytes held, the rest being zeros.

    A symbol that is cut off counts as not there.  Numbers wrap at 32 bits, coefficients at 16.  What a branch predictor
    could not guess is calculated; what is rare, such as codes that outrun the bits held, is left to branches.
    """
    cdef uint64_t bits = 0
    cdef uint32_t run = 0, code, first, second
    cdef int held = 0, k, kp = 8, kr, krp = 8, ones, zeros, n, negative = 0, o = 0
    memset(out, 0, <size_t>count * 2)
    while o < count:
        refill(&bits, &held, &p, end)
        if held == 0:
            break
        k = kp >> 3
        if k:
            run = 0
            zeros = clz64(bits | 1)
            while zeros >= held:
                run += run_of((kp >> 2) + held) - run_of(kp >> 2)
                kp = clamp(kp + 4 * held)
                if run >= <uint32_t>(count - o):
                    return count
                bits = 0
                held = 0
                refill(&bits, &held, &p, end)
                if held == 0:
                    return o
                zeros = clz64(bits | 1)
            run += run_of((kp >> 2) + zeros) - run_of(kp >> 2)
            kp = clamp(kp + 4 * zeros)
            k = kp >> 3
            bits = bits << zeros << 1
            held -= zeros + 1
            if run >= <uint32_t>(count - o):
                return count
            if held < 40:
                refill(&bits, &held, &p, end)
            run += top(bits, k)
            bits <<= k
            negative = <int>(bits >> 63)
            bits <<= 1
            held -= k + 1
            if run >= <uint32_t>(count - o):
                return count if held >= -1 else o
        # A Golomb-Rice code: ones, a zero, kr bits.
        ones = 0
        n = clz64(~bits | 1)
        while n >= held and p < end:
            ones += held
            bits = 0
            held = 0
            refill(&bits, &held, &p, end)
            n = clz64(~bits | 1)
        ones += n
        bits = bits << n << 1
        held -= n + 1
        kr = krp >> 3
        if held < 42:
            refill(&bits, &held, &p, end)
        code = (<uint32_t>ones << kr) | top(bits, kr)
        bits <<= kr
        held -= kr
        krp = clamp(krp + ones - (ones == 1) - 2 * (ones == 0))
        if k:
            if held < 0:
                break
            kp = clamp(kp - 6)
            o += <int>run
            code += 1
            out[o] = <int16_t>((code ^ (0 - <uint32_t>negative)) + <uint32_t>negative)
            o += 1
        elif pairs:
            n = 63 - clz64(2 * <uint64_t>code + 1)
            first = top(bits, n)
            second = code - first
            bits <<= n
            held -= n
            if held < 0:
                break
            kp = clamp(kp + 6 - 6 * (first != 0) - 6 * (second != 0))
            out[o] = unfold(first)
            o += 1
            if likely(o < count):
                out[o] = unfold(second)
                o += 1
        else:
            if held < 0:
                break
            kp = clamp(kp + 3 - 6 * (code != 0))
            out[o] = unfold(code)
            o += 1
    return o


cdef struct BitWriter:
    uint64_t bits
    int held
    bint full
    uint8_t *p
    uint8_t *end


cdef inline void put(BitWriter *w, uint32_t value, int n) noexcept nogil:
    """Append `n` bits, at most 32, of a value that has no more; remember when there is no room for them."""
    cdef uint32_t word
    w.bits = (w.bits << n) | value
    w.held += n
    if w.held >= 32:
        w.held -= 32
        word = bswap32(<uint32_t>(w.bits >> w.held))
        if likely(w.end - w.p >= 4):
            memcpy(w.p, &word, 4)
            w.p += 4
        else:
            w.full = True


cdef struct WideWriter:
    uint64_t bits
    int held                # fewer than eight between two symbols
    bint full
    uint8_t *p
    uint8_t *end


cdef inline void append(WideWriter *w, uint64_t value, int n) noexcept nogil:
    """Append `n` bits, at most 56; as `put`, but without a branch that depends on them, at eight bytes a time."""
    w.bits = (w.bits << n) | value
    w.held += n
    if likely(w.end - w.p >= 8):
        store_be64(w.p, w.bits << (63 - w.held) << 1)
        w.p += w.held >> 3
    else:
        w.full = True
    w.held &= 7


cdef inline int escapes_of(uint32_t run, int steps) noexcept nogil:
    """How many escapes there are in a run of zeros when k has come so many steps; see `run_of`."""
    cdef uint32_t sum = run + run_of(steps)
    cdef int k
    if likely(sum < 4096):
        k = 62 - clz64(sum)
        return 2 * k + <int>(sum >> k & 1) - steps
    return 22 + <int>((sum - 4096) >> 10) - steps


cdef inline uint32_t fold(int value) noexcept nogil:
    return <uint32_t>((value * 2) ^ (value >> 31))


cdef inline Py_ssize_t rlgr_encode(const int16_t *c, int count, uint8_t *out, uint8_t *end, bint pairs) noexcept nogil:
    """Encode `count` coefficients; the bytes, or OVERRUN where there is no room for them and eight more.

    Most symbols are put together first, and appended at once.
    """
    cdef WideWriter w
    cdef uint64_t four, symbol
    cdef uint32_t run, first = 0, code, ones
    cdef int o = 0, k, kp = 8, kr, krp = 8, v, z, n, length, second = 0
    w.bits = 0
    w.held = 0
    w.full = False
    w.p = out
    w.end = end
    while o < count:
        k = kp >> 3
        symbol = 0
        length = 0
        if k:
            z = o
            while z + 4 <= count:
                memcpy(&four, c + z, 8)
                if four:
                    z += ctz64(four) >> 4
                    break
                z += 4
            while z < count and c[z] == 0:
                z += 1
            run = z - o
            # At the end of the coefficients stands one more: its code is complete, and nobody reads it.
            v = c[z] if z < count else 1
            o = z + 1
            n = escapes_of(run, kp >> 2)
            run -= run_of((kp >> 2) + n) - run_of(kp >> 2)
            kp = clamp(kp + 4 * n)
            k = kp >> 3
            while n > 8:
                append(&w, 0, 8)
                n -= 8
            symbol = (((<uint64_t>1 << k) | run) << 1) | (v < 0)
            length = n + k + 2
            code = <uint32_t>((v if v > 0 else -v) - 1)
            kp = clamp(kp - 6)
        else:
            first = fold(c[o])
            code = first
            o += 1
            if pairs:
                second = fold(c[o]) if o < count else 0
                code += second
                o += 1
                kp = clamp(kp + 6 - 6 * (first != 0) - 6 * (second != 0))
            else:
                kp = clamp(kp + 3 - 6 * (first != 0))
        kr = krp >> 3
        ones = code >> kr
        n = <int>ones
        if n > 24:
            append(&w, symbol, length)
            symbol = 0
            length = 0
            while n > 24:
                append(&w, 0xFFFFFF, 24)
                n -= 24
        symbol = (symbol << 1 << n) | ((<uint64_t>2 << n) - 2)
        symbol = (symbol << kr) | (code & ((<uint32_t>1 << kr) - 1))
        length += n + 1 + kr
        if pairs and not k:
            n = 63 - clz64(2 * <uint64_t>code + 1)
            symbol = (symbol << n) | first
            length += n
        append(&w, symbol, length)
        n = <int>ones if ones < 80 else 80
        krp = clamp(krp + n - (n == 1) - 2 * (n == 0))
    if w.held:
        w.p += 1
    return OVERRUN if w.full else w.p - out
