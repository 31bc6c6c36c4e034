"""A client's stage, and what a server may tell it: for the tests of `ActiveStage`."""

from __future__ import annotations

from dataclasses import replace

from tests.protocol.scripted_server import (
    connected,
)
from trio_rdp.pdu.bitmap import BitmapData, BitmapUpdate
from trio_rdp.pdu.palette import PaletteUpdate
from trio_rdp.protocol.active_stage import ActiveStage
from trio_rdp.protocol.config import ClientConfig, Security
from trio_rdp.protocol.framing import Action
from trio_rdp.protocol.limits import Limits
from trio_rdp.protocol.session_events import (
    ActiveStageOutput,
    GraphicsUpdate,
)

PIXEL = BitmapUpdate(
    rectangles=[
        BitmapData(
            dest_left=1,
            dest_top=2,
            dest_right=1,
            dest_bottom=2,
            width=1,
            height=1,
            bits_per_pixel=32,
            bitmap_data_stream=b"\1\2\3\0",
        )
    ]
)
PALETTE = PaletteUpdate(palette_entries=bytes(768))


def config(**limits: int) -> ClientConfig:
    return ClientConfig(
        security=Security.NONE,
        static_channels=("cliprdr", "rdpsnd"),
        limits=replace(Limits(), **limits),  # type: ignore[arg-type]
    )


def stage(opening: bytes | None = None, /, **limits: int) -> ActiveStage:
    return ActiveStage(connected(config(**limits), opening).result)


def slow(active: ActiveStage, frame: bytes, now: float | None = None) -> list[ActiveStageOutput]:
    return active.process(Action.X224, frame, now=now)


def painted(outputs: list[ActiveStageOutput]) -> list[object]:
    return [output.job for output in outputs if isinstance(output, GraphicsUpdate)]
