"""What both managers of dynamic channels share, client against server."""

from __future__ import annotations

import pytest

from trio_rdp.channels.dynamic.client import DynamicClient
from trio_rdp.channels.dynamic.data import DvcData, DvcDataFirst
from trio_rdp.channels.dynamic.fragmentation import fragments
from trio_rdp.channels.dynamic.multiplexer import Answer, Closed, CreationRequested, Message, Multiplexer
from trio_rdp.channels.dynamic.server import DynamicServer
from trio_rdp.channels.pending import PendingBytes
from trio_rdp.wire.errors import LocalProtocolError


class Pair:
    """A client's and a server's machine; the client takes every channel."""

    def __init__(self, *, pending_bytes: PendingBytes | None = None, max_message: int = 1 << 20) -> None:
        self.ignored: list[str] = []
        self.client = DynamicClient(pending_bytes=pending_bytes, max_message=max_message, ignored=self.ignored.append)
        self.server = DynamicServer(ignored=self.ignored.append)
        self.to_server(self.to_client(self.server.start()))

    def to_client(self, data: bytes) -> list[bytes]:
        """What the client answers."""
        answers = []
        for event in self.client.receive(data):
            if isinstance(event, Answer):
                answers.append(event.data)
            elif isinstance(event, CreationRequested):
                answers.append(self.client.accept(event.channel_id))
        return answers

    def to_server(self, answers: list[bytes]) -> None:
        for data in answers:
            self.server.receive(data)

    def open(self, name: str) -> int:
        channel_id, data = self.server.open(name)
        self.to_server(self.to_client(data))
        return channel_id


@pytest.mark.parametrize("message", [b"", b"hello", bytes(1590), bytes(range(256)) * 100])
def test_messages_both_ways(message: bytes) -> None:
    pair = Pair()
    one, two = pair.open("one"), pair.open("two")
    machines: list[Multiplexer] = [pair.client, pair.server]
    for machine, channel_id in [(machine, channel_id) for machine in machines for channel_id in (one, two)]:
        receive = machine.receive  # type: ignore[attr-defined]
        events = [event for pdu in fragments(channel_id, message) for event in receive(pdu)]
        assert events == [Message(channel_id, message)]
        assert len(machine) == 2
        found = machine.get(channel_id)
        assert found is not None
        assert (found.name, found.is_open) == ("one" if channel_id == one else "two", True)


def test_what_breaks_a_channel_closes_that_channel() -> None:
    pair = Pair(max_message=100)
    one, two = pair.open("one"), pair.open("two")
    answer, closed = pair.client.receive(DvcDataFirst(channel_id=one, length=101, data=b"x").encode())
    assert isinstance(answer, Answer)
    assert closed == Closed(one, "a channel message of 101 bytes exceeds 100")
    assert pair.client.get(one) is None
    assert pair.server.receive(answer.data) == [Closed(one)]
    assert pair.client.receive(DvcData(channel_id=two, data=b"fine").encode()) == [Message(two, b"fine")]


def test_what_is_unfinished_is_limited_for_all_together() -> None:
    pending_bytes = PendingBytes(10)
    pair = Pair(pending_bytes=pending_bytes)
    one, two = pair.open("one"), pair.open("two")
    assert pair.client.receive(DvcDataFirst(channel_id=one, length=20, data=b"sixsix").encode()) == []
    events = pair.client.receive(DvcDataFirst(channel_id=two, length=20, data=b"sixsix").encode())
    assert events[-1] == Closed(two, "unfinished channel messages exceed 10 bytes")
    assert pending_bytes.held == 6
    pair.client.close(one)
    assert pending_bytes.held == 0


def test_data_of_closed_channels_is_passed_over() -> None:
    pair = Pair()
    one = pair.open("one")
    assert pair.server.close(one)
    assert pair.server.close(one) == b""
    assert pair.server.receive(DvcData(channel_id=one, data=b"late").encode()) == []
    assert pair.client.receive(DvcData(channel_id=99, data=b"early").encode()) == []
    assert pair.ignored == ["data on a dynamic channel that is not open"] * 2


def test_there_must_be_a_channel() -> None:
    client = DynamicClient()
    with pytest.raises(LocalProtocolError, match="there is no dynamic channel 3"):
        client.accept(3)
    client.receive(DvcData(channel_id=3, data=b"nobody counts this").encode())


def test_only_a_block_with_bytes_tells_of_the_next_ones() -> None:
    pair = Pair()
    one = pair.open("one")
    pair.client.receive(DvcDataFirst(channel_id=one, length=20, data=b"first").encode())
    assert pair.client.take_continued() is None
    pair.client.receive(DvcData(channel_id=one, data=b"more").encode())
    found = pair.client.get(one)
    assert found is not None
    assert pair.client.take_continued() == (found.reassembler, 4)
    assert pair.client.take_continued() is None
    pair.client.receive(DvcData(channel_id=one, data=b"").encode())
    assert pair.client.take_continued() is None


def test_the_end_of_all_channels_gives_all_bytes_back() -> None:
    pending_bytes = PendingBytes()
    pair = Pair(pending_bytes=pending_bytes)
    for name in ("one", "two"):
        pair.client.receive(DvcDataFirst(channel_id=pair.open(name), length=20, data=b"sixsix").encode())
    assert pending_bytes.held == 12
    pair.client.close_all()
    assert (len(pair.client), pending_bytes.held) == (0, 0)
