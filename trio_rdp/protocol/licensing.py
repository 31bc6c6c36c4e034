"""Licensing, [MS-RDPELE] 3.2.5 and [MS-RDPBCGR] 1.3.1.1: a client obtains a licence, a server needs none."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from trio_rdp.pdu.licensing import (
    BlobType,
    ClientHardwareIdentification,
    LicenseBinaryBlob,
    LicenseErrorCode,
    LicenseInformation,
    LicenseRequest,
    LicensingErrorMessage,
    LicensingMessage,
    LicensingPdu,
    NewLicense,
    NewLicenseInformation,
    NewLicenseRequest,
    PlatformChallenge,
    PlatformChallengeResponse,
    PlatformChallengeResponseData,
    UpgradeLicense,
)
from trio_rdp.pdu.mcs import SendDataIndication
from trio_rdp.pdu.security import SecurityFlags
from trio_rdp.protocol.config import LicenseCache
from trio_rdp.protocol.envelopes import Envelopes, open_frame, split_security_header
from trio_rdp.protocol.framing import X224_HINT
from trio_rdp.protocol.handshake import Conversation, Handshake, Machine, Receive, Send, State
from trio_rdp.protocol.limits import Limits
from trio_rdp.protocol.states import LicenseExchangeState
from trio_rdp.security.licensing_keys import (
    PREMASTER_SECRET_SIZE,
    RANDOM_SIZE,
    LicensingKeys,
    encrypt_premaster_secret,
)
from trio_rdp.wire.errors import LicensingFailed, RemoteProtocolError

__all__ = ["LicenseExchangeSequence", "LicensingClient", "hardware_id_of", "obtain_license"]

_PLATFORM_ID = 0x04010000  # CLIENT_OS_ID_WINNT_POST_52 | CLIENT_IMAGE_ID_MICROSOFT: what licence servers know
_MAX_MESSAGES = 16

_TEXTS = {
    LicenseErrorCode.INVALID_SERVER_CERTIFICATE: "the licensing certificate of the server is invalid",
    LicenseErrorCode.NO_LICENSE: "the server finds no licence for this client",
    LicenseErrorCode.INVALID_MAC: "the server found a licensing message altered",
    LicenseErrorCode.INVALID_SCOPE: "the licence is for another scope",
    LicenseErrorCode.NO_LICENSE_SERVER: "the server reaches no licence server",
    LicenseErrorCode.INVALID_CLIENT: "the server does not accept this client",
    LicenseErrorCode.INVALID_PRODUCT_ID: "the licence is for another product",
    LicenseErrorCode.INVALID_MESSAGE_LENGTH: "the server found a licensing message of the wrong length",
}


@dataclass(frozen=True, slots=True)
class LicensingClient:
    """Who asks for a licence."""

    username: str
    machine_name: str
    hardware_id: tuple[int, int, int, int]
    server_name: str
    """Under which licences are cached."""
    cache: LicenseCache | None = None


def hardware_id_of(client_name: str) -> tuple[int, int, int, int]:
    """A hardware id that stays the same for the same client name."""
    digest = hashlib.sha256(client_name.encode()).digest()
    first, second, third, fourth = (int.from_bytes(digest[at : at + 4], "little") for at in range(0, 16, 4))
    return first, second, third, fourth


def obtain_license(
    client: LicensingClient,
    random: Callable[[int], bytes],
    receive: Callable[[State], Handshake[bytes | None]],
    wrap: Callable[[bytes], bytes],
    state_of: Callable[[LicenseExchangeState], State],
    server_certificate: bytes | None = None,
) -> Handshake[None]:
    """Go through the exchange until the server is content, and cache a licence that it issues.

    `receive` gives the next Licensing PDU without its security header, or None when the server goes on without one;
    `wrap` makes the frame of an answer.  Raises `LicensingFailed`.
    """
    keys: LicensingKeys | None = None
    state = LicenseExchangeState.NEW_LICENSE_REQUEST
    for _ in range(_MAX_MESSAGES):
        body = yield from receive(state_of(state))
        if body is None:
            return
        message = LicensingPdu.decode(body).message
        answer: LicensingMessage | None = None
        match message:
            case LicensingErrorMessage(error_code=LicenseErrorCode.STATUS_VALID_CLIENT):
                return
            case LicensingErrorMessage(error_code=code):
                raise LicensingFailed(
                    _TEXTS.get(code, f"the server ended licensing with code {int(code):#x}"), int(code)
                )
            case LicenseRequest():
                answer, keys = _answer_request(client, random, message, server_certificate)
                state = LicenseExchangeState.PLATFORM_CHALLENGE
            case PlatformChallenge():
                answer = _answer_challenge(client, _established(keys), message)
                state = LicenseExchangeState.UPGRADE_LICENSE
            case NewLicense() | UpgradeLicense():
                _store_license(client, _established(keys), message)
                return
            case _:
                raise RemoteProtocolError(f"an unknown licensing message {message.message_type!r}")
        yield Send(state_of(state), wrap(LicensingPdu(message=answer).encode()))
    raise RemoteProtocolError("licensing goes on without end")


def _established(keys: LicensingKeys | None) -> LicensingKeys:
    if keys is None:
        raise RemoteProtocolError("licensing began without a License Request")
    return keys


def _blob(kind: BlobType, data: bytes) -> LicenseBinaryBlob:
    return LicenseBinaryBlob(blob_type=kind, blob_data=data)


def _hardware_id(client: LicensingClient) -> bytes:
    data1, data2, data3, data4 = client.hardware_id
    return ClientHardwareIdentification(
        platform_id=_PLATFORM_ID, data1=data1, data2=data2, data3=data3, data4=data4
    ).encode()


def _answer_request(
    client: LicensingClient,
    random: Callable[[int], bytes],
    request: LicenseRequest,
    server_certificate: bytes | None,
) -> tuple[LicensingMessage, LicensingKeys]:
    certificate = request.server_certificate.blob_data or server_certificate
    if not certificate:
        raise LicensingFailed("the server sent no certificate for licensing")
    client_random, premaster = random(RANDOM_SIZE), random(PREMASTER_SECRET_SIZE)
    keys = LicensingKeys.derive(premaster, client_random, request.server_random)
    encrypted = _blob(BlobType.RANDOM, encrypt_premaster_secret(premaster, certificate))
    cached = client.cache.get(client.server_name) if client.cache is not None else None
    if cached is not None:
        hardware_id = _hardware_id(client)
        information = LicenseInformation(
            platform_id=_PLATFORM_ID,
            client_random=client_random,
            encrypted_pre_master_secret=encrypted,
            license_info=_blob(BlobType.DATA, cached),
            encrypted_hwid=_blob(BlobType.ENCRYPTED_DATA, keys.crypt(hardware_id)),
            mac_data=keys.mac(hardware_id),
        )
        return information, keys
    new_request = NewLicenseRequest(
        platform_id=_PLATFORM_ID,
        client_random=client_random,
        encrypted_pre_master_secret=encrypted,
        client_user_name=_blob(BlobType.CLIENT_USER_NAME, _ansi(client.username)),
        client_machine_name=_blob(BlobType.CLIENT_MACHINE_NAME, _ansi(client.machine_name)),
    )
    return new_request, keys


def _ansi(text: str) -> bytes:
    return text.encode("cp1252", "replace") + b"\0"


def _answer_challenge(
    client: LicensingClient, keys: LicensingKeys, challenge: PlatformChallenge
) -> PlatformChallengeResponse:
    plain = keys.crypt(challenge.encrypted_platform_challenge.blob_data)
    if not keys.is_mac_valid(plain, challenge.mac_data):
        raise LicensingFailed("the server's platform challenge was altered", int(LicenseErrorCode.INVALID_MAC))
    data = PlatformChallengeResponseData(challenge=plain).encode()
    hardware_id = _hardware_id(client)
    return PlatformChallengeResponse(
        encrypted_platform_challenge_response=_blob(BlobType.ENCRYPTED_DATA, keys.crypt(data)),
        encrypted_hwid=_blob(BlobType.ENCRYPTED_DATA, keys.crypt(hardware_id)),
        mac_data=keys.mac(data + hardware_id),
    )


def _store_license(client: LicensingClient, keys: LicensingKeys, message: NewLicense | UpgradeLicense) -> None:
    plain = keys.crypt(message.encrypted_license_info.blob_data)
    if not keys.is_mac_valid(plain, message.mac_data):
        raise LicensingFailed("the server's licence was altered", int(LicenseErrorCode.INVALID_MAC))
    if client.cache is not None:
        client.cache.store(client.server_name, NewLicenseInformation.decode(plain).license_info)


class LicenseExchangeSequence(Machine[LicenseExchangeState, None]):
    """The licensing exchange alone, for who drives a connection by hand: frames in, frames out."""

    _consumed = LicenseExchangeState.CONSUMED
    _done = LicenseExchangeState.LICENSE_EXCHANGED

    def __init__(
        self,
        io_channel_id: int,
        user_channel_id: int,
        client: LicensingClient,
        random: Callable[[int], bytes],
        *,
        limits: Limits | None = None,
        server_certificate: bytes | None = None,
    ) -> None:
        envelopes = Envelopes(False, user_channel_id, io_channel_id)

        def receive(state: State) -> Handshake[bytes | None]:
            pdu = open_frame((yield Receive(state, X224_HINT)))
            if not isinstance(pdu, SendDataIndication):
                raise RemoteProtocolError(f"{type(pdu).__name__} came instead of a licensing message")
            flags, body = split_security_header(pdu.user_data)
            if SecurityFlags.LICENSE_PKT not in flags:
                raise RemoteProtocolError(f"a PDU with {flags!r} came instead of a licensing message")
            return body

        def wrap(message: bytes) -> bytes:
            return envelopes.secured(io_channel_id, SecurityFlags.LICENSE_PKT, message)

        conversation = Conversation(limits or Limits())
        exchange = obtain_license(client, random, receive, wrap, lambda state: state, server_certificate)
        super().__init__(exchange, conversation)
