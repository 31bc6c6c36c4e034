"""Which message a peer sent: the entry points of either side's receiver."""

from __future__ import annotations

from typing import Any, TypeAlias

from trio_rdp.channels.rdpsnd.data import Close, Training, TrainingConfirm, Wave, Wave2, WaveConfirm, WaveInfo
from trio_rdp.channels.rdpsnd.header import MessageType, RdpsndPdu, UnknownRdpsnd
from trio_rdp.channels.rdpsnd.initialization import (
    ClientAudioFormatsAndVersion,
    CryptKey,
    QualityMode,
    ServerAudioFormatsAndVersion,
)
from trio_rdp.channels.rdpsnd.settings import Pitch, Volume
from trio_rdp.channels.rdpsnd.udp import SignedWaveEncrypt, UdpWave, UdpWaveLast, WaveEncrypt
from trio_rdp.wire.errors import Truncated

__all__ = ["ClientRdpsndPdu", "ServerRdpsndPdu", "decode_rdpsnd_from_client", "decode_rdpsnd_from_server"]

ServerRdpsndPdu: TypeAlias = (
    ServerAudioFormatsAndVersion
    | CryptKey
    | Training
    | WaveInfo
    | Wave
    | WaveEncrypt
    | SignedWaveEncrypt
    | UdpWave
    | UdpWaveLast
    | Close
    | Wave2
    | Volume
    | Pitch
    | UnknownRdpsnd
)
ClientRdpsndPdu: TypeAlias = ClientAudioFormatsAndVersion | QualityMode | TrainingConfirm | WaveConfirm | UnknownRdpsnd

_WITH_HEADER: tuple[type[RdpsndPdu], ...] = (
    ServerAudioFormatsAndVersion,
    CryptKey,
    Training,
    WaveEncrypt,
    Close,
    Wave2,
    Volume,
    Pitch,
)
_FROM_SERVER: dict[int, Any] = {
    **{cls.msg_type: cls for cls in _WITH_HEADER},
    MessageType.WAVE: WaveInfo,
    MessageType.UDPWAVE: UdpWave,
    MessageType.UDPWAVELAST: UdpWaveLast,
}
_FROM_CLIENT: dict[int, Any] = {
    cls.msg_type: cls for cls in (ClientAudioFormatsAndVersion, QualityMode, TrainingConfirm, WaveConfirm)
}


def decode_rdpsnd_from_server(
    data: bytes, *, wave_info: WaveInfo | None = None, signed: bool = False
) -> ServerRdpsndPdu:
    """Decode what a server sent; raises `DecodeError`, but keeps a message of an unknown type.

    `wave_info` is the message before this one, where that was a `WaveInfo`: then this is its `Wave`, which nothing in
    it says.  `signed` says that both sides have at least version 5, so that encrypted waves have a signature.
    """
    if wave_info is not None:
        wave = Wave.decode(data)
        if len(wave.data) < wave_info.wave_size:
            raise Truncated(f"needs {wave_info.wave_size} bytes, {len(wave.data)} left", pdu="Wave", offset=4)
        return Wave(data=wave.data[: wave_info.wave_size])
    unknown = UnknownRdpsnd.decode(data)
    known = _FROM_SERVER.get(unknown.msg_type)
    if known is None:
        return unknown
    pdu: ServerRdpsndPdu = (SignedWaveEncrypt if signed and known is WaveEncrypt else known).decode(data)
    return pdu


def decode_rdpsnd_from_client(data: bytes) -> ClientRdpsndPdu:
    """Decode what a client sent; raises `DecodeError`, but keeps a message of an unknown type."""
    unknown = UnknownRdpsnd.decode(data)
    known = _FROM_CLIENT.get(unknown.msg_type)
    if known is None:
        return unknown
    pdu: ClientRdpsndPdu = known.decode(data)
    return pdu
