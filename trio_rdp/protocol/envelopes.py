"""The envelopes of a connection: what goes around a PDU's bytes, for one side of one connection.

TPKT, X.224 Data, MCS Send Data, and then, by what is inside, a security header or the share headers.
"""

from __future__ import annotations

from dataclasses import dataclass

from trio_rdp.pdu import mcs, tpkt
from trio_rdp.pdu.security import SecurityFlags
from trio_rdp.pdu.share import (
    CompressionFlags,
    PduType,
    PduType2,
    ShareControlHeader,
    ShareDataHeader,
    StreamId,
    uncompressed_length,
)
from trio_rdp.pdu.x224 import TpduCode, data_head, tpdu_code, unwrap_data, wrap_data
from trio_rdp.wire.errors import RemoteProtocolError, SessionClosed

__all__ = ["SERVER_CHANNEL_ID", "Envelopes", "disconnect", "open_frame", "split_security_header"]

SERVER_CHANNEL_ID = 0x03EA
"""The MCS user id of the server itself, the `pdu_source` of all its share PDUs ([MS-RDPBCGR] 2.2.1.13.1.1)."""


@dataclass(slots=True)
class Envelopes:
    """Wraps what one side sends; the numbers are those of the connection."""

    is_server: bool
    user_channel_id: int = SERVER_CHANNEL_ID
    io_channel_id: int = 0x03EB
    message_channel_id: int | None = None
    share_id: int = 0

    def wrap(self, channel_id: int, payload: bytes) -> bytes:
        """Address bytes to a channel."""
        return self.head(channel_id, len(payload)) + payload

    def head(self, channel_id: int, size: int) -> bytes:
        """What `wrap` puts before `size` bytes."""
        kind = mcs.SendDataIndication if self.is_server else mcs.SendDataRequest
        head = kind.head(self.user_channel_id, channel_id, size)
        return data_head(len(head) + size) + head

    def secured(self, channel_id: int, flags: int, payload: bytes) -> bytes:
        """Address a PDU that stands behind a basic security header ([MS-RDPBCGR] 2.2.8.1.1.2.1)."""
        return self.wrap(channel_id, int(flags).to_bytes(4, "little") + payload)

    def share_control(self, pdu_type: PduType, payload: bytes) -> bytes:
        """Address a PDU that stands behind a share control header alone."""
        header = ShareControlHeader(pdu_type=pdu_type, pdu_source=self.user_channel_id, payload=payload)
        return self.wrap(self.io_channel_id, header.encode())

    def share_data(
        self,
        pdu_type2: PduType2,
        payload: bytes,
        *,
        stream_id: StreamId = StreamId.LOW,
        compression_flags: int = 0,
        size: int = 0,
    ) -> bytes:
        """Address a PDU that stands behind a share data header; a compressed payload comes with its `size` before."""
        header = ShareDataHeader(
            pdu_type2=pdu_type2,
            share_id=self.share_id,
            pdu_source=self.user_channel_id,
            stream_id=stream_id,
            compressed_type=CompressionFlags(compression_flags),
            uncompressed_length=uncompressed_length(size) if compression_flags else None,
            payload=payload,
        )
        return self.wrap(self.io_channel_id, header.encode())


def open_frame(frame: bytes) -> mcs.DomainPdu:
    """The MCS PDU in a TPKT frame.

    Raises `SessionClosed` for an X.224 Disconnect Request, and `DecodeError`.
    """
    tpdu = frame[tpkt.HEADER_SIZE :]
    if tpdu_code(tpdu) == TpduCode.DISCONNECT_REQUEST:
        raise SessionClosed("the peer disconnected (X.224 Disconnect Request)")
    return mcs.decode_domain_pdu(unwrap_data(tpdu))


def disconnect(reason: mcs.Reason) -> bytes:
    """The frame of a Disconnect Provider Ultimatum ([MS-RDPBCGR] 2.2.2.3)."""
    return wrap_data(mcs.DisconnectProviderUltimatum(reason=reason).encode())


def split_security_header(payload: bytes) -> tuple[SecurityFlags, bytes]:
    """Take the basic security header off; its high half is meaningless without encryption."""
    if len(payload) < 4:
        raise RemoteProtocolError(f"a PDU of {len(payload)} bytes has no security header")
    return SecurityFlags(int.from_bytes(payload[:2], "little")), payload[4:]
