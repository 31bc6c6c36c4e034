"""The shared vectors of the clipboard channel, and the captured sessions' share."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.conformance.expected import plain
from tests.conformance.test_session_control import _send_data
from tests.shared import Case, capture, captures, cases
from trio_rdp.channels.cliprdr import (
    Capabilities,
    ClipboardFormat,
    ClipboardMessage,
    DibImage,
    FileContentsRequest,
    FileContentsResponse,
    FormatDataRequest,
    FormatDataResponse,
    FormatListResponse,
    GeneralCapability,
    GeneralFlags,
    HtmlClip,
    LockClipboardData,
    LongFormatList,
    MonitorReady,
    PackedFileList,
    PackedMetafile,
    PackedPalette,
    ShortFormatList,
    UnknownClipboardPdu,
    UnlockClipboardData,
    decode_cliprdr,
    decode_unicode_text,
)
from trio_rdp.channels.static import Dechunker
from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import DecodeError, InvalidField, RemoteProtocolError
from trio_rdp.wire.pdu import Pdu

_BY_NAME = {
    "CB_CLIP_CAPS": Capabilities,
    "CB_FORMAT_DATA_REQUEST": FormatDataRequest,
    "CB_FORMAT_DATA_RESPONSE": FormatDataResponse,
    "CB_FILECONTENTS_REQUEST": FileContentsRequest,
    "CB_FILECONTENTS_RESPONSE": FileContentsResponse,
    "CB_FORMAT_LIST_RESPONSE": FormatListResponse,
    "CB_LOCK_CLIPDATA": LockClipboardData,
    "CB_MONITOR_READY": MonitorReady,
    "CB_UNLOCK_CLIPDATA": UnlockClipboardData,
}


def _named(message: ClipboardMessage) -> dict[str, Any]:
    """A message in the words of the vectors that name PDUs by the document's constants."""
    match message:
        case Capabilities(capability_sets=[GeneralCapability() as general]):
            return {"version": general.version, "general_flags": general.general_flags}
        case FormatDataRequest():
            return {"format_id": message.requested_format_id}
        case FormatDataResponse():
            text = decode_unicode_text(message.requested_format_data)
            return {"ok": message.msg_flags.is_success, "text": text}
        case FileContentsRequest():
            return {
                "stream_id": message.stream_id,
                "list_index": message.lindex,
                "flags": message.dw_flags,
                "position": message.position,
                "requested": message.cb_requested,
                "clip_data_id": message.clip_data_id,
            }
        case FileContentsResponse():
            return {"stream_id": message.stream_id, "size": message.size()}
        case ShortFormatList():
            formats = [{"id": item.format_id, "name": item.format_name} for item in message.formats]
            return {"long_names": False, "ascii": message.ascii_names, "formats": formats}
        case LongFormatList():
            formats = [{"id": item.format_id, "name": item.format_name} for item in message.formats]
            return {"long_names": True, "formats": formats}
        case FormatListResponse():
            return {"ok": message.msg_flags.is_success}
        case LockClipboardData() | UnlockClipboardData():
            return {"clip_data_id": message.clip_data_id}
        case MonitorReady():
            return {}
    raise AssertionError(f"no vectors of {message} are known here")


def _check_extracted(message: ClipboardMessage, expected: dict[str, Any]) -> None:
    """Compare with the vectors that hold IronRDP's own values."""
    fields = expected["fields"]
    if isinstance(fields, list):
        assert isinstance(message, LongFormatList)
        assert message.formats == [
            ClipboardFormat(item["id"]["value"], item["name"]["value"] if item["name"] else "") for item in fields
        ]
        return
    value = fields.get("value")
    match message:
        case MonitorReady():
            assert fields == {"enum": "ClipboardPdu::MonitorReady"}
        case FormatListResponse():
            assert value == {"enum": "FormatListResponse::Ok"}
            assert message.msg_flags.is_success
        case FormatDataRequest():
            assert message.requested_format_id == value["format"]["value"]
        case UnlockClipboardData():
            assert message.clip_data_id == value["value"]
        case Capabilities(capability_sets=[GeneralCapability() as general]):
            (expected_set,) = (item["value"] for item in value["capabilities"])
            assert expected_set["version"] == {"enum": f"ClipboardProtocolVersion::V{general.version}"}
            assert general.general_flags == plain(expected_set["general_flags"])
            for name in expected_set["general_flags"]["flags"]:
                assert getattr(GeneralFlags, name) in general.general_flags
        case FileContentsRequest():
            assert message.stream_id == value["stream_id"]
            assert message.lindex == value["index"]
            assert message.dw_flags == plain(value["flags"])
            assert message.position == value["position"]
            assert message.cb_requested == value["requested_size"]
            assert message.clip_data_id == value["data_id"]
        case _:
            raise AssertionError(f"no vectors of {message} are known here")


def _check_payload(message: ClipboardMessage, checks: list[dict[str, Any]]) -> None:
    """Compare what a Format Data Response carries."""
    assert isinstance(message, FormatDataResponse)
    assert message.msg_flags.is_success
    data = message.requested_format_data
    for check in checks:
        path = check["path"].partition(".0.")[2]
        payload = PackedMetafile.decode(data) if path.startswith("to_metafile()") else PackedPalette.decode(data)
        assert payload.encode() == data
        name = path.partition("().")[2]
        if isinstance(payload, PackedMetafile):
            if name == "data[?]":
                # The vector does not say which byte; the last record, META_EOF, begins with its size.
                assert payload.meta_file_data[-6] == check["value"]
            else:
                assert getattr(payload, name) == plain(check["value"])
        elif name == "entries.len()":
            assert len(payload.palette_entries_data) == check["value"]
        else:
            found = re.fullmatch(r"entries\[(\d+)\]\.(\w+)", name)
            assert found is not None, name
            assert getattr(payload.palette_entries_data[int(found[1])], found[2]) == check["value"]


@pytest.mark.parametrize("case", cases("cliprdr-pdu"))
def test_cliprdr_pdu(case: Case) -> None:
    expected, raw = case.expected, case.input
    if expected.get("invalid"):
        assert expected["type"] == "PackedFileList"
        with pytest.raises(InvalidField):
            PackedFileList.decode(raw)
        return
    message = decode_cliprdr(raw, long_names=expected.get("long_names", True))
    assert message.encode() == raw
    if "pdu" in expected:
        cls = _BY_NAME.get(expected["pdu"])
        assert cls is None or type(message) is cls
        assert _named(message) == {name: value for name, value in expected.items() if name != "pdu"}
    elif "fields" in expected:
        _check_extracted(message, expected)
    else:
        _check_payload(message, expected["checks"])


@pytest.mark.parametrize("case", cases("cliprdr-clipboard-data"))
def test_cliprdr_clipboard_data(case: Case) -> None:
    expected, raw = case.expected, case.input
    if case.params["format"] == "CF_DIBV5":
        assert case.params["expected_layout"] == "BGRA top-down"
        assert int.from_bytes(raw[:4], "little") == expected["header_size"]
        assert int.from_bytes(raw[14:16], "little") == expected["bpp"]
        assert int.from_bytes(raw[16:20], "little") == expected["compression"]
        image = DibImage.decode(raw)
        assert image == DibImage(expected["width"], expected["height"], case.file("expected"))
        assert image.encode_v5() == raw
        return
    assert case.params["format"] == "HTML Format"
    clip = HtmlClip.decode(raw)
    html = raw[expected["StartHTML"] : expected["EndHTML"]].decode()
    assert (clip.fragment, clip.html) == (expected["fragment"], html)
    assert HtmlClip.decode(clip.encode()) == clip
    if "-gen-" in case.id:
        assert HtmlClip.of(clip.fragment).encode() == raw


@pytest.mark.parametrize("case", cases("robustness"))
def test_robustness(case: Case) -> None:
    raw = case.input
    classes: list[type[Pdu]] = [PackedFileList, PackedMetafile, PackedPalette, UnknownClipboardPdu]
    for cls in classes:
        try:
            pdu = cls.decode_from(Cursor(raw))
        except DecodeError:
            continue
        assert cls.decode(pdu.encode()) == pdu
    for long_names in (False, True):
        try:
            message = decode_cliprdr(raw, long_names=long_names)
        except DecodeError:
            continue
        assert decode_cliprdr(message.encode(), long_names=long_names) == message
    for decode in (HtmlClip.decode, DibImage.decode):
        try:
            decode(raw)
        except DecodeError:
            continue


def _messages(stream: bytes) -> dict[int, list[bytes]]:
    """The messages of each static channel of one side."""
    dechunkers: dict[int, Dechunker] = {}
    messages: dict[int, list[bytes]] = {}
    for channel_id, data in _send_data(stream):
        if channel_id >= 1004:  # behind the I/O channel
            try:
                message = dechunkers.setdefault(channel_id, Dechunker()).feed(data)
            except RemoteProtocolError:
                continue  # the message channel has no chunks
            if message is not None:
                messages.setdefault(channel_id, []).append(message)
    return messages


_NO_CLIPBOARD = ("shadow", "weston", "rdpnone-24", "tls-16z", "tls-8", "login")
_CLIENTS: dict[str, list[type[Pdu]]] = {
    # rdesktop 1.9 sends no capabilities, so that it has to use short names.
    "rdesktop": [ShortFormatList, FormatDataResponse, ShortFormatList, FormatListResponse, FormatDataRequest],
    "xfreerdp-xrdp-channels": [
        *(Capabilities, LongFormatList, LongFormatList, FormatDataResponse, FormatListResponse, FormatDataRequest)
    ],
    "xrdp-tls-xorg": [Capabilities, LongFormatList],
    "": [Capabilities, LongFormatList, FormatDataResponse],
}


@pytest.mark.parametrize("name", captures())
def test_captures(name: str) -> None:
    """What real clients and servers say about their clipboards; xrdp's chansrv appends four bytes, as Windows does."""
    client, server = (_messages(stream) for stream in capture(name)[:2])
    begins = Capabilities(capability_sets=[GeneralCapability()]).encode()[:12]
    found = [channel_id for channel_id, messages in server.items() if messages[0].startswith(begins)]
    if not found:
        assert any(word in name for word in _NO_CLIPBOARD)
        return
    (channel_id,) = found
    long_names = not name.startswith("rdesktop")
    said = [_check_captured(raw, long_names=long_names) for raw in client[channel_id]]
    assert said == next(kinds for word, kinds in _CLIENTS.items() if name.startswith(word))
    # xrdp 0.9.21 writes long names, also to a client that never agreed on them.
    kinds = [_check_captured(raw, long_names=True) for raw in server[channel_id]]
    assert kinds[:3] == [Capabilities, MonitorReady, FormatListResponse]


def _check_captured(raw: bytes, *, long_names: bool) -> type[Pdu]:
    message = decode_cliprdr(raw, long_names=long_names)
    assert not isinstance(message, UnknownClipboardPdu)
    encoded = message.encode()
    assert raw in (encoded, encoded + bytes(4))
    return type(message)
