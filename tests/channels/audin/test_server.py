"""The server's machine of audio input, and both machines together."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.channels.audin.test_client import CD, FORMATS, PHONE, VERSION
from trio_rdp.channels.audin import (
    AudinClient,
    AudinServer,
    AudinServerState,
    Data,
    FormatChange,
    FormatChanged,
    FormatsNamed,
    IncomingData,
    Open,
    OpenReply,
    ProtocolVersion,
    RecordingRefused,
    RecordingStarted,
    SoundFormats,
    SoundReceived,
    Version,
)
from trio_rdp.channels.rdpsnd import Ignored, Reply
from trio_rdp.wire.errors import LocalProtocolError

ACCEPTED = OpenReply(result=0).encode()


def state_of(server: AudinServer) -> AudinServerState:
    return server.state


def ready() -> AudinServer:
    server = AudinServer([CD, PHONE])
    server.start()
    server.receive(VERSION)
    server.receive(FORMATS)
    return server


def recording() -> AudinServer:
    server = ready()
    server.open(0, frames_per_packet=441)
    server.receive(FormatChange(new_format=0).encode())
    server.receive(ACCEPTED)
    return server


def test_the_ladder() -> None:
    server = AudinServer([CD, PHONE])
    assert state_of(server) is AudinServerState.IDLE
    assert server.start() == Version(version=ProtocolVersion.V2).encode()
    assert server.receive(VERSION) == [Reply(FORMATS)]
    assert server.receive(IncomingData().encode()) == []
    assert server.receive(SoundFormats(sound_formats=[PHONE]).encode()) == [FormatsNamed((PHONE,))]
    assert server.formats == (PHONE,)
    opening = Open.decode(server.open(0, frames_per_packet=160))
    assert opening == Open(frames_per_packet=160, initial_format=0, capture_format=PHONE)
    assert state_of(server) is AudinServerState.WAIT_REPLY
    assert server.receive(FormatChange(new_format=0).encode()) == []
    assert server.receive(ACCEPTED) == [RecordingStarted(PHONE)]
    assert server.receive(IncomingData().encode()) == []
    assert server.receive(Data(data=b"sound").encode()) == [SoundReceived(PHONE, b"sound")]


def test_refused_and_asked_again() -> None:
    server = ready()
    server.open(1, frames_per_packet=1, capture_format=CD)
    assert server.receive(OpenReply(result=0x80004005).encode()) == [RecordingRefused(0x80004005)]
    assert isinstance(server.receive(Data(data=b"x").encode())[0], Ignored)
    server.open(0, frames_per_packet=1)
    assert server.receive(ACCEPTED) == [RecordingStarted(CD)]


def test_another_format() -> None:
    server = recording()
    assert server.change_format(1) == FormatChange(new_format=1).encode()
    # Until the client confirms, it is the old one.
    assert server.receive(Data(data=b"a").encode()) == [SoundReceived(CD, b"a")]
    assert server.receive(FormatChange(new_format=1).encode()) == [FormatChanged(PHONE)]
    assert server.receive(Data(data=b"b").encode()) == [SoundReceived(PHONE, b"b")]
    assert isinstance(server.receive(FormatChange(new_format=2).encode())[0], Ignored)
    with pytest.raises(LocalProtocolError, match="format 2 of 2"):
        server.change_format(2)


def test_out_of_turn() -> None:
    server = AudinServer([CD])
    calls: list[Callable[[], object]] = [partial(server.open, 0, frames_per_packet=1), partial(server.change_format, 0)]
    for call in calls:
        with pytest.raises(LocalProtocolError, match="IDLE"):
            call()
    server.start()
    with pytest.raises(LocalProtocolError, match="WAIT_VERSION"):
        server.start()
    server = ready()
    with pytest.raises(LocalProtocolError, match="format 7 of 2"):
        server.open(7, frames_per_packet=1)


@pytest.mark.parametrize(
    "message",
    [FORMATS, Data(data=b"x").encode(), ACCEPTED, FormatChange(new_format=0).encode(), b"\x66", b"\x02\0", b""],
)
def test_what_comes_out_of_sequence_is_ignored(message: bytes) -> None:
    server = AudinServer([CD])
    server.start()
    assert isinstance(server.receive(message)[0], Ignored)
    assert state_of(server) is AudinServerState.WAIT_VERSION


def test_a_change_before_anything_was_opened_is_ignored() -> None:
    assert isinstance(ready().receive(FormatChange(new_format=1).encode())[0], Ignored)


def test_both_machines() -> None:
    server, client = AudinServer([CD, PHONE]), AudinClient()
    (version,) = client.receive(server.start())
    assert isinstance(version, Reply)
    (offer,) = server.receive(version.message)
    assert isinstance(offer, Reply)
    client.receive(offer.message)
    for message in client.name_formats([PHONE]):
        server.receive(message)
    client.receive(server.open(0, frames_per_packet=160))
    assert [event for message in client.accept() for event in server.receive(message)] == [RecordingStarted(PHONE)]
    heard = [event for message in client.sound(b"sound") for event in server.receive(message)]
    assert heard == [SoundReceived(PHONE, b"sound")]


@given(st.lists(st.binary(max_size=80), max_size=20))
def test_any_bytes(messages: list[bytes]) -> None:
    server = recording()
    for message in messages:
        server.receive(message)
