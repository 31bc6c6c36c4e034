"""RemoteFX Progressive against every shared vector of its kinds, with all forms of the kernel."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.codecs.twins import FORMS, use
from tests.shared import ROOT, Case, cases
from trio_rdp.codecs import progressive
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
    image = pytest.importorskip("PIL.Image").open(ROOT / "vectors" / case.raw["files"][role])
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
