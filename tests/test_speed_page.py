"""What the benchmarks say of their figures: verdicts, tables, and the page that shows them."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Import one of the benchmarks' modules, which know each other by their bare names."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module


def row(load: Any, name: str, value: float, **more: Any) -> Any:
    return load("report").Row(name=name, value=value, unit=more.pop("unit", "MB/s"), **more)


@pytest.mark.parametrize(
    ("arguments", "verdict"),
    [
        ({"value": 150.0}, "meets its goal"),
        ({"value": 149.0}, "below its goal"),
        ({"value": 150.0, "size": 1.02}, "meets its goal"),
        ({"value": 150.0, "size": 1.03}, "size > 1.02"),
        ({"value": 149.0, "size": 1.03}, "below its goal, size > 1.02"),
        ({"value": 149.0, "frame": "noise"}, "no goal for this frame: below 1.5 times"),
        ({"value": 151.0, "frame": "noise"}, "meets its goal"),
        ({"value": 149.0, "peer_value": None}, "no peer"),
    ],
)
def test_verdicts_on_codecs(load: Any, arguments: dict[str, Any], verdict: str) -> None:
    arguments = {"peer_value": 100.0, "factor": 1.5, **arguments}
    goal, given = load("_verdicts").codec_verdict(**arguments)
    assert given == verdict
    assert goal == (None if verdict == "no peer" else 150.0)


def test_the_same_library_is_to_be_as_fast(load: Any) -> None:
    verdicts = load("_verdicts")
    parity = verdicts.Aim.PARITY
    assert verdicts.codec_verdict(100.0, 100.0, 1.5, aim=parity) == (100.0, "meets its goal")
    assert verdicts.codec_verdict(99.0, 100.0, 1.5, aim=parity) == (100.0, "below its goal")
    assert verdicts.codec_verdict(99.0, None, 1.5, aim=parity) == (None, "exempt: the same library on both sides")


def test_copies_are_measured_by_the_machine(load: Any) -> None:
    verdicts = load("_verdicts")

    def verdict(value: float, of_a_copy: float) -> tuple[int, str]:
        goal, text = verdicts.codec_verdict(value, 10_000.0, 1.5, aim=verdicts.Aim.COPY, of_a_copy=of_a_copy)
        return round(goal), text

    assert verdict(10_000.0, 0.8) == (10_000, "exempt: below 0.5 ns a pixel")
    assert verdict(10_000.0, 0.5) == (16_000, "below 0.8 of a copy's speed")
    assert verdict(15_000.0, 0.5) == (15_000, "meets its goal")
    assert verdict(7_999.0, 0.9) == (15_000, "below its goal")  # half a nanosecond a pixel, and more


def test_what_falls_short(load: Any) -> None:
    verdicts = load("_verdicts")
    short = ["below its goal", "below its goal, size > 1.02", "size > 1.02", "below 0.8 of a copy's speed"]
    assert all(map(verdicts.falls_short, short))
    fine = ["", "meets its goal", "no peer", "exempt: below 0.5 ns a pixel", "no goal for this frame: below 1.5 times"]
    assert not any(map(verdicts.falls_short, fine))


def test_judging_a_figure_by_its_goal(load: Any) -> None:
    judge = load("_verdicts").judge
    assert judge(15.0, 15.0, less_is_better=True) == judge(1.8, 1.8) == "meets its goal"
    assert judge(15.1, 15.0, less_is_better=True) == judge(1.7, 1.8) == "below its goal"
    assert judge(15.0, None) == judge(None, 15.0) == ""


def codec_runs(load: Any) -> dict[str, list[Any]]:
    columns = {"ns/px": 2.5, "bytes": 900, "peer's bytes": 1000, "size": 0.9}
    good = {"peer": "FreeRDP", "peer_value": 800.0, "verdict": "meets its goal"}
    return {
        "AVX2": [
            row(load, "RLE 16 bpp encode, desktop", 1600.0, ratio=2.0, columns=columns, **good),
            row(load, "XCRUSH decode, text16", 840.0, ratio=1.05, **{**good, "verdict": "below its goal"}),
            row(load, "RemoteFX encode, two threads", 1.9, unit="times one", verdict="meets its goal"),
        ],
        "baseline": [
            row(load, "RLE 16 bpp encode, desktop", 800.0, ratio=1.0, columns={"ns/px": 5.0}, verdict="below its goal"),
            row(load, "XCRUSH decode, text16", 800.0, ratio=1.0, verdict="below its goal"),
            row(load, "RemoteFX encode, two threads", 1.85, unit="times one", verdict="meets its goal"),
        ],
    }


def test_tables_of_codecs(load: Any) -> None:
    text = load("_speed_tables").codec_tables(codec_runs(load))
    assert text == (
        "| codec | direction | frame | ns a pixel, AVX2 / baseline | times the bar | bar | bytes, ours / peer's | "
        "verdict |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- |\n"
        "| RLE 16 bpp | encode | desktop | 2.50 / 5.00 | 2.00 / 1.00 | FreeRDP | 900 / 1,000 (0.900) | "
        "AVX2: meets its goal; baseline: below its goal |\n"
        "\n"
        "| codec | direction | corpus | MB/s, AVX2 / baseline | times the bar | bar | bytes, ours / peer's | "
        "verdict |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- |\n"
        "| XCRUSH | decode | text16 | 840 / 800 | 1.05 / 1.00 | FreeRDP | - | below its goal |\n"
        "\n"
        "| what | AVX2 / baseline | verdict |\n"
        "| --- | --- | --- |\n"
        "| RemoteFX encode, two threads | 1.90 times one / 1.85 times one | meets its goal |\n"
        "\n"
        "Of 6 verdicts 3 fall short:\n"
        "\n"
        "- XCRUSH decode, text16, AVX2: 840 MB/s (1.05 times the bar): below its goal\n"
        "- RLE 16 bpp encode, desktop, baseline: 800 MB/s (1.00 times the bar): below its goal\n"
        "- XCRUSH decode, text16, baseline: 800 MB/s (1.00 times the bar): below its goal"
    )


def test_the_table_of_sessions(load: Any) -> None:
    outside = "outside codecs and TLS"
    rows = [
        row(load, "NSCODEC, photo: frames", 60.0, unit="1/s", peer_value=20.0),
        row(load, "NSCODEC, photo: CPU a frame, server", 5.5, unit="ms"),
        row(load, f"NSCODEC, photo: {outside}, server", 12.0, unit="%", verdict="meets its goal"),
        row(load, f"NSCODEC, photo: {outside}, client", 31.0, unit="%", verdict="below its goal"),
    ]
    lines = load("_speed_tables").session_tables({"": rows}).splitlines()
    assert lines[2] == (
        "| NSCODEC, photo | 60.0 (20.0) | 5.50 | - | 12.0 / 31.0 | - / - | - | "
        "server: meets its goal; client: below its goal |"
    )
    assert lines[-1] == f"- NSCODEC, photo: {outside}, client: 31.0 %: below its goal"


def test_filling_a_page(load: Any) -> None:
    page = load("speed_page")
    empty = "before\n<!-- codecs -->\n<!-- end of codecs -->\nafter\n"
    filled = page.fill(empty, "codecs", "table")
    assert filled == "before\n<!-- codecs -->\n\ntable\n\n<!-- end of codecs -->\nafter\n"
    assert page.fill(filled, "codecs", "other") == filled.replace("table", "other")
    with pytest.raises(ValueError, match="no markers for 'session'"):
        page.fill(empty, "session", "table")


def test_what_falls_short_is_spoken_of(load: Any) -> None:
    page = load("speed_page")
    short = load("_speed_tables").short_rows(codec_runs(load))
    markers = "".join(f"<!-- {name} -->\nRLE 16 bpp encode\n<!-- end of {name} -->\n" for name in page.PARTS)
    assert page.unexplained(f"{markers}XCRUSH\ndecode is slow.\n", short) == ["RLE 16 bpp encode"]
    assert page.unexplained(f"{markers}XCRUSH decode, and RLE 16 bpp encode.", short) == []


def test_rows_are_read_as_they_were_written(load: Any, tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    report = load("report").Report("title", ["--json", str(path)])
    added = report.add("RLE encode, desktop", 2.0, "MB/s", peer_value=1.0, columns={"ns/px": 1.0}, verdict="no peer")
    report.finish()
    assert load("speed_page").load(path) == [added]
    assert json.loads(path.read_text())[0]["ratio"] == 2.0


def test_the_page_has_its_markers(load: Any) -> None:
    page = load("speed_page")
    text = page.PAGE.read_text()
    for name in page.PARTS:
        assert page.fill(text, name, "") != ""
