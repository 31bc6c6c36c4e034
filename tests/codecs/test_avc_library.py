from __future__ import annotations

import sys

import numpy as np
import pytest

from trio_rdp.codecs.avc_library import import_av, is_available, is_loaded, planes_of


def test_pyav_is_found() -> None:
    av = pytest.importorskip("av")
    assert is_available()
    assert import_av() is av
    assert is_loaded()


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ModuleNotFoundError, match=r"trio-rdp\[h264\]"):
        import_av()


def test_planes_can_be_written() -> None:
    av = pytest.importorskip("av")
    frame = av.VideoFrame(32, 16, "yuv420p")
    planes = planes_of(frame)
    assert (planes.width, planes.height, planes.half) == (32, 16, True)
    np.frombuffer(planes.y, np.uint8)[0] = 77
    assert bytes(frame.planes[0])[0] == 77
