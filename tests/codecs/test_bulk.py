from __future__ import annotations

import pytest

from trio_rdp.codecs.bulk import BulkDecompressor
from trio_rdp.codecs.mppc import Kind
from trio_rdp.wire.errors import RemoteProtocolError


def test_histories_are_made_at_first_use() -> None:
    bulk = BulkDecompressor()
    assert bulk.decompress(0x01, b"plain") == b"plain"
    assert not bulk._decompressors
    assert bulk.decompress(0x61, b"abc") == b"abc"
    assert bulk._decompressors.keys() == {Kind.RDP5}
    assert bulk.decompress(0x60, b"abc") == b"abc"
    assert bulk._decompressors.keys() == {Kind.RDP5, Kind.RDP4}


def test_each_type_has_a_history_of_its_own() -> None:
    bulk = BulkDecompressor()
    bulk.decompress(0x61, b"xyz")
    bulk.decompress(0x60, b"abc")
    # Three back, three long, in each type's own codes.
    assert bulk.decompress(0x21, bytes((0b11111000, 0b01100000))) == b"xyz"
    assert bulk.decompress(0x20, bytes((0b11110000, 0b11000000))) == b"abc"


@pytest.mark.parametrize("kind", [2, 3, 4, 15])
def test_types_that_were_not_offered_are_refused(kind: int) -> None:
    with pytest.raises(RemoteProtocolError, match=f"type {kind}"):
        BulkDecompressor().decompress(0x20 | kind, b"")
    assert BulkDecompressor().decompress(kind, b"as it is") == b"as it is"


def test_any_buffer_will_do() -> None:
    assert BulkDecompressor().decompress(0x61, memoryview(b"abc")) == b"abc"
    assert BulkDecompressor().decompress(0, bytearray(b"abc")) == b"abc"
