from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu import connection_example
from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.pdu.security import (
    MAX_ENCRYPTED_RANDOM,
    BasicSecurityHeader,
    FipsSecurityHeader,
    NonFipsSecurityHeader,
    SecurityExchange,
    SecurityFlags,
)
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.pdu import Pdu

RANDOM = connection_example.SECURITY_EXCHANGE[-72:]


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        # [MS-RDPBCGR] 4.1.9
        ("0102 0000", BasicSecurityHeader(flags=SecurityFlags.EXCHANGE_PKT | SecurityFlags.LICENSE_ENCRYPT_SC)),
        ("4080 3412", BasicSecurityHeader(flags=SecurityFlags(0x8040), flags_hi=0x1234)),
        # [MS-RDPBCGR] 4.1.10
        (
            "4800 0000 45ca46fa5ea7bebc",
            NonFipsSecurityHeader(
                flags=SecurityFlags.INFO_PKT | SecurityFlags.ENCRYPT,
                data_signature=bytes.fromhex("45ca46fa5ea7bebc"),
            ),
        ),
        (
            "0800 0000 1000 01 05 0102030405060708",
            FipsSecurityHeader(flags=SecurityFlags.ENCRYPT, padlen=5, data_signature=bytes.fromhex("0102030405060708")),
        ),
        ("48000000" + RANDOM.hex(), SecurityExchange(encrypted_client_random=RANDOM)),
    ],
)
def test_headers(raw: str, value: Pdu) -> None:
    data = bytes.fromhex(raw)
    same(data, value)
    every_truncation_raises(type(value), data)


def test_flags_have_names() -> None:
    assert repr(SecurityFlags(0x48)) == "SecurityFlags(ENCRYPT|INFO_PKT)"
    assert SecurityFlags.LICENSE_ENCRYPT_CS == SecurityFlags.LICENSE_ENCRYPT_SC


def test_a_fips_header_has_one_length() -> None:
    with pytest.raises(InvalidField, match="length 15 instead of 16"):
        FipsSecurityHeader.decode(bytes.fromhex("0800 0000 0f00 01 05 0102030405060708"))


@pytest.mark.parametrize(
    "value",
    [
        FipsSecurityHeader(flags=SecurityFlags(0), padlen=0, data_signature=bytes(7)),
        FipsSecurityHeader(flags=SecurityFlags(0), padlen=256, data_signature=bytes(8)),
        NonFipsSecurityHeader(flags=SecurityFlags(0), data_signature=bytes(7)),
        BasicSecurityHeader(flags=SecurityFlags(0x10000)),
        SecurityExchange(encrypted_client_random=bytes(MAX_ENCRYPTED_RANDOM + 1)),
    ],
)
def test_what_cannot_be_written(value: Pdu) -> None:
    with pytest.raises(EncodeError):
        value.encode_into(bytearray())


def test_an_endless_random() -> None:
    with pytest.raises(InvalidField):
        SecurityExchange.decode(b"\xff\xff\xff\xff")


@given(
    st.sampled_from([BasicSecurityHeader, NonFipsSecurityHeader, FipsSecurityHeader, SecurityExchange]),
    st.binary(max_size=20),
)
def test_laws(cls: type[Pdu], raw: bytes) -> None:
    value_or_error(cls, raw)
