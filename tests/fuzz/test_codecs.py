"""Every decoder against streams that are almost right: pixels or a `DecodeError`, and nothing is written outside."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from tests.fuzz.codec_targets import TARGETS, Target
from tests.fuzz.mutation import mutate

EACH = 10_000  # mutations of the seeds, when there is time
KEPT = 300

targets = pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)


def attack(target: Target, source: random.Random, seeds: list[bytes]) -> bytes:
    data = mutate(source, source.choice(seeds), source.choice(seeds))
    try:
        target.run(data)
    except Exception as exc:
        raise AssertionError(f"{target.name}: bytes.fromhex({data.hex()!r})") from exc
    return data


@targets
def test_valid_streams_and_a_few_others(target: Target) -> None:
    seeds = target.seeds() or [b""]
    for seed in seeds:
        target.run(seed)
    source = random.Random(target.name)
    for _ in range(100):
        attack(target, source, seeds)


@pytest.mark.parametrize(
    ("target", "path"),
    [pytest.param(target, path, id=f"{target.name}-{path.name}") for target in TARGETS for path in target.crashers()],
)
def test_what_once_did_harm(target: Target, path: Path) -> None:
    target.run(path.read_bytes())


@pytest.mark.fuzz
@targets
def test_codec(target: Target, fuzz_seconds: float) -> None:
    """Mutate seeds, and what mutations gave: ten thousand times where there is a minute or more, and then on."""
    number = random.SystemRandom().randrange(2**32)
    source = random.Random(number)
    seeds = target.seeds() or [b""]
    deadline = time.monotonic() + fuzz_seconds
    least = EACH if fuzz_seconds >= 60 else 1
    while least > 0 or time.monotonic() < deadline:
        data = attack(target, source, seeds)
        least -= 1
        # A child becomes a parent now and then, so that changes add up.
        if source.random() < 0.02:
            if len(seeds) < KEPT:
                seeds.append(data)
            else:
                seeds[source.randrange(KEPT)] = data
