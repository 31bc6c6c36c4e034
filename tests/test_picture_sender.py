from __future__ import annotations

from tests.display_link import Link
from trio_rdp.picture_sender import CodecStatistics, PictureSender


async def test_who_sends_updates_is_one() -> None:
    sender: PictureSender = Link().display._roads.sender
    assert sender.unacknowledged == sender.tiles_sent == sender.bytes_encoded == sender.late_acknowledgements == 0
    assert not sender.owes
    assert not sender.is_ahead
    assert sender.codecs == {}


def test_counts_begin_at_nothing() -> None:
    assert CodecStatistics() == CodecStatistics(0, 0, 0.0)
