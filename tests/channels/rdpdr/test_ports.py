"""The control codes of ports, by how Windows makes them: device type, access, function and method."""

from __future__ import annotations

from trio_rdp.channels.rdpdr.ports import ParallelControlCode, SerialControlCode
from trio_rdp.channels.rdpdr.requests import ControlRequest


def test_each_code_has_the_type_of_its_device() -> None:
    assert {code >> 16 for code in SerialControlCode} == {0x1B}
    assert {code >> 16 for code in ParallelControlCode} == {0x16}
    assert len(SerialControlCode) == 37
    assert len(ParallelControlCode) == 12


def test_a_control_request_of_a_port() -> None:
    baud_rate = (115_200).to_bytes(4, "little")
    request = ControlRequest(
        device_id=1,
        file_id=1,
        completion_id=1,
        output_buffer_length=0,
        io_control_code=SerialControlCode.SET_BAUD_RATE,
        input_buffer=baud_rate,
    )
    decoded = ControlRequest.decode(request.encode())
    assert SerialControlCode(decoded.io_control_code) is SerialControlCode.SET_BAUD_RATE
    assert decoded.input_buffer == baud_rate


def test_other_codes_are_kept() -> None:
    assert not SerialControlCode(0x001BFFFC).is_known
