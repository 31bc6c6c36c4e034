"""The shared vectors of remote programs."""

from __future__ import annotations

import pytest

from tests.shared import Case, cases
from trio_rdp.channels import rail
from trio_rdp.wire.errors import DecodeError


@pytest.mark.parametrize("case", cases("rail-pdu"))
def test_rail_pdu(case: Case) -> None:
    raw = case.input
    assert case.expected["invalid"]
    order_type = int.from_bytes(raw[:2], "little")
    if order_type in set(rail.OrderType):
        with pytest.raises(DecodeError):
            rail.decode_rail(raw)
        return
    # The vector refuses a type that it does not know; here every message's class does, and the channel keeps it.
    for cls in rail.RailOrder.__subclasses__():
        with pytest.raises(DecodeError):
            cls.decode(raw)
    assert rail.decode_rail(raw) == rail.UnknownRailPdu(order_type=order_type)
