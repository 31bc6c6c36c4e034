"""QOI against every shared vector, with all forms of the kernel."""

from __future__ import annotations

import pytest

from tests.codecs.twins import FORMS, use
from tests.shared import Case, cases
from trio_rdp.codecs import qoi
from trio_rdp.codecs.view import View


@pytest.fixture(params=FORMS, autouse=True)
def form(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    use(request.param, monkeypatch, qoi)


@pytest.mark.parametrize("case", cases("qoi-decode"))
def test_qoi_decode(case: Case) -> None:
    width, height, channels = case.params["width"], case.params["height"], case.params["channels"]
    assert case.input[12] == channels
    surface = bytearray(width * height * 4)
    view = View.whole(surface, width, height)
    qoi.decompress_into(case.input, view, width, height, keep_alpha=True)
    expected = case.file("expected")
    assert case.params["expected_layout"] == ("RGBA" if channels == 4 else "RGB")
    for channel, place in enumerate((2, 1, 0, 3)[:channels]):
        assert surface[place::4] == expected[channel::channels]
    if channels == 3:
        assert surface[3::4] == b"\xff" * (width * height)
    # Ours is as short as the reference, or shorter.
    assert len(qoi.compress(view, alpha=channels == 4)) <= len(case.input)
