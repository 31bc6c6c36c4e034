"""What the server is doing while the client waits for its desktop, [MS-RDPBCGR] 2.2.5.2."""

from __future__ import annotations

from typing import Annotated, ClassVar

from trio_rdp.pdu.share import PduType2
from trio_rdp.wire.fields import u32
from trio_rdp.wire.numbers import OpenEnum
from trio_rdp.wire.pdu import Pdu, pdu

__all__ = ["StatusCode", "StatusInfo", "describe_status"]


class StatusCode(OpenEnum):
    """What the server is doing."""

    FINDING_DESTINATION = 0x0401
    LOADING_DESTINATION = 0x0402
    BRINGING_SESSION_ONLINE = 0x0403
    REDIRECTING_TO_DESTINATION = 0x0404
    VM_LOADING = 0x0501
    VM_WAKING = 0x0502
    VM_STARTING = 0x0503
    VM_STARTING_MONITORING = 0x0504
    VM_RETRYING_MONITORING = 0x0505


_TEXTS = {
    StatusCode.FINDING_DESTINATION: "looking for the computer to connect to",
    StatusCode.LOADING_DESTINATION: "getting the computer ready for use",
    StatusCode.BRINGING_SESSION_ONLINE: "getting the computer ready for a remote session",
    StatusCode.REDIRECTING_TO_DESTINATION: "sending this connection on to the computer",
    StatusCode.VM_LOADING: "loading the virtual machine",
    StatusCode.VM_WAKING: "waking the virtual machine",
    StatusCode.VM_STARTING: "starting the virtual machine",
    StatusCode.VM_STARTING_MONITORING: "starting to watch the virtual machine",
    StatusCode.VM_RETRYING_MONITORING: "trying again to watch the virtual machine",
}


@pdu
class StatusInfo(Pdu):
    """Status Info (TS_STATUS_INFO_PDU), [MS-RDPBCGR] 2.2.5.2."""

    pdu_type2: ClassVar[PduType2] = PduType2.STATUS_INFO

    status_code: Annotated[StatusCode, u32]


def describe_status(code: int) -> str:
    """Say in plain words what the server is doing."""
    return _TEXTS.get(StatusCode(code), f"status {code:#x}")
