from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.pdu.autodetect import (
    BandwidthMeasurePayload,
    BandwidthMeasureResults,
    BandwidthMeasureStart,
    BandwidthMeasureStop,
    NetworkCharacteristicsResult,
    NetworkCharacteristicsSync,
    RequestType,
    ResponseType,
    RttMeasureRequest,
    RttMeasureResponse,
    UnknownAutoDetect,
    decode_request,
    decode_response,
)
from trio_rdp.wire.errors import DecodeError, EncodeError, InvalidField, Truncated
from trio_rdp.wire.pdu import Pdu

# headerLength, headerTypeId, sequenceNumber, requestType, and what follows
REQUESTS: list[tuple[str, Pdu]] = [
    ("06 00 0100 0100", RttMeasureRequest(sequence_number=1)),
    ("06 00 0100 0110", RttMeasureRequest(sequence_number=1, request_type=RequestType.RTT_CONNECT_TIME)),
    ("06 00 0200 1400", BandwidthMeasureStart(sequence_number=2)),
    (
        "06 00 0200 1401",
        BandwidthMeasureStart(sequence_number=2, request_type=RequestType.BANDWIDTH_START_LOSSY),
    ),
    (
        "06 00 0200 1410",
        BandwidthMeasureStart(sequence_number=2, request_type=RequestType.BANDWIDTH_START_CONNECT_TIME),
    ),
    ("08 00 0300 0200 0400 aabbccdd", BandwidthMeasurePayload(sequence_number=3, payload=b"\xaa\xbb\xcc\xdd")),
    ("06 00 0400 2904", BandwidthMeasureStop(sequence_number=4)),
    ("06 00 0400 2906", BandwidthMeasureStop(sequence_number=4, request_type=RequestType.BANDWIDTH_STOP_LOSSY)),
    (
        "08 00 0400 2b00 0200 aabb",
        BandwidthMeasureStop(
            sequence_number=4, request_type=RequestType.BANDWIDTH_STOP_CONNECT_TIME, payload=b"\xaa\xbb"
        ),
    ),
    (
        "0e 00 0500 4008 0a000000 14000000",  # baseRTT, averageRTT
        NetworkCharacteristicsResult(sequence_number=5, base_rtt=10, average_rtt=20),
    ),
    (
        "0e 00 0500 8008 e8030000 14000000",  # bandwidth, averageRTT
        NetworkCharacteristicsResult(sequence_number=5, bandwidth=1000, average_rtt=20),
    ),
    (
        "12 00 0500 c008 0a000000 e8030000 14000000",  # all three
        NetworkCharacteristicsResult(sequence_number=5, base_rtt=10, bandwidth=1000, average_rtt=20),
    ),
]

# headerLength, headerTypeId, sequenceNumber, responseType, and what follows
RESPONSES: list[tuple[str, Pdu]] = [
    ("06 01 0100 0000", RttMeasureResponse(sequence_number=1)),
    (
        "0e 01 0400 0b00 e8030000 00100000",  # timeDelta, byteCount
        BandwidthMeasureResults(sequence_number=4, time_delta=1000, byte_count=4096),
    ),
    (
        "0e 01 0400 0300 e8030000 00100000",
        BandwidthMeasureResults(
            sequence_number=4,
            response_type=ResponseType.BANDWIDTH_RESULTS_CONNECT_TIME,
            time_delta=1000,
            byte_count=4096,
        ),
    ),
    ("0e 01 0100 1800 88130000 0f000000", NetworkCharacteristicsSync(sequence_number=1, bandwidth=5000, rtt=15)),
]


@pytest.mark.parametrize(("raw", "request_"), REQUESTS)
def test_requests(raw: str, request_: Pdu) -> None:
    same(bytes.fromhex(raw), request_)
    assert decode_request(bytes.fromhex(raw)) == request_
    every_truncation_raises(type(request_), bytes.fromhex(raw))


@pytest.mark.parametrize(("raw", "response"), RESPONSES)
def test_responses(raw: str, response: Pdu) -> None:
    same(bytes.fromhex(raw), response)
    assert decode_response(bytes.fromhex(raw)) == response
    every_truncation_raises(type(response), bytes.fromhex(raw))


def test_every_type_is_tested() -> None:
    assert {int.from_bytes(bytes.fromhex(raw)[4:6], "little") for raw, _ in REQUESTS} == set(RequestType)
    assert {int.from_bytes(bytes.fromhex(raw)[4:6], "little") for raw, _ in RESPONSES} == set(ResponseType)


def test_directions_are_not_mixed() -> None:
    for raw, pdu in REQUESTS:
        with pytest.raises(InvalidField, match="header type 0x0"):
            decode_response(bytes.fromhex(raw))
        turned = b"\x06\x01" + bytes.fromhex(raw)[2:]
        with pytest.raises(InvalidField, match="header 0x1"):
            type(pdu).decode(turned)
    for raw, pdu in RESPONSES:
        with pytest.raises(InvalidField, match="header type 0x1"):
            decode_request(bytes.fromhex(raw))
        with pytest.raises(InvalidField, match="header 0x0"):
            type(pdu).decode(b"\x06\x00" + bytes.fromhex(raw)[2:])


def test_each_class_refuses_the_types_of_others() -> None:
    with pytest.raises(InvalidField, match="request 0x14"):
        RttMeasureRequest.decode(bytes.fromhex("06 00 0200 1400"))
    with pytest.raises(InvalidField, match="response 0x18"):
        RttMeasureResponse.decode(bytes.fromhex("0e 01 0100 1800 88130000 0f000000"))


def test_unknown_types_are_kept() -> None:
    raw = bytes.fromhex("06 00 0900 ff7f 0102")
    unknown = UnknownAutoDetect(header_type_id=0, sequence_number=9, type=0x7FFF, data=b"\1\2")
    assert decode_request(raw) == unknown
    assert unknown.encode() == raw
    assert decode_response(b"\x06\x01" + raw[2:]) == UnknownAutoDetect.decode(b"\x06\x01" + raw[2:])


def test_malformed_headers() -> None:
    with pytest.raises(InvalidField, match="header of 5 bytes"):
        decode_request(bytes.fromhex("05 00 0100 0100"))
    with pytest.raises(Truncated):
        decode_request(b"\x06\x00\x01")


def test_what_cannot_be_told_is_not_encoded() -> None:
    with pytest.raises(EncodeError, match="base RTT or a bandwidth"):
        NetworkCharacteristicsResult(sequence_number=1, average_rtt=1).encode()
    with pytest.raises(EncodeError, match="brings no payload"):
        BandwidthMeasureStop(sequence_number=1, payload=b"?").encode()
    with pytest.raises(EncodeError):
        BandwidthMeasurePayload(sequence_number=1, payload=bytes(0x10000)).encode()


@given(
    st.integers(0, 0x20),
    st.integers(0, 2),
    st.sampled_from([*RequestType, *ResponseType, 0x1234]),
    st.binary(max_size=20),
)
def test_any_bytes(header_length: int, header_type_id: int, kind: int, rest: bytes) -> None:
    raw = bytes([header_length, header_type_id, 7, 0]) + kind.to_bytes(2, "little") + rest
    for decode in (decode_request, decode_response):
        try:
            pdu = decode(raw)
        except DecodeError:
            continue
        assert decode(pdu.encode()) == pdu
    for cls in {type(pdu) for _, pdu in REQUESTS + RESPONSES}:
        value_or_error(cls, raw)
