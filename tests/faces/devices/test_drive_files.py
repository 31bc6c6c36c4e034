"""What is open on a drive."""

from __future__ import annotations

from trio_rdp.channels.rdpdr.header import NtStatus
from trio_rdp.faces.devices.drive_files import OpenFile, Refused


def test_names_are_one_whatever_their_case() -> None:
    assert OpenFile(1, "Dir/A.txt", False).key == OpenFile(2, "dir/a.TXT", False).key


def test_open_files_are_themselves() -> None:
    assert OpenFile(1, "a", False) != OpenFile(1, "a", False)


def test_a_refusal_has_a_status() -> None:
    refused = Refused(NtStatus.ACCESS_DENIED)
    assert (refused.status, str(refused)) == (NtStatus.ACCESS_DENIED, "ACCESS_DENIED")
