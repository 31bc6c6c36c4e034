from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.codecs.plain.srl import BitReader, BitWriter, SrlReader, SrlWriter


def encode(elements: list[tuple[int, int]]) -> bytes:
    writer = SrlWriter()
    for value, bits in elements:
        writer.put(value, bits)
    return writer.finish()


def decode(data: bytes, elements: list[tuple[int, int]]) -> list[tuple[int, int]]:
    reader = SrlReader(data)
    return [(reader.next(bits), bits) for _, bits in elements]


def test_the_documents_first_frame() -> None:
    # [MS-RDPEGFX] 4.1.2.1.2: five elements of four bits, three of two.
    elements = [(-13, 4), (15, 4), (-3, 4), (0, 4), (0, 4), (-3, 2), (2, 2), (-1, 2)]
    stream = bytes.fromhex(
        "a001"  # an empty run, the sign, twelve zeros and a one
        "8000"  # an empty run, the sign, fourteen zeros: the largest number of four bits needs no one
        "c9 49 e0"  # -3; two zeros; -3, 2 and -1
    )
    assert encode(elements) == stream + b"\0"
    assert decode(stream, elements) == elements


def test_the_documents_second_frame() -> None:
    # [MS-RDPEGFX] 4.1.2.1.4.  The bytes printed there, 80 07 00 16 9c, lack the first of the two elements that are 1.
    elements = [(11, 4), (-12, 4), (0, 4), (1, 4), (1, 2), (0, 2), (0, 2), (0, 2), (-3, 2)]
    stream = bytes.fromhex("80 07 00 15 a7 00")
    assert encode(elements) == stream + b"\0"
    assert decode(stream, elements) == elements


def test_the_documents_last_pass() -> None:
    # [MS-RDPEGFX] 4.1.2.1.5: elements of one bit are signs, and the zero at the end is a run.
    elements = [(-1, 1), (1, 1), (0, 1)]
    assert encode(elements) == b"\xb0\0"
    assert decode(b"\xb0", elements) == elements


def test_raw_bits() -> None:
    # [MS-RDPEGFX] 4.1.2.1.5: 1, 1, 00, 01, 10, 01.
    writer = BitWriter()
    for value, count in ((1, 1), (1, 1), (0, 2), (1, 2), (2, 2), (1, 2)):
        writer.put(value, count)
    assert writer.finish() == b"\xc6\x40"
    reader = BitReader(b"\xc6\x40")
    assert [reader.take(count) for count in (1, 1, 2, 2, 2, 2, 5, 5)] == [1, 1, 0, 1, 2, 1, 0, 0]
    assert reader.take(9) == 0


def test_behind_the_end_are_zeros() -> None:
    assert decode(b"", [(0, 3)] * 40) == [(0, 3)] * 40
    # An empty run, the sign, and then nothing: the largest magnitude.
    assert decode(b"\xa0", [(0, 15)]) == [(-32767, 15)]


@given(
    st.lists(st.integers(1, 6).flatmap(lambda n: st.tuples(st.integers(1 - 2**n, 2**n - 1) | st.just(0), st.just(n))))
)
def test_elements_come_back(elements: list[tuple[int, int]]) -> None:
    assert decode(encode(elements), elements) == elements


def test_long_runs_come_back() -> None:
    elements = [(0, 2)] * 3000 + [(1, 2)] + [(0, 2)] * 900 + [(-3, 2)]
    stream = encode(elements)
    assert len(stream) < 20
    assert decode(stream, elements) == elements
