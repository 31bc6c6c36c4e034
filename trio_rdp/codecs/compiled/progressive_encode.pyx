# cython: language_level=3
"""Encoding RemoteFX Progressive on raw pointers; `trio_rdp.codecs.plain.progressive_encode` says what it does."""

from libc.stdint cimport int16_t, int32_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcmp, memcpy, memset

from trio_rdp.codecs.compiled.common cimport (
    INVALID, MAX_PIXELS, NO_MEMORY, OVERRUN, PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer, guard, region, uint8_t,
    uint32_t, uint64_t,
)
from trio_rdp.codecs.compiled.extrapolate cimport SPARE, narrow_level
from trio_rdp.codecs.compiled.progressive_tile cimport (
    BANDS, DIFFERENCE, FIRST, PLANE, SIMPLE, TILE_BYTES, UPGRADE,
)
from trio_rdp.codecs.compiled.rlgr cimport BitWriter, put, rlgr_encode
from trio_rdp.codecs.compiled.srl cimport SrlWriter, srl_close, srl_put, srl_start, writer_close, writer_open
from trio_rdp.codecs.compiled.tile_color cimport bgrx_to_tile
from trio_rdp.codecs.compiled.wavelet cimport ci16_r, do_differences, i16_r, split_level, unscale_band

cdef enum:
    LONGEST = 65535             # bytes of a part, whose length has 16 bits
    ROOM = LONGEST + 8          # the coders want a few bytes more
    TILE_ROOM = 26 + 6 * ROOM


cdef struct Known:
    int16_t *planes       # what is to be told, quantised, or NULL
    int16_t *bases        # what was there before a difference, or NULL
    bint wide
    uint8_t factors[30]
    uint8_t missing[30]   # the bits of each band that are not told yet


cdef inline int16_t shorter(int16_t v, int bits) noexcept nogil:
    """Without its low bits, rounded towards zero."""
    cdef int16_t sign = v >> 15
    return <int16_t>(((<int16_t>((v ^ sign) - sign) >> bits) ^ sign) - sign)


cdef inline void shorten_band(ci16_r c, i16_r out, int n, int bits) noexcept nogil:
    cdef int i
    for i in range(n):
        out[i] = shorter(c[i], bits)


cdef inline void shorten_down(ci16_r c, i16_r out, int n, int bits) noexcept nogil:
    cdef int i
    for i in range(n):
        out[i] = c[i] >> bits


cdef inline void told_band(ci16_r c, i16_r out, int n, int bits) noexcept nogil:
    """Add what was told of a band."""
    cdef int i
    for i in range(n):
        out[i] = <int16_t>(out[i] + <int16_t>(shorter(c[i], bits) * (1 << bits)))


cdef inline void told_down(ci16_r c, i16_r out, int n, int bits) noexcept nogil:
    cdef int i
    for i in range(n):
        out[i] = <int16_t>(out[i] + <int16_t>((c[i] >> bits) * (1 << bits)))


cdef inline void subtract(ci16_r a, ci16_r b, i16_r out, int n) noexcept nogil:
    cdef int i
    for i in range(n):
        out[i] = <int16_t>(a[i] - b[i])


cdef inline int zeros_in(const int16_t *c, int n) noexcept nogil:
    cdef int i, zeros = 0
    for i in range(n):
        zeros += c[i] == 0
    return zeros


cdef void forward(int16_t *c, bint wide, const uint8_t *factors, int16_t *spare) noexcept nogil:
    """Transform and quantise a plane."""
    cdef const int *at = BANDS + (11 if wide else 0)
    cdef int band
    if wide:
        narrow_level(c, 32, spare)
        narrow_level(c + 3007, 16, spare)
        narrow_level(c + 3807, 8, spare)
    else:
        split_level(c, 32, spare)
        split_level(c + 3072, 16, spare)
        split_level(c + 3840, 8, spare)
    for band in range(10):
        unscale_band(c + at[band], at[band + 1] - at[band], factors[band])


cdef void shorten(const int16_t *c, int16_t *out, bint wide, const uint8_t *bits) noexcept nogil:
    cdef const int *at = BANDS + (11 if wide else 0)
    cdef int band
    for band in range(9):
        shorten_band(c + at[band], out + at[band], at[band + 1] - at[band], bits[band])
    shorten_down(c + at[9], out + at[9], PLANE - at[9], bits[9])


cdef void add_told(const Known *tile, int16_t *out) noexcept nogil:
    """Add to three planes what the decoder has been told of a tile."""
    cdef const int *at = BANDS + (11 if tile.wide else 0)
    cdef int band, k, o
    for k in range(3):
        for band in range(10):
            o = PLANE * k + at[band]
            if band < 9:
                told_band(tile.planes + o, out + o, at[band + 1] - at[band], tile.missing[10 * k + band])
            else:
                told_down(tile.planes + o, out + o, PLANE - at[9], tile.missing[10 * k + band])


cdef int differ(Known *tile, const int16_t *planes, bint wide, const uint8_t *factors, int16_t *out) noexcept nogil:
    """Make the difference to what the decoder has, in `out`, if that has more zeros: 1, 0, or a status."""
    cdef const int *at = BANDS + (11 if wide else 0)
    if tile.planes == NULL or tile.wide != wide or memcmp(tile.factors, factors, 30) != 0:
        return 0
    if tile.bases == NULL:
        tile.bases = <int16_t *>calloc(1, TILE_BYTES)
        if tile.bases == NULL:
            return NO_MEMORY
    add_told(tile, tile.bases)
    subtract(planes, tile.bases, out, 3 * PLANE)
    if zeros_in(out, at[9]) > zeros_in(planes, at[9]):
        return 1
    # The planes that were added are gone; so is what they were added to, for a whole tile follows.
    free(tile.bases)
    tile.bases = NULL
    return 0


cdef inline uint8_t *put_word(uint8_t *p, int v) noexcept nogil:
    p[0] = <uint8_t>v
    p[1] = <uint8_t>(v >> 8)
    return p + 2


cdef inline uint8_t *put_head(uint8_t *p, int kind, const uint8_t *indices, int x, int y) noexcept nogil:
    """A block's type, room for its length, the indices of its quantisations and its place."""
    p = put_word(p, kind)
    p += 4
    memcpy(p, indices, 3)
    return put_word(put_word(p + 3, x), y)


cdef inline void put_length(uint8_t *start, const uint8_t *end) noexcept nogil:
    cdef uint32_t n = <uint32_t>(end - start)
    memcpy(start + 2, &n, 4)


cdef Py_ssize_t put_planes(uint8_t *start, int16_t *planes, int tile, int columns, const uint8_t *indices,
                           const uint8_t *bits, int quality, bint wide, bint difference, int16_t *spare) noexcept nogil:
    """Write a whole tile, or with `bits` its first pass; the bytes, or a status."""
    cdef const int *at = BANDS + (11 if wide else 0)
    cdef uint8_t *p = put_head(start, SIMPLE if bits == NULL else FIRST, indices, tile % columns, tile // columns)
    cdef uint8_t *lengths
    cdef int16_t *c
    cdef Py_ssize_t n
    cdef int k
    p[0] = DIFFERENCE if difference else 0
    p += 1
    if bits != NULL:
        p[0] = <uint8_t>quality
        p += 1
    lengths = p
    p += 8
    put_word(lengths + 6, 0)
    for k in range(3):
        c = planes + PLANE * k
        if bits != NULL:
            shorten(c, spare, wide, bits + 10 * k)
        else:
            memcpy(spare, c, PLANE * 2)
        do_differences(spare + at[9], PLANE - at[9])
        n = rlgr_encode(spare, PLANE, p, p + ROOM, False)
        if n < 0 or n > LONGEST:
            return OVERRUN
        put_word(lengths + 2 * k, <int>n)
        p += n
    put_length(start, p)
    return p - start


cdef bint put_upgrade(const int16_t *c, bint wide, const uint8_t *missing, const uint8_t *bits, SrlWriter *runs,
                      BitWriter *numbers) noexcept nogil:
    """Write a plane's elements; whether there was room."""
    cdef const int *at = BANDS + (11 if wide else 0)
    cdef uint64_t four
    cdef int band, i, n, left, had, v, mask
    for band in range(10):
        left = bits[band]
        had = missing[band]
        n = had - left
        if n <= 0:
            continue
        mask = (1 << n) - 1
        i = at[band]
        while i < at[band + 1]:
            # Most elements are zeros.
            if band != 9 and i + 4 <= at[band + 1]:
                memcpy(&four, c + i, 8)
                if four == 0:
                    runs.zeros += 4
                    i += 4
                    continue
            v = c[i]
            i += 1
            if band == 9:
                put(numbers, (v >> left) & mask, n)
                continue
            if v < 0:
                v = -v
            if v >> had:
                put(numbers, (v >> left) & mask, n)
            else:
                srl_put(runs, v >> left if c[i - 1] > 0 else -(v >> left), n)
    return not (runs.target.full or numbers.full)


cdef Py_ssize_t put_tile_upgrade(uint8_t *start, const Known *tile, int number, int columns, const uint8_t *indices,
                                 const uint8_t *bits, int quality, uint8_t *room) noexcept nogil:
    """Write a tile's upgrade; the bytes, or a status."""
    cdef uint8_t *p = put_head(start, UPGRADE, indices, number % columns, number // columns)
    cdef uint8_t *lengths = p + 1
    cdef SrlWriter runs
    cdef BitWriter numbers
    cdef Py_ssize_t n, m
    cdef int k
    p[0] = <uint8_t>quality
    p += 13
    for k in range(3):
        srl_start(&runs, p, p + ROOM)
        writer_open(&numbers, room, room + ROOM)
        if not put_upgrade(tile.planes + PLANE * k, tile.wide, tile.missing + 10 * k, bits + 10 * k, &runs, &numbers):
            return OVERRUN
        n = srl_close(&runs, p)
        m = writer_close(&numbers, room)
        if runs.target.full or numbers.full or n > LONGEST or m > LONGEST:
            return OVERRUN
        p += n
        memcpy(p, room, m)
        p += m
        put_word(lengths + 4 * k, <int>n)
        put_word(lengths + 4 * k + 2, <int>m)
    put_length(start, p)
    return p - start


cdef class Sent:
    """See the twin."""

    cdef readonly int columns, rows
    cdef Known *tiles

    def __cinit__(self, Py_ssize_t width, Py_ssize_t height):
        if width < 1 or height < 1 or width > 65535 or height > 65535 or width * height > MAX_PIXELS:
            raise ValueError("a surface has 1 to 33554432 pixels")
        self.columns = <int>((width + 63) >> 6)
        self.rows = <int>((height + 63) >> 6)
        self.tiles = <Known *>calloc(self.columns * self.rows, sizeof(Known))
        if self.tiles == NULL:
            raise MemoryError

    def __dealloc__(self):
        if self.tiles != NULL:
            self.clear()
            free(self.tiles)

    cdef void drop(self, Py_ssize_t number) noexcept nogil:
        free(self.tiles[number].planes)
        free(self.tiles[number].bases)
        self.tiles[number].planes = NULL
        self.tiles[number].bases = NULL

    def clear(self):
        """See the twin."""
        cdef Py_ssize_t i
        for i in range(self.columns * self.rows):
            self.drop(i)

    def forget(self, bytes tiles not None):
        """See the twin."""
        cdef const int32_t *numbers = self.check(tiles, False)
        cdef Py_ssize_t i
        for i in range(len(tiles) // 4):
            self.drop(numbers[i])

    cdef const int32_t *check(self, bytes tiles, bint kept) except NULL:
        """The numbers of tiles that exist, and of which something is kept."""
        cdef const int32_t *numbers = <const int32_t *><const char *>tiles
        cdef Py_ssize_t i
        if len(tiles) % 4:
            raise ValueError("no such tables")
        for i in range(len(tiles) // 4):
            if not 0 <= numbers[i] < self.columns * self.rows or kept and self.tiles[numbers[i]].planes == NULL:
                raise ValueError("no such tile")
        return numbers

    cdef int keep(self, int number, const int16_t *planes, const uint8_t *factors, const uint8_t *bits, bint wide,
                  bint difference) noexcept nogil:
        """Remember what a tile is to become."""
        cdef Known *tile = &self.tiles[number]
        if not difference:
            free(tile.bases)
            tile.bases = NULL
        if tile.planes == NULL:
            tile.planes = <int16_t *>malloc(TILE_BYTES)
            if tile.planes == NULL:
                return NO_MEMORY
        memcpy(tile.planes, planes, TILE_BYTES)
        memcpy(tile.factors, factors, 30)
        if bits == NULL:
            memset(tile.missing, 0, 30)
        else:
            memcpy(tile.missing, bits, 30)
        tile.wide = wide
        return 0

    cdef Py_ssize_t put_tile(self, uint8_t *out, int number, const uint8_t *pixels, Py_ssize_t stride, int width,
                             int height, const uint8_t *factors, const uint8_t *indices, const uint8_t *bits,
                             int quality, bint wide, bint keep, bint differences) noexcept nogil:
        """Encode a tile; the bytes, or a status."""
        cdef int16_t planes[3 * PLANE]
        cdef int16_t other[3 * PLANE]
        cdef int16_t spare[SPARE]
        cdef int16_t *chosen = planes
        cdef int k, difference = 0
        bgrx_to_tile(pixels, stride, width, height, planes, planes + PLANE, planes + 2 * PLANE)
        for k in range(3):
            forward(planes + PLANE * k, wide, factors + 10 * k, spare)
        if differences:
            difference = differ(&self.tiles[number], planes, wide, factors, other)
            if difference < 0:
                return NO_MEMORY
            if difference:
                chosen = other
        if (keep or differences) and self.keep(number, chosen, factors, bits, wide, difference) < 0:
            return NO_MEMORY
        return put_planes(out, chosen, number, self.columns, indices, bits, quality, wide, difference, spare)


cdef class Output:
    """Bytes that grow."""

    cdef uint8_t *p
    cdef Py_ssize_t size, room

    def __dealloc__(self):
        free(self.p)

    cdef uint8_t *end(self) noexcept nogil:
        """Where to write the next tile; NULL when there is no memory."""
        cdef Py_ssize_t room
        cdef uint8_t *p
        if self.room - self.size < TILE_ROOM:
            room = 2 * self.room + TILE_ROOM
            p = <uint8_t *>realloc(self.p, room)
            if p == NULL:
                return NULL
            self.p = p
            self.room = room
        return self.p + self.size

    cdef object take(self, Py_ssize_t status):
        if status == NO_MEMORY:
            raise MemoryError
        if status == INVALID:
            raise ValueError("no such tile")
        return status if status < 0 else (<const char *>self.p)[:self.size] if self.size else b""


def encode(surface, Py_ssize_t stride, Py_ssize_t x, Py_ssize_t y, Py_ssize_t width, Py_ssize_t height,
           bytes tiles not None, bytes factors not None, bytes indices not None, bytes bits not None, int quality,
           bint wide, Sent sent not None, bint keep, bint differences):
    """See the twin."""
    cdef Py_buffer source
    cdef const int32_t *numbers = sent.check(tiles, False)
    cdef const uint8_t *table = <const uint8_t *><const char *>factors
    cdef const uint8_t *places = <const uint8_t *><const char *>indices
    cdef const uint8_t *left_out = <const uint8_t *><const char *>bits if len(bits) else NULL
    cdef Output out = Output()
    cdef Py_ssize_t i, n = 0, count = len(tiles) // 4, left, top
    cdef const uint8_t *pixels
    cdef uint8_t *end
    PyObject_GetBuffer(surface, &source, PyBUF_SIMPLE)
    try:
        region(source.len, stride, x, y, width, height, 4)
        if (width + 63) >> 6 != sent.columns or (height + 63) >> 6 != sent.rows or len(factors) != 30 or (
                len(indices) != 3):
            raise ValueError("the surface has another size, or the tables have")
        if not all([6 <= value <= 15 for value in factors]) or len(bits) not in (0, 30) or max(bits, default=0) > 15:
            raise ValueError("factors are 6 to 15, bits up to 15")
        with nogil:
            for i in range(count):
                left = numbers[i] % sent.columns * 64
                top = numbers[i] // sent.columns * 64
                end = out.end()
                if end == NULL:
                    n = NO_MEMORY
                    break
                pixels = <const uint8_t *>source.buf + (y + top) * stride + (x + left) * 4
                n = sent.put_tile(end, numbers[i], pixels, stride, <int>min(width - left, 64),
                                  <int>min(height - top, 64), table, places, left_out, quality, wide, keep, differences)
                if n < 0:
                    break
                out.size += n
    finally:
        PyBuffer_Release(&source)
    return out.take(n)


def upgrade(bytes tiles not None, bytes indices not None, bytes bits not None, int quality, Sent sent not None,
            bint keep):
    """See the twin."""
    cdef const int32_t *numbers = sent.check(tiles, True)
    cdef const uint8_t *places = <const uint8_t *><const char *>indices
    cdef const uint8_t *left = <const uint8_t *><const char *>bits
    cdef Output out = Output()
    cdef Py_ssize_t i, n = 0, count = len(tiles) // 4
    cdef uint8_t *end
    cdef uint8_t *room
    cdef Known *tile
    cdef int k
    cdef bint done
    if len(bits) != 30 or len(indices) != 3:
        raise ValueError("no such tables")
    room = <uint8_t *>malloc(ROOM)
    if room == NULL:
        raise MemoryError
    with nogil:
        for i in range(count):
            tile = &sent.tiles[numbers[i]]
            end = out.end()
            if end == NULL:
                n = NO_MEMORY
                break
            # A tile that is named twice may be gone by now.
            if tile.planes == NULL:
                n = INVALID
                break
            n = put_tile_upgrade(end, tile, numbers[i], sent.columns, places, left, quality, room)
            if n < 0:
                break
            out.size += n
            done = True
            for k in range(30):
                tile.missing[k] = min(tile.missing[k], left[k])
                if tile.missing[k]:
                    done = False
            if done and not keep:
                sent.drop(numbers[i])
        free(room)
    return out.take(n)


# ------------------------------------------------------------------------------------------------- one stage at a time


def split(samples):
    """See the twin."""
    cdef Py_buffer source
    cdef int16_t plane[PLANE]
    cdef int16_t spare[SPARE]
    PyObject_GetBuffer(samples, &source, PyBUF_SIMPLE)
    try:
        if source.len != PLANE * 2:
            raise ValueError("a plane has 4096 numbers of 16 bits")
        memcpy(plane, source.buf, PLANE * 2)
    finally:
        PyBuffer_Release(&source)
    narrow_level(plane, 32, spare)
    narrow_level(plane + 3007, 16, spare)
    narrow_level(plane + 3807, 8, spare)
    return (<const char *>plane)[:PLANE * 2]


def write_srl(list elements not None, int bits):
    """See the twin."""
    cdef SrlWriter writer
    cdef Py_ssize_t n, room = len(elements) * 4100 + 64
    cdef uint8_t *p
    if not 1 <= bits <= 15 or any([not -(1 << bits) < value < 1 << bits for value in elements]):
        raise ValueError("no such elements")
    p = <uint8_t *>malloc(room)
    if p == NULL:
        raise MemoryError
    try:
        srl_start(&writer, p, p + room)
        for value in elements:
            srl_put(&writer, value, bits)
        n = srl_close(&writer, p)
        guard(not writer.target.full)
        return (<const char *>p)[:n]
    finally:
        free(p)
