"""The one entry point for who receives clipboard PDUs, [MS-RDPECLIP] 2.2."""

from __future__ import annotations

from typing import TypeAlias

from trio_rdp.channels.cliprdr.formats import FormatListResponse, LongFormatList, ShortFormatList
from trio_rdp.channels.cliprdr.header import ClipboardPdu, UnknownClipboardPdu
from trio_rdp.channels.cliprdr.initialization import Capabilities, MonitorReady, TemporaryDirectory
from trio_rdp.channels.cliprdr.locking import LockClipboardData, UnlockClipboardData
from trio_rdp.channels.cliprdr.paste import (
    FileContentsRequest,
    FileContentsResponse,
    FormatDataRequest,
    FormatDataResponse,
)

__all__ = ["ClipboardMessage", "decode_cliprdr"]

ClipboardMessage: TypeAlias = (
    Capabilities
    | MonitorReady
    | TemporaryDirectory
    | ShortFormatList
    | LongFormatList
    | FormatListResponse
    | LockClipboardData
    | UnlockClipboardData
    | FormatDataRequest
    | FormatDataResponse
    | FileContentsRequest
    | FileContentsResponse
    | UnknownClipboardPdu
)
"""Whatever may arrive on the channel."""

_CLASSES = (
    *(MonitorReady, FormatListResponse, FormatDataRequest, FormatDataResponse, TemporaryDirectory, Capabilities),
    *(FileContentsRequest, FileContentsResponse, LockClipboardData, UnlockClipboardData),
)
_SHORT: dict[int, type[ClipboardPdu]] = {cls.msg_type: cls for cls in (*_CLASSES, ShortFormatList)}
_LONG: dict[int, type[ClipboardPdu]] = {cls.msg_type: cls for cls in (*_CLASSES, LongFormatList)}


def decode_cliprdr(data: bytes, *, long_names: bool) -> ClipboardMessage:
    """Decode one message of the channel; `long_names` says whether both sides set USE_LONG_FORMAT_NAMES.

    A PDU of an unknown type is kept.  Raises `DecodeError`.
    """
    classes = _LONG if long_names else _SHORT
    known = classes.get(int.from_bytes(data[:2], "little"), UnknownClipboardPdu)
    message: ClipboardMessage = known.decode(data)  # type: ignore[assignment]
    return message
