"""What all tests share: how hard hypothesis looks, and how; and what the garbage collector need not look at."""

from __future__ import annotations

import gc
import os
import signal

import pytest
from hypothesis import HealthCheck, settings

# A shell's background jobs ignore Ctrl-C, and so would the programs that tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A busy machine may take its time over one example, and that is no finding: no profile has a deadline.
settings.register_profile("dev", deadline=None, max_examples=50)
settings.register_profile("ci", deadline=None, max_examples=50, derandomize=True, print_blob=True)
settings.register_profile(
    "fuzz", deadline=None, max_examples=5000, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))


def pytest_collection_finish() -> None:
    """Keep 19,000 collected tests out of every collection of garbage, which takes a quarter of the time otherwise."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def fuzz_seconds(request: pytest.FixtureRequest) -> float:
    """Seconds that one test marked `fuzz` may look: TRIO_RDP_FUZZ_EACH, or its share of TRIO_RDP_FUZZ_SECONDS (60)."""
    if each := os.environ.get("TRIO_RDP_FUZZ_EACH"):
        return float(each)
    sharing = sum("fuzz_seconds" in getattr(item, "fixturenames", ()) for item in request.session.items)
    return float(os.environ.get("TRIO_RDP_FUZZ_SECONDS") or 60) / sharing
