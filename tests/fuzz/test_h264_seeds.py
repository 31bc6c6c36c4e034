from __future__ import annotations

import contextlib

import pytest

from tests.fuzz.h264_seeds import FOLDER, PICTURES, SETTINGS, other_encoders
from tests.shared import cases
from trio_rdp.codecs import avc
from trio_rdp.codecs.view import View
from trio_rdp.wire.errors import DecodeError

pytest.importorskip("av")


def pictures(messages: list[bytes], mode: avc.Mode) -> int:
    """How many of them are drawn."""
    decoder, view = avc.Decoder(), View.whole(bytearray(1024 * 768 * 4), 1024, 768)
    drawn = 0
    for message in messages:
        with contextlib.suppress(DecodeError):
            drawn += bool(decoder.decode_into(message, view, mode))
    return drawn


@pytest.mark.parametrize("mode", avc.Mode)
def test_other_settings(mode: avc.Mode) -> None:
    own = dict(zip(sorted(SETTINGS), other_encoders(mode), strict=False))
    assert sorted(path.name for path in FOLDER.iterdir()) == sorted(own)
    for name, messages in own.items():
        # Pictures that refer to later ones cannot be shown at once: the decoder keeps some back.
        least = 1 if name.endswith("out-of-order") else PICTURES
        assert least <= pictures(messages, mode) <= PICTURES, name


@pytest.mark.parametrize("case", cases("egfx-avc420-bitmap")[:1])
@pytest.mark.parametrize("mode", avc.Mode)
def test_other_peers(mode: avc.Mode, case: object) -> None:
    """One file or capture in each mode at least; what others sent is drawn, each picture of it."""
    assert case
    theirs = [messages for messages in list(other_encoders(mode))[len(SETTINGS) :] if messages]
    assert theirs
    assert [pictures(messages, mode) for messages in theirs] == list(map(len, theirs))
