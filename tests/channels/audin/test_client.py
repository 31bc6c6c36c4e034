"""The client's machine of audio input."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.channels.audin import (
    E_FAIL,
    AudinClient,
    AudinClientState,
    Data,
    FormatChange,
    FormatChanged,
    FormatsOffered,
    IncomingData,
    Open,
    OpenReply,
    ProtocolVersion,
    RecordingRequested,
    SoundFormats,
    Version,
)
from trio_rdp.channels.rdpsnd import Ignored, Reply, format_of
from trio_rdp.codecs.audio import Codec, Encoding, PcmFormat
from trio_rdp.wire.errors import LocalProtocolError

CD = format_of(Encoding(Codec.PCM, PcmFormat(44_100, 2)))
PHONE = format_of(Encoding(Codec.PCM, PcmFormat(8000, 1)))
VERSION = Version(version=ProtocolVersion.V1).encode()
FORMATS = SoundFormats(sound_formats=[CD, PHONE]).encode()


def asking(number: int = 0) -> bytes:
    return Open(frames_per_packet=441, initial_format=number, capture_format=CD).encode()


def state_of(client: AudinClient) -> AudinClientState:
    return client.state


def ready() -> AudinClient:
    client = AudinClient()
    client.receive(VERSION)
    client.receive(FORMATS)
    client.name_formats([PHONE, CD])
    return client


def recording() -> AudinClient:
    client = ready()
    client.receive(asking())
    client.accept()
    return client


def test_the_ladder() -> None:
    client = AudinClient()
    assert state_of(client) is AudinClientState.WAIT_VERSION
    assert client.receive(VERSION) == [Reply(Version(version=ProtocolVersion.V2).encode())]
    assert state_of(client) is AudinClientState.WAIT_FORMATS
    assert client.receive(FORMATS) == [FormatsOffered((CD, PHONE))]
    assert state_of(client) is AudinClientState.OFFERED
    # The formats are announced as data are.
    assert client.name_formats([PHONE]) == [IncomingData().encode(), SoundFormats(sound_formats=[PHONE]).encode()]
    assert client.formats == (PHONE,)
    assert state_of(client) is AudinClientState.READY
    assert client.receive(asking()) == [RecordingRequested(PHONE, 441, CD)]
    assert state_of(client) is AudinClientState.ASKED
    assert client.accept() == [FormatChange(new_format=0).encode(), OpenReply(result=0).encode()]
    assert state_of(client) is AudinClientState.RECORDING
    assert client.sound(b"sound") == [IncomingData().encode(), Data(data=b"sound").encode()]


def test_refusing_and_being_asked_again() -> None:
    client = ready()
    client.receive(asking())
    assert client.refuse() == [OpenReply(result=E_FAIL).encode()]
    with pytest.raises(LocalProtocolError, match="READY"):
        client.sound(b"x")
    assert client.receive(asking(1)) == [RecordingRequested(CD, 441, CD)]
    assert client.accept()[0] == FormatChange(new_format=1).encode()


def test_a_format_that_was_not_named() -> None:
    client = ready()
    reply, ignored = client.receive(asking(2))
    assert reply == Reply(OpenReply(result=0x80070057).encode())
    assert ignored == Ignored("sound in format 2 of 2")
    assert state_of(client) is AudinClientState.READY


def test_another_format() -> None:
    client = recording()
    message = FormatChange(new_format=1).encode()
    assert client.receive(message) == [Reply(message), FormatChanged(CD)]
    assert isinstance(client.receive(FormatChange(new_format=2).encode())[0], Ignored)


def test_formats_out_of_thin_air() -> None:
    client = AudinClient()
    client.receive(VERSION)
    client.receive(FORMATS)
    with pytest.raises(LocalProtocolError, match="did not offer"):
        client.name_formats([format_of(Encoding(Codec.PCM, PcmFormat(9000, 1)))])
    client.name_formats([])


def test_out_of_turn() -> None:
    client = AudinClient()
    for call in (client.accept, client.refuse, lambda: client.sound(b"x"), lambda: client.name_formats([])):
        with pytest.raises(LocalProtocolError, match="WAIT_VERSION"):
            call()


@pytest.mark.parametrize(
    "message",
    [FORMATS, asking(), FormatChange(new_format=0).encode(), Data(data=b"x").encode(), b"\x66", b"\x03\0", b""],
)
def test_what_comes_out_of_sequence_is_ignored(message: bytes) -> None:
    client = AudinClient()
    assert isinstance(client.receive(message)[0], Ignored)
    assert state_of(client) is AudinClientState.WAIT_VERSION


def test_the_beginning_is_not_repeated() -> None:
    client = recording()
    for message in (VERSION, FORMATS, OpenReply().encode(), IncomingData().encode()):
        assert isinstance(client.receive(message)[0], Ignored)
    assert state_of(client) is AudinClientState.RECORDING


@given(st.lists(st.binary(max_size=80), max_size=20))
def test_any_bytes(messages: list[bytes]) -> None:
    client = ready()
    for message in messages:
        client.receive(message)
