"""The public state names of the machines, the reference's names in upper case; a state carries no data."""

from __future__ import annotations

from trio_rdp.protocol.handshake import State

__all__ = ["ClientConnectorState", "ConnectionActivationState", "LicenseExchangeState", "ServerAcceptorState"]


class ClientConnectorState(State):
    """Where a `ClientConnector` is."""

    CONSUMED = "consumed"
    CONNECTION_INITIATION_SEND_REQUEST = "connection initiation: send request"
    CONNECTION_INITIATION_WAIT_CONFIRM = "connection initiation: wait for confirm"
    ENHANCED_SECURITY_UPGRADE = "enhanced security upgrade"
    CREDSSP = "credssp"
    BASIC_SETTINGS_EXCHANGE_SEND_INITIAL = "basic settings exchange: send initial"
    BASIC_SETTINGS_EXCHANGE_WAIT_RESPONSE = "basic settings exchange: wait for response"
    CHANNEL_CONNECTION = "channel connection"
    SECURE_SETTINGS_EXCHANGE = "secure settings exchange"
    CONNECT_TIME_AUTO_DETECTION = "connect-time auto-detection"
    LICENSING_EXCHANGE = "licensing exchange"
    MULTITRANSPORT_BOOTSTRAPPING = "multitransport bootstrapping"
    CAPABILITIES_EXCHANGE = "capabilities exchange"
    CONNECTION_FINALIZATION = "connection finalization"
    CONNECTED = "connected"


class ServerAcceptorState(State):
    """Where a `ServerAcceptor` is."""

    CONSUMED = "consumed"
    INITIATION_WAIT_REQUEST = "initiation: wait for request"
    INITIATION_SEND_CONFIRM = "initiation: send confirm"
    SECURITY_UPGRADE = "security upgrade"
    CREDSSP = "credssp"
    BASIC_SETTINGS_WAIT_INITIAL = "basic settings: wait for initial"
    BASIC_SETTINGS_SEND_RESPONSE = "basic settings: send response"
    CHANNEL_CONNECTION = "channel connection"
    RDP_SECURITY_COMMENCEMENT = "rdp security commencement"
    SECURE_SETTINGS_EXCHANGE = "secure settings exchange"
    LOGIN = "login"
    CONNECT_TIME_AUTO_DETECTION = "connect-time auto-detection"
    LICENSING_EXCHANGE = "licensing exchange"
    CAPABILITIES_SEND_SERVER = "capabilities: send demand"
    MONITOR_LAYOUT_SEND = "monitor layout: send"
    CAPABILITIES_WAIT_CONFIRM = "capabilities: wait for confirm"
    CONNECTION_FINALIZATION = "connection finalization"
    ACCEPTED = "accepted"


class LicenseExchangeState(State):
    """Where a `LicenseExchangeSequence` is."""

    CONSUMED = "consumed"
    NEW_LICENSE_REQUEST = "new license request"
    PLATFORM_CHALLENGE = "platform challenge"
    UPGRADE_LICENSE = "upgrade license"
    LICENSE_EXCHANGED = "license exchanged"


class ConnectionActivationState(State):
    """Where a `ConnectionActivationSequence` is."""

    CONSUMED = "consumed"
    CAPABILITIES_EXCHANGE = "capabilities exchange"
    CONNECTION_FINALIZATION = "connection finalization"
    FINALIZED = "finalized"
