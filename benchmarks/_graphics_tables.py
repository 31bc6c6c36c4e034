"""Rows of `graphics.py` as a table in Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from _speed_tables import number, table
from _verdicts import falls_short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from report import Row

__all__ = ["graphics_tables"]

COLUMNS = {
    "frames": "frames a second",
    "bytes": "kB a second",
    "CPU, server": "ms a second, server",
    "CPU, client": "ms a second, client",
    "latency, median": "latency, ms",
    "latency, p99": "p99",
    "quality moving": "dB moving",
    "quality at rest": "dB at rest",
}


def graphics_tables(rows: Sequence[Row]) -> str:
    """A row for each content, ours and in brackets the peer's; below what stands alone and what falls short."""
    found = {row.name: row for row in rows}
    contents = [name.removesuffix(": quality moving") for name in found if name.endswith(": quality moving")]
    lines = [[name, *(_beside(found.get(f"{name}: {what}")) for what in COLUMNS)] for name in contents]
    tables = [table(["content", *COLUMNS.values()], lines)]
    slow = [row for row in rows if row.name.startswith("1 Mbit/s")]
    if slow:
        lines = [[row.name, f"{_beside(row)} {row.unit}".strip(), row.verdict or "-"] for row in slow]
        tables.append(table(["a slow client", "", "verdict"], lines))
    judged = [row for row in rows if row.verdict]
    short = [row for row in judged if falls_short(row.verdict)]
    text = f"Of {len(judged)} verdicts {len(short)} fall short"
    points = [f"- {row.name}: {number(row.value)} {row.unit}, goal {number(row.goal)}" for row in short]
    tables.append("\n".join([f"{text}:", "", *points]) if short else f"{text}.")
    return "\n\n".join(tables)


def _beside(row: Row | None) -> str:
    if row is None:
        return "-"
    return number(row.value) + (f" ({number(row.peer_value)})" if row.peer_value is not None else "")
