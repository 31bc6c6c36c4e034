"""What all real servers have in common: an address, a process, a certificate."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.interop.processes import Process, listening, need, wait_for_sync

__all__ = ["PASSWORDS", "Server", "certificate", "ready"]

# Who may log in where a server asks: user, then domain, to password.
PASSWORDS = {("alice", ""): "Secret1!", ("bob", "LAB"): "Pässw0rd"}


@dataclass
class Server:
    """A real server that listens on the loopback; its log is `process.log`."""

    port: int
    process: Process
    width: int
    height: int
    host: str = "127.0.0.1"
    needs: dict[str, Any] = field(default_factory=dict)
    """Options without which a client of ours is not let in."""
    drops_unicode: bool = False
    """It says that it takes Unicode, and drops it."""
    is_restless: bool = False
    """By the classic road it sends all again and again, and planar wrongly, as freerdp-shadow 3.15 does."""

    def skip_if_restless(self) -> None:
        """Skip a test that is about the classic road's pictures of 32 bits a pixel, or about when they come."""
        if self.is_restless:
            pytest.skip("it sends all again and again, and planar wrongly")

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"


def ready(port: int, process: Process, width: int = 1024, height: int = 768) -> Server:
    """Wait until the process listens."""
    wait_for_sync(lambda: listening(port), f"{process.name} listens on {port}", process)
    return Server(port, process, width, height)


def certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for localhost and its key, made once in a folder."""
    need("openssl")
    cert, key = folder / "cert.pem", folder / "key.pem"
    if not cert.exists():
        names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
        files = ["-keyout", str(key), "-out", str(cert)]
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", *names, *files]
        subprocess.run(command, check=True, capture_output=True)
    return cert, key
