"""`serve` and `ServerSession`: a server that runs an async handler for every client, as `trio.serve_tcp` does.

async with trio.open_nursery() as nursery:
    listeners = await nursery.start(partial(serve, handler, 3389, credentials=Credentials("ada", "...")))
"""

from __future__ import annotations

import contextlib
import logging
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import ClassVar, TypeAlias

import trio

from trio_rdp.admission import Admitted, Login, admit
from trio_rdp.channels.rail import CHANNEL_NAME as RAIL_CHANNEL_NAME
from trio_rdp.credentials import Accounts
from trio_rdp.display import Display
from trio_rdp.display_statistics import DisplayStatistics
from trio_rdp.faces.remote_apps.host import AppHost
from trio_rdp.inflow import ChannelStatistics
from trio_rdp.input_stream import InputStatistics, InputStream
from trio_rdp.pdu import mcs
from trio_rdp.pdu.client_info import InfoFlags
from trio_rdp.pdu.error_info import ErrorInfo
from trio_rdp.protocol.basic_settings import monitors_of
from trio_rdp.protocol.config import CredentialsSource, DesktopSize, Monitor, Security, ServerConfig
from trio_rdp.protocol.deflation import CompressionStatistics
from trio_rdp.protocol.framing import Action
from trio_rdp.protocol.input_events import MonitorLayoutChanged
from trio_rdp.protocol.network_detection import NetworkCharacteristics
from trio_rdp.protocol.server_events import (
    ChannelData,
    ChannelFailed,
    FrameAcknowledged,
    InputReceived,
    OutputSuppressed,
    Reactivated,
    RefreshRequested,
    ResponseFrame,
    ServerStageOutput,
    ShutdownRequested,
    Terminate,
)
from trio_rdp.server_channels import ServerChannels
from trio_rdp.session import is_only_the_end
from trio_rdp.transport import TlsIdentity
from trio_rdp.wire.errors import ConnectFailed, LocalProtocolError, RdpError, SessionClosed
from trio_rdp.writer import WriterStatistics

__all__ = ["Handler", "ServerSession", "ServerSessionStatistics", "serve"]

_log = logging.getLogger(__name__)

# "In the case of a user-initiated server-side disconnection the reason code set by the server MUST be
# rn-user-requested" ([MS-RDPBCGR] 2.2.2.3); an administrator's is rn-provider-initiated.
_BY_ITS_USER = (ErrorInfo.LOGOFF_BY_USER, ErrorInfo.RPC_INITIATED_DISCONNECT_BY_USER)


@dataclass(frozen=True, slots=True)
class ServerSessionStatistics:
    """Every queue of a session with its bound, fill and peak, and what went through."""

    frames_received: int
    ignored: dict[str, int]
    writer: WriterStatistics
    compression: CompressionStatistics
    display: DisplayStatistics
    input: InputStatistics
    channels: tuple[ChannelStatistics, ...]
    held_by: str | None
    """The channel whose reader all wait for, if there is one: see `WhenFull.WAIT`."""


class ServerSession(ServerChannels):
    """One client of a server; `serve` hands it to the handler."""

    # A client that is still beginning has much to write: xfreerdp 2.11 that finds it cannot does not read why.
    _last_look: ClassVar[float] = math.inf

    def __init__(self, admitted: Admitted, address: str) -> None:
        accepted = admitted.connection
        limits = accepted.config.limits
        super().__init__(admitted)
        self.connection = accepted
        """What the connection sequence came to."""
        self.login: Login = replace(admitted.login, address=address)
        self._goodbye = ErrorInfo.LOGOFF_BY_USER
        self.display: Display = Display(self._stage, self._writer, limits, self._ending, lambda: self.monitors)
        self.input: InputStream = InputStream(limits.input_events, self._ending)
        self._app_host: AppHost | None = None
        self._open_graphics()
        self.is_shutdown_requested: bool = False
        """Whether the client asked for the session to end."""

    @property
    def username(self) -> str:
        """Who logged in; what the client claims, where no login was asked for."""
        return self.login.username

    @property
    def domain(self) -> str:
        """The domain that the client named."""
        return self.login.domain

    @property
    def client_name(self) -> str:
        """The client's computer name, as it says."""
        return self.connection.settings.client.core.client_name

    @property
    def client_address(self) -> str:
        """The address from which the client connected; empty over streams that are no sockets."""
        return self.login.address

    @property
    def size(self) -> DesktopSize:
        """The desktop's size."""
        return DesktopSize(self.display.width, self.display.height)

    @property
    def monitors(self) -> tuple[Monitor, ...]:
        """The client's monitors, as it described them last; none where it described just one screen."""
        latest = () if self._display_control is None else self._display_control.monitors
        return latest or monitors_of(self.connection.settings.client)

    @property
    def network(self) -> NetworkCharacteristics:
        """What was measured of the line, last."""
        return self._stage.network

    @property
    def app_host(self) -> AppHost:
        """Single programs, for a client that shows those and no desktop."""
        if self._app_host is None:
            agreed = self._stage.capabilities.remote_programs
            largest = self._stage.max_update_size - 2
            self._app_host = AppHost(self._limits, self.display.send_orders, agreed, largest_order=largest)
            if agreed is None:
                self._app_host.unavailable("the client shows a desktop")
            else:
                self._use(self._app_host, RAIL_CHANNEL_NAME)
        return self._app_host

    def end_with(self, code: ErrorInfo) -> None:
        """Choose what the client is told when the handler returns; a log-off by default."""
        self._goodbye = code

    def statistics(self) -> ServerSessionStatistics:
        """Every bound, fill and peak."""
        return ServerSessionStatistics(
            self._frames_received,
            dict(self._stage.ignored),
            self._writer.statistics(),
            self._stage.compression,
            self.display.statistics(),
            self.input.statistics(),
            self._channels.statistics(),
            self.held_by,
        )

    # The session's tasks.

    def _background(self) -> list[Callable[[], Awaitable[None]]]:
        return [self.display.run, self._limit_handler, self._beat]

    async def _limit_handler(self) -> None:
        """Give the handler a while to notice that its client is gone, then cancel it."""
        await self._reader_done.wait()
        await trio.sleep(self._limits.handler_grace)
        if self._body is not None and not self._is_leaving:
            _log.debug("a handler went on for %g s after its client left", self._limits.handler_grace)
            self._body.cancel()

    async def _beat(self) -> None:
        """Show the client that its server lives, and measure the round trip, as often as the configuration says."""
        period = self.connection.config.heartbeat
        if not period:
            return
        while not self._ending.is_over:
            if self._stage.can_heartbeat:
                self._writer.send_control(self._stage.heartbeat(period))
            if self._stage.can_measure_rtt:
                self._writer.send_control(self._stage.measure_rtt(trio.current_time()))
            await trio.sleep(period)

    def _begin(self) -> None:
        """Handle what came while the connection was made."""
        if self.username and InfoFlags.LOGONNOTIFY in self.connection.client_info.flags:
            # "A logon notification of type INFOTYPE_LOGON or INFOTYPE_LOGON_LONG SHOULD be sent" ([MS-RDPBCGR]
            # 3.3.5.10.1); names are as long as Windows allows.
            self._writer.send_control(self._stage.logon_notification(self.domain[:25], self.username[:255]))
        if self.monitors:
            self.input.deliver(MonitorLayoutChanged(self.monitors))
        for output in self._stage.start():
            self._handle(output)

    def _receive(self, action: Action, frame: bytes) -> None:
        known = self._stage.network
        for output in self._stage.process(action, frame, now=trio.current_time()):
            self._handle(output)
        if self._stage.network is not known:
            self._line_measured(known)
        self._stretch = self._channels.find_stretch(frame, self._stage.take_continued())

    def _line_measured(self, before: NetworkCharacteristics) -> None:
        round_trip, bandwidth = self._line()
        is_news = self._stage.network.bandwidth != before.bandwidth
        self.display.line_measured(round_trip, bandwidth if is_news else None)
        if is_news:
            self._writer.send_control(self._stage.tell_network())

    def _handle(self, output: ServerStageOutput) -> None:
        match output:
            case InputReceived(events=events):
                for event in events:
                    self.input.deliver(event)
                if self.input.is_crowded:
                    self._crowded = self.input
            case ResponseFrame(data=data):
                self._writer.send_control(data)
            case FrameAcknowledged(frame_id=frame_id):
                self.display.frame_acknowledged(frame_id)
            case RefreshRequested(rects=rects):
                self.display.refresh(rects)
            case OutputSuppressed(is_suppressed=is_suppressed):
                self.display.suppress(is_suppressed)
            case Reactivated():
                self.display.reactivated()
            case ChannelData(name=name, message=message):
                self._channels.deliver(name, message)
            case ChannelFailed(name=name, reason=reason):
                self._channels.fail(name, reason)
            case ShutdownRequested():
                self.is_shutdown_requested = True
            case Terminate(reason=reason, is_clean=is_clean):
                self._terminate(reason, is_clean=is_clean)

    async def _finish(self) -> None:
        # The last picture is worth half of the grace; the other half is for the goodbye.
        with trio.move_on_after(self._limits.close_grace / 2), contextlib.suppress(SessionClosed):
            await self.display.send_last()
            await self._writer.wait_graphics_drained()
            await self.display.wait_shown()

    def _say_goodbye(self) -> None:
        self._writer.graphics.clear()
        # All that xfreerdp 3.15 hears of it, which by default takes no error info.
        reason = mcs.Reason.USER_REQUESTED if self._goodbye in _BY_ITS_USER else mcs.Reason.PROVIDER_INITIATED
        goodbye = self._stage.set_error_info(self._goodbye) + self._stage.disconnect(reason)
        self._writer.say_last(goodbye)  # behind what the handler sent on channels

    def _wake(self) -> None:
        super()._wake()
        self.display.end()
        self.input.end()


Handler: TypeAlias = Callable[[ServerSession], Awaitable[object]]


async def serve(
    handler: Handler,
    port: int = 3389,
    *,
    host: str | None = "127.0.0.1",
    config: ServerConfig | None = None,
    credentials: CredentialsSource | Accounts | None = None,
    identity: TlsIdentity | None = None,
    on_handler_error: Callable[[ServerSession, Exception], None] | None = None,
    task_status: trio.TaskStatus[list[trio.SocketListener]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Accept clients until cancelled, and run `handler` with a `ServerSession` for each; `start` gives the listeners.

    `host` None listens on every address, and `port` 0 on any free port.  `credentials` says who may log in: one
    account, passwords by user name, an async function, or `Accounts`, which can be replaced at run time; NLA needs
    them, and without them the other protections let everybody in.  `identity` is self-signed, and kept, by default.
    Both outweigh those of `config`.

    A client's misbehaviour ends its own session only.  An exception of a handler ends the server, unless
    `on_handler_error` is given; `SessionClosed` of the handler's own session is a normal end.  Cancelling disconnects
    every client within `Limits.close_grace`.  Raises `ConnectFailed` where it cannot listen.
    """
    settings = config or ServerConfig()
    if credentials is None:
        credentials = settings.credentials
    if Security.NLA in settings.security and credentials is None:
        raise LocalProtocolError("NLA needs credentials to check logins against")
    accounts = credentials if isinstance(credentials, Accounts | None) else Accounts(credentials)
    if identity is None and settings.identity is not None:
        if not isinstance(settings.identity, TlsIdentity):
            raise LocalProtocolError("serve needs a TlsIdentity; other identities are for who does TLS by himself")
        identity = settings.identity
    if identity is None and settings.security & (Security.TLS | Security.NLA):
        identity = await trio.to_thread.run_sync(TlsIdentity.kept)
    server = _Server(handler, settings, accounts, identity, on_handler_error)
    try:
        listeners = await trio.open_tcp_listeners(port, host=host)
    except OSError as exc:
        where = f"{host or 'every address'}:{port}"
        raise ConnectFailed(where, exc.strerror or str(exc), action="listen on") from exc
    async with trio.open_nursery() as nursery:
        task_status.started(listeners)
        await trio.serve_listeners(server.serve_stream, listeners, handler_nursery=nursery)


class _Server:
    """What all connections of one `serve` share."""

    def __init__(
        self,
        handler: Handler,
        config: ServerConfig,
        accounts: Accounts | None,
        identity: TlsIdentity | None,
        on_handler_error: Callable[[ServerSession, Exception], None] | None,
    ) -> None:
        self._handler = handler
        self._config = config
        self._accounts = accounts
        self._identity = identity
        self._on_handler_error = on_handler_error
        self._handshakes = 0
        self._sessions = 0

    async def serve_stream(self, stream: trio.SocketStream) -> None:
        """One connection, from its first byte to its last."""
        limits = self._config.limits
        if self._handshakes >= limits.handshakes or self._sessions >= limits.sessions:
            _log.warning("turned a client away: %d sessions, %d handshakes", self._sessions, self._handshakes)
            await trio.aclose_forcefully(stream)
            return
        self._handshakes += 1
        address = _address(stream)
        try:
            admitted = await admit(stream, self._config, self._accounts, self._identity)
        except RdpError as exc:
            _log.info("no session with %s: %s", address, exc)
            return
        finally:
            self._handshakes -= 1
        session = ServerSession(admitted, address)
        if self._sessions >= limits.sessions:
            await self._turn_away(session)
            return
        self._sessions += 1
        try:
            await self._run(session)
        finally:
            self._sessions -= 1

    async def _turn_away(self, session: ServerSession) -> None:
        """End a session that was one too many, as others were admitted while it logged in."""
        _log.warning("turned %s away after its login: %d sessions", session.client_address, self._sessions)
        session.end_with(ErrorInfo.OUT_OF_MEMORY)
        with contextlib.suppress(SessionClosed):
            async with session._running():
                pass

    async def _run(self, session: ServerSession) -> None:
        was_over = True
        try:
            async with session._running():
                try:
                    await self._handler(session)
                except BaseException:
                    # Cancelled, or failed: either way it was not the client's user who ended the session.
                    session.end_with(ErrorInfo.RPC_INITIATED_DISCONNECT)
                    raise
                finally:
                    was_over = session.is_over
        except Exception as exc:
            # What a handler raises while its session goes on is the end of another session, as a gateway has.
            if not (was_over and is_only_the_end(exc)):
                if self._on_handler_error is None:
                    raise
                self._on_handler_error(session, exc)
        _log.info("the session with %s ended: %s", session.client_address, session.reason)


def _address(stream: trio.SocketStream) -> str:
    with contextlib.suppress(OSError):
        return str(stream.socket.getpeername()[0])
    return "a client that is gone"
