"""RDP 8.0 bulk compression against every shared vector of its kinds, with all forms of the kernel."""

from __future__ import annotations

import pytest

from tests.codecs.twins import FORMS, use
from tests.shared import Case, cases
from trio_rdp.codecs import zgfx


@pytest.fixture(params=FORMS, autouse=True)
def form(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    use(request.param, monkeypatch, zgfx)


@pytest.mark.parametrize("case", cases("zgfx-decompress"))
def test_zgfx_decompress(case: Case) -> None:
    decompressor = zgfx.Decompressor()
    for number in range(case.params["packets"]):
        assert decompressor.decompress(case.file(f"input_{number}")) == case.file(f"expected_{number}")


@pytest.mark.parametrize("case", cases("zgfx-compress-roundtrip"))
def test_zgfx_compress_roundtrip(case: Case) -> None:
    data = case.input
    assert case.raw["check"] == "roundtrip"
    stream = zgfx.Compressor().compress(data)
    assert zgfx.Decompressor().decompress(stream) == data
    assert stream[0] == (0xE0 if len(data) <= 65535 else 0xE1)
    assert len(stream) < len(data)
