"""Sound: PCM in its widths, and through PyAV AAC, Opus, MS-ADPCM, IMA ADPCM and G.711, decoded and encoded.

Whatever comes in or goes out is PCM of signed 16 bits, little-endian, channels in turn; a `PcmFormat` says the rest.
PyAV comes with the extra `audio`; it is imported at the first packet of a codec that needs it.
"""

from __future__ import annotations

import enum
import importlib
import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from trio_rdp.wire.errors import DecodeError, InvalidField

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples: TypeAlias = bytes | bytearray | memoryview | NDArray[np.int16]
else:
    Samples = object

__all__ = [
    "AAC_FRAMES",
    "MAX_CHANNELS",
    "MAX_PACKET",
    "MAX_RATE",
    "MIN_RATE",
    "OPUS_RATES",
    "Codec",
    "Decoder",
    "Encoder",
    "Encoding",
    "PcmFormat",
    "Samples",
    "block_frames",
    "can_decode",
    "can_encode",
    "is_available",
    "samples_view",
]

MIN_RATE: Final = 1000
MAX_RATE: Final = 192_000
MAX_CHANNELS: Final = 8
MAX_PACKET: Final = 0xFFFF
"""Bytes of encoded sound that are decoded at once: what one wave of a remote desktop holds."""

OPUS_RATES: Final = (8000, 12_000, 16_000, 24_000, 48_000)
AAC_FRAMES: Final = 1024

# An access unit of AAC has at most 6144 bits a channel; eight small ones may come together.  Silence is coded in few
# bytes, so this is also what bounds how much PCM a packet can become: some 5 MB.
_MAX_AAC = 8192
_BLOCK_SIZES = [1 << power for power in range(5, 14)]  # FFmpeg's encoders of ADPCM take no others
_PIECE = 0.02  # seconds of sound in a packet of those codecs that leave it open
_XRDP_BLOCK: Final = 8192
"""Bytes that xrdp (0.9.21) now and then sends as they are, labelled Opus: its buffer for PCM, at its size of before."""


@dataclass(frozen=True, slots=True)
class PcmFormat:
    """Samples of signed 16 bits, little-endian: `rate` a second, of `channels` in turn."""

    rate: int = 44_100
    channels: int = 2

    def __post_init__(self) -> None:
        if not (MIN_RATE <= self.rate <= MAX_RATE and 1 <= self.channels <= MAX_CHANNELS):
            raise ValueError(f"{self.rate} samples a second of {self.channels} channels")

    @property
    def frame_size(self) -> int:
        """Bytes of one sample of every channel."""
        return 2 * self.channels

    def seconds(self, size: int) -> float:
        """How long so many bytes last."""
        return size / (self.frame_size * self.rate)


class Codec(enum.Enum):
    """How sound is encoded; the values are FFmpeg's names, but for those that need no FFmpeg."""

    PCM = "PCM"
    FLOAT = "float"
    ALAW = "pcm_alaw"
    MULAW = "pcm_mulaw"
    MS_ADPCM = "adpcm_ms"
    IMA_ADPCM = "adpcm_ima_wav"
    AAC = "aac"
    OPUS = "opus"


@dataclass(frozen=True, slots=True)
class Encoding:
    """A codec and what it has to be told.

    `bits` are those of a sample in PCM, `block_size` is in bytes for ADPCM, `bit_rate` for encoding AAC and Opus, and
    `config` an AudioSpecificConfig of AAC (plain AAC-LC is assumed without).  The rate of Opus is one of `OPUS_RATES`;
    with any other, what was encoded at 48 kHz is called by that rate, which stretches it.
    """

    codec: Codec
    pcm: PcmFormat
    bits: int = 16
    block_size: int = 0
    bit_rate: int = 96_000
    config: bytes = b""


def samples_view(pcm: Samples) -> memoryview:
    """The bytes of PCM, whatever holds them; raises `TypeError` where an array's do not lie in one piece."""
    return memoryview(cast("Any", pcm)).cast("B")


def is_available() -> bool:
    """Whether PyAV is installed; it is not imported."""
    return importlib.util.find_spec("av") is not None


def can_decode(encoding: Encoding) -> bool:
    """Whether `Decoder` takes it, on this machine."""
    match encoding.codec:
        case Codec.PCM:
            return encoding.bits in (8, 16, 24, 32)
        case Codec.FLOAT:
            return encoding.bits == 32
        case Codec.MS_ADPCM | Codec.IMA_ADPCM if block_frames(encoding) < 2:
            return False
        case Codec.AAC if encoding.pcm.rate not in _AAC_RATES:
            return False
    return encoding.pcm.channels <= 2 and is_available()


def can_encode(encoding: Encoding) -> bool:
    """Whether `Encoder` takes it, on this machine."""
    pcm = encoding.pcm
    match encoding.codec:
        case Codec.PCM:
            return encoding.bits == 16
        case Codec.FLOAT:
            return False
        case Codec.MS_ADPCM | Codec.IMA_ADPCM if encoding.block_size not in _BLOCK_SIZES or block_frames(encoding) < 2:
            return False
        case Codec.OPUS if pcm.rate not in OPUS_RATES:
            return False
        case Codec.AAC if pcm.rate not in _AAC_RATES:
            return False
    return pcm.channels <= 2 and is_available()


def block_frames(encoding: Encoding) -> int:
    """How many samples of each channel a block of ADPCM has; below 2 where it is too small, or too large.

    Real ones have 256 to 4096 bytes; many small ones in one wave would take long to decode.
    """
    channels, size = encoding.pcm.channels, encoding.block_size
    if not _BLOCK_SIZES[0] <= size <= _BLOCK_SIZES[-1]:
        return 0
    if encoding.codec is Codec.MS_ADPCM:
        return (size - 7 * channels) * 2 // channels + 2 if size > 7 * channels else 0
    # Each channel has 4 bytes of header, the first sample among them, then 4 bytes for every 8 samples.
    return (size - 4 * channels) // (4 * channels) * 8 + 1


_AAC_RATES = (96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000, 7350)
_ADPCM = (Codec.MS_ADPCM, Codec.IMA_ADPCM)


def _import_av() -> Any:
    try:
        return importlib.import_module("av")
    except ModuleNotFoundError as exc:
        raise ModuleNotFoundError('this codec needs PyAV: pip install "trio-rdp[audio]"', name=exc.name) from exc


class Decoder:
    """Makes PCM of one encoding's packets, in order; those of AAC and Opus follow from the ones before."""

    def __init__(self, encoding: Encoding) -> None:
        if not can_decode(encoding):
            raise ValueError(f"{encoding} cannot be decoded here")
        self.encoding: Encoding = encoding
        self._av: Any = None
        self._context: Any = None
        self._resampler: Any = None

    def reset(self) -> None:
        """Forget the packets before, as after a gap."""
        self._context = self._resampler = None

    def decode(self, data: bytes) -> bytes:
        """Decode one packet; what is not a whole sample, or block, at its end is left out.

        Raises `DecodeError`, and `ModuleNotFoundError` without PyAV.
        """
        if len(data) > MAX_PACKET:
            raise InvalidField(f"{len(data)} bytes of sound exceed {MAX_PACKET}")
        match self.encoding.codec:
            case Codec.PCM | Codec.FLOAT:
                return _decode_pcm(data, self.encoding)
            case Codec.MS_ADPCM | Codec.IMA_ADPCM:
                size = self.encoding.block_size
                return b"".join(self._decode(data[at : at + size]) for at in range(0, len(data) - size + 1, size))
            case Codec.AAC if len(data) > _MAX_AAC:
                raise InvalidField(f"{len(data)} bytes of AAC exceed {_MAX_AAC}")
        return self._decode(data)

    def _decode(self, data: bytes) -> bytes:
        if not data:
            return b""  # FFmpeg would take it for the end
        if self._context is None:
            self._av = _import_av()
            self._open()
        # A packet of FFmpeg's own has zeros behind the data, which libavcodec may read.
        packet = self._av.Packet(len(data))
        packet.update(data)
        try:
            found = [
                self._samples(part)
                for frame in self._context.decode(packet)
                for part in self._resampler.resample(frame)
            ]
        except (self._av.error.FFmpegError, ValueError) as exc:
            self.reset()
            if self.encoding.codec is Codec.OPUS and len(data) == _XRDP_BLOCK:
                return data
            raise DecodeError(f"{self.encoding.codec.name}: {exc}") from exc
        return b"".join(found)

    def _samples(self, frame: Any) -> bytes:
        # A plane may be longer than its samples.
        size: int = frame.samples * self.encoding.pcm.frame_size
        return bytes(frame.planes[0])[:size]

    def _open(self) -> None:
        encoding = self.encoding
        layout = "mono" if encoding.pcm.channels == 1 else "stereo"
        rate = encoding.pcm.rate
        if encoding.codec is Codec.OPUS and rate not in OPUS_RATES:
            rate = 48_000
        context = self._av.CodecContext.create(encoding.codec.value, "r")
        context.sample_rate, context.layout = rate, layout
        if encoding.codec is Codec.IMA_ADPCM:
            context.options = {"bits_per_coded_sample": "4"}
        if encoding.codec is Codec.AAC:
            context.extradata = encoding.config or _audio_specific_config(encoding.pcm)
        self._context = context
        self._resampler = self._av.AudioResampler("s16", layout, rate)


def _decode_pcm(data: bytes, encoding: Encoding) -> bytes:
    """Samples of any width as ones of 16 bits."""
    width = encoding.bits // 8
    data = data[: len(data) - len(data) % (width * encoding.pcm.channels)]
    if encoding.codec is Codec.PCM and width == 2:
        return data
    import numpy as np

    if encoding.codec is Codec.FLOAT:
        values = np.nan_to_num(np.frombuffer(data, "<f4"), nan=0.0)
        return bytes((np.clip(values, -1.0, 1.0) * 32767).astype("<i2").tobytes())
    samples = np.frombuffer(data, np.uint8)
    if width == 1:  # unsigned, around 128
        return bytes(((samples.astype("<i2") - 128) << 8).astype("<i2").tobytes())
    return bytes(samples.reshape(-1, width)[:, width - 2 :].tobytes())


class Encoder:
    """Makes packets of PCM, each of `frames` samples a channel; what does not fill one waits for more.

    How many these are can be asked for, by default 20 ms of them; ADPCM has whole blocks, AAC and Opus their own sizes.
    AAC and Opus also have a delay of their own: a packet comes out one or two later than its sound went in.
    """

    def __init__(self, encoding: Encoding, frames: int | None = None) -> None:
        if not can_encode(encoding):
            raise ValueError(f"{encoding} cannot be encoded here")
        self.encoding: Encoding = encoding
        self.frames: int = self._packet_frames(frames or int(encoding.pcm.rate * _PIECE))
        self._waiting = bytearray()
        self._av: Any = None
        self._context: Any = None
        self._count = 0

    @property
    def seconds(self) -> float:
        """How long one packet lasts."""
        return self.frames / self.encoding.pcm.rate

    def encode(self, pcm: Samples) -> list[bytes]:
        """Take PCM of any length, and give the packets that are complete.

        Raises `ModuleNotFoundError` without PyAV.
        """
        self._waiting += samples_view(pcm)
        size = self.frames * self.encoding.pcm.frame_size
        end = len(self._waiting) - len(self._waiting) % size
        if not end:
            return []
        data = bytes(self._waiting[:end])
        del self._waiting[:end]
        return [packet for at in range(0, end, size) for packet in self._encode(data[at : at + size])]

    def flush(self) -> list[bytes]:
        """Give what waits still, filled up with silence where the codec wants that; then begin anew."""
        packets = []
        frame_size = self.encoding.pcm.frame_size
        left = bytes(self._waiting[: len(self._waiting) - len(self._waiting) % frame_size])
        self._waiting.clear()
        if left:
            whole = self.frames * frame_size
            packets += self._encode(left if self.encoding.codec is Codec.PCM else left.ljust(whole, b"\0"))
        if self._context is not None:
            packets += [bytes(packet) for packet in self._context.encode(None)]
            self._context = None
        return packets

    def _packet_frames(self, wanted: int) -> int:
        match self.encoding.codec:
            case Codec.AAC:
                return AAC_FRAMES
            case Codec.OPUS:
                return int(self.encoding.pcm.rate * _PIECE)
            case Codec.MS_ADPCM | Codec.IMA_ADPCM:
                block = block_frames(self.encoding)
                return block * max(1, round(wanted / block))
        return wanted

    def _encode(self, data: bytes) -> list[bytes]:
        encoding = self.encoding
        if encoding.codec is Codec.PCM:
            return [data]
        if self._context is None:
            self._av = _import_av()
            self._open()
        if encoding.codec in _ADPCM:  # a block at a time, and as many of them as make a packet
            size = block_frames(encoding) * encoding.pcm.frame_size
            return [b"".join(self._compress(data[at : at + size])[0] for at in range(0, len(data), size))]
        return self._compress(data)

    def _compress(self, data: bytes) -> list[bytes]:
        encoding = self.encoding
        import numpy as np

        samples = np.frombuffer(data, "<i2").reshape(-1, encoding.pcm.channels)
        form = self._context.format.name
        if form == "fltp":
            planes = np.ascontiguousarray(samples.T.astype(np.float32) / 32768)
        elif form == "s16p":
            planes = np.ascontiguousarray(samples.T)
        else:
            planes = samples.reshape(1, -1)
        frame = self._av.AudioFrame.from_ndarray(planes, format=form, layout=self._context.layout.name)
        frame.sample_rate, frame.pts = encoding.pcm.rate, self._count
        self._count += len(samples)
        return [bytes(packet) for packet in self._context.encode(frame)]

    def _open(self) -> None:
        encoding = self.encoding
        name = "libopus" if encoding.codec is Codec.OPUS else encoding.codec.value
        context = self._av.CodecContext.create(name, "w")
        context.sample_rate = encoding.pcm.rate
        context.layout = "mono" if encoding.pcm.channels == 1 else "stereo"
        context.format = {Codec.AAC: "fltp", Codec.IMA_ADPCM: "s16p"}.get(encoding.codec, "s16")
        if encoding.codec in _ADPCM:
            context.options = {"block_size": str(encoding.block_size)}
        elif encoding.codec is Codec.AAC:
            context.bit_rate = encoding.bit_rate
            context.options = {"aac_coder": "fast"}
        elif encoding.codec is Codec.OPUS:
            context.bit_rate = encoding.bit_rate
            context.options = {"frame_duration": str(round(_PIECE * 1000))}
        context.open()
        self._context = context
        self._count = 0


def _audio_specific_config(pcm: PcmFormat) -> bytes:
    """AAC-LC of that rate and so many channels, as ISO/IEC 14496-3 1.6.2.1 writes it."""
    return (2 << 11 | _AAC_RATES.index(pcm.rate) << 7 | pcm.channels << 3).to_bytes(2, "big")
