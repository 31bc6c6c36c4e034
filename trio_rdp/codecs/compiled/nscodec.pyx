# cython: language_level=3
"""NSCodec on raw pointers; `trio_rdp.codecs.plain.nscodec` says what it does.

`nsc_planes.pxd` decodes and `nsc_packing.pxd` encodes, for this kernel and for ClearCodec's.
"""

from libc.stdint cimport int16_t
from libc.stdlib cimport free, malloc

from trio_rdp.codecs.compiled.batches cimport decode_batch, decode_one, encode_batch, encode_one
from trio_rdp.codecs.compiled.common cimport uint8_t
from trio_rdp.codecs.compiled.nsc_packing cimport nsc_encode, plane_sizes
from trio_rdp.codecs.compiled.nsc_planes cimport NSC_HEADER, Nsc, nsc_close, nsc_draw, nsc_open


cdef struct Drawing:
    bint top_down
    bint keep_alpha


cdef Py_ssize_t picture_from(const uint8_t *s, Py_ssize_t length, uint8_t *d, Py_ssize_t stride, Py_ssize_t columns,
                             Py_ssize_t rows, Py_ssize_t w, Py_ssize_t h, const void *options) noexcept nogil:
    cdef const Drawing *drawing = <const Drawing *>options
    cdef Nsc nsc
    cdef Py_ssize_t status = nsc_open(s, s + length, w, h, &nsc)
    if status == 0:
        status = nsc_draw(&nsc, w, h, d, stride, columns, rows, drawing.top_down, drawing.keep_alpha)
    nsc_close(&nsc)
    return w * h if status == 0 else status


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

cdef struct Encoding:
    int level
    bint subsampling
    bint with_alpha
    bint top_down


cdef Encoding encoding(int level, bint subsampling, bint with_alpha, bint top_down) except *:
    if level < 1 or level > 7:
        raise ValueError("a colour loss level is 1 to 7")
    return Encoding(level, subsampling, with_alpha, top_down)


cdef Py_ssize_t most(Py_ssize_t w, Py_ssize_t h, const void *options) noexcept nogil:
    cdef const Encoding *how = <const Encoding *>options
    cdef Py_ssize_t sizes[4]
    return NSC_HEADER + plane_sizes(w, h, how.subsampling, how.with_alpha, sizes) + 16


cdef uint8_t *put_picture(const uint8_t *s, Py_ssize_t stride, Py_ssize_t w, Py_ssize_t h, uint8_t *d,
                          const void *options) noexcept nogil:
    cdef const Encoding *how = <const Encoding *>options
    cdef Py_ssize_t sizes[4]
    cdef Py_ssize_t chroma = 4 * ((w + 7) & ~<Py_ssize_t>7) * <Py_ssize_t>sizeof(int16_t)
    cdef uint8_t *memory = <uint8_t *>malloc(chroma + plane_sizes(w, h, how.subsampling, how.with_alpha, sizes))
    if memory == NULL:
        return NULL
    if not how.top_down:
        s += (h - 1) * stride
        stride = -stride
    d += nsc_encode(s, stride, w, h, how.level, how.subsampling, how.with_alpha, memory + chroma, <int16_t *>memory, d)
    free(memory)
    return d


def encode(surface, Py_ssize_t stride, Py_ssize_t x, Py_ssize_t y, Py_ssize_t width, Py_ssize_t height,
           int color_loss_level, bint subsampling, bint with_alpha, bint top_down):
    """See the twin."""
    cdef Encoding how = encoding(color_loss_level, subsampling, with_alpha, top_down)
    return encode_one(surface, stride, x, y, width, height, 4, put_picture, most, &how)


def encode_all(surface, Py_ssize_t stride, Py_ssize_t x, Py_ssize_t y, Py_ssize_t width, Py_ssize_t height, table,
               int color_loss_level, bint subsampling, bint with_alpha, bint top_down):
    """See the twin."""
    cdef Encoding how = encoding(color_loss_level, subsampling, with_alpha, top_down)
    return encode_batch(surface, stride, x, y, width, height, 4, table, put_picture, most, &how)
