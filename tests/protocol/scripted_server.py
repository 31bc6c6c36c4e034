"""What a server says, frame by frame, and a client that it has connected."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from trio_rdp.pdu import mcs, tpkt
from trio_rdp.pdu.activation import DeactivateAll, DemandActive
from trio_rdp.pdu.autodetect import AutoDetectRequest
from trio_rdp.pdu.capabilities import AnyCapabilitySet
from trio_rdp.pdu.capabilities_basic import (
    BitmapCapabilitySet,
    ExtraFlags,
    GeneralCapabilitySet,
    InputCapabilitySet,
    InputFlags,
    VirtualChannelCapabilitySet,
)
from trio_rdp.pdu.capabilities_extensions import FrameAcknowledgeCapabilitySet, MultifragmentUpdateCapabilitySet
from trio_rdp.pdu.error_info import ErrorInfo, SetErrorInfo
from trio_rdp.pdu.fastpath import FastPathOutput, FastPathUpdate, Fragmentation, UpdateCode
from trio_rdp.pdu.finalization import Control, ControlAction, FontMap, Synchronize
from trio_rdp.pdu.gcc import ConferenceCreateResponse
from trio_rdp.pdu.gcc_server import (
    ServerCoreData,
    ServerEarlyCapabilityFlags,
    ServerGccBlocks,
    ServerMessageChannelData,
    ServerNetworkData,
    ServerSecurityData,
)
from trio_rdp.pdu.heartbeat import Heartbeat
from trio_rdp.pdu.licensing import valid_client
from trio_rdp.pdu.multitransport import InitiateMultitransportRequest, RequestedProtocol
from trio_rdp.pdu.security import SecurityFlags
from trio_rdp.pdu.share import CompressionFlags, PduType, PduType2, ShareControlHeader, ShareDataHeader
from trio_rdp.pdu.surface import FrameAction, FrameMarkerCommand, SurfaceCommands
from trio_rdp.pdu.x224 import (
    ConnectionConfirm,
    NegotiationFailure,
    NegotiationFailureCode,
    NegotiationResponse,
    NegotiationResponseFlags,
    SecurityProtocol,
    unwrap_data,
    wrap_data,
)
from trio_rdp.protocol.client_connector import ClientConnector
from trio_rdp.protocol.config import ClientConfig
from trio_rdp.protocol.envelopes import SERVER_CHANNEL_ID, Envelopes, split_security_header
from trio_rdp.protocol.states import ClientConnectorState

IO, FIRST, SECOND, MESSAGE, USER = 1003, 1004, 1005, 1006, 1007
SHARE_ID = 0x000103EA
SERVER = Envelopes(True, SERVER_CHANNEL_ID, IO, MESSAGE, SHARE_ID)
EXTENDED = NegotiationResponseFlags(NegotiationResponseFlags.EXTENDED_CLIENT_DATA_SUPPORTED)

S = ClientConnectorState


# Connection initiation.


def confirm(protocol: SecurityProtocol, flags: NegotiationResponseFlags = EXTENDED) -> bytes:
    response = NegotiationResponse(flags=flags, selected_protocol=protocol)
    return tpkt.wrap(ConnectionConfirm(rdp_neg_data=response).encode())


def plain_confirm() -> bytes:
    return tpkt.wrap(ConnectionConfirm().encode())


def failure(code: NegotiationFailureCode) -> bytes:
    return tpkt.wrap(ConnectionConfirm(rdp_neg_data=NegotiationFailure(failure_code=code)).encode())


# Basic settings and channels.


def connect_response(
    *,
    requested: SecurityProtocol | None = None,
    channels: Iterable[int] = (),
    message_channel: int | None = MESSAGE,
    flags: int | None = None,
    security: ServerSecurityData | None = None,
    result: mcs.Result = mcs.Result.SUCCESSFUL,
) -> bytes:
    early = None if flags is None else ServerEarlyCapabilityFlags(flags)
    blocks = ServerGccBlocks(
        core=ServerCoreData(client_requested_protocols=requested, early_capability_flags=early),
        network=ServerNetworkData(mcs_channel_id=IO, channel_id_array=list(channels)),
        security=security or ServerSecurityData(),
    )
    if message_channel is not None:
        blocks.message_channel = ServerMessageChannelData(mcs_channel_id=message_channel)
    conference = ConferenceCreateResponse(user_data=blocks.encode())
    return wrap_data(mcs.ConnectResponse(result=result, user_data=conference.encode()).encode())


def domain(pdu: Any) -> bytes:
    """The frame of an MCS PDU."""
    return wrap_data(pdu.encode())


def attach_confirm(user: int = USER) -> bytes:
    return domain(mcs.AttachUserConfirm(initiator=user))


def join_confirm(channel_id: int, user: int = USER) -> bytes:
    return domain(mcs.ChannelJoinConfirm(initiator=user, requested=channel_id, channel_id=channel_id))


def joined_channel(frame: bytes) -> int:
    """The channel that a client asks to join."""
    request = mcs.decode_domain_pdu(unwrap_data(frame[tpkt.HEADER_SIZE :]))
    assert isinstance(request, mcs.ChannelJoinRequest)
    return request.channel_id


def ultimatum(reason: mcs.Reason = mcs.Reason.USER_REQUESTED) -> bytes:
    return domain(mcs.DisconnectProviderUltimatum(reason=reason))


# Behind a security header.


def secured(flags: int, body: bytes, channel_id: int = IO) -> bytes:
    return SERVER.secured(channel_id, flags, body)


def licensing(body: bytes) -> bytes:
    return secured(SecurityFlags.LICENSE_PKT, body)


def license_valid() -> bytes:
    return licensing(valid_client().encode())


def autodetect(request: AutoDetectRequest) -> bytes:
    return secured(SecurityFlags.AUTODETECT_REQ, request.encode(), MESSAGE)


def heartbeat(period: int = 60, count1: int = 2, count2: int = 5) -> bytes:
    return secured(SecurityFlags.HEARTBEAT, Heartbeat(period=period, count1=count1, count2=count2).encode(), MESSAGE)


def multitransport(request_id: int = 7) -> bytes:
    request = InitiateMultitransportRequest(
        request_id=request_id, requested_protocol=RequestedProtocol.UDP_RELIABLE, security_cookie=bytes(16)
    )
    return secured(SecurityFlags.TRANSPORT_REQ, request.encode(), MESSAGE)


def channel(channel_id: int, payload: bytes) -> bytes:
    return SERVER.wrap(channel_id, payload)


# Behind share headers.


def data(pdu_type2: PduType2, payload: bytes, flags: int = 0) -> bytes:
    header = ShareDataHeader(
        pdu_type2=pdu_type2,
        share_id=SHARE_ID,
        pdu_source=SERVER_CHANNEL_ID,
        compressed_type=CompressionFlags(flags),
        payload=payload,
    )
    return SERVER.wrap(IO, header.encode())


def control(pdu_type: PduType, payload: bytes = b"") -> bytes:
    return SERVER.share_control(pdu_type, payload)


def demand(
    width: int = 1024,
    height: int = 768,
    *,
    depth: int = 32,
    share_id: int = SHARE_ID,
    input_flags: int = InputFlags.SCANCODES | InputFlags.FASTPATH_INPUT2 | InputFlags.UNICODE,
    extra: Iterable[AnyCapabilitySet] = (),
) -> bytes:
    sets: list[AnyCapabilitySet] = [
        GeneralCapabilitySet(
            extra_flags=ExtraFlags(ExtraFlags.FASTPATH_OUTPUT_SUPPORTED),
            refresh_rect_support=True,
            suppress_output_support=True,
        ),
        BitmapCapabilitySet(preferred_bits_per_pixel=depth, desktop_width=width, desktop_height=height),
        InputCapabilitySet(input_flags=InputFlags(input_flags)),
        VirtualChannelCapabilitySet(vc_chunk_size=1600),
        MultifragmentUpdateCapabilitySet(max_request_size=65_536),
        FrameAcknowledgeCapabilitySet(max_unacknowledged_frame_count=0),
        *extra,
    ]
    return control(PduType.DEMAND_ACTIVE, DemandActive(share_id=share_id, capability_sets=sets).encode())


def bare_demand(sets: Iterable[AnyCapabilitySet] = ()) -> bytes:
    """A Demand Active with these capability sets alone."""
    return control(PduType.DEMAND_ACTIVE, DemandActive(share_id=SHARE_ID, capability_sets=list(sets)).encode())


def deactivate_all() -> bytes:
    return control(PduType.DEACTIVATE_ALL, DeactivateAll(share_id=SHARE_ID).encode())


def synchronize() -> bytes:
    return data(PduType2.SYNCHRONIZE, Synchronize(target_user=USER).encode())


def cooperate() -> bytes:
    return data(PduType2.CONTROL, Control(action=ControlAction.COOPERATE).encode())


def granted() -> bytes:
    granted_control = Control(action=ControlAction.GRANTED_CONTROL, grant_id=USER, control_id=SERVER_CHANNEL_ID)
    return data(PduType2.CONTROL, granted_control.encode())


def font_map() -> bytes:
    return data(PduType2.FONT_MAP, FontMap().encode())


def finalization() -> list[bytes]:
    return [synchronize(), cooperate(), granted(), font_map()]


def error_info(code: ErrorInfo) -> bytes:
    return data(PduType2.SET_ERROR_INFO, SetErrorInfo(error_info=code).encode())


def fast(
    code: UpdateCode,
    payload: bytes,
    fragmentation: Fragmentation = Fragmentation.SINGLE,
    compression: int | None = None,
) -> bytes:
    flags = None if compression is None else CompressionFlags(compression)
    update = FastPathUpdate(update_code=code, fragmentation=fragmentation, compression_flags=flags, update_data=payload)
    return FastPathOutput(fp_output_updates=[update]).encode()


def end_of_frame(frame_id: int) -> bytes:
    mark = FrameMarkerCommand(frame_action=FrameAction.END, frame_id=frame_id)
    return fast(UpdateCode.SURFCMDS, SurfaceCommands(surface_commands=[mark]).encode())


# What a client said.


def opened(frame: bytes) -> mcs.SendDataRequest:
    """The MCS PDU of one frame that a client sent."""
    assert frame[0] == 3
    assert int.from_bytes(frame[2:4], "big") == len(frame)
    pdu = mcs.decode_domain_pdu(unwrap_data(frame[tpkt.HEADER_SIZE :]))
    assert isinstance(pdu, mcs.SendDataRequest)
    return pdu


def unsecured(frame: bytes, flags: int) -> bytes:
    """The body of one PDU behind a security header with just these flags."""
    found, body = split_security_header(opened(frame).user_data)
    assert found == flags
    return body


def frames(stream: bytes) -> list[bytes]:
    """The TPKT frames of what was written at once."""
    found = []
    while stream:
        size = int.from_bytes(stream[2:4], "big")
        found.append(stream[:size])
        stream = stream[size:]
    return found


def shared(frame: bytes) -> ShareControlHeader | ShareDataHeader:
    """The share PDU of one frame that a client sent."""
    payload = opened(frame).user_data
    if payload[2] & 0xF == PduType.DATA:
        return ShareDataHeader.decode(payload)
    return ShareControlHeader.decode(payload)


# A client that goes all the way.


def up_to_secure_settings(connector: ClientConnector) -> None:
    """Take a client of a server without security to its Client Info PDU."""
    names = connector.config.static_channels
    connector.step()
    connector.step(confirm(SecurityProtocol(SecurityProtocol.RDP)))
    connector.step()
    connector.step(connect_response(channels=(FIRST, SECOND)[: len(names)]))
    connector.step()
    connector.step(attach_confirm())
    while connector.state is S.CHANNEL_CONNECTION:
        connector.step(join_confirm(joined_channel(connector.step())))


def up_to_licensing(connector: ClientConnector) -> None:
    """... and to where the server speaks of licences."""
    up_to_secure_settings(connector)
    connector.step()
    connector.step()
    assert connector.state is S.LICENSING_EXCHANGE


def up_to_capabilities(connector: ClientConnector) -> None:
    """... and to where the server opens the share."""
    up_to_licensing(connector)
    connector.step(license_valid())
    connector.step()
    assert connector.state is S.CAPABILITIES_EXCHANGE


def up_to_finalization(connector: ClientConnector, opening: bytes | None = None) -> None:
    """... and to where it has finalized and the server has not."""
    up_to_capabilities(connector)
    connector.step(demand() if opening is None else opening)
    connector.step()
    connector.step()
    assert connector.state is S.CONNECTION_FINALIZATION


def connected(config: ClientConfig, opening: bytes | None = None) -> ClientConnector:
    """A client whose connection stands."""
    connector = ClientConnector(config)
    up_to_finalization(connector, opening)
    for frame in finalization():
        connector.step(frame)
    assert connector.state is S.CONNECTED
    return connector
