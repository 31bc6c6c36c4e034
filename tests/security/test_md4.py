from __future__ import annotations

import pytest

from trio_rdp.security.md4 import md4


@pytest.mark.parametrize(
    ("data", "digest"),
    [
        # RFC 1320 A.5
        (b"", "31d6cfe0d16ae931b73c59d7e0c089c0"),
        (b"abc", "a448017aaf21d8525fc10ae87aa6729d"),
        (b"message digest", "d9130a8164549fe818874806e1c7014b"),
        (b"1234567890" * 8, "e33b4ddc9c38f2199c3e7b164fcc0536"),
    ],
)
def test_published_digests(data: bytes, digest: str) -> None:
    assert md4(data).hex() == digest


def test_every_way_of_padding_gives_another_digest() -> None:
    assert len({md4(bytes(size)) for size in range(130)}) == 130
