# cython: language_level=3
"""Decoding RemoteFX Progressive on raw pointers; `trio_rdp.codecs.plain.progressive` says what it does."""

from libc.stdint cimport int16_t, int32_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcpy, memset

from trio_rdp.codecs.compiled.common cimport (
    INVALID, MAX_PIXELS, NO_MEMORY, TRUNCATED, PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer,
    region, uint8_t, uint32_t,
)
from trio_rdp.codecs.compiled.extrapolate cimport SPARE
from trio_rdp.codecs.compiled.progressive_tile cimport (
    DIFFERENCE, FIRST, FULL, PLANE, SIMPLE, UPGRADE, Record, Tile, add_plane, begin, dequantise, inverse, rescale,
    spread, stream_of, unpack, upgrade_plane,
)
from trio_rdp.codecs.compiled.srl cimport SrlReader, srl_next, srl_open
from trio_rdp.codecs.compiled.tile_color cimport tile_to_bgrx

cdef enum:
    SMALLEST = 22        # bytes of a tile without data

cdef uint8_t[30] NO_BITS


cdef inline int word(const uint8_t *p) noexcept nogil:
    return p[0] | p[1] << 8


cdef class Tiles:
    """See the twin."""

    cdef readonly int width, height, columns, rows
    cdef Tile *tiles
    cdef bint framed          # whether frames are told apart
    cdef int busy             # how many calls use the tiles without the GIL

    def __cinit__(self, Py_ssize_t width, Py_ssize_t height):
        if width < 1 or height < 1 or width > 65536 or height > 65536 or width * height > MAX_PIXELS:
            raise ValueError("a surface has 1 to 33554432 pixels")
        self.width = <int>width
        self.height = <int>height
        self.columns = <int>((width + 63) >> 6)
        self.rows = <int>((height + 63) >> 6)
        self.tiles = <Tile *>calloc(self.columns * self.rows, sizeof(Tile))
        if self.tiles == NULL:
            raise MemoryError

    def __dealloc__(self):
        if self.tiles != NULL:
            self.forget()
            free(self.tiles)

    cdef void forget(self) noexcept:
        cdef Py_ssize_t i
        for i in range(self.columns * self.rows):
            free(self.tiles[i].sum)
            free(self.tiles[i].base)
            free(self.tiles[i].packed)
            memset(&self.tiles[i], 0, sizeof(Tile))

    def clear(self):
        """See the twin."""
        self.check_idle()
        self.forget()

    cdef int check_idle(self) except -1:
        if self.busy:
            raise RuntimeError("the tiles are being drawn in another thread")
        return 0

    def begin_frame(self):
        """See the twin."""
        cdef Py_ssize_t i
        self.check_idle()
        self.framed = True
        for i in range(self.columns * self.rows):
            self.tiles[i].recent = False


cdef class Plan:
    """See the twin."""

    cdef readonly Tiles tiles
    cdef Py_buffer source
    cdef Record *records
    cdef Py_ssize_t count, room, units
    cdef int32_t *first       # the record with which each tile begins here, counted from 1; 0: none
    cdef uint8_t *tables
    cdef Py_ssize_t table_size
    cdef int32_t *order       # the records, tile by tile
    cdef int32_t *tile_of     # the tile of each unit
    cdef int32_t *starts      # where in `order` the records of each unit begin, and the end
    cdef int32_t *rects       # x, y, width, height of each
    cdef int32_t *inside      # the rectangles that meet each unit ...
    cdef int32_t *meets       # ... and where in `inside` those of each unit begin, and the end

    def __cinit__(self, data, Tiles tiles not None):
        PyObject_GetBuffer(data, &self.source, PyBUF_SIMPLE)
        self.tiles = tiles

    def __dealloc__(self):
        PyBuffer_Release(&self.source)
        free(self.records)
        free(self.first)
        free(self.tables)
        free(self.order)
        free(self.tile_of)
        free(self.starts)
        free(self.rects)
        free(self.inside)
        free(self.meets)

    def add(self, Py_ssize_t start, Py_ssize_t end, Py_ssize_t count, bytes quants not None, bytes bits not None,
            bint wide):
        """See the twin."""
        cdef Py_ssize_t room, had = self.count, base = self.table_size, quant_size = len(quants), bits_size = len(bits)
        cdef Py_ssize_t status, i
        cdef Record *records
        cdef uint8_t *tables
        cdef const uint8_t *p = <const uint8_t *>self.source.buf
        if not 0 <= start <= end <= self.source.len or count < 0 or quant_size % 10 or bits_size % 30 or self.starts:
            raise ValueError("no region")
        if count > (end - start) // SMALLEST:
            return TRUNCATED
        if self.first == NULL:
            self.first = <int32_t *>calloc(self.tiles.columns * self.tiles.rows, 4)
            if self.first == NULL:
                return NO_MEMORY
        if self.count + count > self.room:
            room = max(self.count + count, 2 * self.room)
            records = <Record *>realloc(self.records, room * sizeof(Record))
            if records == NULL:
                return NO_MEMORY
            self.records = records
            self.room = room
        if quant_size + bits_size:
            tables = <uint8_t *>realloc(self.tables, base + quant_size + bits_size)
            if tables == NULL:
                return NO_MEMORY
            self.tables = tables
            memcpy(tables + base, <const char *>quants, quant_size)
            memcpy(tables + base + quant_size, <const char *>bits, bits_size)
            self.table_size += quant_size + bits_size
        with nogil:
            status = self.scan(p + start, p + end, count, base, quant_size // 10, base + quant_size, bits_size // 30,
                               wide)
        if status < 0:
            for i in range(had, self.count):
                if self.first[self.records[i].tile] > had:
                    self.first[self.records[i].tile] = 0
            self.count = had
        return status

    cdef Py_ssize_t scan(self, const uint8_t *p, const uint8_t *end, Py_ssize_t count, Py_ssize_t quants,
                         Py_ssize_t quant_count, Py_ssize_t bits, Py_ssize_t bit_count, bint wide) noexcept nogil:
        cdef Py_ssize_t i, length
        cdef int status
        for i in range(count):
            if end - p < 6:
                return TRUNCATED
            length = <Py_ssize_t>(word(p + 2) | <uint32_t>word(p + 4) << 16)
            if length < 6:
                return INVALID
            if length > end - p:
                return TRUNCATED
            status = self.read_tile(&self.records[self.count], word(p), p + 6, p + length, quants, quant_count, bits,
                                    bit_count)
            if status < 0:
                return status
            self.records[self.count].wide = wide
            self.count += 1
            p += length
        return count

    cdef int read_tile(self, Record *record, int kind, const uint8_t *p, const uint8_t *end, Py_ssize_t quants,
                       Py_ssize_t quant_count, Py_ssize_t bits, Py_ssize_t bit_count) noexcept nogil:
        cdef int k, x, y, head, lengths, parts, quality = FULL
        cdef const uint8_t *data
        if kind == SIMPLE:
            head = 16
            lengths = 8
        elif kind == FIRST:
            head = 17
            lengths = 9
        elif kind == UPGRADE:
            head = 20
            lengths = 8
        else:
            return INVALID
        if end - p < head:
            return TRUNCATED
        x = word(p + 3)
        y = word(p + 5)
        if x >= self.tiles.columns or y >= self.tiles.rows:
            return INVALID
        record.kind = kind
        record.tile = y * self.tiles.columns + x
        for k in range(3):
            if p[k] >= quant_count:
                return INVALID
            record.quants[k] = <int32_t>(quants + 10 * p[k])
        record.difference = kind != UPGRADE and p[7] & DIFFERENCE
        if kind != SIMPLE:
            quality = p[lengths - 1]
        record.bits = -1
        if quality != FULL:
            if quality >= bit_count:
                return INVALID
            record.bits = <int32_t>(bits + 30 * quality)
        parts = 6 if kind == UPGRADE else 3
        data = p + head
        for k in range(parts):
            record.size[k] = word(p + lengths + 2 * k)
            if end - data < record.size[k]:
                return TRUNCATED
            record.part[k] = data
            data += record.size[k]
        if self.first[record.tile] == 0:
            if kind == UPGRADE and not self.tiles.tiles[record.tile].begun:
                return INVALID
            self.first[record.tile] = <int32_t>(self.count + 1)
        return 0

    def finish(self, bytes rects not None):
        """See the twin."""
        cdef Py_ssize_t n = len(rects) // 16, grid = self.tiles.columns * self.tiles.rows, most, status
        cdef int32_t *unit_of
        if len(rects) % 16 or self.starts:
            raise ValueError("no rectangles")
        self.tiles.check_idle()
        most = grid if self.tiles.framed else min(self.count, grid)
        unit_of = <int32_t *>calloc(grid, 4)
        self.order = <int32_t *>malloc(4 * self.count + 4)
        self.tile_of = <int32_t *>malloc(4 * most + 4)
        self.starts = <int32_t *>calloc(most + 2, 4)
        self.meets = <int32_t *>calloc(most + 2, 4)
        self.rects = <int32_t *>malloc(16 * n + 4)
        if unit_of == NULL or self.order == NULL or self.tile_of == NULL or self.starts == NULL or (
                self.meets == NULL or self.rects == NULL):
            free(unit_of)
            return NO_MEMORY
        memcpy(self.rects, <const char *>rects, 16 * n)
        self.tiles.busy += 1
        with nogil:
            status = self.mark(unit_of, n)
            if status == 0:
                self.sort(unit_of, grid)
                status = self.meet(unit_of, n)
                if status >= 0:
                    self.commit()
        self.tiles.busy -= 1
        free(unit_of)
        return status

    cdef int mark(self, int32_t *unit_of, Py_ssize_t n) noexcept nogil:
        """Mark the tiles that came, and those that came earlier in the frame and lie in a rectangle; or a status."""
        cdef Py_ssize_t i
        cdef int x, y, tile
        cdef const int32_t *r
        for i in range(n):
            r = self.rects + 4 * i
            if r[0] < 0 or r[1] < 0 or r[2] < 1 or r[3] < 1 or r[2] > self.tiles.width - r[0] or (
                    r[3] > self.tiles.height - r[1]):
                return INVALID
            if self.tiles.framed:
                for y in range(r[1] >> 6, ((r[1] + r[3] - 1) >> 6) + 1):
                    for x in range(r[0] >> 6, ((r[0] + r[2] - 1) >> 6) + 1):
                        tile = y * self.tiles.columns + x
                        if self.tiles.tiles[tile].recent:
                            unit_of[tile] = 1
        for i in range(self.count):
            unit_of[self.records[i].tile] = 1
        return 0

    cdef void commit(self) noexcept nogil:
        """Nothing is wrong any more: tell the tiles that they came."""
        cdef Py_ssize_t i
        for i in range(self.count):
            self.tiles.tiles[self.records[i].tile].begun = True
            self.tiles.tiles[self.records[i].tile].recent = True

    cdef void sort(self, int32_t *unit_of, Py_ssize_t grid) noexcept nogil:
        """Bring the records of each tile together, in their order; `unit_of` each tile becomes its unit, or -1."""
        cdef Py_ssize_t i
        cdef int32_t unit
        self.units = 0
        for i in range(grid):
            if unit_of[i]:
                unit_of[i] = <int32_t>self.units
                self.tile_of[self.units] = <int32_t>i
                self.units += 1
            else:
                unit_of[i] = -1
        # Counts lie two places behind; summed up, each unit's start lies one behind, and moves to its end, the next
        # one's start, while the records find their places.
        for i in range(self.count):
            self.starts[unit_of[self.records[i].tile] + 2] += 1
        for i in range(2, self.units + 2):
            self.starts[i] += self.starts[i - 1]
        for i in range(self.count):
            unit = unit_of[self.records[i].tile]
            self.order[self.starts[unit + 1]] = <int32_t>i
            self.starts[unit + 1] += 1

    cdef Py_ssize_t meet(self, const int32_t *unit_of, Py_ssize_t n) noexcept nogil:
        """List the rectangles that meet each unit's tile, in the same manner; the units, or a status."""
        cdef Py_ssize_t i, total = 0
        cdef int placing, x, y, unit
        cdef const int32_t *r
        for placing in range(2):
            for i in range(n):
                r = self.rects + 4 * i
                for y in range(r[1] >> 6, ((r[1] + r[3] - 1) >> 6) + 1):
                    for x in range(r[0] >> 6, ((r[0] + r[2] - 1) >> 6) + 1):
                        unit = unit_of[y * self.tiles.columns + x]
                        if unit < 0:
                            continue
                        if placing:
                            self.inside[self.meets[unit + 1]] = <int32_t>i
                            self.meets[unit + 1] += 1
                        else:
                            self.meets[unit + 2] += 1
                            total += 1
                            if total > MAX_PIXELS:
                                return NO_MEMORY
            if not placing:
                for i in range(2, self.units + 2):
                    self.meets[i] += self.meets[i - 1]
                self.inside = <int32_t *>malloc(4 * total + 4)
                if self.inside == NULL:
                    return NO_MEMORY
        return self.units

    def draw(self, surface, Py_ssize_t stride, Py_ssize_t x, Py_ssize_t y, Py_ssize_t width, Py_ssize_t height,
             Py_ssize_t first, Py_ssize_t last):
        """See the twin."""
        cdef Py_buffer target
        cdef Py_ssize_t unit
        cdef int status = 0
        cdef uint8_t *out
        if self.inside == NULL or not 0 <= first <= last <= self.units:
            raise ValueError("no such tiles")
        PyObject_GetBuffer(surface, &target, PyBUF_WRITABLE)
        try:
            region(target.len, stride, x, y, width, height, 4)
            out = <uint8_t *>target.buf + y * stride + x * 4
            # Threads may draw different tiles of one message; what changes all tiles waits for them.
            self.tiles.busy += 1
            with nogil:
                for unit in range(first, last):
                    status = self.draw_unit(unit, out, stride, width, height)
                    if status < 0:
                        break
            self.tiles.busy -= 1
        finally:
            PyBuffer_Release(&target)
        return status if status < 0 else last - first

    cdef int draw_unit(self, Py_ssize_t unit, uint8_t *out, Py_ssize_t stride, Py_ssize_t width,
                       Py_ssize_t height) noexcept nogil:
        """Take what the message says of a tile, and draw the tile as that leaves it."""
        cdef const Record *record = NULL
        cdef const uint8_t *bits
        cdef Tile *tile = &self.tiles.tiles[self.tile_of[unit]]
        cdef Py_ssize_t i
        cdef int k
        for i in range(self.starts[unit], self.starts[unit + 1]):
            record = &self.records[self.order[i]]
            tile.last_wide = record.wide
            for k in range(3):
                memcpy(tile.factors + 10 * k, self.tables + record.quants[k], 10)
            bits = self.tables + record.bits if record.bits >= 0 else NO_BITS
            if record.kind != UPGRADE:
                if begin(tile, record, bits) < 0:
                    return NO_MEMORY
                continue
            if spread(tile) < 0:
                return NO_MEMORY
            for k in range(3):
                upgrade_plane(tile.sum + PLANE * k, record, k, tile.missing + 10 * k, bits + 10 * k)
        if self.meets[unit] < self.meets[unit + 1] and (tile.sum != NULL or tile.packed != NULL):
            self.render(unit, tile, out, stride, width, height)
        return 0

    cdef void render(self, Py_ssize_t unit, const Tile *tile, uint8_t *out, Py_ssize_t stride, Py_ssize_t width,
                     Py_ssize_t height) noexcept nogil:
        """Draw a tile as it is now, inside the rectangles that meet it."""
        cdef int16_t planes[3][PLANE]
        cdef int16_t spare[SPARE]
        cdef const uint8_t *factors
        cdef const int16_t *base
        cdef const int32_t *r
        cdef Py_ssize_t tx = self.tile_of[unit] % self.tiles.columns * 64, i
        cdef Py_ssize_t ty = self.tile_of[unit] // self.tiles.columns * 64
        cdef Py_ssize_t left, top, right, bottom
        cdef int k
        for k in range(3):
            factors = tile.factors + 10 * k
            base = tile.base + PLANE * k if tile.has_base else NULL
            if tile.sum != NULL:
                dequantise(tile.sum + PLANE * k, base, tile.last_wide, factors, planes[k])
            elif base == NULL:
                unpack(stream_of(tile, k), tile.sizes[k], tile.wide, tile.first + 10 * k, factors, planes[k])
            else:
                unpack(stream_of(tile, k), tile.sizes[k], tile.wide, tile.first + 10 * k, NULL, planes[k])
                add_plane(planes[k], base, PLANE)
                rescale(planes[k], tile.last_wide, factors)
            inverse(planes[k], tile.last_wide, spare)
        for i in range(self.meets[unit], self.meets[unit + 1]):
            r = self.rects + 4 * self.inside[i]
            left = max(r[0] - tx, 0)
            top = max(r[1] - ty, 0)
            right = min(min(r[0] + r[2], width) - tx, 64)
            bottom = min(min(r[1] + r[3], height) - ty, 64)
            if left < right and top < bottom:
                tile_to_bgrx(planes[0], planes[1], planes[2], out + ty * stride + tx * 4, stride, <int>left, <int>top,
                             <int>right, <int>bottom)


# ------------------------------------------------------------------------------------------------- one stage at a time


def join(coefficients):
    """See the twin."""
    cdef Py_buffer source
    cdef int16_t plane[PLANE]
    cdef int16_t spare[SPARE]
    PyObject_GetBuffer(coefficients, &source, PyBUF_SIMPLE)
    try:
        if source.len != PLANE * 2:
            raise ValueError("a plane has 4096 numbers of 16 bits")
        memcpy(plane, source.buf, PLANE * 2)
    finally:
        PyBuffer_Release(&source)
    inverse(plane, True, spare)
    return (<const char *>plane)[:PLANE * 2]


def read_srl(data, Py_ssize_t count, int bits):
    """See the twin."""
    cdef Py_buffer source
    cdef SrlReader reader
    cdef Py_ssize_t i
    if not (0 <= count <= MAX_PIXELS and 1 <= bits <= 15):
        raise ValueError("no such elements")
    PyObject_GetBuffer(data, &source, PyBUF_SIMPLE)
    try:
        srl_open(&reader, <const uint8_t *>source.buf, source.len)
        return [srl_next(&reader, bits) for i in range(count)]
    finally:
        PyBuffer_Release(&source)
