"""Two streams of H.264, one of each view of AVC444, made one: [MS-RDPEGFX] 3.3.8.3.2 has both views in one stream.

libx264 would predict each picture from the one before, which is the other view and nothing like it.  So each view has
an encoder of its own, and only the headers of slices are written anew ([ITU-H.264] 7.3.3): pictures are numbered
together, and the auxiliary view becomes the long-term reference picture, to which its next picture refers.  The main
view refers to the last short-term one, which is the last main view.  What is behind the headers stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from trio_rdp.codecs.avc_units import BitReader, escaped, frame_number_bits, number_bits, split_units

__all__ = ["Interleaver"]

_START: Final = b"\0\0\0\1"
_SLICE, _IDR, _SPS, _PPS = 1, 5, 7, 8
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
        self._number_bits = 4
        self._since_key = 0
        self._key = 0
        # Of which views there are pictures to refer to.
        self._known: set[int] = set()

    def add(self, data: bytes, view: int, *, alone: bool) -> bytes:
        """Give the next access unit of the stream; with `alone` it begins anew, and this must be a key picture."""
        units = split_units(data)
        out = []
        for unit in units:
            kind = unit[0] & 31
            if kind == _SPS:
                self._number_bits = frame_number_bits(unit)
            if kind in (_SPS, _PPS) and alone:
                out.append(unit)
        slices = [unit for unit in units if unit[0] & 31 in (_SLICE, _IDR)]
        if alone:
            self._since_key, self._key = 0, self._key ^ 1
            self._known.clear()
        out += [self._rewritten(unit, view, alone) for unit in slices]
        self._known.add(view)
        self._since_key += 1
        return b"".join(_START + unit for unit in out)

    def _rewritten(self, unit: bytes, view: int, alone: bool) -> bytes:
        part = self._parsed(unit)
        number = self._since_key % (1 << self._number_bits)
        header = part.start + f"{number:0{self._number_bits}b}"
        if alone:
            # idr_pic_id; no_output_of_prior_pics_flag, long_term_reference_flag
            header += number_bits(self._key) + f"0{view}"
        else:
            if not part.is_intra:
                header += part.override + (_FROM_LONG_TERM if view else "0")
            header += self._marking() if view else "0"
        header += part.rest
        header += "1" * (-len(header) % 8)
        first = unit[0] & 0x60 | (_IDR if alone else _SLICE)
        written = int(header, 2).to_bytes(len(header) // 8) + part.body
        return bytes((first,)) + escaped(written)

    def _marking(self) -> str:
        """dec_ref_pic_marking that makes a picture the one long-term reference picture, [ITU-H.264] 7.3.3.3."""
        marking = "1"
        if 1 not in self._known:
            # There is room for two: one of each view.  There may be two of the main view now.
            if self._since_key > 1:
                marking += number_bits(1) + number_bits(1)
            marking += number_bits(4) + number_bits(1)
        return marking + number_bits(6) + number_bits(0) + number_bits(0)

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


# ref_pic_list_modification: the long-term picture 0 comes first, [ITU-H.264] 7.3.3.1.
_FROM_LONG_TERM: Final = "1" + number_bits(2) + number_bits(0) + number_bits(3)


def _expect_none(flag: int) -> None:
    if flag:
        raise ValueError("a slice that manages reference pictures by itself")
