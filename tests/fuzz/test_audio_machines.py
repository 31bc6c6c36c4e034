"""Sound and microphone hear nonsense: codecs, machines of both sides, and their faces.

Events or samples, never more than their bound, and only `DecodeError` beside them; the faces stay alive, as the
documents want malformed messages ignored.
"""

from __future__ import annotations

import contextlib
import itertools
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
import trio
import trio.testing

from tests.fuzz.mutation import mutate
from trio_rdp.channels import audin, rdpsnd
from trio_rdp.channels.rdpsnd import AudioFormat, FormatTag, default_formats, encodable_formats, encoding_of
from trio_rdp.codecs import audio
from trio_rdp.codecs.audio import Decoder, Encoder, PcmFormat, can_decode
from trio_rdp.faces.audio.input import AudioInput
from trio_rdp.faces.audio.microphone import Microphone
from trio_rdp.faces.audio.output import AudioOutput
from trio_rdp.faces.audio.playback import AudioPlayback
from trio_rdp.faces.channel_face import ChannelFace
from trio_rdp.protocol.limits import Limits
from trio_rdp.testing import channel_pair
from trio_rdp.wire.errors import DecodeError, RdpError

LIMITS = Limits(audio_waiting=0.2, audio_answers=64)
LONGEST = 5.0  # seconds for what takes milliseconds
MOST_PCM = 64 << 20  # bytes that one wave may become
PHONE = PcmFormat(8000, 1)
PCM = encodable_formats(default_formats(), PHONE)[0]
CD = default_formats()[0]
ODD = AudioFormat(
    format_tag=FormatTag.DVI_ADPCM,
    channels=2,
    samples_per_sec=44_100,
    avg_bytes_per_sec=1,
    block_align=40,
    bits_per_sample=4,
)


def packets(audio_format: AudioFormat) -> list[bytes]:
    """Sound in that format, where it can be encoded here."""
    encoding = encoding_of(audio_format)
    if encoding is None or not audio.can_encode(encoding):
        return [bytes(400)]
    encoder = Encoder(encoding)
    noise = random.Random(1).randbytes(4000 * encoding.pcm.frame_size)
    return encoder.encode(noise) + encoder.flush()


def from_servers() -> list[bytes]:
    """What servers of sound say."""
    formats = default_formats()
    messages = [
        rdpsnd.ServerAudioFormatsAndVersion(version=rdpsnd.ProtocolVersion.WAVE2, snd_formats=formats).encode(),
        rdpsnd.ServerAudioFormatsAndVersion(version=rdpsnd.ProtocolVersion.XP, snd_formats=[CD, ODD]).encode(),
        rdpsnd.Training.carrying(bytes(20), time_stamp=9).encode(),
        rdpsnd.Volume.of(0, 0xFFFF).encode(),
        rdpsnd.Pitch(pitch=0x20000).encode(),
        rdpsnd.Close().encode(),
        rdpsnd.CryptKey(seed=bytes(32)).encode(),
        rdpsnd.WaveEncrypt(time_stamp=1, format_no=0, block_no=1, data=bytes(40)).encode(),
        rdpsnd.UdpWaveLast(total_size=9, time_stamp=1, format_no=0, block_no=1, data=b"sound").encode(),
    ]
    for number, audio_format in enumerate(formats):
        for data in packets(audio_format)[:2]:
            wave = rdpsnd.Wave2(time_stamp=3, format_no=number, block_no=number, audio_time_stamp=5, data=data)
            messages.append(wave.encode())
    messages += [pdu.encode() for pdu in rdpsnd.split_wave(bytes(800), time_stamp=1, format_no=0, block_no=7)]
    return messages


def from_clients() -> list[bytes]:
    """What clients say that take sound."""
    flags = rdpsnd.SoundCapabilities(7)
    return [
        rdpsnd.ClientAudioFormatsAndVersion(flags=flags, version=version, snd_formats=[CD, PCM]).encode()
        for version in (rdpsnd.ProtocolVersion.WAVE2, rdpsnd.ProtocolVersion.XP)
    ] + [
        rdpsnd.ClientAudioFormatsAndVersion(version=rdpsnd.ProtocolVersion.XP, snd_formats=[]).encode(),
        rdpsnd.QualityMode(quality_mode=rdpsnd.Quality.MEDIUM).encode(),
        rdpsnd.TrainingConfirm(time_stamp=0, pack_size=0).encode(),
        *(rdpsnd.WaveConfirm(time_stamp=9, confirmed_block_no=number).encode() for number in range(4)),
    ]


def of_microphones() -> list[bytes]:
    """What either side says of a microphone."""
    return [
        audin.Version(version=audin.ProtocolVersion.V2).encode(),
        audin.SoundFormats(sound_formats=[CD, PCM, ODD]).encode(),
        audin.IncomingData().encode(),
        *(
            audin.Open(frames_per_packet=frames, initial_format=number, capture_format=CD).encode()
            for frames, number in itertools.product((0, 441, 0xFFFFFFFF), (0, 1, 9))
        ),
        *(audin.FormatChange(new_format=number).encode() for number in (0, 1, 0xFFFFFFFF)),
        audin.OpenReply(result=0).encode(),
        audin.OpenReply(result=0x80070005).encode(),
        audin.Data(data=bytes(800)).encode(),
    ]


def sound_server() -> Callable[[bytes], Any]:
    machine = rdpsnd.RdpsndServer([CD, PCM])
    machine.start()

    def receive(message: bytes) -> None:
        machine.receive(message)
        if machine.state is rdpsnd.RdpsndServerState.READY and machine.formats and len(machine.unconfirmed) < 5:
            machine.wave(b"sound", 0, time_stamp=0)
        assert len(machine.unconfirmed) <= 256

    return receive


def microphone_client() -> Callable[[bytes], Any]:
    machine = audin.AudinClient()

    def receive(message: bytes) -> None:
        machine.receive(message)
        match machine.state:
            case audin.AudinClientState.OFFERED:
                machine.name_formats([])
            case audin.AudinClientState.ASKED:
                machine.accept()
            case audin.AudinClientState.RECORDING:
                machine.sound(b"sound")

    return receive


def microphone_server() -> Callable[[bytes], Any]:
    machine = audin.AudinServer([CD, PCM])
    machine.start()

    def receive(message: bytes) -> None:
        machine.receive(message)
        if machine.state is audin.AudinServerState.READY and machine.formats:
            machine.open(0, frames_per_packet=100)

    return receive


MACHINES: dict[str, tuple[Callable[[], Callable[[bytes], Any]], Callable[[], list[bytes]]]] = {
    "sound client": (lambda: rdpsnd.RdpsndClient().receive, from_servers),
    "sound server": (sound_server, from_clients),
    "microphone client": (microphone_client, of_microphones),
    "microphone server": (microphone_server, of_microphones),
}


def conversation(source: random.Random, seeds: list[bytes]) -> Iterator[bytes]:
    """Messages in about their order, some of them spoiled."""
    at = 0
    for _ in range(source.randint(1, 40)):
        at = (at + 1) % len(seeds) if source.random() < 0.6 else source.randrange(len(seeds))
        message = seeds[at]
        if source.random() < 0.3:
            message = mutate(source, message, source.choice(seeds))
        yield message


@pytest.mark.parametrize("name", MACHINES)
def test_machines(name: str) -> None:
    source = random.Random(name)
    make, seeds = MACHINES[name][0], MACHINES[name][1]()
    for _ in range(200):
        receive = make()
        for message in conversation(source, seeds):
            receive(message)


@pytest.mark.parametrize("name", MACHINES)
def test_every_message_cut_at_every_byte(name: str) -> None:
    make, seeds = MACHINES[name][0], MACHINES[name][1]()
    for message in seeds:
        receive = make()
        for size in range(0, len(message), max(1, len(message) // 60)):
            receive(message[:size])


def decode(decoder: Decoder, data: bytes) -> None:
    started = time.monotonic()
    try:
        heard = decoder.decode(data)
    except DecodeError:
        return
    finally:
        assert time.monotonic() - started < LONGEST
    assert len(heard) % decoder.encoding.pcm.frame_size == 0
    assert len(heard) <= MOST_PCM


def spoiled_sound(source: random.Random) -> None:
    """One decoder of any format hears good, spoiled and random packets."""
    formats = [*default_formats(), ODD]
    encoding = encoding_of(source.choice(formats))
    assert encoding is not None
    if not can_decode(encoding):
        return
    decoder = Decoder(encoding)
    good = packets(rdpsnd.format_of(encoding))
    for _ in range(10):
        data = source.choice(good)
        match source.randrange(4):
            case 0:
                data = mutate(source, data, source.choice(good))
            case 1:
                data = source.randbytes(source.randint(0, 2000))
            case 2:
                data = data * source.randint(1, 8)
        decode(decoder, data[: audio.MAX_PACKET])


def test_codecs() -> None:
    source = random.Random("sound")
    for _ in range(60):
        spoiled_sound(source)


def test_the_largest_waves_take_no_time() -> None:
    for audio_format in [*default_formats(), ODD]:
        encoding = encoding_of(audio_format)
        assert encoding is not None
        if can_decode(encoding):
            for filling in (b"\0", b"\xff", b"\x21\x10\x04"):
                decode(Decoder(encoding), filling * (8192 // len(filling)))


async def silence() -> AsyncIterator[bytes]:
    while True:
        await trio.lowlevel.checkpoint()
        yield bytes(320)


async def use_playback(face: AudioPlayback) -> None:
    async for _ in face:
        pass


async def use_output(face: AudioOutput) -> None:
    async with face.open(rate=44_100, channels=2) as stream:
        while True:
            await stream.send(bytes(4000))


async def use_microphone(face: Microphone) -> None:
    await face.feed(silence, rate=8000)


async def use_input(face: AudioInput) -> None:
    async with face.open(rate=8000) as recording:
        async for _ in recording:
            pass


FACES: dict[str, tuple[Callable[[], ChannelFace], Callable[[Any], Any], Callable[[], list[bytes]]]] = {
    "playback": (lambda: AudioPlayback(LIMITS), use_playback, from_servers),
    "output": (lambda: AudioOutput(LIMITS), use_output, from_clients),
    "microphone": (lambda: Microphone(LIMITS), use_microphone, of_microphones),
    "input": (lambda: AudioInput(LIMITS, lambda: None), use_input, of_microphones),
}


async def read(channel: trio.abc.Channel[bytes]) -> None:
    with contextlib.suppress(trio.ClosedResourceError):
        async for _ in channel:
            pass


async def attempt(use: Callable[[Any], Any], face: ChannelFace, scope: trio.CancelScope) -> None:
    with scope, contextlib.suppress(RdpError):
        await use(face)


@pytest.mark.parametrize("name", FACES)
async def test_faces(name: str, caplog: pytest.LogCaptureFixture, autojump_clock: trio.testing.MockClock) -> None:
    source = random.Random(name)
    make, use, seeds = FACES[name]
    messages = seeds()
    for _ in range(30):
        face, scope = make(), trio.CancelScope()
        ours, theirs = channel_pair(messages=64)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(attempt, use, face, scope)
            nursery.start_soon(read, theirs)
            nursery.start_soon(face.run, ours)
            for message in conversation(source, messages):
                try:
                    await theirs.send(message)
                except (trio.BrokenResourceError, trio.ClosedResourceError):
                    break
                if source.random() < 0.2:
                    await trio.sleep(0.1)
            await trio.sleep(0.1)
            scope.cancel()
            await trio.testing.wait_all_tasks_blocked()
            await theirs.aclose()
        assert not face.is_open
    # Only a mistake of ours is an error.
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.mark.fuzz
def test_search(fuzz_seconds: float) -> None:
    number = random.SystemRandom().randrange(2**32)
    source = random.Random(number)
    seeds = {name: make() for name, (_, make) in MACHINES.items()}
    deadline = time.monotonic() + fuzz_seconds
    while time.monotonic() < deadline:
        name = source.choice(list(MACHINES))
        messages = list(conversation(source, seeds[name]))
        receive = MACHINES[name][0]()
        try:
            for message in messages:
                receive(message)
            spoiled_sound(source)
        except Exception as exc:
            raise AssertionError(f"{name}: random seed {number}: {messages}") from exc
