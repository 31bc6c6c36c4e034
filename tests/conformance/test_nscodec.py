"""NSCodec against every shared vector and the captured session that uses it, with every form of the kernel."""

from __future__ import annotations

import numpy as np
import pytest

from tests.codecs.pictures import psnr
from tests.codecs.twins import FORMS, use
from tests.shared import Case, cases
from trio_rdp.codecs import nscodec
from trio_rdp.codecs.view import View


@pytest.fixture(params=FORMS, autouse=True)
def form(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    use(request.param, monkeypatch, nscodec)


@pytest.mark.parametrize("case", cases("nscodec-decode"))
def test_nscodec_decode(case: Case) -> None:
    width, height = case.params["width"], case.params["height"]
    expected = np.frombuffer(case.file("expected"), np.uint8).reshape(height, width, 4)
    out = np.zeros_like(expected)
    nscodec.decompress_into(case.input, View.of(out), width, height, top_down=True, keep_alpha=True)
    assert np.abs(out.astype(int) - expected).max() <= case.params["max_abs_diff"]

    # Encoded again with the same options it comes back as near, and is not much longer: the picture is another one now.
    level, subsampling = case.params["color_loss_level"], bool(case.params["chroma_subsampling"])
    stream = nscodec.compress(
        View.of(expected), color_loss_level=level, subsampling=subsampling, alpha=True, top_down=True
    )
    assert len(stream) <= len(case.input) * 1.1
    again = np.zeros_like(expected)
    nscodec.decompress_into(stream, View.of(again), width, height, top_down=True, keep_alpha=True)
    assert np.array_equal(again[..., 3], expected[..., 3])
    if not subsampling:
        assert psnr(again, expected) >= 60 - 6 * level
