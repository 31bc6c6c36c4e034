from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.apps.cli.running import command, parsed
from trio_rdp.apps.cli.command import command as group


async def test_a_table_and_a_picture_per_client(tmp_path: Path) -> None:
    finished = await command(tmp_path, "demo", "--clients", "2", "--seconds", "3", "--output", "pictures")
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr == b""
    shown = finished.stdout.decode()
    for word in (
        "connect ms",
        "frames/s",
        "key to picture ms",
        "MB",
        "ada",
        "grace",
        "clearcodec",
        "10.7",
        "merged",
        "queue",
    ):
        assert word in shown
    assert len(list((tmp_path / "pictures").glob("*.png"))) == 2


async def test_json(tmp_path: Path) -> None:
    finished = await command(tmp_path, "--json", "demo", "--clients", "1", "--seconds", "4")
    assert finished.returncode == 0, finished.stderr
    (client,) = parsed(finished)["clients"]
    assert client["frames"] > 0
    assert client["bytes"] > 0
    assert client["connect_ms"] > 0
    assert client["latency_samples"] > 0
    assert client["latency_ms"] > 0
    assert (tmp_path / client["picture"]).parent.name == "trio-rdp-demo"
    graphics = client["graphics"]
    assert graphics["version"] == "10.7"
    assert graphics["frames"] >= graphics["acknowledged"] > 0
    assert min(graphics["queue_depth"], graphics["round_trip_ms"], graphics["merged"]) >= 0
    assert graphics["codecs"]["clearcodec"]["bytes"] > 0


async def test_without_the_graphics_pipeline(tmp_path: Path) -> None:
    finished = await command(tmp_path, "--json", "demo", "--clients", "1", "--seconds", "3", "--graphics", "classic")
    assert finished.returncode == 0, finished.stderr
    (client,) = parsed(finished)["clients"]
    assert client["graphics"]["version"] is None
    assert client["graphics"]["codecs"]


@pytest.mark.parametrize(
    "arguments", [["--clients", "0"], ["--seconds", "0"], ["--output", __file__], ["--graphics", "gif"], ["more"]]
)
def test_wrong_usage(arguments: list[str]) -> None:
    assert CliRunner().invoke(group, ["demo", *arguments]).exit_code == 2
