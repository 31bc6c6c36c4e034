from __future__ import annotations

import struct
from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.codecs import whole_updates
from tests.codecs.pictures import BGRX, gradient, noise, psnr, text
from tests.codecs.twins import twins
from trio_rdp.codecs import nscodec
from trio_rdp.codecs.view import View
from trio_rdp.wire.errors import DecodeError, InvalidField, Truncated


@pytest.fixture(params=twins("nscodec"), autouse=True)
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module: ModuleType = request.param
    monkeypatch.setattr(nscodec, "kernel", module)
    return module


def stream(*planes: str, level: int = 1, subsampling: int = 0) -> bytes:
    """A stream of four planes in hexadecimal, luma, orange chroma, green chroma, alpha."""
    parts = [bytes.fromhex(plane) for plane in planes]
    return struct.pack("<4I2B2x", *map(len, parts), level, subsampling) + b"".join(parts)


def decode(data: bytes, width: int, height: int) -> BGRX:
    out = np.zeros((height, width, 4), np.uint8)
    nscodec.decompress_into(data, View.of(out), width, height, top_down=True, keep_alpha=True)
    return out


def test_the_documents_example() -> None:
    # [MS-RDPNSC] 4: fifteen by ten pixels, luma of sixteen columns, chroma of eight by five.
    data = bytes.fromhex(
        "71000000"  # LumaPlaneByteCount = 113
        "07000000"  # OrangeChromaPlaneByteCount = 7
        "0b000000"  # GreenChromaPlaneByteCount = 11
        "07000000"  # AlphaPlaneByteCount = 7
        "03"  # ColorLossLevel
        "01"  # ChromaSubsamplingLevel
        "0000"  # Reserved
        "636301 646400 636302 646400 636300 646401 636301 646401 636301 646400 636300 646401 636300 64640c"
        "636300 64640c 636300 64640c 636300 64640c 63 646404 63 64 636300 646403 63 646403 636300 64"
        "636300 646403 65 63 646401 63 646400 65 646406 63 646400 636300 646404"
        "64656565"  # EndData
        "222222 22222222"  # orange chroma: 36 times 0x22, EndData
        "373719 36 373706 37373737"  # green chroma
        "ffff90 ffffffff"  # alpha: 146 times 0xff, EndData
    )
    green = bytes.fromhex(
        "3f3f3f40403f3f3f3f40403f3f4040 3f3f3f4040403f3f3f40403f3f4040 3f3f40404040404040404040404040"
        "3f3f40404040404040404040404040 3f3f40404040404040404040404040 3f3f40404040404040404040404040"
        "3f40404040403c3b403f3f40404040 3f40404040403b3b403f3f40404040 413f4040403f404041404040404040"
        "403f40403f3f404040404040404141"
    )
    red = bytes.fromhex(
        "0f0f0f10100f0f0f0f10100f0f1010 0f0f0f1010100f0f0f10100f0f1010 0f0f10101010101010101010101010"
        "0f0f10101010101010101010101010 0f0f10101010101010101010101010 0f0f10101010101010101010101010"
        "0f10101010101413100f0f10101010 0f10101010101313100f0f10101010 110f1010100f101011101010101010"
        "100f10100f0f101010101010101111"
    )
    expected = b"".join(bytes((255, g, r, 255)) for g, r in zip(green, red, strict=True))
    assert decode(data, 15, 10).tobytes() == expected


def test_the_documents_run_lengths() -> None:
    # [MS-RDPNSC] 3.1.8.1: twenty-seven letters, as luma without chroma; the second example grows and is sent raw.
    letters = b"ABCDDDTTTTGFRRRRRRRRRRRABCD"
    zeros = "000015 00000000"
    coded = b"ABCDD\1TT\2GFRR\x09ABCD".hex()
    assert decode(stream(coded, zeros, zeros, ""), 27, 1)[0, :, 1].tobytes() == letters
    for plane, expected in ((letters, coded), (b"AAAABBCCCCCD", b"AAAABBCCCCCD".hex())):
        picture = np.frombuffer(plane, np.uint8).repeat(4).reshape(1, -1, 4)
        data = nscodec.compress(View.of(picture.copy()), color_loss_level=1, subsampling=False)
        size = len(bytes.fromhex(expected))
        assert data[:4] == struct.pack("<I", size)
        assert data[20 : 20 + size].hex() == expected


def test_chroma_and_alpha() -> None:
    # Y = 100, Co = 2 * 20, Cg = 2 * -10: R = 100 + 20 + 10, G = 90, B = 100 - 20 + 10; no alpha plane is opaque.
    assert decode(stream("64", "14", "f6", "07"), 1, 1).tobytes() == bytes((90, 90, 130, 7))
    assert decode(stream("64", "14", "f6", ""), 1, 1).tobytes() == bytes((90, 90, 130, 255))
    # Three bits lost: what stands above the eighth bit goes.
    assert decode(stream("64", "05", "fe", "07", level=3), 1, 1).tobytes() == bytes((88, 92, 128, 7))
    assert decode(stream("64", "45", "3e", "07", level=3), 1, 1).tobytes() == bytes((88, 92, 128, 7))
    # Clamped.
    assert decode(stream("fa", "14", "14", ""), 1, 1).tobytes() == bytes((210, 255, 250, 255))
    assert decode(stream("05", "ec", "14", ""), 1, 1).tobytes() == bytes((5, 25, 0, 255))


def test_chroma_samples_spread_over_two_by_two_pixels() -> None:
    # Three by three pixels: luma of eight columns, chroma of four by two.
    data = stream("32" * 24, "0102000003040000", "00" * 8, "", subsampling=1)
    assert (decode(data, 3, 3)[..., 2] - 50).tolist() == [[1, 1, 2], [1, 1, 2], [3, 3, 4]]


def test_a_literal_before_the_raw_end_may_equal_it() -> None:
    zeros = "000004 00000000"
    gray = decode(stream("050503 07 0708090a", zeros, zeros, ""), 10, 1)
    assert gray[0, :, 1].tolist() == [5, 5, 5, 5, 5, 7, 7, 8, 9, 10]


@pytest.mark.parametrize(
    ("planes", "error"),
    [
        (("", "05", "05", "05"), InvalidField),  # "this value MUST be greater than zero"
        (("05" * 13, "05", "05", "05"), InvalidField),  # "MUST NOT be larger than the expected size"
        (("050506", "05", "05", "05"), Truncated),  # no raw end
        (("0505060505", "05", "05", "05"), Truncated),
        (("05050705050505", "05", "05", "05"), InvalidField),  # a run of nine into the raw end
        (("0505ffffffffff05050505", "05", "05", "05"), InvalidField),
        (("0505ff080000", "05", "05", "05"), Truncated),
        (("0506", "05", "05", "05"), Truncated),
        (("05", "05", "05", "05"), Truncated),
        (("050506 01020304", "050506 01020304", "050506 01020304", "0505"), Truncated),
    ],
)
def test_streams_that_cannot_be(planes: tuple[str, ...], error: type[DecodeError]) -> None:
    surface = bytearray(12 * 4)
    with pytest.raises(error):
        nscodec.decompress_into(stream(*planes), View(surface, 48, 0, 0, 12, 1), 12, 1)
    assert surface == bytes(48)  # nothing was drawn


def test_headers_that_cannot_be() -> None:
    good = stream("050506 01020304", "050506 01020304", "050506 01020304", "")
    view = View(bytearray(48), 48, 0, 0, 12, 1)
    for size in range(len(good)):
        with pytest.raises(Truncated):
            nscodec.decompress_into(good[:size], view, 12, 1)
    # A plane of three bytes has no room for a raw end.
    with pytest.raises(Truncated):
        nscodec.decompress_into(stream("05", "05", "05", ""), view, 3, 1)
    for level in (0, 8, 255):
        with pytest.raises(InvalidField):
            nscodec.decompress_into(good[:16] + bytes((level,)) + good[17:], view, 12, 1)
    with pytest.raises(DecodeError):
        nscodec.decompress_into(good, view, 65535, 65535)


@pytest.mark.parametrize("size", [*range(1, 24), 254, 255, 256, 257, 258, 259, 260, 261, 262, 600])
@pytest.mark.parametrize("first", [0, 3])
def test_runs_of_every_length(size: int, first: int) -> None:
    gray = np.full((1, size + first + 8, 4), 77, np.uint8)
    gray[0, :first] = np.arange(first)[:, None]
    gray[0, first + size :] = np.arange(8)[:, None]
    out = decode(nscodec.compress(View.of(gray), color_loss_level=1, subsampling=False), size + first + 8, 1)
    assert np.array_equal(out[..., :3], gray[..., :3])


def test_the_order_of_rows_and_alpha_are_the_callers() -> None:
    picture = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
    picture[..., :3] = picture[..., 1:2]  # gray comes back as it was
    out = np.zeros_like(picture)
    for top_down in (False, True):
        data = nscodec.compress(View.of(picture), color_loss_level=1, subsampling=False, alpha=True, top_down=top_down)
        nscodec.decompress_into(data, View.of(out), 3, 2, top_down=top_down, keep_alpha=True)
        assert np.array_equal(out, picture)
        nscodec.decompress_into(data, View.of(out), 3, 2, top_down=not top_down)
        assert np.array_equal(out[..., :3], picture[::-1, :, :3])
        assert (out[..., 3] == 255).all()


def test_drawing_is_clipped() -> None:
    picture = gradient(40, 30)
    data = nscodec.compress(View.of(picture))
    whole, part = np.zeros_like(picture), np.zeros_like(picture)
    nscodec.decompress_into(data, View.of(whole), 40, 30)
    nscodec.decompress_into(data, View.of(part, 5, 6, 7, 8), 40, 30)
    assert np.array_equal(part[6:14, 5:12], whole[:8, :7])
    part[6:14, 5:12] = 0
    assert not part.any()


@pytest.mark.parametrize("options", [{}, {"top_down": True}, {"keep_alpha": True}])
def test_many_at_once_are_drawn_as_one_by_one(options: dict[str, bool]) -> None:
    whole_updates.decodes_as_one_by_one(
        nscodec, lambda view: nscodec.compress(view, alpha=True, subsampling=view.height % 3 == 0), **options
    )


def test_of_many_those_before_the_faulty_one_are_drawn() -> None:
    good = stream("05", "05", "05", "")
    faults = [(good[:-1], Truncated), (b"", Truncated), (stream("05", "05", "05", "", level=8), InvalidField)]
    whole_updates.draws_those_before_the_faulty_one(nscodec, faults)


@pytest.mark.parametrize(
    "options", [{}, {"subsampling": False, "alpha": True}, {"color_loss_level": 7, "top_down": True}]
)
def test_many_at_once_are_encoded_as_one_by_one(options: dict[str, int]) -> None:
    whole_updates.encodes_as_one_by_one(nscodec, **options)
    if not options:
        whole_updates.encodes_more_than_is_kept_at_once(nscodec)
    with pytest.raises(ValueError, match="level"):
        nscodec.compress_all(View(bytes(4), 4, 0, 0, 1, 1), [], color_loss_level=8)


def test_many_at_once_in_places_that_cannot_be(kernel: ModuleType) -> None:
    whole_updates.refuses_places_that_cannot_be(nscodec)
    whole_updates.refuses_rectangles_that_cannot_be(nscodec)
    whole_updates.refuses_tables_that_cannot_be(kernel, (False, False), (3, True, False, False))


LEVELS = range(1, 8)
# How near each level comes without subsampling, the least of all pictures: a bit lost is six decibels or less.
PSNR = (51, 44, 38, 32, 26, 20, 14)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("make", [text, gradient, noise])
def test_quality_falls_with_the_level(level: int, make: Callable[[int, int], BGRX]) -> None:
    picture = make(96, 64)
    plain = decode(nscodec.compress(View.of(picture), color_loss_level=level, subsampling=False, top_down=True), 96, 64)
    assert psnr(plain, picture) >= PSNR[level - 1]
    difference = np.abs(plain.astype(int) - picture)[..., :3].max()
    assert difference <= 1 + (3 << level >> 2)


@pytest.mark.parametrize("level", LEVELS)
def test_subsampling_keeps_smooth_pictures(level: int) -> None:
    picture = gradient(97, 63)
    half = decode(nscodec.compress(View.of(picture), color_loss_level=level, top_down=True), 97, 63)
    assert psnr(half, picture) >= min(PSNR[level - 1], 40)


def test_sizes_are_bounded() -> None:
    picture = noise(65, 33)
    assert len(nscodec.compress(View.of(picture), subsampling=False, alpha=True)) <= 20 + 4 * 65 * 33
    assert len(nscodec.compress(View.of(picture))) <= 20 + 72 * 33 + 2 * 36 * 17


def test_places_outside_are_refused() -> None:
    with pytest.raises(ValueError, match="surface"):
        nscodec.decompress_into(stream("05", "05", "05", ""), View(bytearray(4), 4, 1, 0, 1, 1), 1, 1)
    with pytest.raises(ValueError, match="surface"):
        nscodec.compress(View(bytes(16), 8, 1, 1, 2, 2))
    for level in (0, 8):
        with pytest.raises(ValueError, match="level"):
            nscodec.compress(View(bytes(16), 8, 0, 0, 2, 2), color_loss_level=level)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(
    st.integers(1, 200),
    st.integers(1, 200),
    st.integers(0, 9),
    st.integers(0, 9),
    st.booleans(),
    st.booleans(),
    st.sampled_from((text, gradient, noise)),
)
def test_round_trips_at_any_size_and_place(
    width: int, height: int, x: int, y: int, subsampling: bool, alpha: bool, make: Callable[[int, int], BGRX]
) -> None:
    surface = make(width + x + 3, height + y + 2)
    view = View.of(surface, x, y, width, height)
    data = nscodec.compress(view, color_loss_level=1, subsampling=subsampling, alpha=alpha)
    out = np.zeros_like(surface)
    nscodec.decompress_into(data, View.of(out, x, y, width, height), width, height, keep_alpha=True)
    ours, theirs = out[y : y + height, x : x + width], surface[y : y + height, x : x + width]
    assert np.array_equal(ours[..., 3], theirs[..., 3] if alpha else np.full_like(theirs[..., 3], 255))
    if not subsampling:
        assert np.abs(ours.astype(int) - theirs)[..., :3].max() <= 1
    luma = (_luma(ours) - _luma(theirs)).astype(int)
    assert np.abs(luma).mean() <= (70 if subsampling else 1)  # where chroma is averaged, colours are clamped
    out[y : y + height, x : x + width] = 0
    assert not out.any()


def _luma(picture: BGRX) -> NDArray[np.float64]:
    luma: NDArray[np.float64] = picture[..., :3] @ np.array((0.25, 0.5, 0.25))
    return luma
