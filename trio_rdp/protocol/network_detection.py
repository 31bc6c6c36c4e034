"""Network characteristics detection, [MS-RDPBCGR] 2.2.14 and 3.2.5.3.15: the server asks, the client answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

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
    decode_response,
)
from trio_rdp.protocol.handshake import Conversation, Handshake, Send
from trio_rdp.protocol.states import ServerAcceptorState
from trio_rdp.wire.errors import RemoteProtocolError

__all__ = ["NetworkCharacteristics", "NetworkResponder", "detect_network"]

_R = TypeVar("_R", bound=AutoDetectResponse)
_STATE = ServerAcceptorState.CONNECT_TIME_AUTO_DETECTION
_PAYLOAD = bytes(16_000)  # as much as a fast line carries in a few milliseconds; Windows sends 4 to 64 KB
_MAX_OTHER_MESSAGES = 64


@dataclass(frozen=True, slots=True)
class NetworkCharacteristics:
    """What was measured of the line: milliseconds, and kilobits per second; None where it was not."""

    base_rtt: float | None = None
    average_rtt: float | None = None
    bandwidth: float | None = None

    def told(self, sequence_number: int) -> NetworkCharacteristicsResult | None:
        """What a client is told of this; None where the round trip was not measured."""
        if self.base_rtt is None or self.average_rtt is None:
            return None
        return NetworkCharacteristicsResult(
            sequence_number=sequence_number,
            base_rtt=min(round(self.base_rtt), 0xFFFFFFFF),
            bandwidth=None if self.bandwidth is None else min(round(self.bandwidth), 0xFFFFFFFF),
            average_rtt=min(round(self.average_rtt), 0xFFFFFFFF),
        )


class NetworkResponder:
    """The client's side: answers requests, and remembers what the server says it measured.

    Without a clock (`now` is None) times are answered as zero, which a server takes as "faster than it can measure".
    """

    def __init__(self) -> None:
        self.characteristics: NetworkCharacteristics = NetworkCharacteristics()
        self._is_measuring = False
        self._started: float | None = None
        self._bytes = 0

    @property
    def is_measuring(self) -> bool:
        """Whether a measurement of bandwidth is running, which needs every frame."""
        return self._is_measuring

    def count(self, size: int) -> None:
        """Note bytes that arrived, which a running measurement of bandwidth counts."""
        if self._is_measuring:
            self._bytes += size

    def answer(self, request: AutoDetectRequest | UnknownAutoDetect, now: float | None) -> AutoDetectResponse | None:
        """The response that a request is owed, if any."""
        match request:
            case RttMeasureRequest(sequence_number=number):
                return RttMeasureResponse(sequence_number=number)
            case BandwidthMeasureStart():
                self._is_measuring, self._started, self._bytes = True, now, 0
            case BandwidthMeasurePayload(payload=payload):
                self._bytes += len(payload)
            case BandwidthMeasureStop():
                return self._stop(request, now)
            case NetworkCharacteristicsResult(base_rtt=base_rtt, bandwidth=bandwidth, average_rtt=average_rtt):
                self.characteristics = NetworkCharacteristics(base_rtt, average_rtt, bandwidth)
            case _:
                pass  # a request of a later version of the document
        return None

    def _stop(self, request: BandwidthMeasureStop, now: float | None) -> BandwidthMeasureResults:
        started, self._started, self._is_measuring = self._started, None, False
        elapsed = 0.0 if started is None or now is None else now - started
        is_connecting = request.request_type == RequestType.BANDWIDTH_STOP_CONNECT_TIME
        kind = ResponseType.BANDWIDTH_RESULTS_CONNECT_TIME if is_connecting else ResponseType.BANDWIDTH_RESULTS
        return BandwidthMeasureResults(
            sequence_number=request.sequence_number,
            response_type=kind,
            time_delta=min(max(round(elapsed * 1000), 0), 0xFFFFFFFF),
            byte_count=min(self._bytes + len(request.payload), 0xFFFFFFFF),
        )


def detect_network(
    conversation: Conversation,
    wrap: Callable[[AutoDetectRequest], bytes],
    receive: Callable[[ServerAcceptorState], Handshake[bytes]],
) -> Handshake[NetworkCharacteristics]:
    """The server's side, while connecting: measure the round trip and the bandwidth, and tell the client.

    `wrap` makes the frame of a request, and `receive` gives the next auto-detect response.
    """
    # All at once: a client "immediately" answers the first (3.2.5.14), and a round trip less shows while connecting.
    yield Send(
        _STATE,
        wrap(RttMeasureRequest(sequence_number=1, request_type=RequestType.RTT_CONNECT_TIME))
        + wrap(BandwidthMeasureStart(sequence_number=2, request_type=RequestType.BANDWIDTH_START_CONNECT_TIME))
        + wrap(BandwidthMeasurePayload(sequence_number=3, payload=_PAYLOAD))
        + wrap(
            BandwidthMeasureStop(
                sequence_number=4, request_type=RequestType.BANDWIDTH_STOP_CONNECT_TIME, payload=_PAYLOAD[:1000]
            )
        ),
    )
    asked = conversation.now
    answer = yield from _await_response(receive, RttMeasureResponse, 1)
    rtt = _milliseconds(asked, conversation.now)
    if isinstance(answer, NetworkCharacteristicsSync):
        return _told_by(answer)
    results = yield from _await_response(receive, BandwidthMeasureResults, 4)
    if isinstance(results, NetworkCharacteristicsSync):
        return _told_by(results)
    # Bits per millisecond are kilobits per second; a line too fast for the client's clock counts as one millisecond.
    bandwidth = results.byte_count * 8 / max(results.time_delta, 1)
    found = NetworkCharacteristics(rtt, rtt, bandwidth)
    told = NetworkCharacteristicsResult(
        sequence_number=5, base_rtt=round(rtt), bandwidth=min(round(bandwidth), 0xFFFFFFFF), average_rtt=round(rtt)
    )
    yield Send(_STATE, wrap(told))
    return found


def _told_by(sync: NetworkCharacteristicsSync) -> NetworkCharacteristics:
    """A client that reconnects tells what was found before, "to short-circuit" the detection (2.2.14.2.3)."""
    return NetworkCharacteristics(sync.rtt, sync.rtt, sync.bandwidth)


def _await_response(
    receive: Callable[[ServerAcceptorState], Handshake[bytes]], kind: type[_R], number: int
) -> Handshake[_R | NetworkCharacteristicsSync]:
    for _ in range(_MAX_OTHER_MESSAGES):
        response = decode_response((yield from receive(_STATE)))
        if isinstance(response, NetworkCharacteristicsSync):
            return response
        if isinstance(response, kind) and getattr(response, "sequence_number", None) == number:
            return response
    raise RemoteProtocolError(f"the client sends other responses than the {kind.__name__} it was asked for")


def _milliseconds(start: float | None, end: float | None) -> float:
    return 0.0 if start is None or end is None else max(end - start, 0.0) * 1000
