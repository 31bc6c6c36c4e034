"""Decoding and encoding the ten PDUs that matter most: microseconds each, beside hand-written `struct` (`_by_hand.py`).

Seven of them are the traffic of a session, the last is the largest declared table of the connection sequence.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Callable
from typing import Any

import _by_hand as by_hand
from report import Report, best_seconds

from trio_rdp.pdu.bitmap import BitmapData, BitmapFlags, BitmapUpdate
from trio_rdp.pdu.channel import ChannelFlags, ChannelHeader
from trio_rdp.pdu.fastpath import FastPathOutput, FastPathUpdate, UpdateCode
from trio_rdp.pdu.fastpath_input import FastPathInput
from trio_rdp.pdu.gcc_client import (
    ClientCoreData,
    ClientEarlyCapabilityFlags,
    ColorDepth,
    ConnectionType,
    HighColorDepth,
    SupportedColorDepths,
)
from trio_rdp.pdu.input import KeyboardEvent, KeyboardFlags, MouseEvent, PointerFlags
from trio_rdp.pdu.mcs import SendDataIndication
from trio_rdp.pdu.pointer import ColorPointerUpdate, NewPointerUpdate, Point
from trio_rdp.pdu.share import PduType2, ShareDataHeader
from trio_rdp.pdu.surface import (
    ExtendedBitmapData,
    FrameAction,
    FrameMarkerCommand,
    SetSurfaceBitsCommand,
    SurfaceCommands,
)
from trio_rdp.pdu.x224 import SecurityProtocol
from trio_rdp.wire.errors import DecodeError
from trio_rdp.wire.pdu import Pdu

GOAL = 1.0  # times hand-written
REPEATS = 500


def tile(index: int) -> BitmapData:
    left = 64 * index
    return BitmapData(
        dest_left=left,
        dest_top=0,
        dest_right=left + 63,
        dest_bottom=63,
        width=64,
        height=64,
        bits_per_pixel=32,
        flags=BitmapFlags.BITMAP_COMPRESSION | BitmapFlags.NO_BITMAP_COMPRESSION_HDR,
        bitmap_data_stream=bytes(900),
    )


def pdus() -> list[tuple[str, Pdu, Callable[[bytes], Pdu], Callable[[Any], bytes]]]:
    bits = ExtendedBitmapData(bpp=32, width=64, height=16, bitmap_data=bytes(4096))
    shape = ColorPointerUpdate(
        cache_index=3,
        hot_spot=Point(x_pos=4, y_pos=5),
        width=32,
        height=32,
        xor_mask_data=bytes(4096),
        and_mask_data=bytes(128),
    )
    surface = SurfaceCommands(
        surface_commands=[
            FrameMarkerCommand(frame_action=FrameAction.BEGIN, frame_id=7),
            SetSurfaceBitsCommand(dest_left=0, dest_top=0, dest_right=64, dest_bottom=16, bitmap_data=bits),
            FrameMarkerCommand(frame_action=FrameAction.END, frame_id=7),
        ]
    )
    core = ClientCoreData(
        desktop_width=1920,
        desktop_height=1080,
        keyboard_layout=0x409,
        client_build=18363,
        client_name="workstation",
        post_beta2_color_depth=ColorDepth.BPP_8,
        client_product_id=1,
        serial_number=0,
        high_color_depth=HighColorDepth.BPP_24,
        supported_color_depths=SupportedColorDepths(15),
        early_capability_flags=ClientEarlyCapabilityFlags(0x7B3),
        client_dig_product_id="69712-783-0357974-42714",
        connection_type=ConnectionType.LAN,
        server_selected_protocol=SecurityProtocol.HYBRID,
    )
    moves = [MouseEvent(pointer_flags=PointerFlags.MOVE, x_pos=640, y_pos=480)]
    keys = [
        KeyboardEvent(keyboard_flags=KeyboardFlags(0), key_code=0x1E),
        KeyboardEvent(keyboard_flags=KeyboardFlags.RELEASE, key_code=0x1E),
    ]
    update = FastPathUpdate(update_code=UpdateCode.BITMAP, update_data=bytes(8000))
    return [
        (
            "Fast-Path Output, 1 update of 8 kB",
            FastPathOutput(fp_output_updates=[update]),
            by_hand.decode_output,
            by_hand.encode_output,
        ),
        (
            "Bitmap Update, 8 rectangles",
            BitmapUpdate(rectangles=[tile(index) for index in range(8)]),
            by_hand.decode_bitmaps,
            by_hand.encode_bitmaps,
        ),
        ("Surface Commands, a frame of one", surface, by_hand.decode_surface, by_hand.encode_surface),
        (
            "New Pointer Update",
            NewPointerUpdate(xor_bpp=32, color_ptr_attr=shape),
            by_hand.decode_pointer,
            by_hand.encode_pointer,
        ),
        (
            "Fast-Path Input, a mouse move",
            FastPathInput(fp_input_events=list(moves)),
            by_hand.decode_mouse,
            by_hand.encode_mouse,
        ),
        (
            "Fast-Path Input, a key down and up",
            FastPathInput(fp_input_events=list(keys)),
            by_hand.decode_keys,
            by_hand.encode_keys,
        ),
        (
            "MCS Send Data Indication, 1.4 kB",
            SendDataIndication(initiator=1002, channel_id=1003, user_data=bytes(1400)),
            by_hand.decode_send_data,
            by_hand.encode_send_data,
        ),
        (
            "Share Data Header, 1.4 kB",
            ShareDataHeader(pdu_type2=PduType2.UPDATE, share_id=0x103EA, pdu_source=1002, payload=bytes(1400)),
            by_hand.decode_share_data,
            by_hand.encode_share_data,
        ),
        (
            "Channel PDU Header",
            ChannelHeader(length=1600, flags=ChannelFlags.FIRST | ChannelFlags.LAST),
            by_hand.decode_channel,
            by_hand.encode_channel,
        ),
        ("Client Core Data, 21 fields", core, by_hand.decode_core, by_hand.encode_core),
    ]


def check(pdu: Pdu, decode: Callable[[bytes], Pdu], encode: Callable[[Any], bytes]) -> bytes:
    """Both sides say the same, and take no half of it; gives the bytes."""
    data = pdu.encode()
    assert encode(pdu) == data
    assert type(pdu).decode(data) == pdu
    assert decode(data) == pdu
    for decoder in (type(pdu).decode, decode):
        try:
            decoder(data[: len(data) // 2])
        except (DecodeError, by_hand.Short, struct.error, IndexError):
            continue
        raise AssertionError(f"{type(pdu).__name__}: half a PDU was taken")
    return data


def microseconds(call: Callable[[], object], seconds: float) -> float:
    def repeat() -> None:
        for _ in range(REPEATS):
            call()

    return best_seconds(repeat, seconds) / REPEATS * 1e6


def main() -> None:
    report = Report("pdu: decoding and encoding, beside hand-written struct (goal: at most as long)")
    seconds = 0.1 if report.quick else 0.6
    for name, pdu, decode_by_hand, encode_by_hand in pdus():
        data = check(pdu, decode_by_hand, encode_by_hand)
        calls: list[tuple[str, Callable[[], object], Callable[[], object]]] = [
            ("decode", functools.partial(type(pdu).decode, data), functools.partial(decode_by_hand, data)),
            ("encode", pdu.encode, functools.partial(encode_by_hand, pdu)),
        ]
        for verb, own, by_other in calls:
            value = microseconds(own, seconds)
            peer = microseconds(by_other, seconds)
            report.add(
                f"{verb} {name}", value, "us", peer="struct", peer_value=peer, goal=peer * GOAL, less_is_better=True
            )
    report.finish()


if __name__ == "__main__":
    main()
