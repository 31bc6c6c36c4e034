from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.channels import camera
from trio_rdp.channels.camera.messages import decode_camera_from_client, decode_camera_from_server
from trio_rdp.wire.errors import DecodeError, InvalidField, Truncated

TYPE = camera.MediaTypeDescription(format=camera.MediaFormat.H264, width=640, height=480, frame_rate_numerator=30)
VALUE = camera.PropertyValue(mode=camera.PropertyMode.AUTO)

FROM_CLIENT: list[camera.CameraFromClient] = [
    camera.SelectVersionRequest(),
    camera.DeviceAddedNotification(device_name="d", virtual_channel_name="c"),
    camera.DeviceRemovedNotification(virtual_channel_name="c"),
    camera.SuccessResponse(),
    camera.ErrorResponse(error_code=camera.CameraErrorCode.OUT_OF_MEMORY),
    camera.StreamListResponse(stream_descriptions=[camera.StreamDescription()]),
    camera.MediaTypeListResponse(media_type_descriptions=[TYPE]),
    camera.CurrentMediaTypeResponse(media_type_description=TYPE),
    camera.SampleResponse(stream_index=0, sample=b"picture"),
    camera.SampleErrorResponse(stream_index=0, error_code=camera.CameraErrorCode.UNEXPECTED_ERROR),
    camera.PropertyListResponse(properties=[]),
    camera.PropertyValueResponse(property_value=VALUE),
]
FROM_SERVER: list[camera.CameraFromServer] = [
    camera.SelectVersionResponse(),
    camera.ActivateDeviceRequest(),
    camera.DeactivateDeviceRequest(),
    camera.StreamListRequest(),
    camera.MediaTypeListRequest(stream_index=0),
    camera.CurrentMediaTypeRequest(stream_index=0),
    camera.StartStreamsRequest(
        start_streams_info=[camera.StartStreamInfo(stream_index=0, media_type_description=TYPE)]
    ),
    camera.StopStreamsRequest(),
    camera.SampleRequest(stream_index=0),
    camera.PropertyListRequest(),
    camera.PropertyValueRequest(property_set=camera.PropertySet.CAMERA_CONTROL, property_id=6),
    camera.SetPropertyValueRequest(property_set=camera.PropertySet.CAMERA_CONTROL, property_id=6, property_value=VALUE),
]


def test_every_id_has_its_side() -> None:
    ids = [message.message_id for message in [*FROM_CLIENT, *FROM_SERVER]]
    assert sorted(ids) == list(camera.CameraMessageId)


@pytest.mark.parametrize("message", FROM_CLIENT, ids=lambda message: type(message).__name__)
def test_from_clients(message: camera.CameraFromClient) -> None:
    assert decode_camera_from_client(message.encode()) == message
    with pytest.raises(InvalidField, match="comes from the other side"):
        decode_camera_from_server(message.encode())


@pytest.mark.parametrize("message", FROM_SERVER, ids=lambda message: type(message).__name__)
def test_from_servers(message: camera.CameraFromServer) -> None:
    assert decode_camera_from_server(message.encode()) == message
    with pytest.raises(InvalidField, match="comes from the other side"):
        decode_camera_from_client(message.encode())


def test_unknown_messages_are_kept() -> None:
    raw = b"\x03\x40data"
    unknown = camera.UnknownCamera(version=3, message_id=camera.CameraMessageId(0x40), data=b"data")
    assert decode_camera_from_client(raw) == decode_camera_from_server(raw) == unknown
    for size in range(2):
        with pytest.raises(Truncated):
            decode_camera_from_client(raw[:size])


@given(st.integers(0, 0x1A), st.binary(max_size=80))
def test_any_bytes(kind: int, rest: bytes) -> None:
    for decode in (decode_camera_from_client, decode_camera_from_server):
        try:
            message = decode(bytes((2, kind)) + rest)
        except DecodeError:
            continue
        assert decode(message.encode()) == message
