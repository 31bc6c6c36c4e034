# cython: language_level=3
"""How the interleaved run-length encoder chooses orders; `trio_rdp.codecs.plain.interleaved_rle` says what they are."""

from libc.string cimport memcpy

from trio_rdp.codecs.compiled.common cimport uint8_t, uint16_t, uint32_t

cdef enum:
    SPARE = 6                # pixels behind a picture that the encoder may look at
    FRESH = 1
    BREAK = 2


ctypedef fused pixel:
    uint8_t
    uint16_t
    uint32_t


cdef inline Py_ssize_t size(pixel white) noexcept nogil:
    if pixel is uint8_t:
        return 1
    elif pixel is uint16_t:
        return 2
    else:
        return 3


cdef inline uint8_t *put(uint8_t *d, pixel value) noexcept nogil:
    d[0] = value & 0xFF
    if pixel is uint8_t:
        return d + 1
    elif pixel is uint16_t:
        d[1] = value >> 8
        return d + 2
    else:
        d[1] = (value >> 8) & 0xFF
        d[2] = (value >> 16) & 0xFF
        return d + 3


cdef inline uint8_t *head(uint8_t *d, int code, int mega, Py_ssize_t reach, Py_ssize_t n) noexcept nogil:
    """The header of an order whose length field holds less than `reach`."""
    if n < reach:
        d[0] = <uint8_t>(code | n)
        return d + 1
    if n < reach + 256:
        d[0] = <uint8_t>code
        d[1] = <uint8_t>(n - reach)
        return d + 2
    d[0] = <uint8_t>mega
    d[1] = n & 0xFF
    d[2] = <uint8_t>(n >> 8)
    return d + 3


cdef inline uint8_t *image_head(uint8_t *d, int code, int mega, Py_ssize_t reach, Py_ssize_t n) noexcept nogil:
    """The header of a foreground/background image, whose length field counts eights."""
    if n & 7 == 0 and n >> 3 < reach:
        d[0] = <uint8_t>(code | (n >> 3))
        return d + 1
    if n <= 256:
        d[0] = <uint8_t>code
        d[1] = <uint8_t>(n - 1)
        return d + 2
    d[0] = <uint8_t>mega
    d[1] = n & 0xFF
    d[2] = <uint8_t>(n >> 8)
    return d + 3


cdef inline uint8_t *literals(uint8_t *d, const pixel *p, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    if n == 0:
        return d
    d = head(d, 0x80, 0xF4, 32, n)
    if pixel is uint32_t:
        for i in range(n):
            d = put(d, p[i])
    else:
        memcpy(d, p, n * sizeof(pixel))
        d += n * sizeof(pixel)
    return d


cdef inline uint8_t *spell_out(uint8_t *d, uint8_t *run, Py_ssize_t n, pixel fg) noexcept nogil:
    """Have the last foreground run say its colour, which it had from before, where less than a pixel follows it."""
    cdef uint8_t begin[3]
    cdef uint8_t *rest
    cdef Py_ssize_t left
    if run == NULL:
        return d
    rest = head(begin, 0x20, 0xF1, 32, n) - begin + run
    left = d - rest
    if left >= size(fg):
        return d
    memcpy(begin, rest, left)
    d = put(head(run, 0xC0, 0xF6, 16, n), fg)
    memcpy(d, begin, left)
    return d + left


cdef inline void differences(pixel *p, pixel *x, uint8_t *begins, Py_ssize_t w, Py_ssize_t total) noexcept nogil:
    """What each pixel differs by from the one above, and where an order may begin that is shorter than its pixels.

    FRESH says so of places behind another order, but for single pixels of the foreground colour, and BREAK of those
    behind pixels that are kept as they are, where an order must save more: both hold wherever it is so, and now and
    then where it is not.  Both arrays of pixels have room for SPARE more.
    """
    cdef Py_ssize_t i
    cdef int zero, runs, mixed
    for i in range(SPARE):
        p[total + i] = 0
        x[total + i] = 0
    memcpy(x, p, min(w, total) * sizeof(pixel))
    for i in range(w, total):
        x[i] = p[i] ^ p[i - w]
    for i in range(total):
        zero = x[i] == 0
        runs = ((x[i] == x[i + 1]) | (x[i + 1] == 0) | (p[i] == p[i + 1]) | ((p[i] == p[i + 2]) & (p[i + 1] == p[i + 3])))
        begins[i] = <uint8_t>((zero | runs) * FRESH)
    for i in range(total):
        # Two or three differences that could be the beginning of a foreground/background image.
        mixed = (((x[i] == 0) & ((x[i + 2] == 0) | (x[i + 2] == x[i + 1])) & ((x[i + 3] == 0) | (x[i + 3] == x[i + 1])))
                 | (((x[i + 1] == 0) | (x[i + 1] == x[i])) & ((x[i + 2] == 0) | (x[i + 2] == x[i]))
                    & ((x[i + 3] == 0) | (x[i + 3] == x[i]))))
        runs = (x[i] == 0) & (x[i + 1] == 0)
        if pixel is uint32_t:
            runs = (runs | (x[i] == x[i + 1]) | ((p[i] == p[i + 1]) & (p[i] == p[i + 2]))
                    | ((p[i] == p[i + 2]) & (p[i + 1] == p[i + 3])))
        else:
            runs = (runs | ((x[i] == x[i + 1]) & (x[i] == x[i + 2]))
                    | ((p[i] == p[i + 1]) & (p[i] == p[i + 2]) & (p[i] == p[i + 3]))
                    | ((p[i] == p[i + 2]) & (p[i + 1] == p[i + 3]) & (p[i] == p[i + 4]) & (p[i + 1] == p[i + 5])))
        begins[i] |= <uint8_t>((mixed | runs) * BREAK)


cdef inline Py_ssize_t mixture(const pixel *differ, Py_ssize_t o, Py_ssize_t end, pixel fg) noexcept nogil:
    """How many pixels from `o` on differ from those above by nothing or by `fg`, up to a stretch of sixteen alike."""
    cdef Py_ssize_t i = o, since = o
    cdef pixel x, last = differ[o]
    while i < end:
        x = differ[i]
        if x != 0 and x != fg:
            break
        if x != last:
            last = x
            since = i
        elif i - since >= 15:
            return since - o
        i += 1
    return i - o


cdef inline uint8_t *encode_orders(const pixel *p, const pixel *differ, const uint8_t *begins, Py_ssize_t w, Py_ssize_t total,
                            pixel white, uint8_t *d) noexcept nogil:
    """Writes orders at `d`, at most 4 + 2 * size bytes each, each for at least one pixel."""
    cdef Py_ssize_t o = 0, kept = 0, end, n = 0, m = 0, f = 0, c = 0, k, gain, wide = size(white), cost, limit, best
    cdef pixel fg = white, x, y = 0
    cdef int bits, kind
    cdef bint after_background = False
    cdef uint8_t *run = NULL
    cdef Py_ssize_t run_length = 0
    while o < total:
        if o == w:
            after_background = False
        if (not begins[o] & BREAK and kept < 65534) if kept else (not begins[o] & FRESH and differ[o] != fg):
            kept += 1
            o += 1
            continue
        end = w if o < w else total
        limit = end if end - o < 65535 else o + 65535
        cost = 3 if kept else 0
        x = differ[o]
        if x == 0:
            n = 1
            while o + n < limit and differ[o + n] == 0:
                n += 1
            if n < 8 and o + n < limit:
                y = differ[o + n]
                m = mixture(differ, o, limit, y)
                if m >= 16:
                    kind = 5
                else:
                    kind = 1
            else:
                kind = 1
            if kind == 1 and (n * wide <= cost or (after_background and kept == 0)):
                kind = 0
        else:
            y = x
            kind = 0
            best = cost
            f = 1
            while o + f < limit and differ[o + f] == x:
                f += 1
            gain = f * wide - (1 if x == fg else 1 + wide)
            if gain > best:
                best = gain
                kind = 2
            c = 1
            limit = total if total - o < 65535 else o + 65535
            while o + c < limit and p[o + c] == p[o]:
                c += 1
            gain = c * wide - (1 + wide)
            if gain > best:
                best = gain
                kind = 3
            if c == 1 and o + 3 < limit and p[o] == p[o + 2] and p[o + 1] == p[o + 3]:
                m = 2
                while o + 2 * m + 1 < limit and p[o + 2 * m] == p[o] and p[o + 2 * m + 1] == p[o + 1]:
                    m += 1
                gain = 2 * m * wide - (1 + 2 * wide)
                if gain > best:
                    best = gain
                    kind = 4
                    c = m
            limit = end if end - o < 65535 else o + 65535
            if f == 1 and o + 1 < limit and differ[o + 1] == 0 and x == fg and after_background and kept == 0:
                # A background run right after another begins with one pixel of the foreground colour for nothing.
                n = 2
                while o + n < limit and differ[o + n] == 0:
                    n += 1
                if n >= 8:
                    kind = 1
            if kind != 1 and f < 8 and c < 8:
                m = mixture(differ, o, limit, x)
                if m >= 16:
                    kind = 5
        if kind == 0:
            kept += 1
            o += 1
            if kept == 65535:
                d = literals(d, p + o - kept, kept)
                kept = 0
                after_background = False
            continue
        if kept:
            d = literals(d, p + o - kept, kept)
            kept = 0
        after_background = kind == 1
        if kind == 1:
            d = head(d, 0x00, 0xF0, 32, n)
            o += n
        elif kind == 2:
            if x == fg:
                run = d
                run_length = f
                d = head(d, 0x20, 0xF1, 32, f)
            else:
                d = put(head(d, 0xC0, 0xF6, 16, f), x)
                fg = x
            o += f
        elif kind == 3:
            d = put(head(d, 0x60, 0xF3, 32, c), p[o])
            o += c
        elif kind == 4:
            d = put(put(head(d, 0xE0, 0xF8, 16, c), p[o]), p[o + 1])
            o += 2 * c
        else:
            m &= ~<Py_ssize_t>7
            if y == fg:
                d = image_head(d, 0x40, 0xF2, 32, m)
            else:
                d = put(image_head(d, 0xD0, 0xF7, 16, m), y)
                fg = y
            while m:
                bits = 0
                for k in range(8):
                    if differ[o + k]:
                        bits |= 1 << k
                d[0] = <uint8_t>bits
                d += 1
                o += 8
                m -= 8
    return spell_out(literals(d, p + o - kept, kept), run, run_length, fg)
