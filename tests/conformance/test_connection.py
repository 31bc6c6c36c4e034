"""The shared vectors and captures of connecting: BER, PER, X.224, MCS, GCC, Client Info, preconnection."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import hashlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.pdu.laws import value_or_error
from tests.shared import Case, capture, captures, cases
from trio_rdp.pdu import gcc, gcc_client, gcc_server, mcs, x224
from trio_rdp.pdu.auto_reconnect import ClientAutoReconnectPacket
from trio_rdp.pdu.client_info import ClientInfo, CompressionType, ExtendedInfoPacket, InfoFlags, SystemTime
from trio_rdp.pdu.preconnection import Preconnection
from trio_rdp.pdu.redirection import EnhancedSecurityServerRedirection, ServerRedirection
from trio_rdp.pdu.security import BasicSecurityHeader, SecurityExchange, SecurityFlags
from trio_rdp.pdu.tpkt import TpktHeader, wrap
from trio_rdp.wire import ber, per
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import DecodeError
from trio_rdp.wire.fields import Codec, Utf16, Utf16List, Utf16Prefixed, u16, u32
from trio_rdp.wire.pdu import Pdu

# --- encoding rules


@pytest.mark.parametrize("case", cases("ber"))
def test_ber(case: Case) -> None:
    raw = bytes.fromhex(case.params["hex"])
    src, dst, value = Cursor(raw), bytearray(), case.expected.get("value")
    match case.params["production"]:
        case "length":
            assert ber.read_length(src) == value
            ber.write_length(dst, value)
        case "application-tag":
            tag = ber.application(case.expected["tag"])
            assert ber.read_header(src) == (tag, case.expected["length"])
            ber.write_header(dst, tag, case.expected["length"])
        case "sequence-tag":
            assert ber.read_header(src) == (ber.SEQUENCE, case.expected["length"])
            ber.write_header(dst, ber.SEQUENCE, case.expected["length"])
        case "boolean":
            assert ber.read_boolean(src) is value
            ber.write_boolean(dst, value)
        case "integer":
            assert ber.read_integer(src) == value
            ber.write_integer(dst, value)
        case "enumerated":
            assert ber.read_enumerated(src) == value
            ber.write_enumerated(dst, value)
        case "octet-string":
            assert ber.read_octet_string(src).hex() == value
            ber.write_octet_string(dst, bytes.fromhex(value))
        case "domain-parameters":
            parameters = mcs.DomainParameters.decode_from(src)
            names = "maxChannelIds maxUserIds maxTokenIds numPriorities minThroughput maxHeight maxMCSPDUsize"
            expected = [case.expected[name] for name in (*names.split(), "protocolVersion")]
            assert list(dataclasses.astuple(parameters)) == expected
            parameters.encode_into(dst)
        case production:
            raise AssertionError(production)
    assert src.remaining == 0
    assert dst == raw


@pytest.mark.parametrize("case", cases("per"))
def test_per(case: Case) -> None:
    raw = bytes.fromhex(case.params["hex"])
    src, dst, value = Cursor(raw), bytearray(), case.expected["value"]
    match case.params["production"]:
        case "length":
            assert per.read_length(src) == value
            per.write_length(dst, value)
        case "choice":
            assert per.read_choice(src) == value
            per.write_choice(dst, value)
        case "enum":
            assert per.read_enumerated(src, case.expected["count"]) == value
            per.write_enumerated(dst, value, case.expected["count"])
        case "integer":
            assert per.read_integer(src) == value
            per.write_integer(dst, value)
        case "numeric-string":
            assert per.read_numeric_string(src, case.expected["min"]) == value
            per.write_numeric_string(dst, value, case.expected["min"])
        case "object-id":
            assert list(per.read_object_identifier(src)) == value
            per.write_object_identifier(dst, tuple(value))
        case production:
            raise AssertionError(production)
    assert src.remaining == 0
    assert dst == raw


def _der(src: Cursor) -> dict[str, Any]:
    tag = src.peek_u8()
    match tag:
        case ber.INTEGER:
            return {"integer": ber.read_integer(src)}
        case ber.OBJECT_IDENTIFIER:
            return {"oid": ".".join(map(str, ber.read_object_identifier(src)))}
        case ber.PRINTABLE_STRING:
            return {"printable_string": ber.read_text(src)}
        case ber.IA5_STRING:
            return {"ia5_string": ber.read_text(src)}
        case ber.UTC_TIME:
            return {"utc_time": ber.read_utc_time(src)}
        case ber.SEQUENCE:
            body, items = ber.read_element(src, ber.SEQUENCE), []
            while body.remaining:
                items.append(_der(body))
            return {"sequence": items}
    raise AssertionError(tag)


@pytest.mark.parametrize("case", cases("asn1-der"))
def test_der(case: Case) -> None:
    src = Cursor(bytes.fromhex(case.params["hex"]))
    if case.expected.get("invalid"):
        with pytest.raises(DecodeError):
            _der(src)
        return
    expected = dict(case.expected)
    if "utc_time" in expected:
        expected["utc_time"] = datetime.datetime.fromisoformat(expected["utc_time"])
    assert _der(src) == expected


@pytest.mark.parametrize("case", cases("utf16-strings"))
def test_utf16_strings(case: Case) -> None:
    """Lone surrogates are kept, where the source of the vectors tells strict reading from lossy reading.

    What counts is the bytes on the wire: strings without frame, in a fixed field, behind a length, and lists of them.
    """
    raw = bytes.fromhex(case.expected["hex"])
    kind = case.expected["type"]
    codec: Codec = Utf16List(u32) if kind == "MultiSzString" else Utf16Prefixed(u16)
    if case.expected.get("invalid"):
        with pytest.raises(DecodeError):
            codec.decode_from(Cursor(raw))
        return
    if kind == "MultiSzString":
        dst = bytearray()
        codec.encode_into(dst, ["\ud800"])
        assert codec.decode_from(Cursor(raw)) == ["\ud800"]
        assert dst == raw
        return
    if kind == "CbStringNoNull":
        assert Utf16Prefixed(u16, terminated=False).decode_from(Cursor(raw)) == "\ud800"
        return
    text = Utf16(len(raw) + 2).decode_from(Cursor(raw + bytes(2)))
    native = [check["value"] for check in case.expected["checks"] if check["path"] == "to_native()"]
    assert text == (native[0] if native else "\ud800")


# --- X.224, MCS and GCC


@pytest.mark.parametrize("case", cases("mcs-data-framing"))
def test_mcs_data_framing(case: Case) -> None:
    raw, expected = case.input, case.expected
    assert TpktHeader.decode(raw).packet_length == len(raw)
    user_data = x224.unwrap_data(raw[4:])
    pdu = mcs.decode_domain_pdu(user_data)
    assert isinstance(pdu, (mcs.SendDataRequest, mcs.SendDataIndication))
    kind = mcs.SendDataRequest if expected["type"] == "send-data-request" else mcs.SendDataIndication
    assert type(pdu) is kind
    for name in ("channel_id", "initiator", "segmentation"):
        assert getattr(pdu, name) == expected[name]
    assert pdu.data_priority == expected["priority"]
    assert len(pdu.user_data) == expected["data_length"]
    assert hashlib.sha256(pdu.user_data).hexdigest() == expected["data_sha256"]
    assert x224.wrap_data(pdu.encode()) == raw


def _tpdu(variable: bytes) -> bytes:
    """A Connection Request with this behind its fixed part."""
    return bytes((6 + len(variable), 0xE0)) + bytes(5) + variable


def _value(field: Any) -> Any:
    return field["value"] if isinstance(field, dict) else field


def _check_connection_request(pdu: x224.ConnectionRequest, fields: dict[str, Any]) -> None:
    assert pdu.cookie == fields["nego_data"]["value"]["value"]
    assert pdu.rdp_neg_req is not None
    assert pdu.rdp_neg_req.flags == fields["flags"]["value"]
    assert pdu.rdp_neg_req.requested_protocols == fields["protocol"]["value"]
    if fields["correlation_info"] is None:
        assert pdu.rdp_correlation_info is None
    else:
        assert pdu.rdp_correlation_info is not None
        assert pdu.rdp_correlation_info.correlation_id.hex() == fields["correlation_info"]["correlation_id"]["hex"]


@pytest.mark.parametrize("case", cases("x224-pdu"))
def test_x224(case: Case) -> None:
    raw, expected, kind = case.input, case.expected, case.expected["type"]
    checks = {check["path"]: check["value"] for check in expected.get("checks", [])}
    if kind == "X224<ConnectionRequest>":
        assert TpktHeader.decode(raw).packet_length == len(raw)
        with pytest.raises(DecodeError):
            x224.ConnectionRequest.decode(raw[4:])
    elif kind == "Cookie" and expected.get("invalid"):
        with pytest.raises(DecodeError):
            x224.ConnectionRequest.decode(_tpdu(raw))
    elif kind in ("Cookie", "RoutingToken"):
        token = raw.removesuffix(b"\xff\xff")  # what follows there is to be left unread
        request = x224.ConnectionRequest.decode(_tpdu(token))
        assert request.cookie is None
        assert request.routing_token == token[:-2]
        if kind == "RoutingToken":
            assert request.routing_token == b"Cookie: msts=" + checks["0"].encode()
    elif kind == "TpktHeader" and checks:
        assert TpktHeader.decode(raw).packet_length == checks["packet_length"]
        assert raw[4] == checks["li"] == checks["fixed_part_size()"] - 1
        assert x224.tpdu_code(raw[4:]) == checks["code"]["value"] == x224.TpduCode.DATA
        assert x224.Data.decode(raw[4:]).user_data == raw[7:]
    elif kind == "TpktHeader":
        header = TpktHeader.decode(raw)
        assert header.packet_length == expected["fields"]["packet_length"]
        assert header.encode() == raw
    else:
        fields = expected["fields"]["value"]
        pdu: x224.ConnectionRequest | x224.ConnectionConfirm
        if fields["_type"] == "ConnectionRequest":
            pdu = x224.ConnectionRequest.decode(raw[4:])
            _check_connection_request(pdu, fields)
        else:
            assert fields["_type"] == "ConnectionConfirm::Failure"
            pdu = x224.ConnectionConfirm.decode(raw[4:])
            assert pdu.rdp_neg_data == x224.NegotiationFailure(
                failure_code=x224.NegotiationFailureCode(fields["code"]["value"])
            )
        assert wrap(pdu.encode()) == raw


_MCS_NAMES = {"initiator_id": "initiator", "requested_channel_id": "requested"}


@pytest.mark.parametrize("case", cases("mcs-pdu"))
def test_mcs(case: Case) -> None:
    raw, fields = case.input, case.expected["fields"]
    pdu = mcs.decode_domain_pdu(raw)
    if "enum" in fields:
        assert type(pdu).__name__ == fields["enum"]
    else:
        assert type(pdu).__name__ == fields["_type"].replace("DomainPdu", "DomainRequest")
        for name, value in fields.items():
            if name == "user_data":
                assert isinstance(pdu, mcs.SendDataIndication)
                assert pdu.user_data.hex() == value["hex"]
            elif name != "_type":
                assert getattr(pdu, _MCS_NAMES.get(name, name)) == value
    assert pdu.encode() == raw


_CORE_NAMES = {
    "sec_access_sequence": "sas_sequence",
    "keyboard_subtype": "keyboard_sub_type",
    "keyboard_functional_keys_count": "keyboard_function_key",
}


def _check_client_core(pdu: gcc_client.ClientCoreData, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        if name not in ("_type", "optional_data"):
            assert getattr(pdu, _CORE_NAMES.get(name, name)) == _value(value), name
    assert pdu.post_beta2_color_depth is None


def _check_cluster(pdu: gcc_client.ClientClusterData, fields: dict[str, Any]) -> None:
    assert pdu.flags.without(pdu.flags.SERVER_SESSION_REDIRECTION_VERSION_MASK) == fields["flags"]["value"]
    assert pdu.flags.redirection_version - 1 == fields["redirection_version"]["value"]
    assert pdu.redirected_session_id == fields["redirected_session_id"]


def _check_monitors(pdu: gcc_client.ClientMonitorData, fields: dict[str, Any]) -> None:
    expected = [
        {name: _value(value) for name, value in monitor.items() if name != "_type"} for monitor in fields["monitors"]
    ]
    found = [
        {"left": m.left, "top": m.top, "right": m.right, "bottom": m.bottom, "flags": m.flags}
        for m in pdu.monitor_def_array
    ]
    assert found == expected


def _check_channels(pdu: gcc_client.ClientNetworkData, fields: dict[str, Any]) -> None:
    assert [(channel.name, channel.options) for channel in pdu.channel_def_array] == [
        (channel["name"]["value"], channel["options"]["value"]) for channel in fields["channels"]
    ]


def _check_client_security(pdu: gcc_client.ClientSecurityData, fields: dict[str, Any]) -> None:
    assert pdu.encryption_methods == fields["encryption_methods"]["value"]
    assert pdu.ext_encryption_methods == fields["ext_encryption_methods"]


def _check_server_security(pdu: gcc_server.ServerSecurityData, fields: dict[str, Any]) -> None:
    assert pdu.encryption_method == fields["encryption_method"]["value"]
    assert pdu.encryption_level == fields["encryption_level"]["value"]
    assert pdu.server_random is fields["server_random"] is None
    assert (pdu.server_certificate or b"") == bytes(fields["server_cert"])


def _check_server_core(pdu: gcc_server.ServerCoreData, fields: dict[str, Any]) -> None:
    assert pdu.version == fields["version"]["value"]
    assert pdu.client_requested_protocols is fields["optional_data"]["client_requested_protocols"] is None
    assert pdu.early_capability_flags is fields["optional_data"]["early_capability_flags"] is None


def _check_server_network(pdu: gcc_server.ServerNetworkData, fields: dict[str, Any]) -> None:
    assert pdu.mcs_channel_id == fields["io_channel"]
    assert pdu.channel_id_array == fields["channel_ids"]


_GCC: dict[str, tuple[type[Pdu], Any]] = {
    "ClientCoreData": (gcc_client.ClientCoreData, _check_client_core),
    "ClientClusterData": (gcc_client.ClientClusterData, _check_cluster),
    "ClientMonitorData": (gcc_client.ClientMonitorData, _check_monitors),
    "ClientNetworkData": (gcc_client.ClientNetworkData, _check_channels),
    "ClientSecurityData": (gcc_client.ClientSecurityData, _check_client_security),
    "ServerSecurityData": (gcc_server.ServerSecurityData, _check_server_security),
    "ServerCoreData": (gcc_server.ServerCoreData, _check_server_core),
    "ServerNetworkData": (gcc_server.ServerNetworkData, _check_server_network),
}


@pytest.mark.parametrize("case", cases("gcc-blocks"))
def test_gcc_blocks(case: Case) -> None:
    raw, expected = case.input, case.expected
    if expected["type"] == "UserDataHeader":
        assert expected["invalid"]
        with pytest.raises(DecodeError):
            gcc.UserDataBlock.decode(raw)
        return
    cls, check = _GCC[expected["type"]]
    pdu = cls.decode(raw)
    check(pdu, expected["fields"])
    assert pdu.encode() == raw


# --- Client Info and preconnection


@pytest.mark.parametrize("case", cases("client-info"))
def test_client_auto_reconnect(case: Case) -> None:
    if case.expected.get("invalid"):
        with pytest.raises(DecodeError):
            ClientAutoReconnectPacket.decode(case.input)
        return
    packet = ExtendedInfoPacket.decode(bytes.fromhex("0200 0200 0000 0200 0000") + bytes(180) + b"\x1c\0" + case.input)
    assert packet.auto_reconnect_cookie == case.input
    pdu = ClientAutoReconnectPacket.decode(case.input)
    for check in case.expected["checks"]:
        value = check["value"]
        assert getattr(pdu, check["path"]) == (bytes.fromhex(value["hex"]) if isinstance(value, dict) else value)


@pytest.mark.parametrize("case", cases("preconnection-pdu"))
def test_preconnection(case: Case) -> None:
    if case.expected.get("invalid"):
        with pytest.raises(DecodeError):
            Preconnection.decode(case.input)
        return
    fields = case.expected["fields"]
    pdu = Preconnection.decode(case.input)
    assert (pdu.version, pdu.id, pdu.wsz_pcb) == (fields["version"]["value"], fields["id"], fields["v2_payload"])
    assert pdu.encode() == case.input


def _system_time(fields: dict[str, Any]) -> SystemTime:
    value = fields["value"]
    return SystemTime(
        w_month=value["month"]["value"],
        w_day_of_week=value["day_of_week"]["value"],
        w_day=value["day"]["value"],
        w_hour=value["hour"],
        w_minute=value["minute"],
        w_second=value["second"],
        w_milliseconds=value["milliseconds"],
    )


_CLIENT_INFOS = [case for case in cases("rdp-pdu") if case.id == "missing" or "client-info" in case.id]


@pytest.mark.parametrize("case", _CLIENT_INFOS)
def test_client_info(case: Case) -> None:
    expected = case.expected
    raw, fields = bytes.fromhex(expected["hex"]), expected["fields"]
    assert expected["type"] == "ClientInfo"
    pdu = ClientInfo.decode(raw)
    assert pdu.code_page == fields["code_page"]
    assert pdu.flags.without(InfoFlags.COMPRESSION_TYPE_MASK) == fields["flags"]["value"]
    assert pdu.flags.compression_type == CompressionType(fields["compression_type"]["value"])
    credentials = fields["credentials"]
    assert (pdu.user_name, pdu.password) == (credentials["username"], credentials["password"])
    assert pdu.domain == credentials["domain"]
    assert (pdu.alternate_shell, pdu.working_dir) == (fields["alternate_shell"], fields["work_dir"])
    extra, info = pdu.extra_info, fields["extra_info"]
    assert extra is not None
    assert extra.client_address_family == info["address_family"]["value"]
    assert (extra.client_address, extra.client_dir) == (info["address"], info["dir"])
    zone, timezone = extra.client_time_zone, info["optional_data"]["timezone"]
    assert zone is not None
    assert zone.standard_date == _system_time(timezone["standard_date"])
    assert zone.daylight_date == _system_time(timezone["daylight_date"])
    for name in ("bias", "standard_name", "standard_bias", "daylight_name", "daylight_bias"):
        assert getattr(zone, name) == timezone[name]
    assert extra.client_session_id == info["optional_data"]["session_id"]
    assert extra.performance_flags == info["optional_data"]["performance_flags"]["value"]
    assert extra.auto_reconnect_cookie is None
    assert pdu.encode() == raw


# --- inputs that once broke a decoder


_PDUS: list[type[Pdu]] = [
    TpktHeader,
    Preconnection,
    ClientInfo,
    ExtendedInfoPacket,
    BasicSecurityHeader,
    SecurityExchange,
    ServerRedirection,
    EnhancedSecurityServerRedirection,
    x224.ConnectionRequest,
    x224.ConnectionConfirm,
    x224.Data,
    mcs.ConnectInitial,
    mcs.ConnectResponse,
    gcc.ConferenceCreateRequest,
    gcc.ConferenceCreateResponse,
    gcc.UserDataBlock,
    gcc_client.ClientCoreData,
    gcc_client.ClientNetworkData,
    gcc_client.ClientMonitorData,
    gcc_client.ClientMonitorExtendedData,
    gcc_client.ClientGccBlocks,
    gcc_server.ServerSecurityData,
    gcc_server.ServerNetworkData,
    gcc_server.ServerCertificate,
    gcc_server.ProprietaryServerCertificate,
    gcc_server.ServerGccBlocks,
]


@pytest.mark.parametrize("case", cases("robustness"))
def test_robustness(case: Case) -> None:
    for cls in _PDUS:
        value_or_error(cls, case.input)
    with contextlib.suppress(DecodeError):
        pdu = mcs.decode_domain_pdu(case.input)
        assert mcs.decode_domain_pdu(pdu.encode()) == pdu


# --- captures


def _packets(stream: bytes) -> Iterator[bytes]:
    """The TPKT packets of a stream, without the TSRequests and fast-path PDUs between them."""
    pos, mcs_seen = 0, False
    while pos < len(stream):
        if stream[pos] == 3:
            size = int.from_bytes(stream[pos + 2 : pos + 4], "big")
            mcs_seen |= stream[pos + 5] == 0xF0
            yield stream[pos : pos + size]
        elif stream[pos] == 0x30 and not mcs_seen:
            src = Cursor(stream, pos)
            ber.read_element(src, ber.SEQUENCE)
            size = src.pos - pos
        elif stream[pos + 1] & 0x80:
            size = int.from_bytes(stream[pos + 1 : pos + 3], "big") & 0x7FFF
        else:
            size = stream[pos + 1]
        pos += size


def _check(pdu: Pdu, raw: bytes, *, canonical: bool = True) -> None:
    if canonical:
        assert pdu.encode() == raw
    else:
        assert type(pdu).decode(pdu.encode()) == pdu


def _check_basic_settings(user_data: bytes, *, canonical: bool) -> None:
    """Connect Initial or Connect Response, down to each block."""
    initial: mcs.ConnectInitial | mcs.ConnectResponse
    conference: gcc.ConferenceCreateRequest | gcc.ConferenceCreateResponse
    blocks: gcc_client.ClientGccBlocks | gcc_server.ServerGccBlocks
    if user_data[1] == 101:
        initial = mcs.ConnectInitial.decode(user_data)
        conference = gcc.ConferenceCreateRequest.decode(initial.user_data)
        blocks = gcc_client.ClientGccBlocks.decode(conference.user_data)
    else:
        initial = mcs.ConnectResponse.decode(user_data)
        conference = gcc.ConferenceCreateResponse.decode(initial.user_data)
        blocks = gcc_server.ServerGccBlocks.decode(conference.user_data)
        security = blocks.security
        if security.server_certificate:
            certificate = gcc_server.ServerCertificate.decode(security.server_certificate)
            _check(certificate, security.server_certificate)
            _check(gcc_server.ProprietaryServerCertificate.decode(certificate.cert_data), certificate.cert_data)
    assert blocks.unknown == []
    _check(blocks, conference.user_data)
    _check(conference, initial.user_data, canonical=canonical)
    _check(initial, user_data, canonical=canonical)


def _check_domain_pdu(user_data: bytes) -> SecurityFlags | None:
    pdu = mcs.decode_domain_pdu(user_data)
    if not isinstance(pdu, (mcs.SendDataRequest, mcs.SendDataIndication)):
        # rdesktop 1.9 does not write PER in its Erect Domain Request.
        _check(pdu, user_data, canonical=user_data != bytes.fromhex("0400010001"))
        return None
    # Everybody but Windows writes two-byte lengths where one byte would do.
    short = len(pdu.user_data) < 0x80 and user_data[6] >= 0x80
    _check(pdu, user_data, canonical=not short)
    if not isinstance(pdu, mcs.SendDataRequest) or len(pdu.user_data) < 4:
        return None
    header = BasicSecurityHeader.decode(pdu.user_data)
    if header.flags == SecurityFlags.INFO_PKT:
        info = ClientInfo.decode(pdu.user_data[4:])
        assert info.user_name in ("alice", "rdptest", "x", "a", "root")
        assert "Secret" not in repr(info)
        _check(info, pdu.user_data[4:])
    elif header.flags & 0xFF == SecurityFlags.EXCHANGE_PKT:
        _check(SecurityExchange.decode(pdu.user_data[4:]), pdu.user_data[4:])
    return header.flags


@pytest.mark.parametrize("name", captures())
def test_captures(name: str) -> None:
    client, server, _ = capture(name)
    # rdesktop 1.9 and xrdp 0.9.21 write longer lengths and integers than BER and PER want.
    lenient = {"client": name.startswith("rdesktop"), "server": "xrdp" in name}
    infos = 0
    for side, stream in (("client", client), ("server", server)):
        for number, packet in enumerate(_packets(stream)):
            assert TpktHeader.decode(packet).packet_length == len(packet)
            if number == 0:
                negotiation = x224.ConnectionRequest if side == "client" else x224.ConnectionConfirm
                pdu = negotiation.decode(packet[4:])
                assert wrap(pdu.encode()) == packet
                continue
            user_data = x224.unwrap_data(packet[4:])
            if user_data[0] == 0x7F:
                _check_basic_settings(user_data, canonical=not lenient[side])
            else:
                infos += _check_domain_pdu(user_data) == SecurityFlags.INFO_PKT
    assert infos == 1
