"""Touch with real peers, as far as they have it: xfreerdp gets ready, though no X here has fingers."""

from __future__ import annotations

from tests.interop.display import Display
from tests.interop.serving import serving
from tests.interop.xfreerdp import NO_GFX_NO_RFX, OK, xfreerdp
from trio_rdp.faces.touch.stream import TouchStream


async def test_xfreerdp_gets_ready(client_display: Display) -> None:
    async with serving() as served, xfreerdp(client_display, served.port, "/multitouch", NO_GFX_NO_RFX) as client:
        session = (await served.guest()).session
        touch: TouchStream = session.touch
        await touch.wait_ready()
        assert touch.max_contacts == 64
        await touch.suspend()
        await touch.resume()
        assert touch.statistics().passed_over == 0
        assert await client.close() == OK
