"""Sound: every codec there and back, packets of odd sizes, and bytes that are no sound."""

from __future__ import annotations

import importlib
import math
import random
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.codecs import audio
from trio_rdp.codecs.audio import (
    MAX_PACKET,
    Codec,
    Decoder,
    Encoder,
    Encoding,
    PcmFormat,
    block_frames,
    can_decode,
    can_encode,
    samples_view,
)
from trio_rdp.wire.errors import DecodeError

CD = PcmFormat(44_100, 2)
PHONE = PcmFormat(8000, 1)
ENCODINGS = {
    "PCM": Encoding(Codec.PCM, CD),
    "PCM mono": Encoding(Codec.PCM, PHONE),
    "A-law": Encoding(Codec.ALAW, PHONE),
    "mu-law": Encoding(Codec.MULAW, CD),
    "MS-ADPCM": Encoding(Codec.MS_ADPCM, CD, block_size=2048),
    "MS-ADPCM mono": Encoding(Codec.MS_ADPCM, PcmFormat(22_050, 1), block_size=512),
    "IMA ADPCM": Encoding(Codec.IMA_ADPCM, CD, block_size=2048),
    "IMA ADPCM in small blocks": Encoding(Codec.IMA_ADPCM, PcmFormat(22_050, 1), block_size=128),
    "AAC": Encoding(Codec.AAC, CD),
    "AAC mono": Encoding(Codec.AAC, PcmFormat(48_000, 1), bit_rate=64_000),
    "Opus": Encoding(Codec.OPUS, PcmFormat(48_000, 2)),
    "Opus mono": Encoding(Codec.OPUS, PcmFormat(16_000, 1), bit_rate=32_000),
}
COMPRESSED = [name for name, encoding in ENCODINGS.items() if encoding.codec is not Codec.PCM]
needs_av = pytest.mark.skipif(not audio.is_available(), reason="needs PyAV")


def sine(pcm: PcmFormat, hertz: float = 440, seconds: float = 0.5) -> bytes:
    times = np.arange(round(pcm.rate * seconds)) / pcm.rate
    wave = (12_000 * np.sin(2 * math.pi * hertz * times)).astype("<i2")
    return np.repeat(wave[:, None], pcm.channels, axis=1).tobytes()


def pitch_of(data: bytes, pcm: PcmFormat) -> float:
    """The strongest frequency, in hertz."""
    first = np.frombuffer(data, "<i2").reshape(-1, pcm.channels)[:, 0].astype(float)
    spectrum = np.abs(np.fft.rfft(first * np.hanning(len(first)), 1 << 17))
    return float(np.argmax(spectrum)) * pcm.rate / (1 << 17)


def encoded(encoding: Encoding, pcm: bytes, piece: int = 5000) -> list[bytes]:
    encoder = Encoder(encoding)
    packets = [packet for at in range(0, len(pcm), piece) for packet in encoder.encode(pcm[at : at + piece])]
    return packets + encoder.flush()


@needs_av
@pytest.mark.parametrize("name", ENCODINGS)
def test_there_and_back(name: str) -> None:
    encoding = ENCODINGS[name]
    pcm = encoding.pcm
    packets = encoded(encoding, sine(pcm))
    decoder = Decoder(encoding)
    heard = b"".join(decoder.decode(packet) for packet in packets)
    assert pitch_of(heard, pcm) == pytest.approx(440, abs=2)
    # The packets fill up what the last one leaves, and AAC has silence before.
    assert 0.45 <= pcm.seconds(len(heard)) <= 0.65
    assert np.abs(np.frombuffer(heard, "<i2")).max() == pytest.approx(12_000, rel=0.15)


@needs_av
@pytest.mark.parametrize("name", ENCODINGS)
def test_pieces_do_not_matter(name: str) -> None:
    encoding = ENCODINGS[name]
    pcm = sine(encoding.pcm, seconds=0.2)
    assert encoded(encoding, pcm, 7) == encoded(encoding, pcm, len(pcm))


@needs_av
@pytest.mark.parametrize("name", ENCODINGS)
def test_packets_are_short(name: str) -> None:
    encoder = Encoder(ENCODINGS[name])
    assert 0.01 <= encoder.seconds <= 0.13
    assert encoder.seconds == encoder.frames / encoder.encoding.pcm.rate
    whole = encoder.frames * encoder.encoding.pcm.frame_size
    assert encoder.encode(bytes(whole - 2)) == []
    assert all(len(packet) <= 4096 for packet in encoder.encode(bytes(whole)) + encoder.flush())


@needs_av
def test_packets_of_a_wanted_size() -> None:
    sizes = {name: Encoder(encoding, 4000).frames for name, encoding in ENCODINGS.items()}
    assert sizes["PCM"] == sizes["A-law"] == 4000
    assert sizes["MS-ADPCM"] == 2 * 2036
    assert (sizes["AAC"], sizes["Opus"]) == (1024, 960)
    assert [len(packet) for packet in Encoder(ENCODINGS["A-law"], 100).encode(bytes(500))] == [100, 100]
    assert Encoder(ENCODINGS["MS-ADPCM"], 1).frames == 2036


@needs_av
def test_blocks_of_adpcm() -> None:
    small = ENCODINGS["IMA ADPCM in small blocks"]
    assert block_frames(small) == 249
    assert Encoder(small).frames == 2 * 249
    (packet,) = Encoder(small).encode(bytes(2 * 249 * 2))
    assert len(packet) == 2 * 128
    # Half a block at the end is left out.
    assert len(Decoder(small).decode(packet + bytes(64))) == 2 * 249 * 2
    assert block_frames(ENCODINGS["MS-ADPCM"]) == 2036
    assert block_frames(Encoding(Codec.IMA_ADPCM, CD, block_size=2048)) == 2041
    for size in (0, 4, 16_384):
        assert not can_decode(Encoding(Codec.IMA_ADPCM, CD, block_size=size))
        assert not can_decode(Encoding(Codec.MS_ADPCM, CD, block_size=size))
    assert not can_encode(Encoding(Codec.MS_ADPCM, CD, block_size=2000))


@needs_av
def test_an_encoder_may_be_flushed_and_go_on() -> None:
    encoding = ENCODINGS["Opus"]
    encoder = Encoder(encoding)
    first = encoder.encode(sine(encoding.pcm)) + encoder.flush()
    assert encoder.flush() == []
    second = encoder.encode(sine(encoding.pcm)) + encoder.flush()
    assert first == second


@needs_av
def test_a_decoder_begins_anew() -> None:
    encoding = ENCODINGS["AAC"]
    packets = encoded(encoding, sine(encoding.pcm))
    decoder = Decoder(encoding)
    first = [decoder.decode(packet) for packet in packets]
    decoder.reset()
    assert [decoder.decode(packet) for packet in packets] == first


@needs_av
def test_several_access_units_of_aac_in_one_packet() -> None:
    encoding = ENCODINGS["AAC"]
    packets = encoded(encoding, sine(encoding.pcm, seconds=0.2))
    one = Decoder(encoding)
    assert Decoder(encoding).decode(b"".join(packets)) == b"".join(one.decode(packet) for packet in packets)


@needs_av
def test_opus_of_a_rate_that_it_does_not_have_is_stretched() -> None:
    """As xrdp 0.9.21 sends it: what is said to be 44.1 kHz was encoded as if it were 48 kHz."""
    packets = encoded(ENCODINGS["Opus"], sine(PcmFormat(48_000, 2), hertz=480))
    stretched = Encoding(Codec.OPUS, CD)
    decoder = Decoder(stretched)
    heard = b"".join(decoder.decode(packet) for packet in packets)
    assert pitch_of(heard, CD) == pytest.approx(441, abs=2)
    assert not can_encode(stretched)


@needs_av
def test_aac_of_a_config() -> None:
    encoding = ENCODINGS["AAC"]
    packets = encoded(encoding, sine(encoding.pcm))
    told = Decoder(Encoding(Codec.AAC, CD, config=bytes.fromhex("1210")))
    assert told.decode(packets[1]) == Decoder(encoding).decode(packets[1])
    # FFmpeg knows no rates but those with a number of their own.
    assert not can_decode(Encoding(Codec.AAC, PcmFormat(44_000, 2)))
    assert not can_encode(Encoding(Codec.AAC, PcmFormat(44_000, 2)))


def test_pcm_of_other_widths() -> None:
    values = [-32768, -256, 0, 256, 32512]
    expected = struct.pack("<5h", *values)
    mono = PcmFormat(8000, 1)
    eight = bytes(value // 256 + 128 for value in values)
    assert Decoder(Encoding(Codec.PCM, mono, bits=8)).decode(eight) == expected
    wide = b"".join((value << 8).to_bytes(3, "little", signed=True) for value in values)
    assert Decoder(Encoding(Codec.PCM, mono, bits=24)).decode(wide + b"\1") == expected
    wider = struct.pack("<5i", *(value << 16 for value in values))
    assert Decoder(Encoding(Codec.PCM, mono, bits=32)).decode(wider) == expected
    floats = struct.pack("<5f", -2.0, -1.0, 0.0, 1.0, float("nan"))
    heard = Decoder(Encoding(Codec.FLOAT, mono, bits=32)).decode(floats)
    assert struct.unpack("<5h", heard) == (-32767, -32767, 0, 32767, 0)
    assert not can_decode(Encoding(Codec.PCM, mono, bits=12))
    assert not can_encode(Encoding(Codec.FLOAT, mono, bits=32))
    assert not can_encode(Encoding(Codec.PCM, mono, bits=8))


def test_pcm_ends_with_whole_samples() -> None:
    assert Decoder(Encoding(Codec.PCM, CD)).decode(bytes(10)) == bytes(8)
    encoder = Encoder(Encoding(Codec.PCM, CD))
    assert encoder.encode(bytes(6)) == []
    assert encoder.flush() == [bytes(4)]


@pytest.mark.parametrize(("rate", "channels"), [(999, 1), (192_001, 2), (44_100, 0), (44_100, 9)])
def test_formats_that_make_no_sense(rate: int, channels: int) -> None:
    with pytest.raises(ValueError, match="samples a second"):
        PcmFormat(rate, channels)


def test_encodings_that_are_not_for_here() -> None:
    with pytest.raises(ValueError, match="cannot be decoded"):
        Decoder(Encoding(Codec.PCM, CD, bits=9))
    with pytest.raises(ValueError, match="cannot be encoded"):
        Encoder(Encoding(Codec.OPUS, PcmFormat(48_000, 4)))


def test_arrays_are_taken_as_they_lie() -> None:
    array = np.arange(12, dtype="<i2").reshape(6, 2)
    assert samples_view(array) == array.tobytes()
    assert bytes(samples_view(memoryview(b"1234"))) == b"1234"
    with pytest.raises(TypeError):
        samples_view(array[:, :1])


def test_without_pyav(monkeypatch: pytest.MonkeyPatch) -> None:
    decoder = Decoder(Encoding(Codec.PCM, CD))
    with monkeypatch.context() as patch:
        patch.setattr(audio, "is_available", lambda: True)
        compressed = Decoder(ENCODINGS["A-law"])

    def missing(name: str) -> None:
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr(importlib, "import_module", missing)
    monkeypatch.setattr(audio, "is_available", lambda: False)
    assert decoder.decode(bytes(8)) == bytes(8)
    assert can_encode(ENCODINGS["PCM"])
    for name in COMPRESSED:
        assert not can_decode(ENCODINGS[name])
        assert not can_encode(ENCODINGS[name])
    with pytest.raises(ModuleNotFoundError, match=r"trio-rdp\[audio\]"):
        compressed.decode(b"12")


def test_a_packet_has_its_limit() -> None:
    with pytest.raises(DecodeError, match="exceed"):
        Decoder(Encoding(Codec.PCM, CD)).decode(bytes(MAX_PACKET + 1))


@needs_av
def test_silence_cannot_become_much() -> None:
    with pytest.raises(DecodeError, match="AAC exceed"):
        Decoder(ENCODINGS["AAC"]).decode(bytes(8193))


@needs_av
@pytest.mark.parametrize("name", COMPRESSED)
def test_bytes_that_are_no_sound(name: str) -> None:
    encoding = ENCODINGS[name]
    source = random.Random(name)
    good = encoded(encoding, sine(encoding.pcm, seconds=0.1))
    decoder = Decoder(encoding)
    assert decoder.decode(b"") == b""
    for _ in range(40):
        data = bytearray(source.choice(good))
        for _ in range(source.randint(1, 8)):
            data[source.randrange(len(data))] = source.randrange(256)
        for hostile in (bytes(data[: source.randint(1, len(data))]), source.randbytes(source.randint(1, 600))):
            try:
                heard = decoder.decode(hostile)
            except DecodeError:
                continue
            assert len(heard) % encoding.pcm.frame_size == 0
    # It goes on with what is good.
    assert b"".join(decoder.decode(packet) for packet in good)


@given(st.binary(max_size=200), st.sampled_from([8, 16, 24, 32]), st.integers(1, 8))
def test_any_bytes_are_pcm(data: bytes, bits: int, channels: int) -> None:
    encoding = Encoding(Codec.PCM, PcmFormat(8000, channels), bits=bits)
    assert len(Decoder(encoding).decode(data)) == len(data) // (bits // 8 * channels) * 2 * channels


@needs_av
def test_a_block_of_xrdp_that_is_no_opus() -> None:
    decoder = Decoder(Encoding(Codec.OPUS, CD))
    block = bytes(range(256)) * 32
    assert decoder.decode(block) == block
    with pytest.raises(DecodeError, match="OPUS"):
        decoder.decode(block[:-4])
