"""`python -m trio_rdp` and the command `trio-rdp`."""

from __future__ import annotations

import importlib.util
import sys

__all__ = ["main"]

_NEEDED = ("click", "rich", "PIL")


def main() -> None:
    """Run the command; without the extra `cli`, say what to install and exit with 2."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        names = ", ".join("Pillow" if name == "PIL" else name for name in missing)
        sys.stderr.write(f"trio-rdp: the command needs {names}: pip install 'trio-rdp[cli]'\n")
        sys.exit(2)
    from trio_rdp.apps.cli.command import command

    command(prog_name="trio-rdp")


if __name__ == "__main__":
    main()
