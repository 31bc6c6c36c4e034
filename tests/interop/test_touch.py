"""Touch and the advanced mouse with real peers, as far as they have it: no X here has fingers."""

from __future__ import annotations

import pytest

from tests.interop.display import Display
from tests.interop.serving import serving
from tests.interop.xfreerdp import NO_GFX_NO_RFX, OK, is_version_3, xfreerdp
from trio_rdp.advanced_mouse import AdvancedMouseHost
from trio_rdp.faces.touch.stream import TouchStream
from trio_rdp.protocol.input_events import MouseButton, MouseMoved, MousePressed, MouseReleased, WheelTurned


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


@pytest.mark.interop_full
async def test_xfreerdp_uses_the_advanced_mouse(client_display: Display) -> None:
    async with serving() as served, xfreerdp(client_display, served.port, NO_GFX_NO_RFX) as client:
        if not is_version_3():
            pytest.skip("xfreerdp 2.11 has none")
        guest = await served.guest()
        mouse: AdvancedMouseHost = guest.session.advanced_mouse
        await mouse.wait_open()
        await client.focus()
        steps = [("mousemove", x, 200, "sleep", "0.1") for x in (150, 300)]
        await client_display.xdotool(*steps[0], *steps[1], "click", 1, "click", 4, "click", 8)
        await guest.wait_event(
            MousePressed(MouseButton.LEFT, 300, 200),
            MouseReleased(MouseButton.LEFT, 300, 200),
            WheelTurned(120, 300, 200),
            MousePressed(MouseButton.X1, 300, 200),
        )
        assert MouseMoved(300, 200) in guest.events
        found = mouse.statistics()
        assert found.received >= 6
        assert found.passed_over == 0
        assert await client.close() == OK
