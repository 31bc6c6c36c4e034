# cython: language_level=3
"""Runs of one colour, as the residual layer of ClearCodec has them, [MS-RDPEGFX] 2.2.4.1.1.1."""

from libc.stdint cimport int64_t

from trio_rdp.codecs.compiled.clear_storage cimport MASK, put_colour_run, put_run, put_triplet
from trio_rdp.codecs.compiled.common cimport px32, uint8_t, uint32_t, uint64_t
from trio_rdp.codecs.compiled.lz cimport ctz64
from trio_rdp.codecs.compiled.nsc_planes cimport load64

ctypedef struct Run:
    int64_t colour
    Py_ssize_t count
    uint8_t *d


cdef inline void go_on(Run *run, uint32_t colour, Py_ssize_t length) noexcept nogil:
    if colour != run.colour:
        if run.colour >= 0:
            run.d = put_run(put_triplet(run.d, <uint32_t>run.colour), run.count)
            run.count = 0
        run.colour = colour
    run.count += length


cdef inline void go_on_row(Run *run, const uint8_t *s, Py_ssize_t width) noexcept nogil:
    """Go on with a row of pixels."""
    cdef Py_ssize_t i = 0, start
    cdef uint32_t colour
    cdef uint64_t two
    while i < width:
        start = i
        colour = (<const px32 *>s)[i] & MASK
        two = colour | (<uint64_t>colour << 32)
        i += 1
        while i + 2 <= width and (load64(s + 4 * i) & 0x00FFFFFF00FFFFFFu) == two:
            i += 2
        while i < width and ((<const px32 *>s)[i] & MASK) == colour:
            i += 1
        go_on(run, colour, i - start)


cdef inline Py_ssize_t list_runs(const uint8_t *s, Py_ssize_t stride, Py_ssize_t width, Py_ssize_t height,
                                 const uint64_t *marks, uint8_t *d) noexcept nogil:
    """Write a residual layer of the runs that begin at the marks: its bytes, and up to two more are written."""
    cdef const uint8_t *begin = d
    cdef Py_ssize_t y, x, place, last = 0
    cdef uint32_t colour = (<const px32 *>s)[0] & MASK
    cdef uint64_t bits
    for y in range(height):
        for x in range(0, width, 64):
            bits = marks[0]
            marks += 1
            while bits:
                place = x + ctz64(bits)
                bits &= bits - 1
                d = put_colour_run(d, colour, y * width + place - last)
                colour = (<const px32 *>s)[place] & MASK
                last = y * width + place
        s += stride
    return put_colour_run(d, colour, height * width - last) - begin
