"""Messages of the document's own examples, [MS-RDPELE] 4, with short certificates and licences in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.pdu import licensing
from trio_rdp.pdu.licensing import (
    BlobType,
    CertBlob,
    ClientHardwareIdentification,
    ClientType,
    LicenseBinaryBlob,
    LicenseDetailLevel,
    LicenseErrorCode,
    LicenseInformation,
    LicenseRequest,
    LicenseStateTransition,
    LicensingErrorMessage,
    LicensingMessage,
    LicensingMessageType,
    LicensingPdu,
    LicensingPreambleFlags,
    NewLicense,
    NewLicenseInformation,
    NewLicenseRequest,
    PlatformChallenge,
    PlatformChallengeResponse,
    PlatformChallengeResponseData,
    ProductInformation,
    Scope,
    UnknownLicensingMessage,
    UpgradeLicense,
    X509CertificateChain,
    valid_client,
)
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated

# PREAMBLE_VERSION_3_0 | EXTENDED_ERROR_MSG_SUPPORTED
CLIENT = LicensingPreambleFlags.EXTENDED_ERROR_MSG_SUPPORTED | 3


def blob(kind: int, data: bytes = b"") -> LicenseBinaryBlob:
    return LicenseBinaryBlob(blob_type=BlobType(kind), blob_data=data)


def licensing_pdu(raw: str, message: LicensingMessage, flags: int = 3) -> None:
    data = bytes.fromhex(raw)
    same(data, LicensingPdu(flags=LicensingPreambleFlags(flags), message=message))
    same(data[4:], message)
    every_truncation_raises(type(message), data[4:])


def test_valid_client() -> None:
    """[MS-RDPBCGR] 4.1.11, decrypted."""
    raw = bytes.fromhex(
        "ff"  # bMsgType = ERROR_ALERT
        "03"  # flags = 3 (RDP 5.0 and later)
        "1000"  # wMsgSize = 16 bytes
        "07000000"  # dwErrorCode = STATUS_VALID_CLIENT
        "02000000"  # dwStateTransition = ST_NO_TRANSITION
        "0400"  # wBlobType = BB_ERROR_BLOB
        "0000"  # wBlobLen = 0
    )
    assert valid_client().encode() == raw
    message = LicensingPdu.decode(raw).message
    assert message == LicensingErrorMessage(
        error_code=LicenseErrorCode.STATUS_VALID_CLIENT,
        state_transition=LicenseStateTransition.NO_TRANSITION,
        error_info=blob(BlobType.ERROR),
    )
    assert LicensingPdu.decode(raw).flags.version == 3
    every_truncation_raises(LicensingErrorMessage, raw[4:])


def test_xrdp_leaves_the_type_of_an_empty_blob_to_chance() -> None:
    raw = bytes.fromhex("ff031000 07000000 02000000 2814 0000")
    assert LicensingPdu.decode(raw).encode() == raw


def test_license_request() -> None:
    """[MS-RDPELE] 4.1, with a certificate of four bytes."""
    random = "84efae20b1d59e36491ae82e0a9989ac49a6474f339b5ab99503a6c6c23c3f61"
    licensing_pdu(
        "01 03 8a00"  # bMsgType = LICENSE_REQUEST, version 3, wMsgSize
        + random  # ServerRandom
        + "00000600"  # dwVersion = 6.0
        "2c000000"  # cbCompanyName = 44
        "4d006900630072006f0073006f0066007400200043006f00720070006f0072006100740069006f006e000000"
        "08000000"  # cbProductId = 8
        "4100300032000000"  # "A02"
        "0d00 0400 01000000"  # KeyExchangeList: KEY_EXCHANGE_ALG_RSA
        "0300 0400 02000080"  # ServerCertificate
        "01000000"  # ScopeCount = 1
        "0e00 0e00 6d6963726f736f66742e636f6d00",  # "microsoft.com"
        LicenseRequest(
            server_random=bytes.fromhex(random),
            product_info=ProductInformation(version=0x00060000, company_name="Microsoft Corporation", product_id="A02"),
            key_exchange_list=blob(BlobType.KEY_EXCHANGE_ALGORITHM, b"\1\0\0\0"),
            server_certificate=blob(BlobType.CERTIFICATE, b"\2\0\0\x80"),
            scope_list=[Scope(scope="microsoft.com")],
        ),
    )


def test_new_license_request() -> None:
    """[MS-RDPELE] 4.2."""
    random = "dc73a0c869256b18af0b947aa9a520af8bbc0dcca395b7b9eb815dbe0a109cd8"
    secret = (
        "da9c5da6689da3906724f33aeaa1e268ad12f5f60b7aac92b1696f42558aa0e29b2cd0c7ee336c4779c31ebf038b9570"
        "07a2beee540268f890d7fe2c08e16b2dff9476725f7a76753255cc586163a564f16ec30781826f887362fc286591c2c8"
        "9f05b0d39312bf6a5018992d4dc47f74d3309f1678a5dfaa83654f773042e0d769c84da573115935b9a7e2b0f6e3b939"
        "c3d4e46bca409aac66e61aa41b397e09e37299dd90625597a904c751aaa201cb5a634d1ae599c3b12a73e89a00469259"
        "39a380a1ac9052ea6381497df32d5cc3199fedfe811d8c041cd923d26d8084f300f2b1692fcdb39f69ee603e4bb5be5a"
        "09830bbc3d3e05476596318c6bc5e6a00000000000000000"
    )
    licensing_pdu(
        "13 83 5501"  # bMsgType = NEW_LICENSE_REQUEST, extended errors and version 3, wMsgSize = 341
        "01000000"  # PreferredKeyExchangeAlg = KEY_EXCHANGE_ALG_RSA
        "00000104"  # PlatformId
        + random  # ClientRandom
        + "0200 0801"  # EncryptedPreMasterSecret
        + secret
        + "0f00 0e00 41646d696e6973747261746f7200"  # ClientUserName = "Administrator"
        "1000 0700 524f44454e5400",  # ClientMachineName = "RODENT"
        NewLicenseRequest(
            platform_id=0x04010000,
            client_random=bytes.fromhex(random),
            encrypted_pre_master_secret=blob(BlobType.RANDOM, bytes.fromhex(secret)),
            client_user_name=blob(BlobType.CLIENT_USER_NAME, b"Administrator\0"),
            client_machine_name=blob(BlobType.CLIENT_MACHINE_NAME, b"RODENT\0"),
        ),
        CLIENT,
    )


def test_license_information() -> None:
    """[MS-RDPELE] 4.3, with a secret and a licence of two bytes each."""
    random = "26c932347d2be175505e477e768d787bbb21aab7b0b8ea6cddc1b001e613bed8"
    hwid, mac = "b930593b9361c9f6b60b1fdc1a856739dc296562", "42a213c754aeb5d5246654f31baf8dfb"
    licensing_pdu(
        "12 83 6000"  # bMsgType = LICENSE_INFO, wMsgSize
        "01000000"  # PreferredKeyExchangeAlg
        "00000104"  # PlatformId
        + random  # ClientRandom
        + "0200 0200 b1fa"  # EncryptedPreMasterSecret
        "0100 0200 3082"  # LicenseInfo
        "0100 1400" + hwid + mac,  # EncryptedHWID, MACData
        LicenseInformation(
            platform_id=0x04010000,
            client_random=bytes.fromhex(random),
            encrypted_pre_master_secret=blob(BlobType.RANDOM, b"\xb1\xfa"),
            license_info=blob(BlobType.DATA, b"\x30\x82"),
            encrypted_hwid=blob(BlobType.DATA, bytes.fromhex(hwid)),
            mac_data=bytes.fromhex(mac),
        ),
        CLIENT,
    )


def test_platform_challenge() -> None:
    """[MS-RDPELE] 4.4."""
    licensing_pdu(
        "02 03 2600"  # bMsgType = PLATFORM_CHALLENGE, wMsgSize = 38
        "ffffffff"  # dwConnectFlags (ignored)
        "50f7 0a00 463785548ec59134975d"  # EncryptedPlatformChallenge: wBlobType (ignored), wBlobLen = 10
        "7894ad3b81da8818560f3ad1f103ef35",  # MACData
        PlatformChallenge(
            connect_flags=0xFFFFFFFF,
            encrypted_platform_challenge=blob(0xF750, bytes.fromhex("463785548ec59134975d")),
            mac_data=bytes.fromhex("7894ad3b81da8818560f3ad1f103ef35"),
        ),
    )


def test_platform_challenge_response() -> None:
    """[MS-RDPELE] 4.5."""
    licensing_pdu(
        "15 83 4200"  # bMsgType = PLATFORM_CHALLENGE_RESPONSE, wMsgSize = 66
        "0100 1200 fab4e824cf56b24e8002bdb661fcdfe96c44"  # EncryptedPlatformChallengeResponse
        "0100 1400 f8b5e8253d0f3f701dda601916fe731a457e0271"  # EncryptedHWID
        "3823625d108b93c3f1e4671f4ab6000a",  # MACData
        PlatformChallengeResponse(
            encrypted_platform_challenge_response=blob(
                BlobType.DATA, bytes.fromhex("fab4e824cf56b24e8002bdb661fcdfe96c44")
            ),
            encrypted_hwid=blob(BlobType.DATA, bytes.fromhex("f8b5e8253d0f3f701dda601916fe731a457e0271")),
            mac_data=bytes.fromhex("3823625d108b93c3f1e4671f4ab6000a"),
        ),
        CLIENT,
    )


def test_what_a_platform_challenge_response_holds() -> None:
    """[MS-RDPELE] 4.5, decrypted."""
    data = bytes.fromhex(
        "0001"  # wVersion
        "0001"  # wClientType = WIN32_PLATFORMCHALLENGE_TYPE
        "0300"  # wLicenseDetailLevel = LICENSE_DETAIL_DETAIL
        "0a00 54004500530054000000"  # "TEST"
    )
    same(
        data,
        PlatformChallengeResponseData(
            client_type=ClientType.WIN32,
            license_detail_level=LicenseDetailLevel.DETAIL,
            challenge=bytes.fromhex("54004500530054000000"),
        ),
    )
    every_truncation_raises(PlatformChallengeResponseData, data)
    hwid = bytes.fromhex("02000000 f159873e c9d898af 2402f8f3 293af026")
    same(
        hwid,
        ClientHardwareIdentification(
            platform_id=2, data1=0x3E8759F1, data2=0xAF98D8C9, data3=0xF3F80224, data4=0x26F03A29
        ),
    )
    every_truncation_raises(ClientHardwareIdentification, hwid)


@pytest.mark.parametrize(("cls", "kind"), [(NewLicense, "03"), (UpgradeLicense, "04")])
def test_new_and_upgraded_license(cls: type[NewLicense | UpgradeLicense], kind: str) -> None:
    """[MS-RDPELE] 4.6 and 4.7, with a licence of two bytes."""
    mac = "ede8bfd613a0f5804ae5ff8516facb1f"
    licensing_pdu(
        kind + "03 1a00 0900 0200 dba3" + mac,  # EncryptedLicenseInfo, MACData
        cls(encrypted_license_info=blob(BlobType.ENCRYPTED_DATA, b"\xdb\xa3"), mac_data=bytes.fromhex(mac)),
    )


def test_new_license_information() -> None:
    raw = bytes.fromhex(
        "00000600"  # dwVersion
        "0e000000 6d6963726f736f66742e636f6d00"  # pbScope = "microsoft.com"
        "04000000 4d000000"  # pbCompanyName = "M"
        "08000000 4100300032000000"  # pbProductId = "A02"
        "02000000 3082"  # pbLicenseInfo
    )
    same(
        raw,
        NewLicenseInformation(
            version=0x00060000, scope="microsoft.com", company_name="M", product_id="A02", license_info=b"\x30\x82"
        ),
    )
    every_truncation_raises(NewLicenseInformation, raw)


def test_certificate_chain() -> None:
    raw = bytes.fromhex("02000000 03000000 308201 02000000 3082") + bytes(8 + 4 * 2)
    chain = X509CertificateChain(cert_blobs=[CertBlob(cert=b"\x30\x82\x01"), CertBlob(cert=b"\x30\x82")])
    same(raw, chain)
    every_truncation_raises(X509CertificateChain, raw[:-16])
    assert X509CertificateChain.decode(raw[:-16]) == chain
    with pytest.raises(InvalidField, match="201 items exceed 200"):
        X509CertificateChain.decode(b"\xc9\0\0\0" + bytes(1000))


def test_unknown_messages_are_kept() -> None:
    raw = bytes.fromhex("77 03 0600 0102")
    unknown = UnknownLicensingMessage(message_type=LicensingMessageType(0x77), data=b"\1\2")
    same(raw, LicensingPdu(message=unknown))
    same(b"\x77\1\2", unknown)


def test_every_type_has_a_message() -> None:
    classes = {value for value in vars(licensing).values() if isinstance(value, type)}
    types = {cls.message_type for cls in classes if issubclass(cls, LicensingMessage) and cls is not LicensingMessage}
    assert types == set(LicensingMessageType)


def test_the_size_of_a_message_is_checked() -> None:
    raw = valid_client().encode()
    # IronRDP counts the four bytes of the security header as well.
    assert LicensingPdu.decode(raw[:2] + b"\x14\0" + raw[4:]) == valid_client()
    with pytest.raises(Truncated, match="needs 17 bytes, 12 left"):
        LicensingPdu.decode(raw[:2] + b"\x15\0" + raw[4:])
    with pytest.raises(Truncated):
        LicensingPdu.decode(raw[:2] + b"\x0f\0" + raw[4:])
    with pytest.raises(InvalidField, match="message size 3"):
        LicensingPdu.decode(raw[:2] + b"\x03\0" + raw[4:])


def test_lists_and_names_have_limits() -> None:
    head = bytes(32) + ProductInformation(version=1, company_name="", product_id="").encode() + bytes(8)
    with pytest.raises(InvalidField, match="257 items exceed 256"):
        LicenseRequest.decode(head + b"\x01\x01\0\0" + bytes(2000))
    with pytest.raises(InvalidField, match="length 1026 exceeds 1024"):
        ProductInformation.decode(bytes(4) + b"\x02\x04\0\0" + bytes(2000))
    with pytest.raises(InvalidField, match="length 1025 exceeds 1024"):
        NewLicenseInformation.decode(bytes(4) + b"\x01\x04\0\0" + bytes(2000))


@pytest.mark.parametrize(("scope", "error"), [("a\0b", "null character"), ("\u20ac", "not ISO 8859-1")])
def test_scopes_that_cannot_be_written(scope: str, error: str) -> None:
    with pytest.raises(EncodeError, match=error):
        Scope(scope=scope).encode()


@given(st.sampled_from(sorted(LicensingMessageType)), st.binary(max_size=120))
def test_any_bytes(kind: int, data: bytes) -> None:
    value_or_error(LicensingPdu, bytes([kind, 3]) + (4 + len(data)).to_bytes(2, "little") + data)
    for cls in (PlatformChallengeResponseData, NewLicenseInformation, X509CertificateChain, Scope, LicenseBinaryBlob):
        value_or_error(cls, data)
