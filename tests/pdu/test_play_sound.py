from __future__ import annotations

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.pdu.play_sound import PlaySound


def test_play_sound() -> None:
    raw = bytes.fromhex("f4010000 b8010000")
    same(raw, PlaySound(duration=500, frequency=440))
    every_truncation_raises(PlaySound, raw)
