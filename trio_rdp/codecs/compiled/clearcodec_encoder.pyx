# cython: language_level=3
"""Encoding ClearCodec on raw pointers; `trio_rdp.codecs.plain.clearcodec_encoder` says what it does."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport int16_t, int64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy, memset

from trio_rdp.codecs.compiled.clear_runs cimport Run, go_on, go_on_row, list_runs
from trio_rdp.codecs.compiled.clear_storage cimport (
    CELL, MASK, MULTIPLIER, Buffer, Line, Store, add, close_store, ensure, find, guess, has_ink, list_starts, load_row,
    mark, mark_changes, mix, open_store, put16, put32, put_raw, put_run, put_surface, put_triplet,
    scan_line, vbar_key,
)
from trio_rdp.codecs.compiled.common cimport (
    NO_MEMORY, PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer, bitmap, guard, px32, region, uint8_t,
    uint16_t, uint32_t, uint64_t,
)
from trio_rdp.codecs.compiled.nsc_packing cimport nsc_encode

cdef enum:
    GLYPH_INDEX = 1
    GLYPH_HIT = 2
    RAW = 0
    NSCODEC = 1
    RLEX = 2
    GLYPHS = 4000
    VBARS = 32768
    SHORT_VBARS = 16384
    MAX_GLYPH = 1024
    MAX_VBAR = 52
    MAX_PALETTE = 0x7F
    SUBCODEC_HEADER = 13
    BAND_HEADER = 11
    TEXT = 24            # one pixel in so many must begin a run for a cell to be looked at as text
    SHORTEST = 8         # rows for which a palette must do to be worth it
    COLOURFUL = 32       # rows that are given up at once where it does not
    AREA = CELL * CELL
    LINES = CELL // 2    # lines of text in a cell, at most: a row and another between
    # What the residual layer has to draw in a cell.
    PIXELS = 0
    COLOUR = 1
    NOTHING = 2

# Room for one cell.
ctypedef struct Work:
    uint32_t pixels[AREA + 16]
    uint8_t changes[AREA + 16]
    uint16_t starts[AREA + 9]
    uint8_t indexes[AREA]
    uint32_t palette[MAX_PALETTE + 1]
    uint8_t places[512]
    uint8_t data[4 * AREA + 512]
    uint8_t planes[4 * AREA]
    int16_t rows[4 * CELL]
    Line lines[LINES]

# What the residual layer has to draw in a row of a cell.
ctypedef struct Part:
    uint32_t kind
    uint32_t colour

ctypedef struct State:
    int number
    Store vbars
    Store shorts
    Store glyphs
    uint32_t *seen
    Work *work
    Buffer bands
    Buffer subcodecs
    Buffer residual
    Buffer marks
    int64_t ground


cdef Py_ssize_t name_colours(Work *w, const uint32_t *pixels, Py_ssize_t runs, Py_ssize_t *colours) noexcept nogil:
    """Make the palette of as many runs as it does for, and give each its index: the runs."""
    cdef Py_ssize_t at, count = 0
    cdef uint32_t colour, place, index
    memset(w.places, 0, sizeof(w.places))
    for at in range(runs):
        colour = pixels[w.starts[at]]
        place = (colour * MULTIPLIER) >> 23
        while True:
            index = w.places[place]
            if index == 0:
                if count == MAX_PALETTE:
                    colours[0] = count
                    return at
                w.palette[count] = colour
                count += 1
                index = <uint32_t>count
                w.places[place] = <uint8_t>count
                break
            if w.palette[index - 1] == colour:
                break
            place = (place + 1) & 511
        w.indexes[at] = <uint8_t>(index - 1)
    colours[0] = count
    return runs


cdef Py_ssize_t put_rlex(Work *w, Py_ssize_t runs, Py_ssize_t colours) noexcept nogil:
    """Encode runs as segments into `data`: the bytes."""
    cdef uint8_t *d = w.data
    cdef Py_ssize_t at = 0, run, left
    cdef int bits = 1, most, start, stop
    # "floor(log2(paletteCount - 1)) + 1", the bits of an index, says nothing for one colour: so that is there twice.
    d[0] = <uint8_t>max(colours, 2)
    d += 1
    for at in range(colours):
        d = put_triplet(d, w.palette[at])
    if colours == 1:
        d = put_triplet(d, w.palette[0])
    while (colours - 1) >> bits:
        bits += 1
    most = (1 << (8 - bits)) - 1
    at = 0
    left = w.starts[1]
    while at < runs:
        start = stop = w.indexes[at]
        run = left - 1
        at += 1
        left = 0
        while at < runs and stop - start < most and w.indexes[at] == stop + 1:
            stop += 1
            left = w.starts[at + 1] - w.starts[at] - 1
            if left:
                break
            at += 1
        d[0] = <uint8_t>(((stop - start) << bits) | stop)
        d = put_run(d + 1, run)
        if not left and at < runs:
            left = w.starts[at + 1] - w.starts[at]
    return d - w.data


cdef Py_ssize_t price(State *state, const Line *line, uint32_t background) noexcept nogil:
    """What a line costs, and later ones like it: what comes for the second time will come again."""
    cdef Py_ssize_t x, total = BAND_HEADER
    cdef uint32_t key
    for x in range(line.left, line.right + 1):
        key = line.keys[x]
        if line.first[x] == 0xFF or guess(&state.vbars, vbar_key(line, x, background)):
            total += 2
        elif guess(&state.shorts, key) or state.seen[key >> 18] == key:
            total += 3
        else:
            state.seen[key >> 18] = key
            total += 2 + 3 * (<Py_ssize_t>line.last[x] - <Py_ssize_t>line.first[x] + 1)
    return total


cdef uint8_t *put_column(State *state, const uint32_t *pixels, const Line *line, Py_ssize_t width, Py_ssize_t x,
                         uint32_t background, uint8_t *d) noexcept nogil:
    """Encode a column of a band, and store it as the peer will."""
    cdef const uint32_t *column = pixels + line.top * width + x
    cdef const uint32_t *short = column
    cdef uint32_t key = line.keys[x], whole = vbar_key(line, x, background)
    cdef Py_ssize_t on = 0, n = 0, slot, i
    slot = find(&state.vbars, whole, column, width, line.height)
    if slot >= 0:
        return put16(d, 0x8000 | slot)
    if line.first[x] != 0xFF:
        on = line.first[x]
        n = <Py_ssize_t>line.last[x] - on + 1
        short = column + on * width
    slot = find(&state.shorts, key, short, width, n)
    if slot >= 0:
        d = put16(d, 0x4000 | slot)
        d[0] = <uint8_t>on
        d += 1
    else:
        add(&state.shorts, key, short, width, n)
        d[0] = <uint8_t>on
        d[1] = <uint8_t>(on + n)
        d += 2
        for i in range(n):
            d = put_triplet(d, short[i * width])
    add(&state.vbars, whole, column, width, line.height)
    return d


cdef Py_ssize_t put_text(State *state, const uint32_t *pixels, Py_ssize_t left, Py_ssize_t top, Py_ssize_t width,
                         Py_ssize_t height, Py_ssize_t runs, Py_ssize_t colours, Py_ssize_t limit,
                         uint32_t *ground) noexcept nogil:
    """Encode what stands on a background in bands, where that promises to take fewer than `limit` bytes: whether."""
    cdef Work *w = state.work
    cdef uint32_t counts[MAX_PALETTE]
    cdef uint32_t background
    cdef Py_ssize_t i, best = 0, lines = 0, y = 0, start, total = 0, x
    cdef Line *line
    cdef uint8_t *d
    memset(counts, 0, sizeof(counts))
    for i in range(runs):
        counts[w.indexes[i]] += <uint32_t>(w.starts[i + 1] - w.starts[i])
    for i in range(1, colours):
        if counts[i] > counts[best]:
            best = i
    background = w.palette[best]
    while y < height:
        start = y
        while y < height and has_ink(pixels + y * width, width, background):
            y += 1
        if y - start > MAX_VBAR:
            return False
        if y > start:
            guard(lines < LINES)
            w.lines[lines].top = start
            w.lines[lines].height = y - start
            lines += 1
        else:
            y += 1
    for i in range(lines):
        scan_line(pixels, &w.lines[i], width, background)
        total += price(state, &w.lines[i], background)
    if total >= limit:
        return False
    for i in range(lines):
        line = &w.lines[i]
        if ensure(&state.bands, BAND_HEADER + CELL * (3 + 3 * line.height)) < 0:
            return NO_MEMORY
        d = state.bands.start + state.bands.size
        d = put16(d, left + line.left)
        d = put16(d, left + line.right)
        d = put16(d, top + line.top)
        d = put16(d, top + line.top + line.height - 1)
        d = put_triplet(d, background)
        for x in range(line.left, line.right + 1):
            d = put_column(state, pixels, line, width, x, background, d)
        state.bands.size = d - state.bands.start
        guard(state.bands.size <= state.bands.room)
    ground[0] = background
    return True


cdef inline void note(Part *part, Py_ssize_t across, Py_ssize_t height, uint32_t kind, uint32_t colour) noexcept nogil:
    cdef Py_ssize_t row
    for row in range(height):
        part[row * across].kind = kind
        part[row * across].colour = colour


cdef Py_ssize_t between_lines(const uint8_t *changes, Py_ssize_t width, Py_ssize_t rows) noexcept nogil:
    """Move a cut up to below a row of one colour, if one is near: where text is not cut through."""
    cdef Py_ssize_t row = rows, x
    cdef uint8_t changed
    while row > rows >> 1:
        changed = 0
        for x in range(1, width):
            changed |= changes[(row - 1) * width + x]
        if not changed:
            return row
        row -= 1
    return rows


cdef inline uint8_t *put_header(uint8_t *d, Py_ssize_t left, Py_ssize_t top, Py_ssize_t width, Py_ssize_t height,
                                Py_ssize_t size, int kind) noexcept nogil:
    """Write what stands before the data of a subcodec."""
    d = put32(put16(put16(put16(put16(d, left), top), width), height), size)
    d[0] = <uint8_t>kind
    return d + 1


cdef Py_ssize_t choose(State *state, Py_ssize_t left, Py_ssize_t top, Py_ssize_t width, Py_ssize_t height,
                       Py_ssize_t done, Py_ssize_t across, int level, bint subsampling, Part *parts) noexcept nogil:
    """Encode rows of a cell, of which `done` are, in the way that takes the fewest bytes: how many, or a status.

    Fills what the residual layer has to draw in each row; the next row's part is `across` behind.
    """
    cdef Work *w = state.work
    cdef const uint32_t *pixels = w.pixels + done * width
    cdef Part *part = parts + done * across
    cdef Py_ssize_t rows = height - done, n = rows * width, runs, named, colours, residual, size, status
    cdef uint32_t background = pixels[0]
    cdef bint has_palette = True
    cdef int kind = RAW
    cdef uint8_t *d
    w.changes[done * width] = 0
    runs = list_starts(w.changes + done * width, n, w.starts)
    named = name_colours(w, pixels, runs, &colours)
    if named < runs:
        rows = w.starts[named] // width
        if rows < SHORTEST:
            has_palette = False
            rows = min(height - done, COLOURFUL)
        else:
            rows = between_lines(w.changes + done * width, width, rows)
        n = rows * width
        runs = named if has_palette else 0
        # The rows end in the midst of runs.
        while has_palette and w.starts[runs - 1] >= n:
            runs -= 1
        if has_palette:
            w.starts[runs] = <uint16_t>n
            colours = 0
            for residual in range(runs):
                if w.indexes[residual] >= colours:
                    colours = w.indexes[residual] + 1
        else:
            while w.starts[runs] < n:
                runs += 1
    top += done
    residual = 4 * runs
    if across > 1 and state.ground >= 0 and (pixels[0] != state.ground or pixels[n - 1] != state.ground):
        # Where neighbours have other colours, runs end at each row.
        residual += 4 * rows
    size = min(3 + 3 * colours, 3 * n)  # no palette takes fewer
    if not has_palette or residual > SUBCODEC_HEADER + size:
        if has_palette:
            kind = RLEX
            size = put_rlex(w, runs, colours)
        else:
            kind = NSCODEC
            size = 0
            if level:
                size = nsc_encode(<const uint8_t *>pixels, width * 4, width, rows, level, subsampling, False, w.planes,
                                  w.rows, w.data)
        if not 0 < size < 3 * n:
            kind = RAW
            size = 3 * n
    if residual <= SUBCODEC_HEADER + size:
        if state.ground < 0:
            state.ground = background
        note(part, across, rows, COLOUR if runs == 1 else PIXELS, background)
        return rows
    if kind == RLEX and runs * TEXT >= n:
        status = put_text(state, pixels, left, top, width, rows, runs, colours, SUBCODEC_HEADER + size, &background)
        if status < 0:
            return status
        if status:
            if state.ground < 0:
                state.ground = background
            note(part, across, rows, COLOUR, background)
            return rows
    if ensure(&state.subcodecs, SUBCODEC_HEADER + size + 1) < 0:
        return NO_MEMORY
    d = put_header(state.subcodecs.start + state.subcodecs.size, left, top, width, rows, size, kind)
    if kind == RAW:
        put_raw(pixels, d, n)
    else:
        memcpy(d, w.data, size)
    state.subcodecs.size += SUBCODEC_HEADER + size
    note(part, across, rows, NOTHING, 0)
    return rows


cdef Py_ssize_t encode_cell(State *state, const uint8_t *s, Py_ssize_t stride, Py_ssize_t left, Py_ssize_t top,
                            Py_ssize_t width, Py_ssize_t height, Py_ssize_t across, int level, bint subsampling,
                            Part *parts) noexcept nogil:
    """Encode a cell, in as many pieces as it needs: 0, or a status."""
    cdef Work *w = state.work
    cdef Py_ssize_t row, done = 0, status
    cdef uint32_t different = 0, first = (<const px32 *>s)[0] & MASK
    for row in range(height):
        different |= load_row(<const px32 *>(s + row * stride), w.pixels + row * width, width, first)
    if not different and (across == 1 or state.ground < 0 or state.ground == first):
        # Of one colour, which is the residual layer's.
        if state.ground < 0:
            state.ground = first
        note(parts, across, height, COLOUR, first)
        return 0
    mark_changes(w.pixels, w.changes, width * height)
    while done < height:
        status = choose(state, left, top, width, height, done, across, level, subsampling, parts)
        if status < 0:
            return status
        guard(status > 0)
        done += status
    return 0


cdef Py_ssize_t layers(State *state, const uint8_t *s, Py_ssize_t stride, Py_ssize_t width, Py_ssize_t height,
                       int level, bint subsampling) noexcept nogil:
    """Fill the buffers of the three layers: 0, or a status."""
    cdef Py_ssize_t across = (width + CELL - 1) // CELL, down = (height + CELL - 1) // CELL
    cdef Py_ssize_t i, j, left, right, top, bottom, y, status = 0
    cdef bint needed = False
    cdef Part *parts = <Part *>malloc(across * height * sizeof(Part))
    cdef Part *part
    cdef Run run
    state.bands.size = state.subcodecs.size = state.residual.size = 0
    state.ground = -1
    run.colour = -1
    run.count = 0
    run.d = NULL
    if parts == NULL:
        return NO_MEMORY
    for i in range(down):
        top = height * i // down
        bottom = height * (i + 1) // down
        for j in range(across):
            left = width * j // across
            right = width * (j + 1) // across
            if status == 0:
                status = encode_cell(state, s + top * stride + left * 4, stride, left, top, right - left, bottom - top,
                                     across, level, subsampling, parts + top * across + j)
    for i in range(across * height if status == 0 else 0):
        needed = needed or parts[i].kind != NOTHING
    for y in range(height if needed else 0):
        if ensure(&state.residual, 4 * width + 32) < 0:
            status = NO_MEMORY
            break
        run.d = state.residual.start + state.residual.size
        part = parts + y * across
        for j in range(across):
            left = width * j // across
            right = width * (j + 1) // across
            if part[j].kind == NOTHING:
                run.count += right - left
            elif part[j].kind == COLOUR:
                go_on(&run, part[j].colour, right - left)
            else:
                go_on_row(&run, s + y * stride + left * 4, right - left)
        state.residual.size = run.d - state.residual.start
        guard(state.residual.size + 10 <= state.residual.room)
    if needed and status == 0:
        run.d = put_run(put_triplet(run.d, <uint32_t>run.colour), run.count)
        state.residual.size = run.d - state.residual.start
    free(parts)
    return status


cdef Py_ssize_t quick_layers(State *state, const uint8_t *s, Py_ssize_t stride, Py_ssize_t width,
                             Py_ssize_t height) noexcept nogil:
    """Fill the residual layer, or that of the subcodecs where pixels take fewer bytes than runs: 0, or a status."""
    cdef Py_ssize_t words = (width + 63) >> 6, n = width * height, runs = 1, y
    cdef uint32_t previous = (<const px32 *>s)[0] & MASK
    cdef uint64_t *marks
    cdef uint8_t *d
    state.bands.size = state.subcodecs.size = state.residual.size = state.marks.size = 0
    if ensure(&state.marks, 8 * words * height) < 0:
        return NO_MEMORY
    marks = <uint64_t *>state.marks.start
    for y in range(height):
        runs += mark(s + y * stride, width, previous, marks + y * words)
        previous = (<const px32 *>(s + y * stride))[width - 1] & MASK
    if 4 * runs > SUBCODEC_HEADER + 3 * n:
        if ensure(&state.subcodecs, SUBCODEC_HEADER + 3 * n + 1) < 0:
            return NO_MEMORY
        d = put_header(state.subcodecs.start, 0, 0, width, height, 3 * n, RAW)
        for y in range(height):
            put_surface(<const px32 *>(s + y * stride), d + 3 * width * y, width)
        state.subcodecs.size = SUBCODEC_HEADER + 3 * n
        return 0
    # A run of 255 and more takes two bytes more than the others, one of 65,535 and more six.
    if ensure(&state.residual, 4 * runs + n // 64 + 8) < 0:
        return NO_MEMORY
    state.residual.size = list_runs(s, stride, width, height, marks, state.residual.start)
    guard(state.residual.size + 2 <= state.residual.room)
    return 0


cdef Py_ssize_t open_state(State *state) noexcept nogil:
    state.work = <Work *>malloc(sizeof(Work))
    state.seen = <uint32_t *>calloc(1 << 14, sizeof(uint32_t))
    if state.work == NULL or state.seen == NULL or open_store(&state.vbars, VBARS, MAX_VBAR, 16) < 0:
        return NO_MEMORY
    if open_store(&state.shorts, SHORT_VBARS, MAX_VBAR, 17) < 0 or open_store(&state.glyphs, GLYPHS, MAX_GLYPH, 19) < 0:
        return NO_MEMORY
    return 0


cdef inline uint8_t *put_layer(uint8_t *d, const Buffer *layer) noexcept nogil:
    if layer.size:
        memcpy(d, layer.start, layer.size)
    return d + layer.size


cdef class Encoder:
    """See the twin."""

    cdef State state
    cdef bint busy
    cdef bint quick

    def __cinit__(self, bint quick=False):
        memset(&self.state, 0, sizeof(State))
        self.quick = quick
        if not quick and open_state(&self.state) < 0:
            raise MemoryError

    def __dealloc__(self):
        close_store(&self.state.vbars)
        close_store(&self.state.shorts)
        close_store(&self.state.glyphs)
        free(self.state.work)
        free(self.state.seen)
        free(self.state.bands.start)
        free(self.state.subcodecs.start)
        free(self.state.residual.start)
        free(self.state.marks.start)

    def encode(self, surface, Py_ssize_t stride, Py_ssize_t x, Py_ssize_t y, Py_ssize_t width, Py_ssize_t height,
               int color_loss_level, bint subsampling):
        """See the twin."""
        cdef Py_buffer source
        cdef const uint8_t *s
        cdef Py_ssize_t status = 0, index = -1, i
        cdef bint hit = False
        cdef uint32_t key = 0
        cdef uint32_t *glyph = NULL if self.quick else self.state.work.pixels
        cdef int number
        bitmap(width, height)
        if width > 0xFFFF or height > 0xFFFF:
            raise ValueError("a bitmap is at most 65535 pixels wide and high")
        if color_loss_level < 0 or color_loss_level > 7:
            raise ValueError("a colour loss level is 1 to 7, or 0 for none")
        # Without the GIL nothing else keeps two threads from one storage.
        if self.busy:
            raise RuntimeError("an encoder is used by two threads at once")
        PyObject_GetBuffer(surface, &source, PyBUF_SIMPLE)
        try:
            region(source.len, stride, x, y, width, height, 4)
            s = <const uint8_t *>source.buf + y * stride + x * 4
            number = self.state.number
            self.state.number = (number + 1) & 0xFF
            self.busy = True
            with nogil:
                if self.quick:
                    status = quick_layers(&self.state, s, stride, width, height)
                elif width * height <= MAX_GLYPH:
                    color_loss_level = 0
                    for i in range(height):
                        load_row(<const px32 *>(s + i * stride), glyph + i * width, width, 0)
                    for i in range(width * height):
                        key = (key ^ glyph[i]) * MULTIPLIER
                    key = mix(mix(0, key), <uint32_t>(width * height))
                    index = find(&self.state.glyphs, key, glyph, 1, width * height)
                    hit = index >= 0
                    if not hit:
                        index = add(&self.state.glyphs, key, glyph, 1, width * height)
                if not hit and not self.quick:
                    status = layers(&self.state, s, stride, width, height, color_loss_level, subsampling)
            self.busy = False
        finally:
            PyBuffer_Release(&source)
        if status < 0:
            raise MemoryError
        return self.join(number, index, hit)

    cdef bytes join(self, int number, Py_ssize_t index, bint hit):
        """Join header and layers."""
        cdef State *state = &self.state
        cdef Py_ssize_t size = 2 if index < 0 else 4
        cdef bytes out
        cdef uint8_t *d
        if not hit:
            size += 12 + state.residual.size + state.bands.size + state.subcodecs.size
        out = PyBytes_FromStringAndSize(NULL, size)
        d = <uint8_t *>PyBytes_AS_STRING(out)
        d[0] = 0 if index < 0 else GLYPH_INDEX | GLYPH_HIT if hit else GLYPH_INDEX
        d[1] = <uint8_t>number
        d += 2
        if index >= 0:
            d = put16(d, index)
        if not hit:
            d = put32(d, state.residual.size)
            d = put32(d, state.bands.size)
            d = put32(d, state.subcodecs.size)
            d = put_layer(d, &state.residual)
            d = put_layer(d, &state.bands)
            put_layer(d, &state.subcodecs)
        return out
