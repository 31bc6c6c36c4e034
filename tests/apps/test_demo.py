from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trio_rdp.apps.demo import ClientResult, Graphics, run_demo
from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.display_statistics import DisplayStatistics
from trio_rdp.protocol.config import DesktopSize
from trio_rdp.writer import LaneStatistics

SIZE = DesktopSize(480, 320)


@pytest.mark.parametrize("clients", [1, 3])
async def test_every_client_gets_its_own_desktop(tmp_path: Path, clients: int) -> None:
    phases: list[str] = []
    result = await run_demo(clients, 3.0, tmp_path / "new", size=SIZE, tell=lambda phase, share: phases.append(phase))
    assert len(result.clients) == clients
    assert len(result.fingerprint) == 64
    assert {"making a certificate", "logging in", "running"} <= set(phases)
    pictures = []
    for client in result.clients:
        assert client.connect_seconds > 0
        assert client.frames > 0
        assert client.bytes_received > 0
        with Image.open(client.picture) as picture:
            assert picture.size == (480, 320)
            pictures.append(np.asarray(picture))
    assert len({picture.tobytes() for picture in pictures}) == clients
    assert sorted((tmp_path / "new").iterdir()) == sorted(client.picture for client in result.clients)


async def test_there_are_more_clients_than_names(tmp_path: Path) -> None:
    result = await run_demo(8, 0.5, tmp_path, size=DesktopSize(200, 200))
    assert len({client.username for client in result.clients}) == 8


@pytest.mark.parametrize(
    ("graphics", "codec"),
    [
        (Graphics.AUTO, BitmapCodec.CLEARCODEC),
        (Graphics.H264, BitmapCodec.AVC444),
        (Graphics.PROGRESSIVE, BitmapCodec.PROGRESSIVE),
        (Graphics.CLEARCODEC, BitmapCodec.CLEARCODEC),
        (Graphics.PLANAR, BitmapCodec.PLANAR),
        (Graphics.CLASSIC, BitmapCodec.QOIZ),
    ],
)
async def test_pictures_travel_as_is_wished(tmp_path: Path, graphics: Graphics, codec: BitmapCodec) -> None:
    if graphics is Graphics.H264:
        pytest.importorskip("av")
    result = await run_demo(1, 3.0, tmp_path, size=SIZE, graphics=graphics)
    display = result.clients[0].display
    assert display.codecs[codec].bytes > 0
    assert (display.pipeline is None) == (graphics is Graphics.CLASSIC)


def test_results_of_a_client_that_measured_nothing() -> None:
    display = DisplayStatistics(0, 0, 0, 0, 0, {}, 0, 0, 0, 0, LaneStatistics("graphics", 0, 0, 0, 0))
    empty = ClientResult("ada", 0.1, 0, 0, 0.0, (), Path("a.png"), display)
    assert empty.latency is None
    assert empty.frames_per_second == 0
    full = ClientResult("ada", 0.1, 30, 9, 2.0, (0.3, 0.1, 0.2), Path("a.png"), display)
    assert full.latency == 0.2
    assert full.frames_per_second == 15
