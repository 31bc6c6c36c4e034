"""Printers of real clients: a CUPS of our own for xfreerdp, and an `lpr` for rdesktop."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.interop.processes import free_port, launch, listening, need, numbered, start, wait_for_sync

__all__ = ["Cups", "cups", "lpr"]

_CONFIGURATION = """
Listen 127.0.0.1:{port}
Browsing No
WebInterface No
DefaultAuthType None
<Location />
  Order allow,deny
  Allow all
</Location>
<Policy default>
  <Limit All>
    Order deny,allow
  </Limit>
</Policy>
"""
_FILES = """
FileDevice Yes
ServerRoot {folder}/etc
RequestRoot {folder}/spool
CacheDir {folder}/cache
StateDir {folder}/run
TempDir {folder}/spool
AccessLog {folder}/access
ErrorLog {folder}/error
PageLog {folder}/page
"""


@dataclass
class Cups:
    """A CUPS whose printer is out of paper: what is printed stays in its spool."""

    port: int
    folder: Path

    @property
    def env(self) -> dict[str, str]:
        """What programs need to find it."""
        return {"CUPS_SERVER": f"127.0.0.1:{self.port}"}

    def jobs(self) -> list[bytes]:
        """What was printed, the oldest first."""
        return [path.read_bytes() for path in sorted((self.folder / "spool").glob("d*"))]


@contextlib.contextmanager
def cups(folder: Path, printer: str) -> Iterator[Cups]:
    """Run a CUPS on the loopback with one printer."""
    need("cupsd", "lpadmin", "cupsaccept")
    own, port = numbered(folder, "cups"), free_port()
    for name in ("etc", "spool", "cache", "run"):
        (own / name).mkdir(parents=True)
    configuration, files = own / "cupsd.conf", own / "cups-files.conf"
    configuration.write_text(_CONFIGURATION.format(port=port))
    files.write_text(_FILES.format(folder=own))
    with launch("cupsd", ["cupsd", "-f", "-c", configuration, "-s", files], folder) as process:
        wait_for_sync(lambda: listening(port), "cupsd listens", process)
        found = Cups(port, own)
        for command in (["lpadmin", "-p", printer, "-v", "file:/dev/null"], ["cupsaccept", printer]):
            _finish([command[0], "-h", f"127.0.0.1:{port}", *command[1:]], folder, found.env)
        yield found


def lpr(folder: Path) -> tuple[dict[str, str], Path]:
    """An `lpr` that keeps what it is given: the environment with it, and the file that it writes."""
    programs, printed = numbered(folder, "bin"), numbered(folder, "printed")
    programs.mkdir(parents=True)
    script = programs / "lpr"
    script.write_text(f'#!/bin/sh\necho "$@" > {printed}.options\ncat > {printed}\n')
    script.chmod(0o755)
    return {"PATH": f"{programs}:/usr/local/bin:/usr/bin:/bin"}, printed


def _finish(command: list[str], folder: Path, env: dict[str, str]) -> None:
    process = start(command[0], command, folder, env=env)
    try:
        wait_for_sync(lambda: process.returncode is not None, f"{command[0]} ends")
        assert process.returncode == 0, process.describe()
    finally:
        process.stop()
