"""What `benchmarks/graphics.py` makes of what it sees: marks, contents, times, and the rows that it writes."""

from __future__ import annotations

import importlib
import math
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Import one of the benchmarks' modules, which know each other by their bare names."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module


@pytest.mark.parametrize("number", [0, 1, 2, 3, 255, 256, 21845, 65535])
def test_a_mark_is_read_back_from_what_a_codec_left(load: Any, number: int) -> None:
    marks = load("_graphics_marks")
    picture = np.full((40, 200, 4), 90, np.uint8)
    left, top, width, height = marks.draw(picture, (16, 24), number)
    noisy = picture.astype(int) + np.random.RandomState(number).randint(-60, 60, picture.shape)
    shown = np.clip(noisy, 0, 255).astype(np.uint8)[top : top + height, left : left + width]
    assert marks.read(shown) == number
    assert (left, top) == (16, 24)


def test_what_is_no_mark(load: Any) -> None:
    marks = load("_graphics_marks")
    for value in (0, 90, 255):
        assert marks.read(np.full((marks.HEIGHT, marks.WIDTH, 4), value, np.uint8)) == -1


def test_a_number_and_the_next_differ_in_one_cell(load: Any) -> None:
    marks = load("_graphics_marks")
    before, after = (np.zeros((8, marks.WIDTH, 4), np.uint8) for _ in range(2))
    for number in (0, 7, 4095):
        marks.draw(before, (0, 0), number)
        marks.draw(after, (0, 0), number + 1)
        assert np.count_nonzero((before != after).any(2)) == 64


@pytest.mark.parametrize("name", ["typing", "scrolling", "drag", "noise"])
def test_contents_say_what_they_touch_and_play_the_same_again(load: Any, name: str) -> None:
    content = load("_graphics_contents").make_content(name, Path())
    play_module = load("_graphics_play")
    picture = np.zeros_like(content.base)
    play = play_module.Play(content, picture, 40)
    play.start()
    for _ in range(3):
        before = picture.copy()
        boxes = play.step()
        changed = (picture != before).any(2)
        assert changed.any()
        for left, top, width, height in boxes:
            changed[top : top + height, left : left + width] = False
        assert not changed.any()
    assert len(play.times[0]) == 3
    assert np.array_equal(picture, play_module.replay(content, 40, [3]))
    x, y = content.tracks[0].mark
    marks = load("_graphics_marks")
    assert marks.read(picture[y : y + marks.HEIGHT, x : x + marks.WIDTH]) == 43


def test_who_comes_late_does_not_catch_up(load: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    content = load("_graphics_contents").make_content("typing", Path())
    module, now = load("_graphics_play"), [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    play = module.Play(content, np.zeros_like(content.base), 0)
    play.start()
    assert play.due == pytest.approx(100.05)
    now[0] = 101.0
    play.step()
    assert play.due == 101.0
    play.step()
    assert play.due == pytest.approx(101.05)


def test_latencies_count_merged_changes(load: Any) -> None:
    figures = load("_graphics_figures")
    times = [1.0, 2.0, 3.0, 4.0, 5.0]
    # Step 2 is never shown by itself but with 3, an old picture comes back, a number is misread, and 5 is missing.
    seen = [(0.5, 10), (1.1, 11), (3.2, 13), (3.3, 11), (3.4, -1), (3.5, 999), (4.3, 14)]
    found = figures.latencies(times, seen, 10)
    assert found.median == pytest.approx(0.25)
    assert found.p99 == pytest.approx(1.2)
    assert found.unseen == 1
    nothing = figures.latencies(times, [(0.5, 10)], 10)
    assert nothing == figures.Latencies(math.inf, math.inf, 5)
    assert figures.latencies(times, seen, 10, 4.0) == figures.Latencies(pytest.approx(0.3), pytest.approx(0.3), 1)
    assert figures.shown(seen, 10, 3.25) == 2


def test_psnr_of_a_part(load: Any) -> None:
    figures = load("_graphics_figures")
    one = np.zeros((4, 4, 4), np.uint8)
    other = one.copy()
    other[..., 3] = 255  # which is nobody's colour
    other[0, 0] = 255
    assert figures.psnr(one, other, (1, 1, 3, 3)) == figures.EXACT
    other[1, 1, :3] = 9
    assert figures.psnr(one, other, (1, 1, 1, 1)) == pytest.approx(10 * math.log10(255**2 / 81))


def made(load: Any, **changed: Any) -> Any:
    module = load("_graphics_figures")
    what: dict[str, Any] = {
        "seconds": 2.0, "steps": 40, "frames": 40, "latencies": (module.Latencies(0.01, 0.02, 0),),
        "bytes_moving": 4000, "bytes_rest": 100, "server_cpu": 0.1, "client_cpu": 0.05, "psnr_moving": 40.0,
        "psnr_rest": 99.0, "server_growth": 0,
    }  # fmt: skip
    return module.Figures(**{**what, **changed})


def test_rows_are_held_to_the_peer_where_that_is_asked(load: Any) -> None:
    report = load("report").Report("title", [])
    ours = made(load, codec_seconds=0.04, server_pause=0.002)
    theirs = made(load, bytes_moving=8000, server_cpu=0.08, psnr_moving=41.0, frames=30)
    names = ("trio_rdp", "trio_rdp"), ("freerdp-shadow", "xfreerdp"), ("trio_rdp", "xfreerdp")
    pairs = [(*name, figures) for name, figures in zip(names, (ours, theirs, ours), strict=True)]
    load("_graphics_rows").add_rows(report, "typing", pairs)
    rows = {row.name: row for row in report.rows}
    assert rows["typing: bytes"].verdict == "meets its goal"
    assert rows["typing: bytes"].ratio == 2.0
    assert rows["typing: CPU, server"].verdict == "below its goal"
    assert rows["typing: quality moving"].verdict == "below its goal"
    assert rows["typing: frames"].goal is None
    assert rows["typing: latency, median"].goal == pytest.approx(1000 / 60 + 1)
    assert rows["typing: longest pause of the loop, server"].value == 2.0
    assert rows["typing, xfreerdp at trio_rdp: bytes"].goal is None
    assert "typing: changes never seen" not in rows


def test_rows_without_a_peer(load: Any) -> None:
    report = load("report").Report("title", [])
    unseen = load("_graphics_figures").Latencies(0.01, 0.02, 3)
    load("_graphics_rows").add_rows(report, "video", [("trio_rdp", "trio_rdp", made(load, latencies=(unseen,)))])
    rows = {row.name: row for row in report.rows}
    assert rows["video: frames"].peer_value is None
    assert rows["video: frames"].verdict == ""
    assert rows["video: changes never seen"].verdict == "below its goal"


def test_rows_of_a_slow_client(load: Any) -> None:
    report = load("report").Report("title", [])
    latency = load("_graphics_figures").Latencies
    ours = made(load, latencies=(latency(1, 1, 0), latency(0.29, 0.31, 0)))  # of the film, and of what is typed
    load("_graphics_rows").add_slow_rows(report, "both", ours, None)
    rows = {row.name.partition(": ")[2]: row for row in report.rows}
    assert rows["latency of a character, median"].verdict == "meets its goal"
    assert rows["latency of a character, p99"].value == pytest.approx(310)
    assert rows["memory of the server, growth"].verdict == "meets its goal"


def test_the_table_of_contents(load: Any) -> None:
    report = load("report").Report("title", [])
    pairs = [("trio_rdp", "trio_rdp", made(load)), ("freerdp-shadow", "xfreerdp", made(load, server_cpu=0.05))]
    load("_graphics_rows").add_rows(report, "drag", pairs)
    load("_graphics_rows").add_slow_rows(report, "both", made(load), None)
    lines = load("_graphics_tables").graphics_tables(report.rows).splitlines()
    assert lines[2] == (
        "| drag | 20.0 (20.0) | 2.00 (2.00) | 50.0 (25.0) | 25.0 (25.0) | 10.0 (10.0) | 20.0 (20.0) | 40.0 (40.0) | "
        "99.0 (99.0) |"
    )
    assert "| 1 Mbit/s, typing beside a film: latency of a character, median | 10.0 ms | meets its goal |" in lines
    assert lines[-3:] == ["Of 7 verdicts 1 fall short:", "", "- drag: CPU, server: 50.0 ms/s, goal 25.0"]


def test_a_relay_passes_everything_both_ways(load: Any) -> None:
    system = load("_graphics_system")
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        system.slow_relay(server.getsockname()[1]) as relay,
        socket.create_connection(("127.0.0.1", relay.port)) as client,
    ):
        inside, _ = server.accept()
        with inside:
            client.sendall(b"up")
            assert inside.recv(2) == b"up"
            inside.sendall(b"down")
            assert client.recv(4) == b"down"
            relay.rate = 1_000_000
            inside.sendall(bytes(10_000))
            left = 10_000
            while left:
                left -= len(client.recv(left))
            assert system.bytes_sent(server.getsockname()[1]) >= 4
