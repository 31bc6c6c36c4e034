from __future__ import annotations

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.rail import language
from trio_rdp.channels.rail.language import (
    CompartmentStatusInformation,
    ImeConversionMode,
    ImeSentenceMode,
    LanguageBarInformation,
    LanguageBarStatus,
    LanguageProfileInformation,
    ProfileType,
)
from trio_rdp.wire.pdu import Pdu

# orderType, orderLength, and the fields; the first is [MS-RDPERP] 4.5.5
MESSAGES: list[tuple[str, Pdu]] = [
    ("0d00 0800 01000000", LanguageBarInformation(language_bar_status=LanguageBarStatus.SHOWNORMAL)),
    (
        "0d00 0800 02010000",
        LanguageBarInformation(language_bar_status=LanguageBarStatus.DOCK | LanguageBarStatus.NOLABELS),
    ),
    (
        (
            "1100 2e00"  # orderType, orderLength
            "01000000"  # ProfileType: TF_PROFILETYPE_INPUTPROCESSOR
            "1104"  # LanguageID: 0x411
            "5f83b5033cf01b419ce2aa23e1171e36"  # LanguageProfileCLSID: GUID_MSIME_JPN
            "d9936ca72355904eaafa4db112f9ac76"  # ProfileGUID: GUID_PROFILE_MSIME_JPN
            "11040000"  # KeyboardLayout
        ),
        LanguageProfileInformation(
            profile_type=ProfileType.INPUTPROCESSOR,
            language_id=0x0411,
            language_profile_clsid=language.GUID_MSIME_JPN,
            profile_guid=language.GUID_PROFILE_MSIME_JPN,
            keyboard_layout=0x0411,
        ),
    ),
    (
        "1100 2e00 02000000 0904" + "00" * 32 + "09040100",
        LanguageProfileInformation(
            profile_type=ProfileType.KEYBOARDLAYOUT, language_id=0x0409, keyboard_layout=0x00010409
        ),
    ),
    (
        "1200 1400 01000000 1b000000 08000000 01000000",  # ImeState, ImeConvMode, ImeSentenceMode, KANAMode
        CompartmentStatusInformation(
            ime_state=True,
            ime_conv_mode=ImeConversionMode.NATIVE
            | ImeConversionMode.KATAKANA
            | ImeConversionMode.FULLSHAPE
            | ImeConversionMode.ROMAN,
            ime_sentence_mode=ImeSentenceMode.PHRASEPREDICT,
            kana_mode=True,
        ),
    ),
    (
        "1200 1400 00000000 00010000 00000000 00000000",
        CompartmentStatusInformation(ime_state=False, ime_conv_mode=ImeConversionMode.NOCONVERSION),
    ),
]


@pytest.mark.parametrize(("raw", "message"), MESSAGES)
def test_messages(raw: str, message: Pdu) -> None:
    same(bytes.fromhex(raw), message)
    every_truncation_raises(type(message), bytes.fromhex(raw))


def test_guids_are_those_of_the_document() -> None:
    """Their last component, which is where a slip of the eye hides."""
    assert language.GUID_NULL.bytes == bytes(16)
    assert language.GUID_MSIME_KOR.bytes[-2:] == b"\xe0\x02"
    phonetic = {
        language.GUID_PROFILE_NEWPHONETIC,
        language.GUID_PROFILE_CHANGJIE,
        language.GUID_PROFILE_QUICK,
        language.GUID_PROFILE_CANTONESE,
        language.GUID_PROFILE_PINYIN,
    }
    assert {guid.bytes[-6:] for guid in phonetic} == {bytes.fromhex("0080c882687e")}
    assert len(phonetic) == 5
