from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.pdu.preconnection import MAX_SIZE, Preconnection, PreconnectionVersion
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated

# The examples of [MS-RDPEPS] section 4: cbSize, Flags, Version, Id; then cchPCB, wszPCB.
V1 = bytes.fromhex("10000000 00000000 01000000 eb99c6ee")
V2 = bytes.fromhex("20000000 00000000 02000000 00000000 0700 5400650073007400 56004d000000")
V2_MACHINE = bytes.fromhex("7a000000 00000000 02000000 00000000 3400") + (
    "BA1B6DBD-89AC-4630-A737-C4BCC3BB99FB;EnhancedMode=1\0".encode("utf-16-le")
)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (V1, Preconnection(version=PreconnectionVersion.V1, id=0xEEC699EB)),
        (V2, Preconnection(version=PreconnectionVersion.V2, wsz_pcb="TestVM")),
        (
            V2_MACHINE,
            Preconnection(
                version=PreconnectionVersion.V2, wsz_pcb="BA1B6DBD-89AC-4630-A737-C4BCC3BB99FB;EnhancedMode=1"
            ),
        ),
    ],
)
def test_the_documents_examples(raw: bytes, value: Preconnection) -> None:
    same(raw, value)
    every_truncation_raises(Preconnection, raw)


def test_an_empty_string_may_have_no_terminator() -> None:
    raw = struct.pack("<IIIIH", 18, 0, 2, 7, 0)
    assert Preconnection.decode(raw) == Preconnection(version=PreconnectionVersion.V2, id=7, wsz_pcb="")


def test_the_size_decides_and_not_the_version() -> None:
    assert Preconnection.decode(V1[:8] + b"\x02" + V1[9:]).wsz_pcb is None
    assert Preconnection.decode(V2[:8] + b"\x01" + V2[9:]).wsz_pcb == "TestVM"


def test_bytes_behind_the_string_are_ignored() -> None:
    raw = struct.pack("<IIIIH", 26, 0, 2, 0, 1) + "a".encode("utf-16-le") + b"junk..xyz"
    assert Preconnection.decode(raw).wsz_pcb == "a"


@pytest.mark.parametrize("size", [0, 15, 17, MAX_SIZE + 1, 0xFFFFFFFF])
def test_sizes_that_mean_nothing(size: int) -> None:
    with pytest.raises(InvalidField, match=f"size {size}"):
        Preconnection.decode(struct.pack("<I", size) + bytes(100))


def test_a_count_beyond_the_size() -> None:
    with pytest.raises(Truncated):
        Preconnection.decode(struct.pack("<IIIIH", 20, 0, 2, 0, 2) + bytes(100))


def test_the_longest_string() -> None:
    raw = struct.pack("<IIIIH", MAX_SIZE, 0, 2, 0, 0xFFFF) + "a".encode("utf-16-le") * 0xFFFF
    value = value_or_error(Preconnection, raw)
    assert value is not None
    assert value.wsz_pcb == "a" * 0xFFFE
    with pytest.raises(EncodeError):
        Preconnection(version=PreconnectionVersion.V2, wsz_pcb="a" * 0xFFFF).encode()


@given(st.integers(0, 40), st.binary(max_size=60))
def test_laws(size: int, rest: bytes) -> None:
    value_or_error(Preconnection, struct.pack("<I", size) + rest)
