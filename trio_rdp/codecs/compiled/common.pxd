# cython: language_level=3
"""What the kernels share: types that may lie anywhere, guards, the check of a region, one row of colour conversion.

A pixel of a surface is a little-endian number 0xFFRRGGBB, which in memory is B, G, R, 255.
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from cpython.buffer cimport PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer

cdef extern from *:
    """
    #include <stdint.h>
    #include <stdio.h>
    #include <stdlib.h>
    #include <string.h>

    /* Surfaces are bytes of somebody else's: no alignment, and any type may alias them. */
    #if defined(__GNUC__) || defined(__clang__)
    typedef uint32_t trio_rdp_px32 __attribute__((aligned(1), may_alias));
    typedef uint16_t trio_rdp_px16 __attribute__((aligned(1), may_alias));
    #else
    typedef uint32_t trio_rdp_px32;
    typedef uint16_t trio_rdp_px16;
    #endif
    typedef trio_rdp_px32 *__restrict trio_rdp_px32_r;
    typedef const trio_rdp_px32 *__restrict trio_rdp_cpx32_r;
    typedef const trio_rdp_px16 *__restrict trio_rdp_cpx16_r;
    typedef trio_rdp_px16 *__restrict trio_rdp_px16_r;
    typedef uint8_t *__restrict trio_rdp_u8_r;
    typedef const uint8_t *__restrict trio_rdp_cu8_r;

    #if !(defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
    #define TRIO_RDP_LITTLE 1
    #else
    #error "the compiled kernels are for little-endian machines; build with TRIO_RDP_PURE=1"
    #endif

    /* The checked build stops where the ordinary one would have left its buffer. */
    #ifdef TRIO_RDP_CHECKED
    #define trio_rdp_guard(c) do { if (!(c)) { \\
        fprintf(stderr, "trio_rdp kernel guard: %s (%s:%d)\\n", #c, __FILE__, __LINE__); abort(); } } while (0)
    #else
    #define trio_rdp_guard(c) ((void)0)
    #endif

    static inline uint64_t trio_rdp_load_be64(const uint8_t *p) {
        uint64_t v;
        memcpy(&v, p, 8);
    #if defined(_MSC_VER)
        return _byteswap_uint64(v);
    #else
        return __builtin_bswap64(v);
    #endif
    }
    """
    ctypedef uint32_t px32 "trio_rdp_px32"
    ctypedef uint16_t px16 "trio_rdp_px16"
    ctypedef px32 *px32_r "trio_rdp_px32_r"
    ctypedef const px32 *cpx32_r "trio_rdp_cpx32_r"
    ctypedef px16 *px16_r "trio_rdp_px16_r"
    ctypedef const px16 *cpx16_r "trio_rdp_cpx16_r"
    ctypedef uint8_t *u8_r "trio_rdp_u8_r"
    ctypedef const uint8_t *cu8_r "trio_rdp_cu8_r"
    void guard "trio_rdp_guard"(bint) noexcept nogil
    uint64_t load_be64 "trio_rdp_load_be64"(const uint8_t *) noexcept nogil


cdef enum:
    # The statuses of `trio_rdp.codecs.status`.
    TRUNCATED = -1
    OVERRUN = -2
    INVALID = -3
    NO_MEMORY = -4

cdef enum:
    SIDE = 1 << 30           # no coordinate, size or stride beyond this, so that no product overflows
    MAX_PIXELS = 1 << 25     # `trio_rdp.codecs.status.MAX_PIXELS`


cdef inline int region(Py_ssize_t length, Py_ssize_t stride, Py_ssize_t x, Py_ssize_t y, Py_ssize_t width,
                       Py_ssize_t height, Py_ssize_t pixel) except -1:
    """Refuse a rectangle that does not lie in a surface of `length` bytes, `stride` to a row, `pixel` to a pixel."""
    if not (0 <= x <= SIDE and 0 <= y <= SIDE and 0 <= width <= SIDE and 0 <= height <= SIDE and 0 <= stride <= SIDE):
        raise ValueError("a coordinate, size or stride is negative or absurd")
    if width and height and ((x + width) * pixel > stride or (y + height - 1) * stride + (x + width) * pixel > length):
        raise ValueError("the rectangle does not lie in the surface")
    return 0


cdef inline int bitmap(Py_ssize_t width, Py_ssize_t height) except -1:
    """Refuse a bitmap without pixels, or with more than anybody sends in one."""
    if width < 1 or height < 1 or width > SIDE or height > SIDE or width * height > MAX_PIXELS:
        raise ValueError("a bitmap has 1 to 33554432 pixels")
    return 0


cdef inline uint32_t from_565(uint32_t v) noexcept nogil:
    return (0xFF000000u | ((v << 8) & 0xF80000) | ((v << 3) & 0x070000) | ((v << 5) & 0xFC00) | ((v >> 1) & 0x0300)
            | ((v << 3) & 0xF8) | ((v >> 2) & 7))


cdef inline uint32_t from_555(uint32_t v) noexcept nogil:
    return (0xFF000000u | ((v << 9) & 0xF80000) | ((v << 4) & 0x070000) | ((v << 6) & 0xF800) | ((v << 1) & 0x0700)
            | ((v << 3) & 0xF8) | ((v >> 2) & 7))


cdef inline uint32_t from_bgr565(uint32_t v) noexcept nogil:
    return (0xFF000000u | ((v << 19) & 0xF80000) | ((v << 14) & 0x070000) | ((v << 5) & 0xFC00) | ((v >> 1) & 0x0300)
            | ((v >> 8) & 0xF8) | ((v >> 13) & 7))


cdef inline uint32_t to_565(uint32_t p) noexcept nogil:
    return ((p >> 8) & 0xF800) | ((p >> 5) & 0x07E0) | ((p >> 3) & 0x1F)


cdef inline uint32_t to_555(uint32_t p) noexcept nogil:
    return ((p >> 9) & 0x7C00) | ((p >> 6) & 0x03E0) | ((p >> 3) & 0x1F)


cdef inline void row_from_8(cu8_r s, px32_r d, const px32 *palette, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        d[i] = palette[s[i]] | 0xFF000000u


cdef inline void row_from_555(cpx16_r s, px32_r d, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        d[i] = from_555(s[i])


cdef inline void row_from_565(cpx16_r s, px32_r d, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        d[i] = from_565(s[i])


cdef inline void row_from_32(cpx32_r s, px32_r d, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        d[i] = s[i] | 0xFF000000u


cdef inline void row_from_24(cu8_r s, px32_r d, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        d[i] = 0xFF000000u | s[3 * i] | (<uint32_t>s[3 * i + 1] << 8) | (<uint32_t>s[3 * i + 2] << 16)
