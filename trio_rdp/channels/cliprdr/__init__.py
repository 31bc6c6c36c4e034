"""The clipboard, [MS-RDPECLIP]: its PDUs on the static channel `cliprdr`, the data that they carry, and its machine."""

from __future__ import annotations

from trio_rdp.channels.cliprdr.dib import DibImage
from trio_rdp.channels.cliprdr.events import (
    ClipboardAnswer,
    ClipboardEvent,
    ClipboardReady,
    DataReceived,
    DataRequested,
    FileContentsReceived,
    FileContentsRequested,
    FilesReleased,
    FormatsOffered,
    OfferAnswered,
)
from trio_rdp.channels.cliprdr.exchange import ALL_FEATURES, ClipboardExchange
from trio_rdp.channels.cliprdr.file_list import FileAttributes, FileDescriptor, FileDescriptorFlags, PackedFileList
from trio_rdp.channels.cliprdr.file_names import safe_path
from trio_rdp.channels.cliprdr.formats import (
    FILE_GROUP_DESCRIPTOR,
    HTML_FORMAT,
    ClipboardFormat,
    FormatList,
    FormatListResponse,
    LongFormatList,
    ShortFormatList,
    StandardFormat,
)
from trio_rdp.channels.cliprdr.header import (
    CLIPRDR_CHANNEL_NAME,
    ClipboardPdu,
    MessageFlags,
    MessageType,
    UnknownClipboardPdu,
)
from trio_rdp.channels.cliprdr.initialization import (
    Capabilities,
    CapabilityVersion,
    GeneralCapability,
    GeneralFlags,
    MonitorReady,
    TemporaryDirectory,
    UnknownCapabilitySet,
)
from trio_rdp.channels.cliprdr.locking import LockClipboardData, UnlockClipboardData
from trio_rdp.channels.cliprdr.locks import Lock, LockTable
from trio_rdp.channels.cliprdr.messages import ClipboardMessage, decode_cliprdr
from trio_rdp.channels.cliprdr.paste import (
    FileContentsFlags,
    FileContentsRequest,
    FileContentsResponse,
    FormatDataRequest,
    FormatDataResponse,
)
from trio_rdp.channels.cliprdr.payloads import MappingMode, PackedMetafile, PackedPalette, PaletteEntry
from trio_rdp.channels.cliprdr.text import (
    HtmlClip,
    decode_text,
    decode_unicode_text,
    encode_text,
    encode_unicode_text,
)

__all__ = [
    "ALL_FEATURES",
    "CLIPRDR_CHANNEL_NAME",
    "FILE_GROUP_DESCRIPTOR",
    "HTML_FORMAT",
    "Capabilities",
    "CapabilityVersion",
    "ClipboardAnswer",
    "ClipboardEvent",
    "ClipboardExchange",
    "ClipboardFormat",
    "ClipboardMessage",
    "ClipboardPdu",
    "ClipboardReady",
    "DataReceived",
    "DataRequested",
    "DibImage",
    "FileAttributes",
    "FileContentsFlags",
    "FileContentsReceived",
    "FileContentsRequest",
    "FileContentsRequested",
    "FileContentsResponse",
    "FileDescriptor",
    "FileDescriptorFlags",
    "FilesReleased",
    "FormatDataRequest",
    "FormatDataResponse",
    "FormatList",
    "FormatListResponse",
    "FormatsOffered",
    "GeneralCapability",
    "GeneralFlags",
    "HtmlClip",
    "Lock",
    "LockClipboardData",
    "LockTable",
    "LongFormatList",
    "MappingMode",
    "MessageFlags",
    "MessageType",
    "MonitorReady",
    "OfferAnswered",
    "PackedFileList",
    "PackedMetafile",
    "PackedPalette",
    "PaletteEntry",
    "ShortFormatList",
    "StandardFormat",
    "TemporaryDirectory",
    "UnknownCapabilitySet",
    "UnknownClipboardPdu",
    "UnlockClipboardData",
    "decode_cliprdr",
    "decode_text",
    "decode_unicode_text",
    "encode_text",
    "encode_unicode_text",
    "safe_path",
]
