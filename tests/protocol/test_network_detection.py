from __future__ import annotations

import pytest

from tests.protocol.ladder import Ladder
from trio_rdp.pdu.autodetect import (
    AutoDetectRequest,
    AutoDetectResponse,
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
)
from trio_rdp.protocol.framing import X224_HINT
from trio_rdp.protocol.handshake import Conversation, Handshake, Receive, State
from trio_rdp.protocol.limits import Limits
from trio_rdp.protocol.network_detection import NetworkCharacteristics, NetworkResponder, detect_network
from trio_rdp.protocol.states import ServerAcceptorState
from trio_rdp.wire.errors import RemoteProtocolError

STATE = ServerAcceptorState.CONNECT_TIME_AUTO_DETECTION
TPKT = b"\x03\x00\x00\x0a"


class TestClient:
    def test_a_round_trip(self) -> None:
        for kind in (RequestType.RTT, RequestType.RTT_CONNECT_TIME):
            request = RttMeasureRequest(sequence_number=9, request_type=kind)
            assert NetworkResponder().answer(request, 1.0) == RttMeasureResponse(sequence_number=9)

    def test_bandwidth_while_connecting(self) -> None:
        responder = NetworkResponder()
        start = BandwidthMeasureStart(sequence_number=1, request_type=RequestType.BANDWIDTH_START_CONNECT_TIME)
        stop = BandwidthMeasureStop(
            sequence_number=3, request_type=RequestType.BANDWIDTH_STOP_CONNECT_TIME, payload=bytes(500)
        )
        assert responder.answer(start, 10.0) is None
        assert responder.answer(BandwidthMeasurePayload(sequence_number=2, payload=bytes(1000)), 10.1) is None
        assert responder.answer(stop, 10.25) == BandwidthMeasureResults(
            sequence_number=3,
            response_type=ResponseType.BANDWIDTH_RESULTS_CONNECT_TIME,
            time_delta=250,
            byte_count=1500,
        )

    def test_bandwidth_of_a_session_is_of_all_that_comes(self) -> None:
        responder = NetworkResponder()
        responder.count(99)  # before the measurement
        responder.answer(BandwidthMeasureStart(sequence_number=1), 0.0)
        responder.count(4000)
        responder.count(2000)
        assert responder.answer(BandwidthMeasureStop(sequence_number=2), 1.0) == BandwidthMeasureResults(
            sequence_number=2, time_delta=1000, byte_count=6000
        )
        responder.count(99)
        assert responder.answer(BandwidthMeasureStop(sequence_number=3), 2.0) == BandwidthMeasureResults(
            sequence_number=3, time_delta=0, byte_count=6000
        )

    @pytest.mark.parametrize(("start", "stop"), [(None, None), (None, 5e5), (5.0, None), (5.0, 4.0)])
    def test_without_a_clock_no_time_passes(self, start: float | None, stop: float | None) -> None:
        responder = NetworkResponder()
        responder.answer(BandwidthMeasureStart(sequence_number=1), start)
        responder.count(7)
        results = responder.answer(BandwidthMeasureStop(sequence_number=2), stop)
        assert results == BandwidthMeasureResults(sequence_number=2, time_delta=0, byte_count=7)

    def test_numbers_stay_within_their_fields(self) -> None:
        responder = NetworkResponder()
        responder.answer(BandwidthMeasureStart(sequence_number=1), 0.0)
        responder.count(1 << 40)
        results = responder.answer(BandwidthMeasureStop(sequence_number=2), 1e9)
        assert results == BandwidthMeasureResults(sequence_number=2, time_delta=0xFFFFFFFF, byte_count=0xFFFFFFFF)
        assert results.encode()

    def test_what_the_server_found_is_remembered(self) -> None:
        responder = NetworkResponder()
        assert responder.characteristics == NetworkCharacteristics()
        told = NetworkCharacteristicsResult(sequence_number=1, base_rtt=5, bandwidth=1000, average_rtt=6)
        assert responder.answer(told, None) is None
        assert responder.characteristics == NetworkCharacteristics(base_rtt=5, average_rtt=6, bandwidth=1000)

    def test_unknown_requests_get_no_answer(self) -> None:
        unknown = UnknownAutoDetect(header_type_id=0, sequence_number=1, type=0x7777)
        assert NetworkResponder().answer(unknown, None) is None


class TestServer:
    def ladder(self, limits: Limits | None = None) -> Ladder:
        self.asked: list[AutoDetectRequest | UnknownAutoDetect] = []
        conversation = Conversation(limits or Limits())

        def wrap(request: AutoDetectRequest) -> bytes:
            self.asked.append(decode_request(request.encode()))
            return b"%d," % len(self.asked)

        def receive(state: State) -> Handshake[bytes]:
            frame = yield Receive(state, X224_HINT)
            return frame[len(TPKT) :]

        return Ladder.of(detect_network(conversation, wrap, receive), conversation)

    def answers(self, ladder: Ladder, response: AutoDetectResponse, now: float | None = None) -> None:
        body = response.encode()
        ladder.receives(STATE, b"\x03\x00" + (4 + len(body)).to_bytes(2, "big") + body, now=now)

    def test_the_server_measures_and_tells(self) -> None:
        ladder = self.ladder()
        ladder.machine._conversation.now = 0.0
        assert ladder.sends(STATE) == b"1,2,3,4,"
        rtt, start, payload, stop = self.asked
        assert rtt == RttMeasureRequest(sequence_number=1, request_type=RequestType.RTT_CONNECT_TIME)
        assert isinstance(start, BandwidthMeasureStart)
        assert isinstance(payload, BandwidthMeasurePayload)
        assert isinstance(stop, BandwidthMeasureStop)
        results = BandwidthMeasureResults(
            sequence_number=4,
            response_type=ResponseType.BANDWIDTH_RESULTS_CONNECT_TIME,
            time_delta=2,
            byte_count=17_000,
        )
        self.answers(ladder, RttMeasureResponse(sequence_number=1), now=0.02)
        self.answers(ladder, results)
        assert ladder.sends(STATE) == b"5,"
        told = self.asked[-1]
        assert isinstance(told, NetworkCharacteristicsResult)
        assert told.bandwidth == 68_000  # 17,000 bytes in 2 ms are 68,000 bits a millisecond
        assert ladder.ends().bandwidth == 68_000

    def test_other_answers_are_passed_over(self) -> None:
        ladder = self.ladder()
        ladder.sends(STATE)
        self.answers(ladder, RttMeasureResponse(sequence_number=7))
        self.answers(ladder, RttMeasureResponse(sequence_number=1))
        # Faster than the client's clock can tell.
        self.answers(ladder, BandwidthMeasureResults(sequence_number=4, time_delta=0, byte_count=0xFFFFFFFF))
        ladder.sends(STATE)
        found = ladder.ends()
        assert found == NetworkCharacteristics(0.0, 0.0, 0xFFFFFFFF * 8.0)

    @pytest.mark.parametrize("answers_first", [False, True])
    def test_a_client_that_reconnects_tells_what_it_knows(self, answers_first: bool) -> None:
        ladder = self.ladder()
        ladder.sends(STATE)
        if answers_first:
            self.answers(ladder, RttMeasureResponse(sequence_number=1))
        self.answers(ladder, NetworkCharacteristicsSync(sequence_number=1, bandwidth=5000, rtt=30))
        assert ladder.ends() == NetworkCharacteristics(30, 30, 5000)

    def test_but_not_for_ever(self) -> None:
        ladder = self.ladder()
        ladder.sends(STATE)
        for _ in range(63):
            self.answers(ladder, RttMeasureResponse(sequence_number=7))
        with pytest.raises(RemoteProtocolError, match="other responses than the RttMeasureResponse"):
            self.answers(ladder, RttMeasureResponse(sequence_number=7))
        ladder.is_consumed()
