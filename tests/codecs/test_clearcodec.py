from __future__ import annotations

import struct
import threading
from types import ModuleType

import numpy as np
import pytest

from tests.codecs.pictures import BGRX, noise
from tests.codecs.twins import twins
from trio_rdp.codecs import clearcodec, nscodec
from trio_rdp.codecs.clearcodec_messages import (
    Band,
    BitmapStream,
    BitmapStreamFlags,
    CompositePayload,
    RgbRunSegment,
    Rlex,
    RlexRgbTriplet,
    RlexSegment,
    ShortVbarCacheHit,
    ShortVbarCacheMiss,
    Subcodec,
    SubcodecId,
    Vbar,
    VbarCacheHit,
)
from trio_rdp.codecs.view import View
from trio_rdp.wire.errors import DecodeError, InvalidField, Truncated

INDEX, HIT, RESET = BitmapStreamFlags.GLYPH_INDEX, BitmapStreamFlags.GLYPH_HIT, BitmapStreamFlags.CACHE_RESET
NONE = BitmapStreamFlags(0)


@pytest.fixture(params=twins("clearcodec"), autouse=True)
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module: ModuleType = request.param
    monkeypatch.setattr(clearcodec, "kernel", module)
    return module


class Session:
    """A decoder, the number of the next message, and a surface."""

    def __init__(self, width: int = 16, height: int = 12) -> None:
        self.decoder = clearcodec.Decoder()
        self.number = 0
        self.surface: BGRX = np.zeros((height, width, 4), np.uint8)

    def draw(self, *items: RgbRunSegment | Band | Subcodec, **options: int | None) -> BGRX:
        """Draw a message of these layers over the surface."""
        payload = CompositePayload(
            residual_data=[item for item in items if isinstance(item, RgbRunSegment)],
            bands_data=[item for item in items if isinstance(item, Band)],
            subcodec_data=[item for item in items if isinstance(item, Subcodec)],
        )
        stream = BitmapStream(
            flags=BitmapStreamFlags(options.get("flags") or 0),
            seq_number=self.number,
            glyph_index=options.get("glyph_index"),
            composite_payload=None if (options.get("flags") or 0) & HIT else payload,
        )
        return self.raw(stream.encode())

    def raw(self, data: bytes) -> BGRX:
        self.number = (data[1] + 1) & 0xFF
        height, width = self.surface.shape[:2]
        self.decoder.decode_into(data, View.of(self.surface), width, height)
        return self.surface


def run(value: int, length: int) -> RgbRunSegment:
    return RgbRunSegment(blue_value=value, green_value=0, red_value=0, run_length=length)


def band(*vbars: Vbar, x: int = 0, y: int = 0, height: int = 4, background: int = 9) -> Band:
    return Band(
        x_start=x,
        x_end=x + len(vbars) - 1,
        y_start=y,
        y_end=y + height - 1,
        blue_bkg=background,
        green_bkg=0,
        red_bkg=0,
        vbars=list(vbars),
    )


def miss(on: int, *blues: int) -> ShortVbarCacheMiss:
    return ShortVbarCacheMiss(on, b"".join(bytes((blue, 0, 0)) for blue in blues))


def rlex(colours: int, *segments: tuple[int, int, int], x: int = 0, y: int = 0, width: int, height: int) -> Subcodec:
    palette = [RlexRgbTriplet(10 + index) for index in range(colours)]
    data = Rlex(palette_entries=palette, segments=[RlexSegment(*one) for one in segments]).encode()
    return subcodec(data, SubcodecId.RLEX, x, y, width, height)


def subcodec(data: bytes, kind: SubcodecId, x: int, y: int, width: int, height: int) -> Subcodec:
    return Subcodec(x_start=x, y_start=y, width=width, height=height, sub_codec_id=kind, bitmap_data=data)


def test_the_documents_second_example() -> None:
    # [MS-RDPEGFX] 4.1.1.2: 78 by 17 pixels in fourteen colours; the message is number 13.
    session = Session(78, 17)
    out = session.raw(
        bytes.fromhex(
            "000d 00000000 00000000 82000000"  # flags, seqNumber, 130 bytes of subcodecs
            "0000 0000 4e00 1100 75000000 02"  # all of the bitmap, 117 bytes of RLEX
            "0e ffffff 000000 dbffff 003a90 ffb666 66b6ff b66600 90dbff 00003a db903a 3a90db 660000 ffffb6 646464"
            "1104 114c 114c 114c 114c 114c 0047 1300 0101 0400 0100 0047 1600 1102 0047 2900 1101 0049 0a00"
            "0100 0400 0100 004a 0a00 0900 0100 0047 0500 0101 1c00 0100 114c 114c 114c 0047 0d4d 004d"
        )
    )
    white = (255, 255, 255, 255)
    assert (out[0, :5] == white).all()
    assert tuple(out[0, 5]) == (0, 0, 0, 255)
    assert (out[15] == (0x64, 0x64, 0x64, 255)).all()  # 0d4d: 78 pixels of the last colour
    assert (out[16] == white).all()
    assert len(np.unique(out.reshape(-1, 4), axis=0)) == 14


def test_the_documents_fourth_example() -> None:
    # [MS-RDPEGFX] 4.1.1.4, a glyph of 7 by 15: the first column is in the message; the others are not known here.
    session = Session(7, 15)
    column = bytes.fromhex(
        "ffffff ffffff ffffb6 ffffff ffffff ffffff ffb666 ffffff ffffff ffb666 db903a ffffb6 ffffff ffffff ffffff"
    )
    out = session.raw(
        bytes.fromhex("010b 7800 00000000 46000000 00000000 0000 0600 0000 0e00 000000 000f")
        + column
        + bytes.fromhex("4691 4791 4891 4991 4a91 1b91")
    )
    assert out[:, 0, :3].tobytes() == column
    assert not out[:, 1:, :3].any()
    # "The Decompressor Glyph Storage at position 120 is updated with the decoded bitmap."
    glyph = out.copy()
    session.surface[:] = 7
    assert np.array_equal(session.draw(flags=INDEX | HIT, glyph_index=120), glyph)


def test_runs_fill_rows() -> None:
    session = Session(4, 4)
    out = session.draw(run(1, 3), run(2, 3), run(3, 0), run(4, 9))
    assert out[..., 0].tolist() == [[1, 1, 1, 2], [2, 2, 4, 4], [4, 4, 4, 4], [4, 4, 4, 0]]
    assert (out.reshape(-1, 4)[:15, 3] == 255).all()
    session = Session(300, 300)
    assert (session.draw(run(5, 254), run(6, 255), run(7, 65534), run(8, 90000 - 254 - 255 - 65534))[..., 0] > 4).all()


def test_columns_are_stored_and_found() -> None:
    session = Session(8, 6)
    # Two short columns and a full one become V-bars 0 to 2.
    out = session.draw(band(miss(1, 1, 2), miss(0, 3, 4, 5, 6), miss(2), x=1, y=2))
    expected = np.zeros((6, 8), np.uint8)
    expected[2:, 1:4] = np.array([(9, 1, 2, 9), (3, 4, 5, 6), (9, 9, 9, 9)]).T
    assert np.array_equal(out[..., 0], expected)
    # V-bars as they were, and short ones on another ground and in another place: those become V-bars 3 and 4.
    hits = VbarCacheHit(1), ShortVbarCacheHit(0, 2), ShortVbarCacheHit(1, 3), VbarCacheHit(0), VbarCacheHit(3)
    out = session.draw(band(*hits, background=8))
    assert out[:4, :5, 0].T.tolist() == [[3, 4, 5, 6], [8, 8, 1, 2], [8, 8, 8, 3], [9, 1, 2, 9], [8, 8, 1, 2]]


def test_columns_that_were_never_stored_are_black() -> None:
    session = Session(4, 4)
    session.surface[:] = 77
    out = session.draw(band(VbarCacheHit(32767), ShortVbarCacheHit(16383, 1), miss(0, 1, 2)))
    assert out[..., 0].T.tolist() == [[0] * 4, [9] * 4, [1, 2, 9, 9], [77] * 4]
    assert (out[:, :3, 3] == 255).all()
    # V-bar 1 has four pixels; a taller band goes on in black.
    session = Session(4, 6)
    session.draw(band(miss(0, 1, 2, 3)))
    assert session.draw(band(VbarCacheHit(0), height=6))[:, 0, 0].tolist() == [1, 2, 3, 9, 0, 0]
    assert session.draw(band(VbarCacheHit(0), height=2))[:2, 0, 0].tolist() == [1, 2]


def test_a_reset_moves_only_the_cursors() -> None:
    session = Session(4, 4)
    session.draw(band(miss(0, 1), miss(0, 2), miss(0, 3)))
    session.draw(band(miss(0, 4)), flags=RESET)
    hits = VbarCacheHit(0), VbarCacheHit(1), ShortVbarCacheHit(0, 0), ShortVbarCacheHit(2, 0)
    assert session.draw(band(*hits))[0, :, 0].tolist() == [4, 2, 4, 3]


def test_the_cursors_wrap() -> None:
    session = Session(2, 1)
    for _ in range(2):
        session.draw(*[band(*[miss(0, value & 0xFF) for value in range(16384)], height=1)])
    first = VbarCacheHit(0), ShortVbarCacheHit(5, 0)
    assert session.draw(band(*first, height=1))[0, :, 0].tolist() == [0, 5]
    # That was V-bar 0 of the second round, so that the next is V-bar 1.
    session.draw(band(miss(0, 99), height=1))
    assert session.draw(band(VbarCacheHit(1), ShortVbarCacheHit(0, 0), height=1))[0, :, 0].tolist() == [99, 99]


def test_glyphs_have_no_dimensions() -> None:
    session = Session(4, 3)
    session.draw(*[run(value, 1) for value in range(1, 13)], flags=INDEX, glyph_index=3999)
    surface = np.zeros((2, 6, 4), np.uint8)
    session.decoder.decode_into(bytes.fromhex("03 01 9f0f"), View.of(surface), 6, 2)
    assert surface[..., 0].reshape(-1).tolist() == list(range(1, 13))


def test_a_glyph_is_stored_whole_though_it_is_clipped() -> None:
    session = Session(4, 3)
    part = session.surface[:2, :3].copy()
    glyph = BitmapStream(
        flags=INDEX,
        seq_number=0,
        glyph_index=0,
        composite_payload=CompositePayload(residual_data=[run(7, 12)], bands_data=[], subcodec_data=[]),
    )
    session.decoder.decode_into(glyph.encode(), View.of(part), 4, 3)
    assert (part[..., 0] == 7).all()
    session.number = 1
    assert (session.draw(flags=INDEX | HIT, glyph_index=0)[..., 0] == 7).all()


def test_palettes() -> None:
    session = Session(4, 4)
    # A run of the first colour of a suite, then the suite.
    out = session.draw(rlex(4, (3, 2, 4), (0, 0, 2), (3, 3, 0), (1, 0, 1), width=4, height=4))
    assert out[..., 0].reshape(-1).tolist() == [11] * 5 + [12, 13, 10, 10, 10, 10, 11, 12, 13, 11, 11]
    # One colour has indexes of one bit.
    assert (session.draw(rlex(1, (0, 0, 5), x=1, y=1, width=3, height=2))[1:3, 1:, 0] == 10).all()
    # Of 127 colours; suites are of two at most, and what is not covered stays.
    out = session.draw(rlex(127, (126, 1, 0), (70, 0, 0), x=0, y=0, width=4, height=4))
    assert out[0, :3, 0].tolist() == [135, 136, 80]


def test_raw_and_nscodec_subcodecs() -> None:
    session = Session(6, 5)
    picture = noise(3, 2)
    data = picture[..., :3].tobytes()
    out = session.draw(subcodec(data, SubcodecId.RAW, 2, 1, 3, 2))
    assert np.array_equal(out[1:3, 2:5, :3], picture[..., :3])
    assert out[1:3, 2:5, 3].min() == 255
    # Inside ClearCodec rows come from top to bottom.
    data = nscodec.compress(View.of(picture), color_loss_level=1, subsampling=False, top_down=True)
    out = session.draw(run(0, 30), subcodec(data, SubcodecId.NSCODEC, 3, 3, 3, 2))
    assert np.abs(out[3:, 3:, :3].astype(int) - picture[..., :3]).max() <= 1


def test_layers_lie_over_each_other() -> None:
    session = Session(4, 2)
    out = session.draw(
        run(1, 8), band(miss(0, 2, 2), miss(0, 2, 2), height=2), rlex(1, (0, 0, 1), x=1, y=0, width=2, height=1)
    )
    assert out[..., 0].tolist() == [[2, 10, 10, 1], [2, 2, 1, 1]]


def test_drawing_is_clipped() -> None:
    whole, part = Session(30, 20), Session(30, 20)
    vbars = [miss(0, *range(value, value + 12)) for value in range(20)]
    items: list[RgbRunSegment | Band | Subcodec] = [
        *[run(value, 3) for value in range(200)],
        band(*vbars, x=5, y=4, height=12),
        rlex(3, (2, 1, 90), x=3, y=1, width=12, height=10),
        subcodec(noise(9, 8)[..., :3].tobytes(), SubcodecId.RAW, 9, 7, 9, 8),
        subcodec(nscodec.compress(View.of(noise(9, 8)), top_down=True), SubcodecId.NSCODEC, 1, 9, 9, 8),
        subcodec(noise(9, 8)[..., :3].tobytes(), SubcodecId.RAW, 20, 10, 9, 8),
        rlex(3, (2, 1, 9), x=20, y=1, width=3, height=10),
    ]
    out = whole.draw(*items)
    payload = CompositePayload(
        residual_data=[item for item in items if isinstance(item, RgbRunSegment)],
        bands_data=[item for item in items if isinstance(item, Band)],
        subcodec_data=[item for item in items if isinstance(item, Subcodec)],
    )
    data = BitmapStream(seq_number=0, composite_payload=payload).encode()
    part.decoder.decode_into(data, View.of(part.surface, 2, 3, 13, 11), 30, 20)
    assert np.array_equal(part.surface[3:14, 2:15], out[:11, :13])
    part.surface[3:14, 2:15] = 0
    assert not part.surface.any()


def test_messages_are_numbered() -> None:
    session = Session()
    session.raw(bytes.fromhex("00fe"))  # FreeRDP takes any number for the first
    session.raw(bytes.fromhex("00ff"))
    session.raw(bytes.fromhex("0000"))
    with pytest.raises(InvalidField):
        session.raw(bytes.fromhex("0002"))
    session.raw(bytes.fromhex("0003"))
    session.raw(bytes.fromhex("0000"))  # a server that numbers anew, as FreeRDP has it after another size
    session.raw(bytes.fromhex("0001"))
    session.decoder.reset()
    session.raw(bytes.fromhex("0077"))


def test_a_reset_decoder_has_forgotten() -> None:
    session = Session(4, 4)
    session.draw(run(1, 16), band(miss(0, 1)), flags=INDEX, glyph_index=0)
    session.decoder.reset()
    assert session.draw(band(VbarCacheHit(0)))[0, 0, 0] == 0
    with pytest.raises(InvalidField):
        session.draw(flags=INDEX | HIT, glyph_index=0)


@pytest.mark.parametrize(
    ("items", "flags", "index"),
    [
        ([run(1, 17)], NONE, None),  # more pixels than there are
        ([run(1, 0x7FFFFFFF)], NONE, None),
        ([band(miss(0), height=53)], NONE, None),
        ([band(ShortVbarCacheMiss(0, bytes(3 * 53)))], NONE, None),
        ([subcodec(bytes(12), SubcodecId.RAW, 3, 0, 2, 2)], NONE, None),  # outside of the bitmap
        ([subcodec(bytes(12), SubcodecId.RAW, 0, 3, 2, 2)], NONE, None),
        ([subcodec(bytes(13), SubcodecId.RAW, 0, 0, 2, 2)], NONE, None),
        ([subcodec(bytes(12), SubcodecId(3), 0, 0, 2, 2)], NONE, None),
        ([subcodec(b"\0", SubcodecId.RLEX, 0, 0, 2, 2)], NONE, None),
        ([subcodec(b"\x80" + bytes(999), SubcodecId.RLEX, 0, 0, 2, 2)], NONE, None),
        ([rlex(3, (3, 0, 0), width=2, height=2)], NONE, None),  # no such colour
        ([rlex(3, (1, 2, 0), width=2, height=2)], NONE, None),  # a suite from below zero
        ([rlex(3, (0, 0, 5), width=2, height=2)], NONE, None),
        ([rlex(3, (2, 1, 3), width=2, height=2)], NONE, None),
        ([rlex(3, (0, 0, 15), width=4, height=4)] * 5, NONE, None),  # drawing the same pixels over and over
        ([], INDEX, 4000),
        ([], INDEX | HIT, 0),  # a glyph that was never stored
    ],
)
def test_what_cannot_be(items: list[RgbRunSegment | Band | Subcodec], flags: int, index: int | None) -> None:
    with pytest.raises(InvalidField):
        Session(4, 4).draw(*items, flags=flags, glyph_index=index)


def test_headers_that_cannot_be() -> None:
    with pytest.raises(InvalidField):
        Session(4, 4).raw(bytes.fromhex("0200"))  # a hit without an index
    with pytest.raises(InvalidField):
        Session(33, 32).draw(run(1, 9), flags=INDEX, glyph_index=0)  # more than 1,024 pixels
    with pytest.raises(Truncated):
        Session(4, 4).raw(bytes.fromhex("0100 0000"))  # a glyph to be stored and no pixels
    with pytest.raises(DecodeError):
        clearcodec.Decoder().decode_into(b"\0\0", View(bytearray(4), 4, 0, 0, 1, 1), 65535, 65535)
    with pytest.raises(ValueError, match="surface"):
        clearcodec.Decoder().decode_into(b"\0\0", View(bytearray(4), 4, 1, 0, 1, 1), 1, 1)


def test_truncations() -> None:
    nsc = nscodec.compress(View.of(noise(4, 2)), top_down=True)
    data = BitmapStream(
        flags=INDEX,
        seq_number=0,
        glyph_index=1,
        composite_payload=CompositePayload(
            residual_data=[run(1, 3), run(2, 255), run(3, 65535)],
            bands_data=[band(miss(0, 1), ShortVbarCacheHit(0, 1), VbarCacheHit(0))],
            subcodec_data=[
                rlex(3, (0, 0, 4), width=4, height=4),
                subcodec(nsc, SubcodecId.NSCODEC, 0, 0, 4, 2),
                subcodec(bytes(24), SubcodecId.RAW, 0, 0, 4, 2),
            ],
        ),
    ).encode()
    for size in range(len(data)):
        surface = bytearray(1024 * 4)
        with pytest.raises(Truncated):
            clearcodec.Decoder().decode_into(data[:size], View.whole(surface, 32, 32), 32, 32)
        assert not any(surface)  # of a glyph nothing is drawn


@pytest.mark.parametrize(
    ("layer", "part"),
    [
        (0, "010203"),
        (0, "010203 ff00"),
        (0, "010203 ffffff 000000"),
        (1, "0000 0000 0000 0000 0000"),
        (1, "0000 0000 0000 0000 000000"),
        (1, "0000 0000 0000 0000 000000 0040"),
        (1, "0000 0000 0000 0000 000000 0001 0102"),
        (2, "0000 0000 0100 0100 00000000"),
        (2, "0000 0000 0100 0100 01000000 02"),
        (2, "0000 0000 0100 0100 00000000 02"),
        (2, "0000 0000 0100 0100 03000000 02 020000"),
        (2, "0000 0000 0100 0100 05000000 02 0100000000"),
        (2, "0000 0000 0100 0100 02000000 00 0102"),
    ],
)
def test_layers_that_end_early(layer: int, part: str) -> None:
    data = bytes.fromhex(part)
    counts = [len(data) if number == layer else 0 for number in range(3)]
    with pytest.raises(Truncated):
        Session(4, 4).raw(bytes(2) + struct.pack("<III", *counts) + data)


def test_storages_have_a_limit() -> None:
    # The same numbers as the kernels': slots of 52 pixels and a size of one byte, glyphs of 1,024 and two.
    assert clearcodec.MAX_MEMORY == (32768 + 16384) * (52 * 4 + 1) + 4000 * (1024 * 4 + 2)


def test_one_thread_at_a_time(kernel: ModuleType) -> None:
    if kernel.__name__.startswith("trio_rdp.codecs.plain"):
        pytest.skip("holds the GIL")
    decoder = clearcodec.Decoder()
    data = BitmapStream(
        seq_number=7,
        composite_payload=CompositePayload(
            residual_data=[run(value & 0xFF, 1) for value in range(100_000)], bands_data=[], subcodec_data=[]
        ),
    ).encode()
    view = View.whole(bytearray(1000 * 1000 * 4), 1000, 1000)
    refused: list[Exception] = []

    def decode() -> None:
        for _ in range(5):
            try:
                decoder.decode_into(data, view, 1000, 1000)
            except (RuntimeError, DecodeError) as exc:
                refused.append(exc)

    threads = [threading.Thread(target=decode) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused  # numbers that do not follow, and perhaps two at once; never harm
