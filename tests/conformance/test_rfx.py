"""RemoteFX against every shared vector of its kinds, and against captured servers, with all forms of the kernel."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.codecs.twins import FORMS, use
from tests.shared import ROOT, Case, cases
from trio_rdp.codecs import rfx
from trio_rdp.codecs.rfx_messages import (
    BlockType,
    RfxCodecVersion,
    RfxCodecVersions,
    RfxContext,
    RfxFrameBegin,
    RfxTileSet,
    append_block,
    read_block,
)
from trio_rdp.codecs.view import View
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import DecodeError
from trio_rdp.wire.pdu import Pdu

FACTORS = ("LL3", "LH3", "HL3", "HH3", "LH2", "HL2", "HH2", "LH1", "HL1", "HH1")
MESSAGES: dict[BlockType, type[Pdu]] = {
    BlockType.CODEC_VERSIONS: RfxCodecVersions,
    BlockType.CONTEXT: RfxContext,
    BlockType.FRAME_BEGIN: RfxFrameBegin,
    BlockType.EXTENSION: RfxTileSet,
}


@pytest.fixture(params=FORMS, autouse=True)
def kernel(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    use(request.param, monkeypatch, rfx)
    return vars(rfx)["kernel"]


def png(data: bytes) -> NDArray[np.uint8]:
    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"), np.uint8)


def numbers(data: bytes) -> NDArray[np.int32]:
    return np.frombuffer(data, "<i2").astype(np.int32)


@pytest.mark.parametrize("case", cases("rfx-decode"))
def test_rfx_decode(case: Case) -> None:
    width, height = case.params["width"], case.params["height"]
    surface = np.zeros((height, width, 4), np.uint8)
    decoder = rfx.Decoder()
    rects: list[rfx.Rect] = []
    for number in range(case.params["messages"]):
        picture = decoder.read(case.file(f"input_{number}"))
        picture.draw(View.of(surface))
        rects += picture.rects
    if "surface_bits" in case.params:
        expected = png(case.file("expected"))
    else:
        expected = np.frombuffer(case.file("expected"), np.uint8).reshape(height, width, 4)[:, :, 2::-1]
    drawn = np.zeros((height, width), np.bool_)
    for x, y, columns, rows in case.params.get("rects", rects):
        drawn[y : y + rows, x : x + columns] = True
    assert (surface[:, :, 3] == np.where(drawn, 255, 0)).all()
    difference = np.abs(surface[:, :, 2::-1].astype(np.int16) - expected)
    assert difference.max() <= case.params["max_abs_diff"]


@pytest.mark.parametrize("case", cases("rlgr1-decode", "rlgr3-decode"))
def test_rlgr_decode(case: Case, kernel: Any) -> None:
    count = case.params["coefficients"]
    out = kernel.decode_coefficients(case.input, count, rfx.Entropy[case.params["mode"]])
    if case.has_file("expected"):
        assert out == case.file("expected")
    else:
        assert list(struct.unpack(f"<{count}h", out)) == case.expected["coefficients"]


@pytest.mark.parametrize("case", cases("rlgr1-encode", "rlgr3-encode"))
def test_rlgr_encode(case: Case, kernel: Any) -> None:
    assert case.raw["check"] == "exact-or-roundtrip"
    entropy = rfx.Entropy[case.params["mode"]]
    out = kernel.encode_coefficients_of(case.input, entropy, 4 * len(case.input))
    assert isinstance(out, bytes)
    assert kernel.decode_coefficients(out, len(case.input) // 2, entropy) == case.input
    assert len(out) <= len(case.file("expected")) + 1


@pytest.mark.parametrize("case", cases("rfx-dwt"))
def test_rfx_dwt(case: Case, kernel: Any) -> None:
    transform = kernel.join if case.params["direction"] == "inverse" else kernel.split
    assert transform(case.input) == case.file("expected")


@pytest.mark.parametrize("case", cases("rfx-quant"))
def test_rfx_quant(case: Case, kernel: Any) -> None:
    factors = bytes(case.params["quant"][name] for name in FACTORS)
    scale = kernel.dequantize if case.params["direction"] == "dequantise" else kernel.quantize
    difference = np.abs(numbers(scale(case.input, factors)) - numbers(case.file("expected")))
    assert difference.max() <= case.params.get("max_abs_diff", 0)


@pytest.mark.parametrize("case", cases("color-ycbcr-to-rgb"))
def test_color_ycbcr_to_rgb(case: Case, kernel: Any) -> None:
    out = kernel.to_bgrx(case.file("y"), case.file("cb"), case.file("cr"))
    pixels = np.frombuffer(out, np.uint8).reshape(-1, 4)
    expected = np.frombuffer(case.file("expected"), np.uint8).reshape(-1, 3)
    assert np.abs(pixels[:, 2::-1].astype(np.int16) - expected).max() <= case.params["max_abs_diff"]


def read_any(data: bytes) -> tuple[BlockType, Pdu]:
    kind, content = read_block(Cursor(data))
    return kind, MESSAGES[kind].decode_from(content)


def fields_of(value: Any) -> Any:
    """The vector's own names and numbers of what a message says."""
    if isinstance(value, RfxContext):
        return {"flags": int(value.flags), "entropy_algorithm": int(value.et)}
    if isinstance(value, RfxFrameBegin):
        return {"index": value.frame_idx, "number_of_regions": value.num_regions}
    assert isinstance(value, RfxTileSet)
    quants = [dict(zip((name.lower() for name in FACTORS), quant.factors, strict=True)) for quant in value.quant_vals]
    tiles = [
        {
            "y_quant_index": tile.quant_idx_y,
            "cb_quant_index": tile.quant_idx_cb,
            "cr_quant_index": tile.quant_idx_cr,
            "x": tile.x_idx,
            "y": tile.y_idx,
            "y_data": tile.y_data.hex(),
            "cb_data": tile.cb_data.hex(),
            "cr_data": tile.cr_data.hex(),
        }
        for tile in value.read_tiles()
    ]
    return {"entropy_algorithm": int(value.et), "quants": quants, "tiles": tiles}


def plain(value: Any) -> Any:
    """A vector's value without what it says of types."""
    if isinstance(value, list):
        return [plain(one) for one in value]
    if not isinstance(value, dict):
        return value
    if "hex" in value:
        return value["hex"]
    if value.keys() <= {"flags", "value", "_type"} or value.keys() == {"enum", "value"}:
        return value["value"]
    return {name: plain(one) for name, one in value.items() if name != "_type"}


@pytest.mark.parametrize("case", cases("rfx-pdu"))
def test_rfx_pdu(case: Case) -> None:
    data = case.input
    if case.expected.get("invalid"):
        with pytest.raises(DecodeError):
            rfx.Decoder().read(data)
        frame_begin = bytes.fromhex("c4cc0e0000000100000000000100")
        with pytest.raises(DecodeError):
            rfx.Decoder().read(rfx.Encoder(64, 64).headers + frame_begin + data)
        return
    kind, message = read_any(data)
    if isinstance(message, RfxCodecVersions):
        assert message.codecs == [RfxCodecVersion(codec_id=1, version=0x0100)]
    else:
        assert fields_of(message) == plain(case.expected["fields"]["value"]["value"])
    out = bytearray()
    append_block(out, kind, message)
    assert out == data


@pytest.mark.parametrize("case", cases("robustness"))
def test_robustness(case: Case) -> None:
    for data in (case.input, rfx.Encoder(64, 64).headers + case.input):
        try:
            picture = rfx.Decoder().read(data)
        except DecodeError:
            continue
        picture.draw(View.of(np.zeros((64, 64, 4), np.uint8)))


@pytest.mark.parametrize("name", ["shadow-rdp-rfx", "weston-rdp-rfx", "xrdp-tls-xorg-rfx"])
@pytest.mark.skipif(not (ROOT / "captures").exists(), reason="needs the captures")
def test_captured_servers(name: str) -> None:
    """The picture that FreeRDP 2.11 displayed, but for rounding."""
    from tests.protocol.replay import play, recording
    from trio_rdp.graphics.jobs import DrawSurfaceBits
    from trio_rdp.protocol.session_events import GraphicsUpdate

    _, outputs = play(recording(name))
    surface = np.zeros((768, 1024, 4), np.uint8)
    decoder = rfx.Decoder()
    drawn = 0
    for output in outputs:
        if isinstance(output, GraphicsUpdate) and isinstance(output.job, DrawSurfaceBits):
            (command,) = output.job.commands
            picture = decoder.read(command.bitmap_data.bitmap_data)
            left, top = command.dest_left, command.dest_top
            picture.draw(View.of(surface, left, top, 1024 - left, 768 - top))
            drawn += picture.tile_count
    displayed = png((ROOT / "captures" / f"{name}.png").read_bytes())[:768, :1024]
    seen = surface[:, :, 3] == 255
    assert drawn > 10
    difference = np.abs(surface[:, :, 2::-1].astype(np.int16) - displayed)
    assert difference[seen].max() <= 1
