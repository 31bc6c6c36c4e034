"""Our client shows what real servers encode: equal where nothing is lost, above 35 dB where something is."""

from __future__ import annotations

import numpy as np
import pytest

from tests.interop.conftest import Peers
from tests.interop.display import Display
from tests.interop.matrix import matrix
from tests.interop.pictures import BUSY, Picture, psnr, save
from tests.interop.processes import PATIENCE, LaunchFailed, numbered, wait_for
from tests.interop.sessions import connected, shown, wait_shows
from tests.interop.shadow import shadow
from trio_rdp.client import Session
from trio_rdp.protocol.config import OPTIONAL_CODECS, BitmapCodec, CompressionType

GOOD = 35  # dB
OFFERS: dict[str, tuple[BitmapCodec, ...]] = {
    "none": (),
    "remotefx": (BitmapCodec.REMOTEFX,),
    "nscodec": (BitmapCodec.NSCODEC,),
    "qoi": (BitmapCodec.QOI, BitmapCodec.QOIZ),  # which no other server knows
    "all": OPTIONAL_CODECS,
}
COMPRESSIONS = [None, *CompressionType]
POINTER = (slice(680, 760), slice(480, 540))  # where weston paints it into the picture


def used(session: Session) -> set[BitmapCodec]:
    """The codecs that the server has used."""
    return set(session.statistics().codecs)


def compressed(session: Session) -> set[CompressionType]:
    """The kinds of bulk compression that the server has used."""
    return set(session.statistics().inflated)


async def wait_resembles(session: Session, wanted: Picture, peers: Peers, *, without: tuple[slice, slice]) -> Picture:
    """Wait until the session shows nearly this picture, but for an area; give what it shows."""

    def look() -> Picture | None:
        picture = shown(session)
        masked = picture.copy()
        masked[without] = wanted[without]
        return picture if psnr(masked, wanted) > GOOD else None

    try:
        return await wait_for(look, f"a picture above {GOOD} dB", PATIENCE)
    except LaunchFailed as exc:
        save(shown(session), kept := numbered(peers.folder, "shown", ".png"))
        raise LaunchFailed(f"{exc}: {psnr(shown(session), wanted):.1f} dB, {kept}") from None


@pytest.mark.parametrize(("offer", "compression"), matrix(offer=list(OFFERS), compression=COMPRESSIONS))
async def test_weston(peers: Peers, offer: str, compression: CompressionType | None) -> None:
    server = peers.weston()
    assert server.background is not None
    async with connected(server, codecs=OFFERS[offer], compression_type=compression) as session:
        await session.mouse.move(500, 700)
        without = BUSY if offer == "nscodec" else POINTER  # weston 10 halves NSCodec's chroma, allowed or not
        picture = await wait_resembles(session, server.background, peers, without=without)
        if offer in ("none", "qoi"):
            different = (picture != server.background).any(axis=2)
            different[POINTER] = False
            assert not different.any()
            assert used(session) == {BitmapCodec.RAW}
            # libfreerdp's servers compress what is not compressed already, and nothing longer than a history.
            assert compressed(session) <= {compression}
        else:
            assert used(session) == {BitmapCodec.NSCODEC if offer == "nscodec" else BitmapCodec.REMOTEFX}
        assert not session.statistics().ignored


@pytest.mark.parametrize(
    ("offer", "depth", "compression"),
    matrix(
        offer=list(OFFERS),
        depth=[16, 24, 32],
        compression=COMPRESSIONS,
        # Without RemoteFX it sends bitmaps, which have tests of their own.
        where=lambda row: row["offer"] in ("remotefx", "all") or row["depth"] == 32,
    ),
)
async def test_shadow(peers: Peers, offer: str, depth: int, compression: CompressionType | None) -> None:
    server = peers.shadow(remotefx=True)
    if depth == 32 and offer not in ("remotefx", "all"):
        server.skip_if_restless()
    wanted = peers.display.picture_sync()
    async with connected(server, codecs=OFFERS[offer], color_depth=depth, compression_type=compression) as session:
        await wait_resembles(session, wanted, peers, without=BUSY)
        if depth == 32 and offer in ("remotefx", "all"):
            assert used(session) == {BitmapCodec.REMOTEFX}
        else:
            # At fewer than 32 bits a pixel the client offers nothing.
            assert used(session) <= {BitmapCodec.PLANAR, BitmapCodec.INTERLEAVED, BitmapCodec.RAW}
        if compression is None:
            assert not compressed(session)
        assert not session.statistics().ignored


@pytest.mark.parametrize(
    ("offer", "compression"), matrix(offer=list(OFFERS), compression=[None, CompressionType.K64, CompressionType.RDP61])
)
async def test_xorgxrdp(peers: Peers, offer: str, compression: CompressionType | None) -> None:
    server = peers.xrdp_xorg()
    wanted = peers.xorg_display.picture_sync()
    async with connected(server, codecs=OFFERS[offer], compression_type=compression) as session:
        if offer in ("remotefx", "all"):
            await wait_resembles(session, wanted, peers, without=BUSY)
            assert used(session) == {BitmapCodec.REMOTEFX}
        else:
            await wait_shows(session, wanted, peers.folder)
            assert not used(session) & set(OPTIONAL_CODECS)
        assert compressed(session) <= (set() if compression is None else {CompressionType.K64})
        assert not session.statistics().ignored


@pytest.mark.parametrize("depth", [15, 16, 24, 32])
async def test_xorgxrdp_at_every_depth(peers: Peers, depth: int) -> None:
    server = peers.xrdp_xorg()
    wanted = peers.xorg_display.picture_sync()
    most = 256 >> {15: 5, 16: 5, 24: 8, 32: 8}[depth]
    async with connected(server, color_depth=depth) as session:
        await wait_for(
            lambda: int(np.abs(shown(session).astype(int) - wanted).max()) < most, f"the picture at {depth}", PATIENCE
        )


async def test_frames_go_on(peers: Peers, own_display: Display) -> None:
    """Each frame is acknowledged when it is shown, or the server would stop sending."""
    with shadow(peers.folder, own_display) as server:
        async with connected(server, codecs=OPTIONAL_CODECS) as session:
            for colour in ("navy", "teal", "olive", "purple", "maroon"):
                await own_display.run("xsetroot", "-solid", colour)
                wanted = await own_display.picture()
                await wait_for(lambda wanted=wanted: psnr(shown(session), wanted) > GOOD, colour, PATIENCE)  # type: ignore[misc]
