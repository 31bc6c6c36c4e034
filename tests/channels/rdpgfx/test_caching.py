from __future__ import annotations

import pytest

from tests.pdu.laws import every_truncation_raises, same
from trio_rdp.channels.rdpgfx.caching import (
    MAX_OFFERED,
    CacheEntryMetadata,
    CacheImportOfferPdu,
    CacheImportReplyPdu,
    CacheToSurfacePdu,
    EvictCacheEntryPdu,
    SurfaceToCachePdu,
)
from trio_rdp.wire.errors import EncodeError, InvalidField

SURFACE_TO_CACHE = bytes.fromhex(
    "06000000 1c000000"  # header
    "0300"  # surfaceId
    "0807060504030201"  # cacheKey
    "0e00"  # cacheSlot
    "8002 0000 c002 4000"  # rectSrc
)
CACHE_TO_SURFACE = bytes.fromhex(
    "07000000 12000000"  # header
    "0900"  # cacheSlot
    "0100"  # surfaceId
    "0100"  # destPtsCount
    "6400 38ff"  # destPts
)
OFFER = bytes.fromhex(
    "10000000 22000000"  # header
    "0200"  # cacheEntriesCount
    "0807060504030201 00400000"  # cacheEntries
    "ffffffffffffffff 04000000"
)
REPLY = bytes.fromhex(
    "11000000 10000000"  # header
    "0300"  # importedEntriesCount
    "0600 0900 0200"  # cacheSlots, as in 2.2.2.17
)


def test_surface_to_cache() -> None:
    pdu = SurfaceToCachePdu(surface_id=3, cache_key=0x0102030405060708, cache_slot=14, rect_src=(640, 0, 704, 64))
    same(SURFACE_TO_CACHE, pdu)
    every_truncation_raises(SurfaceToCachePdu, SURFACE_TO_CACHE)


def test_cache_to_surface() -> None:
    same(CACHE_TO_SURFACE, CacheToSurfacePdu(cache_slot=9, surface_id=1, dest_pts=[(100, -200)]))
    every_truncation_raises(CacheToSurfacePdu, CACHE_TO_SURFACE)


def test_evict_cache_entry() -> None:
    raw = bytes.fromhex("08000000 0a000000 0900")
    same(raw, EvictCacheEntryPdu(cache_slot=9))
    every_truncation_raises(EvictCacheEntryPdu, raw)


def test_an_offer() -> None:
    entries = [
        CacheEntryMetadata(cache_key=0x0102030405060708, bitmap_length=16384),
        CacheEntryMetadata(cache_key=(1 << 64) - 1, bitmap_length=4),
    ]
    same(OFFER, CacheImportOfferPdu(cache_entries=entries))
    every_truncation_raises(CacheImportOfferPdu, OFFER)


def test_an_offer_has_less_than_5462_entries() -> None:
    entry = CacheEntryMetadata(cache_key=1, bitmap_length=4)
    raw = CacheImportOfferPdu(cache_entries=[entry] * MAX_OFFERED).encode()
    assert len(CacheImportOfferPdu.decode(raw).cache_entries) == 5461
    with pytest.raises(EncodeError):
        CacheImportOfferPdu(cache_entries=[entry] * (MAX_OFFERED + 1)).encode()
    more = raw[:4] + (len(raw) + 12).to_bytes(4, "little") + b"\x56\x15" + raw[10:] + bytes(12)
    with pytest.raises(InvalidField):
        CacheImportOfferPdu.decode(more)


def test_a_reply() -> None:
    same(REPLY, CacheImportReplyPdu(cache_slots=[6, 9, 2]))
    every_truncation_raises(CacheImportReplyPdu, REPLY)
    with pytest.raises(EncodeError):
        CacheImportReplyPdu(cache_slots=[1] * 65536).encode()
    with pytest.raises(EncodeError):
        CacheImportReplyPdu(cache_slots=[65536]).encode()
