"""What calls of smart cards and their returns have in common, [MS-RDPESC] 2.2.1, and lists of names."""

from __future__ import annotations

import uuid
from typing import Annotated

from trio_rdp.channels.rdpdr.ndr import Atr, Blob, FixedBytes, NdrPdu, Number, Text, Uuid
from trio_rdp.channels.rdpdr.smart_card_values import CardProtocol, ReaderState, ShareMode
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.pdu import pdu

__all__ = [
    "ConnectCommon",
    "LocateCardsAtrMask",
    "ReadCacheCommon",
    "ReaderStateA",
    "ReaderStateCommonCall",
    "ReaderStateReturn",
    "ReaderStateW",
    "RedirScardContext",
    "RedirScardHandle",
    "ScardIoRequest",
    "WriteCacheCommon",
    "decode_multistring",
    "encode_multistring",
]

_ATR_SIZE = 36
_NAME_LIMIT = 1024
_CODECS = {True: ("utf-16-le", "surrogatepass"), False: ("latin-1", "strict")}


@pdu
class RedirScardContext(NdrPdu):
    """REDIR_SCARDCONTEXT, [MS-RDPESC] 2.2.1.1."""

    pb_context: Annotated[bytes, Blob(16)] = b""


@pdu
class RedirScardHandle(NdrPdu):
    """REDIR_SCARDHANDLE, [MS-RDPESC] 2.2.1.2."""

    context: RedirScardContext
    pb_handle: Annotated[bytes, Blob(16)] = b""


@pdu
class ConnectCommon(NdrPdu):
    """Connect_Common, [MS-RDPESC] 2.2.1.3."""

    context: RedirScardContext
    share_mode: Annotated[ShareMode, Number(ShareMode)]
    preferred_protocols: Annotated[CardProtocol, Number(CardProtocol)]


@pdu
class LocateCardsAtrMask(NdrPdu):
    """LocateCards_ATRMask, [MS-RDPESC] 2.2.1.4; of `rgb_mask` as many bytes count as of `rgb_atr`."""

    rgb_atr: Annotated[bytes, Atr(_ATR_SIZE)]
    rgb_mask: Annotated[bytes, FixedBytes(_ATR_SIZE)]


@pdu
class ReaderStateCommonCall(NdrPdu):
    """ReaderState_Common_Call, [MS-RDPESC] 2.2.1.5."""

    current_state: Annotated[ReaderState, Number(ReaderState)] = ReaderState(0)
    event_state: Annotated[ReaderState, Number(ReaderState)] = ReaderState(0)
    rgb_atr: Annotated[bytes, Atr(_ATR_SIZE)] = b""


@pdu
class ReaderStateA(NdrPdu):
    """ReaderStateA, [MS-RDPESC] 2.2.1.6."""

    reader: Annotated[str, Text(is_wide=False)]
    common: ReaderStateCommonCall


@pdu
class ReaderStateW(NdrPdu):
    """ReaderStateW, [MS-RDPESC] 2.2.1.7."""

    reader: Annotated[str, Text(is_wide=True)]
    common: ReaderStateCommonCall


@pdu
class ScardIoRequest(NdrPdu):
    """SCardIO_Request, [MS-RDPESC] 2.2.1.8."""

    protocol: Annotated[CardProtocol, Number(CardProtocol)]
    pb_extra_bytes: Annotated[bytes, Blob(1024)] = b""


@pdu
class ReadCacheCommon(NdrPdu):
    """ReadCache_Common, [MS-RDPESC] 2.2.1.9."""

    context: RedirScardContext
    card_identifier: Annotated[uuid.UUID, Uuid()]
    freshness_counter: Annotated[int, Number()]
    pb_data_is_null: Annotated[bool, Number(bool)] = False
    cb_data_len: Annotated[int, Number()]


@pdu
class WriteCacheCommon(NdrPdu):
    """WriteCache_Common, [MS-RDPESC] 2.2.1.10."""

    context: RedirScardContext
    card_identifier: Annotated[uuid.UUID, Uuid()]
    freshness_counter: Annotated[int, Number()]
    pb_data: Annotated[bytes, Blob(65_536)]


@pdu
class ReaderStateReturn(NdrPdu):
    """ReaderState_Return, [MS-RDPESC] 2.2.1.11."""

    current_state: Annotated[ReaderState, Number(ReaderState)] = ReaderState(0)
    event_state: Annotated[ReaderState, Number(ReaderState)] = ReaderState(0)
    rgb_atr: Annotated[bytes, Atr(_ATR_SIZE)] = b""


def encode_multistring(names: list[str], *, is_wide: bool) -> bytes:
    """Names that each end with a null character, and one more at the end."""
    codec, errors = _CODECS[is_wide]
    try:
        return "".join(f"{name}\0" for name in [*names, ""]).encode(codec, errors)
    except UnicodeEncodeError:
        raise EncodeError(f"{names} need Unicode where the field has none") from None


def decode_multistring(raw: bytes, *, is_wide: bool) -> list[str]:
    """The names of a multistring; raises `DecodeError`."""
    codec, errors = _CODECS[is_wide]
    if is_wide and len(raw) % 2:
        raise InvalidField(f"a multistring of {len(raw)} bytes")
    names = [name for name in raw.decode(codec, errors).split("\0") if name]
    if len(names) > _NAME_LIMIT:
        raise InvalidField(f"{len(names)} names exceed {_NAME_LIMIT}")
    return names
