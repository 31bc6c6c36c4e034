"""Block hashes, and moves found by them, in numpy: the same numbers as the compiled kernel makes.

A block has two hashes.  The *strong* one (64 bits, never 0) is the NH hash of `compare` over the whole block, of which
each row's left half is multiplied with its right one; only it decides that two blocks are equal.  The *weak* one (32
bits) is a polynomial in the pixels, which can be had at 16 x 16 places of a patch for what a dozen blocks cost: each
step doubles what every place has seen.  It is 0 for blocks that say nothing of where they were: those of one colour,
and those that the edge of the picture cuts.

Moves are searched for in rounds.  At up to `PATCHES` places where the picture changed, spread evenly, the weak hashes
of all blocks that begin there are looked up among those of the old blocks; a hit that the strong hash confirms votes
for its vector.  A vector that won is tried on every old block that it brings where something changed, and the blocks
that are right there make rectangles, the largest gain first.  Rounds go on with what is left, until one finds nothing.
All that is bounded: by the number of patches, hits, vectors and moves, and for the blocks tried by those looked at.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from trio_rdp.codecs.plain.buffers import Readable, Writable, check_region, view

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "BLOCK",
    "COLUMN_FACTOR",
    "MOVE",
    "MULTIPLIERS",
    "ROW_FACTOR",
    "changed_blocks",
    "find_moves",
    "hash_blocks",
]

BLOCK: Final = 16
MOVE: Final = 24
"""Bytes of a move: x, y, width and height of what is copied, and how far to the right and down, 32 bits each."""
PATCH: Final = 2 * BLOCK - 1
PATCHES: Final = 64
HITS: Final = 4
"""Of one patch that the strong hash is asked about."""
VECTORS: Final = 64
TRIES: Final = 8
SAMPLES: Final = 64
"""Of the blocks where something is needed, on which a vector is looked at before it is tried."""
MIN_MATCHES: Final = 2
ROUNDS: Final = 3
MIN_BLOCKS: Final = 8
"""Less change than this is sent faster than searched."""
CELL: Final = 4
"""What is needed is told for each square of so many pixels, 16 in a block; a move has those that it has half of."""
MIN_GAIN: Final = 64
"""Cells that a move must make right."""
MOVES_OF_VECTOR: Final = 4
SMALLEST_PART: Final = 32
"""Of the first move with a vector: another must gain as much as this part of it."""
BUDGET: Final = 3
"""Times the blocks looked at: so many are tried with all vectors."""
PROBES: Final = 8
"""Steps in the table of weak hashes, which so cannot be made slow by choosing pixels."""

MULTIPLIERS: Final = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xD6E8FEB86659FD93)
ROW_FACTOR: Final = 0x9E3779B5
COLUMN_FACTOR: Final = 0x85EBCA6B
_MASK: Final = (1 << 64) - 1
_MASK32: Final = (1 << 32) - 1


def strong_keys() -> list[int]:
    """The keys of both sums of the strong hash, 256 numbers of 32 bits each, from a splitmix64 sequence."""
    state, out = 1, []
    for _ in range(BLOCK * BLOCK):
        state = (state + 0x9E3779B97F4A7C15) & _MASK
        z = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & _MASK
        z = (z ^ z >> 27) * 0x94D049BB133111EB & _MASK
        z ^= z >> 31
        out += [z & _MASK32, z >> 32]
    return out


def weak_keys() -> list[int]:
    """What each pixel of a block counts in its weak hash."""
    return [
        pow(COLUMN_FACTOR, BLOCK - 1 - y, 1 << 32) * pow(ROW_FACTOR, BLOCK - 1 - x, 1 << 32) & _MASK32
        for y in range(BLOCK)
        for x in range(BLOCK)
    ]


@cache
def _arrays() -> tuple[Any, ...]:
    import numpy as np

    keys = np.array(strong_keys(), np.uint32).reshape(2, BLOCK, BLOCK)
    return keys[0], keys[1], np.array(weak_keys(), np.uint32).reshape(BLOCK, BLOCK)


def _pixels(surface: Readable, stride: int, width: int, height: int) -> NDArray[np.uint32]:
    import numpy as np

    source = view(surface)
    check_region(len(source), stride, 0, 0, width, height, 4)
    return np.ndarray((height, width), "<u4", source if width and height else b"", 0, (stride, 4))


def _strong(block: NDArray[np.uint32]) -> int:
    import numpy as np

    height, width = block.shape
    padded = np.zeros((BLOCK, BLOCK), np.uint32)
    padded[:height, :width] = block
    sums = []
    for keys in _arrays()[:2]:
        added = (padded + keys).astype(np.uint64)
        sums.append(int((added[:, : BLOCK // 2] * added[:, BLOCK // 2 :]).sum(dtype=np.uint64)))
    mixed = (sums[0] * MULTIPLIERS[0] & _MASK) ^ (sums[1] * MULTIPLIERS[1] & _MASK)
    mixed ^= mixed >> 29
    value = (mixed ^ (width | height << 8)) * MULTIPLIERS[2] & _MASK
    return (value ^ value >> 32) or 1


def _spread(pixels: NDArray[np.uint32]) -> NDArray[np.uint32]:
    import numpy as np

    return pixels ^ (pixels >> np.uint32(13))


def _weak(block: NDArray[np.uint32]) -> int:
    import numpy as np

    if block.shape != (BLOCK, BLOCK) or (block == block[0, 0]).all():
        return 0
    return int((_spread(block) * _arrays()[2]).sum(dtype=np.uint32))


def _weak_everywhere(patch: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The weak hashes of the 16 x 16 blocks that begin in a patch's upper left part."""
    import numpy as np

    sums, step, row, column = _spread(patch), 1, ROW_FACTOR, COLUMN_FACTOR
    while step < BLOCK:
        sums = sums[:, :-step] * np.uint32(row) + sums[:, step:]
        sums = sums[:-step] * np.uint32(column) + sums[step:]
        step, row, column = 2 * step, row * row & _MASK32, column * column & _MASK32
    return sums


def _check(columns: int, rows: int, *sizes: tuple[memoryview, int]) -> None:
    if any(len(array) < size * columns * rows for array, size in sizes):
        raise ValueError("there are more blocks than places for them")


def hash_blocks(
    surface: Readable, stride: int, width: int, height: int, marks: Readable, strong: Writable, weak: Writable
) -> None:
    """Hash every block whose byte in `marks` is not zero: 8 bytes of `strong` and 4 of `weak`; blocks go row by row."""
    pixels, wanted, strongs, weaks = _pixels(surface, stride, width, height), view(marks), view(strong), view(weak)
    columns, rows = -(-width // BLOCK), -(-height // BLOCK)
    _check(columns, rows, (wanted, 1), (strongs, 8), (weaks, 4))
    for index in range(columns * rows):
        if wanted[index]:
            block = _block(pixels, index, columns)
            strongs[8 * index : 8 * index + 8] = _strong(block).to_bytes(8, "little")
            weaks[4 * index : 4 * index + 4] = _weak(block).to_bytes(4, "little")


def _block(pixels: NDArray[np.uint32], index: int, columns: int) -> NDArray[np.uint32]:
    y, x = index // columns * BLOCK, index % columns * BLOCK
    return pixels[y : y + BLOCK, x : x + BLOCK]


def changed_blocks(
    surface: Readable, stride: int, width: int, height: int, marks: Readable, strong: Readable, need: Writable
) -> int:
    """Give every block 16 bits in `need`, and set those of its cells if it is marked and its hash is another now.

    Cells go row by row, from the lowest bit; those that the edge of the picture cuts off are 0.  Returns how many
    blocks changed.
    """
    pixels, wanted, strongs, needs = _pixels(surface, stride, width, height), view(marks), view(strong), view(need)
    columns, rows = -(-width // BLOCK), -(-height // BLOCK)
    _check(columns, rows, (wanted, 1), (strongs, 8), (needs, 2))
    changed = 0
    for index in range(columns * rows):
        cells = 0
        if wanted[index]:
            block = _block(pixels, index, columns)
            if _strong(block) != int.from_bytes(strongs[8 * index : 8 * index + 8], "little"):
                cells = _cells_of(block)
                changed += 1
        needs[2 * index : 2 * index + 2] = cells.to_bytes(2, "little")
    return changed


def _cells_of(block: NDArray[np.uint32]) -> int:
    down, across = -(-block.shape[0] // CELL), -(-block.shape[1] // CELL)
    return sum((1 << across) - 1 << 4 * row for row in range(down))


def find_moves(
    surface: Readable,
    stride: int,
    width: int,
    height: int,
    strong: Readable,
    weak: Readable,
    need: Writable,
    moves: Writable,
) -> int:
    """Find what of the blocks in `need` is to be had by moving old blocks; return how many moves are in `moves`.

    `strong` and `weak` are the hashes of the old picture, where a strong one of 0 is a block nobody knows.  `need` is
    what `changed_blocks` gave, of which what the moves make right is taken.
    """
    import numpy as np

    pixels = _pixels(surface, stride, width, height)
    strongs, weaks, needs, target = view(strong), view(weak), view(need), view(moves)
    columns, rows = -(-width // BLOCK), -(-height // BLOCK)
    _check(columns, rows, (strongs, 8), (weaks, 4), (needs, 2))
    if width < PATCH or height < PATCH:
        return 0
    count = columns * rows
    bits = np.unpackbits(np.frombuffer(needs[: 2 * count], np.uint8), bitorder="little")
    search = _Search(
        pixels,
        np.frombuffer(strongs[: 8 * count], "<u8"),
        np.frombuffer(weaks[: 4 * count], "<u4"),
        bits.reshape(rows, columns, 4, 4).swapaxes(1, 2).reshape(4 * rows, 4 * columns).astype(bool),
        len(target) // MOVE,
    )
    search.run()
    left = search.cells.reshape(rows, 4, columns, 4).swapaxes(1, 2)
    needs[: 2 * count] = np.packbits(left, axis=None, bitorder="little").tobytes()
    found = np.array(search.moves, "<i4").tobytes()
    target[: len(found)] = found
    return len(search.moves)


class _Search:
    """One call of `find_moves`."""

    def __init__(
        self,
        pixels: NDArray[np.uint32],
        strong: NDArray[np.uint64],
        weak: NDArray[np.uint32],
        cells: NDArray[np.bool_],
        capacity: int,
    ) -> None:
        self.pixels, self.cells, self.capacity = pixels, cells, capacity
        self.strong: list[int] = strong.tolist()
        self.weak: list[int] = weak.tolist()
        self.height, self.width = pixels.shape
        self.columns = cells.shape[1] // 4
        self.moves: list[tuple[int, int, int, int, int, int]] = []
        self.places: dict[int, int] = {}
        """Where each weak hash was; negative for those that were at several places."""
        self.budget = 0

    def needed(self) -> NDArray[np.bool_]:
        """Which blocks have cells that are needed."""
        import numpy as np

        rows, columns = self.cells.shape
        needed: NDArray[np.bool_] = np.any(self.cells.reshape(rows // 4, 4, columns // 4, 4), axis=(1, 3))
        return needed

    def run(self) -> None:
        for phase in range(ROUNDS):
            wanted = self.needed().reshape(-1).nonzero()[0].tolist()
            if len(wanted) < MIN_BLOCKS:
                return
            if phase == 0:
                self._index()
            found = [self._is_likely(wanted, vector) and self._try(vector) for vector in self._vote(wanted, phase)]
            if not any(found):
                return

    def _box(self) -> tuple[int, int, int, int]:
        """The columns and rows of blocks that something is needed in: first and last of each."""
        import numpy as np

        needed = self.needed()
        rows, columns = np.flatnonzero(needed.any(axis=1)), np.flatnonzero(needed.any(axis=0))
        return int(columns[0]), int(columns[-1]), int(rows[0]), int(rows[-1])

    def _index(self) -> None:
        """Note where in the box each weak hash was; those for which the table has no slot near enough are left out."""
        left, right, top, bottom = self._box()
        blocks = (right - left + 1) * (bottom - top + 1)
        self.budget = BUDGET * blocks
        bits = max(8, (2 * blocks - 1).bit_length())
        taken: set[int] = set()
        for row in range(top, bottom + 1):
            for index in range(row * self.columns + left, row * self.columns + right + 1):
                weak = self.weak[index]
                if not weak or not self.strong[index]:
                    continue
                if weak in self.places:
                    self.places[weak] = -1
                    continue
                slot = (weak * 0x9E3779B1 & _MASK32) >> 32 - bits
                slots = ((slot + probe) & (1 << bits) - 1 for probe in range(PROBES))
                free = next((slot for slot in slots if slot not in taken), None)
                if free is not None:
                    taken.add(free)
                    self.places[weak] = index

    def _vote(self, wanted: list[int], phase: int) -> list[tuple[int, int]]:
        votes: dict[tuple[int, int], int] = {}
        patches = min(len(wanted), PATCHES)
        for patch in range(patches):
            index = wanted[(patch * len(wanted) + len(wanted) * phase // ROUNDS) // patches]
            left = min(index % self.columns * BLOCK, self.width - PATCH)
            top = min(index // self.columns * BLOCK, self.height - PATCH)
            weak = _weak_everywhere(self.pixels[top : top + PATCH, left : left + PATCH]).tolist()
            hits = 0
            for y in range(top, top + BLOCK):
                for x in range(left, left + BLOCK):
                    place = self.places.get(weak[y - top][x - left], -1)
                    if place < 0 or hits == HITS:
                        continue
                    vector = x - place % self.columns * BLOCK, y - place // self.columns * BLOCK
                    if vector == (0, 0):
                        continue
                    hits += 1
                    if self._is_at(place, x, y) and (vector in votes or len(votes) < VECTORS):
                        votes[vector] = votes.get(vector, 0) + 1
        return sorted(votes, key=lambda vector: -votes[vector])[:TRIES]

    def _is_at(self, place: int, x: int, y: int) -> bool:
        return _strong(self.pixels[y : y + BLOCK, x : x + BLOCK]) == self.strong[place]

    def _cells(self, x: int, y: int, width: int, height: int) -> NDArray[np.bool_]:
        half = CELL // 2
        return self.cells[
            (y + half) // CELL : (y + height + half) // CELL, (x + half) // CELL : (x + width + half) // CELL
        ]

    def _is_likely(self, wanted: list[int], vector: tuple[int, int]) -> bool:
        """Whether a vector is right at some of the blocks that are still needed."""
        samples, needed, matches = min(len(wanted), SAMPLES), self.needed(), 0
        for sample in range(samples):
            row, column = divmod(wanted[sample * len(wanted) // samples], self.columns)
            if not needed[row, column]:
                continue
            # The old block that comes to the middle of this one.
            column = (column * BLOCK + BLOCK // 2 - vector[0]) // BLOCK
            row = (row * BLOCK + BLOCK // 2 - vector[1]) // BLOCK
            x, y = column * BLOCK + vector[0], row * BLOCK + vector[1]
            if not (0 <= column < self.width // BLOCK and 0 <= row < self.height // BLOCK):
                continue
            if 0 <= x <= self.width - BLOCK and 0 <= y <= self.height - BLOCK:
                matches += self._is_at(row * self.columns + column, x, y)
        return matches >= MIN_MATCHES

    def _try(self, vector: tuple[int, int]) -> bool:
        """Take the best rectangles of old blocks that this vector brings to where they are in the new picture."""
        import numpy as np

        if not self.cells.any():
            return False
        left, right, top, bottom = self._box()
        first, last = _span(left, right, vector[0], self.width)
        upper, lower = _span(top, bottom, vector[1], self.height)
        size = (last - first + 1) * (lower - upper + 1)
        if first > last or upper > lower or size > self.budget:
            return False
        self.budget -= size
        gain = np.zeros((lower - upper + 1, last - first + 1), np.int64)
        same = np.zeros(gain.shape, bool)
        for row in range(upper, lower + 1):
            for column in range(first, last + 1):
                cells = self._cells(column * BLOCK + vector[0], row * BLOCK + vector[1], BLOCK, BLOCK)
                gain[row - upper, column - first] = np.count_nonzero(cells)
            useful = gain[row - upper].nonzero()[0]
            for column in range(first + useful[0], first + useful[-1] + 1) if len(useful) else ():
                place = row * self.columns + column
                if self.strong[place]:
                    x, y = column * BLOCK + vector[0], row * BLOCK + vector[1]
                    same[row - upper, column - first] = self._is_at(place, x, y)
        gain[~same] = 0
        taken, enough = 0, MIN_GAIN
        while taken < MOVES_OF_VECTOR and len(self.moves) < self.capacity:
            best = _best(same, gain, enough)
            if best is None:
                break
            score, (x0, x1, y0, y1) = best
            enough = max(enough, score // SMALLEST_PART)
            same[y0 : y1 + 1, x0 : x1 + 1] = False
            gain[y0 : y1 + 1, x0 : x1 + 1] = 0
            x, y = (first + x0) * BLOCK, (upper + y0) * BLOCK
            width, height = (x1 - x0 + 1) * BLOCK, (y1 - y0 + 1) * BLOCK
            self.moves.append((x, y, width, height, *vector))
            self._cells(x + vector[0], y + vector[1], width, height)[:] = False
            taken += 1
        return taken > 0


def _span(first: int, last: int, shift: int, length: int) -> tuple[int, int]:
    """The old blocks, along one axis, that touch blocks `first` to `last` when moved, and lie in the picture then."""
    low, high = max(first * BLOCK - BLOCK + 1, 0), min((last + 1) * BLOCK - 1, length - BLOCK)
    return max(-((shift - low) // BLOCK), 0), min((high - shift) // BLOCK, length // BLOCK - 1)


def _best(
    same: NDArray[np.bool_], gain: NDArray[np.int64], enough: int
) -> tuple[int, tuple[int, int, int, int]] | None:
    """The largest gain of a rectangle of equal blocks, and its first and last column and row, without useless edges."""
    import numpy as np

    rows, columns = same.shape
    sums = np.zeros((rows + 1, columns + 1), np.int64)
    sums[1:, 1:] = gain.cumsum(axis=0).cumsum(axis=1)
    heights = [0] * (columns + 1)
    score, area, best = enough - 1, 0, None
    for row in range(rows):
        heights[:columns] = [height + 1 if here else 0 for here, height in zip(same[row], heights, strict=False)]
        if row + 1 < rows and not (same[row] & ~same[row + 1]).any():
            continue  # what ends here could be higher
        stack: list[int] = []
        for column in range(columns + 1):
            while stack and heights[stack[-1]] >= heights[column]:
                height = heights[stack.pop()]
                left, top = stack[-1] + 1 if stack else 0, row + 1 - height
                found = int(sums[row + 1, column] - sums[top, column] - sums[row + 1, left] + sums[top, left])
                size = height * (column - left)
                if found > score or (found == score and best is not None and size < area):
                    score, area, best = found, size, (left, column - 1, top, row)
            stack.append(column)
    if best is None:
        return None
    left, right, top, bottom = best
    useful = gain[top : bottom + 1, left : right + 1] > 0
    across, down = np.flatnonzero(useful.any(axis=0)), np.flatnonzero(useful.any(axis=1))
    return score, (left + int(across[0]), left + int(across[-1]), top + int(down[0]), top + int(down[-1]))
