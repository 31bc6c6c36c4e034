# cython: language_level=3
"""Simplified run-length coding and raw bits on raw pointers; `trio_rdp.codecs.plain.srl` says what they are."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t

from trio_rdp.codecs.compiled.rlgr cimport BitWriter, clz64, put, refill


cdef struct BitReader:
    uint64_t bits
    int held           # below zero behind the last byte
    const uint8_t *p
    const uint8_t *end


cdef struct SrlReader:
    BitReader source
    uint32_t zeros
    int kp
    bint after_run


cdef struct SrlWriter:
    BitWriter target
    uint32_t zeros
    int kp


cdef inline void reader_open(BitReader *r, const uint8_t *p, Py_ssize_t n) noexcept nogil:
    r.bits = 0
    r.held = 0
    r.p = p
    r.end = p + n


cdef inline uint32_t take(BitReader *r, int n) noexcept nogil:
    """Read up to 16 bits; behind the last byte follow zeros."""
    cdef uint32_t value
    if r.held < n:
        if r.p < r.end:
            refill(&r.bits, &r.held, &r.p, r.end)
        elif r.held < 0:
            r.held = 0
    # In two steps, for n may be 0.
    value = <uint32_t>(r.bits >> 32 >> (32 - n))
    r.bits <<= n
    r.held -= n
    return value


cdef inline void srl_open(SrlReader *r, const uint8_t *p, Py_ssize_t n) noexcept nogil:
    reader_open(&r.source, p, n)
    r.zeros = 0
    r.kp = 8
    r.after_run = False


cdef inline int srl_value(SrlReader *r, int n) noexcept nogil:
    """Read the sign and the magnitude of a number."""
    cdef BitReader *source = &r.source
    cdef bint negative = take(source, 1)
    cdef int zeros = 0, some, most = (1 << n) - 2
    while zeros < most:
        if source.held <= 0:
            if source.p >= source.end:
                zeros = most
                break
            source.held = 0
            refill(&source.bits, &source.held, &source.p, source.end)
        some = clz64(source.bits | 1)
        if some > source.held:
            some = source.held
        if some >= most - zeros:
            some = most - zeros
            source.bits <<= some
            source.held -= some
            zeros = most
        elif some < source.held:
            source.bits = source.bits << some << 1
            source.held -= some + 1
            zeros += some
            break
        else:
            source.bits = 0
            source.held = 0
            zeros += some
    return -(zeros + 1) if negative else zeros + 1


cdef inline int srl_next(SrlReader *r, int n) noexcept nogil:
    """Read an element whose magnitude has at most `n` bits, 1 to 15."""
    cdef int k
    if r.zeros == 0 and not r.after_run:
        k = r.kp >> 3
        if take(&r.source, 1):
            r.zeros = take(&r.source, k)
            r.kp = r.kp - 6 if r.kp > 6 else 0
            r.after_run = True
        else:
            r.zeros = <uint32_t>1 << k
            r.kp = r.kp + 4 if r.kp < 76 else 80
    if r.zeros:
        r.zeros -= 1
        return 0
    r.after_run = False
    return srl_value(r, n)


# ---------------------------------------------------------------------------------------------------------- encoding


cdef inline void writer_open(BitWriter *w, uint8_t *p, uint8_t *end) noexcept nogil:
    w.bits = 0
    w.held = 0
    w.full = False
    w.p = p
    w.end = end


cdef inline Py_ssize_t writer_close(BitWriter *w, uint8_t *start) noexcept nogil:
    """Fill the last byte with zeros; the bytes in all.  Whether there was room says `full`."""
    cdef int n = (w.held + 7) >> 3
    put(w, 0, 32 - w.held)
    return w.p - start - (4 - n)


cdef inline void srl_start(SrlWriter *w, uint8_t *p, uint8_t *end) noexcept nogil:
    writer_open(&w.target, p, end)
    w.zeros = 0
    w.kp = 8


cdef inline void srl_zeros(SrlWriter *w) noexcept nogil:
    """Write what of a run of zeros comes in powers of two."""
    while w.zeros >= <uint32_t>1 << (w.kp >> 3):
        put(&w.target, 0, 1)
        w.zeros -= <uint32_t>1 << (w.kp >> 3)
        w.kp = w.kp + 4 if w.kp < 76 else 80


cdef inline void srl_put(SrlWriter *w, int value, int n) noexcept nogil:
    """Append an element whose magnitude has at most `n` bits."""
    cdef int k, zeros
    if value == 0:
        w.zeros += 1
        return
    srl_zeros(w)
    k = w.kp >> 3
    put(&w.target, (((<uint32_t>1 << k) | w.zeros) << 1) | (value < 0), k + 2)
    w.kp = w.kp - 6 if w.kp > 6 else 0
    w.zeros = 0
    zeros = (value if value > 0 else -value) - 1
    n = 0 if zeros == (1 << n) - 2 else 1
    while zeros >= 24:
        put(&w.target, 0, 24)
        zeros -= 24
    put(&w.target, n, zeros + n)


cdef inline Py_ssize_t srl_close(SrlWriter *w, uint8_t *start) noexcept nogil:
    """Write the zeros at the end; the bytes in all, with the zero byte that "is always emitted after the last"."""
    srl_zeros(w)
    if w.zeros:
        put(&w.target, 0, 1)
    put(&w.target, 0, 8)
    return writer_close(&w.target, start)
