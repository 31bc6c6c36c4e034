"""The shared vectors of licensing, capabilities, activation and session control, and the captured sessions' share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.conformance.expected import check_fields, plain
from tests.conformance.test_capability_sets import check_set
from tests.shared import Case, capture, captures, cases
from trio_rdp.pdu import (
    activation,
    auto_reconnect,
    autodetect,
    bitmap_codecs,
    capabilities,
    capabilities_basic,
    capabilities_caches,
    capabilities_extensions,
    display_updates,
    error_info,
    finalization,
    heartbeat,
    licensing,
    multitransport,
    session_info,
    share,
    shutdown,
    status_info,
)
from trio_rdp.pdu.gcc_server import ServerCertificate
from trio_rdp.pdu.security import BasicSecurityHeader, SecurityFlags
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import DecodeError, InvalidField
from trio_rdp.wire.pdu import Pdu

_DATA_PDUS: dict[int, type[Pdu]] = {
    cls.pdu_type2: cls
    for cls in (
        finalization.Synchronize,
        finalization.Control,
        finalization.PersistentKeyList,
        finalization.FontList,
        finalization.FontMap,
        shutdown.ShutdownRequest,
        shutdown.ShutdownRequestDenied,
        auto_reconnect.AutoReconnectStatus,
        error_info.SetErrorInfo,
        status_info.StatusInfo,
        session_info.SaveSessionInfo,
        display_updates.RefreshRect,
        display_updates.SuppressOutput,
        display_updates.MonitorLayout,
    )
}
_CONTROL_PDUS: dict[int, type[Pdu]] = {
    cls.pdu_type: cls for cls in (activation.DemandActive, activation.ConfirmActive, activation.DeactivateAll)
}


def _blob(raw: bytes) -> licensing.LicenseBinaryBlob:
    return licensing.LicenseBinaryBlob.decode(raw)


def _check_licensing_pdu(raw: bytes, fields: dict[str, Any]) -> None:
    """A whole message behind its security header."""
    fields = fields.get("value", fields)
    header = fields["license_header"]
    assert BasicSecurityHeader.decode(raw).flags == header["security_header"]["flags"]["value"]
    pdu = licensing.LicensingPdu.decode(raw[4:])
    message = pdu.message
    assert message.message_type == header["preamble_message_type"]["value"]
    assert pdu.flags == header["preamble_flags"]["value"] | header["preamble_version"]["value"]
    encoded = pdu.encode()
    assert licensing.LicensingPdu.decode(encoded) == pdu
    # IronRDP counts the security header in the sizes of some messages.
    ours, theirs = int.from_bytes(encoded[2:4], "little"), header["preamble_message_size"]
    assert theirs - ours in (0, 4)
    assert encoded[:2] + encoded[4:] == raw[4:6] + raw[8:]
    match message:
        case licensing.LicensingErrorMessage():
            assert message.error_code == fields["error_code"]["value"]
            assert message.state_transition == fields["state_transition"]["value"]
            assert message.error_info.blob_data == bytes(fields["error_info"])
        case licensing.PlatformChallenge():
            assert message.encrypted_platform_challenge.blob_data == plain(fields["encrypted_platform_challenge"])
            assert message.mac_data == plain(fields["mac_data"])
        case licensing.PlatformChallengeResponse():
            data = message.encrypted_platform_challenge_response.blob_data
            assert data == plain(fields["encrypted_challenge_response_data"])
            assert message.encrypted_hwid.blob_data == plain(fields["encrypted_hwid"])
            assert message.mac_data == plain(fields["mac_data"])
        case licensing.NewLicense():
            assert message.encrypted_license_info.blob_data == plain(fields["encrypted_license_info"])
            assert message.mac_data == plain(fields["mac_data"])
        case _:
            raise AssertionError(f"no vectors of {message} are known here")


def _check_hardware(raw: bytes, fields: dict[str, Any]) -> None:
    pdu = licensing.ClientHardwareIdentification.decode(raw)
    assert pdu.platform_id == fields["platform_id"]
    assert b"".join(word.to_bytes(4, "little") for word in (pdu.data1, pdu.data2, pdu.data3, pdu.data4)) == plain(
        fields["data"]
    )
    assert pdu.encode() == raw


def _check_license_information(raw: bytes, fields: dict[str, Any]) -> None:
    pdu = licensing.NewLicenseInformation.decode(raw)
    check_fields(pdu, fields)
    assert pdu.encode() == raw


def _check_challenge_data(raw: bytes, fields: dict[str, Any]) -> None:
    pdu = licensing.PlatformChallengeResponseData.decode(raw)
    check_fields(pdu, fields)
    assert pdu.encode() == raw


def _check_scope(raw: bytes, fields: dict[str, Any]) -> None:
    pdu = licensing.Scope.decode(raw)
    assert pdu.scope == fields["value"]
    assert pdu.encode() == raw


def _check_chain(raw: bytes, fields: dict[str, Any]) -> None:
    chain = licensing.X509CertificateChain.decode(raw)
    assert [blob.cert for blob in chain.cert_blobs] == [plain(cert) for cert in fields["certificate_array"]]
    assert chain.encode() == raw


def _check_server_certificate(raw: bytes, fields: dict[str, Any]) -> None:
    certificate = ServerCertificate.decode(raw)
    assert certificate.cert_chain_version == 2
    assert certificate.t is fields["issued_permanently"]
    _check_chain(certificate.cert_data, fields["certificate"]["value"])
    assert certificate.encode() == raw


def _check_blob_header(raw: bytes, fields: dict[str, Any]) -> None:
    blob = _blob(raw.ljust(4 + fields["length"], b"\0"))
    assert blob.blob_type == plain(fields["blob_type"])
    assert len(blob.blob_data) == fields["length"]
    assert blob.encode()[: len(raw)] == raw


_LICENSING_CHECKS: dict[str, Callable[[bytes, dict[str, Any]], None]] = {
    "ClientHardwareIdentification": _check_hardware,
    "LicenseInformation": _check_license_information,
    "PlatformChallengeResponseData": _check_challenge_data,
    "Scope": _check_scope,
    "X509CertificateChain": _check_chain,
    "ServerCertificate": _check_server_certificate,
    "BlobHeader": _check_blob_header,
}


@pytest.mark.parametrize("case", cases("licence-pdu"))
def test_licence_pdu(case: Case) -> None:
    if case.expected.get("invalid"):
        assert case.expected["type"] == "ProductInfo"
        with pytest.raises(DecodeError):
            licensing.ProductInformation.decode(case.input)
        return
    fields = case.expected["fields"]
    _LICENSING_CHECKS.get(fields["_type"], _check_licensing_pdu)(case.input, fields)


def _decode_shared(raw: bytes) -> tuple[share.ShareControlHeader | share.ShareDataHeader, Pdu | None]:
    """One slow-path PDU and what is in it, or None where that belongs to another test."""
    header = share.decode_share(Cursor(raw))
    if isinstance(header, share.ShareDataHeader):
        known = _DATA_PDUS.get(header.pdu_type2)
    else:
        known = _CONTROL_PDUS.get(header.pdu_type)
    return header, None if known is None else known.decode(header.payload)


# Where a Windows server's memory shows in its Demand Active PDU: behind the node id of the Share set, and behind the
# end of the name of the input method.
_WINDOWS_PADDING = {22, 23, *range(290, 338)}


def _check_demand_active(raw: bytes, fields: dict[str, Any]) -> None:
    pdu = activation.DemandActive.decode(raw)
    encoded = pdu.encode()
    assert len(encoded) == len(raw)
    assert {at for at in range(len(raw)) if encoded[at] != raw[at]} <= _WINDOWS_PADDING
    fields = fields["pdu"]
    assert pdu.source_descriptor == fields["source_descriptor"].encode() + b"\0"
    assert pdu.session_id == 0
    assert len(pdu.capability_sets) == len(fields["capability_sets"])
    for ours, theirs in zip(pdu.capability_sets, fields["capability_sets"], strict=True):
        assert isinstance(ours, capabilities.CapabilitySet)
        name, value = theirs["_type"].removeprefix("CapabilitySet::"), theirs["value"]
        if value.get("_type"):
            assert check_set(name, ours.encode(), value) == ours
        else:
            data = bytes.fromhex(value.get("_decoded_from") or value["hex"])
            assert type(ours).decode(data) == ours


def _check_data(header: share.ShareDataHeader, pdu: Pdu | None, fields: dict[str, Any]) -> None:
    assert header.stream_id == fields["stream_priority"]["value"]
    assert header.compressed_type == fields["compression_flags"]["value"] | fields["compression_type"]["value"]
    value = fields["share_data_pdu"]["value"]
    match pdu:
        case finalization.Control():
            check_fields(pdu, value)
        case finalization.Synchronize():
            check_fields(pdu, value, target_user_id="target_user")
        case finalization.FontList():
            check_fields(pdu, value, number="number_fonts", total_number="total_num_fonts", flags="list_flags")
        case finalization.FontMap():
            check_fields(pdu, value, number="number_entries", total_number="total_num_entries", flags="map_flags")
        case _:
            raise AssertionError(f"no vectors of {pdu} are known here")


def _check_share(case: Case) -> None:
    raw, fields = case.input, case.expected["fields"]
    header, pdu = _decode_shared(raw)
    assert header.pdu_source == fields["pdu_source"]
    body = fields["share_control_pdu"]["value"]
    if isinstance(header, share.ShareDataHeader):
        assert header.share_id == fields["share_id"]
        _check_data(header, pdu, body)
    else:
        assert isinstance(pdu, activation.DemandActive)
        assert pdu.share_id == fields["share_id"]
        _check_demand_active(header.payload, body)
    assert pdu is not None
    # A Font Map without a body comes back with one.
    if "header-only" not in case.id and not isinstance(pdu, activation.DemandActive):
        assert pdu.encode() == header.payload
    assert header.encode()[2:] == raw[2:]
    assert type(pdu).decode(pdu.encode()) == pdu


# The others are those of the tests of connection and of input.
_RDP_PDUS = [case for case in cases("rdp-pdu") if "client-info" not in case.id and "fastpath-input" not in case.id]


@pytest.mark.parametrize("case", _RDP_PDUS)
def test_rdp_pdu(case: Case) -> None:
    expected, raw = case.expected, case.input
    kind = expected["type"] if "type" in expected else expected["variants"][0]["variant"]
    if expected.get("invalid"):
        with pytest.raises(DecodeError):
            _decode_shared(raw)
    elif kind.startswith("CapabilitySet"):
        value = capabilities.decode_capability_set(Cursor(raw))
        assert value == capabilities.UnknownCapabilitySet(
            kind=capabilities.CapabilitySetType.BITMAP_CACHE_V3_CODEC_ID, data=b""
        )
        dst = bytearray()
        capabilities.encode_capability_set(dst, value)
        assert dst == raw
    elif kind == "ServerSetErrorInfoPdu":
        pdu = error_info.SetErrorInfo.decode(raw)
        assert pdu.error_info == plain(expected["fields"]["value"])
        assert pdu.error_info is error_info.ErrorInfo.LICENSE_INTERNAL
        assert pdu.encode() == raw
    elif kind == "LicensingErrorMessage":
        _check_licensing_pdu(raw, expected["fields"])
    elif kind == "ServerDemandActive":
        # IronRDP keeps the share id in the header in front.
        _check_demand_active(bytes(4) + raw, expected["fields"])
    elif "decode-short-deactivate-all" in case.id:
        header, deactivate = _decode_shared(raw)
        assert header.encode() == raw
        assert deactivate == activation.DeactivateAll(share_id=0, source_descriptor=b"")
    elif "decode-zero-length-empty-output-update" in case.id:
        update, _ = _decode_shared(raw)
        assert isinstance(update, share.ShareDataHeader)
        assert (update.pdu_type2, update.payload) == (share.PduType2.UPDATE, b"")
    else:
        assert kind == "ShareControlHeader"
        _check_share(case)


@pytest.mark.parametrize("case", cases("save-session-info"))
def test_save_session_info(case: Case) -> None:
    raw, fields = case.input, case.expected["fields"]
    pdu: Pdu
    match fields["_type"]:
        case "LogonInfoExtended":
            pdu = extended = session_info.LogonInfoExtended.decode(raw)
            assert extended.fields_present == fields["present_fields_flags"]["value"]
            assert extended.auto_reconnect_cookie is not None
            assert extended.logon_errors is not None
            check_fields(extended.auto_reconnect_cookie, fields["auto_reconnect"], random_bits="arc_random_bits")
            check_fields(
                extended.logon_errors,
                fields["errors_info"],
                error_type="error_notification_type",
                error_data="error_notification_data",
            )
        case "LogonInfoVersion1":
            pdu = session_info.LogonInfoVersion1.decode(raw)
            check_fields(pdu, fields["logon_info"], domain_name="domain")
        case "SaveSessionInfoPdu":
            pdu = info = session_info.SaveSessionInfo.decode(raw)
            assert info.info_type == fields["info_type"]["value"]
            assert info.info_data == session_info.PlainNotify()
        case other:
            raise AssertionError(f"no such type: {other}")
    assert pdu.encode() == raw


@pytest.mark.parametrize("case", cases("autodetect-pdu"))
def test_autodetect_pdu(case: Case) -> None:
    expected, raw = case.expected, case.input
    if expected.get("invalid"):
        decode = {"AutoDetectRequest": autodetect.decode_request, "AutoDetectResponse": autodetect.decode_response}
        with pytest.raises(DecodeError):
            decode[expected["type"]](raw)
        return
    request = expected["variants"][0]["variant"].startswith("AutoDetectRequest")
    pdu = autodetect.decode_request(raw) if request else autodetect.decode_response(raw)
    names = {
        "RttRequest": "RttMeasureRequest",
        "RttResponse": "RttMeasureResponse",
    }
    variant = expected["variants"][0]["variant"].split("::")[1]
    assert type(pdu).__name__ == names.get(variant, variant)
    ours = {
        "base_rtt_ms": "base_rtt",
        "bandwidth_kbps": "bandwidth",
        "average_rtt_ms": "average_rtt",
        "time_delta_ms": "time_delta",
        "rtt_ms": "rtt",
    }
    for check in expected["checks"]:
        name = check["path"].split(">.")[1]
        value = getattr(pdu, ours.get(name, name))
        assert (list(value) if name == "payload" else value) == check["value"]
    assert pdu.encode() == raw


_KINDS_OF_MESSAGES = (
    SecurityFlags.EXCHANGE_PKT
    | SecurityFlags.TRANSPORT_REQ
    | SecurityFlags.TRANSPORT_RSP
    | SecurityFlags.INFO_PKT
    | SecurityFlags.LICENSE_PKT
    | SecurityFlags.REDIRECTION_PKT
    | SecurityFlags.AUTODETECT_REQ
    | SecurityFlags.AUTODETECT_RSP
    | SecurityFlags.HEARTBEAT
)


def _message(raw: bytes, name: str) -> Pdu:
    """What came on the message channel, if the security header says just that; other flags do not matter."""
    classes: dict[str, tuple[SecurityFlags, type[Pdu]]] = {
        "MultitransportRequestPdu": (SecurityFlags.TRANSPORT_REQ, multitransport.InitiateMultitransportRequest),
        "MultitransportResponsePdu": (SecurityFlags.TRANSPORT_RSP, multitransport.InitiateMultitransportResponse),
    }
    kind, cls = classes[name]
    flags = BasicSecurityHeader.decode(raw).flags
    if flags & _KINDS_OF_MESSAGES != kind:
        raise InvalidField(f"{flags!r} on the message channel")
    return cls.decode(raw[4:])


@pytest.mark.parametrize("case", cases("multitransport-pdu"))
def test_multitransport_pdu(case: Case) -> None:
    expected, raw = case.expected, case.input
    if expected.get("invalid"):
        # A response is no request, and two kinds at once are nothing.
        with pytest.raises(DecodeError):
            _message(raw, expected["type"])
        return
    pdu = _message(raw, expected["type"])
    for check in expected["checks"]:
        assert getattr(pdu, check["path"]) == check["value"]
    assert pdu.encode() == raw[4:]


def _classes() -> Iterator[type[Pdu]]:
    for module in (
        *(share, activation, finalization, shutdown, licensing, error_info, session_info, status_info, heartbeat),
        *(auto_reconnect, autodetect, multitransport, display_updates, bitmap_codecs),
        *(capabilities_basic, capabilities_caches, capabilities_extensions),
    ):
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Pdu) and value.__module__ == module.__name__:
                yield value


_ABSTRACT = (licensing.LicensingMessage, autodetect.AutoDetectRequest, autodetect.AutoDetectResponse)


@pytest.mark.parametrize("case", cases("robustness"))
def test_robustness(case: Case) -> None:
    raw = case.input
    for cls in _classes():
        if cls in _ABSTRACT:
            continue
        try:
            pdu = cls.decode(raw)
        except DecodeError:
            continue
        assert cls.decode(pdu.encode()) == pdu
    for decode in (_decode_shared, autodetect.decode_request, autodetect.decode_response):
        try:
            decode(raw)
        except DecodeError:
            continue


def _send_data(stream: bytes) -> Iterator[tuple[int, bytes]]:
    """Channel id and user data of each MCS Send Data PDU, found by simple slicing."""
    pos, mcs_seen = 0, False
    while pos < len(stream):
        if stream[pos] == 3:
            size = int.from_bytes(stream[pos + 2 : pos + 4], "big")
            packet = stream[pos : pos + size]
            mcs_seen |= packet[5] == 0xF0
            if packet[5] == 0xF0 and packet[7] in (0x64, 0x68):
                yield int.from_bytes(packet[10:12], "big"), packet[15 if packet[13] & 0x80 else 14 :]
        elif stream[pos] == 0x30 and not mcs_seen:  # a TSRequest in DER
            size = stream[pos + 1] + 2
            if size > 0x81:
                octets = size - 0x82
                size = 2 + octets + int.from_bytes(stream[pos + 2 : pos + 2 + octets], "big")
        else:
            size = stream[pos + 1]
            if size & 0x80:
                size = (size & 0x7F) << 8 | stream[pos + 2]
        pos += size


def _check_licensing(data: bytes) -> str:
    pdu = licensing.LicensingPdu.decode(data)
    assert pdu.encode() == data
    assert not isinstance(pdu.message, licensing.UnknownLicensingMessage)
    return type(pdu.message).__name__


# Where xrdp 0.9.21 fills the padding of its Demand Active PDU with what follows from [MS-RDPBCGR] 4.1.12: behind the
# node id of the Share set, and three times in the Order set.
_XRDP_PADDING = {22, 23, 100, 101, 102, 152, 153, 154, 160}


def _check_captured_share(data: bytes) -> Iterator[str]:
    """The names of the PDUs in one MCS Send Data PDU, all of which encode to the same bytes."""
    shares = share.decode_shares(data)
    assert b"".join(header.encode() for header in shares) == data
    for header in shares:
        if isinstance(header, share.ShareDataHeader):
            assert header.pdu_type2.is_known
            if share.CompressionFlags.COMPRESSED in header.compressed_type:
                continue
            known = _DATA_PDUS.get(header.pdu_type2)
        else:
            assert header.pdu_type.is_known
            known = _CONTROL_PDUS.get(header.pdu_type)
        if known is None:
            continue
        pdu = known.decode(header.payload)
        encoded = pdu.encode()
        assert known.decode(encoded) == pdu
        different = {at for at in range(len(encoded)) if encoded[at] != header.payload[at]}
        assert len(encoded) == len(header.payload)
        assert different <= (_XRDP_PADDING if isinstance(pdu, activation.DemandActive) else set())
        yield known.__name__
        if isinstance(pdu, (activation.DemandActive, activation.ConfirmActive)):
            for value in pdu.capability_sets:
                assert value.kind.is_known
                _check_codecs(value)


def _check_codecs(value: capabilities.AnyCapabilitySet) -> None:
    if isinstance(value, bitmap_codecs.BitmapCodecsCapabilitySet):
        for codec in value.supported_bitmap_codecs:
            properties = codec.codec_properties
            # FreeRDP's servers send four zeros, whatever the codec.
            if codec.codec_guid == bitmap_codecs.CODEC_NSCODEC and len(properties) != 4:
                assert bitmap_codecs.NsCodecCapabilitySet.decode(properties).encode() == properties
            elif codec.codec_guid == bitmap_codecs.CODEC_REMOTEFX and len(properties) == 49:
                assert bitmap_codecs.RfxClientCapsContainer.decode(properties).encode() == properties


@pytest.mark.parametrize("name", captures())
def test_captures(name: str) -> None:
    client, server, _ = capture(name)
    found: Counter[str] = Counter()
    for stream in (client, server):
        for channel, data in _send_data(stream):
            if channel != 1003:
                continue
            # Without encryption only these have a security header, and no share header begins like it.
            flags = BasicSecurityHeader.decode(data).flags
            if flags & ~0x0200 == SecurityFlags.LICENSE_PKT:
                found[_check_licensing(data[4:])] += 1
            elif flags != SecurityFlags.INFO_PKT:
                found.update(_check_captured_share(data))
    assert found["DemandActive"] == found["ConfirmActive"] == 1
    assert found["Synchronize"] == 2
    assert found["Control"] == 4
    assert found["FontList"] == found["FontMap"] == 1
    assert found["LicensingErrorMessage"] == 1
    assert found["LicenseRequest"] == found["NewLicenseRequest"] == ("xrdp" in name)
