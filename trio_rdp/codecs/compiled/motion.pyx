# cython: language_level=3
"""Block hashes and moves on raw pointers; `trio_rdp.codecs.plain.motion` says how they are made and searched for."""

from libc.stdint cimport int32_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy, memset

from trio_rdp.codecs.compiled.common cimport (
    NO_MEMORY, PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer, guard, region, uint8_t, uint16_t,
    uint32_t, uint64_t,
)
from trio_rdp.codecs.compiled.motion_hashes cimport (
    BLOCK, PATCH, PIXELS, Keys, hash_patch, hash_strong, hash_weak, hash_whole,
)
from trio_rdp.codecs.compiled.motion_rectangles cimport Box, Grid, best_rectangle

from trio_rdp.codecs.plain import motion as twin

cdef enum:
    PATCHES = 64
    HITS = 4
    VECTORS = 64
    TRIES = 8
    ROUNDS = 3
    MIN_BLOCKS = 8
    CELL = 4
    MIN_GAIN = 64
    MOVES_OF_VECTOR = 4
    SMALLEST_PART = 32
    BUDGET = 3
    PROBES = 8
    MOVE = 24
    SAMPLES = 64
    MIN_MATCHES = 2

cdef uint32_t NOWHERE = 0xFFFFFFFF
cdef uint32_t MANY = 0x80000000     # beside an index: it is not the only one

cdef Keys KEYS


def _fill():
    keys, weights = twin.strong_keys(), twin.weak_keys()
    for i in range(PIXELS):
        KEYS.first[i] = keys[i]
        KEYS.second[i] = keys[PIXELS + i]
        KEYS.weights[i] = weights[i]
    for i in range(4):
        KEYS.row_factors[i] = pow(twin.ROW_FACTOR, 1 << i, 1 << 32)
        KEYS.column_factors[i] = pow(twin.COLUMN_FACTOR, 1 << i, 1 << 32)
    for i in range(3):
        KEYS.multipliers[i] = twin.MULTIPLIERS[i]


_fill()


ctypedef struct Search:
    const uint8_t *surface
    Py_ssize_t stride
    Py_ssize_t width
    Py_ssize_t height
    Py_ssize_t columns
    Py_ssize_t rows
    const uint8_t *strong
    const uint8_t *weak
    uint8_t *need
    # Old blocks by their weak hashes: open addressing, and before it a bit for each slot of a larger table.
    uint32_t *slots
    uint32_t slot_bits
    uint32_t *filter
    uint32_t filter_bits
    # The box of blocks that something is needed in, and what may still be tried.
    Py_ssize_t left
    Py_ssize_t right
    Py_ssize_t top
    Py_ssize_t bottom
    Py_ssize_t budget
    Grid grid                # of one vector's blocks
    uint32_t *wanted
    uint8_t *moves
    Py_ssize_t count
    Py_ssize_t capacity


ctypedef struct Votes:
    int32_t[VECTORS] dx
    int32_t[VECTORS] dy
    uint32_t[VECTORS] votes
    Py_ssize_t count


ctypedef struct Span:
    Py_ssize_t first
    Py_ssize_t last


cdef inline uint64_t read64(const uint8_t *p, Py_ssize_t index) noexcept nogil:
    cdef uint64_t value
    memcpy(&value, p + 8 * index, 8)
    return value


cdef inline uint32_t read32(const uint8_t *p, Py_ssize_t index) noexcept nogil:
    cdef uint32_t value
    memcpy(&value, p + 4 * index, 4)
    return value


cdef inline uint32_t read16(const uint8_t *p, Py_ssize_t index) noexcept nogil:
    cdef uint16_t value
    memcpy(&value, p + 2 * index, 2)
    return value


cdef inline void write16(uint8_t *p, Py_ssize_t index, uint32_t cells) noexcept nogil:
    cdef uint16_t value = <uint16_t>cells
    memcpy(p + 2 * index, &value, 2)


cdef inline const uint8_t *pixel(Search *search, Py_ssize_t x, Py_ssize_t y) noexcept nogil:
    guard(0 <= x < search.width and 0 <= y < search.height)
    return search.surface + y * search.stride + 4 * x


cdef inline bint is_at(Search *search, Py_ssize_t place, Py_ssize_t x, Py_ssize_t y) noexcept nogil:
    guard(x <= search.width - BLOCK and y <= search.height - BLOCK)
    return hash_whole(pixel(search, x, y), search.stride, &KEYS, BLOCK | BLOCK << 8) == read64(search.strong, place)


cdef bint find_box(Search *search) noexcept nogil:
    """Find the box of blocks that something is needed in; false when nothing is."""
    cdef Py_ssize_t row, column, first, last
    search.left = search.columns
    search.top = search.rows
    search.right = -1
    search.bottom = -1
    for row in range(search.rows):
        first = 0
        while first < search.columns and read16(search.need, row * search.columns + first) == 0:
            first += 1
        if first == search.columns:
            continue
        last = search.columns - 1
        while read16(search.need, row * search.columns + last) == 0:
            last -= 1
        search.left = min(search.left, first)
        search.right = max(search.right, last)
        search.top = min(search.top, row)
        search.bottom = row
    return search.bottom >= 0


cdef inline uint32_t spread(uint32_t weak, uint32_t bits) noexcept nogil:
    return <uint32_t>(weak * <uint32_t>0x9E3779B1) >> (32 - bits)


cdef bint index_blocks(Search *search) noexcept nogil:
    """Note where in the box each weak hash was, but for those that were at several places; false without memory."""
    cdef Py_ssize_t row, column, index, blocks
    cdef uint32_t weak, slot, bit, last
    cdef int probe
    blocks = (search.right - search.left + 1) * (search.bottom - search.top + 1)
    search.budget = BUDGET * blocks
    search.slot_bits = 8
    while (<Py_ssize_t>1 << search.slot_bits) < 2 * blocks:
        search.slot_bits += 1
    last = (<uint32_t>1 << search.slot_bits) - 1
    search.filter_bits = min(search.slot_bits + 3, 20)
    search.slots = <uint32_t *>malloc(<size_t>4 << search.slot_bits)
    search.filter = <uint32_t *>calloc(<size_t>1 << (search.filter_bits - 5), 4)
    if search.slots is NULL or search.filter is NULL:
        return False
    memset(search.slots, 0xFF, <size_t>4 << search.slot_bits)  # NOWHERE
    for row in range(search.top, search.bottom + 1):
        for column in range(search.left, search.right + 1):
            index = row * search.columns + column
            weak = read32(search.weak, index)
            if weak == 0 or read64(search.strong, index) == 0:
                continue
            bit = spread(weak, search.filter_bits)
            search.filter[bit >> 5] |= <uint32_t>1 << (bit & 31)
            for probe in range(PROBES):
                slot = (spread(weak, search.slot_bits) + <uint32_t>probe) & last
                if search.slots[slot] == NOWHERE:
                    search.slots[slot] = <uint32_t>index
                    break
                if read32(search.weak, search.slots[slot] & ~MANY) == weak:
                    search.slots[slot] |= MANY
                    break
    return True


cdef inline Py_ssize_t place_of(Search *search, uint32_t weak) noexcept nogil:
    """Where the one old block with a weak hash is; negative when there is none, or there are several."""
    cdef uint32_t bit = spread(weak, search.filter_bits), slot
    cdef int probe
    if not search.filter[bit >> 5] >> (bit & 31) & 1:
        return -1
    for probe in range(PROBES):
        slot = (spread(weak, search.slot_bits) + <uint32_t>probe) & ((<uint32_t>1 << search.slot_bits) - 1)
        if search.slots[slot] == NOWHERE:
            return -1
        if read32(search.weak, search.slots[slot] & ~MANY) == weak:
            return -1 if search.slots[slot] & MANY else <Py_ssize_t>search.slots[slot]
    return -1


cdef void count_vote(Votes *votes, int32_t dx, int32_t dy) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(votes.count):
        if votes.dx[i] == dx and votes.dy[i] == dy:
            votes.votes[i] += 1
            return
    if votes.count < VECTORS:
        votes.dx[votes.count] = dx
        votes.dy[votes.count] = dy
        votes.votes[votes.count] = 1
        votes.count += 1


cdef void vote(Search *search, Py_ssize_t wanted, Py_ssize_t phase, Votes *votes) noexcept nogil:
    cdef uint32_t[PIXELS] weak
    cdef Py_ssize_t patches = min(wanted, PATCHES), patch, index, left, top, i, place, x, y, dx, dy
    cdef int hits
    votes.count = 0
    for patch in range(patches):
        index = search.wanted[(patch * wanted + wanted * phase // ROUNDS) // patches]
        left = min(index % search.columns * BLOCK, search.width - PATCH)
        top = min(index // search.columns * BLOCK, search.height - PATCH)
        hash_patch(pixel(search, left, top), search.stride, &KEYS, weak)
        hits = 0
        for i in range(PIXELS):
            place = place_of(search, weak[i])
            if place < 0:
                continue
            x = left + (i & (BLOCK - 1))
            y = top + (i >> 4)
            dx = x - place % search.columns * BLOCK
            dy = y - place // search.columns * BLOCK
            if dx == 0 and dy == 0:
                continue
            hits += 1
            if is_at(search, place, x, y):
                count_vote(votes, <int32_t>dx, <int32_t>dy)
            if hits == HITS:
                break


cdef Span span(Py_ssize_t first, Py_ssize_t last, Py_ssize_t shift, Py_ssize_t length) noexcept nogil:
    """The old blocks, along one axis, that touch blocks `first` to `last` when moved, and lie in the picture then."""
    cdef Span found
    cdef Py_ssize_t low = max(first * BLOCK - BLOCK + 1, 0), high = min((last + 1) * BLOCK - 1, length - BLOCK)
    # Shifting rounds down, whatever the sign.
    found.first = max((low - shift + BLOCK - 1) >> 4, 0)
    found.last = min((high - shift) >> 4, (length >> 4) - 1)
    return found


cdef inline uint32_t cells_between(Py_ssize_t left, Py_ssize_t right, Py_ssize_t top, Py_ssize_t bottom) noexcept nogil:
    """The bits of a block's cells in columns `left` to `right` and rows `top` to `bottom`, the latter of each not."""
    cdef uint32_t across = ((<uint32_t>1 << right) - (<uint32_t>1 << left)) * 0x1111
    return across & ((<uint32_t>1 << 4 * bottom) - (<uint32_t>1 << 4 * top))


cdef inline uint32_t count_bits(uint32_t v) noexcept nogil:
    v = v - ((v >> 1) & 0x5555)
    v = (v & 0x3333) + ((v >> 2) & 0x3333)
    v = (v + (v >> 4)) & 0x0F0F
    return (v + (v >> 8)) & 0x1F


cdef void take_cells(Search *search, Py_ssize_t x, Py_ssize_t y, Py_ssize_t w, Py_ssize_t h) noexcept nogil:
    """Note that nothing more is needed in a rectangle."""
    cdef Py_ssize_t left = (x + CELL // 2) >> 2, right = (x + w + CELL // 2) >> 2
    cdef Py_ssize_t top = (y + CELL // 2) >> 2, bottom = (y + h + CELL // 2) >> 2
    cdef Py_ssize_t row, column, index
    cdef uint32_t cells
    for row in range(top >> 2, ((bottom - 1) >> 2) + 1):
        for column in range(left >> 2, ((right - 1) >> 2) + 1):
            guard(0 <= row < search.rows and 0 <= column < search.columns)
            index = row * search.columns + column
            cells = cells_between(max(left - 4 * column, 0), min(right - 4 * column, 4), max(top - 4 * row, 0),
                                  min(bottom - 4 * row, 4))
            write16(search.need, index, read16(search.need, index) & ~cells)


cdef void compare_row(Search *search, Py_ssize_t row, Span across, Py_ssize_t dx, Py_ssize_t dy, uint8_t *same,
                      uint8_t *gain) noexcept nogil:
    """Note which blocks of a row are right where a vector brings them, and what each gains."""
    cdef Py_ssize_t i, columns = across.last - across.first + 1, first = columns, last = -1, place
    cdef Py_ssize_t y = row * BLOCK + dy, x = across.first * BLOCK + dx
    cdef Py_ssize_t cell_x = (x + CELL // 2) >> 2, cell_y = (y + CELL // 2) >> 2
    # All blocks of a row lie alike over the new ones: over as many as four, whose cells together are 16.
    cdef Py_ssize_t at = (cell_y >> 2) * search.columns + (cell_x >> 2)
    cdef Py_ssize_t beside = 1 if cell_x & 3 else 0, below = search.columns if cell_y & 3 else 0
    cdef uint32_t left = cells_between(cell_x & 3, 4, 0, 4), upper = cells_between(0, 4, cell_y & 3, 4), cells
    memset(same, 0, columns)
    for i in range(columns):
        guard(0 <= at + i and at + i + beside + below < search.columns * search.rows)
        cells = read16(search.need, at + i) & left & upper
        cells |= read16(search.need, at + i + beside) & ~left & upper
        cells |= read16(search.need, at + i + below) & left & ~upper
        cells |= read16(search.need, at + i + beside + below) & ~left & ~upper
        gain[i] = <uint8_t>count_bits(cells)
        if cells:
            first = min(first, i)
            last = i
    for i in range(first, last + 1):
        place = row * search.columns + across.first + i
        if read64(search.strong, place):
            same[i] = is_at(search, place, (across.first + i) * BLOCK + dx, y)
        if not same[i]:
            gain[i] = 0


cdef bint is_likely(Search *search, Py_ssize_t wanted, Py_ssize_t dx, Py_ssize_t dy) noexcept nogil:
    """Whether a vector is right at some of the blocks that are still needed."""
    cdef Py_ssize_t samples = min(wanted, SAMPLES), sample, index, column, row, matches = 0
    for sample in range(samples):
        index = search.wanted[sample * wanted // samples]
        if read16(search.need, index) == 0:
            continue
        # The old block that comes to the middle of this one.
        column = (index % search.columns * BLOCK + BLOCK // 2 - dx) >> 4
        row = (index // search.columns * BLOCK + BLOCK // 2 - dy) >> 4
        if not (0 <= column < search.width >> 4 and 0 <= row < search.height >> 4):
            continue
        if not (0 <= column * BLOCK + dx <= search.width - BLOCK and 0 <= row * BLOCK + dy <= search.height - BLOCK):
            continue
        matches += is_at(search, row * search.columns + column, column * BLOCK + dx, row * BLOCK + dy)
        if matches == MIN_MATCHES:
            return True
    return False


cdef bint try_vector(Search *search, Py_ssize_t dx, Py_ssize_t dy) noexcept nogil:
    """Take the best rectangles of old blocks that a vector brings to where they are in the new picture."""
    cdef Span across, down
    cdef Box best
    cdef Py_ssize_t columns, rows, row, taken = 0, x, y, w, h
    cdef uint32_t enough = MIN_GAIN, gained
    cdef int32_t[6] move
    if not find_box(search):
        return False
    across = span(search.left, search.right, dx, search.width)
    down = span(search.top, search.bottom, dy, search.height)
    columns = across.last - across.first + 1
    rows = down.last - down.first + 1
    if columns <= 0 or rows <= 0 or columns * rows > search.budget:
        return False
    search.budget -= columns * rows
    for row in range(rows):
        compare_row(search, down.first + row, across, dx, dy, search.grid.same + row * columns, search.grid.gain + row * columns)
    while taken < MOVES_OF_VECTOR and search.count < search.capacity:
        gained = best_rectangle(&search.grid, columns, rows, enough, &best)
        if gained == 0:
            break
        enough = max(enough, gained // SMALLEST_PART)
        for row in range(best.top, best.bottom + 1):
            memset(search.grid.same + row * columns + best.left, 0, best.right - best.left + 1)
            memset(search.grid.gain + row * columns + best.left, 0, best.right - best.left + 1)
        x = (across.first + best.left) * BLOCK
        y = (down.first + best.top) * BLOCK
        w = (best.right - best.left + 1) * BLOCK
        h = (best.bottom - best.top + 1) * BLOCK
        move = [<int32_t>x, <int32_t>y, <int32_t>w, <int32_t>h, <int32_t>dx, <int32_t>dy]
        memcpy(search.moves + MOVE * search.count, move, MOVE)
        search.count += 1
        take_cells(search, x + dx, y + dy, w, h)
        taken += 1
    return taken > 0


cdef void run(Search *search) noexcept nogil:
    """Search in rounds; `search.count` is NO_MEMORY where that is missing."""
    cdef Votes votes
    cdef Py_ssize_t phase, wanted, index, i, k, most
    cdef bint found
    for phase in range(ROUNDS):
        wanted = 0
        for index in range(search.columns * search.rows):
            if read16(search.need, index):
                search.wanted[wanted] = <uint32_t>index
                wanted += 1
        if wanted < MIN_BLOCKS:
            return
        if phase == 0:
            find_box(search)
            if not index_blocks(search):
                search.count = NO_MEMORY
                return
        vote(search, wanted, phase, &votes)
        found = False
        for k in range(min(votes.count, TRIES)):
            most = 0
            for i in range(1, votes.count):
                if votes.votes[i] > votes.votes[most]:
                    most = i
            votes.votes[most] = 0
            if is_likely(search, wanted, votes.dx[most], votes.dy[most]):
                found |= try_vector(search, votes.dx[most], votes.dy[most])
        if not found:
            return


cdef bint prepare(Search *search) noexcept nogil:
    """Allocate what every search needs; false without memory."""
    cdef size_t blocks = search.columns * search.rows, sums = (search.columns + 1) * (search.rows + 1)
    search.wanted = <uint32_t *>malloc(4 * blocks)
    search.grid.same = <uint8_t *>malloc(blocks)
    search.grid.gain = <uint8_t *>malloc(blocks)
    search.grid.sums = <uint32_t *>malloc(4 * sums)
    search.grid.heights = <uint32_t *>malloc(4 * (search.columns + 1))
    search.grid.stack = <int32_t *>malloc(4 * (search.columns + 2))
    return not (search.wanted is NULL or search.grid.same is NULL or search.grid.gain is NULL or search.grid.sums is NULL
                or search.grid.heights is NULL or search.grid.stack is NULL)


cdef void release(Search *search) noexcept nogil:
    free(search.wanted)
    free(search.grid.same)
    free(search.grid.gain)
    free(search.grid.sums)
    free(search.grid.heights)
    free(search.grid.stack)
    free(search.slots)
    free(search.filter)


cdef int check(Py_ssize_t blocks, Py_ssize_t one, Py_ssize_t two, Py_ssize_t three) except -1:
    if one < blocks or two < blocks or three < blocks:
        raise ValueError("there are more blocks than places for them")
    return 0


def hash_blocks(surface, Py_ssize_t stride, Py_ssize_t width, Py_ssize_t height, marks, strong, weak):
    """See the twin."""
    cdef Py_buffer source, wanted, strongs, weaks
    cdef Py_ssize_t columns, rows, row, column, index, w, h
    cdef const uint8_t *at
    cdef uint64_t whole
    cdef uint32_t part
    PyObject_GetBuffer(surface, &source, PyBUF_SIMPLE)
    try:
        PyObject_GetBuffer(marks, &wanted, PyBUF_SIMPLE)
        try:
            PyObject_GetBuffer(strong, &strongs, PyBUF_WRITABLE)
            try:
                PyObject_GetBuffer(weak, &weaks, PyBUF_WRITABLE)
                try:
                    region(source.len, stride, 0, 0, width, height, 4)
                    columns = (width + BLOCK - 1) // BLOCK
                    rows = (height + BLOCK - 1) // BLOCK
                    check(columns * rows, wanted.len, strongs.len // 8, weaks.len // 4)
                    with nogil:
                        for row in range(rows):
                            h = min(BLOCK, height - row * BLOCK)
                            for column in range(columns):
                                index = row * columns + column
                                if not (<const uint8_t *>wanted.buf)[index]:
                                    continue
                                w = min(BLOCK, width - column * BLOCK)
                                at = <const uint8_t *>source.buf + row * BLOCK * stride + column * BLOCK * 4
                                whole = hash_strong(at, stride, &KEYS, w, h)
                                part = hash_weak(at, stride, &KEYS) if w == BLOCK and h == BLOCK else 0
                                memcpy(<uint8_t *>strongs.buf + 8 * index, &whole, 8)
                                memcpy(<uint8_t *>weaks.buf + 4 * index, &part, 4)
                finally:
                    PyBuffer_Release(&weaks)
            finally:
                PyBuffer_Release(&strongs)
        finally:
            PyBuffer_Release(&wanted)
    finally:
        PyBuffer_Release(&source)


def changed_blocks(surface, Py_ssize_t stride, Py_ssize_t width, Py_ssize_t height, marks, strong, need):
    """See the twin."""
    cdef Py_buffer source, wanted, strongs, needs
    cdef Py_ssize_t columns, rows, row, column, index, w, h, changed = 0
    cdef const uint8_t *at
    cdef uint32_t cells
    PyObject_GetBuffer(surface, &source, PyBUF_SIMPLE)
    try:
        PyObject_GetBuffer(marks, &wanted, PyBUF_SIMPLE)
        try:
            PyObject_GetBuffer(strong, &strongs, PyBUF_SIMPLE)
            try:
                PyObject_GetBuffer(need, &needs, PyBUF_WRITABLE)
                try:
                    region(source.len, stride, 0, 0, width, height, 4)
                    columns = (width + BLOCK - 1) // BLOCK
                    rows = (height + BLOCK - 1) // BLOCK
                    check(columns * rows, wanted.len, strongs.len // 8, needs.len // 2)
                    with nogil:
                        for row in range(rows):
                            h = min(BLOCK, height - row * BLOCK)
                            for column in range(columns):
                                index = row * columns + column
                                cells = 0
                                if (<const uint8_t *>wanted.buf)[index]:
                                    w = min(BLOCK, width - column * BLOCK)
                                    at = <const uint8_t *>source.buf + row * BLOCK * stride + column * BLOCK * 4
                                    if hash_strong(at, stride, &KEYS, w, h) != read64(<const uint8_t *>strongs.buf, index):
                                        cells = cells_between(0, (w + 3) >> 2, 0, (h + 3) >> 2)
                                        changed += 1
                                write16(<uint8_t *>needs.buf, index, cells)
                finally:
                    PyBuffer_Release(&needs)
            finally:
                PyBuffer_Release(&strongs)
        finally:
            PyBuffer_Release(&wanted)
    finally:
        PyBuffer_Release(&source)
    return changed


def find_moves(surface, Py_ssize_t stride, Py_ssize_t width, Py_ssize_t height, strong, weak, need, moves):
    """See the twin; NO_MEMORY where that is missing."""
    cdef Py_buffer source, strongs, weaks, needs, target
    cdef Search search
    memset(&search, 0, sizeof(Search))
    PyObject_GetBuffer(surface, &source, PyBUF_SIMPLE)
    try:
        PyObject_GetBuffer(strong, &strongs, PyBUF_SIMPLE)
        try:
            PyObject_GetBuffer(weak, &weaks, PyBUF_SIMPLE)
            try:
                PyObject_GetBuffer(need, &needs, PyBUF_WRITABLE)
                try:
                    PyObject_GetBuffer(moves, &target, PyBUF_WRITABLE)
                    try:
                        region(source.len, stride, 0, 0, width, height, 4)
                        search.columns = (width + BLOCK - 1) // BLOCK
                        search.rows = (height + BLOCK - 1) // BLOCK
                        check(search.columns * search.rows, strongs.len // 8, weaks.len // 4, needs.len // 2)
                        if width < PATCH or height < PATCH:
                            return 0
                        search.surface = <const uint8_t *>source.buf
                        search.stride = stride
                        search.width = width
                        search.height = height
                        search.strong = <const uint8_t *>strongs.buf
                        search.weak = <const uint8_t *>weaks.buf
                        search.need = <uint8_t *>needs.buf
                        search.moves = <uint8_t *>target.buf
                        search.capacity = target.len // MOVE
                        with nogil:
                            if prepare(&search):
                                run(&search)
                            else:
                                search.count = NO_MEMORY
                            release(&search)
                    finally:
                        PyBuffer_Release(&target)
                finally:
                    PyBuffer_Release(&needs)
            finally:
                PyBuffer_Release(&weaks)
        finally:
            PyBuffer_Release(&strongs)
    finally:
        PyBuffer_Release(&source)
    return search.count
