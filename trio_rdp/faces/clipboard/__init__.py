"""The clipboard, of either side of a session."""
