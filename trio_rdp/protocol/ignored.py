"""`Ignored`: counts what a peer sends and nobody here knows, which is normal in RDP and ends no session."""

from __future__ import annotations

import logging
from collections import Counter

__all__ = ["Ignored"]

_log = logging.getLogger(__name__)

_MOST_NAMES = 256


class Ignored(Counter[str]):
    """How often something was ignored, by its name; of at most 256 names, as the peer chooses the numbers in them."""

    def note(self, what: str, times: int = 1) -> None:
        """Count something, and log it at debug level."""
        _log.debug("ignored: %s", what)
        if len(self) >= _MOST_NAMES and what not in self:
            what = "others"
        self[what] += times
