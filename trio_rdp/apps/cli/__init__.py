"""The `trio-rdp` command."""
