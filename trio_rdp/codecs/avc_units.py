"""H.264 that somebody else encoded, a camera or a capture pipeline, made ready for AVC420, [MS-RDPEGFX] 2.2.4.4.

Only what must be known is read: which NAL units there are, and the size in the sequence parameter set, [ITU-H.264]
7.3.1 and 7.3.2.1.1.  What the pictures hold is the client's to decode.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from trio_rdp.codecs.avc_frames import (
    MAX_REGION_RECTS,
    Avc420BitmapStream,
    Avc420Metablock,
    Avc420QuantQuality,
    Rectangle,
)

__all__ = [
    "MAX_UNIT",
    "MAX_UNITS",
    "AccessUnit",
    "BitReader",
    "UnitStream",
    "before_number",
    "escaped",
    "frame_number_bits",
    "inspect",
    "number_bits",
    "read_sequence",
    "split_units",
]

MAX_UNIT: Final = 64 << 20
"""The most bytes of one access unit: more than any picture of 8192 x 8192 should have."""

MAX_UNITS: Final = 4_096
"""The most NAL units of one access unit: a slice for each row of macroblocks of the highest picture, eight times."""

_START: Final = b"\0\0\0\1"
_TO_ESCAPE: Final = re.compile(rb"\0\0(?=[\0-\3])")
_SLICE, _PARTITIONS, _IDR, _SPS, _PPS, _FILLER = 1, (2, 3, 4), 5, 7, 8, 12
# Profiles whose parameter sets say how chroma is sampled, [ITU-H.264] 7.3.2.1.1.
_HIGH: Final = frozenset((100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135))
_MAX_SIDE: Final = 16_384


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """One picture in H.264's byte stream format.

    `key` says that it refers to no other (IDR), `complete` that its parameter sets are in it.  `size` is that of the
    coded picture, in whole macroblocks, and `visible` what is left of it when cropped (left, top, right, bottom); both
    are None where no sequence parameter set is in it.
    """

    data: bytes
    key: bool
    complete: bool
    size: tuple[int, int] | None
    visible: Rectangle | None


def inspect(data: bytes | bytearray | memoryview, parameters: bytes = b"") -> AccessUnit:
    """Check one access unit, in byte stream format (Annex B) or with 4-byte lengths (AVCC), and give it in the former.

    `parameters` are parameter sets in either format, put before a key picture that lacks its own.  Filler data is left
    out.  Raises `ValueError` that says what is wrong: no picture in it, more than one, or one that clients do not
    decode (other than 4:2:0 with 8 bits, or in data partitions).
    """
    units = split_units(bytes(data))
    kinds = {unit[0] & 31 for unit in units}
    key = _IDR in kinds
    if key and parameters and not {_SPS, _PPS} <= kinds:
        units = [*(unit for unit in split_units(bytes(parameters)) if unit[0] & 31 in (_SPS, _PPS)), *units]
        kinds = {unit[0] & 31 for unit in units}
    _check_one_picture(units)
    size, visible = None, None
    for unit in units:
        if unit[0] & 31 == _SPS:
            size, visible = _sizes(unit)
    packed = b"".join(_START + unit for unit in units if unit[0] & 31 != _FILLER)
    return AccessUnit(packed, key, {_SPS, _PPS} <= kinds, size, visible)


class UnitStream:
    """The access units of one stream, one after the other, on their way to one surface.

    `parameters` are parameter sets that the stream itself lacks (the "extradata" of a file).
    """

    def __init__(self, parameters: bytes = b"") -> None:
        self._parameters = parameters
        self._size: tuple[int, int] | None = None
        self._visible: Rectangle | None = None

    @property
    def size(self) -> tuple[int, int] | None:
        """The size of the coded pictures; None before the first.  The surface must be as large, or smaller."""
        return self._size

    def reset(self) -> None:
        """Want a key picture next, as when a client lost those before."""
        self._size = self._visible = None

    def wrap(
        self,
        data: bytes | bytearray | memoryview,
        rects: Sequence[Rectangle] | None = None,
        *,
        qp: int = 22,
        quality: int = 100,
    ) -> bytes:
        """Give the AVC420 bitmap stream of the next access unit.

        `rects` (left, top, right, bottom) are what the client shall draw, by default all that cropping leaves.  `qp`
        and `quality` (0 to 100) are told to the client, which need not care.  Raises `ValueError` as `inspect` does,
        and when the first picture is no key picture or lacks its parameter sets; the stream is as before then.
        """
        unit = inspect(data, self._parameters)
        if self._size is None and not (unit.key and unit.complete):
            raise ValueError("a stream begins with a key picture (IDR) and its parameter sets (SPS, PPS)")
        size, visible = unit.size or self._size, unit.visible or self._visible
        assert size is not None
        assert visible is not None
        if unit.size is not None and self._size not in (None, unit.size) and not unit.key:
            raise ValueError("a picture of another size that is no key picture")
        region = [visible] if rects is None else list(rects)
        _check_region(region, size)
        if not 0 <= qp <= 51 or not 0 <= quality <= 100:
            raise ValueError(f"a quantization parameter of {qp}, a quality of {quality}")
        told = [Avc420QuantQuality(qp=qp, quality_val=quality)] * len(region)
        block = Avc420Metablock(region_rects=region, quant_quality_vals=told)
        self._size, self._visible = size, visible
        return Avc420BitmapStream(avc420_meta_data=block, avc420_encoded_bitstream=unit.data).encode()


def _check_region(region: list[Rectangle], size: tuple[int, int]) -> None:
    if len(region) > MAX_REGION_RECTS:
        raise ValueError(f"{len(region)} rectangles exceed {MAX_REGION_RECTS}")
    for left, top, right, bottom in region:
        if not (0 <= left < right <= size[0] and 0 <= top < bottom <= size[1]):
            raise ValueError(
                f"the rectangle {left}, {top}, {right}, {bottom} is not in a picture of {size[0]} x {size[1]}"
            )


def split_units(data: bytes) -> list[bytes]:
    """Give the NAL units of either format, without start codes and lengths; raises `ValueError`."""
    if len(data) > MAX_UNIT:
        raise ValueError(f"an access unit of {len(data)} bytes exceeds {MAX_UNIT}")
    # Lengths that end with the data are no coincidence, but a start code may be part of a length.
    units = _prefixed(data)
    if units is None:
        if not data.startswith((b"\0\0\1", _START)):
            raise ValueError("H.264 with neither start codes (Annex B) nor lengths (AVCC) before its NAL units")
        units = list(itertools.islice(_delimited(data), MAX_UNITS + 1))
    if len(units) > MAX_UNITS:
        raise ValueError(f"more than {MAX_UNITS} NAL units in one access unit")
    if not all(_is_unit(unit) for unit in units):
        raise ValueError("a NAL unit that is none")
    return units


def _is_unit(unit: bytes) -> bool:
    """Whether it may be a NAL unit: its first bit is 0, and its type is not 0."""
    return len(unit) > 0 and not unit[0] & 0x80 and unit[0] & 31 != 0


def _prefixed(data: bytes) -> list[bytes] | None:
    """The units behind 4-byte lengths; None where these do not fit."""
    units: list[bytes] = []
    at = 0
    while at + 4 < len(data) and len(units) <= MAX_UNITS:
        size = int.from_bytes(data[at : at + 4])
        unit = data[at + 4 : at + 4 + size]
        if len(unit) != size or not _is_unit(unit):
            return None
        units.append(unit)
        at += 4 + size
    return units if at == len(data) > 0 or len(units) > MAX_UNITS else None


def _delimited(data: bytes) -> Iterator[bytes]:
    """The units between start codes of three bytes; zeros before the next belong to no unit."""
    at = data.find(b"\0\0\1")
    while at >= 0:
        end = data.find(b"\0\0\1", at + 3)
        yield data[at + 3 : end if end >= 0 else len(data)].rstrip(b"\0")
        at = end


def _check_one_picture(units: list[bytes]) -> None:
    slices = [unit for unit in units if unit[0] & 31 in (_SLICE, _IDR)]
    if any(unit[0] & 31 in _PARTITIONS for unit in units):
        raise ValueError("H.264 in data partitions, which no client decodes")
    if not slices:
        raise ValueError("an access unit without a picture")
    # The slice that begins with macroblock 0 begins a picture; 0 is written as a single bit, 1.
    first = [len(unit) > 1 and bool(unit[1] & 0x80) for unit in slices]
    if not first[0]:
        raise ValueError("a picture without its first slice")
    if sum(first) > 1:
        raise ValueError(f"{sum(first)} pictures in one access unit")


class BitReader:
    """The bits of a NAL unit behind its header, without what keeps start codes out of it.

    Only the first `most` bytes are looked at: parameter sets and headers of slices are a few dozen.
    """

    def __init__(self, unit: bytes, most: int = 512) -> None:
        payload = unit[1:most].replace(b"\0\0\3", b"\0\0")
        self._value = int.from_bytes(payload)
        self._size = self._left = len(payload) * 8

    def behind(self) -> str:
        """All bits that were taken, as digits."""
        taken = self._size - self._left
        return f"{self._value >> self._left:0{taken}b}" if taken else ""

    def ahead(self) -> str:
        """All bits that were not taken, as digits."""
        return f"{self._value & (1 << self._left) - 1:0{self._left}b}" if self._left else ""

    def take(self, count: int) -> int:
        """The next so many bits; raises `ValueError` at the end."""
        if count > self._left:
            raise ValueError("a parameter set that is cut off")
        self._left -= count
        return self._value >> self._left & (1 << count) - 1

    def number(self) -> int:
        """ue(v), [ITU-H.264] 9.1, of at most 32 bits."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 31:
                raise ValueError("a number without an end in a parameter set")
        return (1 << zeros) - 1 + self.take(zeros)

    def signed(self) -> int:
        """se(v), [ITU-H.264] 9.1.1."""
        number = self.number()
        return (number + 1) // 2 if number & 1 else -(number // 2)


def number_bits(value: int) -> str:
    """ue(v), [ITU-H.264] 9.1, as digits."""
    digits = f"{value + 1:b}"
    return "0" * (len(digits) - 1) + digits


def escaped(payload: bytes) -> bytes:
    """Put in what keeps start codes out of a NAL unit."""
    return _TO_ESCAPE.sub(b"\0\0\3", payload)


def frame_number_bits(unit: bytes) -> int:
    """How many bits the number of a picture has (frame_num), by a sequence parameter set."""
    return _frame_number_bits(BitReader(unit))


def _frame_number_bits(bits: BitReader) -> int:
    before_number(bits)
    return bits.number() + 4


def before_number(bits: BitReader) -> None:
    """Read the beginning of seq_parameter_set_data, [ITU-H.264] 7.3.2.1.1, up to log2_max_frame_num_minus4."""
    profile = bits.take(8)
    bits.take(16)  # constraints and level
    bits.number()  # seq_parameter_set_id
    if profile in _HIGH:
        _check_format(bits)


def _sizes(unit: bytes) -> tuple[tuple[int, int], Rectangle]:
    """The coded size, and what of it is shown."""
    return read_sequence(BitReader(unit))[1:]


def read_sequence(bits: BitReader) -> tuple[int, tuple[int, int], Rectangle]:
    """Read seq_parameter_set_data up to vui_parameters_present_flag: how many pictures may be referred to, and sizes.

    These are the coded one, and what of it is shown.  Raises `ValueError`.
    """
    _frame_number_bits(bits)
    order = bits.number()
    if order == 0:
        bits.number()  # log2_max_pic_order_cnt_lsb_minus4
    elif order == 1:
        bits.take(1)
        bits.signed()
        bits.signed()
        count = bits.number()
        if count > 255:
            raise ValueError(f"{count} reference frames in a cycle of picture order")
        for _ in range(count):
            bits.signed()
    references = bits.number()
    bits.take(1)
    width, rows = 16 * (bits.number() + 1), 16 * (bits.number() + 1)
    frames_only = bits.take(1)
    height = rows if frames_only else 2 * rows
    if not frames_only:
        bits.take(1)
    bits.take(1)  # direct_8x8_inference_flag
    if width > _MAX_SIDE or height > _MAX_SIDE:
        raise ValueError(f"a picture of {width} x {height} exceeds {_MAX_SIDE} a side")
    left = right = top = bottom = 0
    if bits.take(1):
        left, right, top, bottom = (2 * bits.number() for _ in range(4))
        if not frames_only:
            top, bottom = 2 * top, 2 * bottom
    if left + right >= width or top + bottom >= height:
        raise ValueError("a picture of which cropping leaves nothing")
    return references, (width, height), (left, top, width - right, height - bottom)


def _check_format(bits: BitReader) -> None:
    chroma = bits.number()
    if chroma != 1:
        raise ValueError(f"H.264 with chroma format {chroma}: clients decode 4:2:0 (1) only")
    if bits.number() or bits.number():
        raise ValueError("H.264 with more than 8 bits a sample")
    bits.take(1)
    if bits.take(1):
        for number in range(8):
            if bits.take(1):
                _skip_scaling_list(bits, 16 if number < 6 else 64)


def _skip_scaling_list(bits: BitReader, size: int) -> None:
    """scaling_list, [ITU-H.264] 7.3.2.1.1.1."""
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.signed()) % 256
        last = following or last
