"""The plain twin and the compiled kernel give the same, bit by bit, whatever they are given."""

from __future__ import annotations

import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.codecs.twins import pair

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
@given(MESSAGES)
def test_decoding_agrees(
    messages: list[tuple[list[tuple[list[bytes], bytes, bytes, bool]], list[tuple[int, ...]]]],
) -> None:
    plain, compiled = pair("progressive")
    forms = [(form, form.Tiles(WIDTH, HEIGHT), bytearray(b"\x5a" * (600 * 80))) for form in (plain, compiled)]
    for regions, rects in messages:
        data = b"".join(b"".join(blocks) for blocks, *_ in regions)
        answers = []
        for form, known, surface in forms:
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
