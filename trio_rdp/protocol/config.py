"""`ClientConfig` and `ServerConfig`: what each side of a connection wants, frozen, with a default for every field."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from trio_rdp.channels.rdpgfx.capabilities import CapabilityVersion as GraphicsVersion
from trio_rdp.channels.rdpsnd.audio_format import AudioFormat
from trio_rdp.channels.rdpsnd.initialization import Quality as AudioQuality
from trio_rdp.codecs.bitmap_codec import BitmapCodec, Quality
from trio_rdp.pdu.capabilities_basic import OsMajorType, OsMinorType
from trio_rdp.pdu.client_info import PerformanceFlags, TimeZoneInformation
from trio_rdp.pdu.gcc_client import ChannelDefinition, ConnectionType, KeyboardType
from trio_rdp.protocol.limits import Limits
from trio_rdp.wire.errors import LocalProtocolError

__all__ = [
    "ALL_GRAPHICS_VERSIONS",
    "OPTIONAL_CODECS",
    "AudioFormat",
    "AudioQuality",
    "BitmapCodec",
    "ClientConfig",
    "CompressionType",
    "Credentials",
    "CredentialsSource",
    "DesktopSize",
    "GraphicsCache",
    "GraphicsVersion",
    "Identity",
    "KeptBitmap",
    "LicenseCache",
    "Monitor",
    "Quality",
    "Security",
    "ServerConfig",
]


_MOST_MONITORS = 16  # [MS-RDPBCGR] 2.2.1.3.6


class Security(enum.Flag):
    """Which ways of protecting the connection a side accepts."""

    NONE = enum.auto()
    """No protection at all: standard RDP security at encryption level none."""
    TLS = enum.auto()
    """TLS; credentials travel inside it."""
    NLA = enum.auto()
    """TLS and CredSSP: both sides prove themselves before the session starts."""

    AUTO = TLS | NLA


class CompressionType(enum.IntEnum):
    """The bulk compressor a client asks the server for ([MS-RDPBCGR] 2.2.1.11.1.1, CompressionTypeMask)."""

    K8 = 0
    """MPPC with 8 KiB of history."""
    K64 = 1
    """MPPC with 64 KiB of history."""
    RDP6 = 2
    """NCRUSH."""
    RDP61 = 3
    """XCRUSH."""


ALL_GRAPHICS_VERSIONS = tuple(GraphicsVersion)
"""The versions of the graphics pipeline: 8, 8.1, and 10 to 10.7."""

OPTIONAL_CODECS = (BitmapCodec.REMOTEFX, BitmapCodec.NSCODEC, BitmapCodec.QOI, BitmapCodec.QOIZ)
"""The codecs that a client may take or not."""


@dataclass(frozen=True, slots=True)
class DesktopSize:
    """A desktop's size in pixels."""

    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitor:
    """One monitor of a client's layout: pixels, with (0, 0) at the primary monitor's upper left corner."""

    left: int = 0
    top: int = 0
    width: int
    height: int
    is_primary: bool = False
    physical_width: int = 0
    """Millimetres; 0 where it is not known."""
    physical_height: int = 0
    orientation: int = 0
    """Degrees: 0, 90, 180 or 270."""
    desktop_scale_factor: int = 100
    """Per cent, 100 to 500."""
    device_scale_factor: int = 100
    """Per cent: 100, 140 or 180."""


class LicenseCache(Protocol):
    """Keeps the licences that servers issue, by the server's name."""

    def get(self, server_name: str) -> bytes | None:
        """The licence stored for a server, if any."""

    def store(self, server_name: str, license: bytes) -> None:  # noqa: A002
        """Keep a licence."""


class GraphicsCache(Protocol):
    """Keeps bitmaps of the graphics pipeline's cache for later sessions, by the keys that one server gave them.

    What is kept is what was on the screen, and every server that a session is opened to hears of the keys: use one for
    each server.  The methods are called in threads.
    """

    def entries(self) -> Sequence[KeptBitmap]:
        """What is kept, without the pixels, the most useful first; a server hears of at most 5,461."""

    def load(self, keys: Collection[int]) -> Mapping[int, KeptBitmap]:
        """The bitmaps of these keys that are still kept, by their keys."""

    def store(self, bitmaps: Sequence[KeptBitmap]) -> None:
        """Keep what a session leaves in its cache, the most useful first."""


@dataclass(frozen=True, slots=True)
class KeptBitmap:
    """A bitmap of a `GraphicsCache`: `width` * `height` pixels of B, G, R and opacity in `data`, row by row."""

    key: int
    width: int
    height: int
    data: bytes = field(default=b"", repr=False)


class Identity(Protocol):
    """What a server proves itself with: the certificate, and the public key that CredSSP binds the login to."""

    @property
    def certificate(self) -> bytes:
        """The certificate, DER."""
        ...

    @property
    def public_key(self) -> bytes:
        """The SubjectPublicKey of the certificate, DER."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientConfig:
    """Everything a client may choose; the names are those of [MS-RDPBCGR] where it has one."""

    username: str = ""
    """`DOMAIN\\user` sets the domain too, unless one is given; `user@domain` stays as it is."""
    password: str = field(default="", repr=False)
    domain: str = ""
    security: Security = Security.AUTO
    """Which protections to offer; the server chooses."""
    certificate_policy: str = "ca"
    """`ca`, `tofu`, `pin:SHA256` or `insecure`."""
    credssp_minimum_version: int = 5
    """Versions below 5 do not bind the server's key to a nonce (CVE-2018-0886)."""
    request_data: str | bytes | None = None
    """The cookie's user name (text) or a whole routing token (bytes); by default the user name's first nine letters."""

    desktop_size: DesktopSize = DesktopSize(1280, 800)
    monitors: tuple[Monitor, ...] = ()
    """A layout of several monitors, at most 16; `desktop_size` must then be its bounding box.

    Servers that take no extended client data are told the size alone.
    """
    desktop_scale_factor: int = 100
    device_scale_factor: int = 100
    color_depth: int = 32
    """Bits per pixel: 8, 15, 16, 24 or 32."""

    client_name: str = "trio-rdp"
    client_build: int = 18363
    client_dir: str = ""
    client_address: str = ""
    """The client's own address, as text; the Trio layer fills in the socket's."""
    dig_product_id: str = ""
    keyboard_type: KeyboardType = KeyboardType.IBM_ENHANCED
    keyboard_subtype: int = 0
    keyboard_layout: int = 0x409
    """A Windows input locale identifier; 0x409 is US English ([MS-LCID])."""
    keyboard_functional_keys_count: int = 12
    ime_file_name: str = ""
    platform: OsMajorType = OsMajorType.UNIX
    platform_minor: OsMinorType = OsMinorType.NATIVE_XSERVER

    performance_flags: PerformanceFlags = PerformanceFlags(0)
    connection_type: ConnectionType = ConnectionType.LAN
    compression_type: CompressionType | None = CompressionType.RDP61
    """The strongest bulk compressor to ask for; whatever a server chooses is read.  None asks for no compression."""
    codecs: tuple[BitmapCodec, ...] = OPTIONAL_CODECS
    """Which codecs to offer for surface bits, at 32 bits per pixel; a server may prefer its own order.

    Bitmaps as they are, run-length coded and planar every client takes: they cannot be named here.
    """
    nscodec_color_loss_level: int = 1
    """How many of the lower bits of chroma NSCodec may drop: 1 (nothing is lost but in conversion) to 7."""
    nscodec_subsampling: bool = False
    """Whether NSCodec may halve the resolution of chroma."""
    alternate_shell: str = ""
    work_dir: str = ""
    timezone_info: TimeZoneInformation | None = None
    """The client's time zone, for servers that redirect it; None says UTC."""
    hardware_id: tuple[int, int, int, int] | None = None
    """Identifies this client in licensing; by default it is derived from `client_name`."""
    license_cache: LicenseCache | None = None
    """Where issued licences are kept, `FileLicenseCache` for one; None asks for a new one at every connection."""
    autologon: bool = True
    """Ask the server to log on with the credentials instead of showing its login window."""
    enable_audio_playback: bool = False
    """Whether the server's sound comes here ("rdpsnd"), to `Session.audio`."""
    audio_quality: AudioQuality = AudioQuality.HIGH
    """What the server shall prefer among formats of sound: how it sounds, or how much there is to carry."""
    audio_formats: Callable[[Sequence[AudioFormat]], Sequence[AudioFormat]] | None = None
    """Chooses among those of the server's formats that can be decoded here; by default all are taken."""
    enable_audio_capture: bool = False
    """Whether the server may ask for a microphone ("AUDIO_INPUT"), which is `Session.microphone`."""
    enable_clipboard: bool = False
    """Whether the clipboard is shared ("cliprdr"), by `Session.clipboard`."""
    enable_devices: bool = False
    """Whether drives, printers and smart cards can be lent to the server ("rdpdr")."""
    enable_remote_apps: bool = False
    """Whether single programs are shown instead of a desktop ("rail"), by `Session.remote_apps`."""
    enable_touch: bool = False
    """Whether touch and pen can be sent ("Microsoft::Windows::RDS::Input"), by `Session.touch`."""
    enable_advanced_mouse: bool = False
    """Whether the mouse uses FreeRDP's own channel for it ("FreeRDP::Advanced::Input") where the server has that."""
    enable_dynamic_channels: bool = True
    """Whether the server may open channels at any time ("drdynvc"); resizing and much else needs them."""
    enable_graphics_pipeline: bool = True
    """Whether the server may draw by the graphics pipeline ("Microsoft::Windows::RDS::Graphics"), where it has that.

    It is offered at 32 bits per pixel and with dynamic channels.  `codecs` says nothing of it.
    """
    enable_h264: bool | None = None
    """Whether the pipeline takes H.264; by default where the extra `h264` is installed."""
    graphics_versions: tuple[GraphicsVersion, ...] = ALL_GRAPHICS_VERSIONS
    """Which versions of the pipeline to offer; the server chooses one."""
    graphics_thin_client: bool = False
    """Ask the pipeline for what costs a weak client least: plain RemoteFX instead of the progressive, or H.264."""
    graphics_small_cache: bool = False
    """Whether the pipeline's cache of bitmaps has 16 MB instead of 100."""
    graphics_cache: GraphicsCache | None = None
    """Where bitmaps of that cache are kept for later sessions, `FileGraphicsCache` for one; None keeps none."""
    acknowledge_graphics: bool = True
    """Whether the server hears of each of the pipeline's frames that is on the screen, by which it keeps pace."""
    enable_server_pointer: bool = True
    """Whether the server's pointer shapes and positions are wanted; without it they are passed over."""
    pointer_cache_size: int = 100
    static_channels: tuple[str | ChannelDefinition, ...] = ()
    """Channels of your own beside those of the switches above: names of at most seven ASCII characters.

    A `ChannelDefinition` has options too, such as a priority.
    """
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        if not self.domain and "\\" in self.username:
            # Servers look for an account of that whole name: freerdp-shadow 2.11 does, under NLA.
            domain, _, username = self.username.partition("\\")
            object.__setattr__(self, "domain", domain)
            object.__setattr__(self, "username", username)
        if self.color_depth not in (8, 15, 16, 24, 32):
            raise LocalProtocolError(f"color_depth {self.color_depth} is not 8, 15, 16, 24 or 32")
        if not self.security:
            raise LocalProtocolError("security offers nothing")
        _check_codecs(self.codecs)
        if self.enable_h264 and not _has_h264():
            raise LocalProtocolError('enable_h264 needs PyAV: pip install "trio-rdp[h264]"')
        if not self.graphics_versions:
            raise LocalProtocolError("graphics_versions offers nothing: enable_graphics_pipeline turns it off")
        if set(self.graphics_versions) == {GraphicsVersion.VERSION_101} and not self.takes_h264:
            raise LocalProtocolError("graphics_versions offers 10.1 only, which needs H.264")
        if not 1 <= self.nscodec_color_loss_level <= 7:
            raise LocalProtocolError(f"nscodec_color_loss_level {self.nscodec_color_loss_level} is not 1 to 7")
        if len(self.static_channels) > self.limits.static_channels:
            raise LocalProtocolError(f"more than {self.limits.static_channels} static channels")
        for one in self.static_channels:
            name = one.name if isinstance(one, ChannelDefinition) else one
            if not name or len(name) > 7 or not name.isascii():
                raise LocalProtocolError(f"static channel name {name!r} is not one to seven ASCII characters")
        if self.monitors:
            _check_monitors(self.monitors, self.desktop_size)

    @property
    def offers_graphics_pipeline(self) -> bool:
        """Whether the server hears that this client takes the graphics pipeline."""
        return self.enable_graphics_pipeline and self.enable_dynamic_channels and self.color_depth == 32

    @property
    def takes_h264(self) -> bool:
        """Whether the graphics pipeline takes H.264."""
        return _has_h264() if self.enable_h264 is None else self.enable_h264


def _has_h264() -> bool:
    from trio_rdp.codecs import avc

    return avc.is_available()


def _check_codecs(codecs: tuple[BitmapCodec, ...]) -> None:
    for codec in codecs:
        if codec not in OPTIONAL_CODECS:
            names = ", ".join(one.name for one in OPTIONAL_CODECS)
            raise LocalProtocolError(f"codecs names {codec!r}; a client may offer {names}")
    if len(set(codecs)) < len(codecs):
        raise LocalProtocolError("codecs names one codec twice")


def _check_monitors(monitors: tuple[Monitor, ...], desktop_size: DesktopSize) -> None:
    """Raise `LocalProtocolError` for a layout that [MS-RDPBCGR] 2.2.1.3.6 and 2.2.1.3.10 do not allow."""
    if len(monitors) > _MOST_MONITORS:
        raise LocalProtocolError(f"{len(monitors)} monitors, more than {_MOST_MONITORS}")
    for number, one in enumerate(monitors):
        _check_monitor(number, one)
    primary = [one for one in monitors if one.is_primary]
    if len(primary) > 1:
        raise LocalProtocolError(f"{len(primary)} monitors are primary, and only one can be")
    if not any((one.left, one.top) == (0, 0) for one in primary or monitors):
        what = "the primary monitor is not" if primary else "no monitor is"
        raise LocalProtocolError(f"{what} at (0, 0), from where positions count")
    width = max(one.left + one.width for one in monitors) - min(one.left for one in monitors)
    height = max(one.top + one.height for one in monitors) - min(one.top for one in monitors)
    if (width, height) != (desktop_size.width, desktop_size.height):
        raise LocalProtocolError(
            f"desktop_size is {desktop_size.width}x{desktop_size.height}, the monitors take {width}x{height}"
        )


def _check_monitor(number: int, one: Monitor) -> None:
    if one.width < 1 or one.height < 1:
        raise LocalProtocolError(f"monitor {number} has no area: {one.width}x{one.height}")
    if one.orientation not in (0, 90, 180, 270):
        raise LocalProtocolError(f"monitor {number} has orientation {one.orientation}, not 0, 90, 180 or 270")
    if not 100 <= one.desktop_scale_factor <= 500:
        raise LocalProtocolError(
            f"monitor {number} has desktop_scale_factor {one.desktop_scale_factor}, not 100 to 500"
        )
    if one.device_scale_factor not in (100, 140, 180):
        raise LocalProtocolError(
            f"monitor {number} has device_scale_factor {one.device_scale_factor}, not 100, 140 or 180"
        )


@dataclass(frozen=True, slots=True)
class Credentials:
    """One account; an empty domain matches any that a client may type."""

    username: str
    password: str = field(repr=False)
    domain: str = ""


CredentialsSource: TypeAlias = "Credentials | Mapping[str, str] | Callable[[str, str], Awaitable[str | bytes | None]]"
"""One account, passwords by user name, or an async function of (domain, user) that gives the password, or the NT hash
as 16 bytes, or None for who may not enter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """Everything a server may choose."""

    security: Security = Security.NLA
    """Which protections to accept, strongest first."""
    identity: Identity | None = None
    """The TLS identity; by default a self-signed one that is made once and kept."""
    credentials: CredentialsSource | None = field(default=None, repr=False)
    """Who may log in; NLA needs it, and without it the other protections let everybody in."""
    credssp_minimum_version: int = 5
    server_name: str = "TRIO-RDP"
    """The computer name in NTLM challenges."""

    desktop_size: DesktopSize | None = None
    """The desktop's size; None takes the client's own, clamped to the two below."""
    minimum_size: DesktopSize = DesktopSize(200, 200)
    maximum_size: DesktopSize = DesktopSize(8192, 8192)
    enable_graphics_pipeline: bool = True
    """Whether the picture goes through the graphics pipeline ("Microsoft::Windows::RDS::Graphics") where clients can.

    Not at less than 32 bits per pixel, and not where `codecs` has none of those that belong to it.
    """
    codecs: tuple[BitmapCodec, ...] = (
        BitmapCodec.AVC444,
        BitmapCodec.AVC420,
        BitmapCodec.PROGRESSIVE,
        BitmapCodec.REMOTEFX,
        BitmapCodec.NSCODEC,
        BitmapCodec.CLEARCODEC,
        BitmapCodec.QOIZ,
        BitmapCodec.QOI,
        BitmapCodec.PLANAR,
        BitmapCodec.INTERLEAVED,
        BitmapCodec.RAW,
    )
    """Which codecs may be used, the best one first.

    Text and flat areas take the first lossless one that the client takes, photographs the first lossy one; without one
    of the two kinds everything takes the other.  Where none is left, bitmaps go as they are.
    """
    quality: Quality = Quality.MEDIUM
    """How much the lossy codecs may lose."""
    compression_type: CompressionType | None = CompressionType.K64
    """The strongest bulk compressor to use, as far as the client reads it; None compresses nothing."""
    max_request_size: int = 8 << 20
    """The largest reassembled update in either direction; clients refuse much larger ones."""
    pointer_cache_size: int = 100
    static_channels: tuple[str, ...] = ()
    """Which of the client's static channels are joined, beside those in `builtin_channels`."""
    builtin_channels: tuple[str, ...] = ("drdynvc", "cliprdr", "rdpsnd", "rdpdr", "rail")
    """Which of the client's static channels may be joined for the session's own use of them."""
    audio_formats: tuple[AudioFormat, ...] | None = None
    """The formats of sound that clients may choose from, by default all that can be encoded, and decoded, here."""
    detect_network: bool = True
    """Whether a client that can is asked for round-trip time and bandwidth while it connects."""
    heartbeat: int = 30
    """Seconds (at most 255) between heartbeats, for clients that listen for them; 0 sends none."""
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        if not self.security:
            raise LocalProtocolError("security accepts nothing")
        if not self.codecs:
            raise LocalProtocolError("codecs allows nothing")
        for codec in self.codecs:
            if not isinstance(codec, BitmapCodec):
                raise LocalProtocolError(f"codecs names {codec!r}, which is no BitmapCodec")
        if not isinstance(self.quality, Quality):
            raise LocalProtocolError(f"quality {self.quality!r} is no Quality")
        if len(set(self.codecs)) < len(self.codecs):
            raise LocalProtocolError("codecs names one codec twice")
