"""What was done while the `client-*` conversations were recorded, for who records them and who plays them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from trio_rdp.protocol.config import BitmapCodec, CompressionType

__all__ = ["CLICKED", "CLIENT_SCENES", "ClientScene"]

CLICKED: Final = (150, 120)
"""Where the left button was clicked and the wheel turned a notch towards the user; then "hi" was typed."""


@dataclass(frozen=True)
class ClientScene:
    """A server that shows a desktop at one size after the other."""

    name: str
    server: Literal["shadow", "xrdp", "xorgxrdp", "weston"]
    depth: int
    security: Literal["nla", "tls", "none"] = "tls"
    account: tuple[str, str] = ("alice", "")
    sizes: tuple[tuple[int, int], ...] = ((320, 240),)
    channels: tuple[str, ...] = ()
    codecs: tuple[BitmapCodec, ...] = ()
    """What the client offered; a server that knows one of them uses the first."""
    compression: CompressionType = CompressionType.K64


REMOTEFX = (BitmapCodec.REMOTEFX,)
NSCODEC = (BitmapCodec.NSCODEC,)

CLIENT_SCENES: Final = (
    ClientScene("client-shadow-nla-32", "shadow", 32, "nla", ("bob", "LAB")),
    ClientScene("client-shadow-none-16", "shadow", 16, "none"),
    ClientScene("client-xrdp-tls-8", "xrdp", 8),
    ClientScene("client-xrdp-tls-15-slowpath", "xrdp", 15),
    ClientScene("client-xrdp-tls-24-resized", "xrdp", 24, sizes=((320, 240), (640, 480)), channels=("cliprdr",)),
    ClientScene("client-xrdp-none-32", "xrdp", 32, "none"),
    ClientScene("client-weston-tls-32", "weston", 32),
    ClientScene("client-weston-tls-remotefx", "weston", 32, codecs=REMOTEFX, compression=CompressionType.RDP61),
    ClientScene("client-weston-tls-nscodec", "weston", 32, codecs=NSCODEC, compression=CompressionType.RDP61),
    ClientScene("client-shadow-tls-32-rdp6", "shadow", 32, compression=CompressionType.RDP6),
    ClientScene("client-shadow-tls-32-rdp61", "shadow", 32, compression=CompressionType.RDP61),
    ClientScene("client-shadow-nla-remotefx", "shadow", 32, "nla", codecs=REMOTEFX),
    ClientScene("client-xorgxrdp-tls-remotefx", "xorgxrdp", 32, sizes=((1024, 768),), codecs=REMOTEFX),
)
