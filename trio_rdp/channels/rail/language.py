"""The language bar, the language in use and its input method, [MS-RDPERP] 2.2.2.9 and 2.2.2.10."""

from __future__ import annotations

import uuid
from typing import Annotated, ClassVar

from trio_rdp.channels.rail.base import Bool32, OrderType, RailOrder
from trio_rdp.wire.fields import U16, U32, Fixed, u32
from trio_rdp.wire.numbers import Flag, Flags, OpenEnum
from trio_rdp.wire.pdu import pdu

__all__ = [
    "GUID_CHSIME",
    "GUID_CHTIME",
    "GUID_MSIME_JPN",
    "GUID_MSIME_KOR",
    "GUID_NULL",
    "GUID_PROFILE_CANTONESE",
    "GUID_PROFILE_CHANGJIE",
    "GUID_PROFILE_MSIME_JPN",
    "GUID_PROFILE_MSIME_KOR",
    "GUID_PROFILE_NEWPHONETIC",
    "GUID_PROFILE_PINYIN",
    "GUID_PROFILE_QUICK",
    "GUID_PROFILE_SIMPLEFAST",
    "CompartmentStatusInformation",
    "ImeConversionMode",
    "ImeSentenceMode",
    "LanguageBarInformation",
    "LanguageBarStatus",
    "LanguageProfileInformation",
    "ProfileType",
]

GUID_NULL = uuid.UUID(int=0)

# Input processors
GUID_MSIME_JPN = uuid.UUID("03b5835f-f03c-411b-9ce2-aa23e1171e36")
GUID_MSIME_KOR = uuid.UUID("a028ae76-01b1-46c2-99c4-acd9858ae002")
GUID_CHSIME = uuid.UUID("81d4e9c9-1d3b-41bc-9e6c-4b40bf79e35e")
GUID_CHTIME = uuid.UUID("531fdebf-9b4c-4a43-a2aa-960e8fcdc732")

# Profiles
GUID_PROFILE_NEWPHONETIC = uuid.UUID("b2f9c502-1742-11d4-9790-0080c882687e")
GUID_PROFILE_CHANGJIE = uuid.UUID("4bdf9f03-c7d3-11d4-b2ab-0080c882687e")
GUID_PROFILE_QUICK = uuid.UUID("6024b45f-5c54-11d4-b921-0080c882687e")
GUID_PROFILE_CANTONESE = uuid.UUID("0aec109c-7e96-11d4-b2ef-0080c882687e")
GUID_PROFILE_PINYIN = uuid.UUID("f3ba9077-6c7e-11d4-97fa-0080c882687e")
GUID_PROFILE_SIMPLEFAST = uuid.UUID("fa550b04-5ad7-411f-a5ac-ca038ec515d7")
GUID_PROFILE_MSIME_JPN = uuid.UUID("a76c93d9-5523-4e90-aafa-4db112f9ac76")
GUID_PROFILE_MSIME_KOR = uuid.UUID("b5fe1f02-d5f2-4445-9c03-c568f23c99a1")

_guid = Fixed("16s", decoder=lambda raw: uuid.UUID(bytes_le=raw), encoder=lambda guid: guid.bytes_le)


class LanguageBarStatus(Flags):
    """Where the language bar is and how it looks (TF_SFT_*)."""

    SHOWNORMAL = Flag(0x00000001)
    DOCK = Flag(0x00000002)
    MINIMIZED = Flag(0x00000004)
    HIDDEN = Flag(0x00000008)
    NOTRANSPARENCY = Flag(0x00000010)
    LOWTRANSPARENCY = Flag(0x00000020)
    HIGHTRANSPARENCY = Flag(0x00000040)
    LABELS = Flag(0x00000080)
    NOLABELS = Flag(0x00000100)
    EXTRAICONSONMINIMIZED = Flag(0x00000200)
    NOEXTRAICONSONMINIMIZED = Flag(0x00000400)
    DESKBAND = Flag(0x00000800)


class ProfileType(OpenEnum):
    """What a language profile is (TF_PROFILETYPE_*)."""

    INPUTPROCESSOR = 0x00000001
    KEYBOARDLAYOUT = 0x00000002


class ImeConversionMode(Flags):
    """What an input method makes of keys (IME_CMODE_*)."""

    NATIVE = Flag(0x00000001)
    KATAKANA = Flag(0x00000002)
    FULLSHAPE = Flag(0x00000008)
    ROMAN = Flag(0x00000010)
    CHARCODE = Flag(0x00000020)
    HANJACONVERT = Flag(0x00000040)
    SOFTKBD = Flag(0x00000080)
    NOCONVERSION = Flag(0x00000100)
    EUDC = Flag(0x00000200)
    SYMBOL = Flag(0x00000400)
    FIXED = Flag(0x00000800)


class ImeSentenceMode(Flags):
    """What an input method makes of sentences (IME_SMODE_*)."""

    PLURALCLAUSE = Flag(0x00000001)
    SINGLECONVERT = Flag(0x00000002)
    AUTOMATIC = Flag(0x00000004)
    PHRASEPREDICT = Flag(0x00000008)
    CONVERSATION = Flag(0x00000010)


@pdu
class LanguageBarInformation(RailOrder):
    """Language Bar Information (TS_RAIL_ORDER_LANGBARINFO), [MS-RDPERP] 2.2.2.9.1."""

    order_type: ClassVar[OrderType] = OrderType.LANGBARINFO

    language_bar_status: Annotated[LanguageBarStatus, u32]


@pdu
class LanguageProfileInformation(RailOrder):
    """Language Profile Information (TS_RAIL_ORDER_LANGUAGEIMEINFO), [MS-RDPERP] 2.2.2.10.1.

    Both GUIDs are `GUID_NULL` for a keyboard layout.
    """

    order_type: ClassVar[OrderType] = OrderType.LANGUAGEIMEINFO

    profile_type: Annotated[ProfileType, u32]
    language_id: U16
    language_profile_clsid: Annotated[uuid.UUID, _guid] = GUID_NULL
    profile_guid: Annotated[uuid.UUID, _guid] = GUID_NULL
    keyboard_layout: U32


@pdu
class CompartmentStatusInformation(RailOrder):
    """Compartment Status Information (TS_RAIL_ORDER_COMPARTMENTINFO_BODY), [MS-RDPERP] 2.2.2.10.2."""

    order_type: ClassVar[OrderType] = OrderType.COMPARTMENTINFO

    ime_state: Bool32
    ime_conv_mode: Annotated[ImeConversionMode, u32]
    ime_sentence_mode: Annotated[ImeSentenceMode, u32] = ImeSentenceMode(0)
    kana_mode: Bool32 = False
