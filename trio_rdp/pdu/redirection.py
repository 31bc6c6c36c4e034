"""Server redirection, [MS-RDPBCGR] 2.2.13: where, and as whom, a client is to connect instead.

Under Standard RDP Security a `ServerRedirection` stands behind a security header with REDIRECTION_PKT (2.2.13.2.1);
under Enhanced RDP Security it is inside an `EnhancedSecurityServerRedirection`, behind a Share Control Header.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
from typing import Annotated

from trio_rdp.wire.cursor import Cursor
from trio_rdp.wire.errors import EncodeError, InvalidField
from trio_rdp.wire.fields import U32, Codec, Counted, Pad, Prefixed, Utf16Prefixed, u16, u32
from trio_rdp.wire.numbers import Flag, Flags
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = [
    "CertificateMetaElement",
    "EnhancedSecurityServerRedirection",
    "RedirFlags",
    "ServerRedirection",
    "TargetCertificateContainer",
    "TargetNetAddress",
    "TargetNetAddresses",
]

MAX_ADDRESSES = 256
"""How many target addresses a client reads; hosts have a handful."""

MAX_ELEMENTS = 64
"""How many elements of a certificate container a client reads; only one of them matters."""

ELEMENT_TYPE_CERTIFICATE = 32
ENCODING_TYPE_ASN1_DER = 1

_SEC_REDIRECTION_PKT = 0x0400
_PAD_SIZE = 8


class RedirFlags(Flags):
    """What a Server Redirection Packet contains, and how the client is to act on it."""

    TARGET_NET_ADDRESS = Flag(0x00000001)
    LOAD_BALANCE_INFO = Flag(0x00000002)
    USERNAME = Flag(0x00000004)
    DOMAIN = Flag(0x00000008)
    PASSWORD = Flag(0x00000010)
    DONTSTOREUSERNAME = Flag(0x00000020)
    SMARTCARD_LOGON = Flag(0x00000040)
    NOREDIRECT = Flag(0x00000080)
    TARGET_FQDN = Flag(0x00000100)
    TARGET_NETBIOS_NAME = Flag(0x00000200)
    TARGET_NET_ADDRESSES = Flag(0x00000800)
    CLIENT_TSV_URL = Flag(0x00001000)
    SERVER_TSV_CAPABLE = Flag(0x00002000)
    PASSWORD_IS_PK_ENCRYPTED = Flag(0x00004000)
    REDIRECTION_GUID = Flag(0x00008000)
    TARGET_CERTIFICATE = Flag(0x00010000)


@pdu
class TargetNetAddress(Pdu):
    """Target Net Address (TARGET_NET_ADDRESS), [MS-RDPBCGR] 2.2.13.1.1.1."""

    address: Annotated[str, Utf16Prefixed(u32)]


@pdu
class TargetNetAddresses(Pdu):
    """Target Net Addresses (TARGET_NET_ADDRESSES), [MS-RDPBCGR] 2.2.13.1.1."""

    addresses: Annotated[list[TargetNetAddress], Counted(u32, limit=MAX_ADDRESSES)]


@pdu
class CertificateMetaElement(Pdu):
    """Certificate Meta Element (CERTIFICATE_META_ELEMENT), [MS-RDPBCGR] 2.2.13.1.2.1."""

    type: U32
    encoding: U32
    element_data: Annotated[bytes, Prefixed(u32)]


@pdu
class TargetCertificateContainer(Pdu):
    """Target Certificate Container (TARGET_CERTIFICATE_CONTAINER), [MS-RDPBCGR] 2.2.13.1.2."""

    elements: list[CertificateMetaElement]

    @classmethod
    def decode_from(cls, src: Cursor) -> TargetCertificateContainer:
        elements: list[CertificateMetaElement] = []
        while src.remaining:
            if len(elements) == MAX_ELEMENTS:
                raise InvalidField(f"more than {MAX_ELEMENTS} elements", pdu=cls.__name__, offset=src.pos)
            elements.append(CertificateMetaElement.decode_from(src))
        return cls(elements=elements)

    def encode_into(self, dst: bytearray) -> None:
        for element in self.elements:
            element.encode_into(dst)

    @classmethod
    def from_target_certificate(cls, target_certificate: bytes) -> TargetCertificateContainer:
        """Decode the TargetCertificate field of a redirection: Base64 in Unicode."""
        try:
            text = target_certificate.decode("utf-16-le").partition("\0")[0]
            return cls.decode(base64.b64decode(text))
        except (UnicodeDecodeError, binascii.Error, ValueError) as exc:
            raise InvalidField(f"no Base64 in Unicode: {exc}", pdu=cls.__name__) from None

    @property
    def certificate(self) -> bytes | None:
        """The target's X.509 certificate in DER, when there is one."""
        for element in self.elements:
            if (element.type, element.encoding) == (ELEMENT_TYPE_CERTIFICATE, ENCODING_TYPE_ASN1_DER):
                return element.element_data
        return None


class _Addresses(Codec):
    """Target Net Addresses behind their length."""

    def decode_from(self, src: Cursor) -> TargetNetAddresses:
        return TargetNetAddresses.decode_from(src.sub(src.u32()))

    def encode_into(self, dst: bytearray, value: TargetNetAddresses) -> None:
        _bytes.encode_into(dst, value.encode())


_text = Utf16Prefixed(u32)
_bytes = Prefixed(u32)

_FIELDS: dict[str, tuple[RedirFlags, Codec]] = {
    "target_net_address": (RedirFlags.TARGET_NET_ADDRESS, _text),
    "load_balance_info": (RedirFlags.LOAD_BALANCE_INFO, _bytes),
    "user_name": (RedirFlags.USERNAME, _text),
    "domain": (RedirFlags.DOMAIN, _text),
    "password": (RedirFlags.PASSWORD, _bytes),
    "target_fqdn": (RedirFlags.TARGET_FQDN, _text),
    "target_net_bios_name": (RedirFlags.TARGET_NETBIOS_NAME, _text),
    "tsv_url": (RedirFlags.CLIENT_TSV_URL, _bytes),
    "redirection_guid": (RedirFlags.REDIRECTION_GUID, _bytes),
    "target_certificate": (RedirFlags.TARGET_CERTIFICATE, _bytes),
    "target_net_addresses": (RedirFlags.TARGET_NET_ADDRESSES, _Addresses()),
}


@pdu
class ServerRedirection(Pdu):
    """Server Redirection Packet (RDP_SERVER_REDIRECTION_PACKET), [MS-RDPBCGR] 2.2.13.1.

    The bits of `redir_flags` that say which fields are there are written by themselves.  `password` is a blob for
    RDSTLS with PASSWORD_IS_PK_ENCRYPTED, else text in Unicode; `redirection_guid` and `target_certificate` are Base64
    in Unicode, as RDSTLS wants them back.
    """

    session_id: int = 0
    redir_flags: RedirFlags = RedirFlags(0)
    target_net_address: str | None = None
    load_balance_info: bytes | None = None
    user_name: str | None = None
    domain: str | None = None
    password: bytes | None = dataclasses.field(default=None, repr=False)
    target_fqdn: str | None = None
    target_net_bios_name: str | None = None
    tsv_url: bytes | None = None
    redirection_guid: bytes | None = None
    target_certificate: bytes | None = None
    target_net_addresses: TargetNetAddresses | None = None

    @classmethod
    def decode_from(cls, src: Cursor) -> ServerRedirection:
        start = src.pos
        flags, length = src.u16(), src.u16()
        if flags != _SEC_REDIRECTION_PKT:
            raise InvalidField(f"flags {flags:#x}", pdu=cls.__name__, field="flags", offset=start)
        if length < 12:
            raise InvalidField(f"length {length}", pdu=cls.__name__, field="length", offset=start + 2)
        body = src.sub(length - 4)
        self = cls(session_id=body.u32(), redir_flags=RedirFlags(body.u32()))
        for name, (flag, codec) in _FIELDS.items():
            if flag in self.redir_flags:
                setattr(self, name, codec.decode_from(body))
        return self

    def encode_into(self, dst: bytearray) -> None:
        flags = self.redir_flags
        body = bytearray()
        for name, (flag, codec) in _FIELDS.items():
            value = getattr(self, name)
            if value is None:
                flags = flags.without(flag)
            else:
                flags |= flag
                codec.encode_into(body, value)
        length = 12 + len(body) + _PAD_SIZE
        if length > 0xFFFF:
            raise EncodeError(f"a redirection of {length} bytes")
        u16.encode_into(dst, _SEC_REDIRECTION_PKT)
        u16.encode_into(dst, length)
        u32.encode_into(dst, self.session_id)
        u32.encode_into(dst, flags)
        dst += body + bytes(_PAD_SIZE)


@pdu
class EnhancedSecurityServerRedirection(Pdu):
    """Enhanced Security Server Redirection PDU (TS_ENHANCED_SECURITY_SERVER_REDIRECTION), [MS-RDPBCGR] 2.2.13.3.1.

    It begins behind the Share Control Header.
    """

    server_redirection_pdu: Annotated[ServerRedirection, Pad(2)]

    def encode_into(self, dst: bytearray) -> None:
        dst += bytes(2)
        self.server_redirection_pdu.encode_into(dst)
        dst.append(0)  # pad1Octet, optional, as in the example of 4.6
