from __future__ import annotations

import pytest

from trio_rdp.security.rc4 import Rc4, _Plain


def test_published_values() -> None:
    assert Rc4(b"Key").update(b"Plaintext").hex().upper() == "BBF316E8D940AF0AD3"
    assert Rc4(b"Wiki").update(b"pedia").hex().upper() == "1021BF0420"


@pytest.mark.parametrize("size", [5, 8, 16, 32])
def test_both_ways_of_computing_agree(size: int) -> None:
    key = bytes(range(size))
    native, plain = Rc4(key), _Plain(key)
    for length in (0, 1, 7, 300):
        assert native.update(bytes(length)) == plain.update(bytes(length))


def test_decrypting_is_encrypting() -> None:
    assert Rc4(b"k").update(Rc4(b"k").update(b"text")) == b"text"


@pytest.mark.parametrize("size", [0, 257])
def test_keys_have_limits(size: int) -> None:
    with pytest.raises(ValueError, match="RC4 key"):
        Rc4(bytes(size))
