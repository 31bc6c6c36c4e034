"""The ten PDUs of `pdu.py` decoded and encoded with nothing but `struct`, as somebody in a hurry would write it.

Each function gives the same value, or the same bytes, as the library does, and refuses the same truncations; the
benchmark checks that.  Members of enumerations are looked up too, because they are part of the value.
"""

from __future__ import annotations

import struct

from trio_rdp.pdu.bitmap import BitmapData, BitmapFlags, BitmapUpdate
from trio_rdp.pdu.channel import ChannelFlags, ChannelHeader
from trio_rdp.pdu.fastpath import FastPathOutput, FastPathUpdate, Fragmentation, UpdateCode
from trio_rdp.pdu.fastpath_input import FastPathInput
from trio_rdp.pdu.gcc_client import (
    ClientCoreData,
    ClientEarlyCapabilityFlags,
    ColorDepth,
    ConnectionType,
    HighColorDepth,
    KeyboardType,
    RdpVersion,
    SupportedColorDepths,
)
from trio_rdp.pdu.input import KeyboardEvent, KeyboardFlags, MouseEvent, PointerFlags
from trio_rdp.pdu.mcs import SendDataIndication
from trio_rdp.pdu.pointer import ColorPointerUpdate, NewPointerUpdate, Point
from trio_rdp.pdu.share import CompressionFlags, PduType2, ShareDataHeader, StreamId
from trio_rdp.pdu.surface import (
    ExtendedBitmapData,
    FrameAction,
    FrameMarkerCommand,
    SetSurfaceBitsCommand,
    SurfaceCommands,
)
from trio_rdp.pdu.x224 import SecurityProtocol

BITMAP = struct.Struct("<9H")
CHANNEL = struct.Struct("<II")
CORE = struct.Struct("<IHHHHII32sIII64sHHIHHH64sBxI")
COUNT = struct.Struct("<HH")
FRAME_MARKER = struct.Struct("<HHI")
KEY = struct.Struct("<BB")
MOUSE = struct.Struct("<BHHH")
POINTER = struct.Struct("<8H")
SEND_DATA = struct.Struct(">BHHBH")
SHARE_DATA = struct.Struct("<HHHIBBHBBH")
SURFACE_BITS = struct.Struct("<HHHHHBBBBHHI")
UPDATE = struct.Struct("<BH")


class Short(Exception):
    """The bytes end too early."""


def decode_output(data: bytes) -> FastPathOutput:
    if data[0] & 3:
        raise ValueError("not the fast path")
    length, pos = data[1], 2
    if length & 0x80:
        length, pos = (length & 0x7F) << 8 | data[2], 3
    if length > len(data):
        raise Short
    updates = []
    while pos < length:
        header, size = UPDATE.unpack_from(data, pos)
        pos += 3
        if pos + size > length:
            raise Short
        updates.append(
            FastPathUpdate(
                update_code=UpdateCode(header & 0xF),
                fragmentation=Fragmentation(header >> 4 & 3),
                update_data=data[pos : pos + size],
            )
        )
        pos += size
    return FastPathOutput(fp_output_updates=updates)


def encode_output(pdu: FastPathOutput) -> bytes:
    body = bytearray()
    for update in pdu.fp_output_updates:
        body += UPDATE.pack(update.update_code | update.fragmentation << 4, len(update.update_data))
        body += update.update_data
    return b"\0" + (0x8000 | len(body) + 3).to_bytes(2, "big") + body


def decode_bitmaps(data: bytes) -> BitmapUpdate:
    _, count = COUNT.unpack_from(data)
    pos, rectangles = 4, []
    for _ in range(count):
        left, top, right, bottom, width, height, bits_per_pixel, flags, size = BITMAP.unpack_from(data, pos)
        pos += 18
        if pos + size > len(data):
            raise Short
        rectangles.append(
            BitmapData(
                dest_left=left,
                dest_top=top,
                dest_right=right,
                dest_bottom=bottom,
                width=width,
                height=height,
                bits_per_pixel=bits_per_pixel,
                flags=BitmapFlags(flags),
                bitmap_data_stream=data[pos : pos + size],
            )
        )
        pos += size
    return BitmapUpdate(rectangles=rectangles)


def encode_bitmaps(pdu: BitmapUpdate) -> bytes:
    dst = bytearray(COUNT.pack(1, len(pdu.rectangles)))
    for each in pdu.rectangles:
        dst += BITMAP.pack(
            each.dest_left,
            each.dest_top,
            each.dest_right,
            each.dest_bottom,
            each.width,
            each.height,
            each.bits_per_pixel,
            each.flags,
            len(each.bitmap_data_stream),
        )
        dst += each.bitmap_data_stream
    return bytes(dst)


def decode_surface(data: bytes) -> SurfaceCommands:
    commands: list[SetSurfaceBitsCommand | FrameMarkerCommand] = []
    pos = 0
    while pos < len(data):
        if data[pos] == 4:
            _, action, frame_id = FRAME_MARKER.unpack_from(data, pos)
            commands.append(FrameMarkerCommand(frame_action=FrameAction(action), frame_id=frame_id))
            pos += 8
            continue
        _, left, top, right, bottom, bpp, _, _, codec, width, height, size = SURFACE_BITS.unpack_from(data, pos)
        pos += 22
        if pos + size > len(data):
            raise Short
        bitmap = ExtendedBitmapData(
            bpp=bpp, codec_id=codec, width=width, height=height, bitmap_data=data[pos : pos + size]
        )
        commands.append(
            SetSurfaceBitsCommand(
                dest_left=left, dest_top=top, dest_right=right, dest_bottom=bottom, bitmap_data=bitmap
            )
        )
        pos += size
    return SurfaceCommands(surface_commands=list(commands))


def encode_surface(pdu: SurfaceCommands) -> bytes:
    dst = bytearray()
    for command in pdu.surface_commands:
        if isinstance(command, FrameMarkerCommand):
            dst += FRAME_MARKER.pack(4, command.frame_action, command.frame_id)
        elif isinstance(command, SetSurfaceBitsCommand):
            bitmap = command.bitmap_data
            dst += SURFACE_BITS.pack(
                1,
                command.dest_left,
                command.dest_top,
                command.dest_right,
                command.dest_bottom,
                bitmap.bpp,
                0,
                0,
                bitmap.codec_id,
                bitmap.width,
                bitmap.height,
                len(bitmap.bitmap_data),
            )
            dst += bitmap.bitmap_data
    return bytes(dst)


def decode_pointer(data: bytes) -> NewPointerUpdate:
    bpp, index, x, y, width, height, and_size, xor_size = POINTER.unpack_from(data)
    if 16 + and_size + xor_size > len(data):
        raise Short
    return NewPointerUpdate(
        xor_bpp=bpp,
        color_ptr_attr=ColorPointerUpdate(
            cache_index=index,
            hot_spot=Point(x_pos=x, y_pos=y),
            width=width,
            height=height,
            xor_mask_data=data[16 : 16 + xor_size],
            and_mask_data=data[16 + xor_size : 16 + xor_size + and_size],
        ),
    )


def encode_pointer(pdu: NewPointerUpdate) -> bytes:
    shape = pdu.color_ptr_attr
    spot, xor, mask = shape.hot_spot, shape.xor_mask_data, shape.and_mask_data
    header = POINTER.pack(
        pdu.xor_bpp, shape.cache_index, spot.x_pos, spot.y_pos, shape.width, shape.height, len(mask), len(xor)
    )
    return header + xor + mask


def decode_mouse(data: bytes) -> FastPathInput:
    if data[0] & 3 or data[1] > len(data):
        raise Short
    events, pos = [], 2
    for _ in range(data[0] >> 2 & 0xF):
        _, flags, x, y = MOUSE.unpack_from(data, pos)
        events.append(MouseEvent(pointer_flags=PointerFlags(flags), x_pos=x, y_pos=y))
        pos += 7
    return FastPathInput(fp_input_events=list(events))


def encode_mouse(pdu: FastPathInput) -> bytes:
    body = bytearray()
    for event in pdu.fp_input_events:
        assert isinstance(event, MouseEvent)
        body += MOUSE.pack(0x20, event.pointer_flags, event.x_pos, event.y_pos)
    return bytes((len(pdu.fp_input_events) << 2, len(body) + 2)) + body


def decode_keys(data: bytes) -> FastPathInput:
    if data[0] & 3 or data[1] > len(data):
        raise Short
    events, pos = [], 2
    for _ in range(data[0] >> 2 & 0xF):
        header, code = KEY.unpack_from(data, pos)
        flags = (header & 1) << 15 | (header & 2) << 7 | (header & 4) << 7
        events.append(KeyboardEvent(keyboard_flags=KeyboardFlags(flags), key_code=code))
        pos += 2
    return FastPathInput(fp_input_events=list(events))


def encode_keys(pdu: FastPathInput) -> bytes:
    body = bytearray()
    for event in pdu.fp_input_events:
        assert isinstance(event, KeyboardEvent)
        flags = int(event.keyboard_flags)
        body += KEY.pack(flags >> 15 | flags >> 7 & 2 | flags >> 7 & 4, event.key_code)
    return bytes((len(pdu.fp_input_events) << 2, len(body) + 2)) + body


def decode_send_data(data: bytes) -> SendDataIndication:
    first, initiator, channel_id, bits, size = SEND_DATA.unpack_from(data)
    if first >> 2 != 26:
        raise ValueError("not Send Data Indication")
    size &= 0x3FFF
    if 8 + size > len(data):
        raise Short
    return SendDataIndication(
        initiator=initiator + 1001,
        channel_id=channel_id,
        data_priority=bits >> 6,
        segmentation=bits >> 4 & 3,
        user_data=data[8 : 8 + size],
    )


def encode_send_data(pdu: SendDataIndication) -> bytes:
    bits = pdu.data_priority << 6 | pdu.segmentation << 4
    return SEND_DATA.pack(0x68, pdu.initiator - 1001, pdu.channel_id, bits, 0x8000 | len(pdu.user_data)) + pdu.user_data


def decode_share_data(data: bytes) -> ShareDataHeader:
    total, word, source, share, _, stream, uncompressed, kind, compression, compressed = SHARE_DATA.unpack_from(data)
    if total > len(data) or word & 0xF != 7:
        raise Short
    payload = data[18:total]
    return ShareDataHeader(
        pdu_type2=PduType2(kind),
        share_id=share,
        pdu_source=source,
        pdu_version=word >> 4,
        stream_id=StreamId(stream),
        compressed_type=CompressionFlags(compression),
        uncompressed_length=None if uncompressed == len(payload) + 4 else uncompressed,
        compressed_length=None if compressed == 0 else compressed,
        payload=payload,
    )


def encode_share_data(pdu: ShareDataHeader) -> bytes:
    size = len(pdu.payload)
    header = SHARE_DATA.pack(
        size + 18,
        pdu.pdu_version << 4 | 7,
        pdu.pdu_source,
        pdu.share_id,
        0,
        pdu.stream_id,
        size + 4 if pdu.uncompressed_length is None else pdu.uncompressed_length,
        pdu.pdu_type2,
        pdu.compressed_type,
        pdu.compressed_length or 0,
    )
    return header + pdu.payload


def decode_channel(data: bytes) -> ChannelHeader:
    length, flags = CHANNEL.unpack_from(data)
    return ChannelHeader(length=length, flags=ChannelFlags(flags))


def encode_channel(pdu: ChannelHeader) -> bytes:
    return CHANNEL.pack(pdu.length, pdu.flags)


def decode_core(data: bytes) -> ClientCoreData:
    (
        version,
        width,
        height,
        depth,
        sas_sequence,
        layout,
        build,
        name,
        keyboard,
        sub_type,
        function_keys,
        ime,
        beta2_depth,
        product,
        serial,
        high_depth,
        depths,
        early,
        dig_product,
        connection,
        protocol,
    ) = CORE.unpack_from(data)
    return ClientCoreData(
        version=RdpVersion(version),
        desktop_width=width,
        desktop_height=height,
        color_depth=ColorDepth(depth),
        sas_sequence=sas_sequence,
        keyboard_layout=layout,
        client_build=build,
        client_name=_text(name),
        keyboard_type=KeyboardType(keyboard),
        keyboard_sub_type=sub_type,
        keyboard_function_key=function_keys,
        ime_file_name=_text(ime),
        post_beta2_color_depth=ColorDepth(beta2_depth),
        client_product_id=product,
        serial_number=serial,
        high_color_depth=HighColorDepth(high_depth),
        supported_color_depths=SupportedColorDepths(depths),
        early_capability_flags=ClientEarlyCapabilityFlags(early),
        client_dig_product_id=_text(dig_product),
        connection_type=ConnectionType(connection),
        server_selected_protocol=SecurityProtocol(protocol),
    )


def encode_core(pdu: ClientCoreData) -> bytes:
    return CORE.pack(
        pdu.version,
        pdu.desktop_width,
        pdu.desktop_height,
        pdu.color_depth,
        pdu.sas_sequence,
        pdu.keyboard_layout,
        pdu.client_build,
        pdu.client_name.encode("utf-16-le"),
        pdu.keyboard_type,
        pdu.keyboard_sub_type,
        pdu.keyboard_function_key,
        pdu.ime_file_name.encode("utf-16-le"),
        pdu.post_beta2_color_depth,
        pdu.client_product_id,
        pdu.serial_number,
        pdu.high_color_depth,
        pdu.supported_color_depths,
        pdu.early_capability_flags,
        (pdu.client_dig_product_id or "").encode("utf-16-le"),
        pdu.connection_type,
        pdu.server_selected_protocol,
    )


def _text(raw: bytes) -> str:
    return raw[:-2].decode("utf-16-le", "surrogatepass").partition("\0")[0]
