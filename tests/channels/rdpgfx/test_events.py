from __future__ import annotations

import pytest

from trio_rdp.channels.rdpgfx.capabilities import CapabilityFlags, CapabilityVersion
from trio_rdp.channels.rdpgfx.events import Confirmed
from trio_rdp.graphics.pipeline.jobs import PipelineCodec

V8, V81, V10, V101, V102, V103, V104, V105, V106, V107 = CapabilityVersion
NONE = CapabilityFlags(0)
THIN, SMALL = CapabilityFlags.THINCLIENT, CapabilityFlags.SMALL_CACHE
AVC420, NO_AVC = CapabilityFlags.AVC420_ENABLED, CapabilityFlags.AVC_DISABLED
LATER = (V10, V102, V103, V104, V105, V106, V107)


def h264(version: CapabilityVersion, flags: CapabilityFlags = NONE) -> tuple[bool, bool, bool, bool]:
    confirmed = Confirmed(version, flags)
    return confirmed.takes_avc420, confirmed.takes_avc444, confirmed.takes_avc444v2, confirmed.mixes_avc


@pytest.mark.parametrize(
    ("version", "flags", "expected"),
    [
        (V8, NONE, (False, False, False, False)),
        (V8, AVC420, (False, False, False, False)),
        (V81, NONE, (False, False, False, False)),
        (V81, AVC420, (True, False, False, False)),
        (V10, NONE, (True, True, False, False)),
        (V101, NONE, (True, True, True, False)),
        (V102, NONE, (True, True, True, False)),
        (V103, NONE, (True, True, True, False)),
        (V104, NONE, (True, True, True, True)),
        (V107, NONE, (True, True, True, True)),
    ],
)
def test_h264(version: CapabilityVersion, flags: CapabilityFlags, expected: tuple[bool, bool, bool, bool]) -> None:
    assert h264(version, flags) == expected
    if version in LATER:
        assert not any(h264(version, NO_AVC))


@pytest.mark.parametrize("version", list(CapabilityVersion))
def test_the_size_of_the_cache(version: CapabilityVersion) -> None:
    large, small = (100 << 20, 25_600), (16 << 20, 4_096)
    sizes = {}
    for flags in (NONE, SMALL, THIN):
        confirmed = Confirmed(version, flags)
        sizes[flags] = (confirmed.cache_bytes, confirmed.cache_slots)
    assert sizes[NONE] == (small if version == V103 else large)
    assert sizes[SMALL] == small
    assert sizes[THIN] == (small if version in (V8, V81, V103) else large)


def test_remotefx_is_a_thin_clients_of_old() -> None:
    for version in CapabilityVersion:
        is_old = version in (V8, V81)
        assert Confirmed(version, THIN).takes_progressive is not is_old
        assert Confirmed(version, THIN).takes_remotefx is is_old
        assert Confirmed(version).takes_progressive


def test_who_prefers_h264() -> None:
    assert Confirmed(V103, CapabilityFlags.AVC_THINCLIENT).prefers_avc
    assert not Confirmed(V103).prefers_avc
    assert not Confirmed(V8, CapabilityFlags.AVC_THINCLIENT).prefers_avc


def test_what_came_with_which_version() -> None:
    assert [version for version in CapabilityVersion if Confirmed(version).takes_quality] == list(LATER)
    assert [version for version in CapabilityVersion if Confirmed(version).can_reset] == [V103, V104, V105, V106, V107]
    assert [version for version in CapabilityVersion if Confirmed(version).takes_scaled_mapping] == [V105, V106, V107]
    assert not Confirmed(V107, CapabilityFlags.SCALEDMAP_DISABLE).takes_scaled_mapping


def test_which_codecs_are_taken() -> None:
    avc = {PipelineCodec.AVC420, PipelineCodec.AVC444, PipelineCodec.AVC444V2}
    always = set(PipelineCodec) - avc

    def taken(version: CapabilityVersion, flags: CapabilityFlags = NONE) -> set[PipelineCodec]:
        return {codec for codec in PipelineCodec if Confirmed(version, flags).takes(codec)}

    assert taken(V8) == always
    assert taken(V81, AVC420) == always | {PipelineCodec.AVC420}
    assert taken(V10) == always | {PipelineCodec.AVC420, PipelineCodec.AVC444}
    assert taken(V107) == always | avc
    assert taken(V107, NO_AVC) == always
    assert not Confirmed(V107).takes(PipelineCodec(9))
