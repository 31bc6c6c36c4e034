"""How long echoes take to real clients and back; servers that ask for echoes there are none here."""

from __future__ import annotations

import pytest

from tests.interop.display import Display
from tests.interop.serving import serving
from tests.interop.xfreerdp import NO_GFX_NO_RFX, OK, xfreerdp
from trio_rdp.wire.errors import LocalProtocolError


async def test_xfreerdp_answers(client_display: Display) -> None:
    async with serving() as served, xfreerdp(client_display, served.port, "/echo", NO_GFX_NO_RFX) as client:
        session = (await served.guest()).session
        for size in (1, 100, 5_000, 100_000):
            assert await session.echo.ping(bytes(size)) > 0
        assert [measured.size for measured in session.echo.measurements()] == [1, 100, 5_000, 100_000]
        assert session.echo.statistics().waiting == 0
        assert await client.close() == OK


@pytest.mark.interop_full
async def test_xfreerdp_that_was_not_told_to_answer(client_display: Display) -> None:
    async with serving() as served, xfreerdp(client_display, served.port, NO_GFX_NO_RFX):
        session = (await served.guest()).session
        with pytest.raises(LocalProtocolError, match="channel ECHO"):
            await session.echo.ping()
