from __future__ import annotations

from array import array
from types import ModuleType

import numpy as np
import pytest

from tests.codecs import pictures
from tests.codecs.pictures import BGRX
from tests.codecs.twins import twins
from trio_rdp.codecs import motion
from trio_rdp.codecs.motion import BlockHashes, Move

WIDTH, HEIGHT = 200, 130
WHOLE = [(0, 0, WIDTH, HEIGHT)]


@pytest.fixture(params=twins("motion"), autouse=True)
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module: ModuleType = request.param
    monkeypatch.setattr(motion, "kernel", module)
    return module


def hashes_of(pixels: BGRX) -> BlockHashes:
    hashes = BlockHashes(pixels.shape[1], pixels.shape[0])
    hashes.update(pixels.reshape(-1), pixels.strides[0], [(0, 0, pixels.shape[1], pixels.shape[0])])
    return hashes


def moves(hashes: BlockHashes, pixels: BGRX) -> list[Move]:
    surface, stride = pixels.reshape(-1), pixels.strides[0]
    return hashes.moves(surface, stride, hashes.changed(surface, stride, [(0, 0, hashes.width, hashes.height)]))


def marked(need: array[int]) -> dict[int, int]:
    return {index: cells for index, cells in enumerate(need) if cells}


def test_one_changed_byte_changes_its_block_alone() -> None:
    pixels = pictures.noise(WIDTH, HEIGHT)
    hashes = hashes_of(pixels)
    assert (hashes.columns, hashes.rows) == (13, 9)
    for x, y, block in ((0, 0, 0), (15, 15, 0), (16, 0, 1), (199, 129, 116), (100, 64, 4 * 13 + 6)):
        for channel in range(4):
            pixels[y, x, channel] ^= 1
            assert list(marked(hashes.changed(pixels.reshape(-1), WIDTH * 4, WHOLE))) == [block]
            pixels[y, x, channel] ^= 1
    assert not marked(hashes.changed(pixels.reshape(-1), WIDTH * 4, WHOLE))


def test_the_order_of_pixels_counts() -> None:
    pixels = pictures.noise(16, 16)
    seen = {bytes(hashes_of(pixels)._strong)}
    for turned in (pixels[::-1], pixels[:, ::-1], pixels.swapaxes(0, 1), np.roll(pixels, 8, 1), np.roll(pixels, 1, 0)):
        seen.add(bytes(hashes_of(np.ascontiguousarray(turned))._strong))
    assert len(seen) == 6


def test_what_the_edge_cuts_off_is_not_needed() -> None:
    hashes = BlockHashes(18, 21)
    need = hashes.changed(bytes(18 * 21 * 4), 18 * 4, [(0, 0, 18, 21)])
    assert need.tolist() == [0xFFFF, 0x1111, 0x00FF, 0x0011]
    assert (
        hashes_of(np.zeros((21, 18, 4), np.uint8)).changed(bytes(18 * 21 * 4), 72, [(0, 0, 18, 21)]).tolist() == [0] * 4
    )


def test_a_cut_block_is_another_than_a_black_one() -> None:
    one, two = hashes_of(np.zeros((16, 16, 4), np.uint8)), hashes_of(np.zeros((16, 15, 4), np.uint8))
    assert one._strong != two._strong
    assert one._weak[0] == two._weak[0] == 0


def test_what_is_not_known_or_forgotten_changed() -> None:
    pixels = pictures.text(WIDTH, HEIGHT)
    hashes = BlockHashes(WIDTH, HEIGHT)
    assert not any(hashes.known())
    hashes.update(pixels.reshape(-1), WIDTH * 4, [(20, 20, 30, 10), (-9, -9, 10, 10), (500, 0, 9, 9), (0, 0, 0, 9)])
    assert [index for index, known in enumerate(hashes.known()) if known] == [0, 14, 15, 16]
    hashes.forget([(48, 17, 1, 1)])
    look = [(0, 16, 64, 1)]
    assert marked(hashes.changed(pixels.reshape(-1), WIDTH * 4, look)) == {13: 0xFFFF, 16: 0xFFFF}
    hashes.forget()
    assert len(marked(hashes.changed(pixels.reshape(-1), WIDTH * 4, look))) == 4


def test_rows_may_be_longer_than_the_picture() -> None:
    wide = pictures.noise(WIDTH + 3, HEIGHT)
    hashes = BlockHashes(WIDTH, HEIGHT)
    hashes.update(wide.reshape(-1), wide.strides[0], WHOLE)
    wide[:, WIDTH:] = 0
    assert not marked(hashes.changed(wide.reshape(-1), wide.strides[0], WHOLE))
    assert hashes._strong == hashes_of(np.ascontiguousarray(wide[:, :WIDTH]))._strong


@pytest.mark.parametrize("distance", [1, 3, 17, 48])
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("sign", [-1, 1])
def test_a_scroll_of_any_distance_is_one_move(distance: int, axis: int, sign: int) -> None:
    old = pictures.text(208, 160)
    new = np.roll(old, sign * distance, axis)
    edge = (slice(None),) * axis + (slice(distance) if sign > 0 else slice(-distance, None),)
    new[edge] = pictures.noise(208, 160)[edge]
    (move,) = moves(hashes_of(old), new)
    assert (move.dx, move.dy)[axis] == 0
    assert (move.dy, move.dx)[axis] == sign * distance
    assert move.width * move.height >= 16 * (160, 208)[1 - axis] * ((160, 208)[axis] - distance - 30) // 16


def test_what_moved_is_taken_from_what_is_needed() -> None:
    old = pictures.noise(208, 160)
    new = pictures.noise(160, 208).reshape(160, 208, 4).copy()
    new[40:120, 50:146] = old[16:96, 32:128]
    hashes = hashes_of(old)
    need = hashes.changed(new.reshape(-1), 208 * 4, [(0, 0, 208, 160)])
    assert hashes.moves(new.reshape(-1), 208 * 4, need) == [Move(32, 16, 96, 80, 18, 24)]
    cells = np.unpackbits(np.frombuffer(need, np.uint8), bitorder="little").reshape(10, 13, 4, 4).swapaxes(1, 2)
    expected = np.ones((40, 52), np.uint8)
    expected[10:30, 13:37] = 0
    assert (cells.reshape(40, 52) == expected).all()


def test_one_colour_and_what_is_everywhere_say_nothing() -> None:
    old = np.tile(pictures.noise(16, 16), (10, 13, 1))
    assert moves(hashes_of(old), np.roll(old, 3, 0)) == []
    assert moves(hashes_of(pictures.solid(208, 160)), pictures.noise(208, 160)) == []
    assert moves(hashes_of(pictures.noise(208, 160)), pictures.solid(208, 160)) == []


def test_noise_is_given_up() -> None:
    old, new = pictures.noise(208, 160), np.ascontiguousarray(pictures.noise(160, 208).reshape(160, 208, 4))
    hashes = hashes_of(old)
    assert moves(hashes, new) == []
    assert moves(hashes, old) == []


@pytest.mark.parametrize(("width", "height"), [(1, 1), (30, 200), (200, 30), (16, 16), (31, 31)])
def test_small_pictures(width: int, height: int) -> None:
    old = pictures.text(width, height + 5)
    assert moves(hashes_of(old[:height].copy()), old[5:].copy()) == []


def test_moves_are_limited(kernel: ModuleType) -> None:
    old = pictures.noise(400, 304)
    new = np.zeros_like(old)
    # Fifty parts, each with a vector of its own; the limits of votes, vectors and moves hold.
    for index in range(50):
        y, x = index // 10 * 60, index % 10 * 40
        new[y + index % 7 : y + index % 7 + 48, x + index % 5 : x + index % 5 + 32] = old[y : y + 48, x : x + 32]
    hashes = hashes_of(old)
    found = moves(hashes, new)
    assert 0 < len(found) <= motion.MAX_MOVES
    need = hashes.changed(new.reshape(-1), 1600, [(0, 0, 400, 304)])
    out = bytearray(24 + 23)
    count = kernel.find_moves(
        new.reshape(-1), 1600, 400, 304, memoryview(hashes._strong), memoryview(hashes._weak), memoryview(need), out
    )
    assert count == 1
    assert tuple(np.frombuffer(out[:24], "<i4").tolist()) == found[0]


def test_sizes_are_checked(kernel: ModuleType) -> None:
    surface = bytes(40 * 40 * 4)
    marks, strong, weak, need = bytes(9), bytearray(72), bytearray(36), bytearray(18)
    for arguments in ((surface[:-1], marks, strong, weak), (surface, marks[:-1], strong, weak)):
        with pytest.raises(ValueError, match=r"surface|places"):
            kernel.hash_blocks(arguments[0], 160, 40, 40, *arguments[1:])
    with pytest.raises(ValueError, match="places"):
        kernel.hash_blocks(surface, 160, 40, 40, marks, strong[:-1], weak)
    with pytest.raises(ValueError, match="places"):
        kernel.hash_blocks(surface, 160, 40, 40, marks, strong, weak[:-1])
    with pytest.raises(ValueError, match="places"):
        kernel.changed_blocks(surface, 160, 40, 40, marks, strong, need[:-1])
    with pytest.raises(ValueError, match="surface"):
        kernel.changed_blocks(surface, 159, 40, 40, marks, strong, need)
    with pytest.raises(ValueError, match="places"):
        kernel.find_moves(surface, 160, 40, 40, strong, weak[:-1], need, bytearray(24))
    with pytest.raises(ValueError, match="surface"):
        kernel.find_moves(surface, 160, 40, 41, strong, weak, need, bytearray(24))
    assert kernel.find_moves(b"", 0, 0, 0, b"", b"", bytearray(), bytearray()) == 0


def test_no_memory_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    class Kernel:
        @staticmethod
        def find_moves(*arguments: object) -> int:
            return -4

    monkeypatch.setattr(motion, "kernel", Kernel)
    with pytest.raises(MemoryError):
        BlockHashes(40, 40).moves(bytes(6400), 160, array("H", [0] * 9))
