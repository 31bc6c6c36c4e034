"""What every benchmark shares: its options, how it measures, and how it prints rows or writes them as JSON.

A row is `{name, value, unit, peer, peer_value, ratio, goal}`; a ratio above 1 means that we are better than the peer.
What a peer cannot be measured for says why in `peer`, and has no `peer_value`.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

__all__ = ["Report", "Row", "best_seconds"]


@dataclass(frozen=True)
class Row:
    name: str
    value: float | None
    unit: str
    peer: str = ""
    peer_value: float | None = None
    ratio: float | None = None
    goal: float | None = None


class Report:
    """The rows of one benchmark.  `quick` says whether it was asked to take seconds instead of minutes."""

    def __init__(self, title: str, argv: list[str] | None = None) -> None:
        parser = argparse.ArgumentParser(description=title)
        parser.add_argument("--quick", action="store_true", help="take seconds, with coarser figures")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there as well")
        options = parser.parse_args(argv)
        self.title = title
        self.quick: bool = options.quick
        self.json: Path | None = options.json
        self.rows: list[Row] = []

    def add(
        self,
        name: str,
        value: float | None,
        unit: str,
        *,
        peer: str = "",
        peer_value: float | None = None,
        goal: float | None = None,
        less_is_better: bool = False,
    ) -> Row:
        """Add a row; `goal` is in the row's unit unless its name says otherwise."""
        ratio = None
        if value and peer_value:
            ratio = peer_value / value if less_is_better else value / peer_value
        row = Row(name, value, unit, peer, peer_value, ratio, goal)
        self.rows.append(row)
        return row

    def finish(self) -> None:
        """Print the table, and write the JSON when asked to."""
        columns = ["name", "value", "unit", "peer", "peer value", "ratio", "goal"]
        cells = [
            [row.name, _number(row.value), row.unit, row.peer, *map(_number, (row.peer_value, row.ratio, row.goal))]
            for row in self.rows
        ]
        _print_table(self.title, columns, cells)
        if self.json is not None:
            self.json.parent.mkdir(parents=True, exist_ok=True)
            self.json.write_text(json.dumps([asdict(row) for row in self.rows], indent=1) + "\n")


def best_seconds(work: Callable[[], object], seconds: float = 1.0, *, least: int = 3) -> float:
    """Run `work` for about `seconds`, at least `least` times, and give the shortest time: noise only ever adds."""
    shortest = float("inf")
    stop = time.perf_counter() + seconds
    while least > 0 or time.perf_counter() < stop:
        start = time.perf_counter()
        work()
        shortest = min(shortest, time.perf_counter() - start)
        least -= 1
    return shortest


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _print_table(title: str, columns: list[str], cells: list[list[str]]) -> None:
    try:
        from rich.console import Console
        from rich.table import Table
    except ImportError:
        pass
    else:
        console = Console()
        if console.is_terminal:
            table = Table(title=title)
            for column in columns:
                table.add_column(
                    column, justify="right" if column in ("value", "peer value", "ratio", "goal") else "left"
                )
            for row in cells:
                table.add_row(*row)
            console.print(table)
            return
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    print(title)
    for row in [columns, *cells]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
