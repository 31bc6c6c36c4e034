"""What was done while the `server-*` conversations were recorded, for who records them and who plays them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

__all__ = ["ENTERED", "SCENES", "Scene", "draw"]

ENTERED: Final = (150, 120)
"""Where the pointer was while its left button was clicked and its wheel turned; then "hi" was typed."""


@dataclass(frozen=True)
class Scene:
    """A client that is shown `draw(*size)` at one size after the other."""

    name: str
    client: Literal["xfreerdp", "rdesktop"]
    depth: int
    security: Literal["tls", "nla", "rdp"] = "tls"
    flags: tuple[str, ...] = ()
    sizes: tuple[tuple[int, int], ...] = ((320, 240),)
    is_let_in: bool = True


_NO_GFX = "/tune:FreeRDP_SupportGraphicsPipeline:FALSE,FreeRDP_RemoteFxCodec:FALSE"

SCENES: Final = (
    Scene("server-xfreerdp-nla-32", "xfreerdp", 32, "nla", sizes=((320, 240), (400, 300), (256, 200))),
    Scene("server-xfreerdp-tls-24", "xfreerdp", 24, flags=(_NO_GFX,)),
    Scene("server-xfreerdp-tls-16-slowpath", "xfreerdp", 16, flags=("-fast-path",), sizes=((320, 240), (400, 300))),
    Scene("server-xfreerdp-rdp-15", "xfreerdp", 15, "rdp"),
    Scene("server-xfreerdp-tls-refused", "xfreerdp", 32, is_let_in=False),
    Scene("server-rdesktop-tls-8", "rdesktop", 8, sizes=((320, 240), (400, 300))),
    Scene("server-rdesktop-tls-32", "rdesktop", 32),
)


def draw(width: int, height: int) -> npt.NDArray[np.uint8]:
    """A small picture with flat parts, a gradient, lines and a little noise; RGB."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[:, :, 2] = np.linspace(40, 200, width, dtype=np.uint8)
    picture[20:80, 20:120] = (200, 30, 40)
    picture[90:150:3, 10 : width - 10] = (250, 250, 240)
    picture[-40:, -60:] = np.random.default_rng(width).integers(0, 256, (40, 60, 3))
    return picture
