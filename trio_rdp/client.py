"""`open_session` and `Session`: a client's session as an async context manager.

    async with trio_rdp.open_session("desk.example", username="ada", password="...") as session:
        await session.keyboard.type("hello")

Leaving it disconnects; cancelling it anywhere disconnects too.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial

import trio

from trio_rdp.channels.rdpgfx import CHANNEL_NAME as GRAPHICS_CHANNEL_NAME
from trio_rdp.client_channels import ClientChannels
from trio_rdp.codecs.bitmap_codec import BitmapCodec
from trio_rdp.encoding import current_scheduler, load_h264
from trio_rdp.faces.graphics.pipeline import GraphicsPipeline, GraphicsStatistics
from trio_rdp.framed import Framed
from trio_rdp.graphics.geometry import Rect
from trio_rdp.handshake import connect_begin, connect_credssp, connect_finalize, mark_as_upgraded
from trio_rdp.inflow import ChannelStatistics
from trio_rdp.input import Keyboard, Mouse
from trio_rdp.painting import DecodeStatistics, Painter, PainterStatistics
from trio_rdp.pdu.capabilities_basic import InputFlags
from trio_rdp.pdu.input import InputEvent
from trio_rdp.pdu.pointer import PointerUpdate as WirePointerUpdate
from trio_rdp.pointer import Pointer
from trio_rdp.protocol.client_connector import ClientConnector, ConnectionResult
from trio_rdp.protocol.config import ClientConfig, CompressionType, DesktopSize
from trio_rdp.protocol.framing import Action
from trio_rdp.protocol.inflation import InflationStatistics
from trio_rdp.protocol.session_events import (
    Activated,
    ActiveStageOutput,
    ChannelData,
    ChannelFailed,
    ChannelsSuspended,
    DeactivateAll,
    GraphicsUpdate,
    PointerUpdate,
    ResponseFrame,
    Terminate,
    WindowOrders,
)
from trio_rdp.screen import Screen, ScreenStatistics
from trio_rdp.security.certificate import subject_public_key
from trio_rdp.security.credssp import NtlmFormRefused
from trio_rdp.security.ntlm_info import NtlmForm
from trio_rdp.session import deadline
from trio_rdp.session_info import SessionInfo
from trio_rdp.stores import KnownHosts
from trio_rdp.transport import connect_tcp, upgrade_client
from trio_rdp.wire.errors import (
    DeadlineExceeded,
    DecodeError,
    LocalProtocolError,
    RdpError,
    RequestRefused,
    SessionClosed,
)
from trio_rdp.writer import WriterStatistics

__all__ = ["Session", "SessionStatistics", "open_session", "open_session_over"]

_log = logging.getLogger(__name__)

_PALETTE_DEPTH = 8


@dataclass(frozen=True, slots=True)
class SessionStatistics:
    """Every queue of a session with its bound, fill and peak, and what went through.

    `codecs` says what each codec has decoded, and `inflated` what came bulk compressed, by its type.
    """

    frames_received: int
    ignored: dict[str, int]
    inflated: dict[CompressionType, InflationStatistics]
    codecs: dict[BitmapCodec, DecodeStatistics]
    writer: WriterStatistics
    painter: PainterStatistics
    screen: ScreenStatistics
    channels: tuple[ChannelStatistics, ...]
    held_by: str | None
    """The channel whose reader all wait for, if there is one: see `WhenFull.WAIT`."""
    graphics: GraphicsStatistics
    """What came by the graphics pipeline."""


class Session(ClientChannels):
    """A connected client session; made by `open_session`."""

    def __init__(self, framed: Framed, result: ConnectionResult, certificate: bytes | None) -> None:
        limits = result.config.limits
        super().__init__(framed, result)
        self.config: ClientConfig = result.config
        self.connection = result
        """What the connection sequence came to."""
        self.certificate = certificate
        """The server's certificate (DER), None without TLS."""
        size = result.desktop_size
        self.screen: Screen = Screen(size.width, size.height, self._ending)
        self.pointer: Pointer = Pointer(result.config.pointer_cache_size, self._ending)
        self.info: SessionInfo = SessionInfo(self._ending)
        self._deactivated = trio.Event()
        self._activated = trio.Event()
        self._painter = Painter(self.screen, current_scheduler(), limits.undecoded, self._frame_shown)
        self.graphics: GraphicsPipeline = GraphicsPipeline(
            result.config,
            self._painter,
            self._flush_pipeline,
            current_scheduler().run,
            self._repaint,
            partial(self._spawn, load_h264),
        )
        """The graphics pipeline, by which modern servers draw; needs `enable_graphics_pipeline`, the default."""
        self._answer(
            self.graphics,
            GRAPHICS_CHANNEL_NAME,
            self.graphics.buffer,
            wanted=result.config.offers_graphics_pipeline,
        )
        self.keyboard: Keyboard = Keyboard(self)
        self.mouse: Mouse = Mouse(self.advanced_mouse.over(self))

    @property
    def size(self) -> DesktopSize:
        """The desktop's size, which the server may change: that of `screen`, and what the mouse's coordinates mean."""
        return DesktopSize(self.screen.width, self.screen.height)

    async def resize(self, width: int, height: int, *, scale: int = 100) -> DesktopSize:
        """Ask the server for another size of the desktop, in pixels, and wait for its first picture of it.

        It is asked when it has shown something.  Gives the size that it came to, which is the server's choice; `scale`
        is in per cent, 100 to 500.  Raises `LocalProtocolError` for a size that cannot be, or where the server does not
        resize; `RequestRefused` where it does nothing within `Limits.resize`, which is all that it says when it will
        not.  A cancelled resize may happen all the same.
        """
        with trio.move_on_after(self._limits.resize):
            while not self.screen.is_painted:  # xrdp 0.9.21 ends a session that is resized before it shows anything
                await self.screen.wait_changed()
            before, resizes = self.size, self.screen.statistics().resizes
            await self.display_control.resize(width, height, scale=scale)
            if (width, height) == (before.width, before.height):
                return before
            while self.screen.statistics().resizes == resizes:
                await self.screen.wait_changed()
            while not self.screen.is_painted_anew:
                await self.screen.wait_changed()
            return self.size
        wanted = (
            f"desktop of {width}x{height}" if self.screen.is_painted else "picture at all, which resizing waits for,"
        )
        raise RequestRefused(f"the server shows no {wanted} within {self._limits.resize:g} s")

    async def request_refresh(self, rects: Iterable[Rect] | None = None) -> None:
        """Ask the server to paint areas (the whole desktop by default) again."""
        areas = [Rect(0, 0, self.size.width, self.size.height)] if rects is None else list(rects)
        await self._writer.input.put([self._stage.refresh_rect(areas)])

    async def suppress_output(self, suppress: bool = True) -> None:
        """Ask the server to stop painting, or to go on: for who does not look at the screen."""
        await self._writer.input.put([self._stage.suppress_output(suppress, self.size)])

    async def request_shutdown(self) -> None:
        """Ask the server to end the session; one with a logged-on user denies it, and then leaving is all there is."""
        await self._writer.input.put([self._stage.request_shutdown()])

    def statistics(self) -> SessionStatistics:
        """Every bound, fill and peak."""
        return SessionStatistics(
            self._frames_received,
            dict(self._stage.ignored),
            self._stage.inflated,
            self._painter.decoded(),
            self._writer.statistics(),
            self._painter.statistics(),
            self.screen.statistics(),
            self._channels.statistics(),
            self.held_by,
            self.graphics.statistics(),
        )

    # For keyboard and mouse.

    @property
    def input_flags(self) -> InputFlags:
        """What the server's input capability set allows."""
        return self._stage.activation.input_flags

    async def send_input(self, events: list[InputEvent]) -> None:
        """Queue events that belong together; during a reactivation they are lost, as the server takes none."""
        await self._writer.input.put(self._stage.encode_input(events))

    def send_input_nowait(self, events: list[InputEvent]) -> None:
        """Queue events that belong together, or raise `trio.WouldBlock`."""
        self._writer.input.put_nowait(self._stage.encode_input(events))

    # The session's tasks.

    def _background(self) -> list[Callable[[], Awaitable[None]]]:
        return [self._painter.run, self._watch_heartbeat, self._watch_reactivation]

    async def _watch_reactivation(self) -> None:
        """End the session when a server that has closed the share opens no other in time."""
        while True:
            await self._deactivated.wait()
            with deadline("reactivation", self._limits.reactivation):
                await self._activated.wait()
            self._deactivated, self._activated = trio.Event(), trio.Event()

    async def _watch_heartbeat(self) -> None:
        """End the session when a server that promised heartbeats is silent for as long as it said would be too long."""
        try:
            while self.info.heartbeat is None:
                await self.info.wait_changed()
        except SessionClosed:
            return
        while not self._ending.is_over:
            promise = self.info.heartbeat
            patience = promise.period * (promise.warn_after + promise.reconnect_after)
            if not patience:
                return
            heard = self._frames_received
            await trio.sleep(patience)
            if self._frames_received == heard and not self._ending.is_over:
                raise DeadlineExceeded("heartbeat", patience)

    def _begin(self) -> None:
        """Handle what came while the connection was made."""
        for output in self._stage.start():
            self._handle(output)
        # What was read with the Font Map: a server that refuses the login may say so right behind it.
        for action, frame in self._framed.read_pdus_nowait():
            self._receive(action, frame)
        self._painter.flush()

    def _receive(self, action: Action, frame: bytes) -> None:
        for output in self._stage.process(action, frame, now=trio.current_time()):
            self._handle(output)
        stretch = self._channels.find_stretch(frame, self._stage.take_continued())
        self._stretch = None if self._stage.is_measuring else stretch

    def _flush(self) -> None:
        self._painter.flush()

    def _repaint(self) -> None:
        """Ask for the picture by the classic path, where the graphics pipeline has failed; many servers go on so."""
        whole = Rect(0, 0, self.screen.width, self.screen.height)
        with contextlib.suppress(LocalProtocolError, SessionClosed, trio.WouldBlock):
            self._writer.input.put_nowait([self._stage.refresh_rect([whole])])

    def _flush_pipeline(self) -> None:
        try:
            self._painter.flush()
        except RdpError as exc:  # of the classic path, on which the session depends
            self._fail(exc)

    async def _wait_room(self) -> None:
        await self._painter.wait_room()

    async def _settle(self) -> None:
        await self._painter.wait_idle()

    def _handle(self, output: ActiveStageOutput) -> None:
        match output:
            case GraphicsUpdate(job=job):
                self._painter.submit(job)
            case ResponseFrame(data=data):
                self._writer.send_control(data)
            case PointerUpdate(update=update):
                self._show_pointer(update)
            case WindowOrders(orders=orders):
                self.remote_apps.receive_orders(orders)
            case ChannelData(name=name, message=message):
                self._channels.deliver(name, message)
            case ChannelFailed(name=name, reason=reason):
                self._channels.fail(name, reason)
            case ChannelsSuspended(is_suspended=is_suspended):
                self._writer.suspend_channels(is_suspended)
            case DeactivateAll():
                self.pointer.reset()
                self._deactivated.set()
            case Activated(activation=activation):
                self._activated.set()
                size = activation.desktop_size
                if (size.width, size.height) != (self.screen.width, self.screen.height):
                    self._painter.resize(size.width, size.height)
            case Terminate(reason=reason, is_clean=is_clean):
                self._terminate(reason, is_clean=is_clean)
            case _:
                self.info.update(output)

    def _show_pointer(self, update: WirePointerUpdate) -> None:
        is_indexed = self._stage.activation.color_depth == _PALETTE_DEPTH
        try:
            self.pointer.apply(update, self._painter.image.palette if is_indexed else None)
        except DecodeError as exc:
            # A pointer without a shape harms nobody, and a cached one may have been forgotten in a reactivation.
            self._stage.ignored.note(f"pointer update: {exc}")

    def _frame_shown(self, frame_id: int) -> None:
        if answer := self._stage.acknowledge_frame(frame_id):
            self._writer.send_control(answer)

    def _say_goodbye(self) -> None:
        # Behind what the user typed: a server reads nothing more once it has heard of the disconnect.
        self._writer.say_last(self._stage.disconnect())
        self.keyboard.release_all_nowait()
        self.mouse.release_all_nowait()

    def _wake(self) -> None:
        super()._wake()
        self.screen.end()
        self.pointer.end()
        self.info.end()


@contextlib.asynccontextmanager
async def open_session(
    host: str,
    port: int = 3389,
    *,
    username: str | None = None,
    password: str | None = None,
    domain: str | None = None,
    certificate_policy: str | None = None,
    config: ClientConfig | None = None,
    known_hosts: KnownHosts | None = None,
) -> AsyncIterator[Session]:
    """Connect to a server and log in; the session lasts as long as the `with` block.

    What is not given is taken from `config`, and what is not there has the default of `ClientConfig`.  Raises
    `ConnectFailed`, `NegotiationFailed`, `CertificateRejected`, `AuthenticationFailed`, `LicensingFailed`,
    `DeadlineExceeded` and `RemoteProtocolError` while it connects, and `SessionClosed` when the session fails later.
    """
    name, _, number = host.rpartition(":")
    if number.isdecimal() and name and ":" not in name:
        raise LocalProtocolError(f"the port is an argument of its own: open_session({name!r}, {number})")
    settings = _settings(config, username=username, password=password, domain=domain, policy=certificate_policy)
    session = await _connect(host, port, settings, known_hosts)
    async with session._running():
        yield session


@contextlib.asynccontextmanager
async def open_session_over(
    stream: trio.abc.Stream,
    *,
    config: ClientConfig,
    host: str = "",
    port: int = 3389,
    known_hosts: KnownHosts | None = None,
) -> AsyncIterator[Session]:
    """Connect over any stream that leads to a server: a proxy's, a gateway's, one end of a memory pair.

    `host` and `port` are what the certificate is checked against.  The stream is closed at the end, also when this
    raises.
    """
    session = await _connect_over(stream, host, port, config, known_hosts, None, NtlmForm.RAW)
    async with session._running():
        yield session


def _settings(
    config: ClientConfig | None,
    *,
    username: str | None,
    password: str | None,
    domain: str | None,
    policy: str | None,
) -> ClientConfig:
    given = {"username": username, "password": password, "domain": domain, "certificate_policy": policy}
    changes: dict[str, str] = {name: value for name, value in given.items() if value is not None}
    return replace(config or ClientConfig(), **changes)  # type: ignore[arg-type]


async def _connect(host: str, port: int, config: ClientConfig, known_hosts: KnownHosts | None) -> Session:
    async def dial() -> trio.SocketStream:
        with deadline("connecting", config.limits.tcp_connect):
            return await connect_tcp(host, port, dead_peer=config.limits.dead_peer)

    async def dial_and_negotiate() -> trio.abc.Stream:
        stream = await dial()
        framed = Framed(stream)
        try:
            with deadline("negotiation", config.limits.negotiation):
                await connect_begin(framed, ClientConnector(config))
            return framed.into_inner_no_leftover()
        except BaseException:
            await trio.aclose_forcefully(stream)
            raise

    form = NtlmForm.RAW
    while True:
        stream = await dial()
        address = stream.socket.getsockname()[0]
        settings = config if config.client_address else replace(config, client_address=address)
        try:
            return await _connect_over(stream, host, port, settings, known_hosts, dial_and_negotiate, form)
        except NtlmFormRefused as exc:
            # No proof was sent yet, so that trying once more, in the other form, cannot lock the account.
            if form is not NtlmForm.RAW:
                raise
            _log.debug("the server took no %s token, connecting again with %s", exc.form.name, exc.other.name)
            form = exc.other


async def _connect_over(
    stream: trio.abc.Stream,
    host: str,
    port: int,
    config: ClientConfig,
    known_hosts: KnownHosts | None,
    reconnect: Callable[[], Awaitable[trio.abc.Stream]] | None,
    form: NtlmForm,
) -> Session:
    """The whole connection sequence over one stream, which is closed when it fails."""
    limits = config.limits
    connector = ClientConnector(config, server_name=host)
    framed = Framed(stream)
    certificate: bytes | None = None
    try:
        with deadline("negotiation", limits.negotiation):
            should_upgrade = await connect_begin(framed, connector)
        if should_upgrade.is_needed:
            with deadline("TLS handshake", limits.tls_handshake):
                inner, leftover = framed.into_inner()
                stream, certificate = await upgrade_client(
                    inner,
                    leftover,
                    host=host,
                    port=port,
                    policy=config.certificate_policy,
                    known_hosts=known_hosts,
                    reconnect=reconnect,
                )
                framed = Framed(stream)
        upgraded = mark_as_upgraded(should_upgrade, connector)
        public_key = b"" if certificate is None else subject_public_key(certificate)
        if connector.should_perform_credssp:
            if not config.username:
                raise LocalProtocolError("the server wants NLA, which needs a user name and a password")
            with deadline("authentication", limits.authentication):
                await connect_credssp(framed, connector, server_public_key=public_key, server_name=host, form=form)
        with deadline("connection sequence", limits.connection_sequence):
            result = await connect_finalize(upgraded, connector, framed)
        return Session(framed, result, certificate)
    except BaseException:
        await trio.aclose_forcefully(stream)
        raise
