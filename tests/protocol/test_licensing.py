from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from tests.protocol.ladder import Ladder
from tests.protocol.licensing_server import LICENSE, LicensingServer, certificate
from tests.protocol.scripted_server import IO, USER, domain, license_valid, licensing, secured, unsecured
from trio_rdp.pdu import mcs
from trio_rdp.pdu.licensing import (
    ClientHardwareIdentification,
    LicenseErrorCode,
    LicenseInformation,
    LicensingMessageType,
    LicensingPdu,
    NewLicenseRequest,
    UnknownLicensingMessage,
)
from trio_rdp.pdu.security import SecurityFlags
from trio_rdp.protocol.licensing import LicenseExchangeSequence, LicensingClient, hardware_id_of
from trio_rdp.protocol.limits import Limits
from trio_rdp.protocol.states import LicenseExchangeState as S
from trio_rdp.wire.errors import DecodeError, LicensingFailed, RemoteProtocolError


class Cache:
    """A `LicenseCache` in memory."""

    def __init__(self, **licenses: bytes) -> None:
        self.licenses = licenses

    def get(self, server_name: str) -> bytes | None:
        return self.licenses.get(server_name)

    def store(self, server_name: str, license: bytes) -> None:  # noqa: A002
        self.licenses[server_name] = license


def counting() -> Callable[[int], bytes]:
    """Random bytes that are none, other ones each time."""
    numbers = itertools.count(1)
    return lambda size: bytes([next(numbers)]) * size


def sequence(cache: Cache | None = None, server_certificate: bytes | None = None) -> LicenseExchangeSequence:
    client = LicensingClient("ad\u00e4", "desk", (1, 2, 3, 4), "server", cache)
    return LicenseExchangeSequence(IO, USER, client, counting(), server_certificate=server_certificate)


def said(frame: bytes) -> bytes:
    return unsecured(frame, SecurityFlags.LICENSE_PKT)


def test_most_servers_want_no_licence() -> None:
    ladder = Ladder(sequence())
    ladder.receives(S.NEW_LICENSE_REQUEST, license_valid())
    assert ladder.machine.state is S.LICENSE_EXCHANGED
    assert ladder.ends() is None


@pytest.mark.parametrize("upgrade", [False, True])
def test_a_new_licence_is_stored(upgrade: bool) -> None:
    cache, server = Cache(), LicensingServer()
    ladder = Ladder(sequence(cache))
    ladder.receives(S.NEW_LICENSE_REQUEST, licensing(server.request()))
    request = server.hear_request(said(ladder.sends(S.PLATFORM_CHALLENGE)))
    assert isinstance(request, NewLicenseRequest)
    assert request.client_user_name.blob_data == b"ad\xe4\0"
    assert request.client_machine_name.blob_data == b"desk\0"
    assert request.client_random == b"\1" * 32
    ladder.receives(S.PLATFORM_CHALLENGE, licensing(server.challenge()))
    server.hear_response(said(ladder.sends(S.UPGRADE_LICENSE)))
    identity = ClientHardwareIdentification.decode(server.hardware_id)
    assert (identity.data1, identity.data2, identity.data3, identity.data4) == (1, 2, 3, 4)
    ladder.receives(S.UPGRADE_LICENSE, licensing(server.license(upgrade=upgrade)))
    assert ladder.ends() is None
    assert cache.licenses == {"server": LICENSE}


def test_a_stored_licence_is_shown() -> None:
    server = LicensingServer()
    ladder = Ladder(sequence(Cache(server=b"stored before")))
    ladder.receives(S.NEW_LICENSE_REQUEST, licensing(server.request()))
    information = server.hear_request(said(ladder.sends(S.PLATFORM_CHALLENGE)))
    assert isinstance(information, LicenseInformation)
    assert information.license_info.blob_data == b"stored before"
    assert ClientHardwareIdentification.decode(server.hardware_id).data4 == 4
    ladder.receives(S.PLATFORM_CHALLENGE, license_valid())
    ladder.ends()


def test_without_a_cache_a_licence_is_only_taken() -> None:
    server = LicensingServer()
    ladder = Ladder(sequence())
    ladder.receives(S.NEW_LICENSE_REQUEST, licensing(server.request()))
    server.hear_request(said(ladder.sends(S.PLATFORM_CHALLENGE)))
    ladder.receives(S.PLATFORM_CHALLENGE, licensing(server.license()))
    ladder.ends()


def test_the_certificate_may_be_the_connections() -> None:
    server = LicensingServer()
    ladder = Ladder(sequence(server_certificate=certificate()))
    ladder.receives(S.NEW_LICENSE_REQUEST, licensing(server.request(b"")))
    server.hear_request(said(ladder.sends(S.PLATFORM_CHALLENGE)))


def test_but_there_must_be_one() -> None:
    ladder = Ladder(sequence())
    ladder.fails(LicensingFailed, "no certificate", S.NEW_LICENSE_REQUEST, licensing(LicensingServer().request(b"")))


def test_a_certificate_that_is_none() -> None:
    ladder = Ladder(sequence())
    body = LicensingServer().request(b"\1\0\0\0")
    ladder.fails(DecodeError, None, S.NEW_LICENSE_REQUEST, licensing(body))


def test_an_altered_challenge() -> None:
    server = LicensingServer()
    ladder = Ladder(sequence())
    ladder.receives(S.NEW_LICENSE_REQUEST, licensing(server.request()))
    server.hear_request(said(ladder.sends(S.PLATFORM_CHALLENGE)))
    frame = licensing(server.challenge(altered=True))
    error = ladder.fails(LicensingFailed, "challenge was altered", S.PLATFORM_CHALLENGE, frame)
    assert isinstance(error, LicensingFailed)
    assert error.code == LicenseErrorCode.INVALID_MAC


def test_an_altered_licence() -> None:
    cache, server = Cache(), LicensingServer()
    ladder = Ladder(sequence(cache))
    ladder.receives(S.NEW_LICENSE_REQUEST, licensing(server.request()))
    server.hear_request(said(ladder.sends(S.PLATFORM_CHALLENGE)))
    frame = licensing(server.license(altered=True))
    ladder.fails(LicensingFailed, "licence was altered", S.PLATFORM_CHALLENGE, frame)
    assert cache.licenses == {}


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (LicenseErrorCode.NO_LICENSE_SERVER, "reaches no licence server"),
        (LicenseErrorCode.INVALID_CLIENT, "does not accept this client"),
        (LicenseErrorCode(0x77), "ended licensing with code 0x77"),
    ],
)
def test_the_server_ends_it(code: LicenseErrorCode, text: str) -> None:
    ladder = Ladder(sequence())
    error = ladder.fails(LicensingFailed, text, S.NEW_LICENSE_REQUEST, licensing(LicensingServer().alert(code)))
    assert isinstance(error, LicensingFailed)
    assert error.code == code


@pytest.mark.parametrize("line", ["challenge", "license"])
def test_without_a_request_there_are_no_keys(line: str) -> None:
    server = LicensingServer()
    other = Ladder(sequence())
    other.receives(S.NEW_LICENSE_REQUEST, licensing(server.request()))
    server.hear_request(said(other.sends(S.PLATFORM_CHALLENGE)))
    body = server.challenge() if line == "challenge" else server.license()
    ladder = Ladder(sequence())
    ladder.fails(RemoteProtocolError, "began without a License Request", S.NEW_LICENSE_REQUEST, licensing(body))


def test_messages_that_nobody_knows() -> None:
    unknown = UnknownLicensingMessage(message_type=LicensingMessageType(0x42), data=b"")
    ladder = Ladder(sequence())
    frame = licensing(LicensingPdu(message=unknown).encode())
    ladder.fails(RemoteProtocolError, "unknown licensing message", S.NEW_LICENSE_REQUEST, frame)


def test_a_server_that_goes_on_and_on() -> None:
    server = LicensingServer()
    ladder = Ladder(sequence())
    ladder.receives(S.NEW_LICENSE_REQUEST, licensing(server.request()))
    for _ in range(15):
        ladder.sends(S.PLATFORM_CHALLENGE)
        ladder.receives(S.PLATFORM_CHALLENGE, licensing(server.request()))
    ladder.sends(S.PLATFORM_CHALLENGE)
    with pytest.raises(RemoteProtocolError, match="without end"):
        ladder.machine.step()
    ladder.is_consumed()


@pytest.mark.parametrize(
    ("frame", "match"),
    [
        (domain(mcs.AttachUserConfirm()), "AttachUserConfirm came instead"),
        (secured(SecurityFlags.INFO_PKT, b"abcd"), "INFO_PKT.* came instead"),
    ],
)
def test_what_comes_instead(frame: bytes, match: str) -> None:
    Ladder(sequence()).fails(RemoteProtocolError, match, S.NEW_LICENSE_REQUEST, frame)


def test_limits_may_be_given() -> None:
    client = LicensingClient("", "", (0, 0, 0, 0), "")
    ladder = Ladder(LicenseExchangeSequence(IO, USER, client, counting(), limits=Limits(connection_steps=1)))
    ladder.receives(S.NEW_LICENSE_REQUEST, licensing(LicensingServer().request()))
    ladder.sends(S.PLATFORM_CHALLENGE)
    ladder.fails(RemoteProtocolError, "more than 1 messages", S.PLATFORM_CHALLENGE, license_valid())


def test_a_hardware_id_stays_the_same() -> None:
    assert hardware_id_of("desk") == hardware_id_of("desk")
    assert hardware_id_of("desk") != hardware_id_of("lap")
    assert all(0 <= part < 1 << 32 for part in hardware_id_of("desk"))
