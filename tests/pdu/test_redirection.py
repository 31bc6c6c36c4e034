from __future__ import annotations

import base64
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.pdu.redirection import (
    MAX_ADDRESSES,
    MAX_ELEMENTS,
    CertificateMetaElement,
    EnhancedSecurityServerRedirection,
    RedirFlags,
    ServerRedirection,
    TargetCertificateContainer,
    TargetNetAddress,
    TargetNetAddresses,
)
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated

# The example of [MS-RDPBCGR] 4.6, behind its Share Control Header.
EXAMPLE_RAW = bytes.fromhex(
    "5f59"  # pad2Octets
    "0004 0402 02000000 1d0b0000"  # Flags, Length, SessionID, RedirFlags
    "46000000"  # TargetNetAddressLength
    "32003000300031003a0034003800390038003a00320062003a0032003a0039006400650037003a003400350036003900"
    "3a0066006200330039003a0065006600320039000000"  # TargetNetAddress
    "1c000000"  # UserNameLength
    "610064006d0069006e006900730074007200610074006f0072000000"  # UserName
    "16000000"  # DomainLength
    "540053002d0053005400520045005300530031000000"  # Domain
    "78000000"  # PasswordLength
    "020000804453484c0210f3e3bfb137952880b756f37c274a43cc50985905b56b509762f8cfc01b6a0616dbb9b1ba2101"
    "f4ea82dc3717657dbe58ec34e9330712c1768df5bca29f2cef32a7a480a905f70294968d95b82cdb554a7808eb8710c7"
    "8ba90ae644abec6bee42bb32e7b0ef3cae4573a669690000"  # Password
    "5a000000"  # TargetFQDNLength
    "6a00690061007a006f0075002d00740065007300740032002e00740073002d0073007400720065007300730031002e00"
    "6e00740074006500730074002e006d006900630072006f0073006f00660074002e0063006f006d000000"  # TargetFQDN
    "1a000000"  # TargetNetBiosNameLength
    "4a00490041005a004f0055002d00540045005300540032000000"  # TargetNetBiosName
    "70000000 02000000"  # TargetNetAddressesLength, addressCount
    "46000000"  # addressLength
    "32003000300031003a0034003800390038003a00320062003a0032003a0039006400650037003a003400350036003900"
    "3a0066006200330039003a0065006600320039000000"  # address
    "1e000000"  # addressLength
    "3100350037002e00350039002e003200340030002e003100340034000000"  # address
    "c0c0c0c0c0c0c0c0"  # Pad
    "00"  # pad1Octet
)
EXAMPLE = ServerRedirection(
    session_id=2,
    redir_flags=RedirFlags(0x0B1D),
    target_net_address="2001:4898:2b:2:9de7:4569:fb39:ef29",
    user_name="administrator",
    domain="TS-STRESS1",
    password=EXAMPLE_RAW[150:270],
    target_fqdn="jiazou-test2.ts-stress1.nttest.microsoft.com",
    target_net_bios_name="JIAZOU-TEST2",
    target_net_addresses=TargetNetAddresses(
        addresses=[
            TargetNetAddress(address="2001:4898:2b:2:9de7:4569:fb39:ef29"),
            TargetNetAddress(address="157.59.240.144"),
        ]
    ),
)


def test_the_documents_example() -> None:
    enhanced = EnhancedSecurityServerRedirection(server_redirection_pdu=EXAMPLE)
    assert EnhancedSecurityServerRedirection.decode(EXAMPLE_RAW) == enhanced
    assert ServerRedirection.decode(EXAMPLE_RAW[2:]) == EXAMPLE
    # Windows fills its pads with whatever was there.
    assert EXAMPLE_RAW[-9:] == b"\xc0" * 8 + b"\0"
    assert enhanced.encode() == bytes(2) + EXAMPLE_RAW[2:-9] + bytes(9)
    every_truncation_raises(ServerRedirection, EXAMPLE_RAW[2:-1])


def test_every_field() -> None:
    value = ServerRedirection(
        session_id=1,
        redir_flags=RedirFlags(0x19B9F),
        target_net_address="10.0.0.1",
        load_balance_info=b"Cookie: msts=1.2.3\r\n",
        user_name="u",
        domain="",
        password=b"p\0\0\0",
        target_fqdn="f",
        target_net_bios_name="n",
        tsv_url=b"url",
        redirection_guid=b"guid",
        target_certificate=b"certificate",
        target_net_addresses=TargetNetAddresses(addresses=[]),
    )
    same(value.encode(), value)


def test_the_flags_of_fields_are_written_by_themselves() -> None:
    value = ServerRedirection(redir_flags=RedirFlags.USERNAME | RedirFlags.SMARTCARD_LOGON, domain="d")
    assert ServerRedirection.decode(value.encode()) == ServerRedirection(
        redir_flags=RedirFlags.DOMAIN | RedirFlags.SMARTCARD_LOGON, domain="d"
    )


def test_the_smallest() -> None:
    raw = bytes.fromhex("0004 1400 07000000 80000000 0000000000000000")
    same(raw, ServerRedirection(session_id=7, redir_flags=RedirFlags.NOREDIRECT))
    assert ServerRedirection.decode(bytes.fromhex("0004 0c00 07000000 80000000")).session_id == 7


def test_the_password_does_not_show() -> None:
    assert "hunter2" not in repr(ServerRedirection(password=b"hunter2"))


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("0104 0c00 00000000 00000000", "flags 0x401"),
        ("0004 0b00 00000000 00000000", "length 11"),
        ("0004 1300 00000000 04000000 03000000 616263", "a UTF-16 string of 3 bytes"),
    ],
)
def test_what_means_nothing(raw: str, reason: str) -> None:
    with pytest.raises(InvalidField, match=reason):
        ServerRedirection.decode(bytes.fromhex(raw))


def test_the_length_bounds_the_fields() -> None:
    with pytest.raises(Truncated):
        ServerRedirection.decode(bytes.fromhex("0004 1000 00000000 10000000 04000000 61626364"))


def test_what_cannot_be_written() -> None:
    with pytest.raises(EncodeError, match="a redirection of 65556 bytes"):
        ServerRedirection(load_balance_info=bytes(65532)).encode()


def test_addresses_have_a_limit() -> None:
    with pytest.raises(InvalidField):
        TargetNetAddresses.decode(struct.pack("<I", MAX_ADDRESSES + 1) + bytes(4000))


def test_target_certificate() -> None:
    container = TargetCertificateContainer(
        elements=[
            CertificateMetaElement(type=1, encoding=1, element_data=b"other"),
            CertificateMetaElement(type=32, encoding=1, element_data=b"der"),
        ]
    )
    raw = container.encode()
    same(raw, container)
    assert raw[-15:] == bytes.fromhex("20000000 01000000 03000000") + b"der"
    assert container.certificate == b"der"
    assert TargetCertificateContainer(elements=container.elements[:1]).certificate is None
    field = (base64.b64encode(raw).decode() + "\0").encode("utf-16-le")
    assert TargetCertificateContainer.from_target_certificate(field) == container
    for wrong in (b"a", b"\x00\xd8", "abc".encode("utf-16-le"), "\u20ac".encode("utf-16-le")):
        with pytest.raises(InvalidField, match="no Base64 in Unicode"):
            TargetCertificateContainer.from_target_certificate(wrong)


def test_elements_have_a_limit() -> None:
    assert len(TargetCertificateContainer.decode(bytes(12 * MAX_ELEMENTS)).elements) == MAX_ELEMENTS
    with pytest.raises(InvalidField):
        TargetCertificateContainer.decode(bytes(12 * (MAX_ELEMENTS + 1)))


@given(st.data())
def test_laws_near_the_example(data: st.DataObject) -> None:
    raw = bytearray(EXAMPLE_RAW)
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    value_or_error(EnhancedSecurityServerRedirection, bytes(raw))
    value_or_error(ServerRedirection, bytes(raw[2:]))


@given(st.binary(max_size=60))
def test_laws(raw: bytes) -> None:
    value_or_error(TargetNetAddresses, raw[:1] + bytes(3) + raw[1:])
    value_or_error(TargetCertificateContainer, raw)
    value_or_error(ServerRedirection, bytes.fromhex("0004 2800 00000000") + raw)
