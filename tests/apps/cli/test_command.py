from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.apps.cli.running import process
from trio_rdp.apps.cli.command import command
from trio_rdp.codecs import features


def test_version_tells_versions_and_kernels() -> None:
    result = CliRunner().invoke(command, ["--version"])
    assert result.exit_code == 0
    assert result.output.startswith("trio-rdp ")
    assert all(name in result.output for name in features())
    assert "cryptography" in result.output


def test_version_for_machines() -> None:
    result = CliRunner().invoke(command, ["--version", "--json"])
    assert result.exit_code == 0
    assert json.loads(result.output)["kernels"] == features()


def test_help_names_every_subcommand_and_exit_code() -> None:
    result = CliRunner().invoke(command, ["--help"])
    assert result.exit_code == 0
    for word in ("demo", "screenshot", "serve", "probe", "Exit codes", "authentication failed", "TRIO_RDP_PASSWORD"):
        assert word in result.output


@pytest.mark.parametrize("name", ["demo", "screenshot", "serve", "probe"])
def test_help_of_each_subcommand_has_examples_and_json(name: str) -> None:
    result = CliRunner().invoke(command, [name, "--help"])
    assert result.exit_code == 0
    assert "Examples:" in result.output
    assert "--json" in result.output


@pytest.mark.parametrize(
    "arguments", [[], ["no-such-command"], ["--no-such-option"], ["probe"], ["demo", "--clients", "0"]]
)
def test_wrong_usage_exits_with_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(command, arguments).exit_code == 2


async def test_it_runs_as_a_module(tmp_path: Path) -> None:
    finished = await process(tmp_path, "--version")
    assert finished.returncode == 0
    assert finished.stdout.startswith(b"trio-rdp ")


@pytest.mark.parametrize("missing", ["click", "rich", "PIL"])
def test_without_the_extra_it_says_what_to_install(missing: str) -> None:
    code = f"""
import importlib.util, sys
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name == {missing!r} else find(name, package)
from trio_rdp.__main__ import main
main()
"""
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert finished.returncode == 2
    assert finished.stderr.count("\n") == 1
    assert "pip install 'trio-rdp[cli]'" in finished.stderr
