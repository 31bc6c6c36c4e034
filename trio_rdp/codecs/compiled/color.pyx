# cython: language_level=3
"""Colour spaces on raw pointers; `trio_rdp.codecs.plain.color` says what they are.

Everything is in numbers of 16 bits, products by their upper half, so that a compiler makes vector instructions of it.
"""

from libc.stdint cimport int16_t, int32_t, uint8_t, uint16_t, uint32_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset

from trio_rdp.codecs.compiled.common cimport (
    PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer, bitmap, cpx32_r, cu8_r, guard, px16, px16_r,
    px32, region, u8_r,
)
from trio_rdp.codecs.compiled.tile_color cimport bgrx_to_ycbcr, ycbcr_to_bgrx

cdef extern from *:
    """
    #if defined(__AVX2__)
    #include <immintrin.h>

    /* What no compiler makes of `row_to_luma` and `rows_to_chroma`: products of bytes, added in pairs.  32 columns at a
       time, of which it says how many.  Weights of luma are unsigned, so the pixels must be signed: less 128.  Those of
       chroma are negative, as -128 is a signed byte and 128 is not. */
    static inline __m256i trio_rdp_luma_of_32(const __m256i *p) {
        const __m256i weights = _mm256_set1_epi32(0x0036B713), sign = _mm256_set1_epi8(-128);
        const __m256i half = _mm256_set1_epi16(128), order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
        __m256i v[4];
        int k;
        for (k = 0; k < 4; k++)
            v[k] = _mm256_maddubs_epi16(weights, _mm256_xor_si256(p[k], sign));
        v[0] = _mm256_srai_epi16(_mm256_add_epi16(_mm256_hadd_epi16(v[0], v[1]), half), 8);
        v[2] = _mm256_srai_epi16(_mm256_add_epi16(_mm256_hadd_epi16(v[2], v[3]), half), 8);
        return _mm256_permutevar8x32_epi32(_mm256_xor_si256(_mm256_packs_epi16(v[0], v[2]), sign), order);
    }

    static inline __m256i trio_rdp_chroma_of_16(__m256i one, __m256i two) {
        const __m256i blue = _mm256_set1_epi32(0x001D6380), red = _mm256_set1_epi32(0x0080740C);
        const __m256i middle = _mm256_set1_epi16(-32641);
        __m256 a = _mm256_castsi256_ps(one), b = _mm256_castsi256_ps(two);
        __m256i mean = _mm256_avg_epu8(_mm256_castps_si256(_mm256_shuffle_ps(a, b, 0x88)),
                                       _mm256_castps_si256(_mm256_shuffle_ps(a, b, 0xDD)));
        mean = _mm256_hadd_epi16(_mm256_maddubs_epi16(mean, blue), _mm256_maddubs_epi16(mean, red));
        return _mm256_srli_epi16(_mm256_sub_epi16(middle, mean), 8);
    }

    static inline Py_ssize_t trio_rdp_rows_fast(const uint8_t *s, const uint8_t *t, uint8_t *y, uint8_t *below,
                                                uint8_t *u, uint8_t *v, Py_ssize_t n) {
        Py_ssize_t i;
        int k;
        for (i = 0; i + 32 <= n; i += 32) {
            __m256i p[4], q[4];
            __m128i low, high, lower, upper;
            for (k = 0; k < 4; k++) {
                p[k] = _mm256_loadu_si256((const __m256i *)(s + 4 * i + 32 * k));
                q[k] = _mm256_loadu_si256((const __m256i *)(t + 4 * i + 32 * k));
            }
            _mm256_storeu_si256((__m256i *)(y + i), trio_rdp_luma_of_32(p));
            _mm256_storeu_si256((__m256i *)(below + i), trio_rdp_luma_of_32(q));
            for (k = 0; k < 4; k++)
                p[k] = _mm256_avg_epu8(p[k], q[k]);
            p[0] = _mm256_packus_epi16(trio_rdp_chroma_of_16(p[0], p[1]), trio_rdp_chroma_of_16(p[2], p[3]));
            low = _mm256_castsi256_si128(p[0]);
            high = _mm256_extracti128_si256(p[0], 1);
            lower = _mm_unpacklo_epi16(low, high);
            upper = _mm_unpackhi_epi16(low, high);
            _mm_storeu_si128((__m128i *)(u + i / 2), _mm_unpacklo_epi64(lower, upper));
            _mm_storeu_si128((__m128i *)(v + i / 2), _mm_unpackhi_epi64(lower, upper));
        }
        return i;
    }
    #else
    static inline Py_ssize_t trio_rdp_rows_fast(const uint8_t *s, const uint8_t *t, uint8_t *y, uint8_t *below,
                                                uint8_t *u, uint8_t *v, Py_ssize_t n) {
        (void)s; (void)t; (void)y; (void)below; (void)u; (void)v; (void)n;
        return 0;
    }
    #endif
    """
    Py_ssize_t rows_fast "trio_rdp_rows_fast"(const uint8_t *, const uint8_t *, uint8_t *, uint8_t *, uint8_t *,
                                              uint8_t *, Py_ssize_t) noexcept nogil

cdef enum:
    CHUNK = 1024             # pixels of two rows that are converted together, while their chroma is in L1
    CUTOFF = 30


cdef class Buffers:
    """Buffers of several objects, held until this is closed."""

    cdef Py_buffer held[8]
    cdef int count

    cdef uint8_t *hold(self, source, Py_ssize_t least, int flags) except NULL:
        """The bytes of an object, of which there must be `least`."""
        PyObject_GetBuffer(source, &self.held[self.count], flags)
        self.count += 1
        if self.held[self.count - 1].len < least:
            raise ValueError("a plane is too small")
        return <uint8_t *>self.held[self.count - 1].buf

    cdef void close(self):
        while self.count:
            self.count -= 1
            PyBuffer_Release(&self.held[self.count])


cdef inline Py_ssize_t extent(Py_ssize_t stride, Py_ssize_t width, Py_ssize_t height) noexcept:
    return (height - 1) * stride + width


cdef inline int16_t byte_of(int16_t v) noexcept nogil:
    v = v >> 6
    v = 0 if v < 0 else v
    return 255 if v > 255 else v


cdef inline void row_from_yuv(cu8_r y, cu8_r u, cu8_r v, px16_r out, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    cdef int16_t luma, blue, red, r, g, b
    for i in range(n):
        luma = <int16_t>((<int16_t>y[i] << 6) + 32)
        blue = <int16_t>(<uint16_t>(u[i] ^ 128) << 8)
        red = <int16_t>(<uint16_t>(v[i] ^ 128) << 8)
        r = byte_of(<int16_t>(luma + <int16_t>((red * 25801) >> 16)))
        g = byte_of(<int16_t>(luma - <int16_t>((blue * 3069) >> 16) - <int16_t>((red * 7670) >> 16)))
        b = byte_of(<int16_t>(luma + <int16_t>((blue * 30402) >> 16)))
        out[2 * i] = <uint16_t>(b | (g << 8))
        out[2 * i + 1] = <uint16_t>(r | 0xFF00)


cdef inline void twice(cu8_r s, u8_r d, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        d[2 * i] = s[i]
        d[2 * i + 1] = s[i]


cdef inline void undo_means(cu8_r row, cu8_r below, u8_r out, Py_ssize_t n) noexcept nogil:
    """Every second sample of a row, beginning with the first, from the mean of four that stands in its place."""
    cdef Py_ssize_t i
    cdef int16_t value, change
    for i in range(n):
        value = <int16_t>(4 * row[2 * i] - row[2 * i + 1] - below[2 * i] - below[2 * i + 1])
        value = 0 if value < 0 else value
        value = 255 if value > 255 else value
        change = <int16_t>(value - row[2 * i])
        out[2 * i] = <uint8_t>(row[2 * i] if -CUTOFF < change < CUTOFF else value)
        out[2 * i + 1] = row[2 * i + 1]


cdef void draw_444(const uint8_t *y, const uint8_t *u, const uint8_t *v, Py_ssize_t y_stride, Py_ssize_t uv_stride,
                   uint8_t *d, Py_ssize_t stride, Py_ssize_t left, Py_ssize_t top, Py_ssize_t right,
                   Py_ssize_t bottom) noexcept nogil:
    cdef Py_ssize_t row
    for row in range(top, bottom):
        row_from_yuv(y + row * y_stride + left, u + row * uv_stride + left, v + row * uv_stride + left,
                     <px16 *>(d + row * stride + left * 4), right - left)


cdef void draw_means(const uint8_t *y, const uint8_t *u, const uint8_t *v, Py_ssize_t y_stride, Py_ssize_t uv_stride,
                     Py_ssize_t width, Py_ssize_t height, uint8_t *d, Py_ssize_t stride, Py_ssize_t left, Py_ssize_t top,
                     Py_ssize_t right, Py_ssize_t bottom) noexcept nogil:
    cdef uint8_t blue[CHUNK]
    cdef uint8_t red[CHUNK]
    cdef Py_ssize_t row, first, last, skip, fours
    for row in range(top, bottom):
        if row & 1 or row + 1 == height:
            draw_444(y, u, v, y_stride, uv_stride, d, stride, left, row, right, row + 1)
            continue
        first = left & ~1
        while first < right:
            last = min(first + CHUNK, right)
            skip = left - first if left > first else 0
            # The last column of an odd width has no fours.
            fours = (min(last + 1, width) - first) >> 1
            undo_means(u + row * uv_stride + first, u + (row + 1) * uv_stride + first, blue, fours)
            undo_means(v + row * uv_stride + first, v + (row + 1) * uv_stride + first, red, fours)
            if first + 2 * fours < last:
                blue[2 * fours] = u[row * uv_stride + last - 1]
                red[2 * fours] = v[row * uv_stride + last - 1]
            row_from_yuv(y + row * y_stride + first + skip, blue + skip, red + skip,
                         <px16 *>(d + row * stride + (first + skip) * 4), last - first - skip)
            first = last


cdef void draw_420(const uint8_t *y, const uint8_t *u, const uint8_t *v, Py_ssize_t y_stride, Py_ssize_t uv_stride,
                   uint8_t *d, Py_ssize_t stride, Py_ssize_t left, Py_ssize_t top, Py_ssize_t right,
                   Py_ssize_t bottom) noexcept nogil:
    cdef uint8_t blue[CHUNK]
    cdef uint8_t red[CHUNK]
    cdef Py_ssize_t row, first, last, here, skip
    for row in range(top & ~1, bottom, 2):
        first = left & ~1
        while first < right:
            last = min(first + CHUNK, right)
            twice(u + (row >> 1) * uv_stride + (first >> 1), blue, (last - first + 1) >> 1)
            twice(v + (row >> 1) * uv_stride + (first >> 1), red, (last - first + 1) >> 1)
            skip = left - first if left > first else 0
            for here in range(max(row, top), min(row + 2, bottom)):
                row_from_yuv(y + here * y_stride + first + skip, blue + skip, red + skip,
                             <px16 *>(d + here * stride + (first + skip) * 4), last - first - skip)
            first = last


def draw(y, u, v, Py_ssize_t y_stride, Py_ssize_t uv_stride, Py_ssize_t width, Py_ssize_t height, bint half, bint means,
         surface, Py_ssize_t stride, Py_ssize_t x, Py_ssize_t y_place, Py_ssize_t visible_width, Py_ssize_t visible_height,
         rects):
    """See the twin."""
    cdef Buffers held = Buffers()
    cdef const uint8_t *luma
    cdef const uint8_t *blue
    cdef const uint8_t *red
    cdef uint8_t *d
    cdef const uint8_t *boxes
    cdef int32_t edges[4]
    cdef Py_ssize_t count, i, left, top, right, bottom, columns = width, rows = height
    bitmap(width, height)
    if half:
        columns = (width + 1) >> 1
        rows = (height + 1) >> 1
    region(1 << 60, y_stride, 0, 0, width, height, 1)
    region(1 << 60, uv_stride, 0, 0, columns, rows, 1)
    try:
        luma = held.hold(y, extent(y_stride, width, height), PyBUF_SIMPLE)
        blue = held.hold(u, extent(uv_stride, columns, rows), PyBUF_SIMPLE)
        red = held.hold(v, extent(uv_stride, columns, rows), PyBUF_SIMPLE)
        d = held.hold(surface, 0, PyBUF_WRITABLE)
        region(held.held[3].len, stride, x, y_place, visible_width, visible_height, 4)
        d += y_place * stride + x * 4
        boxes = held.hold(rects, 0, PyBUF_SIMPLE)
        count = held.held[4].len >> 4
        visible_width = min(visible_width, width)
        visible_height = min(visible_height, height)
        with nogil:
            for i in range(count):
                memcpy(edges, boxes + 16 * i, 16)
                left = max(<Py_ssize_t>edges[0], 0)
                top = max(<Py_ssize_t>edges[1], 0)
                right = min(<Py_ssize_t>edges[2], visible_width)
                bottom = min(<Py_ssize_t>edges[3], visible_height)
                if left >= right or top >= bottom:
                    continue
                if half:
                    draw_420(luma, blue, red, y_stride, uv_stride, d, stride, left, top, right, bottom)
                elif means:
                    draw_means(luma, blue, red, y_stride, uv_stride, width, height, d, stride, left, top, right, bottom)
                else:
                    draw_444(luma, blue, red, y_stride, uv_stride, d, stride, left, top, right, bottom)
    finally:
        held.close()


# ------------------------------------------------------------------------------------------------------ from pixels

cdef inline uint8_t luma_of(uint16_t r, uint16_t g, uint16_t b) noexcept nogil:
    return <uint8_t>(<uint16_t>(54 * r + 183 * g + 19 * b + 128) >> 8)


cdef inline uint8_t blue_of(uint16_t r, uint16_t g, uint16_t b) noexcept nogil:
    return <uint8_t>(<uint16_t>(128 * b - 29 * r - 99 * g + 32895) >> 8)


cdef inline uint8_t red_of(uint16_t r, uint16_t g, uint16_t b) noexcept nogil:
    return <uint8_t>(<uint16_t>(128 * r - 116 * g - 12 * b + 32895) >> 8)


cdef inline void row_to_luma(cpx32_r s, u8_r y, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    cdef uint16_t r, g, b
    for i in range(n):
        b = <uint16_t>(s[i] & 255)
        g = <uint16_t>((s[i] >> 8) & 255)
        r = <uint16_t>((s[i] >> 16) & 255)
        y[i] = luma_of(r, g, b)


cdef inline void row_to_yuv(cpx32_r s, u8_r y, u8_r u, u8_r v, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    cdef uint16_t r, g, b
    for i in range(n):
        b = <uint16_t>(s[i] & 255)
        g = <uint16_t>((s[i] >> 8) & 255)
        r = <uint16_t>((s[i] >> 16) & 255)
        y[i] = luma_of(r, g, b)
        u[i] = blue_of(r, g, b)
        v[i] = red_of(r, g, b)


cdef inline uint32_t mean_of(uint32_t a, uint32_t b) noexcept nogil:
    """The means of four bytes each, halves rounded up."""
    return (a | b) - (((a ^ b) >> 1) & 0x7F7F7F7F)


cdef inline void rows_to_chroma(cpx32_r s, cpx32_r t, u8_r u, u8_r v, Py_ssize_t n) noexcept nogil:
    """The chroma of the mean of two by two pixels, `n` times."""
    cdef Py_ssize_t i
    cdef uint32_t mean
    cdef uint16_t r, g, b
    for i in range(n):
        mean = mean_of(mean_of(s[2 * i], t[2 * i]), mean_of(s[2 * i + 1], t[2 * i + 1]))
        b = <uint16_t>(mean & 255)
        g = <uint16_t>((mean >> 8) & 255)
        r = <uint16_t>((mean >> 16) & 255)
        u[i] = blue_of(r, g, b)
        v[i] = red_of(r, g, b)


cdef inline void two_rows(const px32 *s, const px32 *t, uint8_t *y, uint8_t *below, uint8_t *u, uint8_t *v,
                          Py_ssize_t n) noexcept nogil:
    """The luma of two rows, and the chroma that they share."""
    cdef Py_ssize_t done = rows_fast(<const uint8_t *>s, <const uint8_t *>t, y, below, u, v, n)
    row_to_luma(s + done, y + done, n - done)
    row_to_luma(t + done, below + done, n - done)
    rows_to_chroma(s + done, t + done, u + (done >> 1), v + (done >> 1), (n - done) >> 1)


cdef inline const px32 *padded(const uint8_t *s, Py_ssize_t width, Py_ssize_t columns, uint8_t *scratch) noexcept nogil:
    """A row of `columns` pixels: as it is, or copied and its last pixel repeated."""
    cdef Py_ssize_t i
    if width >= columns:
        return <const px32 *>s
    memcpy(scratch, s, width * 4)
    for i in range(width, columns):
        memcpy(scratch + i * 4, s + (width - 1) * 4, 4)
    return <const px32 *>scratch


def split(surface, Py_ssize_t stride, Py_ssize_t x, Py_ssize_t y, Py_ssize_t width, Py_ssize_t height,
          luma, blue, red, Py_ssize_t y_stride, Py_ssize_t uv_stride, Py_ssize_t columns, Py_ssize_t rows, bint half):
    """See the twin."""
    cdef Buffers held = Buffers()
    cdef const uint8_t *s
    cdef const px32 *one
    cdef const px32 *two
    cdef uint8_t *yp
    cdef uint8_t *up
    cdef uint8_t *vp
    cdef uint8_t *scratch = NULL
    cdef Py_ssize_t row, narrow = columns, low = rows
    bitmap(width, height)
    bitmap(columns, rows)
    if columns < width or rows < height or (half and (columns & 1 or rows & 1)):
        raise ValueError("planes are as large as the picture, and even where chroma is halved")
    if half:
        narrow = columns >> 1
        low = rows >> 1
    region(1 << 60, y_stride, 0, 0, columns, rows, 1)
    region(1 << 60, uv_stride, 0, 0, narrow, low, 1)
    try:
        s = held.hold(surface, 0, PyBUF_SIMPLE)
        region(held.held[0].len, stride, x, y, width, height, 4)
        s += y * stride + x * 4
        yp = held.hold(luma, extent(y_stride, columns, rows), PyBUF_WRITABLE)
        up = held.hold(blue, extent(uv_stride, narrow, low), PyBUF_WRITABLE)
        vp = held.hold(red, extent(uv_stride, narrow, low), PyBUF_WRITABLE)
        scratch = <uint8_t *>malloc(columns * 8)
        if scratch == NULL:
            raise MemoryError
        with nogil:
            if not half:
                for row in range(rows):
                    one = padded(s + min(row, height - 1) * stride, width, columns, scratch)
                    row_to_yuv(one, yp + row * y_stride, up + row * uv_stride, vp + row * uv_stride, columns)
            else:
                for row in range(0, rows, 2):
                    one = padded(s + min(row, height - 1) * stride, width, columns, scratch)
                    two = padded(s + min(row + 1, height - 1) * stride, width, columns, scratch + columns * 4)
                    two_rows(one, two, yp + row * y_stride, yp + (row + 1) * y_stride, up + (row >> 1) * uv_stride,
                             vp + (row >> 1) * uv_stride, columns)
    finally:
        free(scratch)
        held.close()


# -------------------------------------------------------------------------------------------- two views of YUV 4:4:4

cdef inline void evens(cu8_r s, u8_r even, u8_r odd, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        even[i] = s[2 * i]
        odd[i] = s[2 * i + 1]


cdef inline void zip_rows(cu8_r even, cu8_r odd, u8_r d, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        d[2 * i] = even[i]
        d[2 * i + 1] = odd[i]


cdef inline void mean_rows(cu8_r upper, cu8_r lower, u8_r mean, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        mean[i] = <uint8_t>(<uint16_t>(upper[2 * i] + upper[2 * i + 1] + lower[2 * i] + lower[2 * i + 1] + 2) >> 2)


cdef inline Py_ssize_t first_row(Py_ssize_t pair) noexcept nogil:
    """The row of the auxiliary luma that holds U of row `2 * pair + 1`; V stands eight rows below."""
    return (pair & ~7) * 2 + (pair & 7)


cdef int views(Py_ssize_t width, Py_ssize_t height, int version) except -1:
    bitmap(width, height)
    if width & 15 or height & 15:
        raise ValueError("the views are as wide and as high as whole macroblocks")
    if version != 1 and version != 2:
        raise ValueError("there are versions 1 and 2 of the auxiliary view")
    return 0


def combine(main_u, main_v, Py_ssize_t main_stride, aux_y, aux_u, aux_v, Py_ssize_t y_stride, Py_ssize_t uv_stride,
            Py_ssize_t width, Py_ssize_t height, int version, u, v, Py_ssize_t top, Py_ssize_t bottom):
    """See the twin."""
    cdef Buffers held = Buffers()
    cdef const uint8_t *mean[2]
    cdef uint8_t *out[2]
    cdef const uint8_t *luma
    cdef const uint8_t *blue
    cdef const uint8_t *red
    cdef const uint8_t *right
    cdef uint8_t *upper
    cdef uint8_t *below = NULL
    cdef Py_ssize_t pair, half = width >> 1, quarter = width >> 2, low = height >> 1
    cdef int plane
    views(width, height, version)
    if not 0 <= top <= bottom <= height:
        raise ValueError("the rows do not lie in the plane")
    region(1 << 60, main_stride, 0, 0, half, low, 1)
    region(1 << 60, y_stride, 0, 0, width, height, 1)
    region(1 << 60, uv_stride, 0, 0, half, low, 1)
    try:
        mean[0] = held.hold(main_u, extent(main_stride, half, low), PyBUF_SIMPLE)
        mean[1] = held.hold(main_v, extent(main_stride, half, low), PyBUF_SIMPLE)
        luma = held.hold(aux_y, extent(y_stride, width, height), PyBUF_SIMPLE)
        blue = held.hold(aux_u, extent(uv_stride, half, low), PyBUF_SIMPLE)
        red = held.hold(aux_v, extent(uv_stride, half, low), PyBUF_SIMPLE)
        out[0] = held.hold(u, width * height, PyBUF_WRITABLE)
        out[1] = held.hold(v, width * height, PyBUF_WRITABLE)
        below = <uint8_t *>malloc(half)
        if below == NULL:
            raise MemoryError
        with nogil:
            for pair in range(top >> 1, (bottom + 1) >> 1):
                for plane in range(2):
                    upper = out[plane] + 2 * pair * width
                    if version == 1:
                        zip_rows(mean[plane] + pair * main_stride, (red if plane else blue) + pair * uv_stride, upper, half)
                        memcpy(upper + width, luma + (first_row(pair) + 8 * plane) * y_stride, width)
                    else:
                        right = luma + 2 * pair * y_stride + plane * half
                        zip_rows(mean[plane] + pair * main_stride, right, upper, half)
                        zip_rows(blue + pair * uv_stride + plane * quarter, red + pair * uv_stride + plane * quarter, below,
                                 quarter)
                        zip_rows(below, right + y_stride, upper + width, half)
    finally:
        free(below)
        held.close()


def separate(u, v, Py_ssize_t width, Py_ssize_t height, int version, main_u, main_v, Py_ssize_t main_stride, aux_y, aux_u,
             aux_v, Py_ssize_t y_stride, Py_ssize_t uv_stride, Py_ssize_t top, Py_ssize_t bottom):
    """See the twin."""
    cdef Buffers held = Buffers()
    cdef const uint8_t *source[2]
    cdef uint8_t *mean[2]
    cdef uint8_t *luma
    cdef uint8_t *blue
    cdef uint8_t *red
    cdef const uint8_t *upper
    cdef const uint8_t *lower
    cdef uint8_t *scratch = NULL
    cdef Py_ssize_t pair, half = width >> 1, quarter = width >> 2, low = height >> 1
    cdef int plane
    views(width, height, version)
    if not 0 <= top <= bottom <= height:
        raise ValueError("the rows do not lie in the plane")
    region(1 << 60, main_stride, 0, 0, half, low, 1)
    region(1 << 60, y_stride, 0, 0, width, height, 1)
    region(1 << 60, uv_stride, 0, 0, half, low, 1)
    try:
        source[0] = held.hold(u, width * height, PyBUF_SIMPLE)
        source[1] = held.hold(v, width * height, PyBUF_SIMPLE)
        mean[0] = held.hold(main_u, extent(main_stride, half, low), PyBUF_WRITABLE)
        mean[1] = held.hold(main_v, extent(main_stride, half, low), PyBUF_WRITABLE)
        luma = held.hold(aux_y, extent(y_stride, width, height), PyBUF_WRITABLE)
        blue = held.hold(aux_u, extent(uv_stride, half, low), PyBUF_WRITABLE)
        red = held.hold(aux_v, extent(uv_stride, half, low), PyBUF_WRITABLE)
        scratch = <uint8_t *>malloc(width)
        if scratch == NULL:
            raise MemoryError
        with nogil:
            for pair in range(top >> 1, (bottom + 1) >> 1):
                for plane in range(2):
                    upper = source[plane] + 2 * pair * width
                    lower = upper + width
                    mean_rows(upper, lower, mean[plane] + pair * main_stride, half)
                    if version == 1:
                        memcpy(luma + (first_row(pair) + 8 * plane) * y_stride, lower, width)
                        evens(upper, scratch, (red if plane else blue) + pair * uv_stride, half)
                    else:
                        evens(upper, scratch, luma + 2 * pair * y_stride + plane * half, half)
                        evens(lower, scratch, luma + (2 * pair + 1) * y_stride + plane * half, half)
                        evens(scratch, blue + pair * uv_stride + plane * quarter,
                              red + pair * uv_stride + plane * quarter, quarter)
    finally:
        free(scratch)
        held.close()


# ------------------------------------------------------------------------------------------------- RemoteFX's YCbCr

def draw_ycbcr(y, cb, cr, surface, Py_ssize_t stride, Py_ssize_t x, Py_ssize_t y_place, Py_ssize_t width,
               Py_ssize_t height):
    """See the twin."""
    cdef Buffers held = Buffers()
    cdef const int16_t *luma
    cdef const int16_t *blue
    cdef const int16_t *red
    cdef uint8_t *d
    cdef Py_ssize_t row
    bitmap(width, height)
    try:
        luma = <const int16_t *>held.hold(y, width * height * 2, PyBUF_SIMPLE)
        blue = <const int16_t *>held.hold(cb, width * height * 2, PyBUF_SIMPLE)
        red = <const int16_t *>held.hold(cr, width * height * 2, PyBUF_SIMPLE)
        d = held.hold(surface, 0, PyBUF_WRITABLE)
        region(held.held[3].len, stride, x, y_place, width, height, 4)
        d += y_place * stride + x * 4
        with nogil:
            for row in range(height):
                ycbcr_to_bgrx(luma + row * width, blue + row * width, red + row * width, <px16 *>(d + row * stride),
                              <int>width)
    finally:
        held.close()


def split_ycbcr(surface, Py_ssize_t stride, Py_ssize_t x, Py_ssize_t y, Py_ssize_t width, Py_ssize_t height, luma, blue,
                red):
    """See the twin."""
    cdef Buffers held = Buffers()
    cdef int16_t *yp
    cdef int16_t *bp
    cdef int16_t *rp
    cdef const uint8_t *s
    cdef Py_ssize_t row
    bitmap(width, height)
    try:
        s = held.hold(surface, 0, PyBUF_SIMPLE)
        region(held.held[0].len, stride, x, y, width, height, 4)
        s += y * stride + x * 4
        yp = <int16_t *>held.hold(luma, width * height * 2, PyBUF_WRITABLE)
        bp = <int16_t *>held.hold(blue, width * height * 2, PyBUF_WRITABLE)
        rp = <int16_t *>held.hold(red, width * height * 2, PyBUF_WRITABLE)
        with nogil:
            for row in range(height):
                bgrx_to_ycbcr(<const px32 *>(s + row * stride), yp + row * width, bp + row * width, rp + row * width,
                              <int>width)
    finally:
        held.close()
