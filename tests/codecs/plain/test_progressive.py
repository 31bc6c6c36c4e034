"""The plain twin and the compiled kernel give the same, bit by bit, whatever they are given."""

from __future__ import annotations

import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.codecs.twins import pair
from trio_rdp.codecs.plain import progressive, rlgr
from trio_rdp.codecs.plain.srl import SrlWriter

WIDTH, HEIGHT = 130, 70

SIMPLE, FIRST, UPGRADE = 0xCCC5, 0xCCC6, 0xCCC7
STREAM = st.binary(max_size=40) | st.lists(st.sampled_from((0, 0, 0x80, 0x88, 0xFF, 0x11)), max_size=60).map(bytes)
QUALITY = st.sampled_from((0, 1, 0xFF))


@st.composite
def tiles(draw: st.DrawFn) -> bytes:
    """One tile's block, now and then wrong in its index or cut off."""
    kind = draw(st.sampled_from((SIMPLE, FIRST, FIRST, UPGRADE, UPGRADE, UPGRADE, 0xCCC8)))
    x, y = draw(st.sampled_from((0, 0, 0, 1, 1, 2, 3))), draw(st.sampled_from((0, 0, 1)))
    quants = draw(st.sampled_from(((0, 0, 0), (0, 1, 1), (1, 0, 1), (0, 0, 2))))
    block = struct.pack("<3B2H", *quants, x, y)
    if kind != UPGRADE:
        block += bytes((draw(st.integers(0, 1)),))
    if kind != SIMPLE:
        block += bytes((draw(QUALITY),))
    parts = [draw(STREAM) for _ in range(6 if kind == UPGRADE else 3)]
    lengths = [len(part) for part in parts]
    if kind != UPGRADE:
        parts.append(b"tail")
        lengths.append(4)
    block += struct.pack(f"<{len(lengths)}H", *lengths) + b"".join(parts)
    if not draw(st.integers(0, 20)):
        block = block[: draw(st.integers(0, len(block)))]
    return struct.pack("<HI", kind, 6 + len(block)) + block


NIBBLES = st.lists(st.integers(0, 15), min_size=20, max_size=20).map(bytes)
PASSES = st.lists(st.sampled_from((0, 0, 1, 2, 3, 5, 8, 15)), min_size=60, max_size=60).map(bytes)
RECTS = st.lists(
    st.tuples(st.integers(0, WIDTH - 1), st.integers(0, HEIGHT - 1), st.integers(1, 70), st.integers(1, 70)).map(
        lambda r: (r[0], r[1], min(r[2], WIDTH - r[0]), min(r[3], HEIGHT - r[1]))
    ),
    max_size=4,
)
REGIONS = st.tuples(st.lists(tiles(), max_size=4), NIBBLES, PASSES, st.booleans())
MESSAGES = st.lists(st.tuples(st.lists(REGIONS, min_size=1, max_size=2), RECTS), min_size=1, max_size=4)


@settings(max_examples=40, deadline=None)
@given(MESSAGES, st.booleans())
def test_decoding_agrees(
    messages: list[tuple[list[tuple[list[bytes], bytes, bytes, bool]], list[tuple[int, ...]]]], frames: bool
) -> None:
    plain, compiled = pair("progressive")
    forms = [(form, form.Tiles(WIDTH, HEIGHT), bytearray(b"\x5a" * (600 * 80))) for form in (plain, compiled)]
    for regions, rects in messages:
        data = b"".join(b"".join(blocks) for blocks, *_ in regions)
        answers: list[list[int]] = []
        for form, known, surface in forms:
            if frames and regions[0][3]:
                known.begin_frame()
            plan, start, said = form.Plan(data, known), 0, []
            for blocks, quants, bits, wide in regions:
                end = start + sum(map(len, blocks))
                said.append(plan.add(start, end, len(blocks), quants, bits, wide))
                start = end
            count = plan.finish(b"".join(struct.pack("=4i", *rect) for rect in rects))
            half = count // 2
            said += [count, plan.draw(surface, 600, 10, 5, WIDTH, HEIGHT, 0, half)]
            said.append(plan.draw(surface, 600, 10, 5, WIDTH - 20, HEIGHT - 1, half, count))
            answers.append(said)
        assert answers[0] == answers[1]
        assert forms[0][2] == forms[1][2]


@given(st.lists(st.integers(-40, 40) | st.integers(-0x8000, 0x7FFF), min_size=50, max_size=50), st.integers(1, 400))
def test_the_transform_agrees(values: list[int], step: int) -> None:
    plain, compiled = pair("progressive")
    plane = struct.pack("=4096h", *(values[i * step // 7 % 50] for i in range(4096)))
    assert plain.join(plane) == compiled.join(plane)


@given(STREAM, st.integers(0, 100), st.integers(1, 15))
def test_runs_agree(data: bytes, count: int, bits: int) -> None:
    plain, compiled = pair("progressive")
    assert plain.read_srl(data, count, bits) == compiled.read_srl(data, count, bits)


# [MS-RDPEGFX] 4.1.2: fourteen coefficients in bands of five, five and four stand for a tile.  Here they are the first
# coefficients of HL1, of LH1 and of LL3, and no other band has any.
PLACES = [0, 1, 2, 3, 4, 1024, 1025, 1026, 1027, 1028, 4032, 4033, 4034, 4035]


def bits_of(hl: int, lh: int, ll: int) -> bytes:
    return bytes((hl, lh, 0, 0, 0, 0, 0, 0, 0, ll))


def test_the_documents_example() -> None:
    quarter, half, full = bits_of(4, 3, 2), bits_of(0, 1, 2), bits_of(0, 0, 0)

    def begin(values: list[int]) -> bytes:
        coefficients = [0] * 4096
        for place, value in zip(PLACES, values, strict=True):
            coefficients[place] = value
        # The document's LL3 ends with its fourth element; the sixty that follow here are zeros.
        coefficients[4036] = -sum(values[10:])
        return rlgr.encode(coefficients, rlgr.RLGR1)

    def upgrade(elements: dict[int, int | None], bits: tuple[int, int]) -> bytes:
        """Encode what the document lists as SRL entries; all others of the two bands are zeros."""
        writer = SrlWriter()
        for band, start in enumerate((0, 1024)):
            for place in range(start, start + 1024):
                value = elements.get(place, 0)
                if bits[band] and value is not None:
                    writer.put(value, bits[band])
        return writer.finish()

    # Frame 1 at 25 %.
    plane, missing = (
        progressive.first_pass(begin([-2, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 1, -7, 6]), False, quarter),
        bytearray(quarter),
    )
    assert plane[PLACES].tolist() == [-32, 0, 0, 0, 0, 0, 0, 0, 0, 8, 12, 16, -12, 12]
    # At 50 %: the first and the tenth have raw bits, 2 in four and 0 in two.
    srl = upgrade({0: None, 1: -13, 2: 15, 3: -3, 1025: -3, 1026: 2, 1027: -1, 1028: None}, (4, 2))
    progressive.upgrade(plane, srl, b"\x20", False, missing, half)
    assert plane[PLACES].tolist() == [-34, -13, 15, -3, 0, 0, -6, 4, -2, 8, 12, 16, -12, 12]
    reference = plane.copy()

    # Frame 2 at 25 %, a difference.
    plane, missing = (
        progressive.first_pass(begin([2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, -4, 8, -9]), False, quarter),
        bytearray(quarter),
    )
    assert (plane + reference)[PLACES].tolist() == [-2, -13, 15, -3, 0, 0, -6, 4, -2, 8, 24, 12, 16, 4]
    # At 50 %.
    srl = upgrade({0: None, 1: 11, 2: -12, 4: 1, 1024: 1, 1028: -3}, (4, 2))
    progressive.upgrade(plane, srl, b"\0", False, missing, half)
    assert (plane + reference)[PLACES].tolist() == [-2, -2, 3, -3, 1, 2, -6, 4, -2, 2, 24, 12, 16, 4]
    # At 100 %: the first and the last of LH have raw bits, and so has all of LL.
    srl = upgrade({1024: None, 1025: -1, 1026: 1, 1028: None}, (0, 1))
    progressive.upgrade(plane, srl, b"\xc6\x40", False, missing, full)
    assert (plane + reference)[PLACES].tolist() == [-2, -2, 3, -3, 1, 3, -7, 5, -2, 1, 24, 13, 18, 5]
