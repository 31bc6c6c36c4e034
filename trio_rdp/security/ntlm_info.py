"""NTLM before anyone logs in: its forms in CredSSP, what we ask for, and what servers tell about themselves."""

from __future__ import annotations

import datetime
import enum
import struct
from dataclasses import dataclass
from typing import Self

from trio_rdp.security.ntlm_messages import (
    EPOCH,
    AvId,
    ChallengeMessage,
    NegotiateFlags,
    NegotiateMessage,
    decode_av_pairs,
)

__all__ = ["NtlmChallengeInfo", "NtlmForm", "TargetNames", "negotiate_token"]

REQUIRED = NegotiateFlags.SIGN | NegotiateFlags.SEAL | NegotiateFlags.EXTENDED_SESSIONSECURITY | NegotiateFlags.KEY_128
SUPPORTED = (
    REQUIRED
    | NegotiateFlags.UNICODE
    | NegotiateFlags.REQUEST_TARGET
    | NegotiateFlags.NTLM
    | NegotiateFlags.ALWAYS_SIGN
    | NegotiateFlags.VERSION
    | NegotiateFlags.KEY_EXCH
    | NegotiateFlags.KEY_56
)

# VERSION, [MS-NLMP] 2.2.2.10, "for debugging purposes only": 10.0, no build, revision 15.  Some servers insist on it.
OWN_VERSION = bytes((10, 0, 0, 0, 0, 0, 0, 15))


class NtlmForm(enum.Enum):
    """How NTLM messages lie in CredSSP: by themselves, or inside SPNEGO tokens."""

    RAW = "raw"
    SPNEGO = "spnego"

    @property
    def other(self) -> NtlmForm:
        """The form to try when a server takes no tokens in this one."""
        return NtlmForm.SPNEGO if self is NtlmForm.RAW else NtlmForm.RAW


@dataclass(frozen=True)
class TargetNames:
    """The names by which a server goes in its challenge; nothing is read from the machine."""

    netbios_computer: str = "RDP"
    netbios_domain: str = "WORKGROUP"
    dns_computer: str = "rdp"
    dns_domain: str = ""


def negotiate_token() -> bytes:
    """A raw NEGOTIATE_MESSAGE: enough to make a server tell what is in `NtlmChallengeInfo`."""
    return NegotiateMessage(negotiate_flags=SUPPORTED, version=OWN_VERSION).encode()


@dataclass(frozen=True)
class NtlmChallengeInfo:
    """What a server tells about itself before anyone has logged in; an empty name was not told."""

    netbios_computer_name: str = ""
    netbios_domain_name: str = ""
    dns_computer_name: str = ""
    dns_domain_name: str = ""
    dns_tree_name: str = ""
    os_version: tuple[int, int, int] | None = None
    """Major and minor version and build of the operating system."""
    timestamp: datetime.datetime | None = None

    @classmethod
    def from_challenge(cls, message: ChallengeMessage) -> Self:
        """Read what a CHALLENGE_MESSAGE tells."""
        values = dict(decode_av_pairs(message.target_info))

        def text(av_id: AvId) -> str:
            raw = values.get(av_id, b"")
            return raw[: len(raw) & ~1].decode("utf-16-le", "replace")

        major, minor, build = struct.unpack_from("<BBH", message.version)
        return cls(
            netbios_computer_name=text(AvId.NB_COMPUTER_NAME),
            netbios_domain_name=text(AvId.NB_DOMAIN_NAME),
            dns_computer_name=text(AvId.DNS_COMPUTER_NAME),
            dns_domain_name=text(AvId.DNS_DOMAIN_NAME),
            dns_tree_name=text(AvId.DNS_TREE_NAME),
            os_version=(major, minor, build) if any(message.version) else None,
            timestamp=_time(values.get(AvId.TIMESTAMP, b"")),
        )

    @classmethod
    def from_token(cls, token: bytes) -> Self:
        """Read what a raw CHALLENGE_MESSAGE tells; raises `DecodeError` when it is none."""
        return cls.from_challenge(ChallengeMessage.decode(token))


def _time(raw: bytes) -> datetime.datetime | None:
    if len(raw) != 8:
        return None
    try:
        return EPOCH + datetime.timedelta(microseconds=int.from_bytes(raw, "little") // 10)
    except OverflowError:
        return None
