from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trio_rdp.graphics.image_file import save_image, to_image

PIXELS = np.array([[[1, 2, 3, 255], [4, 5, 6, 0]]], np.uint8)


def test_to_image() -> None:
    picture = to_image(PIXELS)
    assert (picture.mode, picture.size) == ("RGB", (2, 1))
    assert np.array(picture).tolist() == [[[3, 2, 1], [6, 5, 4]]]


@pytest.mark.parametrize("as_text", [False, True])
def test_save_image(tmp_path: Path, as_text: bool) -> None:
    path = tmp_path / "picture.png"
    save_image(PIXELS, str(path) if as_text else path)
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        assert np.array(picture).tolist() == [[[3, 2, 1], [6, 5, 4]]]


def test_no_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(RuntimeError, match=r"trio-rdp\[image\]"):
        to_image(PIXELS)
