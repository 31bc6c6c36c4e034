# cython: language_level=3
"""NSCodec on raw pointers; `trio_rdp.codecs.plain.nscodec` says what it does.

`nsc_planes.pxd` decodes and `nsc_packing.pxd` encodes, for this kernel and for ClearCodec's.
"""

from libc.stdint cimport int16_t
from libc.stdlib cimport free, malloc

from trio_rdp.codecs.compiled.common cimport (
    PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer, bitmap, guard, region, uint8_t,
)
from trio_rdp.codecs.compiled.nsc_packing cimport nsc_encode, plane_sizes
from trio_rdp.codecs.compiled.nsc_planes cimport NSC_HEADER, Nsc, nsc_close, nsc_draw, nsc_open


cdef Py_ssize_t decode_one(const uint8_t *s, Py_ssize_t n, uint8_t *d, Py_ssize_t stride, Py_ssize_t columns,
                           Py_ssize_t rows, Py_ssize_t width, Py_ssize_t height, bint top_down,
                           bint keep_alpha) noexcept nogil:
    """Decode a bitmap of a size that was checked, and draw the visible part at `d`: its pixels, or a status."""
    cdef Nsc nsc
    cdef Py_ssize_t status = nsc_open(s, s + n, width, height, &nsc)
    if status == 0:
        status = nsc_draw(&nsc, width, height, d, stride, columns, rows, top_down, keep_alpha)
    nsc_close(&nsc)
    return width * height if status == 0 else status


def decode_into(data, surface, Py_ssize_t stride, Py_ssize_t x, Py_ssize_t y, Py_ssize_t visible_width,
                Py_ssize_t visible_height, Py_ssize_t width, Py_ssize_t height, bint top_down, bint keep_alpha):
    """See the twin."""
    cdef Py_buffer source, target
    cdef Py_ssize_t status
    bitmap(width, height)
    visible_width = min(visible_width, width)
    visible_height = min(visible_height, height)
    PyObject_GetBuffer(data, &source, PyBUF_SIMPLE)
    try:
        PyObject_GetBuffer(surface, &target, PyBUF_WRITABLE)
        try:
            region(target.len, stride, x, y, visible_width, visible_height, 4)
            with nogil:
                status = decode_one(<const uint8_t *>source.buf, source.len,
                                    <uint8_t *>target.buf + y * stride + x * 4, stride, visible_width, visible_height,
                                    width, height, top_down, keep_alpha)
        finally:
            PyBuffer_Release(&target)
    finally:
        PyBuffer_Release(&source)
    return status


def encode(surface, Py_ssize_t stride, Py_ssize_t x, Py_ssize_t y, Py_ssize_t width, Py_ssize_t height,
           int color_loss_level, bint subsampling, bint with_alpha, bint top_down):
    """See the twin."""
    cdef Py_buffer source
    cdef const uint8_t *s
    cdef uint8_t *memory = NULL
    cdef int16_t *rows = NULL
    cdef Py_ssize_t sizes[4]
    cdef Py_ssize_t total, size
    bitmap(width, height)
    if color_loss_level < 1 or color_loss_level > 7:
        raise ValueError("a colour loss level is 1 to 7")
    PyObject_GetBuffer(surface, &source, PyBUF_SIMPLE)
    try:
        region(source.len, stride, x, y, width, height, 4)
        s = <const uint8_t *>source.buf + (y if top_down else y + height - 1) * stride + x * 4
        if not top_down:
            stride = -stride
        total = plane_sizes(width, height, subsampling, with_alpha, sizes)
        memory = <uint8_t *>malloc(2 * total + NSC_HEADER + 16)
        rows = <int16_t *>malloc(4 * ((width + 7) & ~<Py_ssize_t>7) * sizeof(int16_t))
        if memory == NULL or rows == NULL:
            raise MemoryError
        with nogil:
            size = nsc_encode(s, stride, width, height, color_loss_level, subsampling, with_alpha, memory, rows,
                              memory + total)
            guard(size <= total + NSC_HEADER)
        return (<const char *>(memory + total))[:size]
    finally:
        free(memory)
        free(rows)
        PyBuffer_Release(&source)
