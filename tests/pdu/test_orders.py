from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.pdu.laws import every_truncation_raises, same, value_or_error
from trio_rdp.pdu.orders import OrdersUpdate


def test_orders_are_counted_and_kept() -> None:
    same(b"\x02\x00orders", OrdersUpdate(number_orders=2, order_data=b"orders"))
    same(b"\x00\x00", OrdersUpdate(number_orders=0))
    every_truncation_raises(OrdersUpdate, b"\x02\x00")


@given(st.binary(max_size=20))
def test_any_bytes_give_a_value_or_a_decode_error(raw: bytes) -> None:
    value_or_error(OrdersUpdate, raw)
