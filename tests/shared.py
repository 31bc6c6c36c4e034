"""Where the shared conformance vectors and captures are, and how a test asks for them.

They are looked for at `TRIO_RDP_SHARED`, else beside the project.  A user has none, and the tests that need them are
skipped; with `TRIO_RDP_REQUIRE_SHARED=1`, as in continuous integration, they fail instead.
"""

from __future__ import annotations

import functools
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(os.environ.get("TRIO_RDP_SHARED") or Path(__file__).resolve().parents[2] / "shared")
REQUIRED = os.environ.get("TRIO_RDP_REQUIRE_SHARED") == "1"


@dataclass(frozen=True)
class Case:
    """One conformance case, as `vectors/README.md` describes them."""

    id: str
    kind: str
    raw: dict[str, Any]

    @property
    def params(self) -> dict[str, Any]:
        value: dict[str, Any] = self.raw.get("params", {})
        return value

    @property
    def expected(self) -> Any:
        if "expected_file" in self.raw:
            return json.loads((ROOT / "vectors" / self.raw["expected_file"]).read_text())
        return self.raw.get("expected")

    def file(self, role: str) -> bytes:
        name: str = self.raw["files"][role]
        return (ROOT / "vectors" / name).read_bytes()

    def has_file(self, role: str) -> bool:
        return role in self.raw.get("files", {})

    @property
    def input(self) -> bytes:
        """The case's bytes, wherever it keeps them."""
        if self.has_file("input"):
            return self.file("input")
        for place in (self.expected, self.params):
            if isinstance(place, dict) and "hex" in place:
                return bytes.fromhex(place["hex"])
        raise KeyError(f"{self.id} has no input")


@functools.cache
def _manifest() -> dict[str, list[Case]]:
    path = ROOT / "vectors" / "manifest.json"
    kinds: dict[str, list[Case]] = {}
    if path.exists():
        for raw in json.loads(path.read_text())["cases"]:
            kinds.setdefault(raw["kind"], []).append(Case(raw["id"], raw["kind"], raw))
    return kinds


def cases(*kinds: str) -> list[Any]:
    """The cases of some kinds, as parameters of a test; without the shared folder, one that skips or fails."""
    found = [
        pytest.param(case, id=case.id, marks=pytest.mark.shared) for kind in kinds for case in _manifest().get(kind, [])
    ]
    return found or [pytest.param(None, id="missing", marks=_missing(f"vectors {', '.join(kinds)}"))]


def _missing(what: str) -> Any:
    if REQUIRED:
        raise RuntimeError(f"no {what} under {ROOT}, and TRIO_RDP_REQUIRE_SHARED is set")
    return pytest.mark.skip(reason=f"{what} are not here; set TRIO_RDP_SHARED")


def capture_names() -> list[str]:
    """The captured sessions' names, without those whose traffic is still encrypted."""
    return sorted(path.stem for path in (ROOT / "captures").glob("*.jsonl") if "rc4" not in path.stem)


def captures() -> list[Any]:
    """The captured sessions' names, as parameters of a test."""
    found = [pytest.param(name, id=name, marks=pytest.mark.shared) for name in capture_names()]
    return found or [pytest.param(None, id="missing", marks=_missing("captures"))]


def capture(name: str) -> tuple[bytes, bytes, list[dict[str, Any]]]:
    """One captured session: the client's bytes, the server's bytes, and the order in which they came."""
    folder = ROOT / "captures"
    rows = [json.loads(line) for line in (folder / f"{name}.jsonl").read_text().splitlines()]
    return (folder / f"{name}.c2s").read_bytes(), (folder / f"{name}.s2c").read_bytes(), rows
