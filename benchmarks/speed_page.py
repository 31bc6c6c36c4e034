"""Writes what the benchmarks measured into `docs/speed.md`, between its markers; what is around them stays.

    python benchmarks/codecs.py --json avx2.json
    TRIO_RDP_AVX2=0 python benchmarks/codecs.py --json baseline.json
    python benchmarks/session.py --json session.json
    python benchmarks/graphics.py --json graphics.json
    python benchmarks/speed_page.py --avx2 avx2.json --baseline baseline.json --session session.json \\
        --graphics graphics.json

All of that on one machine, which the page names.  Both builds go into one table; a part of the page of which nothing is
given stays as it is.  The program fails when something that falls short is not spoken of in the text.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from pathlib import Path

from _graphics_tables import graphics_tables
from _speed_tables import codec_tables, session_tables, short_rows, subject
from report import Row

PAGE = Path(__file__).resolve().parents[1] / "docs" / "speed.md"
PARTS = ("machine", "codecs", "session", "graphics")


def load(path: Path) -> list[Row]:
    """The rows that a benchmark wrote with `--json`."""
    return [Row(**row) for row in json.loads(path.read_text())]


def fill(page: str, name: str, text: str) -> str:
    """Put a text between the markers of this name; raises `ValueError` where they are not."""
    start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    before, opened, rest = page.partition(start)
    _, closed, after = rest.partition(end)
    if not opened or not closed:
        raise ValueError(f"no markers for {name!r}")
    return f"{before}{start}\n{text}\n\n{end}{after}"


def unexplained(page: str, rows: list[tuple[str, Row]]) -> list[str]:
    """Subjects of these rows of which the text between the parts says nothing."""
    for name in PARTS:
        page = fill(page, name, "")
    text = " ".join(page.split())
    return sorted({name for _, row in rows if (name := subject(row.name)) not in text})


def machine() -> str:
    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(line.partition(": ")[2] for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{model}, {os.cpu_count()} processors, CPython {platform.python_version()}, {platform.system()}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Write what the benchmarks measured into docs/speed.md.")
    for name, what in (
        ("avx2", "codecs.py"),
        ("baseline", "codecs.py with TRIO_RDP_AVX2=0"),
        ("session", "session.py"),
        ("graphics", "graphics.py"),
    ):
        parser.add_argument(f"--{name}", type=Path, metavar="FILE", help=f"the JSON of {what}")
    options = parser.parse_args()
    if (options.avx2 is None) != (options.baseline is None):
        parser.error("--avx2 and --baseline go into one table: give both")
    builds = {"AVX2": options.avx2, "baseline": options.baseline}
    codecs = {build: load(path) for build, path in builds.items() if path is not None}
    session = {"": load(options.session)} if options.session else {}
    page = PAGE.read_text()
    if codecs:
        page = fill(page, "codecs", codec_tables(codecs))
    if session:
        page = fill(page, "session", session_tables(session))
    if options.graphics:
        page = fill(page, "graphics", graphics_tables(load(options.graphics)))
    if codecs or session or options.graphics:
        page = fill(page, "machine", f"Measured on: {machine()}.")
    PAGE.write_text(page)
    missing = unexplained(page, short_rows(codecs) + short_rows(session))
    if missing:
        sys.exit(f"these fall short, and {PAGE.name} does not say why: {', '.join(missing)}")


if __name__ == "__main__":
    main()
