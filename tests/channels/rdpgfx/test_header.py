from __future__ import annotations

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.rdpgfx.drawing import SolidFillPdu, SurfaceToSurfacePdu
from trio_rdp.channels.rdpgfx.frames import EndFramePdu
from trio_rdp.channels.rdpgfx.header import GraphicsCommand, PixelLayout, UnknownGraphicsPdu
from trio_rdp.channels.rdpgfx.surfaces import DeleteSurfacePdu
from trio_rdp.wire.errors import DecodeError, EncodeError, InvalidField, Truncated

END = bytes.fromhex(
    "0c00"  # cmdId
    "0000"  # flags
    "0c000000"  # pduLength, header included
    "07000000"  # frameId
)


def test_a_message_begins_with_its_header() -> None:
    same(END, EndFramePdu(frame_id=7))
    every_truncation_raises(EndFramePdu, END)


def test_flags_and_what_is_behind_the_layout_are_not_looked_at() -> None:
    assert EndFramePdu.decode(b"\x0c\0\x11\x22\x0e\0\0\0\7\0\0\0extra") == EndFramePdu(frame_id=7)


def test_a_length_that_cannot_be() -> None:
    with pytest.raises(InvalidField, match="a message of 7 bytes") as caught:
        EndFramePdu.decode(b"\x0c\0\0\0\7\0\0\0\0\0\0\0")
    assert (caught.value.pdu, caught.value.field, caught.value.offset) == ("EndFramePdu", "pdu_length", 4)
    with pytest.raises(Truncated):
        EndFramePdu.decode(b"\x0c\0\0\0\x0d\0\0\0\7\0\0\0")


def test_another_command() -> None:
    with pytest.raises(DecodeError, match="command 0xc instead of 0xa"):
        DeleteSurfacePdu.decode(END)


def test_what_does_not_fit_leaves_no_trace() -> None:
    dst = bytearray(b"before")
    for broken in (
        EndFramePdu(frame_id=1 << 32),
        SolidFillPdu(surface_id=1, fill_pixel=bytes(4), fill_rects=[(0, 0, 1 << 16, 1)]),
        SolidFillPdu(surface_id=1, fill_pixel=bytes(4), fill_rects=[(0, 0, 1, 1)] * 65536),
        SurfaceToSurfacePdu(surface_id_src=1, surface_id_dest=1, rect_src=(0, 0, 1, 1), dest_pts=[(1 << 15, 0)]),
    ):
        with pytest.raises(EncodeError):
            broken.append_to(dst)
        assert dst == b"before"


def test_a_message_of_an_unknown_command_is_kept() -> None:
    raw = b"\x99\0\0\0\x0b\0\0\0abc"
    same(raw, UnknownGraphicsPdu(cmd_id=0x99, data=b"abc"))
    every_truncation_raises(UnknownGraphicsPdu, raw)


def test_unknown_numbers_are_kept() -> None:
    assert not GraphicsCommand(0x14).is_known
    assert not PixelLayout(0x22).is_known
