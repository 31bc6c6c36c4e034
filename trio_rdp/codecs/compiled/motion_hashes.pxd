# cython: language_level=3
"""The strong and the weak hash of a block; `trio_rdp.codecs.plain.motion` says how they are made.

Both are written out for AVX2, and the strong one for SSE2: compilers do not find how to multiply every second number.
"""

from libc.string cimport memcpy, memset

from trio_rdp.codecs.compiled.common cimport cpx32_r, guard, px32, uint8_t, uint32_t, uint64_t

cdef enum:
    BLOCK = 16
    PIXELS = 256
    PATCH = 31
    LANES = 32               # a row of a patch, and one pixel more that nobody looks at

cdef extern from *:
    """
    #if defined(__AVX2__)
    #include <immintrin.h>
    #elif defined(__SSE2__)
    #include <emmintrin.h>
    #endif

    typedef struct {
        uint32_t first[256], second[256];  /* the keys of both sums as the pixels lie */
        uint32_t weights[256];             /* what each pixel counts in the weak hash */
        uint32_t row_factors[4], column_factors[4];
        uint64_t multipliers[3];
    } trio_rdp_motion_keys;

    #if defined(__AVX2__)
    #define LOAD(p) _mm256_loadu_si256((const __m256i *)(p))
    static inline uint64_t trio_rdp_motion_total(__m256i v) {
        __m128i half = _mm_add_epi64(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
        uint64_t both[2];
        _mm_storeu_si128((__m128i *)both, half);
        return both[0] + both[1];
    }
    static inline __m256i trio_rdp_motion_step(__m256i sum, __m256i left, __m256i right, const uint32_t *keys) {
        left = _mm256_add_epi32(left, LOAD(keys));
        right = _mm256_add_epi32(right, LOAD(keys + 8));
        sum = _mm256_add_epi64(sum, _mm256_mul_epu32(left, right));
        left = _mm256_shuffle_epi32(left, 0xF5);
        right = _mm256_shuffle_epi32(right, 0xF5);
        return _mm256_add_epi64(sum, _mm256_mul_epu32(left, right));
    }
    static inline void trio_rdp_motion_strong(const uint8_t *s, ptrdiff_t stride, const trio_rdp_motion_keys *keys,
                                              uint64_t *sums) {
        __m256i one = _mm256_setzero_si256(), two = one;
        for (int y = 0; y < 16; y++, s += stride) {
            _mm_prefetch((const char *)s + 128, _MM_HINT_T0);  /* 16 rows far apart are too many to be foreseen */
            __m256i left = LOAD(s), right = LOAD(s + 32);
            one = trio_rdp_motion_step(one, left, right, keys->first + 16 * y);
            two = trio_rdp_motion_step(two, left, right, keys->second + 16 * y);
        }
        sums[0] = trio_rdp_motion_total(one);
        sums[1] = trio_rdp_motion_total(two);
    }
    static inline uint32_t trio_rdp_motion_weak(const uint8_t *s, ptrdiff_t stride, const trio_rdp_motion_keys *keys) {
        __m256i sum = _mm256_setzero_si256(), differs = sum;
        uint32_t first, lanes[8], total = 0;
        memcpy(&first, s, 4);
        __m256i same = _mm256_set1_epi32((int)first);
        for (int y = 0; y < 16; y++, s += stride) {
            for (int half = 0; half < 2; half++) {
                __m256i p = LOAD(s + 32 * half);
                differs = _mm256_or_si256(differs, _mm256_xor_si256(p, same));
                p = _mm256_xor_si256(p, _mm256_srli_epi32(p, 13));
                sum = _mm256_add_epi32(sum, _mm256_mullo_epi32(p, LOAD(keys->weights + 16 * y + 8 * half)));
            }
        }
        _mm256_storeu_si256((__m256i *)lanes, sum);
        for (int i = 0; i < 8; i++) total += lanes[i];
        return _mm256_testz_si256(differs, differs) ? 0 : total;
    }
    #undef LOAD
    #else
    #if defined(__SSE2__)
    #define LOAD(p) _mm_loadu_si128((const __m128i *)(p))
    static inline __m128i trio_rdp_motion_step(__m128i sum, __m128i left, __m128i right, const uint32_t *keys) {
        left = _mm_add_epi32(left, LOAD(keys));
        right = _mm_add_epi32(right, LOAD(keys + 8));
        sum = _mm_add_epi64(sum, _mm_mul_epu32(left, right));
        left = _mm_shuffle_epi32(left, 0xF5);
        right = _mm_shuffle_epi32(right, 0xF5);
        return _mm_add_epi64(sum, _mm_mul_epu32(left, right));
    }
    static inline void trio_rdp_motion_strong(const uint8_t *s, ptrdiff_t stride, const trio_rdp_motion_keys *keys,
                                              uint64_t *sums) {
        __m128i one = _mm_setzero_si128(), two = one;
        uint64_t both[2];
        for (int y = 0; y < 16; y++, s += stride) {
            for (int x = 0; x < 8; x += 4) {
                __m128i left = LOAD(s + 4 * x), right = LOAD(s + 4 * x + 32);
                one = trio_rdp_motion_step(one, left, right, keys->first + 16 * y + x);
                two = trio_rdp_motion_step(two, left, right, keys->second + 16 * y + x);
            }
        }
        _mm_storeu_si128((__m128i *)both, one);
        sums[0] = both[0] + both[1];
        _mm_storeu_si128((__m128i *)both, two);
        sums[1] = both[0] + both[1];
    }
    #undef LOAD
    #else
    static inline void trio_rdp_motion_strong(const uint8_t *s, ptrdiff_t stride, const trio_rdp_motion_keys *keys,
                                              uint64_t *sums) {
        sums[0] = sums[1] = 0;
        for (int y = 0; y < 16; y++, s += stride) {
            const uint32_t *one = keys->first + 16 * y, *two = keys->second + 16 * y;
            trio_rdp_cpx32_r p = (trio_rdp_cpx32_r)s;
            for (int x = 0; x < 8; x++) {
                sums[0] += (uint64_t)(uint32_t)(p[x] + one[x]) * (uint32_t)(p[x + 8] + one[x + 8]);
                sums[1] += (uint64_t)(uint32_t)(p[x] + two[x]) * (uint32_t)(p[x + 8] + two[x + 8]);
            }
        }
    }
    #endif
    static inline uint32_t trio_rdp_motion_weak(const uint8_t *s, ptrdiff_t stride, const trio_rdp_motion_keys *keys) {
        uint32_t first, differs = 0, total = 0;
        memcpy(&first, s, 4);
        for (int y = 0; y < 16; y++, s += stride) {
            trio_rdp_cpx32_r p = (trio_rdp_cpx32_r)s;
            for (int x = 0; x < 16; x++) {
                total += (p[x] ^ (p[x] >> 13)) * keys->weights[16 * y + x];
                differs |= p[x] ^ first;
            }
        }
        return differs ? total : 0;
    }
    #endif
    """
    ctypedef struct Keys "trio_rdp_motion_keys":
        uint32_t[256] first
        uint32_t[256] second
        uint32_t[256] weights
        uint32_t[4] row_factors
        uint32_t[4] column_factors
        uint64_t[3] multipliers
    void strong_sums "trio_rdp_motion_strong"(const uint8_t *, Py_ssize_t, const Keys *, uint64_t *) noexcept nogil
    uint32_t hash_weak "trio_rdp_motion_weak"(const uint8_t *, Py_ssize_t, const Keys *) noexcept nogil


cdef inline uint64_t hash_whole(const uint8_t *s, Py_ssize_t stride, const Keys *keys, Py_ssize_t sizes) noexcept nogil:
    """The strong hash of 16 x 16 pixels, of which `sizes` says how many belong to the picture."""
    cdef uint64_t[2] sums
    cdef uint64_t value
    strong_sums(s, stride, keys, sums)
    value = (sums[0] * keys.multipliers[0]) ^ (sums[1] * keys.multipliers[1])
    value ^= value >> 29
    value = (value ^ <uint64_t>sizes) * keys.multipliers[2]
    value ^= value >> 32
    return value if value else 1


cdef inline uint64_t hash_strong(const uint8_t *s, Py_ssize_t stride, const Keys *keys, Py_ssize_t w,
                                 Py_ssize_t h) noexcept nogil:
    """The strong hash of a block that may be cut by the picture's edge."""
    cdef uint8_t[4 * PIXELS] padded
    cdef Py_ssize_t y
    guard(0 < w <= BLOCK and 0 < h <= BLOCK)
    if w == BLOCK and h == BLOCK:
        return hash_whole(s, stride, keys, w | h << 8)
    memset(padded, 0, 4 * PIXELS)
    for y in range(h):
        memcpy(padded + 4 * BLOCK * y, s + y * stride, 4 * w)
    return hash_whole(padded, 4 * BLOCK, keys, w | h << 8)


cdef inline void hash_patch(const uint8_t *s, Py_ssize_t stride, const Keys *keys, uint32_t *out) noexcept nogil:
    """The weak hashes of the 16 x 16 blocks that begin in the upper left of 31 x 31 pixels."""
    cdef uint32_t[PATCH * LANES + BLOCK] sums
    cdef uint32_t *row
    cdef Py_ssize_t y, i
    cdef const px32 *p
    for y in range(PATCH):
        p = <const px32 *>(s + y * stride)
        row = sums + y * LANES
        for i in range(PATCH):
            row[i] = p[i] ^ (p[i] >> 13)
        row[PATCH] = 0
    memset(sums + PATCH * LANES, 0, 4 * BLOCK)
    # Step by step over all rows, as if they were one: what is read must not have been written just before.  What comes
    # of the next row never gets to the first 16 of a row.
    for i in range(PATCH * LANES):
        sums[i] = sums[i] * keys.row_factors[0] + sums[i + 1]
    for i in range(PATCH * LANES):
        sums[i] = sums[i] * keys.row_factors[1] + sums[i + 2]
    for i in range(PATCH * LANES):
        sums[i] = sums[i] * keys.row_factors[2] + sums[i + 4]
    for i in range(PATCH * LANES):
        sums[i] = sums[i] * keys.row_factors[3] + sums[i + 8]
    for y in range(PATCH - 1):
        row = sums + y * LANES
        for i in range(BLOCK):
            row[i] = row[i] * keys.column_factors[0] + row[LANES + i]
    for y in range(PATCH - 3):
        row = sums + y * LANES
        for i in range(BLOCK):
            row[i] = row[i] * keys.column_factors[1] + row[2 * LANES + i]
    for y in range(PATCH - 7):
        row = sums + y * LANES
        for i in range(BLOCK):
            row[i] = row[i] * keys.column_factors[2] + row[4 * LANES + i]
    for y in range(BLOCK):
        row = sums + y * LANES
        for i in range(BLOCK):
            out[y * BLOCK + i] = row[i] * keys.column_factors[3] + row[8 * LANES + i]
