"""A tiny licensing server, [MS-RDPELE] 3.3: it knows one client's keys and issues one licence."""

from __future__ import annotations

import functools

from cryptography.hazmat.primitives.asymmetric import rsa

from trio_rdp.pdu.licensing import (
    BlobType,
    LicenseBinaryBlob,
    LicenseErrorCode,
    LicenseInformation,
    LicenseRequest,
    LicenseStateTransition,
    LicensingErrorMessage,
    LicensingMessage,
    LicensingPdu,
    NewLicense,
    NewLicenseInformation,
    NewLicenseRequest,
    PlatformChallenge,
    PlatformChallengeResponse,
    PlatformChallengeResponseData,
    ProductInformation,
    Scope,
    UpgradeLicense,
)
from trio_rdp.security.licensing_keys import PREMASTER_SECRET_SIZE, LicensingKeys
from trio_rdp.security.proprietary_certificate import ProprietaryServerCertificate, RsaPublicKeyBlob

SERVER_RANDOM = bytes(range(32))
CHALLENGE = b"challenge!"
LICENSE = b"the licence itself, opaque to clients"


@functools.cache
def _key() -> rsa.RSAPrivateNumbers:
    return rsa.generate_private_key(public_exponent=65537, key_size=1024).private_numbers()


def certificate() -> bytes:
    """The server's proprietary certificate; clients do not look at the signature."""
    numbers = _key().public_numbers
    blob = RsaPublicKeyBlob(pub_exp=numbers.e, modulus=numbers.n).encode()
    return ProprietaryServerCertificate(public_key_blob=blob, signature_blob=bytes(72)).encode()


def _blob(data: bytes, kind: BlobType = BlobType.ENCRYPTED_DATA) -> LicenseBinaryBlob:
    return LicenseBinaryBlob(blob_type=kind, blob_data=data)


class LicensingServer:
    """Speaks the server's lines, and checks the client's."""

    def __init__(self) -> None:
        self.keys: LicensingKeys | None = None
        self.hardware_id = b""

    @staticmethod
    def message(message: LicensingMessage) -> bytes:
        return LicensingPdu(message=message).encode()

    def request(self, server_certificate: bytes | None = None) -> bytes:
        shown = certificate() if server_certificate is None else server_certificate
        return self.message(
            LicenseRequest(
                server_random=SERVER_RANDOM,
                product_info=ProductInformation(version=0x60000, company_name="Example", product_id="A02"),
                key_exchange_list=_blob(b"\1\0\0\0", BlobType.KEY_EXCHANGE_ALGORITHM),
                server_certificate=_blob(shown, BlobType.CERTIFICATE),
                scope_list=[Scope(scope="example.com")],
            )
        )

    def _derive(self, encrypted: LicenseBinaryBlob, client_random: bytes) -> LicensingKeys:
        number = int.from_bytes(encrypted.blob_data, "little")
        opened = pow(number, _key().d, _key().public_numbers.n)
        premaster = opened.to_bytes(PREMASTER_SECRET_SIZE, "little")
        self.keys = LicensingKeys.derive(premaster, client_random, SERVER_RANDOM)
        return self.keys

    def hear_request(self, body: bytes) -> NewLicenseRequest | LicenseInformation:
        """The client asks for a licence, or shows the one that it has."""
        message = LicensingPdu.decode(body).message
        assert isinstance(message, NewLicenseRequest | LicenseInformation)
        keys = self._derive(message.encrypted_pre_master_secret, message.client_random)
        if isinstance(message, LicenseInformation):
            self.hardware_id = keys.crypt(message.encrypted_hwid.blob_data)
            assert keys.is_mac_valid(self.hardware_id, message.mac_data)
        return message

    def challenge(self, *, altered: bool = False) -> bytes:
        assert self.keys is not None
        encrypted = self.keys.crypt(CHALLENGE)
        mac = self.keys.mac(CHALLENGE)
        return self.message(
            PlatformChallenge(encrypted_platform_challenge=_blob(encrypted), mac_data=bytes(16) if altered else mac)
        )

    def hear_response(self, body: bytes) -> None:
        """The client proves that it knows the keys."""
        assert self.keys is not None
        message = LicensingPdu.decode(body).message
        assert isinstance(message, PlatformChallengeResponse)
        data = self.keys.crypt(message.encrypted_platform_challenge_response.blob_data)
        self.hardware_id = self.keys.crypt(message.encrypted_hwid.blob_data)
        assert self.keys.is_mac_valid(data + self.hardware_id, message.mac_data)
        assert PlatformChallengeResponseData.decode(data).challenge == CHALLENGE

    def license(self, *, upgrade: bool = False, altered: bool = False) -> bytes:
        assert self.keys is not None
        information = NewLicenseInformation(
            version=0x60000, scope="example.com", company_name="Example", product_id="A02", license_info=LICENSE
        ).encode()
        kind = UpgradeLicense if upgrade else NewLicense
        mac = bytes(16) if altered else self.keys.mac(information)
        return self.message(kind(encrypted_license_info=_blob(self.keys.crypt(information)), mac_data=mac))

    def alert(self, code: LicenseErrorCode) -> bytes:
        return self.message(
            LicensingErrorMessage(
                error_code=code,
                state_transition=LicenseStateTransition.TOTAL_ABORT,
                error_info=LicenseBinaryBlob(blob_type=BlobType.ERROR),
            )
        )
