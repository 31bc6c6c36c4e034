"""What the client shows is what was drawn, however it was sent, and whatever stopped the sending."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import trio
import trio.testing

from tests.display_link import Link, cancelled_after, noise, places
from trio_rdp.encoding import EncodeScheduler
from trio_rdp.graphics.bitmap_encoder import BitmapEncoder
from trio_rdp.graphics.framebuffer import Framebuffer
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.jobs import BeginFrame, Compression, DrawBitmaps, DrawSurfaceBits, EndFrame, SetPalette
from trio_rdp.pdu.capabilities_extensions import CommandFlags
from trio_rdp.pdu.surface import ALL_FRAMES, SurfaceCommands
from trio_rdp.pixel_sender import PixelSender
from trio_rdp.protocol.config import OPTIONAL_CODECS, BitmapCodec, Quality
from trio_rdp.protocol.limits import Limits

SLOW_PATH: dict[str, Any] = {"fast_path_output": False}
NO_FRAGMENTS: dict[str, Any] = {"max_request_size": 0}


def parts(link: Link) -> tuple[PixelSender, Framebuffer]:
    return link.display._pixels, link.display._framebuffer


async def send(link: Link) -> None:
    sender, framebuffer = parts(link)
    await sender.send(framebuffer, lambda: True)
    await link.settle()


def bitmaps(link: Link) -> list[DrawBitmaps]:
    return [one for one in link.told if isinstance(one, DrawBitmaps)]


class TestPictures:
    @pytest.mark.parametrize("depth", [24, 32])
    @pytest.mark.parametrize("capabilities", [{}, SLOW_PATH, NO_FRAGMENTS], ids=["fast", "slow", "unfragmented"])
    @pytest.mark.parametrize("codecs", [(BitmapCodec.RAW,), tuple(BitmapCodec)[::-1]], ids=["raw", "compressed"])
    async def test_exact(self, depth: int, capabilities: dict[str, Any], codecs: tuple[BitmapCodec, ...]) -> None:
        link = Link(203, 151, depth=depth, server={"codecs": codecs}, **capabilities)
        _, framebuffer = parts(link)
        rng = np.random.default_rng(depth)
        async with link.running():
            for turn in range(12):
                left, top, width, height = (int(value) for value in rng.integers(0, 120, 4))
                framebuffer.fill(Rect(left, top, width, height), int(rng.integers(0, 1 << 24)))
                framebuffer.blit(Rect(left + 9, top - 7, 80, 40), noise(80, 40, turn))
                framebuffer.copy(Rect(top, left, 70, 50), left, top)
                await send(link)
                assert link.is_in_step
        kinds = {bitmap.compression for bitmap in bitmaps(link)}
        if codecs == (BitmapCodec.RAW,):
            assert kinds == {Compression.RAW}
        else:
            assert (Compression.PLANAR if depth == 32 else Compression.INTERLEAVED) in kinds

    @pytest.mark.parametrize(("depth", "rounding"), [(15, 8), (16, 8), (8, 52)])
    async def test_as_exact_as_the_depth(self, depth: int, rounding: int) -> None:
        async with Link(203, 151, depth=depth).running() as link:
            _, framebuffer = parts(link)
            framebuffer.blit(Rect(20, 30, 150, 100), noise(150, 100))
            await send(link)
            difference = link.image.pixels.astype(int) - framebuffer.pixels
            assert abs(difference).max() < rounding

    async def test_eight_bits_have_their_palette_first_and_once(self) -> None:
        async with Link(depth=8).running() as link:
            await send(link)
            parts(link)[1].fill(Rect(0, 0, 9, 9), 0xFF0000)
            await send(link)
            palettes = [type(one) for one in link.told if not isinstance(one, BeginFrame | EndFrame)]
            assert palettes[0] is SetPalette
            assert palettes.count(SetPalette) == 1

    async def test_the_client_may_want_no_compression(self) -> None:
        link = Link()
        sets = link.stage.capabilities.capability_sets
        for one in sets:
            if hasattr(one, "bitmap_compression_flag"):
                one.bitmap_compression_flag = False
        link.display.reactivated()
        async with link.running():
            await send(link)
            assert {bitmap.compression for bitmap in bitmaps(link)} == {Compression.RAW}
            assert link.is_in_step

    async def test_only_what_changed(self) -> None:
        async with Link().running() as link:
            sender, framebuffer = parts(link)
            await send(link)
            assert sender.tiles_sent == 12
            link.told.clear()
            framebuffer.fill(framebuffer.bounds, 0)
            framebuffer.fill(Rect(100, 70, 4, 16), 0xFFFFFF)
            await send(link)
            assert places(link) == [Rect(64, 64, 64, 64)]
            assert (sender.tiles_sent, sender.tiles_unchanged) == (13, 11)
            link.told.clear()
            sent = sender.bytes_encoded
            framebuffer.fill(framebuffer.bounds, 0)
            framebuffer.fill(Rect(100, 70, 4, 16), 0xFFFFFF)
            await send(link)
            assert link.told == []
            assert sender.bytes_encoded == sent

    async def test_forgotten_parts_are_sent_again(self) -> None:
        async with Link().running() as link:
            sender, framebuffer = parts(link)
            await send(link)
            link.told.clear()
            sender.forget([Rect(0, 0, 10, 10)])
            await send(link)
            assert link.told == []
            framebuffer.damage.add(Rect(0, 0, 10, 10))
            await send(link)
            assert places(link) == [Rect(0, 0, 64, 64)]

    async def test_bands_in_threads(self) -> None:
        link = Link()
        link.encode_tile_by_tile()
        async with link.running():
            sender, framebuffer = parts(link)
            framebuffer.blit(framebuffer.bounds, noise(200, 150))
            await send(link)
            assert link.is_in_step
            # It has learnt that encoding is faster than that.
            assert sender._rate < 0.5
            assert sender._scheduler.statistics().threaded == 12

    async def test_no_update_blocks_the_writer_for_long(self) -> None:
        link = Link(server={"codecs": (BitmapCodec.RAW,)})
        sender, framebuffer = parts(link)
        framebuffer.blit(framebuffer.bounds, noise(200, 150))
        await sender.send(framebuffer, lambda: True)
        assert max(map(len, link.writer.graphics._queue)) < 17_000


class TestWhatStopsIt:
    @pytest.mark.parametrize("threads", [False, True])
    async def test_cancelled_at_every_checkpoint(self, threads: bool) -> None:
        for steps in range(1000):
            link = Link(100, 100)
            sender, framebuffer = parts(link)
            async with link.running():
                if threads:
                    link.encode_tile_by_tile()
                framebuffer.blit(framebuffer.bounds, noise(100, 100, steps))
                with cancelled_after(steps) as scope:
                    await sender.send(framebuffer, lambda: True)
                framebuffer.fill(Rect(60, 60, 8, 8), 0xFF00FF)
                await send(link)
                assert link.is_in_step
                marks = [one for one in link.told if isinstance(one, BeginFrame | EndFrame)]
                assert marks in (
                    [BeginFrame(0), EndFrame(0)],
                    [BeginFrame(0), EndFrame(0), BeginFrame(1), EndFrame(1)],
                )
                assert sender.unacknowledged == 0
            if not scope.cancelled_caught:
                break
        assert steps > (4 if threads else 1)

    async def test_a_full_lane_is_waited_for(self) -> None:
        link = Link(limits=Limits(graphics_lane=20_000), server={"codecs": (BitmapCodec.RAW,)})
        sender, framebuffer = parts(link)
        link.encode_tile_by_tile()
        async with link.running():
            link.pause_reading()
            framebuffer.blit(framebuffer.bounds, noise(200, 150))
            with trio.move_on_after(0.3) as scope:
                await sender.send(framebuffer, lambda: True)
            assert scope.cancelled_caught
            assert 0 < sender.tiles_sent < 12
            assert link.writer.graphics.statistics().peak_bytes <= 20_000
            assert framebuffer.damage
            framebuffer.blit(Rect(5, 5, 150, 100), noise(150, 100, 2))
            link.resume_reading()
            await send(link)
            assert link.is_in_step

    async def test_a_failed_encode_loses_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        link = Link()
        link.encode_tile_by_tile()
        sender, framebuffer = parts(link)
        encode, calls = BitmapEncoder.encode, 0

        def fail_at_third(self: BitmapEncoder, *args: Any, **options: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == 3:
                raise MemoryError
            return encode(self, *args, **options)

        monkeypatch.setattr(BitmapEncoder, "encode", fail_at_third)
        async with link.running():
            framebuffer.blit(framebuffer.bounds, noise(200, 150))
            with pytest.raises(MemoryError):
                await sender.send(framebuffer, lambda: True)
            assert sender.tiles_sent in (1, 2, 3)  # whose turn was the third is up to the workers
            await send(link)
            assert link.is_in_step
            assert sender.tiles_sent == 12

    async def test_told_to_stop_between_two_pieces(self) -> None:
        link = Link()
        link.encode_tile_by_tile()
        sender, framebuffer = parts(link)
        async with link.running():
            await sender.send(framebuffer, lambda: sender.tiles_sent < 5)
            await link.settle()
            assert sender.tiles_sent == 5
            assert not [one for one in link.told if isinstance(one, EndFrame)]
            await send(link)
            assert [one for one in link.told if isinstance(one, BeginFrame | EndFrame)] == [BeginFrame(0), EndFrame(0)]
            assert link.is_in_step

    async def test_a_frame_that_ends_unchanged_is_still_ended(self) -> None:
        link = Link()
        link.encode_tile_by_tile()
        sender, framebuffer = parts(link)
        async with link.running():
            await send(link)
            framebuffer.fill(Rect(0, 0, 10, 10), 0xFF)
            framebuffer.fill(Rect(190, 140, 10, 10), 0xFF)
            stop = sender.tiles_sent + 1
            link.encode_tile_by_tile()
            await sender.send(framebuffer, lambda: sender.tiles_sent < stop)
            framebuffer.fill(Rect(190, 140, 10, 10), 0)
            await send(link)
            marks = [one for one in link.told if isinstance(one, BeginFrame | EndFrame)]
            assert marks == [BeginFrame(0), EndFrame(0), BeginFrame(1), EndFrame(1)]
            assert link.is_in_step


class TestAcknowledgements:
    async def fill(self, link: Link, color: int) -> None:
        parts(link)[1].fill(Rect(0, 0, 9, 9), color)
        await send(link)

    async def test_the_client_falls_behind_and_catches_up(self) -> None:
        link = Link(acknowledges=False)
        sender, _ = parts(link)
        async with link.running():
            assert not sender.is_ahead
            for color in (1, 2, 3):
                await self.fill(link, color)
            assert sender.is_ahead
            assert sender.unacknowledged == 3
            sender.acknowledge(77)  # of none that is known
            assert sender.unacknowledged == 3
            sender.acknowledge(1)
            assert sender.unacknowledged == 1
            assert not sender.is_ahead
            await self.fill(link, 4)
            sender.acknowledge(ALL_FRAMES)
            assert sender.unacknowledged == 0

    async def test_by_the_client_itself(self) -> None:
        link = Link()
        async with link.running():
            for color in range(5):
                await self.fill(link, color + 1)
            assert parts(link)[0].unacknowledged == 0

    async def test_one_that_never_comes(self, autojump_clock: trio.testing.MockClock) -> None:
        link = Link(acknowledges=False)
        sender, _ = parts(link)
        link.encode_inline()
        async with link.running():
            for color in (1, 2):
                await self.fill(link, color)
            start = trio.current_time()
            await sender.wait_acknowledged(2.0)
            assert trio.current_time() - start == pytest.approx(2.0, abs=0.1)
            assert (sender.unacknowledged, sender.late_acknowledgements) == (1, 1)
            assert not sender.is_ahead

    @pytest.mark.parametrize("capabilities", [{"max_unacknowledged_frame_count": 0}, SLOW_PATH])
    async def test_clients_that_know_none(self, capabilities: dict[str, Any]) -> None:
        link = Link(**capabilities)
        async with link.running():
            await self.fill(link, 1)
            marks = [one for one in link.told if isinstance(one, BeginFrame | EndFrame)]
            # Marks let a picture appear at once, acknowledged or not; on the slow path there are none.
            assert marks == ([] if capabilities == SLOW_PATH else [BeginFrame(0), EndFrame(0)])
            assert not parts(link)[0].is_ahead
            assert parts(link)[0].unacknowledged == 0
            assert link.is_in_step


def psnr(link: Link) -> float:
    error = float(np.square(link.image.pixels.astype(float) - link.display.snapshot()).mean())
    return 99.0 if error == 0 else float(10 * np.log10(255**2 / error))


def page(width: int = 320, height: int = 256) -> Any:
    """Lines on white, and a soft picture in the tiles of the lower right quarter."""
    pixels = np.full((height, width, 4), 255, np.uint8)
    pixels[::8, :, :3] = 40
    rows, columns = np.indices((height - 128, width - 128))
    waves = np.stack([128 + 90 * np.sin((rows * a + columns * 1.3) / 25) for a in (1, 2, 3)], axis=2)
    pixels[128:, 128:, :3] = waves + np.random.default_rng(3).normal(0, 2, waves.shape)
    return pixels


class Turns(EncodeScheduler):
    """One worker, which waits for `gate`; `done` are the displays whose pieces were encoded, in their order."""

    def __init__(self, workers: int = 1) -> None:
        super().__init__(workers)
        self.done: list[str] = []
        self.gate = threading.Event()

    def of(self, name: str) -> Any:
        """The scheduler as one of the displays uses it."""

        async def run(work: Callable[[], Any], seconds: float, whole: float) -> Any:
            def note() -> Any:
                assert self.gate.wait(10)
                self.done.append(name)
                return work()

            return await self.run(note, seconds, whole)

        return SimpleNamespace(run=run, workers=self.workers, using=self.using, users=self.users)


class TestTurns:
    async def test_a_caret_goes_before_eight_videos(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("trio_rdp.pixel_sender._SMOOTHING", 0.0)
        turns, links = Turns(), [Link(server={"codecs": (BitmapCodec.RAW,)}) for _ in range(9)]
        editor = links[-1]
        async with trio.open_nursery() as nursery:
            for number, link in enumerate(links):
                sender, framebuffer = parts(link)
                framebuffer.damage.take()
                framebuffer.fill(Rect(10, 10, 4, 16) if link is editor else framebuffer.bounds, 0xFFFFFF)
                # The videos have twelve tiles each, and every tile costs the same.
                sender._rate, sender._scheduler = 1e-6, turns.of("caret" if link is editor else f"video {number}")
                nursery.start_soon(sender.send, framebuffer, lambda: True)
                await trio.testing.wait_all_tasks_blocked()
            turns.gate.set()
        # One video had the worker already; after that comes the caret, though it came last.
        assert turns.done.index("caret") == 1
        assert [turns.done.count(f"video {number}") for number in range(8)] == [12] * 8

    @pytest.mark.parametrize(
        ("workers", "tile_seconds", "alone", "shared"),
        [
            (1, 0.0002, 3, 10),  # two pieces for the worker would be longer than 8 ms: of forty tiles at most
            (2, 0.0002, 4, 10),  # two pieces for each worker
            (4, 0.0002, 8, 10),
            (8, 0.0002, 10, 10),  # never shorter than 2 ms
            (2, 0.0010, 13, 50),
            (2, 0.0100, 100, 100),  # a tile is never cut
        ],
    )
    async def test_who_is_alone_cuts_for_the_workers(
        self, workers: int, tile_seconds: float, alone: int, shared: int
    ) -> None:
        link, turns = Link(640, 640, server={"codecs": (BitmapCodec.RAW,)}), Turns(workers)
        sender, framebuffer = parts(link)
        sender._scheduler = turns
        for count, users in ((alone, contextlib.nullcontext()), (shared, turns.using())):
            framebuffer.damage.add(framebuffer.bounds)
            sender._rate = tile_seconds / (64 * 64)
            with users:
                assert len(sender._cut(framebuffer)) == count


class TestCodecs:
    @pytest.mark.parametrize("takes", [(codec,) for codec in OPTIONAL_CODECS] + [OPTIONAL_CODECS])
    @pytest.mark.parametrize("threads", [False, True])
    async def test_the_client_shows_it(self, takes: tuple[BitmapCodec, ...], threads: bool) -> None:
        link = Link(320, 256, takes=takes)
        sender, framebuffer = parts(link)
        async with link.running():
            for turn in range(3):
                if threads:
                    link.encode_tile_by_tile()
                framebuffer.blit(framebuffer.bounds, np.roll(page(), turn, axis=0))
                await send(link)
                lossy = [codec for codec in takes if not codec.is_lossless]
                assert psnr(link) > (35 if lossy else 98)
            used = set(sender.codecs)
            assert used == {sender._encoder.lossless, sender._encoder.lossy} - {None}
            assert sum(one.tiles for one in sender.codecs.values()) == sender.tiles_sent
            assert sum(one.bytes for one in sender.codecs.values()) <= sender.bytes_encoded
            assert all(one.seconds > 0 for one in sender.codecs.values())

    async def test_not_below_32_bits(self) -> None:
        for options in ({"depth": 16}, {"fast_path_output": False}, {"surface_command_flags": CommandFlags(0)}):
            link = Link(takes=OPTIONAL_CODECS, **options)
            sender, _ = parts(link)
            assert all(codec.is_lossless for codec in sender.usable_codecs)
            assert BitmapCodec.QOI not in sender.usable_codecs
            async with link.running():
                await send(link)
                assert bitmaps(link)

    async def test_updates_fit_what_the_client_puts_together(self) -> None:
        link = Link(320, 256, takes=(BitmapCodec.REMOTEFX,), max_request_size=20_000, server={"quality": Quality.BEST})
        sender, framebuffer = parts(link)
        async with link.running():
            framebuffer.blit(framebuffer.bounds, page())
            sender.codec = BitmapCodec.REMOTEFX
            await send(link)
            sizes = [one.size for one in link.told if isinstance(one, DrawSurfaceBits)]
            assert len(sizes) > 1
            assert max(sizes) < 20_000
            assert psnr(link) > 35

    async def test_bitmaps_that_stand_in_for_surface_bits_are_bitmaps(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("trio_rdp.pixel_sender._SURFACE_UPDATE_SIZE", 8_192)
        link = Link(192, 128, takes=(BitmapCodec.REMOTEFX,), server={"quality": Quality.BEST})
        sender, framebuffer = parts(link)
        dense: set[type] = set()
        prepare = link.stage.prepare_update

        def note(update: Any, *, is_dense: bool = False) -> Any:
            if is_dense:
                dense.add(type(update))
            return prepare(update, is_dense=is_dense)

        monkeypatch.setattr(link.stage, "prepare_update", note)
        async with link.running():
            framebuffer.blit(framebuffer.bounds, noise(192, 128))
            await send(link)
            # No tile of noise fits such an update.
            assert set(sender.codecs) == {BitmapCodec.PLANAR}
            found = sender.codecs[BitmapCodec.PLANAR]
            assert found.tiles == sender.tiles_sent == 6
            assert found.bytes > 192 * 128 * 3
            assert found.seconds > 0
            framebuffer.blit(framebuffer.bounds, page(192, 192)[64:])
            sender.codec = BitmapCodec.REMOTEFX
            await send(link)
            assert set(sender.codecs) == {BitmapCodec.PLANAR, BitmapCodec.REMOTEFX}
        assert dense == {SurfaceCommands}

    async def test_one_codec_for_everything(self) -> None:
        link = Link(takes=OPTIONAL_CODECS)
        sender, framebuffer = parts(link)
        async with link.running():
            for codec in sender.usable_codecs:
                sender.codec = codec
                sender.codecs.clear()
                framebuffer.blit(framebuffer.bounds, noise(200, 150))
                sender.forget([framebuffer.bounds])
                await send(link)
                assert list(sender.codecs) == [codec]
                assert link.is_in_step or not codec.is_lossless

    @pytest.mark.parametrize("takes", [(BitmapCodec.QOIZ,), OPTIONAL_CODECS], ids=["one", "all"])
    @pytest.mark.parametrize(("tile_seconds", "least"), [(0.002, 9), (0.0005, 3), (1e-6, 2)])
    async def test_a_stream_survives_cancelling_at_every_checkpoint(
        self, takes: tuple[BitmapCodec, ...], tile_seconds: float, least: int
    ) -> None:
        for steps in range(1000):
            link = Link(256, 192, takes=takes)
            sender, framebuffer = parts(link)
            async with link.running():
                # Tile by tile in threads, in bands of four, the last of which holds text and a photograph, and at once.
                sender._rate = tile_seconds / (64 * 64)
                framebuffer.blit(framebuffer.bounds, np.roll(page(256, 192), steps, axis=2))
                with cancelled_after(steps) as scope:
                    await sender.send(framebuffer, lambda: True)
                framebuffer.fill(Rect(60, 60, 8, 8), 0xFF00FF)
                await send(link)
                assert link.is_in_step or (psnr(link) > 35 and len(takes) > 1)
                assert set(sender.codecs) == {BitmapCodec.QOIZ} | {BitmapCodec.REMOTEFX} & set(takes)
            if not scope.cancelled_caught:
                break
        assert steps > least

    async def test_what_was_encoded_and_found_no_room_goes_first(self) -> None:
        link = Link(limits=Limits(graphics_lane=20_000), takes=(BitmapCodec.QOIZ,))
        sender, framebuffer = parts(link)
        link.encode_tile_by_tile()
        async with link.running():
            link.pause_reading()
            framebuffer.blit(framebuffer.bounds, noise(200, 150))
            with trio.move_on_after(0.3):
                await sender.send(framebuffer, lambda: True)
            assert sender.owes
            link.resume_reading()
            # Without anything new to draw it goes out all the same.
            framebuffer.damage.take()
            await link.display._commit()
            assert not sender.owes
            framebuffer.damage.add(framebuffer.bounds)
            await send(link)
            assert link.is_in_step
