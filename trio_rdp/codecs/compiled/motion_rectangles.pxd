# cython: language_level=3
"""The rectangle of blocks that gains most; `trio_rdp.codecs.plain.motion` says what that is."""

from libc.stdint cimport int32_t
from libc.string cimport memset

from trio_rdp.codecs.compiled.common cimport guard, uint8_t, uint32_t


ctypedef struct Grid:
    uint8_t *same            # whether a block is right, row by row
    uint8_t *gain            # how many cells it has that are needed
    uint32_t *sums           # of the gains above and to the left: a row and a column more
    uint32_t *heights        # of the columns of right blocks that end in a row
    int32_t *stack


ctypedef struct Box:
    Py_ssize_t left
    Py_ssize_t right
    Py_ssize_t top
    Py_ssize_t bottom


cdef inline uint32_t sum_of(Grid *grid, Py_ssize_t columns, Py_ssize_t left, Py_ssize_t right, Py_ssize_t top,
                            Py_ssize_t bottom) noexcept nogil:
    cdef Py_ssize_t wide = columns + 1
    return (grid.sums[(bottom + 1) * wide + right + 1] - grid.sums[top * wide + right + 1]
            - grid.sums[(bottom + 1) * wide + left] + grid.sums[top * wide + left])


cdef inline void trim(Grid *grid, Py_ssize_t columns, Box *box) noexcept nogil:
    while sum_of(grid, columns, box.left, box.left, box.top, box.bottom) == 0:
        box.left += 1
    while sum_of(grid, columns, box.right, box.right, box.top, box.bottom) == 0:
        box.right -= 1
    while sum_of(grid, columns, box.left, box.right, box.top, box.top) == 0:
        box.top += 1
    while sum_of(grid, columns, box.left, box.right, box.bottom, box.bottom) == 0:
        box.bottom -= 1


cdef inline uint32_t best_rectangle(Grid *grid, Py_ssize_t columns, Py_ssize_t rows, uint32_t enough,
                                    Box *best) noexcept nogil:
    """Find the rectangle of equal blocks with the largest gain, without useless edges; give that, 0 if not `enough`."""
    cdef Py_ssize_t row, column, left, top, height, depth, wide = columns + 1
    cdef Py_ssize_t size, area = 0
    cdef uint32_t found, score = enough - 1, line
    cdef uint32_t *sums = grid.sums
    cdef const uint8_t *here
    cdef uint8_t ends
    cdef bint any = False
    memset(sums, 0, wide * sizeof(uint32_t))
    memset(grid.heights, 0, wide * sizeof(uint32_t))
    for row in range(rows):
        line = 0
        sums[(row + 1) * wide] = 0
        for column in range(columns):
            line += grid.gain[row * columns + column]
            sums[(row + 1) * wide + column + 1] = sums[row * wide + column + 1] + line
    for row in range(rows):
        ends = row + 1 == rows
        here = grid.same + row * columns
        for column in range(columns):
            grid.heights[column] = grid.heights[column] + 1 if here[column] else 0
        if not ends:
            for column in range(columns):
                ends |= here[column] & (here[columns + column] ^ 1)
        if not ends:
            continue
        depth = 0
        for column in range(columns + 1):
            while depth and grid.heights[grid.stack[depth - 1]] >= grid.heights[column]:
                depth -= 1
                height = grid.heights[grid.stack[depth]]
                if height == 0:
                    continue
                left = grid.stack[depth - 1] + 1 if depth else 0
                top = row + 1 - height
                guard(top >= 0 and left < column)
                found = (sums[(row + 1) * wide + column] - sums[top * wide + column]
                         - sums[(row + 1) * wide + left] + sums[top * wide + left])
                size = height * (column - left)
                if found > score or (found == score and any and size < area):
                    any = True
                    score = found
                    area = size
                    best.left = left
                    best.right = column - 1
                    best.top = top
                    best.bottom = row
            grid.stack[depth] = <int32_t>column
            depth += 1
    if not any:
        return 0
    trim(grid, columns, best)
    return score
