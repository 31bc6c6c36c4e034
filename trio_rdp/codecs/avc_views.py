"""Two streams of H.264, one of each view of AVC444, made one: [MS-RDPEGFX] 3.3.8.3.2 has both views in one stream.

libx264 would predict each picture from the one before, which is the other view and nothing like it.  So each view has
an encoder of its own, and only the headers of slices are written anew ([ITU-H.264] 7.3.3): pictures are numbered
together, and each refers to the last one of its own view, which need not be the last one.  What is behind the headers
stays as it is.  Long-term reference pictures would do too, but Windows (11, says macrdp) ends sessions that have them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from trio_rdp.codecs.avc_units import (
    BitReader,
    before_number,
    escaped,
    frame_number_bits,
    number_bits,
    split_units,
)

__all__ = ["Interleaver"]

_START: Final = b"\0\0\0\1"
_SLICE, _IDR, _SPS, _PPS = 1, 5, 7, 8
_NUMBER_BITS: Final = 16  # of the numbers of pictures (frame_num), as many as there may be
_HEADER: Final = 64  # bytes, in which the header of a slice ends


@dataclass(slots=True)
class _Slice:
    """The header of a slice of libx264's, as far as it changes."""

    start: str  # first_mb_in_slice to pic_parameter_set_id
    is_intra: bool
    override: str  # num_ref_idx_active_override_flag and what it brings
    rest: str  # cabac_init_idc to the end of the header
    body: bytes


class Interleaver:
    """Puts pictures of two views, 0 (main) and 1 (auxiliary), into one stream, in any order.

    The views come from encoders of libx264 that are set alike: with CABAC, without B slices and weighted prediction,
    with one reference picture and room for two.  After a key picture of one view, the other needs one of its own next.
    """

    PARAMETERS: Final = ("cabac=1", "weightp=0", "ref=1", "dpb-size=2")

    def __init__(self) -> None:
        self._number_bits = 4  # in what libx264 writes
        self._since_key = 0
        self._key = 0
        # The last picture of each view, which the next one refers to.
        self._last: dict[int, int] = {}

    def knows(self, view: int) -> bool:
        """Whether there is a picture of a view that the next one may refer to."""
        return view in self._last and self._since_key - self._last[view] < 1 << _NUMBER_BITS - 1

    def add(self, data: bytes, view: int, *, alone: bool) -> bytes:
        """Give the next access unit of the stream; with `alone` it begins anew, and this must be a key picture."""
        units = split_units(data)
        out = []
        for unit in units:
            kind = unit[0] & 31
            if kind == _SPS:
                self._number_bits = frame_number_bits(unit)
            if kind in (_SPS, _PPS) and alone:
                out.append(_with_long_numbers(unit) if kind == _SPS else unit)
        slices = [unit for unit in units if unit[0] & 31 in (_SLICE, _IDR)]
        if alone:
            self._since_key, self._key = 0, self._key ^ 1
            self._last.clear()
        out += [self._rewritten(unit, view, alone) for unit in slices]
        self._last[view] = self._since_key
        self._since_key += 1
        return b"".join(_START + unit for unit in out)

    def _rewritten(self, unit: bytes, view: int, alone: bool) -> bytes:
        part = self._parsed(unit)
        header = part.start + f"{self._since_key % (1 << _NUMBER_BITS):0{_NUMBER_BITS}b}"
        if alone:
            # idr_pic_id; no_output_of_prior_pics_flag, long_term_reference_flag
            header += number_bits(self._key) + "00"
        else:
            back = self._since_key - self._last.get(view, self._since_key)
            if not part.is_intra:
                # ref_pic_list_modification, [ITU-H.264] 7.3.3.1: the picture so many before this one comes first.
                moved = "1" + number_bits(0) + number_bits(back - 1) + number_bits(3)
                header += part.override + (moved if back > 1 else "0")
            # dec_ref_pic_marking, 7.3.3.3: there is room for two, and where the older one is of the other view, that
            # one stays and the last one of this view goes.
            is_last = back == 1 and len(self._last) > 1
            header += "1" + number_bits(1) + number_bits(0) + number_bits(0) if is_last else "0"
        header += part.rest
        header += "1" * (-len(header) % 8)
        first = unit[0] & 0x60 | (_IDR if alone else _SLICE)
        written = int(header, 2).to_bytes(len(header) // 8) + part.body
        return bytes((first,)) + escaped(written)

    def _parsed(self, unit: bytes) -> _Slice:
        """slice_header, [ITU-H.264] 7.3.3."""
        bits = BitReader(unit, _HEADER)
        bits.number()
        intra = bits.number() % 5 == 2
        bits.number()
        start = bits.behind()
        bits.take(self._number_bits)
        at = len(bits.behind())
        override = ""
        if unit[0] & 31 == _IDR:
            bits.number()
            bits.take(2)
        else:
            if not intra:
                if bits.take(1):
                    bits.number()
                override = bits.behind()[at:]
                _expect_none(bits.take(1))
            _expect_none(bits.take(1))
        at = len(bits.behind())
        if not intra:
            bits.number()  # cabac_init_idc
        bits.signed()  # slice_qp_delta
        if bits.number() != 1:  # disable_deblocking_filter_idc
            bits.signed()
            bits.signed()
        header = bits.behind()
        body = unit[1:].replace(b"\0\0\3", b"\0\0")[-(-len(header) // 8) :]
        return _Slice(start, intra, override, header[at:], body)


def _with_long_numbers(unit: bytes) -> bytes:
    """A sequence parameter set for numbers of `_NUMBER_BITS`."""
    bits = BitReader(unit)
    before_number(bits)
    text = bits.behind() + number_bits(_NUMBER_BITS - 4)
    bits.number()
    text += bits.ahead().rstrip("0")
    text += "0" * (-len(text) % 8)
    return unit[:1] + escaped(int(text, 2).to_bytes(len(text) // 8))


def _expect_none(flag: int) -> None:
    if flag:
        raise ValueError("a slice that manages reference pictures by itself")
