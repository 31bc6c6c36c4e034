"""Remote Desktop Protocol for Python, as one Trio structured-concurrency library.

This is the map of the tree.  Folders are pure: they know bytes, not I/O, and import only what stands before them here.

    wire/       how values lie in bytes: cursor, fields, `@pdu`, flags, open enumerations, BER, PER, the error tree
    codecs/     image codecs and bulk compressors, with compiled kernels beside their plain twins
    pdu/        the PDUs of [MS-RDPBCGR] chapter 2, a module a section
    graphics/   what pixels are put on: regions, `DecodedImage`, paint jobs, framebuffers, pointers
    security/   CredSSP, NTLM through pyspnego, licensing keys, certificates
    channels/   virtual channels
    protocol/   the connection: configuration, framing, phases, `ClientConnector`, `ServerAcceptor`, `ActiveStage`

Files at this level speak Trio: `client` (open_session), `server` (serve), and what both are made of.  So does `faces/`,
the built-in channels as users of a session see them.  `apps/` is what people run.  The everyday names are here:
"""

from __future__ import annotations

from trio_rdp.channel import StaticChannel
from trio_rdp.channels.cliprdr.text import HtmlClip
from trio_rdp.channels.rail.app_window import AppWindow, TrayIcon
from trio_rdp.channels.rail.window_list import WindowChanged, WindowClosed, WindowOpened
from trio_rdp.channels.rdpei.contacts import ContactAction, ContactState
from trio_rdp.channels.rdpei.events import PenInput, PenPoint, TouchInput, TouchPoint
from trio_rdp.channels.rdpsnd.audio_format import AudioFormat
from trio_rdp.client import Session, open_session, open_session_over
from trio_rdp.codecs.audio import PcmFormat
from trio_rdp.codecs.bitmap_codec import Quality
from trio_rdp.codecs.pixel_format import PixelFormat
from trio_rdp.credentials import Accounts
from trio_rdp.display import Display, Frame
from trio_rdp.dynamic_channel import DynamicChannel, DynamicChannelListener
from trio_rdp.faces.audio.flow import AudioChunk
from trio_rdp.faces.audio.input import AudioInput, Recording
from trio_rdp.faces.audio.microphone import Microphone
from trio_rdp.faces.audio.output import AudioOutput
from trio_rdp.faces.audio.playback import AudioPlayback
from trio_rdp.faces.audio.sinks import SystemMicrophone, SystemSound, WavReader, WavWriter
from trio_rdp.faces.audio.stream import AudioStream
from trio_rdp.faces.clipboard.clipboard import Clipboard
from trio_rdp.faces.clipboard.contents import ClipboardContents
from trio_rdp.faces.clipboard.file_list import ClipboardFiles
from trio_rdp.faces.clipboard.file_stream import ClipboardFile, ClipboardFileStream
from trio_rdp.faces.clipboard.files import FileProgress, MemoryFile, OfferedFile
from trio_rdp.faces.clipboard.images import ClipboardImage
from trio_rdp.faces.devices.device import Device
from trio_rdp.faces.devices.devices import Devices
from trio_rdp.faces.devices.directory_files import DirectoryFileSystem
from trio_rdp.faces.devices.drives import Drive
from trio_rdp.faces.devices.file_systems import FileHandle, FileStatus, FileSystem, VolumeUsage
from trio_rdp.faces.devices.memory_files import MemoryFileSystem
from trio_rdp.faces.devices.printers import Printer, PrintJob
from trio_rdp.faces.devices.smart_cards import CardStatus, ReaderStatus, SmartCardError, SmartCardService
from trio_rdp.faces.graphics.pipeline import GraphicsPipeline
from trio_rdp.faces.remote_apps.apps import RemoteApps
from trio_rdp.faces.remote_apps.host import AppHost, LaunchRequest
from trio_rdp.faces.remote_devices.device import RemoteDevice
from trio_rdp.faces.remote_devices.devices import DevicesChange, RemoteDevices
from trio_rdp.faces.remote_devices.drives import RemoteDrive
from trio_rdp.faces.remote_devices.errors import RemoteDeviceError
from trio_rdp.faces.remote_devices.files import RemoteFile
from trio_rdp.faces.remote_devices.printers import RemotePrinter
from trio_rdp.graphics.content import Content
from trio_rdp.graphics.geometry import Rect
from trio_rdp.graphics.pointer_shape import PointerShape
from trio_rdp.input import Keyboard, Mouse
from trio_rdp.input_stream import InputStream
from trio_rdp.pointer import Pointer
from trio_rdp.protocol.channel_buffer import ChannelBuffer, WhenFull
from trio_rdp.protocol.config import (
    AudioQuality,
    BitmapCodec,
    ClientConfig,
    CompressionType,
    Credentials,
    DesktopSize,
    GraphicsVersion,
    LicenseCache,
    Monitor,
    Security,
    ServerConfig,
)
from trio_rdp.protocol.input_events import (
    InputEvent,
    KeyPressed,
    KeyReleased,
    LocksSynchronized,
    MonitorLayoutChanged,
    MouseButton,
    MouseMoved,
    MouseMovedBy,
    MousePressed,
    MouseReleased,
    UnicodePressed,
    UnicodeReleased,
    WheelTurned,
)
from trio_rdp.protocol.keys import Key
from trio_rdp.protocol.limits import Limits
from trio_rdp.screen import Screen
from trio_rdp.server import ServerSession, serve
from trio_rdp.stores import FileGraphicsCache, FileLicenseCache, KnownHosts
from trio_rdp.transport import CertificatePolicy, TlsIdentity
from trio_rdp.wire.errors import (
    AuthenticationFailed,
    CertificateRejected,
    ChannelClosed,
    ConnectFailed,
    DeadlineExceeded,
    DecodeError,
    EncodeError,
    InvalidField,
    LicensingFailed,
    LocalProtocolError,
    NegotiationFailed,
    ProtocolError,
    RdpError,
    RemoteProtocolError,
    RequestRefused,
    SessionClosed,
    Truncated,
)

__all__ = [
    "Accounts",
    "AppHost",
    "AppWindow",
    "AudioChunk",
    "AudioFormat",
    "AudioInput",
    "AudioOutput",
    "AudioPlayback",
    "AudioQuality",
    "AudioStream",
    "AuthenticationFailed",
    "BitmapCodec",
    "CardStatus",
    "CertificatePolicy",
    "CertificateRejected",
    "ChannelBuffer",
    "ChannelClosed",
    "ClientConfig",
    "Clipboard",
    "ClipboardContents",
    "ClipboardFile",
    "ClipboardFileStream",
    "ClipboardFiles",
    "ClipboardImage",
    "CompressionType",
    "ConnectFailed",
    "ContactAction",
    "ContactState",
    "Content",
    "Credentials",
    "DeadlineExceeded",
    "DecodeError",
    "DesktopSize",
    "Device",
    "Devices",
    "DevicesChange",
    "DirectoryFileSystem",
    "Display",
    "Drive",
    "DynamicChannel",
    "DynamicChannelListener",
    "EncodeError",
    "FileGraphicsCache",
    "FileHandle",
    "FileLicenseCache",
    "FileProgress",
    "FileStatus",
    "FileSystem",
    "Frame",
    "GraphicsPipeline",
    "GraphicsVersion",
    "HtmlClip",
    "InputEvent",
    "InputStream",
    "InvalidField",
    "Key",
    "KeyPressed",
    "KeyReleased",
    "Keyboard",
    "KnownHosts",
    "LaunchRequest",
    "LicenseCache",
    "LicensingFailed",
    "Limits",
    "LocalProtocolError",
    "LocksSynchronized",
    "MemoryFile",
    "MemoryFileSystem",
    "Microphone",
    "Monitor",
    "MonitorLayoutChanged",
    "Mouse",
    "MouseButton",
    "MouseMoved",
    "MouseMovedBy",
    "MousePressed",
    "MouseReleased",
    "NegotiationFailed",
    "OfferedFile",
    "PcmFormat",
    "PenInput",
    "PenPoint",
    "PixelFormat",
    "Pointer",
    "PointerShape",
    "PrintJob",
    "Printer",
    "ProtocolError",
    "Quality",
    "RdpError",
    "ReaderStatus",
    "Recording",
    "Rect",
    "RemoteApps",
    "RemoteDevice",
    "RemoteDeviceError",
    "RemoteDevices",
    "RemoteDrive",
    "RemoteFile",
    "RemotePrinter",
    "RemoteProtocolError",
    "RequestRefused",
    "Screen",
    "Security",
    "ServerConfig",
    "ServerSession",
    "Session",
    "SessionClosed",
    "SmartCardError",
    "SmartCardService",
    "StaticChannel",
    "SystemMicrophone",
    "SystemSound",
    "TlsIdentity",
    "TouchInput",
    "TouchPoint",
    "TrayIcon",
    "Truncated",
    "UnicodePressed",
    "UnicodeReleased",
    "VolumeUsage",
    "WavReader",
    "WavWriter",
    "WheelTurned",
    "WhenFull",
    "WindowChanged",
    "WindowClosed",
    "WindowOpened",
    "open_session",
    "open_session_over",
    "serve",
]
