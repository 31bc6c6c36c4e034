"""What every benchmark shares: its options, how it measures, and how it prints rows or writes them as JSON.

A row is `{name, value, unit, peer, peer_value, ratio, goal}`; a ratio above 1 means that we are better than the peer.
A benchmark may add columns of its own, as `columns`, and say by `verdict` whether the row meets its goal: then those
that fall short are listed at the end.
What a peer cannot be measured for says why in `peer`, and has no `peer_value`.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from _verdicts import falls_short

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
    columns: dict[str, float | str | None] = field(default_factory=dict)
    verdict: str = ""


class Report:
    """The rows of one benchmark.  `quick` says whether it was asked to take seconds instead of minutes."""

    def __init__(
        self,
        title: str,
        argv: list[str] | None = None,
        *,
        options: Callable[[argparse.ArgumentParser], None] | None = None,
        markdown: Callable[[list[Row]], str] | None = None,
    ) -> None:
        parser = argparse.ArgumentParser(description=title)
        parser.add_argument("--quick", action="store_true", help="take seconds, with coarser figures")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there as well")
        if markdown is not None:
            parser.add_argument("--markdown", action="store_true", help="print tables in Markdown")
        if options is not None:
            options(parser)
        self.options: argparse.Namespace = parser.parse_args(argv)
        self.title = title
        self.markdown = markdown if markdown is not None and self.options.markdown else None
        self.quick: bool = self.options.quick
        self.json: Path | None = self.options.json
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
        columns: dict[str, float | str | None] | None = None,
        verdict: str = "",
    ) -> Row:
        """Add a row; `goal` is in the row's unit unless its name says otherwise."""
        ratio = None
        if value and peer_value:
            ratio = peer_value / value if less_is_better else value / peer_value
        row = Row(name, value, unit, peer, peer_value, ratio, goal, columns or {}, verdict)
        self.rows.append(row)
        return row

    def finish(self) -> None:
        """Print the table and what falls short, and write the JSON when asked to."""
        print(self.markdown(self.rows)) if self.markdown else self._print()
        if self.json is not None:
            self.json.parent.mkdir(parents=True, exist_ok=True)
            self.json.write_text(json.dumps([asdict(row) for row in self.rows], indent=1) + "\n")

    def _print(self) -> None:
        own = list(dict.fromkeys(name for row in self.rows for name in row.columns))
        judged = ["verdict"] if any(row.verdict for row in self.rows) else []
        columns = ["name", "value", "unit", "peer", "peer value", "ratio", "goal", *own, *judged]
        cells = [
            [row.name, _number(row.value), row.unit, row.peer, *map(_number, (row.peer_value, row.ratio, row.goal))]
            + [_cell(row.columns.get(name)) for name in own]
            + ([row.verdict] if judged else [])
            for row in self.rows
        ]
        _print_table(self.title, columns, cells)
        if judged:
            short = [row for row in self.rows if falls_short(row.verdict)]
            print(f"\n{len(short)} of {len(self.rows)} rows fall short{':' if short else ''}")
            for row in short:
                print(f"  {row.name}: {_number(row.value)} {row.unit}, goal {_number(row.goal)}; {row.verdict}")


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


def _cell(value: float | str | None) -> str:
    return value if isinstance(value, str) else _number(value)


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
                table.add_column(column, justify="left" if column in ("name", "unit", "peer", "verdict") else "right")
            for row in cells:
                table.add_row(*row)
            console.print(table)
            return
    widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    print(title)
    for row in [columns, *cells]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
