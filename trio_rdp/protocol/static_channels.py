"""Which static channels a session has, [MS-RDPBCGR] 2.2.1.3.4: those that a client asks for, with their options."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from trio_rdp.channels.dynamic.messages import DRDYNVC_CHANNEL_NAME
from trio_rdp.pdu.gcc_client import ChannelDefinition, ChannelOptions
from trio_rdp.protocol.config import ClientConfig, ServerConfig
from trio_rdp.wire.errors import LocalProtocolError

__all__ = ["channel_definitions", "is_wanted", "share_of", "showing_protocol"]

_OPTIONS = ChannelOptions.INITIALIZED | ChannelOptions.ENCRYPT_RDP
_SHOWN = ChannelOptions(_OPTIONS | ChannelOptions.COMPRESS_RDP | ChannelOptions.SHOW_PROTOCOL)
_COMPRESSED = ChannelOptions(_OPTIONS | ChannelOptions.COMPRESS_RDP)

# As mstsc opens them.
_BUILTIN: Mapping[str, ChannelOptions] = {
    DRDYNVC_CHANNEL_NAME: _COMPRESSED,
    "cliprdr": _SHOWN,
    "rdpsnd": ChannelOptions(_OPTIONS),
    "rdpdr": _COMPRESSED,
    "rail": _SHOWN,
}


def channel_definitions(config: ClientConfig) -> list[ChannelDefinition]:
    """What a client asks for: its user's own channels, then those that its switches need.

    Raises `LocalProtocolError` beyond `Limits.static_channels`, and for a name that is there twice.
    """
    wanted = {
        DRDYNVC_CHANNEL_NAME: config.enable_dynamic_channels,
        "cliprdr": config.enable_clipboard,
        # "If that channel is not advertised, the server will not issue any communication" on the other: so each of
        # the two says of the other one ([MS-RDPEA], note 1, and [MS-RDPEFS], note 1).
        "rdpsnd": config.enable_audio_playback or config.enable_devices,
        "rdpdr": config.enable_devices or config.enable_audio_playback,
        "rail": config.enable_remote_apps,
    }
    found = [one if isinstance(one, ChannelDefinition) else _definition(one) for one in config.static_channels]
    own = {one.name.lower() for one in found}
    if len(own) < len(found):
        raise LocalProtocolError("a static channel is asked for twice; their names know no case")
    found += [_definition(name) for name, is_on in wanted.items() if is_on and name not in own]
    if len(found) > config.limits.static_channels:
        raise LocalProtocolError(f"{len(found)} static channels, more than {config.limits.static_channels}")
    return found


def _definition(name: str) -> ChannelDefinition:
    return ChannelDefinition(name=name, options=_BUILTIN.get(name.lower(), ChannelOptions(_OPTIONS)))


def is_wanted(config: ServerConfig, name: str) -> bool:
    """Whether a server joins a channel that its client asks for; names know no case."""
    return name.lower() in {one.lower() for one in (*config.static_channels, *config.builtin_channels)}


def showing_protocol(definitions: Iterable[ChannelDefinition]) -> frozenset[str]:
    """The channels whose every chunk says that its header is to be shown."""
    return frozenset(one.name for one in definitions if ChannelOptions.SHOW_PROTOCOL in one.options)


def share_of(options: ChannelOptions) -> int:
    """How many PDUs in a row a channel of these options may send while others wait."""
    if ChannelOptions.PRI_HIGH in options:
        return 4
    return 2 if ChannelOptions.PRI_MED in options else 1
