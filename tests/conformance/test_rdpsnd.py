"""The shared vectors of audio output."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.expected import plain
from tests.shared import Case, cases
from trio_rdp.channels import rdpsnd
from trio_rdp.wire.pdu import Pdu

# The names that vectors give to what we call otherwise.
_NAMES = {
    "format": "format_tag",
    "n_channels": "channels",
    "n_samples_per_sec": "samples_per_sec",
    "n_avg_bytes_per_sec": "avg_bytes_per_sec",
    "n_block_align": "block_align",
    "extra": "data",
    "formats": "snd_formats",
    "timestamp": "time_stamp",
    "audio_timestamp": "audio_time_stamp",
}
_SERVER = "ServerAudioFormatsAndVersion"
_CLASSES = {
    "SNDC_FORMATS (server)": _SERVER,
    "ServerAudioOutputPdu::AudioFormat": _SERVER,
    "SNDC_FORMATS (client)": "ClientAudioFormatsAndVersion",
    "ClientAudioOutputPdu::AudioFormat": "ClientAudioFormatsAndVersion",
    "SNDC_CLOSE": "Close",
    "SNDC_QUALITYMODE": "QualityMode",
    "SNDC_TRAINING": "Training",
    "ServerAudioOutputPdu::Training": "Training",
    "SNDC_TRAINING confirm": "TrainingConfirm",
    "SNDC_SETVOLUME": "Volume",
    "SNDC_WAVECONFIRM": "WaveConfirm",
    "SNDC_WAVE2": "Wave2",
    "ServerAudioOutputPdu::Wave2": "Wave2",
}
_FROM_CLIENT = rdpsnd.ClientAudioFormatsAndVersion | rdpsnd.QualityMode | rdpsnd.TrainingConfirm | rdpsnd.WaveConfirm


def _octets(value: Any) -> bytes:
    """Bytes, in one of the ways in which vectors write them."""
    if isinstance(value, dict):
        return bytes.fromhex(value["hex"])
    return bytes.fromhex(value) if isinstance(value, str) else bytes(value or b"")


def _check(pdu: Pdu, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        ours = _NAMES.get(name, name)
        if name in ("_type", "pdu"):
            continue
        if name == "formats":
            assert isinstance(pdu, rdpsnd.ServerAudioFormatsAndVersion | rdpsnd.ClientAudioFormatsAndVersion)
            assert len(pdu.snd_formats) == len(value)
            for audio_format, expected in zip(pdu.snd_formats, value, strict=True):
                _check(audio_format, expected)
        elif ours == "data":
            assert getattr(pdu, ours) == _octets(value), name
        elif name == "format":
            assert isinstance(pdu, rdpsnd.AudioFormat)
            assert f"WaveFormat::{pdu.format_tag.name}" == value["enum"]
        elif name in ("volume_left", "volume_right"):
            assert isinstance(pdu, rdpsnd.ClientAudioFormatsAndVersion)
            assert getattr(rdpsnd.Volume(volume=pdu.volume), name.removeprefix("volume_")) == value
        elif type(pdu).__name__ == _SERVER and name in ("flags", "volume", "pitch", "dgram_port"):
            assert value == 0, "unused, and has no attribute"
        else:
            assert getattr(pdu, ours) == plain(value), name


@pytest.mark.parametrize("case", cases("rdpsnd-pdu"))
def test_pdus(case: Case) -> None:
    expected = case.expected
    if case.id == "rdpsnd-wave-pair":
        first, second = case.file("input_0"), case.file("input_1")
        info = rdpsnd.decode_rdpsnd_from_server(first)
        assert isinstance(info, rdpsnd.WaveInfo)
        wave = rdpsnd.decode_rdpsnd_from_server(second, wave_info=info)
        assert isinstance(wave, rdpsnd.Wave)
        audio = bytes.fromhex(expected["data"])
        assert info.join(wave) == audio
        assert (info.time_stamp, info.format_no, info.block_no) == (
            expected["timestamp"],
            expected["format_no"],
            expected["block_no"],
        )
        pair = rdpsnd.split_wave(audio, time_stamp=info.time_stamp, format_no=1, block_no=9)
        assert [pdu.encode() for pdu in pair] == [first, second]
        return
    name = _CLASSES[expected.get("type") or expected["pdu"]]
    raw = case.input
    is_from_client = issubclass(getattr(rdpsnd, name), _FROM_CLIENT)
    pdu: Pdu = (rdpsnd.decode_rdpsnd_from_client if is_from_client else rdpsnd.decode_rdpsnd_from_server)(raw)
    assert type(pdu).__name__ == name
    _check(pdu, expected["fields"]["value"] if "fields" in expected else expected)
    assert case.params["roundtrip"]
    assert pdu.encode() == raw
