from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.pdu.surface import (
    ALL_FRAMES,
    MAX_COMMANDS,
    ExtendedBitmapData,
    ExtendedCompressedBitmapHeader,
    FrameAcknowledge,
    FrameAction,
    FrameMarkerCommand,
    SetSurfaceBitsCommand,
    StreamSurfaceBitsCommand,
    SurfaceCommand,
    SurfaceCommands,
    SurfaceCommandType,
    UnknownSurfaceCommand,
)
from trio_rdp.wire.errors import EncodeError, InvalidField, Truncated

RECTANGLE = (
    "0a00"  # destLeft = 10
    "1400"  # destTop = 20
    "0c00"  # destRight = 12, exclusive
    "1500"  # destBottom = 21
)
BITMAP = (
    "20"  # bpp
    "00"  # flags
    "00"  # reserved
    "03"  # codecID
    "0200"  # width
    "0100"  # height
    "03000000"  # bitmapDataLength
    "aabbcc"
)
BITMAP_WITH_HEADER = (
    "20 01 00 03 0200 0100 03000000"
    "04030201"  # highUniqueId
    "08070605"  # lowUniqueId
    "e803000000000000"  # tmMilliseconds
    "0100000000000000"  # tmSeconds
    "aabbcc"
)
HEADER = ExtendedCompressedBitmapHeader(
    high_unique_id=0x01020304, low_unique_id=0x05060708, tm_milliseconds=1000, tm_seconds=1
)


def _bitmap(header: ExtendedCompressedBitmapHeader | None = None) -> ExtendedBitmapData:
    return ExtendedBitmapData(
        bpp=32, codec_id=3, width=2, height=1, ex_bitmap_data_header=header, bitmap_data=b"\xaa\xbb\xcc"
    )


EVERY_COMMAND: list[tuple[str, SurfaceCommand]] = [
    (
        "0100" + RECTANGLE + BITMAP,
        SetSurfaceBitsCommand(dest_left=10, dest_top=20, dest_right=12, dest_bottom=21, bitmap_data=_bitmap()),
    ),
    (
        "0600" + RECTANGLE + BITMAP_WITH_HEADER,
        StreamSurfaceBitsCommand(dest_left=10, dest_top=20, dest_right=12, dest_bottom=21, bitmap_data=_bitmap(HEADER)),
    ),
    ("0400 0000 05000000", FrameMarkerCommand(frame_action=FrameAction.BEGIN, frame_id=5)),
    ("0400 0100 05000000", FrameMarkerCommand(frame_action=FrameAction.END, frame_id=5)),
]


@pytest.mark.parametrize(("raw", "command"), EVERY_COMMAND, ids=["set", "stream", "begin", "end"])
def test_every_command_alone_and_in_an_update(raw: str, command: SurfaceCommand) -> None:
    encoded = bytes.fromhex(raw)
    same(encoded[2:], command)
    same(encoded, SurfaceCommands(surface_commands=[command]))
    for size in range(1, len(encoded)):
        if not (isinstance(command, FrameMarkerCommand) and size == 4):  # the frame id may be missing
            with pytest.raises(Truncated):
                SurfaceCommands.decode(encoded[:size])


def test_commands_follow_each_other() -> None:
    raw = bytes.fromhex("".join(raw for raw, _ in EVERY_COMMAND))
    same(raw, SurfaceCommands(surface_commands=[command for _, command in EVERY_COMMAND]))
    same(b"", SurfaceCommands(surface_commands=[]))


def test_a_frame_marker_without_its_id_at_the_end() -> None:
    commands = SurfaceCommands.decode(bytes.fromhex("0400 0000 05000000 0400 0100")).surface_commands
    assert commands[1] == FrameMarkerCommand(frame_action=FrameAction.END, frame_id=0)


def test_an_unknown_command_takes_the_rest() -> None:
    unknown = UnknownSurfaceCommand(cmd_type=SurfaceCommandType(9), cmd_data=b"rest")
    same(b"\x09\0rest", unknown)
    marker = FrameMarkerCommand(frame_action=FrameAction.BEGIN, frame_id=5)
    same(bytes.fromhex("0400 0000 05000000 0900") + b"rest", SurfaceCommands(surface_commands=[marker, unknown]))


def test_the_number_of_commands_is_limited() -> None:
    marker = FrameMarkerCommand(frame_action=FrameAction.BEGIN)
    raw = SurfaceCommands(surface_commands=[marker] * MAX_COMMANDS).encode()
    assert len(SurfaceCommands.decode(raw).surface_commands) == MAX_COMMANDS
    with pytest.raises(InvalidField, match=f"more than {MAX_COMMANDS} commands"):
        SurfaceCommands.decode(raw + raw[:8])
    with pytest.raises(EncodeError):
        SurfaceCommands(surface_commands=[marker] * (MAX_COMMANDS + 1)).encode()


def test_a_bitmap_of_four_gigabytes_is_truncated() -> None:
    with pytest.raises(Truncated, match="needs 4294967295 bytes, 3 left"):
        ExtendedBitmapData.decode(bytes.fromhex("20 00 00 03 0200 0100 ffffffff aabbcc"))


def test_frame_acknowledge() -> None:
    same(b"\x05\0\0\0", FrameAcknowledge(frame_id=5))
    same(b"\xff\xff\xff\xff", FrameAcknowledge(frame_id=ALL_FRAMES))
    every_truncation_raises(FrameAcknowledge, b"\x05\0\0\0")


@given(st.binary(max_size=80))
def test_any_bytes_give_a_value_or_a_decode_error(raw: bytes) -> None:
    for cls in (SurfaceCommands, SetSurfaceBitsCommand, StreamSurfaceBitsCommand, ExtendedBitmapData):
        value_or_error(cls, raw)
    for kind in SurfaceCommandType:
        value_or_error(SurfaceCommands, bytes((kind, 0)) + raw)
