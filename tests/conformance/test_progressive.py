"""RemoteFX Progressive: every shared vector of its kinds and a recorded session, with all forms of the kernel."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.codecs.twins import FORMS, use
from tests.shared import ROOT, Case, capture, captures, cases
from trio_rdp.codecs import progressive, zgfx
from trio_rdp.codecs.progressive_blocks import ProgressiveBitmapStream
from trio_rdp.codecs.view import View


@pytest.fixture(params=FORMS, autouse=True)
def form(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    use(request.param, monkeypatch, progressive)


def expected_pixels(
    case: Case, number: int, width: int, height: int
) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """What the surface holds after a message, as blue, green and red."""
    role = f"expected_{number}" if case.has_file(f"expected_{number}") else "expected"
    if "crop" not in case.params:
        return np.frombuffer(case.file(role), np.uint8).reshape(height, width, 4)[:, :, :3]
    image = Image.open(ROOT / "vectors" / case.raw["files"][role])
    pixels = np.zeros((height, width, 3), np.uint8)
    x, y, columns, rows = case.params["crop"]
    pixels[y : y + rows, x : x + columns] = np.array(image.convert("RGB"))[:, :, ::-1]
    return pixels


@pytest.mark.parametrize("case", cases("progressive-decode"))
def test_progressive_decode(case: Case) -> None:
    width, height = case.params["width"], case.params["height"]
    decoder = progressive.Decoder(width, height)
    surface = np.zeros((height, width, 4), np.uint8)
    for number in range(case.params["messages"]):
        data = case.file(f"input_{number}")
        decoder.decode_into(data, View.of(surface))
        expected = expected_pixels(case, number, width, height)
        assert np.abs(surface[:, :, :3].astype(int) - expected).max() <= case.params["max_abs_diff"]
        blocks = ProgressiveBitmapStream.decode(data)
        assert blocks.encode() == data


@pytest.mark.parametrize("case", cases("progressive-srl-decode"))
def test_progressive_srl_decode(case: Case) -> None:
    assert case.params["initial_kp"] == 8
    kernel: Any = vars(progressive)["kernel"]
    values = kernel.read_srl(case.input, case.params["count"], case.params["num_bits"])
    assert values == case.expected["values"]


@pytest.mark.parametrize("case", cases("rfx-dwt-extrapolate"))
def test_rfx_dwt_extrapolate(case: Case) -> None:
    assert case.params["direction"] == "inverse"
    kernel: Any = vars(progressive)["kernel"]
    assert kernel.join(case.input) == case.file("expected")


CREATE_SURFACE, WIRE_TO_SURFACE_2 = 0x0009, 0x0002


def dynamic_messages(stream: bytes, name: bytes) -> Iterator[bytes]:
    """What a server sent on a dynamic channel; nothing of the session but that is looked at."""
    opened, parts, sizes, pos = b"", bytearray(), {}, 0
    while pos < len(stream):
        # CredSSP's DER and fast-path output have lengths of their own form, and are stepped over.
        if stream[pos] != 3:
            head, size = 2, stream[pos + 1]
            if size & 0x80 and stream[pos] == 0x30:
                head += size & 0x7F
                size = head + int.from_bytes(stream[pos + 2 : pos + head])
            elif size & 0x80:
                size = (size & 0x7F) << 8 | stream[pos + 2]
            else:
                size += head if stream[pos] == 0x30 else 0
            pos += size
            continue
        (size,) = struct.unpack_from(">H", stream, pos + 2)
        data, pos = stream[pos + 7 : pos + size], pos + size
        # Send Data Indication; the length of its user data has one or two bytes.
        if not data or data[0] >> 2 != 26:
            continue
        data = data[8 if data[6] & 0x80 else 7 :]
        total, flags = struct.unpack_from("<II", data) if len(data) >= 8 else (0, 0)
        if not flags & 3 or total > 1_000_000:
            continue
        parts = bytearray() if flags & 1 else parts
        parts += data[8:]
        if flags & 2 and len(parts) == total:
            command, length = parts[0] >> 4, 1 << (parts[0] & 3)
            number, rest = bytes(parts[1 : 1 + length]), bytes(parts[1 + length :])
            if command == 1 and rest == name + b"\0":
                opened = number
            elif command == 2 and number == opened:
                width = 1 << (parts[0] >> 2 & 3)
                sizes[number] = int.from_bytes(rest[:width], "little"), bytearray(rest[width:])
            elif command == 3 and number == opened:
                whole, collected = sizes.get(number, (len(rest), bytearray()))
                collected += rest
                if len(collected) >= whole:
                    sizes.pop(number, None)
                    yield bytes(collected)


@pytest.mark.parametrize(
    "name", [case for case in captures() if not case.values[0] or "gfx-progressive" in case.values[0]]
)
def test_what_gnome_sent(name: str) -> None:
    decompressor, surface, decoder = zgfx.Decompressor(), np.zeros((0, 0, 4), np.uint8), progressive.Decoder(1, 1)
    decoded = 0
    for message in dynamic_messages(capture(name)[1], b"Microsoft::Windows::RDS::Graphics"):
        data, pos = decompressor.decompress(message), 0
        while pos < len(data):
            command, _, size = struct.unpack_from("<HHI", data, pos)
            body, pos = data[pos + 8 : pos + size], pos + size
            if command == CREATE_SURFACE:
                _, width, height, _ = struct.unpack("<HHHB", body)
                surface, decoder = np.zeros((height, width, 4), np.uint8), progressive.Decoder(width, height)
            elif command == WIRE_TO_SURFACE_2:
                assert struct.unpack_from("<HHI", body)[1] == 9
                assert ProgressiveBitmapStream.decode(body[13:]).encode() == body[13:]
                decoder.decode_into(body[13:], View.of(surface))
                decoded += 1
    assert decoded
    # xfreerdp drew it; it rounds colours another way, by one at most.
    height, width = surface.shape[:2]
    shown = np.array(Image.open(ROOT / "captures" / f"{name}.png").convert("RGB"))[:height, :width]
    assert np.abs(surface[:, :, 2::-1].astype(int) - shown).max() <= 1
