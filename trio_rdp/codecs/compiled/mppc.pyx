# cython: language_level=3
"""MPPC bulk decompression with a 64-bit reservoir; `trio_rdp.codecs.plain.mppc` says what it does."""

from libc.string cimport memcpy, memset

from trio_rdp.codecs.compiled.common cimport (
    INVALID, OVERRUN, TRUNCATED, PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer, guard, load_be64,
    uint8_t, uint64_t,
)


cdef inline int leading_ones(uint64_t bits, int most) noexcept nogil:
    cdef int n = 0
    while n < most and bits >> 63:
        bits <<= 1
        n += 1
    return n


cdef Py_ssize_t inflate(const uint8_t *s, const uint8_t *e, uint8_t *h, Py_ssize_t size, Py_ssize_t at) noexcept nogil:
    """`bits` holds the next `have` bits at its top; `left` counts the packet's bits that are not used yet."""
    cdef uint64_t bits = 0
    cdef Py_ssize_t left = (e - s) * 8, count, distance, source, piece
    cdef int have = 0, lead, n, longest = 11 if size == 8192 else 14
    cdef bint small = size == 8192
    while left >= 8:
        # 57 bits at least, or all there are: the longest symbol has 19 + 30.
        if have < 56:
            if e - s >= 8:
                bits |= load_be64(s) >> have
                n = (63 - have) >> 3
                s += n
                have += n << 3
            else:
                while have <= 56 and s < e:
                    bits |= <uint64_t>s[0] << (56 - have)
                    s += 1
                    have += 8
        if not bits >> 63:
            if at >= size:
                return OVERRUN
            h[at] = <uint8_t>(bits >> 56)
            at += 1
            bits <<= 8
            have -= 8
            left -= 8
            continue
        if not (bits >> 62) & 1:
            if left < 9:
                return TRUNCATED
            if at >= size:
                return OVERRUN
            h[at] = <uint8_t>(0x80 | ((bits >> 55) & 0x7F))
            at += 1
            bits <<= 9
            have -= 9
            left -= 9
            continue
        if small:
            if not (bits >> 61) & 1:
                distance = 320 + ((bits >> 48) & 0x1FFF)
                n = 16
            elif not (bits >> 60) & 1:
                distance = 64 + ((bits >> 52) & 0xFF)
                n = 12
            else:
                distance = (bits >> 54) & 0x3F
                n = 10
        else:
            if not (bits >> 61) & 1:
                distance = 2368 + ((bits >> 45) & 0xFFFF)
                n = 19
            elif not (bits >> 60) & 1:
                distance = 320 + ((bits >> 49) & 0x7FF)
                n = 15
            elif not (bits >> 59) & 1:
                distance = 64 + ((bits >> 51) & 0xFF)
                n = 13
            else:
                distance = (bits >> 53) & 0x3F
                n = 11
        bits <<= n
        have -= n
        left -= n
        if not bits >> 63:
            count = 3
            n = 1
        else:
            lead = leading_ones(bits, longest + 1)
            if lead > longest:
                return INVALID
            count = (2 << lead) + ((bits << (lead + 1)) >> (63 - lead))
            n = 2 * lead + 2
        bits <<= n
        have -= n
        left -= n
        if left < 0:
            return TRUNCATED
        if count > size - at:
            return OVERRUN
        source = at - distance
        guard(source > -2 * size and have >= 0)
        if source < 0 or distance == 0:
            # What lies before the beginning is the end of the ring.
            while count:
                source = at - distance
                while source < 0:
                    source += size
                h[at] = h[source]
                at += 1
                count -= 1
        elif distance >= count:
            memcpy(h + at, h + source, count)
            at += count
        elif distance == 1:
            memset(h + at, h[source], count)
            at += count
        else:
            # Each round copies what is there already, so what is there doubles.
            while count:
                piece = at - source if at - source < count else count
                memcpy(h + at, h + source, piece)
                at += piece
                count -= piece
    return at


def decompress(data, history, Py_ssize_t offset):
    """See the twin."""
    cdef Py_buffer source, target
    cdef Py_ssize_t status
    cdef const uint8_t *s
    PyObject_GetBuffer(data, &source, PyBUF_SIMPLE)
    try:
        PyObject_GetBuffer(history, &target, PyBUF_WRITABLE)
        try:
            if target.len != 8192 and target.len != 65536 or not 0 <= offset <= target.len:
                raise ValueError("a history has 8192 or 65536 bytes, and an offset in it")
            s = <const uint8_t *>source.buf
            with nogil:
                status = inflate(s, s + source.len, <uint8_t *>target.buf, target.len, offset)
        finally:
            PyBuffer_Release(&target)
    finally:
        PyBuffer_Release(&source)
    return status
