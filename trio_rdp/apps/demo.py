"""The demo: a server on the loopback and clients that log in at once, type, move the mouse and keep a picture."""

from __future__ import annotations

import enum
import math
import secrets
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import trio

from trio_rdp.apps.desktop import LAMP_KEY, Layout, lamp_is_lit, show_desktop
from trio_rdp.client import Session, open_session
from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.display_statistics import DisplayStatistics
from trio_rdp.graphics.geometry import Rect
from trio_rdp.protocol.config import ClientConfig, DesktopSize, Security, ServerConfig
from trio_rdp.server import ServerSession, serve
from trio_rdp.transport import TlsIdentity
from trio_rdp.wire.errors import DeadlineExceeded

__all__ = ["ClientResult", "DemoResult", "Graphics", "run_demo"]

_GRACE = 8.0  # seconds beside those that were asked for, to connect, to save and to close
_SIZE = DesktopSize(1024, 640)
_STEP = 1 / 30
_LATENCY_PERIOD = 0.4
_CLICK_PERIOD = 1.5
_LATENCY_LIMIT = 2.0

_TYPISTS = (
    ("ada", "Hello! I am a client.\nEvery letter here came over TLS, after a login with NLA.\n"),
    ("grace", "Three sessions, one Python process, one event loop.\nNobody waits for anybody.\n"),
    ("alan", "I type Unicode: Zürich, naïve, 25 °C, ½ + ¼ = ¾.\nAnd the server sees just that.\n"),
    ("edsger", "Leaving the with block disconnects.\nNothing is left behind: no task, no socket.\n"),
    ("barbara", "The picture on the right moves.\nOnly what changed travels.\n"),
    ("donald", "My keys go up, the pixels come down.\nThe table says how fast.\n"),
)


class Graphics(enum.Enum):
    """How the pictures travel."""

    AUTO = "auto"
    """By the graphics pipeline, each part in the codec that suits it."""
    H264 = "h264"
    """All in H.264; needs the extra `h264`."""
    PROGRESSIVE = "progressive"
    CLEARCODEC = "clearcodec"
    PLANAR = "planar"
    CLASSIC = "classic"
    """Without the graphics pipeline: bitmap updates and surface commands."""


_CODECS = {
    Graphics.H264: (BitmapCodec.AVC444, BitmapCodec.AVC420),
    Graphics.PROGRESSIVE: (BitmapCodec.PROGRESSIVE,),
    Graphics.CLEARCODEC: (BitmapCodec.CLEARCODEC,),
    Graphics.PLANAR: (BitmapCodec.PLANAR,),
}


@dataclass(frozen=True, slots=True)
class ClientResult:
    """What one client saw: times in seconds, bytes as they went through TLS from server to client."""

    username: str
    connect_seconds: float
    frames: int
    bytes_received: int
    seconds: float
    latencies: tuple[float, ...]
    """From pressing a key to seeing what it changed, a sample each."""
    picture: Path
    display: DisplayStatistics
    """What the server's display says of its graphics, codec by codec."""

    @property
    def frames_per_second(self) -> float:
        """Frames that reached the client's screen, by the second."""
        return self.frames / self.seconds if self.seconds else 0.0

    @property
    def latency(self) -> float | None:
        """The median of the samples; None where the time was too short for one."""
        return statistics.median(self.latencies) if self.latencies else None


@dataclass(frozen=True, slots=True)
class DemoResult:
    """What came of a demo."""

    clients: tuple[ClientResult, ...]
    seconds: float
    fingerprint: str
    """SHA-256 of the server's certificate, which the clients pinned."""


async def run_demo(
    clients: int = 3,
    seconds: float = 5.0,
    output: Path = Path("trio-rdp-demo"),
    *,
    size: DesktopSize = _SIZE,
    graphics: Graphics = Graphics.AUTO,
    tell: Callable[[str, float], object] | None = None,
) -> DemoResult:
    """Run server and clients for some seconds, with a picture per client in the folder `output`.

    `tell` hears of each phase, with how much of it is done (0 to 1).  Raises `DeadlineExceeded` when connecting and
    closing take more than eight seconds beside those asked for, `LocalProtocolError` for H.264 without its extra, and
    what `open_session` raises.
    """
    tell = tell or _tell_nobody
    await trio.to_thread.run_sync(partial(output.mkdir, parents=True, exist_ok=True))
    with trio.move_on_after(seconds + _GRACE) as scope:
        tell("making a certificate", 0)
        identity = await trio.to_thread.run_sync(partial(TlsIdentity.self_signed, ["localhost", "127.0.0.1"]))
        demo = _Demo(clients, seconds, output, size, graphics, identity, tell)
        return DemoResult(await demo.run(), seconds, identity.fingerprint)
    assert scope.cancelled_caught
    raise DeadlineExceeded("the demo", seconds + _GRACE)


def _tell_nobody(phase: str, share: float) -> None:
    """Nobody listens."""


class _Demo:
    def __init__(
        self,
        clients: int,
        seconds: float,
        output: Path,
        size: DesktopSize,
        graphics: Graphics,
        identity: TlsIdentity,
        tell: Callable[[str, float], object],
    ) -> None:
        self._names = [_typist(number)[0] for number in range(clients)]
        self._seconds = seconds
        self._output = output
        self._size = size
        self._graphics = graphics
        self._identity = identity
        self._tell = tell
        self._passwords = {name: secrets.token_urlsafe(12) for name in self._names}
        self._served: dict[str, ServerSession] = {}
        self._results: dict[str, ClientResult] = {}
        self._waiting = clients
        self._all_are_in = trio.Event()

    async def run(self) -> tuple[ClientResult, ...]:
        config = ServerConfig(security=Security.NLA, enable_graphics_pipeline=self._graphics is not Graphics.CLASSIC)
        async with trio.open_nursery() as server_nursery:
            listeners = await server_nursery.start(
                partial(
                    serve,
                    self._handle,
                    0,
                    host="127.0.0.1",
                    config=config,
                    credentials=self._passwords,
                    identity=self._identity,
                )
            )
            port: int = listeners[0].socket.getsockname()[1]
            self._tell("logging in", 0)
            async with trio.open_nursery() as nursery:
                for number in range(len(self._names)):
                    nursery.start_soon(self._be_client, number, port)
                nursery.start_soon(self._count_down)
            server_nursery.cancel_scope.cancel()
        return tuple(self._results[name] for name in self._names)

    async def _handle(self, session: ServerSession) -> None:
        self._served[session.username] = session
        if wanted := _CODECS.get(self._graphics):
            async with session.display.frame():
                pass  # entering waits for the graphics pipeline, which has these codecs
            session.display.codec = next(codec for codec in wanted if codec in session.display.codecs)
        await show_desktop(session)

    async def _count_down(self) -> None:
        await self._all_are_in.wait()
        start = trio.current_time()
        while (passed := trio.current_time() - start) < self._seconds:
            self._tell("running", passed / self._seconds)
            await trio.sleep(0.1)
        self._tell("running", 1)

    async def _be_client(self, number: int, port: int) -> None:
        name, text = _typist(number)
        config = ClientConfig(
            username=name,
            password=self._passwords[name],
            security=Security.NLA,
            certificate_policy=f"pin:{self._identity.fingerprint}",
            desktop_size=self._size,
            enable_h264=True if self._graphics is Graphics.H264 else None,
            client_name=f"demo-{number + 1}",
        )
        start = trio.current_time()
        async with open_session("127.0.0.1", port, config=config) as session:
            connect_seconds = trio.current_time() - start
            self._waiting -= 1
            if not self._waiting:
                self._all_are_in.set()
            # So that the load is the same for all from their first to their last frame.
            await self._all_are_in.wait()
            frames, sent, begin = session.screen.statistics().frames, self._sent(name), trio.current_time()
            latencies: list[float] = []
            with trio.move_on_after(self._seconds):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(_type, session, text, self._seconds)
                    nursery.start_soon(_move, session, number)
                    nursery.start_soon(_measure, session, latencies)
            seconds = trio.current_time() - begin
            frames, sent = session.screen.statistics().frames - frames, self._sent(name) - sent
            picture = self._output / f"{number + 1}-{name}.png"
            display = self._served[name].display.statistics()
            await trio.to_thread.run_sync(session.screen.save, picture)
        self._results[name] = ClientResult(
            name, connect_seconds, frames, sent, seconds, tuple(latencies), picture, display
        )

    def _sent(self, name: str) -> int:
        served = self._served.get(name)
        return 0 if served is None else served.statistics().writer.bytes_sent


def _typist(number: int) -> tuple[str, str]:
    name, text = _TYPISTS[number % len(_TYPISTS)]
    return (name if number < len(_TYPISTS) else f"{name}{number // len(_TYPISTS) + 1}"), text


async def _type(session: Session, text: str, seconds: float) -> None:
    """Type the text, slowly enough that it is done shortly before the end; it starts anew where there is time."""
    pause = min(0.7 * seconds / len(text), 0.06)
    for character in text:
        await session.keyboard.type(character)
        await trio.sleep(pause)


async def _move(session: Session, number: int) -> None:
    """Draw loops with the mouse, and click now and then."""
    start = trio.current_time()
    next_click = start + _CLICK_PERIOD / 2
    size = session.size
    while True:
        at = (trio.current_time() - start) * 1.6 + number
        x = int(size.width * (0.3 + 0.2 * math.cos(at)))
        y = int(size.height * (0.72 + 0.1 * math.sin((2 + number % 2) * at)))
        await session.mouse.move(x, y)
        if trio.current_time() >= next_click:
            next_click += _CLICK_PERIOD
            await session.mouse.click(x, y)
        await trio.sleep(_STEP)


async def _measure(session: Session, latencies: list[float]) -> None:
    """Switch the desktop's lamp again and again, and note how long it takes until the screen shows it."""
    lamp = Layout.of(session.size.width, session.size.height).lamp

    def is_lit() -> bool:
        return lamp_is_lit(session.screen.pixel(*_center(lamp)))

    await session.screen.wait_settled(0)
    while True:
        await trio.sleep(_LATENCY_PERIOD)
        was_lit, pressed = is_lit(), trio.current_time()
        with trio.move_on_after(_LATENCY_LIMIT):
            await session.keyboard.press(LAMP_KEY)
            while is_lit() == was_lit:
                await session.screen.wait_changed()
            latencies.append(trio.current_time() - pressed)


def _center(rect: Rect) -> tuple[int, int]:
    return rect.left + rect.width // 2, rect.top + rect.height // 2
