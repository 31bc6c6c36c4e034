# cython: language_level=3
"""What ClearCodec's encoder is made of, inline: storages as the peer has them, growing buffers, columns, runs."""

from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcpy, memset

from trio_rdp.codecs.compiled.common cimport NO_MEMORY, cpx32_r, guard, px32, uint8_t, uint16_t, uint32_t, uint64_t
from trio_rdp.codecs.compiled.nsc_planes cimport load64

cdef enum:
    CELL = 64            # pixels on a side

cdef extern from *:
    """
    typedef uint32_t *__restrict trio_rdp_u32_r;
    typedef const uint32_t *__restrict trio_rdp_cu32_r;
    #define TRIO_RDP_CLEAR_MULTIPLIER 0x9E3779B1u
    #define TRIO_RDP_CLEAR_MASK 0xFFFFFFu

    /* Where pixels differ from the one before, a bit for each: compilers compare them well, but do not gather bits. */
    #if defined(__AVX2__)
    #include <immintrin.h>
    #define TRIO_RDP_LANES 8
    typedef __m256i trio_rdp_lanes;
    static inline trio_rdp_lanes trio_rdp_lanes_of(uint32_t pixel) { return _mm256_set1_epi32((int)pixel); }
    static inline unsigned trio_rdp_differ(const uint8_t *s, trio_rdp_lanes *before) {
        const __m256i order = _mm256_setr_epi32(7, 0, 1, 2, 3, 4, 5, 6);
        __m256i now = _mm256_and_si256(_mm256_loadu_si256((const __m256i *)s), _mm256_set1_epi32(0xFFFFFF));
        __m256i moved = _mm256_permutevar8x32_epi32(_mm256_blend_epi32(now, *before, 0x80), order);
        *before = now;
        return (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(now, moved))) ^ 0xFF;
    }
    #elif defined(__SSE2__)
    #include <emmintrin.h>
    #define TRIO_RDP_LANES 4
    typedef __m128i trio_rdp_lanes;
    static inline trio_rdp_lanes trio_rdp_lanes_of(uint32_t pixel) { return _mm_set1_epi32((int)pixel); }
    static inline unsigned trio_rdp_differ(const uint8_t *s, trio_rdp_lanes *before) {
        __m128i now = _mm_and_si128(_mm_loadu_si128((const __m128i *)s), _mm_set1_epi32(0xFFFFFF));
        __m128i moved = _mm_or_si128(_mm_slli_si128(now, 4), _mm_srli_si128(*before, 12));
        *before = now;
        return (unsigned)_mm_movemask_ps(_mm_castsi128_ps(_mm_cmpeq_epi32(now, moved))) ^ 0xF;
    }
    #else
    #define TRIO_RDP_LANES 1
    typedef uint32_t trio_rdp_lanes;
    static inline trio_rdp_lanes trio_rdp_lanes_of(uint32_t pixel) { return pixel; }
    static inline unsigned trio_rdp_differ(const uint8_t *s, trio_rdp_lanes *before) {
        uint32_t now;
        unsigned differ;
        memcpy(&now, s, 4);
        now &= 0xFFFFFF;
        differ = now != *before;
        *before = now;
        return differ;
    }
    #endif

    static inline Py_ssize_t trio_rdp_count_bits(uint64_t v) {
        v -= v >> 1 & 0x5555555555555555u;
        v = (v & 0x3333333333333333u) + (v >> 2 & 0x3333333333333333u);
        return (Py_ssize_t)(((v + (v >> 4)) & 0x0F0F0F0F0F0F0F0Fu) * 0x0101010101010101u >> 56);
    }

    /* `previous`, without its fourth byte, stands before the first of `n` pixels: how many differ. */
    static inline Py_ssize_t trio_rdp_mark(const uint8_t *s, Py_ssize_t n, uint32_t previous, uint64_t *marks) {
        trio_rdp_lanes before = trio_rdp_lanes_of(previous);
        Py_ssize_t i = 0, count = 0, end;
        uint8_t rest[4 * TRIO_RDP_LANES] = {0};
        uint64_t bits;
        for (; i < n; i = end) {
            end = n - i < 64 ? n : i + 64;
            bits = 0;
            for (; i + TRIO_RDP_LANES <= end; i += TRIO_RDP_LANES)
                bits |= (uint64_t)trio_rdp_differ(s + 4 * i, &before) << (i & 63);
            if (i < end) {
                memcpy(rest, s + 4 * i, 4 * (end - i));
                bits |= (trio_rdp_differ(rest, &before) & (((uint64_t)1 << (end - i)) - 1)) << (i & 63);
            }
            *marks++ = bits;
            count += trio_rdp_count_bits(bits);
        }
        return count;
    }
    """
    ctypedef uint32_t *u32_r "trio_rdp_u32_r"
    ctypedef const uint32_t *cu32_r "trio_rdp_cu32_r"
    const uint32_t MULTIPLIER "TRIO_RDP_CLEAR_MULTIPLIER"
    const uint32_t MASK "TRIO_RDP_CLEAR_MASK"      # without the fourth byte
    Py_ssize_t mark "trio_rdp_mark"(const uint8_t *, Py_ssize_t, uint32_t, uint64_t *) noexcept nogil

ctypedef struct Store:
    # Memory that the system gives when a slot is first written.
    Py_ssize_t slots
    Py_ssize_t cursor
    Py_ssize_t room          # pixels of a slot
    int shift
    uint32_t *places         # by the upper bits of a hash: a slot and one
    uint32_t *hashes
    uint16_t *sizes
    uint32_t *pixels

ctypedef struct Buffer:
    uint8_t *start
    Py_ssize_t size
    Py_ssize_t room

ctypedef struct Line:
    Py_ssize_t top
    Py_ssize_t height
    Py_ssize_t left
    Py_ssize_t right
    uint32_t keys[CELL]
    uint32_t first[CELL]
    uint32_t last[CELL]


cdef inline int open_store(Store *store, Py_ssize_t slots, Py_ssize_t room, int shift) noexcept nogil:
    store.slots = slots
    store.room = room
    store.shift = shift
    store.places = <uint32_t *>calloc(<size_t>1 << (32 - shift), sizeof(uint32_t))
    # What no place names yet is not looked at.
    store.hashes = <uint32_t *>malloc(slots * sizeof(uint32_t))
    store.sizes = <uint16_t *>malloc(slots * sizeof(uint16_t))
    store.pixels = <uint32_t *>malloc(slots * room * sizeof(uint32_t))
    if store.places == NULL or store.hashes == NULL or store.sizes == NULL or store.pixels == NULL:
        return NO_MEMORY
    return 0


cdef inline void close_store(Store *store) noexcept nogil:
    free(store.places)
    free(store.hashes)
    free(store.sizes)
    free(store.pixels)


cdef inline bint guess(const Store *store, uint32_t key) noexcept nogil:
    cdef uint32_t slot = store.places[key >> store.shift]
    return slot != 0 and store.hashes[slot - 1] == key


cdef inline Py_ssize_t find(const Store *store, uint32_t key, const uint32_t *pixels, Py_ssize_t step,
                            Py_ssize_t n) noexcept nogil:
    """The slot of these very pixels, which lie `step` apart, or -1."""
    cdef Py_ssize_t slot = <Py_ssize_t>store.places[key >> store.shift] - 1, i
    cdef const uint32_t *stored
    if slot < 0 or store.sizes[slot] != n:
        return -1
    stored = store.pixels + slot * store.room
    for i in range(n):
        if stored[i] != pixels[i * step]:
            return -1
    return slot


cdef inline Py_ssize_t add(Store *store, uint32_t key, const uint32_t *pixels, Py_ssize_t step,
                           Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t slot = store.cursor, i
    cdef uint32_t *stored = store.pixels + slot * store.room
    guard(n <= store.room)
    store.cursor = slot + 1 if slot + 1 < store.slots else 0
    store.places[key >> store.shift] = <uint32_t>(slot + 1)
    store.hashes[slot] = key
    store.sizes[slot] = <uint16_t>n
    for i in range(n):
        stored[i] = pixels[i * step]
    return slot


cdef inline uint32_t mix(uint32_t result, uint32_t value) noexcept nogil:
    result = (result ^ value) * MULTIPLIER
    return result ^ (result >> 15)


cdef inline int ensure(Buffer *buffer, Py_ssize_t more) noexcept nogil:
    cdef Py_ssize_t room = buffer.room
    cdef uint8_t *start
    if buffer.size + more <= room:
        return 0
    room = 2 * room if 2 * room > buffer.size + more else buffer.size + more
    start = <uint8_t *>realloc(buffer.start, room)
    if start == NULL:
        return NO_MEMORY
    buffer.start = start
    buffer.room = room
    return 0


cdef inline uint8_t *put16(uint8_t *d, Py_ssize_t value) noexcept nogil:
    d[0] = value & 0xFF
    d[1] = (value >> 8) & 0xFF
    return d + 2


cdef inline uint8_t *put32(uint8_t *d, Py_ssize_t value) noexcept nogil:
    return put16(put16(d, value), value >> 16)


cdef inline uint8_t *put_triplet(uint8_t *d, uint32_t colour) noexcept nogil:
    d[0] = colour & 0xFF
    d[1] = (colour >> 8) & 0xFF
    d[2] = (colour >> 16) & 0xFF
    return d + 3


cdef inline uint8_t *put_run(uint8_t *d, Py_ssize_t run) noexcept nogil:
    if run < 0xFF:
        d[0] = <uint8_t>run
        return d + 1
    d[0] = 0xFF
    if run < 0xFFFF:
        return put16(d + 1, run)
    d[1] = d[2] = 0xFF
    return put32(d + 3, run)


cdef inline uint8_t *put_colour_run(uint8_t *d, uint32_t colour, Py_ssize_t run) noexcept nogil:
    (<px32 *>d)[0] = colour | <uint32_t>(run if run < 0xFF else 0xFF) << 24
    return d + 4 if run < 0xFF else put_run(d + 3, run)


cdef inline void hash_row(cu32_r s, u32_r hashes, u32_r keys, u32_r first, u32_r last, Py_ssize_t n,
                          uint32_t background, uint32_t row) noexcept nogil:
    """Go one row down in all columns: the hash of what is inside of the background, and where it begins and ends."""
    cdef Py_ssize_t i
    cdef uint32_t pixel, hashed, begin
    for i in range(n):
        pixel = s[i]
        begin = row if pixel != background and first[i] == 0xFF else first[i]
        hashed = (hashes[i] ^ pixel) * MULTIPLIER
        hashed = hashed if begin != 0xFF else 0
        first[i] = begin
        hashes[i] = hashed
        keys[i] = hashed if pixel != background else keys[i]
        last[i] = row if pixel != background else last[i]


cdef inline void scan_line(const uint32_t *pixels, Line *line, Py_ssize_t width, uint32_t background) noexcept nogil:
    cdef uint32_t hashes[CELL]
    cdef Py_ssize_t row
    memset(hashes, 0, sizeof(hashes))
    memset(line.keys, 0, sizeof(line.keys))
    memset(line.last, 0, sizeof(line.last))
    for row in range(width):
        line.first[row] = 0xFF
    for row in range(line.height):
        hash_row(pixels + (line.top + row) * width, hashes, line.keys, line.first, line.last, width, background,
                 <uint32_t>row)
    line.left = 0
    while line.first[line.left] == 0xFF:
        line.left += 1
    line.right = width - 1
    while line.first[line.right] == 0xFF:
        line.right -= 1


cdef inline uint32_t vbar_key(const Line *line, Py_ssize_t x, uint32_t background) noexcept nogil:
    cdef uint32_t on = line.first[x] if line.first[x] != 0xFF else 0
    return mix(mix(mix(mix(0, line.keys[x]), on), <uint32_t>line.height), background)


cdef inline uint32_t load_row(cpx32_r s, u32_r d, Py_ssize_t n, uint32_t first) noexcept nogil:
    """Copy pixels without their fourth bytes; zero when all are `first`."""
    cdef Py_ssize_t i
    cdef uint32_t different = 0
    for i in range(n):
        d[i] = s[i] & MASK
        different |= d[i] ^ first
    return different


cdef inline void mark_changes(cu32_r s, uint8_t *d, Py_ssize_t n) noexcept nogil:
    """Mark the pixels that differ from the one before."""
    cdef Py_ssize_t i
    for i in range(1, n):
        d[i] = s[i] != s[i - 1]
    d[0] = 0
    memset(d + n, 0, 8)


cdef inline Py_ssize_t list_starts(const uint8_t *changes, Py_ssize_t n, uint16_t *starts) noexcept nogil:
    """List where runs begin, the first at 0: the runs.  Writes up to eight places too many."""
    cdef Py_ssize_t base, k, runs = 1
    starts[0] = 0
    for base in range(0, n, 8):
        if load64(changes + base):
            # Without a branch for each pixel, which nobody could foresee in text.
            for k in range(8):
                starts[runs] = <uint16_t>(base + k)
                runs += changes[base + k]
    starts[runs] = <uint16_t>n
    return runs


cdef inline void put_raw(const uint32_t *pixels, uint8_t *d, Py_ssize_t n) noexcept nogil:
    """Writes a byte too many."""
    cdef Py_ssize_t i
    for i in range(n):
        memcpy(d + 3 * i, pixels + i, 4)


cdef inline void put_surface(const px32 *s, uint8_t *d, Py_ssize_t n) noexcept nogil:
    """Writes a byte too many."""
    cdef Py_ssize_t i
    for i in range(n):
        (<px32 *>(d + 3 * i))[0] = s[i]


cdef inline bint has_ink(cu32_r s, Py_ssize_t n, uint32_t background) noexcept nogil:
    cdef Py_ssize_t i
    cdef uint32_t different = 0
    for i in range(n):
        different |= s[i] ^ background
    return different != 0
