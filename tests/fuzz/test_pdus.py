"""Every PDU of the library against bytes that are almost right: a value that survives encoding, or a `DecodeError`."""

from __future__ import annotations

import importlib
import pkgutil
import random
import sys
import time

import pytest

from tests.fuzz.mutation import mutate
from tests.fuzz.samples import sample
from tests.shared import ROOT, capture, capture_names
from trio_rdp.wire.errors import DecodeError, Truncated
from trio_rdp.wire.pdu import Pdu

KEPT = 200  # seeds of one class

FOLDERS = ("wire", "codecs", "pdu", "security", "channels", "protocol")


def pdu_classes() -> list[type[Pdu]]:
    """Every PDU of the pure folders, found by looking; what only serves as a base is not decorated, or has a `_`."""
    for folder in FOLDERS:
        package = importlib.import_module(f"trio_rdp.{folder}")
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    found: dict[str, type[Pdu]] = {}
    waiting = list(Pdu.__subclasses__())
    while waiting:
        cls = waiting.pop()
        waiting += cls.__subclasses__()
        ours = cls.__module__.startswith("trio_rdp.") and not cls.__name__.startswith("_")
        # A class with slots is made twice, and its module has the second.
        if (
            ours
            and "__dataclass_fields__" in vars(cls)
            and getattr(sys.modules[cls.__module__], cls.__name__, None) is cls
        ):
            found[f"{cls.__module__}.{cls.__qualname__}"] = cls
    return [found[name] for name in sorted(found)]


def first_seeds() -> list[bytes]:
    """Pieces of captured sessions where they are at hand, and something for where they are not."""
    seeds = [b"", bytes(64), bytes(range(256)), b"\xff" * 64]
    for name in capture_names() if ROOT.exists() else []:
        for stream in capture(name)[:2]:
            seeds += [stream[at : at + 512] for at in range(0, min(len(stream), 8192), 509)]
    return seeds


@pytest.mark.parametrize("cls", pdu_classes(), ids=lambda cls: cls.__name__)
def test_the_three_laws(cls: type[Pdu]) -> None:
    raw = sample(cls).encode()
    assert cls.decode(raw).encode() == raw
    # Blocks come in any order, so that only the end shows that one is missing.
    is_made_of_blocks = cls.__name__ in ("ClientGccBlocks", "ServerGccBlocks")
    for size in range(len(raw)):
        try:
            value = cls.decode(raw[:size])
        except Truncated:
            continue
        except DecodeError:
            assert is_made_of_blocks, f"{size} bytes of {raw.hex()}"
            continue
        assert cls.decode(value.encode()) == value, f"{size} bytes of {raw.hex()}"
    source = random.Random(cls.__name__)
    for _ in range(100):
        data = mutate(source, raw, b"\xff" * 64)
        try:
            value = cls.decode(data)
        except DecodeError:
            continue
        assert cls.decode(value.encode()) == value, data.hex()


@pytest.mark.fuzz
def test_every_pdu_gives_a_value_or_a_decode_error(fuzz_seconds: float) -> None:
    number = random.SystemRandom().randrange(2**32)
    source = random.Random(number)
    general = first_seeds()
    classes = pdu_classes()
    # Captures hold no example of some; without a valid one to begin with, a search finds none.
    good = {cls: [sample(cls).encode()] for cls in classes}
    deadline = time.monotonic() + fuzz_seconds
    while time.monotonic() < deadline:
        cls = source.choice(classes)
        own = good[cls]
        seed = source.choice(own) if own and source.random() < 0.8 else source.choice(general)
        data = mutate(source, seed, source.choice(general))
        try:
            value = cls.decode(data)
        except DecodeError:
            continue
        except Exception as exc:
            raise AssertionError(f"{cls.__name__}.decode(bytes.fromhex({data.hex()!r})), random seed {number}") from exc
        encoded = value.encode()
        assert cls.decode(encoded) == value, f"{cls.__name__} of {data.hex()} becomes {encoded.hex()}"
        if len(own) < KEPT:
            own.append(encoded or data)
        else:
            own[source.randrange(KEPT)] = encoded or data
