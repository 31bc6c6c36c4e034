# cython: language_level=3
"""RemoteFX on raw pointers; `trio_rdp.codecs.plain.rfx` says what it does.

A tile goes through all its stages while its coefficients lie in the first cache, and the GIL is released for a whole
range of tiles.
"""

from libc.stdint cimport int16_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memcpy, memset

from trio_rdp.codecs.compiled.common cimport (
    INVALID, NO_MEMORY, OVERRUN, TRUNCATED, PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer, guard,
    px32, region, uint8_t, uint32_t,
)
from trio_rdp.codecs.compiled.rlgr cimport RLGR3, rlgr_decode, rlgr_encode
from trio_rdp.codecs.compiled.tile_clip cimport Clip, clip, draw_masked
from trio_rdp.codecs.compiled.tile_color cimport bgrx_to_tile, tile_to_bgrx
from trio_rdp.codecs.compiled.wavelet cimport (
    all_zero, do_differences, join_level, scale_band, split_level, spread_level, undo_differences, unscale_band,
)

cdef enum:
    TILE = 0xCAC3
    HEADER = 19
    # A plane's length is sent in 16 bits.
    LONGEST = 65535
    ROOM = HEADER + 3 * (LONGEST + 8)
    # Longer planes are never all of one value.
    FEW = 64


cdef inline uint32_t u16(const uint8_t *p) noexcept nogil:
    return p[0] | (<uint32_t>p[1] << 8)


cdef inline uint32_t u32(const uint8_t *p) noexcept nogil:
    return u16(p) | (u16(p + 2) << 16)


# The two entropy coders, each compiled once.
cdef int decode1(const uint8_t *p, const uint8_t *end, int16_t *out, int count) noexcept nogil:
    return rlgr_decode(p, end, out, count, False)


cdef int decode3(const uint8_t *p, const uint8_t *end, int16_t *out, int count) noexcept nogil:
    return rlgr_decode(p, end, out, count, True)


cdef Py_ssize_t encode1(const int16_t *c, int count, uint8_t *out, uint8_t *end) noexcept nogil:
    return rlgr_encode(c, count, out, end, False)


cdef Py_ssize_t encode3(const int16_t *c, int count, uint8_t *out, uint8_t *end) noexcept nogil:
    return rlgr_encode(c, count, out, end, True)


# Where each band begins and how many coefficients it has, in the order of TS_RFX_CODEC_QUANT: LL3, LH3, HL3, HH3, LH2...
cdef int[10] START = [4032, 3904, 3840, 3968, 3328, 3072, 3584, 1024, 0, 2048]
cdef int[10] COUNT = [64, 64, 64, 64, 256, 256, 256, 1024, 1024, 1024]


cdef void dequantize_plane(int16_t *c, const uint8_t *factors) noexcept nogil:
    cdef int i
    for i in range(10):
        scale_band(c + START[i], COUNT[i], factors[i])


cdef void quantize_plane(int16_t *c, const uint8_t *factors) noexcept nogil:
    cdef int i
    for i in range(10):
        unscale_band(c + START[i], COUNT[i], factors[i])


cdef void join8(int16_t *c, int16_t *spare) noexcept nogil:
    join_level(c, 8, spare)


cdef void join16(int16_t *c, int16_t *spare) noexcept nogil:
    join_level(c, 16, spare)


cdef void join32(int16_t *c, int16_t *spare) noexcept nogil:
    join_level(c, 32, spare)


cdef void spread8(int16_t *c, int16_t *spare) noexcept nogil:
    spread_level(c, 8, spare)


cdef void spread16(int16_t *c, int16_t *spare) noexcept nogil:
    spread_level(c, 16, spare)


cdef void spread32(int16_t *c, int16_t *spare) noexcept nogil:
    spread_level(c, 32, spare)


cdef void split8(int16_t *c, int16_t *spare) noexcept nogil:
    split_level(c, 8, spare)


cdef void split16(int16_t *c, int16_t *spare) noexcept nogil:
    split_level(c, 16, spare)


cdef void split32(int16_t *c, int16_t *spare) noexcept nogil:
    split_level(c, 32, spare)


cdef void join_plane(int16_t *c, int16_t *spare) noexcept nogil:
    """All three levels.  High bands are often zeros, of chroma above all, and then there is less to do."""
    cdef bint flat1 = all_zero(c, 3072), flat2 = all_zero(c + 3072, 768), flat3 = all_zero(c + 3840, 192)
    if flat3:
        spread8(c + 3840, spare)
    else:
        join8(c + 3840, spare)
    if flat2:
        spread16(c + 3072, spare)
    else:
        join16(c + 3072, spare)
    if flat1:
        spread32(c, spare)
    else:
        join32(c, spare)


cdef void split_plane(int16_t *c, int16_t *spare) noexcept nogil:
    split32(c, spare)
    split16(c + 3072, spare)
    split8(c + 3840, spare)


cdef bint is_flat(const int16_t *c) noexcept nogil:
    """Whether nothing but the first coefficient of LL3 is set, and small enough that its sums do not wrap."""
    return all_zero(c, 4032) and all_zero_but_one(c + 4032)


cdef bint all_zero_but_one(const int16_t *c) noexcept nogil:
    cdef int i
    cdef int16_t any = 0
    for i in range(1, 64):
        any |= c[i]
    return any == 0


cdef void decode_plane(const uint8_t *p, const uint8_t *end, bint pairs, const uint8_t *factors, int16_t *c,
                       int16_t *spare) noexcept nogil:
    """From bytes to 64 x 64 samples."""
    cdef int i, value
    if pairs:
        decode3(p, end, c, 4096)
    else:
        decode1(p, end, c, 4096)
    if end - p < FEW and is_flat(c):
        value = <int16_t>(c[4032] * (1 << (factors[0] - 1)))
        if -16384 <= value < 16384:
            for i in range(4096):
                c[i] = <int16_t>value
            return
    undo_differences(c + 4032, 64)
    dequantize_plane(c, factors)
    join_plane(c, spare)


cdef struct Tile:
    int x
    int y
    const uint8_t *factors[3]
    const uint8_t *data[4]


cdef Py_ssize_t read_tile(const uint8_t *p, const uint8_t *end, const uint8_t *factors, int quants,
                          Tile *tile) noexcept nogil:
    """Read a TS_RFX_TILE with its header; its bytes, or a status."""
    cdef Py_ssize_t size
    cdef int i
    if end - p < HEADER:
        return TRUNCATED
    if u16(p) != TILE:
        return INVALID
    size = u32(p + 2)
    if size < HEADER + <Py_ssize_t>u16(p + 13) + u16(p + 15) + u16(p + 17):
        return INVALID
    if end - p < size:
        return TRUNCATED
    tile.x = u16(p + 9)
    tile.y = u16(p + 11)
    tile.data[0] = p + HEADER
    for i in range(3):
        if p[6 + i] >= quants:
            return INVALID
        tile.factors[i] = factors + 10 * p[6 + i]
        tile.data[i + 1] = tile.data[i] + u16(p + 13 + 2 * i)
    return size


cdef bint are_factors(const uint8_t *factors, Py_ssize_t n, int lowest) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        if not lowest <= factors[i] <= 15:
            return False
    return True


def scan_tiles(data, Py_ssize_t count, factors):
    """See the twin."""
    cdef Py_buffer source, quants
    cdef Py_ssize_t i, size, most, status = 0
    cdef const uint8_t *p
    cdef const uint8_t *end
    cdef uint32_t *table = NULL
    cdef Tile tile
    PyObject_GetBuffer(data, &source, PyBUF_SIMPLE)
    try:
        PyObject_GetBuffer(factors, &quants, PyBUF_SIMPLE)
        try:
            p = <const uint8_t *>source.buf
            end = p + source.len
            if source.len > 0xFFFFFFFFu:
                raise ValueError("too much data")
            most = source.len // HEADER
            if count > most:
                return TRUNCATED
            table = <uint32_t *>malloc((most + 1) * 8)
            if table == NULL:
                raise MemoryError
            with nogil:
                i = 0
                while i < count or (count < 0 and p < end):
                    size = read_tile(p, end, <const uint8_t *>quants.buf, <int>(quants.len // 10), &tile)
                    if size < 0:
                        status = size
                        break
                    guard(i < most)
                    table[2 * i] = <uint32_t>(p - <const uint8_t *>source.buf)
                    table[2 * i + 1] = u32(p + 9)
                    p += size
                    i += 1
            if status < 0:
                return status
            return (<const char *>table)[:i * 8]
        finally:
            free(table)
            PyBuffer_Release(&quants)
    finally:
        PyBuffer_Release(&source)


cdef Py_ssize_t draw_tiles(const uint8_t *data, Py_ssize_t length, const uint8_t *table, Py_ssize_t first,
                           Py_ssize_t last, const uint8_t *factors, int quants, bint pairs, const uint8_t *rects,
                           Py_ssize_t n, uint8_t *out, Py_ssize_t stride, Py_ssize_t width,
                           Py_ssize_t height) noexcept nogil:
    cdef int16_t planes[3 * 4096]
    cdef int16_t spare[4096]
    cdef Tile tile
    cdef Clip c
    cdef Py_ssize_t i, offset, size
    cdef int k, how
    cdef uint8_t *place
    for i in range(first, last):
        offset = u32(table + 8 * i)
        if offset > length:
            return INVALID
        size = read_tile(data + offset, data + length, factors, quants, &tile)
        if size < 0:
            return size
        how = clip(tile.x * 64, tile.y * 64, width, height, rects, n, &c)
        if how == 0:
            continue
        for k in range(3):
            decode_plane(tile.data[k], tile.data[k + 1], pairs, tile.factors[k], planes + 4096 * k, spare)
        place = out + tile.y * 64 * stride + tile.x * 256
        if how == 1:
            guard(tile.x * 64 + c.right <= width and tile.y * 64 + c.bottom <= height)
            tile_to_bgrx(planes, planes + 4096, planes + 8192, place, stride, c.left, c.top, c.right, c.bottom)
        else:
            draw_masked(planes, c.rows, place, stride)
    return last - first


def draw(data, tiles, Py_ssize_t first, Py_ssize_t last, factors, int entropy, rects, surface, Py_ssize_t stride,
         Py_ssize_t x, Py_ssize_t y, Py_ssize_t width, Py_ssize_t height):
    """See the twin."""
    cdef Py_buffer source, table, quants, clips, target
    cdef Py_ssize_t status
    PyObject_GetBuffer(data, &source, PyBUF_SIMPLE)
    try:
        PyObject_GetBuffer(tiles, &table, PyBUF_SIMPLE)
        try:
            PyObject_GetBuffer(factors, &quants, PyBUF_SIMPLE)
            try:
                PyObject_GetBuffer(rects, &clips, PyBUF_SIMPLE)
                try:
                    PyObject_GetBuffer(surface, &target, PyBUF_WRITABLE)
                    try:
                        region(target.len, stride, x, y, width, height, 4)
                        if not 0 <= first <= last <= table.len // 8:
                            raise ValueError("no such tiles")
                        if quants.len % 10 or not are_factors(<const uint8_t *>quants.buf, quants.len, 1):
                            raise ValueError("quantisation factors are 10 each, from 1 to 15")
                        with nogil:
                            status = draw_tiles(
                                <const uint8_t *>source.buf, source.len, <const uint8_t *>table.buf, first, last,
                                <const uint8_t *>quants.buf, <int>(quants.len // 10), entropy == RLGR3,
                                <const uint8_t *>clips.buf, clips.len // 8,
                                <uint8_t *>target.buf + y * stride + x * 4, stride, width, height)
                        return status
                    finally:
                        PyBuffer_Release(&target)
                finally:
                    PyBuffer_Release(&clips)
            finally:
                PyBuffer_Release(&quants)
        finally:
            PyBuffer_Release(&table)
    finally:
        PyBuffer_Release(&source)


# ---------------------------------------------------------------------------------------------------------- encoding


cdef bint one_colour(const uint8_t *pixels, Py_ssize_t stride, int width, int height) noexcept nogil:
    cdef const uint8_t *row
    cdef uint32_t first = u32(pixels) & 0xFFFFFF, other
    cdef int x, y
    for y in range(height):
        row = pixels + y * stride
        other = 0
        for x in range(width):
            other |= (<const px32 *>row)[x] ^ first
        if other & 0xFFFFFF:
            return False
    return True


cdef void encode_coefficients(int16_t *c, bint flat, const uint8_t *factors, int16_t *spare) noexcept nogil:
    """From samples to what is entropy-coded; a flat plane has but one coefficient."""
    cdef int16_t value = c[0]
    if flat:
        memset(c, 0, 8192)
        c[4032] = value
        unscale_band(c + 4032, 64, factors[0])
        return
    split_plane(c, spare)
    quantize_plane(c, factors)
    do_differences(c + 4032, 64)


cdef Py_ssize_t encode_tile(const uint8_t *pixels, Py_ssize_t stride, int width, int height, int column, int row,
                            const uint8_t *factors, bint pairs, uint8_t *out) noexcept nogil:
    """Write a TS_RFX_TILE to at least ROOM bytes; its size, or OVERRUN when a plane is too long."""
    cdef int16_t planes[3 * 4096]
    cdef int16_t spare[4096]
    cdef bint flat = one_colour(pixels, stride, width, height)
    cdef uint8_t *p = out + HEADER
    cdef Py_ssize_t size
    cdef int k
    if flat:
        bgrx_to_tile(pixels, stride, 1, 1, planes, planes + 4096, planes + 8192)
    else:
        bgrx_to_tile(pixels, stride, width, height, planes, planes + 4096, planes + 8192)
    for k in range(3):
        encode_coefficients(planes + 4096 * k, flat, factors, spare)
        if pairs:
            size = encode3(planes + 4096 * k, 4096, p, p + LONGEST + 8)
        else:
            size = encode1(planes + 4096 * k, 4096, p, p + LONGEST + 8)
        if size < 0 or size > LONGEST:
            return OVERRUN
        put16(out + 13 + 2 * k, <uint32_t>size)
        p += size
    put16(out, TILE)
    put16(out + 2, <uint32_t>(p - out) & 0xFFFF)
    put16(out + 4, <uint32_t>(p - out) >> 16)
    memset(out + 6, 0, 3)
    put16(out + 9, column)
    put16(out + 11, row)
    return p - out


cdef inline void put16(uint8_t *p, uint32_t value) noexcept nogil:
    p[0] = <uint8_t>value
    p[1] = <uint8_t>(value >> 8)


def encode_tiles(surface, Py_ssize_t stride, Py_ssize_t x, Py_ssize_t y, Py_ssize_t width, Py_ssize_t height, tiles,
                 factors, int entropy):
    """See the twin."""
    cdef Py_buffer source, places, table
    cdef const uint8_t *pixels
    cdef const uint8_t *place
    cdef uint8_t *out = NULL
    cdef uint8_t *larger
    cdef Py_ssize_t i, n, size = 0, used, room, status = 0, left, top
    cdef bint pairs = entropy == RLGR3
    PyObject_GetBuffer(surface, &source, PyBUF_SIMPLE)
    try:
        PyObject_GetBuffer(tiles, &places, PyBUF_SIMPLE)
        try:
            PyObject_GetBuffer(factors, &table, PyBUF_SIMPLE)
            try:
                region(source.len, stride, x, y, width, height, 4)
                if table.len != 10 or not are_factors(<const uint8_t *>table.buf, 10, 6):
                    raise ValueError("quantisation factors are 10, from 6 to 15")
                pixels = <const uint8_t *>source.buf + y * stride + x * 4
                place = <const uint8_t *>places.buf
                n = places.len // 4
                for i in range(n):
                    if <Py_ssize_t>u16(place + 4 * i) * 64 >= width or <Py_ssize_t>u16(place + 4 * i + 2) * 64 >= height:
                        raise ValueError("a tile lies outside")
                room = n * 4096 + ROOM
                out = <uint8_t *>malloc(room)
                if out == NULL:
                    raise MemoryError
                with nogil:
                    for i in range(n):
                        left = <Py_ssize_t>u16(place + 4 * i) * 64
                        top = <Py_ssize_t>u16(place + 4 * i + 2) * 64
                        if room - size < ROOM:
                            room += room // 2 + ROOM
                            larger = <uint8_t *>realloc(out, room)
                            if larger == NULL:
                                status = NO_MEMORY
                                break
                            out = larger
                        used = encode_tile(pixels + top * stride + left * 4, stride, <int>min(width - left, 64),
                                           <int>min(height - top, 64), <int>(left // 64), <int>(top // 64),
                                           <const uint8_t *>table.buf, pairs, out + size)
                        if used < 0:
                            status = used
                            break
                        size += used
                if status == NO_MEMORY:
                    raise MemoryError
                # INVARIANT: factors of 6 and more leave 11 bits of a coefficient, whose codes never fill 64 KiB.
                guard(status == 0)
                return (<const char *>out)[:size]
            finally:
                free(out)
                PyBuffer_Release(&table)
        finally:
            PyBuffer_Release(&places)
    finally:
        PyBuffer_Release(&source)


# ------------------------------------------------------------------------------------------------- one stage at a time


def decode_coefficients(data, int count, int entropy):
    """See the twin."""
    cdef Py_buffer source
    cdef const uint8_t *p
    out = bytearray(2 * count)
    cdef char *target = out
    PyObject_GetBuffer(data, &source, PyBUF_SIMPLE)
    try:
        p = <const uint8_t *>source.buf
        if entropy == RLGR3:
            decode3(p, p + source.len, <int16_t *>target, count)
        else:
            decode1(p, p + source.len, <int16_t *>target, count)
        return bytes(out)
    finally:
        PyBuffer_Release(&source)


def encode_coefficients_of(bytes plane, int entropy, Py_ssize_t room):
    """See the twin."""
    cdef Py_ssize_t size, count = len(plane) // 2
    cdef const char *source = plane
    out = bytearray(room + 8)
    cdef char *target = out
    if entropy == RLGR3:
        size = encode3(<const int16_t *>source, <int>count, <uint8_t *>target, <uint8_t *>target + room + 8)
    else:
        size = encode1(<const int16_t *>source, <int>count, <uint8_t *>target, <uint8_t *>target + room + 8)
    return OVERRUN if size > room or size < 0 else bytes(out[:size])


cdef bytearray copy_of(plane):
    out = bytearray(plane)
    if len(out) != 8192:
        raise ValueError("a plane has 4096 coefficients of 16 bits")
    return out


def join(plane):
    """See the twin."""
    cdef int16_t spare[4096]
    cdef bytearray out = copy_of(plane)
    join_plane(<int16_t *><char *>out, spare)
    return bytes(out)


def split(plane):
    """See the twin."""
    cdef int16_t spare[4096]
    cdef bytearray out = copy_of(plane)
    split_plane(<int16_t *><char *>out, spare)
    return bytes(out)


def dequantize(plane, bytes factors):
    """See the twin."""
    cdef bytearray out = copy_of(plane)
    if len(factors) != 10 or not are_factors(factors, 10, 1):
        raise ValueError("quantisation factors are 10, from 1 to 15")
    dequantize_plane(<int16_t *><char *>out, factors)
    return bytes(out)


def quantize(plane, bytes factors):
    """See the twin."""
    cdef bytearray out = copy_of(plane)
    if len(factors) != 10 or not are_factors(factors, 10, 1):
        raise ValueError("quantisation factors are 10, from 1 to 15")
    quantize_plane(<int16_t *><char *>out, factors)
    return bytes(out)


def to_bgrx(y, cb, cr):
    """See the twin."""
    cdef bytearray a = copy_of(y), b = copy_of(cb), c = copy_of(cr), out = bytearray(4 * 4096)
    tile_to_bgrx(<int16_t *><char *>a, <int16_t *><char *>b, <int16_t *><char *>c, <uint8_t *><char *>out, 256,
                 0, 0, 64, 64)
    return bytes(out)


def from_bgrx(bytes pixels):
    """See the twin."""
    cdef bytearray a = bytearray(8192), b = bytearray(8192), c = bytearray(8192)
    if len(pixels) != 4 * 4096:
        raise ValueError("a tile has 64 x 64 pixels")
    bgrx_to_tile(<const uint8_t *><const char *>pixels, 256, 64, 64, <int16_t *><char *>a, <int16_t *><char *>b,
                 <int16_t *><char *>c)
    return bytes(a), bytes(b), bytes(c)
