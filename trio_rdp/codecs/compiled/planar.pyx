# cython: language_level=3
"""RDP 6.0 bitmap compression on raw pointers; `trio_rdp.codecs.plain.planar` says what it does."""

from libc.stdlib cimport free, malloc
from libc.string cimport memcmp, memcpy, memset

from trio_rdp.codecs.compiled.batches cimport decode_batch, decode_one, encode_batch, encode_one
from trio_rdp.codecs.compiled.common cimport (
    INVALID, NO_MEMORY, OVERRUN, TRUNCATED, PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer, bitmap,
    cu8_r, guard, px32, px32_r, u8_r, uint8_t, uint32_t,
)

cdef enum:
    CLL = 0x07
    CS = 0x08
    RLE = 0x10
    NA = 0x20
    SLACK = 64
    SMALL = 64 * 64 * 4 + SLACK


cdef inline void add_row(cu8_r above, u8_r row, Py_ssize_t n) noexcept nogil:
    """Turn a row of deltas as they are sent, the sign in the lowest bit, into samples."""
    cdef Py_ssize_t i
    for i in range(n):
        row[i] = <uint8_t>(above[i] + ((row[i] >> 1) ^ <uint8_t>(0 - (row[i] & 1))))


cdef Py_ssize_t plane_from(const uint8_t *s, const uint8_t *e, Py_ssize_t w, Py_ssize_t h, uint8_t *out) noexcept nogil:
    """The bytes used, or a status.  Writes up to SLACK bytes behind the plane: short pieces are copied sixteen at once."""
    cdef const uint8_t *start = s
    cdef Py_ssize_t y, x, run, raw, k
    cdef int control
    cdef uint8_t value
    cdef uint8_t *d
    for y in range(h):
        d = out + y * w
        x = 0
        value = 0
        while x < w:
            if s >= e:
                return TRUNCATED
            control = s[0]
            s += 1
            run = control & 15
            raw = control >> 4
            if run == 1:
                run = 16 + raw
                raw = 0
            elif run == 2:
                run = 32 + raw
                raw = 0
            if control == 0:
                return INVALID
            if raw + run > w - x:
                return OVERRUN
            if raw:
                if e - s >= 16:
                    memcpy(d + x, s, 16)
                elif e - s < raw:
                    return TRUNCATED
                else:
                    for k in range(raw):
                        d[x + k] = s[k]
                value = d[x + raw - 1]
                x += raw
                s += raw
            if run:
                memset(d + x, value, 16)
                if run > 16:
                    memset(d + x + 16, value, 32)
                x += run
        guard(x == w)
        if y:
            add_row(d - w, d, w)
    return s - start


cdef Py_ssize_t planes_from(const uint8_t *s, const uint8_t *e, Py_ssize_t w, Py_ssize_t h, uint8_t *planes) noexcept nogil:
    """Fill the four planes (alpha, then three of colour, each `w * h` bytes apart); the header, or a status.

    In this order, because each plane may spill into the beginning of the next.
    """
    cdef Py_ssize_t total = w * h, columns, rows, used
    cdef int header, k
    if s >= e:
        return TRUNCATED
    header = s[0]
    s += 1
    if header & CS and not header & CLL:
        return INVALID
    for k in range(4):
        if k == 0 and header & NA:
            continue
        columns = w
        rows = h
        if k > 1 and header & CS:
            columns = (w + 1) >> 1
            rows = (h + 1) >> 1
        if header & RLE:
            used = plane_from(s, e, columns, rows, planes + k * total)
            if used < 0:
                return used
        else:
            used = columns * rows
            if e - s < used:
                return TRUNCATED
            memcpy(planes + k * total, s, used)
        s += used
    return header


cdef inline void join_row(cu8_r r, cu8_r g, cu8_r b, px32_r d, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t x
    for x in range(n):
        d[x] = 0xFF000000u | b[x] | (<uint32_t>g[x] << 8) | (<uint32_t>r[x] << 16)


cdef inline void join_row_alpha(cu8_r a, cu8_r r, cu8_r g, cu8_r b, px32_r d, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t x
    for x in range(n):
        d[x] = b[x] | (<uint32_t>g[x] << 8) | (<uint32_t>r[x] << 16) | (<uint32_t>a[x] << 24)


cdef inline int half(int value, int shift) noexcept nogil:
    value = (value << shift) & 0xFF
    return value - ((value & 0x80) << 1)


cdef inline uint32_t clamp(int value) noexcept nogil:
    return 0 if value < 0 else 255 if value > 255 else value


cdef void chroma_row(const uint8_t *a, const uint8_t *luma, const uint8_t *co, const uint8_t *cg, px32 *d,
                     Py_ssize_t n, int header) noexcept nogil:
    cdef Py_ssize_t x
    cdef int shift = (header & CLL) - 1, step = 1 if header & CS else 0, o, g, l
    cdef uint32_t plus, minus, alpha = 0xFF000000u
    for x in range(n):
        l = luma[x]
        o = half(co[x >> step], shift)
        g = half(cg[x >> step], shift)
        plus = clamp(l + o - g)
        minus = clamp(l - o - g)
        if a != NULL:
            alpha = <uint32_t>a[x] << 24
        if header & NA:
            d[x] = alpha | plus | (clamp(l + g) << 8) | (minus << 16)
        else:
            d[x] = alpha | minus | (clamp(l + g) << 8) | (plus << 16)


cdef void draw(const uint8_t *planes, int header, Py_ssize_t w, Py_ssize_t h, uint8_t *d, Py_ssize_t stride,
               Py_ssize_t columns, Py_ssize_t rows, bint top_down, bint keep_alpha) noexcept nogil:
    cdef Py_ssize_t i, row, at, chroma, total = w * h
    cdef const uint8_t *a
    for i in range(rows):
        row = i if top_down else h - 1 - i
        at = row * w
        a = planes + at if keep_alpha and not header & NA else NULL
        if header & CLL:
            chroma = (row >> 1) * ((w + 1) >> 1) if header & CS else at
            chroma_row(a, planes + total + at, planes + 2 * total + chroma, planes + 3 * total + chroma,
                       <px32 *>(d + i * stride), columns, header)
        elif a != NULL:
            join_row_alpha(a, planes + total + at, planes + 2 * total + at, planes + 3 * total + at,
                           <px32 *>(d + i * stride), columns)
        else:
            join_row(planes + total + at, planes + 2 * total + at, planes + 3 * total + at, <px32 *>(d + i * stride),
                     columns)


def decode_plane(data, Py_ssize_t width, Py_ssize_t height, out):
    """See the twin."""
    cdef Py_buffer source, target
    cdef Py_ssize_t status
    cdef uint8_t *plane
    bitmap(width, height)
    PyObject_GetBuffer(data, &source, PyBUF_SIMPLE)
    try:
        PyObject_GetBuffer(out, &target, PyBUF_WRITABLE)
        try:
            if target.len < width * height:
                raise ValueError("the output is too small")
            # Apart, so that a plane that breaks off leaves the output alone.
            plane = <uint8_t *>malloc(width * height + SLACK)
            if plane == NULL:
                raise MemoryError
            with nogil:
                status = plane_from(<const uint8_t *>source.buf, <const uint8_t *>source.buf + source.len, width, height,
                                    plane)
                if status >= 0:
                    memcpy(target.buf, plane, width * height)
                free(plane)
        finally:
            PyBuffer_Release(&target)
    finally:
        PyBuffer_Release(&source)
    return status


cdef struct Drawing:
    bint top_down
    bint keep_alpha


cdef Py_ssize_t picture_from(const uint8_t *s, Py_ssize_t length, uint8_t *d, Py_ssize_t stride, Py_ssize_t columns,
                             Py_ssize_t rows, Py_ssize_t w, Py_ssize_t h, const void *options) noexcept nogil:
    cdef const Drawing *drawing = <const Drawing *>options
    cdef Py_ssize_t status = NO_MEMORY
    cdef uint8_t small[SMALL]
    cdef uint8_t *planes = small
    if w * h * 4 + SLACK > SMALL:
        planes = <uint8_t *>malloc(w * h * 4 + SLACK)
    if planes != NULL:
        status = planes_from(s, s + length, w, h, planes)
        if status >= 0:
            draw(planes, <int>status, w, h, d, stride, columns, rows, drawing.top_down, drawing.keep_alpha)
            status = w * h
        if planes != small:
            free(planes)
    return status


def decode_into(data, surface, Py_ssize_t stride, Py_ssize_t x, Py_ssize_t y, Py_ssize_t visible_width,
                Py_ssize_t visible_height, Py_ssize_t width, Py_ssize_t height, bint top_down, bint keep_alpha):
    """See the twin."""
    cdef Drawing drawing = Drawing(top_down, keep_alpha)
    return decode_one(data, surface, stride, x, y, visible_width, visible_height, width, height, picture_from, &drawing)


def decode_all(bitmaps, table, surface, Py_ssize_t stride, Py_ssize_t x, Py_ssize_t y, Py_ssize_t width,
               Py_ssize_t height, bint top_down, bint keep_alpha):
    """See the twin."""
    cdef Drawing drawing = Drawing(top_down, keep_alpha)
    return decode_batch(bitmaps, table, surface, stride, x, y, width, height, picture_from, &drawing)


# --------------------------------------------------------------------------------------------------------- encoding

cdef inline uint8_t *segment(uint8_t *d, const uint8_t *raw, Py_ssize_t n, uint8_t value, Py_ssize_t run) noexcept nogil:
    cdef Py_ssize_t piece, k
    while n > 15:
        d[0] = 0xF0
        memcpy(d + 1, raw, 15)
        d += 16
        raw += 15
        n -= 15
    if n:
        piece = run if run < 15 else 15
        d[0] = <uint8_t>((n << 4) | piece)
        d += 1
        for k in range(n):
            d[k] = raw[k]
        d += n
        run -= piece
    while run >= 3:
        if run >= 32:
            piece = run if run < 47 else 47
            d[0] = <uint8_t>(((piece - 32) << 4) | 2)
        elif run >= 16:
            piece = run
            d[0] = <uint8_t>(((piece - 16) << 4) | 1)
        else:
            piece = run
            d[0] = <uint8_t>piece
        d += 1
        run -= piece
    if run:
        d[0] = <uint8_t>(run << 4)
        d += 1
        for k in range(run):
            d[k] = value
        d += run
    return d


cdef uint8_t *encode_row(const uint8_t *row, Py_ssize_t w, uint8_t *d) noexcept nogil:
    cdef Py_ssize_t i = 0, start, end
    cdef uint8_t value = 0
    while i < w:
        start = i
        end = i
        # Three alike are what is looked for; only then is the run counted.
        while True:
            if w - i >= 3:
                if row[i] == value and row[i + 1] == value and row[i + 2] == value:
                    end = i + 3
                    while end < w and row[end] == value:
                        end += 1
                    break
            elif i >= w:
                end = i
                break
            value = row[i]
            i += 1
        d = segment(d, row + start, i - start, value, end - i if end > i else 0)
        if end > i:
            i = end
    return d


cdef inline void deltas(cu8_r row, cu8_r above, u8_r out, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    cdef uint8_t t
    for i in range(n):
        t = <uint8_t>(row[i] - above[i])
        out[i] = <uint8_t>((t << 1) ^ (0 - (t >> 7)))


cdef inline void channel_row(cu8_r s, u8_r d, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        d[i] = s[4 * i]


cdef uint8_t *encode_channel(const uint8_t *s, Py_ssize_t stride, int step, Py_ssize_t w, Py_ssize_t h, uint8_t *rows,
                             uint8_t *d) noexcept nogil:
    """Encode the plane whose samples lie `step` (1 or 4) apart, rows `stride` apart; `rows` is room for three."""
    cdef Py_ssize_t y
    cdef uint8_t *row = rows
    cdef uint8_t *above = rows + w
    cdef uint8_t *spare
    for y in range(h):
        if step == 4:
            channel_row(s + y * stride, row, w)
        else:
            memcpy(row, s + y * stride, w)
        if y == 0:
            d = encode_row(row, w, d)
        elif memcmp(row, above, w) == 0:
            d = segment(d, row, 0, 0, w)
        else:
            deltas(row, above, rows + 2 * w, w)
            d = encode_row(rows + 2 * w, w, d)
        spare = row
        row = above
        above = spare
    return d


cdef inline Py_ssize_t plane_bound(Py_ssize_t w, Py_ssize_t h) noexcept nogil:
    # A segment draws at least one pixel and is at most one byte longer than its pixels.
    return 2 * w * h + 16


cdef inline uint8_t reduced(int chroma, int bits, int level) noexcept nogil:
    """Chroma without its lowest bits, rounded, but never up to what would come back as the most negative value."""
    chroma = (chroma + ((1 << bits) >> 1)) >> bits
    if chroma > 255 >> level:
        chroma = 255 >> level
    return <uint8_t>(chroma & (511 >> level))


cdef inline void luma_row(cu8_r s, u8_r luma, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t x
    for x in range(n):
        luma[x] = <uint8_t>((s[4 * x] + 2 * s[4 * x + 1] + s[4 * x + 2] + 2) >> 2)


cdef inline void chroma_row_full(cu8_r s, u8_r co, u8_r cg, Py_ssize_t n, int level, int sign) noexcept nogil:
    cdef Py_ssize_t x
    cdef int r, g, b
    for x in range(n):
        b = s[4 * x]
        g = s[4 * x + 1]
        r = s[4 * x + 2]
        co[x] = reduced(sign * (r - b), level, level)
        cg[x] = reduced(2 * g - r - b, level + 1, level)


cdef inline void chroma_row_half(const uint8_t *s, const uint8_t *t, uint8_t *co, uint8_t *cg, Py_ssize_t w, int level,
                                 int sign) noexcept nogil:
    """The chroma of two rows, or of one given twice, averaged over two by two pixels."""
    cdef Py_ssize_t x, here, next
    cdef int r, g, b
    for x in range((w + 1) >> 1):
        here = 8 * x
        next = here + 4 if 2 * x + 1 < w else here
        b = s[here] + s[next] + t[here] + t[next]
        g = s[here + 1] + s[next + 1] + t[here + 1] + t[next + 1]
        r = s[here + 2] + s[next + 2] + t[here + 2] + t[next + 2]
        co[x] = reduced(sign * (r - b), level + 2, level)
        cg[x] = reduced(2 * g - r - b, level + 3, level)


cdef void luma_and_chroma(const uint8_t *s, Py_ssize_t stride, Py_ssize_t w, Py_ssize_t h, int level, bint subsampling,
                          bint swapped, uint8_t *planes) noexcept nogil:
    """Fill a plane of luma and two of chroma, each in room for `w * h`."""
    cdef Py_ssize_t y, columns = (w + 1) >> 1
    cdef uint8_t *co = planes + w * h
    cdef uint8_t *cg = co + w * h
    cdef int sign = -1 if swapped else 1
    for y in range(h):
        luma_row(s + y * stride, planes + y * w, w)
        if not subsampling:
            chroma_row_full(s + y * stride, co + y * w, cg + y * w, w, level, sign)
        elif not y & 1:
            chroma_row_half(s + y * stride, s + (y + 1 if y + 1 < h else y) * stride, co + (y >> 1) * columns,
                            cg + (y >> 1) * columns, w, level, sign)


cdef uint8_t *put_plane(const uint8_t *s, Py_ssize_t stride, int step, Py_ssize_t w, Py_ssize_t h, bint run_length,
                        uint8_t *rows, uint8_t *d) noexcept nogil:
    cdef Py_ssize_t y
    if run_length:
        return encode_channel(s, stride, step, w, h, rows, d)
    for y in range(h):
        if step == 4:
            channel_row(s + y * stride, d, w)
        else:
            memcpy(d, s + y * stride, w)
        d += w
    return d


cdef struct Encoding:
    bint with_alpha
    bint top_down
    bint run_length
    int level
    bint subsampling


cdef Encoding encoding(bint with_alpha, bint top_down, bint run_length, int level, bint subsampling) except *:
    if not 0 <= level <= 7 or (subsampling and not level):
        raise ValueError("a colour loss level is 0 to 7, and 1 at least with subsampling")
    return Encoding(with_alpha, top_down, run_length, level, subsampling)


cdef Py_ssize_t most(Py_ssize_t w, Py_ssize_t h, const void *options) noexcept nogil:
    return 4 * plane_bound(w, h) + 2


cdef uint8_t *put_picture(const uint8_t *s, Py_ssize_t stride, Py_ssize_t w, Py_ssize_t h, uint8_t *d,
                          const void *options) noexcept nogil:
    cdef const Encoding *how = <const Encoding *>options
    cdef Py_ssize_t total = w * h, columns = w, low = h
    cdef uint8_t *planes
    cdef uint8_t *rows = <uint8_t *>malloc(3 * w + (3 * total if how.level else 0))
    cdef int channel
    if rows == NULL:
        return NULL
    planes = rows + 3 * w
    if not how.top_down:
        s += (h - 1) * stride
        stride = -stride
    d[0] = <uint8_t>((RLE if how.run_length else 0) | (0 if how.with_alpha else NA) | (CS if how.subsampling else 0)
                     | how.level)
    d += 1
    if how.with_alpha:
        d = put_plane(s + 3, stride, 4, w, h, how.run_length, rows, d)
    if how.level:
        if how.subsampling:
            columns = (w + 1) >> 1
            low = (h + 1) >> 1
        luma_and_chroma(s, stride, w, h, how.level, how.subsampling, not how.with_alpha, planes)
        d = put_plane(planes, w, 1, w, h, how.run_length, rows, d)
        d = put_plane(planes + total, columns, 1, columns, low, how.run_length, rows, d)
        d = put_plane(planes + 2 * total, columns, 1, columns, low, how.run_length, rows, d)
    else:
        for channel in range(2, -1, -1):
            d = put_plane(s + channel, stride, 4, w, h, how.run_length, rows, d)
    if not how.run_length:
        d[0] = 0
        d += 1
    free(rows)
    return d


def encode(surface, Py_ssize_t stride, Py_ssize_t x, Py_ssize_t y, Py_ssize_t width, Py_ssize_t height, bint with_alpha,
           bint top_down, bint run_length, int level, bint subsampling):
    """See the twin."""
    cdef Encoding how = encoding(with_alpha, top_down, run_length, level, subsampling)
    return encode_one(surface, stride, x, y, width, height, 4, put_picture, most, &how)


def encode_all(surface, Py_ssize_t stride, Py_ssize_t x, Py_ssize_t y, Py_ssize_t width, Py_ssize_t height, table,
               bint with_alpha, bint top_down, bint run_length, int level, bint subsampling):
    """See the twin."""
    cdef Encoding how = encoding(with_alpha, top_down, run_length, level, subsampling)
    return encode_batch(surface, stride, x, y, width, height, 4, table, put_picture, most, &how)


def encode_plane(plane, Py_ssize_t width, Py_ssize_t height):
    """See the twin."""
    cdef Py_buffer source
    cdef uint8_t *out = NULL
    cdef uint8_t *rows = NULL
    cdef uint8_t *d = NULL
    bitmap(width, height)
    PyObject_GetBuffer(plane, &source, PyBUF_SIMPLE)
    try:
        if source.len < width * height:
            raise ValueError("the plane is too small")
        out = <uint8_t *>malloc(plane_bound(width, height))
        rows = <uint8_t *>malloc(3 * width)
        if out == NULL or rows == NULL:
            raise MemoryError
        with nogil:
            d = encode_channel(<const uint8_t *>source.buf, width, 1, width, height, rows, out)
            guard(d - out <= plane_bound(width, height))
        return (<const char *>out)[:d - out]
    finally:
        free(out)
        free(rows)
        PyBuffer_Release(&source)
