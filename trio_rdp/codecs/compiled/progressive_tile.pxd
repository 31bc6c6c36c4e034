# cython: language_level=3
"""A tile of RemoteFX Progressive, from the bytes of its passes to samples, on raw pointers.

A tile that came whole, or in its first pass, is drawn from its stream without passing through memory; what is kept of
it is the stream itself, a few hundred bytes.  Only when an upgrade or a difference builds upon it is the stream decoded
again, to 24 KiB of coefficients that stay.  `trio_rdp.codecs.plain.progressive` says what all this comes to.
"""

from libc.stdint cimport int16_t, int32_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcpy, memset

from trio_rdp.codecs.compiled.common cimport NO_MEMORY, uint8_t, uint16_t, uint64_t
from trio_rdp.codecs.compiled.extrapolate cimport widen_level
from trio_rdp.codecs.compiled.rlgr cimport rlgr_decode
from trio_rdp.codecs.compiled.srl cimport BitReader, SrlReader, reader_open, srl_next, srl_open, take
from trio_rdp.codecs.compiled.wavelet cimport ci16_r, i16_r, join_level, undo_differences

cdef extern from *:
    """
    /* Where the bands of the classic transform begin, and those of the wide one. */
    static const int trio_rdp_bands[22] = {0, 1024, 2048, 3072, 3328, 3584, 3840, 3904, 3968, 4032, 4096,
                                           0, 1023, 2046, 3007, 3279, 3551, 3807, 3879, 3951, 4015, 4096};
    """
    const int *BANDS "trio_rdp_bands"

cdef enum:
    SIMPLE = 0xCCC5
    FIRST = 0xCCC6
    UPGRADE = 0xCCC7
    FULL = 0xFF          # `progressive_blocks.FULL_QUALITY`
    DIFFERENCE = 0x01
    PLANE = 4096
    TILE_BYTES = 3 * PLANE * 2


cdef struct Tile:
    int16_t *sum          # what has come since the tile was last begun, or NULL: then `packed` says it
    int16_t *base         # what was there before a difference, or NULL
    uint8_t *packed       # the three streams of the tile's beginning
    int sizes[3]
    bint has_base
    bint wide             # the transform of its beginning
    bint begun
    bint recent           # it came in this frame
    bint last_wide        # the transform and the factors that came with its last pass
    uint8_t factors[30]
    uint8_t first[30]     # the bits that its beginning left out, a band each of Y, Cb and Cr
    uint8_t missing[30]   # those that are still left out


cdef struct Record:
    int32_t tile
    int32_t kind
    bint difference
    bint wide
    int32_t quants[3]     # where in the plan's tables its factors begin
    int32_t bits          # and the bits that it leaves out; -1: none
    const uint8_t *part[6]
    int size[6]


cdef inline void shift_band(i16_r c, int n, int bits) noexcept nogil:
    cdef int i
    if bits > 15:
        memset(c, 0, n * 2)
    elif bits > 0:
        for i in range(n):
            c[i] = <int16_t>(<uint16_t>c[i] << bits)


cdef inline void shift_copy(ci16_r c, i16_r out, int n, int bits) noexcept nogil:
    cdef int i
    for i in range(n):
        out[i] = <int16_t>(<uint16_t>c[i] << bits)


cdef inline void shift_sum(ci16_r a, ci16_r b, i16_r out, int n, int bits) noexcept nogil:
    cdef int i
    for i in range(n):
        out[i] = <int16_t>(<uint16_t>(a[i] + b[i]) << bits)


cdef inline void add_plane(i16_r c, ci16_r d, int n) noexcept nogil:
    cdef int i
    for i in range(n):
        c[i] = <int16_t>(c[i] + d[i])


cdef inline int shift_of(int factor) noexcept nogil:
    # A factor of 1 stands for a step of one 32nd, of 0 for half of that, which nobody sends.
    return factor - 1 if factor > 0 else 0


cdef inline void unpack(const uint8_t *p, int size, bint wide, const uint8_t *bits, const uint8_t *factors,
                        int16_t *out) noexcept nogil:
    """Decode one plane, shifted by the bits that were left out and, unless NULL, its factors of quantisation."""
    cdef const int *at = BANDS + (11 if wide else 0)
    cdef int band
    rlgr_decode(p, p + size, out, PLANE, False)
    undo_differences(out + at[9], PLANE - at[9])
    for band in range(10):
        shift_band(out + at[band], at[band + 1] - at[band],
                   bits[band] + (shift_of(factors[band]) if factors != NULL else 0))


cdef inline void dequantise(const int16_t *c, const int16_t *base, bint wide, const uint8_t *factors,
                            int16_t *out) noexcept nogil:
    cdef const int *at = BANDS + (11 if wide else 0)
    cdef int band
    for band in range(10):
        if base == NULL:
            shift_copy(c + at[band], out + at[band], at[band + 1] - at[band], shift_of(factors[band]))
        else:
            shift_sum(c + at[band], base + at[band], out + at[band], at[band + 1] - at[band], shift_of(factors[band]))


cdef inline void rescale(int16_t *c, bint wide, const uint8_t *factors) noexcept nogil:
    cdef const int *at = BANDS + (11 if wide else 0)
    cdef int band
    for band in range(10):
        shift_band(c + at[band], at[band + 1] - at[band], shift_of(factors[band]))


cdef inline void inverse(int16_t *c, bint wide, int16_t *spare) noexcept nogil:
    if wide:
        widen_level(c + 3807, 8, spare)
        widen_level(c + 3007, 16, spare)
        widen_level(c, 32, spare)
    else:
        join_level(c + 3840, 8, spare)
        join_level(c + 3072, 16, spare)
        join_level(c, 32, spare)


cdef inline const uint8_t *stream_of(const Tile *tile, int plane) noexcept nogil:
    cdef const uint8_t *p = tile.packed
    cdef int k
    for k in range(plane):
        p += tile.sizes[k]
    return p


cdef inline int spread(Tile *tile) noexcept nogil:
    """Have the tile's coefficients in `sum`."""
    cdef int k
    if tile.sum != NULL:
        return 0
    if tile.packed == NULL:
        tile.sum = <int16_t *>calloc(1, TILE_BYTES)
        return 0 if tile.sum != NULL else NO_MEMORY
    tile.sum = <int16_t *>malloc(TILE_BYTES)
    if tile.sum == NULL:
        return NO_MEMORY
    for k in range(3):
        unpack(stream_of(tile, k), tile.sizes[k], tile.wide, tile.first + 10 * k, NULL, tile.sum + PLANE * k)
    free(tile.packed)
    tile.packed = NULL
    return 0


cdef inline int begin(Tile *tile, const Record *record, const uint8_t *bits) noexcept nogil:
    """Take a tile's whole, or its first pass; a few bytes' copy, unless it is a difference."""
    cdef int total = record.size[0] + record.size[1] + record.size[2], k
    cdef uint8_t *p
    cdef int16_t *spare
    if record.difference:
        if spread(tile) < 0:
            return NO_MEMORY
        if tile.has_base:
            add_plane(tile.base, tile.sum, 3 * PLANE)
            free(tile.sum)
            tile.sum = NULL
        else:
            spare = tile.base
            tile.base = tile.sum
            tile.sum = NULL
            free(spare)
        tile.has_base = True
    else:
        tile.has_base = False
        free(tile.base)
        tile.base = NULL
    free(tile.sum)
    tile.sum = NULL
    p = <uint8_t *>realloc(tile.packed, total if total else 1)
    if p == NULL:
        return NO_MEMORY
    tile.packed = p
    for k in range(3):
        memcpy(p, record.part[k], record.size[k])
        p += record.size[k]
        tile.sizes[k] = record.size[k]
    tile.wide = record.wide
    memcpy(tile.first, bits, 30)
    memcpy(tile.missing, bits, 30)
    # What would take more room packed than spread is spread, so that a tile never takes more than 48 KiB.
    return spread(tile) if total > TILE_BYTES else 0


cdef inline void upgrade_plane(int16_t *c, const Record *record, int plane, uint8_t *missing,
                               const uint8_t *bits) noexcept nogil:
    cdef const int *at = BANDS + (11 if record.wide else 0)
    cdef SrlReader srl
    cdef BitReader raw
    cdef uint64_t four
    cdef int band, i, n, left
    srl_open(&srl, record.part[2 * plane], record.size[2 * plane])
    reader_open(&raw, record.part[2 * plane + 1], record.size[2 * plane + 1])
    for band in range(10):
        left = bits[band]
        n = missing[band] - left
        # "A band in a given pass might not have any bits to read."
        if n <= 0:
            continue
        missing[band] = <uint8_t>left
        if band == 9:
            for i in range(at[9], PLANE):
                c[i] = <int16_t>(c[i] + (take(&raw, n) << left))
        else:
            i = at[band]
            while i < at[band + 1]:
                # Most elements are zeros that stay what they are.
                if srl.zeros >= 4 and i + 4 <= at[band + 1]:
                    memcpy(&four, c + i, 8)
                    if four == 0:
                        srl.zeros -= 4
                        i += 4
                        continue
                if c[i] == 0:
                    c[i] = <int16_t>(srl_next(&srl, n) * (1 << left))
                elif c[i] > 0:
                    c[i] = <int16_t>(c[i] + (take(&raw, n) << left))
                else:
                    c[i] = <int16_t>(c[i] - <int>(take(&raw, n) << left))
                i += 1
