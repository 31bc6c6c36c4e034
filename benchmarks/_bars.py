"""How much faster than libfreerdp 2 the best other peer is, as recorded once on one machine with the same frames.

Megabytes a second, one thread, the best of three interleaved rounds on an AMD EPYC (Zen 5).  Where no row stands,
libfreerdp 2 was the fastest.  What it cannot encode at all, ClearCodec and ZGFX, has as its figure `YARDSTICK`: that of
decoding the residual layers of the desktop, which says how fast a machine is.  ClearCodec was not recorded on photo:
there the desktop's figures stand.  FreeRDP 3 is 3.30 with link-time optimisation, "for x86-64-v3" a build that no
distribution ships; IronRDP is of autumn 2026.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["RECORDED", "YARDSTICK", "Recorded"]

YARDSTICK = 2501.0
"""MB/s at which libfreerdp 2 decoded the residual layers of the desktop."""


@dataclass(frozen=True)
class Recorded:
    """MB/s of libfreerdp 2 (or the yardstick, where it lacks the codec), and of the fastest peer."""

    libfreerdp: float
    best: float
    peer: str


RECORDED: dict[tuple[str, str], Recorded] = {
    ("RemoteFX RLGR3 encode", "desktop"): Recorded(410, 462, "FreeRDP 3 for x86-64-v3"),
    ("RemoteFX RLGR3 encode", "photo"): Recorded(468, 522, "FreeRDP 3 for x86-64-v3"),
    ("RemoteFX RLGR3 encode", "solid"): Recorded(576, 670, "FreeRDP 3 for x86-64-v3"),
    ("RemoteFX RLGR3 encode", "scroll"): Recorded(295, 327, "FreeRDP 3 for x86-64-v3"),
    ("RemoteFX RLGR3 encode", "noise"): Recorded(90, 92, "FreeRDP 3 for x86-64-v3"),
    ("RemoteFX RLGR3 decode", "desktop"): Recorded(680, 753, "FreeRDP 3 for x86-64-v3"),
    ("RemoteFX RLGR3 decode", "photo"): Recorded(844, 856, "FreeRDP 3 for x86-64-v3"),
    ("RemoteFX RLGR3 decode", "solid"): Recorded(1213, 1277, "FreeRDP 3 for x86-64-v3"),
    ("RemoteFX RLGR3 decode", "scroll"): Recorded(423, 491, "FreeRDP 3 for x86-64-v3"),
    ("RemoteFX RLGR3 decode", "noise"): Recorded(103, 122, "FreeRDP 3 for x86-64-v3"),
    ("RemoteFX RLGR1 encode", "desktop"): Recorded(380, 426, "FreeRDP 3 for x86-64-v3"),
    ("RemoteFX RLGR1 encode", "photo"): Recorded(467, 525, "FreeRDP 3 for x86-64-v3"),
    ("RemoteFX RLGR1 decode", "desktop"): Recorded(604, 678, "FreeRDP 3 for x86-64-v3"),
    ("RemoteFX RLGR1 decode", "photo"): Recorded(817, 839, "FreeRDP 3 for x86-64-v3"),
    ("progressive encode", "desktop"): Recorded(391, 428, "FreeRDP 3 for x86-64-v3"),
    ("progressive encode", "photo"): Recorded(466, 521, "FreeRDP 3 for x86-64-v3"),
    ("progressive encode", "solid"): Recorded(589, 656, "FreeRDP 3 for x86-64-v3"),
    ("progressive encode", "scroll"): Recorded(269, 293, "FreeRDP 3 for x86-64-v3"),
    ("progressive encode", "noise"): Recorded(66, 68, "FreeRDP 3 for x86-64-v3"),
    ("progressive decode", "desktop"): Recorded(557, 623, "FreeRDP 3 for x86-64-v3"),
    ("progressive decode", "photo"): Recorded(715, 736, "FreeRDP 3 for x86-64-v3"),
    ("progressive decode", "scroll"): Recorded(351, 401, "FreeRDP 3 for x86-64-v3"),
    ("progressive decode", "noise"): Recorded(72, 90, "FreeRDP 3 for x86-64-v3"),
    ("planar 64x64 encode", "desktop"): Recorded(528, 564, "FreeRDP 3 for x86-64-v3"),
    ("planar 64x64 encode", "photo"): Recorded(224, 450, "FreeRDP 3 for x86-64-v3"),
    ("planar 64x64 encode", "noise"): Recorded(250, 623, "FreeRDP 3 for x86-64-v3"),
    ("planar 64x64 decode", "desktop"): Recorded(1994, 2066, "IronRDP"),
    ("planar 64x64 decode", "photo"): Recorded(1333, 1832, "IronRDP"),
    ("planar 64x64 decode", "scroll"): Recorded(2006, 2116, "IronRDP"),
    ("planar 64x64 decode", "noise"): Recorded(1344, 1851, "IronRDP"),
    ("planar whole encode", "desktop"): Recorded(534, 589, "FreeRDP 3 for x86-64-v3"),
    ("planar whole encode", "photo"): Recorded(248, 494, "FreeRDP 3 for x86-64-v3"),
    ("planar whole encode", "scroll"): Recorded(560, 591, "FreeRDP 3 for x86-64-v3"),
    ("planar whole encode", "noise"): Recorded(261, 645, "FreeRDP 3 for x86-64-v3"),
    ("planar whole decode", "solid"): Recorded(3537, 4593, "FreeRDP 3 for x86-64-v3"),
    ("RLE 16 bpp encode", "photo"): Recorded(259, 270, "FreeRDP 3"),
    ("RLE 16 bpp encode", "noise"): Recorded(355, 386, "FreeRDP 3"),
    ("RLE 16 bpp decode", "desktop"): Recorded(1273, 2609, "aardwolf 0.2.16"),
    ("RLE 16 bpp decode", "photo"): Recorded(542, 2101, "aardwolf 0.2.16"),
    ("RLE 16 bpp decode", "solid"): Recorded(1825, 3184, "aardwolf 0.2.16"),
    ("RLE 16 bpp decode", "scroll"): Recorded(1242, 2536, "aardwolf 0.2.16"),
    ("RLE 16 bpp decode", "noise"): Recorded(587, 2639, "aardwolf 0.2.16"),
    ("RLE 24 bpp decode", "photo"): Recorded(600, 617, "FreeRDP 3"),
    ("RLE 24 bpp decode", "noise"): Recorded(590, 620, "FreeRDP 3"),
    ("NSCodec encode", "desktop"): Recorded(1640, 1693, "FreeRDP 3 for x86-64-v3"),
    ("NSCodec encode", "solid"): Recorded(1935, 2066, "FreeRDP 3 for x86-64-v3"),
    ("NSCodec encode", "scroll"): Recorded(1658, 1721, "FreeRDP 3 for x86-64-v3"),
    ("NSCodec encode", "noise"): Recorded(1464, 1643, "FreeRDP 3 for x86-64-v3"),
    ("NSCodec decode", "desktop"): Recorded(1439, 1568, "FreeRDP 3 for x86-64-v3"),
    ("NSCodec decode", "photo"): Recorded(1303, 1411, "FreeRDP 3"),
    ("NSCodec decode", "solid"): Recorded(1623, 1840, "FreeRDP 3 for x86-64-v3"),
    ("NSCodec decode", "scroll"): Recorded(1407, 1531, "FreeRDP 3 for x86-64-v3"),
    ("NSCodec decode", "noise"): Recorded(1624, 1729, "FreeRDP 3 for x86-64-v3"),
    ("ClearCodec residual decode", "desktop"): Recorded(2501, 3615, "IronRDP"),
    ("ClearCodec residual decode", "photo"): Recorded(2501, 3615, "IronRDP on desktop"),
    ("ClearCodec residual decode", "solid"): Recorded(3896, 5438, "IronRDP"),
    ("ClearCodec residual decode", "scroll"): Recorded(2461, 3556, "IronRDP"),
    ("ClearCodec bands decode", "desktop"): Recorded(704, 1834, "IronRDP"),
    ("ClearCodec bands decode", "photo"): Recorded(704, 1834, "IronRDP on desktop"),
    ("ClearCodec bands decode", "solid"): Recorded(1073, 3024, "IronRDP"),
    ("ClearCodec bands decode", "scroll"): Recorded(773, 1762, "IronRDP"),
    ("ClearCodec RLEX decode", "desktop"): Recorded(1792, 2530, "IronRDP"),
    ("ClearCodec RLEX decode", "photo"): Recorded(1867, 3100, "IronRDP on raw desktop"),
    ("ClearCodec RLEX decode", "scroll"): Recorded(1868, 2747, "IronRDP"),
    ("ClearCodec raw decode", "desktop"): Recorded(1867, 3100, "IronRDP"),
    ("ClearCodec raw decode", "photo"): Recorded(1867, 3100, "IronRDP on desktop"),
    ("ClearCodec raw decode", "solid"): Recorded(2632, 3062, "IronRDP"),
    ("ClearCodec raw decode", "scroll"): Recorded(1882, 3101, "IronRDP"),
    ("ClearCodec 64x64 encode", "desktop"): Recorded(YARDSTICK, 3245, "IronRDP"),
    ("ClearCodec 64x64 encode", "photo"): Recorded(YARDSTICK, 1149, "IronRDP"),
    ("ClearCodec 64x64 encode", "solid"): Recorded(YARDSTICK, 6948, "IronRDP"),
    ("ClearCodec 64x64 encode", "scroll"): Recorded(YARDSTICK, 3241, "IronRDP"),
    ("ClearCodec quick encode", "desktop"): Recorded(YARDSTICK, 3245, "IronRDP"),
    ("ClearCodec quick encode", "photo"): Recorded(YARDSTICK, 1149, "IronRDP"),
    ("ClearCodec quick encode", "solid"): Recorded(YARDSTICK, 6948, "IronRDP"),
    ("ClearCodec quick encode", "scroll"): Recorded(YARDSTICK, 3241, "IronRDP"),
    ("ZGFX decode", "raw-bgrx"): Recorded(1779, 1969, "FreeRDP 3 for x86-64-v3"),
    ("ZGFX decode", "clear"): Recorded(301, 335, "FreeRDP 3 for x86-64-v3"),
    ("ZGFX decode", "rfx"): Recorded(293, 331, "FreeRDP 3 for x86-64-v3"),
    ("ZGFX encode", "raw-bgrx"): Recorded(YARDSTICK, 73, "IronRDP"),
    ("ZGFX encode", "clear"): Recorded(YARDSTICK, 28, "IronRDP"),
    ("ZGFX encode", "rfx"): Recorded(YARDSTICK, 6, "IronRDP"),
    ("ZGFX stored decode", "raw-bgrx"): Recorded(20733, 21337, "FreeRDP 3 for x86-64-v3"),
    ("ZGFX stored decode", "clear"): Recorded(21092, 21216, "FreeRDP 3"),
    ("ZGFX stored decode", "rfx"): Recorded(19740, 19911, "FreeRDP 3"),
    ("MPPC 8K encode", "rle16"): Recorded(182, 190, "FreeRDP 3 for x86-64-v3"),
    ("MPPC 8K encode", "text16"): Recorded(408, 413, "FreeRDP 3 for x86-64-v3"),
    ("MPPC 8K decode", "bitmap16"): Recorded(1380, 1748, "FreeRDP 3"),
    ("MPPC 8K decode", "rle16"): Recorded(282, 284, "IronRDP"),
    ("MPPC 8K decode", "text16"): Recorded(573, 679, "IronRDP"),
    ("MPPC 64K encode", "rle16"): Recorded(187, 192, "FreeRDP 3"),
    ("MPPC 64K encode", "text16"): Recorded(417, 431, "FreeRDP 3 for x86-64-v3"),
    ("MPPC 64K decode", "bitmap16"): Recorded(1281, 1719, "FreeRDP 3 for x86-64-v3"),
    ("MPPC 64K decode", "rle16"): Recorded(282, 298, "IronRDP"),
    ("MPPC 64K decode", "text16"): Recorded(540, 686, "IronRDP"),
    ("NCRUSH encode", "bitmap16"): Recorded(5, 447, "IronRDP"),
    ("NCRUSH encode", "rle16"): Recorded(80, 95, "IronRDP"),
    ("NCRUSH encode", "text16"): Recorded(130, 163, "IronRDP"),
    ("NCRUSH decode", "rle16"): Recorded(291, 295, "FreeRDP 3"),
    ("NCRUSH decode", "text16"): Recorded(453, 469, "FreeRDP 3"),
    ("XCRUSH encode", "bitmap16"): Recorded(390, 436, "FreeRDP 3 for x86-64-v3"),
    ("XCRUSH decode", "bitmap16"): Recorded(1690, 1775, "FreeRDP 3"),
    ("XCRUSH decode", "rle16"): Recorded(285, 295, "IronRDP"),
    ("XCRUSH decode", "text16"): Recorded(525, 660, "IronRDP"),
    ("BGRX to RGBA32", "desktop"): Recorded(1999, 11820, "Pillow"),
    ("BGRX to BGRA32", "desktop"): Recorded(58905, 59716, "FreeRDP 3 for x86-64-v3"),
    ("YUV 4:2:0 to BGRX", "desktop"): Recorded(3667, 5600, "FreeRDP 3 for x86-64-v3"),
}
