"""Recorded messages of channels: how they lie in their files."""

from __future__ import annotations

from pathlib import Path

__all__ = ["HERE", "load", "save"]

HERE = Path(__file__).parent


def load(name: str) -> list[bytes]:
    """The messages that one side sent, each behind its length of 32 bits."""
    data = (HERE / f"{name}.messages").read_bytes()
    messages = []
    while data:
        size = 4 + int.from_bytes(data[:4], "little")
        messages.append(data[4:size])
        data = data[size:]
    return messages


def save(name: str, messages: list[bytes]) -> None:
    """Keep what `load` gives."""
    data = b"".join(len(message).to_bytes(4, "little") + message for message in messages)
    (HERE / f"{name}.messages").write_bytes(data)
