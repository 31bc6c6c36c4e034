from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.channels import rail
from trio_rdp.channels.rail import OrderType, RailPdu, decode_rail
from trio_rdp.wire.errors import DecodeError, InvalidField, Truncated

MESSAGES: list[RailPdu] = [
    rail.Handshake(build_number=1),
    rail.ClientInformation(),
    rail.HandshakeEx(build_number=1),
    rail.Execute(exe_or_file="notepad"),
    rail.ExecuteResult(exe_or_file="notepad"),
    rail.SystemParametersUpdate(system_param=rail.SystemParameter.SETCARETWIDTH, body=1),
    rail.Activate(window_id=1, enabled=True),
    rail.SystemMenu(window_id=1, left=-1, top=-1),
    rail.SystemCommand(window_id=1, command=rail.Command.CLOSE),
    rail.NotifyEvent(window_id=1, notify_icon_id=2, message=rail.NotifyMessage.NIN_SELECT),
    rail.GetApplicationId(window_id=1),
    rail.MinMaxInfo(
        window_id=1,
        max_width=1,
        max_height=2,
        max_pos_x=3,
        max_pos_y=4,
        min_track_width=5,
        min_track_height=6,
        max_track_width=7,
        max_track_height=8,
    ),
    rail.MoveSizeStart(window_id=1, move_size_type=rail.MoveSizeType.MOVE, pos_x=1, pos_y=2),
    rail.MoveSizeEnd(window_id=1, move_size_type=rail.MoveSizeType.MOVE, top_left_x=1, top_left_y=2),
    rail.WindowMove(window_id=1, left=1, top=2, right=3, bottom=4),
    rail.WindowSnap(window_id=1, left=1, top=2, right=3, bottom=4),
    rail.GetApplicationIdResponse(window_id=1, application_id="a"),
    rail.GetApplicationIdExtendedResponse(window_id=1, application_id="a", process_id=2, process_image_name="b"),
    rail.LanguageBarInformation(language_bar_status=rail.LanguageBarStatus.DOCK),
    rail.LanguageProfileInformation(profile_type=rail.ProfileType.KEYBOARDLAYOUT, language_id=1, keyboard_layout=1),
    rail.CompartmentStatusInformation(ime_state=False, ime_conv_mode=rail.ImeConversionMode(0)),
    rail.ZOrderSyncInformation(window_id_marker=1),
    rail.WindowCloakStateChange(window_id=1, cloaked=True),
    rail.PowerDisplayRequest(active=True),
    rail.TaskbarTabInfo(taskbar_message=rail.TaskbarMessage.TAB_ACTIVE, window_id_tab=1),
    rail.TextScaleInformation(text_scale_factor=100),
    rail.CaretBlinkInformation(caret_blink_rate=530),
]


@pytest.mark.parametrize("message", [*MESSAGES, rail.UnknownRailPdu(order_type=7, data=b"?")])
def test_each_message_is_told_by_its_type(message: RailPdu) -> None:
    raw = message.encode()
    assert decode_rail(raw) == message
    assert decode_rail(raw + b"\0\0") == message
    for size in range(len(raw)):
        with pytest.raises(Truncated):
            decode_rail(raw[:size])


def test_every_type_is_tested() -> None:
    assert {message.order_type for message in MESSAGES} == set(OrderType)
    assert rail.CHANNEL_NAME == "rail"


def test_a_length_shorter_than_the_header() -> None:
    with pytest.raises(InvalidField, match="a message of 3 bytes"):
        decode_rail(bytes.fromhex("0500 0300"))


@given(st.sampled_from([*OrderType, 7]), st.binary(max_size=60))
def test_any_bytes(order_type: int, body: bytes) -> None:
    raw = order_type.to_bytes(2, "little") + (4 + len(body)).to_bytes(2, "little") + body
    try:
        message = decode_rail(raw)
    except DecodeError:
        return
    assert decode_rail(message.encode()) == message
