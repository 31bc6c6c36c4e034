"""Rows of `codecs.py` and `session.py` as tables in Markdown, several runs side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from _verdicts import falls_short

if TYPE_CHECKING:
    from report import Row

__all__ = ["codec_tables", "session_tables", "short_rows", "subject"]

Runs = Mapping[str, "Sequence[Row]"]
NONE = "-"


def codec_tables(runs: Runs) -> str:
    """Pictures, bytes and threads; `runs` are rows by the name of the build that made them, alike in what they are."""
    first = next(iter(runs.values()))
    pictures = [row.name for row in first if row.columns.get("ns/px") is not None]
    rest = [row.name for row in first if row.name not in pictures]
    compressors = [row.name for row in first if row.name in rest and row.unit == "MB/s"]
    others = [name for name in rest if name not in compressors]
    builds = " / ".join(runs)
    tables = []
    if pictures:
        tables.append(_codecs(runs, pictures, "frame", f"ns a pixel, {builds}", lambda row: _own(row, "ns/px")))
    if compressors:
        tables.append(_codecs(runs, compressors, "corpus", f"MB/s, {builds}", lambda row: number(row.value)))
    if others:
        rows = [
            [
                name,
                _side_by_side(runs, name, lambda row: f"{number(row.value)} {row.unit}"),
                _verdicts(runs, name),
            ]
            for name in others
        ]
        tables.append(table(["what", builds, "verdict"], rows))
    return "\n\n".join([*tables, summary(runs)])


def session_tables(runs: Runs) -> str:
    """A row for each codec and frame; `runs` has one, without a name."""
    rows = {row.name: row for run in runs.values() for row in run}
    titles = list(dict.fromkeys(name.rpartition(": ")[0] for name in rows))
    lines = []
    for title in titles:
        verdicts = [rows.get(f"{title}: outside codecs and TLS, {side}") for side in ("server", "client")]
        faults = {side: row.verdict for side, row in zip(("server", "client"), verdicts, strict=True) if row}
        lines.append(
            [
                title,
                *(_beside(rows.get(f"{title}: {what}")) for what in
                  ("frames", "CPU a frame, server", "CPU a frame, client")),
                *(_pair(rows, f"{title}: {what}") for what in
                  ("outside codecs and TLS", "comparing and copying pixels")),
                _beside(rows.get(f"{title}: bytes a frame")),
                _merge(faults),
            ]
        )  # fmt: skip
    head = [
        "codec, frame",
        "frames a second",
        "ms a frame, server",
        "ms a frame, client",
        "outside codecs and TLS, %",
        "comparing and copying, %",
        "bytes a frame",
        "verdict",
    ]
    return "\n\n".join([table(head, lines), summary(runs)])


def summary(runs: Runs) -> str:
    """Say how many rows fall short, and name them."""
    count = sum(1 for run in runs.values() for row in run if row.verdict)
    short = short_rows(runs)
    if not short:
        return f"Of {count} verdicts none falls short."
    lines = [f"Of {count} verdicts {len(short)} fall short:", ""]
    for build, row in short:
        of = f" ({number(row.ratio)} times the bar)" if row.ratio is not None else ""
        name = f"{row.name}, {build}" if build else row.name
        lines.append(f"- {name}: {number(row.value)} {row.unit}{of}: {row.verdict}")
    return "\n".join(lines)


def short_rows(runs: Runs) -> list[tuple[str, Row]]:
    """The rows that fall short, each with its run."""
    return [(build, row) for build, run in runs.items() for row in run if falls_short(row.verdict)]


def subject(name: str) -> str:
    """What a row is about, whichever frame or side it is of."""
    return name.rpartition(": ")[2].rpartition(", ")[0]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


def number(value: float | None) -> str:
    if value is None:
        return NONE
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:#.3g}".rstrip(".")


def _codecs(runs: Runs, names: Iterable[str], frame: str, measure: str, shown: Callable[[Row], str]) -> str:
    head = ["codec", "direction", frame, measure, "times the bar", "bar", "bytes, ours / peer's", "verdict"]
    rows = []
    for name in names:
        codec, _, picture = name.rpartition(", ")
        base, _, direction = codec.rpartition(" ")
        named = (base, direction) if direction in ("encode", "decode") else (codec, "convert")
        row = next(row for run in runs.values() for row in run if row.name == name)
        rows.append(
            [
                *named,
                picture,
                _side_by_side(runs, name, shown),
                _side_by_side(runs, name, lambda row: number(row.ratio)),
                row.peer or NONE,
                _sizes(row),
                _verdicts(runs, name),
            ]
        )
    return table(head, rows)


def _side_by_side(runs: Runs, name: str, shown: Callable[[Row], str]) -> str:
    cells = [next((shown(row) for row in run if row.name == name), NONE) for run in runs.values()]
    return NONE if set(cells) == {NONE} else " / ".join(cells)


def _verdicts(runs: Runs, name: str) -> str:
    return _merge({build: row.verdict for build, run in runs.items() for row in run if row.name == name})


def _merge(verdicts: Mapping[str, str]) -> str:
    """One where all agree, else each with its name."""
    if len(set(verdicts.values())) == 1:
        return next(iter(verdicts.values())) or NONE
    return "; ".join(f"{name}: {verdict}" for name, verdict in verdicts.items()) or NONE


def _own(row: Row, column: str) -> str:
    value = row.columns.get(column)
    return value if isinstance(value, str) else number(value)


def _sizes(row: Row) -> str:
    if row.columns.get("bytes") is None:
        return NONE
    ours, theirs, ratio = (_own(row, column) for column in ("bytes", "peer's bytes", "size"))
    return ours if theirs == NONE else f"{ours} / {theirs} ({ratio})"


def _beside(row: Row | None) -> str:
    """Ours, and in brackets the peer's."""
    if row is None:
        return NONE
    return number(row.value) + (f" ({number(row.peer_value)})" if row.peer_value is not None else "")


def _pair(rows: Mapping[str, Row], name: str) -> str:
    found = [rows.get(f"{name}, {side}") for side in ("server", "client")]
    return " / ".join(number(row.value) if row else NONE for row in found)
