# cython: language_level=3
"""Tile hashes on raw pointers; `trio_rdp.codecs.plain.compare` says how they are made."""

from trio_rdp.codecs.compiled.common cimport (
    PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer, guard, px32, region, uint8_t, uint32_t, uint64_t,
)
from libc.string cimport memcmp, memcpy, memset

from trio_rdp.codecs.plain import compare as twin

cdef enum:
    MAX_TILE = 256
    WORDS = 128
    STEP = 4
    BUCKETS = 1024

# The keys of both sums, each low and high half apart.
cdef uint32_t KEYS[4][WORDS]
cdef uint64_t M0, M1, M2


def _fill():
    words = twin.keys()
    for i in range(WORDS):
        KEYS[0][i] = words[i] & 0xFFFFFFFF
        KEYS[1][i] = words[i] >> 32
        KEYS[2][i] = words[WORDS + i] & 0xFFFFFFFF
        KEYS[3][i] = words[WORDS + i] >> 32


_fill()
M0, M1, M2 = twin.MULTIPLIERS


cdef inline uint64_t mix(uint64_t value, uint64_t one, uint64_t two) noexcept nogil:
    cdef uint64_t mixed = (one * M0) ^ (two * M1)
    mixed ^= mixed >> 29
    value = (value ^ mixed) * M2
    return value ^ (value >> 32)


cdef uint64_t hash_tile(const uint8_t *s, Py_ssize_t stride, Py_ssize_t w, Py_ssize_t h) noexcept nogil:
    cdef uint64_t value = <uint64_t>w, one, two
    cdef Py_ssize_t y, i, words = w >> 1
    cdef const px32 *p
    cdef uint32_t low, high
    for y in range(h):
        p = <const px32 *>(s + y * stride)
        one = 0
        two = 0
        for i in range(words):
            low = p[2 * i]
            high = p[2 * i + 1]
            one += <uint64_t><uint32_t>(low + KEYS[0][i]) * <uint32_t>(high + KEYS[1][i])
            two += <uint64_t><uint32_t>(low + KEYS[2][i]) * <uint32_t>(high + KEYS[3][i])
        if w & 1:
            low = p[w - 1]
            one += <uint64_t><uint32_t>(low + KEYS[0][words]) * KEYS[1][words]
            two += <uint64_t><uint32_t>(low + KEYS[2][words]) * KEYS[3][words]
        value = mix(value, one, two)
    return value


def compare_tiles(one, Py_ssize_t one_stride, two, Py_ssize_t two_stride, Py_ssize_t width, Py_ssize_t height,
                  Py_ssize_t tile, out):
    """See the twin."""
    cdef Py_buffer first, second, target
    cdef Py_ssize_t columns, rows, row, column, left, right, y, changed = 0, left_over
    cdef const uint8_t *s
    cdef const uint8_t *t
    cdef uint8_t *marks
    if not 2 <= tile <= MAX_TILE:
        raise ValueError("a tile has 2 to 256 pixels a side")
    PyObject_GetBuffer(one, &first, PyBUF_SIMPLE)
    try:
        PyObject_GetBuffer(two, &second, PyBUF_SIMPLE)
        try:
            PyObject_GetBuffer(out, &target, PyBUF_WRITABLE)
            try:
                region(first.len, one_stride, 0, 0, width, height, 4)
                region(second.len, two_stride, 0, 0, width, height, 4)
                columns = (width + tile - 1) // tile
                rows = (height + tile - 1) // tile
                if target.len < columns * rows:
                    raise ValueError("there are more tiles than marks")
                with nogil:
                    for row in range(rows):
                        marks = <uint8_t *>target.buf + row * columns
                        memset(marks, 0, columns)
                        left_over = columns
                        # Row by row, as memory lies, but for tiles that are known to differ.
                        for y in range(row * tile, min((row + 1) * tile, height)):
                            s = <const uint8_t *>first.buf + y * one_stride
                            t = <const uint8_t *>second.buf + y * two_stride
                            if left_over == 0:
                                break
                            if left_over == columns and memcmp(s, t, width * 4) == 0:
                                continue
                            for column in range(columns):
                                if marks[column]:
                                    continue
                                left = column * tile
                                right = min(left + tile, width)
                                if memcmp(s + left * 4, t + left * 4, (right - left) * 4) != 0:
                                    marks[column] = 1
                                    left_over -= 1
                                    changed += 1
            finally:
                PyBuffer_Release(&target)
        finally:
            PyBuffer_Release(&second)
    finally:
        PyBuffer_Release(&first)
    return changed


cdef uint32_t measure_tile(const uint8_t *s, Py_ssize_t stride, Py_ssize_t w, Py_ssize_t h) noexcept nogil:
    """Both measures of a tile: repeated pixels in the low half, colours in the high one."""
    cdef uint8_t[BUCKETS] seen
    cdef uint32_t repeats = 0, colors = 0, pixel, bucket
    cdef Py_ssize_t x, y
    cdef const px32 *here
    cdef const px32 *above
    memset(seen, 0, BUCKETS)
    y = STEP - 1
    while y < h:
        here = <const px32 *>(s + y * stride)
        above = <const px32 *>(s + (y - 1) * stride)
        repeats += ((here[0] ^ above[0]) & 0xFFFFFF) == 0
        for x in range(1, w):
            repeats += (((here[x] ^ above[x]) & 0xFFFFFF) == 0) | (((here[x] ^ here[x - 1]) & 0xFFFFFF) == 0)
        for x in range(w):
            pixel = here[x] & 0xFFFFFF
            bucket = <uint32_t>(pixel * <uint32_t>2654435761) >> 22
            guard(bucket < BUCKETS)
            colors += seen[bucket] == 0
            seen[bucket] = 1
        y += STEP
    return repeats | colors << 16


cdef walk(surface, Py_ssize_t stride, Py_ssize_t width, Py_ssize_t height, Py_ssize_t tile, marks, out,
          Py_ssize_t size):
    """Look at each marked tile: hash it to 8 bytes of `out`, or measure it to 4, as `size` says."""
    cdef Py_buffer source, wanted, target
    cdef Py_ssize_t columns, rows, row, column, index, w, h
    cdef const uint8_t *s
    cdef uint64_t value
    cdef uint32_t measure
    cdef const uint8_t *at
    if not 2 <= tile <= MAX_TILE:
        raise ValueError("a tile has 2 to 256 pixels a side")
    PyObject_GetBuffer(surface, &source, PyBUF_SIMPLE)
    try:
        PyObject_GetBuffer(marks, &wanted, PyBUF_SIMPLE)
        try:
            PyObject_GetBuffer(out, &target, PyBUF_WRITABLE)
            try:
                region(source.len, stride, 0, 0, width, height, 4)
                columns = (width + tile - 1) // tile
                rows = (height + tile - 1) // tile
                if wanted.len < columns * rows or target.len < size * columns * rows:
                    raise ValueError("there are more tiles than marks or places")
                s = <const uint8_t *>source.buf
                with nogil:
                    for row in range(rows):
                        h = tile if (row + 1) * tile <= height else height - row * tile
                        for column in range(columns):
                            index = row * columns + column
                            if (<const uint8_t *>wanted.buf)[index]:
                                w = tile if (column + 1) * tile <= width else width - column * tile
                                guard(w > 0 and h > 0)
                                at = s + row * tile * stride + column * tile * 4
                                if size == 8:
                                    value = hash_tile(at, stride, w, h)
                                    memcpy(<uint8_t *>target.buf + 8 * index, &value, 8)
                                else:
                                    measure = measure_tile(at, stride, w, h)
                                    memcpy(<uint8_t *>target.buf + 4 * index, &measure, 4)
            finally:
                PyBuffer_Release(&target)
        finally:
            PyBuffer_Release(&wanted)
    finally:
        PyBuffer_Release(&source)


def hash_tiles(surface, Py_ssize_t stride, Py_ssize_t width, Py_ssize_t height, Py_ssize_t tile, marks, out):
    """See the twin."""
    walk(surface, stride, width, height, tile, marks, out, 8)


def measure_tiles(surface, Py_ssize_t stride, Py_ssize_t width, Py_ssize_t height, Py_ssize_t tile, marks, out):
    """See the twin."""
    walk(surface, stride, width, height, tile, marks, out, 4)
