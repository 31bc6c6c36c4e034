"""Graphics output, input and static channels against the shared vectors and the captured sessions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.shared import Case, capture, captures, cases
from trio_rdp.channels.static import Dechunker, chunks
from trio_rdp.pdu.bitmap import BitmapUpdate, Rdp6BitmapStream
from trio_rdp.pdu.channel import ChannelHeader
from trio_rdp.pdu.fastpath import FastPathHeader, FastPathOutput, FastPathUpdate, Fragmentation
from trio_rdp.pdu.fastpath_input import FastPathInput
from trio_rdp.pdu.input import (
    ExtendedMouseEvent,
    InputEvent,
    InputEventData,
    KeyboardEvent,
    KeyboardFlags,
    MouseEvent,
    QoeTimestampEvent,
    RelativeMouseEvent,
    SynchronizeEvent,
    UnicodeKeyboardEvent,
)
from trio_rdp.pdu.orders import OrdersUpdate
from trio_rdp.pdu.palette import PaletteUpdate
from trio_rdp.pdu.pointer import (
    CachedPointerUpdate,
    ColorPointerUpdate,
    NewPointerUpdate,
    ServerPointerUpdate,
)
from trio_rdp.pdu.surface import (
    FrameMarkerCommand,
    SetSurfaceBitsCommand,
    StreamSurfaceBitsCommand,
    SurfaceCommands,
    SurfaceCommandType,
)
from trio_rdp.pdu.update import GraphicsUpdate, decode_update, encode_update
from trio_rdp.protocol.fragments import FragmentAssembler
from trio_rdp.wire.errors import DecodeError, RemoteProtocolError, Truncated
from trio_rdp.wire.pdu import Pdu

# The fast-path flag bits in which the vectors write keyboard flags.
_KEYBOARD_BITS = ((KeyboardFlags.RELEASE, 1), (KeyboardFlags.EXTENDED, 2), (KeyboardFlags.EXTENDED1, 4))


def _plain(event: InputEvent) -> dict[str, Any]:
    """An event in the vectors' words."""
    match event:
        case KeyboardEvent():
            return {"event": "scancode", "flags": _bits(event.keyboard_flags), "code": event.key_code}
        case UnicodeKeyboardEvent():
            return {"event": "unicode", "flags": _bits(event.keyboard_flags), "code": event.unicode_code}
        case MouseEvent():
            return {"event": "mouse", "pointer_flags": event.pointer_flags, "x": event.x_pos, "y": event.y_pos}
        case ExtendedMouseEvent():
            return {"event": "mousex", "pointer_flags": event.pointer_flags, "x": event.x_pos, "y": event.y_pos}
        case RelativeMouseEvent():
            flags = event.pointer_flags
            return {"event": "relmouse", "pointer_flags": flags, "dx": event.x_delta, "dy": event.y_delta}
        case SynchronizeEvent():
            return {"event": "sync", "flags": event.toggle_flags}
        case QoeTimestampEvent():
            return {"event": "qoe", "timestamp": event.timestamp}
    raise AssertionError(f"no vector has {event}")


def _bits(flags: KeyboardFlags) -> int:
    return sum(bit for flag, bit in _KEYBOARD_BITS if flags & flag)


@pytest.mark.parametrize("case", cases("fastpath-input"))
def test_fast_path_input(case: Case) -> None:
    data = FastPathInput.decode(case.input)
    assert [_plain(event) for event in data.fp_input_events] == case.expected["events"]
    assert data.encode() == case.input


@pytest.mark.parametrize("case", [one for one in cases("rdp-pdu") if one.id == "missing" or "fastpath-input" in one.id])
def test_a_recorded_fast_path_input(case: Case) -> None:
    raw = bytes.fromhex(case.expected["hex"])
    data = FastPathInput.decode(raw)
    expected = [event["value"] for event in case.expected["fields"]["input_events"]]
    assert [_plain(event) for event in data.fp_input_events] == [
        {"event": "mouse", "pointer_flags": one["flags"]["value"], "x": one["x_position"], "y": one["y_position"]}
        for one in expected
    ]
    assert data.encode() == raw


@pytest.mark.parametrize("case", cases("slowpath-input"))
def test_slow_path_input(case: Case) -> None:
    data = InputEventData.decode(case.input)
    assert [_plain(item.event) for item in data.slow_path_input_events] == case.expected["events"]
    assert [item.event_time for item in data.slow_path_input_events] == [0] * len(data.slow_path_input_events)
    assert data.encode() == case.input


@pytest.mark.parametrize("case", cases("fastpath-update"))
def test_fast_path_updates(case: Case) -> None:
    expected = case.expected
    kind = expected.get("type")
    if expected.get("invalid"):
        with pytest.raises(DecodeError):
            FastPathUpdate.decode(case.input)
    elif kind == "FastPathHeader":
        header, fields = FastPathHeader.decode(case.input), expected["fields"]
        assert header.flags == fields["flags"]["value"]
        assert header.length - header.size == fields["data_length"]
        assert header.is_long == (fields["forced_long_length"] or header.length > 0x7F)
        assert header.encode() == case.input
    elif kind == "FastPathUpdatePdu":
        update = FastPathUpdate.decode(case.input)
        wanted = {check["path"]: check["value"] for check in expected["checks"]}
        assert update.update_code == wanted["update_code"]["value"]
        assert update.fragmentation == wanted["fragmentation"]["value"]
        assert update.update_data == bytes.fromhex(wanted["data"]["hex"])
        assert update.encode() == case.input
    else:
        output = FastPathOutput.decode(case.input)
        assert [
            {
                "update_code": update.update_code,
                "fragmentation": update.fragmentation.name.lower(),
                "compression_flags": update.compression_flags,
                "data": update.update_data.hex(),
            }
            for update in output.fp_output_updates
        ] == expected["updates"]
        _same_behind_its_header(case.input, output)


def _same_behind_its_header(raw: bytes, pdu: Pdu) -> None:
    """`pdu` encodes to `raw`, but for the second byte of length that xfreerdp and xrdp always spend."""
    encoded = pdu.encode()
    ours, theirs = FastPathHeader.decode(encoded), FastPathHeader.decode(raw)
    assert encoded[ours.size :] == raw[theirs.size :]
    assert theirs.encode() == raw[: theirs.size]
    assert (ours.flags, ours.number_events) == (theirs.flags, theirs.number_events)
    assert ours.is_long <= theirs.is_long


@pytest.mark.parametrize("case", cases("surface-command"))
def test_surface_commands(case: Case) -> None:
    commands = SurfaceCommands.decode(case.input)
    (command,) = commands.surface_commands
    expected = case.expected
    fields = expected.get("fields")
    if isinstance(command, FrameMarkerCommand):
        assert fields is not None
        assert fields["_type"] == "SurfaceCommand::FrameMarker"
        assert command.frame_action == fields["value"]["frame_action"]["value"]
        assert command.frame_id == fields["value"]["frame_id"]
    else:
        assert isinstance(command, SetSurfaceBitsCommand | StreamSurfaceBitsCommand)
        cmd_type = SurfaceCommandType(int.from_bytes(case.input[:2], "little"))
        assert (cmd_type == SurfaceCommandType.SET_SURFACE_BITS) == isinstance(command, SetSurfaceBitsCommand)
        rectangle = (command.dest_left, command.dest_top, command.dest_right, command.dest_bottom)
        bitmap = command.bitmap_data
        if fields is None:
            assert cmd_type == expected["cmdType"]
            assert rectangle == tuple(expected[f"dest{side}"] for side in ("Left", "Top", "Right", "Bottom"))
            assert (bitmap.bpp, bitmap.codec_id) == (expected["bpp"], expected["codecID"])
            assert (bitmap.width, bitmap.height) == (expected["width"], expected["height"])
            assert len(bitmap.bitmap_data) == expected["bitmapDataLength"]
            assert hashlib.sha256(bitmap.bitmap_data).hexdigest() == expected["bitmapDataSha256"]
        else:
            assert fields["_type"] == "SurfaceCommand::StreamSurfaceBits"
            wanted = fields["value"]["extended_bitmap_data"]
            sides = fields["value"]["destination"]
            assert rectangle == tuple(sides[side] for side in ("left", "top", "right", "bottom"))
            assert (bitmap.bpp, bitmap.codec_id) == (wanted["bpp"], wanted["codec_id"])
            assert (bitmap.width, bitmap.height) == (wanted["width"], wanted["height"])
            assert wanted["header"] is None
            assert bitmap.ex_bitmap_data_header is None
            assert bitmap.bitmap_data == bytes.fromhex(wanted["data"]["hex"])
    assert commands.encode() == case.input


@pytest.mark.parametrize("case", cases("bitmap-update"))
def test_rdp6_bitmap_streams(case: Case) -> None:
    assert case.expected["type"] == "BitmapStream"
    if case.expected.get("invalid"):
        with pytest.raises(Truncated):
            Rdp6BitmapStream.decode(case.input)
        return
    stream = Rdp6BitmapStream.decode(case.input)
    fields = case.expected["fields"]
    header, color = fields["header"], fields["header"]["color_plane_definition"]
    assert stream.rle == header["enable_rle_compression"]
    assert stream.no_alpha == (not header["use_alpha"])
    assert stream.color_loss_level == color.get("color_loss_level", 0)
    assert stream.chroma_subsampling == color.get("use_chroma_subsampling", False)
    assert list(stream.color_planes) == fields["color_planes"]
    assert stream.encode() == case.input
    assert len(case.input) == next(check["value"] for check in case.expected["checks"] if check["path"] == "size()")


@pytest.mark.parametrize("case", cases("pointer-pdu"))
def test_pointers(case: Case) -> None:
    expected = case.expected
    name = expected.get("pdu") or ("PointerAttribute" if "new-pointer" in case.id else "ColorPointerAttribute")
    if name == "CachedPointerAttribute":
        cached = CachedPointerUpdate.decode(case.input)
        assert cached.cache_index == expected["cache_index"]
        assert cached.encode() == case.input
        return
    pointer: ColorPointerUpdate
    if name == "PointerAttribute":
        new = NewPointerUpdate.decode(case.input)
        assert new.xor_bpp == expected.get("xor_bpp", 32)
        assert new.encode() == case.input
        pointer = new.color_ptr_attr
    else:
        pointer = ColorPointerUpdate.decode(case.input)
        assert pointer.encode() == case.input
    if expected:
        assert pointer.cache_index == expected["cache_index"]
        assert [pointer.hot_spot.x_pos, pointer.hot_spot.y_pos] == expected["hot_spot"]
        assert (pointer.width, pointer.height) == (expected["width"], expected["height"])
        assert len(pointer.and_mask_data) == expected.get("length_and_mask", 234)
        assert len(pointer.xor_mask_data) == expected.get("length_xor_mask", 4836)


@pytest.mark.parametrize("case", cases("svc-reassembly"))
def test_static_channels(case: Case) -> None:
    fed = [case.file(f"input_{index}") for index in range(case.params["chunks"])]
    message = case.file("expected")
    dechunker = Dechunker()
    assert [dechunker.feed(chunk) for chunk in fed] == [None] * (len(fed) - 1) + [message]
    cut = list(chunks(message, case.params["chunk_size"]))
    assert [chunk[8:] for chunk in cut] == [chunk[8:] for chunk in fed]
    show = 0x10
    for ours, theirs in zip(map(ChannelHeader.decode, cut), map(ChannelHeader.decode, fed), strict=True):
        assert ours.length == theirs.length
        assert ours.flags.without(show) == theirs.flags.without(show)


@pytest.mark.parametrize("case", [case for case in cases("misc-pdu") if "webauthn" not in str(case.id)])
def test_channel_headers(case: Case) -> None:
    assert case.expected["type"] == "ChannelPduHeader"
    header = ChannelHeader.decode(case.input)
    assert header.length == case.expected["fields"]["length"]
    assert header.flags == case.expected["fields"]["flags"]["value"]
    assert header.encode() == case.input


EVERY_PARSER: list[type[Pdu]] = [
    FastPathHeader,
    FastPathOutput,
    FastPathInput,
    FastPathUpdate,
    InputEventData,
    GraphicsUpdate,
    ServerPointerUpdate,
    BitmapUpdate,
    PaletteUpdate,
    OrdersUpdate,
    SurfaceCommands,
    ColorPointerUpdate,
    NewPointerUpdate,
    ChannelHeader,
    Rdp6BitmapStream,
]


@pytest.mark.parametrize("case", cases("robustness"))
def test_what_once_broke_a_decoder(case: Case) -> None:
    for cls in EVERY_PARSER:
        try:
            value = cls.decode(case.input)
        except DecodeError:
            continue
        assert cls.decode(value.encode()) == value
    for code in range(16):
        try:
            decode_update(code, case.input)
        except DecodeError:
            continue
    try:
        Dechunker(limit=1 << 20).feed(case.input)
    except RemoteProtocolError:
        return


def _pdus(stream: bytes) -> Iterator[bytes]:
    """The PDUs of a captured direction behind the security exchange: TPKT and fast-path."""
    pos, in_mcs = 0, False
    while pos < len(stream):
        first = stream[pos]
        is_token = first == 0x30 and not in_mcs
        if first == 0x03:
            size = int.from_bytes(stream[pos + 2 : pos + 4], "big")
            in_mcs = in_mcs or stream[pos + 7 : pos + 8] == b"\x7f"  # Connect Initial or Connect Response
        elif is_token:
            size = 2 + stream[pos + 1]
            if stream[pos + 1] & 0x80:
                head = 2 + (stream[pos + 1] & 0x7F)
                size = head + int.from_bytes(stream[pos + 2 : pos + head], "big")
        else:
            size = FastPathHeader.decode(stream[pos : pos + 3]).length
        if not is_token:
            yield stream[pos : pos + size]
        pos += size


def _mcs_data(pdu: bytes, choice: int) -> tuple[int, bytes] | None:
    """The channel and the user data of a Send Data Request (0x64) or Indication (0x68)."""
    if pdu[0] != 0x03 or pdu[7] != choice:
        return None
    return int.from_bytes(pdu[10:12], "big"), pdu[14 if pdu[13] < 0x80 else 15 :]


def _check_slow_path(data: bytes) -> None:
    if len(data) < 19 or data[2] & 0xF != 7 or data[15] & 0x20:
        return  # not a data PDU, or a compressed one
    kinds: dict[int, type[Pdu]] = {2: GraphicsUpdate, 27: ServerPointerUpdate, 28: InputEventData}
    kind = kinds.get(data[14])
    if kind is not None:
        assert kind.decode(data[18:]).encode() == data[18:]


def _check_updates(output: FastPathOutput, assembler: FragmentAssembler, state: dict[str, bool]) -> None:
    """Every update that is not compressed, whole, encodes back to its bytes, but for the pointers' pad."""
    for update in output.fp_output_updates:
        compressed = bool(update.compression_flags and update.compression_flags & 0x20)
        if update.fragmentation in (Fragmentation.SINGLE, Fragmentation.FIRST):
            state["compressed"] = False
        state["compressed"] |= compressed
        data = assembler.push(update)
        # After the first compressed byte of a history nothing can be told from the uncompressed parts of a sequence.
        if data is None or state["compressed"]:
            continue
        value = decode_update(update.update_code, data)
        code, encoded = encode_update(value)
        assert code == update.update_code
        assert decode_update(code, encoded) == value
        pad = b"\0" if isinstance(value, NewPointerUpdate) and len(data) > len(encoded) else b""  # xrdp 0.9.21
        assert encoded + pad == data


@pytest.mark.parametrize("name", captures())
def test_captured_sessions_encode_back_to_their_bytes(name: str) -> None:
    client, server, _ = capture(name)
    for stream, choice in ((client, 0x64), (server, 0x68)):
        dechunkers: dict[int, Dechunker] = {}
        assembler, state = FragmentAssembler(1 << 23), {"compressed": False}
        for pdu in _pdus(stream):
            mcs = _mcs_data(pdu, choice)
            if mcs is not None:
                channel, data = mcs
                if channel == 1003:
                    _check_slow_path(data)
                elif not (name.startswith("grd-") and channel == 1008):  # the message channel has no chunks
                    dechunkers.setdefault(channel, Dechunker()).feed(data)
                    assert ChannelHeader.decode(data).encode() == data[:8]
            elif pdu[0] == 0x03:
                continue
            elif choice == 0x64:
                _same_behind_its_header(pdu, FastPathInput.decode(pdu))
            else:
                output = FastPathOutput.decode(pdu)
                _same_behind_its_header(pdu, output)
                _check_updates(output, assembler, state)
        assert assembler.pending == 0
        assert not any(dechunker.pending for dechunker in dechunkers.values())
