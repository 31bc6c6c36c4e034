"""FILETIMEs."""

from __future__ import annotations

import datetime

from hypothesis import given
from hypothesis import strategies as st

from trio_rdp.channels.rdpdr.file_times import filetime_from_ns, ns_from_filetime


def test_the_two_beginnings() -> None:
    began = datetime.datetime(1970, 1, 1) - datetime.datetime(1601, 1, 1)
    assert filetime_from_ns(0) == began // datetime.timedelta(microseconds=1) * 10
    assert ns_from_filetime(filetime_from_ns(0)) == 0


@given(st.integers(-(1 << 70), 1 << 70))
def test_every_time_fits(ns: int) -> None:
    assert 0 <= filetime_from_ns(ns) < 1 << 63


@given(st.integers(0, 1 << 62))
def test_there_and_back(filetime: int) -> None:
    assert filetime_from_ns(ns_from_filetime(filetime)) == filetime
