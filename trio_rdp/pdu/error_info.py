"""Why a server ends a connection, [MS-RDPBCGR] 2.2.5.1: every code of the document, and each in plain words."""

from __future__ import annotations

from typing import Annotated, ClassVar

from trio_rdp.pdu.share import PduType2
from trio_rdp.wire.fields import u32
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = ["ErrorInfo", "SetErrorInfo", "describe"]


class ErrorInfo(OpenEnum):
    """The codes of Set Error Info (ERRINFO_*)."""

    NONE = 0x00000000
    RPC_INITIATED_DISCONNECT = 0x00000001
    RPC_INITIATED_LOGOFF = 0x00000002
    IDLE_TIMEOUT = 0x00000003
    LOGON_TIMEOUT = 0x00000004
    DISCONNECTED_BY_OTHER_CONNECTION = 0x00000005
    OUT_OF_MEMORY = 0x00000006
    SERVER_DENIED_CONNECTION = 0x00000007
    SERVER_INSUFFICIENT_PRIVILEGES = 0x00000009
    SERVER_FRESH_CREDENTIALS_REQUIRED = 0x0000000A
    RPC_INITIATED_DISCONNECT_BY_USER = 0x0000000B
    LOGOFF_BY_USER = 0x0000000C
    CLOSE_STACK_ON_DRIVER_NOT_READY = 0x0000000F
    SERVER_DWM_CRASH = 0x00000010
    CLOSE_STACK_ON_DRIVER_FAILURE = 0x00000011
    CLOSE_STACK_ON_DRIVER_IFACE_FAILURE = 0x00000012
    SERVER_WINLOGON_CRASH = 0x00000017
    SERVER_CSRSS_CRASH = 0x00000018
    SERVER_SHUTDOWN = 0x00000019
    SERVER_REBOOT = 0x0000001A

    LICENSE_INTERNAL = 0x00000100
    LICENSE_NO_LICENSE_SERVER = 0x00000101
    LICENSE_NO_LICENSE = 0x00000102
    LICENSE_BAD_CLIENT_MSG = 0x00000103
    LICENSE_HWID_DOESNT_MATCH_LICENSE = 0x00000104
    LICENSE_BAD_CLIENT_LICENSE = 0x00000105
    LICENSE_CANT_FINISH_PROTOCOL = 0x00000106
    LICENSE_CLIENT_ENDED_PROTOCOL = 0x00000107
    LICENSE_BAD_CLIENT_ENCRYPTION = 0x00000108
    LICENSE_CANT_UPGRADE_LICENSE = 0x00000109
    LICENSE_NO_REMOTE_CONNECTIONS = 0x0000010A

    CB_DESTINATION_NOT_FOUND = 0x00000400
    CB_LOADING_DESTINATION = 0x00000402
    CB_REDIRECTING_TO_DESTINATION = 0x00000404
    CB_SESSION_ONLINE_VM_WAKE = 0x00000405
    CB_SESSION_ONLINE_VM_BOOT = 0x00000406
    CB_SESSION_ONLINE_VM_NO_DNS = 0x00000407
    CB_DESTINATION_POOL_NOT_FREE = 0x00000408
    CB_CONNECTION_CANCELLED = 0x00000409
    CB_CONNECTION_ERROR_INVALID_SETTINGS = 0x00000410
    CB_SESSION_ONLINE_VM_BOOT_TIMEOUT = 0x00000411
    CB_SESSION_ONLINE_VM_SESSMON_FAILED = 0x00000412

    UNKNOWN_PDU_TYPE2 = 0x000010C9
    UNKNOWN_PDU_TYPE = 0x000010CA
    DATA_PDU_SEQUENCE = 0x000010CB
    CONTROL_PDU_SEQUENCE = 0x000010CD
    INVALID_CONTROL_PDU_ACTION = 0x000010CE
    INVALID_INPUT_PDU_TYPE = 0x000010CF
    INVALID_INPUT_PDU_MOUSE = 0x000010D0
    INVALID_REFRESH_RECT_PDU = 0x000010D1
    CREATE_USER_DATA_FAILED = 0x000010D2
    CONNECT_FAILED = 0x000010D3
    CONFIRM_ACTIVE_WRONG_SHARE_ID = 0x000010D4
    CONFIRM_ACTIVE_WRONG_ORIGINATOR = 0x000010D5
    PERSISTENT_KEY_PDU_BAD_LENGTH = 0x000010DA
    PERSISTENT_KEY_PDU_ILLEGAL_FIRST = 0x000010DB
    PERSISTENT_KEY_PDU_TOO_MANY_TOTAL_KEYS = 0x000010DC
    PERSISTENT_KEY_PDU_TOO_MANY_CACHE_KEYS = 0x000010DD
    INPUT_PDU_BAD_LENGTH = 0x000010DE
    BITMAP_CACHE_ERROR_PDU_BAD_LENGTH = 0x000010DF
    SECURITY_DATA_TOO_SHORT = 0x000010E0
    VCHANNEL_DATA_TOO_SHORT = 0x000010E1
    SHARE_DATA_TOO_SHORT = 0x000010E2
    BAD_SUPPRESS_OUTPUT_PDU = 0x000010E3
    CONFIRM_ACTIVE_PDU_TOO_SHORT = 0x000010E5
    CAPABILITY_SET_TOO_SMALL = 0x000010E7
    CAPABILITY_SET_TOO_LARGE = 0x000010E8
    NO_CURSOR_CACHE = 0x000010E9
    BAD_CAPABILITIES = 0x000010EA
    VIRTUAL_CHANNEL_DECOMPRESSION_ERROR = 0x000010EC
    INVALID_VC_COMPRESSION_TYPE = 0x000010ED
    INVALID_CHANNEL_ID = 0x000010EF
    VCHANNELS_TOO_MANY = 0x000010F0
    REMOTE_APPS_NOT_ENABLED = 0x000010F3
    CACHE_CAP_NOT_SET = 0x000010F4
    BITMAP_CACHE_ERROR_PDU_BAD_LENGTH2 = 0x000010F5
    OFFSCREEN_CACHE_ERROR_PDU_BAD_LENGTH = 0x000010F6
    DRAW_NINEGRID_CACHE_ERROR_PDU_BAD_LENGTH = 0x000010F7
    GDIPLUS_PDU_BAD_LENGTH = 0x000010F8
    SECURITY_DATA_TOO_SHORT2 = 0x00001111
    SECURITY_DATA_TOO_SHORT3 = 0x00001112
    SECURITY_DATA_TOO_SHORT4 = 0x00001113
    SECURITY_DATA_TOO_SHORT5 = 0x00001114
    SECURITY_DATA_TOO_SHORT6 = 0x00001115
    SECURITY_DATA_TOO_SHORT7 = 0x00001116
    SECURITY_DATA_TOO_SHORT8 = 0x00001117
    SECURITY_DATA_TOO_SHORT9 = 0x00001118
    SECURITY_DATA_TOO_SHORT10 = 0x00001119
    SECURITY_DATA_TOO_SHORT11 = 0x0000111A
    SECURITY_DATA_TOO_SHORT12 = 0x0000111B
    SECURITY_DATA_TOO_SHORT13 = 0x0000111C
    SECURITY_DATA_TOO_SHORT14 = 0x0000111D
    SECURITY_DATA_TOO_SHORT15 = 0x0000111E
    SECURITY_DATA_TOO_SHORT16 = 0x0000111F
    SECURITY_DATA_TOO_SHORT17 = 0x00001120
    SECURITY_DATA_TOO_SHORT18 = 0x00001121
    SECURITY_DATA_TOO_SHORT19 = 0x00001122
    SECURITY_DATA_TOO_SHORT20 = 0x00001123
    SECURITY_DATA_TOO_SHORT21 = 0x00001124
    SECURITY_DATA_TOO_SHORT22 = 0x00001125
    SECURITY_DATA_TOO_SHORT23 = 0x00001126
    BAD_MONITOR_DATA = 0x00001129
    VC_DECOMPRESSED_REASSEMBLE_FAILED = 0x0000112A
    VC_DATA_TOO_LONG = 0x0000112B
    BAD_FRAME_ACK_DATA = 0x0000112C
    GRAPHICS_MODE_NOT_SUPPORTED = 0x0000112D
    GRAPHICS_SUBSYSTEM_RESET_FAILED = 0x0000112E
    GRAPHICS_SUBSYSTEM_FAILED = 0x0000112F
    TIMEZONE_KEY_NAME_LENGTH_TOO_SHORT = 0x00001130
    TIMEZONE_KEY_NAME_LENGTH_TOO_LONG = 0x00001131
    DYNAMIC_DST_DISABLED_FIELD_MISSING = 0x00001132
    VC_DECODING_ERROR = 0x00001133
    VIRTUAL_DESKTOP_TOO_LARGE = 0x00001134
    MONITOR_GEOMETRY_VALIDATION_FAILED = 0x00001135
    INVALID_MONITOR_COUNT = 0x00001136
    UPDATE_SESSION_KEY_FAILED = 0x00001191
    DECRYPT_FAILED = 0x00001192
    ENCRYPT_FAILED = 0x00001193
    ENCRYPTION_PACKAGE_MISMATCH = 0x00001194
    DECRYPT_FAILED2 = 0x00001195


@pdu
class SetErrorInfo(Pdu):
    """Set Error Info (TS_SET_ERROR_INFO_PDU), [MS-RDPBCGR] 2.2.5.1.1."""

    pdu_type2: ClassVar[PduType2] = PduType2.SET_ERROR_INFO

    error_info: Annotated[ErrorInfo, u32]


def describe(code: int) -> str:
    """Say in plain words why the server ended the connection; an unknown code is named by its number."""
    return _TEXTS.get(code) or f"the server gave the unknown reason {code:#010x}"


def _too_short(what: str) -> str:
    return f"the server found {what} cut off"


_TEXTS: dict[int, str] = {
    ErrorInfo.NONE: "nothing went wrong",
    ErrorInfo.RPC_INITIATED_DISCONNECT: "an administrator disconnected the session",
    ErrorInfo.RPC_INITIATED_LOGOFF: "an administrator logged the user off",
    ErrorInfo.IDLE_TIMEOUT: "nobody used the session for longer than the server allows",
    ErrorInfo.LOGON_TIMEOUT: "the session reached the longest time that the server allows",
    ErrorInfo.DISCONNECTED_BY_OTHER_CONNECTION: "somebody else connected and took over the session",
    ErrorInfo.OUT_OF_MEMORY: "the server has no memory left",
    ErrorInfo.SERVER_DENIED_CONNECTION: "the server refused the connection",
    ErrorInfo.SERVER_INSUFFICIENT_PRIVILEGES: "the user may not log on to this server",
    ErrorInfo.SERVER_FRESH_CREDENTIALS_REQUIRED: "the server wants the password typed anew, not a stored one",
    ErrorInfo.RPC_INITIATED_DISCONNECT_BY_USER: "a program in the user's own session disconnected it",
    ErrorInfo.LOGOFF_BY_USER: "the user logged off",
    ErrorInfo.CLOSE_STACK_ON_DRIVER_NOT_READY: "the server's display driver did not start in time",
    ErrorInfo.SERVER_DWM_CRASH: "the session's window manager (DWM) crashed",
    ErrorInfo.CLOSE_STACK_ON_DRIVER_FAILURE: "the server's display driver could not start",
    ErrorInfo.CLOSE_STACK_ON_DRIVER_IFACE_FAILURE: "the server's display driver started but does not work",
    ErrorInfo.SERVER_WINLOGON_CRASH: "the session's logon process (Winlogon) crashed",
    ErrorInfo.SERVER_CSRSS_CRASH: "a system process of the session (CSRSS) crashed",
    ErrorInfo.SERVER_SHUTDOWN: "the server is shutting down",
    ErrorInfo.SERVER_REBOOT: "the server is restarting",
    ErrorInfo.LICENSE_INTERNAL: "the server's licensing failed by itself",
    ErrorInfo.LICENSE_NO_LICENSE_SERVER: "the server found no licence server",
    ErrorInfo.LICENSE_NO_LICENSE: "the server has no client licences left",
    ErrorInfo.LICENSE_BAD_CLIENT_MSG: "the server did not understand a licensing message of the client",
    ErrorInfo.LICENSE_HWID_DOESNT_MATCH_LICENSE: "the client's licence was changed, or belongs to another computer",
    ErrorInfo.LICENSE_BAD_CLIENT_LICENSE: "the client's licence is malformed",
    ErrorInfo.LICENSE_CANT_FINISH_PROTOCOL: "the network broke while a licence was negotiated",
    ErrorInfo.LICENSE_CLIENT_ENDED_PROTOCOL: "the client gave up while a licence was negotiated",
    ErrorInfo.LICENSE_BAD_CLIENT_ENCRYPTION: "a licensing message of the client was wrongly encrypted",
    ErrorInfo.LICENSE_CANT_UPGRADE_LICENSE: "the client's licence could not be renewed",
    ErrorInfo.LICENSE_NO_REMOTE_CONNECTIONS: "the server's own licence does not allow remote connections",
    ErrorInfo.CB_DESTINATION_NOT_FOUND: "the connection broker did not find the computer",
    ErrorInfo.CB_LOADING_DESTINATION: "the computer is just leaving the connection broker",
    ErrorInfo.CB_REDIRECTING_TO_DESTINATION: "the connection broker failed to send the connection on",
    ErrorInfo.CB_SESSION_ONLINE_VM_WAKE: "the virtual machine could not be woken",
    ErrorInfo.CB_SESSION_ONLINE_VM_BOOT: "the virtual machine could not be started",
    ErrorInfo.CB_SESSION_ONLINE_VM_NO_DNS: "the virtual machine's address could not be found",
    ErrorInfo.CB_DESTINATION_POOL_NOT_FREE: "all computers of the connection broker's pool are taken",
    ErrorInfo.CB_CONNECTION_CANCELLED: "the connection broker cancelled the connection",
    ErrorInfo.CB_CONNECTION_ERROR_INVALID_SETTINGS: "the connection broker did not accept the routing token",
    ErrorInfo.CB_SESSION_ONLINE_VM_BOOT_TIMEOUT: "the virtual machine did not start in time",
    ErrorInfo.CB_SESSION_ONLINE_VM_SESSMON_FAILED: "the virtual machine started, but could not be watched",
    ErrorInfo.UNKNOWN_PDU_TYPE2: "the server does not know the type of a data PDU",
    ErrorInfo.UNKNOWN_PDU_TYPE: "the server does not know the type of a share PDU",
    ErrorInfo.DATA_PDU_SEQUENCE: "the server did not expect a data PDU now",
    ErrorInfo.CONTROL_PDU_SEQUENCE: "the server did not expect an activation PDU now",
    ErrorInfo.INVALID_CONTROL_PDU_ACTION: "the server does not know the action of a Control PDU",
    ErrorInfo.INVALID_INPUT_PDU_TYPE: "the server does not know the type of an input event",
    ErrorInfo.INVALID_INPUT_PDU_MOUSE: "the server found impossible flags in a mouse event",
    ErrorInfo.INVALID_REFRESH_RECT_PDU: "the server found a Refresh Rect PDU malformed",
    ErrorInfo.CREATE_USER_DATA_FAILED: "the server could not make its settings for this client",
    ErrorInfo.CONNECT_FAILED: "the server failed while the channels were being joined",
    ErrorInfo.CONFIRM_ACTIVE_WRONG_SHARE_ID: "the Confirm Active PDU names another share",
    ErrorInfo.CONFIRM_ACTIVE_WRONG_ORIGINATOR: "the Confirm Active PDU names another originator",
    ErrorInfo.PERSISTENT_KEY_PDU_BAD_LENGTH: _too_short("a Persistent Key List PDU"),
    ErrorInfo.PERSISTENT_KEY_PDU_ILLEGAL_FIRST: "two Persistent Key List PDUs both claim to be the first",
    ErrorInfo.PERSISTENT_KEY_PDU_TOO_MANY_TOTAL_KEYS: "a Persistent Key List PDU promises more than 262,144 keys",
    ErrorInfo.PERSISTENT_KEY_PDU_TOO_MANY_CACHE_KEYS: "a Persistent Key List PDU has more keys than its cache has room",
    ErrorInfo.INPUT_PDU_BAD_LENGTH: _too_short("an input PDU"),
    ErrorInfo.BITMAP_CACHE_ERROR_PDU_BAD_LENGTH: _too_short("the head of a Bitmap Cache Error PDU"),
    ErrorInfo.SECURITY_DATA_TOO_SHORT: _too_short("the signature of a fast-path input PDU"),
    ErrorInfo.VCHANNEL_DATA_TOO_SHORT: _too_short("the list of virtual channels, or a channel PDU's header"),
    ErrorInfo.SHARE_DATA_TOO_SHORT: _too_short("a share header, a Control PDU or a Font List PDU"),
    ErrorInfo.BAD_SUPPRESS_OUTPUT_PDU: "the server found a Suppress Output PDU malformed",
    ErrorInfo.CONFIRM_ACTIVE_PDU_TOO_SHORT: _too_short("the Confirm Active PDU"),
    ErrorInfo.CAPABILITY_SET_TOO_SMALL: _too_short("the header of a capability set"),
    ErrorInfo.CAPABILITY_SET_TOO_LARGE: "a capability set claims to be longer than its PDU",
    ErrorInfo.NO_CURSOR_CACHE: "the client offered no room for any pointer",
    ErrorInfo.BAD_CAPABILITIES: "the server did not accept the client's capabilities",
    ErrorInfo.VIRTUAL_CHANNEL_DECOMPRESSION_ERROR: "the server could not decompress a channel PDU",
    ErrorInfo.INVALID_VC_COMPRESSION_TYPE: "a channel PDU names a compression that does not exist",
    ErrorInfo.INVALID_CHANNEL_ID: "a channel PDU came on a channel that does not exist",
    ErrorInfo.VCHANNELS_TOO_MANY: "the client asked for more than 31 static virtual channels",
    ErrorInfo.REMOTE_APPS_NOT_ENABLED: "this server shows single programs only, and the client asked for a desktop",
    ErrorInfo.CACHE_CAP_NOT_SET: "a Persistent Key List PDU came without the capability set that it needs",
    ErrorInfo.BITMAP_CACHE_ERROR_PDU_BAD_LENGTH2: _too_short("the body of a Bitmap Cache Error PDU"),
    ErrorInfo.OFFSCREEN_CACHE_ERROR_PDU_BAD_LENGTH: _too_short("an Offscreen Bitmap Cache Error PDU"),
    ErrorInfo.DRAW_NINEGRID_CACHE_ERROR_PDU_BAD_LENGTH: _too_short("a DrawNineGrid Cache Error PDU"),
    ErrorInfo.GDIPLUS_PDU_BAD_LENGTH: _too_short("a GDI+ Error PDU"),
    ErrorInfo.SECURITY_DATA_TOO_SHORT2: _too_short("a basic security header"),
    ErrorInfo.SECURITY_DATA_TOO_SHORT3: _too_short("a security header with a signature"),
    ErrorInfo.SECURITY_DATA_TOO_SHORT4: _too_short("the head of the Security Exchange PDU"),
    ErrorInfo.SECURITY_DATA_TOO_SHORT5: _too_short("the Info Packet, in its names and password"),
    ErrorInfo.SECURITY_DATA_TOO_SHORT6: _too_short("the Info Packet, in its lengths"),
    ErrorInfo.SECURITY_DATA_TOO_SHORT7: _too_short("the Extended Info Packet, before the client's address"),
    ErrorInfo.SECURITY_DATA_TOO_SHORT8: _too_short("the Extended Info Packet, in the client's address"),
    ErrorInfo.SECURITY_DATA_TOO_SHORT9: _too_short("the Extended Info Packet, before the client's directory"),
    ErrorInfo.SECURITY_DATA_TOO_SHORT10: _too_short("the Extended Info Packet, in the client's directory"),
    ErrorInfo.SECURITY_DATA_TOO_SHORT11: _too_short("the Extended Info Packet, in the time zone"),
    ErrorInfo.SECURITY_DATA_TOO_SHORT12: _too_short("the Extended Info Packet, in the session id"),
    ErrorInfo.SECURITY_DATA_TOO_SHORT13: _too_short("the Extended Info Packet, in the performance flags"),
    ErrorInfo.SECURITY_DATA_TOO_SHORT14: _too_short("the Extended Info Packet, before the auto-reconnect cookie"),
    ErrorInfo.SECURITY_DATA_TOO_SHORT15: _too_short("the Extended Info Packet, in the auto-reconnect cookie"),
    ErrorInfo.SECURITY_DATA_TOO_SHORT16: "the auto-reconnect cookie is longer than 128 bytes",
    ErrorInfo.SECURITY_DATA_TOO_SHORT17: _too_short("the Extended Info Packet, before the client's address"),
    ErrorInfo.SECURITY_DATA_TOO_SHORT18: _too_short("the Extended Info Packet, in the client's address"),
    ErrorInfo.SECURITY_DATA_TOO_SHORT19: _too_short("the Extended Info Packet, before the client's directory"),
    ErrorInfo.SECURITY_DATA_TOO_SHORT20: _too_short("the Extended Info Packet, in the client's directory"),
    ErrorInfo.SECURITY_DATA_TOO_SHORT21: _too_short("the Extended Info Packet, in the time zone"),
    ErrorInfo.SECURITY_DATA_TOO_SHORT22: _too_short("the Extended Info Packet, in the session id"),
    ErrorInfo.SECURITY_DATA_TOO_SHORT23: _too_short("the Client Info PDU"),
    ErrorInfo.BAD_MONITOR_DATA: _too_short("the list of monitors"),
    ErrorInfo.VC_DECOMPRESSED_REASSEMBLE_FAILED: "a channel PDU is larger than a chunk once it is decompressed",
    ErrorInfo.VC_DATA_TOO_LONG: "a channel PDU is larger than a chunk",
    ErrorInfo.BAD_FRAME_ACK_DATA: _too_short("a frame acknowledgement"),
    ErrorInfo.GRAPHICS_MODE_NOT_SUPPORTED: "the server does not have the graphics mode that the client asked for",
    ErrorInfo.GRAPHICS_SUBSYSTEM_RESET_FAILED: "the server's graphics could not be reset",
    ErrorInfo.GRAPHICS_SUBSYSTEM_FAILED: "the server's graphics broke down",
    ErrorInfo.TIMEZONE_KEY_NAME_LENGTH_TOO_SHORT: _too_short("the Extended Info Packet, before the time zone's name"),
    ErrorInfo.TIMEZONE_KEY_NAME_LENGTH_TOO_LONG: "the time zone's name is too long",
    ErrorInfo.DYNAMIC_DST_DISABLED_FIELD_MISSING: "the Extended Info Packet does not say whether clocks change",
    ErrorInfo.VC_DECODING_ERROR: "the server did not understand what came over a dynamic virtual channel",
    ErrorInfo.VIRTUAL_DESKTOP_TOO_LARGE: "the monitors together are larger than 32,766 pixels",
    ErrorInfo.MONITOR_GEOMETRY_VALIDATION_FAILED: "the monitors do not fit together",
    ErrorInfo.INVALID_MONITOR_COUNT: "the client has too many monitors",
    ErrorInfo.UPDATE_SESSION_KEY_FAILED: "the server could not renew the session's keys",
    ErrorInfo.DECRYPT_FAILED: "the server could not decrypt the client's data, or make its keys",
    ErrorInfo.ENCRYPT_FAILED: "the server could not encrypt its data",
    ErrorInfo.ENCRYPTION_PACKAGE_MISMATCH: "client and server have no encryption method in common",
    ErrorInfo.DECRYPT_FAILED2: "data came in the clear where it must be encrypted",
}
