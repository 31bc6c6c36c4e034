"""What our display sends to a client that offers what IronRDP's does, carried out as that client does it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace

import numpy as np
import pytest
import trio

from tests.codecs.pictures import text
from tests.graphics.pipeline.model_client import photo
from tests.robustness.ironrdp import IronRdp, Misunderstood, Picture
from trio_rdp.channels.rdpgfx.capabilities import CapabilityVersion
from trio_rdp.channels.rdpgfx.client import GraphicsClient
from trio_rdp.client import Session
from trio_rdp.codecs import avc
from trio_rdp.codecs.bitmap_codec import BitmapCodec, Quality
from trio_rdp.display_statistics import GraphicsStatistics
from trio_rdp.graphics.geometry import Rect
from trio_rdp.protocol.config import ClientConfig, DesktopSize, Security
from trio_rdp.server import ServerSession
from trio_rdp.testing import open_session_pair

WIDTH, HEIGHT = 640, 448
CLIENT = ClientConfig(
    username="user",
    security=Security.NONE,
    desktop_size=DesktopSize(WIDTH, HEIGHT),
    graphics_versions=(CapabilityVersion.VERSION_81, CapabilityVersion.VERSION_8),
    graphics_small_cache=True,
)
WITHOUT_H264 = replace(CLIENT, enable_h264=False, graphics_versions=(CapabilityVersion.VERSION_8,))
needs_avc = pytest.mark.skipif(not avc.is_available(), reason="PyAV is not installed")


class Shown:
    """A display, what our client shows of it, and what IronRDP's would."""

    def __init__(self, client: Session, server: ServerSession, model: IronRdp) -> None:
        self.client = client
        self.display = server.display
        self.model = model
        self.failures: list[Misunderstood] = []

    async def blit(self, left: int, top: int, pixels: Picture) -> None:
        async with self.display.frame() as frame:
            frame.blit(Rect(left, top, pixels.shape[1], pixels.shape[0]), pixels)

    async def settle(self) -> None:
        """Wait until everything is shown exactly, by both."""
        with trio.fail_after(40):
            while not self.is_exact():
                if self.failures:
                    raise self.failures[0]
                await trio.sleep(0.02)

    def is_exact(self) -> bool:
        both = self.model.picture, self.client.screen.snapshot()[..., :3]
        return all(np.array_equal(one, self.wanted) for one in both)

    @property
    def wanted(self) -> Picture:
        return self.display.snapshot()[..., :3]

    @property
    def statistics(self) -> GraphicsStatistics:
        found = self.display.statistics().pipeline
        assert found is not None
        return found

    @property
    def codecs(self) -> set[BitmapCodec]:
        return {codec for codec, count in self.display.statistics().codecs.items() if count.bytes}


@contextlib.asynccontextmanager
async def listening(monkeypatch: pytest.MonkeyPatch, config: ClientConfig, model: IronRdp) -> AsyncIterator[Shown]:
    """A session whose client is ours, and what it is told IronRDP's, too."""
    inflate = GraphicsClient.inflate

    def listen(self: GraphicsClient, data: bytes) -> bytes:
        inflated = inflate(self, data)
        if not shown.failures:
            try:
                model.receive(inflated)
            except Misunderstood as exc:
                shown.failures.append(exc)
        return inflated

    monkeypatch.setattr(GraphicsClient, "inflate", listen)
    async with open_session_pair(client_config=config) as (client, server):
        shown = Shown(client, server, model)
        yield shown
        assert client.graphics.is_open


@contextlib.asynccontextmanager
async def showing(monkeypatch: pytest.MonkeyPatch, config: ClientConfig = CLIENT) -> AsyncIterator[Shown]:
    """Such a session, with text on the desktop."""
    model = IronRdp()
    async with listening(monkeypatch, config, model) as shown:
        await shown.blit(0, 0, text(WIDTH, HEIGHT))
        await shown.settle()
        yield shown
        assert not shown.failures


async def film(shown: Shown, place: Rect, seconds: float, seed: int = 0) -> None:
    """Show one photograph after the other in a rectangle."""
    pictures = [photo(place.width, place.height, 10 * seed + number) for number in range(6)]
    began = trio.current_time()
    while trio.current_time() < began + seconds:
        pictures.append(pictures.pop(0))
        await shown.blit(place.left, place.top, pictures[0])
        await trio.sleep(0.02)


async def test_text_typed_scrolled_and_dragged(monkeypatch: pytest.MonkeyPatch) -> None:
    async with showing(monkeypatch) as shown:
        page = text(WIDTH, HEIGHT + 400)
        for top in range(0, 400, 40):
            await shown.blit(0, 0, page[top : top + HEIGHT])
            await trio.sleep(0.02)
        await shown.settle()
        window, behind = text(200, 150)[::-1], shown.display.snapshot()
        for left in range(0, 300, 30):
            picture = behind.copy()
            picture[100:250, left : left + 200] = window
            await shown.blit(0, 0, picture)
            await trio.sleep(0.02)
        for number in range(30):
            await shown.blit(8 * number, 300, text(8, 14)[:, ::-1])
        await shown.settle()
        assert shown.statistics.copies > 10
        assert BitmapCodec.CLEARCODEC in shown.codecs


async def test_what_comes_back_from_the_cache_and_after_another_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """That client's cache is empty then, and so it must be in the server's account."""
    async with showing(monkeypatch) as shown:
        pages = [photo(WIDTH, HEIGHT, 7)[:, :, :], text(WIDTH, HEIGHT), np.roll(text(WIDTH, HEIGHT), 5, 1)]
        for _ in range(3):
            for page in pages[1:]:
                await shown.blit(0, 0, page)
                await shown.settle()
                await trio.sleep(0.35)
        hits = shown.statistics.cache_hits
        assert hits
        await shown.display.resize(WIDTH - 64, HEIGHT)
        for _ in range(2):
            for page in pages[1:]:
                await shown.blit(0, 0, np.ascontiguousarray(page[:, : WIDTH - 64]))
                await shown.settle()
                await trio.sleep(0.35)
        assert shown.statistics.cache_hits > hits
        await shown.display.resize(WIDTH, HEIGHT)
        await shown.blit(0, 0, pages[0])
        await shown.settle()


@pytest.mark.parametrize("config", [CLIENT, WITHOUT_H264], ids=["8.1", "8"])
async def test_photographs(monkeypatch: pytest.MonkeyPatch, config: ClientConfig) -> None:
    if config is CLIENT:
        pytest.importorskip("av")
    async with showing(monkeypatch, config) as shown:
        await shown.blit(30, 20, photo(500, 300))
        await shown.settle()
        assert BitmapCodec.PROGRESSIVE in shown.codecs
        # On a line that cannot take it they come in passes, which are refined.
        shown.display.quality = Quality.LOW
        for number in range(5):
            await shown.blit(17 * number, 9 * number, photo(300, 200, number))
            await trio.sleep(0.05)
        await shown.settle()


@needs_avc
async def test_films_one_after_the_other_and_two_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async with showing(monkeypatch) as shown:
        await film(shown, Rect(40, 30, 256, 192), 1.5)
        assert shown.model.pictures > 5
        await shown.settle()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(film, shown, Rect(16, 16, 256, 128), 1.5, 1)
            nursery.start_soon(film, shown, Rect(333, 222, 280, 200), 1.5, 2)
        await shown.settle()
        pictures = shown.model.pictures
        await film(shown, Rect(0, 0, WIDTH, HEIGHT), 1.5, 3)
        assert shown.model.pictures > pictures
        await shown.display.resize(WIDTH + 70, HEIGHT + 30)
        await film(shown, Rect(64, 64, 256, 192), 1, 4)
        await shown.blit(0, 0, text(WIDTH + 70, HEIGHT + 30))
        await shown.settle()


@needs_avc
async def test_the_whole_desktop_as_a_film_and_pictures_of_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    from trio_rdp.codecs.avc_encoder import Encoder
    from trio_rdp.codecs.avc_frames import Avc420BitmapStream
    from trio_rdp.codecs.view import View

    async with showing(monkeypatch) as shown:
        shown.display.codec = BitmapCodec.AVC420
        await film(shown, Rect(0, 0, WIDTH, HEIGHT), 0.5)
        pictures = shown.model.pictures
        assert pictures > 3
        shown.display.codec = None
        encoder = Encoder(160, 96)
        for number in range(5):
            stream = Avc420BitmapStream.decode(encoder.encode(View.of(photo(160, 96, number))))
            async with shown.display.frame() as frame:
                assert frame.h264(Rect(200, 100, 160, 96), stream.avc420_encoded_bitstream)
            await trio.sleep(0.05)
        with trio.fail_after(20):
            while shown.model.pictures < pictures + 5:  # noqa: ASYNC110
                await trio.sleep(0.02)
        await shown.blit(0, 0, text(WIDTH, HEIGHT))
        await shown.settle()


@needs_avc
async def test_a_client_that_is_like_others_in_that_it_names_the_oldest_version_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It gets H.264 in byte stream format alone, of which IronRDP's would make no picture."""
    config = replace(CLIENT, graphics_versions=CLIENT.graphics_versions[::-1])
    async with listening(monkeypatch, config, IronRdp()) as shown:
        await film(shown, Rect(40, 30, 256, 192), 1.2)
        assert "no picture of H.264" in str(shown.failures[0])
