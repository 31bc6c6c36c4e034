from __future__ import annotations

import random
import struct
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.codecs import whole_updates
from tests.codecs.twins import twins
from trio_rdp.codecs import qoi
from trio_rdp.codecs.kernels import form_of
from trio_rdp.codecs.view import View
from trio_rdp.wire.errors import DecodeError, InvalidField, Truncated

END = bytes.fromhex("00 00 00 00 00 00 00 01")


@pytest.fixture(params=twins("qoi"), autouse=True)
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module: ModuleType = request.param
    monkeypatch.setattr(qoi, "kernel", module)
    return module


def image(width: int, height: int, chunks: str, channels: int = 3) -> bytes:
    return b"qoif" + struct.pack(">IIBB", width, height, channels, 0) + bytes.fromhex(chunks) + END


def decode(data: bytes, width: int, height: int, *, keep_alpha: bool = False) -> bytes:
    surface = bytearray(width * height * 4)
    qoi.decompress_into(data, View.whole(surface, width, height), width, height, keep_alpha=keep_alpha)
    return bytes(surface)


def test_every_chunk() -> None:
    stream = image(
        8,
        1,
        "c0"  # QOI_OP_RUN of one: black, where every image begins
        "fe 10 20 30"  # QOI_OP_RGB
        "5b"  # QOI_OP_DIFF: red -1, green 0, blue +1
        "a5 1e"  # QOI_OP_LUMA: green +5, red 5 - 7, blue 5 + 6
        "ff 01 02 03 04"  # QOI_OP_RGBA
        "c1"  # QOI_OP_RUN of two
        "15",  # QOI_OP_INDEX: 0x10 * 3 + 0x20 * 5 + 0x30 * 7 + 255 * 11 is 21 modulo 64
        channels=4,
    )
    expected = (
        "000000ff 302010ff 31200fff 3c250dff"  # B, G, R, A
        "03020104 03020104 03020104 302010ff"
    )
    assert decode(stream, 8, 1, keep_alpha=True) == bytes.fromhex(expected)
    opaque = bytearray(bytes.fromhex(expected))
    opaque[3::4] = b"\xff" * 8
    assert decode(stream, 8, 1) == opaque
    assert qoi.compress(View.whole(bytes.fromhex(expected), 8, 1), alpha=True) == stream


def test_differences_wrap_around() -> None:
    # 255 + 1 is 0, and 0 - 1 is 255.
    stream = image(3, 1, "fe ff 00 80 7a fe 00 ff 80")
    pixels = decode(stream, 3, 1)
    assert pixels[4:8] == bytes((0x80, 0x00, 0x00, 0xFF))
    stream = image(2, 1, "fe ff 01 40 70")  # red +1, green -2, blue -2
    assert decode(stream, 2, 1)[4:8] == bytes((0x3E, 0xFF, 0x00, 0xFF))
    assert qoi.compress(View.whole(decode(stream, 2, 1), 2, 1)) == stream


def test_runs_have_62_pixels_at_most_and_cross_rows() -> None:
    black = bytes((0, 0, 0, 255))
    for count in (1, 61, 62, 63, 124, 125):
        stream = qoi.compress(View.whole(black * count, 1, count))
        assert stream[14:-8] == b"\xfd" * (count // 62) + (bytes((0xC0 | count % 62 - 1,)) if count % 62 else b"")
        assert decode(stream, 1, count) == black * count


@pytest.mark.parametrize(
    ("stream", "error"),
    [
        (b"", Truncated),
        (b"qoif\0\0\0\2", Truncated),
        (b"quif" + image(2, 1, "c1")[4:], InvalidField),
        (image(1, 2, "c1"), InvalidField),  # another size than the rectangle
        (image(2, 1, "c1", channels=5), InvalidField),
        (image(2, 1, ""), InvalidField),  # the marker is taken for pixels
        (image(2, 1, "c1")[:-1], Truncated),
        (image(2, 1, "c1")[:-1] + b"\2", InvalidField),  # no marker
        (image(2, 1, "c2"), InvalidField),  # a run of three in two pixels
        (image(2, 1, "fe 01 02 03")[:-6], Truncated),
        (image(2, 1, "ff ff ff ff ff ff")[:18], Truncated),
    ],
)
def test_streams_that_cannot_be(stream: bytes, error: type[DecodeError]) -> None:
    with pytest.raises((error, Truncated)) as caught:
        decode(stream, 2, 1)
    assert isinstance(caught.value, DecodeError)


def test_drawing_is_clipped() -> None:
    picture = random.Random(3).randbytes(5 * 4 * 4)
    stream = qoi.compress(View.whole(picture, 5, 4), alpha=True)
    surface = bytearray(24 * 5)
    qoi.decompress_into(stream, View(surface, 24, 2, 1, 3, 2), 5, 4, keep_alpha=True)
    expected = bytearray(24 * 5)
    for row in range(2):
        expected[24 * (row + 1) + 8 : 24 * (row + 1) + 20] = picture[row * 20 : row * 20 + 12]
    assert surface == expected


@pytest.mark.parametrize("alpha", [False, True])
def test_many_at_once_are_as_one_by_one(alpha: bool) -> None:
    whole_updates.decodes_as_one_by_one(qoi, lambda view: qoi.compress(view, alpha=True), keep_alpha=alpha)
    whole_updates.encodes_as_one_by_one(qoi, alpha=alpha)


def test_more_than_is_kept_at_once(kernel: ModuleType) -> None:
    if form_of(kernel) != "plain":
        whole_updates.encodes_more_than_is_kept_at_once(qoi)


def test_of_many_those_before_the_faulty_one_are_drawn() -> None:
    good = image(1, 1, "c0")
    # Not the last pixel is the fault: what stands above one has been drawn.
    faults = [(b"", Truncated), (good[:14], Truncated), (image(2, 1, "c1"), InvalidField)]
    whole_updates.draws_those_before_the_faulty_one(qoi, faults)


def test_many_at_once_in_places_that_cannot_be(kernel: ModuleType) -> None:
    whole_updates.refuses_places_that_cannot_be(qoi)
    whole_updates.refuses_rectangles_that_cannot_be(qoi)
    whole_updates.refuses_tables_that_cannot_be(kernel, (False,), (False,))


KINDS = st.sampled_from(("noise", "text", "gradient", "solid", "few", "steps"))


def picture(kind: str, width: int, height: int, seed: int) -> bytes:
    source = random.Random(seed)
    count = width * height
    if kind == "noise":
        return source.randbytes(count * 4)
    if kind == "solid":
        return source.randbytes(4) * count
    if kind == "gradient":
        return b"".join(
            bytes((column * 2 & 255, row & 255, column + row & 255, 255 - row & 255))
            for row in range(height)
            for column in range(width)
        )
    if kind == "steps":
        values = bytearray(source.randbytes(4))
        out = bytearray()
        for _ in range(count):
            for channel in range(4):
                values[channel] = values[channel] + source.choice((-40, -9, -2, -1, 0, 0, 1, 8, 32)) & 255
            out += values
        return bytes(out)
    colours = [source.randbytes(4) for _ in range(2 if kind == "text" else 100)]
    return b"".join(source.choices(colours, k=count))


@given(KINDS, st.integers(1, 200), st.integers(1, 200), st.booleans(), st.integers(0, 9), st.integers(0, 3))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
def test_nothing_is_lost(kind: str, width: int, height: int, alpha: bool, place: int, seed: int) -> None:
    if form_of(vars(qoi)["kernel"]) == "plain" or kind == "steps":
        width, height = min(width, 40), min(height, 30)
    pixels = picture(kind, width, height, seed)
    stride = (width + place) * 4 + place
    surface = bytearray(stride * (height + place))
    for row in range(height):
        start = (row + place) * stride + place * 4
        surface[start : start + width * 4] = pixels[row * width * 4 : (row + 1) * width * 4]
    stream = qoi.compress(View(surface, stride, place, place, width, height), alpha=alpha)
    assert stream[12] == (4 if alpha else 3)
    assert len(stream) <= 22 + (5 if alpha else 4) * width * height
    expected = bytearray(pixels)
    if not alpha:
        expected[3::4] = b"\xff" * (width * height)
    assert decode(stream, width, height, keep_alpha=alpha) == expected


def test_places_outside_are_refused() -> None:
    with pytest.raises(ValueError, match="surface"):
        qoi.decompress_into(image(1, 1, "c0"), View(bytearray(4), 4, 1, 0, 1, 1), 1, 1)
    with pytest.raises(ValueError, match="surface"):
        qoi.compress(View(bytes(16), 8, 1, 1, 2, 2))
    with pytest.raises(DecodeError):
        decode(image(65535, 65535, "c0"), 0, 1)
    with pytest.raises(DecodeError):
        qoi.decompress_into(image(65535, 65535, "c0"), View(bytearray(4), 4, 0, 0, 1, 1), 65535, 65535)
