# cython: language_level=3
"""Decoding ClearCodec on raw pointers; `trio_rdp.codecs.plain.clearcodec` says what it does."""

from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy, memset

from trio_rdp.codecs.compiled.common cimport (
    INVALID, NO_MEMORY, OVERRUN, TRUNCATED, PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer, bitmap,
    guard, px32, px32_r, region, uint8_t, uint16_t, uint32_t,
)
from trio_rdp.codecs.compiled.nsc_planes cimport Nsc, count32, load32, nsc_close, nsc_draw, nsc_open

cdef enum:
    GLYPH_INDEX = 1
    GLYPH_HIT = 2
    CACHE_RESET = 4
    RAW = 0
    NSCODEC = 1
    RLEX = 2
    GLYPHS = 4000
    VBARS = 32768
    SHORT_VBARS = 16384
    MAX_GLYPH = 1024
    MAX_VBAR = 52
    MAX_OVERDRAW = 4
    SLACK = 8            # pixels behind a row, as runs are drawn eight at once
    SMALL_ROW = 2048

cdef uint32_t BLACK = 0xFF000000u

ctypedef struct Vbar:
    uint32_t pixels[MAX_VBAR]

ctypedef struct Glyph:
    uint32_t pixels[MAX_GLYPH]

ctypedef struct Storage:
    int expected
    Py_ssize_t vbar_cursor
    Py_ssize_t short_cursor
    # Zeroed memory that the system gives when a slot is first written.
    Vbar *vbars
    uint8_t *vbar_sizes
    Vbar *shorts
    uint8_t *short_sizes
    Glyph *glyphs
    uint16_t *glyph_sizes

ctypedef struct Canvas:
    uint8_t *d
    Py_ssize_t stride
    Py_ssize_t columns
    Py_ssize_t rows

ctypedef struct Pen:
    Py_ssize_t x
    Py_ssize_t y         # the row being drawn
    Py_ssize_t width
    Py_ssize_t column
    Py_ssize_t left      # pixels not drawn yet
    uint32_t *row
    uint32_t small[SMALL_ROW + SLACK]


cdef inline uint32_t load16(const uint8_t *p) noexcept nogil:
    return p[0] | (<uint32_t>p[1] << 8)


cdef inline uint32_t bgrx(const uint8_t *p) noexcept nogil:
    return BLACK | p[0] | (<uint32_t>p[1] << 8) | (<uint32_t>p[2] << 16)


cdef inline Py_ssize_t long_run(const uint8_t **s, const uint8_t *e) noexcept nogil:
    """Run length factors 2 and 3."""
    cdef Py_ssize_t run
    if e - s[0] < 2:
        return TRUNCATED
    run = load16(s[0])
    s[0] += 2
    if run == 0xFFFF:
        if e - s[0] < 4:
            return TRUNCATED
        run = count32(s[0])
        s[0] += 4
    return run


cdef inline void fill(uint32_t *d, uint32_t pixel, Py_ssize_t n) noexcept nogil:
    """Writes up to SLACK pixels too many."""
    cdef Py_ssize_t i = 0, k
    while True:
        for k in range(8):
            d[i + k] = pixel
        i += 8
        if i >= n:
            break


cdef inline Py_ssize_t take_pen(Pen *pen, Py_ssize_t x, Py_ssize_t y, Py_ssize_t width,
                                Py_ssize_t height) noexcept nogil:
    pen.x = x
    pen.y = y
    pen.width = width
    pen.column = 0
    pen.left = width * height
    pen.row = pen.small
    if width > SMALL_ROW:
        pen.row = <uint32_t *>malloc((width + SLACK) * sizeof(uint32_t))
        if pen.row == NULL:
            return NO_MEMORY
    return 0


cdef inline void flush(const Canvas *canvas, Pen *pen, Py_ssize_t n) noexcept nogil:
    """Bring the first `n` pixels of the row to the surface."""
    if n > canvas.columns - pen.x:
        n = canvas.columns - pen.x
    if n > 0 and pen.y < canvas.rows:
        memcpy(canvas.d + pen.y * canvas.stride + pen.x * 4, pen.row, n * 4)


cdef inline void drop_pen(const Canvas *canvas, Pen *pen) noexcept nogil:
    flush(canvas, pen, pen.column)
    if pen.row != pen.small:
        free(pen.row)


cdef inline void draw_run(const Canvas *canvas, Pen *pen, uint32_t pixel, Py_ssize_t run) noexcept nogil:
    """Draw a run, of which there is room."""
    cdef Py_ssize_t n = pen.width - pen.column
    guard(run <= pen.left)
    pen.left -= run
    if run < n:
        fill(pen.row + pen.column, pixel, run)
        pen.column += run
        return
    fill(pen.row + pen.column, pixel, n)
    flush(canvas, pen, pen.width)
    pen.y += 1
    run -= n
    fill(pen.row, pixel, run if run < pen.width else pen.width)
    while run >= pen.width:
        flush(canvas, pen, pen.width)
        pen.y += 1
        run -= pen.width
    pen.column = run


cdef Py_ssize_t residual(const Canvas *canvas, Pen *pen, const uint8_t *s, const uint8_t *e) noexcept nogil:
    cdef Py_ssize_t run
    cdef uint32_t head
    while s < e:
        if e - s < 4:
            return TRUNCATED
        head = load32(s)
        s += 4
        run = head >> 24
        if run == 0xFF:
            run = long_run(&s, e)
            if run < 0:
                return run
        if run > pen.left:
            return OVERRUN
        draw_run(canvas, pen, head | BLACK, run)
    return 0


cdef Py_ssize_t rlex(const Canvas *canvas, Pen *pen, const uint8_t *s, const uint8_t *e) noexcept nogil:
    cdef uint32_t palette[0x7F + SLACK]
    cdef Py_ssize_t count, run, start, n, i, k
    cdef int bits = 1, head, stop
    if s >= e:
        return TRUNCATED
    count = s[0]
    s += 1
    if count < 1 or count > 0x7F:
        return INVALID
    if e - s < 3 * count:
        return TRUNCATED
    for i in range(count):
        palette[i] = bgrx(s)
        s += 3
    memset(palette + count, 0, SLACK * sizeof(uint32_t))
    while (count - 1) >> bits:
        bits += 1
    while s < e:
        head = s[0]
        stop = head & ((1 << bits) - 1)
        n = head >> bits
        start = stop - n
        if stop >= count or start < 0:
            return INVALID
        if e - s < 2:
            return TRUNCATED
        run = s[1]
        s += 2
        if run == 0xFF:
            run = long_run(&s, e)
            if run < 0:
                return run
        n += 1
        if run > pen.left:
            return OVERRUN
        if n == 1 and run < pen.left:
            # The suite is one more pixel of the run.
            draw_run(canvas, pen, palette[start], run + 1)
            continue
        if run:
            draw_run(canvas, pen, palette[start], run)
        if n <= pen.left and n < pen.width - pen.column:
            i = 0
            while True:
                for k in range(8):
                    pen.row[pen.column + i + k] = palette[start + i + k]
                i += 8
                if i >= n:
                    break
            pen.column += n
            pen.left -= n
            continue
        for i in range(start, stop + 1):
            if not pen.left:
                return OVERRUN
            draw_run(canvas, pen, palette[i], 1)
    return 0


cdef Py_ssize_t raw(const Canvas *canvas, Py_ssize_t x, Py_ssize_t y, Py_ssize_t width, Py_ssize_t height,
                    const uint8_t *s, Py_ssize_t count) noexcept nogil:
    cdef Py_ssize_t i, k, columns = width, rows = height
    cdef px32 *d
    if count != 3 * width * height:
        return TRUNCATED if count < 3 * width * height else INVALID
    if columns > canvas.columns - x:
        columns = canvas.columns - x
    if rows > canvas.rows - y:
        rows = canvas.rows - y
    if columns <= 0:
        return 0
    for i in range(rows):
        d = <px32 *>(canvas.d + (y + i) * canvas.stride + x * 4)
        # Four bytes at once, but for the last three of all.
        for k in range(columns - 1):
            d[k] = load32(s + 3 * k) | BLACK
        d[columns - 1] = bgrx(s + 3 * (columns - 1))
        s += 3 * width
    return 0


cdef Py_ssize_t nscodec(const Canvas *canvas, Py_ssize_t x, Py_ssize_t y, Py_ssize_t width, Py_ssize_t height,
                        const uint8_t *s, const uint8_t *e) noexcept nogil:
    cdef Nsc nsc
    cdef Py_ssize_t status, columns = width, rows = height
    if columns > canvas.columns - x:
        columns = canvas.columns - x
    if rows > canvas.rows - y:
        rows = canvas.rows - y
    status = nsc_open(s, e, width, height, &nsc)
    if status == 0 and columns > 0 and rows > 0:
        status = nsc_draw(&nsc, width, height, canvas.d + y * canvas.stride + x * 4, canvas.stride, columns, rows, True,
                          False)
    nsc_close(&nsc)
    return status


cdef Py_ssize_t subcodecs(const Canvas *canvas, Py_ssize_t bitmap_width, Py_ssize_t bitmap_height, const uint8_t *s,
                          const uint8_t *e) noexcept nogil:
    cdef Py_ssize_t x, y, width, height, count, status, room = MAX_OVERDRAW * bitmap_width * bitmap_height
    cdef int codec
    cdef Pen pen
    while s < e:
        if e - s < 13:
            return TRUNCATED
        x = load16(s)
        y = load16(s + 2)
        width = load16(s + 4)
        height = load16(s + 6)
        count = count32(s + 8)
        codec = s[12]
        s += 13
        if count > e - s:
            return TRUNCATED
        if x + width > bitmap_width or y + height > bitmap_height or width * height > room:
            return INVALID
        room -= width * height
        if width and height:
            if codec == RAW:
                status = raw(canvas, x, y, width, height, s, count)
            elif codec == NSCODEC:
                status = nscodec(canvas, x, y, width, height, s, s + count)
            elif codec == RLEX:
                status = take_pen(&pen, x, y, width, height)
                if status == 0:
                    status = rlex(canvas, &pen, s, s + count)
                    drop_pen(canvas, &pen)
            else:
                status = INVALID
            if status < 0:
                return status
        s += count
    return 0


cdef inline Py_ssize_t need_vbars(Storage *storage) noexcept nogil:
    if storage.vbars == NULL:
        storage.vbars = <Vbar *>calloc(VBARS, sizeof(Vbar))
    if storage.vbar_sizes == NULL:
        storage.vbar_sizes = <uint8_t *>calloc(VBARS, 1)
    if storage.shorts == NULL:
        storage.shorts = <Vbar *>calloc(SHORT_VBARS, sizeof(Vbar))
    if storage.short_sizes == NULL:
        storage.short_sizes = <uint8_t *>calloc(SHORT_VBARS, 1)
    if storage.vbars == NULL or storage.vbar_sizes == NULL or storage.shorts == NULL or storage.short_sizes == NULL:
        return NO_MEMORY
    return 0


cdef const uint8_t *store_vbar(Storage *storage, uint32_t head, const uint8_t *s, const uint8_t *e, Py_ssize_t height,
                               uint32_t background, Py_ssize_t *status) noexcept nogil:
    """Make the next V-bar, of a short one in the storage or in the message: where reading goes on."""
    cdef Py_ssize_t on, n, i, index
    cdef const uint32_t *short
    cdef uint32_t *d = storage.vbars[storage.vbar_cursor].pixels
    if head & 0x4000:
        if s >= e:
            status[0] = TRUNCATED
            return s
        index = head & 0x3FFF
        on = s[0]
        n = storage.short_sizes[index]
        s += 1
    else:
        on = head & 0xFF
        n = <Py_ssize_t>(head >> 8) - on
        if n < 0 or on + n > MAX_VBAR:
            status[0] = INVALID
            return s
        if e - s < 3 * n:
            status[0] = TRUNCATED
            return s
        index = storage.short_cursor
        for i in range(n):
            storage.shorts[index].pixels[i] = bgrx(s + 3 * i)
        storage.short_sizes[index] = <uint8_t>n
        storage.short_cursor = (index + 1) & (SHORT_VBARS - 1)
        s += 3 * n
    short = storage.shorts[index].pixels
    if on > height:
        on = height
    if n > height - on:
        n = height - on
    for i in range(on):
        d[i] = background
    for i in range(n):
        d[on + i] = short[i]
    for i in range(on + n, height):
        d[i] = background
    storage.vbar_sizes[storage.vbar_cursor] = <uint8_t>height
    return s


cdef Py_ssize_t bands(Storage *storage, const Canvas *canvas, const uint8_t *s, const uint8_t *e) noexcept nogil:
    cdef Py_ssize_t x, x_end, y, height, rows, size, i, index, status = 0
    cdef uint32_t background, head
    cdef const uint32_t *pixels
    cdef uint8_t *d
    if s < e and need_vbars(storage) < 0:
        return NO_MEMORY
    while s < e:
        if e - s < 11:
            return TRUNCATED
        x = load16(s)
        x_end = load16(s + 2)
        y = load16(s + 4)
        height = <Py_ssize_t>load16(s + 6) - y + 1
        background = bgrx(s + 8)
        s += 11
        if x_end < x or height < 1 or height > MAX_VBAR:
            return INVALID
        rows = height if height < canvas.rows - y else canvas.rows - y
        d = canvas.d + y * canvas.stride + x * 4
        while x <= x_end:
            if e - s < 2:
                return TRUNCATED
            head = load16(s)
            s += 2
            if head & 0x8000:
                index = head & 0x7FFF
                size = storage.vbar_sizes[index]
            else:
                index = storage.vbar_cursor
                s = store_vbar(storage, head, s, e, height, background, &status)
                if status < 0:
                    return status
                storage.vbar_cursor = (index + 1) & (VBARS - 1)
                size = height
            if x < canvas.columns:
                pixels = storage.vbars[index].pixels
                if size >= rows:
                    for i in range(rows):
                        (<px32 *>(d + i * canvas.stride))[0] = pixels[i]
                else:
                    for i in range(rows):
                        (<px32 *>(d + i * canvas.stride))[0] = pixels[i] if i < size else BLACK
            x += 1
            d += 4
    return 0


cdef Py_ssize_t layers(Storage *storage, const Canvas *canvas, const uint8_t *s, const uint8_t *e, Py_ssize_t width,
                       Py_ssize_t height) noexcept nogil:
    cdef Py_ssize_t counts[3]
    cdef Py_ssize_t status, left = e - s - 12
    cdef Pen pen
    cdef int k
    if left < 0:
        return TRUNCATED
    for k in range(3):
        counts[k] = count32(s + 4 * k)
        if counts[k] > left:
            return TRUNCATED
        left -= counts[k]
    s += 12
    if counts[0]:
        status = take_pen(&pen, 0, 0, width, height)
        if status == 0:
            status = residual(canvas, &pen, s, s + counts[0])
            drop_pen(canvas, &pen)
        if status < 0:
            return status
        s += counts[0]
    status = bands(storage, canvas, s, s + counts[1])
    if status < 0:
        return status
    s += counts[1]
    return subcodecs(canvas, width, height, s, s + counts[2])


cdef void paste(const Canvas *canvas, const uint32_t *pixels, Py_ssize_t width) noexcept nogil:
    """Draw a picture, which is at least as large as the canvas."""
    cdef Py_ssize_t i
    for i in range(canvas.rows):
        memcpy(canvas.d + i * canvas.stride, pixels + i * width, canvas.columns * 4)


cdef Py_ssize_t glyph_message(Storage *storage, const Canvas *canvas, const uint8_t *s, const uint8_t *e, int flags,
                              Py_ssize_t width, Py_ssize_t height) noexcept nogil:
    cdef uint32_t picture[MAX_GLYPH]
    cdef Canvas whole
    cdef Py_ssize_t index, i, status
    if e - s < 2:
        return TRUNCATED
    index = load16(s)
    s += 2
    if index >= GLYPHS or width * height > MAX_GLYPH:
        return INVALID
    if flags & GLYPH_HIT:
        # The pixels of a glyph have no dimensions (4.1.1.5).
        if storage.glyphs == NULL or storage.glyph_sizes[index] < width * height:
            return INVALID
        paste(canvas, storage.glyphs[index].pixels, width)
        return 0
    if storage.glyphs == NULL:
        if storage.glyph_sizes == NULL:
            storage.glyph_sizes = <uint16_t *>calloc(GLYPHS, sizeof(uint16_t))
        if storage.glyph_sizes == NULL:
            return NO_MEMORY
        storage.glyphs = <Glyph *>calloc(GLYPHS, sizeof(Glyph))
        if storage.glyphs == NULL:
            return NO_MEMORY
    for i in range(width * height):
        picture[i] = BLACK
    for i in range(canvas.rows):
        memcpy(picture + i * width, canvas.d + i * canvas.stride, canvas.columns * 4)
    whole.d = <uint8_t *>picture
    whole.stride = width * 4
    whole.columns = width
    whole.rows = height
    status = layers(storage, &whole, s, e, width, height)
    if status < 0:
        return status
    memcpy(storage.glyphs[index].pixels, picture, width * height * 4)
    storage.glyph_sizes[index] = <uint16_t>(width * height)
    paste(canvas, picture, width)
    return 0


cdef Py_ssize_t message(Storage *storage, const Canvas *canvas, const uint8_t *s, const uint8_t *e, Py_ssize_t width,
                        Py_ssize_t height) noexcept nogil:
    cdef int flags, expected = storage.expected
    if e - s < 2:
        return TRUNCATED
    flags = s[0]
    # The document has the first message be number 0; FreeRDP 2.11 takes any number for the first, and for the first
    # after RDPGFX_RESET_GRAPHICS_PDU.  So numbers may begin anew at any time, which harms nobody.
    storage.expected = (s[1] + 1) & 0xFF
    if s[1] != 0 and expected >= 0 and expected != s[1]:
        return INVALID
    s += 2
    if flags & CACHE_RESET:
        storage.vbar_cursor = storage.short_cursor = 0
    if flags & GLYPH_INDEX:
        return glyph_message(storage, canvas, s, e, flags, width, height)
    if flags & GLYPH_HIT:
        return INVALID
    return layers(storage, canvas, s, e, width, height) if s < e else 0


cdef class Decoder:
    """See the twin."""

    cdef Storage storage
    cdef bint busy

    def __cinit__(self):
        memset(&self.storage, 0, sizeof(Storage))
        self.storage.expected = -1

    def __dealloc__(self):
        free(self.storage.vbars)
        free(self.storage.vbar_sizes)
        free(self.storage.shorts)
        free(self.storage.short_sizes)
        free(self.storage.glyphs)
        free(self.storage.glyph_sizes)

    def decode_into(self, data, surface, Py_ssize_t stride, Py_ssize_t x, Py_ssize_t y, Py_ssize_t visible_width,
                    Py_ssize_t visible_height, Py_ssize_t width, Py_ssize_t height):
        """See the twin."""
        cdef Py_buffer source, target
        cdef Py_ssize_t status
        cdef const uint8_t *s
        cdef Canvas canvas
        bitmap(width, height)
        canvas.columns = min(visible_width, width)
        canvas.rows = min(visible_height, height)
        # Without the GIL nothing else keeps two threads from one storage.
        if self.busy:
            raise RuntimeError("a decoder is used by two threads at once")
        PyObject_GetBuffer(data, &source, PyBUF_SIMPLE)
        try:
            PyObject_GetBuffer(surface, &target, PyBUF_WRITABLE)
            try:
                region(target.len, stride, x, y, canvas.columns, canvas.rows, 4)
                s = <const uint8_t *>source.buf
                canvas.d = <uint8_t *>target.buf + y * stride + x * 4
                canvas.stride = stride
                self.busy = True
                with nogil:
                    status = message(&self.storage, &canvas, s, s + source.len, width, height)
                self.busy = False
            finally:
                PyBuffer_Release(&target)
        finally:
            PyBuffer_Release(&source)
        return status if status < 0 else width * height
