"""`ActiveStage`: the orders of single windows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.protocol.scripted_server import (
    connected,
    data,
    deactivate_all,
    demand,
    fast,
    finalization,
)
from tests.protocol.told_client import config, slow
from trio_rdp.pdu.altsec_orders import SwitchSurface, encode_altsec_orders
from trio_rdp.pdu.fastpath import UpdateCode
from trio_rdp.pdu.orders import OrdersUpdate
from trio_rdp.pdu.share import PduType2
from trio_rdp.pdu.update import GraphicsUpdate as WireGraphicsUpdate
from trio_rdp.pdu.window_orders import DeletedWindow, Window
from trio_rdp.protocol.active_stage import ActiveStage
from trio_rdp.protocol.framing import Action
from trio_rdp.protocol.remote_programs import remote_programs_sets
from trio_rdp.protocol.session_events import (
    ActiveStageOutput,
    WindowOrders,
)
from trio_rdp.wire.errors import DecodeError


class TestWindowOrders:
    OPENED = Window(window_id=1, is_new=True, title_info="Editor")
    CLOSED = DeletedWindow(window_id=1)

    def with_windows(self) -> ActiveStage:
        wanting = replace(config(), enable_remote_apps=True)
        return ActiveStage(connected(wanting, demand(extra=remote_programs_sets())).result)

    def test_on_both_paths(self) -> None:
        (update,) = encode_altsec_orders([self.OPENED, self.CLOSED])
        active = self.with_windows()
        expected: list[ActiveStageOutput] = [WindowOrders((self.OPENED, self.CLOSED))]
        assert active.process(Action.FAST_PATH, fast(UpdateCode.ORDERS, update.encode())) == expected
        assert slow(active, data(PduType2.UPDATE, WireGraphicsUpdate(update=update).encode())) == expected
        assert not active.ignored

    def test_other_orders_are_counted(self) -> None:
        orders = SwitchSurface(bitmap_id=1).encode() + self.CLOSED.encode() + b"\x09\x00\x00"
        update = OrdersUpdate(number_orders=4, order_data=orders)
        active = self.with_windows()
        assert active.process(Action.FAST_PATH, fast(UpdateCode.ORDERS, update.encode())) == [
            WindowOrders((self.CLOSED,))
        ]
        assert active.ignored["drawing order"] == 3
        empty = OrdersUpdate(number_orders=0)
        assert active.process(Action.FAST_PATH, fast(UpdateCode.ORDERS, empty.encode())) == []
        with pytest.raises(DecodeError):
            active.process(Action.FAST_PATH, fast(UpdateCode.ORDERS, b"\x01\x00\x2e"))

    @pytest.mark.parametrize("is_wanted", [True, False])
    def test_where_one_side_has_no_remote_programs(self, is_wanted: bool) -> None:
        wanting = replace(config(), enable_remote_apps=is_wanted)
        active = ActiveStage(connected(wanting, demand(extra=[] if is_wanted else remote_programs_sets())).result)
        (update,) = encode_altsec_orders([self.OPENED])
        assert active.process(Action.FAST_PATH, fast(UpdateCode.ORDERS, update.encode())) == []
        assert active.ignored["OrdersUpdate"] == 1

    def test_orders_wait_for_a_reactivation(self) -> None:
        active = self.with_windows()
        slow(active, deactivate_all())
        (update,) = encode_altsec_orders([self.OPENED])
        assert active.process(Action.FAST_PATH, fast(UpdateCode.ORDERS, update.encode())) == []
        outputs = [output for frame in (demand(), *finalization()) for output in slow(active, frame)]
        assert outputs[-1] == WindowOrders((self.OPENED,))
