"""`Limits`: the named bound of every queue, buffer, list and wait."""

from __future__ import annotations

from dataclasses import dataclass

from trio_rdp.graphics.pipeline.limits import PipelineLimits

__all__ = ["Limits"]

_KIB = 1 << 10
_MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one session may cost, and how long it may wait; sizes in bytes, times in seconds.

    Deadlines are the protocol's own: they bound a peer that stalls.  For a deadline of your own use a cancel scope.
    """

    # Waits while connecting.
    tcp_connect: float = 30.0
    """Until TCP connects; FreeRDP waits 15 s (`TcpConnectTimeout`), mstsc about 30."""
    negotiation: float = 15.0
    """From TCP to the X.224 confirm (client) or request (server); aardwolf and xfreerdp 2 wait for ever."""
    tls_handshake: float = 15.0
    """For the TLS handshake."""
    authentication: float = 60.0
    """For the whole CredSSP exchange; domain controllers answer slowly, Windows itself allows about a minute."""
    connection_sequence: float = 60.0
    """From the first MCS message to Font Map; a licensing server or a session host may take most of it."""

    # Waits in a session.
    write_progress: float = 30.0
    """Until one joined write (64 KiB at most) is taken by the socket."""
    reactivation: float = 30.0
    """From Deactivate All to the Font Map that ends the reactivation."""
    stall: float = 30.0
    """How long a channel whose user asked for `WhenFull.WAIT` may hold the whole connection."""
    resize: float = 10.0
    """Until a server that a client asked for another size shows it; xrdp 0.9.21 takes about a second."""
    frame_acknowledgement: float = 2.0
    """Until a frame counts as drawn, though its client, which does acknowledge frames, has not said so."""
    graphics_opening: float = 3.0
    """How long a first picture waits for the graphics pipeline that the client says it knows; it is sent twice else.

    Three round trips of a long line are nearly a second, and pictures by both roads are what Windows does not like.
    """
    dead_peer: float = 60.0
    """How long TCP may go without an answer (keepalive, user timeout) before the peer counts as dead."""
    close_grace: float = 2.0
    """For telling the peer and flushing what waits, when a session is left or a server is cancelled."""
    handler_grace: float = 5.0
    """On a server, how long a handler may go on after its client has disconnected."""

    # Sizes of what a peer declares.
    desktop_side: int = 8192
    """Pixels of a desktop's side; Windows goes to 8192 ([MS-RDPBCGR] 2.2.1.3.2)."""
    desktop_pixels: int = 8192 * 4320
    """Pixels of a desktop, 135 MiB of them: 8K."""
    update_size: int = 8 * _MIB
    """A reassembled fast-path update, the MaxRequestSize of ours; FreeRDP and IronRDP take 8 MiB or what is asked."""
    channel_message: int = 16 * _MIB
    """A reassembled message of a static channel; Windows' clipboard and drive messages stay below 2 MiB."""
    channel_pending: int = 64 * _MIB
    """What the unfinished messages of all channels of a session hold together: four of the largest."""
    dynamic_channels: int = 256
    """Dynamic channels that are open, or closed and not sent to the end, at a time; Windows opens some twenty."""
    dynamic_backlog: int = 16
    """Dynamic channels of one name that wait for `accept`; more are refused."""
    static_channels: int = 31
    """Static channels of a session; CHANNEL_MAX_COUNT of [MS-RDPBCGR] 2.2.1.3.4."""
    early_events: int = 1024
    """Messages that came before their time, kept until the session starts."""
    early_bytes: int = 4 * _MIB
    """Bytes of such messages."""
    connection_steps: int = 4096
    """PDUs of one connection sequence, answers to endless auto-detection included."""

    # Queues towards the socket.
    control_lane: int = 256 * _KIB
    """Answers that the protocol owes; a peer that lets them pile up ends its session."""
    input_lane: int = 64 * _KIB
    """Keyboard and mouse: 64 KiB are some 10,000 events."""
    channel_lane: int = _MIB
    """Per virtual channel."""
    graphics_lane: int = 16 * _MIB
    """Encoded updates of a server; `Display.frame` waits until it is empty."""

    # Queues towards the user.
    channel_messages: int = 64
    """Messages that wait in a static channel for its reader."""
    channel_bytes: int = _MIB
    """Bytes of such messages; a single larger one is let through when nothing else waits."""
    input_events: int = 1024
    """Events that wait for a server's handler; mouse moves coalesce, and past the bound the session ends."""
    echo_requests: int = 64
    """Echoes without an answer, on a server; further ones wait.  Measuring needs one at a time."""
    echo_measurements: int = 256
    """The latest echoes whose times are kept."""
    display_monitors: int = 16
    """Monitors that a client may ask a server for; what [MS-RDPBCGR] 2.2.1.3.6 allows, and FreeRDP's servers offer."""
    devices: int = 128
    """Devices that a client redirects to a server; Windows has 26 letters for drives.  Further ones are refused."""
    device_data: int = 4 * _MIB
    """Bytes that describe them; the configuration of a printer may have 16 KiB ([MS-RDPEPC] 4.1.4)."""
    device_requests: int = 64
    """A server's requests to them without an answer; further ones wait."""
    device_piece: int = 64 * _KIB
    """Bytes that one request reads or writes; Windows asks for 64 KiB at a time."""
    device_pipeline: int = 8
    """Such pieces of one file that are under way at once, where the client allows for more than one."""
    device_read: int = 256 * _MIB
    """Bytes that are read at once where no size is given."""
    device_entries: int = 100_000
    """Entries that one listing of a client's directory may have: it may list for ever."""
    lent_requests: int = 1024
    """A server's requests to devices that are lent to it, without an answer; further ones are refused."""
    lent_request_bytes: int = 64 * _MIB
    """Bytes of those requests and of what they ask for; Windows and xrdp ask for 64 KiB and less at a time."""
    lent_transfer: int = _MIB
    """Bytes that one request reads; a server that asks for more gets so many, as [MS-RDPEFS] 2.2.3.4.3 allows."""
    lent_entries: int = 1_000_000
    """Entries of directories on one drive that were listed and not told yet; FreeRDP has no limit."""
    lent_watches: int = 64
    """Directories of one drive that a server watches for changes; Windows watches those that its windows show."""
    print_jobs: int = 16
    """Jobs of one printer that are under way, or wait to be taken; Windows sends one at a time."""
    print_job_bytes: int = _MIB
    """Bytes of a job that wait to be taken; beyond them the server waits."""
    card_contexts: int = 256
    """Contexts of smart cards, and as many connections to cards, that a server has; Windows allows 256 a process."""
    card_cache: int = 4 * _MIB
    """Bytes that a server has us remember of smart cards; beyond them it is told that they are too many."""
    serial_bytes: int = 64 * _KIB
    """Bytes from the stream of a serial port that a server has not read; beyond them the stream is not read."""
    open_files: int = 4096
    """Files and directories that a server has open on one drive; Windows' own limit is 16 million a process."""
    touch_contacts: int = 10
    """Fingers of a client at once: as many as people have; xfreerdp 2.11 says 64."""
    touch_points: int = 4096
    """Touches that wait for a server's handler: ten fingers at 100 Hz for 4 s.

    When that is full, moves become one, and past that the channel fails.
    """
    app_windows: int = 512
    """Windows of remote programs; Windows itself orders 255 of them ([MS-RDPERP] 2.2.1.3.3.2.1)."""
    app_tray_icons: int = 128
    """Notification icons of remote programs."""
    app_window_rectangles: int = 256
    """Rectangles of one window's shape; of more, the one around them is kept."""
    app_icon_bytes: int = 16 * _MIB
    """Bytes of the pictures of windows and notification icons; further ones are left out."""
    app_launches: int = 64
    """Launches of remote programs without an answer: beyond it a client's own fail, and a client's are refused."""
    app_events: int = 256
    """What a remote program's user did that waits for a server's handler; beyond it the oldest is dropped."""
    undecoded: int = 64 * _MIB
    """Bytes of paint jobs that wait to be decoded; beyond it reading stops."""
    pipeline: PipelineLimits = PipelineLimits()
    """What a server of the graphics pipeline may have its client keep and draw; the cache's are agreed, and not these,
    and the desktop's are those above."""
    pipeline_message: int = 64 * _MIB
    """One message of the graphics pipeline, inflated: twice a raw picture of 3840 x 2160; FreeRDP takes up to 4 GiB."""
    pipeline_commands: int = 131_072
    """Messages, rectangles and points in it: 16 x 16 pixels each, those of a desktop of 8192 x 4096."""
    pipeline_unshown: int = 1024
    """Frames of the pipeline that a client has read and not shown; Windows sends a few before it waits."""
    pipeline_unacknowledged: int = 256
    """Frames that a server of the pipeline remembers until they are acknowledged; older ones are forgotten."""
    pipeline_strays: int = 256
    """Acknowledgements in a row of frames that do not wait for one; FreeRDP's servers count none of them."""
    pipeline_answers: int = 1024
    """Messages of a client of the pipeline in one transmission; xfreerdp and Windows send each by itself."""
    pipeline_offers: int = 4
    """Offers of bitmaps that a client of the pipeline has kept, until it begins anew; Windows and FreeRDP make one."""
    pipeline_resets: int = 64
    """How often a client of the pipeline may begin anew, for which all is drawn again; xfreerdp never does."""
    sessions: int = 1024
    """Sessions of one `serve`."""
    handshakes: int = 64
    """Connections of one `serve` that are still logging in."""

    # The clipboard.
    clipboard_requests: int = 1000
    """Unanswered requests in each direction, as in IronRDP; programs that paste have one or a few."""
    clipboard_locks: int = 100
    """Locks on lists of files in each direction, as in IronRDP; beyond it the one not used for longest ends."""
    clipboard_lock_idle: float = 60.0
    """How long nobody may use a lock on files that were replaced before it ends; as in IronRDP."""
    clipboard_answer: float = 30.0
    """Until the peer, asked for clipboard data, counts as not answering; owners of an X selection may hang."""
    clipboard_outgoing: int = _MIB
    """Bytes of clipboard messages that wait to be sent; more wait for room, a peer that reads no answers loses it."""
    clipboard_range: int = 4 * _MIB
    """Bytes of one answer with a part of a file; who asks for more gets less at once, as the document allows."""
    clipboard_read: int = 256 * _MIB
    """Bytes of a peer's file that are read at once where no size is given."""
    clipboard_read_ahead: int = _MIB
    """Bytes that one stream of a peer's file asks for ahead of its reader."""

    # Sound, in seconds of it where nothing else is said.
    audio_waiting: float = 0.5
    """Sound that waits for its reader, a client's or a recording server's; beyond it the oldest is dropped."""
    audio_ahead: float = 0.1
    """Sound ahead of the clock, sent or recorded; xfreerdp drops what is more than two waves ahead of its own clock."""
    audio_unconfirmed: float = 0.2
    """Sound that a client has not confirmed; IronRDP's users lagged by 1 to 2 s, where nothing bounds it."""
    audio_confirmation: float = 2.0
    """Until a wave that the client does not confirm counts as lost; rdesktop confirms what it has played."""
    audio_negotiation: float = 10.0
    """Until both sides agree on formats of sound; Windows waits 10 s for playing ([MS-RDPEA] 3.3.2), 5 s for others."""
    audio_answers: int = 256
    """Messages of a sound channel that wait to be sent, most of them confirmations, of which there are 256 numbers."""
