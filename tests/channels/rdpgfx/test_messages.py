from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.captures.messages import load
from trio_rdp.channels.rdpgfx.frames import EndFramePdu, StartFramePdu
from trio_rdp.channels.rdpgfx.header import GraphicsCommand, GraphicsPdu, UnknownGraphicsPdu
from trio_rdp.channels.rdpgfx.messages import _PDUS, decode_messages, iterate_messages
from trio_rdp.channels.rdpgfx.reset import ResetGraphicsPdu
from trio_rdp.channels.rdpgfx.surfaces import CreateSurfacePdu
from trio_rdp.codecs.zgfx import Decompressor
from trio_rdp.wire.errors import DecodeError, InvalidField, Truncated

FILES = (
    "gfx-xfreerdp-grd-progressive",
    "gfx-xfreerdp-shadow-avc420",
    "gfx-xfreerdp-shadow-avc444",
    "gfx-xfreerdp-xrdp-progressive",
)


def test_every_command_has_its_message() -> None:
    assert set(_PDUS) == set(GraphicsCommand)
    assert {cls for cls in GraphicsPdu.__subclasses__() if "__dataclass_fields__" in vars(cls)} >= set(_PDUS.values())


def test_many_messages_in_one_transmission() -> None:
    messages = [StartFramePdu(frame_id=1), UnknownGraphicsPdu(cmd_id=0x99, data=b"x"), EndFramePdu(frame_id=1)]
    assert decode_messages(b"".join(one.encode() for one in messages)) == messages
    assert decode_messages(b"") == []


@pytest.mark.parametrize("name", FILES)
def test_what_peers_said(name: str) -> None:
    """All but the padding of ResetGraphics comes out as it went in."""
    inflate = Decompressor().decompress
    for side, unwrap in (("c2s", bytes), ("s2c", inflate)):
        for transmission in load(f"{name}.{side}"):
            check_same(unwrap, transmission)


def check_same(unwrap: Callable[[bytes], bytes], transmission: bytes) -> None:
    raw = unwrap(transmission)
    messages = decode_messages(raw)
    assert messages
    for one in messages:
        assert not isinstance(one, UnknownGraphicsPdu)
        encoded = one.encode()
        size = len(encoded)
        if isinstance(one, ResetGraphicsPdu):
            used = 20 + 20 * len(one.monitor_def_array)
            assert encoded[:used] == raw[:used]
        else:
            assert encoded == raw[:size]
        raw = raw[size:]
    assert not raw


def test_what_makes_no_sense() -> None:
    good = EndFramePdu(frame_id=1).encode()
    with pytest.raises(Truncated, match="needs 8 bytes, 3 left"):
        decode_messages(good + good[:3])
    with pytest.raises(Truncated, match="needs 12 bytes, 11 left") as caught:
        decode_messages(good + good[:-1])
    assert caught.value.offset == 12
    with pytest.raises(InvalidField, match="a message of 0 bytes"):
        decode_messages(good + bytes(8))
    with pytest.raises(DecodeError, match="CreateSurfacePdu"):
        decode_messages(b"\x09\0\0\0\x0b\0\0\0\1\0\1")


def test_they_are_read_one_by_one() -> None:
    """Who has seen enough needs no memory for the rest."""
    create = CreateSurfacePdu.decode(b"\x09\0\0\0\x0f\0\0\0\1\0\2\0\3\0\x20")
    found = iterate_messages(create.encode() + b"broken")
    assert next(found) == create
    with pytest.raises(Truncated):
        next(found)
